//! What people decided: that two systems are one, or not, and which system an entry of a known register is, or is not.
//!
//! Nothing is deleted. A decision holds until it is undone, or until a later one of its family about the same pair; when that later one
//! is undone, the earlier one holds again.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::audit::{self, Act};
use super::joined::{self, Because};
use super::{Store, StoreError, deciding, numbers, review};
use crate::cli::nearest::nearest;

/// The longest name of somebody, or of an entry of a register, in characters.
const NAME: usize = 500;
/// The longest reason, in characters.
pub(super) const REASON: usize = 4_000;

/// What was decided of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecisionKind {
    /// The system `object` is a part of the system `subject`.
    One,
    /// The two systems are not one.
    Apart,
    /// The entry `subject` of a known register is the system `object`.
    Declared,
    /// It is not.
    NotDeclared,
}

/// What decisions of one family are about: of those about one pair, the last one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Family {
    /// Two systems, in either order.
    Systems,
    /// An entry and a system.
    Register,
}

impl DecisionKind {
    const ALL: [Self; 4] = [Self::One, Self::Apart, Self::Declared, Self::NotDeclared];

    /// The name that is kept and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Apart => "apart",
            Self::Declared => "declared",
            Self::NotDeclared => "not-declared",
        }
    }

    fn family(self) -> Family {
        match self {
            Self::One | Self::Apart => Family::Systems,
            Self::Declared | Self::NotDeclared => Family::Register,
        }
    }
}

/// One decision of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Decision {
    /// Its number: a later decision has a higher one.
    #[schemars(range(min = 1))]
    pub(crate) id: i64,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// Who decided.
    pub(crate) by: String,
    /// What was decided.
    pub(crate) kind: DecisionKind,
    /// The stable id of a system, or the id of an entry of a known register.
    pub(crate) subject: String,
    /// The stable id of a system.
    pub(crate) object: String,
    /// Why, in the words of who decided; may be empty.
    pub(crate) reason: String,
    /// When it was undone, RFC 3339 in UTC, if it was.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) undone_at: Option<String>,
    /// Who undid it.
    pub(crate) undone_by: Option<String>,
}

impl Decision {
    /// The system that it is looked up by: the one that another is a part of, or the one that an entry of a register is.
    fn system(&self) -> &str {
        if self.kind.family() == Family::Systems { &self.subject } else { &self.object }
    }

    /// What it is about, so that two decisions can be told to be about the same.
    fn about(&self) -> (Family, String, String) {
        let family = self.kind.family();
        let (a, b) = (self.subject.clone(), self.object.clone());
        if family == Family::Systems && b < a { (family, b, a) } else { (family, a, b) }
    }
}

const SELECT: &str = "\
SELECT id, decided_at, decided_by, kind, subject, object, reason, undone_at, undone_by FROM decisions";

fn decision(row: &AnyRow) -> Result<Decision, StoreError> {
    let kind: String = row.try_get("kind")?;
    let kind = DecisionKind::ALL.into_iter().find(|one| one.name() == kind);
    Ok(Decision {
        id: row.try_get("id")?,
        at: row.try_get("decided_at")?,
        by: row.try_get("decided_by")?,
        kind: kind.ok_or(StoreError::Database(sqlx::Error::RowNotFound))?,
        subject: row.try_get("subject")?,
        object: row.try_get("object")?,
        reason: row.try_get("reason")?,
        undone_at: row.try_get("undone_at")?,
        undone_by: row.try_get("undone_by")?,
    })
}

impl Store {
    /// Writes what a person decided. Systems may be named by an id that they had earlier; what is kept is the one that they have now.
    /// `at` is now, RFC 3339 in UTC.
    ///
    /// # Errors
    /// There is no such system, it is decided of one system alone, nobody is said to decide, a text is too long, or the store cannot be
    /// written.
    pub(crate) async fn decide(
        &self,
        kind: DecisionKind,
        subject: &str,
        object: &str,
        by: &str,
        at: &str,
        reason: &str,
    ) -> Result<Decision, StoreError> {
        let by = somebody(by)?;
        let reason = text(reason, REASON, "the reason")?;
        let mut transaction = self.write().await?;
        let id = numbers(&mut transaction, "decision", 1).await?;
        let object = present(&mut transaction, object).await?;
        let subject = match kind.family() {
            Family::Systems => present(&mut transaction, subject).await?,
            Family::Register => match text(subject, NAME, "the id of the entry")? {
                subject if subject.is_empty() => {
                    return Err(StoreError::Decision("an entry of a register has an id".to_owned()));
                }
                subject => subject,
            },
        };
        if kind.family() == Family::Systems && subject == object {
            return Err(StoreError::Decision(format!("`{subject}` is one system already")));
        }
        let at = at.to_owned();
        let (undone_at, undone_by) = (None, None);
        let decided = Decision { id, at, by, kind, subject, object, reason, undone_at, undone_by };
        sqlx::query(
            "INSERT INTO decisions (id, decided_at, decided_by, kind, subject, object, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(decided.id)
        .bind(decided.at.clone())
        .bind(decided.by.clone())
        .bind(decided.kind.name().to_owned())
        .bind(decided.subject.clone())
        .bind(decided.object.clone())
        .bind(decided.reason.clone())
        .execute(&mut *transaction)
        .await?;
        audit::append(
            &mut transaction,
            Act {
                at: &decided.at,
                actor: &decided.by,
                action: kind.name(),
                system: Some(decided.system()),
                from: Json::Null,
                to: json!({"decision": id, "subject": decided.subject, "object": decided.object}),
                reason: &decided.reason,
            },
        )
        .await?;
        join_again(&mut transaction, kind, &decided.at).await?;
        transaction.commit().await?;
        Ok(decided)
    }

    /// Takes a decision back; it stays in the history. Gives it as it is now. `at` is now, RFC 3339 in UTC.
    ///
    /// # Errors
    /// There is no such decision, it was undone before, nobody is said to undo it, or the store cannot be written.
    pub(crate) async fn undo(&self, id: i64, by: &str, at: &str) -> Result<Decision, StoreError> {
        let by = somebody(by)?;
        let mut transaction = self.write().await?;
        // Two people cannot undo one decision.
        deciding(&mut transaction).await?;
        let select = sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = $1"));
        let row = sqlx::query(select).bind(id).fetch_optional(&mut *transaction).await?;
        let mut undone =
            decision(&row.ok_or_else(|| StoreError::Decision(format!("there is no decision {id}")))?)?;
        if let (Some(at), Some(by)) = (&undone.undone_at, &undone.undone_by) {
            let what = format!("decision {id} was undone by `{by}` already, at {at}");
            return Err(StoreError::Decision(what));
        }
        sqlx::query("UPDATE decisions SET undone_at = $1, undone_by = $2 WHERE id = $3")
            .bind(at.to_owned())
            .bind(by.clone())
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        audit::append(
            &mut transaction,
            Act {
                at,
                actor: &by,
                action: "undo",
                system: Some(undone.system()),
                from: json!({"decision": id, "kind": undone.kind, "subject": undone.subject, "object": undone.object}),
                to: Json::Null,
                reason: "",
            },
        )
        .await?;
        join_again(&mut transaction, undone.kind, at).await?;
        transaction.commit().await?;
        (undone.undone_at, undone.undone_by) = (Some(at.to_owned()), Some(by));
        Ok(undone)
    }

    /// The decisions of these kinds that hold, in order of their numbers; of all kinds where none is given. With `all`, those that were
    /// undone or replaced as well. Systems are called by the ids that they have now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn decisions(
        &self,
        kinds: &[DecisionKind],
        all: bool,
    ) -> Result<Vec<Decision>, StoreError> {
        decisions(&mut self.read().await?, kinds, all).await
    }

    /// The present id of the system that a person means: by an id that it has or had, or by its name, where one system alone has that.
    ///
    /// # Errors
    /// There is none, or several are called so.
    pub(crate) async fn system_named(&self, given: &str) -> Result<String, StoreError> {
        let mut transaction = self.read().await?;
        // An id that several had names none of them, and is no name either.
        if !now(&mut transaction, given).await?.is_empty() {
            return present(&mut transaction, given).await;
        }
        // What is a part of something goes by its name only where nothing else does.
        let text = "\
            SELECT name FROM (
                SELECT s.id, s.name, RANK() OVER (ORDER BY CASE WHEN EXISTS (
                    SELECT 1 FROM joined j WHERE j.system = s.id AND j.until IS NULL AND j.whole <> 0) THEN 1 ELSE 0 END) AS r
                FROM versions v JOIN systems s ON s.id = v.system WHERE v.until IS NULL AND v.title = $1) named
            WHERE r = 1 ORDER BY id LIMIT 3";
        let rows = sqlx::query(text).bind(given.replace('\0', "")).fetch_all(&mut *transaction).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?;
        match ids.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(unknown(&mut transaction, given).await?),
            several => Err(StoreError::Decision(format!(
                "several systems are called `{given}`: name one by its id, such as `{}`",
                several.join("` or `")
            ))),
        }
    }
}

pub(super) async fn decisions(
    transaction: &mut Transaction<'static, Any>,
    kinds: &[DecisionKind],
    all: bool,
) -> Result<Vec<Decision>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("{SELECT} ORDER BY id"));
    let rows = sqlx::query(select).fetch_all(&mut **transaction).await?;
    let mut decisions: Vec<Decision> = rows.iter().map(decision).collect::<Result<_, _>>()?;
    let mut now = HashMap::new();
    for one in &mut decisions {
        resolve(transaction, &mut now, &mut one.object).await?;
        if one.kind.family() == Family::Systems {
            resolve(transaction, &mut now, &mut one.subject).await?;
        }
    }
    if !all {
        let mut decided = HashSet::new();
        decisions.reverse();
        // The last one about a pair is the one that holds.
        decisions.retain(|one| one.undone_at.is_none() && decided.insert(one.about()));
        decisions.reverse();
    }
    decisions.retain(|one| kinds.is_empty() || kinds.contains(&one.kind));
    Ok(decisions)
}

/// Joins systems as they are decided to be from now on, as of the last run that there is, and opens what was decided of them when they
/// were something else.
async fn join_again(
    transaction: &mut Transaction<'static, Any>,
    kind: DecisionKind,
    at: &str,
) -> Result<(), StoreError> {
    if kind.family() != Family::Systems {
        return Ok(());
    }
    let row = sqlx::query("SELECT MAX(id) AS run FROM runs").fetch_one(&mut **transaction).await?;
    let run = row.try_get::<Option<i64>, _>("run")?.unwrap_or(0);
    joined::join_again(transaction, run, Because::Decision).await?;
    review::reopen(transaction, run, at).await
}

/// The id that a system has now, by an id that it has or had.
async fn present(transaction: &mut Transaction<'static, Any>, given: &str) -> Result<String, StoreError> {
    match now(transaction, given).await?.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(unknown(transaction, given).await?),
        several => Err(StoreError::Decision(format!(
            "`{given}` was the id of several systems: name one by the id that it has now, such as `{}`",
            several.join("` or `")
        ))),
    }
}

/// The present ids of the systems that have an id; where none has it, of those that had it: an id may go over to another system.
async fn now(transaction: &mut Transaction<'static, Any>, given: &str) -> Result<Vec<String>, StoreError> {
    const NOW: &str = "SELECT name FROM systems WHERE name = $1";
    const EARLIER: &str = "\
        SELECT DISTINCT s.name FROM aliases a JOIN systems s ON s.id = a.system WHERE a.alias = $1 ORDER BY s.name";
    let given = given.replace('\0', "\u{fffd}");
    for text in [NOW, EARLIER] {
        let rows = sqlx::query(text).bind(given.clone()).fetch_all(&mut **transaction).await?;
        if !rows.is_empty() {
            return Ok(rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?);
        }
    }
    Ok(Vec::new())
}

/// Puts the id that a system has now in the place of one that it had, if it is clear which system is meant.
async fn resolve(
    transaction: &mut Transaction<'static, Any>,
    known: &mut HashMap<String, String>,
    id: &mut String,
) -> Result<(), StoreError> {
    if !known.contains_key(id) {
        let found = now(transaction, id).await?;
        let one = if let [only] = found.as_slice() { only.clone() } else { id.clone() };
        known.insert(id.clone(), one);
    }
    id.clone_from(&known[id]);
    Ok(())
}

/// Why there is no such system, with the id or name that may be meant.
async fn unknown(transaction: &mut Transaction<'static, Any>, given: &str) -> Result<StoreError, StoreError> {
    let text = "\
        SELECT s.name, v.title FROM versions v JOIN systems s ON s.id = v.system
        WHERE v.until IS NULL ORDER BY s.id LIMIT 20000";
    let mut names: Vec<String> = Vec::new();
    for row in sqlx::query(text).fetch_all(&mut **transaction).await? {
        names.push(row.try_get("name")?);
        names.push(row.try_get("title")?);
    }
    let near = nearest(names.iter().map(String::as_str), given).map(str::to_owned);
    Ok(StoreError::NoSystem { given: given.chars().take(100).collect(), near })
}

/// Who decides.
pub(super) fn somebody(by: &str) -> Result<String, StoreError> {
    match text(by, NAME, "the name of who decides")? {
        by if by.is_empty() => {
            Err(StoreError::Decision("it is not said who decides; say it with `--by NAME`".to_owned()))
        }
        by => Ok(by),
    }
}

/// A text of a person in one line.
pub(super) fn text(given: &str, most: usize, what: &str) -> Result<String, StoreError> {
    if given.chars().take(most + 1).count() > most {
        return Err(StoreError::Decision(format!("{what} is longer than {most} characters")));
    }
    let plain: String = given.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok(plain.split_whitespace().collect::<Vec<_>>().join(" "))
}
