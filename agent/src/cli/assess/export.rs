//! `muster assess export`: the evidence bundle of an assessment, for an auditor.

use std::path::PathBuf;

use clap::Args;

use crate::assess::bundle::gather;
use crate::cli::exit::Exit;
use crate::cli::output::OutputFolder;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::clock;

/// Write the evidence of an assessment as a folder, for an auditor
///
/// Scores with all that was said before, the structure, the seed, the inventory of the last run, what was not seen, the audit log, the
/// same for tools that read OSCAL and CycloneDX, the report, and a manifest with the SHA-256 of each file. `muster evidence verify` checks
/// such a folder anywhere, without a store.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess export 2026-q4 --output evidence
  muster evidence verify evidence")]
pub(super) struct Export {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder to make
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    store: StoreOption,
}

impl Export {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = OutputFolder::at(&self.output)?;
        let at = clock::now();
        let files = self.store.with_any(async |store| gather(store, &self.name, &at).await)?;
        output.write(&files)?;
        printer.note(&format!("{} files are in `{}`", files.len(), self.output.display()));
        Ok(Exit::Done)
    }
}
