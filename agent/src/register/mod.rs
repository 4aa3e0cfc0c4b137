//! The known register of an organisation: what it has declared, read from files in several formats and held against what was seen.
//!
//! Everything in a file is hostile: sizes are bounded, and what cannot be read becomes a note and never ends the import.

mod backstage;
mod columns;
mod csv;
mod entry;
mod held;
mod json;
mod known;
mod marks;
mod matching;
mod names;
mod omb;
#[cfg(test)]
mod tests;
mod unseen;

use std::collections::BTreeMap;
use std::fmt;

use asmm_model::{Declared, Place};
use clap::ValueEnum;

use entry::Raw;

pub(crate) use held::{held, of_store};
pub(crate) use matching::{Decided, Seen, matched};

/// The largest file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Entries of one file.
const MAX_ENTRIES: usize = 100_000;
/// Notes about one file.
const MAX_NOTES: usize = 50;

/// How a register is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table with a row for each system, also one that Muster wrote
    Csv,
    /// A list of objects, or a document with a list of `systems`, also one that Muster wrote
    Json,
    /// Entities of Backstage, as in catalog-info.yaml
    Backstage,
    /// An inventory of AI use cases in the columns of the US OMB
    Omb,
}

impl Form {
    /// The name that is kept and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Backstage => "backstage",
            Self::Omb => "omb",
        }
    }
}

/// What one file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Book {
    /// How it is written.
    pub(crate) form: Form,
    /// In the order of the file.
    pub(crate) entries: Vec<Declared>,
    /// What could not be read, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// A file that holds no register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BookError {
    /// It is too large.
    #[error("it is larger than {} MB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// It is not what its format says; what is wrong.
    #[error("{0}")]
    Broken(String),
    /// It holds nothing that could be an entry.
    #[error("it declares no system{0}")]
    Empty(String),
}

/// Reads the text of a file that is shown as `file`; its format is told by what it holds, unless one is given.
///
/// # Errors
/// It is too large, or nothing in it could be read.
pub(crate) fn read(file: &str, text: &[u8], form: Option<Form>) -> Result<Book, BookError> {
    if text.len() as u64 > MAX_BYTES {
        return Err(BookError::TooLarge);
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches('\u{feff}');
    let form = form.unwrap_or_else(|| form_of(text));
    let mut draft = Draft::new(file);
    match form {
        Form::Csv => csv::read(text, &columns::COMMON, &mut draft)?,
        Form::Omb => csv::read(text, &omb::COLUMNS, &mut draft)?,
        Form::Json => json::read(text, &mut draft)?,
        Form::Backstage => backstage::read(text, &mut draft),
    }
    let Draft { entries, notes, more, .. } = draft;
    if entries.is_empty() {
        let why = notes.first().map(|note| format!(": {note}")).unwrap_or_default();
        return Err(BookError::Empty(why));
    }
    let mut notes = notes;
    if more > 0 {
        notes.push(format!("{more} more notes like these are left out"));
    }
    Ok(Book { form, entries, notes })
}

fn form_of(text: &str) -> Form {
    if text.trim_start().starts_with(['{', '[']) {
        return Form::Json;
    }
    if text.lines().take(1_000).any(|line| line.starts_with("apiVersion:")) {
        return Form::Backstage;
    }
    if omb::is_one(text) { Form::Omb } else { Form::Csv }
}

/// The entries of a file while it is read.
struct Draft<'f> {
    file: &'f str,
    entries: Vec<Declared>,
    /// Ids that are taken, and how many entries had each for a name.
    ids: BTreeMap<String, usize>,
    notes: Vec<String>,
    more: usize,
    /// Whether entries were left out.
    is_cut: bool,
}

impl<'f> Draft<'f> {
    fn new(file: &'f str) -> Self {
        Self { file, entries: Vec::new(), ids: BTreeMap::new(), is_cut: false, notes: Vec::new(), more: 0 }
    }

    /// Whether no more entries are taken.
    fn is_full(&self) -> bool {
        self.entries.len() >= MAX_ENTRIES
    }

    fn note(&mut self, note: impl fmt::Display) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(note.to_string());
        } else {
            self.more += 1;
        }
    }

    /// Adds what stands at a place; `at` is how people call that place.
    fn add(&mut self, raw: Raw, at: &str, line: Option<u32>, locator: Option<String>) {
        if self.is_full() {
            if !std::mem::replace(&mut self.is_cut, true) {
                self.note(format!("{at}: no more than {MAX_ENTRIES} entries are read of one file"));
            }
            return;
        }
        let place = match locator {
            Some(locator) => Place::locator(format!("{} {locator}", self.file)),
            None => Place { target: None, path: Some(self.file.to_owned()), line, locator },
        };
        let (has_id, cut) = (!raw.id.trim().is_empty(), raw.is_long());
        let mut entry = match raw.declared(place) {
            Ok(entry) => entry,
            Err(why) => return self.note(format!("{at}: {why}")),
        };
        if cut {
            self.note(format!("{at}: a text is longer than is kept, and was cut"));
        }
        let before = self.ids.get(&entry.id).copied();
        match before {
            None => {}
            Some(_) if has_id => {
                let id = &entry.id;
                return self.note(format!("{at}: the id `{id}` was given before; the first entry is kept"));
            }
            // Two rows of one name and no id: the second one is another system, as far as anybody can tell.
            Some(before) => {
                let mut number = before + 1;
                while self.ids.contains_key(&format!("{}#{number}", entry.id)) {
                    number += 1;
                }
                self.ids.insert(entry.id.clone(), number);
                entry.id = format!("{}#{number}", entry.id);
            }
        }
        self.ids.insert(entry.id.clone(), 1);
        self.entries.push(entry);
    }
}
