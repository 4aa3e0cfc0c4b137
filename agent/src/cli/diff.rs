//! `muster diff`: what changed between two saved inventories.

use std::path::PathBuf;

use anyhow::Context as _;
use asmm_model::Inventory;
use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::output::OutputFile;
use super::printer::Printer;
use super::store::StoreOption;
use super::{UsageError, document};
use crate::history::{self, Difference};
use crate::store::Filter;

/// Compare two scans: what appeared, disappeared, or is decided otherwise than before
///
/// Compares two runs of the store, or two inventories that `muster scan --format json` wrote. A system that is not in the second one is `missing` only where the
/// target that it was in was scanned wholly; otherwise it is `unseen`, which says nothing about it. Moved lines, new versions and more
/// evidence for the same answer are no changes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster diff                                # the last run with the one before it
  muster diff latest~7                       # the last run with the seventh before it
  muster diff 12 19 --format markdown
  muster diff monday.json tuesday.json
  muster diff monday.json tuesday.json --format markdown --output changes.md
  muster diff main.json branch.json --exit-code

Exit codes:
   0  done, whatever changed
   1  the result could not be written
   2  the command line has a mistake, or a file is no inventory
  10  something is worse than before (only with --exit-code): a system that is new and may be agentic, one that can do
      more or asks fewer people, or a target of which less was seen")]
pub(super) struct Diff {
    /// The earlier scan: the file of an inventory, or a run of the store by its number, its id, `latest`, or `latest~2` for the
    /// second before that
    #[arg(value_name = "BEFORE", default_value = "latest~1")]
    before: String,
    /// The later scan; `-` is an inventory on standard input
    #[arg(value_name = "AFTER")]
    after: Option<String>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Write the result to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End with code 10 when something is worse than before
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A report for people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// A report for a comment or a page
    Markdown,
}

/// One side of a comparison.
enum Side {
    File(PathBuf),
    Run(String),
}

impl Side {
    /// What is there as a file, or is written like the name of one, is a file.
    fn of(given: &str) -> Self {
        let path = PathBuf::from(given);
        let is_file = given == "-" || path.exists() || path.extension().is_some() || given.contains('/');
        if is_file { Self::File(path) } else { Self::Run(given.to_owned()) }
    }

    fn inventory(self, store: &StoreOption) -> anyhow::Result<Inventory> {
        match self {
            Self::File(path) => {
                let help = "give the file that `muster scan --format json --output FILE` wrote";
                document::inventory(Some(&path), help)
            }
            Self::Run(name) => store.with(async |store| {
                let run = store.run_named(&name).await?;
                store.whole(&run, &Filter::default()).await
            }),
        }
    }
}

impl Diff {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let difference = match (Side::of(&self.before), self.after.as_deref().map(Side::of)) {
            (Side::File(_), None) => {
                let help = "give the inventory of the later scan as well, as in `muster diff before.json after.json`";
                return Err(UsageError::new("there is nothing to compare with", help).into());
            }
            (Side::Run(before), None) => self.of_runs(&before, "latest")?,
            (Side::Run(before), Some(Side::Run(after))) => self.of_runs(&before, &after)?,
            (before, Some(after)) => {
                history::difference(&before.inventory(&self.store)?, &after.inventory(&self.store)?)
            }
        };
        let surface = printer.surface();
        let text = match self.format {
            Form::Table if output.is_none() => {
                printer.page(&history::page(&difference, surface.width))?;
                None
            }
            Form::Table => Some(history::page(&difference, surface.width).text(false)),
            Form::Json => {
                Some(serde_json::to_string_pretty(&difference).context("it cannot be written")? + "\n")
            }
            Form::Markdown => Some(history::markdown(&difference)),
        };
        if let Some(text) = text {
            printer.result_to(output, &text)?;
        }
        Ok(if self.exit_code && difference.is_worse() { Exit::Flagged } else { Exit::Done })
    }
}

impl Diff {
    fn of_runs(&self, before: &str, after: &str) -> anyhow::Result<Difference> {
        self.store.with(async |store| {
            let (before, after) = (store.run_named(before).await?, store.run_named(after).await?);
            store.difference(&before, &after).await
        })
    }
}
