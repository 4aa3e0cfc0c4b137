//! Which targets a scan reads, each with the collector that reads it.

use std::collections::BTreeMap;

use muster_collect::{Collector, Options, Source, Target, TargetError};

use super::expand::{Expanded, expanded};
use crate::collectors;

/// The targets of one scan, none of them twice.
pub(crate) struct Plan {
    /// In the order in which they were given.
    pub(super) targets: Vec<Planned>,
    /// What the user should know about the plan.
    pub(crate) notes: Vec<String>,
}

/// One target.
pub(super) struct Planned {
    pub(super) target: Target,
    pub(super) collector: &'static dyn Collector,
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
    /// Reads the targets of a command line. What stands for several is replaced by these.
    pub(crate) fn of(given: &[String], options: &Options) -> Result<Self, PlanError> {
        if given.is_empty() {
            let what = "no target is given".to_owned();
            return Err(PlanError { what, help: SCAN_A_FOLDER.to_owned() });
        }
        let Expanded { targets, notes } = expanded(given, options)?;
        let mut plan = Self { targets: Vec::new(), notes };
        let mut seen: BTreeMap<Place, String> = BTreeMap::new();
        for target in targets {
            let given = &target.given.clone();
            let Some(collector) = collectors::reading(target.source) else {
                return Err(unread(&target));
            };
            let place = Place::of(&target);
            if let Some(first) = seen.get(&place) {
                plan.notes.push(if first == given {
                    format!("`{given}` is given twice; it is scanned once")
                } else {
                    format!("`{given}` is the same folder as `{first}`; it is scanned once")
                });
                continue;
            }
            seen.insert(place, given.clone());
            plan.targets.push(Planned { target, collector });
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
    let forms: Vec<String> =
        collectors::ALL.iter().map(|c| c.descriptor()).map(|d| form(d.source, d.title)).collect();
    let help = match target.source {
        Source::Github | Source::Gitlab => "; write each repository as git+https://HOST/PATH",
        // All of these have a collector.
        Source::Git
        | Source::AwsExport
        | Source::KubernetesExport
        | Source::CycloneDx
        | Source::Aws
        | Source::Kubernetes
        | Source::Folder
        | Source::Repositories
        | Source::List => "",
    };
    PlanError { what, help: format!("what can be scanned today is {}{help}", forms.join(", ")) }
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
            _ => Self::Other(target.source, target.rest.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(given: &[&str]) -> (String, String) {
        let given: Vec<String> = given.iter().map(|g| (*g).to_owned()).collect();
        match Plan::of(&given, &Options::default()) {
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
    fn what_no_collector_reads_is_a_mistake_that_names_what_can_be_scanned() {
        let today = "what can be scanned today is `PATH` (source code in a folder), `git+https://HOST/PATH` (git repositories), `aws:[PROFILE]` (accounts of AWS), `aws-export:PATH` (saved answers of AWS), `k8s:[CONTEXT]` (clusters of Kubernetes), `k8s-export:PATH` (saved objects of Kubernetes), `cyclonedx:PATH` (bills of materials by CycloneDX)";
        for given in ["github:acme/shop", "gitlab:acme"] {
            let (what, help) = error(&[".", given]);
            assert_eq!(
                what,
                format!("`{given}` cannot be scanned: this version reads no targets of that kind")
            );
            assert_eq!(help, format!("{today}; write each repository as git+https://HOST/PATH"));
        }
    }

    #[test]
    fn one_folder_under_two_names_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().to_str().unwrap().to_owned();
        let second = format!("{first}/.");
        let plan = Plan::of(
            &[first.clone(), second.clone(), first.clone(), "./gone".to_owned()],
            &Options::default(),
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
