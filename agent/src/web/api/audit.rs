//! The audit log, and whether the chain of it is whole.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{Call, Found, Lines, Once};
use super::whole::{Before, Limit, Whole};
use super::{Page, ROWS};
use crate::store::{AuditEntry, Verified};
use crate::web::Site;
use crate::web::pages;
use crate::web::wrong::Wrong;

/// Which entries are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    /// About this system, by an id that it has or had, or by its name.
    system: Option<String>,
    /// The `next` of the page before: entries with a smaller number.
    before: Option<Before>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Once for Entries {}

/// Which entries about one system are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntriesOfOne {
    /// The `next` of the page before: entries with a smaller number.
    before: Option<Before>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Once for EntriesOfOne {}

pub(super) async fn list(call: Call<Entries, ()>) -> Result<Found<Page<AuditEntry>>, Wrong> {
    let Entries { system, before, limit } = call.query;
    let system = match system {
        Some(given) => Some(call.site.store().system_named(&given).await?),
        None => None,
    };
    entries(&call.site, system.as_deref(), before, limit).await
}

pub(super) async fn of_system(call: Call<EntriesOfOne, ()>) -> Result<Found<Page<AuditEntry>>, Wrong> {
    let system = call.system().await?;
    entries(&call.site, Some(&system), call.query.before, call.query.limit).await
}

async fn entries(
    site: &Site,
    system: Option<&str>,
    before: Option<Before>,
    limit: Option<Limit>,
) -> Result<Found<Page<AuditEntry>>, Wrong> {
    let most = limit.map_or(ROWS, |Whole(limit)| limit);
    let mut items = site.store().entries(system, before.map(|Whole(before)| before), most + 1).await?;
    let is_more = items.len() > usize::try_from(most).unwrap_or(usize::MAX);
    items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let next = items.last().filter(|_| is_more).map(|entry| entry.sequence.to_string());
    Ok(Found(Page { items, next }))
}

pub(super) async fn verify(call: Call<(), ()>) -> Result<Found<Verified>, Wrong> {
    Ok(Found(call.site.store().verify(&[]).await?))
}

pub(super) async fn export(call: Call<(), ()>) -> Result<Lines, Wrong> {
    Ok(Lines(pages::audit::export(State(call.site)).await))
}
