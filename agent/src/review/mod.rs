//! The review of systems: what people may decide of one, what each decision asks for, and what has to be decided again.
//!
//! What became of a system in scans and what was decided of it are two things, and a scan never decides: all that it may do is to open a
//! decision again. Pure: who asks, when, and what is known of the system is given.

mod act;
mod fingerprint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use asmm_model::autonomy::{Basis, Decision, Open, Ternary, decide};
use asmm_model::{Answer, Criteria, Criterion, System, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use act::{Act, Owned, Refused, Subject, act, needs_second, reopened};
pub(crate) use fingerprint::Fingerprint;

/// How far the review of a system has come.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
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

impl Standing {
    pub(crate) const ALL: [Self; 6] =
        [Self::NeedsReview, Self::InReview, Self::Confirmed, Self::Rejected, Self::Deferred, Self::Retired];

    /// The name that is kept and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NeedsReview => "needs-review",
            Self::InReview => "in-review",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
            Self::Retired => "retired",
        }
    }

    /// Whether something is decided, and nobody has to look at it.
    pub(crate) fn is_decided(self) -> bool {
        !matches!(self, Self::NeedsReview | Self::InReview)
    }

    /// The standing of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Why a system is none of those that are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rejection {
    /// There is no AI in it.
    NotAi,
    /// What was found does not mean what it was taken for.
    FalsePositive,
    /// It is there to test or to show something.
    TestOrSample,
    /// It is the system with this id.
    DuplicateOf(String),
    /// It is outside of what is assessed.
    OutOfScope,
}

impl Rejection {
    /// The name that is shown.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NotAi => "not-ai",
            Self::FalsePositive => "false-positive",
            Self::TestOrSample => "test-or-sample",
            Self::DuplicateOf(_) => "duplicate-of",
            Self::OutOfScope => "out-of-scope",
        }
    }

    /// Whether it may hold for good: what is a sample today, or outside today, need not be so in a year.
    fn ends(&self) -> bool {
        matches!(self, Self::TestOrSample | Self::OutOfScope)
    }
}

/// What a person says of a criterion instead of what the evidence says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Correction {
    /// Whether the answer is yes.
    pub(crate) answer: bool,
    /// Why.
    pub(crate) reason: String,
    /// Who says so.
    pub(crate) by: String,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
}

/// A rejection that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Proposed {
    /// As what it is to be rejected.
    pub(crate) rejection: Rejection,
    /// Why.
    pub(crate) reason: String,
    /// The day from which it does not hold any more, if there is one.
    #[schemars(extend("format" = "date"))]
    pub(crate) until: Option<String>,
    /// Who proposed it.
    pub(crate) by: String,
}

/// What is decided of a system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Review {
    /// How far it has come.
    pub(crate) standing: Standing,
    /// Who looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assignee: Option<String>,
    /// Who answers for the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Owned>,
    /// The verdict that a person confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verdict: Option<Verdict>,
    /// Whether it belongs to what is assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) in_scope: Option<bool>,
    /// Criteria that a person answered otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) corrections: BTreeMap<Criterion, Correction>,
    /// As what it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rejection: Option<Rejection>,
    /// A rejection that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proposed: Option<Proposed>,
    /// Why, in the words of who decided last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// The day from which a rejection or a deferral does not hold any more, `2027-05-26`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub(crate) until: Option<String>,
    /// Who decided last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) by: String,
    /// When that was, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// What the system was when it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Why it has to be decided again, where it was decided before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reopened: Vec<String>,
    /// The decision that held before it was opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Box<Self>>,
}

/// Gives a system the answers that people corrected, and what the Autonomy Test decides by them.
pub(crate) fn put_right(system: &mut System, corrections: &BTreeMap<Criterion, Correction>) {
    if corrections.is_empty() {
        return;
    }
    let decision = corrected(&system.criteria, corrections);
    system.criteria = Criteria::from_fn(|criterion| match corrections.get(&criterion) {
        Some(correction) => sure(correction.answer),
        None => system.criteria[criterion].clone(),
    });
    (system.verdict, system.level) = (decision.verdict, decision.level);
    system.confidence = decision.confidence;
}

/// What a person says: they are sure of it.
fn sure(yes: bool) -> Answer {
    let basis = Basis { confidence: 1.0, conflicting: false, evidence: Vec::new(), more: 0 };
    if yes { Answer::Yes(basis) } else { Answer::No(basis) }
}

/// The Autonomy Test on answers of which a person corrected some.
pub(crate) fn corrected(criteria: &Criteria, corrections: &BTreeMap<Criterion, Correction>) -> Decision {
    let answers = Criteria::from_fn(|criterion| {
        let said = corrections.get(&criterion).map(|correction| correction.answer);
        let is = said.map_or_else(
            || criteria[criterion].ternary(),
            |yes| if yes { Ternary::Yes } else { Ternary::No },
        );
        // A person who says so is sure of it; what was found is as sure as it was.
        let confidence = said.map_or_else(|| criteria[criterion].confidence().unwrap_or(0.0), |_| 1.0);
        let basis = Basis { confidence, conflicting: false, evidence: Vec::new(), more: 0 };
        match is {
            Ternary::Yes => Answer::Yes(basis),
            Ternary::No => Answer::No(basis),
            Ternary::Unknown => {
                let missing = criteria[criterion].missing().to_vec();
                Answer::Unknown(Open { missing, ..Open::default() })
            }
        }
    });
    decide(&answers)
}
