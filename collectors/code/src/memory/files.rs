//! What was seen in the files of one target, found by path and held against the identity of what is there now.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;

use super::Names;
use crate::survey::FileFacts;
use crate::tree::Identity;

/// An entry as it is kept.
type Entry = (Arc<str>, Identity, FileFacts);

/// What is known of the files of a target.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// What was kept, and was not asked for yet.
    before: HashMap<Arc<str>, (Identity, FileFacts)>,
    /// What still holds.
    now: Vec<Entry>,
    has_news: bool,
}

impl Recalled {
    /// Reads what was kept; nothing where it is not what was written.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let entries: Vec<Entry> = postcard::from_bytes(bytes).ok()?;
        let before = entries.into_iter().map(|(path, identity, facts)| (path, (identity, facts))).collect();
        Some(Self { before, now: Vec::new(), has_news: false })
    }

    /// What is known of a file, unless another one is at its path now.
    pub(crate) fn recall(&mut self, path: &str, identity: Identity) -> Option<&FileFacts> {
        let (path, (before, facts)) = self.before.remove_entry(path)?;
        if before != identity {
            return None;
        }
        self.now.push((path, identity, facts));
        self.now.last().map(|(_, _, facts)| facts)
    }

    /// Adds what was seen in files that were read.
    pub(crate) fn add(&mut self, seen: Vec<Entry>) {
        self.has_news |= !seen.is_empty();
        self.now.extend(seen);
    }

    /// Adds what was found that source files import.
    pub(crate) fn learn(&mut self, imports: &BTreeMap<Arc<str>, Names>) {
        for (path, _, facts) in &mut self.now {
            if let Some(names) = imports.get(path) {
                self.has_news |= facts.learn(names);
            }
        }
    }

    /// Writes what is to be kept, if it is otherwise than what was.
    pub(super) fn write(mut self, bytes: &mut Vec<u8>) -> Option<()> {
        if !self.has_news && self.before.is_empty() {
            return None;
        }
        self.now.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        postcard::to_io(&self.now, bytes).ok().map(drop)
    }
}
