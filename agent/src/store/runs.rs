//! Runs: when each began, how it ended, and which one a person means.

use asmm_model::Scan;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::joined::{self, Because};
use super::{Claim, Store, StoreError, deciding, numbers, review};

/// How a run ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunState {
    /// It is under way.
    Running,
    /// Everything that it was meant to scan was recorded.
    Done,
    /// Nothing could be scanned.
    Failed,
    /// Its process ended before it did. What it had recorded is kept.
    Interrupted,
}

impl RunState {
    const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Interrupted];

    /// The name that is kept and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Run {
    /// Its number: a later run has a higher one.
    #[schemars(range(min = 1))]
    pub(crate) number: i64,
    /// The id of its scan.
    #[serde(rename = "id")]
    pub(crate) name: String,
    /// How it ended, if it did.
    pub(crate) state: RunState,
    /// When it began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) started_at: String,
    /// When it ended, RFC 3339 in UTC; null where it did not.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) finished_at: Option<String>,
    /// Tool and version.
    pub(crate) tool: String,
    /// Digest of the rules.
    pub(crate) rules: String,
    /// How many targets it recorded.
    #[schemars(range(min = 0))]
    pub(crate) targets: i64,
    /// How many of them it saw wholly.
    #[schemars(range(min = 0))]
    pub(crate) whole: i64,
}

const RUNS: &str = "\
SELECT r.id, r.name, r.state, r.started_at, r.finished_at, r.tool, r.rules,
       COUNT(c.target) AS targets, COUNT(CASE WHEN c.complete = 1 THEN 1 END) AS whole
FROM runs r LEFT JOIN coverage c ON c.run = r.id";

fn run(row: &AnyRow) -> Result<Run, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(Run {
        number: row.try_get("id")?,
        name: row.try_get("name")?,
        state: RunState::ALL.into_iter().find(|one| one.name() == state).unwrap_or(RunState::Interrupted),
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        tool: row.try_get("tool")?,
        rules: row.try_get("rules")?,
        targets: row.try_get("targets")?,
        whole: row.try_get("whole")?,
    })
}

impl Store {
    /// Begins a run that records one target after the other. A run whose process ended before it did is `interrupted` from now on.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn begin(&self, scan: &Scan, _claim: &Claim) -> Result<Run, StoreError> {
        let mut transaction = self.write().await?;
        let number = started(&mut transaction, scan).await?;
        // Whoever holds the claim is the only one that runs.
        sqlx::query("UPDATE runs SET state = 'interrupted' WHERE state = 'running' AND id < $1")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.run_of(number).await
    }

    /// Ends a run.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn end(&self, run: &Run, state: RunState, at: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        joined::join_again(&mut transaction, run.number, Because::Run).await?;
        review::reopen(&mut transaction, run.number, at).await?;
        ended(&mut transaction, run.number, state, at).await?;
        transaction.commit().await?;
        self.take_stock(run).await
    }

    /// Lets the database look at its tables again after a run that wrote much: without it, a server goes by what it knew of them
    /// when they were empty, and reads them from end to end for a list of a hundred.
    async fn take_stock(&self, run: &Run) -> Result<(), StoreError> {
        const MUCH: i64 = 1_000;
        let text = "SELECT COUNT(*) AS new FROM versions WHERE since = $1";
        let row = sqlx::query(text).bind(run.number).fetch_one(&self.pool).await?;
        if row.try_get::<i64, _>("new")? >= MUCH {
            for text in [
                "ANALYZE versions",
                "ANALYZE systems",
                "ANALYZE presences",
                "ANALYZE targets",
                "ANALYZE coverage",
            ] {
                sqlx::query(text).execute(&self.pool).await?;
            }
        }
        Ok(())
    }

    /// The runs, the last one first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn runs(&self, most: i64) -> Result<Vec<Run>, StoreError> {
        self.runs_before(i64::MAX, most).await
    }

    /// The runs before the one of a number, the last one first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn runs_before(&self, number: i64, most: i64) -> Result<Vec<Run>, StoreError> {
        let text =
            sqlx::AssertSqlSafe(format!("{RUNS} WHERE r.id < $1 GROUP BY r.id ORDER BY r.id DESC LIMIT $2"));
        let rows = sqlx::query(text).bind(number).bind(most).fetch_all(&self.pool).await?;
        rows.iter().map(run).collect()
    }

    /// The last run before one that recorded anything; where there is none, one in which nothing was there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn before(&self, later: &Run) -> Result<Run, StoreError> {
        let text =
            "SELECT id FROM runs WHERE id < $1 AND state IN ('done', 'interrupted') ORDER BY id DESC LIMIT 1";
        match sqlx::query(text).bind(later.number).fetch_optional(&self.pool).await? {
            Some(row) => self.run_of(row.try_get("id")?).await,
            None => Ok(Run { number: 0, ..later.clone() }),
        }
    }

    async fn run_of(&self, number: i64) -> Result<Run, StoreError> {
        let text = sqlx::AssertSqlSafe(format!("{RUNS} WHERE r.id = $1 GROUP BY r.id"));
        let row = sqlx::query(text).bind(number).fetch_optional(&self.pool).await?;
        row.as_ref().map_or_else(|| Err(StoreError::NoRun(number.to_string())), run)
    }

    /// The run that a person names: by its number, its id, `latest`, or `latest~2` for the second before it. Runs that failed or
    /// are under way are none of those that are counted.
    ///
    /// # Errors
    /// There is no such run.
    pub(crate) async fn run_named(&self, name: &str) -> Result<Run, StoreError> {
        let none = || StoreError::NoRun(name.to_owned());
        if let Some(rest) = name.strip_prefix("latest") {
            let back: i64 = match rest {
                "" => 0,
                rest => rest.strip_prefix('~').and_then(|n| n.parse().ok()).ok_or_else(none)?,
            };
            let text = "SELECT id FROM runs WHERE state IN ('done', 'interrupted') ORDER BY id DESC LIMIT 1 OFFSET $1";
            let row = sqlx::query(text).bind(back).fetch_optional(&self.pool).await?.ok_or_else(none)?;
            return self.run_of(row.try_get("id")?).await;
        }
        let text = "SELECT id FROM runs WHERE name = $1 OR id = $2";
        let number: i64 = name.parse().unwrap_or(-1);
        let row = sqlx::query(text).bind(name.to_owned()).bind(number).fetch_optional(&self.pool).await?;
        self.run_of(row.ok_or_else(none)?.try_get("id")?).await
    }
}

/// Writes that a run began, and gives its number.
pub(super) async fn started(
    transaction: &mut Transaction<'static, Any>,
    scan: &Scan,
) -> Result<i64, StoreError> {
    let number = numbers(transaction, "run", 1).await?;
    // Two scans of one target that begin in one moment have one id: the number tells them apart.
    let taken = sqlx::query("SELECT id FROM runs WHERE name = $1")
        .bind(scan.id.clone())
        .fetch_optional(&mut **transaction)
        .await?
        .is_some();
    let name = if taken { format!("{}-{number}", scan.id) } else { scan.id.clone() };
    sqlx::query(
        "INSERT INTO runs (id, name, state, started_at, tool, rules) VALUES ($1, $2, 'running', $3, $4, $5)",
    )
    .bind(number)
    .bind(name)
    .bind(scan.started_at.clone())
    .bind(scan.tool.clone())
    .bind(scan.rules.clone())
    .execute(&mut **transaction)
    .await?;
    Ok(number)
}

/// Writes that a run ended.
pub(super) async fn ended(
    connection: &mut AnyConnection,
    number: i64,
    state: RunState,
    at: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE runs SET state = $1, finished_at = $2 WHERE id = $3")
        .bind(state.name().to_owned())
        .bind(at.to_owned())
        .bind(number)
        .execute(connection)
        .await?;
    Ok(())
}
