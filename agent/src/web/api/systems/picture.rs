//! The picture of a system, as a document of its own.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::super::entry::{Answer, Call, Sent};
use crate::explain;
use crate::web::pages::system::alone;
use crate::web::wrong::Wrong;

/// A picture.
pub(crate) struct Picture(String);

/// Nothing but the one style that every picture has.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let style = base64(&Sha256::digest(format!("\n{}", explain::STYLE).as_bytes()));
    HeaderValue::from_str(&format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'"))
        .ok()
});

impl Answer for Picture {
    fn sent() -> Sent {
        Sent { status: StatusCode::OK, kind: "image/svg+xml", schema: None, tagged: false }
    }

    fn response(self) -> Response {
        let kind = HeaderValue::from_static("image/svg+xml");
        let mut response = ([(header::CONTENT_TYPE, kind)], self.0).into_response();
        if let Some(policy) = &*POLICY {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        response
    }
}

pub(crate) async fn picture(call: Call<(), ()>) -> Result<Picture, Wrong> {
    let shown = call.site.store().shown(&call.system().await?).await?;
    Ok(Picture(explain::svg(&shown.system, &alone(&shown.system))))
}

/// Base64 as policies have it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number =
            (0..3).fold(0, |number, at| number << 8 | usize::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[number >> (18 - 6 * at) & 63];
            text.push(if at > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let table = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, expected) in table {
            assert_eq!(base64(plain.as_bytes()), expected, "{plain}");
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }
}
