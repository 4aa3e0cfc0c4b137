//! What lets somebody into the site: links that are used once, sessions, and tokens of programs; each by the hash of its secret alone.

use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::audit::{self, Act};
use super::decide::{somebody, text};
use super::{Store, StoreError};
use crate::access::Roles;

/// The longest label of a token, in characters.
const LABEL: usize = 200;
/// How many sign-ins may be under way: more of them are an attack, and the store does not grow with it.
const FLOWS: i64 = 10_000;
/// For so many seconds it is not written down that a pass is used again.
const MINUTE: i64 = 60;

/// What kind of pass something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassKind {
    /// Opened once in a browser, it makes a session.
    Link,
    /// A browser that somebody signed in with.
    Session,
    /// A program.
    Token,
}

impl PassKind {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

/// What lets somebody in. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    /// SHA-256 of the secret, in hexadecimal.
    pub(crate) hash: String,
    /// Whom it lets in, as the audit log calls them.
    pub(crate) person: String,
    pub(crate) roles: Roles,
    /// What a token is for; empty otherwise.
    pub(crate) label: String,
    /// What every form of a session has to hold; empty otherwise.
    pub(crate) form: String,
    pub(crate) made: i64,
    pub(crate) used: i64,
    /// From then on it lets nobody in.
    pub(crate) until: i64,
}

/// A sign-in through a provider that was begun. It lets nobody in, and is no pass for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    /// The hash of the state that the provider gives back.
    pub(crate) state: String,
    /// The hash of what the browser keeps that began it.
    pub(crate) browser: String,
    /// The path that it leads to.
    pub(crate) then: String,
    /// In seconds since 1970: from then on it cannot be finished.
    pub(crate) until: i64,
}

impl Store {
    /// Keeps a sign-in that was begun. Says whether it did: it does not where too many are under way.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn begin_flow(&self, flow: &Flow, now: i64) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM passes WHERE kind = 'flow' AND until <= $1")
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let text = "SELECT COUNT(*) AS flows FROM passes WHERE kind = 'flow'";
        let flows: i64 = sqlx::query(text).fetch_one(&mut *transaction).await?.try_get("flows")?;
        if flows >= FLOWS {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO passes (hash, kind, person, roles, label, form, made, used, until)
             VALUES ($1, 'flow', 'nobody yet', '', $2, $3, $4, $4, $5)",
        )
        .bind(flow.state.clone())
        .bind(flow.then.clone())
        .bind(flow.browser.clone())
        .bind(now)
        .bind(flow.until)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Uses a sign-in up that was begun. Nothing where there is none, or where its time is over; of two who finish it at once, one does.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn take_flow(&self, state: &str, now: i64) -> Result<Option<Flow>, StoreError> {
        let mut transaction = self.write().await?;
        let text = "DELETE FROM passes WHERE hash = $1 AND kind = 'flow' RETURNING hash, label, form, until";
        let row = sqlx::query(text).bind(state.to_owned()).fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        let flow = |row: &AnyRow| -> sqlx::Result<Flow> {
            Ok(Flow {
                state: row.try_get("hash")?,
                browser: row.try_get("form")?,
                then: row.try_get("label")?,
                until: row.try_get("until")?,
            })
        };
        Ok(row.as_ref().map(flow).transpose()?.filter(|flow| now < flow.until))
    }

    /// Keeps a pass. Who made a token or a link is written into the audit log as `by` at a time; a session is nobody's doing.
    ///
    /// # Errors
    /// A name is missing or too long, or the store cannot be written.
    pub(crate) async fn let_in(
        &self,
        kind: PassKind,
        pass: &Pass,
        (by, at): (&str, &str),
    ) -> Result<(), StoreError> {
        let person = somebody(&pass.person)?;
        let label = text(&pass.label, LABEL, "what a token is for")?;
        let mut transaction = self.write().await?;
        if kind != PassKind::Session {
            let act = Act {
                at,
                actor: by,
                action: if kind == PassKind::Token { "make-token" } else { "invite" },
                system: None,
                from: json!(null),
                to: json!({"person": person, "roles": pass.roles, "label": label, "until": pass.until}),
                reason: "",
            };
            audit::append(&mut transaction, act).await?;
        }
        sqlx::query(
            "INSERT INTO passes (hash, kind, person, roles, label, form, made, used, until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(pass.hash.clone())
        .bind(kind.name())
        .bind(person)
        .bind(pass.roles.to_string())
        .bind(label)
        .bind(pass.form.clone())
        .bind(pass.made)
        .bind(pass.used)
        .bind(pass.until)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Uses a link up. Nothing where there is none, or where its time is over; of two who use it at once, one is let in.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn take_link(&self, hash: &str, now: i64) -> Result<Option<Pass>, StoreError> {
        let mut transaction = self.write().await?;
        let text = "\
            DELETE FROM passes WHERE hash = $1 AND kind = 'link'
            RETURNING hash, person, roles, label, form, made, used, until";
        let row = sqlx::query(text).bind(hash.to_owned()).fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(row.as_ref().map(pass).transpose()?.filter(|pass| now < pass.until))
    }

    /// The session or the token of a hash, where it lets somebody in now: its time is not over, and it was not left unused for `idle`
    /// seconds.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn pass(
        &self,
        kind: PassKind,
        hash: &str,
        now: i64,
        idle: i64,
    ) -> Result<Option<Pass>, StoreError> {
        let text = "\
            SELECT hash, person, roles, label, form, made, used, until FROM passes WHERE hash = $1 AND kind = $2";
        let row =
            sqlx::query(text).bind(hash.to_owned()).bind(kind.name()).fetch_optional(&self.pool).await?;
        let valid = |pass: &Pass| now < pass.until && now.saturating_sub(pass.used) < idle;
        let Some(found) = row.as_ref().map(pass).transpose()?.filter(valid) else { return Ok(None) };
        if now.saturating_sub(found.used) >= MINUTE {
            sqlx::query("UPDATE passes SET used = $1 WHERE hash = $2 AND used < $1")
                .bind(now)
                .bind(found.hash.clone())
                .execute(&self.pool)
                .await?;
        }
        Ok(Some(found))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM passes WHERE hash = $1 AND kind = 'session'")
            .bind(hash.to_owned())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The tokens that there are, those that end first, first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn tokens(&self) -> Result<Vec<Pass>, StoreError> {
        let text = "\
            SELECT hash, person, roles, label, form, made, used, until FROM passes WHERE kind = 'token'
            ORDER BY until, hash";
        sqlx::query(text).fetch_all(&self.pool).await?.iter().map(|row| Ok(pass(row)?)).collect()
    }

    /// Takes a token back, by its hash or the beginning of it, and writes down who did it.
    /// Gives it.
    ///
    /// # Errors
    /// There is none, several begin so, or the store cannot be written.
    pub(crate) async fn revoke(&self, hash: &str, (by, at): (&str, &str)) -> Result<Pass, StoreError> {
        let by = somebody(by)?;
        let mut transaction = self.write().await?;
        let found = token(&mut transaction, hash).await?;
        let act = Act {
            at,
            actor: &by,
            action: "revoke-token",
            system: None,
            from: json!({"person": found.person, "roles": found.roles, "label": found.label, "until": found.until}),
            to: json!(null),
            reason: "",
        };
        audit::append(&mut transaction, act).await?;
        sqlx::query("DELETE FROM passes WHERE hash = $1")
            .bind(found.hash.clone())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// Forgets what lets nobody in any more.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn forget_passes(&self, now: i64, idle: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM passes WHERE until <= $1 OR (kind = 'session' AND used <= $2)")
            .bind(now)
            .bind(now.saturating_sub(idle))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn token(transaction: &mut Transaction<'static, Any>, hash: &str) -> Result<Pass, StoreError> {
    let none =
        || StoreError::Decision(format!("there is no token `{hash}`; `muster access tokens` lists them"));
    // The beginning of a hash is part of no pattern: it is hexadecimal.
    if hash.len() < 8 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(none());
    }
    let text = "\
        SELECT hash, person, roles, label, form, made, used, until FROM passes
        WHERE kind = 'token' AND hash LIKE $1 ORDER BY hash LIMIT 2";
    let rows = sqlx::query(text).bind(format!("{hash}%")).fetch_all(&mut **transaction).await?;
    match rows.as_slice() {
        [only] => Ok(pass(only)?),
        [] => Err(none()),
        _ => Err(StoreError::Decision(format!("several tokens begin with `{hash}`"))),
    }
}

fn pass(row: &AnyRow) -> sqlx::Result<Pass> {
    Ok(Pass {
        hash: row.try_get("hash")?,
        person: row.try_get("person")?,
        roles: Roles::read(&row.try_get::<String, _>("roles")?),
        label: row.try_get("label")?,
        form: row.try_get("form")?,
        made: row.try_get("made")?,
        used: row.try_get("used")?,
        until: row.try_get("until")?,
    })
}
