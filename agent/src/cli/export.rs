//! `muster export`: the inventory of a run of the store, in any format.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::output::OutputFile;
use super::printer::Printer;
use super::store::{FilterOptions, StoreOption};
use crate::export::Format;
use crate::register;
use crate::store::Filter;

/// Write what the store knows, as the last run or an earlier one left it
///
/// The same formats as those of a scan. Systems carry the id that they keep over all scans, when they were seen first and last, and
/// what became of them in the last scan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster export --format html --output inventory.html
  muster export --format csv --verdict agentic
  muster export latest~7 --format json
  muster export --format json | muster explain refunds")]
pub(super) struct Export {
    /// The run: its number, its id, `latest`, or `latest~2` for the second before that
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
    /// How to write it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// Write to a file instead of standard output; an old one is replaced as a whole
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterOptions,
    #[command(flatten)]
    store: StoreOption,
}

impl Export {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let filter = Filter::from(self.filter);
        let inventory = self.store.with(async |store| {
            let run = store.run_named(&self.run).await?;
            let mut inventory = store.whole(&run, &filter).await?;
            // Where systems are left out, nothing can be said of what is not declared.
            let sources = store.declared().await?;
            if filter == Filter::default() && !sources.is_empty() {
                let lists = register::held(store, sources, &inventory).await?;
                inventory.register = Some(lists);
            }
            Ok(inventory)
        })?;
        let surface = if output.is_some() { printer.file_surface() } else { printer.surface() };
        let text = self.format.write(&inventory, surface)?;
        printer.result_to(output, &text)?;
        Ok(Exit::Done)
    }
}
