//! `muster schema`: the JSON Schemas of the documents for programs.

use clap::Args;

use super::exit::Exit;
use super::printer::Printer;
use crate::notify;

/// Print the JSON Schema of the inventory that `scan --format json` writes, or of notices
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster schema > inventory.schema.json
  muster schema --notices > notices.schema.json")]
pub(super) struct Schema {
    /// Print the schema of what webhooks are sent instead
    #[arg(long)]
    notices: bool,
}

impl Schema {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { notices } = self;
        let text = if notices { notify::schema_text() } else { asmm_model::inventory_schema_text() };
        printer.result(&text)?;
        Ok(Exit::Done)
    }
}
