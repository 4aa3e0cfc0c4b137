//! Whether the site lives, and whether its store answers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::web::Site;

/// It does: it answers.
pub(in super::super) async fn alive() -> impl IntoResponse {
    (StatusCode::OK, "ok\n")
}

/// Whether the store answers.
pub(in super::super) async fn ready(State(site): State<Site>) -> impl IntoResponse {
    match site.store().state().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}
