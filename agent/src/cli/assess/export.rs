//! `muster assess export`: the evidence bundle of an assessment, for an auditor.

use std::path::PathBuf;

use clap::Args;

use crate::assess::bundle::{self, Bundled, Files};
use crate::cli::exit::Exit;
use crate::cli::output::OutputFolder;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::clock;
use crate::register;
use crate::store::{Filter, Store, Verified};

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
        let files = self.store.with_any(async |store| files(store, &self.name).await)?;
        output.write(&files)?;
        printer.note(&format!("{} files are in `{}`", files.len(), self.output.display()));
        Ok(Exit::Done)
    }
}

/// The files, which are handed out only where they say the same.
async fn files(store: &Store, name: &str) -> anyhow::Result<Files> {
    let run = store.run_named("latest").await?;
    let mut inventory = store.whole(&run, &Filter::default()).await?;
    let sources = store.declared().await?;
    if !sources.is_empty() {
        inventory.register = Some(register::held(store, sources, &inventory).await?);
    }
    let assessment = store.assessment(name).await?;
    let (structure, history) = (store.structure_of(name).await?, store.history(name).await?);
    let (mut audit, mut after) = (String::new(), 0);
    loop {
        let (lines, last) = store.lines(after).await?;
        if lines.is_empty() {
            break;
        }
        audit.push_str(&lines);
        after = last;
    }
    let last = Verified::of_lines(&audit, &[]).head;
    let at = clock::now();
    let files = bundle::files(Bundled {
        assessment: &assessment,
        structure: &structure,
        history: &history,
        inventory: &inventory,
        audit: &audit,
        last: last.as_ref(),
        at: &at,
    })?;
    if let Some(fault) = bundle::verify(&files).first() {
        anyhow::bail!(
            "the evidence does not hold together: {fault}. Where somebody scored meanwhile, export it again; \
             `muster audit verify` tells whether the store was changed"
        );
    }
    Ok(files)
}
