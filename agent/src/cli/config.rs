//! `muster config`: checks a configuration, and prints what may stand in one.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::environment;
use super::exit::Exit;
use super::printer::Printer;
use crate::config::{self, Config, DEFAULT_PATH};

/// Check the configuration of `muster run`, and print its schema
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  muster config check
  muster config check -c /etc/muster/muster.toml
  muster config schema > muster.schema.json")]
pub(super) struct Configuration {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
    Schema(Schema),
}

/// Say everything that is wrong with a configuration
///
/// Mistakes are told with the line and the column, all at once. What is only doubtful, such as a folder that is not there, is a warning.
/// Nothing is scanned, and nobody is asked over a network.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster config check
  muster config check -c /etc/muster/muster.toml

Exit codes:
   0  there is no mistake
   2  there is one, or the file cannot be read")]
struct Check {
    /// The configuration
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_PATH)]
    config: PathBuf,
}

/// Print the JSON Schema of the configuration
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster config schema > muster.schema.json")]
struct Schema {}

impl Configuration {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.command {
            Command::Check(check) => check.run(printer),
            Command::Schema(Schema {}) => {
                printer.result(&config::schema_text())?;
                Ok(Exit::Done)
            }
        }
    }
}

impl Check {
    fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Some(config) = read(&self.config, printer) else { return Ok(Exit::Usage) };
        for problem in config::survey(&config, &self.config) {
            printer.warning_with(&problem.to_string(), Some(&problem.help));
        }
        let count = |many: usize, one: &str| format!("{many} {one}{}", if many == 1 { "" } else { "s" });
        let (sources, exports) =
            (count(config.sources.len(), "source"), count(config.exports.len(), "export"));
        let channels = match config.channels.len() {
            0 => String::new(),
            some => format!(", {}", count(some, "channel")),
        };
        printer.result(&format!("no mistake: {sources}, {exports}{channels}\n"))?;
        Ok(Exit::Done)
    }
}

/// The configuration of a file; nothing where it has mistakes, which are told then.
pub(super) fn read(path: &Path, printer: &mut Printer) -> Option<Config> {
    match Config::read(path, &environment::variable) {
        Ok(config) => Some(config),
        Err(problems) => {
            for problem in problems {
                printer.error(&problem.to_string(), Some(&problem.help));
            }
            None
        }
    }
}
