//! The report of an assessment, as `muster assess report` writes it.

use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse as _, Response};

use crate::assess::report;
use crate::clock;
use crate::web::Site;
use crate::web::wrong::Wrong;

/// The page, with a policy of its own: it brings its style with it.
pub(crate) async fn page(State(site): State<Site>, Path(name): Path<String>) -> Result<Response, Wrong> {
    let assessment = site.store().assessment(&name).await?;
    let text = report::of(site.store(), &assessment, &clock::now()).await?;
    let policy: [(HeaderName, String); 1] = [(header::CONTENT_SECURITY_POLICY, report::policy())];
    Ok((policy, Html(text)).into_response())
}
