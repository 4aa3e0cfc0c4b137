//! Reads a saved inventory, and says what is wrong with one that is none.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::Context as _;
use asmm_model::{Inventory, SCHEMA};
use serde::Deserialize;

use super::UsageError;

/// The largest document that is read.
const DOCUMENT: u64 = 256 * 1024 * 1024;
const WRITE_ONE: &str = "write one with `muster scan PATH --format json --output inventory.json`";

fn read(path: Option<&Path>, help: &'static str) -> anyhow::Result<String> {
    let bytes = match path {
        Some(path) if path != Path::new("-") => {
            let shown = path.display();
            if path.is_dir() {
                return Err(
                    UsageError::new(format!("`{shown}` is a folder, and no inventory"), WRITE_ONE).into()
                );
            }
            File::open(path).and_then(bounded).with_context(|| format!("`{shown}` cannot be read"))?
        }
        None if io::stdin().is_terminal() => {
            return Err(UsageError::new("no inventory is given", help).into());
        }
        _ => bounded(io::stdin().lock()).context("standard input cannot be read")?,
    };
    if bytes.len() as u64 > DOCUMENT {
        let what = format!("the inventory is larger than {} MiB", DOCUMENT / 1024 / 1024);
        return Err(UsageError::new(what, "scan fewer targets at once").into());
    }
    String::from_utf8(bytes).map_err(|_| UsageError::new("the inventory is no text", WRITE_ONE).into())
}

/// One byte more than the bound tells what is larger from what just fits.
fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(DOCUMENT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The inventory of a file; `-` and, where it is no terminal, nothing: standard input. `help` says how one is given.
///
/// # Errors
/// It cannot be read, or is no inventory of this version.
pub(super) fn inventory(path: Option<&Path>, help: &'static str) -> anyhow::Result<Inventory> {
    Ok(parsed(&read(path, help)?)?)
}

fn parsed(text: &str) -> Result<Inventory, UsageError> {
    /// What every version of the document begins with.
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    if text.trim().is_empty() {
        return Err(UsageError::new("the inventory is empty", WRITE_ONE));
    }
    let head: Head = serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "the document is no inventory".to_owned(),
            _ => format!("the inventory is broken JSON, at line {}, column {}", error.line(), error.column()),
        };
        UsageError::new(what, WRITE_ONE)
    })?;
    match head.schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) => {
            let what = format!("the document is of the schema `{other}`, and this version reads `{SCHEMA}`");
            return Err(UsageError::new(what, "scan again with this version of muster"));
        }
        None => {
            return Err(UsageError::new("the document is no inventory: it names no `schema`", WRITE_ONE));
        }
    }
    serde_json::from_str(text).map_err(|error| {
        let what = format!("the inventory does not follow its schema `{SCHEMA}`: {error}");
        UsageError::new(what, "`muster schema` prints the schema; a scan writes documents that follow it")
    })
}
