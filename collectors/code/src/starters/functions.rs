//! Functions of hosting platforms: Vercel, Cloudflare, Netlify, Azure and App Engine.

use asmm_model::TriggerKind;

use super::commands::single;
use super::{Collection, CommandKind, name_of, shell};
use crate::document::{Node, ReadError};

/// `crons` of `vercel.json`.
pub(super) fn vercel(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for cron in document.items_at(&["crons"]) {
        let schedule = cron.entry("schedule");
        let value = schedule.and_then(|s| s.node.text()).unwrap_or_default();
        let runs =
            cron.get("path").and_then(|p| Some(single(p.text()?, p.line, folder, CommandKind::HttpPath)));
        let line = schedule.map_or(cron.line, |s| s.line);
        found.add((TriggerKind::Schedule, value, line), None, runs.as_slice())?;
    }
    Ok(())
}

/// Crons and queues of a worker, also of its named environments.
pub(super) fn wrangler(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let main =
        document.get("main").and_then(|m| Some(single(m.text()?, m.line, folder, CommandKind::Handler)));
    let name = document.text_at(&["name"]);
    worker(document, name, main.as_slice(), found)?;
    for environment in document.entries_at(&["env"]) {
        let node = &environment.node;
        let own =
            node.get("main").and_then(|m| Some(single(m.text()?, m.line, folder, CommandKind::Handler)));
        let label = node.text_at(&["name"]).or(name);
        worker(node, label, own.as_ref().or(main.as_ref()).map_or(&[], std::slice::from_ref), found)?;
    }
    Ok(())
}

fn worker(
    node: &Node,
    label: Option<&str>,
    main: &[super::Command],
    found: &mut Collection,
) -> Result<(), ReadError> {
    for cron in node.at(&["triggers", "crons"]).map_or(&[][..], Node::one_or_more) {
        found.add((TriggerKind::Schedule, cron.text().unwrap_or_default(), cron.line), label, main)?;
    }
    for consumer in node.items_at(&["queues", "consumers"]) {
        let queue = consumer.entry("queue");
        let value = queue.and_then(|q| q.node.text()).unwrap_or_default();
        found.add((TriggerKind::Queue, value, queue.map_or(consumer.line, |q| q.line)), label, main)?;
    }
    Ok(())
}

/// Schedules of `netlify.toml`.
pub(super) fn netlify(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let base = shell::join(folder, document.text_at(&["build", "base"]).unwrap_or_default());
    let directory = document
        .text_at(&["functions", "directory"])
        .or_else(|| document.text_at(&["build", "functions"]))
        .unwrap_or("netlify/functions");
    let directory = shell::join(&base, directory);
    for function in document.entries_at(&["functions"]) {
        let Some(schedule) = function.node.entry("schedule") else { continue };
        let value = schedule.node.text().unwrap_or_default();
        let runs = [single(&function.key, function.line, &directory, CommandKind::Handler)];
        found.add((TriggerKind::Schedule, value, schedule.line), Some(&function.key), &runs)?;
    }
    Ok(())
}

/// The bindings of a `function.json`; the function is named as its folder.
pub(super) fn azure(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let runs = match document.get("scriptFile") {
        Some(script) => {
            vec![single(script.text().unwrap_or_default(), script.line, folder, CommandKind::Handler)]
        }
        None => ["__init__.py", "index.js"].map(|file| single(file, 1, folder, CommandKind::Handler)).into(),
    };
    let label = Some(name_of(folder)).filter(|name| !name.is_empty());
    for binding in document.items_at(&["bindings"]) {
        let Some(kind) = binding.entry("type") else { continue };
        let name = kind.node.text().unwrap_or_default();
        let (trigger, key) = match name {
            "timerTrigger" => (TriggerKind::Schedule, "schedule"),
            "queueTrigger" | "serviceBusTrigger" | "rabbitMQTrigger" => (TriggerKind::Queue, "queueName"),
            "eventHubTrigger" => (TriggerKind::Queue, "eventHubName"),
            "kafkaTrigger" => (TriggerKind::Queue, "topic"),
            "blobTrigger" => (TriggerKind::Event, "path"),
            "httpTrigger" => (http_kind(binding.text_at(&["route"]).or(label).unwrap_or_default()), "route"),
            _ if name.ends_with("Trigger") => (TriggerKind::Event, "type"),
            _ => continue,
        };
        let value = binding.entry(key).filter(|entry| entry.node.text().is_some());
        let line = value.map_or(kind.line, |entry| entry.line);
        found.add((trigger, value.and_then(|e| e.node.text()).unwrap_or_default(), line), label, &runs)?;
    }
    Ok(())
}

/// Whether a path of requests speaks of calls by another system.
pub(super) fn http_kind(path: &str) -> TriggerKind {
    if path.to_ascii_lowercase().contains("webhook") { TriggerKind::Webhook } else { TriggerKind::Manual }
}

/// `cron` of App Engine.
pub(super) fn app_engine(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for cron in document.items_at(&["cron"]) {
        let schedule = cron.entry("schedule");
        let value = schedule.and_then(|s| s.node.text()).unwrap_or_default();
        let runs =
            cron.get("url").and_then(|u| Some(single(u.text()?, u.line, folder, CommandKind::HttpPath)));
        let line = schedule.map_or(cron.line, |s| s.line);
        found.add((TriggerKind::Schedule, value, line), cron.text_at(&["description"]), runs.as_slice())?;
    }
    Ok(())
}
