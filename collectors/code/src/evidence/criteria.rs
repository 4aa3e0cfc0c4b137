//! Reasons to answer the criteria of the Autonomy Test: observables with their weights, each at a place.

use asmm_model::{Criterion, Evidence, Supports};
use muster_rules::Heuristics;

/// Reasons of one observable that are kept; the strongest of a class counts once anyway.
const MAX_EACH: usize = 12;

/// Reasons gathered for one part.
pub(crate) struct Reasons<'r> {
    heuristics: &'r Heuristics,
    all: Vec<(Criterion, Evidence)>,
    counts: std::collections::BTreeMap<&'static str, usize>,
}

impl<'r> Reasons<'r> {
    pub(crate) fn new(heuristics: &'r Heuristics) -> Self {
        Self { heuristics, all: Vec::new(), counts: std::collections::BTreeMap::new() }
    }

    /// Adds what was observed at a place. `detail` completes the sentence of the observable.
    pub(crate) fn add(&mut self, observable: &'static str, at: &Evidence, detail: &str) {
        let Some(heuristic) = self.heuristics.get(observable) else {
            debug_assert!(false, "`{observable}` is no heuristic");
            return;
        };
        let count = self.counts.entry(observable).or_default();
        *count += 1;
        if *count > MAX_EACH {
            return;
        }
        let note =
            if detail.is_empty() { heuristic.says.clone() } else { format!("{}: {detail}", heuristic.says) };
        for speaks in &heuristic.speaks {
            let mut evidence =
                at.clone().of(heuristic.class).weighing(speaks.supports, speaks.weight).noting(&note);
            evidence.rule.get_or_insert_with(|| heuristic.id.clone());
            self.all.push((speaks.criterion, evidence));
        }
    }

    /// Whether something speaks for that answer.
    pub(crate) fn has(&self, criterion: Criterion, supports: Supports) -> bool {
        self.all.iter().any(|(c, evidence)| *c == criterion && evidence.supports == Some(supports))
    }

    pub(crate) fn into_all(self) -> Vec<(Criterion, Evidence)> {
        self.all
    }
}
