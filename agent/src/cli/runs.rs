//! `muster runs`: the runs that a store remembers.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::exit::Exit;
use super::printer::Printer;
use super::store::StoreOption;
use crate::page::{Line, Page, Tone};
use crate::store::{Run, RunState};

/// List the runs that the store remembers, the last one first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster runs
  muster runs --limit 100 --format json --store muster.db

A run is named by its number, its id, `latest`, or `latest~2` for the second before that.")]
pub(super) struct Runs {
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A list for people
    #[default]
    Table,
    /// One JSON document
    Json,
}

impl Runs {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let runs = self.store.with(async |store| store.runs(i64::from(self.limit)).await)?;
        match self.format {
            Form::Json => {
                let list: Vec<_> = runs.iter().map(document).collect();
                printer.result(&(serde_json::to_string_pretty(&list)? + "\n"))?;
            }
            Form::Table => {
                let mut page = Page::new(printer.surface().width);
                for run in &runs {
                    page.push(line(run));
                }
                if runs.is_empty() {
                    page.push(Line::new().plain("No run is recorded."));
                }
                printer.page(&page)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn document(run: &Run) -> serde_json::Value {
    json!({
        "number": run.number,
        "id": run.name,
        "state": run.state.name(),
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "tool": run.tool,
        "rules": run.rules,
        "targets": run.targets,
        "seen_wholly": run.whole,
    })
}

fn line(run: &Run) -> Line {
    let tone = match run.state {
        RunState::Done => Tone::Good,
        RunState::Running => Tone::Plain,
        RunState::Interrupted => Tone::Open,
        RunState::Failed => Tone::Bad,
    };
    let targets = match run.targets {
        1 => "1 target".to_owned(),
        count => format!("{count} targets"),
    };
    let hidden = match run.targets - run.whole {
        0 => String::new(),
        count => format!(", {count} not wholly seen"),
    };
    Line::new()
        .with(Tone::Strong, format!("{:>4}", run.number))
        .plain("  ")
        .with(tone, format!("{:<11}", run.state.name()))
        .plain(format!("  {}  {targets}{hidden}", run.started_at))
        .with(Tone::Dim, format!("  {}", run.name))
}
