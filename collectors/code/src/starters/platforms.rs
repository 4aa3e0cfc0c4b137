//! Processes of hosting platforms: Render, DigitalOcean, Railway, and the Procfile that several of them read.

use asmm_model::TriggerKind;

use super::commands::{add_script, single};
use super::{Collection, Command, CommandKind, shell};
use crate::document::{Node, ReadError};

/// How a process that always runs, and serves no requests, comes to act.
fn resident_kind(command: &str) -> TriggerKind {
    const CONSUMERS: [&str; 8] =
        ["celery", "rq", "dramatiq", "arq", "huey_consumer", "huey_consumer.py", "taskiq", "rqworker"];
    let calls = shell::calls(command);
    let has = |wanted: &str| calls.iter().any(|call| call.words.iter().any(|word| word == wanted));
    if has("celery") && has("beat") && !has("worker") {
        TriggerKind::Schedule
    } else if CONSUMERS.iter().any(|name| has(name)) {
        TriggerKind::Queue
    } else {
        TriggerKind::Watch
    }
}

/// Cron jobs and workers of `render.yaml`, also those in groups of projects.
pub(super) fn render(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for service in document.items_at(&["services"]) {
        render_service(service, folder, found)?;
    }
    for project in document.items_at(&["projects"]) {
        for environment in project.items_at(&["environments"]) {
            for service in environment.items_at(&["services"]) {
                render_service(service, folder, found)?;
            }
        }
    }
    Ok(())
}

fn render_service(service: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    // Paths are relative to the repository, unless a root is named; the file itself stands at the top.
    let root = shell::join(folder, service.text_at(&["rootDir"]).unwrap_or_default());
    let mut runs = Vec::new();
    if let Some(command) = service.get("startCommand") {
        add_script(&mut runs, command, &root, CommandKind::Shell);
    } else if let Some(command) = service.get("dockerCommand") {
        add_script(&mut runs, command, &root, CommandKind::ImageCommand);
    }
    let label = service.text_at(&["name"]);
    match service.text_at(&["type"]) {
        Some("cron") => {
            let schedule = service.entry("schedule");
            let value = schedule.and_then(|s| s.node.text()).unwrap_or_default();
            found.add((TriggerKind::Schedule, value, schedule.map_or(service.line, |s| s.line)), label, &runs)
        }
        Some("worker") => add_resident(service.line, label, &runs, found),
        _ => Ok(()),
    }
}

fn add_resident(
    line: u32,
    label: Option<&str>,
    runs: &[Command],
    found: &mut Collection,
) -> Result<(), ReadError> {
    let kind = runs.iter().map(|run| resident_kind(&run.text)).find(|kind| *kind != TriggerKind::Watch);
    found.add((kind.unwrap_or(TriggerKind::Watch), "", line), label, runs)
}

/// Jobs and workers of an app specification, whose paths are relative to the repository.
pub(super) fn digital_ocean(document: &Node, found: &mut Collection) -> Result<(), ReadError> {
    let app = document.get("spec").unwrap_or(document);
    let runs_of = |component: &Node| {
        let mut runs = Vec::new();
        let folder = shell::join("", component.text_at(&["source_dir"]).unwrap_or_default());
        if let Some(command) = component.get("run_command") {
            add_script(&mut runs, command, folder.trim_start_matches('/'), CommandKind::Shell);
        }
        runs
    };
    for job in app.items_at(&["jobs"]) {
        let label = job.text_at(&["name"]);
        let runs = runs_of(job);
        if let Some(cron) = job.get("schedule").and_then(|schedule| schedule.entry("cron")) {
            found.add(
                (TriggerKind::Schedule, cron.node.text().unwrap_or_default(), cron.line),
                label,
                &runs,
            )?;
        } else {
            let value = job.text_at(&["kind"]).unwrap_or_default();
            let kind = if value == "SCHEDULED" { TriggerKind::Schedule } else { TriggerKind::Event };
            found.add((kind, if kind == TriggerKind::Event { value } else { "" }, job.line), label, &runs)?;
        }
    }
    for worker in app.items_at(&["workers"]) {
        add_resident(worker.line, worker.text_at(&["name"]), &runs_of(worker), found)?;
    }
    Ok(())
}

/// The schedule of `railway.toml` or `railway.json`.
pub(super) fn railway(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let Some(schedule) = document.get("deploy").and_then(|deploy| deploy.entry("cronSchedule")) else {
        return Ok(());
    };
    let Some(value) = schedule.node.text() else { return Ok(()) };
    let mut runs = Vec::new();
    if let Some(command) = document.at(&["deploy", "startCommand"]) {
        add_script(&mut runs, command, folder, CommandKind::Shell);
    }
    found.add((TriggerKind::Schedule, value, schedule.line), None, &runs)
}

/// Processes of a Procfile; the value is the type of the process.
pub(super) fn procfile(text: &str, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for (line, content) in (1_u32..).zip(text.lines()) {
        let Some((name, command)) = content.split_once(':') else { continue };
        let (name, command) = (name.trim(), command.trim());
        let named =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !named || command.is_empty() {
            continue;
        }
        let kind = match name {
            "web" => TriggerKind::Manual,
            "release" => TriggerKind::Event,
            _ => resident_kind(command),
        };
        let runs = [single(command, line, folder, CommandKind::Shell)];
        found.add((kind, name, line), Some(name), &runs)?;
    }
    Ok(())
}
