//! What people decided of pairs: that two systems are one, or not, and which system an entry of the register is, or is not.

use schemars::JsonSchema;
use serde::Deserialize;

use super::List;
use super::entry::{Call, Created, Found, Json, Once};
use crate::clock;
use crate::store::{Decision, DecisionKind};
use crate::web::acts;
use crate::web::wrong::Wrong;

/// Which decisions are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decisions {
    /// Whether those that were undone or replaced are told as well.
    all: Option<bool>,
}

impl Once for Decisions {}

/// What is to be decided of a pair.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDecision {
    /// What.
    kind: DecisionKind,
    /// A system by its id or its name; of the register, the id of an entry.
    #[schemars(length(min = 1, max = 500))]
    subject: String,
    /// A system, by its id or its name.
    #[schemars(length(min = 1, max = 500))]
    object: String,
    /// Why.
    #[schemars(length(max = 4000))]
    reason: Option<String>,
}

pub(super) async fn list(call: Call<Decisions, ()>) -> Result<Found<List<Decision>>, Wrong> {
    let all = call.query.all.unwrap_or(false);
    Ok(Found(List { items: call.site.store().decisions(&[], all).await? }))
}

pub(super) async fn make(call: Call<(), Json<NewDecision>>) -> Result<Created<Decision>, Wrong> {
    let NewDecision { kind, subject, object, reason } = &call.body.0;
    let reason = reason.as_deref().unwrap_or_default();
    Ok(Created(acts::decide(&call.site, (*kind, subject, object), reason, call.visitor()?).await?))
}

pub(super) async fn undo(call: Call<(), ()>) -> Result<Found<Decision>, Wrong> {
    let store = call.site.store();
    let id = call.name.parse().ok();
    let there = store.decisions(&[], true).await?;
    let Some(id) = id.filter(|id| there.iter().any(|one| one.id == *id)) else {
        return Err(Wrong::NotFound("There is no such decision.".to_owned()));
    };
    Ok(Found(store.undo(id, &call.visitor()?.person, &clock::now()).await?))
}
