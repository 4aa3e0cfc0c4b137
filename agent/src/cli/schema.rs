//! `muster schema`: the JSON Schemas of the documents for programs, and the description of the API.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::printer::Printer;
use crate::{notify, web};

/// Print the JSON Schema of the inventory that `scan --format json` writes, of notices, or the description of the API
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster schema > inventory.schema.json
  muster schema --notices > notices.schema.json
  muster schema seed > seed.schema.json
  muster schema api > openapi.json")]
pub(super) struct Schema {
    /// What it describes
    #[arg(value_name = "WHAT", value_enum, default_value_t)]
    what: What,
    /// Print the schema of what webhooks are sent instead
    #[arg(long, conflicts_with = "what")]
    notices: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum What {
    /// The inventory
    #[default]
    Inventory,
    /// What webhooks are sent
    Notices,
    /// The seed of an assessment, which `muster assess seed` prints
    Seed,
    /// The API of `muster serve`, by OpenAPI 3.1
    Api,
}

impl Schema {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { what, notices } = self;
        let text = match what {
            _ if notices => notify::schema_text(),
            What::Inventory => asmm_model::inventory_schema_text(),
            What::Notices => notify::schema_text(),
            What::Seed => asmm_model::assessment::seed_schema_text(),
            What::Api => web::api_description(),
        };
        printer.result(&text)?;
        Ok(Exit::Done)
    }
}
