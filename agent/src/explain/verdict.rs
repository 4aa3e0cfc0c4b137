//! The verdict: the rule with the answers filled in, and what would change it.

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, Level, System, Verdict};
use muster_rules::Heuristics;

use super::answers::{in_the_way, sufficient, turned};
use super::change::{Change, changes as all_changes, levels};
use super::{list, named, title, yes_or_no};
use crate::export::table;
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Places that one sentence names.
const PLACES: usize = 3;

/// Why it is what it is.
pub(super) fn why(page: &mut Page, system: &System) {
    use Criterion::{C1, C2, C3, C4};
    title(page, "Why");
    let answer = |criterion: Criterion| system.criteria[criterion].ternary();
    let said = |criterion: Criterion| answer(criterion).name();
    let agentic = answer(C1).and(answer(C3)).and(answer(C2).or(answer(C4)));
    page.push(Line::new().plain("  agentic = C1 and C3 and (C2 or C4)"));
    let filled = format!("          = {} and {} and ({} or {})", said(C1), said(C3), said(C2), said(C4));
    page.push(Line::new().plain(filled));
    let tone = match agentic {
        Ternary::Yes => Tone::Bad,
        Ternary::Unknown => Tone::Open,
        Ternary::No => Tone::Good,
    };
    page.push(Line::new().plain("          = ").with(tone, agentic.name()));
    let sure = match system.verdict {
        Verdict::Agentic => {
            "The verdict is as sure as the least sure of C1, C3, and the better of C2 and C4."
        }
        Verdict::NotAgentic => "The verdict is as sure as the surest of the answers that rule it out.",
        Verdict::Undetermined => "The answers that are open can make it either.",
        Verdict::NotAi => "It is listed although it uses no model, so that the test does not apply.",
    };
    page.wrap(2, 4, &Line::new().plain(sure));
    let [low, high] = system.level;
    let level = if low == high {
        format!("{low} {}: {}.", low.name(), reason(low))
    } else {
        format!(
            "{low} {} if every open answer is no, {high} {} if every one is yes.",
            low.name(),
            high.name()
        )
    };
    page.wrap(2, 4, &Line::new().plain(level));
}

/// Why a level is the first that holds.
fn reason(level: Level) -> &'static str {
    match level.0 {
        0 => "C1 is not yes",
        1 => "C1 is yes, and C3 is not",
        2 => "C1 and C3 are yes, and C4 is not",
        3 => "C1, C3 and C4 are yes, and C5 is not",
        4 => "C1, C3, C4 and C5 are yes, and neither C9 nor C10 is",
        _ => "C1, C3, C4 and C5 are yes, and so is C9 or C10",
    }
}

/// Everything that would change the verdict, and the single answers that would change the level.
pub(super) fn changes(page: &mut Page, system: &System, heuristics: &Heuristics) {
    title(page, "What would change the verdict");
    if system.verdict == Verdict::NotAi {
        page.wrap(2, 2, &Line::new().plain("A model that it uses."));
        return;
    }
    let changes = all_changes(&system.criteria);
    outcomes(page, &changes);
    if system.verdict == Verdict::Undetermined {
        table::settles(page, system);
    } else {
        let mut answers: Vec<(Criterion, bool)> =
            changes.iter().flat_map(|change| change.answers.iter().copied()).collect();
        answers.sort_unstable();
        answers.dedup();
        for (criterion, yes) in answers {
            takes(page, system, criterion, yes, heuristics);
        }
    }
    let levels = levels(&system.criteria);
    if !levels.is_empty() {
        page.gap();
        title(page, "What would change the level alone");
        outcomes(page, &levels);
    }
}

/// What other answers to these criteria would come to, and what they would take.
pub(super) fn other_answers(
    page: &mut Page,
    system: &System,
    criteria: &[Criterion],
    heuristics: &Heuristics,
) {
    title(page, "What would change");
    for criterion in criteria {
        let turns: &[bool] = match system.criteria[*criterion].ternary() {
            Ternary::Yes => &[false],
            Ternary::No => &[true],
            Ternary::Unknown => &[true, false],
        };
        for yes in turns {
            let answer = (*criterion, *yes);
            let mut changes = vec![Change::of(&system.criteria, vec![answer])];
            let with_others = all_changes(&system.criteria).into_iter();
            changes.extend(with_others.filter(|c| c.answers.len() > 1 && c.answers.contains(&answer)));
            outcomes(page, &changes);
            takes(page, system, *criterion, *yes, heuristics);
        }
    }
}

/// A line for each change: the answers, and what they come to.
fn outcomes(page: &mut Page, changes: &[Change]) {
    let entries: Vec<Entry> = changes
        .iter()
        .map(|change| {
            let answers: Vec<String> = change.answers.iter().map(|(c, yes)| turned(*c, *yes)).collect();
            let decision = &change.decision;
            let verdict = Span::new(table::tone(decision.verdict), table::verdict(decision.verdict));
            Entry {
                heads: vec![Span::new(Tone::Strong, list(&answers, "and")), verdict],
                text: Line::new().plain(table::in_words(decision.level)),
                place: Span::default(),
            }
        })
        .collect();
    page.entries(2, &[Column::whole(""), Column::whole("")], &entries);
}

/// What evidence another answer would take.
fn takes(page: &mut Page, system: &System, criterion: Criterion, yes: bool, heuristics: &Heuristics) {
    page.gap();
    let heading = format!("For {} to be {}", named(criterion), yes_or_no(yes));
    page.push(Line::new().plain("  ").with(Tone::Strong, heading));
    let enough = sufficient(heuristics, criterion, yes);
    let strongest = enough.first().map_or(0.0, |(_, weight)| *weight);
    let places = in_the_way(system, criterion, yes, strongest);
    if !places.is_empty() {
        let more = places.len().saturating_sub(PLACES);
        let mut named: Vec<String> = places.into_iter().take(PLACES).collect();
        named.extend((more > 0).then(|| format!("{more} more places")));
        let line = format!(
            "What speaks for {} has to go, or to prove wrong: {}.",
            yes_or_no(!yes),
            list(&named, "and")
        );
        page.wrap(4, 6, &Line::new().plain(line));
    }
    let said = match enough.as_slice() {
        [] => "Nothing that a scan of code sees suffices for this answer; a person has to give it.",
        [_] => "It suffices to see that the system",
        _ => "It suffices to see one of these: the system",
    };
    page.wrap(4, 6, &Line::new().plain(said));
    for (heuristic, weight) in enough {
        let line = Line::new()
            .plain(&heuristic.says)
            .with(Tone::Dim, format!(" ({}, weight {weight:.2})", heuristic.id));
        page.wrap(6, 8, &line.plain(". ").plain(&heuristic.because));
    }
}
