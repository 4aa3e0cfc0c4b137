//! Whether the areas apply that are of concern only where systems act on their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether agentic areas apply. Section "When agentic areas are in scope" of the working structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgenticScope {
    /// A person confirmed a system in scope as agentic.
    InScope,
    /// Nobody did, and at least one system that may be agentic waits for a review. The areas may be scored, and no rating is final.
    Provisional,
    /// Every system in scope was reviewed, and none is agentic.
    NotApplicable,
    /// Nothing was scanned wholly, or too few systems were reviewed to say. As open as provisional.
    Unknown,
}

impl AgenticScope {
    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::InScope => "in_scope",
            Self::Provisional => "provisional",
            Self::NotApplicable => "not_applicable",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is settled, so that a rating may be final.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::InScope | Self::NotApplicable)
    }
}
