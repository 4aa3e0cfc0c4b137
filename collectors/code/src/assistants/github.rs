//! What a workflow of GitHub Actions gives the agent that it runs: inputs, secrets, and what its token may do.

use muster_rules::RulePack;

use super::Assistant;
use crate::document::{Node, Value};

/// Secrets of one workflow that are kept.
const MAX_SECRETS: usize = 50;
/// How deep values are looked into.
const MAX_DEPTH: u8 = 8;

/// Adds what stands around the steps that run an agent.
pub(super) fn add_details(pack: &RulePack, workflow: &Node, assistant: &mut Assistant) {
    for job in workflow.entries_at(&["jobs"]) {
        let steps = job.node.items_at(&["steps"]);
        let mut is_used = false;
        // A called workflow is given its inputs by the job.
        for step in steps.iter().chain(std::iter::once(&job.node)) {
            let lines: Vec<u32> = ["uses", "run"]
                .iter()
                .filter_map(|key| step.get(key))
                .flat_map(|node| lines_of(node, assistant))
                .collect();
            if lines.is_empty() {
                continue;
            }
            is_used = true;
            let mut inputs = String::new();
            for part in ["with", "env"].iter().filter_map(|key| step.get(key)) {
                texts(part, MAX_DEPTH, &mut |text, line| {
                    inputs.push_str(text);
                    inputs.push('\n');
                    add_secrets(assistant, text, line);
                });
            }
            if let Some(secrets) = step.get("secrets") {
                texts(secrets, MAX_DEPTH, &mut |text, line| add_secrets(assistant, text, line));
            }
            let waits = job.node.get("environment").is_some();
            for at in assistant.uses.iter_mut().filter(|at| lines.contains(&at.line)) {
                let site = &pack.rule(at.run.rule).runs[at.run.run as usize];
                at.unattended |= site.is_unattended(&inputs);
                at.confined |= site.is_confined(&inputs);
                at.waits |= waits;
            }
        }
        if !is_used {
            continue;
        }
        for around in [Some(&job.node), Some(workflow)].into_iter().flatten() {
            if let Some(environment) = around.get("env") {
                texts(environment, MAX_DEPTH, &mut |text, line| add_secrets(assistant, text, line));
            }
        }
        for (role, line) in steps.iter().filter_map(role) {
            if assistant.roles.len() < MAX_SECRETS {
                assistant.roles.entry(role.to_owned()).or_insert(line);
            }
        }
        let permissions = job.node.entry("permissions").or_else(|| workflow.entry("permissions"));
        if let Some(permissions) = permissions {
            if is_vouched_for(&permissions.node) {
                assistant.vouched.get_or_insert(permissions.line);
            }
            assistant.permissions = Some((allowed(&permissions.node), permissions.line));
        }
    }
}

/// The role of AWS that a step makes the rest of its job act under.
fn role(step: &Node) -> Option<(&str, u32)> {
    let action = step.text_at(&["uses"])?.to_ascii_lowercase();
    let role = step.get("with")?.entry("role-to-assume")?;
    let is_it = action.starts_with("aws-actions/configure-aws-credentials@");
    is_it.then(|| role.node.text().map(|text| (text, role.line))).flatten()
}

/// Whether a token may say to others who the job is.
fn is_vouched_for(permissions: &Node) -> bool {
    permissions.text() == Some("write-all") || permissions.text_at(&["id-token"]) == Some("write")
}

/// Lines of a node at which an agent is run.
fn lines_of(node: &Node, assistant: &Assistant) -> Vec<u32> {
    let count = node.text().map_or(1, |text| text.lines().count());
    let end = node.line.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    assistant.uses.iter().map(|at| at.line).filter(|line| (node.line..end).contains(line)).collect()
}

/// What a token may do, as a list: `contents: write, issues: read`.
pub(super) fn allowed(permissions: &Node) -> String {
    match &permissions.value {
        Value::Text(all) => all.clone(),
        Value::Table(scopes) => {
            let scope = |entry: &crate::document::Entry| {
                entry.node.text().map(|level| format!("{}: {level}", entry.key))
            };
            scopes.iter().filter_map(scope).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

/// Adds the secrets that a text refers to: `${{ secrets.NAME }}`.
fn add_secrets(assistant: &mut Assistant, text: &str, line: u32) {
    for rest in text.split("secrets.").skip(1) {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        if !name.is_empty() && assistant.secrets.len() < MAX_SECRETS {
            assistant.secrets.entry(name.to_owned()).or_insert(line);
        }
    }
}

fn texts(node: &Node, depth: u8, each: &mut impl FnMut(&str, u32)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if let Some(text) = node.scalar() {
        each(text, node.line);
    }
    node.items().iter().for_each(|item| texts(item, depth, each));
    for entry in node.entries() {
        // `allowed_tools: Bash` counts as one text.
        if let Some(text) = entry.node.scalar() {
            each(&format!("{}: {text}", entry.key), entry.line);
        } else {
            texts(&entry.node, depth, each);
        }
    }
}
