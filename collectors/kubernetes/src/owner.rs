//! Who answers for what runs, as labels and annotations of it, and of its namespace, say.

use std::collections::BTreeMap;

use crate::object::Object;

/// Labels and annotations that name an owner, the one that says it best first.
pub(crate) const KEYS: [&str; 7] = [
    "backstage.io/owner",
    "a8r.io/owner",
    "app.kubernetes.io/owner",
    "owner",
    "team",
    "app.kubernetes.io/team",
    "app.kubernetes.io/part-of",
];
/// Letters of a name.
const MAX_NAME: usize = 100;

/// The owner that an object names, and the key.
pub(crate) fn of(object: &Object) -> Option<(&'static str, &str)> {
    named(&[&object.annotations, &object.labels])
}

/// The owner that labels name; the application that something is part of says nothing of a namespace.
pub(crate) fn of_labels(labels: &BTreeMap<String, String>) -> Option<(&'static str, &str)> {
    named(&[labels]).filter(|(key, _)| !key.ends_with("part-of"))
}

fn named<'m>(maps: &[&'m BTreeMap<String, String>]) -> Option<(&'static str, &'m str)> {
    let find = |key: &'static str| maps.iter().find_map(|map| Some((key, map.get(key)?.as_str())));
    KEYS.into_iter().filter_map(find).find(|(_, name)| !name.trim().is_empty() && name.len() <= MAX_NAME)
}
