//! How many systems there are of each kind, now and after earlier runs; and what was looked at, target by target.

use std::collections::BTreeMap;

use asmm_model::Coverage;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{Row as _, any::AnyRow};

use super::record::Kinds;
use super::{Store, StoreError};

/// Runs of which a trend is made.
const TREND: i64 = 30;

/// The numbers that a security team is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Summary {
    /// Systems that are not missing, each with its parts.
    pub(crate) systems: u64,
    /// Of these, how many the test says are agentic.
    pub(crate) agentic: u64,
    /// Of these, of how many it cannot say.
    pub(crate) undetermined: u64,
    /// How many are of each standing; those that nobody has to look at are of none.
    pub(crate) standings: BTreeMap<String, u64>,
    /// How many of those that are agentic or undetermined, and not rejected, have no owner that a person confirmed.
    pub(crate) unowned: u64,
    /// How many rejections wait for a second person.
    pub(crate) proposed: u64,
    /// How many a person confirmed as belonging to what is assessed.
    pub(crate) in_scope: u64,
    /// Targets.
    pub(crate) targets: u64,
    /// How many of them hid something when they were scanned last.
    pub(crate) partial: u64,
    /// What was there after each of the last runs, the oldest first.
    pub(crate) trend: Vec<AfterRun>,
}

/// How many systems were there after a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct AfterRun {
    /// The id of the run.
    pub(crate) run: String,
    /// When the run began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// Of how many systems the test said that they are agentic.
    pub(crate) agentic: u64,
    /// Of how many it could not say.
    pub(crate) undetermined: u64,
    /// How many others there were.
    pub(crate) others: u64,
}

/// What was seen of a target when it was scanned last.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct LastSeen {
    /// The id of the run.
    pub(crate) run: String,
    /// When the run began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// The commit at which it was scanned, where it is a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// Whether nothing stayed hidden.
    pub(crate) complete: bool,
    /// What was looked at, and what was not.
    pub(crate) coverage: Coverage,
}

/// What is now: each system that is there, alone or with its parts, once.
const NOW: &str = "\
    SELECT v.system, v.verdict FROM versions v JOIN systems s ON s.id = v.system
    WHERE v.until IS NULL AND s.presence <> 'missing'
        AND NOT EXISTS (SELECT 1 FROM joined j WHERE j.system = v.system AND j.until IS NULL)
    UNION ALL
    SELECT j.system, j.verdict FROM joined j JOIN systems s ON s.id = j.system
    WHERE j.until IS NULL AND j.whole = 0 AND s.presence <> 'missing'";

impl Store {
    /// What changes whenever anything does that a page shows, so that what was computed can be used as long as it is the same.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn state(&self) -> Result<Vec<String>, StoreError> {
        let text = "\
            SELECT name, CAST(next AS TEXT) AS at FROM sequences
            UNION ALL SELECT 'ended', CAST(COUNT(*) AS TEXT) FROM runs WHERE state <> 'running'
            UNION ALL SELECT 'imported', COALESCE(MAX(imported_at), '') FROM registers ORDER BY name";
        let rows = sqlx::query(text).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("at")?)).collect()
    }

    /// The numbers, as they are now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn summary(&self) -> Result<Summary, StoreError> {
        let mut transaction = self.read().await?;
        let mut summary = Summary::default();
        let text = sqlx::AssertSqlSafe(format!(
            "SELECT n.verdict, COALESCE(w.standing, CASE WHEN n.verdict IN ('agentic', 'undetermined') THEN 'needs-review' ELSE '' END)
                AS standing, w.body AS body FROM ({NOW}) n LEFT JOIN reviews w ON w.system = n.system"
        ));
        for row in sqlx::query(text).fetch_all(&mut *transaction).await? {
            let verdict: String = row.try_get("verdict")?;
            let standing: String = row.try_get("standing")?;
            let review: crate::review::Review = match row.try_get::<Option<String>, _>("body")? {
                Some(body) => serde_json::from_str(&body)?,
                None => crate::review::Review::default(),
            };
            summary.systems += 1;
            summary.agentic += u64::from(verdict == "agentic");
            summary.undetermined += u64::from(verdict == "undetermined");
            let asks = matches!(verdict.as_str(), "agentic" | "undetermined") && standing != "rejected";
            summary.unowned += u64::from(asks && !matches!(review.owner, Some(crate::review::Owned::By(_))));
            summary.proposed += u64::from(review.proposed.is_some());
            summary.in_scope += u64::from(standing == "confirmed" && review.in_scope == Some(true));
            if !standing.is_empty() {
                *summary.standings.entry(standing).or_default() += 1;
            }
        }
        let text = "\
            SELECT COUNT(*) AS targets, CAST(COALESCE(SUM(1 - c.complete), 0) AS BIGINT) AS partial
            FROM targets t JOIN coverage c ON c.target = t.id AND c.run = t.recorded";
        let row = sqlx::query(text).fetch_one(&mut *transaction).await?;
        (summary.targets, summary.partial) = (count(&row, "targets")?, count(&row, "partial")?);
        let text = "\
            SELECT id, name, started_at FROM runs WHERE state IN ('done', 'interrupted') ORDER BY id DESC LIMIT $1";
        for row in sqlx::query(text).bind(TREND).fetch_all(&mut *transaction).await? {
            let run: i64 = row.try_get("id")?;
            let counted = sqlx::query(THEN).bind(run).fetch_all(&mut *transaction).await?;
            let mut of: BTreeMap<String, u64> = BTreeMap::new();
            for row in counted {
                of.insert(row.try_get("verdict")?, count(&row, "systems")?);
            }
            let [agentic, undetermined] =
                ["agentic", "undetermined"].map(|verdict| of.remove(verdict).unwrap_or(0));
            let others = of.into_values().sum();
            let (run, at) = (row.try_get("name")?, row.try_get("started_at")?);
            summary.trend.push(AfterRun { run, at, agentic, undetermined, others });
        }
        summary.trend.reverse();
        Ok(summary)
    }

    /// What was looked at of `most` targets, after so many others, when each was scanned last; those of which something stayed hidden
    /// come first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn coverage(&self, from: i64, most: i64) -> Result<Vec<LastSeen>, StoreError> {
        let text = "\
            SELECT t.shown, r.name, r.started_at, c.commit_id, c.seen, c.complete, g.body AS gaps
            FROM targets t JOIN coverage c ON c.target = t.id AND c.run = t.recorded JOIN runs r ON r.id = c.run
            JOIN documents g ON g.digest = c.gaps ORDER BY c.complete, t.shown, t.id
            LIMIT $1 OFFSET $2";
        sqlx::query(text).bind(most).bind(from).fetch_all(&self.pool).await?.iter().map(last_seen).collect()
    }
}

/// What was there after a run, by verdict: what was missing then was not, and what was a part then is told by what it was a part of.
const THEN: &str = "\
    SELECT x.verdict, COUNT(*) AS systems FROM (
        SELECT v.system, v.verdict FROM versions v
        WHERE v.since <= $1 AND (v.until IS NULL OR v.until > $1) AND NOT EXISTS (
            SELECT 1 FROM joined j WHERE j.system = v.system AND j.since <= $1 AND (j.until IS NULL OR j.until > $1))
        UNION ALL
        SELECT j.system, j.verdict FROM joined j
        WHERE j.whole = 0 AND j.since <= $1 AND (j.until IS NULL OR j.until > $1)) x
    WHERE NOT EXISTS (
        SELECT 1 FROM presences p WHERE p.system = x.system AND p.presence = 'missing' AND p.run <= $1
            AND NOT EXISTS (SELECT 1 FROM presences q WHERE q.system = p.system AND q.run > p.run AND q.run <= $1))
    GROUP BY x.verdict";

fn count(row: &AnyRow, column: &str) -> sqlx::Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

fn last_seen(row: &AnyRow) -> Result<LastSeen, StoreError> {
    let kinds: Kinds = serde_json::from_str(&row.try_get::<String, _>("gaps")?)?;
    Ok(LastSeen {
        run: row.try_get("name")?,
        at: row.try_get("started_at")?,
        commit: row.try_get("commit_id")?,
        complete: row.try_get::<i64, _>("complete")? == 1,
        coverage: Coverage {
            target: row.try_get("shown")?,
            seen: count(row, "seen")?,
            skipped: kinds.skipped,
            kinds: kinds.kinds,
        },
    })
}
