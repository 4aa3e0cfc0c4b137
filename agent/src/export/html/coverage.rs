//! What was not looked at, of each target, and why.

use asmm_model::{Coverage, CoveredKind, Gap};

use super::super::words;
use super::grid::{Cell, Grid};
use super::text::{Prose, Shown, Text};

/// Gaps of one target.
const GAPS: usize = 1_000;
/// Kinds of things of one target.
const KINDS: usize = 1_000;

/// One target.
#[derive(Debug)]
pub(crate) struct Covered {
    /// The target as it was given.
    pub(crate) target: Text,
    /// How many things were read.
    pub(crate) seen: u64,
    /// How many stayed hidden.
    pub(crate) hidden: u64,
    /// How many were left out on purpose.
    pub(crate) left_out: u64,
    /// What was not read.
    pub(crate) gaps: Option<Grid>,
    /// What was asked for, one kind after the other.
    pub(crate) kinds: Option<Grid>,
}

impl Covered {
    /// Of one target.
    pub(crate) fn new(coverage: &Coverage) -> Self {
        let mut gaps: Vec<&Gap> = coverage.skipped.iter().collect();
        // What hides something comes first.
        gaps.sort_by_key(|gap| (!gap.why.hides(), gap.why));
        let sum = |hides: bool| -> u64 {
            let counts = gaps.iter().filter(|gap| gap.why.hides() == hides).map(|gap| gap.count);
            counts.fold(0, u64::saturating_add)
        };
        let target = Text::short(&coverage.target);
        Self {
            seen: coverage.seen,
            hidden: sum(true),
            left_out: sum(false),
            gaps: (!gaps.is_empty()).then(|| Grid {
                caption: "What was not looked at",
                of: target.clone(),
                heads: &["What", "Why", "Hides something", "Count", "In detail"],
                rows: Shown::of(gaps.iter(), GAPS, |gap| row(gap)),
            }),
            kinds: (!coverage.kinds.is_empty()).then(|| Grid {
                caption: "What was asked for",
                of: target.clone(),
                heads: &["Kind", "Part", "Within", "Seen", "How much"],
                rows: Shown::of(coverage.kinds.iter(), KINDS, kind),
            }),
            target,
        }
    }
}

fn row(gap: &Gap) -> Vec<Cell> {
    vec![
        Cell::code(Some(&gap.what)),
        Cell::Word(gap.why.name()),
        Cell::Word(if gap.why.hides() { "yes" } else { "no, left out on purpose" }),
        Cell::Number(gap.count),
        Cell::Prose(Prose::new(gap.detail.as_deref().unwrap_or_default())),
    ]
}

fn kind(kind: &CoveredKind) -> Vec<Cell> {
    vec![
        Cell::code(Some(&kind.kind)),
        Cell::name(&kind.part),
        Cell::name(if kind.within.is_empty() { "everywhere" } else { &kind.within }),
        Cell::Number(kind.seen),
        Cell::name(&words::named(kind.state)),
    ]
}
