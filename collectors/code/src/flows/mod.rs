//! Workflows that low-code products export: which of their steps ask a model, what these are given, and what starts them.

mod dify;
mod flowise;
mod langflow;
mod n8n;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use asmm_model::{Effect, Gate, TriggerKind};
use memchr::memmem::find;

use crate::document::{Node, ReadError, reading};
use crate::starters::has_extension;

/// Steps of one workflow that are kept.
const MAX_STEPS: usize = 2_000;

/// Who writes exports of that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Product {
    /// n8n.
    N8n,
    /// Dify.
    Dify,
    /// Flowise: chatflows and agentflows.
    Flowise,
    /// Langflow.
    Langflow,
}

impl Product {
    /// What rules call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::N8n => "n8n",
            Self::Dify => "dify",
            Self::Flowise => "flowise",
            Self::Langflow => "langflow",
        }
    }
}

/// A workflow with steps that ask a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) path: Arc<str>,
    pub(crate) product: Product,
    /// What it calls itself; empty where it does not.
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One step, or one thing that a step is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) what: What,
    /// What the workflow calls it.
    pub(crate) name: String,
    pub(crate) line: u32,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A model that chooses among tools, and sees their results.
    Agent,
    /// A model that is asked once.
    Ask,
    /// Something that an agent may choose.
    Tool { effect: Effect, gate: Gate },
    /// Who serves the models that a step asks, as rules name it.
    Provider,
    /// A model, by its name; served by the provider right before it, where there is one.
    Model,
    /// What is kept from one conversation to the next.
    Memory,
    /// What starts it.
    Trigger { kind: TriggerKind, value: String, is_open: bool },
    /// A credential that the product keeps, by the name of its kind.
    Credential,
    /// Other agents or workflows are called.
    Delegates,
}

/// The workflow of a file, if it is an export with steps that ask a model. Files that show none of the products are not
/// parsed.
pub(crate) fn flow(path: &Arc<str>, bytes: &[u8]) -> Result<Option<Flow>, ReadError> {
    let Some(product) = product_of(path, bytes) else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(ReadError::Whole { problem: "an export that is no UTF-8" });
    };
    let document = reading::by_name(path, text)?;
    let read = match product {
        Product::N8n => n8n::read(&document),
        Product::Dify => dify::read(&document),
        Product::Flowise => flowise::read(&document),
        Product::Langflow => langflow::read(&document),
    };
    let Some((name, mut steps)) = read else { return Ok(None) };
    steps.truncate(MAX_STEPS);
    let asks = steps.iter().any(|step| matches!(step.what, What::Agent | What::Ask));
    Ok(asks.then(|| Flow { path: Arc::clone(path), product, name, steps }))
}

/// The product whose marks a file carries.
fn product_of(path: &str, bytes: &[u8]) -> Option<Product> {
    let has = |mark: &str| find(bytes, mark.as_bytes()).is_some();
    if has_extension(path, &["json"]) {
        if has("@n8n/n8n-nodes-langchain.") && has("\"nodes\"") {
            return Some(Product::N8n);
        }
        if has("\"last_tested_version\"") && has("\"nodes\"") {
            return Some(Product::Langflow);
        }
        return (has("\"baseClasses\"") && has("\"nodes\"") && has("\"inputAnchors\""))
            .then_some(Product::Flowise);
    }
    let is_yaml = has_extension(path, &["yml", "yaml"]);
    (is_yaml && has("kind: app") && has("app:") && has("mode:")).then_some(Product::Dify)
}

/// A step.
fn step(what: What, name: &str, line: u32) -> Step {
    const MAX_NAME: usize = 120;
    Step { what, name: name[..name.floor_char_boundary(MAX_NAME)].to_owned(), line }
}

/// What an operation does, by the verb that products call it.
fn effect_of(operation: &str) -> Effect {
    const READS: [&str; 22] = [
        "get",
        "list",
        "search",
        "read",
        "find",
        "query",
        "lookup",
        "fetch",
        "retrieve",
        "load",
        "download",
        "count",
        "select",
        "describe",
        "check",
        "scrape",
        "crawl",
        "translate",
        "convert",
        "calculate",
        "wikipedia",
        "current",
    ];
    const SENDS: [&str; 8] = ["send", "reply", "post", "publish", "message", "notify", "email", "mail"];
    const WRITES: [&str; 18] = [
        "create",
        "update",
        "delete",
        "append",
        "insert",
        "upsert",
        "add",
        "remove",
        "write",
        "upload",
        "move",
        "copy",
        "set",
        "assign",
        "close",
        "clear",
        "execute_query",
        "book",
    ];
    const EXECUTES: [&str; 6] = ["executecommand", "shell", "ssh", "bash", "python_repl", "code_interpreter"];
    const PAYS: [&str; 5] = ["charge", "refund", "payment", "payout", "transfer"];
    let lower = operation.to_ascii_lowercase();
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| lower.starts_with(verb));
    let has = |verbs: &[&str]| verbs.iter().any(|verb| lower.contains(verb));
    if has(&EXECUTES) {
        Effect::Execute
    } else if has(&PAYS) {
        Effect::Pay
    } else if starts(&SENDS) {
        Effect::Send
    } else if starts(&WRITES) {
        Effect::Write
    } else if starts(&READS) {
        Effect::Read
    } else {
        Effect::Unknown
    }
}

/// What a request of that method does.
fn effect_of_method(method: &str) -> Effect {
    match method.to_ascii_uppercase().as_str() {
        "GET" | "HEAD" | "OPTIONS" => Effect::Read,
        "POST" | "PUT" | "PATCH" | "DELETE" => Effect::Write,
        _ => Effect::Unknown,
    }
}

/// Providers, by what stands in the types of nodes; what also stands in the name of another one comes later.
const PROVIDERS: [(&str, &str); 17] = [
    ("azureopenai", "azure-openai"),
    ("azurechatopenai", "azure-openai"),
    ("openaiapicompatible", ""),
    ("openailikecompatible", ""),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("bedrock", "aws-bedrock"),
    ("googlegemini", "google-genai"),
    ("googlegenerativeai", "google-genai"),
    ("ollama", "ollama"),
    ("mistral", "mistral"),
    ("groq", "groq"),
    ("cohere", "cohere"),
    ("openrouter", "openrouter"),
    ("deepseek", "deepseek"),
    ("huggingface", "huggingface"),
    ("xaigrok", "xai"),
];

/// Adds the provider that the type of a node, or a setting, names.
fn add_provider(steps: &mut Vec<Step>, named: &str, line: u32) {
    let plain: String = named.chars().filter(char::is_ascii_alphanumeric).take(80).collect();
    let plain = plain.to_ascii_lowercase();
    let known = PROVIDERS.iter().find(|(mark, _)| plain.contains(mark));
    if let Some((_, provider)) = known.filter(|(_, provider)| !provider.is_empty()) {
        steps.push(step(What::Provider, provider, line));
    }
}

/// Adds the name of a model.
fn add_model(steps: &mut Vec<Step>, node: Option<&Node>) {
    if let Some(node) = node
        && let Some(name) = node.text().filter(|name| !name.is_empty() && !name.contains("{{"))
    {
        steps.push(step(What::Model, name, node.line));
    }
}
