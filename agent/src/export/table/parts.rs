//! The parts of one system: its tools, what starts it, and what it is made of.

use asmm_model::{Control, Evidence, Identity, Model, Owner, Privilege, System, Tool, Trigger};

use super::{LABEL, WORDS, approval, components, cut, label, more};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

fn count(count: usize, one: &str, many: &str) -> String {
    super::count(count as u64, one, many)
}

fn first_place(evidence: &[Evidence]) -> Span {
    Span::new(Tone::Dim, evidence.first().map(|e| e.place.to_string()).unwrap_or_default())
}

/// What the model may call, and who is asked first.
pub(super) fn tools(page: &mut Page, system: &System, most: usize) {
    if system.tools.is_empty() {
        return;
    }
    let heading = format!("{}: {}", count(system.tools.len(), "tool", "tools"), approval::sentence(system));
    page.push(Line::new().plain("  ").with(Tone::Strong, heading));
    // What changes most, with the fewest questions asked, first.
    let mut tools: Vec<&Tool> = system.tools.iter().collect();
    tools.sort_by_key(|tool| std::cmp::Reverse((tool.effect, tool.gate)));
    let entries: Vec<Entry> = tools
        .iter()
        .take(most)
        .map(|tool| {
            let tone = if tool.effect.changes_state() { Tone::Strong } else { Tone::Plain };
            Entry {
                heads: vec![
                    Span::new(Tone::Plain, &tool.name),
                    Span::new(tone, tool.effect.name()),
                    Span::new(Tone::Plain, approval::of(tool)),
                ],
                text: Line::new(),
                place: first_place(&tool.evidence),
            }
        })
        .collect();
    page.entries(4, &[Column::whole(""), Column::whole(""), Column::whole("")], &entries);
    cut(page, 4, tools.len(), most);
}

/// What starts it.
pub(super) fn triggers(page: &mut Page, triggers: &[Trigger], most: usize) {
    if triggers.is_empty() {
        return;
    }
    page.push(Line::new().plain("  ").with(Tone::Strong, "Started by"));
    let shown = &triggers[..triggers.len().min(most)];
    let values = shown.iter().any(|trigger| !trigger.value.is_empty());
    let entries: Vec<Entry> = shown
        .iter()
        .map(|trigger| {
            let mut heads = vec![Span::new(Tone::Plain, trigger.kind.name())];
            heads.extend(values.then(|| Span::new(Tone::Plain, &trigger.value)));
            Entry {
                heads,
                text: Line::new().plain(runs(trigger)),
                place: Span::new(Tone::Dim, trigger.place.to_string()),
            }
        })
        .collect();
    let columns = vec![Column::whole(""); 1 + usize::from(values)];
    page.entries(4, &columns, &entries);
    cut(page, 4, triggers.len(), most);
}

/// What is started, without the file if the place behind it names that one.
pub(super) fn runs(trigger: &Trigger) -> String {
    let Some(runs) = trigger.runs.as_deref() else { return String::new() };
    let here = trigger.place.path.as_deref().unwrap_or_default();
    let routine = match runs.strip_suffix(here).filter(|_| !here.is_empty()) {
        Some(routine) => routine.strip_suffix(" in ").unwrap_or(routine),
        None => runs,
    };
    if routine.is_empty() { String::new() } else { format!("runs {routine}") }
}

/// One item of a paragraph: the group it stands in, and what is shown of it.
pub(super) type Item = (String, Line);

/// What a system is made of, a paragraph each.
pub(super) fn made_of(page: &mut Page, system: &System) {
    claims(page, system);
    components::of_system(page, &system.components);
    acts_with(page, system);
}

/// What the repository says that it is for and whose: nobody checked either.
fn claims(page: &mut Page, system: &System) {
    if let Some(purpose) = &system.purpose {
        let line =
            label("Purpose").plain(&purpose.text).with(Tone::Dim, format!(" (claimed in {})", purpose.place));
        page.wrap(2, 2 + LABEL, &line);
    }
    let owners: Vec<Item> = system.owners.iter().map(owner).collect();
    paragraph(page, "Owner", &owners, None);
}

fn owner(owner: &Owner) -> Item {
    let at = format!(" ({})", owner.place);
    (owner.source.title().to_owned(), Line::new().plain(&owner.name).with(Tone::Dim, at))
}

/// The models that it calls, and what it acts under.
pub(super) fn acts_with(page: &mut Page, system: &System) {
    let mut models: Vec<Item> = system.models.iter().map(model).collect();
    models.sort_by(|a, b| a.0.cmp(&b.0));
    paragraph(page, "Models", &models, None);
    let mut identities: Vec<&Identity> = system.identities.iter().collect();
    identities.sort_by_key(|identity| identity.kind);
    paragraph(page, "Identities", &identities.into_iter().map(identity).collect::<Vec<_>>(), None);
    paragraph(page, "Controls", &system.controls.iter().map(control).collect::<Vec<_>>(), None);
}

/// Items under the name of their group, which is said once, and what there is to say at the end.
pub(super) fn paragraph(page: &mut Page, name: &str, items: &[Item], end: Option<String>) {
    if items.is_empty() && end.is_none() {
        return;
    }
    let mut line = label(name);
    let mut group = "";
    for (at, (of, item)) in items.iter().take(WORDS).enumerate() {
        let separator = match at {
            0 => "",
            _ if of == group => ", ",
            _ => "; ",
        };
        line = line.plain(separator);
        if (at == 0 || of != group) && !of.is_empty() {
            line = line.with(Tone::Dim, format!("{of}: "));
        }
        line = line.and(item.clone());
        group = of;
    }
    if let Some(more) = more(items.len(), WORDS) {
        line = line.plain(" ").with(Tone::Dim, more);
    }
    if let Some(end) = end {
        line = line.plain(if items.is_empty() { "" } else { "; and " }).with(Tone::Dim, end);
    }
    page.wrap(2, 2 + LABEL, &line);
}

fn model(model: &Model) -> Item {
    let pinned = if model.pinned { " (pinned)" } else { "" };
    let provider = model.provider.clone().unwrap_or_else(|| "provider unknown".to_owned());
    (provider, Line::new().plain(&model.name).with(Tone::Dim, pinned))
}

fn identity(identity: &Identity) -> Item {
    let privilege = identity.privilege.map(|p| format!("privilege {}", privilege(p)));
    let inferred = identity.inferred.then(|| "the default of its SDK".to_owned());
    let shared = match identity.shared_with.len() {
        0 => None,
        1 => Some("another system acts under it as well".to_owned()),
        others => Some(format!("{others} other systems act under it as well")),
    };
    let more: Vec<String> = [privilege, inferred, shared].into_iter().flatten().collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    let line = Line::new().plain(&identity.name).with(Tone::Dim, more);
    (identity.kind.title().to_owned(), line)
}

fn control(control: &Control) -> Item {
    let missing = match control.in_place {
        Some(true) => "",
        Some(false) => " (not in place)",
        None => " (unknown)",
    };
    (control.kind.title().to_owned(), Line::new().plain(&control.name).with(Tone::Dim, missing))
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

#[cfg(test)]
mod tests {
    use asmm_model::{Place, TriggerKind};

    use super::*;

    #[test]
    fn what_a_trigger_runs_is_not_said_twice() {
        let trigger = |runs: Option<&str>| Trigger {
            kind: TriggerKind::Manual,
            value: String::new(),
            place: Place::line("app/route.ts", 3),
            runs: runs.map(str::to_owned),
            evidence: Vec::new(),
        };
        let table = [
            (None, ""),
            (Some("POST in app/route.ts"), "runs POST"),
            (Some("app/route.ts"), ""),
            (Some("jobs/run.ts"), "runs jobs/run.ts"),
        ];
        for (given, expected) in table {
            assert_eq!(runs(&trigger(given)), expected);
        }
    }
}
