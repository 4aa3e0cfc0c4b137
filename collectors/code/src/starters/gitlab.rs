//! Pipelines of GitLab: which jobs a schedule, a push or a person starts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use asmm_model::TriggerKind;
use regex::Regex;

use super::commands::add_script;
use super::images::{self, Variables};
use super::{Collection, Command, CommandKind};
use crate::document::{Node, ReadError, Value};

/// Keys of the top that are no jobs.
const GLOBAL: [&str; 14] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
    "types",
    "pages_defaults",
    "before_all",
];
/// Jobs that extend each other further than this are not followed.
const MAX_EXTENDS: usize = 8;
/// Lists in lists, as references make them.
const MAX_NESTED: usize = 24;
/// Entries at the top of one file.
const MAX_ENTRIES: usize = 2_000;
/// Parts of scripts of one file: references may name each other many times over.
const MAX_PARTS: usize = 100_000;

static SOURCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\$\{?CI_PIPELINE_SOURCE\}?["']?\s*(==|=~|!=)\s*(?:["']([a-z_]+)["']|/([^/]*)/)"#)
        .expect("a constant expression")
});

/// Reads the jobs of the last document, which is the pipeline itself.
pub(super) fn read(documents: &[Node], found: &mut Collection) -> Result<(), ReadError> {
    let Some(pipeline) = documents.last() else { return Ok(()) };
    let too_much = || ReadError::Whole { problem: "declares more than is read" };
    if pipeline.entries().len() > MAX_ENTRIES {
        return Err(too_much());
    }
    let mut parts_left = MAX_PARTS;
    for job in pipeline.entries() {
        if job.key.starts_with('.') || GLOBAL.contains(&job.key.as_str()) || job.node.entries().is_empty() {
            continue;
        }
        let job_of = |key: &str| inherited(pipeline, &job.node, key);
        let mut runs: Vec<Command> = Vec::new();
        let default = |key: &str| pipeline.at(&["default", key]).or_else(|| pipeline.get(key));
        let mut folder = String::new();
        for key in ["before_script", "script", "after_script"] {
            if key == "after_script" {
                // It has a shell of its own; the other two share one.
                folder.clear();
            }
            if let Some(script) = job_of(key).or_else(|| default(key)) {
                add_nested((&mut runs, &mut folder), pipeline, script, 0, &mut parts_left)
                    .ok_or_else(too_much)?;
            }
        }
        if runs.is_empty() {
            continue;
        }
        let mut variables = Variables::default();
        variables.add(pipeline.get("variables"));
        variables.add(job_of("variables"));
        images::commands(&variables, &runs, found)?;
        for (kind, value, line) in causes(pipeline, job.line, &job_of) {
            found.add((kind, &value, line), Some(&job.key), &runs)?;
        }
    }
    Ok(())
}

/// A setting of a job or of what it extends.
fn inherited<'a>(pipeline: &'a Node, job: &'a Node, key: &str) -> Option<&'a Node> {
    let mut current = job;
    for _ in 0..MAX_EXTENDS {
        if let Some(node) = current.get(key) {
            return Some(node);
        }
        // Of several, the last one counts most.
        let base = current.get("extends")?.one_or_more().iter().rev().find_map(Node::text)?;
        current = pipeline.get(base)?;
    }
    None
}

/// Adds a script that may be a text, a list, or have lists of `!reference` in it, whose tag is gone; nothing when there
/// are too many parts.
fn add_nested(
    (runs, folder): (&mut Vec<Command>, &mut String),
    pipeline: &Node,
    script: &Node,
    depth: usize,
    parts_left: &mut usize,
) -> Option<()> {
    *parts_left = parts_left.checked_sub(1)?;
    if depth > MAX_NESTED || runs.len() > super::MAX_COMMANDS {
        return None;
    }
    let Value::List(items) = &script.value else {
        *folder = add_script(runs, script, folder, CommandKind::Shell);
        return Some(());
    };
    let names: Option<Vec<&str>> = items.iter().map(Node::text).collect();
    if depth > 0
        && let Some(names) = names
        && !names.is_empty()
        && let Some(target) = pipeline.at(&names)
    {
        return add_nested((runs, folder), pipeline, target, depth + 1, parts_left);
    }
    items.iter().try_for_each(|item| add_nested((runs, folder), pipeline, item, depth + 1, parts_left))
}

type Cause = (TriggerKind, String, u32);

fn causes<'a>(pipeline: &'a Node, line: u32, job_of: &impl Fn(&str) -> Option<&'a Node>) -> Vec<Cause> {
    let manual = job_of("when").and_then(Node::text) == Some("manual");
    let mut named = Vec::new();
    if let Some(rules) = job_of("rules") {
        named = rule_causes(rules);
    } else if let Some(only) = job_of("only") {
        let refs = only.get("refs").unwrap_or(only);
        named.extend(refs.one_or_more().iter().filter_map(|r| source(r.text()?, r.line)));
    }
    if named.is_empty()
        && let Some(rules) = pipeline.at(&["workflow", "rules"])
    {
        named = rule_causes(rules);
    }
    if manual {
        return vec![(TriggerKind::Manual, "manual".to_owned(), line)];
    }
    if named.is_empty() {
        return vec![(TriggerKind::Event, "push".to_owned(), line)];
    }
    let mut seen = BTreeSet::new();
    named.retain(|(kind, value, _)| seen.insert((*kind, value.clone())));
    named
}

/// The sources that rules name, but for those that they exclude.
fn rule_causes(rules: &Node) -> Vec<Cause> {
    let mut causes = Vec::new();
    for rule in rules.items() {
        let when = rule.text_at(&["when"]).unwrap_or("on_success");
        let Some(condition) = rule.get("if") else {
            if when == "manual" {
                causes.push((TriggerKind::Manual, "manual".to_owned(), rule.line));
            }
            continue;
        };
        let text = condition.text().unwrap_or_default();
        if when == "never" {
            continue;
        }
        if when == "manual" {
            causes.push((TriggerKind::Manual, "manual".to_owned(), condition.line));
            continue;
        }
        for found in SOURCE.captures_iter(text).filter(|c| c.get(1).is_some_and(|op| op.as_str() != "!=")) {
            let names = found.get(2).or_else(|| found.get(3)).map_or("", |names| names.as_str());
            let words =
                names.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter(|word| !word.is_empty());
            causes.extend(words.filter_map(|word| source(word, condition.line)));
        }
        if text.contains("$CI_COMMIT_TAG") {
            causes.push((TriggerKind::Event, "tag".to_owned(), condition.line));
        }
    }
    causes
}

/// What one name of a pipeline's source means; nothing for names of branches.
fn source(name: &str, line: u32) -> Option<Cause> {
    let (kind, value) = match name {
        // The clock itself is set in the settings of the project.
        "schedule" | "schedules" => (TriggerKind::Schedule, ""),
        "web" => (TriggerKind::Manual, "web"),
        "api" | "trigger" | "triggers" => (TriggerKind::Webhook, name),
        "push" | "pushes" | "branches" => (TriggerKind::Event, "push"),
        "tags" => (TriggerKind::Event, "tag"),
        "merge_request_event" | "merge_requests" => (TriggerKind::Event, "merge_request"),
        "external"
        | "external_pull_request_event"
        | "external_pull_requests"
        | "pipeline"
        | "pipelines"
        | "chat" => (TriggerKind::Event, name),
        _ => return None,
    };
    Some((kind, value.to_owned(), line))
}
