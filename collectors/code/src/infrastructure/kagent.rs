//! Agents of kagent, as manifests of Kubernetes declare them.
//!
//! Field names are those of the group `kagent.dev`, in its versions `v1alpha1` and `v1alpha2`.

use asmm_model::{Effect, Gate};

use super::agents::{Action, Agent};
use super::{Format, Resource};
use crate::document::Node;

/// Kinds of objects that are agents.
const KINDS: [&str; 2] = ["kagent.dev/Agent", "kagent.dev/SandboxAgent"];

/// The agent that a resource is; `resources` are asked for its model.
pub(super) fn agent(resources: &[Resource], at: usize) -> Option<Agent> {
    let resource = &resources[at];
    if resource.format != Format::Kubernetes || !KINDS.contains(&resource.kind.as_str()) {
        return None;
    }
    let spec = resource.body.get("spec")?;
    let settings = spec.get("declarative").unwrap_or(spec);
    let config = settings.text_at(&["modelConfig"]).and_then(|name| config(resources, resource, name));
    let mut agent = Agent {
        at,
        name: resource.name.clone(),
        parts: vec![at],
        model: None,
        provider: None,
        actions: Vec::new(),
        instruction: settings.entry("systemMessage").map(|message| message.line),
        role: None,
        collaborators: Vec::new(),
        // What an image brings along stands elsewhere.
        open: spec.get("byo").is_some(),
    };
    if let Some(config) = config {
        let spec = resources[config].body.get("spec");
        agent.parts.push(config);
        agent.model = spec
            .and_then(|spec| spec.entry("model"))
            .and_then(|model| Some((model.node.text()?.to_owned(), config, model.line)));
        agent.provider = spec.and_then(|spec| spec.text_at(&["provider"])).map(str::to_ascii_lowercase);
    }
    for tool in settings.items_at(&["tools"]) {
        add(at, tool, &mut agent);
    }
    Some(agent)
}

/// The settings of a model, in the same folder where several go by that name.
fn config(resources: &[Resource], of: &Resource, name: &str) -> Option<usize> {
    // A name may have its namespace in front.
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_it = |other: &Resource| other.kind == "kagent.dev/ModelConfig" && other.name == name;
    let near = resources.iter().position(|other| {
        is_it(other) && crate::program::parent(&other.path) == crate::program::parent(&of.path)
    });
    near.or_else(|| resources.iter().position(is_it))
}

fn add(at: usize, tool: &Node, agent: &mut Agent) {
    let action = |name: &str, line: u32| Action {
        name: name.to_owned(),
        at,
        line,
        effect: Effect::Unknown,
        gate: Gate::Unknown,
    };
    if let Some(server) = tool.get("mcpServer") {
        let named = server.items_at(&["toolNames"]).iter().filter_map(|name| Some((name.text()?, name.line)));
        let before = agent.actions.len();
        agent.actions.extend(named.map(|(name, line)| action(name, line)));
        if agent.actions.len() == before {
            // Every tool that the server offers.
            let name = ["name", "toolServer"].iter().find_map(|key| server.text_at(&[key]));
            agent.actions.push(action(name.unwrap_or("server"), server.line));
            agent.open = true;
        }
    } else if let Some(builtin) = tool.get("builtin") {
        let name = builtin.text_at(&["name"]).unwrap_or("builtin");
        agent.actions.push(action(name, builtin.line));
    } else if let Some(other) = tool.get("agent") {
        agent.collaborators.push((at, other.line));
    } else {
        agent.open = true;
    }
}
