//! Which system of a scan is which that is known: by the ids that scans gave it, then by what a refactoring leaves as it is.

use std::collections::{HashMap, HashSet};

use asmm_model::{Presence, System};

use crate::history::pair;

/// A system that is known of a target.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Its number.
    pub(super) system: i64,
    /// Its id.
    pub(super) name: String,
    /// What was last said of it.
    pub(super) presence: Presence,
    /// Whether a scan that found nothing of it has been recorded.
    pub(super) is_there: bool,
    /// Its last version.
    pub(super) version: i64,
    /// What the last version is known by.
    pub(super) digest: String,
    /// The id that the last scan that found it gave it.
    pub(super) scanned: String,
}

/// For each system of the scan, which of `known` it is by the id that the last scan gave it.
pub(super) fn by_last_id(known: &[Known], new: &[System]) -> Vec<Option<usize>> {
    let last: HashMap<&str, usize> =
        known.iter().enumerate().map(|(at, one)| (one.scanned.as_str(), at)).collect();
    let mut taken = vec![false; known.len()];
    new.iter()
        .map(|system| {
            let at = *last.get(system.id.as_str())?;
            (!std::mem::replace(&mut taken[at], true)).then_some(at)
        })
        .collect()
}

/// Finds more by the ids that systems had earlier. They come after the last ones: a system that was renamed leaves its id to one that
/// takes its place.
pub(super) fn by_earlier_id(
    known: &[Known],
    aliases: &HashMap<String, i64>,
    new: &[System],
    found: &mut [Option<usize>],
) {
    let of_number: HashMap<i64, usize> = known.iter().enumerate().map(|(at, one)| (one.system, at)).collect();
    let mut taken: HashSet<usize> = found.iter().flatten().copied().collect();
    for (system, found) in new.iter().zip(found).filter(|(_, found)| found.is_none()) {
        let earlier = aliases.get(system.id.as_str()).and_then(|number| of_number.get(number)).copied();
        *found = earlier.filter(|at| taken.insert(*at));
    }
}

/// Pairs of what is left over, as places in both lists. Systems that were there in the last scan come first: one that has been
/// missing for long does not stand in the way of one that was moved today.
pub(super) fn by_likeness(known: &[(usize, bool, System)], new: &[(usize, &System)]) -> Vec<(usize, usize)> {
    let mut left: Vec<(usize, &System)> = new.to_vec();
    let mut found = Vec::new();
    for there in [true, false] {
        let old: Vec<(usize, &System)> = known
            .iter()
            .filter(|(_, is_there, _)| *is_there == there)
            .map(|(at, _, system)| (*at, system))
            .collect();
        let before: Vec<(&str, &System)> = old.iter().map(|(_, one)| ("", *one)).collect();
        let after: Vec<(&str, &System)> = left.iter().map(|(_, one)| ("", *one)).collect();
        found.extend(pair::same(&before, &after).into_iter().map(|(a, b)| (old[a].0, left[b].0)));
        let taken: HashSet<usize> = found.iter().map(|(_, after)| *after).collect();
        left.retain(|(at, _)| !taken.contains(at));
    }
    found
}
