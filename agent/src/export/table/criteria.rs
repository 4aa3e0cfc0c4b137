//! The answers of one system: each with its best evidence, and what would settle those that are open.

use asmm_model::autonomy::Ternary;
use asmm_model::{Answer, Criterion, Evidence, Supports, System};

use super::{LABEL, cut, label};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Pieces of evidence for one answer.
const EVIDENCE: usize = 2;

/// The questions that decide, then those that have an answer; the others only by name.
pub(super) fn all(page: &mut Page, system: &System) {
    let known = |criterion: &Criterion| system.criteria[*criterion].ternary() != Ternary::Unknown;
    let shown: Vec<Criterion> =
        Criterion::ALL.into_iter().filter(|c| *c <= Criterion::C4 || known(c)).collect();
    answers(page, system, &shown, EVIDENCE);
    let open: Vec<String> = Criterion::ALL
        .into_iter()
        .filter(|c| !shown.contains(c))
        .map(|criterion| format!("{} {}", criterion.id(), criterion.name()))
        .collect();
    if !open.is_empty() {
        page.wrap(2, 2 + LABEL, &label("Not known").plain(open.join(", ")));
    }
}

/// Some of the answers, each with at most so many pieces of evidence.
pub(super) fn answers(page: &mut Page, system: &System, criteria: &[Criterion], most: usize) {
    let columns = [Column::whole(""), Column::whole(""), Column::whole(""), Column::number("")];
    let mut entries = Vec::new();
    for criterion in criteria {
        let answer = &system.criteria[*criterion];
        let said = answer.ternary();
        let mut heads = vec![
            Span::new(Tone::Plain, criterion.id()),
            Span::new(Tone::Plain, criterion.name()),
            Span::new(if said == Ternary::Unknown { Tone::Open } else { Tone::Strong }, said.name()),
            Span::new(Tone::Plain, answer.confidence().map(|c| format!("{c:.2}")).unwrap_or_default()),
        ];
        let shown = strongest(answer, most);
        if shown.is_empty() {
            entries.push(Entry { heads: heads.clone(), ..Entry::default() });
        }
        for evidence in shown {
            entries.push(Entry {
                heads: std::mem::replace(&mut heads, vec![Span::default(); 4]),
                text: Line::new().plain(note(evidence, said)),
                place: Span::new(Tone::Dim, place(evidence, system)),
            });
        }
    }
    page.entries(2, &columns, &entries);
}

/// The best evidence for the answer; where there is strong evidence for both, some of each side.
fn strongest(answer: &Answer, most: usize) -> Vec<&Evidence> {
    let side = |side: Supports| answer.evidence().iter().filter(move |e| e.supports == Some(side));
    let (yes, no) = (side(Supports::Yes), side(Supports::No));
    let (winner, loser): (Vec<_>, Vec<_>) = match answer.ternary() {
        Ternary::No => (no.collect(), yes.collect()),
        _ => (yes.collect(), no.collect()),
    };
    let against =
        usize::from(answer.is_conflicting() || answer.ternary() == Ternary::Unknown).min(loser.len());
    let mut shown: Vec<&Evidence> = Vec::new();
    for evidence in winner {
        // The same words at another place, or of another rule, tell a reader nothing new.
        let told = shown.iter().any(|s| match (&s.note, &evidence.note) {
            (Some(told), Some(note)) => told == note,
            _ => s.rule == evidence.rule && s.place == evidence.place,
        });
        if shown.len() < most.saturating_sub(against).max(1) && !told {
            shown.push(evidence);
        }
    }
    shown.extend(loser.into_iter().take(against));
    shown
}

/// Where to look; nothing for what is said about the system as a whole, whose folder the heading names.
fn place(evidence: &Evidence, system: &System) -> String {
    let place = evidence.place.to_string();
    let is_root = place == system.root || (system.root.is_empty() && place == ".");
    if is_root { String::new() } else { place }
}

fn note(evidence: &Evidence, answer: Ternary) -> String {
    let side = match (evidence.supports, answer) {
        (Some(Supports::Yes), Ternary::No | Ternary::Unknown) => "for yes: ",
        (Some(Supports::No), Ternary::Yes | Ternary::Unknown) => "for no: ",
        _ => "",
    };
    match (&evidence.note, &evidence.rule) {
        (Some(note), _) => {
            // The place behind it names the file already.
            let here = evidence.place.path.as_deref().and_then(|path| note.strip_suffix(path));
            let told = here.and_then(|note| note.strip_suffix(" in ").or_else(|| note.strip_suffix(": ")));
            let told = told.unwrap_or(note);
            format!("{side}{told}")
        }
        (None, Some(rule)) => format!("{side}rule {rule}"),
        (None, None) => format!("{side}seen"),
    }
}

/// What would settle an undetermined system: every sentence once, with all the questions that it settles.
pub(super) fn settles(page: &mut Page, system: &System, most: usize) {
    let mut sentences: Vec<(Vec<&str>, &str)> = Vec::new();
    for missing in &system.settles {
        let id = missing.criterion.id();
        match sentences.iter_mut().find(|(_, what)| *what == missing.what) {
            Some((ids, _)) if ids.contains(&id) => {}
            Some((ids, _)) => ids.push(id),
            None => sentences.push((vec![id], &missing.what)),
        }
    }
    if sentences.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().plain("  ").with(Tone::Open, "What would settle it"));
    let entries: Vec<Entry> = sentences
        .iter()
        .take(most)
        .map(|(ids, what)| Entry {
            heads: vec![Span::new(Tone::Dim, ids.join(", "))],
            text: Line::new().plain(what),
            place: Span::default(),
        })
        .collect();
    page.entries(4, &[Column::whole("")], &entries);
    cut(page, 4, sentences.len(), most);
}
