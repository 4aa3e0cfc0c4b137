//! Runs, and what changed in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Call, Found, Once};
use super::whole::{Before, Limit, Whole};
use super::{Page, ROWS, Window};
use crate::history::Difference;
use crate::store::Run;
use crate::web::wrong::Wrong;

/// Which runs are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    /// The `next` of the page before: runs with a smaller number.
    before: Option<Before>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Once for Runs {}

pub(super) async fn list(call: Call<Runs, ()>) -> Result<Found<Page<Run>>, Wrong> {
    let Runs { before, limit } = call.query;
    let before = before.map_or(i64::MAX, |Whole(before)| before);
    let most = limit.map_or(ROWS, |Whole(limit)| limit);
    let mut items = call.site.store().runs_before(before, most + 1).await?;
    let is_more = items.len() > usize::try_from(most).unwrap_or(usize::MAX);
    items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let next = items.last().filter(|_| is_more).map(|run| run.number.to_string());
    Ok(Found(Page { items, next }))
}

pub(super) async fn one(call: Call<(), ()>) -> Result<Found<Run>, Wrong> {
    Ok(Found(call.site.store().run_named(&call.name).await?))
}

/// What changed in a run, a part of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changes {
    #[serde(flatten)]
    difference: Difference,
    /// Where the next page of `systems` begins: to be given as `from`. Null where there is none.
    next: Option<String>,
}

pub(super) async fn changes(call: Call<Window, ()>) -> Result<Found<Changes>, Wrong> {
    let store = call.site.store();
    let run = store.run_named(&call.name).await?;
    let before = store.before(&run).await?;
    let mut difference = store.difference(&before, &run).await?;
    let next = call.query.cut(&mut difference.systems);
    Ok(Found(Changes { difference, next }))
}
