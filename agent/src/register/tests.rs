//! Registers of every form, hostile ones too, and what matching says of them.

mod hostile;
mod lists;
mod shown;

use std::fmt::Write as _;

use asmm_model::Declared;
use insta::assert_snapshot;

use super::{Book, Form, read};

/// An entry in one line.
pub(super) fn line(entry: &Declared) -> String {
    let mut line = format!("{} | {} | {} | {}", entry.place, entry.id, entry.name, entry.lifecycle.name());
    let agentic = entry.agentic.map(|agentic| if agentic { "agentic" } else { "not agentic" });
    let texts = [agentic, entry.owner.as_deref(), entry.purpose.as_deref()];
    for text in texts.into_iter().flatten() {
        let _ = write!(line, " | {text}");
    }
    for mark in &entry.marks {
        let _ = write!(line, "\n    {} {}", mark.kind.title(), mark.value);
    }
    line
}

fn told(book: &Book) -> String {
    let mut told = format!("as {}\n", book.form.name());
    for entry in &book.entries {
        let _ = writeln!(told, "{}", line(entry));
    }
    for note in &book.notes {
        let _ = writeln!(told, "note: {note}");
    }
    told
}

#[test]
fn a_table_is_read_under_the_titles_that_people_give() {
    let text = include_bytes!("../../../tests/register/systems.csv");
    assert_snapshot!(told(&read("systems.csv", text, None).unwrap()));
}

#[test]
fn a_document_is_read_with_the_fields_that_people_give() {
    let text = include_bytes!("../../../tests/register/systems.json");
    assert_snapshot!(told(&read("systems.json", text, None).unwrap()));
}

#[test]
fn entities_of_a_catalogue_are_read_with_their_annotations() {
    let text = include_bytes!("../../../tests/register/catalog-info.yaml");
    assert_snapshot!(told(&read("catalog-info.yaml", text, None).unwrap()));
}

#[test]
fn an_inventory_of_use_cases_is_read_by_its_columns() {
    let text = include_bytes!("../../../tests/register/use-cases.csv");
    assert_snapshot!(told(&read("use-cases.csv", text, None).unwrap()));
}

#[test]
fn what_muster_writes_is_read_back_by_its_ids() {
    use crate::export::{Format, Surface};
    let inventory = crate::sample::inventory(crate::sample::observations("."));
    let mut told = String::new();
    for (format, form) in [(Format::Csv, Form::Csv), (Format::Omb, Form::Omb), (Format::Json, Form::Json)] {
        let text = format.write(&inventory, Surface { width: 80, colour: false }).unwrap();
        let book = read("export", text.as_bytes(), None).unwrap();
        assert_eq!(book.form, form);
        for (entry, system) in book.entries.iter().zip(&inventory.systems) {
            assert_eq!((entry.id.as_str(), entry.name.as_str()), (system.id.as_str(), system.name.as_str()));
        }
        assert_eq!(book.entries.len(), inventory.systems.len());
        let found = super::matched(book.entries, &inventory, &[], &super::Seen::default());
        let _ = writeln!(told, "{}: {} seen, {} shadow", form.name(), found.seen.len(), found.shadow.len());
    }
    assert_snapshot!(told, @r"
    csv: 3 seen, 0 shadow
    omb: 3 seen, 0 shadow
    json: 3 seen, 0 shadow
    ");
}
