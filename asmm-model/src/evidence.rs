//! Evidence: one reason to believe a claim, and the place where anyone can look it up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a claim can be checked: a line of a file, or a locator for what has no file (an ARN,
/// `cluster/namespace/kind/name#path`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The scanned target, when one scan had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `/`-separated path relative to the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// One-based line; absent when the whole file is the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// Place of something that is not a file, or the part of a file that people look for: `cell 3` of a notebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
}

impl Place {
    /// A line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self { target: None, path: Some(path.into()), line: Some(line), locator: None }
    }

    /// A whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { target: None, path: Some(path.into()), line: None, locator: None }
    }

    /// Something outside any file.
    pub fn locator(locator: impl Into<String>) -> Self {
        Self { target: None, path: None, line: None, locator: Some(locator.into()) }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.path, self.line, &self.locator) {
            (Some(path), Some(line), Some(part)) => write!(f, "{path}:{line} ({part})"),
            (Some(path), Some(line), None) => write!(f, "{path}:{line}"),
            (Some(path), None, _) => f.write_str(path),
            (None, _, Some(locator)) => f.write_str(locator),
            (None, _, None) => f.write_str("."),
        }
    }
}

/// What kind of code a file is, decided from its path and header before any rule looks at it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Code that runs for its users.
    #[default]
    Production,
    /// A library or framework that others build agents with.
    Framework,
    /// Examples, demos, tutorials, notebooks that show how.
    Sample,
    /// Tests and their fixtures.
    Test,
    /// Documentation.
    Docs,
    /// Third-party code kept in the tree.
    Vendored,
    /// Written by a tool.
    Generated,
}

impl Role {
    /// Whether the code is the repository's own and may run: what a register lists as a system.
    pub fn is_own(self) -> bool {
        matches!(self, Self::Production | Self::Framework | Self::Sample)
    }

    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Framework => "framework",
            Self::Sample => "sample",
            Self::Test => "test",
            Self::Docs => "docs",
            Self::Vendored => "vendored",
            Self::Generated => "generated",
        }
    }
}

/// How a piece of evidence was come by. Of several pieces of one class only the strongest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceClass {
    /// Resolved in a syntax tree.
    Ast,
    /// A configuration file of a product.
    Config,
    /// A package manifest or lock file.
    Manifest,
    /// A container image.
    Image,
    /// An environment variable or secret reference.
    Env,
    /// An IAM policy, evaluated.
    Policy,
    /// Kubernetes RBAC.
    Rbac,
    /// A cloud API object.
    Cloud,
    /// A CI workflow.
    Ci,
    /// A complete scan that found nothing.
    Coverage,
    /// What somebody says: comments, READMEs, agent cards. Never answers `no`.
    Claim,
}

/// Which answer the evidence speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Supports {
    /// Speaks for `yes`.
    Yes,
    /// Speaks for `no`.
    No,
}

/// One reason to believe a claim, with the place to look it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The rule that recognised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// For evidence of a criterion: which answer it supports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports: Option<Supports>,
    /// Where to look.
    #[serde(flatten)]
    pub place: Place,
    /// How it was come by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<EvidenceClass>,
    /// For evidence of a criterion: its weight, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub weight: Option<f64>,
    /// Role of the code at that place.
    #[serde(default)]
    pub role: Role,
    /// One sentence for the reader: what was seen there. Never source text, never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Evidence {
    /// Evidence of a component or a credential: a place and nothing more.
    pub fn at(place: Place, role: Role) -> Self {
        Self { rule: None, supports: None, place, class: None, weight: None, role, note: None }
    }

    /// The same evidence, recognised by `rule`.
    #[must_use]
    pub fn by(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// The same evidence, of `class`.
    #[must_use]
    pub fn of(mut self, class: EvidenceClass) -> Self {
        self.class = Some(class);
        self
    }

    /// The same evidence, speaking for an answer with a weight.
    #[must_use]
    pub fn weighing(mut self, supports: Supports, weight: f64) -> Self {
        self.supports = Some(supports);
        self.weight = Some(weight);
        self
    }

    /// The same evidence, with a sentence for the reader.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A total order that does not depend on how the evidence was found: strongest first, then by place.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .weight
            .unwrap_or(0.0)
            .total_cmp(&self.weight.unwrap_or(0.0))
            .then_with(|| self.role.cmp(&other.role))
            .then_with(|| self.supports.cmp(&other.supports))
            .then_with(|| self.class.cmp(&other.class))
            .then_with(|| self.place.cmp(&other.place))
            .then_with(|| self.rule.cmp(&other.rule))
            .then_with(|| self.note.cmp(&other.note))
            // No weight and a weight of zero are equally strong but not the same.
            .then_with(|| other.weight.is_some().cmp(&self.weight.is_some()))
    }
}
