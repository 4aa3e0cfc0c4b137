//! Writes what a scan saw of a target: what is new of its systems, what became of the others, and what happened by that.

use std::collections::BTreeSet;
#[cfg(test)]
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[cfg(test)]
use asmm_model::Inventory;
use asmm_model::{Component, Coverage, Gap, Identity, Presence, Scan, System};
use serde::{Deserialize, Serialize};

use super::joined::{self, Because};
use super::recording::Recording;
use super::{Run, RunState, Store, StoreError, deciding, review, runs};
use crate::correlate::{self, Tie};
use crate::history::{self, Entry, LessSeen};

/// How long one transaction takes up further targets: that what is written is on the disk is waited for once for all of them, and
/// whoever decides something meanwhile does not notice it.
const TOGETHER: Duration = Duration::from_millis(100);

/// What a scan saw of one target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// What the target is known by over all scans.
    pub(crate) key: String,
    /// The place that it stands for: two keys of one place are one target.
    pub(crate) place: String,
    /// The commit that was scanned, where it has one.
    pub(crate) commit: Option<String>,
    /// What was looked at, and what was not.
    pub(crate) coverage: Coverage,
    /// Its systems; they do not name the target.
    pub(crate) systems: Vec<System>,
    /// What belongs to none of them.
    pub(crate) loose: Loose,
}

/// What belongs to no system of a target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loose {
    pub(crate) components: Vec<Component>,
    pub(crate) identities: Vec<Identity>,
}

impl Loose {
    /// What its identities may be joined by with what acts under them.
    pub(super) fn ties(&self) -> BTreeSet<Tie> {
        self.identities.iter().flat_map(correlate::ties_of_role).collect()
    }

    /// Writes the target into every place, or removes it from there.
    pub(super) fn set_target(&mut self, target: Option<&str>) {
        let components = self.components.iter_mut().flat_map(Component::places_mut);
        let identities = self.identities.iter_mut().flat_map(|identity| &mut identity.evidence);
        for place in components.chain(identities.map(|evidence| &mut evidence.place)) {
            place.target = target.map(str::to_owned);
        }
    }
}

impl Seen {
    /// The same without the name of the target in every place: a store keeps it once.
    pub(crate) fn of_one_target(mut self) -> Self {
        for system in &mut self.systems {
            system.set_target(None);
        }
        self.loose.set_target(None);
        self
    }

    /// What an inventory says of each of its targets; `known_by` gives the key and the place of a target.
    #[cfg(test)]
    pub(crate) fn each(inventory: Inventory, known_by: impl Fn(&str) -> (String, String)) -> Vec<Self> {
        let Inventory { scan, coverage, systems, components, identities, .. } = inventory;
        let only = (scan.targets.len() == 1).then(|| scan.targets[0].target.clone());
        let commits: HashMap<String, Option<String>> =
            scan.targets.into_iter().map(|target| (target.target, target.commit)).collect();
        let mut seen: Vec<Self> = Vec::new();
        let mut of_target: HashMap<String, usize> = HashMap::new();
        for coverage in coverage {
            let (key, place) = known_by(&coverage.target);
            of_target.insert(coverage.target.clone(), seen.len());
            seen.push(Self {
                key,
                place,
                commit: commits.get(&coverage.target).cloned().flatten(),
                coverage,
                systems: Vec::new(),
                loose: Loose::default(),
            });
        }
        let at =
            |named: Option<&str>| named.or(only.as_deref()).and_then(|target| of_target.get(target)).copied();
        for system in systems {
            if let Some(at) = at(system.target.as_deref()) {
                seen[at].systems.push(system);
            }
        }
        for component in components {
            let named = component.evidence.iter().find_map(|evidence| evidence.place.target.clone());
            if let Some(at) = at(named.as_deref()) {
                seen[at].loose.components.push(component);
            }
        }
        for identity in identities {
            let named = identity.evidence.iter().find_map(|evidence| evidence.place.target.clone());
            if let Some(at) = at(named.as_deref()) {
                seen[at].loose.identities.push(identity);
            }
        }
        seen.into_iter().map(Self::of_one_target).collect()
    }
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Recorded {
    /// What happened to systems.
    pub(crate) systems: Vec<Entry>,
    /// What is not seen any more.
    pub(crate) less_seen: Vec<LessSeen>,
}

/// One event, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    System(Entry),
    Coverage(LessSeen),
}

impl Store {
    /// Records what a scan saw of one target, whole or not at all.
    ///
    /// # Errors
    /// A later run recorded the target already, or the store cannot be written.
    #[cfg(test)]
    pub(crate) async fn record(&self, run: &Run, seen: Seen) -> Result<Recorded, StoreError> {
        let mut transaction = self.write().await?;
        let mut recording = Recording::of(&mut transaction, run.number, &run.started_at);
        recording.add(seen).await?;
        let recorded = recording.finish().await?;
        transaction.commit().await?;
        Ok(recorded)
    }

    /// Records what a scan saw of its targets, each of them whole or not at all, and gives those that a later run recorded already.
    ///
    /// # Errors
    /// The store cannot be written, or what is to be recorded cannot be read: what was recorded until shortly before holds.
    pub(crate) async fn record_all(
        &self,
        run: &Run,
        all: impl IntoIterator<Item = Result<Seen, StoreError>>,
    ) -> Result<Vec<String>, StoreError> {
        let mut overtaken = Vec::new();
        let mut all = all.into_iter().peekable();
        while all.peek().is_some() {
            let mut transaction = self.write().await?;
            // Of several targets that two transactions write in different orders, each could wait for the other.
            deciding(&mut transaction).await?;
            let mut recording = Recording::of(&mut transaction, run.number, &run.started_at);
            let began = Instant::now();
            for seen in all.by_ref() {
                match recording.add(seen?).await {
                    Ok(()) => {}
                    Err(StoreError::Overtaken(target)) => overtaken.push(target),
                    Err(error) => return Err(error),
                }
                if began.elapsed() >= TOGETHER {
                    break;
                }
            }
            recording.finish().await?;
            transaction.commit().await?;
        }
        Ok(overtaken)
    }

    /// Records a scan as a run of its own, whole or not at all.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn record_scan(
        &self,
        scan: &Scan,
        all: impl IntoIterator<Item = Result<Seen, StoreError>>,
        state: RunState,
        at: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let number = runs::started(&mut transaction, scan).await?;
        let mut recording = Recording::of(&mut transaction, number, &scan.started_at);
        for seen in all {
            recording.add(seen?).await?;
        }
        recording.finish().await?;
        joined::join_again(&mut transaction, number, Because::Run).await?;
        review::reopen(&mut transaction, number, at).await?;
        runs::ended(&mut transaction, number, state, at).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// What coverage says beside its numbers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kinds {
    pub(super) skipped: Vec<Gap>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) kinds: Vec<asmm_model::CoveredKind>,
}

impl Kinds {
    pub(super) fn of(coverage: &Coverage) -> Self {
        Self { skipped: coverage.skipped.clone(), kinds: coverage.kinds.clone() }
    }
}

pub(super) fn entry(
    id: &str,
    system: &System,
    shown: &str,
    presence: Presence,
    changes: Vec<history::Change>,
) -> Entry {
    Entry {
        id: id.to_owned(),
        was: None,
        name: system.name.clone(),
        target: shown.to_owned(),
        root: system.root.clone(),
        presence,
        verdict: system.verdict,
        changes,
    }
}
