//! Answers into a verdict: agentic = C1 ∧ C3 ∧ (C2 ∨ C4), with level, confidence and review priority.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::combine::rounded;
use super::{Answer, Criteria, Criterion, Missing, Ternary};
use crate::Privilege;

/// What the test decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The model selects actions that change something, and chains them or has one that nobody approves.
    Agentic,
    /// The evidence does not say; a person must.
    Undetermined,
    /// One of the conditions certainly does not hold.
    NotAgentic,
    /// No model is used. Only a person or a register can list such a system.
    NotAi,
}

impl Verdict {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agentic => "agentic",
            Self::Undetermined => "undetermined",
            Self::NotAgentic => "not_agentic",
            Self::NotAi => "not_ai",
        }
    }
}

/// Autonomy level: 0 no agency, 1 read-only, 2 approved actions, 3 bounded autonomy, 4 self-starting, 5 open-ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("maximum" = 5))]
pub struct Level(pub u8);

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "L{}", self.0)
    }
}

impl Level {
    /// What the level means, in two words.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "no agency",
            1 => "read-only",
            2 => "approved actions",
            3 => "bounded autonomy",
            4 => "self-starting",
            _ => "open-ended",
        }
    }

    /// The level that definite answers give; `yes` says whether the answer to a question is `yes`.
    fn of(yes: impl Fn(Criterion) -> bool) -> Self {
        Self(if !yes(Criterion::C1) {
            0
        } else if !yes(Criterion::C3) {
            1
        } else if !yes(Criterion::C4) {
            2
        } else if !yes(Criterion::C5) {
            3
        } else if !yes(Criterion::C9) && !yes(Criterion::C10) {
            4
        } else {
            5
        })
    }
}

/// What ten answers come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Lowest and highest level that the open answers allow.
    pub level: [Level; 2],
    /// Confidence in a definite verdict.
    pub confidence: Option<f64>,
    /// What would settle an open one: the questions that it hangs on, and why each is open.
    pub settles: Vec<Missing>,
}

/// Applies the test.
pub fn decide(criteria: &Criteria) -> Decision {
    use Criterion::{C1, C2, C3, C4};
    let answer = |criterion: Criterion| criteria[criterion].ternary();
    let confidence = |criterion: Criterion| criteria[criterion].confidence().unwrap_or(0.0);
    let bracket = answer(C2).or(answer(C4));
    let agentic = answer(C1).and(answer(C3)).and(bracket);
    let confidence = match agentic {
        Ternary::Unknown => None,
        Ternary::Yes => {
            let either = [C2, C4].into_iter().filter(|c| answer(*c) == Ternary::Yes).map(confidence);
            Some(confidence(C1).min(confidence(C3)).min(either.fold(0.0, f64::max)))
        }
        Ternary::No => {
            let single = [C1, C3].into_iter().filter(|c| answer(*c) == Ternary::No).map(confidence);
            let both = (bracket == Ternary::No).then(|| confidence(C2).min(confidence(C4)));
            Some(single.chain(both).fold(0.0, f64::max))
        }
    };
    Decision {
        verdict: match agentic {
            Ternary::Yes => Verdict::Agentic,
            Ternary::Unknown => Verdict::Undetermined,
            Ternary::No => Verdict::NotAgentic,
        },
        // The level never falls when an answer turns from `no` to `yes`, so the two extremes are the exact bounds.
        level: [Level::of(|c| answer(c) == Ternary::Yes), Level::of(|c| answer(c) != Ternary::No)],
        confidence: confidence.map(rounded),
        settles: if agentic == Ternary::Unknown { settles(criteria, bracket) } else { Vec::new() },
    }
}

/// The open questions that the verdict hangs on. An open C2 does not matter once C4 is `yes`, and the other way round.
fn settles(criteria: &Criteria, bracket: Ternary) -> Vec<Missing> {
    let mut open = vec![Criterion::C1, Criterion::C3];
    if bracket == Ternary::Unknown {
        open.extend([Criterion::C2, Criterion::C4]);
    }
    open.sort_unstable();
    let mut settles = Vec::new();
    for criterion in open {
        if let Answer::Unknown(unknown) = &criteria[criterion] {
            let before = settles.len();
            // A fact about another question may stand beside this one, but does not settle it.
            settles.extend(unknown.missing.iter().filter(|m| m.criterion == criterion).cloned());
            if settles.len() == before {
                settles.push(Missing { criterion, what: criterion.question().to_owned() });
            }
        }
    }
    settles
}

/// What review priority takes into account besides the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// The most that any identity of the system may do.
    pub privilege: Privilege,
    /// Whether somebody is known to own it.
    pub owned: bool,
    /// Whether it can be reached from the internet.
    pub exposed: bool,
}

/// Review priority: higher comes first.
pub fn priority(criteria: &Criteria, decision: &Decision, circumstances: Circumstances) -> u32 {
    let flagged = matches!(decision.verdict, Verdict::Agentic | Verdict::Undetermined);
    let traits = criteria.iter().filter(|(c, a)| *c >= Criterion::C5 && a.ternary() == Ternary::Yes).count();
    let tier = match circumstances.privilege {
        Privilege::None | Privilege::Unknown => 0,
        Privilege::Read => 1,
        Privilege::Write => 2,
        Privilege::Admin => 3,
    };
    let conflicting = criteria.iter().any(|(_, answer)| answer.is_conflicting());
    100 * u32::from(flagged)
        + 15 * u32::from(decision.level[1].0)
        + 5 * u32::try_from(traits).unwrap_or(0)
        + 10 * tier
        + 10 * u32::from(!circumstances.owned)
        + 10 * u32::from(conflicting)
        + 10 * u32::from(circumstances.exposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_needs_every_step_below_it() {
        use Criterion::{C1, C3, C4, C5, C9, C10};
        let table: [(&[Criterion], u8, &str); 10] = [
            (&[], 0, "no agency"),
            (&[C3, C4, C5, C9, C10], 0, "no agency"),
            (&[C1], 1, "read-only"),
            (&[C1, C4, C5, C9, C10], 1, "read-only"),
            (&[C1, C3], 2, "approved actions"),
            (&[C1, C3, C5, C9, C10], 2, "approved actions"),
            (&[C1, C3, C4, C9, C10], 3, "bounded autonomy"),
            (&[C1, C3, C4, C5], 4, "self-starting"),
            (&[C1, C3, C4, C5, C9], 5, "open-ended"),
            (&[C1, C3, C4, C5, C10], 5, "open-ended"),
        ];
        for (yes, level, name) in table {
            let found = Level::of(|criterion| yes.contains(&criterion));
            assert_eq!((found, found.name()), (Level(level), name), "{yes:?}");
        }
        assert_eq!(Level(3).to_string(), "L3");
    }
}
