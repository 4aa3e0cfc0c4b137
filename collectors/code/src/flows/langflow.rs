//! Exports of Langflow: components by type, and edges that say into which field they lead.

use std::collections::BTreeSet;

use asmm_model::{Effect, Gate, TriggerKind};

use super::{Step, What, add_model, add_provider, effect_of, step};
use crate::document::Node;

/// The name and the steps.
pub(super) fn read(document: &Node) -> Option<(String, Vec<Step>)> {
    let nodes = document.items_at(&["data", "nodes"]);
    if nodes.is_empty() {
        return None;
    }
    let tools = into_field(document, "tools");
    let given: BTreeSet<&str> = tools.iter().map(|(_, to)| *to).collect();
    let offered: BTreeSet<&str> = tools.iter().map(|(from, _)| *from).collect();
    let mut steps = Vec::new();
    for node in nodes {
        let Some(data) = node.get("data") else { continue };
        let kind = data.text_at(&["type"]).unwrap_or_default();
        let id = data.text_at(&["id"]).or_else(|| node.text_at(&["id"])).unwrap_or_default();
        let name = data.text_at(&["node", "display_name"]).unwrap_or(kind);
        let setting = |key: &str| data.at(&["node", "template", key, "value"]);
        if offered.contains(id) {
            let effect = effect(kind);
            steps.push(step(What::Tool { effect, gate: Gate::None }, name, data.line));
            if kind == "Agent" || kind == "RunFlow" {
                steps.push(step(What::Delegates, name, data.line));
            }
        }
        let is_agent = kind.ends_with("Agent") || kind.ends_with("AgentComponent");
        if is_agent {
            steps.push(step(if given.contains(id) { What::Agent } else { What::Ask }, name, data.line));
            add_provider(
                &mut steps,
                setting("agent_llm").and_then(Node::text).unwrap_or_default(),
                data.line,
            );
            add_model(&mut steps, setting("model_name"));
        } else if kind.ends_with("Model")
            || kind == "LanguageModelComponent"
            || kind.ends_with("ModelComponent")
        {
            // A model whose object is handed on asks nothing itself; the one that it is handed to does.
            steps.push(step(What::Ask, name, data.line));
            let named = setting("provider").and_then(Node::text).unwrap_or(kind);
            add_provider(&mut steps, named, data.line);
            add_model(&mut steps, setting("model_name").or_else(|| setting("model")));
        }
        if kind == "Webhook" {
            let what = What::Trigger { kind: TriggerKind::Webhook, value: String::new(), is_open: true };
            steps.push(step(what, name, data.line));
        }
        if kind == "ChatInput" || kind == "TextInput" {
            let what = What::Trigger { kind: TriggerKind::Manual, value: kind.to_owned(), is_open: true };
            steps.push(step(what, name, data.line));
        }
        if kind.ends_with("ChatMemory") || kind == "mem0_chat_memory" {
            steps.push(step(What::Memory, name, data.line));
        }
    }
    Some((document.text_at(&["name"]).unwrap_or_default().to_owned(), steps))
}

/// Pairs of components that edges into a field lead from and to.
fn into_field<'n>(document: &'n Node, field: &str) -> Vec<(&'n str, &'n str)> {
    let edges = document.items_at(&["data", "edges"]).iter().filter_map(|edge| {
        let into = edge.text_at(&["data", "targetHandle", "fieldName"])?;
        (into == field).then_some((edge.text_at(&["source"])?, edge.text_at(&["target"])?))
    });
    edges.collect()
}

fn effect(kind: &str) -> Effect {
    match kind {
        "CalculatorComponent"
        | "CalculatorTool"
        | "URLComponent"
        | "URL"
        | "WikipediaComponent"
        | "TavilySearchComponent"
        | "SearchComponent"
        | "ArXivComponent"
        | "YahooFinance"
        | "CurrentDate"
        | "DuckDuckGoSearchComponent"
        | "SerpComponent" => Effect::Read,
        "PythonREPLComponent" | "PythonREPLTool" | "PythonREPLToolComponent" => Effect::Execute,
        "MCPTools" | "MCP" | "APIRequest" | "CustomComponent" | "RunFlow" | "Agent" => Effect::Unknown,
        _ if kind.contains("Search") || kind.ends_with("Retriever") => Effect::Read,
        _ => effect_of(kind),
    }
}
