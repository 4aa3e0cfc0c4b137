//! The appendices: every system in scope, every metric, every source, and what was not seen.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::assessment::{Better, Fraction, SeedMetric, SeedSystem, SourceCoverage, SourceStatus};
use asmm_model::{Coverage, Gap, Level, Seen};

use super::table::{Cell, Table, bounded};
use super::{Assessment, day};
use crate::export::{Badge, Text};

/// Systems that a report lists.
const SYSTEMS: usize = 5_000;
/// Sources that a report lists.
const SOURCES: usize = 5_000;
/// Gaps that are told of one target.
const GAPS: usize = 100;

/// Metrics that one system stands in.
#[derive(Default)]
struct Counts<'a> {
    counted: BTreeSet<&'a str>,
    others: BTreeSet<&'a str>,
    unclear: BTreeSet<&'a str>,
}

/// Every system in scope, and which metrics it counts in.
pub(super) fn systems(assessment: &Assessment) -> Table {
    let seed = &assessment.seeded.seed;
    let mut counts: BTreeMap<&str, Counts<'_>> = BTreeMap::new();
    for piece in seed.areas.iter().flat_map(|area| &area.evidence) {
        for id in &piece.systems {
            counts.entry(id).or_default().counted.insert(&piece.metric);
        }
        for id in &piece.others {
            counts.entry(id).or_default().others.insert(&piece.metric);
        }
        for id in &piece.unclear {
            counts.entry(id).or_default().unclear.insert(&piece.metric);
        }
    }
    let row = |system: &SeedSystem| {
        vec![
            Cell::Named(Text::short(&system.name), Text::short(system.id.as_str())),
            Cell::Badge(Badge::of(system.verdict)),
            Cell::Number(level(system.level)),
            Cell::text(system.owner.as_deref().unwrap_or("nobody")),
            Cell::Text(decision(system)),
            Cell::Text(counted(counts.get(system.id.as_str()))),
        ]
    };
    let (rows, more) = bounded(seed.scope.systems.iter().map(row).collect(), SYSTEMS);
    Table {
        caption: "Every system in scope. Which metrics are good and which are bad to be counted in stands in appendix B",
        class: "systems-table",
        heads: &["System", "Verdict", "Level", "Owner", "Decision", "Metrics"],
        rows,
        more,
    }
}

fn level([low, high]: [Level; 2]) -> String {
    if low == high { low.to_string() } else { format!("{low}–{high}") }
}

fn decision(system: &SeedSystem) -> Text {
    let decision = &system.decision;
    let mut said = decision.state.name().replace('-', " ");
    if let Some(by) = &decision.by {
        said = format!("{said}, by {by}");
    }
    if let Some(at) = &decision.at {
        said = format!("{said} on {}", day(at));
    }
    Text::short(&said)
}

fn counted(counts: Option<&Counts<'_>>) -> Text {
    let Some(counts) = counts else { return Text::default() };
    let all = [("counted", &counts.counted), ("not", &counts.others), ("unknown", &counts.unclear)];
    let said = all
        .into_iter()
        .filter(|(_, of)| !of.is_empty())
        .map(|(name, of)| format!("{name}: {}", of.iter().copied().collect::<Vec<_>>().join(" ")));
    Text::long(&said.collect::<Vec<_>>().join("; "))
}

/// Every metric, and what it comes to.
pub(super) fn metrics(assessment: &Assessment) -> Table {
    let structure = &assessment.structure;
    let rows = assessment.seeded.seed.metrics.iter().map(|(id, metric)| {
        let known = structure.metric(id);
        let definition = known.map_or("", |metric| metric.definition.as_str());
        let better = match known.map(|metric| metric.better) {
            Some(Better::Higher) => "high",
            Some(Better::Lower) => "low",
            Some(Better::Neither) | None => "",
        };
        vec![
            Cell::text(id),
            Cell::Text(Text::long(definition)),
            Cell::text(better),
            Cell::Text(Text::long(&value(metric))),
        ]
    });
    Table {
        caption: "Every metric, and every fact that hints ask about",
        class: "metrics-table",
        heads: &["Metric", "What it is", "Better", "Reading"],
        rows: rows.collect(),
        more: 0,
    }
}

fn value(metric: &SeedMetric) -> String {
    if let Some(why) = &metric.why {
        return format!("not known: {why}");
    }
    let number = match (metric.days, metric.den) {
        (Some(days), _) => format!("{} days", days.short()),
        (None, Some(den)) => {
            let share = Fraction::share(metric.num, den).map(super::ratings::percent);
            format!("{} of {den}{}", metric.num, share.map(|share| format!(" ({share})")).unwrap_or_default())
        }
        (None, None) => metric.num.to_string(),
    };
    if metric.unknown > 0 { format!("{number}, {} unknown", metric.unknown) } else { number }
}

/// Every declared source.
pub(super) fn sources(assessment: &Assessment) -> Table {
    let row = |source: &SourceCoverage| {
        let (class, word) = match source.status {
            SourceStatus::Ok => ("clear", "seen wholly"),
            SourceStatus::Partial => ("open", "seen in part"),
            SourceStatus::Failed => ("agentic", "failed"),
            SourceStatus::Never => ("agentic", "never scanned"),
        };
        vec![
            Cell::code(&source.source),
            Cell::text(source.kind.name()),
            Cell::Badge(Badge { class, word }),
            Cell::text(source.at.as_deref().map_or("", day)),
        ]
    };
    let coverage = &assessment.seeded.seed.scope.source_coverage;
    let (rows, more) = bounded(coverage.iter().map(row).collect(), SOURCES);
    Table {
        caption: "The declared sources, as the seed of the assessment has them",
        class: "sources-table",
        heads: &["Source", "Type", "Last scan", "On"],
        rows,
        more,
    }
}

/// What was not seen of one target.
#[derive(Debug)]
pub(super) struct Unseen {
    pub(super) target: Text,
    pub(super) seen: u64,
    pub(super) hidden: u64,
    pub(super) left_out: u64,
    pub(super) gaps: Option<Table>,
    pub(super) kinds: Option<Table>,
}

impl Unseen {
    pub(super) fn of(coverage: &Coverage) -> Self {
        let sum = |hides: bool| {
            let counts = coverage.skipped.iter().filter(|gap| gap.why.hides() == hides).map(|gap| gap.count);
            counts.fold(0, u64::saturating_add)
        };
        let row = |gap: &Gap| {
            vec![
                Cell::code(&gap.what),
                Cell::text(gap.why.name()),
                Cell::Number(gap.count.to_string()),
                Cell::Text(Text::long(gap.detail.as_deref().unwrap_or_default())),
            ]
        };
        let hiding = coverage.skipped.iter().filter(|gap| gap.why.hides()).map(row).collect();
        let (gaps, more) = bounded(hiding, GAPS);
        let open = coverage.kinds.iter().filter(|kind| kind.state != Seen::Complete).map(|kind| {
            let within = if kind.within.is_empty() { "everywhere" } else { &kind.within };
            let state = match serde_json::to_value(kind.state) {
                Ok(serde_json::Value::String(state)) => state,
                _ => String::new(),
            };
            vec![Cell::code(&kind.kind), Cell::text(&kind.part), Cell::text(within), Cell::text(&state)]
        });
        let (kinds, more_kinds) = bounded(open.collect(), GAPS);
        Self {
            target: Text::short(&coverage.target),
            seen: coverage.seen,
            hidden: sum(true),
            left_out: sum(false),
            gaps: (!gaps.is_empty()).then_some(Table {
                caption: "What could not be seen",
                class: "unseen-table",
                heads: &["What", "Why", "Count", "In detail"],
                rows: gaps,
                more,
            }),
            kinds: (!kinds.is_empty()).then_some(Table {
                caption: "What was asked for and not seen wholly",
                class: "unseen-table",
                heads: &["Kind", "Part", "Within", "Seen"],
                rows: kinds,
                more: more_kinds,
            }),
        }
    }
}
