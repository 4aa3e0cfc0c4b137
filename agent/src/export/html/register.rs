//! What was declared, held against what was seen: a table for each list.

use asmm_model::{Declared, MatchedBy, Register, Sighted};

use super::super::table;
use super::grid::{Cell, Grid};
use super::text::{Prose, Shown, Text};

/// Rows of one list.
const ROWS: usize = 2_000;
/// Systems of one entry that are named.
const SYSTEMS: usize = 5;

/// How many there are, and the lists that hold any.
#[derive(Debug)]
pub(crate) struct Lists {
    /// The numbers, as a sentence without a full stop.
    pub(crate) said: String,
    /// The lists.
    pub(crate) grids: Vec<Grid>,
}

impl Lists {
    /// Of a register.
    pub(crate) fn of(register: &Register) -> Self {
        let mut grids = Vec::new();
        let mut put = |caption, heads, rows: Shown<Vec<Cell>>| {
            if !rows.items.is_empty() {
                grids.push(Grid { caption, of: Text::default(), heads, rows });
            }
        };
        put(
            "Declared and seen",
            &["Entry", "Id", "Owner", "Lifecycle", "System", "Matched by", "Why", "To know"],
            Shown::of(register.seen.iter(), ROWS, |one| {
                let mut row = entry(&one.declared);
                row.push(systems(&one.systems));
                row.push(Cell::Word(if one.by == MatchedBy::Person { "a person" } else { "the rules" }));
                row.push(Cell::Prose(Prose::new(&table::register::why(&one.systems))));
                row.push(Cell::Prose(Prose::new(&one.remarks.join("; "))));
                row
            }),
        );
        put(
            "May be declared: a person has to say",
            &["Entry", "Id", "Owner", "Lifecycle", "May be", "Why"],
            Shown::of(register.questions.iter(), ROWS, |one| {
                let mut row = entry(&one.declared);
                row.push(systems(&one.systems));
                row.push(Cell::Prose(Prose::new(&table::register::why(&one.systems))));
                row
            }),
        );
        put(
            "Seen but not declared",
            &["System", "Id", "Verdict"],
            Shown::of(register.shadow.iter(), ROWS, |one| {
                let verdict = table::verdict(one.verdict);
                vec![Cell::name(&one.name), Cell::code(Some(one.system.as_str())), Cell::Word(verdict)]
            }),
        );
        put(
            "Declared but not seen",
            &["Entry", "Id", "Owner", "Lifecycle", "Why"],
            Shown::of(register.unseen.iter(), ROWS, |one| {
                let mut row = entry(&one.declared);
                row.push(Cell::Word(one.why.says()));
                row
            }),
        );
        put(
            "What of the register could not be read",
            &["Note"],
            Shown::of(register.notes.iter(), ROWS, |note| vec![Cell::Prose(Prose::new(note))]),
        );
        Self { said: table::register::in_short(register), grids }
    }
}

fn entry(declared: &Declared) -> Vec<Cell> {
    vec![
        Cell::name(&declared.name),
        Cell::code(Some(&declared.id)),
        Cell::name(declared.owner.as_deref().unwrap_or_default()),
        Cell::Word(declared.lifecycle.name()),
    ]
}

fn systems(all: &[Sighted]) -> Cell {
    let shown: Vec<String> = all
        .iter()
        .take(SYSTEMS)
        .map(|one| format!("{} ({})", one.name, table::verdict(one.verdict)))
        .collect();
    let more = all.len().saturating_sub(SYSTEMS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Cell::name(&(shown.join("; ") + &more))
}
