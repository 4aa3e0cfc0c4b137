//! Lets go of old runs, and of what only they knew.

use super::{Store, StoreError};

/// Which runs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retention {
    /// All that began at this time or later, RFC 3339 in UTC.
    pub(crate) since: String,
    /// So many of the last ones, however old.
    pub(crate) least: u32,
}

/// What became of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Runs that are gone.
    pub(crate) runs: u64,
    /// Earlier versions of systems that are gone with them.
    pub(crate) versions: u64,
}

/// What is deleted of old runs, in this order. The last run of a target is kept: what it said still holds.
const RUNS: &str = "\
DELETE FROM runs WHERE state <> 'running' AND started_at < $1
    AND id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT $2)
    AND id NOT IN (SELECT recorded FROM targets)";

const VERSIONS: &str = "\
DELETE FROM versions WHERE until IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM runs r WHERE r.id >= versions.since AND r.id < versions.until)";

const JOINED: &str = "\
DELETE FROM joined WHERE until IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM runs r WHERE r.id >= joined.since AND r.id < joined.until)";

/// What was last said before the first run that is kept holds in that one.
const PRESENCES: &str = "\
DELETE FROM presences WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = presences.run) AND EXISTS (
    SELECT 1 FROM presences q WHERE q.system = presences.system AND q.run > presences.run
        AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id > presences.run AND r.id < q.run))";

const DOCUMENTS: &str = "\
DELETE FROM documents WHERE NOT EXISTS (SELECT 1 FROM coverage c WHERE c.gaps = documents.digest)
    AND NOT EXISTS (SELECT 1 FROM coverage c WHERE c.loose = documents.digest)";

const DELIVERIES: &str = "DELETE FROM deliveries WHERE at < $1 AND state <> 'pending'";

impl Store {
    /// Lets go of what is older than it has to be kept. Systems, their ids and their present versions stay.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn retain(&self, retention: &Retention) -> Result<Kept, StoreError> {
        let mut transaction = self.write().await?;
        // The lock that records take.
        super::numbers(&mut transaction, "run", 0).await?;
        let runs = sqlx::query(RUNS)
            .bind(retention.since.clone())
            .bind(i64::from(retention.least))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        let mut kept = Kept { runs, versions: 0 };
        if runs > 0 {
            kept.versions = sqlx::query(VERSIONS).execute(&mut *transaction).await?.rows_affected();
            for text in [JOINED, PRESENCES, DOCUMENTS] {
                sqlx::query(text).execute(&mut *transaction).await?;
            }
        }
        sqlx::query(DELIVERIES).bind(retention.since.clone()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(kept)
    }
}
