//! A known register: what an organisation has declared, held against what was seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Place, Reason, SystemId, Verdict};

/// What stage of its life a system is declared to be in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// Not in use yet.
    Planned,
    /// In use, also on trial.
    Active,
    /// Not in use any more.
    Retired,
    /// The register does not say.
    #[default]
    Unknown,
}

impl Lifecycle {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Unknown => "unknown",
        }
    }
}

/// What kind of thing an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// The id that a system has in a store or an inventory of Muster.
    System,
    /// A repository: `HOST/OWNER/NAME` in lower case; with `#PATH` where it names a folder.
    Repository,
    /// An image: `REGISTRY/NAME`, without tag and digest.
    Image,
    /// An object of a cloud: its ARN.
    Arn,
    /// A resource: `k8s/NAMESPACE/KIND/NAME` or `aws/TYPE/NAME`, with `-` where something is not said.
    Resource,
    /// A host or an address. Kept to be shown: nothing that is scanned is known by it.
    Host,
}

impl MarkKind {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Repository => "repository",
            Self::Image => "image",
            Self::Arn => "ARN",
            Self::Resource => "resource",
            Self::Host => "host",
        }
    }
}

/// Something by which what is declared can be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// What it names.
    pub kind: MarkKind,
    /// Which, in the form of its kind.
    pub value: String,
}

/// What a register says that was written down elsewhere about a system, as its words have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    /// Classes of the data that it handles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Who approved what it may do on its own, when, or in which record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// Who provides its models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The agreement with that provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
}

impl Records {
    /// Whether a text is a record, and does not say that there is none yet.
    pub fn is_one(text: &str) -> bool {
        const NONE: [&str; 17] = [
            "",
            "false",
            "in progress",
            "missing",
            "n",
            "n/a",
            "na",
            "no",
            "none",
            "not approved",
            "not yet",
            "open",
            "pending",
            "requested",
            "tbd",
            "to do",
            "unknown",
        ];
        let word = text.trim().trim_matches(['-', '–', '—', '.', '?']).trim().to_lowercase();
        !NONE.contains(&word.as_str())
    }
}

/// One entry of a known register: a system that somebody declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Declared {
    /// What the register calls it by; its name where the register gives no id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The file and the line of the entry.
    pub place: Place,
    /// Who answers for it, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// In which stage of its life it is declared to be.
    pub lifecycle: Lifecycle,
    /// Whether it is declared to be agentic; absent where the register does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agentic: Option<bool>,
    /// What is written down elsewhere.
    #[serde(default, flatten)]
    pub records: Records,
    /// By what it can be found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// Who says that an entry is a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MatchedBy {
    /// The rules of matching.
    Rules,
    /// A person, who decided it.
    Person,
}

/// A system that a register speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Sighted {
    /// Its id.
    pub system: SystemId,
    /// What it is called.
    pub name: String,
    /// What the Autonomy Test decides about it.
    pub verdict: Verdict,
    /// Why it is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
}

/// An entry that was seen: as one system or as several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recognised {
    /// The entry.
    pub declared: Declared,
    /// The systems that it is. Another entry may be the same.
    pub systems: Vec<Sighted>,
    /// Who says so.
    pub by: MatchedBy,
    /// What a reader should know of it, a sentence each without a full stop: that it is declared as retired, or that the declared and
    /// the seen differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Why nothing was seen of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhyUnseen {
    /// Where it should be was looked at wholly, and it is not there.
    NotThere,
    /// Where it should be was looked at in part, or with gaps: it could not be seen whether it is there.
    Gaps,
    /// Where it should be was not scanned, as far as targets tell.
    NotScanned,
    /// It names no repository, image or resource, and nothing that was seen has its name.
    NoPlace,
    /// Where it should be there are only systems that other entries are, or that a person said it is not.
    Others,
}

impl WhyUnseen {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotThere => "not-there",
            Self::Gaps => "gaps",
            Self::NotScanned => "not-scanned",
            Self::NoPlace => "no-place",
            Self::Others => "others",
        }
    }

    /// What it means, as a sentence without a full stop.
    pub fn says(self) -> &'static str {
        match self {
            Self::NotThere => "its place was scanned wholly, and it is not there",
            Self::Gaps => "could not see: its place was scanned in part or with gaps",
            Self::NotScanned => "could not see: no target of the scan is known to be its place",
            Self::NoPlace => "could not see: it names no place, and nothing seen has its name",
            Self::Others => "in its place are only systems that are not this entry",
        }
    }
}

/// An entry of which nothing was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unseen {
    /// The entry.
    pub declared: Declared,
    /// Why.
    pub why: WhyUnseen,
}

/// An entry that may be one of some systems. Nothing is decided: a person says which, if any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The entry.
    pub declared: Declared,
    /// What it may be, ten at most.
    pub systems: Vec<Sighted>,
    /// How many more systems it may be.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What was declared, held against what was seen. Each entry is in one of `seen`, `unseen` and `questions`; each system in one of `seen`,
/// `shadow` and `questions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    /// Declared, and seen.
    pub seen: Vec<Recognised>,
    /// Seen, and not declared.
    pub shadow: Vec<Sighted>,
    /// Declared, and not seen.
    pub unseen: Vec<Unseen>,
    /// What may be declared: a person has to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// What of the register could not be read, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
