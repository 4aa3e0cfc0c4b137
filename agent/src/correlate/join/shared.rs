//! Systems that act under one identity say so: what it may do and when it was used is not of one of them alone.

use std::collections::{BTreeSet, HashMap};

use asmm_model::{Identity, IdentityKind, System, SystemId};

/// Other systems that one identity lists.
const LISTED: usize = 10;

/// Writes into each identity who else acts under it.
pub(super) fn tell(systems: &mut [Box<System>]) {
    let mut by_identity: HashMap<(IdentityKind, String), BTreeSet<SystemId>> = HashMap::new();
    for system in systems.iter() {
        for identity in &system.identities {
            if let Some(known) = known_by(identity) {
                by_identity.entry(known).or_default().insert(system.id.clone());
            }
        }
    }
    for system in systems {
        for identity in &mut system.identities {
            let others = known_by(identity).and_then(|known| by_identity.get(&known));
            let others = others.into_iter().flatten().filter(|id| **id != system.id);
            identity.shared_with = others.take(LISTED).cloned().collect();
        }
    }
}

/// What an identity is known by everywhere. The name of a variable is no such thing.
fn known_by(identity: &Identity) -> Option<(IdentityKind, String)> {
    let fingerprint = identity.fingerprint.as_ref().map(|print| print.as_str().to_owned());
    identity.arn.clone().or(fingerprint).map(|known| (identity.kind, known))
}
