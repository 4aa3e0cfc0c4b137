//! `muster diff`: what changed between two saved inventories.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::document;
use super::exit::Exit;
use super::output::OutputFile;
use super::printer::Printer;
use crate::history::{self, Difference, Weight};

/// Compare two inventories: what appeared, disappeared, or is decided otherwise than before
///
/// Reads two inventories that `muster scan --format json` wrote. A system that is not in the second one is `missing` only where the
/// target that it was in was scanned wholly; otherwise it is `unseen`, which says nothing about it. Moved lines, new versions and more
/// evidence for the same answer are no changes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
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
    /// The inventory of the earlier scan
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The inventory of the later scan; `-` is standard input
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Write the result to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End with code 10 when something is worse than before
    #[arg(long)]
    exit_code: bool,
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

impl Diff {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let help = "give the file that `muster scan --format json --output FILE` wrote";
        let before = document::inventory(Some(&self.before), help)?;
        let after = document::inventory(Some(&self.after), help)?;
        let difference = history::difference(&before, &after);
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
        match (text, output) {
            (Some(text), Some(output)) => output.write(&text)?,
            (Some(text), None) => printer.result(&text)?,
            (None, _) => {}
        }
        Ok(if self.exit_code && is_worse(&difference) { Exit::Flagged } else { Exit::Done })
    }
}

fn is_worse(difference: &Difference) -> bool {
    !difference.less_seen.is_empty()
        || difference.systems.iter().any(|system| system.weight() == Weight::Worse)
}
