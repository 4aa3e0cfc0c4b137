//! What a team may want to hear.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a notice is about, in the order in which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wanted {
    /// A system is new, and agentic.
    NewAgentic,
    /// The verdict on a system is nearer to agentic than it was.
    VerdictRaised,
    /// The highest level that a system may have is higher than it was.
    LevelRaised,
    /// Fewer people are asked before a system acts, or it cannot be seen any more that they are.
    GateLost,
    /// A system has a tool that may change something, and had not.
    ToolGained,
    /// A system acts under an identity that it did not have, or that may do more than it could.
    PrivilegeRaised,
    /// A system is new, and whether it is agentic is undetermined.
    NewUndetermined,
    /// A system was gone, and is there again.
    Returned,
    /// A system is gone, and what it was in was scanned wholly.
    Missing,
    /// Less is seen of a target than before.
    CoverageLost,
    /// A scan failed.
    RunFailed,
}

impl Wanted {
    /// What a channel is told that does not say what it wants.
    pub(super) fn by_default() -> BTreeSet<Self> {
        [Self::NewAgentic, Self::VerdictRaised, Self::LevelRaised, Self::GateLost, Self::CoverageLost].into()
    }

    /// As it is written in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NewAgentic => "new-agentic",
            Self::VerdictRaised => "verdict-raised",
            Self::LevelRaised => "level-raised",
            Self::GateLost => "gate-lost",
            Self::ToolGained => "tool-gained",
            Self::PrivilegeRaised => "privilege-raised",
            Self::NewUndetermined => "new-undetermined",
            Self::Returned => "returned",
            Self::Missing => "missing",
            Self::CoverageLost => "coverage-lost",
            Self::RunFailed => "run-failed",
        }
    }

    /// As people read it, after a number: `3 x gate lost`.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::NewAgentic => "new agentic system",
            Self::VerdictRaised => "verdict raised",
            Self::LevelRaised => "level raised",
            Self::GateLost => "gate lost",
            Self::ToolGained => "tool gained",
            Self::PrivilegeRaised => "privilege raised",
            Self::NewUndetermined => "new system, undetermined",
            Self::Returned => "system returned",
            Self::Missing => "system missing",
            Self::CoverageLost => "coverage lost",
            Self::RunFailed => "scan failed",
        }
    }
}
