//! `muster schema`: the JSON Schema of the inventory document.

use clap::Args;

use super::exit::Exit;
use super::printer::Printer;

/// Print the JSON Schema of the inventory that `scan --format json` writes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster schema > inventory.schema.json")]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self {} = self;
        printer.result(&asmm_model::inventory_schema_text())?;
        Ok(Exit::Done)
    }
}
