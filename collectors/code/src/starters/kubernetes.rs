//! CronJobs of Kubernetes, CronWorkflows of Argo and what KEDA scales by a queue.

use asmm_model::TriggerKind;

use super::commands::single;
use super::containers::{POD, container_command};
use super::{Collection, Command, CommandKind, images};
use crate::document::manifest::documents;
use crate::document::template::HOLE;
use crate::document::{Node, ReadError};

/// Reads all documents.
pub(super) fn read(text: &str, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let documents = documents(text);
    documents.all.iter().try_for_each(|document| object(document, folder, found))?;
    found.unread = documents.unread;
    Ok(())
}

fn object(node: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let mut runs = Vec::new();
    if let Some(pod) = pod(node) {
        images::pod(pod, folder, found)?;
    }
    let name = node.text_at(&["metadata", "name"]);
    let key = |kind: &str, name: &str| format!("{folder}#{kind} {name}");
    match node.text_at(&["kind"]) {
        Some("CronJob") => {
            if let Some(pod) = node.at(&["spec", "jobTemplate", "spec", "template", "spec"]) {
                runs = pod_commands(pod, folder);
            }
        }
        Some("CronWorkflow") => {
            for template in node.at(&["spec", "workflowSpec"]).map_or(&[][..], |s| s.items_at(&["templates"]))
            {
                let container = template.get("container");
                runs.extend(container.into_iter().flat_map(|c| container_command(c, folder, POD)));
            }
        }
        Some("ScaledJob") => {
            if let Some(pod) = node.at(&["spec", "jobTargetRef", "template", "spec"]) {
                runs = pod_commands(pod, folder);
            }
            return scaled(node, &runs, found);
        }
        Some("ScaledObject") => {
            if let Some(target) = node.at(&["spec", "scaleTargetRef", "name"])
                && let Some(name) = target.text()
            {
                let kind = node.text_at(&["spec", "scaleTargetRef", "kind"]).unwrap_or("Deployment");
                runs.push(single(key(kind, name), target.line, folder, CommandKind::Named));
            }
            return scaled(node, &runs, found);
        }
        Some(kind @ ("Deployment" | "StatefulSet")) => {
            let pod = node.at(&["spec", "template", "spec"]);
            runs = pod.map_or_else(Vec::new, |pod| pod_commands(pod, folder));
            return found.name(key(kind, name.unwrap_or_default()), &runs, node.line);
        }
        _ => return Ok(()),
    }
    let label = name.filter(|name| !name.contains(HOLE));
    let spec = node.get("spec");
    let schedules = ["schedule", "schedules"].iter().find_map(|key| spec?.entry(key));
    let Some(schedules) = schedules else {
        return found.add((TriggerKind::Schedule, "", node.line), label, &runs);
    };
    for schedule in schedules.node.one_or_more() {
        let value = schedule.text().filter(|text| !text.contains(HOLE)).unwrap_or_default();
        found.add((TriggerKind::Schedule, value, schedule.line), label, &runs)?;
    }
    if schedules.node.one_or_more().is_empty() {
        found.add((TriggerKind::Schedule, "", schedules.line), label, &runs)?;
    }
    Ok(())
}

/// The specification of the pods that a workload runs.
pub(crate) fn pod(object: &Node) -> Option<&Node> {
    let places: [&[&str]; 3] =
        [&["spec", "jobTemplate", "spec", "template", "spec"], &["spec", "template", "spec"], &["spec"]];
    places.iter().find_map(|place| object.at(place).filter(|spec| spec.get("containers").is_some()))
}

/// What the containers of a pod run.
pub(crate) fn pod_commands(pod: &Node, folder: &str) -> Vec<Command> {
    let containers = ["initContainers", "containers"].into_iter().flat_map(|key| pod.items_at(&[key]));
    containers.flat_map(|container| container_command(container, folder, POD)).collect()
}

/// What KEDA scales: by a clock or by what waits in a queue. Load on a processor starts nothing.
fn scaled(node: &Node, runs: &[Command], found: &mut Collection) -> Result<(), ReadError> {
    const LOADS: [&str; 8] = [
        "cpu",
        "memory",
        "prometheus",
        "metrics-api",
        "external",
        "external-push",
        "kubernetes-workload",
        "datadog",
    ];
    let label = node.text_at(&["metadata", "name"]).filter(|name| !name.contains(HOLE));
    for trigger in node.items_at(&["spec", "triggers"]) {
        let Some(kind) = trigger.entry("type") else { continue };
        let (start, keys): (_, &[&str]) = match kind.node.text().unwrap_or_default() {
            "cron" => (TriggerKind::Schedule, &["start"]),
            load if LOADS.contains(&load) => continue,
            _ => (
                TriggerKind::Queue,
                &["queueURL", "queueName", "topic", "subscriptionName", "listName", "stream", "streamName"],
            ),
        };
        let value = keys.iter().find_map(|key| trigger.get("metadata")?.get(key)?.text());
        let value = value.filter(|text| !text.contains(HOLE)).unwrap_or_default();
        let value = value.rsplit('/').next().filter(|_| start == TriggerKind::Queue).unwrap_or(value);
        found.add((start, value, kind.line), label, runs)?;
    }
    Ok(())
}
