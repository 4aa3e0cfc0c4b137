//! `muster init`: writes a configuration to begin with.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use crate::config::{DEFAULT_PATH, TEMPLATE};

/// Write a commented configuration to begin with
///
/// The file scans the folder that it is in. Everything else that can be written in one stands in it as a comment. A file that is there
/// already is left as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster init
  muster init /etc/muster/muster.toml
  muster init --force                    # replaces what is there

Exit codes:
   0  done
   1  the file could not be written
   2  the command line has a mistake, or the file is there already")]
pub(super) struct Init {
    /// Where to write it
    #[arg(value_name = "FILE", default_value = DEFAULT_PATH)]
    file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let shown = self.file.display();
        let cannot = || format!("`{shown}` cannot be written");
        if self.force {
            fs::write(&self.file, TEMPLATE).with_context(cannot)?;
        } else {
            let mut file = match File::create_new(&self.file) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let help = "`--force` replaces it; another name can be given as FILE";
                    return Err(UsageError::new(format!("`{shown}` is there already"), help).into());
                }
                Err(error) => return Err(error).with_context(cannot),
            };
            file.write_all(TEMPLATE.as_bytes()).with_context(cannot)?;
        }
        printer.note(&format!(
            "`{shown}` is written; `muster config check -c {shown}` says what is wrong in it"
        ));
        Ok(Exit::Done)
    }
}
