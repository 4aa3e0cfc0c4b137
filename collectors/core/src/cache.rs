//! What is kept from one scan to the next, so that what has not changed is not worked out again.
//!
//! A cache is never needed: an entry that is lost, or that nobody can read any more, costs time and changes no answer.

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// Everything that was seen of one target.
    Target,
    /// What was seen in each file of one target.
    Files,
    /// What one source file says, wherever it stands.
    Module,
}

impl Kept {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Target, Self::Files, Self::Module];

    /// What it is, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Target => "what was seen of whole targets",
            Self::Files => "what was seen in their files",
            Self::Module => "what source files say, sealed with their content",
        }
    }

    /// What it is called where entries are listed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "targets",
            Self::Files => "files",
            Self::Module => "modules",
        }
    }
}

/// What an entry is found by: a hash of everything that it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName([u8; 32]);

impl EntryName {
    /// The name of what depends on these parts, in this order.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // With its length in front, no part runs into the next one.
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Keeps entries; used by many threads at once.
///
/// What fails in it is its own affair: it gives nothing, and says so to whoever opened it.
pub trait Cache: Send + Sync {
    /// What is kept under each of the names, in their order.
    fn read(&self, kind: Kept, names: &[EntryName]) -> Vec<Option<Vec<u8>>>;

    /// Keeps entries, in the place of those that had their names.
    fn write(&self, kind: Kept, entries: Vec<(EntryName, Vec<u8>)>);
}
