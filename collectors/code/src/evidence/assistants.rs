//! Coding agents that files start: each such file is a system of its own.

use asmm_model::{
    Component, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gate, Identity,
    IdentityKind, Observation, Place, Role, Scope, SystemKind, Tool, Trigger, TriggerKind,
};
use muster_rules::RulePack;

use super::criteria::Reasons;
use super::principals::arn_of;
use super::triggers::carries_untrusted;
use crate::assistants::{Assistant, Use};

/// The name of the token that a workflow of GitHub Actions has without being given one.
const WORKFLOW_TOKEN: &str = "GITHUB_TOKEN";

/// Observations of the files that run coding agents.
pub(crate) fn assistants(pack: &RulePack, target: &str, assistants: &[Assistant]) -> Vec<Observation> {
    let mut out = Vec::new();
    for assistant in assistants {
        let scope = Scope {
            target: target.to_owned(),
            root: assistant.path.to_string(),
            name: assistant.name.clone(),
        };
        Running { pack, assistant }
            .observe(target, &mut |fact| out.push(Observation { scope: scope.clone(), fact }));
    }
    out
}

struct Running<'r> {
    pack: &'r RulePack,
    assistant: &'r Assistant,
}

impl Running<'_> {
    fn at(&self, line: u32) -> Evidence {
        Evidence::at(Place::line(&*self.assistant.path, line), Role::Production).of(EvidenceClass::Ci)
    }

    fn observe(&self, target: &str, put: &mut dyn FnMut(Fact)) {
        let tools = self.tools();
        // A step that has nothing to choose asks a model once.
        let chooses = |at: &Use| !self.pack.rule(at.run.rule).runs[at.run.run as usize].tools.is_empty();
        let is_agent = self.assistant.uses.iter().any(chooses);
        put(Fact::System {
            kind: if is_agent { SystemKind::Assistant } else { SystemKind::Pipeline },
            role: Role::Production,
            complete: !is_agent,
            // What it brings along is all that most workflows give it.
            tools_complete: !self.assistant.open,
        });
        put(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, target)));
        let mut reasons = Reasons::new(self.pack.heuristics());
        for at in &self.assistant.uses {
            let rule = self.pack.rule(at.run.rule);
            let here = self.at(at.line).by(rule.id.0.clone());
            if let Some(kind) = rule.kind {
                put(Fact::Component(Component::named(
                    kind,
                    rule.name.clone(),
                    Role::Production,
                    vec![here.clone()],
                )));
            }
            if chooses(at) {
                reasons.add("runs-coding-agent", &here, &format!("`{}`", rule.name));
            } else {
                reasons.add("call-without-tools", &here, &format!("`{}`", rule.name));
            }
            if at.unattended {
                reasons.add("approval-bypassed", &here, "");
            }
        }
        let first = self.assistant.uses.first().map_or_else(|| self.at(1), |at| self.at(at.line));
        let changes: Vec<&Tool> = tools.iter().filter(|tool| tool.effect.changes_state()).collect();
        for tool in &changes {
            let at = tool.evidence.first().unwrap_or(&first);
            reasons.add("tool-changes-state", at, &format!("`{}`", tool.name));
            if tool.gate == Gate::None {
                reasons.add("ungated-tool", at, &format!("`{}`", tool.name));
            }
        }
        if is_agent && changes.is_empty() && !self.assistant.open {
            reasons.add("tools-only-read", &first, "");
            reasons.add("nothing-to-approve", &first, "");
        }
        for tool in tools {
            put(Fact::Tool(tool));
        }
        self.starts(&mut reasons, put);
        let kinds = self.assistant.triggers.iter().map(|(kind, ..)| *kind);
        let called_by = self.assistant.callers.iter().map(|(_, kind, ..)| *kind);
        // Another repository may call it, or the settings of a service start it.
        if !self.assistant.called && !kinds.chain(called_by).any(TriggerKind::self_starting) {
            reasons.add("complete-scan-no-trigger", &first, "");
        }
        self.identities(&mut reasons, put);
        if !is_agent {
            reasons.add("only-calls-without-tools", &first, "");
        }
        for (criterion, evidence) in reasons.into_all() {
            put(Fact::Criterion { criterion, evidence });
        }
    }

    /// What the agents bring along, as far as nothing keeps them from it.
    fn tools(&self) -> Vec<Tool> {
        let mut found: Vec<Tool> = Vec::new();
        for at in &self.assistant.uses {
            let rule = self.pack.rule(at.run.rule);
            let site = &rule.runs[at.run.run as usize];
            for ready in &site.tools {
                let refused = at.confined || (ready.if_unattended && !at.unattended);
                if refused && ready.effect != Effect::Read {
                    continue;
                }
                let evidence = self.at(at.line).by(rule.id.0.clone());
                let gate = if at.waits { Gate::Unknown } else { Gate::None };
                match found.iter_mut().find(|tool| tool.name == ready.name) {
                    Some(known) => known.evidence.push(evidence),
                    None => found.push(Tool {
                        name: ready.name.clone(),
                        effect: ready.effect,
                        gate,
                        evidence: vec![evidence],
                    }),
                }
            }
        }
        for (name, effect, line, waits) in &self.assistant.given {
            let gate = if *waits { Gate::Unknown } else { Gate::None };
            let evidence = self.at(*line);
            match found.iter_mut().find(|tool| tool.name == *name) {
                Some(known) => known.evidence.push(evidence),
                None => {
                    found.push(Tool { name: name.clone(), effect: *effect, gate, evidence: vec![evidence] });
                }
            }
        }
        found
    }

    fn starts(&self, reasons: &mut Reasons<'_>, put: &mut dyn FnMut(Fact)) {
        let own = self.assistant.triggers.iter();
        let own = own.map(|(kind, value, line)| (&self.assistant.path, kind, value, line));
        let called = self.assistant.callers.iter();
        let called = called.map(|(path, kind, value, line)| (path, kind, value, line));
        for (path, kind, value, line) in own.chain(called) {
            let at = Evidence::at(Place::line(&**path, *line), Role::Production).of(EvidenceClass::Ci);
            if kind.self_starting() {
                reasons.add("workflow-starts-agent", &at, value);
            } else if !self.assistant.called {
                reasons.add("manual-entry-only", &at, value);
            }
            if carries_untrusted(value) {
                reasons.add("reads-untrusted-input", &at, value);
            }
            put(Fact::Trigger(Trigger {
                kind: *kind,
                value: value.clone(),
                place: at.place.clone(),
                runs: Some(self.assistant.name.clone()),
                evidence: vec![at],
            }));
        }
    }

    fn identities(&self, reasons: &mut Reasons<'_>, put: &mut dyn FnMut(Fact)) {
        let identity =
            |kind, name: &str, at: Evidence| Fact::Identity(Identity::named(kind, name.to_owned(), vec![at]));
        for (name, line) in self.assistant.secrets.iter().filter(|(name, _)| *name != WORKFLOW_TOKEN) {
            let at = self.at(*line);
            reasons.add("uses-credential", &at, &format!("`{name}`"));
            put(identity(IdentityKind::SecretRef, name, at));
        }
        for (role, line) in &self.assistant.roles {
            let at = self.at(*line);
            // What a secret or a setting names is known by the name of that.
            let inner = role.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
            let name = inner.map_or_else(|| role.rsplit('/').next().unwrap_or(role), str::trim);
            reasons.add("uses-credential", &at, &format!("`{name}`"));
            let arn = arn_of(role);
            put(Fact::Identity(Identity { arn, ..Identity::named(IdentityKind::CloudRole, name, vec![at]) }));
        }
        if let Some((allowed, line)) = &self.assistant.permissions {
            let at = self.at(*line);
            reasons.add("uses-credential", &at, &format!("`{WORKFLOW_TOKEN}`"));
            let at = if allowed.is_empty() { at } else { at.noting(format!("may: {allowed}")) };
            put(identity(IdentityKind::WorkflowToken, WORKFLOW_TOKEN, at));
        }
    }
}
