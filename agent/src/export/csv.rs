//! The systems as a table for spreadsheets: one line each, in columns of our own.

use asmm_model::{Component, Identity, Inventory, Model, System, Tool, Trigger};
use csv::{Terminator, WriterBuilder};

use super::{table, words};
use crate::page::visible;

/// The columns before those of the ten questions, and those after.
const BEFORE: [&str; 20] = [
    "id",
    "name",
    "kind",
    "target",
    "root",
    "verdict",
    "level_min",
    "level_max",
    "confidence",
    "approval",
    "role",
    "priority",
    "owner",
    "purpose",
    "models",
    "components",
    "tools",
    "identities",
    "triggers",
    "locations",
];

/// What a store remembers; empty in what a scan alone found.
const REMEMBERED: [&str; 3] = ["presence", "first_seen", "last_seen"];

/// With a newline as RFC 4180 wants it at the end of each line.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let mut head: Vec<String> = BEFORE.map(str::to_owned).to_vec();
    head.extend(asmm_model::Criterion::ALL.map(|criterion| criterion.id().to_lowercase()));
    head.extend(REMEMBERED.map(str::to_owned));
    let rows = inventory.systems.iter().map(|system| row(inventory, system));
    lines(std::iter::once(head).chain(rows))
}

/// Rows as text. A spreadsheet takes a cell that begins with certain characters for a formula, and would run
/// what was scanned; it is guarded here, where nobody can forget it.
pub(crate) fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A cell that no spreadsheet calculates. Where a comma or a semicolon is taken for the end of a cell, as it
/// is where the separator is another one, the rest of it is guarded as well.
fn guarded(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for c in cell.chars() {
        // The last four are the wide forms, which some programs take for the others.
        if begins && matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') {
            text.push('\'');
        }
        text.push(c);
        begins = matches!(c, ';' | ',') || begins && matches!(c, ' ' | '"');
    }
    text
}

fn row(inventory: &Inventory, system: &System) -> Vec<String> {
    let [low, high] = system.level;
    let owner = system.owners.iter().map(|owner| format!("{} ({})", owner.name, owner.source.title()));
    let places = system.locations.iter().map(|at| format!("{}: {}", words::named(at.kind), at.reference));
    let mut row = vec![
        system.id.as_str().to_owned(),
        visible(&system.name).into_owned(),
        system.kind.name().to_owned(),
        visible(inventory.target_of(system).unwrap_or_default()).into_owned(),
        visible(&system.root).into_owned(),
        system.verdict.name().to_owned(),
        low.0.to_string(),
        high.0.to_string(),
        system.confidence.map(|confidence| confidence.to_string()).unwrap_or_default(),
        table::approval(system).trim_matches('-').to_owned(),
        system.role.name().to_owned(),
        system.priority.to_string(),
        list(owner),
        visible(system.purpose.as_ref().map_or("", |purpose| &purpose.text)).into_owned(),
        list(system.models.iter().map(model)),
        list(system.components.iter().map(component)),
        list(system.tools.iter().map(tool)),
        list(system.identities.iter().map(identity)),
        list(system.triggers.iter().map(trigger)),
        list(places),
    ];
    row.extend(system.criteria.iter().map(|(_, answer)| words::answer(answer).to_owned()));
    let known = system.remembered.as_ref();
    row.extend(known.map_or([const { String::new() }; 3], |known| {
        [known.presence.name().to_owned(), known.first_seen.clone(), known.last_seen.clone()]
    }));
    row
}

/// Several things in one cell, each once, in the order in which they first come.
pub(super) fn list(things: impl Iterator<Item = String>) -> String {
    let mut once: Vec<String> = Vec::new();
    for thing in things {
        let thing = visible(&thing).into_owned();
        if !once.contains(&thing) {
            once.push(thing);
        }
    }
    once.join("; ")
}

fn model(model: &Model) -> String {
    match &model.provider {
        Some(provider) => format!("{} ({provider})", model.name),
        None => model.name.clone(),
    }
}

fn component(component: &Component) -> String {
    let mut text = format!("{}: {}", component.kind.name(), component.name);
    if let Some(version) = &component.version {
        text.push(' ');
        text.push_str(version);
    }
    if let Some(access) = component.access {
        text.push_str(" (access ");
        text.push_str(access.name());
        text.push(')');
    }
    text
}

fn tool(tool: &Tool) -> String {
    format!("{} ({}, approval {})", tool.name, tool.effect.name(), tool.gate.name())
}

fn identity(identity: &Identity) -> String {
    let kind = words::named(identity.kind);
    match identity.privilege {
        Some(privilege) => format!("{} ({kind}, privilege {})", identity.name, privilege.name()),
        None => format!("{} ({kind})", identity.name),
    }
}

fn trigger(trigger: &Trigger) -> String {
    format!("{} {}", trigger.kind.name(), trigger.value).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use asmm_model::{Effect, Gate, Place, SystemKind};

    use super::*;
    use crate::sample::{self, Sample};

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_system_is_a_line() {
        insta::assert_snapshot!(text(&sample::inventory(sample::observations("."))).unwrap());
    }

    #[test]
    fn no_cell_is_a_formula() {
        let table = [
            ("", ""),
            ("plain - text", "plain - text"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a/b", "'@a/b"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            (" =1", " '=1"),
            ("＝1", "'＝1"),
            ("a; =1", "a; '=1"),
            ("a,\"=1", "a,\"'=1"),
            ("a=1", "a=1"),
        ];
        for (cell, expected) in table {
            assert_eq!(guarded(cell), expected);
        }
    }

    #[test]
    fn hostile_names_stay_in_their_cells() {
        let hostile = "=HYPERLINK(\"http://evil.example\";\"a\"),\r\n-2\u{1b}";
        let at = || Place::line(hostile, 3);
        let sample = Sample::new(hostile, hostile, hostile)
            .system(SystemKind::Agent, false)
            .tool(hostile, Effect::Unknown, Gate::Unknown, at())
            .identity(hostile, false, at())
            .model(hostile, hostile, false, at());
        let rows = read(&text(&sample::inventory(sample.observations())).unwrap());
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert_eq!(rows[1].len(), rows[0].len());
        for cell in &rows[1] {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            assert!(!cell.chars().any(char::is_control), "{cell:?}");
        }
    }
}
