//! Which system of one scan is which of another: by id, then by what a refactoring leaves as it is.

use std::collections::{BTreeSet, HashMap};

use asmm_model::{Inventory, System};

/// A system before and after.
#[derive(Debug)]
pub(crate) enum Pair<'i> {
    New(&'i System),
    Gone(&'i System),
    Both(&'i System, &'i System),
}

/// A way in which two systems may be the same, the surest first.
///
/// The kind is no part of it: a pipeline that is given tools is the same system. A name in another folder, or another name in the
/// same folder, is only where no other system could be meant.
#[derive(Debug, Clone, Copy)]
enum Way {
    Id,
    RootAndName,
    Files,
    NameAndParts,
    RootAndParts,
}

const WAYS: [Way; 5] = [Way::Id, Way::RootAndName, Way::Files, Way::NameAndParts, Way::RootAndParts];

/// Systems that one of another scan is compared with. What more than that have in common tells none of them apart.
const RIVALS: usize = 256;

/// Every system of both scans once.
pub(super) fn pairs<'i>(before: &'i Inventory, after: &'i Inventory) -> Vec<Pair<'i>> {
    let of = |inventory: &'i Inventory| -> Vec<(&'i str, &'i System)> {
        inventory.systems.iter().map(|one| (inventory.target_of(one).unwrap_or_default(), one)).collect()
    };
    let (old, new) = (of(before), of(after));
    let same = same(&old, &new);
    let (was, is): (BTreeSet<usize>, BTreeSet<usize>) = same.iter().copied().unzip();
    let mut pairs: Vec<Pair<'i>> = same.into_iter().map(|(a, b)| Pair::Both(old[a].1, new[b].1)).collect();
    pairs.extend(left(old.len(), &was).map(|at| Pair::Gone(old[at].1)));
    pairs.extend(left(new.len(), &is).map(|at| Pair::New(new[at].1)));
    pairs
}

/// The systems of both lists that are the same, as places in both; each system stands beside its target, and two of different
/// targets are never the same.
pub(crate) fn same(before: &[(&str, &System)], after: &[(&str, &System)]) -> Vec<(usize, usize)> {
    let (mut old, mut new): (Vec<usize>, Vec<usize>) =
        ((0..before.len()).collect(), (0..after.len()).collect());
    let old_traits: Vec<Traits<'_>> =
        before.iter().map(|(target, system)| Traits::of(target, system)).collect();
    let new_traits: Vec<Traits<'_>> =
        after.iter().map(|(target, system)| Traits::of(target, system)).collect();
    let mut pairs = Vec::new();
    for way in WAYS {
        let (old_by, new_by) = (by_marks(&old_traits, &old, way), by_marks(&new_traits, &new, way));
        let mut found = Vec::new();
        for at in &old {
            // One system may be another only if neither could be a third.
            if let Some(other) = only(&old_traits[*at], &new_traits, &new_by, way)
                && only(&new_traits[other], &old_traits, &old_by, way) == Some(*at)
            {
                found.push((*at, other));
            }
        }
        let (was, is): (BTreeSet<usize>, BTreeSet<usize>) = found.iter().copied().unzip();
        old.retain(|at| !was.contains(at));
        new.retain(|at| !is.contains(at));
        pairs.append(&mut found);
    }
    pairs
}

fn left(all: usize, taken: &BTreeSet<usize>) -> impl Iterator<Item = usize> {
    (0..all).filter(|at| !taken.contains(at))
}

/// The one of the others that is the same in this way, if there is one and no more.
fn only(
    one: &Traits<'_>,
    others: &[Traits<'_>],
    by: &HashMap<String, Vec<usize>>,
    way: Way,
) -> Option<usize> {
    let mut candidates = BTreeSet::new();
    for at in one.marks(way).iter().filter_map(|mark| by.get(mark)).flatten() {
        candidates.insert(*at);
        // At the first that is too many: thousands of systems that share a file would be gathered for each of them.
        if candidates.len() > RIVALS {
            return None;
        }
    }
    let mut same = candidates.into_iter().filter(|at| one.is(way, &others[*at]));
    same.next().filter(|_| same.next().is_none())
}

/// What a system is recognised by.
struct Traits<'i> {
    target: &'i str,
    system: &'i System,
    /// Where it is seen.
    files: BTreeSet<&'i str>,
    /// What it is made of.
    parts: BTreeSet<(bool, &'i str)>,
}

impl<'i> Traits<'i> {
    fn of(target: &'i str, system: &'i System) -> Self {
        let components = system.components.iter().flat_map(|component| &component.evidence);
        let tools = system.tools.iter().flat_map(|tool| &tool.evidence);
        let files = components.chain(tools).filter_map(|evidence| evidence.place.path.as_deref()).collect();
        let components = system.components.iter().map(|component| (false, component.name.as_str()));
        let parts = components.chain(system.tools.iter().map(|tool| (true, tool.name.as_str()))).collect();
        Self { target, system, files, parts }
    }

    /// What any system has in common with this one that may be the same in this way.
    fn marks(&self, way: Way) -> Vec<String> {
        let System { id, root, name, .. } = self.system;
        let mark = |parts: &[&str]| [&[self.target], parts].concat().join("\0");
        match way {
            Way::Id => vec![mark(&[id.as_str()])],
            Way::RootAndName => vec![mark(&[root, name])],
            Way::Files => self.files.iter().map(|file| mark(&[file])).collect(),
            Way::NameAndParts => vec![mark(&[name])],
            Way::RootAndParts => vec![mark(&[root])],
        }
    }

    /// Whether it is the same in this way as one that has a mark in common.
    fn is(&self, way: Way, other: &Self) -> bool {
        match way {
            Way::Id | Way::RootAndName => true,
            // A folder above may have become, or ceased to be, one of its own. What is made of something else took its place.
            Way::Files => mostly(&self.files, &other.files) && mostly(&self.parts, &other.parts),
            Way::NameAndParts | Way::RootAndParts => mostly(&self.parts, &other.parts),
        }
    }
}

/// Half of what either has at least, and one thing.
fn mostly<T: Ord>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> bool {
    let shared = a.intersection(b).count();
    shared > 0 && shared * 2 >= a.len().max(b.len())
}

/// Which of those that are left bear a mark.
fn by_marks(all: &[Traits<'_>], left: &[usize], way: Way) -> HashMap<String, Vec<usize>> {
    let mut by: HashMap<String, Vec<usize>> = HashMap::new();
    for at in left {
        for mark in all[*at].marks(way) {
            by.entry(mark).or_default().push(*at);
        }
    }
    by
}
