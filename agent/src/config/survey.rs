//! What may be wrong with a configuration though it holds together: it is told by looking at this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use muster_collect::{Source as Kind, Target};

use super::{Config, Problem};
use crate::collectors;

/// Looks at the places that the configuration of a file names.
pub(crate) fn survey(config: &Config, path: &Path) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |what: String, help: &str| {
        found.push(Problem { place: path.display().to_string(), what, help: help.to_owned() });
    };
    if config.open_password {
        say(
            "the password of the store stands in the file".to_owned(),
            "put it into a variable of the environment, and write `${NAME}` in its place",
        );
    }
    if config.sources.is_empty() {
        say("there is no source, so that nothing is scanned".to_owned(), "write a `[[source]]`");
    }
    let mut seen: BTreeMap<(Kind, PathBuf), &str> = BTreeMap::new();
    for source in &config.sources {
        let name = &source.name;
        for target in &source.targets {
            let given = &target.given;
            if target.path().is_some_and(|place| !place.exists()) {
                say(format!("`{given}` of the source `{name}` does not exist"), "check the path");
            }
            match seen.insert(place(target), name.as_str()) {
                Some(first) if first == name.as_str() => {
                    say(format!("`{given}` stands twice in the source `{name}`"), "remove one");
                }
                Some(first) => say(
                    format!("`{given}` of the source `{name}` is also in the source `{first}`"),
                    "leave it in one, or its systems are found twice",
                ),
                None => {}
            }
        }
        for option in &source.option_names {
            let is_used = source.targets.iter().any(|target| collectors::understand(target.source, option));
            // What a list holds may change before it is scanned.
            let is_open = source.targets.iter().any(|target| target.source == Kind::List);
            if !is_open && !is_used {
                say(
                    format!("no target of the source `{name}` understands the option `{option}`"),
                    "move it to the source that it was meant for",
                );
            }
        }
    }
    for (at, export) in config.exports.iter().enumerate() {
        let shown = export.path.display();
        if config.exports[..at].iter().any(|other| other.path == export.path) {
            say(format!("two exports are written to `{shown}`"), "give each a file of its own");
        }
        if let Err(why) = writable(&export.path) {
            say(
                format!("the export `{shown}` cannot be written: {why}"),
                "make its folder, or give another place",
            );
        }
    }
    found
}

/// What all ways of writing one target have in common.
fn place(target: &Target) -> (Kind, PathBuf) {
    let real = target.path().and_then(|place| place.canonicalize().ok());
    (target.source, real.unwrap_or_else(|| PathBuf::from(&target.rest)))
}

/// Why a file cannot be put there, as far as that can be told without writing.
fn writable(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err("it is a folder".to_owned());
    }
    let known = folder.metadata().map_err(|error| error.to_string())?;
    if !known.is_dir() {
        return Err("what it is in is no folder".to_owned());
    }
    if known.permissions().readonly() {
        return Err("its folder may not be written".to_owned());
    }
    Ok(())
}
