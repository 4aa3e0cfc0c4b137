//! Writes many rows with few statements.

use std::fmt::Write as _;

use sqlx::{Any, AnyConnection, AssertSqlSafe, query::Query};

/// Rows of one statement. SQLite looks each parameter up by its name, so that more of them cost more than they save.
const AT_ONCE: usize = 32;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// None, of a column of texts.
    NoText,
    /// None, of a column of numbers.
    NoInt,
}

impl Value {
    /// A text that any database takes: PostgreSQL has no NUL in a text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text })
    }

    /// A text that may not be there.
    pub(super) fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::NoText, Self::text)
    }
}

pub(super) type Statement<'q> = Query<'q, Any, sqlx::any::AnyArguments>;

/// Gives a value to the next parameter.
pub(super) fn bind(statement: Statement<'_>, value: Value) -> Statement<'_> {
    match value {
        Value::Int(int) => statement.bind(int),
        Value::Text(text) => statement.bind(text),
        Value::NoText => statement.bind(None::<String>),
        Value::NoInt => statement.bind(None::<i64>),
    }
}

/// Inserts the rows `into` a table and its columns, and `then` what stands at the end of such a statement.
///
/// # Errors
/// The database refuses them.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    into: &'static str,
    rows: Vec<Vec<Value>>,
    then: &'static str,
) -> sqlx::Result<()> {
    let mut rows = rows.into_iter().peekable();
    while let Some(width) = rows.peek().map(Vec::len) {
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(AT_ONCE).collect();
        let mut text = format!("INSERT INTO {into} VALUES ");
        for row in 0..chunk.len() {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                let comma = if column == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}${}", row * width + column + 1);
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(then);
        // Nothing in the text comes from outside: names of columns of ours, and numbers of parameters.
        let mut statement = sqlx::query(AssertSqlSafe(text));
        for value in chunk.into_iter().flatten() {
            statement = bind(statement, value);
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}
