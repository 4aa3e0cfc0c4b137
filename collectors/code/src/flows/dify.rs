//! Exports of Dify: applications with a model and tools, or with a graph of nodes.

use asmm_model::{Effect, Gate, TriggerKind};

use super::{Step, What, add_model, add_provider, effect_of, step};
use crate::document::Node;

/// The name and the steps.
pub(super) fn read(document: &Node) -> Option<(String, Vec<Step>)> {
    if document.text_at(&["kind"]) != Some("app") {
        return None;
    }
    let mode = document.at(&["app", "mode"])?;
    let name = document.text_at(&["app", "name"]).unwrap_or_default();
    let mut steps = Vec::new();
    let mut starts = None;
    match mode.text()? {
        kind @ ("agent-chat" | "chat" | "completion") => {
            let settings = document.get("model_config")?;
            let tools: Vec<Step> =
                settings.items_at(&["agent_mode", "tools"]).iter().filter_map(tool).collect();
            let is_agent = kind == "agent-chat" && !tools.is_empty();
            steps.push(step(if is_agent { What::Agent } else { What::Ask }, name, mode.line));
            steps.extend(tools);
            add_asked(&mut steps, settings.get("model"), "name");
        }
        "workflow" | "advanced-chat" => {
            for node in document.items_at(&["workflow", "graph", "nodes"]) {
                add_node(node, &mut steps, &mut starts);
            }
        }
        _ => return None,
    }
    // Whoever talks to an application, or calls it, starts it.
    if starts.is_none() {
        let what = What::Trigger { kind: TriggerKind::Manual, value: "request".to_owned(), is_open: true };
        steps.push(step(what, name, mode.line));
    }
    Some((name.to_owned(), steps))
}

fn tool(node: &Node) -> Option<Step> {
    if node.get("enabled").is_some_and(|_| !node.is_true("enabled")) {
        return None;
    }
    let name = node.text_at(&["tool_name"])?;
    let of = node.text_at(&["provider_name"]).or_else(|| node.text_at(&["provider_id"])).unwrap_or_default();
    Some(step(What::Tool { effect: effect_of_tool(of, name), gate: Gate::None }, name, node.line))
}

/// The provider, whose name stands behind those of its plugin, and the model under a key.
fn add_asked(steps: &mut Vec<Step>, settings: Option<&Node>, key: &str) {
    let Some(settings) = settings else { return };
    if let Some(provider) = settings.entry("provider") {
        let named = provider.node.text().unwrap_or_default();
        add_provider(steps, named.rsplit('/').next().unwrap_or(named), provider.line);
    }
    add_model(steps, settings.get(key));
}

/// Servers that an agent's strategy is told of, under a key of its own: what they offer is not in the file.
fn servers(data: &Node) -> Option<Step> {
    let entry = data.entries_at(&["agent_parameters"]).iter().find(|entry| {
        let set = entry.node.get("value").and_then(Node::text).is_some_and(|value| !value.trim().is_empty());
        set && (entry.key.starts_with("mcp_server") || entry.key == "mcp_config")
    })?;
    Some(step(What::Tool { effect: Effect::Unknown, gate: Gate::None }, &entry.key, entry.line))
}

fn effect_of_tool(provider: &str, name: &str) -> Effect {
    const SEARCHES: [&str; 9] =
        ["google", "bing", "duckduckgo", "tavily", "wikipedia", "webscraper", "arxiv", "searxng", "time"];
    let provider = provider.rsplit('/').next().unwrap_or(provider);
    match effect_of(name) {
        Effect::Unknown if SEARCHES.contains(&provider) => Effect::Read,
        effect => effect,
    }
}

fn add_node(node: &Node, steps: &mut Vec<Step>, starts: &mut Option<()>) {
    let Some(data) = node.get("data") else { return };
    let title = data.text_at(&["title"]).unwrap_or_default();
    let kind = data.text_at(&["type"]).unwrap_or_default();
    match kind {
        "llm" | "question-classifier" | "parameter-extractor" => {
            steps.push(step(What::Ask, title, data.line));
            add_asked(steps, data.get("model"), "name");
        }
        "agent" => {
            let mut tools: Vec<Step> =
                data.items_at(&["agent_parameters", "tools", "value"]).iter().filter_map(tool).collect();
            tools.extend(servers(data));
            steps.push(step(if tools.is_empty() { What::Ask } else { What::Agent }, title, data.line));
            steps.extend(tools);
            add_asked(steps, data.at(&["agent_parameters", "model", "value"]), "model");
        }
        "trigger-schedule" | "trigger-webhook" | "trigger-plugin" => {
            *starts = Some(());
            let (kind, is_open) = match kind {
                "trigger-schedule" => (TriggerKind::Schedule, false),
                "trigger-webhook" => (TriggerKind::Webhook, true),
                _ => (TriggerKind::Event, true),
            };
            let value = data.text_at(&["cron_expression"]).unwrap_or(title).to_owned();
            steps.push(step(What::Trigger { kind, value, is_open }, title, data.line));
        }
        _ => {}
    }
}
