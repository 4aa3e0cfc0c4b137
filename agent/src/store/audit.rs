//! What people did, in a chain: each entry holds the hash of the one before it, so that none can be changed, left out or moved
//! without that being seen.
//!
//! An entry is one text of JSON, and its hash is SHA-256 of that text: anybody can compute it again with the usual tools.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sqlx::{Any, Row as _, Transaction};

use super::rows::{Value, insert};
use super::{Store, StoreError, numbers};

/// What stands for the entry before the first one.
const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Entries that are read at once.
const AT_ONCE: i64 = 500;
/// Faults that are told; of a chain that was made anew, every entry is one.
const FAULTS: usize = 100;

/// Something that a person did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Act<'a> {
    pub(super) at: &'a str,
    pub(super) actor: &'a str,
    pub(super) action: &'static str,
    /// The system that it is about.
    pub(super) system: Option<&'a str>,
    /// What was so before, and what is so after it.
    pub(super) from: Json,
    pub(super) to: Json,
    pub(super) reason: &'a str,
}

/// One entry, in the order in which it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(crate) struct Entry {
    /// Its number: the first one is 1, and none is left out.
    #[schemars(range(min = 1))]
    pub(crate) sequence: i64,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// Who did it.
    pub(crate) actor: String,
    /// What was done.
    pub(crate) action: String,
    /// The id of the system that it is about, if it is about one.
    pub(crate) system: Option<String>,
    /// What was so before.
    pub(crate) from: Json,
    /// What is so after it.
    pub(crate) to: Json,
    /// Why, in the words of who did it; may be empty.
    pub(crate) reason: String,
    /// The hash of the entry before this one; of the first one, zeros.
    pub(crate) previous: String,
}

/// The last entry of a chain: whoever keeps it elsewhere can tell later whether the chain up to it is the one that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AuditHead")]
pub(crate) struct Head {
    /// Its number.
    #[schemars(range(min = 1))]
    pub(crate) sequence: i64,
    /// SHA-256 of its text, in hexadecimal.
    pub(crate) hash: String,
}

/// What came of looking at a whole chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Verified {
    /// How many entries there are.
    #[schemars(range(min = 0))]
    pub(crate) entries: i64,
    /// The last one; null where there is none.
    pub(crate) head: Option<Head>,
    /// What is wrong, in the order of the entries; empty where the chain is whole.
    pub(crate) faults: Vec<String>,
}

/// Writes what somebody did at the end of the chain.
pub(super) async fn append(
    transaction: &mut Transaction<'static, Any>,
    act: Act<'_>,
) -> Result<(), StoreError> {
    // The lock of the number keeps two acts from following one entry.
    let sequence = numbers(transaction, "audit", 1).await?;
    let last = sqlx::query("SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(&mut **transaction)
        .await?;
    let previous = match last {
        Some(row) => row.try_get("hash")?,
        None => NONE.to_owned(),
    };
    let Act { at, actor, action, system, from, to, reason } = act;
    let entry = Entry {
        sequence,
        at: at.to_owned(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        system: system.map(str::to_owned),
        from,
        to,
        reason: reason.to_owned(),
        previous,
    };
    // A text that is hashed is the text that is kept: no database has a NUL in it.
    let body = serde_json::to_string(&entry)?.replace("\\u0000", "\\ufffd");
    let row = vec![Value::Int(sequence), Value::maybe(system), Value::text(&body), Value::text(hash(&body))];
    insert(transaction, "audit (sequence, system, body, hash)", vec![row], "").await?;
    Ok(())
}

/// An entry as one line: its text, with its hash as the last member.
pub(crate) fn line(body: &str, hash: &str) -> String {
    format!("{},\"hash\":\"{hash}\"}}\n", body.strip_suffix('}').unwrap_or(body))
}

fn hash(body: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(body.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

impl Store {
    /// Gives every entry to `each` in order, as its text and its hash.
    ///
    /// # Errors
    /// The store cannot be read, or `each` fails.
    pub(crate) async fn audit(
        &self,
        mut each: impl FnMut(&str, &str) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each_entry(|body, hash, _| each(body, hash)).await
    }

    async fn each_entry(
        &self,
        mut each: impl FnMut(&str, &str, Option<&str>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.read().await?;
        let mut after = i64::MIN;
        loop {
            let rows = sqlx::query(
                "SELECT sequence, system, body, hash FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            )
            .bind(after)
            .bind(AT_ONCE)
            .fetch_all(&mut *transaction)
            .await?;
            for row in &rows {
                after = row.try_get("sequence")?;
                let [body, hash]: [String; 2] = [row.try_get("body")?, row.try_get("hash")?];
                each(&body, &hash, row.try_get::<Option<String>, _>("system")?.as_deref())?;
            }
            if rows.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                return Ok(());
            }
        }
    }

    /// The next entries after one, as lines of JSON that `muster audit verify --file` reads, and the number of the last of them; no
    /// text where there are no more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn lines(&self, after: i64) -> Result<(String, i64), StoreError> {
        let text = "SELECT sequence, body, hash FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let rows = sqlx::query(text).bind(after).bind(AT_ONCE).fetch_all(&self.pool).await?;
        let (mut lines, mut last) = (String::new(), after);
        for row in rows {
            last = row.try_get("sequence")?;
            lines.push_str(&line(&row.try_get::<String, _>("body")?, &row.try_get::<String, _>("hash")?));
        }
        Ok((lines, last))
    }

    /// Entries, the last first: `most` of those before a number, where one is given, and about a system, where one is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn entries(
        &self,
        system: Option<&str>,
        before: Option<i64>,
        most: i64,
    ) -> Result<Vec<Entry>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = match system {
            None => {
                let text = "SELECT body FROM audit WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2";
                sqlx::query(text).bind(before).bind(most).fetch_all(&self.pool).await?
            }
            Some(system) => {
                let text = "                    SELECT body FROM audit WHERE sequence < $1 AND system = $3 ORDER BY sequence DESC LIMIT $2";
                let query = sqlx::query(text).bind(before).bind(most).bind(system.to_owned());
                query.fetch_all(&self.pool).await?
            }
        };
        rows.iter().map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("body")?)?)).collect()
    }

    /// Looks whether the chain is whole, and whether it holds the entries that somebody kept elsewhere.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn verify(&self, kept: &[Head]) -> Result<Verified, StoreError> {
        let mut chain = Chain::new(kept);
        self.each_entry(|body, hash, system| {
            chain.follow(body, hash);
            // It is found by what stands beside it, which no hash is of.
            if serde_json::from_str::<Entry>(body).is_ok_and(|entry| entry.system.as_deref() != system) {
                chain.is_filed_wrongly();
            }
            Ok(())
        })
        .await?;
        let row =
            sqlx::query("SELECT next FROM sequences WHERE name = 'audit'").fetch_one(&self.pool).await?;
        Ok(chain.end(Some(row.try_get::<i64, _>("next")? - 1)))
    }
}

/// A chain that is followed from its first entry on.
#[derive(Debug)]
pub(crate) struct Chain<'k> {
    kept: &'k [Head],
    met: usize,
    verified: Verified,
}

impl Verified {
    /// What comes of the lines of `muster audit export`, where these entries were kept elsewhere.
    pub(crate) fn of_lines(text: &str, kept: &[Head]) -> Self {
        let mut chain = Chain::new(kept);
        for line in text.lines() {
            let (body, hash) = Chain::parts(line).unwrap_or_else(|| (line.to_owned(), ""));
            chain.follow(&body, hash);
        }
        chain.end(None)
    }
}

impl<'k> Chain<'k> {
    /// The text and the hash of a line of `muster audit export`.
    pub(crate) fn parts(line: &str) -> Option<(String, &str)> {
        let (body, hash) = line.strip_suffix("\"}")?.rsplit_once(",\"hash\":\"")?;
        Some((format!("{body}}}"), hash))
    }

    /// A chain of which these entries were kept elsewhere.
    pub(crate) fn new(kept: &'k [Head]) -> Self {
        Self { kept, met: 0, verified: Verified::default() }
    }

    /// The next entry: its text, and the hash that stands beside it.
    pub(crate) fn follow(&mut self, body: &str, said: &str) {
        let (expected, previous) = match &self.verified.head {
            Some(head) => (head.sequence + 1, head.hash.clone()),
            None => (1, NONE.to_owned()),
        };
        let computed = hash(body);
        if computed != said {
            self.fault(format!("entry {expected} was changed: its hash is not the one of its text"));
        }
        let sequence = if let Ok(entry) = serde_json::from_str::<Entry>(body) {
            if entry.sequence != expected {
                self.fault(format!("entry {expected} is missing: {} follows", entry.sequence));
            } else if entry.previous != previous {
                self.fault(format!("entry {expected} does not follow the one before it"));
            }
            entry.sequence
        } else {
            self.fault(format!("entry {expected} was changed: it is no entry"));
            expected
        };
        for kept in self.kept.iter().filter(|kept| kept.sequence == sequence) {
            self.met += 1;
            if kept.hash != computed {
                self.verified.faults.push(format!("entry {sequence} is not the one that was kept elsewhere"));
            }
        }
        self.verified.entries += 1;
        self.verified.head = Some(Head { sequence, hash: computed });
    }

    /// That the last entry stands under another system than the one that it is about.
    fn is_filed_wrongly(&mut self) {
        let at = self.verified.head.as_ref().map_or(0, |head| head.sequence);
        self.fault(format!("entry {at} stands under a system that it is not about"));
    }

    /// What came of it; `last` is the number that was given out last, where that is known.
    pub(crate) fn end(mut self, last: Option<i64>) -> Verified {
        let end = self.verified.head.as_ref().map_or(0, |head| head.sequence);
        if let Some(last) = last.filter(|last| *last > end) {
            let which = if last == end + 1 {
                format!("entry {last} is")
            } else {
                format!("entries {} to {last} are", end + 1)
            };
            self.fault(format!("{which} missing at the end"));
        }
        if self.met < self.kept.len() {
            let count = self.kept.len() - self.met;
            self.fault(format!("of the entries that were kept elsewhere, {count} are not there"));
        }
        self.verified
    }

    fn fault(&mut self, fault: String) {
        if self.verified.faults.len() < FAULTS {
            self.verified.faults.push(fault);
        }
    }
}
