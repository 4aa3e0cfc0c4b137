//! `muster man`: the manual pages.

use clap::Args;

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;

/// Print the manual page of muster or of one of its commands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster man > muster.1
  muster man scan > muster-scan.1
  muster man rules explain | man -l -")]
pub(super) struct Man {
    /// The command; without one, muster itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Man {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let mut root = super::command();
        // Building fills in the full names (`muster rules explain`) and the options that every command has.
        root.build();
        let mut command = &root;
        for name in &self.command {
            command = command.find_subcommand(name).ok_or_else(|| {
                let names: Vec<String> =
                    command.get_subcommands().map(|c| format!("`{}`", c.get_name())).collect();
                let help = if names.is_empty() {
                    format!("`{}` has no commands", command.get_name())
                } else {
                    format!("the commands are {}", names.join(", "))
                };
                UsageError::new(format!("there is no command `{name}`"), help)
            })?;
        }
        let title = std::iter::once("muster").chain(self.command.iter().map(String::as_str));
        let title = title.collect::<Vec<_>>().join("-");
        let mut page = Vec::new();
        clap_mangen::Man::new(command.clone()).title(title).render(&mut page)?;
        printer.result(&String::from_utf8(page)?)?;
        Ok(Exit::Done)
    }
}
