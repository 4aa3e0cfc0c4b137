//! `muster restore`: a store from a backup.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::exit::Exit;
use super::printer::Printer;
use super::store::{StoreOption, block_on};
use crate::store::Store;

/// Fill an empty store from a backup, wholly or not at all
///
/// A backup that was cut off or changed is refused, and so is a store that holds something already.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster restore muster-backup.jsonl --store restored.db
  gunzip -c muster-backup.jsonl.gz | muster restore - --store postgres://muster@db.internal/muster")]
pub(super) struct Restore {
    /// The backup; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    store: StoreOption,
}

impl Restore {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let place = self.store.place()?;
        let from: Box<dyn BufRead> = if self.file == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            let shown = self.file.display();
            let file = File::open(&self.file).with_context(|| format!("`{shown}` cannot be read"))?;
            Box::new(BufReader::new(file))
        };
        let rows = block_on(async {
            let store = Store::open(&place).await?;
            let rows = store.restore(from).await;
            store.close().await;
            Ok(rows?)
        })?;
        printer.note(&format!("{rows} rows were restored into `{place}`"));
        Ok(Exit::Done)
    }
}
