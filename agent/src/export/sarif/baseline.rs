//! What became of each finding between two inventories.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Inventory, Presence};

use super::log::Found;
use super::results;
use crate::history::{Difference, Entry};

/// What one finding is known by in both inventories: its rule, the id that its system had first, and its own key.
type Key = (&'static str, String, String);

/// All findings of the later inventory, and behind them those of the earlier one that are not there any more.
///
/// A system that was moved or renamed keeps its findings. What is new or absent by the terms of the standard, but only because one
/// of the two could not be read, says so in its properties.
pub(super) fn all(before: &Inventory, after: &Inventory, difference: &Difference) -> Vec<Found> {
    let was: BTreeMap<&str, &str> = difference
        .systems
        .iter()
        .filter_map(|entry| Some((entry.id.as_str(), entry.was.as_deref()?)))
        .collect();
    let unread = |is: fn(&Entry) -> bool| -> BTreeSet<&str> {
        difference.systems.iter().filter(|entry| is(entry)).map(|entry| entry.id.as_str()).collect()
    };
    let unseen = unread(|entry| entry.presence == Presence::Unseen);
    let unread_before = unread(|entry| entry.changes.iter().any(|change| change.what == "coverage"));
    let mut old: BTreeMap<Key, Found> =
        results::all(before).into_iter().map(|found| (key(&found, &BTreeMap::new()), found)).collect();
    let mut all = results::all(after);
    for found in &mut all {
        let earlier = old.remove(&key(found, &was));
        found.baseline_state = Some(match &earlier {
            None => "new",
            Some(earlier) if says(earlier) == says(found) => "unchanged",
            Some(_) => "updated",
        });
        if earlier.is_none() && unread_before.contains(system(found)) {
            found.properties["unreadBefore"] = true.into();
        }
    }
    all.extend(old.into_values().map(|mut found| {
        found.baseline_state = Some("absent");
        if unseen.contains(system(&found)) {
            found.properties["unseen"] = true.into();
        }
        found
    }));
    all
}

fn key(found: &Found, was: &BTreeMap<&str, &str>) -> Key {
    let id = system(found);
    (found.rule_id, was.get(id).copied().unwrap_or(id).to_owned(), found.key.clone())
}

/// The id of the system that a finding is about; empty where it is about none.
fn system(found: &Found) -> &str {
    found.partial_fingerprints.get("musterSystem/v1").map_or("", String::as_str)
}

fn says(found: &Found) -> (&'static str, &'static str, &super::log::Message) {
    (found.kind, found.level, &found.message)
}
