//! Coding agents that files start: workflows, jobs and timers that use an action or call a command which rules know.

mod github;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asmm_model::TriggerKind;
use muster_rules::{RulePack, RunRef};

use crate::document::Node;
use crate::starters::{Command, CommandKind, Starter};

/// A file that starts coding agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assistant {
    pub(crate) path: Arc<str>,
    /// What the file calls itself.
    pub(crate) name: String,
    pub(crate) uses: Vec<Use>,
    /// What starts it: kind, value and line.
    pub(crate) triggers: Vec<(TriggerKind, String, u32)>,
    /// Secrets that it is given, with the lines that do so.
    pub(crate) secrets: BTreeMap<String, u32>,
    /// What the token of the workflow may do, with the line that says so.
    pub(crate) permissions: Option<(String, u32)>,
}

/// One place at which an agent is run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) run: RunRef,
    pub(crate) line: u32,
    pub(crate) unattended: bool,
    pub(crate) confined: bool,
    /// Whether a person may have to let the job run.
    pub(crate) waits: bool,
}

/// The files among starters that run a coding agent. `read` gives the document of a workflow, where it can be read.
pub(crate) fn assistants(
    pack: &RulePack,
    starters: &[(Arc<str>, Starter)],
    read: &dyn Fn(&str) -> Option<Node>,
) -> Vec<Assistant> {
    let mut found: BTreeMap<Arc<str>, Assistant> = BTreeMap::new();
    for (path, starter) in starters {
        let uses: BTreeSet<Use> = starter.runs.iter().flat_map(|command| used(pack, command)).collect();
        if uses.is_empty() {
            continue;
        }
        let assistant = found.entry(Arc::clone(path)).or_insert_with(|| Assistant {
            path: Arc::clone(path),
            name: starter.label.clone().unwrap_or_else(|| name_of(path).to_owned()),
            uses: Vec::new(),
            triggers: Vec::new(),
            secrets: BTreeMap::new(),
            permissions: None,
        });
        assistant.uses.extend(uses);
        assistant.triggers.push((starter.kind, starter.value.clone(), starter.line));
    }
    let mut all: Vec<Assistant> = found.into_values().collect();
    for assistant in &mut all {
        assistant.uses.sort();
        assistant.uses.dedup();
        if let Some(document) = read(&assistant.path) {
            github::add_details(pack, &document, assistant);
        }
    }
    all
}

/// The agents that one command runs.
fn used(pack: &RulePack, command: &Command) -> Vec<Use> {
    let fits = |site: &muster_rules::RunSite| match command.kind {
        CommandKind::Action => site.is_action(&command.text),
        CommandKind::Shell | CommandKind::HostCommand | CommandKind::ImageCommand => {
            site.is_command(&command.text)
        }
        _ => false,
    };
    pack.runs()
        .filter(|(_, site)| fits(site))
        .map(|(run, site)| Use {
            run,
            line: command.line,
            unattended: site.is_unattended(&command.text),
            confined: site.is_confined(&command.text),
            waits: false,
        })
        .collect()
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
