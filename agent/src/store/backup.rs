//! A store as one text, a line for each row, that any store of this version takes: SQLite's as well as PostgreSQL's.

use std::io::{BufRead, Read as _, Write};

use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::rows::{Value, insert};
use super::{Store, StoreError};

/// Name and version of the text.
const SCHEMA: &str = "muster.backup/1";
/// The longest line that is read: a document of one target.
const LINE: u64 = 256 * 1024 * 1024;
/// Rows that are written at once.
const ROWS: usize = 512;

/// A column: its name, and whether it is a number.
type Column = (&'static str, bool);

/// A table: what rows are inserted into, its name, its columns, and those that it is ordered by.
struct Table {
    name: &'static str,
    into: &'static str,
    columns: &'static [Column],
    order: &'static str,
}

macro_rules! table {
    ($name:literal, $order:literal, $first:literal $first_kind:ident $(, $column:literal $kind:ident)* $(,)?) => {
        Table {
            name: $name,
            into: concat!($name, " (", $first $(, ", ", $column)*, ")"),
            columns: &[($first, kind!($first_kind)) $(, ($column, kind!($kind)))*],
            order: $order,
        }
    };
}

macro_rules! kind {
    (int) => {
        true
    };
    (text) => {
        false
    };
}

/// A table that is in no backup: what let somebody into one store lets nobody into another.
#[cfg(test)]
const LEFT_OUT: &str = "passes";

/// All tables but one; one that refers to another comes after it.
const TABLES: &[Table] = &[
    table!("sequences", "name", "name" text, "next" int),
    table!("runs", "id", "id" int, "name" text, "state" text, "started_at" text, "finished_at" text, "tool" text, "rules" text),
    table!("documents", "digest", "digest" text, "body" text),
    table!("targets", "id", "id" int, "key" text, "place" text, "shown" text, "recorded" int),
    table!("coverage", "target, run", "target" int, "run" int, "commit_id" text, "seen" int, "complete" int, "gaps" text, "loose" text),
    table!("systems", "id", "id" int, "name" text, "target" int, "first_run" int, "first_seen" text, "presence" text, "presence_run" int, "seen_run" int, "seen_at" text),
    table!("aliases", "target, alias", "target" int, "alias" text, "system" int),
    table!("versions", "id", "id" int, "system" int, "since" int, "until" int, "digest" text, "scanned" text, "title" text, "root" text, "kind" text, "role" text, "verdict" text, "level_low" int, "level_high" int, "hitl" text, "priority" int, "decided" int, "body" text),
    table!("observations", "version, n", "version" int, "n" int, "rule" text, "body" text),
    table!("presences", "system, run", "system" int, "run" int, "presence" text),
    table!("events", "id", "id" int, "run" int, "system" int, "kind" text, "body" text),
    table!("ties", "system, target, far, tie", "system" int, "target" int, "far" int, "tie" text),
    table!("joined", "system, since, whole", "system" int, "since" int, "until" int, "whole" int, "digest" text, "title" text, "root" text, "kind" text, "role" text, "verdict" text, "level_low" int, "level_high" int, "hitl" text, "priority" int, "body" text),
    table!("joining", "id", "id" int, "run" int, "anew" int),
    table!("channels", "name", "name" text, "heard" int),
    table!("deliveries", "notice, channel", "notice" text, "channel" text, "delivery" text, "state" text, "at" text),
    table!("decisions", "id", "id" int, "decided_at" text, "decided_by" text, "kind" text, "subject" text, "object" text, "reason" text, "undone_at" text, "undone_by" text),
    table!("reviews", "system", "system" int, "revision" int, "standing" text, "until" text, "body" text),
    table!("registers", "name", "name" text, "form" text, "imported_at" text, "notes" text),
    table!("declared", "source, n", "source" text, "id" text, "n" int, "body" text),
    table!("assessments", "id", "id" int, "name" text, "structure" text, "body" text),
    table!("seeds", "assessment, n", "assessment" int, "n" int, "seeded_at" text, "seeded_by" text, "body" text),
    table!("scores", "assessment, area, n", "assessment" int, "area" text, "n" int, "body" text),
    table!("audit", "sequence", "sequence" int, "system" text, "body" text, "hash" text),
];

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    schema: String,
    tables: i64,
    made_at: String,
    tool: String,
}

/// The last line. A text without it was cut off.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    rows: u64,
    blake3: String,
}

/// Writes lines, and knows what it wrote.
struct Lines<W> {
    out: W,
    hash: blake3::Hasher,
}

impl<W: Write> Lines<W> {
    fn put(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text)?;
        Ok(())
    }
}

impl Store {
    /// Writes all that is kept, as it was at one moment; others may write meanwhile. Gives the number of rows.
    ///
    /// # Errors
    /// The store cannot be read, or the text cannot be written.
    pub(crate) async fn backup(&self, out: impl Write, at: &str) -> Result<u64, StoreError> {
        let mut transaction = self.read().await?;
        let mut lines = Lines { out, hash: blake3::Hasher::new() };
        lines.put(&Head {
            schema: SCHEMA.to_owned(),
            tables: self.tables(),
            made_at: at.to_owned(),
            tool: format!("muster {}", env!("CARGO_PKG_VERSION")),
        })?;
        let mut rows = 0;
        for table in TABLES {
            let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            // Nothing in the text comes from outside: all of it stands above.
            let text = format!("SELECT {} FROM {} ORDER BY {}", columns.join(", "), table.name, table.order);
            let mut found = sqlx::query(AssertSqlSafe(text)).fetch(&mut *transaction);
            while let Some(row) = found.try_next().await? {
                let mut line = vec![Json::from(table.name)];
                for (at, (_, is_number)) in table.columns.iter().enumerate() {
                    line.push(value(&row, at, *is_number)?);
                }
                lines.put(&line)?;
                rows += 1;
            }
        }
        let blake3 = lines.hash.finalize().to_hex().to_string();
        lines.put(&End { rows, blake3 })?;
        lines.out.flush()?;
        Ok(rows)
    }

    /// Reads what was written by [`Store::backup`], all of it or nothing. Gives the number of rows.
    ///
    /// # Errors
    /// The store holds something, the text is broken, cut off, or of another version, or the store cannot be written.
    pub(crate) async fn restore(&self, mut from: impl BufRead) -> Result<u64, StoreError> {
        let broken = |why: &str| StoreError::Backup(why.to_owned());
        let mut transaction = self.write().await?;
        let held = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM runs) + (SELECT COUNT(*) FROM channels)
                + (SELECT COUNT(*) FROM decisions) + (SELECT COUNT(*) FROM registers) AS held",
        )
        .fetch_one(&mut *transaction)
        .await?;
        if held.try_get::<i64, _>("held")? > 0 {
            return Err(StoreError::Full(self.place.clone()));
        }
        for filled in ["DELETE FROM sequences", "DELETE FROM joining"] {
            sqlx::query(filled).execute(&mut *transaction).await?;
        }

        let mut hash = blake3::Hasher::new();
        let head = line(&mut from)?.ok_or_else(|| broken("it is empty"))?;
        let head_is: Head =
            serde_json::from_slice(&head).map_err(|_| broken("it is none; `muster backup` writes one"))?;
        if head_is.schema != SCHEMA || head_is.tables > self.tables() {
            return Err(StoreError::Backup(format!(
                "it is of `{}` with tables of version {}, and this version reads `{SCHEMA}` with {}",
                head_is.schema,
                head_is.tables,
                self.tables()
            )));
        }
        hash.update(&head);
        let (mut rows, mut at, mut waiting) = (0_u64, 0, Vec::new());
        loop {
            let text = line(&mut from)?.ok_or_else(|| broken("it was cut off: its last line is missing"))?;
            if text.starts_with(b"{") {
                let end: End =
                    serde_json::from_slice(&text).map_err(|_| broken("its last line is broken"))?;
                if end.rows != rows || end.blake3 != hash.finalize().to_hex().as_str() {
                    return Err(broken("it was changed or damaged after it was written"));
                }
                break;
            }
            hash.update(&text);
            rows += 1;
            let (table, values) =
                row(&text).ok_or_else(|| StoreError::Backup(format!("row {rows} is broken")))?;
            if table != at || waiting.len() == ROWS {
                put(&mut transaction, at, std::mem::take(&mut waiting)).await?;
                at = table;
            }
            waiting.push(values);
        }
        put(&mut transaction, at, waiting).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    fn tables(&self) -> i64 {
        self.dialect.migrations().iter().map(|one| one.version).max().unwrap_or(0)
    }
}

async fn put(
    transaction: &mut sqlx::Transaction<'static, sqlx::Any>,
    table: usize,
    rows: Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    let refused = |error: sqlx::Error| match error {
        sqlx::Error::Database(error) => {
            StoreError::Backup(format!("a row does not fit: {}", error.message()))
        }
        error => error.into(),
    };
    insert(transaction, TABLES[table].into, rows, "").await.map_err(refused)
}

fn value(row: &AnyRow, at: usize, is_number: bool) -> Result<Json, StoreError> {
    Ok(if is_number {
        row.try_get::<Option<i64>, _>(at)?.map_or(Json::Null, Json::from)
    } else {
        row.try_get::<Option<String>, _>(at)?.map_or(Json::Null, Json::from)
    })
}

/// The next line with its end; none at the end of the text.
fn line(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, StoreError> {
    let mut line = Vec::new();
    from.take(LINE).read_until(b'\n', &mut line)?;
    if line.len() as u64 >= LINE {
        return Err(StoreError::Backup("a line is too long".to_owned()));
    }
    Ok((!line.is_empty()).then_some(line))
}

/// The table of a line, and its values.
fn row(text: &[u8]) -> Option<(usize, Vec<Value>)> {
    let line: Vec<Json> = serde_json::from_slice(text).ok()?;
    let (name, values) = line.split_first()?;
    let at = TABLES.iter().position(|table| Some(table.name) == name.as_str())?;
    let columns = TABLES[at].columns;
    if values.len() != columns.len() {
        return None;
    }
    let value = |(json, (_, is_number)): (&Json, &Column)| match json {
        Json::Null if *is_number => Some(Value::NoInt),
        Json::Null => Some(Value::NoText),
        Json::Number(number) if *is_number => number.as_i64().map(Value::Int),
        Json::String(text) if !is_number => Some(Value::text(text)),
        _ => None,
    };
    let values: Option<Vec<Value>> = values.iter().zip(columns).map(value).collect();
    Some((at, values?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tables of SQLite are made of.
    #[test]
    fn no_table_and_no_column_is_left_out() {
        let text = include_str!("migrations/sqlite/0001_first.sql");
        let tables: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")?.strip_suffix(" (")).collect();
        let kept = TABLES.iter().map(|table| table.name);
        assert_eq!(tables, kept.chain([LEFT_OUT]).collect::<Vec<_>>());
        for table in TABLES {
            let start = text.find(&format!("CREATE TABLE {} (", table.name)).unwrap();
            let columns: Vec<(&str, bool)> = text[start..]
                .lines()
                .skip(1)
                .take_while(|line| !line.starts_with(')'))
                .filter_map(|line| {
                    let mut words = line.trim().trim_end_matches(',').split(' ');
                    let (name, kind) = (words.next()?, words.next()?);
                    matches!(kind, "TEXT" | "INTEGER").then_some((name, kind == "INTEGER"))
                })
                .collect();
            assert_eq!(columns, table.columns, "{}", table.name);
        }
    }
}
