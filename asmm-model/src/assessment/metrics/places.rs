//! Places of a metric: the first of them in alphabetical order, whatever order they came in.

use std::collections::BTreeSet;

use super::PLACES;
use crate::Place;

#[derive(Default)]
pub(super) struct Places(BTreeSet<String>);

impl Places {
    pub(super) fn add(&mut self, target: Option<&str>, place: &Place) {
        let place = match place.target.as_deref().or(target) {
            Some(target) => format!("{target}: {place}"),
            None => place.to_string(),
        };
        self.0.insert(place);
        if self.0.len() > PLACES {
            self.0.pop_last();
        }
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}
