//! What was declared, held against what was seen: three lists, and what a person has to say.

use asmm_model::{Declared, MatchedBy, Register, Sighted};

use super::{count, cut, tone, verdict};
use crate::page::{Line, Page, Tone};

/// Systems of one entry that are named.
const SYSTEMS: usize = 5;
/// Notes about what could not be read.
const NOTES: usize = 10;

/// The lists, each with so many lines at most.
pub(crate) fn lists(page: &mut Page, register: &Register, most: usize) {
    page.gap();
    page.wrap(0, 2, &Line::new().with(Tone::Strong, "Register: ").plain(format!("{}.", in_short(register))));
    list(page, "Declared and seen", &register.seen, most, |page, one| {
        let person = if one.by == MatchedBy::Person { ", as a person decided" } else { "" };
        let line = entry(&one.declared).plain(": ").and(systems(&one.systems)).plain(person);
        page.wrap(2, 4, &line.with(Tone::Dim, format!(" ({})", why(&one.systems))));
        for remark in &one.remarks {
            page.wrap(4, 6, &Line::new().with(Tone::Open, remark));
        }
    });
    list(page, "May be declared: a person has to say", &register.questions, most, |page, one| {
        let more = if one.more > 0 { format!(" and {} more", one.more) } else { String::new() };
        let line = entry(&one.declared).plain(" may be ").and(systems(&one.systems)).plain(more);
        page.wrap(2, 4, &line.with(Tone::Dim, format!(" ({})", why(&one.systems))));
    });
    list(page, "Seen but not declared", &register.shadow, most, |page, one| {
        page.wrap(2, 4, &system(one));
    });
    list(page, "Declared but not seen", &register.unseen, most, |page, one| {
        page.wrap(2, 4, &entry(&one.declared).plain(": ").plain(one.why.says()));
    });
    list(page, "What of the register could not be read", &register.notes, NOTES, |page, note| {
        page.wrap(2, 4, &Line::new().plain(note));
    });
}

/// How many of each there are.
pub(crate) fn in_short(register: &Register) -> String {
    let asked = match register.questions.len() as u64 {
        0 => String::new(),
        asked => format!(", {}", count(asked, "question", "questions")),
    };
    format!(
        "{} declared and seen, {} seen but not declared, {} declared but not seen{asked}",
        register.seen.len(),
        register.shadow.len(),
        register.unseen.len()
    )
}

fn list<T>(page: &mut Page, title: &str, all: &[T], most: usize, one: impl Fn(&mut Page, &T)) {
    if all.is_empty() {
        return;
    }
    page.push(Line::new().with(Tone::Strong, title));
    all.iter().take(most).for_each(|it| one(page, it));
    cut(page, 2, all.len(), most);
}

fn entry(declared: &Declared) -> Line {
    let line = Line::new().plain(&declared.name);
    let id = if declared.id == declared.name { String::new() } else { format!("{}, ", declared.id) };
    line.with(Tone::Dim, format!(" ({id}{})", declared.place))
}

fn system(one: &Sighted) -> Line {
    Line::new()
        .plain(&one.name)
        .plain(", ")
        .with(tone(one.verdict), verdict(one.verdict))
        .with(Tone::Dim, format!(" ({})", one.system.as_str()))
}

fn systems(all: &[Sighted]) -> Line {
    let mut line = Line::new();
    for (at, one) in all.iter().take(SYSTEMS).enumerate() {
        line = line.plain(if at > 0 { "; " } else { "" }).and(system(one));
    }
    let more = all.len().saturating_sub(SYSTEMS);
    if more > 0 { line.plain(format!(" and {more} more")) } else { line }
}

/// Why these are meant, each reason once.
pub(crate) fn why(systems: &[Sighted]) -> String {
    let mut says: Vec<&str> = Vec::new();
    for reason in systems.iter().flat_map(|one| &one.because) {
        if !says.contains(&reason.says.as_str()) && says.len() < SYSTEMS {
            says.push(&reason.says);
        }
    }
    says.join("; and ")
}
