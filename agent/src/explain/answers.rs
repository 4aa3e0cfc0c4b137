//! The answers one by one: the question, what speaks for and against, and the code at each place.

use std::collections::BTreeMap;

use asmm_model::autonomy::{AHEAD, ENOUGH, Support, Ternary, support};
use asmm_model::{Answer, Criterion, Evidence, Supports, System};
use muster_rules::{Heuristic, Heuristics};

use super::mask;
use super::source::{Excerpt, Source};
use super::{named, yes_or_no};
use crate::page::{Cut, Line, Page, Tone, fit};

/// Letters of a line that are shown on the narrowest page.
const NARROWEST: usize = 20;

/// Criteria in order, each with all that the document has about it.
pub(super) fn all(
    page: &mut Page,
    system: &System,
    criteria: &[Criterion],
    heuristics: &Heuristics,
    source: &mut Source,
    context: u32,
) {
    let mut teller = Teller { page, system, heuristics, source, context, shown: BTreeMap::new() };
    for criterion in criteria {
        teller.page.gap();
        teller.answer(*criterion);
    }
}

struct Teller<'a> {
    page: &'a mut Page,
    system: &'a System,
    heuristics: &'a Heuristics,
    source: &'a mut Source,
    context: u32,
    /// Under which criterion the code of a place stands already.
    shown: BTreeMap<(&'a str, u32), Criterion>,
}

impl<'a> Teller<'a> {
    fn answer(&mut self, criterion: Criterion) {
        let answer = &self.system.criteria[criterion];
        let said = answer.ternary();
        let tone = if said == Ternary::Unknown { Tone::Open } else { Tone::Strong };
        let confidence = answer.confidence().map(|c| format!(", {c:.2} sure")).unwrap_or_default();
        let line = Line::new().with(Tone::Strong, named(criterion)).plain(": ").with(tone, said.name());
        self.page.wrap(0, 2, &line.plain(confidence));
        self.sentence(2, Tone::Plain, criterion.question());
        self.weighed(answer);
        let (first, second) = match said {
            Ternary::No => (Supports::No, Supports::Yes),
            _ => (Supports::Yes, Supports::No),
        };
        for side in [Some(first), Some(second), None] {
            self.side(criterion, answer, side);
        }
        let speaks = |side| answer.evidence().iter().any(|piece| piece.supports == Some(side));
        if speaks(first) && !speaks(second) {
            let line = format!("Nothing was found that speaks for {}.", yes_or_no(second == Supports::Yes));
            self.sentence(2, Tone::Dim, &line);
        }
        if answer.more() > 0 {
            let more = format!("{} more pieces of evidence are not listed in the inventory.", answer.more());
            self.sentence(2, Tone::Dim, &more);
        }
        if !answer.missing().is_empty() {
            self.page.push(Line::new().plain("  ").with(Tone::Open, "What would settle it"));
            for missing in answer.missing() {
                self.sentence(4, Tone::Plain, &mask::sentence(&missing.what));
            }
        }
    }

    /// How strong both sides are, where that is not simply the confidence.
    fn weighed(&mut self, answer: &Answer) {
        let Support { yes, no } = support(answer.evidence());
        if answer.evidence().is_empty() {
            self.sentence(2, Tone::Plain, "Nothing was found that speaks for either answer.");
        } else if answer.ternary() == Ternary::Unknown {
            let line = format!(
                "{yes:.2} speaks for yes and {no:.2} for no; an answer takes {ENOUGH:.2}, and {AHEAD:.2} more than \
                 the other side has."
            );
            self.sentence(2, Tone::Plain, &line);
        } else if answer.is_conflicting() {
            let line = format!("Strong evidence speaks for both answers: {yes:.2} for yes, {no:.2} for no.");
            self.sentence(2, Tone::Open, &line);
        }
    }

    /// The evidence for one answer, place by place.
    fn side(&mut self, criterion: Criterion, answer: &'a Answer, side: Option<Supports>) {
        let mut places: Vec<(&Evidence, Vec<&Evidence>)> = Vec::new();
        for piece in answer.evidence().iter().filter(|piece| piece.supports == side) {
            match places.iter_mut().find(|(first, _)| first.place == piece.place) {
                Some((_, pieces)) => pieces.push(piece),
                None => places.push((piece, vec![piece])),
            }
        }
        if places.is_empty() {
            return;
        }
        let title = match side {
            Some(Supports::Yes) => "For yes",
            Some(Supports::No) => "For no",
            None => "For neither",
        };
        self.page.push(Line::new().plain("  ").with(Tone::Strong, title));
        for (at, pieces) in places {
            self.page.wrap(4, 6, &Line::new().with(Tone::Dim, place(self.system, at)));
            for piece in pieces {
                self.piece(criterion, piece);
            }
            self.code(criterion, at);
        }
    }

    fn piece(&mut self, criterion: Criterion, evidence: &Evidence) {
        let note = evidence.note.as_deref().map_or_else(|| "seen".to_owned(), mask::sentence);
        let mut about: Vec<String> = evidence.rule.iter().cloned().collect();
        about.extend(evidence.weight.map(|weight| format!("weight {weight:.2}")));
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let mut line = Line::new().plain(note).with(Tone::Dim, about);
        if let Some(heuristic) = observed(self.heuristics, criterion, evidence) {
            line = line.plain(". ").plain(&heuristic.because);
        }
        self.page.wrap(6, 8, &line);
    }

    /// The lines around a place, once in an answer.
    fn code(&mut self, criterion: Criterion, evidence: &'a Evidence) {
        let (Some(path), Some(line)) = (evidence.place.path.as_deref(), evidence.place.line) else { return };
        if let Some(earlier) = self.shown.get(&(path, line)) {
            if *earlier != criterion {
                self.sentence(8, Tone::Dim, &format!("The code stands under {}.", earlier.id()));
            }
            return;
        }
        match self.source.around(path, line, self.context) {
            None => {}
            Some(Err(why)) => self.sentence(8, Tone::Dim, &format!("No code: {why}.")),
            Some(Ok(excerpt)) => {
                self.shown.insert((path, line), criterion);
                lines(self.page, &excerpt, line);
            }
        }
    }

    fn sentence(&mut self, indent: usize, tone: Tone, text: &str) {
        self.page.wrap(indent, indent + 2, &Line::new().with(tone, text));
    }
}

/// Numbered lines, the one that is meant with a mark.
fn lines(page: &mut Page, Excerpt { first, lines }: &Excerpt, meant: u32) {
    let last = u64::from(*first) + lines.len() as u64;
    let digits = last.saturating_sub(1).to_string().len();
    for (number, text) in (u64::from(*first)..).zip(lines) {
        let is_meant = number == u64::from(meant);
        let mark = if is_meant { ">" } else { " " };
        let margin = format!("      {mark} {number:>digits$} | ");
        let tone = if is_meant { Tone::Strong } else { Tone::Plain };
        let text = crate::page::visible(text);
        let room = page.width().saturating_sub(margin.len()).max(NARROWEST);
        page.push(Line::new().with(Tone::Dim, margin).with(tone, fit(&text, room, Cut::End)));
    }
}

/// The heuristic that a piece of evidence is an instance of: named by it, or recognised by its words.
pub(super) fn observed<'h>(
    heuristics: &'h Heuristics,
    criterion: Criterion,
    evidence: &Evidence,
) -> Option<&'h Heuristic> {
    let speaks = |heuristic: &&Heuristic| {
        heuristic.speaks.iter().any(|s| s.criterion == criterion && Some(s.supports) == evidence.supports)
    };
    let note = evidence.note.as_deref().unwrap_or_default();
    let by_words = || {
        let said = heuristics.iter().filter(|heuristic| note.starts_with(heuristic.says.as_str()));
        said.filter(speaks).max_by_key(|heuristic| heuristic.says.len())
    };
    let by_id = evidence.rule.as_deref().and_then(|id| heuristics.get(id));
    by_id.filter(speaks).or_else(by_words)
}

/// What would have to be seen for an answer: the heuristics that suffice for it, the strongest first.
pub(super) fn sufficient(heuristics: &Heuristics, criterion: Criterion, yes: bool) -> Vec<(&Heuristic, f64)> {
    let side = if yes { Supports::Yes } else { Supports::No };
    let mut enough: Vec<(&Heuristic, f64)> = heuristics
        .iter()
        .flat_map(|heuristic| heuristic.speaks.iter().map(move |speaks| (heuristic, speaks)))
        .filter(|(_, speaks)| speaks.criterion == criterion && speaks.supports == side)
        .filter(|(_, speaks)| speaks.weight >= ENOUGH)
        .map(|(heuristic, speaks)| (heuristic, speaks.weight))
        .collect();
    enough.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.id.cmp(&b.id)));
    enough
}

/// The places of what speaks for the other answer now, if no evidence of that weight could outdo it.
pub(super) fn in_the_way(system: &System, criterion: Criterion, yes: bool, weight: f64) -> Vec<String> {
    let evidence = system.criteria[criterion].evidence();
    let Support { yes: for_yes, no: for_no } = support(evidence);
    let (other, against) = if yes { (Supports::No, for_no) } else { (Supports::Yes, for_yes) };
    let mut places: Vec<String> = Vec::new();
    if weight - against < AHEAD {
        for piece in evidence.iter().filter(|piece| piece.supports == Some(other)) {
            let place = place(system, piece);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// Where a piece of evidence is; what is said about the folder of a system is said about all of it.
fn place(system: &System, evidence: &Evidence) -> String {
    let place = evidence.place.to_string();
    let is_root = place == system.root || (system.root.is_empty() && place == ".");
    if is_root { "the system as a whole".to_owned() } else { place }
}

/// For a heading: `C4 yes`.
pub(super) fn turned(criterion: Criterion, yes: bool) -> String {
    format!("{} {}", criterion.id(), yes_or_no(yes))
}
