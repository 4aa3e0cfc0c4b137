//! `.muster.toml`: what a repository says of its systems itself: who owns one, what it is for, and how a criterion is to be answered.
//!
//! Whoever can write to the repository can write this. It is a claim, which a person accepts or not: no answer and no verdict rests on it.

use std::collections::BTreeMap;

use asmm_model::Criterion;

use super::prose;
use crate::document::{Entry, ReadError, reading};

/// The name of the file.
pub(super) const NAME: &str = ".muster.toml";
/// Systems that one file speaks of.
const MAX_SYSTEMS: usize = 500;
/// Longest name of an owner, in bytes.
const MAX_NAME: usize = 128;

/// What is said of one system; each with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(super) owner: Option<(String, u32)>,
    pub(super) purpose: Option<(String, u32)>,
    pub(super) claims: Vec<(Criterion, bool, String, u32)>,
}

/// Reads a file: what it says, by the folder below its own; the file's own folder is `""`.
///
/// # Errors
/// It is no TOML, or something in it is none of what there is to say, so that no claim is lost unseen.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Declared>, ReadError> {
    let file = reading::toml(text)?;
    let mut all = BTreeMap::new();
    let own: Vec<&Entry> = file.entries().iter().filter(|entry| entry.key != "systems").collect();
    let here = declared(&own)?;
    if here != Declared::default() {
        all.insert(String::new(), here);
    }
    for entry in file.entries_at(&["systems"]).iter().take(MAX_SYSTEMS) {
        let folder =
            folder(&entry.key).ok_or_else(|| wrong(entry, "the path of a system leads out of the folder"))?;
        let entries: Vec<&Entry> = entry.node.entries().iter().collect();
        all.insert(folder, declared(&entries)?);
    }
    Ok(all)
}

fn declared(entries: &[&Entry]) -> Result<Declared, ReadError> {
    let mut declared = Declared::default();
    for entry in entries {
        let text = || entry.node.text().map(str::trim).filter(|text| !text.is_empty());
        match entry.key.as_str() {
            "owner" => {
                let owner =
                    text().filter(|name| name.len() <= MAX_NAME && !name.chars().any(char::is_control));
                let owner = owner.ok_or_else(|| wrong(entry, "an owner is a name in one line"))?;
                declared.owner = Some((owner.to_owned(), entry.line));
            }
            "purpose" => {
                let purpose = text().and_then(prose::sentence);
                let purpose = purpose.ok_or_else(|| wrong(entry, "a purpose is a sentence"))?;
                declared.purpose = Some((purpose, entry.line));
            }
            "claims" => {
                for claim in entry.node.entries() {
                    declared.claims.push(of_criterion(claim)?);
                }
            }
            _ => return Err(wrong(entry, "it is none of owner, purpose, claims and systems")),
        }
    }
    declared.claims.sort_by_key(|(criterion, ..)| *criterion);
    Ok(declared)
}

fn of_criterion(entry: &Entry) -> Result<(Criterion, bool, String, u32), ReadError> {
    let criterion = Criterion::ALL.into_iter().find(|criterion| criterion.id() == entry.key);
    let criterion = criterion.ok_or_else(|| wrong(entry, "a criterion is one of C1 to C10"))?;
    let answer = match entry.node.text_at(&["is"]) {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(wrong(entry, "a claim says `is = \"yes\"` or `is = \"no\"`")),
    };
    let because = entry.node.text_at(&["because"]).and_then(prose::sentence);
    let because = because.ok_or_else(|| wrong(entry, "a claim says why, in `because`"))?;
    Ok((criterion, answer, because, entry.line))
}

/// A folder below, as paths of a target are written; nothing where it is none.
fn folder(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_below = !path.starts_with('/') && !parts.contains(&"..") && !path.contains(['\\', '\0']);
    is_below.then(|| parts.join("/"))
}

fn wrong(entry: &Entry, problem: &'static str) -> ReadError {
    ReadError::At { line: entry.line, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_speaks_for_its_folder_and_those_below() {
        let text = "\
owner = \"payments\"
purpose = \"Pays money back to customers who ask for it\"

[claims]
C4 = { is = \"no\", because = \"a person approves each refund at the desk\" }

[systems.\"./services/desk/\"]
owner = \"desk-team\"
";
        let said = read(text).unwrap();
        assert_eq!(said.keys().collect::<Vec<_>>(), ["", "services/desk"]);
        let here = &said[""];
        assert_eq!(here.owner, Some(("payments".to_owned(), 1)));
        assert_eq!(here.purpose.as_ref().map(|(_, line)| *line), Some(2));
        assert_eq!(
            here.claims,
            [(Criterion::C4, false, "a person approves each refund at the desk".to_owned(), 5)]
        );
        assert_eq!(said["services/desk"].owner, Some(("desk-team".to_owned(), 8)));
    }

    #[test]
    fn what_is_none_of_it_is_told_at_its_line() {
        let table = [
            ("a = [", None),
            ("owner = []", Some(1)),
            ("\nowners = \"a\"", Some(2)),
            ("owner = \"a\\nb\"", Some(1)),
            ("[claims]\nC11 = { is = \"no\", because = \"it never does that at all\" }", Some(2)),
            ("[claims]\nC4 = \"no\"", Some(2)),
            ("[claims]\nC4 = { is = \"no\" }", Some(2)),
            ("[systems.\"../x\"]\nowner = \"a\"", Some(1)),
            ("[systems.\"/x\"]\nowner = \"a\"", Some(1)),
        ];
        for (text, line) in table {
            let error = read(text).unwrap_err();
            if line.is_some() {
                assert_eq!(error.line(), line, "{text}");
            }
        }
        assert_eq!(read(""), Ok(BTreeMap::new()));
    }
}
