//! Controls that stand beside the code: evaluations in CI, plans for incidents, limits in configuration; and which systems
//! they are about.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{ControlKind, Evidence, EvidenceClass, Observation, Place, Role, Scope};
use muster_rules::RulePack;

use super::case::clip;
use super::controls::Controls;
use crate::artifacts::Artifact;
use crate::evaluations::Evaluation;
use crate::program::parent;
use crate::role::role_of;

/// Folders that hold the files of a service that builds and tests.
const OF_CI: [&str; 12] = [
    ".github",
    ".gitlab",
    ".circleci",
    ".buildkite",
    ".azure-pipelines",
    ".azuredevops",
    "azure-pipelines",
    ".pipelines",
    "pipelines",
    ".ci",
    "ci",
    "jenkins",
];
/// Folders that hold what is written and set for those who run a system.
const OF_OPERATIONS: [&str; 30] = [
    ".github",
    ".gitlab",
    "docs",
    "doc",
    "documentation",
    "wiki",
    "handbook",
    "runbooks",
    "runbook",
    "playbooks",
    "playbook",
    "incidents",
    "incident",
    "incident-response",
    "ops",
    "operations",
    "oncall",
    "on-call",
    "sre",
    "monitoring",
    "observability",
    "prometheus",
    "alerts",
    "alerting",
    "deploy",
    "deployment",
    "infra",
    "k8s",
    "kubernetes",
    "charts",
];

/// Observations of what evaluates, plans and limits, in the scope of every system that it is about.
pub(crate) fn around(
    pack: &RulePack,
    artifacts: &[Artifact],
    evaluations: &[Evaluation],
    systems: &BTreeSet<&Scope>,
) -> Vec<Observation> {
    let mut found: BTreeMap<&Scope, Controls> = BTreeMap::new();
    for step in evaluations {
        let rule = pack.rule(step.rule);
        let at = Evidence::at(Place::line(&*step.path, step.line.max(1)), Role::Production);
        let at = at.by(rule.id.0.clone()).of(EvidenceClass::Ci).noting(format!("`{}`", clip(&step.what)));
        for system in about(&step.path, &OF_CI, systems) {
            found.entry(system).or_default().add(ControlKind::Evaluation, &rule.name, at.clone());
        }
    }
    for artifact in artifacts {
        let Some(kind) = artifact.means else { continue };
        let rule = pack.rule(artifact.rule);
        for shown in &artifact.shows {
            let at = Evidence::at(Place::line(&*artifact.path, shown.line), role_of(&artifact.path));
            let at = at.by(rule.id.0.clone()).of(EvidenceClass::Config);
            let at = if shown.note.is_empty() { at } else { at.noting(&shown.note) };
            let name = name_of(kind, &rule.title, &shown.note);
            let systems = match kind {
                ControlKind::IncidentPlan => about(&artifact.path, &OF_OPERATIONS, systems),
                // Whether others are reached by what is set there is not known.
                _ => around_of(parent(&artifact.path), systems).into_iter().collect(),
            };
            for system in systems {
                found.entry(system).or_default().add(kind, &name, at.clone());
            }
        }
    }
    let observations = found.into_iter().flat_map(|(scope, controls)| {
        controls.into_facts().map(|fact| Observation { scope: scope.clone(), fact })
    });
    observations.collect()
}

/// What does it: of a limit the last key of the setting, of a plan what kind of plan it is.
fn name_of(kind: ControlKind, title: &str, note: &str) -> String {
    let key = note.split('`').nth(1).and_then(|key| key.rsplit('.').next()).filter(|key| !key.is_empty());
    match (kind, key) {
        (ControlKind::Limit | ControlKind::Recovery, Some(key)) => clip(key),
        _ => title.to_owned(),
    }
}

/// The systems that a file is about. It speaks for the folder that it is kept in, without those that only hold files of its
/// kind: for every system below that folder, or else for the innermost one around it. A pipeline at the top of a repository
/// is about all of its systems, and a runbook in `services/desk/docs` about those of `services/desk`.
fn about<'s>(path: &str, without: &[&str], systems: &BTreeSet<&'s Scope>) -> Vec<&'s Scope> {
    let folder = subject(parent(path), without);
    let below: Vec<&Scope> =
        systems.iter().copied().filter(|system| is_inside(folder, &system.root)).collect();
    if !below.is_empty() {
        return below;
    }
    around_of(folder, systems).into_iter().collect()
}

/// The innermost system around a folder.
fn around_of<'s>(folder: &str, systems: &BTreeSet<&'s Scope>) -> Option<&'s Scope> {
    let around = systems.iter().copied().filter(|system| is_inside(&system.root, folder));
    around.max_by_key(|system| system.root.len())
}

/// A folder up to the first that only holds files of a kind.
fn subject<'p>(folder: &'p str, without: &[&str]) -> &'p str {
    let mut end = 0;
    for part in folder.split('/') {
        if without.iter().any(|name| part.eq_ignore_ascii_case(name)) {
            return folder[..end].trim_end_matches('/');
        }
        end += part.len() + usize::from(end + part.len() < folder.len());
    }
    folder
}

/// Whether a path is a folder, or in it.
fn is_inside(folder: &str, path: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_speaks_for_the_folder_that_it_is_kept_in() {
        let scope =
            |root: &str| Scope { target: "t".to_owned(), root: root.to_owned(), name: "n".to_owned() };
        let scopes = [
            scope("services/desk"),
            scope("services/desk/samples/a"),
            scope("web"),
            scope(".github/workflows/a.yml"),
        ];
        let systems: BTreeSet<&Scope> = scopes.iter().collect();
        let about = |path: &str, without: &[&str]| {
            about(path, without, &systems)
                .iter()
                .map(|scope| scope.root.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let all = ".github/workflows/a.yml services/desk services/desk/samples/a web";
        let desk = "services/desk services/desk/samples/a";
        let cases = [
            (".github/workflows/evals.yml", &OF_CI[..], all),
            (".gitlab-ci.yml", &OF_CI, all),
            ("services/desk/azure-pipelines.yml", &OF_CI, desk),
            ("services/desk/.github/workflows/e.yml", &OF_CI, desk),
            ("services/azure-pipelines.yml", &OF_CI, desk),
            ("tools/.circleci/config.yml", &OF_CI, ""),
            ("docs/runbooks/desk/restart.md", &OF_OPERATIONS, all),
            ("services/desk/docs/RUNBOOK.md", &OF_OPERATIONS, desk),
            ("web/pages/RUNBOOK.md", &OF_OPERATIONS, "web"),
            ("services/RUNBOOK.md", &OF_OPERATIONS, desk),
        ];
        for (path, without, expected) in cases {
            assert_eq!(about(path, without), expected, "{path}");
        }
    }
}
