//! The inventory: every system that is kept, to be searched and filtered.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::list::{Choices, Row, Wanted, part};
use crate::store::Sort;
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/systems.html")]
struct Systems {
    frame: Frame,
    wanted: Wanted,
    choices: Choices,
    rows: Vec<Row>,
    next: Option<String>,
    /// How many there are in all.
    all: u64,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let wanted = Wanted::read(query.as_deref())?;
    let (rows, next) = part(&site, &wanted, None).await?;
    frame::page(&Systems {
        frame: Frame::new("Systems", "/systems", &visitor),
        choices: Choices::of(&wanted),
        rows: rows.into_iter().map(Row::new).collect(),
        next: next.map(|next| wanted.query(Some(&next))),
        all: site.summary().await?.systems,
        wanted,
    })
}
