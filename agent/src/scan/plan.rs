//! Which targets a scan reads, each with the collector that reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use asmm_model::Gap;
use muster_collect::{
    Collector, Credentials, Environment, NoCredentials, Options, Progress, Source, Stop, Target, TargetError,
};

use super::expand::{Expanded, Wanted, expanded};
use crate::collectors;

/// The targets of one scan, none of them twice.
pub(crate) struct Plan {
    /// In the order in which they were given.
    pub(super) targets: Vec<Planned>,
    /// What the user should know about the plan.
    pub(crate) notes: Vec<String>,
    /// Tokens of whoever listed repositories.
    pub(super) credentials: Arc<dyn Credentials>,
}

/// One target.
pub(super) struct Planned {
    pub(super) target: Target,
    pub(super) reading: Reading,
}

/// What becomes of a target.
pub(super) enum Reading {
    /// It is read.
    By(&'static dyn Collector),
    /// It stands for others, and this is what is missing of them.
    Not(Missing),
}

/// What a target that stands for others did not come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) gaps: Vec<Gap>,
    /// Why it is not known what all of it is, where it is not.
    pub(super) failed: Option<String>,
}

/// What targets that stand for others are asked about with.
#[derive(Clone)]
pub(crate) struct Asking {
    /// What was given for the options of the sources.
    pub(crate) options: Options,
    /// What the collectors asked to know of the environment.
    pub(crate) environment: Arc<Environment>,
    /// Who watches.
    pub(crate) progress: Arc<dyn Progress>,
    /// Who asks it to end early.
    pub(crate) stop: Stop,
}

impl Asking {
    /// Asks with these options, unwatched, and knows nothing of the environment.
    #[cfg(test)]
    pub(crate) fn with(options: Options) -> Self {
        Self {
            options,
            environment: Arc::default(),
            progress: Arc::new(muster_collect::NoProgress),
            stop: Stop::new(),
        }
    }
}

/// The targets make no plan: a mistake of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlanError {
    /// What is wrong.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) help: String,
}

impl From<TargetError> for PlanError {
    fn from(error: TargetError) -> Self {
        Self { what: error.to_string(), help: SCAN_A_FOLDER.to_owned() }
    }
}

const SCAN_A_FOLDER: &str = "scan the folder that you are in with `muster scan .`";

impl Plan {
    /// Reads the targets of a command line. What stands for several is replaced by these, for which a server may have to be
    /// asked: this takes a while then, and is not for a thread of a runtime.
    pub(crate) fn of(given: &[String], asking: &Asking) -> Result<Self, PlanError> {
        if given.is_empty() {
            let what = "no target is given".to_owned();
            return Err(PlanError { what, help: SCAN_A_FOLDER.to_owned() });
        }
        let Expanded { targets, notes, forges } = expanded(given, asking)?;
        let credentials: Arc<dyn Credentials> = match forges {
            Some(forges) => forges,
            None => Arc::new(NoCredentials),
        };
        let mut plan = Self { targets: Vec::new(), notes, credentials };
        let mut seen: BTreeMap<Place, String> = BTreeMap::new();
        for wanted in targets {
            let (target, reading) = match wanted {
                Wanted::Read(target) => match collectors::reading(target.source) {
                    Some(collector) => (target, Reading::By(collector)),
                    None => return Err(unread(&target)),
                },
                Wanted::Not(target, missing) => (target, Reading::Not(missing)),
            };
            let given = &target.given.clone();
            let place = Place::of(&target);
            if let Some(first) = seen.get(&place) {
                plan.notes.push(if first == given {
                    format!("`{given}` is given twice; it is scanned once")
                } else {
                    let kind = if target.source == Source::Git { "repository" } else { "folder" };
                    format!("`{given}` is the same {kind} as `{first}`; it is scanned once")
                });
                continue;
            }
            seen.insert(place, given.clone());
            plan.targets.push(Planned { target, reading });
        }
        Ok(plan)
    }

    /// How many targets there are.
    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }

    /// The target, where there is one only.
    pub(crate) fn only(&self) -> Option<&Target> {
        match self.targets.as_slice() {
            [planned] => Some(&planned.target),
            _ => None,
        }
    }

    /// The targets that are folders, with these.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (String, std::path::PathBuf)> {
        let folder = |planned: &Planned| Some((planned.target.given.clone(), planned.target.folder()?));
        self.targets.iter().filter_map(folder)
    }

    /// The place that a target of the plan stands for, whatever folder the command is given in.
    pub(crate) fn place_of(&self, given: &str) -> String {
        let planned = self.targets.iter().find(|planned| planned.target.given == given);
        let Some(Planned { target, .. }) = planned else { return given.to_owned() };
        match target.path().map(|path| path.canonicalize()) {
            Some(Ok(path)) => format!("{}{}", given.trim_end_matches(&target.rest), path.display()),
            _ => given.to_owned(),
        }
    }
}

fn unread(target: &Target) -> PlanError {
    let what = format!("`{}` cannot be scanned: this version reads no targets of that kind", target.given);
    let forms: Vec<String> = collectors::described().map(|d| form(d.source, d.title)).collect();
    PlanError { what, help: format!("what can be scanned today is {}", forms.join(", ")) }
}

fn form(source: Source, title: &str) -> String {
    let mut title = title.chars();
    // A title begins with a capital, and stands in the middle of a sentence here.
    let first = title.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!("`{}` ({first}{})", source.form(), title.as_str())
}

/// What two ways of writing one target have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Folder(std::path::PathBuf),
    Other(Source, String),
}

impl Place {
    fn of(target: &Target) -> Self {
        // A folder that is not there fails later, under the name that it was given.
        match target.folder().map(|folder| folder.canonicalize()) {
            Some(Ok(folder)) => Self::Folder(folder),
            // GitHub and GitLab take either.
            _ if target.source == Source::Git => {
                let rest = target.rest.trim_end_matches('/');
                Self::Other(target.source, rest.strip_suffix(".git").unwrap_or(rest).to_owned())
            }
            _ => Self::Other(target.source, target.rest.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(given: &[&str]) -> (String, String) {
        let given: Vec<String> = given.iter().map(|g| (*g).to_owned()).collect();
        match Plan::of(&given, &Asking::with(Options::default())) {
            Ok(_) => panic!("{given:?} makes a plan"),
            Err(error) => (error.what, error.help),
        }
    }

    #[test]
    fn no_target_is_a_mistake_that_says_what_to_write() {
        let expected = ("no target is given", "scan the folder that you are in with `muster scan .`");
        assert_eq!(error(&[]), (expected.0.to_owned(), expected.1.to_owned()));
    }

    #[test]
    fn every_kind_of_target_is_read_by_something() {
        for kind in collectors::described() {
            assert!(collectors::reading(kind.source).is_some(), "{}", kind.id);
        }
        let (what, help) = unread_of("@list");
        assert_eq!(what, "`@list` cannot be scanned: this version reads no targets of that kind");
        insta::assert_snapshot!(help);
    }

    fn unread_of(given: &str) -> (String, String) {
        let PlanError { what, help } = unread(&Target::parse(given).unwrap());
        (what, help)
    }

    #[test]
    fn one_repository_under_two_names_is_planned_once() {
        let given = ["git+https://host/acme/shop", "git+https://host/acme/shop.git"].map(str::to_owned);
        let plan = Plan::of(&given, &Asking::with(Options::default())).unwrap();
        assert_eq!(plan.len(), 1);
        let note = format!("`{}` is the same repository as `{}`; it is scanned once", given[1], given[0]);
        assert_eq!(plan.notes, [note]);
    }

    #[test]
    fn one_folder_under_two_names_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().to_str().unwrap().to_owned();
        let second = format!("{first}/.");
        let plan = Plan::of(
            &[first.clone(), second.clone(), first.clone(), "./gone".to_owned()],
            &Asking::with(Options::default()),
        )
        .unwrap();
        let targets: Vec<&str> = plan.targets.iter().map(|t| t.target.given.as_str()).collect();
        assert_eq!(targets, [first.as_str(), "./gone"]);
        assert_eq!(
            plan.notes,
            [
                format!("`{second}` is the same folder as `{first}`; it is scanned once"),
                format!("`{first}` is given twice; it is scanned once"),
            ]
        );
    }
}
