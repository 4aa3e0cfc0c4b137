//! The inventory document: what `muster scan --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Component, Coverage, Identity, Proposal, Register, System};

/// Name and version of the document.
pub const SCHEMA: &str = "muster.inventory/1";

/// One scan: who, when and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// Id of this run.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// Tool and version.
    pub tool: String,
    /// Digest of the rules it used.
    pub rules: String,
    /// What was scanned.
    pub targets: Vec<ScanTarget>,
}

/// One target of a scan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ScanTarget {
    /// As given on the command line.
    pub target: String,
    /// Commit that was scanned, where the target is a git work tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// The inventory of one scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// Name and version of this document.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The run.
    pub scan: Scan,
    /// What was looked at, per target, and what was not.
    pub coverage: Vec<Coverage>,
    /// The AI systems.
    pub systems: Vec<System>,
    /// Components that belong to no system.
    pub components: Vec<Component>,
    /// Keys of AI providers that were found in place, and identities of clouds that may ask models, where they belong to no
    /// system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// Systems that may be one, by keys that are too weak to join them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// What the organisation declared, held against the systems, where a known register was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<Register>,
}

impl Inventory {
    /// The target that a system is in; where there is one only, systems do not name it.
    pub fn target_of<'i>(&'i self, system: &'i System) -> Option<&'i str> {
        let only = || match self.scan.targets.as_slice() {
            [target] => Some(target.target.as_str()),
            _ => None,
        };
        system.target.as_deref().or_else(only)
    }
}
