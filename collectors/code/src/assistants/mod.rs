//! Coding agents that files start: workflows, jobs and timers that use an action or call a command which rules know.

mod commits;
mod github;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asmm_model::{Effect, TriggerKind};
use muster_rules::{RulePack, RunRef};

use crate::document::Node;
use crate::starters::{Command, CommandKind, Setup, Starter, StarterFile, kind_of};

pub(crate) use commits::{Signatures, signers};

/// A file that starts coding agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assistant {
    pub(crate) path: Arc<str>,
    /// What the file calls itself.
    pub(crate) name: String,
    pub(crate) uses: Vec<Use>,
    /// What starts it: kind, value and line.
    pub(crate) triggers: Vec<(TriggerKind, String, u32)>,
    /// What starts the workflows that call it: file, kind, value and line.
    pub(crate) callers: Vec<(Arc<str>, TriggerKind, String, u32)>,
    /// Whether something else may start it: another repository, or the settings of a service.
    pub(crate) called: bool,
    /// What the file hands to the agent, beside what that brings along: name, effect, line, and whether a person may have to
    /// let it go on.
    pub(crate) given: Vec<(String, Effect, u32, bool)>,
    /// Whether it may be handed more.
    pub(crate) open: bool,
    /// Secrets that it is given, with the lines that do so.
    pub(crate) secrets: BTreeMap<String, u32>,
    /// What the token of the workflow may do, with the line that says so.
    pub(crate) permissions: Option<(String, u32)>,
    /// Roles of a cloud that its job acts under, with the lines that say so.
    pub(crate) roles: BTreeMap<String, u32>,
    /// The line that lets its job be vouched for, by a token that roles of a cloud may trust.
    pub(crate) vouched: Option<u32>,
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

/// What starts by itself, and what pipelines give to what they run, each with its file.
type Declared<'s> = (&'s [(Arc<str>, Starter)], &'s BTreeMap<Arc<str>, Setup>);

/// How far callers of callers are looked for.
const MAX_CALLERS: usize = 4;

/// The files among starters that run a coding agent. `read` gives the document of a workflow, where it can be read.
pub(crate) fn assistants(
    pack: &RulePack,
    (starters, setups): Declared<'_>,
    read: &dyn Fn(&str) -> Option<Node>,
) -> Vec<Assistant> {
    let mut found: BTreeMap<Arc<str>, Assistant> = BTreeMap::new();
    let mut add = |path: &Arc<str>, label: Option<&str>, runs: &[Command]| -> bool {
        let uses: BTreeSet<Use> = runs.iter().flat_map(|command| used(pack, command)).collect();
        if uses.is_empty() {
            return false;
        }
        let assistant = found.entry(Arc::clone(path)).or_insert_with(|| Assistant {
            path: Arc::clone(path),
            name: label.unwrap_or_else(|| name_of(path)).to_owned(),
            uses: Vec::new(),
            triggers: Vec::new(),
            callers: Vec::new(),
            called: false,
            given: Vec::new(),
            open: false,
            secrets: BTreeMap::new(),
            permissions: None,
            roles: BTreeMap::new(),
            vouched: None,
        });
        assistant.uses.extend(uses);
        true
    };
    let mut started: BTreeMap<Arc<str>, Vec<(TriggerKind, String, u32)>> = BTreeMap::new();
    for (path, starter) in starters {
        if add(path, starter.label.as_deref(), &starter.runs) {
            let triggers = started.entry(Arc::clone(path)).or_default();
            triggers.push((starter.kind, starter.value.clone(), starter.line));
        }
    }
    let mut called: BTreeSet<Arc<str>> = BTreeSet::new();
    for (path, setup) in setups {
        for part in &setup.called {
            if add(path, part.label.as_deref(), &part.runs) {
                called.insert(Arc::clone(path));
            }
        }
    }
    // A workflow that was made from one in Markdown is that workflow.
    let made: Vec<Arc<str>> = found
        .keys()
        .filter(|path| source_of(path).is_some_and(|from| found.contains_key(&*from)))
        .cloned()
        .collect();
    for path in &made {
        found.remove(path);
    }
    let mut all: Vec<Assistant> = found.into_values().collect();
    for assistant in &mut all {
        assistant.uses.sort();
        assistant.uses.dedup();
        assistant.triggers = started.remove(&assistant.path).unwrap_or_default();
        assistant.called = called.contains(&assistant.path);
        if assistant.called {
            assistant.callers = callers(&assistant.path, starters, setups);
        }
        if let Some(setup) = setups.get(&assistant.path) {
            assistant.take(setup);
        }
        let is_workflow = kind_of(&assistant.path) == Some(StarterFile::GithubWorkflow);
        if is_workflow && let Some(document) = read(&assistant.path) {
            github::add_details(pack, &document, assistant);
        }
    }
    all
}

impl Assistant {
    fn take(&mut self, setup: &Setup) {
        self.uses.iter_mut().for_each(|at| at.waits |= setup.waits);
        self.open |= setup.open;
        for (name, line) in &setup.secrets {
            self.secrets.entry(name.clone()).or_insert(*line);
        }
        self.given
            .extend(setup.tools.iter().map(|tool| (tool.name.clone(), tool.effect, tool.line, setup.waits)));
        self.permissions = setup.permissions.as_ref().map(|(node, line)| (github::allowed(node), *line));
    }
}

/// The workflow in Markdown that a compiled one was made from.
fn source_of(path: &str) -> Option<String> {
    path.strip_suffix(".lock.yml").map(|stem| format!("{stem}.md"))
}

/// What starts the workflows of the same repository that call one, over several steps.
fn callers(
    path: &str,
    starters: &[(Arc<str>, Starter)],
    setups: &BTreeMap<Arc<str>, Setup>,
) -> Vec<(Arc<str>, TriggerKind, String, u32)> {
    let calls = |runs: &[Command], wanted: &BTreeSet<&str>| {
        runs.iter().any(|command| {
            let local = command.text.strip_prefix("./").filter(|_| command.kind == CommandKind::Action);
            local.is_some_and(|called| wanted.contains(called))
        })
    };
    let mut wanted: BTreeSet<&str> = BTreeSet::from([path]);
    for _ in 0..MAX_CALLERS {
        let before = wanted.len();
        for (caller, setup) in setups {
            if setup.called.iter().any(|part| calls(&part.runs, &wanted)) {
                wanted.insert(caller);
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    let starts = starters.iter().filter(|(_, starter)| calls(&starter.runs, &wanted));
    starts.map(|(by, starter)| (Arc::clone(by), starter.kind, starter.value.clone(), starter.line)).collect()
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
