//! Pipelines of Azure, Bitbucket, Buildkite and CircleCI: which scripts a push, a clock or a person starts.

use std::collections::BTreeSet;

use asmm_model::TriggerKind;

use super::commands::add_script;
use super::{Collection, Command, CommandKind, Setup, name_of, shell};
use crate::document::{Node, ReadError};

/// Steps in groups, stages and conditions are looked for this deep.
const MAX_DEPTH: u8 = 24;
/// Commands of one file that call each other are followed this far.
const MAX_CALLS: u8 = 4;

pub(super) type Cause<'n> = (TriggerKind, &'n str, u32);

/// Adds what one pipeline runs: once for each cause, or as something that others start where the file knows none.
pub(super) fn add(
    found: &mut Collection,
    causes: &[Cause<'_>],
    label: Option<&str>,
    line: u32,
    runs: &[Command],
) -> Result<(), ReadError> {
    if runs.is_empty() {
        return Ok(());
    }
    if causes.is_empty() {
        return found.call(label, line, runs);
    }
    causes.iter().try_for_each(|cause| found.add(*cause, label, runs))
}

/// A pipeline of Azure, or a template that pipelines fill in.
pub(super) fn azure(pipeline: &Node, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let mut runs = Vec::new();
    azure_steps(pipeline, MAX_DEPTH, &mut runs, &mut found.setup);
    let is_off = |node: &Node| node.text() == Some("none");
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for clock in pipeline.items_at(&["schedules"]) {
        let Some(cron) = clock.entry("cron") else { continue };
        causes.push((TriggerKind::Schedule, cron.node.text().unwrap_or_default(), cron.line));
    }
    for (key, event) in [("trigger", "push"), ("pr", "pull_request")] {
        if let Some(entry) = pipeline.entry(key).filter(|entry| !is_off(&entry.node)) {
            causes.push((TriggerKind::Event, event, entry.line));
        }
    }
    for resource in pipeline.entries_at(&["resources"]) {
        let kind = match resource.key.as_str() {
            "webhooks" => TriggerKind::Webhook,
            _ => TriggerKind::Event,
        };
        for item in resource.node.items() {
            let starts = item.entry("trigger").filter(|entry| !is_off(&entry.node));
            match (kind, starts) {
                (TriggerKind::Webhook, _) => causes.push((kind, "webhook", item.line)),
                (_, Some(entry)) => causes.push((kind, "pipeline", entry.line)),
                _ => {}
            }
        }
    }
    // With all of them switched off, a person starts it; a file without these keys is a template, or is set up elsewhere.
    let told = ["trigger", "pr"].iter().find_map(|key| pipeline.entry(key));
    if let (true, Some(entry)) = (causes.is_empty(), told) {
        causes.push((TriggerKind::Manual, "manual", entry.line));
    }
    let label = pipeline.text_at(&["name"]).filter(|name| !name.contains('$'));
    add(found, &causes, label.or(Some(name_of(path))), pipeline.line, &runs)
}

fn azure_steps(node: &Node, depth: u8, runs: &mut Vec<Command>, setup: &mut Setup) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let folder = ["workingDirectory", "workingFolder"].iter().find_map(|key| node.text_at(&[key]));
    let folder = shell::join("", folder.unwrap_or_default());
    for key in ["script", "bash", "pwsh", "powershell"] {
        if let Some(script) = node.get(key) {
            add_script(runs, script, &folder, CommandKind::Shell);
        }
    }
    // An environment may have approvals, which its own settings say.
    let asks = node.text_at(&["task"]).is_some_and(|task| task.starts_with("ManualValidation"));
    setup.waits |= asks || node.get("deployment").is_some() && node.get("environment").is_some();
    for entry in node.entries_at(&["env"]) {
        if let Some(name) = entry.node.text().and_then(|text| text.strip_prefix("$(")?.strip_suffix(')')) {
            setup.secret(name, entry.line);
        }
    }
    if let Some(inputs) = node.get("inputs") {
        let folder = shell::join("", inputs.text_at(&["workingDirectory"]).unwrap_or_default());
        for key in ["script", "inline", "inlineScript", "Inline"] {
            if let Some(script) = inputs.get(key) {
                add_script(runs, script, &folder, CommandKind::Shell);
            }
        }
        return;
    }
    node.items().iter().for_each(|item| azure_steps(item, depth, runs, setup));
    node.entries().iter().for_each(|entry| azure_steps(&entry.node, depth, runs, setup));
}

/// `bitbucket-pipelines.yml`.
pub(super) fn bitbucket(document: &Node, found: &mut Collection) -> Result<(), ReadError> {
    for group in document.entries_at(&["pipelines"]) {
        let (kind, event) = match group.key.as_str() {
            "default" | "branches" => (TriggerKind::Event, "push"),
            "tags" => (TriggerKind::Event, "tag"),
            "pull-requests" => (TriggerKind::Event, "pull_request"),
            // A person starts it, or a clock in the settings of the repository.
            "custom" => (TriggerKind::Manual, "custom"),
            _ => continue,
        };
        let mut pipelines: Vec<(&str, u32, &Node)> = Vec::new();
        if group.key == "default" {
            pipelines.push(("default", group.line, &group.node));
        }
        pipelines.extend(group.node.entries().iter().map(|entry| (&*entry.key, entry.line, &entry.node)));
        for (name, line, steps) in pipelines {
            let mut parts: Vec<(bool, Vec<Command>)> = vec![(false, Vec::new())];
            bitbucket_steps(steps, MAX_DEPTH, &mut parts);
            for (waits, runs) in parts {
                let cause = if waits { (TriggerKind::Manual, "manual", line) } else { (kind, event, line) };
                add(found, &[cause], Some(name), line, &runs)?;
            }
        }
    }
    Ok(())
}

/// Steps in order: from one that waits for a person on, they are a part of their own.
fn bitbucket_steps(node: &Node, depth: u8, parts: &mut Vec<(bool, Vec<Command>)>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for item in node.items() {
        for key in ["stage", "parallel", "steps"] {
            if let Some(group) = item.get(key) {
                if group.text_at(&["trigger"]) == Some("manual") {
                    parts.push((true, Vec::new()));
                }
                bitbucket_steps(group.get("steps").unwrap_or(group), depth, parts);
            }
        }
        let Some(step) = item.get("step") else { continue };
        if step.text_at(&["trigger"]) == Some("manual") {
            parts.push((true, Vec::new()));
        }
        let Some((_, runs)) = parts.last_mut() else { return };
        for key in ["script", "after-script"] {
            let mut folder = String::new();
            for line in step.items_at(&[key]) {
                folder = add_script(runs, line, &folder, CommandKind::Shell);
            }
        }
    }
}

/// A pipeline of Buildkite: the settings of the service say what starts it, the steps at most for which builds they are.
pub(super) fn buildkite(document: &Node, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let steps = document.get("steps").unwrap_or(document);
    let mut parts: Vec<Part> = vec![Part::default()];
    buildkite_steps(steps, MAX_DEPTH, &mut parts);
    for part in parts {
        let causes: Vec<Cause<'_>> =
            part.causes.iter().map(|(kind, value, line)| (*kind, *value, *line)).collect();
        add(found, &causes, Some(name_of(path)), document.line, &part.runs)?;
    }
    Ok(())
}

/// Steps with the same causes.
#[derive(Debug, Default)]
struct Part {
    causes: BTreeSet<(TriggerKind, &'static str, u32)>,
    runs: Vec<Command>,
}

fn buildkite_steps(steps: &Node, depth: u8, parts: &mut Vec<Part>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for step in steps.items() {
        if let Some(entry) = step.entry("block").or_else(|| step.entry("input")) {
            let causes = BTreeSet::from([(TriggerKind::Manual, "manual", entry.line)]);
            parts.push(Part { causes, runs: Vec::new() });
        }
        if let Some(group) = step.get("steps") {
            buildkite_steps(group, depth, parts);
        }
        let condition = step.entry("if");
        let causes = condition.into_iter().flat_map(|entry| {
            sources(entry.node.text().unwrap_or_default()).map(|(kind, value)| (kind, value, entry.line))
        });
        let causes: BTreeSet<_> = causes.collect();
        let mut runs = Vec::new();
        let mut folder = String::new();
        for script in ["command", "commands"].iter().filter_map(|key| step.get(key)) {
            for line in script.one_or_more() {
                folder = add_script(&mut runs, line, &folder, CommandKind::Shell);
            }
        }
        match parts.last_mut() {
            // Behind a block a person is the cause, whatever else the step asks for.
            Some(part) if causes.is_empty() || !part.causes.is_empty() => part.runs.append(&mut runs),
            _ => parts.insert(0, Part { causes, runs }),
        }
    }
}

/// What `build.source == "schedule"` says.
fn sources(condition: &str) -> impl Iterator<Item = (TriggerKind, &'static str)> {
    condition.split("build.source").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix("==")?.trim_start();
        let name = rest.strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
        Some(match name {
            "schedule" => (TriggerKind::Schedule, ""),
            "ui" => (TriggerKind::Manual, "ui"),
            "api" => (TriggerKind::Webhook, "api"),
            "webhook" => (TriggerKind::Event, "push"),
            "trigger_job" => (TriggerKind::Event, "pipeline"),
            _ => return None,
        })
    })
}

/// `.circleci/config.yml`.
pub(super) fn circleci(document: &Node, found: &mut Collection) -> Result<(), ReadError> {
    let mut workflows = 0_usize;
    for workflow in document.entries_at(&["workflows"]) {
        if workflow.node.entries().is_empty() {
            continue;
        }
        workflows += 1;
        let mut causes: Vec<Cause<'_>> = Vec::new();
        for trigger in workflow.node.items_at(&["triggers"]) {
            if let Some(cron) = trigger.get("schedule").and_then(|schedule| schedule.entry("cron")) {
                causes.push((TriggerKind::Schedule, cron.node.text().unwrap_or_default(), cron.line));
            }
        }
        if causes.is_empty() {
            causes.push((TriggerKind::Event, "push", workflow.line));
        }
        let jobs = workflow.node.items_at(&["jobs"]);
        let held = held(jobs);
        let (mut free, mut approved) = (Vec::new(), Vec::new());
        for job in jobs {
            let (name, used) = job_of(job);
            if let Some(declared) = document.at(&["jobs", name]) {
                let runs = if held.contains(used) { &mut approved } else { &mut free };
                circleci_steps(document, declared, (MAX_DEPTH, MAX_CALLS), runs);
            }
        }
        add(found, &causes, Some(&workflow.key), workflow.line, &free)?;
        let by_person = [(TriggerKind::Manual, "approval", workflow.line)];
        add(found, &by_person, Some(&workflow.key), workflow.line, &approved)?;
    }
    // Without workflows, the job of that name is the pipeline.
    if let (0, Some(build)) =
        (workflows, document.entries_at(&["jobs"]).iter().find(|job| job.key == "build"))
    {
        let mut runs = Vec::new();
        circleci_steps(document, &build.node, (MAX_DEPTH, MAX_CALLS), &mut runs);
        add(found, &[(TriggerKind::Event, "push", build.line)], Some("build"), build.line, &runs)?;
    }
    Ok(())
}

/// The name that a job is declared by, and the one that it has in the workflow.
fn job_of(job: &Node) -> (&str, &str) {
    if let Some(name) = job.text() {
        return (name, name);
    }
    let Some(entry) = job.entries().first() else { return ("", "") };
    (&entry.key, entry.node.text_at(&["name"]).unwrap_or(&entry.key))
}

/// Jobs of a workflow that run only after a person let them.
fn held(jobs: &[Node]) -> BTreeSet<&str> {
    let settings = |job: &'_ Node| job.entries().first().map(|entry| entry.node.clone());
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for job in jobs {
        if settings(job).is_some_and(|node| node.text_at(&["type"]) == Some("approval")) {
            held.insert(job_of(job).1);
        }
    }
    // A job that needs one of them waits as well; each round goes one job further.
    for _ in 0..MAX_DEPTH {
        let before = held.len();
        for job in jobs {
            let needs = settings(job).is_some_and(|node| {
                node.items_at(&["requires"]).iter().any(|n| n.text().is_some_and(|name| held.contains(name)))
            });
            if needs {
                held.insert(job_of(job).1);
            }
        }
        if held.len() == before {
            break;
        }
    }
    held
}

fn circleci_steps(document: &Node, node: &Node, (depth, calls): (u8, u8), runs: &mut Vec<Command>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let folder = node.text_at(&["working_directory"]).unwrap_or_default();
    for step in node.items_at(&["steps"]) {
        if runs.len() > super::MAX_COMMANDS {
            return;
        }
        let name = step.text().or_else(|| step.entries().first().map(|entry| &*entry.key));
        if let (Some(name), Some(left)) = (name, calls.checked_sub(1))
            && let Some(command) = document.at(&["commands", name])
        {
            circleci_steps(document, command, (depth, left), runs);
        }
        for key in ["when", "unless"] {
            if let Some(group) = step.get(key) {
                circleci_steps(document, group, (depth, calls), runs);
            }
        }
        let Some(run) = step.get("run") else { continue };
        let folder = shell::join("", run.text_at(&["working_directory"]).unwrap_or(folder));
        add_script(runs, run.get("command").unwrap_or(run), &folder, CommandKind::Shell);
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::{Effect, TriggerKind as T};

    use super::super::pipeline_samples::*;
    use super::super::{Given, StarterFile as F, parse};
    use super::*;

    /// Kind, value, line, label and commands.
    type Started = (Option<T>, String, u32, String, Vec<String>);

    fn started(kind: F, path: &str, text: &str) -> (Vec<Started>, Setup) {
        let texts = |runs: Vec<Command>| {
            runs.into_iter().map(|run| format!("{}:{}:{}", run.line, run.folder, run.text)).collect()
        };
        let declared = parse(kind, path, text.as_bytes()).unwrap();
        let mut found: Vec<Started> = declared
            .starters
            .into_iter()
            .map(|s| (Some(s.kind), s.value, s.line, s.label.unwrap_or_default(), texts(s.runs)))
            .collect();
        let mut setup = declared.setup;
        let called = std::mem::take(&mut setup.called).into_iter();
        found.extend(called.map(|c| (None, String::new(), 0, c.label.unwrap_or_default(), texts(c.runs))));
        (found, setup)
    }

    fn one(kind: Option<T>, value: &str, line: u32, label: &str, runs: &[&str]) -> Started {
        (kind, value.to_owned(), line, label.to_owned(), runs.iter().map(|run| (*run).to_owned()).collect())
    }

    #[test]
    fn azure_pipelines() {
        let (found, setup) = started(F::AzurePipelines, "azure-pipelines.yml", AZURE_PIPELINE);
        let runs = ["15:agents:npm ci", "16:agents:python mend.py", "23::python tell.py"];
        let label = "azure-pipelines.yml";
        assert_eq!(found, [one(Some(T::Schedule), "0 3 * * *", 5, label, &runs)]);
        let secrets = vec![("MODEL_KEY".to_owned(), 19)];
        assert_eq!(setup, Setup { secrets, ..Setup::default() });
        let of = |text: &str| started(F::AzurePipelines, "a.yml", text);
        let run = ["2::x"];
        assert_eq!(of("steps:\n- script: x\n").0, [one(None, "", 0, "a.yml", &run)]);
        let off = "trigger: none\nsteps: [{script: x}]\n";
        assert_eq!(of(off).0, [one(Some(T::Manual), "manual", 1, "a.yml", &run)]);
        let asks = "pr: [main]\njobs: [{deployment: a, environment: prod, steps: [{pwsh: x}]}]\n";
        let expected = [one(Some(T::Event), "pull_request", 1, "a.yml", &run)];
        assert_eq!(of(asks), (expected.to_vec(), Setup { waits: true, ..Setup::default() }));
    }

    #[test]
    fn bitbucket_pipelines() {
        let (found, setup) = started(F::Bitbucket, "bitbucket-pipelines.yml", BITBUCKET);
        let expected = [
            one(Some(T::Event), "push", 7, "default", &["8::npm test"]),
            one(Some(T::Event), "pull_request", 10, "**", &["14::cd web", "15:web:python review.py"]),
            one(Some(T::Manual), "manual", 10, "**", &["18::python publish.py"]),
            one(Some(T::Manual), "custom", 20, "sweep", &["21::python sweep.py"]),
        ];
        assert_eq!((found, setup), (expected.to_vec(), Setup::default()));
    }

    #[test]
    fn buildkite_pipelines() {
        let (found, setup) = started(F::Buildkite, ".buildkite/pipeline.yml", BUILDKITE);
        let label = "pipeline.yml";
        let expected = [
            one(Some(T::Schedule), "", 3, label, &["4::python nightly.py"]),
            one(Some(T::Manual), "manual", 9, label, &["10::python publish.py"]),
            one(None, "", 0, label, &["7::npm test", "7::python check.py"]),
        ];
        assert_eq!((found, setup), (expected.to_vec(), Setup::default()));
    }

    #[test]
    fn circleci_pipelines() {
        let (found, setup) = started(F::CircleCi, ".circleci/config.yml", CIRCLECI);
        let mend = ["5:agents:python ask.py", "16::npm ci", "17::python mend.py"];
        let expected = [
            one(Some(T::Schedule), "0 0 * * *", 24, "nightly", &mend),
            one(Some(T::Manual), "approval", 22, "nightly", &["20::python publish.py"]),
            one(Some(T::Event), "push", 29, "each", &mend),
        ];
        assert_eq!((found, setup), (expected.to_vec(), Setup::default()));
    }

    #[test]
    fn jenkinsfiles() {
        let (found, setup) = started(F::Jenkins, "Jenkinsfile", JENKINSFILE);
        let runs = ["9::cd agents", "10:agents:python mend.py --to \"${params.to}\"", "12::python tell.py"];
        assert_eq!(found, [one(Some(T::Schedule), "H 2 * * *", 3, "Jenkinsfile", &runs)]);
        let secrets = vec![("model-key".to_owned(), 4), ("other-key".to_owned(), 13)];
        assert_eq!(setup, Setup { secrets, ..Setup::default() });
        let asks = "node { input 'Go on?'\n sh 'x' }";
        let expected = vec![one(None, "", 0, "Jenkinsfile", &["2::x"])];
        let waits = Setup { waits: true, ..Setup::default() };
        assert_eq!(started(F::Jenkins, "Jenkinsfile", asks), (expected, waits));
    }

    #[test]
    fn agentic_workflows() {
        let (found, mut setup) = started(F::AgenticWorkflow, ".github/workflows/sweep.md", AGENTIC);
        let runs = ["8::github/gh-aw", "8::claude -p"];
        let expected = [
            one(Some(T::Schedule), "weekly on monday", 4, "Weekly sweep", &runs),
            one(Some(T::Event), "issue_comment", 5, "Weekly sweep", &runs),
        ];
        assert_eq!(found, expected);
        let tool = |name: &str, effect, line| Given { name: name.to_owned(), effect, line };
        let tools = vec![
            tool("edit_files", Effect::Write, 10),
            tool("run_commands", Effect::Execute, 11),
            tool("create-pull-request", Effect::Write, 13),
            tool("add-comment", Effect::Send, 14),
        ];
        assert_eq!(setup.permissions.take().map(|(_, line)| line), Some(7));
        assert_eq!(setup, Setup { tools, ..Setup::default() });
        let prose = parse(F::AgenticWorkflow, ".github/workflows/README.md", b"# Workflows\n---\non: push\n");
        assert_eq!(prose, Ok(super::super::Declared::default()));
    }
}
