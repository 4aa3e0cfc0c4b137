//! Steps of CI that evaluate or attack what models answer: by the action they use, the command they call, or the code they
//! run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_rules::{RulePack, RunSite, is_command};

use crate::manifests::{ManifestKind, unit_folder};
use crate::starters::{
    Command, CommandKind, Package, Setup, Starter, Surroundings, calls, is_ci, join_path, runs_file,
};
use crate::survey::ManifestFacts;

/// Scripts of packages that call scripts further than this are not followed.
const MAX_DEPTH: usize = 3;
/// Questions whether a step runs a file.
const MOST: usize = 50_000;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Evaluation {
    /// The file of the pipeline.
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    pub(crate) rule: u32,
    /// What is run.
    pub(crate) what: String,
}

/// What steps are told by.
pub(crate) struct Steps<'s> {
    pub(crate) pack: &'s RulePack,
    pub(crate) starters: &'s [(Arc<str>, Starter)],
    pub(crate) setups: &'s BTreeMap<Arc<str>, Setup>,
    pub(crate) manifests: &'s [ManifestFacts],
    /// Files in which a rule saw its component: code that evaluates.
    pub(crate) code: &'s BTreeSet<(u32, &'s str)>,
}

impl Steps<'_> {
    /// Every step that evaluates, in order.
    pub(crate) fn evaluations(&self) -> Vec<Evaluation> {
        let started = self.starters.iter().map(|(path, starter)| (path, &starter.runs));
        let called =
            self.setups.iter().flat_map(|(path, setup)| setup.called.iter().map(move |c| (path, &c.runs)));
        let mut steps: Vec<(&Arc<str>, &Command)> = started
            .chain(called)
            .filter(|(path, _)| is_ci(path))
            .flat_map(|(path, runs)| runs.iter().map(move |command| (path, command)))
            .collect();
        // Each trigger of a workflow repeats all of its commands.
        steps.sort_by_key(|(path, command)| (*path, command.line, &command.text));
        steps.dedup_by_key(|(path, command)| (*path, command.line, &command.text));
        let mut left = MOST;
        let mut found: BTreeSet<Evaluation> = BTreeSet::new();
        for (path, command) in steps {
            let by_name = self.by_name(command);
            let by_code = if by_name.is_empty() { self.by_code(command, &mut left) } else { Vec::new() };
            found.extend(by_name.into_iter().chain(by_code).map(|(rule, what)| Evaluation {
                path: Arc::clone(path),
                line: command.line,
                rule,
                what,
            }));
        }
        found.into_iter().collect()
    }

    /// Rules about the action or the command of a step, with what it is.
    fn by_name(&self, command: &Command) -> Vec<(u32, String)> {
        let sites = || self.pack.evaluations();
        match command.kind {
            CommandKind::Action => {
                let name = command.text.split(['@', ' ', '\n']).next().unwrap_or_default();
                sites()
                    .filter(|(_, site)| site.is_action(&command.text))
                    .map(|(at, _)| (at.rule, name.to_owned()))
                    .collect()
            }
            CommandKind::Shell | CommandKind::ImageCommand | CommandKind::HostCommand => {
                let mut lines = vec![command.text.clone()];
                self.add_scripts(&command.text, &command.folder, MAX_DEPTH, &mut lines);
                let words: Vec<Vec<&str>> =
                    lines.iter().map(|line| line.split_whitespace().collect()).collect();
                let called = |site: &RunSite| {
                    let fits = |called: &&String| words.iter().any(|words| is_command(words, called));
                    site.commands.iter().find(fits).cloned()
                };
                sites().filter_map(|(at, site)| Some((at.rule, called(site)?))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Adds the scripts of packages that a line calls, as `npm run eval` does.
    fn add_scripts(&self, line: &str, folder: &str, depth: usize, lines: &mut Vec<String>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for call in calls(line) {
            let mut words = call.words.iter().map(String::as_str);
            if !words.next().is_some_and(|program| matches!(program, "npm" | "pnpm" | "yarn" | "bun")) {
                continue;
            }
            let Some(name) =
                words.find(|word| !word.starts_with('-') && !matches!(*word, "run" | "run-script"))
            else {
                continue;
            };
            let here = |manifest: &&ManifestFacts| {
                manifest.kind == ManifestKind::PackageJson && unit_folder(&manifest.path) == folder
            };
            let scripts =
                self.manifests.iter().filter(here).filter_map(|manifest| manifest.scripts.get(name));
            for script in scripts.filter(|script| !lines.contains(script)).cloned().collect::<Vec<_>>() {
                lines.push(script.clone());
                self.add_scripts(&script, folder, depth, lines);
            }
        }
    }

    /// Rules whose component is used in a file that a step runs, or in the folder that it lets pytest go through.
    fn by_code(&self, command: &Command, left: &mut usize) -> Vec<(u32, String)> {
        if command.kind != CommandKind::Shell || self.code.is_empty() {
            return Vec::new();
        }
        let folders = tested(command);
        let scripts = BTreeMap::new();
        let packages: Vec<Package<'_>> = self
            .manifests
            .iter()
            .map(|m| Package { ecosystem: m.kind.ecosystem(), path: &m.path, name: m.name.as_deref() })
            .collect();
        let around = Surroundings {
            scripts: &scripts,
            scripts_folder: "",
            entry_points: &[],
            packages: &packages,
            declares: &|_| false,
        };
        let is_in = |folder: &String, file: &str| {
            file == folder || file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut found = Vec::new();
        for (rule, file) in self.code {
            let Some(rest) = left.checked_sub(1) else { break };
            *left = rest;
            let runs = folders.iter().any(|folder| is_in(folder, file))
                || runs_file(command, file, &around).is_some();
            if runs {
                found.push((*rule, (*file).to_owned()));
            }
        }
        found
    }
}

/// The files and folders that pytest is told to go through; without any, it goes through everything and says nothing of
/// evaluations.
fn tested(command: &Command) -> Vec<String> {
    let mut all = Vec::new();
    for call in calls(&command.text) {
        let Some(at) = call.words.iter().position(|word| matches!(word.as_str(), "pytest" | "py.test"))
        else {
            continue;
        };
        let paths = call.words.iter().skip(at.saturating_add(1)).take_while(|word| *word != "--");
        let paths = paths.filter(|word| !word.starts_with('-') && !word.contains(['=', '$']));
        let path = |word: &String| join_path(&command.folder, word.split("::").next().unwrap_or(word));
        all.extend(
            paths.map(path).map(|path| path.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty()),
        );
    }
    all
}
