//! One system, seen from several sides: what runs joins the code that it was made from, and roles join what acts under them.
//!
//! Joins are stars around code: what runs becomes a part of one code at most, and two codes never become one. So a chain of keys
//! glues nothing together, however long it is. Pure: the order of the systems changes nothing.

mod decided;
mod fold;
mod meet;
mod meets;
mod roles;
mod shared;
mod ties;
mod trust;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use asmm_model::{Identity, Join, JoinStrength, Proposal, Reason, System};

use super::Systems;
pub(crate) use decided::Decided;
use decided::Homes;
pub(crate) use meets::{Meets, meeting};
pub(crate) use ties::{End, Tie, ties, ties_of_role};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Joined {
    /// The systems, in no order.
    pub(crate) systems: Systems,
    /// Identities that belong to none of them.
    pub(crate) identities: Vec<Identity>,
    /// Pairs that a person has to look at.
    pub(crate) proposals: Vec<Proposal>,
}

/// What speaks for it that two systems are one, by their places in the list: the code, and what runs.
pub(super) type Pairs = BTreeMap<(usize, usize), Vec<Reason>>;

/// Joins systems by their keys, and identities by what acts under them. What was decided holds before that.
pub(crate) fn join(systems: Vec<System>, identities: Vec<Identity>, decided: &Decided) -> Joined {
    // Each is large: what goes from list to list is where it is.
    let mut systems: Systems = systems.into_iter().map(Box::new).collect();
    // By ids that lie side by side: to follow each system to its own for every comparison is most of what a sort takes.
    systems.sort_by_cached_key(|system| system.id.clone());
    let mut pairs = meet::pairs(&systems);
    decided.part(&systems, &mut pairs);
    let (mut homes, rest) = settle(pairs);
    decided.settle(&systems, &mut homes);
    let proposals = proposals(&systems, rest, &homes);
    let systems = fold::fold(systems, homes);
    let (mut systems, identities) = roles::join(systems, identities, decided);
    shared::tell(&mut systems);
    Joined { systems, identities, proposals }
}

/// For each part that belongs to one code for certain, that code and why. The pairs that are left over are not certain.
fn settle(pairs: Pairs) -> (Homes, Pairs) {
    let mut certain: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for ((code, part), because) in &pairs {
        if is_certain(because) {
            certain.entry(*part).or_default().push(*code);
        }
    }
    let (mut homes, mut rest) = (Homes::new(), Pairs::new());
    for ((code, part), because) in pairs {
        match certain.get(&part).map(Vec::as_slice) {
            Some([only]) if *only == code => {
                homes.insert(part, (code, because));
            }
            // What belongs to one code for certain is no question beside another.
            Some([_]) => {}
            _ => {
                rest.insert((code, part), because);
            }
        }
    }
    (homes, rest)
}

/// Whether reasons join: one that somebody wrote down, or two that know nothing of each other.
fn is_certain(because: &[Reason]) -> bool {
    let of = |strength| because.iter().filter(move |reason| reason.strength == strength);
    of(JoinStrength::Strong).next().is_some() || of(JoinStrength::Medium).count() >= 2
}

/// What is left to ask: not about what belongs to something already.
fn proposals(systems: &[Box<System>], mut pairs: Pairs, homes: &Homes) -> Vec<Proposal> {
    pairs.retain(|(code, part), _| !homes.contains_key(part) && !homes.contains_key(code));
    let proposal = |((code, part), because): ((usize, usize), Vec<Reason>)| {
        let two = [&systems[code], &systems[part]];
        Proposal { systems: two.map(|s| s.id.clone()), names: two.map(|s| s.name.clone()), because }
    };
    let mut proposals: Vec<Proposal> = pairs.into_iter().map(proposal).collect();
    proposals.sort_by(|a, b| (&a.names, &a.systems).cmp(&(&b.names, &b.systems)));
    proposals
}

/// How a part is listed in the system that it belongs to.
fn part(system: &System, because: Vec<Reason>) -> Join {
    Join {
        id: system.id.clone(),
        name: system.name.clone(),
        target: system.target.clone(),
        root: system.root.clone(),
        because,
    }
}
