//! What was rejected or put off, that which holds for the shortest time first.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::list::Row;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

/// Rows of a page.
const ROWS: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "site/exceptions.html")]
struct Exceptions {
    frame: Frame,
    rows: Vec<Row>,
    /// Where the next page begins.
    next: Option<String>,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    site.expire().await?;
    let after = after(query.as_deref())?;
    let (found, next) = site.store().exceptions(after.as_ref(), ROWS).await?;
    frame::page(&Exceptions {
        frame: Frame::new("Exceptions", "/exceptions", &visitor),
        rows: found.into_iter().map(|(one, of)| Row::new((one, of.review, of.revision))).collect(),
        next: next.map(|(day, system)| format!("after={day}.{system}")),
    })
}

/// The exception that a page begins after, as the page before names it.
fn after(query: Option<&str>) -> Result<Option<(String, i64)>, Wrong> {
    let mut given = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    given.find(|(name, _)| name == "after").map(|(_, after)| place(&after)).transpose()
}

/// The day and the number that stand for an exception.
pub(crate) fn place(text: &str) -> Result<(String, i64), Wrong> {
    let read = text.split_once('.').and_then(|(day, system)| Some((day.to_owned(), system.parse().ok()?)));
    read.ok_or_else(|| Wrong::Unreadable("`after` is none that there is.".to_owned()))
}
