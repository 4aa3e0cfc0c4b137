//! What a person decided about which systems are one. It holds before everything that keys say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use asmm_model::{JoinStrength, Reason, System, SystemId};

use super::Pairs;

/// Each part with the system that it belongs to, and why.
pub(super) type Homes = BTreeMap<usize, (usize, Vec<Reason>)>;

/// Decisions in force, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decided {
    one: Vec<(SystemId, SystemId, String)>,
    apart: BTreeSet<[SystemId; 2]>,
}

impl Decided {
    /// The second system is a part of the first. `says` tells who decided that, and when.
    pub(crate) fn one(&mut self, whole: SystemId, part: SystemId, says: String) {
        self.apart.remove(&pair(&whole, &part));
        self.one.push((whole, part, says));
    }

    /// The two are not one, whatever speaks for it.
    pub(crate) fn apart(&mut self, one: &SystemId, other: &SystemId) {
        let decided = pair(one, other);
        self.one.retain(|(whole, part, _)| pair(whole, part) != decided);
        self.apart.insert(decided);
    }

    /// The systems that something is decided of.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &SystemId> {
        self.one.iter().flat_map(|(whole, part, _)| [whole, part]).chain(self.apart.iter().flatten())
    }

    /// Calls systems by other ids; what has none of them is decided no more.
    pub(crate) fn called(&mut self, ids: &HashMap<SystemId, SystemId>) {
        self.one = std::mem::take(&mut self.one)
            .into_iter()
            .filter_map(|(whole, part, says)| Some((ids.get(&whole)?.clone(), ids.get(&part)?.clone(), says)))
            .collect();
        let apart = std::mem::take(&mut self.apart).into_iter();
        self.apart = apart.filter_map(|[a, b]| Some(pair(ids.get(&a)?, ids.get(&b)?))).collect();
    }

    pub(super) fn are_apart(&self, one: &SystemId, other: &SystemId) -> bool {
        !self.apart.is_empty() && self.apart.contains(&pair(one, other))
    }

    /// Takes away what speaks for systems that are apart.
    pub(super) fn part(&self, systems: &[Box<System>], pairs: &mut Pairs) {
        pairs.retain(|(code, part), _| !self.are_apart(&systems[*code].id, &systems[*part].id));
    }

    /// Gives parts the homes that were decided, and lets those that have parts of their own take these along. What is a part already
    /// takes its new home from the decision. A decision about a system that is not there waits.
    pub(super) fn settle(&self, systems: &[Box<System>], homes: &mut Homes) {
        if self.one.is_empty() {
            return;
        }
        let at: BTreeMap<&SystemId, usize> = systems.iter().enumerate().map(|(n, s)| (&s.id, n)).collect();
        for (whole, part, says) in &self.one {
            let (Some(whole), Some(part)) = (at.get(whole), at.get(part)) else { continue };
            let root = root(homes, *whole);
            // What belongs to it already is not to belong to itself.
            if root != *part {
                let reason =
                    Reason { says: says.clone(), strength: JoinStrength::Strong, places: Vec::new() };
                homes.insert(*part, (root, vec![reason]));
            }
        }
        let roots: Vec<(usize, usize)> = homes.keys().map(|part| (*part, root(homes, *part))).collect();
        for (part, root) in roots {
            if let Some((home, _)) = homes.get_mut(&part) {
                *home = root;
            }
        }
    }
}

/// What a system belongs to in the end.
fn root(homes: &Homes, of: usize) -> usize {
    let mut at = of;
    // Each home is one that no circle leads to; a limit costs nothing.
    for _ in 0..=homes.len() {
        match homes.get(&at) {
            Some((home, _)) => at = *home,
            None => break,
        }
    }
    at
}

fn pair(one: &SystemId, other: &SystemId) -> [SystemId; 2] {
    if one <= other { [one.clone(), other.clone()] } else { [other.clone(), one.clone()] }
}
