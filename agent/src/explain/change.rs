//! What would change a verdict: the fewest answers that would have to be others, found by asking the test itself.

use asmm_model::autonomy::{Basis, Decision, Ternary, decide};
use asmm_model::{Answer, Criteria, Criterion, Verdict};

/// The answers that decide.
const DECISIVE: [Criterion; 4] = [Criterion::C1, Criterion::C2, Criterion::C3, Criterion::C4];

/// Some answers that are other than they are, and what the test would decide then.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The other answers: whether each is `yes`.
    pub(super) answers: Vec<(Criterion, bool)>,
    /// What they come to.
    pub(super) decision: Decision,
}

impl Change {
    /// The answers of a system with some of them replaced.
    pub(super) fn of(criteria: &Criteria, answers: Vec<(Criterion, bool)>) -> Self {
        let mut changed = criteria.clone();
        for (criterion, yes) in &answers {
            changed[*criterion] = definite(*yes);
        }
        Self { answers, decision: decide(&changed) }
    }
}

fn definite(yes: bool) -> Answer {
    let basis = Basis { confidence: 1.0, conflicting: false, evidence: Vec::new(), more: 0 };
    if yes { Answer::Yes(basis) } else { Answer::No(basis) }
}

/// The fewest other answers that each lead to another definite verdict: where the verdict is open, answers to open
/// questions; otherwise the opposite of any.
pub(super) fn changes(criteria: &Criteria) -> Vec<Change> {
    let now = decide(criteria).verdict;
    let mut found: Vec<Change> = Vec::new();
    let choices: Vec<Vec<(Criterion, bool)>> = DECISIVE
        .into_iter()
        .map(|criterion| match criteria[criterion].ternary() {
            Ternary::Unknown => vec![(criterion, true), (criterion, false)],
            _ if now == Verdict::Undetermined => Vec::new(),
            known => vec![(criterion, known == Ternary::No)],
        })
        .collect();
    for answers in combinations(&choices) {
        let is_more_than_needed =
            |change: &Change| change.answers.iter().all(|answer| answers.contains(answer));
        if answers.is_empty() || found.iter().any(is_more_than_needed) {
            continue;
        }
        let change = Change::of(criteria, answers);
        if !matches!(change.decision.verdict, Verdict::Undetermined) && change.decision.verdict != now {
            found.push(change);
        }
    }
    found
}

/// All ways of taking at most one of each, those that take fewest first.
fn combinations(choices: &[Vec<(Criterion, bool)>]) -> Vec<Vec<(Criterion, bool)>> {
    let mut all: Vec<Vec<(Criterion, bool)>> = vec![Vec::new()];
    for choice in choices {
        let more: Vec<_> = all
            .iter()
            .flat_map(|taken| choice.iter().map(|one| [taken.as_slice(), &[*one]].concat()))
            .collect();
        all.extend(more);
    }
    all.sort_by_key(|answers| (answers.len(), answers.clone()));
    all
}

/// The single answers that would leave the verdict and change the level.
pub(super) fn levels(criteria: &Criteria) -> Vec<Change> {
    let now = decide(criteria);
    let opposite = |criterion: Criterion| match criteria[criterion].ternary() {
        Ternary::Yes => vec![false],
        Ternary::No => vec![true],
        Ternary::Unknown => vec![true, false],
    };
    Criterion::ALL
        .into_iter()
        .flat_map(|criterion| opposite(criterion).into_iter().map(move |yes| (criterion, yes)))
        .map(|answer| Change::of(criteria, vec![answer]))
        .filter(|change| change.decision.verdict == now.verdict && change.decision.level != now.level)
        .collect()
}

#[cfg(test)]
mod tests {
    use asmm_model::autonomy::Open;

    use super::*;

    /// Answers as letters: `y`, `n` or `?` for C1 to C4; all others are no.
    fn criteria(answers: &str) -> Criteria {
        let mut criteria = Criteria::from_fn(|_| definite(false));
        for (criterion, letter) in DECISIVE.into_iter().zip(answers.chars()) {
            criteria[criterion] =
                if letter == '?' { Answer::Unknown(Open::default()) } else { definite(letter == 'y') };
        }
        criteria
    }

    fn told(changes: Vec<Change>) -> Vec<String> {
        let one = |(criterion, yes): &(Criterion, bool)| {
            format!("{}{}", criterion.id(), if *yes { "+" } else { "-" })
        };
        changes
            .into_iter()
            .map(|change| {
                let answers: Vec<String> = change.answers.iter().map(one).collect();
                format!("{} {}", answers.join(" "), change.decision.verdict.name())
            })
            .collect()
    }

    #[test]
    fn the_fewest_other_answers_change_a_verdict() {
        let table: [(&str, &[&str]); 7] = [
            ("yyyy", &["C1- not_agentic", "C3- not_agentic", "C2- C4- not_agentic"]),
            ("yyyn", &["C1- not_agentic", "C2- not_agentic", "C3- not_agentic"]),
            ("ynyn", &["C2+ agentic", "C4+ agentic"]),
            ("nnnn", &["C1+ C2+ C3+ agentic", "C1+ C3+ C4+ agentic"]),
            ("yyny", &["C3+ agentic"]),
            ("yy??", &["C3- not_agentic", "C3+ agentic"]),
            ("?y??", &["C1- not_agentic", "C3- not_agentic", "C1+ C3+ agentic"]),
        ];
        for (answers, expected) in table {
            assert_eq!(told(changes(&criteria(answers))), expected, "{answers}");
        }
    }

    #[test]
    fn whatever_is_said_to_change_a_verdict_does() {
        let letters = ['y', 'n', '?'];
        for n in 0..81_usize {
            let answers: String = [1, 3, 9, 27].map(|place| letters[n / place % 3]).into_iter().collect();
            let criteria = criteria(&answers);
            let (now, changes) = (decide(&criteria).verdict, changes(&criteria));
            assert!(!changes.is_empty(), "{answers}: every verdict can be changed");
            assert!(changes.iter().all(|change| change.decision.verdict != now), "{answers}");
            for change in changes {
                for left_out in 0..change.answers.len() {
                    let mut fewer = change.answers.clone();
                    fewer.remove(left_out);
                    let fewer = Change::of(&criteria, fewer).decision.verdict;
                    assert_ne!(fewer, change.decision.verdict, "{answers}: {change:?} asks for too much");
                }
            }
        }
    }

    #[test]
    fn single_answers_change_the_level() {
        let mut agentic = criteria("yyyy");
        agentic[Criterion::C5] = definite(true);
        let told: Vec<(String, String)> = levels(&agentic)
            .into_iter()
            .map(|change| (format!("{:?}", change.answers), change.decision.level[1].to_string()))
            .collect();
        let expected = [("C4, false", "L2"), ("C5, false", "L3"), ("C9, true", "L5"), ("C10, true", "L5")];
        assert_eq!(told, expected.map(|(answer, level)| (format!("[({answer})]"), level.to_owned())));
    }
}
