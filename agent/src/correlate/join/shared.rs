//! Systems that act under one identity say so: what it may do and when it was used is not of one of them alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use asmm_model::{Identity, IdentityKind, System, SystemId};

/// Other systems that one identity lists.
const LISTED: usize = 10;

/// Writes into each identity who else acts under it.
pub(super) fn tell(systems: &mut [Box<System>]) {
    let by_identity = shared(systems);
    for system in systems {
        for identity in &mut system.identities {
            let known = known_by(identity).map(|(kind, known)| (kind, known.to_owned()));
            let others = known.and_then(|known| by_identity.get(&known));
            let others = others.into_iter().flatten().filter(|id| **id != system.id);
            identity.shared_with = others.take(LISTED).cloned().collect();
        }
    }
}

/// The identities that several systems act under, with these systems. Most identities are of one.
fn shared(systems: &[Box<System>]) -> HashMap<(IdentityKind, String), BTreeSet<SystemId>> {
    let mut first: HashMap<(IdentityKind, &str), usize> = HashMap::new();
    let mut several: HashSet<(IdentityKind, &str)> = HashSet::new();
    for (at, system) in systems.iter().enumerate() {
        for known in system.identities.iter().filter_map(known_by) {
            if *first.entry(known).or_insert(at) != at {
                several.insert(known);
            }
        }
    }
    let mut shared: HashMap<(IdentityKind, String), BTreeSet<SystemId>> = HashMap::new();
    if several.is_empty() {
        return shared;
    }
    for system in systems {
        for known in system.identities.iter().filter_map(known_by).filter(|known| several.contains(known)) {
            shared.entry((known.0, known.1.to_owned())).or_default().insert(system.id.clone());
        }
    }
    shared
}

/// What an identity is known by everywhere. The name of a variable is no such thing.
pub(super) fn known_by(identity: &Identity) -> Option<(IdentityKind, &str)> {
    let fingerprint = identity.fingerprint.as_ref().map(asmm_model::Fingerprint::as_str);
    identity.arn.as_deref().or(fingerprint).map(|known| (identity.kind, known))
}
