//! The lists in reports: each says the same, and no name of a register becomes markup or a command.

use asmm_model::{Declared, Inventory, Mark, MarkKind};
use insta::assert_snapshot;

use super::super::{Seen, matched};
use super::lists::{entries, inventory};
use crate::export::{Format, Surface, table};
use crate::page::Page;

fn with(entries: Vec<Declared>) -> Inventory {
    let mut inventory = inventory();
    let mut lists = matched(entries, &inventory, &[], &Seen::default());
    lists.notes = vec!["register.csv: row 17: no name".to_owned()];
    inventory.register = Some(lists);
    inventory
}

fn text(format: Format, inventory: &Inventory) -> String {
    format.write(inventory, Surface { width: 100, colour: false }).unwrap()
}

/// What stands between two texts.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let text = &text[text.find(from).unwrap()..];
    &text[..text.find(to).unwrap()]
}

#[test]
fn a_report_for_people_has_the_lists() {
    let mut page = Page::new(100);
    table::register::lists(&mut page, with(entries()).register.as_ref().unwrap(), 3);
    assert_snapshot!(page.text(false));
    assert!(text(Format::Table, &with(entries())).contains("Seen but not declared\n"));
}

#[test]
fn markdown_and_the_page_have_the_lists() {
    let inventory = with(entries());
    let markdown = text(Format::Markdown, &inventory);
    assert_snapshot!("register_markdown", &markdown[markdown.find("## The known register").unwrap()..]);
    let html = text(Format::Html, &inventory);
    assert_snapshot!(
        "register_html",
        between(&html, "<h2 id=\"register-title\">", "<h2 id=\"coverage-title\">")
    );
}

#[test]
fn nothing_of_a_register_is_obeyed() {
    let hostile = "<script>alert(1)</script>`|\u{1b}[2J\u{202e}=1+1";
    let mut all = entries();
    for entry in &mut all {
        entry.id = format!("{hostile}{}", entry.id);
        entry.name = format!("{} {hostile}", entry.name);
        entry.owner = Some(hostile.to_owned());
        entry.purpose = Some(hostile.to_owned());
        entry.place.path = Some(hostile.to_owned());
        entry.marks.push(Mark { kind: MarkKind::Host, value: hostile.to_owned() });
    }
    let mut inventory = with(all);
    if let Some(lists) = &mut inventory.register {
        lists.notes = vec![hostile.to_owned()];
        for one in &mut lists.seen {
            one.remarks.push(hostile.to_owned());
            one.systems[0].name = hostile.to_owned();
            one.systems[0].because[0].says = hostile.to_owned();
        }
    }
    for format in [Format::Table, Format::Markdown, Format::Html] {
        let text = text(format, &inventory);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(format == Format::Table || !text.contains("<script>"), "{text}");
    }
    let read: Inventory = serde_json::from_str(&text(Format::Json, &inventory)).unwrap();
    assert_eq!(read, inventory);
}
