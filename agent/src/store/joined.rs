//! Keeps, beside what each target showed, what systems are together: a list, a comparison and a notice speak of one system, from
//! however many sides it was seen.
//!
//! What it costs follows how much meets something else, and nothing is read where none of that changed since the last time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use asmm_model::{Identity, System, SystemId};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::compare::both;
use super::known::{self, Evidence};
use super::record::Loose;
use super::recording::{columns, events};
use super::rows::{Value, insert};
use super::whole::decided;
use super::{StoreError, digest};
use crate::correlate;
use crate::history;

/// Systems that are asked about at once.
const AT_ONCE: usize = 32;

/// Why systems are joined anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// A run ended: what became of systems by it is told.
    Run,
    /// Somebody decided something. Who did knows of it.
    Decision,
}

/// What a system is now, where that is not what its target showed.
struct Joined {
    digest: String,
    columns: Vec<Value>,
}

/// A system, with what it is a part of; 0 where it is one itself.
type Place = (i64, i64);

/// A system that is there, as its target showed it.
pub(super) struct Alone {
    number: i64,
    digest: String,
    columns: Vec<Value>,
}

/// Joins what meets something else, as the last scan of each target left it, and keeps what came of it as of a run.
///
/// # Errors
/// The store cannot be read or written.
pub(super) async fn join_again(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    because: Because,
) -> Result<(), StoreError> {
    let last = sqlx::query("SELECT run FROM joining").fetch_one(&mut **transaction).await?.try_get("run")?;
    if because == Because::Run && !is_otherwise(transaction, run).await? {
        return until(transaction, run.max(last)).await;
    }
    let decided = decided(transaction).await?;
    let (mut systems, mut targets) = (BTreeSet::new(), BTreeSet::new());
    for (system, target) in meeting(transaction).await? {
        if system == 0 {
            targets.insert(target)
        } else {
            systems.insert(system)
        };
    }
    systems.extend(named(transaction, decided.systems()).await?);
    let is: BTreeMap<Place, Joined> = if systems.is_empty() {
        BTreeMap::new()
    } else {
        let (systems, identities, alone) = read(transaction, &systems, &targets).await?;
        together(correlate::join(systems, identities, &decided), alone)?
    };
    let was = kept(transaction).await?;
    let changed = keep(transaction, run.max(last), &was, &is).await?;
    // What a run recorded that began before the last one, and ended after it, is told as its targets told it.
    if because == Because::Run && run >= last {
        let sides = was.keys().chain(is.keys()).chain(&changed).map(|(system, _)| *system).collect();
        tell(transaction, run, &sides).await?;
    }
    until(transaction, run.max(last)).await
}

/// Whether a tie came or went since systems were joined last, or something became of a system that is tied to another one, in a run
/// since then or in this one.
async fn is_otherwise(transaction: &mut Transaction<'static, Any>, run: i64) -> Result<bool, StoreError> {
    let text = "\
        SELECT CASE WHEN j.anew = 1 OR EXISTS (
            SELECT 1 FROM (SELECT v.system FROM versions v WHERE v.since > j.run OR v.since = $1
                UNION SELECT p.system FROM presences p WHERE p.run > j.run OR p.run = $1) x
            WHERE EXISTS (SELECT 1 FROM joined k WHERE k.system = x.system AND k.until IS NULL)
                OR EXISTS (SELECT 1 FROM ties a JOIN ties b ON b.tie = a.tie AND b.far <> a.far WHERE a.system = x.system)
        ) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS otherwise FROM joining j";
    let row = sqlx::query(text).bind(run).fetch_one(&mut **transaction).await?;
    Ok(row.try_get::<i64, _>("otherwise")? == 1)
}

async fn until(transaction: &mut Transaction<'static, Any>, run: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE joining SET run = $1, anew = 0").bind(run).execute(&mut **transaction).await?;
    Ok(())
}

/// The systems that are there and hold one end of a tie of which something else that is there holds the other, and the targets of
/// such identities, with 0 for the system.
async fn meeting(transaction: &mut Transaction<'static, Any>) -> Result<Vec<(i64, i64)>, StoreError> {
    let text = "\
        SELECT DISTINCT a.system, a.target FROM ties a LEFT JOIN systems s ON s.id = a.system
        WHERE (a.system = 0 OR s.presence <> 'missing') AND EXISTS (
            SELECT 1 FROM ties b LEFT JOIN systems q ON q.id = b.system
            WHERE b.tie = a.tie AND b.far <> a.far AND (b.system = 0 OR q.presence <> 'missing'))";
    let rows = sqlx::query(text).fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| Ok((row.try_get("system")?, row.try_get("target")?))).collect()
}

/// The numbers of the systems that are there, of those that are called so.
async fn named(
    transaction: &mut Transaction<'static, Any>,
    names: impl Iterator<Item = &SystemId>,
) -> Result<Vec<i64>, StoreError> {
    let mut found = Vec::new();
    let names: BTreeSet<&str> = names.map(SystemId::as_str).collect();
    for name in names {
        let row = sqlx::query("SELECT id FROM systems WHERE name = $1 AND presence <> 'missing'")
            .bind(name.to_owned())
            .fetch_optional(&mut **transaction)
            .await?;
        if let Some(row) = row {
            found.push(row.try_get("id")?);
        }
    }
    Ok(found)
}

/// These systems and the identities of these targets, and what each system is alone.
pub(super) async fn read(
    transaction: &mut Transaction<'static, Any>,
    systems: &BTreeSet<i64>,
    targets: &BTreeSet<i64>,
) -> Result<(Vec<System>, Vec<Identity>, BTreeMap<SystemId, Alone>), StoreError> {
    let (mut all, mut identities) = (Vec::new(), Vec::new());
    let mut alone = BTreeMap::new();
    let numbers: Vec<i64> = systems.iter().copied().collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let select = "\
            SELECT v.id, s.id AS system, s.name, t.shown FROM versions v JOIN systems s ON s.id = v.system
            JOIN targets t ON t.id = s.target WHERE v.until IS NULL AND v.system IN";
        let rows = known::each_of(transaction, select, chunk.iter().copied().map(Value::Int), "").await?;
        let versions: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get("id")).collect();
        let mut read = known::versions(transaction, &versions?, Evidence::All).await?;
        for row in rows {
            let Some(mut system) = read.remove(&row.try_get("id")?) else { continue };
            system.id = SystemId::known(row.try_get::<String, _>("name")?);
            let shown: String = row.try_get("shown")?;
            system.set_target(Some(&shown));
            let one = Alone {
                number: row.try_get("system")?,
                digest: of(&mut system)?,
                columns: columns(&system)?.0,
            };
            alone.insert(system.id.clone(), one);
            all.push(system);
        }
    }
    let targets: Vec<i64> = targets.iter().copied().collect();
    for chunk in targets.chunks(AT_ONCE) {
        let select = "\
            SELECT t.shown, d.body FROM targets t JOIN coverage c ON c.target = t.id AND c.run = t.recorded
            JOIN documents d ON d.digest = c.loose WHERE t.id IN";
        let rows =
            known::each_of(transaction, select, chunk.iter().copied().map(Value::Int), "ORDER BY t.id");
        for row in rows.await? {
            let mut loose: Loose = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
            loose.set_target(Some(&row.try_get::<String, _>("shown")?));
            identities.append(&mut loose.identities);
        }
    }
    Ok((all, identities, alone))
}

/// The digest of a system. With whom it shares identities is told where all systems are looked at, and not kept here.
fn of(system: &mut System) -> Result<String, StoreError> {
    for identity in &mut system.identities {
        identity.shared_with.clear();
    }
    Ok(digest::digest(system)?)
}

/// What each system is that is not what it was alone.
fn together(
    found: correlate::Joined,
    mut alone: BTreeMap<SystemId, Alone>,
) -> Result<BTreeMap<Place, Joined>, StoreError> {
    let mut wholes: HashMap<SystemId, Vec<i64>> = HashMap::new();
    let mut joined = BTreeMap::new();
    for mut system in found.systems {
        let Some(was) = alone.remove(&system.id) else { continue };
        for part in &system.joins {
            wholes.entry(part.id.clone()).or_default().push(was.number);
        }
        let digest = of(&mut system)?;
        if digest != was.digest {
            let columns = columns(&system)?.0;
            joined.insert((was.number, 0), Joined { digest, columns });
        }
    }
    // What is no system any more is a part of one, or of several.
    for (id, Alone { number, digest, columns }) in alone {
        for whole in wholes.remove(&id).unwrap_or_default() {
            let (digest, columns) = (digest.clone(), columns.clone());
            joined.insert((number, whole), Joined { digest, columns });
        }
    }
    Ok(joined)
}

/// What is kept now: since when, and the digest.
async fn kept(
    transaction: &mut Transaction<'static, Any>,
) -> Result<BTreeMap<Place, (i64, String)>, StoreError> {
    let text = "SELECT system, whole, since, digest FROM joined WHERE until IS NULL";
    let rows = sqlx::query(text).fetch_all(&mut **transaction).await?;
    let kept = |row: &AnyRow| {
        let place = (row.try_get("system")?, row.try_get("whole")?);
        Ok((place, (row.try_get("since")?, row.try_get("digest")?)))
    };
    rows.iter().map(kept).collect()
}

/// Ends what holds no more and writes what holds instead, as of a run. Gives what is otherwise.
async fn keep(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    was: &BTreeMap<Place, (i64, String)>,
    is: &BTreeMap<Place, Joined>,
) -> Result<BTreeSet<Place>, StoreError> {
    let mut changed = BTreeSet::new();
    for (place, (since, digest)) in was {
        if is.get(place).is_some_and(|is| is.digest == *digest) {
            continue;
        }
        changed.insert(*place);
        // What was said of this run is said anew; what an earlier one said was so until now.
        let text = if *since == run {
            "DELETE FROM joined WHERE system = $1 AND whole = $2 AND since = $3"
        } else {
            "UPDATE joined SET until = $3 WHERE system = $1 AND whole = $2 AND until IS NULL"
        };
        sqlx::query(text).bind(place.0).bind(place.1).bind(run).execute(&mut **transaction).await?;
    }
    let new: Vec<(&Place, &Joined)> =
        is.iter().filter(|(place, _)| changed.contains(place) || !was.contains_key(place)).collect();
    changed.extend(new.iter().map(|(place, _)| **place));
    for chunk in new.chunks(AT_ONCE) {
        let row = |((system, whole), joined): &(&Place, &Joined)| {
            let own = [Value::Int(*system), Value::Int(*whole), Value::Int(run), Value::text(&joined.digest)];
            own.into_iter().chain(joined.columns.iter().cloned()).collect()
        };
        let into = "joined (system, whole, since, digest, title, root, kind, role, verdict, level_low, level_high, hitl, priority, body)";
        insert(transaction, into, chunk.iter().map(row).collect(), "").await?;
    }
    Ok(changed)
}

/// Tells of systems together what targets told of each of their sides in this run.
async fn tell(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    sides: &BTreeSet<i64>,
) -> Result<(), StoreError> {
    let sides: Vec<i64> = sides.iter().copied().collect();
    let mut told = Vec::new();
    for chunk in sides.chunks(AT_ONCE) {
        let list: Vec<String> = (2..chunk.len() + 2).map(|n| format!("${n}")).collect();
        let text = format!("DELETE FROM events WHERE run = $1 AND system IN ({})", list.join(", "));
        // Nothing in the text comes from outside: it is made of numbers of parameters.
        let query = sqlx::query(AssertSqlSafe(text)).bind(run);
        chunk.iter().fold(query, |query, side| query.bind(*side)).execute(&mut **transaction).await?;
        told.extend(
            both(transaction, chunk, run - 1, run)
                .await?
                .into_iter()
                .filter_map(|(system, both)| both.told().map(|entry| (system, entry))),
        );
    }
    told.sort_by(|a, b| history::order(&a.1, &b.1));
    let bodies = told.iter().map(|(system, entry)| (Some(*system), "system", serde_json::to_string(entry)));
    events(transaction, run, bodies.collect()).await
}
