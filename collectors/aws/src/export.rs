//! Saved answers of AWS: a folder of them, or one file of `get-account-authorization-details`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use asmm_model::{Gap, GapReason};
use muster_collect::CollectError;
use serde_json::Value;

use crate::organisation::Organisation;

/// Bytes of one answer; 5,000 roles take about five million.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Files of one export.
const MAX_FILES: usize = 100_000;
/// Folders inside each other: `ACCOUNT/REGION/SERVICE` is three.
const MAX_DEPTH: usize = 8;
/// The one answer that is read today.
pub(crate) const DETAILS: &str = "get-account-authorization-details";

/// The pages of one account, and what was there and not read.
#[derive(Debug, Default)]
pub(crate) struct Export {
    /// Pages by the folder of the account, `""` for a lone file.
    pub(crate) accounts: BTreeMap<String, Vec<Value>>,
    /// What binds the accounts, as far as the export tells it.
    pub(crate) organisation: Organisation,
    pub(crate) gaps: Vec<Gap>,
}

/// Reads an export.
pub(crate) fn read(path: &Path) -> Result<Export, CollectError> {
    let unusable = |why: &dyn std::fmt::Display| {
        CollectError::Unusable(format!(
            "{}: {why}; give a folder of saved answers, or the file that `aws iam {DETAILS}` prints",
            path.display()
        ))
    };
    let meta = fs::metadata(path).map_err(|error| unusable(&error))?;
    let mut export = Export::default();
    if meta.is_file() {
        let page = json(path).map_err(|gap| unusable(&gap))?;
        if page.get("RoleDetailList").is_none() && page.get("UserDetailList").is_none() {
            return Err(unusable(&"it lists neither roles nor users"));
        }
        export.accounts.insert(String::new(), vec![page]);
        return Ok(export);
    }
    let mut files = Vec::new();
    list(path, 0, &mut files).map_err(|error| unusable(&error))?;
    files.sort();
    for file in files {
        let shown = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let name = shown.rsplit('/').next().unwrap_or(&shown);
        if Path::new(name).extension().is_none_or(|extension| extension != "json") || name == "manifest.json"
        {
            continue;
        }
        if shown.contains("organizations/") {
            let why = match json(&file) {
                Ok(answer) if export.organisation.add(name, &answer) => continue,
                Ok(_) => (GapReason::Unsupported, "answers of this kind are not read yet".to_owned()),
                Err(why) => (GapReason::Unparsable, why),
            };
            export.gaps.push(Gap::new(&*shown, why.0).because(why.1));
            continue;
        }
        if !name.starts_with(DETAILS) {
            export.gaps.push(
                Gap::new(&*shown, GapReason::Unsupported).because("answers of this kind are not read yet"),
            );
            continue;
        }
        match json(&file) {
            Ok(page) => {
                let account = shown.split('/').next().filter(|first| *first != name).unwrap_or("");
                export.accounts.entry(account.to_owned()).or_default().push(page);
            }
            Err(why) => export.gaps.push(Gap::new(&*shown, GapReason::Unparsable).because(why)),
        }
    }
    if export.accounts.is_empty() {
        return Err(unusable(&format!("it holds no {DETAILS}.json that can be read")));
    }
    Ok(export)
}

fn list(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Links are not followed: they lead out of the export.
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&entry.path(), depth + 1, found)?;
        } else if kind.is_file() && found.len() < MAX_FILES {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn json(path: &Path) -> Result<Value, String> {
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {} MB", MAX_BYTES / 1024 / 1024));
    }
    // The words of the error say nothing of what the file holds.
    serde_json::from_slice(&text)
        .map_err(|error| format!("no JSON at line {}, column {}", error.line(), error.column()))
}
