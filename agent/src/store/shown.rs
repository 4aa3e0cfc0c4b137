//! What a page shows of one system: all its evidence and that of its other sides, what became of it, and what is decided of it.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Presence, Remembered, System};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{Any, Row as _, Transaction};

use super::compare::both;
use super::joined::read;
use super::known::each_of;
use super::review::{kept, present};
use super::rows::Value;
use super::whole::decided;
use super::{Reviewed, Store, StoreError};
use crate::correlate;
use crate::history::Change;

/// Runs in which something became of a system, the last ones, that are told.
const TOLD: usize = 50;

/// A system in full.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) system: System,
    pub(crate) presence: Presence,
    pub(crate) reviewed: Reviewed,
    /// The commit of each target that it was seen in, by the name of the target.
    pub(crate) commits: BTreeMap<String, String>,
}

/// What became of a system in a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Became {
    /// The id of the run.
    pub(crate) run: String,
    /// When the run began, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// What became of it.
    pub(crate) presence: Presence,
    /// What was otherwise about it.
    pub(crate) changes: Vec<Change>,
}

impl Store {
    /// A system by its present id, with its evidence and all its sides.
    ///
    /// # Errors
    /// There is no such system, it is a part of another one, or the store cannot be read.
    pub(crate) async fn shown(&self, name: &str) -> Result<Shown, StoreError> {
        let mut transaction = self.read().await?;
        let present = present(&mut transaction, name).await?;
        let reviewed = kept(&mut transaction, present.number).await?;
        let mut sides = BTreeSet::from([present.number]);
        let text = "SELECT system FROM joined WHERE whole = $1 AND until IS NULL";
        for row in sqlx::query(text).bind(present.number).fetch_all(&mut *transaction).await? {
            sides.insert(row.try_get("system")?);
        }
        let commits = commits(&mut transaction, &sides).await?;
        let targets = identities_elsewhere(&mut transaction, &sides).await?;
        let (systems, identities, _) = read(&mut transaction, &sides, &targets).await?;
        let decided = decided(&mut transaction).await?;
        let mut joined = correlate::join(systems, identities, &decided).systems;
        joined.retain(|system| system.id == present.system.id);
        let mut system = joined.pop().map_or_else(|| present.system.clone(), |system| *system);
        system.remembered = Some(remembered(&mut transaction, &present).await?);
        Ok(Shown { system, presence: present.presence, reviewed, commits })
    }

    /// What became of a system over the runs, the last one first.
    ///
    /// # Errors
    /// There is no such system, it is a part of another one, or the store cannot be read.
    pub(crate) async fn became(&self, name: &str) -> Result<Vec<Became>, StoreError> {
        let mut transaction = self.read().await?;
        let number = present(&mut transaction, name).await?.number;
        let text = "\
            SELECT r.id, r.name, r.started_at FROM runs r WHERE r.id IN (
                SELECT run FROM presences WHERE system = $1 UNION SELECT since FROM versions WHERE system = $1
                UNION SELECT since FROM joined WHERE system = $1 UNION SELECT until FROM joined WHERE system = $1)
            ORDER BY r.id DESC LIMIT $2";
        let most = i64::try_from(TOLD).unwrap_or(i64::MAX);
        let mut told = Vec::new();
        for row in sqlx::query(text).bind(number).bind(most).fetch_all(&mut *transaction).await? {
            let run: i64 = row.try_get("id")?;
            let both = both(&mut transaction, &[number], run - 1, run).await?;
            let Some(entry) = both.into_iter().find_map(|(_, both)| both.told()) else { continue };
            told.push(Became {
                run: row.try_get("name")?,
                at: row.try_get("started_at")?,
                presence: entry.presence,
                changes: entry.changes,
            });
        }
        Ok(told)
    }
}

/// The targets of identities that belong to no system, and that one of these systems may act under.
async fn identities_elsewhere(
    transaction: &mut Transaction<'static, Any>,
    sides: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let select = "\
        SELECT DISTINCT b.target FROM ties a JOIN ties b ON b.tie = a.tie AND b.far <> a.far
        WHERE b.system = 0 AND a.system IN";
    let rows = each_of(transaction, select, sides.iter().map(|side| Value::Int(*side)), "").await?;
    rows.iter().map(|row| Ok(row.try_get("target")?)).collect()
}

/// The commits at which the targets of these systems were scanned last.
async fn commits(
    transaction: &mut Transaction<'static, Any>,
    sides: &BTreeSet<i64>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let select = "\
        SELECT DISTINCT t.shown, c.commit_id FROM systems s JOIN targets t ON t.id = s.target
        JOIN coverage c ON c.target = t.id AND c.run = t.recorded
        WHERE c.commit_id IS NOT NULL AND s.id IN";
    let rows = each_of(transaction, select, sides.iter().map(|side| Value::Int(*side)), "").await?;
    rows.iter().map(|row| Ok((row.try_get("shown")?, row.try_get("commit_id")?))).collect()
}

async fn remembered(
    transaction: &mut Transaction<'static, Any>,
    present: &super::review::Present,
) -> Result<Remembered, StoreError> {
    let text = "\
        SELECT s.first_seen, COALESCE(s.seen_at, r.started_at) AS last_seen FROM systems s
        JOIN targets t ON t.id = s.target LEFT JOIN runs r ON r.id = t.recorded WHERE s.id = $1";
    let row = sqlx::query(text).bind(present.number).fetch_one(&mut **transaction).await?;
    let first_seen: String = row.try_get("first_seen")?;
    let last_seen = row.try_get::<Option<String>, _>("last_seen")?.unwrap_or_else(|| first_seen.clone());
    Ok(Remembered { presence: present.presence, first_seen, last_seen, aliases: Vec::new() })
}
