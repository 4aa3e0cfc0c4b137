//! Assessments: each with its structure, the seeds that scans gave it, and every score that people gave.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::assessment::{AreaScore, Fault, Seed, Structure, Weight, compare};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::audit::{self, Act as Audited};
use super::decide::{REASON, somebody, text};
use super::rows::{Value, insert};
use super::{Store, StoreError, deciding, numbers};
use crate::assess::{Act, Assessment, Done, Given, Head, Held, Seeded, Subject, act};

/// The longest name of an assessment, in characters.
const NAME: usize = 100;
/// Assessments that a list holds, the last ones.
const LISTED: i64 = 500;

/// An assessment in a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ListedAssessment {
    #[serde(flatten)]
    pub(crate) head: Head,
    /// Areas that somebody scored.
    pub(crate) scored: u64,
    /// Areas of the structure.
    pub(crate) areas: u64,
}

/// What was said of an area at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Said {
    /// Its number: the first one is 1.
    pub(crate) revision: i64,
    #[serde(flatten)]
    pub(crate) given: Given,
}

impl Store {
    /// Begins an assessment by a structure, with a first seed.
    ///
    /// # Errors
    /// The name is none or is taken, or the store cannot be written.
    pub(crate) async fn begin_assessment(
        &self,
        name: &str,
        (structure, seed): (&str, &Seed),
        by: &str,
        at: &str,
    ) -> Result<Assessment, StoreError> {
        let by = somebody(by)?;
        is_name(name)?;
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let taken = sqlx::query("SELECT id FROM assessments WHERE name = $1")
            .bind(name.to_owned())
            .fetch_optional(&mut *transaction)
            .await?;
        if taken.is_some() {
            return Err(StoreError::Decision(format!(
                "there is an assessment `{name}` already; `muster assess seed {name}` gives it new evidence"
            )));
        }
        let number = numbers(&mut transaction, "assessment", 1).await?;
        let head = Head {
            name: name.to_owned(),
            begun_at: at.to_owned(),
            begun_by: by.clone(),
            signed: None,
            weights: BTreeMap::new(),
        };
        let row = vec![
            Value::Int(number),
            Value::text(name),
            Value::text(structure),
            Value::text(serde_json::to_string(&head)?),
        ];
        insert(&mut transaction, "assessments (id, name, structure, body)", vec![row], "").await?;
        keep_seed(&mut transaction, (number, 1), seed, (&by, at)).await?;
        let told = json!({"assessment": name, "structure": seed.structure, "seed": 1});
        tell(&mut transaction, (&by, at), "begin-assessment", (Json::Null, told), "").await?;
        let begun = read(&mut transaction, name).await?.1;
        transaction.commit().await?;
        Ok(begun)
    }

    /// Gives an assessment what scans say now. What people said of it stays.
    ///
    /// # Errors
    /// There is no such assessment, it is signed, or the store cannot be written.
    pub(crate) async fn seed_assessment(
        &self,
        name: &str,
        seed: &Seed,
        by: &str,
        at: &str,
    ) -> Result<Assessment, StoreError> {
        let by = somebody(by)?;
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let (number, before) = read(&mut transaction, name).await?;
        if let Some(signed) = &before.head.signed {
            return Err(StoreError::Decision(format!(
                "`{name}` was signed by {}: its evidence stays as it was signed; begin another one, or reopen it",
                signed.by
            )));
        }
        let n = before.seeded.number + 1;
        keep_seed(&mut transaction, (number, n), seed, (&by, at)).await?;
        let [from, to] = [before.seeded.number, n].map(|seed| json!({"assessment": name, "seed": seed}));
        tell(&mut transaction, (&by, at), "seed-assessment", (from, to), "").await?;
        let after = read(&mut transaction, name).await?.1;
        transaction.commit().await?;
        Ok(after)
    }

    /// Does something with an assessment, and writes down who did. With `seen`, only where nobody said anything of the area since
    /// it was said so often.
    ///
    /// # Errors
    /// There is no such assessment, the act is refused, or the store cannot be written.
    pub(crate) async fn assess(
        &self,
        name: &str,
        what: Act,
        by: &str,
        reason: &str,
        at: &str,
        seen: Option<i64>,
    ) -> Result<Assessment, StoreError> {
        let by = somebody(by)?;
        let reason = text(reason, REASON, "the reason")?;
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let (number, before) = read(&mut transaction, name).await?;
        let held = what.area().and_then(|area| before.areas.get(area));
        let times = held.map_or(0, |held| held.revision);
        if seen.is_some_and(|seen| seen != times) {
            return Err(StoreError::Stale);
        }
        let action = what.name();
        let from = held.map_or(Json::Null, |held| json!(held.given));
        let done = act(&before, what, Subject { by: &by, at, reason: &reason })
            .map_err(|why| StoreError::Decision(why.to_string()))?;
        let mut head = before.head.clone();
        let (from, to) = match done {
            Done::Area(area, given) => {
                let row = vec![
                    Value::Int(number),
                    Value::text(&area),
                    Value::Int(times + 1),
                    Value::text(serde_json::to_string(&given)?),
                ];
                insert(&mut transaction, "scores (assessment, area, n, body)", vec![row], "").await?;
                let about = |said: Json| json!({"assessment": name, "area": area, "said": said});
                (about(from), about(json!(given)))
            }
            Done::Weight(of, weight) => {
                let weight = weight.to_string();
                let old = head.weights.insert(of.clone(), weight.clone());
                let about = |weight: Option<String>| json!({"assessment": name, "of": of, "weight": weight});
                (about(old), about(Some(weight)))
            }
            Done::Signed(signed) => {
                let overall = before.rating().overall;
                let to = json!({"assessment": name, "signed": signed, "overall": overall});
                head.signed = Some(signed);
                (json!({"assessment": name}), to)
            }
            Done::Open => {
                let from = json!({"assessment": name, "signed": head.signed.take()});
                (from, json!({"assessment": name}))
            }
        };
        if head != before.head {
            sqlx::query("UPDATE assessments SET body = $1 WHERE id = $2")
                .bind(serde_json::to_string(&head)?)
                .bind(number)
                .execute(&mut *transaction)
                .await?;
        }
        tell(&mut transaction, (&by, at), action, (from, to), &reason).await?;
        let after = read(&mut transaction, name).await?.1;
        transaction.commit().await?;
        Ok(after)
    }

    /// An assessment, whole.
    ///
    /// # Errors
    /// There is none of this name, or the store cannot be read.
    pub(crate) async fn assessment(&self, name: &str) -> Result<Assessment, StoreError> {
        Ok(read(&mut self.read().await?, name).await?.1)
    }

    /// The structure of an assessment, as the text that it was begun with.
    ///
    /// # Errors
    /// There is no such assessment, or the store cannot be read.
    pub(crate) async fn structure_of(&self, name: &str) -> Result<String, StoreError> {
        Ok(number(&mut self.read().await?, name).await?.try_get("structure")?)
    }

    /// Everything that was said of each area of an assessment, the last first.
    ///
    /// # Errors
    /// There is no such assessment, or the store cannot be read.
    pub(crate) async fn history(&self, name: &str) -> Result<BTreeMap<String, Vec<Said>>, StoreError> {
        let mut transaction = self.read().await?;
        let number = number(&mut transaction, name).await?.try_get::<i64, _>("id")?;
        let rows =
            sqlx::query("SELECT area, n, body FROM scores WHERE assessment = $1 ORDER BY area, n DESC")
                .bind(number)
                .fetch_all(&mut *transaction)
                .await?;
        let mut history: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for row in &rows {
            let said = Said { revision: row.try_get("n")?, given: given(row)? };
            history.entry(row.try_get("area")?).or_default().push(said);
        }
        Ok(history)
    }

    /// The assessments, the last one first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn assessments(&self) -> Result<Vec<ListedAssessment>, StoreError> {
        let mut transaction = self.read().await?;
        let rows = sqlx::query("SELECT name FROM assessments ORDER BY id DESC LIMIT $1")
            .bind(LISTED)
            .fetch_all(&mut *transaction)
            .await?;
        let mut listed = Vec::new();
        for row in rows {
            let (_, whole) = read(&mut transaction, &row.try_get::<String, _>("name")?).await?;
            let scored = whole.areas.values().filter(|held| matches!(held.given.score, AreaScore::Scored(_)));
            let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            listed.push(ListedAssessment {
                scored: count(scored.count()),
                areas: count(whole.structure.areas().count()),
                head: whole.head,
            });
        }
        Ok(listed)
    }

    /// Everything that was said of an area of an assessment, the last first.
    ///
    /// # Errors
    /// There is no such assessment, or the store cannot be read.
    pub(crate) async fn said(&self, name: &str, area: &str) -> Result<Vec<Said>, StoreError> {
        let mut transaction = self.read().await?;
        let number = number(&mut transaction, name).await?.try_get::<i64, _>("id")?;
        let rows =
            sqlx::query("SELECT n, body FROM scores WHERE assessment = $1 AND area = $2 ORDER BY n DESC")
                .bind(number)
                .bind(area.replace('\0', "\u{fffd}"))
                .fetch_all(&mut *transaction)
                .await?;
        rows.iter().map(|row| Ok(Said { revision: row.try_get("n")?, given: given(row)? })).collect()
    }
}

/// A name that can stand in an address and in a command as it is.
fn is_name(name: &str) -> Result<(), StoreError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is = (1..=NAME).contains(&name.len())
        && name.chars().all(fits)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if is {
        return Ok(());
    }
    Err(StoreError::Decision(format!(
        "an assessment is called by up to {NAME} letters, digits, `-`, `_` and `.`, such as `2026-q4`"
    )))
}

async fn number(transaction: &mut Transaction<'static, Any>, name: &str) -> Result<AnyRow, StoreError> {
    let row = sqlx::query("SELECT id, structure, body FROM assessments WHERE name = $1")
        .bind(name.replace('\0', "\u{fffd}"))
        .fetch_optional(&mut **transaction)
        .await?;
    row.ok_or_else(|| StoreError::NoAssessment(name.chars().take(NAME).collect()))
}

async fn read(
    transaction: &mut Transaction<'static, Any>,
    name: &str,
) -> Result<(i64, Assessment), StoreError> {
    let row = number(transaction, name).await?;
    let number: i64 = row.try_get("id")?;
    let head: Head = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
    let structure = structure(&row.try_get::<String, _>("structure")?, &head)?;
    let last =
        "SELECT n, seeded_at, seeded_by, body FROM seeds WHERE assessment = $1 ORDER BY n DESC LIMIT 1";
    let row = sqlx::query(last).bind(number).fetch_one(&mut **transaction).await?;
    let seeded = Seeded {
        number: row.try_get("n")?,
        at: row.try_get("seeded_at")?,
        by: row.try_get("seeded_by")?,
        seed: serde_json::from_str(&row.try_get::<String, _>("body")?)?,
    };
    let mut areas = BTreeMap::new();
    let text = "SELECT area, n, body FROM scores WHERE assessment = $1 ORDER BY area, n";
    for row in sqlx::query(text).bind(number).fetch_all(&mut **transaction).await? {
        // The last one of each area stays.
        areas.insert(row.try_get("area")?, Held { revision: row.try_get("n")?, given: given(&row)? });
    }
    let changed = changed(transaction, number, &areas, &seeded).await?;
    Ok((number, Assessment { head, structure, seeded, areas, changed }))
}

/// What is otherwise in the evidence of each area since somebody scored it.
async fn changed(
    transaction: &mut Transaction<'static, Any>,
    number: i64,
    areas: &BTreeMap<String, Held>,
    now: &Seeded,
) -> Result<BTreeMap<String, Vec<asmm_model::assessment::Change>>, StoreError> {
    let holds = |held: &&Held| held.given.score != AreaScore::NotAssessed && held.given.seed != now.number;
    let seeds: BTreeSet<i64> = areas.values().filter(holds).map(|held| held.given.seed).collect();
    let mut changed = BTreeMap::new();
    for n in seeds {
        let row = sqlx::query("SELECT body FROM seeds WHERE assessment = $1 AND n = $2")
            .bind(number)
            .bind(n)
            .fetch_one(&mut **transaction)
            .await?;
        let then: Seed = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
        for area in compare(&then, &now.seed).areas {
            if areas.get(&area.area).filter(holds).is_some_and(|held| held.given.seed == n) {
                changed.insert(area.area, area.changes);
            }
        }
    }
    Ok(changed)
}

fn given(row: &AnyRow) -> Result<Given, StoreError> {
    Ok(serde_json::from_str(&row.try_get::<String, _>("body")?)?)
}

/// The structure of an assessment, with the weights that people gave.
fn structure(text: &str, head: &Head) -> Result<Structure, StoreError> {
    let broken = |faults: Vec<Fault>| {
        let what = faults.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Decision(format!("the structure of `{}` is none any more: {what}", head.name))
    };
    let structure = Structure::read(text).map_err(broken)?;
    let weight = |(of, weight): (&String, &String)| Some((of.clone(), Weight::decimal(weight)?));
    structure.with_weights(&head.weights.iter().filter_map(weight).collect()).map_err(broken)
}

async fn keep_seed(
    transaction: &mut Transaction<'static, Any>,
    (assessment, n): (i64, i64),
    seed: &Seed,
    (by, at): (&str, &str),
) -> Result<(), StoreError> {
    let row = vec![
        Value::Int(assessment),
        Value::Int(n),
        Value::text(at),
        Value::text(by),
        Value::text(serde_json::to_string(seed)?),
    ];
    insert(transaction, "seeds (assessment, n, seeded_at, seeded_by, body)", vec![row], "").await?;
    Ok(())
}

async fn tell(
    transaction: &mut Transaction<'static, Any>,
    (actor, at): (&str, &str),
    action: &'static str,
    (from, to): (Json, Json),
    reason: &str,
) -> Result<(), StoreError> {
    audit::append(transaction, Audited { at, actor, action, system: None, from, to, reason }).await
}
