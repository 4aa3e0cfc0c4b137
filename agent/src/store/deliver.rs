//! What happened, for those who want to be told of it, and what they were told already.

use std::collections::HashMap;

use sqlx::Row as _;

use super::record::Event;
use super::rows::{Value, insert};
use super::{Store, StoreError};

/// How far the telling of one notice to one channel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is being sent, or was when a process ended: whether it arrived is not known.
    Pending,
    /// It arrived.
    Sent,
    /// The other side will not have it, however often it is sent.
    Refused,
}

impl Standing {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Refused].into_iter().find(|standing| standing.name() == name)
    }
}

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Happened {
    /// Its number: what happens later has a higher one.
    pub(crate) number: i64,
    /// The id of the run that found it.
    pub(crate) run: String,
    /// When that run began, RFC 3339 in UTC.
    pub(crate) at: String,
    /// Whether the run used the rules of the one before it: where not, a change may be one of the rules.
    pub(crate) same_rules: bool,
    pub(crate) event: Event,
}

/// What is known of the notices of one channel: by the notice, its standing and the delivery that it was part of.
pub(crate) type Ledger = HashMap<String, (Standing, String)>;

impl Store {
    /// The number of the last event that a channel has dealt with. A channel that is new is told of nothing that happened before.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn heard(&self, channel: &str) -> Result<i64, StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO channels (name, heard) SELECT $1, COALESCE(MAX(id), 0) FROM events WHERE TRUE
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(channel.to_owned())
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query("SELECT heard FROM channels WHERE name = $1")
            .bind(channel.to_owned())
            .fetch_one(&mut *transaction)
            .await?;
        let heard = row.try_get("heard")?;
        transaction.commit().await?;
        Ok(heard)
    }

    /// A channel has dealt with all events up to this one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn has_heard(&self, channel: &str, number: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE channels SET heard = $1 WHERE name = $2 AND heard < $1")
            .bind(number)
            .bind(channel.to_owned())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What happened after an event, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn happened_after(&self, number: i64, most: i64) -> Result<Vec<Happened>, StoreError> {
        let text = "\
            SELECT e.id, e.body, r.name, r.started_at,
                CAST(CASE WHEN r.rules = COALESCE(
                    (SELECT b.rules FROM runs b WHERE b.id < r.id ORDER BY b.id DESC LIMIT 1), r.rules)
                THEN 1 ELSE 0 END AS BIGINT) AS same_rules
            FROM events e JOIN runs r ON r.id = e.run WHERE e.id > $1 ORDER BY e.id LIMIT $2";
        let rows = sqlx::query(text).bind(number).bind(most).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Happened {
                    number: row.try_get("id")?,
                    run: row.try_get("name")?,
                    at: row.try_get("started_at")?,
                    same_rules: row.try_get::<i64, _>("same_rules")? == 1,
                    event: serde_json::from_str(&row.try_get::<String, _>("body")?)?,
                })
            })
            .collect()
    }

    /// What is known of the notices of a channel.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn ledger(&self, channel: &str) -> Result<Ledger, StoreError> {
        let text = "SELECT notice, state, delivery FROM deliveries WHERE channel = $1";
        let rows = sqlx::query(text).bind(channel.to_owned()).fetch_all(&self.pool).await?;
        let mut ledger = Ledger::new();
        for row in rows {
            let state: String = row.try_get("state")?;
            let standing = Standing::named(&state).unwrap_or(Standing::Pending);
            ledger.insert(row.try_get("notice")?, (standing, row.try_get("delivery")?));
        }
        Ok(ledger)
    }

    /// Writes how notices of a delivery stand. `at` is now, RFC 3339 in UTC.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn stands(
        &self,
        channel: &str,
        delivery: &str,
        notices: &[String],
        standing: Standing,
        at: &str,
    ) -> Result<(), StoreError> {
        let row = |notice: &String| {
            let values = [notice.as_str(), channel, delivery, standing.name(), at];
            values.into_iter().map(Value::text).collect()
        };
        let then = "\
            ON CONFLICT (notice, channel) DO UPDATE
            SET delivery = excluded.delivery, state = excluded.state, at = excluded.at";
        let mut transaction = self.write().await?;
        let into = "deliveries (notice, channel, delivery, state, at)";
        insert(&mut transaction, into, notices.iter().map(row).collect(), then).await?;
        transaction.commit().await?;
        Ok(())
    }
}
