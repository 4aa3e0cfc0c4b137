//! `muster assess report`: the assessment as a page for a board.

use std::path::PathBuf;

use clap::Args;

use crate::assess::report;
use crate::cli::exit::Exit;
use crate::cli::output::OutputFile;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::clock;

/// Write the report of an assessment as one page, for a board
///
/// Ratings with their ranges and what holds them down, what the evidence says, the largest gaps and the road, every area with who scored
/// it and why, every system in scope, and what was not seen. The page needs no network, runs no script and prints on A4.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess report 2026-q4 --output report.html")]
pub(super) struct Report {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreOption,
}

impl Report {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let text = self.store.with_any(async |store| {
            let assessment = store.assessment(&self.name).await?;
            report::of(store, &assessment, &clock::now()).await
        })?;
        printer.result_to(output, &text)?;
        Ok(Exit::Done)
    }
}
