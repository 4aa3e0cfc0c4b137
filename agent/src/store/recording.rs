//! The steps of one record: the target, what was covered, which systems are known, and what became of each.

use std::collections::{BTreeSet, HashSet};
use std::mem::take;

use asmm_model::{Coverage, Presence, System, SystemId};
use sqlx::{Any, Row as _, Transaction};

use super::body::Observed;
use super::digest::Digests;
use super::identity::{self, Known};
use super::known::Before;
use super::record::{Kinds, Loose, Recorded, Seen, entry};
use super::rows::{Value, insert};
use super::{StoreError, body, known, numbers};
use crate::correlate::{self, End, Tie};
use crate::history::{self, Entry, LessSeen};

/// Texts of columns that are sorted by are cut: an index takes no text of any length.
const COLUMN: usize = 200;
/// Versions that are gathered before they are written: a target may have more than should be in memory twice.
const PENDING: usize = 128;

/// A target that is known.
struct TargetRow {
    id: i64,
    /// The last run that recorded it; none where this is the first.
    before: Option<Before>,
}

/// What is recorded of targets, one after another: rows of several are written together.
pub(super) struct Recording<'t> {
    transaction: &'t mut Transaction<'static, Any>,
    run: i64,
    started_at: &'t str,
    systems: Vec<Vec<Value>>,
    versions: Vec<Vec<Value>>,
    observations: Vec<Vec<Value>>,
    aliases: Vec<Vec<Value>>,
    presences: Vec<Vec<Value>>,
    ties: Vec<Vec<Value>>,
    /// Numbers of the systems that what happened is about, in the order in which it was told.
    told_of: Vec<i64>,
    told: Vec<Entry>,
    less_seen: Vec<LessSeen>,
    recorded: Recorded,
}

impl<'t> Recording<'t> {
    pub(super) fn of(transaction: &'t mut Transaction<'static, Any>, run: i64, started_at: &'t str) -> Self {
        Self {
            transaction,
            run,
            started_at,
            systems: Vec::new(),
            versions: Vec::new(),
            observations: Vec::new(),
            aliases: Vec::new(),
            presences: Vec::new(),
            ties: Vec::new(),
            told_of: Vec::new(),
            told: Vec::new(),
            less_seen: Vec::new(),
            recorded: Recorded::default(),
        }
    }

    /// Takes in what a scan saw of a target. It is written by [`Self::finish`], or before.
    ///
    /// # Errors
    /// A later run recorded the target: nothing of it is taken in then. After any other error, the transaction has to be given up.
    pub(super) async fn add(&mut self, seen: Seen) -> Result<(), StoreError> {
        let Seen { key, place, commit, coverage, systems, loose } = seen;
        let digests = Digests::of(systems);
        let target = self.target(&key, &place, &coverage.target).await?;
        self.coverage(&target, commit, &coverage, &loose).await?;

        let known = known::of(self.transaction, target.id).await?;
        let (systems, digests) = digests.made().await?;
        let mut found = identity::by_last_id(&known, &systems);
        // Most nights, every system has the id that it had: what it was called before is not asked for then.
        if found.contains(&None) && found.iter().flatten().count() < known.len() {
            let aliases = known::aliases(self.transaction, target.id).await?;
            identity::by_earlier_id(&known, &aliases, &systems, &mut found);
        }
        self.pair_the_rest(&known, &systems, &mut found).await?;

        let first = self.number_of_systems(&systems, &found).await?;
        let names = self.new_names(&systems, &found, &key).await?;
        let (mut next, mut new_names) = (first, names.into_iter());
        // One by one, and each let go of: what was written of a system need not be in memory twice, or at all.
        for ((system, digest), found) in systems.into_iter().zip(digests).zip(&found) {
            if let Some(at) = found {
                self.again(&target, &known[*at], (&system, digest), &coverage.target).await?;
            } else {
                let name = new_names.next().unwrap_or_default();
                self.first_time(&target, (next, &name), (&system, digest), &coverage.target)?;
                next += 1;
            }
            if self.versions.len() >= PENDING {
                self.put_down().await?;
            }
        }
        let there: HashSet<usize> = found.iter().flatten().copied().collect();
        for (_, gone) in known.iter().enumerate().filter(|(at, _)| !there.contains(at)) {
            self.gone(&target, gone, &coverage).await?;
        }
        // What others are called is asked of the store.
        if !self.systems.is_empty() {
            self.put_down().await?;
        }
        if self.told.len() >= PENDING {
            self.tell().await?;
        }
        Ok(())
    }

    async fn target(&mut self, key: &str, place: &str, shown: &str) -> Result<TargetRow, StoreError> {
        let (key, place) = (bounded(key), bounded(place));
        let mut found = known::target(self.transaction, &key, &place).await?;
        if found.is_none() {
            // The lock of the number keeps two transactions from making one target: what the other made is found now.
            let number = numbers(self.transaction, "target", 1).await?;
            found = known::target(self.transaction, &key, &place).await?;
            if found.is_none() {
                let row = vec![
                    Value::Int(number),
                    Value::text(key),
                    Value::text(place),
                    Value::text(shown),
                    Value::Int(self.run),
                ];
                let into = "targets (id, key, place, shown, recorded)";
                insert(self.transaction, into, vec![row], "").await?;
                return Ok(TargetRow { id: number, before: None });
            }
        }
        let Some((id, before)) = found else { return Err(StoreError::Overtaken(shown.to_owned())) };
        // A scan by place alone does not take its name from a target that has one. The row is locked by this: a transaction that
        // recorded the target meanwhile is seen here, and not written over.
        let named = key != place;
        let update = "\
            UPDATE targets SET recorded = $1, shown = $2, place = $3, key = CASE WHEN $4 = 1 THEN $5 ELSE key END
            WHERE id = $6 AND recorded = $7 AND recorded < $1";
        let updated = sqlx::query(update)
            .bind(self.run)
            .bind(clean(shown))
            .bind(place)
            .bind(i64::from(named))
            .bind(key)
            .bind(id)
            .bind(before.run)
            .execute(&mut **self.transaction)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::Overtaken(shown.to_owned()));
        }
        Ok(TargetRow { id, before: Some(before) })
    }

    async fn coverage(
        &mut self,
        target: &TargetRow,
        commit: Option<String>,
        coverage: &Coverage,
        loose: &Loose,
    ) -> Result<(), StoreError> {
        let before = target.before.as_ref();
        let gaps = serde_json::to_string(&Kinds::of(coverage))?;
        let gaps = self.document(gaps, before.map(|before| before.gaps.as_str())).await?;
        let ties_after = loose.ties();
        let loose = serde_json::to_string(loose)?;
        let was = before.map(|before| before.loose.as_str());
        let loose = self.document(loose, was).await?;
        if was != Some(loose.as_str()) {
            self.ties_of_loose(target.id, was, &ties_after).await?;
        }
        let seen = i64::try_from(coverage.seen).unwrap_or(i64::MAX);
        let row = vec![
            Value::Int(target.id),
            Value::Int(self.run),
            Value::maybe(commit),
            Value::Int(seen),
            Value::Int(i64::from(coverage.is_complete())),
            Value::text(&gaps),
            Value::text(loose),
        ];
        let into = "coverage (target, run, commit_id, seen, complete, gaps, loose)";
        insert(self.transaction, into, vec![row], "").await?;
        let Some(before) = before.filter(|before| !before.gaps.is_empty() && before.gaps != gaps) else {
            return Ok(());
        };
        let row = sqlx::query("SELECT body FROM documents WHERE digest = $1")
            .bind(before.gaps.clone())
            .fetch_one(&mut **self.transaction)
            .await?;
        let known: Kinds = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
        let hidden = history::hidden_since(&known.skipped, &coverage.skipped);
        if !hidden.is_empty() {
            self.less_seen.push(LessSeen { target: coverage.target.clone(), gaps: hidden });
        }
        Ok(())
    }

    /// Identities of a target are not what they were: what acts under them may be told otherwise, whatever their ties are.
    async fn ties_of_loose(
        &mut self,
        target: i64,
        was: Option<&str>,
        after: &BTreeSet<Tie>,
    ) -> Result<(), StoreError> {
        let before = match was.filter(|was| !was.is_empty()) {
            Some(was) => {
                let text = "SELECT body FROM documents WHERE digest = $1";
                let row = sqlx::query(text).bind(was.to_owned()).fetch_one(&mut **self.transaction).await?;
                serde_json::from_str::<Loose>(&row.try_get::<String, _>("body")?)?.ties()
            }
            None => BTreeSet::new(),
        };
        if !after.is_empty() {
            self.anew().await?;
        }
        self.tie(0, target, &before, after).await
    }

    /// Keeps a text, unless it is the one that is `kept` already, and gives its digest.
    async fn document(&mut self, body: String, kept: Option<&str>) -> Result<String, StoreError> {
        let digest = blake3::hash(body.as_bytes()).to_hex()[..32].to_owned();
        if kept != Some(digest.as_str()) {
            let row = vec![Value::text(&digest), Value::text(body)];
            let then = "ON CONFLICT (digest) DO NOTHING";
            insert(self.transaction, "documents (digest, body)", vec![row], then).await?;
        }
        Ok(digest)
    }

    /// Finds systems that were moved or renamed among those that no id tells.
    async fn pair_the_rest(
        &mut self,
        known: &[Known],
        systems: &[System],
        found: &mut [Option<usize>],
    ) -> Result<(), StoreError> {
        let taken: HashSet<usize> = found.iter().flatten().copied().collect();
        let new: Vec<(usize, &System)> =
            systems.iter().enumerate().filter(|(at, _)| found[*at].is_none()).collect();
        if new.is_empty() || taken.len() == known.len() {
            return Ok(());
        }
        let left = || known.iter().enumerate().filter(|(at, _)| !taken.contains(at));
        let versions: Vec<i64> = left().map(|(_, one)| one.version).collect();
        let mut kept = known::versions(self.transaction, &versions, known::Evidence::OfParts).await?;
        let old: Vec<(usize, bool, System)> =
            left().filter_map(|(at, one)| Some((at, one.is_there, kept.remove(&one.version)?))).collect();
        for (before, after) in identity::by_likeness(&old, &new) {
            found[after] = Some(before);
        }
        Ok(())
    }

    async fn number_of_systems(
        &mut self,
        systems: &[System],
        found: &[Option<usize>],
    ) -> Result<i64, StoreError> {
        let new = systems.len() - found.iter().flatten().count();
        if new == 0 { Ok(0) } else { numbers(self.transaction, "system", new).await }
    }

    /// The ids of the systems that are new: those that the scan gave, unless another system has it.
    async fn new_names(
        &mut self,
        systems: &[System],
        found: &[Option<usize>],
        key: &str,
    ) -> Result<Vec<String>, StoreError> {
        let new: Vec<&System> = systems
            .iter()
            .zip(found)
            .filter(|(_, found)| found.is_none())
            .map(|(system, _)| system)
            .collect();
        let mut names: Vec<String> = new.iter().map(|system| system.id.as_str().to_owned()).collect();
        // Each round tells apart those whose name is taken; a name is made of more than any other system has.
        for round in 0_u32.. {
            let taken = known::taken(self.transaction, &names).await?;
            let mut own = HashSet::new();
            let mut again = false;
            for (name, system) in names.iter_mut().zip(&new) {
                if taken.contains(name) || !own.insert(name.clone()) {
                    let longer = format!("{}\0{key}\0{round}", system.name);
                    SystemId::derive(system.kind, &system.root, &longer).as_str().clone_into(name);
                    again = true;
                }
            }
            if !again {
                break;
            }
        }
        Ok(names)
    }

    /// A system that was not known is there.
    fn first_time(
        &mut self,
        target: &TargetRow,
        (number, name): (i64, &str),
        (system, digest): (&System, String),
        shown: &str,
    ) -> Result<(), StoreError> {
        self.systems.push(vec![
            Value::Int(number),
            Value::text(name),
            Value::Int(target.id),
            Value::Int(self.run),
            Value::text(self.started_at),
            Value::text(Presence::New.name()),
            Value::Int(self.run),
        ]);
        self.put_version(number, digest, system)?;
        self.put_alias(target, number, system);
        self.put_presence(number, Presence::New);
        self.told_of.push(number);
        self.told.push(entry(name, system, shown, Presence::New, Vec::new()));
        self.ties.extend(ties(number, target.id, &correlate::ties(system)));
        Ok(())
    }

    /// A system that was known is there.
    async fn again(
        &mut self,
        target: &TargetRow,
        known: &Known,
        (system, digest): (&System, String),
        shown: &str,
    ) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        if digest != known.digest {
            let before = known::end_version(self.transaction, known.version, self.run).await?;
            changes = history::between(&before, system);
            self.put_version(known.system, digest, system)?;
            self.tie(known.system, target.id, &correlate::ties(&before), &correlate::ties(system)).await?;
        }
        if known.scanned != system.id.as_str() {
            self.put_alias(target, known.system, system);
        }
        let presence = match known.presence {
            Presence::Missing => Presence::Returned,
            _ if !changes.is_empty() => Presence::Changed,
            Presence::Unseen => Presence::Present,
            _ => return Ok(()),
        };
        self.set_presence(known, presence, None).await?;
        if presence != Presence::Present {
            self.told_of.push(known.system);
            self.told.push(entry(&known.name, system, shown, presence, changes));
        }
        Ok(())
    }

    /// A system that was known is not there: missing where the target was seen wholly, and unseen otherwise.
    async fn gone(
        &mut self,
        target: &TargetRow,
        known: &Known,
        coverage: &Coverage,
    ) -> Result<(), StoreError> {
        let presence = match (known.presence, coverage.is_complete()) {
            // That it is missing was concluded from a scan that saw everything: one that did not takes nothing back.
            (Presence::Missing, _) | (Presence::Unseen, false) => return Ok(()),
            (_, true) => Presence::Missing,
            (_, false) => Presence::Unseen,
        };
        self.set_presence(known, presence, target.before.as_ref()).await?;
        let system = known::version(self.transaction, known.version).await?;
        self.told_of.push(known.system);
        self.told.push(entry(&known.name, &system, &coverage.target, presence, Vec::new()));
        Ok(())
    }

    async fn set_presence(
        &mut self,
        known: &Known,
        presence: Presence,
        seen: Option<&Before>,
    ) -> Result<(), StoreError> {
        self.put_presence(known.system, presence);
        // Where it was not seen before this already, the run that saw it last stays as it is.
        let text = "\
            UPDATE systems SET presence = $1, presence_run = $2,
                seen_run = CASE WHEN $3 = 1 THEN NULL ELSE COALESCE(seen_run, $4) END,
                seen_at = CASE WHEN $3 = 1 THEN NULL ELSE COALESCE(seen_at, $5) END
            WHERE id = $6";
        sqlx::query(text)
            .bind(presence.name())
            .bind(self.run)
            .bind(i64::from(presence.is_there()))
            .bind(seen.map(|before| before.run))
            .bind(seen.map(|before| before.at.clone()))
            .bind(known.system)
            .execute(&mut **self.transaction)
            .await?;
        Ok(())
    }

    /// Writes the ties of a system, or with 0 those of identities of a target that belong to none, where they are not what they were.
    async fn tie(
        &mut self,
        system: i64,
        target: i64,
        before: &BTreeSet<Tie>,
        after: &BTreeSet<Tie>,
    ) -> Result<(), StoreError> {
        if before == after {
            return Ok(());
        }
        sqlx::query("DELETE FROM ties WHERE system = $1 AND target = $2")
            .bind(system)
            .bind(target)
            .execute(&mut **self.transaction)
            .await?;
        self.ties.extend(ties(system, target, after));
        // What lost its ties is tied to nothing that would tell it.
        self.anew().await
    }

    /// Systems have to be joined again.
    async fn anew(&mut self) -> Result<(), StoreError> {
        sqlx::query("UPDATE joining SET anew = 1 WHERE anew = 0").execute(&mut **self.transaction).await?;
        Ok(())
    }

    fn put_presence(&mut self, system: i64, presence: Presence) {
        self.presences.push(vec![Value::Int(system), Value::Int(self.run), Value::text(presence.name())]);
    }

    fn put_alias(&mut self, target: &TargetRow, system: i64, of: &System) {
        self.aliases.push(vec![Value::Int(target.id), Value::text(of.id.as_str()), Value::Int(system)]);
    }

    /// The number of the version is known when it is written.
    fn put_version(&mut self, number: i64, digest: String, system: &System) -> Result<(), StoreError> {
        let at = i64::try_from(self.versions.len()).unwrap_or(i64::MAX);
        let (columns, observations) = columns(system)?;
        let mut row = vec![
            Value::Int(at),
            Value::Int(number),
            Value::Int(self.run),
            Value::text(digest),
            Value::text(system.id.as_str()),
        ];
        row.extend(columns);
        self.versions.push(row);
        for (n, one) in observations.into_iter().enumerate() {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            self.observations.push(vec![
                Value::Int(at),
                Value::Int(n),
                Value::maybe(one.rule),
                Value::text(one.body),
            ]);
        }
        Ok(())
    }

    /// Writes the rows that were gathered so far.
    async fn put_down(&mut self) -> Result<(), StoreError> {
        if !self.versions.is_empty() {
            let first = numbers(self.transaction, "version", self.versions.len()).await?;
            for row in self.versions.iter_mut().chain(&mut self.observations) {
                if let Some(Value::Int(at)) = row.first_mut() {
                    *at += first;
                }
            }
        }
        let transaction = &mut *self.transaction;
        let into = "systems (id, name, target, first_run, first_seen, presence, presence_run)";
        insert(transaction, into, take(&mut self.systems), "").await?;
        let into = "versions (id, system, since, digest, scanned, title, root, kind, role, verdict, level_low, level_high, hitl, priority, body)";
        insert(transaction, into, take(&mut self.versions), "").await?;
        insert(transaction, "observations (version, n, rule, body)", take(&mut self.observations), "")
            .await?;
        let then = "ON CONFLICT (target, alias) DO UPDATE SET system = excluded.system";
        insert(transaction, "aliases (target, alias, system)", take(&mut self.aliases), then).await?;
        insert(transaction, "presences (system, run, presence)", take(&mut self.presences), "").await?;
        insert(transaction, "ties (system, target, far, tie)", take(&mut self.ties), "").await?;
        Ok(())
    }

    /// Writes what happened.
    async fn tell(&mut self) -> Result<(), StoreError> {
        let told = take(&mut self.told_of).into_iter().map(Some);
        let mut told: Vec<(Option<i64>, Entry)> = told.zip(take(&mut self.told)).collect();
        told.sort_by(|a, b| history::order(&a.1, &b.1));
        let systems = told.iter().map(|(system, entry)| (*system, "system", serde_json::to_string(entry)));
        let less = self.less_seen.iter().map(|less| (None, "coverage", serde_json::to_string(less)));
        events(self.transaction, self.run, systems.chain(less).collect()).await?;
        self.recorded.systems.extend(told.into_iter().map(|(_, entry)| entry));
        self.recorded.less_seen.append(&mut self.less_seen);
        Ok(())
    }

    /// Writes what is left, and gives what became of all.
    pub(super) async fn finish(mut self) -> Result<Recorded, StoreError> {
        self.put_down().await?;
        self.tell().await?;
        Ok(self.recorded)
    }
}

/// What a list says of a system, and the system itself without its evidence, with that beside it.
pub(super) fn columns(system: &System) -> serde_json::Result<(Vec<Value>, Vec<Observed>)> {
    let parts = body::apart(system)?;
    let [low, high] = system.level;
    let columns = vec![
        Value::text(cut(&system.name)),
        Value::text(&system.root),
        Value::text(system.kind.name()),
        Value::text(system.role.name()),
        Value::text(system.verdict.name()),
        Value::Int(i64::from(low.0)),
        Value::Int(i64::from(high.0)),
        Value::text(system.hitl.name()),
        Value::Int(i64::from(system.priority)),
        Value::text(parts.body),
    ];
    Ok((columns, parts.observations))
}

/// Writes what happened in a run: the system that it is about, the kind, and the text of it.
pub(super) async fn events(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    all: Vec<(Option<i64>, &str, serde_json::Result<String>)>,
) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let mut number = numbers(transaction, "event", all.len()).await?;
    let mut rows = Vec::new();
    for (system, kind, body) in all {
        let system = system.map_or(Value::NoInt, Value::Int);
        rows.push(vec![Value::Int(number), Value::Int(run), system, Value::text(kind), Value::text(body?)]);
        number += 1;
    }
    insert(transaction, "events (id, run, system, kind, body)", rows, "").await?;
    Ok(())
}

/// A key of any length, as one that an index takes.
fn bounded(key: &str) -> String {
    if key.len() <= 4 * COLUMN {
        clean(key)
    } else {
        format!("blake3:{}", blake3::hash(key.as_bytes()).to_hex())
    }
}

fn ties(system: i64, target: i64, ties: &BTreeSet<Tie>) -> impl Iterator<Item = Vec<Value>> {
    ties.iter().map(move |Tie { end, key }| {
        let far = i64::from(*end == End::Far);
        vec![Value::Int(system), Value::Int(target), Value::Int(far), Value::text(bounded(key))]
    })
}

fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn cut(text: &str) -> String {
    text.chars().take(COLUMN).collect()
}
