//! The table of a cache, and the one connection to it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use muster_collect::{EntryName, Kept};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use super::{KeptCount, Request};
use crate::clock;
use crate::store::{Dialect, Place, StoreError, make, plain};

/// Entries that one statement is about.
const AT_ONCE: usize = 200;
/// Bytes that wait to be written.
const WAITING: usize = 8 << 20;
/// How long they wait at most: so much is lost with a process that is killed.
const PATIENCE: Duration = Duration::from_secs(1);
/// Days after which an entry goes that nothing asked for.
const LIFETIME: i64 = 30;
/// Days for which it is not written down that an entry was of use once more.
const FRESH: i64 = 7;
/// Bytes of the hash that tells whether an entry is what was written.
const SEAL: usize = 8;

/// A log beside the file: readers do not wait for whoever writes. What a power cut takes is worked out again.
const SETTINGS: &[&str] = &[
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -8000",
];

/// The table, and what waits to be written to it.
pub(super) struct Shelf {
    connection: AnyConnection,
    dialect: Dialect,
    waiting: HashMap<(Kept, EntryName), Vec<u8>>,
    bytes: usize,
    /// When something was written last.
    written: Instant,
    /// Entries that were of use, and were not for a while.
    used: BTreeMap<Kept, Vec<EntryName>>,
    today: i64,
}

impl Shelf {
    pub(super) async fn open(place: &Place) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let closed = |why: String| StoreError::Closed { place: place.clone(), why };
        let dialect = match place {
            Place::File(path) => {
                make(path).map_err(|error| closed(error.to_string()))?;
                Dialect::Sqlite
            }
            Place::Server(_) => Dialect::Postgres,
        };
        // What is wrong with an address may be its password: it is not said back.
        let options: AnyConnectOptions =
            place.url().parse().map_err(|_| closed("its address cannot be read".to_owned()))?;
        let refused = |error: sqlx::Error| closed(plain(&error));
        let mut connection = AnyConnection::connect_with(&options).await.map_err(refused)?;
        if dialect == Dialect::Sqlite {
            for pragma in SETTINGS {
                connection.execute(*pragma).await.map_err(refused)?;
            }
        }
        let bytes = match dialect {
            Dialect::Sqlite => "BLOB",
            Dialect::Postgres => "BYTEA",
        };
        let table = format!(
            "CREATE TABLE IF NOT EXISTS kept_by_scans (kind TEXT NOT NULL, name {bytes} NOT NULL, value {bytes} NOT NULL, \
             used BIGINT NOT NULL, PRIMARY KEY (kind, name))"
        );
        // Two that make it at once get in each other's way on PostgreSQL: then it is there.
        if connection.execute(AssertSqlSafe(table.clone())).await.is_err() {
            connection.execute(AssertSqlSafe(table)).await.map_err(refused)?;
        }
        let today = clock::seconds() / 86_400;
        let used = BTreeMap::new();
        Ok(Self {
            connection,
            dialect,
            waiting: HashMap::new(),
            bytes: 0,
            written: Instant::now(),
            used,
            today,
        })
    }

    /// Does what is asked for until nobody can ask any more.
    pub(super) async fn serve(mut self, asked: &Receiver<Request>) {
        loop {
            match asked.recv_timeout(PATIENCE) {
                Ok(Request::Read(kind, names, reply)) => {
                    // What cannot be read is worked out again.
                    let found = self.read(kind, &names).await.unwrap_or_default();
                    let _ = reply.send(names.iter().map(|name| found.get(name).cloned()).collect());
                }
                Ok(Request::Write(kind, entries)) => {
                    for (name, value) in entries {
                        self.bytes += value.len();
                        self.waiting.insert((kind, name), value);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // A scan that never pauses has it written as well.
            if self.bytes > WAITING || self.written.elapsed() >= PATIENCE {
                self.write().await;
            }
        }
        self.write().await;
        let _ = sqlx::query("DELETE FROM kept_by_scans WHERE used < $1")
            .bind(self.today - LIFETIME)
            .execute(&mut self.connection)
            .await;
        // The file is whole in itself then.
        let _ = self.connection.close().await;
    }

    async fn read(
        &mut self,
        kind: Kept,
        names: &[EntryName],
    ) -> Result<HashMap<EntryName, Vec<u8>>, sqlx::Error> {
        let mut found = HashMap::new();
        let mut wanted = BTreeMap::new();
        for name in names {
            match self.waiting.get(&(kind, *name)) {
                Some(value) => drop(found.insert(*name, value.clone())),
                None => drop(wanted.insert(&name.as_bytes()[..], *name)),
            }
        }
        let asked: Vec<&[u8]> = wanted.keys().copied().collect();
        for some in asked.chunks(AT_ONCE) {
            let text = format!(
                "SELECT name, value, used FROM kept_by_scans WHERE kind = $1 AND name IN ({})",
                places(2, some.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(kind.name());
            for name in some {
                query = query.bind(name.to_vec());
            }
            for row in query.fetch_all(&mut self.connection).await? {
                let (name, value): (Vec<u8>, Vec<u8>) = (row.try_get("name")?, row.try_get("value")?);
                let Some(name) = wanted.get(&*name) else { continue };
                // What a disk has changed would be believed.
                let Some((seal, value)) = value.split_first_chunk::<SEAL>() else { continue };
                if *seal != seal_of(kind, name, value) {
                    continue;
                }
                found.insert(*name, value.to_vec());
                if row.try_get::<i64, _>("used")? < self.today - FRESH {
                    self.used.entry(kind).or_default().push(*name);
                }
            }
        }
        Ok(found)
    }

    /// Writes what waits. Where that fails, it is let go.
    async fn write(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let used = std::mem::take(&mut self.used);
        self.bytes = 0;
        self.written = Instant::now();
        if !waiting.is_empty() || !used.is_empty() {
            let _ = self.try_write(waiting.into_iter().collect(), used).await;
        }
    }

    async fn try_write(
        &mut self,
        waiting: BTreeMap<(Kept, EntryName), Vec<u8>>,
        used: BTreeMap<Kept, Vec<EntryName>>,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.connection.begin_with(self.dialect.writing()).await?;
        // In the order of their names, so that two that write never wait for each other.
        for ((kind, name), value) in waiting {
            let mut sealed = seal_of(kind, &name, &value).to_vec();
            sealed.extend(value);
            sqlx::query(
                "INSERT INTO kept_by_scans (kind, name, value, used) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value, used = excluded.used",
            )
            .bind(kind.name())
            .bind(name.as_bytes().to_vec())
            .bind(sealed)
            .bind(self.today)
            .execute(&mut *transaction)
            .await?;
        }
        for (kind, mut names) in used {
            names.sort();
            for some in names.chunks(AT_ONCE) {
                let text = format!(
                    "UPDATE kept_by_scans SET used = $1 WHERE kind = $2 AND name IN ({})",
                    places(3, some.len())
                );
                let mut query = sqlx::query(AssertSqlSafe(text)).bind(self.today).bind(kind.name());
                for name in some {
                    query = query.bind(name.as_bytes().to_vec());
                }
                query.execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await
    }

    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    pub(super) async fn count(&mut self) -> Result<Vec<KeptCount>, StoreError> {
        let mut counts = Vec::new();
        for kind in Kept::ALL {
            let row = sqlx::query(
                "SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(LENGTH(value)), 0) AS BIGINT) AS bytes \
                 FROM kept_by_scans WHERE kind = $1",
            )
            .bind(kind.name())
            .fetch_one(&mut self.connection)
            .await?;
            counts.push(KeptCount { kind, entries: row.try_get("entries")?, bytes: row.try_get("bytes")? });
        }
        Ok(counts)
    }

    pub(super) async fn clear(&mut self) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM kept_by_scans").execute(&mut self.connection).await?;
        if self.dialect == Dialect::Sqlite {
            self.connection.execute("VACUUM").await?;
        }
        Ok(gone.rows_affected())
    }
}

/// Placeholders from a number on.
fn places(from: usize, count: usize) -> String {
    let mut text = String::new();
    for number in from..from + count {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}${number}");
    }
    text
}

/// What tells that a value is the one that was written under a name.
fn seal_of(kind: Kept, name: &EntryName, value: &[u8]) -> [u8; SEAL] {
    let seals = EntryName::of(&[kind.name().as_bytes(), name.as_bytes(), value]);
    let mut seal = [0; SEAL];
    seal.copy_from_slice(&seals.as_bytes()[..SEAL]);
    seal
}
