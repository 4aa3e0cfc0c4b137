//! What became of each system between two runs; what it costs follows what changed, and not how much there is.

use std::collections::HashMap;

use asmm_model::{Presence, System};
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::record::{Kinds, entry};
use super::{Run, Store, StoreError, body};
use crate::history::{self, Difference, Entry, LessSeen};

/// Systems that are asked about at once.
const AT_ONCE: usize = 32;

/// What a system was in a run.
enum State {
    /// One of its own, alone or with its parts.
    System(Box<System>, Presence),
    /// A part of another one, which speaks for it.
    Part,
}

/// A system before and after.
#[derive(Default)]
pub(super) struct Both {
    name: String,
    target: String,
    before: Option<State>,
    after: Option<State>,
}

impl Store {
    /// Everything that changed between two runs.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn difference(&self, before: &Run, after: &Run) -> Result<Difference, StoreError> {
        let mut transaction = self.read().await?;
        let (a, b) = (before.number, after.number);
        let text = "\
            SELECT system FROM presences WHERE run > $1 AND run <= $2
            UNION SELECT system FROM versions WHERE since > $1 AND since <= $2
            UNION SELECT system FROM joined WHERE since > $1 AND since <= $2
            UNION SELECT system FROM joined WHERE until > $1 AND until <= $2 ORDER BY system";
        let rows = sqlx::query(text).bind(a).bind(b).fetch_all(&mut *transaction).await?;
        let touched: Result<Vec<i64>, sqlx::Error> = rows.iter().map(|row| row.try_get("system")).collect();
        let mut systems = Vec::new();
        for chunk in touched?.chunks(AT_ONCE) {
            let both = both(&mut transaction, chunk, a, b).await?;
            systems.extend(both.into_iter().filter_map(|(_, both)| both.told()));
        }
        history::sort(&mut systems);
        let there = there(&mut transaction, b).await?;
        let told = systems.iter().filter(|entry| entry.presence.is_there()).count() as u64;
        Ok(Difference {
            schema: history::SCHEMA,
            before: before.started_at.clone(),
            after: after.started_at.clone(),
            same_rules: before.rules == after.rules,
            systems,
            present: there.saturating_sub(told),
            less_seen: less_seen(&mut transaction, a, b).await?,
            more_seen: Vec::new(),
            components: Vec::new(),
            base: None,
        })
    }
}

impl Both {
    /// What there is to tell, if anything.
    pub(super) fn told(self) -> Option<Entry> {
        let Self { name, target, before, after } = self;
        let State::System(system, now) = after? else { return None };
        let (presence, changes) = match before {
            // What was a part and is one of its own again is new in the list.
            None | Some(State::Part) if now.is_there() => (Presence::New, Vec::new()),
            // It came and went in between, or what it was a part of tells that it is gone.
            None | Some(State::Part) => return None,
            Some(State::System(_, then)) if !now.is_there() && (then == now || then == Presence::Missing) => {
                return None;
            }
            Some(_) if !now.is_there() => (now, Vec::new()),
            Some(State::System(old, then)) => {
                let changes = history::between(&old, &system);
                match then {
                    Presence::Missing => (Presence::Returned, changes),
                    _ if changes.is_empty() => return None,
                    _ => (Presence::Changed, changes),
                }
            }
        };
        Some(entry(&name, &system, &target, presence, changes))
    }
}

/// What systems were in two runs, by their numbers.
pub(super) async fn both(
    transaction: &mut Transaction<'static, Any>,
    systems: &[i64],
    a: i64,
    b: i64,
) -> Result<Vec<(i64, Both)>, StoreError> {
    // Nothing in the text comes from outside: it is made of numbers of parameters.
    let list: Vec<String> = (3..systems.len() + 3).map(|n| format!("${n}")).collect();
    let list = list.join(", ");
    let ask = |text: String| {
        systems
            .iter()
            .fold(sqlx::query(AssertSqlSafe(text)).bind(a).bind(b), |query, system| query.bind(*system))
    };
    let mut said: HashMap<i64, [Option<Presence>; 2]> = HashMap::new();
    let text = format!(
        "SELECT system, run, presence, $1 AS a FROM presences WHERE run <= $2 AND system IN ({list}) ORDER BY system, run"
    );
    for row in ask(text).fetch_all(&mut **transaction).await? {
        let (run, presence): (i64, String) = (row.try_get("run")?, row.try_get("presence")?);
        let [before, after] = said.entry(row.try_get("system")?).or_default();
        let presence = Presence::named(&presence);
        if run <= a {
            *before = presence;
        }
        *after = presence;
    }
    let mut all: HashMap<i64, Both> = HashMap::new();
    // What holds of a system together with others is read after what holds of it alone, and stands instead of it.
    for select in [
        "SELECT v.system, s.name, t.shown, v.since, v.until, CAST(0 AS BIGINT) AS part, v.body FROM versions v",
        "SELECT v.system, s.name, t.shown, v.since, v.until,
            CAST(CASE WHEN v.whole = 0 THEN 0 ELSE 1 END AS BIGINT) AS part, v.body FROM joined v",
    ] {
        let text = format!(
            "{select} JOIN systems s ON s.id = v.system JOIN targets t ON t.id = s.target
             WHERE v.since <= $2 AND (v.until IS NULL OR v.until > $1) AND v.system IN ({list})"
        );
        for row in ask(text).fetch_all(&mut **transaction).await? {
            let system: i64 = row.try_get("system")?;
            let (since, until): (i64, Option<i64>) = (row.try_get("since")?, row.try_get("until")?);
            let holds = |run: i64| since <= run && until.is_none_or(|until| until > run);
            let [before, after] = said.get(&system).copied().unwrap_or_default();
            let both = all.entry(system).or_default();
            both.name = row.try_get("name")?;
            both.target = row.try_get("shown")?;
            let (text, part): (String, i64) = (row.try_get("body")?, row.try_get("part")?);
            let state = |said: Option<Presence>| -> serde_json::Result<State> {
                let presence = said.unwrap_or(Presence::Present);
                Ok(if part == 1 {
                    State::Part
                } else {
                    State::System(Box::new(body::together(&text, None)?), presence)
                })
            };
            if holds(a) {
                both.before = Some(state(before)?);
            }
            if holds(b) {
                both.after = Some(state(after)?);
            }
        }
    }
    Ok(systems.iter().filter_map(|system| Some((*system, all.remove(system)?))).collect())
}

/// How many systems were there in a run, each with its parts.
async fn there(transaction: &mut Transaction<'static, Any>, run: i64) -> Result<u64, StoreError> {
    let text = "\
        WITH away AS (
            SELECT p.system FROM presences p
            WHERE p.presence IN ('missing', 'unseen') AND p.run <= $1 AND NOT EXISTS (
                SELECT 1 FROM presences q WHERE q.system = p.system AND q.run > p.run AND q.run <= $1))
        SELECT (SELECT COUNT(*) FROM systems WHERE first_run <= $1) - (SELECT COUNT(*) FROM away) - (
            SELECT COUNT(DISTINCT j.system) FROM joined j
            WHERE j.whole <> 0 AND j.since <= $1 AND (j.until IS NULL OR j.until > $1)
                AND j.system NOT IN (SELECT system FROM away)) AS there";
    let row = sqlx::query(text).bind(run).fetch_one(&mut **transaction).await?;
    Ok(u64::try_from(row.try_get::<i64, _>("there")?).unwrap_or(0))
}

async fn less_seen(
    transaction: &mut Transaction<'static, Any>,
    a: i64,
    b: i64,
) -> Result<Vec<LessSeen>, StoreError> {
    let text = "\
        SELECT shown, old, new FROM (
            SELECT t.shown,
                (SELECT c.gaps FROM coverage c WHERE c.target = t.id AND c.run <= $1 ORDER BY c.run DESC LIMIT 1) AS old,
                (SELECT c.gaps FROM coverage c WHERE c.target = t.id AND c.run <= $2 ORDER BY c.run DESC LIMIT 1) AS new
            FROM targets t) AS both_runs
        WHERE old <> new ORDER BY shown";
    let mut less = Vec::new();
    for row in sqlx::query(text).bind(a).bind(b).fetch_all(&mut **transaction).await? {
        let mut gaps = Vec::new();
        for column in ["old", "new"] {
            let digest: String = row.try_get(column)?;
            let kept = sqlx::query("SELECT body FROM documents WHERE digest = $1")
                .bind(digest)
                .fetch_one(&mut **transaction)
                .await?;
            gaps.push(serde_json::from_str::<Kinds>(&kept.try_get::<String, _>("body")?)?.skipped);
        }
        let hidden = history::hidden_since(&gaps[0], &gaps[1]);
        if !hidden.is_empty() {
            less.push(LessSeen { target: row.try_get("shown")?, gaps: hidden });
        }
    }
    Ok(less)
}
