//! What was rejected or put off, that which holds for the shortest time first.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::list::{Listed, STANDING, listed};
use super::{Reviewed, Store, StoreError};

/// Stands for the day of what holds for good: it is later than any other.
pub(crate) const FOR_GOOD: &str = "9999";

/// The day on which it ends. An index of the store is in this order, so that no more is read than a page has.
const DAY: &str = "COALESCE(w.until, '9999')";

/// Where the next page of exceptions begins: the day, and the number of the system.
pub(crate) type After = (String, i64);

impl Store {
    /// The exceptions in the order in which they end, `most` of them after one, with what is decided of each; and where the next page
    /// begins, if there is one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn exceptions(
        &self,
        after: Option<&After>,
        most: i64,
    ) -> Result<(Vec<(Listed, Reviewed)>, Option<After>), StoreError> {
        let text = format!(
            "SELECT s.id, s.name, COALESCE(j.title, v.title) AS title, t.shown, v.root, v.kind, v.role,
                COALESCE(j.verdict, v.verdict) AS verdict, COALESCE(j.level_low, v.level_low) AS level_low,
                COALESCE(j.level_high, v.level_high) AS level_high, COALESCE(j.hitl, v.hitl) AS hitl,
                COALESCE(j.priority, v.priority) AS priority, s.presence, s.first_seen,
                COALESCE(s.seen_at, r.started_at) AS last_seen, {STANDING} AS standing,
                w.day, w.revision, w.body
             FROM (
                SELECT w.system, w.standing, w.revision, w.body, {DAY} AS day FROM reviews w
                WHERE w.standing IN ('rejected', 'deferred') AND {DAY} >= $1 AND ({DAY} > $1 OR w.system > $2)
                    AND NOT EXISTS (SELECT 1 FROM joined p WHERE p.system = w.system AND p.until IS NULL AND p.whole <> 0)
                ORDER BY {DAY}, w.system LIMIT {}) w
             JOIN systems s ON s.id = w.system JOIN targets t ON t.id = s.target
             JOIN versions v ON v.system = s.id AND v.until IS NULL LEFT JOIN runs r ON r.id = t.recorded
             LEFT JOIN joined j ON j.system = s.id AND j.until IS NULL AND j.whole = 0
             ORDER BY w.day, w.system",
            most.saturating_add(1)
        );
        let (day, system) = after.cloned().unwrap_or_default();
        let query = sqlx::query(AssertSqlSafe(text)).bind(day).bind(system);
        let rows = query.fetch_all(&self.pool).await?;
        let shown = usize::try_from(most).unwrap_or(usize::MAX);
        let next = rows.get(shown.saturating_sub(1)).filter(|_| rows.len() > shown).map(at).transpose()?;
        let one = |row: &AnyRow| -> Result<_, StoreError> {
            let review = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
            Ok((listed(row)?.1, Reviewed { revision: row.try_get("revision")?, review }))
        };
        Ok((rows.iter().take(shown).map(one).collect::<Result<_, _>>()?, next))
    }
}

fn at(row: &AnyRow) -> sqlx::Result<After> {
    Ok((row.try_get("day")?, row.try_get("id")?))
}
