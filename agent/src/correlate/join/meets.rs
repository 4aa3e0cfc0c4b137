//! Which of many systems may have to do with another one: the others need not be looked at when systems are joined.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use asmm_model::{Identity, System, SystemId};

use super::decided::Decided;
use super::meet::{is_code, says_something};
use super::roles::stands_for;
use super::shared::known_by;
use super::ties::{End, Tie, ties, ties_of_role};

/// What a system could meet another one by, as hashes. Two that are the same by chance are looked at, and stay what they are.
#[derive(Debug, Clone)]
pub(crate) struct Meets {
    pub(crate) id: SystemId,
    ties: Box<[(End, u64)]>,
    /// What its identities are known by everywhere.
    known: Box<[u64]>,
    /// Its name, where that says something.
    name: Option<u64>,
    is_code: bool,
    /// Whether it stands for what runs under a role.
    is_of_role: bool,
}

impl Meets {
    pub(crate) fn of(system: &System) -> Self {
        Self {
            id: system.id.clone(),
            ties: hashes(ties(system)),
            known: system.identities.iter().filter_map(known).collect(),
            name: says_something(&system.name).then(|| hash(&system.name)),
            is_code: is_code(system),
            is_of_role: stands_for(system).is_some(),
        }
    }
}

/// The systems, by their places in the list, that something may be said of when they are joined with these identities. What is
/// said of them does not depend on any other.
pub(crate) fn meeting(systems: &[&Meets], loose: &[Identity], decided: &Decided) -> HashSet<usize> {
    let mut ends: HashMap<u64, (bool, bool)> = HashMap::new();
    let mut known_by: HashMap<u64, usize> = HashMap::new();
    let mut names: HashMap<u64, (bool, bool)> = HashMap::new();
    let loose_ties = loose.iter().flat_map(|identity| hashes(ties_of_role(identity)));
    for (end, key) in systems.iter().flat_map(|system| system.ties.iter().copied()).chain(loose_ties) {
        let ends = ends.entry(key).or_default();
        *(if end == End::Near { &mut ends.0 } else { &mut ends.1 }) = true;
    }
    let of_systems = systems.iter().map(|system| system.known.iter().copied().collect::<HashSet<_>>());
    for one in of_systems.chain(loose.iter().map(|identity| known(identity).into_iter().collect())).flatten()
    {
        *known_by.entry(one).or_default() += 1;
    }
    for system in systems {
        let Some(name) = system.name else { continue };
        let named = names.entry(name).or_default();
        *(if system.is_code { &mut named.0 } else { &mut named.1 }) = true;
    }
    let decided: HashSet<&SystemId> = decided.systems().collect();
    let meets = |system: &Meets| {
        system.is_of_role
            || decided.contains(&system.id)
            || system.ties.iter().any(|(_, key)| ends.get(key) == Some(&(true, true)))
            || system.known.iter().any(|one| known_by.get(one).is_some_and(|holders| *holders > 1))
            || system.name.is_some_and(|name| names.get(&name) == Some(&(true, true)))
    };
    (0..systems.len()).filter(|at| meets(systems[*at])).collect()
}

fn known(identity: &Identity) -> Option<u64> {
    known_by(identity).map(|(_, known)| hash(known))
}

fn hashes(ties: impl IntoIterator<Item = Tie>) -> Box<[(End, u64)]> {
    ties.into_iter().map(|tie| (tie.end, hash(&tie.key))).collect()
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
