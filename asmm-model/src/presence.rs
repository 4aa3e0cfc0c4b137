//! What is remembered of a system over the scans of one source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SystemId;

/// What became of a system in the last scan of where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It was not there before.
    New,
    /// Something about it that a reviewer has to know is otherwise than before.
    Changed,
    /// It was missing, and is there again.
    Returned,
    /// What it was in was scanned wholly, and it is not there any more.
    Missing,
    /// It was not found, and what it was in was not scanned, or not wholly: nothing is concluded.
    Unseen,
    /// It is as it was.
    Present,
}

impl Presence {
    /// All of them, those with the most to look at first.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Changed, Self::Returned, Self::Missing, Self::Unseen, Self::Present];

    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Returned => "returned",
            Self::Missing => "missing",
            Self::Unseen => "unseen",
            Self::Present => "present",
        }
    }

    /// The presence of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|presence| presence.name() == name)
    }

    /// Whether the scan found it.
    pub fn is_there(self) -> bool {
        !matches!(self, Self::Missing | Self::Unseen)
    }
}

/// What a store remembers of a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remembered {
    /// What became of it in the last scan of where it is.
    pub presence: Presence,
    /// When the scan began that found it first, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub first_seen: String,
    /// When the scan began that found it last, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub last_seen: String,
    /// Other ids that scans gave it: before it was moved, renamed or given tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<SystemId>,
}
