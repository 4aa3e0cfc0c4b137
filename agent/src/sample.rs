//! Hand-made observations for tests: a refund agent, a chat that may or may not act, a summariser, and loose parts.

use asmm_model::{
    Component, ComponentKind, Coverage, Criterion, Deployment, DeploymentKind, Effect, Evidence,
    EvidenceClass, Fact, Gap, GapReason, Gate, Identity, IdentityKind, Inventory, Model, Observation, Place,
    Role, SCHEMA, Scan, ScanTarget, Scope, Supports, SystemKind, Tool, Trigger, TriggerKind,
};

pub(crate) mod sides;

use crate::correlate::{Correlated, correlate};

/// Observations of one scope.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    scope: Scope,
    facts: Vec<Fact>,
}

impl Sample {
    pub(crate) fn new(target: &str, root: &str, name: &str) -> Self {
        let scope = Scope { target: target.to_owned(), root: root.to_owned(), name: name.to_owned() };
        Self { scope, facts: Vec::new() }
    }

    pub(crate) fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    pub(crate) fn system(self, kind: SystemKind, complete: bool) -> Self {
        self.fact(Fact::System { kind, role: Role::Production, complete, tools_complete: complete })
    }

    pub(crate) fn says(
        self,
        criterion: Criterion,
        supports: Supports,
        weight: f64,
        note: &str,
        place: Place,
    ) -> Self {
        let evidence = Evidence::at(place, Role::Production)
            .by("a-rule")
            .of(EvidenceClass::Ast)
            .weighing(supports, weight)
            .noting(note);
        self.fact(Fact::Criterion { criterion, evidence })
    }

    pub(crate) fn tool(self, name: &str, effect: Effect, gate: Gate, place: Place) -> Self {
        let evidence = vec![Evidence::at(place, Role::Production)];
        self.fact(Fact::Tool(Tool { name: name.to_owned(), effect, gate, evidence }))
    }

    /// Lets the component that was added last offer tools.
    pub(crate) fn offer(&mut self, names: &[&str]) {
        if let Some(Fact::Component(component)) = self.facts.last_mut() {
            let evidence = component.evidence.clone();
            let tool = |name: &&str| Tool {
                name: (*name).to_owned(),
                effect: Effect::Unknown,
                gate: Gate::Unknown,
                evidence: evidence.clone(),
            };
            component.tools = names.iter().map(tool).collect();
        }
    }

    pub(crate) fn component(
        self,
        kind: ComponentKind,
        name: &str,
        version: Option<&str>,
        place: Place,
    ) -> Self {
        self.fact(Fact::Component(Component {
            kind,
            name: name.to_owned(),
            package: version.map(|_| name.to_owned()),
            version: version.map(str::to_owned),
            purl: None,
            direct: version.map(|_| true),
            role: Role::Production,
            tools: Vec::new(),
            access: None,
            evidence: vec![Evidence::at(place, Role::Production).by(format!("uses-{name}"))],
        }))
    }

    pub(crate) fn identity(self, name: &str, inferred: bool, place: Place) -> Self {
        self.fact(Fact::Identity(Identity {
            kind: IdentityKind::EnvCredential,
            name: name.to_owned(),
            privilege: None,
            may_ask: None,
            arn: None,
            fingerprint: None,
            assumed_by: Vec::new(),
            shared_with: Vec::new(),
            inferred,
            evidence: vec![Evidence::at(place, Role::Production)],
        }))
    }

    pub(crate) fn model(self, name: &str, provider: &str, pinned: bool, place: Place) -> Self {
        self.fact(Fact::Model(Model {
            name: name.to_owned(),
            provider: Some(provider.to_owned()),
            pinned,
            evidence: vec![Evidence::at(place, Role::Production)],
        }))
    }

    pub(crate) fn observations(self) -> Vec<Observation> {
        let Self { scope, facts } = self;
        facts.into_iter().map(|fact| Observation { scope: scope.clone(), fact }).collect()
    }
}

/// Pays refunds at night without asking.
pub(crate) fn refunds(target: &str) -> Sample {
    use Criterion::{C1, C2, C3, C4, C5, C6};
    let at = |line| Place::line("services/refunds/agent.py", line);
    Sample::new(target, "services/refunds", "refunds")
        .system(SystemKind::Agent, true)
        .says(C1, Supports::Yes, 0.9, "makes an agent that chooses and chains tool calls", at(41))
        .says(C2, Supports::Yes, 0.9, "makes an agent that chooses and chains tool calls", at(41))
        .says(C1, Supports::Yes, 0.85, "gives tools to a model call", at(38))
        .says(C3, Supports::Yes, 0.85, "gives the model a tool that changes state", at(12))
        .says(C4, Supports::Yes, 0.8, "runs a state-changing tool without asking a person", at(12))
        .says(C5, Supports::Yes, 0.8, "is started without a person's turn", Place::line("k8s/cron.yaml", 4))
        .says(C6, Supports::Yes, 0.9, "acts under a credential of its own", at(9))
        .tool("find_order", Effect::Read, Gate::None, at(22))
        .tool("pay_refund", Effect::Pay, Gate::None, at(12))
        .component(
            ComponentKind::AgentFramework,
            "langgraph",
            Some("0.2.34"),
            Place::line("requirements.txt", 3),
        )
        .component(
            ComponentKind::ProviderSdk,
            "anthropic",
            Some(">=0.39"),
            Place::line("requirements.txt", 1),
        )
        .identity("ANTHROPIC_API_KEY", false, at(9))
        .model("claude-sonnet-4-20250514", "anthropic", true, at(10))
        .fact(Fact::Trigger(Trigger {
            kind: TriggerKind::Schedule,
            value: "0 2 * * *".to_owned(),
            place: Place::line("k8s/cron.yaml", 4),
            runs: Some("services/refunds/agent.py".to_owned()),
            evidence: Vec::new(),
        }))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, target)))
}

/// Has tools whose bodies could not be followed.
pub(crate) fn desk(target: &str) -> Sample {
    use Criterion::{C1, C2};
    let at = |line| Place::line("desk/chat.ts", line);
    Sample::new(target, "desk", "desk")
        .system(SystemKind::Agent, false)
        .says(C1, Supports::Yes, 0.85, "gives tools to a model call", at(20))
        .says(C2, Supports::Yes, 0.85, "allows several steps in one model call", at(22))
        .tool("search_orders", Effect::Unknown, Gate::Unknown, Place::line("desk/tools.ts", 12))
        .component(
            ComponentKind::ProviderSdk,
            "vercel-ai-sdk",
            Some("^4.0.0"),
            Place::line("desk/package.json", 8),
        )
        .identity("OPENAI_API_KEY", true, Place::line("desk/package.json", 8))
}

/// Sends a text to a model and stores what comes back.
pub(crate) fn summaries(target: &str) -> Sample {
    use Criterion::{C1, C2, C3, C4};
    let at = |line| Place::line("jobs/summarise.py", line);
    Sample::new(target, "jobs", "summaries")
        .system(SystemKind::Pipeline, true)
        .says(C1, Supports::No, 0.85, "every model call of this system is without tools", at(7))
        .says(C2, Supports::No, 0.7, "every model call of this system is without tools", at(7))
        .says(C3, Supports::No, 0.7, "offers the model no action to select", at(7))
        .says(C4, Supports::No, 0.7, "offers the model no action to select", at(7))
        .component(ComponentKind::ProviderSdk, "openai", Some("1.30.1"), Place::line("uv.lock", 310))
        .model("gpt-4o-mini", "openai", false, at(8))
}

/// A coding agent's configuration, which is no system.
pub(crate) fn loose(target: &str) -> Sample {
    Sample::new(target, ".claude", "claude").component(
        ComponentKind::CodingAgentConfig,
        "claude-code",
        None,
        Place::file(".claude/settings.json"),
    )
}

/// All of them.
pub(crate) fn observations(target: &str) -> Vec<Observation> {
    [refunds(target), desk(target), summaries(target), loose(target)]
        .into_iter()
        .flat_map(Sample::observations)
        .collect()
}

/// What a scan of one target with these observations prints.
pub(crate) fn inventory(observations: Vec<Observation>) -> Inventory {
    let Correlated { systems, components, identities } = correlate(observations, false);
    Inventory {
        schema: SCHEMA.to_owned(),
        scan: Scan {
            id: "0123456789abcdef".to_owned(),
            started_at: "2026-01-02T03:04:05.678Z".to_owned(),
            tool: "muster 0.1.0".to_owned(),
            rules: "blake3:00".to_owned(),
            targets: vec![ScanTarget { target: ".".to_owned(), commit: None }],
        },
        coverage: vec![Coverage {
            target: ".".to_owned(),
            seen: 1204,
            skipped: vec![
                Gap::new("data/all.json", GapReason::TooLarge).because("larger than 1 MiB"),
                Gap::new("dist/app.min.js", GapReason::Generated),
                Gap::new("node_modules", GapReason::Ignored).times(311).because("left out by .gitignore"),
            ],
            kinds: Vec::new(),
        }],
        systems,
        components,
        identities,
        proposals: Vec::new(),
        register: None,
    }
}

/// A system and a server whose every text is the same.
pub(crate) fn hostile(text: &str) -> Inventory {
    let at = || Place::line(format!("src/{text}.py"), 3);
    let sample = Sample::new(".", text, text)
        .system(SystemKind::Agent, false)
        .says(Criterion::C1, Supports::Yes, 0.9, text, at())
        .tool(text, Effect::Unknown, Gate::Unknown, at())
        .component(ComponentKind::ProviderSdk, text, Some(text), at())
        .component(ComponentKind::Prompt, text, None, at())
        .identity(text, false, at())
        .model(text, text, false, at());
    let mut server = Sample::new(".", "b", "b").component(ComponentKind::Mcp, text, None, at());
    server.offer(&[text]);
    let mut inventory = inventory(sample.observations().into_iter().chain(server.observations()).collect());
    inventory.coverage[0].skipped.push(Gap::new(text, GapReason::Failed).because(text));
    inventory
}
