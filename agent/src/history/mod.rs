//! What became of each system between two scans.
//!
//! A system is `missing` only where what it was in was scanned again, and wholly: everything else that is not there any more is
//! `unseen`, which concludes nothing.

mod change;
mod components;
pub(crate) mod pair;
mod report;
#[cfg(test)]
mod tests;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Gap, Inventory, Presence, System, SystemId, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use change::{Change, Signal, Weight, between};
pub(crate) use components::ComponentChange;
use pair::Pair;
pub(crate) use report::{markdown, page};
use unread::Unread;

/// Name and version of the document that [`Difference`] is written as.
pub(crate) const SCHEMA: &str = "muster.diff/1";

/// What became of one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChangedSystem")]
pub(crate) struct Entry {
    /// Its id now; where it is gone, the last one.
    pub(crate) id: String,
    /// Its id before, where it was moved or renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<String>,
    /// What it is called.
    pub(crate) name: String,
    /// The target that it is in, as given.
    pub(crate) target: String,
    /// Where it is in the target.
    pub(crate) root: String,
    /// What became of it.
    pub(crate) presence: Presence,
    /// Its verdict now; where it is gone, the last one.
    pub(crate) verdict: Verdict,
    /// What is otherwise about it.
    pub(crate) changes: Vec<Change>,
}

impl Entry {
    /// The heaviest of its changes. A new system weighs as much as its verdict, and one that is not seen any more has to be
    /// looked after.
    pub(crate) fn weight(&self) -> Weight {
        let own = match (self.presence, self.verdict) {
            (Presence::New | Presence::Returned, Verdict::Agentic | Verdict::Undetermined) => Weight::Worse,
            (Presence::Changed | Presence::Present, _) => Weight::Better,
            _ => Weight::Other,
        };
        self.changes.iter().map(|change| change.weight).max().unwrap_or(own).max(own)
    }
}

/// A target of which less was seen than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LessSeen {
    /// The target, as given.
    pub(crate) target: String,
    /// What was not looked at and was before.
    pub(crate) gaps: Vec<String>,
}

/// A target of which more was seen than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct MoreSeen {
    /// The target, as given.
    pub(crate) target: String,
    /// What was looked at and was not before. What is there is not new for that.
    pub(crate) gaps: Vec<String>,
}

/// The commit that a tree was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Compared {
    /// What was asked for: a branch, a tag or a commit.
    pub(crate) revision: String,
    /// The commit that was compared with, in hexadecimal.
    pub(crate) commit: String,
    /// Whether that is where the history of what was scanned parted from the revision, and not the revision itself.
    pub(crate) merge_base: bool,
}

/// Everything that changed between two scans.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Difference {
    /// Name and version of this document.
    pub(crate) schema: &'static str,
    /// When the first scan began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) before: String,
    /// When the second one began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) after: String,
    /// Whether both used the same rules: where not, a change may be one of the rules.
    pub(crate) same_rules: bool,
    /// The systems that are not as they were, those with the most to look at first.
    pub(crate) systems: Vec<Entry>,
    /// How many systems are as they were.
    pub(crate) present: u64,
    /// The targets of which less was seen.
    pub(crate) less_seen: Vec<LessSeen>,
    /// The targets of which more was seen. Only told where two inventories are compared, and not two runs of a store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) more_seen: Vec<MoreSeen>,
    /// The components that are otherwise. Only told where two inventories are compared, and not two runs of a store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<ComponentChange>,
    /// The commit that was compared with, where a tree was compared with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<Compared>,
}

impl Difference {
    /// Whether something is worse than before: a system that is new and may be agentic, one that can do more or asks fewer
    /// people, or a target of which less was seen.
    pub(crate) fn is_worse(&self) -> bool {
        !self.less_seen.is_empty() || self.systems.iter().any(|system| system.weight() == Weight::Worse)
    }
}

/// Compares two inventories.
pub(crate) fn difference(before: &Inventory, after: &Inventory) -> Difference {
    // What is a part of something now is not gone: that tells of it.
    let parts: BTreeSet<&SystemId> =
        after.systems.iter().flat_map(|system| &system.joins).map(|part| &part.id).collect();
    let (unread_before, unread_now) = (Unread::between(before, after), Unread::between(after, before));
    // What could not be read before may have been there.
    let hid = |system: &System| {
        let target = after.target_of(system).unwrap_or_default();
        unread_before.hid(target, &unread::places(system))
    };
    let is_there = |pair: &Pair<'_>| !matches!(pair, Pair::Gone(old) if parts.contains(&old.id));
    let mut systems: Vec<Entry> = pair::pairs(before, after)
        .into_iter()
        .filter(is_there)
        .map(|pair| match pair {
            Pair::New(new) => match hid(new) {
                Some(gap) => entry(after, new, Presence::Changed, vec![read_now(gap)]),
                None => entry(after, new, Presence::New, Vec::new()),
            },
            Pair::Gone(old) => entry(before, old, gone(before, after, old), Vec::new()),
            Pair::Both(old, new) => {
                let mut changes = between(old, new);
                if let Some(gap) = hid(new).filter(|_| !changes.is_empty()) {
                    changes.push(read_now(gap));
                }
                let presence = if changes.is_empty() { Presence::Present } else { Presence::Changed };
                let was = (old.id != new.id).then(|| old.id.as_str().to_owned());
                Entry { was, ..entry(after, new, presence, changes) }
            }
        })
        .collect();
    let all = systems.len();
    systems.retain(|entry| entry.presence != Presence::Present);
    let present = (all - systems.len()) as u64;
    sort(&mut systems);
    Difference {
        schema: SCHEMA,
        before: before.scan.started_at.clone(),
        after: after.scan.started_at.clone(),
        same_rules: before.scan.rules == after.scan.rules,
        systems,
        present,
        less_seen: less_seen(before, after),
        more_seen: unread_before
            .each()
            .map(|(target, gaps)| MoreSeen {
                target: target.to_owned(),
                gaps: gaps.iter().map(|gap| gap.what.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
            })
            .collect(),
        components: components::components(before, after, &unread_before, &unread_now),
        base: None,
    }
}

/// What is told of a system that may be otherwise only because more of it can be read.
fn read_now(gap: &Gap) -> Change {
    Change {
        weight: Weight::Other,
        what: "coverage".to_owned(),
        before: format!("could not read {}", gap.what),
        after: "read".to_owned(),
        signals: Vec::new(),
    }
}

/// Those with the most to look at first.
pub(crate) fn sort(systems: &mut [Entry]) {
    systems.sort_by(order);
}

/// Which of two has more to look at.
pub(crate) fn order(a: &Entry, b: &Entry) -> std::cmp::Ordering {
    let key = |entry: &Entry| (std::cmp::Reverse(entry.weight()), entry.presence);
    key(a).cmp(&key(b)).then_with(|| (&a.target, &a.root, &a.name).cmp(&(&b.target, &b.root, &b.name)))
}

fn entry(inventory: &Inventory, system: &System, presence: Presence, changes: Vec<Change>) -> Entry {
    Entry {
        id: system.id.as_str().to_owned(),
        was: None,
        name: system.name.clone(),
        target: inventory.target_of(system).unwrap_or_default().to_owned(),
        root: system.root.clone(),
        presence,
        verdict: system.verdict,
        changes,
    }
}

/// What a system is that was there and is not any more.
fn gone(before: &Inventory, after: &Inventory, system: &System) -> Presence {
    let target = before.target_of(system).unwrap_or_default();
    let covered = after.coverage.iter().find(|coverage| coverage.target == target);
    if covered.is_some_and(asmm_model::Coverage::is_complete) { Presence::Missing } else { Presence::Unseen }
}

/// What `after` hides and `before` did not.
pub(crate) fn hidden_since(before: &[Gap], after: &[Gap]) -> Vec<String> {
    let hiding = |gaps: &[Gap]| -> BTreeSet<String> {
        gaps.iter().filter(|gap| gap.why.hides()).map(|gap| gap.what.clone()).collect()
    };
    hiding(after).difference(&hiding(before)).cloned().collect()
}

fn less_seen(before: &Inventory, after: &Inventory) -> Vec<LessSeen> {
    let gaps = |inventory: &'_ Inventory| -> BTreeMap<String, Vec<Gap>> {
        inventory.coverage.iter().map(|of| (of.target.clone(), of.skipped.clone())).collect()
    };
    let (old, new) = (gaps(before), gaps(after));
    let of_target = |(target, known): (&String, &Vec<Gap>)| {
        let gaps = match new.get(target) {
            None => vec!["the whole target: it was not scanned again".to_owned()],
            Some(gaps) => hidden_since(known, gaps),
        };
        (!gaps.is_empty()).then(|| LessSeen { target: target.clone(), gaps })
    };
    old.iter().filter_map(of_target).collect()
}
