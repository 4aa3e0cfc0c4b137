//! Targets that stand for several: a file that lists targets, a folder of repositories, an organisation or a group of a forge.
//!
//! Each repository becomes a target of its own, so that it is scanned, recorded and told of by itself.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_collect::{Options, Source, Target};
use muster_forges::Forges;

use super::forge;
use super::plan::{Asking, Missing, PlanError};

/// Bytes of a file that lists targets.
const MAX_BYTES: u64 = 4 << 20;
/// Targets of one scan.
const MAX_TARGETS: usize = 50_000;

/// Targets that stand for themselves, and what the user should know about them.
#[derive(Default)]
pub(super) struct Expanded {
    pub(super) targets: Vec<Wanted>,
    pub(super) notes: Vec<String>,
    /// Where repositories were listed that are among the targets.
    pub(super) forges: Option<Arc<Forges>>,
}

/// A target, and what becomes of it.
pub(super) enum Wanted {
    /// It stands for itself, and is read.
    Read(Target),
    /// It stands for others, which are among the targets as far as they are known; this is missing.
    Not(Target, Missing),
}

/// Puts what they stand for in the place of the targets that stand for several.
pub(super) fn expanded(given: &[String], asking: &Asking) -> Result<Expanded, PlanError> {
    let mut all = Vec::new();
    for given in given {
        let target = Target::parse(given)?;
        if target.source == Source::List {
            all.extend(listed(&target)?);
        } else {
            all.push(target);
        }
    }
    // A forge is asked about the same but once, however it is written.
    let mut asked = BTreeSet::new();
    let is_forge = |target: &Target| matches!(target.source, Source::Github | Source::Gitlab);
    all.retain(|target| !is_forge(target) || asked.insert((target.source, target.rest.to_lowercase())));
    let forges = forge::of(&all, asking)?.map(Arc::new);
    let mut expanded = Expanded { forges: forges.clone(), ..Expanded::default() };
    for target in all {
        match &forges {
            Some(forges) if is_forge(&target) => {
                forge::expand(target, forges, asking, &mut expanded)?;
            }
            _ => expanded.add(target, &asking.options)?,
        }
        if expanded.targets.len() > MAX_TARGETS {
            let what = format!("there are more than {MAX_TARGETS} targets");
            return Err(PlanError { what, help: "scan them in several runs".to_owned() });
        }
    }
    Ok(expanded)
}

impl Expanded {
    fn add(&mut self, target: Target, options: &Options) -> Result<(), PlanError> {
        if target.source != Source::Repositories {
            self.targets.push(Wanted::Read(target));
            return Ok(());
        }
        let Target { given, rest, .. } = &target;
        let (include, exclude) = (options.all("repos-include"), options.all("repos-exclude"));
        let all =
            muster_code::repositories(Path::new(rest), include, exclude).map_err(|error| PlanError {
                what: format!("`{given}` cannot be listed: {error}"),
                help: "give a folder that holds repositories".to_owned(),
            })?;
        if all.found.is_empty() {
            let what = match all.left_out {
                0 => format!("`{given}` holds no repository"),
                count => format!(
                    "`{given}` holds no repository that the patterns leave, and {count} that they do not"
                ),
            };
            let help = "give a folder that holds repositories; a folder of files is scanned as PATH";
            return Err(PlanError { what, help: help.to_owned() });
        }
        let mut note = match all.found.len() {
            1 => format!("`{given}` stands for 1 repository"),
            count => format!("`{given}` stands for {count} repositories"),
        };
        if all.left_out > 0 {
            let _ = write!(note, "; patterns leave out {}", all.left_out);
        }
        if all.has_others {
            note.push_str("; it also holds files that are in none of them, and are not scanned");
        }
        self.notes.push(note);
        // What cannot be listed fails as a target of its own, so that it is missing in no report.
        for path in all.found.iter().chain(&all.unread) {
            self.targets.push(Wanted::Read(folder(path, given)?));
        }
        Ok(())
    }
}

fn folder(path: &Path, given: &str) -> Result<Target, PlanError> {
    let unnamed = || PlanError {
        what: format!("`{given}` holds a folder whose name is no text: `{}`", path.display()),
        help: "give it another name, or leave it out by `--repos-exclude`".to_owned(),
    };
    let path = path.to_str().ok_or_else(unnamed)?;
    // A name that begins like a target of another kind has `./` in front.
    let plain = Target::parse(path).ok().filter(|target| target.source == Source::Folder);
    plain.or_else(|| Target::parse(&format!("./{path}")).ok()).ok_or_else(unnamed)
}

/// The targets that a file lists. Paths in it are relative to its folder.
fn listed(list: &Target) -> Result<Vec<Target>, PlanError> {
    let path = PathBuf::from(&list.rest);
    let wrong = |what: String| PlanError {
        what,
        help: "write one target on each line; empty lines, and those that begin with `#`, are passed over"
            .to_owned(),
    };
    let mut bytes = Vec::new();
    muster_code::read_bounded(&path, &list.rest, MAX_BYTES, &mut bytes).map_err(|gap| {
        let why = gap.detail.unwrap_or_default();
        wrong(format!("the list of targets `{}` cannot be read: {why}", list.rest))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong(format!("the list of targets `{}` is no text", list.rest)))?;
    let around = path.parent().unwrap_or(Path::new(""));
    let mut targets = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{}:{}", list.rest, at + 1);
        let target = Target::parse(line).map_err(|error| wrong(format!("{place}: {error}")))?;
        if target.source == Source::List {
            return Err(wrong(format!("{place}: a list of targets names another list")));
        }
        let placed = target
            .below(around)
            .ok_or_else(|| wrong(format!("{place}: this path cannot be used from here")))?;
        targets.push(placed);
    }
    if targets.is_empty() {
        return Err(wrong(format!("the list of targets `{}` names none", list.rest)));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(given: &str) -> Result<Vec<String>, String> {
        match expanded(&[given.to_owned()], &Asking::with(Options::default())) {
            Ok(all) => Ok(all
                .targets
                .into_iter()
                .map(|(Wanted::Read(target) | Wanted::Not(target, _))| target.given)
                .collect()),
            Err(error) => Err(format!("{}; {}", error.what, error.help)),
        }
    }

    #[test]
    fn a_list_names_targets_from_its_own_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("targets.txt");
        let at = path.display().to_string();
        let here = folder.path().display();
        fs::write(
            &path,
            "# ours\n\n  shop  \nk8s:prod\n/srv/mail\nk8s-export:saved.json\ngit+https://host/a\n",
        )
        .unwrap();
        let expected = [
            format!("{here}/shop"),
            "k8s:prod".to_owned(),
            "/srv/mail".to_owned(),
            format!("k8s-export:{here}/saved.json"),
            "git+https://host/a".to_owned(),
        ];
        assert_eq!(told(&format!("@{at}")), Ok(expected.to_vec()));
        for (text, problem) in [
            ("", "names none"),
            ("# only\n", "names none"),
            ("a\n@b\n", "targets.txt:2: a list of targets names another list"),
            ("\nhttps://user:hunter2@host/a\n", "targets.txt:2: `host/a` is a URL"),
        ] {
            fs::write(&path, text).unwrap();
            let error = told(&format!("@{at}")).unwrap_err();
            assert!(error.contains(problem) && !error.contains("hunter2"), "{error}");
        }
        fs::write(&path, [0xff]).unwrap();
        assert!(told(&format!("@{at}")).unwrap_err().contains("is no text"));
        assert!(told("@/nowhere").unwrap_err().starts_with("the list of targets `/nowhere` cannot be read"));
    }

    #[test]
    fn a_folder_without_repositories_is_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let given = format!("repos:{}", folder.path().display());
        assert!(told(&given).unwrap_err().starts_with(&format!("`{given}` holds no repository; ")));
        let error = told("repos:/nowhere").unwrap_err();
        assert!(error.starts_with("`repos:/nowhere` cannot be listed: "), "{error}");
    }
}
