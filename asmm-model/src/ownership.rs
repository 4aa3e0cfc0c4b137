//! Who may own a system, and what it says it is for: suggestions for the one who keeps the register, never answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Criterion, Place};

/// Where a suggested owner stands; what was written to say who owns something comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerSource {
    /// The `owner` of a `.muster.toml`.
    Declared,
    /// The `spec.owner` of a Backstage catalogue file.
    Backstage,
    /// A line of `CODEOWNERS` that matches the system's files.
    Codeowners,
    /// A label or an annotation of what runs, or of its namespace.
    Label,
    /// An author that the package names.
    PackageAuthor,
    /// Somebody with many of the last commits to the system's files; nobody wrote that they own it.
    Committer,
}

impl OwnerSource {
    /// Whether the source is kept to say who answers for something, and not only who wrote it.
    pub fn assigns(self) -> bool {
        matches!(self, Self::Declared | Self::Backstage | Self::Codeowners | Self::Label)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Declared => ".muster.toml",
            Self::Backstage => "Backstage",
            Self::Codeowners => "CODEOWNERS",
            Self::Label => "label",
            Self::PackageAuthor => "package author",
            Self::Committer => "most commits",
        }
    }
}

/// Somebody who may own a system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// Where the suggestion is from.
    pub source: OwnerSource,
    /// A team, a handle or a name, as written; an e-mail address only where nothing else is.
    pub name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}

/// Where a purpose stands; the shorter text comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PurposeSource {
    /// The `purpose` of a `.muster.toml`.
    Declared,
    /// The description of the package.
    Package,
    /// The first paragraph of the README.
    Readme,
}

/// What the repository claims a system is for. Nobody checked it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Purpose {
    /// Where the claim is from.
    pub source: PurposeSource,
    /// The claim, shortened.
    pub text: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}

/// How the repository itself answers a criterion. Whoever can write to it can write this: a person accepts it or not, and until then no
/// answer rests on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Claimed {
    /// Which criterion.
    pub criterion: Criterion,
    /// Whether it says yes.
    pub answer: bool,
    /// Why, in its own words, shortened.
    pub because: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}
