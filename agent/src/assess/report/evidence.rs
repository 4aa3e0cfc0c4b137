//! What the evidence says, in a few sentences made of numbers.

use std::collections::BTreeSet;

use asmm_model::assessment::{AreaScore, HintKind, Score, SourceKind, SourceStatus};
use asmm_model::{Coverage, Verdict};

use super::ratings::agentic;
use super::table::{Cell, Table};
use super::{Assessment, counted};
use crate::export::Prose;

/// Hints that are shown before all areas are.
const STRONGEST: usize = 5;

/// The sentences.
pub(super) fn said(assessment: &Assessment, targets: &[Coverage]) -> Vec<String> {
    vec![
        systems(assessment),
        agentic(&assessment.seeded.seed),
        sources(assessment),
        read(targets),
        scores(assessment),
    ]
}

fn systems(assessment: &Assessment) -> String {
    let scope = &assessment.seeded.seed.scope;
    let of = |verdict: Verdict| scope.systems.iter().filter(|system| system.verdict == verdict).count();
    let (all, agentic, open) = (scope.systems.len(), of(Verdict::Agentic), of(Verdict::Undetermined));
    let undecided = scope.undecided.len();
    if all == 0 {
        return "No system is in scope.".to_owned();
    }
    format!(
        "{} in scope: {agentic} agentic, {open} undetermined, {} not agentic. Nobody has decided yet about {undecided} of them, \
         or what was decided leaves the verdict open.",
        counted(all, "system is", "systems are"),
        all.saturating_sub(agentic).saturating_sub(open)
    )
}

fn sources(assessment: &Assessment) -> String {
    let coverage = &assessment.seeded.seed.scope.source_coverage;
    if coverage.is_empty() {
        return "No source was declared, so that nothing can be said of what was not scanned.".to_owned();
    }
    let of = |status: SourceStatus| coverage.iter().filter(|source| source.status == status).count();
    let kinds = [
        (SourceKind::Code, "code"),
        (SourceKind::Aws, "AWS"),
        (SourceKind::Kubernetes, "Kubernetes"),
        (SourceKind::Bom, "bills of materials"),
    ];
    let by_kind: Vec<String> = (kinds.into_iter())
        .filter_map(|(kind, called)| {
            let of_kind = || coverage.iter().filter(move |source| source.kind == kind);
            let whole = of_kind().filter(|source| source.status == SourceStatus::Ok).count();
            let all = of_kind().count();
            (all > 0).then(|| format!("{called} {whole} of {all}"))
        })
        .collect();
    format!(
        "{} of {} declared sources were seen wholly by their last scan ({}), {} in part; {} failed, and {} never scanned.",
        of(SourceStatus::Ok),
        coverage.len(),
        by_kind.join(", "),
        of(SourceStatus::Partial),
        of(SourceStatus::Failed),
        counted(of(SourceStatus::Never), "was", "were")
    )
}

fn read(targets: &[Coverage]) -> String {
    let (mut seen, mut hidden, mut left) = (0_u64, 0_u64, 0_u64);
    for coverage in targets {
        seen = seen.saturating_add(coverage.seen);
        for gap in &coverage.skipped {
            let sum = if gap.why.hides() { &mut hidden } else { &mut left };
            *sum = sum.saturating_add(gap.count);
        }
    }
    format!(
        "The last scans read {seen} files and objects; {hidden} could not be seen, and {left} were left out on purpose."
    )
}

fn scores(assessment: &Assessment) -> String {
    let areas = &assessment.seeded.seed.areas;
    let applicable = areas.iter().filter(|area| area.applicable).count();
    let held = || assessment.areas.values();
    let scored = held().filter(|held| matches!(held.given.score, AreaScore::Scored(_))).count();
    let excluded = held().filter(|held| held.given.score == AreaScore::NotApplicable).count();
    let outside = held().filter(|held| held.given.outside).count();
    let hints =
        |kind: HintKind| areas.iter().flat_map(|area| &area.hints).filter(|hint| hint.kind == kind).count();
    format!(
        "The evidence sets {} and {}. People scored {scored} of {} and excluded {excluded}; {outside} of these scores {} outside of what the \
         evidence suggests, each with its reason, and {} on evidence that changed since.",
        counted(hints(HintKind::Ceiling), "ceiling", "ceilings"),
        counted(hints(HintKind::Floor), "floor", "floors"),
        counted(applicable, "area", "areas"),
        if outside == 1 { "is" } else { "are" },
        counted(assessment.changed.len(), "rests", "rest"),
    )
}

/// What speaks most against higher levels: first what contradicts a score that was given, then the lowest ceilings.
pub(super) fn against(assessment: &Assessment) -> Option<Table> {
    let mut found = Vec::new();
    for (at, area) in assessment.seeded.seed.areas.iter().enumerate() {
        let score = assessment.areas.get(&area.id).map(|held| held.given.score);
        let given = match score {
            Some(AreaScore::Scored(score)) => Some(score),
            _ => None,
        };
        for hint in area.hints.iter().filter(|hint| hint.kind == HintKind::Ceiling) {
            let above = given.is_some_and(|score| score.level() > hint.level);
            found.push(((!above, hint.level, at), area, hint, given));
        }
    }
    found.sort_by_key(|(order, ..)| *order);
    // One of each area: what speaks for a ceiling of 1 speaks for one of 2 as well.
    let mut met = BTreeSet::new();
    found.retain(|(_, area, ..)| met.insert(area.id.as_str()));
    let more = found.len().saturating_sub(STRONGEST);
    let rows = found.into_iter().take(STRONGEST).map(|(_, area, hint, given)| {
        vec![
            Cell::text(&format!("{} {}", area.id, area.title)),
            Cell::Number(format!("at most {}", hint.level)),
            Cell::Number(given.map_or_else(|| "–".to_owned(), |given: Score| given.level().to_string())),
            Cell::Prose(Prose::new(&hint.why)),
            Cell::code(&hint.rule),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then_some(Table {
        caption: "What speaks most against higher levels",
        class: "against",
        heads: &["Area", "Hint", "Scored", "Why", "Rule"],
        rows,
        more,
    })
}
