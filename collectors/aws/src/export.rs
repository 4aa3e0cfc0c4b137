//! Saved answers of AWS: a folder of them, or one file of `get-account-authorization-details`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use asmm_model::{Gap, GapReason};
use muster_collect::CollectError;
use serde_json::Value;

use crate::answers::{Answer, Answers};
use crate::calls::{Call, Parameters, SERVICES};
use crate::folder::{MANIFEST, json, named};
use crate::organisation::Organisation;
use crate::survey::{GLOBAL, parameters};

/// Files of one export.
const MAX_FILES: usize = 100_000;
/// Folders inside each other: `ACCOUNT/REGION/SERVICE` is three.
const MAX_DEPTH: usize = 8;

/// The answers about each account, and what was there and not read.
#[derive(Debug, Default)]
pub(crate) struct Export {
    /// Answers by the folder of the account, `""` for a lone file.
    pub(crate) accounts: BTreeMap<String, Answers>,
    /// What binds the accounts, as far as the export tells it.
    pub(crate) organisation: Organisation,
    pub(crate) gaps: Vec<Gap>,
}

/// Reads an export.
pub(crate) fn read(path: &Path) -> Result<Export, CollectError> {
    let file = "get-account-authorization-details";
    let unusable = |why: &dyn std::fmt::Display| {
        CollectError::Unusable(format!(
            "{}: {why}; give a folder of saved answers, or the file that `aws iam {file}` prints",
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
        export.accounts.entry(String::new()).or_default().pages.add(&page);
        return Ok(export);
    }
    let mut files = Vec::new();
    list(path, 0, &mut files).map_err(|error| unusable(&error))?;
    files.sort_by_cached_key(|file| order(file));
    for file in files {
        let shown = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if let Err((why, detail)) = export.file(&file, &shown) {
            export.gaps.push(Gap::new(shown, why).because(detail));
        }
    }
    for answers in export.accounts.values_mut() {
        answers.sort();
        absent(answers);
    }
    if export.accounts.is_empty() {
        return Err(unusable(&format!("it holds no {file}.json that can be read")));
    }
    Ok(export)
}

/// Notes the answers that lists lead to and that no file holds.
fn absent(answers: &mut Answers) {
    let mut found = Vec::new();
    for service in SERVICES.iter().filter(|service| service.name != "organizations") {
        // Versions of policies are read as they come, and are not kept as answers.
        let leads = |call: &&Call| {
            call.operation != "GetPolicyVersion" && call.each.iter().any(|each| each.of.is_some())
        };
        for call in service.calls.iter().filter(leads) {
            for region in answers.regions() {
                let had = |asked: &Parameters| {
                    answers
                        .of(&service.name, &call.operation)
                        .any(|a| a.region == region && a.asked == *asked)
                };
                let lacking =
                    parameters(service, call, &region, answers).iter().filter(|asked| !had(asked)).count();
                if lacking > 0 {
                    found.push((
                        format!("{} {}", service.name, call.file()),
                        service.hides(call),
                        region,
                        lacking,
                    ));
                }
            }
        }
    }
    for (what, hides, region, lacking) in found {
        let detail = format!("the export does not hold it; it hides {hides}");
        for _ in 0..lacking {
            answers.gaps.put(&what, GapReason::Failed, &detail, &region);
        }
    }
}

/// Pages stand in the order of their numbers, 2 before 10.
fn order(file: &Path) -> (PathBuf, usize) {
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // A parameter that is a number is not told from a page here: such files are no pages of one answer.
    match name.rsplit_once('.').and_then(|(before, page)| Some((before.to_owned(), page.parse().ok()?))) {
        Some((before, page)) => (file.with_file_name(before), page),
        None => (file.with_extension(""), 0),
    }
}

impl Export {
    fn file(&mut self, path: &Path, shown: &str) -> Result<(), (GapReason, String)> {
        let mut parts: Vec<&str> = shown.split('/').collect();
        let name = parts.pop().unwrap_or_default();
        if Path::new(name).extension().is_none_or(|extension| extension != "json") {
            return Ok(());
        }
        let unparsable = |why| (GapReason::Unparsable, why);
        if name == MANIFEST {
            self.manifest(&json(path).map_err(unparsable)?);
            return Ok(());
        }
        let (account, region, of) = match parts[..] {
            [account, region, of, ..] => (account, region, of),
            // Details without folders, as one call after the other saves them.
            [account] if !account.is_empty() => (account, GLOBAL, "iam"),
            _ => ("", GLOBAL, "iam"),
        };
        let Some((service, call, asked)) = named(of, name) else {
            return Err((GapReason::Unsupported, "answers of this kind are not read".to_owned()));
        };
        let page = json(path).map_err(unparsable)?;
        if service.name == "organizations" {
            if self.organisation.add(&call.operation, &asked, &page) {
                return Ok(());
            }
            return Err((GapReason::Unparsable, "it is not of the shape that such answers have".to_owned()));
        }
        // Where the page behind it is, is not looked for: what may be cut off is taken to be.
        let cut = page.get(&service.paging[2]).is_some_and(Value::is_string);
        let page = call.pruned(page);
        let answers = self.accounts.entry(account.to_owned()).or_default();
        answers.put(service, call, Answer { region: region.to_owned(), asked, page, cut });
        Ok(())
    }

    /// Reads what the list of an export says could not be got.
    fn manifest(&mut self, manifest: &Value) {
        for entry in manifest.get("files").and_then(Value::as_array).into_iter().flatten().take(MAX_FILES) {
            let account = entry.get("account").and_then(Value::as_str).unwrap_or_default();
            let answers = self.accounts.entry(account.to_owned()).or_default();
            self.organisation.none |= answers.gaps.read(entry);
        }
    }
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
