//! The style and the script of the site: part of the binary, under names that change with them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::wrong::Wrong;

/// A file that browsers may keep for good.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: String,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    let css = [
        include_str!("../../templates/html/page.css"),
        crate::explain::STYLE,
        include_str!("../../templates/site/site.css"),
    ];
    [
        Asset { name: "site.css", kind: "text/css; charset=utf-8", text: css.concat() },
        Asset {
            name: "site.js",
            kind: "text/javascript; charset=utf-8",
            text: include_str!("../../templates/site/site.js").to_owned(),
        },
        Asset {
            name: "icon.svg",
            kind: "image/svg+xml",
            text: include_str!("../../templates/site/icon.svg").to_owned(),
        },
    ]
});

/// What tells one version of the assets from another in their addresses.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = blake3::Hasher::new();
    for asset in &*ASSETS {
        hash.update(asset.text.as_bytes());
    }
    hash.finalize().to_hex()[..16].to_owned()
});

/// One of them. Anybody may have it: it says nothing of what is kept.
pub(super) async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, Wrong> {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Err(Wrong::NotFound("There is no such file.".to_owned()));
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, asset.text.as_str()).into_response())
}
