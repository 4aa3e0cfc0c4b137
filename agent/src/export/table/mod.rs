//! The report for people: first what is agentic, then why, then what was not looked at.

mod approval;
mod components;
mod criteria;
mod gaps;
mod joins;
mod keys;
mod parts;
pub(crate) mod register;
mod why;

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, Inventory, Level, Place, System, Tool, Trigger, Verdict};

use crate::page::{Column, Cut, Line, Page, Span, Tone};

/// Lines of the table of systems.
const SYSTEMS: usize = 40;
/// Flagged systems that are shown in full.
const FLAGGED: usize = 20;
/// Other systems that are described.
const OTHERS: usize = 20;
/// Lines of one list of a system.
const ITEMS: usize = 8;
/// Items of a list that is a paragraph.
const WORDS: usize = 12;
/// Of text before a list of a system.
const LABEL: usize = 12;

/// The report as a page.
pub(super) fn page(inventory: &Inventory, width: usize) -> Page {
    let mut page = Page::new(width);
    summary(&mut page, inventory);
    if !inventory.systems.is_empty() {
        page.gap();
        overview(&mut page, &inventory.systems);
    }
    let (flagged, others): (Vec<&System>, Vec<&System>) =
        inventory.systems.iter().partition(|s| s.is_flagged());
    for system in flagged.iter().take(FLAGGED) {
        page.gap();
        in_full(&mut page, system);
    }
    cut(&mut page, 0, flagged.len(), FLAGGED);
    for system in others.iter().take(OTHERS) {
        page.gap();
        in_short(&mut page, system);
    }
    cut(&mut page, 0, others.len(), OTHERS);
    if let Some(register) = &inventory.register {
        register::lists(&mut page, register, SYSTEMS);
    }
    joins::proposals(&mut page, &inventory.proposals, OTHERS);
    components::loose(&mut page, &inventory.components);
    keys::loose(&mut page, &inventory.identities);
    gaps::not_looked_at(&mut page, &inventory.coverage);
    page
}

/// Says that a list goes on.
fn cut(page: &mut Page, indent: usize, length: usize, shown: usize) {
    if let Some(line) = more(length, shown) {
        page.wrap(indent, indent, &Line::new().with(Tone::Dim, line));
    }
}

fn more(length: usize, shown: usize) -> Option<String> {
    let more = length.checked_sub(shown).filter(|more| *more > 0)?;
    Some(format!("… and {more} more (--format json shows all)"))
}

pub(super) fn count(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn summary(page: &mut Page, inventory: &Inventory) {
    let of = |verdict| inventory.systems.iter().filter(|s| s.verdict == verdict).count() as u64;
    let (agentic, open, not) =
        (of(Verdict::Agentic), of(Verdict::Undetermined), of(Verdict::NotAgentic) + of(Verdict::NotAi));
    let tone = |number: u64, tone| if number > 0 { tone } else { Tone::Plain };
    let seen: u64 = inventory.coverage.iter().map(|c| c.seen).sum();
    let line = match agentic + open + not {
        // Where nothing was read, nothing was found out either.
        0 if seen == 0 => Line::new().with(Tone::Strong, "Nothing was scanned."),
        0 => Line::new().with(Tone::Strong, "No AI systems found."),
        all => Line::new()
            .with(Tone::Strong, format!("{}:", count(all, "AI system", "AI systems")))
            .plain(" ")
            .with(tone(agentic, Tone::Bad), format!("{agentic} agentic"))
            .plain(", ")
            .with(tone(open, Tone::Open), format!("{open} undetermined"))
            .plain(", ")
            .with(tone(not, Tone::Good), format!("{not} not agentic"))
            .plain("."),
    };
    let gaps = |hidden: bool| -> u64 {
        let skipped = inventory.coverage.iter().flat_map(|c| &c.skipped);
        skipped.filter(|gap| gap.why.hides() == hidden).map(|gap| gap.count).sum()
    };
    let (hidden, left_out) = (gaps(true), gaps(false));
    let mut kinds: Vec<[&str; 2]> =
        inventory.coverage.iter().map(|coverage| read_of(&coverage.target)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let what = match kinds[..] {
        [] => count(seen, "file", "files"),
        [[one, several]] => count(seen, one, several),
        ref all => {
            let several: Vec<&str> = all.iter().map(|[_, several]| *several).collect();
            count(seen, all[0][0], &several.join(" and "))
        }
    };
    let mut read = vec![format!("{what} read")];
    if hidden > 0 {
        read.push(format!("{} in what could be seen", count(hidden, "gap", "gaps")));
    }
    if left_out > 0 {
        read.push(format!("{left_out} left out on purpose"));
    }
    page.wrap(0, 0, &line.plain(format!(" {}.", read.join(", "))));
}

/// What a target holds, one and several of them: an account has identities and no files, a cluster objects.
fn read_of(target: &str) -> [&'static str; 2] {
    match target.split_once(':').map(|(source, _)| source) {
        Some("aws" | "aws-export") => ["identity", "identities"],
        Some("k8s" | "k8s-export") => ["object", "objects"],
        Some("cyclonedx") => ["component", "components"],
        _ => ["file", "files"],
    }
}

fn overview(page: &mut Page, systems: &[System]) {
    let columns = [
        Column::cut("SYSTEM", Cut::End),
        Column::whole("VERDICT"),
        Column::whole("LEVEL"),
        Column::number("CONF"),
        Column::whole("APPROVAL"),
        Column::whole("ROLE"),
        Column::cut("ROOT", Cut::Start),
    ];
    let rows: Vec<Vec<Span>> = systems
        .iter()
        .take(SYSTEMS)
        .map(|system| {
            vec![
                Span::new(Tone::Strong, &system.name),
                Span::new(tone(system.verdict), verdict(system.verdict)),
                Span::new(Tone::Plain, level(system)),
                Span::new(Tone::Plain, percent(system.confidence)),
                Span::new(Tone::Plain, approval::short(system)),
                Span::new(Tone::Plain, system.role.name()),
                Span::new(Tone::Dim, root(system)),
            ]
        })
        .collect();
    page.table(0, &columns, &rows);
    cut(page, 0, systems.len(), SYSTEMS);
}

pub(crate) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Agentic => Tone::Bad,
        Verdict::Undetermined => Tone::Open,
        Verdict::NotAgentic | Verdict::NotAi => Tone::Good,
    }
}

pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agentic => "agentic",
        Verdict::Undetermined => "undetermined",
        Verdict::NotAgentic => "not agentic",
        Verdict::NotAi => "not AI",
    }
}

pub(super) fn level(system: &System) -> String {
    let [low, high] = system.level;
    if low == high { low.to_string() } else { format!("{low}-{high}") }
}

pub(crate) fn percent(confidence: Option<f64>) -> String {
    confidence.map_or_else(|| "-".to_owned(), |confidence| format!("{:.0}%", confidence * 100.0))
}

/// A level, or a range of them, with its name.
pub(crate) fn in_words([low, high]: [Level; 2]) -> String {
    if low == high {
        format!("{low} {}", low.name())
    } else {
        format!("{low} {} to {high} {}", low.name(), high.name())
    }
}

/// Where a system is, as a path from where the scan was started.
pub(crate) fn root(system: &System) -> String {
    match (system.target.as_deref(), system.root.as_str()) {
        (None, "") => ".".to_owned(),
        (None, root) => root.to_owned(),
        (Some(target), "") => target.to_owned(),
        (Some(target), root) => format!("{}/{root}", target.trim_end_matches('/')),
    }
}

/// A place with its target in front, where no heading names the target.
pub(super) fn from_start(place: &Place) -> String {
    match &place.target {
        Some(target) => format!("{}/{place}", target.trim_end_matches('/')),
        None => place.to_string(),
    }
}

/// Why the test decides so about a system, in one to three sentences.
pub(crate) fn why(system: &System) -> String {
    why::why(system)
}

/// Who is asked before something is changed, in a word.
pub(crate) fn approval(system: &System) -> &'static str {
    approval::short(system)
}

/// The same in a sentence.
pub(crate) fn approval_sentence(system: &System) -> &'static str {
    approval::sentence(system)
}

/// Who is asked before a tool runs; `-` where there is nothing to approve.
pub(crate) fn approval_of(tool: &Tool) -> &'static str {
    approval::of(tool)
}

/// What a trigger starts, without the file if its own place names that one; empty where that is not known.
pub(crate) fn runs(trigger: &Trigger) -> String {
    parts::runs(trigger)
}

/// What the test decides about a system, in a sentence, and why, in one to three.
pub(crate) fn heading(page: &mut Page, system: &System) {
    let confidence = system.confidence.map(|c| format!(", {} sure", percent(Some(c)))).unwrap_or_default();
    let line = Line::new()
        .with(Tone::Strong, &system.name)
        .plain(": ")
        .with(tone(system.verdict), verdict(system.verdict))
        .plain(format!("{confidence}, {}", in_words(system.level)));
    page.wrap(0, 2, &line);
    let place = match root(system) {
        root if root == "." => String::new(),
        root => format!(" in {root}"),
    };
    let kind = format!("{}{place}, {} code", system.kind.name(), system.role.name());
    page.wrap(2, 2, &Line::new().with(Tone::Dim, kind));
    page.wrap(2, 2, &Line::new().plain(why::why(system)));
}

/// What would settle an undetermined system.
pub(crate) fn settles(page: &mut Page, system: &System) {
    criteria::settles(page, system, usize::MAX);
}

/// All tools and triggers, the models and the identities.
pub(crate) fn parts(page: &mut Page, system: &System) {
    parts::tools(page, system, usize::MAX);
    parts::triggers(page, &system.triggers, usize::MAX);
    joins::joins(page, system, usize::MAX);
    parts::acts_with(page, system);
}

/// Everything that a reviewer asks first.
fn in_full(page: &mut Page, system: &System) {
    heading(page, system);
    page.gap();
    criteria::all(page, system);
    criteria::settles(page, system, ITEMS);
    page.gap();
    parts::tools(page, system, ITEMS);
    parts::triggers(page, &system.triggers, ITEMS);
    joins::joins(page, system, ITEMS);
    parts::made_of(page, system);
}

/// Why it is none, and what it is made of.
fn in_short(page: &mut Page, system: &System) {
    heading(page, system);
    let decisive = [Criterion::C1, Criterion::C3, Criterion::C2, Criterion::C4];
    let mut no = decisive.into_iter().filter(|c| system.criteria[*c].ternary() == Ternary::No);
    if let Some(criterion) = no.next() {
        criteria::answers(page, system, &[criterion], 1);
    }
    joins::joins(page, system, ITEMS);
    parts::made_of(page, system);
}

fn label(text: &str) -> Line {
    Line::new().with(Tone::Strong, format!("{text:<LABEL$}"))
}
