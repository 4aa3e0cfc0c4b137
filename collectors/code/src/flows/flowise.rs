//! Exports of Flowise: chatflows, whose nodes say their category, and agentflows, whose nodes say their kind.

use asmm_model::{Effect, Gate, TriggerKind};

use super::{Step, What, add_model, add_provider, effect_of, effect_of_method, step};
use crate::document::{Node, Value};

/// The name and the steps.
pub(super) fn read(document: &Node) -> Option<(String, Vec<Step>)> {
    let nodes = document.get("nodes")?.items();
    let mut steps = Vec::new();
    let has_tools = nodes.iter().any(|node| category(node) == "Tools");
    let mut first = None;
    for node in nodes {
        let Some(data) = node.get("data") else { continue };
        let label = data.text_at(&["label"]).or_else(|| data.text_at(&["name"])).unwrap_or_default();
        let name = data.text_at(&["name"]).unwrap_or_default();
        first.get_or_insert(data.line);
        if let Some(credential) =
            data.get("credential").filter(|c| c.text().is_some_and(|text| !text.is_empty()))
        {
            steps.push(step(What::Credential, name, credential.line));
        }
        match (category(node), name) {
            (_, "agentAgentflow") => {
                let tools = given(data);
                steps.push(step(if tools.is_empty() { What::Ask } else { What::Agent }, label, data.line));
                steps.extend(tools);
                let named = data.text_at(&["inputs", "agentModel"]).unwrap_or_default();
                add_provider(&mut steps, named, data.line);
                add_model(&mut steps, data.at(&["inputs", "agentModelConfig", "modelName"]));
            }
            (_, "llmAgentflow" | "conditionAgentAgentflow") => {
                steps.push(step(What::Ask, label, data.line));
                add_model(&mut steps, data.at(&["inputs", "llmModelConfig", "modelName"]));
            }
            (_, "executeFlowAgentflow") => steps.push(step(What::Delegates, label, data.line)),
            ("Agents" | "Multi Agents" | "Sequential Agents", _) => {
                let what = if has_tools { What::Agent } else { What::Ask };
                steps.push(step(what, label, data.line));
            }
            ("Chains", _) => steps.push(step(What::Ask, label, data.line)),
            ("Tools", _) => {
                let effect = effect(data, name);
                steps.push(step(What::Tool { effect, gate: Gate::None }, label, data.line));
            }
            ("Chat Models" | "LLMs", _) => {
                add_provider(&mut steps, name, data.line);
                add_model(&mut steps, data.at(&["inputs", "modelName"]));
            }
            ("Memory", "bufferMemory" | "bufferWindowMemory") => {}
            ("Memory", _) => steps.push(step(What::Memory, label, data.line)),
            _ => {}
        }
    }
    // Whoever talks to a chatflow, or calls it, starts it.
    let what = What::Trigger { kind: TriggerKind::Manual, value: "request".to_owned(), is_open: true };
    steps.push(step(what, "", first.unwrap_or(document.line)));
    Some((document.text_at(&["name"]).unwrap_or_default().to_owned(), steps))
}

fn category(node: &Node) -> &str {
    node.text_at(&["data", "category"]).unwrap_or_default()
}

/// The tools of an agent of an agentflow.
fn given(data: &Node) -> Vec<Step> {
    let tools = data.items_at(&["inputs", "agentTools"]).iter().filter_map(|tool| {
        let name = tool.text_at(&["agentSelectedTool"])?;
        let asks =
            ["agentSelectedToolRequiresHumanInput", "requiresHumanInput"].iter().any(|key| tool.is_true(key));
        let gate = if asks { Gate::Each } else { Gate::None };
        Some(step(What::Tool { effect: effect_by_name(name), gate }, name, tool.line))
    });
    tools.collect()
}

fn effect(data: &Node, name: &str) -> Effect {
    match name {
        "requestsGet" => Effect::Read,
        "requestsPost" | "requestsPut" | "requestsDelete" => Effect::Write,
        "customTool" | "chatflowTool" | "customMCP" => Effect::Unknown,
        _ => {
            // Actions are written as a list in a text: `["sendMessage"]`.
            let actions = data.entries_at(&["inputs"]).iter().find(|e| e.key.ends_with("Actions"));
            match actions.map(|entry| &entry.node.value) {
                Some(Value::Text(list)) if !list.is_empty() => list
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .filter(|action| !action.is_empty())
                    .map(effect_of)
                    .max_by_key(|effect| effect.changes_state())
                    .unwrap_or(Effect::Unknown),
                _ => effect_by_name(name),
            }
        }
    }
}

fn effect_by_name(name: &str) -> Effect {
    const READS: [&str; 12] = [
        "calculator",
        "serper",
        "serpAPI",
        "googleCustomSearch",
        "braveSearchAPI",
        "tavilyAPI",
        "webBrowser",
        "searxNG",
        "exaSearch",
        "retrieverTool",
        "currentDateTime",
        "arxiv",
    ];
    match name {
        "requestsGet" => effect_of_method("GET"),
        "requestsPost" | "requestsPut" | "requestsDelete" => effect_of_method("POST"),
        "codeInterpreterE2B" => Effect::Execute,
        "readFile" => Effect::Read,
        "writeFile" => Effect::Write,
        _ if READS.contains(&name) => Effect::Read,
        _ => effect_of(name),
    }
}
