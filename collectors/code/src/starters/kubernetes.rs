//! CronJobs of Kubernetes and CronWorkflows of Argo, also in templates of charts as far as those can be read.

use std::borrow::Cow;

use asmm_model::TriggerKind;

use super::commands::single;
use super::reading::yaml_all;
use super::{Collection, Command, CommandKind, shell};
use crate::document::{Node, ReadError};

/// Reads all documents.
pub(super) fn read(text: &str, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let documents = yaml_all(text).or_else(|error| match without_templates(text) {
        Some(plain) => yaml_all(&plain),
        None => Err(error),
    })?;
    for document in &documents {
        if document.text_at(&["kind"]) == Some("List") {
            for item in document.items_at(&["items"]) {
                object(item, folder, found)?;
            }
        } else {
            object(document, folder, found)?;
        }
    }
    Ok(())
}

/// The text without the actions of a template engine, with the same lines; nothing if it has none.
fn without_templates(text: &str) -> Option<Cow<'_, str>> {
    text.contains("{{").then(|| {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, action)) = rest.split_once("{{") {
            plain.push_str(before);
            let (inside, after) = action.split_once("}}").unwrap_or((action, ""));
            let line_before = before.rsplit('\n').next().unwrap_or_default();
            let line_after = after.split('\n').next().unwrap_or_default();
            // An action that fills its line gives structure, any other one a value.
            if !line_before.trim().is_empty() || !line_after.trim().is_empty() {
                plain.push_str("TEMPLATE");
            }
            plain.extend(inside.matches('\n'));
            rest = after;
        }
        plain.push_str(rest);
        Cow::Owned(plain)
    })
}

fn object(node: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    let mut runs = Vec::new();
    match node.text_at(&["kind"]) {
        Some("CronJob") => {
            if let Some(pod) = node.at(&["spec", "jobTemplate", "spec", "template", "spec"]) {
                for container in pod.items_at(&["initContainers"]).iter().chain(pod.items_at(&["containers"]))
                {
                    runs.extend(container_command(container, folder));
                }
            }
        }
        Some("CronWorkflow") => {
            for template in node.at(&["spec", "workflowSpec"]).map_or(&[][..], |s| s.items_at(&["templates"]))
            {
                runs.extend(template.get("container").and_then(|c| container_command(c, folder)));
            }
        }
        _ => return Ok(()),
    }
    let label = node.text_at(&["metadata", "name"]).filter(|name| !name.contains("TEMPLATE"));
    let spec = node.get("spec");
    let schedules = ["schedule", "schedules"].iter().find_map(|key| spec?.entry(key));
    let Some(schedules) = schedules else {
        return found.add((TriggerKind::Schedule, "", node.line), label, &runs);
    };
    for schedule in schedules.node.one_or_more() {
        let value = schedule.text().filter(|text| !text.contains("TEMPLATE")).unwrap_or_default();
        found.add((TriggerKind::Schedule, value, schedule.line), label, &runs)?;
    }
    if schedules.node.one_or_more().is_empty() {
        found.add((TriggerKind::Schedule, "", schedules.line), label, &runs)?;
    }
    Ok(())
}

fn container_command(container: &Node, folder: &str) -> Option<Command> {
    let parts = ["command", "args"].map(|key| container.get(key).map_or(&[][..], Node::one_or_more));
    let words: Vec<&Node> = parts.into_iter().flatten().collect();
    let line = words.first()?.line;
    let mut text = shell::quoted(words.iter().filter_map(|word| word.text()));
    if let Some(working) = container.text_at(&["workingDir"]) {
        text = format!("cd {} && {text}", shell::quoted(std::iter::once(working)));
    }
    Some(single(text, line, folder, CommandKind::ImageCommand))
}
