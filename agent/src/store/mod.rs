//! What scans found, kept: each system under one id over all scans, what it was from one scan to another, and what happened.
//!
//! One text of each query serves both databases; only the tables are made by each in its own words.

mod assess;
mod audit;
mod backup;
mod body;
mod cache;
mod claim;
mod compare;
mod decide;
mod declare;
mod deliver;
mod digest;
mod exceptions;
mod identity;
mod joined;
mod known;
mod list;
mod passes;
mod place;
mod read;
mod record;
mod recording;
mod retain;
mod review;
mod rows;
mod runs;
mod shown;
mod summary;
mod survey;
#[cfg(test)]
mod tests;
mod whole;

use std::fs;
use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor as _, Row as _, Transaction};

pub(crate) use assess::{ListedAssessment, Said};
#[cfg(test)]
pub(crate) use audit::line;
pub(crate) use audit::{Chain, Entry as AuditEntry, Head, Verified};
pub(crate) use cache::{KeptCount, StoreCache};
pub(crate) use claim::Claim;
pub(crate) use decide::{Decision, DecisionKind};
pub(crate) use declare::Source;
pub(crate) use deliver::{Happened, Standing};
pub(crate) use exceptions::FOR_GOOD;
pub(crate) use list::{Listed, Page, Sort};
pub(crate) use passes::{Flow, Pass, PassKind};
pub(crate) use place::Place;
pub(crate) use read::Filter;
pub(crate) use record::{Event, Loose, Seen};
pub(crate) use retain::Retention;
pub(crate) use review::Reviewed;
pub(crate) use runs::{Run, RunState};
pub(crate) use shown::{Became, Shown};
pub(crate) use summary::{AfterRun, LastSeen, Summary};

static SQLITE: Migrator = sqlx::migrate!("src/store/migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// How long one process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections at once: one writes, and others read meanwhile.
const CONNECTIONS: u32 = 4;

/// Why a store cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The place is none.
    #[error("{0}")]
    Place(String),
    /// There is nothing at the place.
    #[error("there is no store at `{0}`; `muster run` and `muster scan --store` make one")]
    Absent(Place),
    /// It cannot be opened.
    #[error("the store at `{place}` cannot be opened: {why}")]
    Closed {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// A later version of Muster made it.
    #[error(
        "the store at `{place}` was made by a later version of muster (its tables are of version {found}, and this one knows {known}); update muster, or give another --store. Nothing was changed"
    )]
    Newer {
        /// Where.
        place: Place,
        /// The version of its tables.
        found: i64,
        /// The last one that is known here.
        known: i64,
    },
    /// A run of another process is under way.
    #[error("another run writes to the store at `{0}`; it has to end first")]
    Claimed(Place),
    /// A later run has recorded the target already.
    #[error("`{0}` was recorded by a later run meanwhile; what this run saw of it is older and is left out")]
    Overtaken(String),
    /// There is no such run.
    #[error("there is no run `{0}` in the store; `muster runs` lists them")]
    NoRun(String),
    /// There is no such system.
    #[error(
        "the store knows no system `{given}`{}; `muster systems` lists them",
        .near.as_ref().map(|near| format!(" (is it `{near}`?)")).unwrap_or_default()
    )]
    NoSystem {
        /// What was given for it.
        given: String,
        /// The id or name that may be meant.
        near: Option<String>,
    },
    /// There is no such assessment.
    #[error("there is no assessment `{0}`; `muster assess list` lists them")]
    NoAssessment(String),
    /// Somebody did something about the system since it was looked at.
    #[error("somebody did something about it meanwhile: look at it again")]
    Stale,
    /// Something that cannot be decided.
    #[error("{0}")]
    Decision(String),
    /// A backup that cannot be read.
    #[error("the backup cannot be restored: {0}")]
    Backup(String),
    /// A store that holds something where an empty one is wanted.
    #[error("the store at `{0}` is not empty; restore into a new one")]
    Full(Place),
    /// The database refuses.
    #[error("the store does not answer: {}", plain(.0))]
    Database(#[from] sqlx::Error),
    /// What is kept is not what was written.
    #[error("the store holds a record that is broken: {0}")]
    Broken(#[from] serde_json::Error),
    /// A file of the store.
    #[error("the store cannot be written: {0}")]
    File(#[from] std::io::Error),
}

impl StoreError {
    /// Whether the command line is to be changed, rather than something to be mended.
    pub(crate) fn is_a_mistake(&self) -> bool {
        matches!(
            self,
            Self::Place(_)
                | Self::Absent(_)
                | Self::NoRun(_)
                | Self::NoAssessment(_)
                | Self::NoSystem { .. }
                | Self::Stale
                | Self::Decision(_)
                | Self::Full(_)
        )
    }
}

/// What is done by each database in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn migrations(self) -> &'static Migrator {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    /// How a transaction begins that writes. SQLite has to be told, or two of them end with an error.
    fn writing(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    async fn set_up(self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        if self == Self::Sqlite {
            for pragma in SETTINGS {
                connection.execute(*pragma).await?;
            }
        }
        Ok(())
    }

    /// How a transaction begins that reads, so that all of it reads the same.
    fn reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// A store that is open.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: AnyPool,
    dialect: Dialect,
    place: Place,
}

impl Store {
    /// Opens a store, and makes it where it is not there.
    ///
    /// # Errors
    /// It cannot be opened or made, or a later version of Muster made it.
    pub(crate) async fn open(place: &Place) -> Result<Self, StoreError> {
        if let Place::File(path) = place {
            make(path)
                .map_err(|error| StoreError::Closed { place: place.clone(), why: error.to_string() })?;
        }
        Self::connect(place).await
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// There is none, it cannot be opened, or a later version of Muster made it.
    pub(crate) async fn existing(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::File(path) if !path.exists() => Err(StoreError::Absent(place.clone())),
            _ => Self::connect(place).await,
        }
    }

    async fn connect(place: &Place) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let closed = |why: String| StoreError::Closed { place: place.clone(), why };
        let dialect = match place {
            Place::File(_) => Dialect::Sqlite,
            Place::Server(_) => Dialect::Postgres,
        };
        // What is wrong with an address may be its password: it is not said back.
        let options: AnyConnectOptions =
            place.url().parse().map_err(|_| closed("its address cannot be read".to_owned()))?;
        // One connection first: a pool tries again and again what can never be.
        let mut first = AnyConnection::connect_with(&options).await.map_err(|error| closed(plain(&error)))?;
        dialect.set_up(&mut first).await.map_err(|error| closed(plain(&error)))?;
        drop(first);
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // A server may have gone away since; a file has not.
            .test_before_acquire(dialect == Dialect::Postgres)
            .after_connect(move |connection, _| Box::pin(async move { dialect.set_up(connection).await }))
            .connect_with(options)
            .await
            .map_err(|error| closed(plain(&error)))?;
        let store = Self { pool, dialect, place: place.clone() };
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let closed = |why: String| StoreError::Closed { place: self.place.clone(), why };
        let known = self.dialect.migrations().iter().map(|one| one.version).max().unwrap_or(0);
        // Where there is no such table, nothing was made yet.
        let made =
            sqlx::query("SELECT MAX(version) AS version FROM _sqlx_migrations").fetch_one(&self.pool).await;
        if let Ok(row) = made
            && let Ok(found) = row.try_get::<i64, _>("version")
            && found > known
        {
            return Err(StoreError::Newer { place: self.place.clone(), found, known });
        }
        self.dialect.migrations().run(&self.pool).await.map_err(|error| match error {
            MigrateError::VersionMismatch(_) | MigrateError::VersionMissing(_) => {
                closed("it is a database of something else".to_owned())
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => closed(plain(&error)),
            error => closed(error.to_string()),
        })
    }

    /// Ends what is open. A file of SQLite is whole in itself after it.
    pub(crate) async fn close(self) {
        self.pool.close().await;
    }

    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin_with(self.dialect.writing()).await?)
    }

    async fn read(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin_with(self.dialect.reading()).await?)
    }
}

/// A log of what is written beside the file, so that readers do not wait and a process that is killed loses nothing that it said
/// was done.
const SETTINGS: &[&str] = &[
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",
    // What is looked at for statistics of a table, so that it costs the same however much there is.
    "PRAGMA analysis_limit = 1000",
];

/// Makes the file, for its owner alone, and the folder that it is in.
fn make(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    private().truncate(false).open(path).map(drop)
}

/// How a file is made that says what an organisation runs: for its owner alone.
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// What a database says, without what it was asked: that may hold what was scanned.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::PoolTimedOut => "it did not answer in time".to_owned(),
        error => error.to_string(),
    }
}

/// Takes the lock that decisions take: whoever decides, and whoever joins systems or opens decisions, come one after the other. It is taken
/// before anything else is written, so that no two wait for each other.
async fn deciding(transaction: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    numbers(transaction, "decision", 0).await.map(drop)
}

/// The next numbers of a kind, `count` of them: the first is given.
///
/// Takes the lock that lets one transaction write at a time.
async fn numbers(
    transaction: &mut Transaction<'static, Any>,
    kind: &'static str,
    count: usize,
) -> Result<i64, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = sqlx::query("UPDATE sequences SET next = next + $1 WHERE name = $2 RETURNING next")
        .bind(count)
        .bind(kind)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(row.try_get::<i64, _>("next")? - count)
}
