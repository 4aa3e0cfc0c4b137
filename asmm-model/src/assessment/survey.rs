//! What the store and people add to what a scan sees: decisions about one system, and the state of the whole program.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fraction, SourceKind};
use crate::Verdict;

/// How far the review of a system has come.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionState {
    /// Nobody has decided yet, or something that matters is otherwise than it was decided.
    #[default]
    NeedsReview,
    /// Somebody looks at it.
    InReview,
    /// It is what it is said to be.
    Confirmed,
    /// It is none of the systems that are meant.
    Rejected,
    /// It is decided later.
    Deferred,
    /// It is gone.
    Retired,
}

impl DecisionState {
    /// Whether a person has said what it is. That it is decided later is no such decision.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Confirmed | Self::Rejected | Self::Retired)
    }

    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedsReview => "needs-review",
            Self::InReview => "in-review",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Retired => "retired",
        }
    }
}

/// What people decided about one system, and what the store knows of it. `None` is everywhere "not known".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The target that it is in, where the system itself does not name it.
    pub target: Option<String>,
    /// How far its review has come.
    pub state: DecisionState,
    /// Who made the decision that holds.
    pub decided_by: Option<String>,
    /// When the decision that holds was made.
    pub decided_at: Option<Timestamp>,
    /// Whether it was made for many systems together.
    pub in_bulk: bool,
    /// The verdict that a person gave, where one did.
    pub verdict: Option<Verdict>,
    /// Whether a person said that it is in the scope of the assessment; what nobody spoke about is in.
    pub in_scope: Option<bool>,
    /// Who answers for it, where anybody is named.
    pub owner: Option<String>,
    /// Whether a person confirmed that owner.
    pub owner_confirmed: bool,
    /// When a scan saw it first.
    pub first_seen: Option<Timestamp>,
    /// When a person decided about it first, whatever holds now.
    pub first_decided_at: Option<Timestamp>,
    /// Whether the declared register holds it; `None` where there is no register, or where it is an open question.
    pub declared: Option<bool>,
    /// Whether the approval of its autonomy is on record; `None` where no such record is kept.
    pub approval: Option<bool>,
    /// Whether its purpose is on record; `None` where no such record is kept. What a repository claims is no record.
    pub purpose: Option<bool>,
    /// Whether the classes of the data that it handles are on record; `None` where no such record is kept.
    pub data_classes: Option<bool>,
}

impl Known {
    /// Whether it is in the scope of the assessment: neither rejected nor retired, and nobody said that it is out.
    pub fn is_in_scope(&self) -> bool {
        !matches!(self.state, DecisionState::Rejected | DecisionState::Retired)
            && self.in_scope != Some(false)
    }
}

/// How the last scan of a source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceStatus {
    /// Everything that it was meant to show was seen.
    Ok,
    /// Some of it was hidden.
    Partial,
    /// Nothing was seen.
    Failed,
    /// It was declared and never scanned.
    Never,
}

/// One source that was declared to be scanned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The target, as given.
    pub name: String,
    /// Of what type it is.
    pub kind: SourceKind,
    /// How its last scan ended.
    pub status: SourceStatus,
    /// When its last scan began.
    pub at: Option<Timestamp>,
    /// When the last scan began that saw all of it.
    pub last_success: Option<Timestamp>,
}

/// The state of the whole program, beside its systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The time that ages are told by.
    pub now: Timestamp,
    /// The declared sources, in any order.
    pub sources: Vec<Source>,
    /// Hours for which a scan of a source is fresh.
    pub fresh_hours: u32,
    /// Scheduled scans that finished.
    pub scheduled_scans: u64,
    /// Whether a register was declared.
    pub register: bool,
    /// Providers with which an agreement is on record, as the inventory names them; `None` where no such record is kept.
    pub agreements: Option<BTreeSet<String>>,
    /// The scans that the facts are from.
    pub scan_ids: Vec<String>,
    /// Tool and version.
    pub tool: String,
}

impl Survey {
    /// Whether all of a source was seen inside the window, also where a later scan was hidden in part or failed.
    pub fn is_fresh(&self, source: &Source) -> bool {
        let window = i64::from(self.fresh_hours).saturating_mul(3600);
        let age = |then: Timestamp| self.now.as_second().saturating_sub(then.as_second());
        source.last_success.is_some_and(|then| age(then) <= window)
    }

    /// The share of the sources of one type that is fresh; `None` where none of them is declared.
    pub fn coverage_of(&self, kind: SourceKind) -> Option<Fraction> {
        let of_kind = self.sources.iter().filter(|source| source.kind == kind);
        let (fresh, all) = of_kind
            .fold((0_u64, 0_u64), |(fresh, all), source| (fresh + u64::from(self.is_fresh(source)), all + 1));
        Fraction::share(fresh, all)
    }

    /// When facts from these types of sources were observed: the age of the oldest scan among them, `None` where there is none.
    pub fn observed_at(&self, kinds: &[SourceKind]) -> Option<Timestamp> {
        let of_kinds = self.sources.iter().filter(|source| kinds.contains(&source.kind));
        of_kinds.filter_map(|source| source.last_success).min()
    }
}
