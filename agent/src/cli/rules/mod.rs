//! `muster rules`: the detection rules, for those who read and write them.

mod check;
mod explain;
mod list;
mod literals;
mod markdown;
mod pages;
mod test;
mod words;

use std::path::Path;

use clap::{Args, Subcommand};
use muster_rules::{LoadError, RulePack};

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;

/// Show, explain and check the detection rules
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  muster rules list
  muster rules explain uses-openai
  muster rules check my-rules")]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    List(list::List),
    Explain(explain::Explain),
    Test(test::Test),
    Literals(literals::Literals),
    Pages(pages::Pages),
}

impl Rules {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.command {
            Command::Check(check) => check.run(printer),
            Command::List(list) => list.run(printer),
            Command::Explain(explain) => explain.run(printer),
            Command::Test(test) => test.run(printer),
            Command::Literals(literals) => literals.run(printer),
            Command::Pages(pages) => pages.run(printer),
        }
    }
}

/// The built-in rules, and those of a folder on top.
pub(super) fn load(folder: Option<&Path>) -> Result<RulePack, UsageError> {
    RulePack::load(folder).map_err(|error| wrong(&error))
}

/// The same without what only people read.
pub(super) fn for_scan(folder: Option<&Path>) -> Result<RulePack, UsageError> {
    RulePack::for_scan(folder).map_err(|error| wrong(&error))
}

fn wrong(error: &LoadError) -> UsageError {
    UsageError::new(error.to_string(), "`muster rules check DIR` shows whether a folder of rules is right")
}
