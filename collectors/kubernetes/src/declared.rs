//! Agents that a cluster is told to run by objects of their own: those of kagent and of Ark.

use asmm_model::Gate;
use serde_json::Value;

use crate::object::Object;

/// An agent as its object declares it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Declared {
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    /// Tools with what asks a person before them.
    pub(crate) tools: Vec<(String, Gate)>,
    /// Other agents that it may call.
    pub(crate) others: Vec<String>,
    pub(crate) remembers: bool,
    /// The service account of its pods, where it names one.
    pub(crate) account: Option<String>,
    /// Whether it may have tools that its object does not list.
    pub(crate) is_open: bool,
}

/// The agent that an object is; `objects` are asked for its model.
pub(crate) fn agent(object: &Object, objects: &[Object]) -> Option<Declared> {
    match object.kind_for_rules().as_str() {
        "kagent.dev/Agent" | "kagent.dev/SandboxAgent" => Some(of_kagent(object, objects)),
        "ark.mckinsey.com/Agent" => Some(of_ark(object, objects)),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}

fn items<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// An object that another names, in its own namespace where several go by the name.
fn named<'o>(objects: &'o [Object], kind: &str, of: &Object, name: &str) -> Option<&'o Object> {
    // A name may have its namespace in front.
    let (namespace, name) = name.rsplit_once('/').unwrap_or((&of.namespace, name));
    let mut all = objects.iter().filter(|other| other.name == name && other.kind_for_rules() == kind);
    all.clone().find(|other| other.namespace == namespace).or_else(|| all.next())
}

fn of_kagent(object: &Object, objects: &[Object]) -> Declared {
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let settings = spec.get("declarative").unwrap_or(spec);
    let config = text(settings, "/modelConfig")
        .and_then(|name| named(objects, "kagent.dev/ModelConfig", object, name));
    let mut agent = Declared {
        model: config.and_then(|config| config.text("/spec/model")).map(str::to_owned),
        provider: config.and_then(|config| config.text("/spec/provider")).map(str::to_ascii_lowercase),
        remembers: settings.get("memory").is_some_and(|memory| !memory.is_null()),
        account: text(settings, "/deployment/serviceAccountName")
            .or_else(|| text(spec, "/byo/deployment/serviceAccountName"))
            .map(str::to_owned),
        // What an image brings along stands elsewhere.
        is_open: spec.get("byo").is_some(),
        ..Declared::default()
    };
    for tool in items(settings, "/tools") {
        if let Some(server) = tool.get("mcpServer") {
            let approved: Vec<&str> = items(server, "/requireApproval").filter_map(Value::as_str).collect();
            let gate = |name: &str| if approved.contains(&name) { Gate::Each } else { Gate::None };
            let listed: Vec<&str> = items(server, "/toolNames").filter_map(Value::as_str).collect();
            if listed.is_empty() {
                // Every tool that the server offers, as far as it was asked.
                let name = text(server, "/name").or_else(|| text(server, "/toolServer")).unwrap_or("server");
                let kinds = ["kagent.dev/RemoteMCPServer", "kagent.dev/ToolServer"];
                let server = kinds.iter().find_map(|kind| named(objects, kind, object, name));
                let offered: Vec<&str> = server
                    .map(|server| {
                        items(&server.body, "/status/discoveredTools")
                            .filter_map(|tool| text(tool, "/name"))
                            .collect()
                    })
                    .unwrap_or_default();
                agent.is_open |= offered.is_empty();
                if offered.is_empty() {
                    agent.tools.push((name.to_owned(), Gate::Unknown));
                }
                agent.tools.extend(offered.into_iter().map(|name| (name.to_owned(), gate(name))));
            }
            agent.tools.extend(listed.into_iter().map(|name| (name.to_owned(), gate(name))));
        } else if let Some(other) = tool.get("agent") {
            let name = other.as_str().or_else(|| text(other, "/name")).or_else(|| text(other, "/ref"));
            agent.others.push(name.unwrap_or("an agent").to_owned());
        } else if let Some(name) = text(tool, "/builtin/name") {
            agent.tools.push((name.to_owned(), Gate::Unknown));
        } else {
            agent.is_open = true;
        }
    }
    agent
}

fn of_ark(object: &Object, objects: &[Object]) -> Declared {
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let name = text(spec, "/modelRef/name").unwrap_or("default");
    let model = named(objects, "ark.mckinsey.com/Model", object, name);
    let mut agent = Declared {
        model: model.and_then(|model| model.text("/spec/model/value")).map(str::to_owned),
        provider: model.and_then(|model| model.text("/spec/type")).map(str::to_ascii_lowercase),
        is_open: spec.get("executionEngine").is_some_and(|engine| !engine.is_null()),
        ..Declared::default()
    };
    for tool in items(spec, "/tools") {
        let Some(name) = text(tool, "/name") else {
            agent.is_open = true;
            continue;
        };
        match text(tool, "/type") {
            Some("agent" | "team") => agent.others.push(name.to_owned()),
            _ => agent.tools.push((name.to_owned(), Gate::Unknown)),
        }
    }
    agent
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_agent_of_kagent_is_given() {
        let objects = Object::all(json!([
            {"kind": "Agent", "apiVersion": "kagent.dev/v1alpha2", "metadata": {"name": "sre", "namespace": "ai"}, "spec": {"declarative": {
                "modelConfig": "gpt", "systemMessage": "SECRET", "memory": {"modelConfig": "gpt"},
                "deployment": {"serviceAccountName": "sre"},
                "tools": [
                    {"type": "McpServer", "mcpServer": {"name": "k8s", "toolNames": ["get", "delete"], "requireApproval": ["delete"]}},
                    {"type": "McpServer", "mcpServer": {"name": "docs"}},
                    {"type": "Agent", "agent": {"name": "helper"}},
                ]}}},
            {"kind": "ModelConfig", "apiVersion": "kagent.dev/v1alpha2", "metadata": {"name": "gpt", "namespace": "ai"}, "spec": {"provider": "OpenAI", "model": "gpt-4o"}},
            {"kind": "RemoteMCPServer", "apiVersion": "kagent.dev/v1alpha2", "metadata": {"name": "docs", "namespace": "ai"}, "spec": {}, "status": {"discoveredTools": [{"name": "search"}]}},
        ]));
        let gate = |name: &str, gate| (name.to_owned(), gate);
        assert_eq!(
            agent(&objects[0], &objects),
            Some(Declared {
                model: Some("gpt-4o".to_owned()),
                provider: Some("openai".to_owned()),
                tools: vec![gate("get", Gate::None), gate("delete", Gate::Each), gate("search", Gate::None)],
                others: vec!["helper".to_owned()],
                remembers: true,
                account: Some("sre".to_owned()),
                is_open: false,
            })
        );
        assert_eq!(agent(&objects[1], &objects), None);
    }
}
