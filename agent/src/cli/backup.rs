//! `muster backup`: all of a store as one text.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use super::store::{StoreOption, block_on};
use crate::clock;
use crate::store::{self, Store};

/// Write all of the store into one file, as it is at one moment
///
/// Scans may go on meanwhile. The file is text, a line for each row, and can be restored into a store of either kind: it is also the
/// way from a file to a server of PostgreSQL.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster backup muster-backup.jsonl
  muster backup - | gzip > muster-backup.jsonl.gz")]
pub(super) struct Backup {
    /// The file to write; `-` is standard output. One that is there is not replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    store: StoreOption,
}

impl Backup {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let place = self.store.place()?;
        let at = clock::now();
        if self.file == Path::new("-") {
            let mut out = BufWriter::new(io::stdout().lock());
            let rows = block_on(async {
                let store = Store::existing(&place).await?;
                Ok(store.backup(&mut out, &at).await?)
            })?;
            printer.note(&format!("{rows} rows were written"));
            return Ok(Exit::Done);
        }
        let shown = self.file.display();
        if self.file.exists() {
            let what = format!("`{shown}` is there already");
            return Err(UsageError::new(what, "give another name, or remove it first").into());
        }
        let mut draft = self.file.clone().into_os_string();
        draft.push(".part");
        let draft = PathBuf::from(draft);
        let written = block_on(async {
            let store = Store::existing(&place).await?;
            let mut file = BufWriter::new(
                store::private()
                    .truncate(true)
                    .open(&draft)
                    .with_context(|| format!("`{shown}` cannot be written"))?,
            );
            let rows = store.backup(&mut file, &at).await?;
            file.flush()?;
            file.get_ref().sync_all()?;
            fs::rename(&draft, &self.file)?;
            Ok(rows)
        });
        if written.is_err() {
            // Half of a backup is of no use; that it cannot be removed either is not the error to report.
            let _ = fs::remove_file(&draft);
        }
        printer.note(&format!("{} rows were written to `{shown}`", written?));
        Ok(Exit::Done)
    }
}
