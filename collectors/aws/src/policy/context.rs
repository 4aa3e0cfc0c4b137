//! What is known of a request before it is made.

use std::collections::BTreeMap;

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// It is there, with these values; several for a key of many values.
    Present(Vec<String>),
    /// It is not part of such a request.
    Absent,
    /// Nobody can say before the request is made.
    Unknown,
}

/// Keys of a request. Their names have no case (T8); what was not set is unknown, unless everything is said to be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Key>,
    complete: bool,
}

impl Context {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, where a key that was not set is absent: a request as it was made.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.complete = true;
        self
    }

    /// Sets a key to one value.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_key(key, Key::Present(vec![value.into()]))
    }

    /// Sets what is known of a key.
    #[must_use]
    pub fn with_key(mut self, key: &str, known: Key) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), known);
        self
    }

    /// What is known of a key.
    pub fn key(&self, key: &str) -> &Key {
        let otherwise = if self.complete { &Key::Absent } else { &Key::Unknown };
        self.keys.get(&key.to_ascii_lowercase()).unwrap_or(otherwise)
    }

    /// Keys with what is known of them, by name.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Key)> {
        self.keys.iter().map(|(key, known)| (key.as_str(), known))
    }
}
