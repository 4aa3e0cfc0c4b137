//! Evidence into answers: the strongest of each class counts, and classes add up by noisy-or.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Basis, Missing, Open};
use crate::{Evidence, EvidenceClass, Supports};

/// Support from which an answer can be given.
pub const ENOUGH: f64 = 0.60;
/// How far the winner must be ahead.
pub const AHEAD: f64 = 0.30;
/// Support for both sides from which evidence is in conflict.
const CONFLICT: f64 = 0.30;
/// What anybody may say about himself counts no more than this.
const CLAIM: f64 = 0.30;
/// Keeps a threshold that is met on paper from being missed in binary.
const ROUNDING: f64 = 1e-9;
/// Pieces of evidence that an answer lists.
const LISTED: usize = 25;

/// How strongly evidence supports each answer, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// For `yes`.
    pub yes: f64,
    /// For `no`.
    pub no: f64,
}

/// The weight that a piece of evidence really carries.
fn weight(evidence: &Evidence) -> f64 {
    // Adding zero turns a negative zero, which would sort and print differently, into a plain one.
    let weight = evidence.weight.filter(|w| w.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0) + 0.0;
    match (evidence.class, evidence.supports) {
        (_, None) | (None | Some(EvidenceClass::Claim), Some(Supports::No)) => 0.0,
        (None | Some(EvidenceClass::Claim), Some(Supports::Yes)) => weight.min(CLAIM),
        _ => weight,
    }
}

/// `S = 1 − Π(1 − w)` over the strongest weight of each class, for both answers.
pub fn support(evidence: &[Evidence]) -> Support {
    let mut strongest: BTreeMap<(Supports, EvidenceClass), f64> = BTreeMap::new();
    for piece in evidence {
        let Some(supports) = piece.supports else { continue };
        let class = piece.class.unwrap_or(EvidenceClass::Claim);
        let best = strongest.entry((supports, class)).or_insert(0.0);
        *best = best.max(weight(piece));
    }
    let side = |side: Supports| {
        1.0 - strongest.iter().filter(|((s, _), _)| *s == side).map(|(_, w)| 1.0 - w).product::<f64>()
    };
    Support { yes: side(Supports::Yes), no: side(Supports::No) }
}

/// Answers one question from everything that speaks for or against it; `missing` says what would settle it if that is
/// not enough. The weights in the answer are those that counted: claims are capped, and what is not a weight is 0.
pub fn combine(mut evidence: Vec<Evidence>, mut missing: Vec<Missing>) -> Answer {
    for piece in &mut evidence {
        // Otherwise loud claims would head the list, and the numbers in it would not add up to the confidence.
        piece.weight = piece.weight.map(|_| weight(piece));
    }
    evidence.sort_by(Evidence::order);
    evidence.dedup();
    let Support { yes, no } = support(&evidence);
    let conflicting = yes >= CONFLICT - ROUNDING && no >= CONFLICT - ROUNDING;
    let (evidence, more) = listed(evidence);
    let basis = |winner: f64, loser: f64, evidence| Basis {
        confidence: rounded(winner * (1.0 - loser)),
        conflicting,
        evidence,
        more,
    };
    let wins = |winner: f64, loser: f64| winner >= ENOUGH - ROUNDING && winner - loser >= AHEAD - ROUNDING;
    if wins(yes, no) {
        Answer::Yes(basis(yes, no, evidence))
    } else if wins(no, yes) {
        Answer::No(basis(no, yes, evidence))
    } else {
        missing.sort();
        missing.dedup();
        Answer::Unknown(Open { conflicting, evidence, more, missing })
    }
}

/// Three decimals: more would suggest a measurement.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The strongest evidence, with at least one piece of every side and class that counted: two sides of eleven classes
/// always find room.
fn listed(evidence: Vec<Evidence>) -> (Vec<Evidence>, u64) {
    let more = evidence.len().saturating_sub(LISTED);
    if more == 0 {
        return (evidence, 0);
    }
    let mut kinds = BTreeSet::new();
    let (mut kept, rest): (Vec<_>, Vec<_>) = evidence.into_iter().partition(|piece| {
        let class = piece.class.unwrap_or(EvidenceClass::Claim);
        weight(piece) > 0.0 && kinds.insert((piece.supports, class))
    });
    let room = LISTED.saturating_sub(kept.len());
    kept.extend(rest.into_iter().take(room));
    kept.sort_by(Evidence::order);
    (kept, more as u64)
}
