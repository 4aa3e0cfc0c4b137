//! The report for people: first what is agentic, then why, then what was not looked at.

use std::collections::BTreeMap;

use asmm_model::autonomy::Ternary;
use asmm_model::{
    Answer, Component, Coverage, Criterion, Evidence, Gap, GapReason, Hitl, Identity, IdentityKind,
    Inventory, Model, Place, Privilege, Supports, System, Tool, Trigger, Verdict,
};

use super::why::why;
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
/// Pieces of evidence for one answer.
const EVIDENCE: usize = 2;
/// Loose components.
const LOOSE: usize = 20;
/// Examples of one kind of gap.
const EXAMPLES: usize = 3;
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
    loose(&mut page, &inventory.components);
    not_looked_at(&mut page, &inventory.coverage);
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

fn count(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn summary(page: &mut Page, inventory: &Inventory) {
    let of = |verdict| inventory.systems.iter().filter(|s| s.verdict == verdict).count() as u64;
    let (agentic, open, not) =
        (of(Verdict::Agentic), of(Verdict::Undetermined), of(Verdict::NotAgentic) + of(Verdict::NotAi));
    let tone = |number: u64, tone| if number > 0 { tone } else { Tone::Plain };
    let line = match agentic + open + not {
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
    let seen: u64 = inventory.coverage.iter().map(|c| c.seen).sum();
    let gaps = |hidden: bool| -> u64 {
        let skipped = inventory.coverage.iter().flat_map(|c| &c.skipped);
        skipped.filter(|gap| gap.why.hides() == hidden).map(|gap| gap.count).sum()
    };
    let (hidden, left_out) = (gaps(true), gaps(false));
    let mut read = vec![format!("{} read", count(seen, "file", "files"))];
    if hidden > 0 {
        read.push(format!("{} in what could be seen", count(hidden, "gap", "gaps")));
    }
    if left_out > 0 {
        read.push(format!("{left_out} left out on purpose"));
    }
    page.wrap(0, 0, &line.plain(format!(" {}.", read.join(", "))));
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
                Span::new(Tone::Plain, hitl(system.hitl)),
                Span::new(Tone::Plain, system.role.name()),
                Span::new(Tone::Dim, root(system)),
            ]
        })
        .collect();
    page.table(0, &columns, &rows);
    cut(page, 0, systems.len(), SYSTEMS);
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Agentic => Tone::Bad,
        Verdict::Undetermined => Tone::Open,
        Verdict::NotAgentic | Verdict::NotAi => Tone::Good,
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agentic => "agentic",
        Verdict::Undetermined => "undetermined",
        Verdict::NotAgentic => "not agentic",
        Verdict::NotAi => "not AI",
    }
}

fn level(system: &System) -> String {
    let [low, high] = system.level;
    if low == high { low.to_string() } else { format!("{low}-{high}") }
}

fn level_in_words(system: &System) -> String {
    let [low, high] = system.level;
    if low == high {
        format!("{low} {}", low.name())
    } else {
        format!("{low} {} to {high} {}", low.name(), high.name())
    }
}

fn percent(confidence: Option<f64>) -> String {
    confidence.map_or_else(|| "-".to_owned(), |confidence| format!("{:.0}%", confidence * 100.0))
}

fn hitl(hitl: Hitl) -> &'static str {
    match hitl {
        Hitl::None => "none",
        Hitl::Some => "some",
        Hitl::EveryStep => "every step",
        Hitl::Unknown => "unknown",
    }
}

/// Where a system is, as a path from where the scan was started.
fn root(system: &System) -> String {
    match (system.target.as_deref(), system.root.as_str()) {
        (None, "") => ".".to_owned(),
        (None, root) => root.to_owned(),
        (Some(target), "") => target.to_owned(),
        (Some(target), root) => format!("{}/{root}", target.trim_end_matches('/')),
    }
}

fn heading(page: &mut Page, system: &System) {
    let confidence = system.confidence.map(|c| format!(", {} sure", percent(Some(c)))).unwrap_or_default();
    let line = Line::new()
        .with(Tone::Strong, &system.name)
        .plain(": ")
        .with(tone(system.verdict), verdict(system.verdict))
        .plain(format!("{confidence}, {}", level_in_words(system)));
    page.wrap(0, 2, &line);
    let kind = format!("{} in {}, {} code", system.kind.name(), root(system), system.role.name());
    page.wrap(2, 2, &Line::new().with(Tone::Dim, kind));
    page.wrap(2, 2, &Line::new().plain(why(system)));
}

/// Everything that a reviewer asks first.
fn in_full(page: &mut Page, system: &System) {
    heading(page, system);
    page.gap();
    criteria(page, system);
    if !system.settles.is_empty() {
        page.gap();
        page.push(Line::new().plain("  ").with(Tone::Open, "What would settle it"));
        for missing in system.settles.iter().take(ITEMS) {
            page.wrap(
                4,
                8,
                &Line::new().with(Tone::Dim, format!("{:<3} ", missing.criterion.id())).plain(&missing.what),
            );
        }
        cut(page, 4, system.settles.len(), ITEMS);
    }
    page.gap();
    tools(page, &system.tools, system.hitl);
    triggers(page, &system.triggers);
    parts(page, system);
}

/// Why it is none, and what it is made of.
fn in_short(page: &mut Page, system: &System) {
    heading(page, system);
    let decisive = [Criterion::C1, Criterion::C3, Criterion::C2, Criterion::C4];
    let mut no = decisive.into_iter().filter(|c| system.criteria[*c].ternary() == Ternary::No);
    if let Some(criterion) = no.next() {
        answers(page, system, &[criterion], 1);
    }
    parts(page, system);
}

/// The questions that decide, then those that have an answer; the others only by name.
fn criteria(page: &mut Page, system: &System) {
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

fn answers(page: &mut Page, system: &System, criteria: &[Criterion], most: usize) {
    let columns = [
        Column::whole(""),
        Column::whole(""),
        Column::whole(""),
        Column::number(""),
        Column::cut("", Cut::End),
        Column::cut("", Cut::Start),
    ];
    let mut rows = Vec::new();
    for criterion in criteria {
        let answer = &system.criteria[*criterion];
        let said = answer.ternary();
        let mut head = vec![
            Span::new(Tone::Plain, criterion.id()),
            Span::new(Tone::Plain, criterion.name()),
            Span::new(if said == Ternary::Unknown { Tone::Open } else { Tone::Strong }, said.name()),
            Span::new(Tone::Plain, answer.confidence().map(|c| format!("{c:.2}")).unwrap_or_default()),
        ];
        let shown = strongest(answer, most);
        if shown.is_empty() {
            rows.push(head.clone());
        }
        for evidence in shown {
            head.push(Span::new(Tone::Plain, note(evidence, said)));
            head.push(Span::new(Tone::Dim, evidence.place.to_string()));
            rows.push(std::mem::replace(&mut head, vec![Span::new(Tone::Plain, ""); 4]));
        }
    }
    page.table(2, &columns, &rows);
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
        // The same words at another place tell a reader nothing new.
        let told =
            shown.iter().any(|s| s.note == evidence.note && s.rule == evidence.rule && s.note.is_some());
        if shown.len() < most.saturating_sub(against).max(1) && !told {
            shown.push(evidence);
        }
    }
    shown.extend(loser.into_iter().take(against));
    shown
}

fn note(evidence: &Evidence, answer: Ternary) -> String {
    let side = match (evidence.supports, answer) {
        (Some(Supports::Yes), Ternary::No | Ternary::Unknown) => "for yes: ",
        (Some(Supports::No), Ternary::Yes | Ternary::Unknown) => "for no: ",
        _ => "",
    };
    match (&evidence.note, &evidence.rule) {
        (Some(note), _) => format!("{side}{note}"),
        (None, Some(rule)) => format!("{side}rule {rule}"),
        (None, None) => format!("{side}seen"),
    }
}

fn label(text: &str) -> Line {
    Line::new().with(Tone::Strong, format!("{text:<LABEL$}"))
}

fn first_place(evidence: &[Evidence]) -> Span {
    Span::new(Tone::Dim, evidence.first().map(|e| e.place.to_string()).unwrap_or_default())
}

fn tools(page: &mut Page, tools: &[Tool], approval: Hitl) {
    if tools.is_empty() {
        return;
    }
    let heading =
        format!("{} (approval by a person: {})", count(tools.len() as u64, "tool", "tools"), hitl(approval));
    page.push(Line::new().plain("  ").with(Tone::Strong, heading));
    // What changes most, with the fewest questions asked, first.
    let mut tools: Vec<&Tool> = tools.iter().collect();
    tools.sort_by_key(|tool| std::cmp::Reverse((tool.effect, tool.gate)));
    let rows: Vec<Vec<Span>> = tools
        .iter()
        .take(ITEMS)
        .map(|tool| {
            let changes = tool.effect.changes_state();
            vec![
                Span::new(Tone::Plain, &tool.name),
                Span::new(if changes { Tone::Strong } else { Tone::Plain }, tool.effect.name()),
                Span::new(Tone::Plain, format!("approval: {}", tool.gate.name())),
                first_place(&tool.evidence),
            ]
        })
        .collect();
    let columns =
        [Column::cut("", Cut::End), Column::whole(""), Column::whole(""), Column::cut("", Cut::Start)];
    page.table(4, &columns, &rows);
    cut(page, 4, tools.len(), ITEMS);
}

fn triggers(page: &mut Page, triggers: &[Trigger]) {
    if triggers.is_empty() {
        return;
    }
    page.push(Line::new().plain("  ").with(Tone::Strong, "Started by"));
    let rows: Vec<Vec<Span>> = triggers
        .iter()
        .take(ITEMS)
        .map(|trigger| {
            let runs = trigger.runs.as_ref().map(|runs| format!("runs {runs}")).unwrap_or_default();
            vec![
                Span::new(Tone::Plain, trigger.kind.name()),
                Span::new(Tone::Plain, &trigger.value),
                Span::new(Tone::Plain, runs),
                Span::new(Tone::Dim, trigger.place.to_string()),
            ]
        })
        .collect();
    let columns = [
        Column::whole(""),
        Column::cut("", Cut::End),
        Column::cut("", Cut::End),
        Column::cut("", Cut::Start),
    ];
    page.table(4, &columns, &rows);
    cut(page, 4, triggers.len(), ITEMS);
}

/// What a system is made of, a paragraph each.
fn parts(page: &mut Page, system: &System) {
    paragraph(page, "Components", &system.components, component);
    paragraph(page, "Models", &system.models, model);
    paragraph(page, "Identities", &system.identities, identity);
}

fn paragraph<T>(page: &mut Page, name: &str, items: &[T], show: impl Fn(&T, Line) -> Line) {
    if items.is_empty() {
        return;
    }
    let mut line = label(name);
    for (at, item) in items.iter().take(WORDS).enumerate() {
        line = show(item, if at == 0 { line } else { line.plain(", ") });
    }
    if let Some(more) = more(items.len(), WORDS) {
        line = line.plain(" ").with(Tone::Dim, more);
    }
    page.wrap(2, 2 + LABEL, &line);
}

fn component(component: &Component, line: Line) -> Line {
    let version = component.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    line.plain(format!("{}{version}", component.name))
        .with(Tone::Dim, format!(" ({})", component.kind.name()))
}

fn model(model: &Model, line: Line) -> Line {
    let pinned = if model.pinned { "pinned" } else { "not pinned" };
    let provider = model.provider.as_ref().map(|provider| format!("{provider}, ")).unwrap_or_default();
    line.plain(&model.name).with(Tone::Dim, format!(" ({provider}{pinned})"))
}

fn identity(identity: &Identity, line: Line) -> Line {
    let inferred = if identity.inferred { ", the default of its SDK" } else { "" };
    let privilege = identity.privilege.map(|p| format!(", privilege {}", privilege(p))).unwrap_or_default();
    line.plain(&identity.name)
        .with(Tone::Dim, format!(" ({}{privilege}{inferred})", identity_kind(identity.kind)))
}

fn identity_kind(kind: IdentityKind) -> &'static str {
    match kind {
        IdentityKind::EnvCredential => "environment",
        IdentityKind::SecretRef => "secret",
        IdentityKind::CloudRole => "cloud role",
        IdentityKind::CloudUser => "cloud user",
        IdentityKind::ServiceAccount => "service account",
        IdentityKind::WorkflowToken => "workflow token",
        IdentityKind::OauthClient => "OAuth client",
        IdentityKind::ApiKey => "API key in place",
    }
}

fn privilege(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::None => "none",
        Privilege::Unknown => "unknown",
        Privilege::Read => "read",
        Privilege::Write => "write",
        Privilege::Admin => "admin",
    }
}

fn loose(page: &mut Page, components: &[Component]) {
    if components.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Components that belong to no system"));
    let rows: Vec<Vec<Span>> = components
        .iter()
        .take(LOOSE)
        .map(|component| {
            let place = component.evidence.first().map(|e| from_start(&e.place)).unwrap_or_default();
            vec![
                Span::new(Tone::Plain, &component.name),
                Span::new(Tone::Plain, component.version.as_deref().unwrap_or("")),
                Span::new(Tone::Plain, component.kind.name()),
                Span::new(Tone::Plain, component.role.name()),
                Span::new(Tone::Dim, place),
            ]
        })
        .collect();
    let columns = [
        Column::cut("", Cut::End),
        Column::cut("", Cut::End),
        Column::whole(""),
        Column::whole(""),
        Column::cut("", Cut::Start),
    ];
    page.table(2, &columns, &rows);
    cut(page, 2, components.len(), LOOSE);
}

/// A place with its target in front, where no heading names the target.
fn from_start(place: &Place) -> String {
    match &place.target {
        Some(target) => format!("{}/{place}", target.trim_end_matches('/')),
        None => place.to_string(),
    }
}

fn not_looked_at(page: &mut Page, coverage: &[Coverage]) {
    let several = coverage.len() > 1;
    let mut reasons: BTreeMap<(bool, GapReason), Vec<(&str, &Gap)>> = BTreeMap::new();
    for part in coverage {
        for gap in &part.skipped {
            // What hides something first.
            reasons.entry((!gap.why.hides(), gap.why)).or_default().push((&part.target, gap));
        }
    }
    if reasons.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Not looked at"));
    for ((on_purpose, reason), gaps) in reasons {
        let total: u64 = gaps.iter().map(|(_, gap)| gap.count).sum();
        let mut line = Line::new()
            .with(if on_purpose { Tone::Plain } else { Tone::Open }, format!("{:<LABEL$} ", reason.name()))
            .plain(format!("{total:>6}  "));
        for (at, (target, gap)) in gaps.iter().take(EXAMPLES).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            let place = if several && *target != gap.what {
                format!("{target}: {}", gap.what)
            } else {
                gap.what.clone()
            };
            let number = if gap.count > 1 { format!(" ({})", gap.count) } else { String::new() };
            line = line.plain(format!("{separator}{place}{number}"));
            let told = gaps[..at].iter().any(|(_, earlier)| earlier.detail == gap.detail);
            if let Some(detail) = gap.detail.as_ref().filter(|_| !told) {
                line = line.with(Tone::Dim, format!(", {detail}"));
            }
        }
        if let Some(more) = more(gaps.len(), EXAMPLES) {
            line = line.plain(" ").with(Tone::Dim, more);
        }
        page.wrap(2, 2 + LABEL + 9, &line);
    }
}
