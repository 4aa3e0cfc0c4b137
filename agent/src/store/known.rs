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
    /// All of it: the test is made of it again.
    All,
}

/// The last run that recorded a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before {
    /// Its number.
    pub(super) run: i64,
    /// When it began, RFC 3339 in UTC; empty where it is not kept any more.
    pub(super) at: String,
    /// The digest of what it could not see, and of what belonged to no system; empty where they are not kept any more.
    pub(super) gaps: String,
    pub(super) loose: String,
}

/// The number of the target that is known by a key, or else by its place, and who recorded it last.
pub(super) async fn target(
    transaction: &mut Transaction<'static, Any>,
    key: &str,
    place: &str,
) -> Result<Option<(i64, Before)>, StoreError> {
    const SELECT: &str = "\
        SELECT t.id, t.key, t.recorded, r.started_at, c.gaps, c.loose FROM targets t
        LEFT JOIN runs r ON r.id = t.recorded LEFT JOIN coverage c ON c.target = t.id AND c.run = t.recorded";
    let ask = |then: &str, value: &str| {
        // Nothing in the text comes from outside: both parts of it stand here.
        sqlx::query(AssertSqlSafe(format!("{SELECT} {then}"))).bind(value.to_owned())
    };
    let mut row = ask("WHERE t.key = $1", key).fetch_optional(&mut **transaction).await?;
    if row.is_none() {
        for one in ask("WHERE t.place = $1 ORDER BY t.id", place).fetch_all(&mut **transaction).await? {
            if is_one(&one.try_get::<String, _>("key")?, key, place) {
                row = Some(one);
                break;
            }
        }
    }
    let Some(row) = row else { return Ok(None) };
    let text = |column: &str| -> sqlx::Result<String> {
        Ok(row.try_get::<Option<String>, _>(column)?.unwrap_or_default())
    };
    let before = Before {
        run: row.try_get("recorded")?,
        at: text("started_at")?,
        gaps: text("gaps")?,
        loose: text("loose")?,
    };
    Ok(Some((row.try_get("id")?, before)))
}

/// Whether a target that is known by `old` is the one that is called `new`, at one place: where either is called by its place alone,
/// or both are of one source, which had one target then and has several now, or the other way round. One that has another name is
/// another target.
fn is_one(old: &str, new: &str, place: &str) -> bool {
    let source = |key: &str| key.split(": ").next().unwrap_or_default().to_owned();
    old == place || new == place || source(old) == source(new)
}

/// All systems that are known of a target, those that are not there any more with them.
///
/// One text for all, and not a row for each: to read a row costs more than what stands in it, and this is read of every system in every
/// night. Nothing of it has a space in it.
pub(super) async fn of(
    transaction: &mut Transaction<'static, Any>,
    target: i64,
) -> Result<Vec<Known>, StoreError> {
    let text = "\
        SELECT STRING_AGG(CAST(s.id AS TEXT) || ' ' || CAST(v.id AS TEXT) || ' ' || s.presence || ' ' || s.name || ' '
            || v.scanned || ' ' || v.digest, ' ' ORDER BY s.id) AS known
        FROM systems s JOIN versions v ON v.system = s.id AND v.until IS NULL
        WHERE s.target = $1";
    let row = sqlx::query(text).bind(target).fetch_one(&mut **transaction).await?;
    let text: Option<String> = row.try_get("known")?;
    let mut words = text.iter().flat_map(|text| text.split(' '));
    let mut known = Vec::new();
    while let Some(system) = words.next() {
        known.push(read(system, &mut words).ok_or(StoreError::Database(sqlx::Error::RowNotFound))?);
    }
    Ok(known)
}

fn read<'t>(system: &str, words: &mut impl Iterator<Item = &'t str>) -> Option<Known> {
    let mut word = || words.next();
    let (system, version) = (system.parse().ok()?, word()?.parse().ok()?);
    let presence = Presence::named(word()?)?;
    Some(Known {
        system,
        version,
        presence,
        is_there: presence != Presence::Missing,
        name: word()?.to_owned(),
        scanned: word()?.to_owned(),
        digest: word()?.to_owned(),
    })
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

/// Writes the run until which a version held, and gives its system, without its evidence.
pub(super) async fn end_version(
    transaction: &mut Transaction<'static, Any>,
    version: i64,
    until: i64,
) -> Result<System, StoreError> {
    let row = sqlx::query("UPDATE versions SET until = $1 WHERE id = $2 RETURNING body")
        .bind(until)
        .bind(version)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(body::together(&row.try_get::<String, _>("body")?, None)?)
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
        if evidence != Evidence::None {
            let select = "SELECT version, body FROM observations WHERE version IN";
            for row in each_of(transaction, select, chunk(), "ORDER BY version, n").await? {
                observed.entry(row.try_get("version")?).or_default().push(row.try_get("body")?);
            }
        }
        for row in each_of(transaction, "SELECT id, body FROM versions WHERE id IN", chunk(), "").await? {
            let (version, text): (i64, String) = (row.try_get("id")?, row.try_get("body")?);
            let mut system = match evidence {
                Evidence::None => body::together(&text, None)?,
                Evidence::OfParts | Evidence::All => {
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
pub(super) async fn each_of(
    transaction: &mut Transaction<'static, Any>,
    select: &'static str,
    values: impl ExactSizeIterator<Item = Value>,
    then: &str,
) -> sqlx::Result<Vec<AnyRow>> {
    let list: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
    let text = format!("{select} ({}) {then}", list.join(", "));
    // Nothing in the text comes from outside: it is made of numbers of parameters.
    let query = values.fold(sqlx::query(AssertSqlSafe(text)), bind);
    query.fetch_all(&mut **transaction).await
}
