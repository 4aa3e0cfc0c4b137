//! The right to run: one process at a time has it, and loses it when it ends, however it ends.

use std::fs::{File, TryLockError};
use std::sync::Mutex;
use std::time::Duration;

use sqlx::{AnyConnection, Connection as _, Row as _};

use super::{Dialect, Place, Store, StoreError};

/// The lock of PostgreSQL that stands for a run: any number, as long as it is always the same.
const LOCK: i64 = 0x6d75_7374_6572;

/// How often a lock that is taken is asked for again, and how long is waited in between: a second in all.
const TRIES: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(100);

/// The right to run, as long as this lives.
#[derive(Debug)]
pub(crate) struct Claim {
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "each is held until it is dropped")]
enum Held {
    File(File),
    /// Nobody locks it: so held, it may be seen by several threads.
    Connection(Mutex<AnyConnection>),
}

impl Store {
    /// Takes the right to run.
    ///
    /// # Errors
    /// Another process has it, or the store cannot be asked.
    pub(crate) async fn claim(&self) -> Result<Claim, StoreError> {
        // A lock outlives its process by a moment: a child that was just forked holds it until it runs its own program, and a server
        // hears late of a connection that is gone.
        for _ in 0..TRIES {
            match self.claim_now().await {
                Err(StoreError::Claimed(_)) => tokio::time::sleep(BETWEEN).await,
                done => return done,
            }
        }
        self.claim_now().await
    }

    async fn claim_now(&self) -> Result<Claim, StoreError> {
        let taken = || StoreError::Claimed(self.place.clone());
        if let Place::File(path) = &self.place {
            let mut lock = path.clone().into_os_string();
            lock.push("-run");
            let file = File::options().create(true).truncate(false).write(true).open(lock)?;
            return match file.try_lock() {
                Ok(()) => Ok(Claim { _held: Held::File(file) }),
                Err(TryLockError::WouldBlock) => Err(taken()),
                Err(TryLockError::Error(error)) => Err(error.into()),
            };
        }
        debug_assert_eq!(self.dialect, Dialect::Postgres);
        // Of its own: a connection of the pool would be handed on with the lock.
        let mut connection = AnyConnection::connect(&self.place.url()).await?;
        let row = sqlx::query("SELECT pg_try_advisory_lock($1) AS taken")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        if row.try_get::<bool, _>("taken")? {
            Ok(Claim { _held: Held::Connection(Mutex::new(connection)) })
        } else {
            Err(taken())
        }
    }
}
