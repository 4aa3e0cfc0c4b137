//! What infrastructure code declares: managed agents as systems of their own, and components of the unit around them.

use std::collections::BTreeSet;

use asmm_model::{
    Access, Claim, Component, ComponentKind, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass,
    Fact, Gate, Identity, IdentityKind, JoinStrength, Key, Model, Observation, Place, Role, Scope,
    SystemKind, Tool,
};
use muster_rules::RulePack;

use super::components::is_pinned;
use super::criteria::Reasons;
use crate::artifacts::ConfiguredModel;
use crate::document::Node;
use crate::infrastructure::{Action, Agent, Resource};
use crate::program::parent;
use crate::role::role_of;

/// Observations of the agents among resources, and of the resources that belong to none of them, which `home` gives
/// the scope of the unit that they are in.
pub(crate) fn declared(
    pack: &RulePack,
    target: &str,
    resources: &[Resource],
    agents: &[Agent],
    home: &dyn Fn(&str) -> Scope,
    systems: &BTreeSet<&Scope>,
) -> Vec<Observation> {
    let mut out = Vec::new();
    for agent in agents {
        Declared { pack, target, resources, agent }.observe(&mut out);
    }
    let taken: BTreeSet<usize> = agents.iter().flat_map(|agent| agent.parts.iter().copied()).collect();
    let loose =
        resources.iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, resource)| resource);
    for resource in loose {
        let scope = home(&resource.path);
        if let Some((name, line)) = deployed_model(resource) {
            let role = role_of(&resource.path);
            let at = Evidence::at(Place::line(&*resource.path, line), role).of(EvidenceClass::Config);
            let at = at.noting(format!("`{}` `{}`", resource.kind, resource.name));
            let fact = model(name, "azure-openai", at, systems.contains(&scope));
            out.push(Observation { scope: scope.clone(), fact });
        }
        out.extend(
            components(pack, resource)
                .map(|component| Observation { scope: scope.clone(), fact: Fact::Component(component) }),
        );
    }
    out
}

/// A model that is named where no code is: a model of the system there, or a component of its own.
pub(super) fn model(name: &str, provider: &str, at: Evidence, in_system: bool) -> Fact {
    if in_system {
        return Fact::Model(Model {
            name: name.to_owned(),
            provider: Some(provider.to_owned()).filter(|provider| !provider.is_empty()),
            pinned: is_pinned(name),
            evidence: vec![at],
        });
    }
    Fact::Component(Component::named(ComponentKind::Model, name, at.role, vec![at]))
}

/// Observations of the models that settings name.
pub(crate) fn configured(
    models: &[ConfiguredModel],
    home: &dyn Fn(&str) -> Scope,
    systems: &BTreeSet<&Scope>,
) -> Vec<Observation> {
    let observe = |configured: &ConfiguredModel| {
        let at = Evidence::at(Place::line(&*configured.path, configured.line), role_of(&configured.path));
        let at = at.of(EvidenceClass::Config).noting(format!("`{}`", configured.key));
        let scope = home(&configured.path);
        let fact = model(&configured.name, "", at, systems.contains(&scope));
        Observation { scope, fact }
    };
    models.iter().map(observe).collect()
}

/// The model that a deployment is of, where it is named.
fn deployed_model(resource: &Resource) -> Option<(&str, u32)> {
    let model = match resource.kind.as_str() {
        "azurerm_cognitive_deployment" => resource.body.get("model")?.one_or_more().first()?,
        "Microsoft.CognitiveServices/accounts/deployments" => resource.body.at(&["properties", "model"])?,
        _ => return None,
    };
    let name = model.entry("name")?;
    name.node.text().filter(|name| is_model_name(name)).map(|text| (text, name.line))
}

/// Whether a text may be the name of a model: one word, which no template completes.
pub(super) fn is_model_name(text: &str) -> bool {
    const LONGEST: usize = 100;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '/' | '@');
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_plain)
}

/// The scope of a managed agent.
pub(super) fn scope_of(target: &str, resources: &[Resource], agent: &Agent) -> Scope {
    Scope {
        target: target.to_owned(),
        root: parent(&resources[agent.at].path).to_owned(),
        name: agent.name.clone(),
    }
}

/// The components that a resource is.
fn components<'r>(pack: &'r RulePack, resource: &'r Resource) -> impl Iterator<Item = Component> + 'r {
    let role = role_of(&resource.path);
    resource.rules(pack).iter().filter_map(move |rule| {
        let known = pack.rule(*rule);
        let at = Evidence::at(Place::line(&*resource.path, resource.line), role);
        let kind = known.kind?;
        // What infrastructure code declares is known by its type.
        let name = if kind == ComponentKind::Iac { &resource.kind } else { &known.name };
        let noted = at
            .by(known.id.0.clone())
            .of(EvidenceClass::Config)
            .noting(format!("`{}` `{}`", resource.kind, resource.name));
        let access = gateway_access(resource);
        Some(Component { access, ..Component::named(kind, name.clone(), role, vec![noted]) })
    })
}

/// Who may use a gateway of AgentCore: it has an address of the internet, and nothing can stand in front of it.
fn gateway_access(resource: &Resource) -> Option<Access> {
    const GATEWAYS: [&str; 3] =
        ["aws_bedrockagentcore_gateway", "awscc_bedrockagentcore_gateway", "AWS::BedrockAgentCore::Gateway"];
    if !GATEWAYS.contains(&resource.kind.as_str()) {
        return None;
    }
    let authorizer = ["authorizer_type", "AuthorizerType"].iter().find_map(|key| resource.body.get(key));
    Some(match authorizer.and_then(Node::text) {
        Some("NONE") => Access::Open,
        Some("CUSTOM_JWT" | "AWS_IAM") => Access::Login,
        _ => Access::Remote,
    })
}

struct Declared<'d> {
    pack: &'d RulePack,
    target: &'d str,
    resources: &'d [Resource],
    agent: &'d Agent,
}

impl Declared<'_> {
    fn at(&self, resource: usize, line: u32) -> Evidence {
        let path = &self.resources[resource].path;
        let at = Evidence::at(Place::line(&**path, line), role_of(path)).of(EvidenceClass::Config);
        match self.resources[resource].rules(self.pack).first() {
            Some(rule) => at.by(self.pack.rule(*rule).id.0.clone()),
            None => at,
        }
    }

    /// What the agent is told to do.
    fn prompt(&self, line: u32) -> Component {
        let at = self.at(self.agent.at, line);
        let role = at.role;
        let at = vec![at.noting(format!("what `{}` is told to do", self.agent.name))];
        let known = self.pack.find("instructs-model");
        let name = known.map_or("instructions", |(_, rule)| rule.name.as_str());
        Component::named(ComponentKind::Prompt, name, role, at)
    }

    fn observe(&self, out: &mut Vec<Observation>) {
        let agent = self.agent;
        let own = &self.resources[agent.at];
        let scope = scope_of(self.target, self.resources, agent);
        let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
        let role = role_of(&own.path);
        put(Fact::System {
            kind: SystemKind::Agent,
            role: if role == Role::Docs { Role::Sample } else { role },
            // Who asks it, and what its tools do, stands elsewhere.
            complete: false,
            tools_complete: !agent.open,
        });
        put(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, self.target)));
        if let Some((value, line)) = own.known_as() {
            let place = Place::line(&*own.path, line);
            put(Fact::Key(Key { claim: Claim::Declares, value, strength: JoinStrength::Medium, place }));
        }
        for part in &agent.parts {
            components(self.pack, &self.resources[*part])
                .for_each(|component| put(Fact::Component(component)));
        }
        if let Some(line) = agent.instruction {
            put(Fact::Component(self.prompt(line)));
        }
        if let Some((name, resource, line)) = &agent.model {
            put(Fact::Model(Model {
                name: name.clone(),
                provider: agent.provider.clone(),
                pinned: is_pinned(name),
                evidence: vec![self.at(*resource, *line)],
            }));
        }
        let mut reasons = Reasons::new(self.pack.heuristics());
        if let Some((name, line)) = &agent.role {
            let at = self.at(agent.at, *line);
            put(Fact::Identity(Identity::named(IdentityKind::CloudRole, name.clone(), vec![at.clone()])));
            reasons.add("uses-credential", &at, &format!("`{name}`"));
        }
        let here = self.at(agent.at, own.line);
        if !agent.actions.is_empty() || !agent.collaborators.is_empty() {
            reasons.add("agent-declared", &here, &format!("`{}`", agent.name));
        }
        for (resource, line) in &agent.collaborators {
            reasons.add("delegates", &self.at(*resource, *line), "to an agent that is declared");
        }
        if own.body.get("memory_configuration").or_else(|| own.body.get("MemoryConfiguration")).is_some() {
            reasons.add("keeps-memory", &here, "");
        }
        for action in &agent.actions {
            self.action(action, &mut reasons);
            put(Fact::Tool(Tool {
                name: action.name.clone(),
                effect: action.effect,
                gate: action.gate,
                evidence: vec![self.at(action.at, action.line)],
            }));
        }
        let only_reads = !agent.open && agent.collaborators.is_empty() && !agent.actions.is_empty();
        if only_reads && agent.actions.iter().all(|action| action.effect == Effect::Read) {
            reasons.add("tools-only-read", &here, "");
            reasons.add("nothing-to-approve", &here, "");
        }
        for (criterion, evidence) in reasons.into_all() {
            put(Fact::Criterion { criterion, evidence });
        }
    }

    /// C3 and C4 of one action.
    fn action(&self, action: &Action, reasons: &mut Reasons<'_>) {
        if action.effect.changes_state() {
            let at = self.at(action.at, action.line);
            reasons.add("tool-changes-state", &at, &format!("`{}`", action.name));
            if action.gate == Gate::None {
                reasons.add("ungated-tool", &at, &format!("`{}`", action.name));
            }
        }
    }
}
