//! What one of two scans could not read and the other one did: of that, nothing appeared and nothing went away.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Gap, Inventory, Place, System};

/// What hid something in one scan, and not in the other.
#[derive(Debug)]
pub(super) struct Unread<'i>(BTreeMap<&'i str, Vec<&'i Gap>>);

impl<'i> Unread<'i> {
    /// What `blind` hides and `seeing` does not, for the targets that both scanned.
    pub(super) fn between(blind: &'i Inventory, seeing: &Inventory) -> Self {
        let mut hidden: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
        for coverage in &blind.coverage {
            let Some(other) = seeing.coverage.iter().find(|other| other.target == coverage.target) else {
                continue;
            };
            let known: BTreeSet<&str> =
                other.skipped.iter().filter(|gap| gap.why.hides()).map(|gap| gap.what.as_str()).collect();
            let gaps = coverage.skipped.iter().filter(|gap| gap.why.hides());
            hidden
                .entry(&coverage.target)
                .or_default()
                .extend(gaps.filter(|gap| !known.contains(&*gap.what)));
        }
        hidden.retain(|_, gaps| !gaps.is_empty());
        Self(hidden)
    }

    /// The gaps by target.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, &[&'i Gap])> {
        self.0.iter().map(|(target, gaps)| (*target, gaps.as_slice()))
    }

    /// The gap that may have hidden what is seen at these places, if there is one.
    ///
    /// A gap that names a file or a folder hid what is there. One that stands for many things may have hidden anything, and
    /// what is in no file may have been hidden by any gap.
    pub(super) fn hid(&self, target: &str, places: &[&Place]) -> Option<&'i Gap> {
        let has_other = places.is_empty() || places.iter().any(|place| place.path.is_none());
        let hides = |gap: &Gap| {
            let folder = gap.what.trim_end_matches('/');
            let is_in = |path: &str| {
                matches!(folder, "" | ".")
                    || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let names_a_group = gap.count > 1 && !gap.what.ends_with('/');
            has_other || names_a_group || places.iter().filter_map(|place| place.path.as_deref()).any(is_in)
        };
        self.0.get(target)?.iter().copied().find(|gap| hides(gap))
    }
}

/// Where a system is seen.
pub(super) fn places(system: &System) -> Vec<&Place> {
    let components = system.components.iter().flat_map(|component| &component.evidence);
    let tools = system.tools.iter().flat_map(|tool| &tool.evidence);
    let identities = system.identities.iter().flat_map(|identity| &identity.evidence);
    components.chain(tools).chain(identities).map(|evidence| &evidence.place).collect()
}
