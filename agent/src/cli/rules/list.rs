//! `muster rules list`: all detection rules, or all heuristics of the Autonomy Test, one a line.

use std::collections::BTreeSet;
use std::path::PathBuf;

use asmm_model::Supports;
use clap::{Args, ValueEnum};
use muster_rules::{Heuristic, Rule};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::page::{Column, Cut, Page, Span, Tone};

/// List the detection rules, or the heuristics of the Autonomy Test
///
/// A rule says what something in code is; a heuristic says which answers that speaks for. Evidence names either.
#[derive(Debug, Args)]
#[command(after_help = "\
Strength: 3 proves an agent, 2 proves use of AI, 1 supports, 0 never alone.

Examples:
  muster rules list
  muster rules list --rules my-rules
  muster rules list --heuristics
  muster rules list --format json")]
pub(super) struct List {
    /// How to write the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Form,
    /// Add the rules of a folder to the built-in ones
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// List the heuristics of the Autonomy Test in place of the rules
    #[arg(long)]
    heuristics: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Form {
    /// Aligned columns.
    #[default]
    Table,
    /// A JSON array.
    Json,
}

/// One rule, as the list shows it.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
    kind: Option<&'static str>,
    name: &'a str,
    strength: u8,
    languages: BTreeSet<&'static str>,
    sites: usize,
    packages: usize,
}

impl<'a> Entry<'a> {
    fn of(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id.0,
            title: &rule.title,
            kind: rule.kind.map(asmm_model::ComponentKind::name),
            name: &rule.name,
            strength: rule.strength,
            languages: rule.sites.iter().flat_map(|s| &s.languages).map(|l| l.name()).collect(),
            sites: rule.sites.len(),
            packages: rule.packages.len(),
        }
    }

    fn row(&self) -> Vec<Span> {
        let languages: Vec<&str> = self.languages.iter().copied().collect();
        vec![
            Span::new(Tone::Strong, self.id),
            Span::new(Tone::Plain, self.kind.unwrap_or("-")),
            Span::new(Tone::Plain, self.strength.to_string()),
            Span::new(Tone::Plain, if languages.is_empty() { "-".to_owned() } else { languages.join(", ") }),
            Span::new(Tone::Plain, self.sites.to_string()),
            Span::new(Tone::Plain, self.title),
        ]
    }
}

impl List {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let pack = super::load(self.rules.as_deref())?;
        // Where it goes to a program, a cut title would be one that cannot be searched for.
        let width = printer.columns().unwrap_or(usize::MAX);
        if self.heuristics {
            let all: Vec<&Heuristic> = pack.heuristics().iter().collect();
            match self.format {
                Form::Table => printer.page(&heuristics(&all, width))?,
                Form::Json => printer.result(&format!("{}\n", serde_json::to_string_pretty(&all)?))?,
            }
            return Ok(Exit::Done);
        }
        let entries: Vec<Entry> = pack.rules().iter().map(Entry::of).collect();
        match self.format {
            Form::Table => printer.page(&page(&entries, width))?,
            Form::Json => printer.result(&format!("{}\n", serde_json::to_string_pretty(&entries)?))?,
        }
        Ok(Exit::Done)
    }
}

fn page(entries: &[Entry], width: usize) -> Page {
    let columns = [
        Column::whole("ID"),
        Column::cut("KIND", Cut::End),
        Column::number("STRENGTH"),
        Column::cut("LANGUAGES", Cut::End),
        Column::number("SITES"),
        Column::cut("TITLE", Cut::End),
    ];
    let rows: Vec<Vec<Span>> = entries.iter().map(Entry::row).collect();
    let mut page = Page::new(width);
    page.table(0, &columns, &rows);
    page
}

fn heuristics(all: &[&Heuristic], width: usize) -> Page {
    let columns = [
        Column::whole("ID"),
        Column::whole("CLASS"),
        Column::cut("SPEAKS FOR", Cut::End),
        Column::cut("SAYS", Cut::End),
    ];
    let rows: Vec<Vec<Span>> = all
        .iter()
        .map(|heuristic| {
            let speaks: Vec<String> = heuristic
                .speaks
                .iter()
                .map(|speaks| {
                    let answer = if speaks.supports == Supports::Yes { "yes" } else { "no" };
                    format!("{} {answer} {:.2}", speaks.criterion.id(), speaks.weight)
                })
                .collect();
            vec![
                Span::new(Tone::Strong, &heuristic.id),
                Span::new(Tone::Plain, super::words::class(heuristic.class).0),
                Span::new(Tone::Plain, speaks.join(", ")),
                Span::new(Tone::Plain, &heuristic.says),
            ]
        })
        .collect();
    let mut page = Page::new(width);
    page.table(0, &columns, &rows);
    page
}
