//! `muster cache`: what scans keep for the next one.

use std::sync::Arc;

use clap::{Args, Subcommand};
use muster_collect::Cache;

use super::environment;
use super::exit::Exit;
use super::printer::Printer;
use super::store::{StoreOption, block_on};
use crate::page::{Line, Page};
use crate::store::{KeptCount, Place, StoreCache, StoreError};

/// Look at what scans keep for the next one, or let go of it
///
/// A scan keeps what it saw, so that the next one reads only what has changed. Nothing depends on it: what is not kept is worked out
/// again, and the answer is the same. It is beside the store in a file, and in the database of a store on a server. Entries that were
/// of no use for 30 days go by themselves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster cache stats
  muster cache stats --store muster.db
  muster cache clear
  muster scan . --no-cache                      # neither reads it nor writes it")]
pub(super) struct CacheCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Say how much is kept
    Stats(StoreOption),
    /// Let go of everything that is kept
    Clear(StoreOption),
}

impl CacheCommand {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let (Act::Stats(store) | Act::Clear(store)) = &self.act;
        let place = store.place()?;
        let at = StoreCache::place(&place);
        let is_there = !matches!(&at, Place::File(path) if !path.exists());
        let mut page = Page::new(printer.surface().width);
        let said = match self.act {
            _ if !is_there => "Nothing is kept.".to_owned(),
            Act::Clear(_) => {
                let gone = block_on(async { Ok(StoreCache::clear(&place).await?) })?;
                match gone {
                    1 => "1 entry is gone.".to_owned(),
                    count => format!("{count} entries are gone."),
                }
            }
            Act::Stats(_) => {
                let counts = block_on(async { Ok(StoreCache::count(&place).await?) })?;
                for KeptCount { kind, entries, bytes } in counts {
                    let size = format!("{entries:>9} entries  {:>9.1} MiB  ", mebibytes(bytes));
                    page.push(
                        Line::new().plain(format!("{:<8}", kind.name())).plain(size).plain(kind.title()),
                    );
                }
                format!("Kept at {at}; `muster cache clear` lets go of it.")
            }
        };
        page.push(Line::new().plain(said));
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size with one digit behind the point")]
fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The cache for a scan: of the store, or of the usual one where none is named. Without it a scan works as well, and takes longer.
pub(super) fn of_scan(store: Option<&Place>, printer: &mut Printer) -> Option<Arc<dyn Cache>> {
    let place = match store {
        Some(place) => place.clone(),
        // Whoever has no home has nowhere to keep anything.
        None => Place::usual(environment::variable).ok()?,
    };
    match StoreCache::open(&place) {
        Ok(cache) => Some(Arc::new(cache)),
        Err(error) => {
            printer.note(&unusable(&error));
            None
        }
    }
}

/// That everything is read.
fn unusable(error: &StoreError) -> String {
    let why = match error {
        StoreError::Closed { place, why } => format!("`{place}` cannot be opened: {why}"),
        error => error.to_string(),
    };
    format!("nothing is kept for the next scan ({why}); `--no-cache` says that this is meant")
}
