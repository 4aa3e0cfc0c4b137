//! What an organisation declared: the entries of each register that was imported, until the same one is imported again.

use std::collections::BTreeMap;

use asmm_model::{Declared, Place};
use sqlx::Row as _;

use super::rows::{Value, insert};
use super::{Store, StoreError, deciding};
use crate::cli::nearest::nearest;

/// What a new import of a register changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Entries that were not there before.
    pub(crate) added: usize,
    /// Entries that say something else than before.
    pub(crate) changed: usize,
    /// Entries that are not there any more.
    pub(crate) removed: usize,
    /// Entries that are as they were.
    pub(crate) same: usize,
}

/// A register that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// What it is known by: importing under this name again replaces it.
    pub(crate) name: String,
    /// How it was written.
    pub(crate) form: String,
    /// When it was imported, RFC 3339 in UTC.
    pub(crate) at: String,
    /// What of it could not be read.
    pub(crate) notes: Vec<String>,
    /// Its entries, in the order of the file.
    pub(crate) entries: Vec<Declared>,
}

impl Store {
    /// Keeps the entries of a register, in place of those that were kept under its name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) async fn import(&self, source: &Source) -> Result<Imported, StoreError> {
        let mut transaction = self.write().await?;
        // Two imports of one register come one after the other.
        deciding(&mut transaction).await?;
        let name = Value::text(&source.name);
        let Value::Text(name) = name else { return Ok(Imported::default()) };
        let rows = sqlx::query("SELECT id, body FROM declared WHERE source = $1")
            .bind(name.clone())
            .fetch_all(&mut *transaction)
            .await?;
        let mut before = BTreeMap::new();
        for row in rows {
            let entry: Declared = serde_json::from_str(&row.try_get::<String, _>("body")?)?;
            before.insert(row.try_get::<String, _>("id")?, unplaced(&entry));
        }
        let mut imported = Imported::default();
        for entry in &source.entries {
            match before.remove(&plain(&entry.id)) {
                None => imported.added += 1,
                Some(old) if old == unplaced(entry) => imported.same += 1,
                Some(_) => imported.changed += 1,
            }
        }
        imported.removed = before.len();
        for text in ["DELETE FROM declared WHERE source = $1", "DELETE FROM registers WHERE name = $1"] {
            sqlx::query(text).bind(name.clone()).execute(&mut *transaction).await?;
        }
        let row = vec![
            Value::text(&name),
            Value::text(&source.form),
            Value::text(&source.at),
            Value::text(serde_json::to_string(&source.notes)?),
        ];
        insert(&mut transaction, "registers (name, form, imported_at, notes)", vec![row], "").await?;
        let mut rows = Vec::new();
        for (n, entry) in source.entries.iter().enumerate() {
            rows.push(vec![
                Value::text(&name),
                Value::text(&entry.id),
                Value::Int(i64::try_from(n).unwrap_or(i64::MAX)),
                Value::text(serde_json::to_string(entry)?),
            ]);
        }
        insert(&mut transaction, "declared (source, id, n, body)", rows, "").await?;
        transaction.commit().await?;
        Ok(imported)
    }

    /// Everything that is declared, by the register that it stands in.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn declared(&self) -> Result<Vec<Source>, StoreError> {
        let mut transaction = self.read().await?;
        let mut sources = Vec::new();
        let rows = sqlx::query("SELECT name, form, imported_at, notes FROM registers ORDER BY name")
            .fetch_all(&mut *transaction)
            .await?;
        for row in rows {
            sources.push(Source {
                name: row.try_get("name")?,
                form: row.try_get("form")?,
                at: row.try_get("imported_at")?,
                notes: serde_json::from_str(&row.try_get::<String, _>("notes")?)?,
                entries: Vec::new(),
            });
        }
        for source in &mut sources {
            let rows = sqlx::query("SELECT body FROM declared WHERE source = $1 ORDER BY n")
                .bind(source.name.clone())
                .fetch_all(&mut *transaction)
                .await?;
            for row in rows {
                source.entries.push(serde_json::from_str(&row.try_get::<String, _>("body")?)?);
            }
        }
        Ok(sources)
    }

    /// The entry that a person means: by its id, or by a name that it alone has.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub(crate) async fn entry_named(&self, given: &str) -> Result<String, StoreError> {
        let sources = self.declared().await?;
        let all = || sources.iter().flat_map(|source| &source.entries);
        if let Some(entry) = all().find(|entry| entry.id == given) {
            return Ok(entry.id.clone());
        }
        let called: BTreeMap<&str, &Declared> =
            all().filter(|entry| entry.name == given).map(|entry| (entry.id.as_str(), entry)).collect();
        let mut ids = called.into_keys();
        match (ids.next(), ids.next()) {
            (Some(only), None) => Ok(only.to_owned()),
            (Some(one), Some(other)) => Err(StoreError::Decision(format!(
                "several entries are called `{given}`: name one by its id, such as `{one}` or `{other}`"
            ))),
            _ => {
                let names = all().flat_map(|entry| [entry.id.as_str(), entry.name.as_str()]).take(20_000);
                let near = nearest(names, given).map(|near| format!(" (is it `{near}`?)"));
                let given: String = given.chars().take(100).collect();
                Err(StoreError::Decision(format!(
                    "no entry `{given}` is in the register{}; `muster register` lists them",
                    near.unwrap_or_default()
                )))
            }
        }
    }
}

/// The text as it is kept.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The entry wherever it stands: a row above it changes its line, and nothing of it.
fn unplaced(entry: &Declared) -> Declared {
    Declared { place: Place::file(""), ..entry.clone() }
}
