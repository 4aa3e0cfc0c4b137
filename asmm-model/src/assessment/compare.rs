//! What is otherwise between two seeds, so that the scores of areas whose evidence changed can be marked.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::{AgenticScope, Seed, SeedArea, SeedEvidence};

/// What is otherwise between an older seed and a newer one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeedChange {
    /// Whether the two were made by different structures; areas and rules may then mean something else.
    pub structure: bool,
    /// What was known before and is known now of whether agentic areas apply, where that changed.
    pub agentic: Option<[AgenticScope; 2]>,
    /// The areas that changed, in the order of the newer seed; those that are gone come last.
    pub areas: Vec<AreaChange>,
}

/// What is otherwise in one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AreaChange {
    /// The area.
    pub area: String,
    /// What changed.
    pub changes: Vec<Change>,
}

/// One change of an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "EvidenceChange")]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The structure has the area now.
    Appeared,
    /// The structure has the area no more.
    Gone,
    /// It applies now, or does no more.
    Applies {
        /// Whether it applies now.
        now: bool,
    },
    /// A metric has another number.
    Metric {
        /// The metric.
        metric: String,
        /// What it was: `2/7`.
        from: String,
        /// What it is.
        to: String,
    },
    /// The number is the same, and what is behind it, or beside it in the denominator, is not.
    Behind {
        /// The metric.
        metric: String,
        /// What is behind the number now and was not.
        joined: Vec<String>,
        /// What was behind it and is no more.
        left: Vec<String>,
    },
    /// A metric is evidence now.
    MetricAppeared {
        /// The metric.
        metric: String,
        /// What it is.
        now: String,
    },
    /// A metric is evidence no more.
    MetricGone {
        /// The metric.
        metric: String,
    },
    /// A rule gives a hint now.
    HintAppeared {
        /// The rule.
        rule: String,
        /// Why.
        why: String,
    },
    /// A rule gives no hint any more.
    HintGone {
        /// The rule.
        rule: String,
        /// Why it did.
        why: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Appeared => f.write_str("the structure has the area now"),
            Self::Gone => f.write_str("the structure has the area no more"),
            Self::Applies { now: true } => f.write_str("the area applies now"),
            Self::Applies { now: false } => f.write_str("the area applies no more"),
            Self::Metric { metric, from, to } => write!(f, "{metric}: {from} → {to}"),
            Self::Behind { metric, joined, left } => {
                write!(f, "{metric}: the number is the same, and other systems are behind it")?;
                for (sign, systems) in [("joined", joined), ("left", left)] {
                    if !systems.is_empty() {
                        write!(f, "; {sign}: {}", systems.join(", "))?;
                    }
                }
                Ok(())
            }
            Self::MetricAppeared { metric, now } => write!(f, "{metric} is evidence now: {now}"),
            Self::MetricGone { metric } => write!(f, "{metric} is evidence no more"),
            Self::HintAppeared { rule, why } => write!(f, "the hint {rule} appeared: {why}"),
            Self::HintGone { rule, why } => write!(f, "the hint {rule} is gone: {why}"),
        }
    }
}

/// Compares two seeds. When evidence was observed, where it stands and when it expires are no changes of what it says.
pub fn compare(old: &Seed, new: &Seed) -> SeedChange {
    let agentic = [old.scope.agentic_scope, new.scope.agentic_scope];
    let in_old = |area: &SeedArea| old.areas.iter().find(|one| one.id == area.id);
    let mut areas: Vec<AreaChange> = Vec::new();
    for area in &new.areas {
        let changes = in_old(area).map_or_else(|| vec![Change::Appeared], |before| changes(before, area));
        areas.push(AreaChange { area: area.id.clone(), changes });
    }
    let is_gone = |area: &&SeedArea| !new.areas.iter().any(|one| one.id == area.id);
    let gone = old.areas.iter().filter(is_gone);
    areas.extend(gone.map(|area| AreaChange { area: area.id.clone(), changes: vec![Change::Gone] }));
    areas.retain(|area| !area.changes.is_empty());
    SeedChange {
        structure: old.structure != new.structure,
        agentic: (agentic[0] != agentic[1]).then_some(agentic),
        areas,
    }
}

fn changes(old: &SeedArea, new: &SeedArea) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.applicable != new.applicable {
        changes.push(Change::Applies { now: new.applicable });
    }
    for piece in &new.evidence {
        let metric = piece.metric.clone();
        match old.evidence.iter().find(|before| before.metric == metric) {
            None => changes.push(Change::MetricAppeared { metric, now: reading(piece) }),
            Some(before) if before.id == piece.id => {}
            Some(before) => changes.push(change(before, piece)),
        }
    }
    for piece in &old.evidence {
        if !new.evidence.iter().any(|now| now.metric == piece.metric) {
            changes.push(Change::MetricGone { metric: piece.metric.clone() });
        }
    }
    let has = |area: &SeedArea, hint: &super::Hint| {
        area.hints.iter().any(|one| (&one.rule, one.kind, one.level) == (&hint.rule, hint.kind, hint.level))
    };
    for hint in old.hints.iter().filter(|hint| !has(new, hint)) {
        changes.push(Change::HintGone { rule: hint.rule.clone(), why: hint.why.clone() });
    }
    for hint in new.hints.iter().filter(|hint| !has(old, hint)) {
        changes.push(Change::HintAppeared { rule: hint.rule.clone(), why: hint.why.clone() });
    }
    changes
}

fn change(old: &SeedEvidence, new: &SeedEvidence) -> Change {
    let metric = new.metric.clone();
    let (from, to) = (reading(old), reading(new));
    if from != to {
        return Change::Metric { metric, from, to };
    }
    let only = |these: &[&Vec<String>], those: &[&Vec<String>]| {
        let those: BTreeSet<&String> = those.iter().copied().flatten().collect();
        let these: BTreeSet<&String> = these.iter().copied().flatten().collect();
        these.difference(&those).map(|name| (*name).clone()).collect::<Vec<String>>()
    };
    let counted = (only(&[&new.systems], &[&old.systems]), only(&[&old.systems], &[&new.systems]));
    // Where the same is counted, what is beside it is not the same.
    let rest = ([&new.others, &new.unclear], [&old.others, &old.unclear]);
    let (joined, left) = if counted.0.is_empty() && counted.1.is_empty() {
        (only(&rest.0, &rest.1), only(&rest.1, &rest.0))
    } else {
        counted
    };
    Change::Behind { metric, joined, left }
}

/// What evidence says, in a few characters: `2/7`, `3`, `12.5 days`, with what is unknown or was decided in bulk beside it.
pub fn reading(piece: &SeedEvidence) -> String {
    let number = match (piece.den, piece.days) {
        (_, Some(days)) => format!("{} days", days.short()),
        (Some(den), None) => format!("{}/{den}", piece.num),
        (None, None) if piece.why.is_some() => "not known".to_owned(),
        (None, None) => piece.num.to_string(),
    };
    let beside = [(piece.unknown, "unknown"), (piece.in_bulk, "in bulk")];
    let beside: Vec<String> =
        beside.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{many} {what}")).collect();
    if beside.is_empty() { number } else { format!("{number} ({})", beside.join(", ")) }
}
