//! Triggers: what starts a system when no person does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, Place};

/// What kind of start it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// A clock.
    Schedule,
    /// A call from another system over HTTP.
    Webhook,
    /// A message in a queue or stream.
    Queue,
    /// An event of a platform: an issue comment, a push, an upload.
    Event,
    /// A loop that watches and acts.
    Watch,
    /// A person: a command line, a request handler, a chat window.
    Manual,
}

impl TriggerKind {
    /// Whether it starts without a person's turn.
    pub fn self_starting(self) -> bool {
        self != Self::Manual
    }

    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Queue => "queue",
            Self::Event => "event",
            Self::Watch => "watch",
            Self::Manual => "manual",
        }
    }
}

/// One way in which a system starts, bound to the entry point that it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trigger {
    /// What kind of start it is.
    pub kind: TriggerKind,
    /// Cron expression, queue, event name; empty when the code does not say.
    pub value: String,
    /// Where it is declared.
    #[serde(flatten)]
    pub place: Place,
    /// The entry point it runs, as far as that could be followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// The declaration and the edge to the entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}
