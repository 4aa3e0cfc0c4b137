//! Reads JSON by hand, so that every fault is told with its place and none hides the others.

use serde_json::{Map, Value};

use super::Fault;

/// Faults that are collected; a document that is wrong throughout needs no longer list.
const MOST: usize = 200;

/// What was wrong so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: impl Into<String>, wrong: impl Into<String>, right: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Fault { at: at.into(), wrong: wrong.into(), right: right.into() });
        }
    }

    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<Fault> {
        self.0
    }
}

/// An object of the document, with its place.
pub(super) struct Object<'v> {
    pub(super) at: String,
    map: &'v Map<String, Value>,
}

/// Escapes a key for a JSON Pointer.
fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'v> Object<'v> {
    /// The object at a place; tells unknown fields.
    pub(super) fn at(at: &str, value: &'v Value, fields: &[&str], faults: &mut Faults) -> Option<Self> {
        let Some(map) = value.as_object() else {
            faults.add(
                at,
                "this is no object",
                format!("write an object with the fields {}", listed(fields)),
            );
            return None;
        };
        for key in map.keys().filter(|key| !fields.contains(&key.as_str())) {
            let wrong = format!("the field `{}` is not known", shown(key));
            faults.add(format!("{at}/{}", step(key)), wrong, format!("the fields are {}", listed(fields)));
        }
        Some(Self { at: at.to_owned(), map })
    }

    pub(super) fn place(&self, key: &str) -> String {
        format!("{}/{}", self.at, step(key))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn get(&self, key: &str, wanted: &str, faults: &mut Faults) -> Option<&'v Value> {
        let value = self.map.get(key);
        if value.is_none() {
            faults.add(&self.at, format!("the field `{key}` is missing"), format!("add it; {wanted}"));
        }
        value
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str, faults: &mut Faults) -> Option<String> {
        let wanted = "write a text that is not empty";
        let value = self.get(key, wanted, faults)?;
        match value.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            _ => {
                faults.add(self.place(key), "this is no text, or an empty one", wanted);
                None
            }
        }
    }

    pub(super) fn truth(&self, key: &str, faults: &mut Faults) -> Option<bool> {
        let wanted = "write `true` or `false`";
        let value = self.get(key, wanted, faults)?;
        let truth = value.as_bool();
        if truth.is_none() {
            faults.add(self.place(key), "this is neither true nor false", wanted);
        }
        truth
    }

    /// A whole number in a range.
    pub(super) fn number(&self, key: &str, from: u64, to: u64, faults: &mut Faults) -> Option<u64> {
        let wanted = format!("write a whole number from {from} to {to}");
        let value = self.get(key, &wanted, faults)?;
        let number = value.as_u64().filter(|number| (from..=to).contains(number));
        if number.is_none() {
            faults.add(
                self.place(key),
                format!("`{}` is not in the range", shown(&value.to_string())),
                wanted,
            );
        }
        number
    }

    /// A number by its digits, which `read` turns into what it means.
    pub(super) fn decimal<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
        faults: &mut Faults,
    ) -> Option<T> {
        let value = self.get(key, wanted, faults)?;
        let found = value.as_number().and_then(|number| read(&number.to_string()));
        if found.is_none() {
            faults.add(self.place(key), format!("`{}` cannot be taken", shown(&value.to_string())), wanted);
        }
        found
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let wanted = format!("write one of {}", listed(&names));
        let value = self.get(key, &wanted, faults)?;
        let found = words.iter().find(|(name, _)| value.as_str() == Some(name)).map(|(_, meaning)| *meaning);
        if found.is_none() {
            faults.add(self.place(key), format!("`{}` is not known", shown(&value.to_string())), wanted);
        }
        found
    }

    /// The items of a list, with their places.
    pub(super) fn list(&self, key: &str, faults: &mut Faults) -> Vec<(String, &'v Value)> {
        let Some(value) = self.get(key, "write a list", faults) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            faults.add(self.place(key), "this is no list", "write a list");
            return Vec::new();
        };
        (0..).zip(items).map(|(at, item): (usize, _)| (format!("{}/{at}", self.place(key)), item)).collect()
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str, faults: &mut Faults) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, item) in self.list(key, faults) {
            match item.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => faults.add(at, "this is no text", "write a text"),
            }
        }
        texts
    }
}

/// What a fault may repeat of a document.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    shown
}

/// `a`, `b` and `c`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        Some((last, _)) => last.clone(),
        None => "none".to_owned(),
    }
}
