//! All systems of a list, as lines of JSON and as a table for spreadsheets, sent as they are read from the store.

use asmm_model::Verdict;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::super::entry::{Call, Lines};
use super::ListedSystem;
use crate::export::lines as table;
use crate::page::visible;
use crate::review::{Owned, Review};
use crate::store::Listed;
use crate::web::Site;
use crate::web::pages::list::{MOST, Wanted, part};
use crate::web::stream::{self, Pieces};
use crate::web::wrong::Wrong;

const COLUMNS: [&str; 24] = [
    "id",
    "name",
    "kind",
    "target",
    "root",
    "verdict",
    "level_min",
    "level_max",
    "approval",
    "role",
    "priority",
    "presence",
    "first_seen",
    "last_seen",
    "standing",
    "owner",
    "assignee",
    "confirmed_verdict",
    "in_scope",
    "rejected_as",
    "until",
    "reason",
    "decided_by",
    "decided_at",
];

/// Each system as an object on a line.
pub(crate) async fn lines(call: Call<Wanted, ()>) -> Result<Lines, Wrong> {
    let (site, wanted) = (call.site, call.query);
    Ok(Lines(stream::file(
        "application/jsonl",
        "attachment; filename=\"muster-systems.jsonl\"",
        |pieces| async move {
            each(&site, wanted, &pieces, |rows| {
                let mut text = String::new();
                for row in rows {
                    text.push_str(
                        &serde_json::to_string(&ListedSystem::new(row)).map_err(anyhow::Error::from)?,
                    );
                    text.push('\n');
                }
                Ok(text)
            })
            .await
        },
    )))
}

/// The list of the page as a table.
pub(crate) async fn csv(State(site): State<Site>, RawQuery(query): RawQuery) -> Result<Response, Wrong> {
    let wanted = Wanted::read(query.as_deref())?;
    Ok(stream::file(
        "text/csv; charset=utf-8",
        "attachment; filename=\"muster-systems.csv\"",
        |pieces| async move {
            if !pieces.put(table([COLUMNS.map(str::to_owned).to_vec()])?).await {
                return Ok(());
            }
            each(&site, wanted, &pieces, |rows| Ok(table(rows.into_iter().map(row))?)).await
        },
    ))
}

/// Writes page after page of a list. What changes meanwhile may be there as it was or as it is.
async fn each(
    site: &Site,
    mut wanted: Wanted,
    pieces: &Pieces,
    write: impl Fn(Vec<(Listed, Review, i64)>) -> Result<String, Wrong>,
) -> Result<(), Wrong> {
    loop {
        let (rows, next) = part(site, &wanted, Some(MOST)).await?;
        if !pieces.put(write(rows)?).await || next.is_none() {
            return Ok(());
        }
        wanted.after = next;
    }
}

fn row((listed, review, _): (Listed, Review, i64)) -> Vec<String> {
    let shown = |text: &str| visible(text).into_owned();
    let maybe = |text: &Option<String>| shown(text.as_deref().unwrap_or_default());
    let [low, high] = listed.level.map(|level| level.to_string());
    let owner = match &review.owner {
        Some(Owned::By(owner)) => shown(owner),
        Some(Owned::Unknown) => "unknown".to_owned(),
        None => String::new(),
    };
    vec![
        listed.id,
        shown(&listed.name),
        listed.kind,
        shown(&listed.target),
        shown(&listed.root),
        listed.verdict,
        low,
        high,
        listed.hitl,
        listed.role,
        listed.priority.to_string(),
        listed.presence,
        listed.first_seen,
        listed.last_seen,
        listed.standing.map(|standing| standing.name().to_owned()).unwrap_or_default(),
        owner,
        maybe(&review.assignee),
        review.verdict.map(Verdict::name).unwrap_or_default().to_owned(),
        review.in_scope.map(|is| is.to_string()).unwrap_or_default(),
        review.rejection.as_ref().map(|rejection| rejection.name().to_owned()).unwrap_or_default(),
        maybe(&review.until),
        shown(&review.reason),
        shown(&review.by),
        review.at.clone(),
    ]
}
