//! The kinds of findings, one rule each.

use serde_json::json;

use super::log::{Configuration, Descriptor, Message};

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    AgenticSystem,
    UndeterminedSystem,
    UnownedSystem,
    UnapprovedTool,
    KeyInPlace,
    AllPowerfulIdentity,
    UnknownPrivilege,
}

impl Rule {
    /// In the order in which the log lists them: results refer to it by number.
    pub(super) const ALL: [Self; 7] = [
        Self::AgenticSystem,
        Self::UndeterminedSystem,
        Self::UnownedSystem,
        Self::UnapprovedTool,
        Self::KeyInPlace,
        Self::AllPowerfulIdentity,
        Self::UnknownPrivilege,
    ];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::AgenticSystem => "agentic-system",
            Self::UndeterminedSystem => "undetermined-system",
            Self::UnownedSystem => "unowned-system",
            Self::UnapprovedTool => "unapproved-tool",
            Self::KeyInPlace => "key-in-place",
            Self::AllPowerfulIdentity => "all-powerful-identity",
            Self::UnknownPrivilege => "unknown-privilege",
        }
    }

    /// Its name as an identifier, what it is in a sentence, and what to do about it.
    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::AgenticSystem => (
                "AgenticSystem",
                "An AI system acts on its own.",
                "Register it, with an owner and the level of autonomy that it may have.",
            ),
            Self::UndeterminedSystem => (
                "UndeterminedSystem",
                "Whether an AI system acts on its own cannot be told from what was scanned.",
                "Find out what would settle it; `muster explain` says what that is.",
            ),
            Self::UnownedSystem => (
                "UnownedSystem",
                "Nothing says who answers for an AI system that acts, or may act, on its own.",
                "Name an owner in CODEOWNERS, in a Backstage catalogue file or by a label.",
            ),
            Self::UnapprovedTool => (
                "UnapprovedTool",
                "A model can call a tool that changes something without a person who approves it.",
                "Ask a person before the tool runs, or bound what it can do.",
            ),
            Self::KeyInPlace => (
                "KeyInPlace",
                "The key of an AI provider stands in a file.",
                "Revoke the key, and read a new one from a secret store.",
            ),
            Self::AllPowerfulIdentity => (
                "AllPowerfulIdentity",
                "An AI system acts under an identity that may do everything.",
                "Give it an identity of its own with the rights that its tools need.",
            ),
            Self::UnknownPrivilege => (
                "UnknownPrivilege",
                "What the identity of an AI system may do could not be seen.",
                "Scan with the permissions to read its policies or roles, or look it up.",
            ),
        }
    }

    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|rule| *rule == self).unwrap_or_default()
    }

    fn level(self) -> &'static str {
        match self {
            Self::AgenticSystem | Self::UnapprovedTool | Self::KeyInPlace | Self::AllPowerfulIdentity => {
                "warning"
            }
            Self::UnownedSystem => "note",
            Self::UndeterminedSystem | Self::UnknownPrivilege => "none",
        }
    }

    pub(super) fn descriptor(self) -> Descriptor {
        let (name, what, help) = self.texts();
        Descriptor {
            id: self.id().to_owned(),
            name: Some(name),
            short_description: Message::ours(what),
            full_description: Some(Message::ours(what)),
            default_configuration: Some(Configuration { level: self.level() }),
            help: Some(Message::ours(help)),
            properties: Some(json!({ "tags": ["ai"] })),
        }
    }
}
