//! What scans keep for the next one: beside a file of SQLite in one of its own, or in the same database of PostgreSQL.
//!
//! It is apart from the store: nothing in it is worth a backup, and no record waits for it. One thread speaks with the database, and
//! writes in batches.

mod shelf;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use muster_collect::{Cache, EntryName, Kept};

use self::shelf::Shelf;
use super::{Place, StoreError};

/// Requests that wait for the database. Each holds what a few files say.
const WAITING: usize = 16;

/// A cache that is open.
pub(crate) struct StoreCache {
    /// Given up to let the thread end.
    ask: Mutex<Option<SyncSender<Request>>>,
    thread: Option<JoinHandle<()>>,
}

/// What there is of one kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptCount {
    pub(crate) kind: Kept,
    pub(crate) entries: i64,
    pub(crate) bytes: i64,
}

enum Request {
    Read(Kept, Vec<EntryName>, SyncSender<Vec<Option<Vec<u8>>>>),
    Write(Kept, Vec<(EntryName, Vec<u8>)>),
}

impl StoreCache {
    /// Where the cache of a store is.
    pub(crate) fn place(store: &Place) -> Place {
        match store {
            Place::Server(url) => Place::Server(url.clone()),
            Place::File(path) => {
                let mut name = path.clone().into_os_string();
                name.push(".cache");
                Place::File(PathBuf::from(name))
            }
        }
    }

    /// Opens the cache of a store, and makes it where it is not there.
    ///
    /// # Errors
    /// It cannot be opened or made.
    pub(crate) fn open(store: &Place) -> Result<Self, StoreError> {
        let place = Self::place(store);
        let (ask, asked) = sync_channel(WAITING);
        let (ready, opened) = sync_channel(1);
        let thread = std::thread::Builder::new().name("cache".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(StoreError::File(error)))),
            };
            match runtime.block_on(Shelf::open(&place)) {
                Ok(shelf) => {
                    let _ = ready.send(Ok(()));
                    runtime.block_on(shelf.serve(&asked));
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        let broken = || StoreError::Place("the cache could not be opened".to_owned());
        opened.recv().map_err(|_| broken())??;
        Ok(Self { ask: Mutex::new(Some(ask)), thread: Some(thread) })
    }

    /// What there is, kind by kind.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub(crate) async fn count(store: &Place) -> Result<Vec<KeptCount>, StoreError> {
        Shelf::open(&Self::place(store)).await?.count().await
    }

    /// Lets go of everything, and says how many entries that was.
    ///
    /// # Errors
    /// It cannot be opened or written.
    pub(crate) async fn clear(store: &Place) -> Result<u64, StoreError> {
        Shelf::open(&Self::place(store)).await?.clear().await
    }

    fn send(&self, request: Request) {
        let ask = self.ask.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that has ended answers nothing, and keeps nothing.
        let _ = ask.as_ref().map(|ask| ask.send(request));
    }
}

impl Cache for StoreCache {
    fn read(&self, kind: Kept, names: &[EntryName]) -> Vec<Option<Vec<u8>>> {
        let (reply, replied) = sync_channel(1);
        self.send(Request::Read(kind, names.to_vec(), reply));
        replied.recv().unwrap_or_else(|_| vec![None; names.len()])
    }

    fn write(&self, kind: Kept, entries: Vec<(EntryName, Vec<u8>)>) {
        self.send(Request::Write(kind, entries));
    }
}

impl Drop for StoreCache {
    /// Waits until everything is written.
    fn drop(&mut self) {
        *self.ask.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl std::fmt::Debug for StoreCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreCache").finish_non_exhaustive()
    }
}
