//! Which components are otherwise than they were: new, gone, or there in another version.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Component, ComponentKind, Inventory, Place};
use schemars::JsonSchema;
use serde::Serialize;

use super::unread::Unread;

/// What became of one component of a target. It weighs nothing: what a system may do with it is told of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ComponentChange {
    /// The target that it is in, as given.
    pub(crate) target: String,
    /// What it is.
    pub(crate) kind: ComponentKind,
    /// Its canonical short name.
    pub(crate) name: String,
    /// The versions in which it was there, none where none was to be seen; nothing where it was not there.
    pub(crate) before: Option<Vec<String>>,
    /// The versions in which it is there now; nothing where it is not there any more.
    pub(crate) after: Option<Vec<String>>,
    /// The systems that have it; where it is gone, those that had it.
    pub(crate) systems: Vec<String>,
}

/// A component by where it is, what it is and what it is called.
type Key<'i> = (&'i str, ComponentKind, &'i str);

/// One component with all that shows it.
#[derive(Debug, Default)]
struct Shown<'i> {
    versions: BTreeSet<&'i str>,
    systems: BTreeSet<&'i str>,
    places: Vec<&'i Place>,
}

/// Every component that is otherwise, by target, kind and name. What one of the scans could not read is left out.
pub(super) fn components(
    before: &Inventory,
    after: &Inventory,
    unread_before: &Unread<'_>,
    unread_now: &Unread<'_>,
) -> Vec<ComponentChange> {
    let (old, new) = (shown(before), shown(after));
    let keys: BTreeSet<&Key<'_>> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        let is_certain = match (was, is) {
            (None, Some(is)) => unread_before.hid(key.0, &is.places).is_none(),
            (Some(was), None) => unread_now.hid(key.0, &was.places).is_none(),
            _ => was.map(|was| &was.versions) != is.map(|is| &is.versions),
        };
        let Some(last) = is.or(was).filter(|_| is_certain) else { continue };
        let list = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
        changes.push(ComponentChange {
            target: key.0.to_owned(),
            kind: key.1,
            name: key.2.to_owned(),
            before: was.map(|was| list(&was.versions)),
            after: is.map(|is| list(&is.versions)),
            systems: list(&last.systems),
        });
    }
    changes
}

fn shown<'i>(inventory: &'i Inventory) -> BTreeMap<Key<'i>, Shown<'i>> {
    let only = match inventory.scan.targets.as_slice() {
        [target] => target.target.as_str(),
        _ => "",
    };
    let mut all: BTreeMap<Key<'i>, Shown<'i>> = BTreeMap::new();
    let mut add = |target: Option<&'i str>, system: Option<&'i str>, component: &'i Component| {
        let own = component.evidence.iter().find_map(|evidence| evidence.place.target.as_deref());
        let key = (target.or(own).unwrap_or(only), component.kind, component.name.as_str());
        let shown = all.entry(key).or_default();
        shown.versions.extend(component.version.as_deref());
        shown.systems.extend(system);
        shown.places.extend(component.evidence.iter().map(|evidence| &evidence.place));
    };
    for system in &inventory.systems {
        for component in &system.components {
            add(inventory.target_of(system), Some(&system.name), component);
        }
    }
    for component in &inventory.components {
        add(None, None, component);
    }
    all
}
