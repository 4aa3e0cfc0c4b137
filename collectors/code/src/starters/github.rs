//! Workflows of GitHub Actions: events and schedules, and the steps of all jobs.

use asmm_model::TriggerKind;

use super::commands::{add_script, single};
use super::{Collection, Command, CommandKind, agentic, images, name_of, shell};
use crate::document::{Node, ReadError, Value};

/// Ending of a workflow that was made from one in Markdown.
const COMPILED: &str = ".lock.yml";

/// Reads the triggers, each of which runs all jobs.
pub(super) fn read(workflow: &Node, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let label =
        workflow.get("name").and_then(Node::text).filter(|name| !name.is_empty()).unwrap_or(name_of(path));
    let mut runs = steps(workflow);
    if path.ends_with(COMPILED)
        && let Some((engine, line)) = agentic::compiled(workflow)
    {
        runs.extend(agentic::agent(&engine, line));
        found.setup.open = true;
    }
    images::workflow(workflow, &runs, found)?;
    events(workflow, label, &runs, found)
}

/// Adds the events that start a workflow, or that only others start it.
pub(super) fn events(
    workflow: &Node,
    label: &str,
    runs: &[Command],
    found: &mut Collection,
) -> Result<(), ReadError> {
    // Writers that know YAML 1.1 only take `on` for a boolean.
    let Some(on) = ["on", "true", "True"].iter().find_map(|key| workflow.entry(key)) else {
        return Ok(());
    };
    let before = found.starters.len();
    let mut add = |kind, value: &str, line| found.add((kind, value, line), Some(label), runs);
    match &on.node.value {
        Value::Text(event) => add_event(event, None, on.node.line, &mut add)?,
        Value::List(events) => {
            for event in events {
                if let Some(name) = event.text() {
                    add_event(name, None, event.line, &mut add)?;
                }
            }
        }
        Value::Table(events) => {
            for event in events {
                add_event(&event.key, Some(&event.node), event.line, &mut add)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    // The callers have triggers of their own, in this repository or in another.
    let names = on.node.one_or_more().iter().filter_map(Node::text);
    let is_called =
        names.chain(on.node.entries().iter().map(|event| &*event.key)).any(|name| name == "workflow_call");
    if (is_called || found.starters.len() == before) && !runs.is_empty() {
        found.call(Some(label), on.line, runs)?;
    }
    Ok(())
}

fn add_event(
    name: &str,
    settings: Option<&Node>,
    line: u32,
    add: &mut impl FnMut(TriggerKind, &str, u32) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    match name {
        // `daily on weekdays`, which the compiler of agentic workflows makes a time of.
        "schedule" if settings.is_some_and(|node| node.text().is_some()) => {
            add(TriggerKind::Schedule, settings.and_then(Node::text).unwrap_or_default(), line)
        }
        "schedule" => {
            let clocks = settings.map_or(&[][..], Node::one_or_more);
            if clocks.is_empty() {
                return add(TriggerKind::Schedule, "", line);
            }
            for clock in clocks {
                let cron = clock.entry("cron");
                let value = cron.and_then(|c| c.node.text()).unwrap_or_default();
                add(TriggerKind::Schedule, value, cron.map_or(clock.line, |c| c.line))?;
            }
            Ok(())
        }
        "workflow_dispatch" => add(TriggerKind::Manual, name, line),
        // Settings of agentic workflows that stand among the events.
        "workflow_call" | "reaction" | "stop-after" | "roles" | "bots" | "skip-if-match"
        | "skip-if-no-match" | "manual-approval" | "forks" | "names" | "lock-for-agent"
        | "status-comment" | "skip-roles" | "skip-bots" | "steps" | "permissions" | "github-token"
        | "github-app" => Ok(()),
        // Anybody who may comment can write the command.
        "command" | "slash_command" => add(TriggerKind::Event, "issue_comment", line),
        _ => {
            let types = settings.and_then(|s| s.get("types")).map_or(&[][..], Node::one_or_more);
            let types: Vec<&str> = types.iter().filter_map(Node::text).collect();
            let value =
                if types.is_empty() { name.to_owned() } else { format!("{name}: {}", types.join(", ")) };
            add(TriggerKind::Event, &value, line)
        }
    }
}

fn steps(workflow: &Node) -> Vec<Command> {
    let mut runs = Vec::new();
    let default = |node: &Node, key: &str| node.text_at(&["defaults", "run", key]).map(str::to_owned);
    for job in workflow.entries_at(&["jobs"]) {
        if let Some(called) = job.node.get("uses")
            && let Some(text) = called.text()
        {
            runs.push(single(text, called.line, "", CommandKind::Action));
        }
        let folder =
            default(&job.node, "working-directory").or_else(|| default(workflow, "working-directory"));
        let language = default(&job.node, "shell").or_else(|| default(workflow, "shell"));
        for step in job.node.items_at(&["steps"]) {
            if let Some(action) = step.get("uses")
                && let Some(text) = action.text()
            {
                runs.push(single(text, action.line, "", CommandKind::Action));
            }
            let Some(script) = step.get("run") else { continue };
            // With `shell: python` the script is source text of Python, not of a shell.
            let language = step.text_at(&["shell"]).or(language.as_deref()).unwrap_or("bash");
            if language.starts_with("python") {
                continue;
            }
            let folder = step.text_at(&["working-directory"]).or(folder.as_deref()).unwrap_or_default();
            add_script(&mut runs, script, &shell::join("", folder), CommandKind::Shell);
        }
    }
    runs
}
