//! Exports of n8n: nodes by type, and connections that say what an agent is given.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Effect, Gate, TriggerKind};

use super::{Step, What, add_model, add_provider, effect_of, effect_of_method, step};
use crate::document::Node;

/// The name and the steps.
pub(super) fn read(document: &Node) -> Option<(String, Vec<Step>)> {
    let nodes = document.get("nodes")?.items();
    let mut steps = Vec::new();
    let tools = connected(document, "ai_tool");
    // A tool that asks first stands between the tool and the agent.
    let asked: BTreeSet<&str> = tools
        .iter()
        .filter(|(_, to)| nodes.iter().any(|node| named(node, to) && is_review(type_of(node))))
        .map(|(from, _)| *from)
        .collect();
    let given: BTreeSet<&str> = tools.iter().map(|(_, to)| *to).collect();
    let parts: BTreeMap<&str, &str> = tools.iter().copied().collect();
    for node in nodes {
        let kind = type_of(node);
        let short = kind.rsplit('.').next().unwrap_or(kind);
        let name = node.text_at(&["name"]).unwrap_or(short);
        if node.is_true("disabled") {
            continue;
        }
        for credential in node.entries_at(&["credentials"]) {
            steps.push(step(What::Credential, &credential.key, credential.line));
        }
        let is_tool = parts.contains_key(name);
        if is_tool && !is_review(kind) {
            let (effect, gate) = tool(node, short, asked.contains(name));
            steps.push(step(What::Tool { effect, gate }, name, node.line));
            if matches!(short, "agentTool" | "toolWorkflow") {
                steps.push(step(What::Delegates, name, node.line));
            }
        }
        if let Some(what) = asks(kind, short, given.contains(name)) {
            steps.push(step(what, name, node.line));
        }
        // With an address of its own, somebody else answers in the same way.
        let elsewhere = node.at(&["parameters", "options", "baseURL"]).is_some();
        if kind.starts_with("@n8n/") && is_model(short) && !elsewhere {
            add_provider(&mut steps, short, node.line);
        }
        if short.starts_with("lm") || matches!(short, "openAi" | "anthropic" | "googleGemini") {
            let model = node.at(&["parameters", "model"]).or_else(|| node.at(&["parameters", "modelId"]));
            add_model(&mut steps, model.map(|model| model.get("value").unwrap_or(model)));
            if let Some(model) = node.at(&["parameters", "modelName"]) {
                add_model(&mut steps, Some(model));
            }
        }
        // What is kept in memory alone ends with the process.
        if short.starts_with("memory") && !matches!(short, "memoryBufferWindow" | "memoryManager") {
            steps.push(step(What::Memory, name, node.line));
        }
        if let Some(what) = trigger(node, kind, short) {
            steps.push(step(what, name, node.line));
        }
    }
    Some((document.text_at(&["name"]).unwrap_or_default().to_owned(), steps))
}

/// Whether a node stands for models of a provider.
fn is_model(short: &str) -> bool {
    short.starts_with("lm")
        || short.starts_with("embeddings")
        || matches!(short, "openAi" | "anthropic" | "googleGemini" | "ollama" | "openAiAssistant")
}

/// Whether a query is written out, and only reads.
fn only_reads(query: &str) -> bool {
    let lower = query.trim().trim_end_matches(';').to_ascii_lowercase();
    let is_fixed = !lower.starts_with('=') && !lower.contains("{{") && !lower.contains(';');
    let writes = ["insert ", "update ", "delete ", "into ", "drop ", "(pg_", "call "];
    is_fixed && lower.starts_with("select") && !writes.iter().any(|word| lower.contains(word))
}

fn type_of(node: &Node) -> &str {
    node.text_at(&["type"]).unwrap_or_default()
}

fn named(node: &Node, name: &str) -> bool {
    node.text_at(&["name"]) == Some(name)
}

/// A node that has a person approve a tool's call.
fn is_review(kind: &str) -> bool {
    kind.ends_with("HitlTool")
}

/// Pairs of nodes that a kind of connection leads from and to.
fn connected<'n>(document: &'n Node, kind: &str) -> Vec<(&'n str, &'n str)> {
    let mut found = Vec::new();
    for from in document.entries_at(&["connections"]) {
        for output in from.node.get(kind).into_iter().flat_map(Node::items) {
            let targets = output.items().iter().filter_map(|to| to.text_at(&["node"]));
            found.extend(targets.map(|to| (from.key.as_str(), to)));
        }
    }
    found
}

/// Whether a node asks a model, and how.
fn asks(kind: &str, short: &str, has_tools: bool) -> Option<What> {
    if !kind.starts_with("@n8n/n8n-nodes-langchain.") {
        return None;
    }
    match short {
        "agent" | "agentTool" | "openAiAssistant" => Some(if has_tools { What::Agent } else { What::Ask }),
        "openAi" | "anthropic" | "googleGemini" | "ollama" => {
            Some(if has_tools { What::Agent } else { What::Ask })
        }
        "textClassifier" | "sentimentAnalysis" | "informationExtractor" | "guardrails" => Some(What::Ask),
        _ if short.starts_with("chain") => Some(What::Ask),
        _ => None,
    }
}

/// What a tool does, and who is asked.
fn tool(node: &Node, short: &str, is_asked: bool) -> (Effect, Gate) {
    let setting = |key: &str| node.text_at(&["parameters", key]);
    let operation = setting("operation").unwrap_or_default();
    if operation == "sendAndWait" {
        return (Effect::Send, Gate::Each);
    }
    let gate = if is_asked { Gate::Each } else { Gate::None };
    let effect = match short {
        "toolHttpRequest" | "httpRequestTool" => effect_of_method(setting("method").unwrap_or("GET")),
        "toolCalculator" | "toolWikipedia" | "toolSerpApi" | "toolWolframAlpha" | "toolSearXng"
        | "toolThink" => Effect::Read,
        "toolCode" | "toolWorkflow" | "agentTool" | "mcpClientTool" => Effect::Unknown,
        "executeCommandTool" | "sshTool" => Effect::Execute,
        _ if short.starts_with("vectorStore") || short == "toolVectorStore" => Effect::Read,
        // Without an operation the node's own default holds, which is another one for each of them.
        _ if operation.is_empty() => match short {
            "gmailTool" | "slackTool" | "telegramTool" | "emailSendTool" | "discordTool" => Effect::Send,
            _ => Effect::Unknown,
        },
        _ => match effect_of(operation) {
            Effect::Unknown if operation.starts_with("executeQuery") => {
                let query = setting("query").unwrap_or_default();
                if only_reads(query) { Effect::Read } else { Effect::Write }
            }
            effect => effect,
        },
    };
    (effect, gate)
}

/// What starts the workflow.
fn trigger(node: &Node, kind: &str, short: &str) -> Option<What> {
    let found = |kind, value: &str, is_open| Some(What::Trigger { kind, value: value.to_owned(), is_open });
    match short {
        "manualTrigger" | "manualChatTrigger" => found(TriggerKind::Manual, short, false),
        "chatTrigger" | "formTrigger" => found(TriggerKind::Manual, short, true),
        "scheduleTrigger" | "cron" | "interval" => {
            let rule = node.at(&["parameters", "rule", "interval"]).and_then(|list| list.items().first());
            found(
                TriggerKind::Schedule,
                rule.and_then(|rule| rule.text_at(&["expression"])).unwrap_or(""),
                false,
            )
        }
        "webhook" => found(TriggerKind::Webhook, node.text_at(&["parameters", "path"]).unwrap_or(""), true),
        // Another workflow starts it; that one has a trigger of its own.
        "executeWorkflowTrigger" | "errorTrigger" => None,
        _ if kind.ends_with("Trigger") => {
            let is_open =
                ["gmail", "email", "imap", "telegram", "whatsapp", "slack", "discord", "github", "typeform"]
                    .iter()
                    .any(|open| short.to_ascii_lowercase().starts_with(open));
            found(TriggerKind::Event, short, is_open)
        }
        "emailReadImap" => found(TriggerKind::Event, short, true),
        _ => None,
    }
}
