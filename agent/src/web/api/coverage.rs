//! What was looked at, and what was not.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{Call, Found, Made, Query, once};
use super::whole::{From, Limit, Whole};
use super::{Page, ROWS};
use crate::store::LastSeen;
use crate::web::wrong::Wrong;

/// Which targets are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The `next` of the page before: how many targets come before these.
    from: Option<From>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Query for Asked {
    fn read(text: Option<&str>) -> Result<Self, Wrong> {
        once(text)
    }

    fn made() -> Option<Made> {
        Some(Self::json_schema)
    }
}

pub(super) async fn list(call: Call<Asked, ()>) -> Result<Found<Page<LastSeen>>, Wrong> {
    let from = call.query.from.map_or(0, |Whole(from)| from);
    let most = call.query.limit.map_or(ROWS, |Whole(limit)| limit);
    let mut items = call.site.store().coverage(from, most + 1).await?;
    let shown = usize::try_from(most).unwrap_or(usize::MAX);
    let next = (items.len() > shown).then(|| (from + most).to_string());
    items.truncate(shown);
    Ok(Found(Page { items, next }))
}
