//! What is known of a target before something is recorded of it: its systems, their names, and what was last seen of them.

use std::collections::{HashMap, HashSet};

use asmm_model::{Criteria, Presence, System};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::identity::Known;
use super::rows::{Value, bind};
use super::{StoreError, body};

/// Rows that are asked for at once.
const AT_ONCE: usize = 32;

/// How much of the evidence of a version is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// None: what changed is told without it.
    None,
    /// That of components and tools alone: by their files systems are recognised, and the rest would be most of the memory.
    OfParts,
}

/// All systems that are known of a target, those that are not there any more with them.
pub(super) async fn of(
    transaction: &mut Transaction<'static, Any>,
    target: i64,
) -> Result<Vec<Known>, StoreError> {
    let text = "\
        SELECT s.id, s.name, s.presence, v.id AS version, v.digest, v.scanned
        FROM systems s JOIN versions v ON v.system = s.id AND v.until IS NULL
        WHERE s.target = $1 ORDER BY s.id";
    let rows = sqlx::query(text).bind(target).fetch_all(&mut **transaction).await?;
    let known = |row: &AnyRow| -> Result<Known, StoreError> {
        let presence = row.try_get::<String, _>("presence")?;
        let presence = Presence::named(&presence).unwrap_or(Presence::Present);
        Ok(Known {
            system: row.try_get("id")?,
            name: row.try_get("name")?,
            presence,
            is_there: presence != Presence::Missing,
            version: row.try_get("version")?,
            digest: row.try_get("digest")?,
            scanned: row.try_get("scanned")?,
        })
    };
    rows.iter().map(known).collect()
}

/// The numbers of the systems of a target, by every id that a scan gave them.
pub(super) async fn aliases(
    transaction: &mut Transaction<'static, Any>,
    target: i64,
) -> Result<HashMap<String, i64>, StoreError> {
    let text = "SELECT alias, system FROM aliases WHERE target = $1";
    let rows = sqlx::query(text).bind(target).fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| Ok((row.try_get("alias")?, row.try_get("system")?))).collect()
}

/// The system of a version, without its evidence.
pub(super) async fn version(
    transaction: &mut Transaction<'static, Any>,
    version: i64,
) -> Result<System, StoreError> {
    let found = versions(transaction, &[version], Evidence::None).await?.remove(&version);
    found.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
}

/// The systems of versions, by the number of the version.
pub(super) async fn versions(
    transaction: &mut Transaction<'static, Any>,
    versions: &[i64],
    evidence: Evidence,
) -> Result<HashMap<i64, System>, StoreError> {
    let mut systems = HashMap::new();
    for chunk in versions.chunks(AT_ONCE) {
        let chunk = || chunk.iter().copied().map(Value::Int);
        let mut observed: HashMap<i64, Vec<String>> = HashMap::new();
        if evidence == Evidence::OfParts {
            let select = "SELECT version, body FROM observations WHERE version IN";
            for row in each_of(transaction, select, chunk(), "ORDER BY version, n").await? {
                observed.entry(row.try_get("version")?).or_default().push(row.try_get("body")?);
            }
        }
        for row in each_of(transaction, "SELECT id, body FROM versions WHERE id IN", chunk(), "").await? {
            let (version, text): (i64, String) = (row.try_get("id")?, row.try_get("body")?);
            let mut system = match evidence {
                Evidence::None => body::together(&text, None)?,
                Evidence::OfParts => {
                    body::together(&text, Some(&observed.remove(&version).unwrap_or_default()))?
                }
            };
            if evidence == Evidence::OfParts {
                system.criteria = Criteria::default();
                system.identities = Vec::new();
                system.models = Vec::new();
                system.triggers = Vec::new();
            }
            systems.insert(version, system);
        }
    }
    Ok(systems)
}

/// Which of these names a system has already.
pub(super) async fn taken(
    transaction: &mut Transaction<'static, Any>,
    names: &[String],
) -> Result<HashSet<String>, StoreError> {
    let mut taken = HashSet::new();
    for chunk in names.chunks(AT_ONCE) {
        let values = chunk.iter().map(Value::text);
        for row in each_of(transaction, "SELECT name FROM systems WHERE name IN", values, "").await? {
            taken.insert(row.try_get("name")?);
        }
    }
    Ok(taken)
}

/// The rows of a query whose condition ends with a list of values.
async fn each_of(
    transaction: &mut Transaction<'static, Any>,
    select: &'static str,
    values: impl ExactSizeIterator<Item = Value>,
    then: &'static str,
) -> sqlx::Result<Vec<AnyRow>> {
    let list: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
    let text = format!("{select} ({}) {then}", list.join(", "));
    // Nothing in the text comes from outside: it is made of numbers of parameters.
    let query = values.fold(sqlx::query(AssertSqlSafe(text)), bind);
    query.fetch_all(&mut **transaction).await
}
