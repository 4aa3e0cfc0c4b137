//! What was rejected or put off, that which holds for the shortest time first.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::list::{Row, Wanted, part};
use crate::review::Standing;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

/// Rows of the page.
const ROWS: i64 = 2_000;

#[derive(Debug, Template)]
#[template(path = "site/exceptions.html")]
struct Exceptions {
    frame: Frame,
    rows: Vec<Row>,
    more: bool,
}

pub(in crate::web) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    let standings = vec![Standing::Rejected, Standing::Deferred];
    let (mut found, next) = part(&site, &Wanted { standings, ..Wanted::default() }, Some(ROWS)).await?;
    // What holds for good comes last.
    found.sort_by_key(|(_, review, _)| (review.until.is_none(), review.until.clone()));
    frame::page(&Exceptions {
        frame: Frame::new("Exceptions", "/exceptions", &visitor),
        rows: found.into_iter().map(Row::new).collect(),
        more: next.is_some(),
    })
}
