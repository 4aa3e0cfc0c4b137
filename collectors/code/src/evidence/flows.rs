//! Workflows that low-code products export: each is a system of its own.

use asmm_model::{
    Component, ComponentKind, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gate,
    Identity, IdentityKind, Model, Observation, Place, Role, Scope, SystemKind, Tool, Trigger,
};
use muster_rules::RulePack;

use super::components::is_pinned;
use super::criteria::Reasons;
use crate::flows::{Flow, Step, What};
use crate::role::role_of;

/// Observations of exported workflows.
pub(crate) fn flows(pack: &RulePack, target: &str, flows: &[Flow]) -> Vec<Observation> {
    let mut out = Vec::new();
    for flow in flows {
        let file = flow.path.rsplit('/').next().unwrap_or(&flow.path);
        let name = if flow.name.is_empty() { file.split('.').next().unwrap_or(file) } else { &flow.name };
        let scope = Scope { target: target.to_owned(), root: flow.path.to_string(), name: name.to_owned() };
        Exported { pack, flow, name }
            .observe(target, &mut |fact| out.push(Observation { scope: scope.clone(), fact }));
    }
    out
}

struct Exported<'f> {
    pack: &'f RulePack,
    flow: &'f Flow,
    name: &'f str,
}

impl Exported<'_> {
    fn at(&self, line: u32) -> Evidence {
        let at = Evidence::at(Place::line(&*self.flow.path, line), role_of(&self.flow.path));
        match self.pack.flow(self.flow.product.name()).first() {
            Some(rule) => at.by(self.pack.rule(*rule).id.0.clone()).of(EvidenceClass::Config),
            None => at.of(EvidenceClass::Config),
        }
    }

    fn observe(&self, target: &str, put: &mut dyn FnMut(Fact)) {
        let role = role_of(&self.flow.path);
        let is_agent = self.flow.steps.iter().any(|step| step.what == What::Agent);
        let open =
            self.flow.steps.iter().any(|step| {
                matches!(step.what, What::Tool { effect: Effect::Unknown, .. } | What::Delegates)
            });
        put(Fact::System {
            kind: if is_agent { SystemKind::Agent } else { SystemKind::Pipeline },
            role: if role == Role::Docs { Role::Sample } else { role },
            complete: !open,
            // Every tool is a node; what a node of another server offers is not.
            tools_complete: !open,
        });
        put(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, target)));
        let first = self.flow.steps.iter().find(|step| matches!(step.what, What::Agent | What::Ask));
        let first = self.at(first.map_or(1, |step| step.line));
        for rule in self.pack.flow(self.flow.product.name()) {
            let rule = self.pack.rule(rule);
            let Some(kind) = rule.kind else { continue };
            put(Fact::Component(Component::named(kind, rule.name.clone(), role, vec![first.clone()])));
        }
        let mut reasons = Reasons::new(self.pack.heuristics());
        let mut provider = None;
        for step in &self.flow.steps {
            // In a graph with an agent, what other nodes ask once says nothing against it.
            if is_agent && step.what == What::Ask {
                continue;
            }
            if step.what == What::Model {
                put(Fact::Model(Model {
                    name: step.name.clone(),
                    provider: provider.take(),
                    pinned: is_pinned(&step.name),
                    evidence: vec![self.at(step.line)],
                }));
                continue;
            }
            provider = (step.what == What::Provider).then(|| step.name.clone());
            self.step(step, &mut reasons, put);
        }
        let mut tools = self.flow.steps.iter().filter_map(|step| match step.what {
            What::Tool { effect, .. } => Some(effect),
            _ => None,
        });
        if is_agent && tools.all(|effect| effect == Effect::Read) && !open {
            reasons.add("tools-only-read", &first, "");
            reasons.add("nothing-to-approve", &first, "");
        }
        if !is_agent {
            reasons.add("only-calls-without-tools", &first, "");
            reasons.add("nothing-to-select", &first, "");
        }
        let starts = |step: &Step| matches!(&step.what, What::Trigger { kind, .. } if kind.self_starting());
        if !open && !self.flow.steps.iter().any(starts) {
            reasons.add("complete-scan-no-trigger", &first, "");
        }
        if !open {
            if !self.flow.steps.iter().any(|step| step.what == What::Memory) {
                reasons.add("complete-scan-no-memory", &first, "");
            }
            reasons.add("complete-scan-no-delegation", &first, "");
            reasons.add("complete-scan-no-self-change", &first, "");
        }
        for (criterion, evidence) in reasons.into_all() {
            put(Fact::Criterion { criterion, evidence });
        }
    }

    fn step(&self, step: &Step, reasons: &mut Reasons<'_>, put: &mut dyn FnMut(Fact)) {
        let at = self.at(step.line);
        let quoted = format!("`{}`", step.name);
        match &step.what {
            What::Agent => reasons.add("agent-declared", &at, &quoted),
            What::Ask => reasons.add("call-without-tools", &at, &quoted),
            What::Delegates => reasons.add("delegates", &at, &quoted),
            What::Memory => reasons.add("keeps-memory", &at, &quoted),
            What::Tool { effect, gate } => {
                if effect.changes_state() {
                    reasons.add("tool-changes-state", &at, &quoted);
                    if *gate == Gate::None {
                        reasons.add("ungated-tool", &at, &quoted);
                    }
                }
                put(Fact::Tool(Tool {
                    name: step.name.clone(),
                    effect: *effect,
                    gate: *gate,
                    evidence: vec![at],
                }));
            }
            What::Provider => {
                let (kind, role) = (ComponentKind::ProviderSdk, role_of(&self.flow.path));
                put(Fact::Component(Component::named(kind, step.name.clone(), role, vec![at])));
            }
            // Told with its provider.
            What::Model => {}
            What::Credential => {
                reasons.add("uses-credential", &at, &quoted);
                put(Fact::Identity(Identity::named(IdentityKind::SecretRef, step.name.clone(), vec![at])));
            }
            What::Trigger { kind, value, is_open } => {
                if kind.self_starting() {
                    reasons.add("trigger-reaches-agent", &at, &quoted);
                } else {
                    reasons.add("manual-entry-only", &at, &quoted);
                }
                if *is_open {
                    reasons.add("reads-untrusted-input", &at, &quoted);
                }
                put(Fact::Trigger(Trigger {
                    kind: *kind,
                    value: value.clone(),
                    place: at.place.clone(),
                    runs: Some(self.name.to_owned()),
                    evidence: vec![at],
                }));
            }
        }
    }
}
