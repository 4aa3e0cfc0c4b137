//! What is decided of each system, kept beside what scans say of it: one writes what the other never touches.

use std::collections::HashMap;

use asmm_model::{Presence, System, SystemId};
use jiff::civil::Date;
use serde_json::{Value as Json, json};
use sqlx::{Any, Row as _, Transaction};

use super::audit::{self, Act as Audited};
use super::decide::{REASON, somebody, text};
use super::known::each_of;
use super::rows::Value;
use super::{Store, StoreError, body, deciding};
use crate::review::{self, Act, Fingerprint, Review, Subject};

/// Who opens decisions again.
const SCAN: &str = "muster";

/// What is decided of a system, and how often that was changed: who decides says which state was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reviewed {
    pub(crate) revision: i64,
    pub(crate) review: Review,
}

/// A system as it is now, together with its other sides.
pub(super) struct Present {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) presence: Presence,
    pub(super) system: System,
}

impl Store {
    /// What is decided of a system, by its present id.
    ///
    /// # Errors
    /// There is no such system, it is a part of another one, or the store cannot be read.
    pub(crate) async fn reviewed(&self, name: &str) -> Result<(System, Presence, Reviewed), StoreError> {
        let mut transaction = self.read().await?;
        let present = present(&mut transaction, name).await?;
        let reviewed = kept(&mut transaction, present.number).await?;
        Ok((present.system, present.presence, reviewed))
    }

    /// Does something about a system, by its present id, and writes down who did. With a `revision`, only where nobody did anything about
    /// it since that was seen. Gives what is decided of it now.
    ///
    /// # Errors
    /// There is no such system, it is a part of another one, the act is refused, or the store cannot be written.
    pub(crate) async fn act(
        &self,
        name: &str,
        act: Act,
        by: &str,
        reason: &str,
        (at, today): (&str, Date),
        revision: Option<i64>,
    ) -> Result<Reviewed, StoreError> {
        let by = somebody(by)?;
        let reason = text(reason, REASON, "the reason")?;
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let present = present(&mut transaction, name).await?;
        let before = kept(&mut transaction, present.number).await?;
        if revision.is_some_and(|seen| seen != before.revision) {
            return Err(StoreError::Stale);
        }
        let action = act.name();
        let subject = Subject {
            system: &present.system,
            presence: present.presence,
            by: &by,
            at,
            today,
            reason: &reason,
        };
        let after =
            review::act(&before.review, act, subject).map_err(|why| StoreError::Decision(why.to_string()))?;
        let after = Reviewed { revision: before.revision + 1, review: after };
        keep(&mut transaction, present.number, &after).await?;
        let act = Audited {
            at,
            actor: &by,
            action,
            system: Some(&present.name),
            from: told(&before.review),
            to: told(&after.review),
            reason: &reason,
        };
        audit::append(&mut transaction, act).await?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Opens decisions whose day is over. Gives how many.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn expire(&self, (at, today): (&str, Date)) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        deciding(&mut transaction).await?;
        let text = "\
            SELECT w.system, s.name FROM reviews w JOIN systems s ON s.id = w.system
            WHERE w.until IS NOT NULL AND w.until <= $1 AND w.standing IN ('rejected', 'deferred') ORDER BY w.system";
        let rows = sqlx::query(text).bind(today.to_string()).fetch_all(&mut *transaction).await?;
        let mut opened = 0;
        for row in rows {
            let (number, name): (i64, String) = (row.try_get("system")?, row.try_get("name")?);
            let before = kept(&mut transaction, number).await?;
            if let Some(after) = review::reopened(&before.review, None, today) {
                open(&mut transaction, (number, &name), &before, after, at).await?;
                opened += 1;
            }
        }
        transaction.commit().await?;
        Ok(opened)
    }

    /// What is decided of these systems, by their present ids; nothing of those of which nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn reviews_of(&self, names: &[&str]) -> Result<HashMap<String, Reviewed>, StoreError> {
        const AT_ONCE: usize = 200;
        let mut reviews = HashMap::new();
        let mut transaction = self.read().await?;
        for chunk in names.chunks(AT_ONCE) {
            let select = "\
                SELECT s.name, w.revision, w.body FROM reviews w JOIN systems s ON s.id = w.system WHERE s.name IN";
            for row in
                each_of(&mut transaction, select, chunk.iter().map(|name| Value::text(*name)), "").await?
            {
                let review = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
                reviews.insert(row.try_get("name")?, Reviewed { revision: row.try_get("revision")?, review });
            }
        }
        Ok(reviews)
    }

    /// Whether there is a decision whose day is over and that was not opened.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn is_anything_over(&self, today: Date) -> Result<bool, StoreError> {
        let text = "\
            SELECT w.system FROM reviews w
            WHERE w.until IS NOT NULL AND w.until <= $1 AND w.standing IN ('rejected', 'deferred') LIMIT 1";
        Ok(sqlx::query(text).bind(today.to_string()).fetch_optional(&self.pool).await?.is_some())
    }

    /// What is decided of these systems, by their present ids; nothing of those of which nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn reviews(&self) -> Result<HashMap<String, Reviewed>, StoreError> {
        let text = "\
            SELECT s.name, w.revision, w.body FROM reviews w JOIN systems s ON s.id = w.system ORDER BY w.system";
        let mut reviews = HashMap::new();
        for row in sqlx::query(text).fetch_all(&self.pool).await? {
            let review = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
            reviews.insert(row.try_get("name")?, Reviewed { revision: row.try_get("revision")?, review });
        }
        Ok(reviews)
    }
}

/// Opens what was decided, and is otherwise after a run than it was when that was done. The lock of decisions is taken.
pub(super) async fn reopen(
    transaction: &mut Transaction<'static, Any>,
    run: i64,
    at: &str,
) -> Result<(), StoreError> {
    let text = "\
        SELECT w.system, s.name FROM reviews w JOIN systems s ON s.id = w.system
        WHERE w.standing NOT IN ('needs-review', 'in-review') AND (s.presence_run = $1
            OR EXISTS (SELECT 1 FROM versions v WHERE v.system = w.system AND v.since = $1)
            OR EXISTS (SELECT 1 FROM joined j WHERE j.system = w.system AND (j.since = $1 OR j.until = $1)))
        ORDER BY w.system";
    let today = day(at);
    for row in sqlx::query(text).bind(run).fetch_all(&mut **transaction).await? {
        let (number, name): (i64, String) = (row.try_get("system")?, row.try_get("name")?);
        let Some(present) = found(transaction, number).await? else { continue };
        // What is missing is no other system than it was.
        if !present.presence.is_there() {
            continue;
        }
        let before = kept(transaction, number).await?;
        if let Some(after) =
            review::reopened(&before.review, Some((&present.system, present.presence)), today)
        {
            open(transaction, (number, &name), &before, after, at).await?;
        }
    }
    // What was not opened holds of the new version too.
    let text = "\
        UPDATE versions SET decided = 1 WHERE since = $1 AND until IS NULL AND EXISTS (
            SELECT 1 FROM reviews w
            WHERE w.system = versions.system AND w.standing NOT IN ('needs-review', 'in-review'))";
    sqlx::query(text).bind(run).execute(&mut **transaction).await?;
    Ok(())
}

/// The day of a time; the first one that there is where it is none.
fn day(at: &str) -> Date {
    at.get(..10).and_then(|day| day.parse().ok()).unwrap_or(Date::MIN)
}

async fn open(
    transaction: &mut Transaction<'static, Any>,
    (number, name): (i64, &str),
    before: &Reviewed,
    after: Review,
    at: &str,
) -> Result<(), StoreError> {
    let reason = after.reopened.join("; ");
    let after = Reviewed { revision: before.revision + 1, review: after };
    keep(transaction, number, &after).await?;
    let act = Audited {
        at,
        actor: SCAN,
        action: "reopen",
        system: Some(name),
        from: told(&before.review),
        to: told(&after.review),
        reason: &reason,
    };
    audit::append(transaction, act).await
}

/// What the record says of a review: what was decided, and what it rests on.
fn told(review: &Review) -> Json {
    let fingerprint = review.fingerprint.as_ref().map(Fingerprint::digest);
    json!({
        "standing": review.standing,
        "assignee": review.assignee,
        "owner": review.owner,
        "verdict": review.verdict,
        "in_scope": review.in_scope,
        "corrections": review.corrections,
        "rejection": review.rejection,
        "proposed": review.proposed,
        "until": review.until,
        "fingerprint": fingerprint,
    })
}

pub(super) async fn kept(
    transaction: &mut Transaction<'static, Any>,
    number: i64,
) -> Result<Reviewed, StoreError> {
    let row = sqlx::query("SELECT revision, body FROM reviews WHERE system = $1")
        .bind(number)
        .fetch_optional(&mut **transaction)
        .await?;
    match row {
        None => Ok(Reviewed::default()),
        Some(row) => Ok(Reviewed {
            revision: row.try_get("revision")?,
            review: serde_json::from_str(&row.try_get::<String, _>("body")?)?,
        }),
    }
}

async fn keep(
    transaction: &mut Transaction<'static, Any>,
    number: i64,
    reviewed: &Reviewed,
) -> Result<(), StoreError> {
    let text = "\
        INSERT INTO reviews (system, revision, standing, until, body) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (system) DO UPDATE SET revision = excluded.revision, standing = excluded.standing,
            until = excluded.until, body = excluded.body";
    sqlx::query(text)
        .bind(number)
        .bind(reviewed.revision)
        .bind(reviewed.review.standing.name())
        .bind(reviewed.review.until.clone())
        .bind(serde_json::to_string(&reviewed.review)?.replace("\\u0000", "\\ufffd"))
        .execute(&mut **transaction)
        .await?;
    sqlx::query("UPDATE versions SET decided = $2 WHERE system = $1 AND until IS NULL AND decided <> $2")
        .bind(number)
        .bind(i64::from(reviewed.review.standing.is_decided()))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// A system by its present id, where it is one of its own.
pub(super) async fn present(
    transaction: &mut Transaction<'static, Any>,
    name: &str,
) -> Result<Present, StoreError> {
    let row = sqlx::query("SELECT id FROM systems WHERE name = $1")
        .bind(name.to_owned())
        .fetch_optional(&mut **transaction)
        .await?;
    let number = match row {
        Some(row) => row.try_get("id")?,
        None => return Err(StoreError::NoSystem { given: name.to_owned(), near: None }),
    };
    if let Some(present) = found(transaction, number).await? {
        return Ok(present);
    }
    let text = "\
        SELECT s.name FROM joined j JOIN systems s ON s.id = j.whole
        WHERE j.system = $1 AND j.until IS NULL ORDER BY s.name LIMIT 1";
    let whole: String =
        sqlx::query(text).bind(number).fetch_one(&mut **transaction).await?.try_get("name")?;
    Err(StoreError::Decision(format!("`{name}` is a part of `{whole}`, which is what is decided of")))
}

/// A system as it is now; nothing where it is a part of another one.
async fn found(
    transaction: &mut Transaction<'static, Any>,
    number: i64,
) -> Result<Option<Present>, StoreError> {
    let text = "\
        SELECT s.name, s.presence, s.presence_run, t.recorded, t.shown, v.body, j.body AS joined, j.whole
        FROM systems s JOIN targets t ON t.id = s.target JOIN versions v ON v.system = s.id AND v.until IS NULL
        LEFT JOIN joined j ON j.system = s.id AND j.until IS NULL WHERE s.id = $1 ORDER BY j.whole LIMIT 1";
    let row = sqlx::query(text).bind(number).fetch_one(&mut **transaction).await?;
    if row.try_get::<Option<i64>, _>("whole")?.is_some_and(|whole| whole != 0) {
        return Ok(None);
    }
    let text: String = match row.try_get::<Option<String>, _>("joined")? {
        Some(joined) => joined,
        None => row.try_get("body")?,
    };
    let name: String = row.try_get("name")?;
    let said = Presence::named(&row.try_get::<String, _>("presence")?).unwrap_or(Presence::Present);
    let now = row.try_get::<i64, _>("presence_run")? == row.try_get::<i64, _>("recorded")?;
    let mut system = body::together(&text, None)?;
    system.id = SystemId::known(&name);
    system.target = Some(row.try_get("shown")?);
    let presence = if said.is_there() && !now { Presence::Present } else { said };
    Ok(Some(Present { number, name, presence, system }))
}
