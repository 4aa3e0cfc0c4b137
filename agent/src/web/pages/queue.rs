//! The queue: what has to be decided, what asks for it most, first; and several of one kind decided at once.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::list::{Choices, Row, Wanted, part};
use crate::export::Text;
use crate::review::Standing;
use crate::web::Site;
use crate::web::acts::Asked;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/queue.html")]
struct Queue {
    frame: Frame,
    wanted: Wanted,
    choices: Choices,
    rows: Vec<Row>,
    next: Option<String>,
    /// How many wait in all.
    waiting: u64,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let wanted = Wanted::read(query.as_deref())?;
    let mut asked = wanted.clone();
    if asked.standings.is_empty() {
        asked.standings = vec![Standing::NeedsReview, Standing::InReview];
    }
    let (rows, next) = part(&site, &asked, None).await?;
    let summary = site.summary().await?;
    let of = |standing: Standing| summary.standings.get(standing.name()).copied().unwrap_or(0);
    frame::page(&Queue {
        frame: Frame::new("Queue", "/queue", &visitor),
        choices: Choices::of(&asked),
        rows: rows.into_iter().map(Row::new).collect(),
        next: next.map(|next| wanted.query(Some(&next))),
        waiting: of(Standing::NeedsReview) + of(Standing::InReview),
        wanted,
    })
}

#[derive(Debug, Template)]
#[template(path = "site/rejected.html")]
struct Done {
    frame: Frame,
    rejected: usize,
    /// The systems of which it was not done, and why.
    refused: Vec<(Text, String)>,
}

/// Rejects several, all for one reason. What needs a second person is none of them.
pub(in super::super) async fn reject(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Result<Response, Wrong> {
    let mut asked = Asked::default();
    let mut systems = Vec::new();
    for (name, value) in form_urlencoded::parse(&body) {
        match &*name {
            "as" => asked.rejection = value.into_owned(),
            "until" => asked.until = value.into_owned(),
            "reason" => asked.reason = value.into_owned(),
            "system" => {
                let (id, revision) = value.rsplit_once(':').unwrap_or((&value, ""));
                systems.push((id.to_owned(), revision.to_owned()));
            }
            _ => {}
        }
    }
    let (rejected, refused) = asked.rejected_together(&site, systems, &visitor).await?;
    let refused = refused.iter().map(|(id, wrong)| (Text::short(id), wrong.detail())).collect();
    frame::page(&Done { frame: Frame::new("Rejected", "/queue", &visitor), rejected, refused })
}
