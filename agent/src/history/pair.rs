//! Which system of one scan is which of another: by id, then by what a refactoring leaves as it is.

use std::collections::BTreeSet;

use asmm_model::{Inventory, System};

/// A way in which two systems may be the same.
type Way = dyn Fn(&System, &System) -> bool;

/// A system before and after.
#[derive(Debug)]
pub(super) enum Pair<'i> {
    New(&'i System),
    Gone(&'i System),
    Both(&'i System, &'i System),
}

/// Every system of both scans once.
pub(super) fn pairs<'i>(before: &'i Inventory, after: &'i Inventory) -> Vec<Pair<'i>> {
    let mut old: Vec<&System> = before.systems.iter().collect();
    let mut new: Vec<&System> = after.systems.iter().collect();
    let mut pairs = Vec::new();
    let here = |system: &System| before.target_of(system).map(str::to_owned);
    let there = |system: &System| after.target_of(system).map(str::to_owned);
    // The kind is no part of it: a pipeline that is given tools is the same system. A name in another folder, or another name
    // in the same folder, is only where no other system could be meant.
    let ways: [&Way; 5] = [
        &|a, b| a.id == b.id,
        &|a, b| a.root == b.root && a.name == b.name,
        &|a, b| of_same_files(a, b),
        &|a, b| a.name == b.name && resembles(a, b),
        &|a, b| a.root == b.root && resembles(a, b),
    ];
    for is_same in ways {
        let mut at = 0;
        while let Some(system) = old.get(at).copied() {
            let fits = |other: &&&System| here(system) == there(other) && is_same(system, other);
            let mut found = new.iter().filter(fits);
            let only = match (found.next().copied(), found.next()) {
                (Some(only), None) => Some(only),
                _ => None,
            };
            let rivals = only.map_or(0, |only| {
                old.iter().filter(|other| here(other) == there(only) && is_same(other, only)).count()
            });
            match only.filter(|_| rivals == 1) {
                Some(only) => {
                    new.retain(|other| !std::ptr::eq(*other, only));
                    old.remove(at);
                    pairs.push(Pair::Both(system, only));
                }
                None => at += 1,
            }
        }
    }
    pairs.extend(old.into_iter().map(Pair::Gone));
    pairs.extend(new.into_iter().map(Pair::New));
    pairs
}

/// Whether two systems are seen in the same files: a folder above may have become, or ceased to be, one of its own.
fn of_same_files(a: &System, b: &System) -> bool {
    let files = |system: &System| -> BTreeSet<String> {
        let components = system.components.iter().flat_map(|component| &component.evidence);
        let tools = system.tools.iter().flat_map(|tool| &tool.evidence);
        components.chain(tools).filter_map(|evidence| evidence.place.path.clone()).collect()
    };
    let (a, b) = (files(a), files(b));
    let shared = a.intersection(&b).count();
    shared > 0 && shared * 2 >= a.len().max(b.len())
}

/// Whether two systems are made of the same: half of their components and tools at least, and one of them.
fn resembles(a: &System, b: &System) -> bool {
    let parts = |system: &System| -> BTreeSet<String> {
        let components = system.components.iter().map(|component| format!("component {}", component.name));
        let tools = system.tools.iter().map(|tool| format!("tool {}", tool.name));
        components.chain(tools).collect()
    };
    let (a, b) = (parts(a), parts(b));
    let shared = a.intersection(&b).count();
    shared > 0 && shared * 2 >= a.len().max(b.len())
}
