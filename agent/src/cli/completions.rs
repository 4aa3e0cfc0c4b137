//! `muster completions`: what a shell needs to complete command lines.

use clap::Args;
use clap_complete::{Shell, generate};

use super::exit::Exit;
use super::printer::Printer;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster completions bash > ~/.local/share/bash-completion/completions/muster
  muster completions zsh > ~/.zfunc/_muster
  muster completions fish > ~/.config/fish/completions/muster.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        generate(self.shell, &mut super::command(), "muster", &mut script);
        printer.result(&String::from_utf8(script)?)?;
        Ok(Exit::Done)
    }
}
