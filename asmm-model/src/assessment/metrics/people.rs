//! Metrics of what people decided: owners, reviews, declarations, approvals, and how long they waited.

use super::{Finding, Measure, Seen, listed};
use crate::assessment::{AgenticScope, DecisionState, Fraction, Survey};
use crate::{SystemId, Verdict};

/// Metrics that say how many of their decisions were made for many systems together.
pub(super) const IN_BULK: [&str; 3] = ["M01", "M02", "M21"];

/// M01: the owner is confirmed by a person.
pub(super) fn owner<'s>(seen: &Seen<'s>) -> Finding<'s> {
    Finding::of(seen.known.owner_confirmed, [])
}

/// M02: of what a scan flagged, what a person decided. What is gone needs no decision.
pub(super) fn reviewed<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.system.is_flagged() || seen.known.state == DecisionState::Retired {
        return Finding::none();
    }
    Finding::of(seen.known.state.is_decided(), [])
}

/// M03: not in the declared register.
pub(super) fn undeclared<'s>(seen: &Seen<'s>) -> Finding<'s> {
    Finding::if_told(seen.known.declared.map(|declared| !declared))
}

/// M04: purpose and classes of data are both on record.
pub(super) fn purpose<'s>(seen: &Seen<'s>) -> Finding<'s> {
    Finding::if_told(match (seen.known.purpose, seen.known.data_classes) {
        (Some(true), Some(true)) => Some(true),
        (Some(false), _) | (_, Some(false)) => Some(false),
        _ => None,
    })
}

/// M21: a person confirmed the verdict.
pub(super) fn confirmed<'s>(seen: &Seen<'s>) -> Finding<'s> {
    Finding::of(seen.known.state == DecisionState::Confirmed, [])
}

/// Confirmed systems of L3 or above without a record of approval.
pub(super) fn unapproved_autonomy<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if seen.known.state != DecisionState::Confirmed {
        return Finding::none();
    }
    from_level(seen, 3, seen.known.approval.map(|approved| !approved))
}

/// Systems of L2 or above with a record of approval.
pub(super) fn approved_autonomy<'s>(seen: &Seen<'s>) -> Finding<'s> {
    from_level(seen, 2, seen.known.approval)
}

/// Of what certainly has a level, what is told; what only may have it could not be told.
fn from_level<'s>(seen: &Seen<'s>, level: u8, told: Option<bool>) -> Finding<'s> {
    let [low, high] = seen.system.level;
    match (low.0 >= level, high.0 >= level) {
        (true, _) => Finding::if_told(told),
        (false, true) if seen.known.approval != Some(true) => Finding::unknown(),
        _ => Finding::none(),
    }
}

/// Confidence in thousandths; what is no share of one is none.
pub(super) fn thousandths(confidence: Option<f64>) -> Option<u16> {
    let confidence = confidence.filter(|share| (0.0..=1.0).contains(share))?;
    // Between 0 and 1000, so that nothing is cut off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked above")]
    let thousandths = (confidence * 1000.0).round() as u16;
    Some(thousandths)
}

/// How long systems waited for the first decision of a person.
#[derive(Default)]
pub(super) struct Waits {
    seconds: Vec<i64>,
    decided: Vec<u32>,
    waiting: Vec<u32>,
}

impl Waits {
    pub(super) fn add(&mut self, number: u32, seen: &Seen<'_>) {
        let known = seen.known;
        match known.first_seen.zip(known.first_decided_at) {
            Some((seen, decided)) => {
                // A decision that was imported with an older date did not wait.
                self.seconds.push(decided.as_second().saturating_sub(seen.as_second()).max(0));
                self.decided.push(number);
            }
            None if seen.system.is_flagged() && known.is_in_scope() => self.waiting.push(number),
            None => {}
        }
    }

    /// M24: the median, exactly. What still waits has no wait to be told.
    pub(super) fn median(&self, ids: &[SystemId]) -> Measure {
        const DAY: i128 = 86_400;
        let mut seconds = self.seconds.clone();
        seconds.sort_unstable();
        let upper = seconds.get(seconds.len() / 2).copied().map(i128::from);
        let lower =
            seconds.len().checked_sub(1).and_then(|last| seconds.get(last / 2)).copied().map(i128::from);
        Measure {
            num: self.decided.len() as u64,
            known: self.decided.len() as u64,
            unknown: self.waiting.len() as u64,
            days: lower.zip(upper).and_then(|(lower, upper)| Fraction::new(lower + upper, 2 * DAY)),
            counted: listed(ids, &self.decided),
            unclear: listed(ids, &self.waiting),
            ..Measure::default()
        }
    }
}

/// What of the systems in scope was reviewed, as far as it says whether agentic areas apply.
#[derive(Default)]
pub(super) struct Reviewed {
    confirmed_agentic: bool,
    may_be_agentic: bool,
    unreviewed: bool,
}

impl Reviewed {
    pub(super) fn add(&mut self, seen: &Seen<'_>) {
        let is_decided = seen.known.state.is_decided();
        match seen.verdict {
            Verdict::Agentic if is_decided => self.confirmed_agentic = true,
            Verdict::Agentic | Verdict::Undetermined => self.may_be_agentic = true,
            Verdict::NotAgentic | Verdict::NotAi => {}
        }
        self.unreviewed |= !is_decided;
    }

    /// By the table "When agentic areas are in scope" of the working structure. What nobody reviewed is not known not to be agentic.
    pub(super) fn agentic(&self, survey: &Survey) -> AgenticScope {
        let is_scanned = survey.sources.iter().any(|source| source.last_success.is_some());
        if self.confirmed_agentic {
            AgenticScope::InScope
        } else if !is_scanned {
            AgenticScope::Unknown
        } else if self.may_be_agentic {
            AgenticScope::Provisional
        } else if self.unreviewed {
            AgenticScope::Unknown
        } else {
            AgenticScope::NotApplicable
        }
    }
}
