//! Workloads that bring or use AI, by what their templates and pods show.

use std::collections::BTreeSet;

use asmm_model::{
    Component, ComponentKind, Effect, EvidenceClass, Fact, Gate, Identity, IdentityKind, Place, Role,
    SystemKind, Tool, Trigger, TriggerKind,
};
use muster_rules::Rule;

use super::{Out, seen};
use crate::cluster::{STAND_IN, key};
use crate::declared;
use crate::exposure;
use crate::object::{IDENTITIES, Object};
use crate::pod::{Variable, Workload};
use crate::served;
use crate::signs::Signs;

/// Kinds of components that serve whoever asks, and choose nothing.
const SERVES: [ComponentKind; 4] =
    [ComponentKind::Serving, ComponentKind::VectorDb, ComponentKind::Observability, ComponentKind::Mcp];

impl Out<'_> {
    pub(super) fn workload(&mut self, workload: &Workload<'_>) {
        let object = workload.object;
        let place = self.place(object);
        // What carries out a declared agent is told by that agent.
        if self.is_of_agent(object) {
            return;
        }
        let signs = self.cluster.signs(workload);
        let pods = self.cluster.pods.get(&key(object));
        let added: Vec<Workload<'_>> =
            pods.iter().flat_map(|pods| &pods.added).filter_map(Workload::whoever_made_it).collect();
        let pack = self.pack;
        let of_type =
            pack.resource("kubernetes", &object.kind_for_rules()).iter().map(|rule| pack.rule(*rule));
        let types: Vec<ComponentKind> = of_type.clone().filter_map(|rule| rule.kind).collect();
        if signs.is_empty() && added.is_empty() && types.is_empty() {
            return;
        }
        let mut kinds: BTreeSet<ComponentKind> = signs.kinds();
        kinds.extend(types);
        let serves = (!kinds.is_empty() || signs.is_unknown_server())
            && signs.agents.is_empty()
            && kinds.iter().all(|kind| SERVES.contains(kind));
        // What supports agents, as a sandbox or a crawler does, is no platform for them.
        let is_platform = |rule: &&Rule| {
            rule.strength >= 2
                && matches!(rule.kind, Some(ComponentKind::LowCode | ComponentKind::AgentFramework))
        };
        let platform = signs.brings().chain(of_type).any(|rule| is_platform(&rule));
        let only_stores = serves && !kinds.contains(&ComponentKind::Serving) && !signs.is_unknown_server();
        if !only_stores {
            let kind = match () {
                () if !signs.agents.is_empty() => SystemKind::Assistant,
                () if serves || served::serves(object) => SystemKind::Serving,
                () => SystemKind::Pipeline,
            };
            self.system(object, kind, false);
        }
        self.components(object, &place, &signs);
        self.named_by_type(object);
        self.model_of(object);
        for pod in &added {
            let place = format!("{place}#pods");
            let signs = self.cluster.signs(pod);
            self.components(object, &place, &signs);
        }
        if kinds.contains(&ComponentKind::Serving) {
            self.arguments(workload, &place, &signs);
        }
        self.notes(workload, &place, &signs);
        if only_stores {
            return;
        }
        if platform {
            self.speak(object, "cluster-runs-agent-platform", &place, &object.name);
        }
        for (rule, variable) in &signs.settings {
            if rule.kind == Some(ComponentKind::AgentFramework) {
                self.speak(
                    object,
                    "cluster-framework-variable",
                    &format!("{place}#env.{variable}"),
                    variable,
                );
            }
        }
        self.coding_agents(object, &place, &signs);
        for variable in workload.variables().into_iter().chain(added.iter().flat_map(Workload::variables)) {
            self.variable(object, &place, &variable);
        }
        self.starts(workload, &place);
        for claim in workload.claims() {
            self.speak(object, "cluster-keeps-volume", &format!("{place}#spec.volumes"), claim);
        }
        self.identities(workload, &place);
    }

    fn is_of_agent(&self, object: &Object) -> bool {
        if object.owners.is_empty() {
            return false;
        }
        let is_owner = |other: &&Object| {
            object.owners.iter().any(|(kind, name)| *kind == other.kind && *name == other.name)
                && other.namespace == object.namespace
        };
        let mut owners = self.objects.iter().filter(is_owner);
        owners.any(|owner| declared::agent(owner, self.objects).is_some())
    }

    fn components(&mut self, object: &Object, place: &str, signs: &Signs<'_>) {
        for (rule, image, exact) in &signs.images {
            let how = if *exact { "" } else { ", told by the end of its path" };
            let evidence = seen(&format!("{place}#image"), EvidenceClass::Image)
                .by(rule.id.to_string())
                .noting(format!("runs the image `{image}`{how}"));
            self.put_component(object, rule, evidence);
        }
        for (kind, name, image) in &signs.named {
            let note = format!("runs the image `{image}`, told by its name alone");
            let evidence = vec![seen(&format!("{place}#image"), EvidenceClass::Image).noting(note)];
            self.put(object, Fact::Component(Component::named(*kind, *name, Role::Production, evidence)));
        }
        for accelerator in &signs.accelerators {
            // Beside an image that serves models it says that they run here.
            if let Some((rule, ..)) = signs.images.first() {
                let evidence = seen(&format!("{place}#resources"), EvidenceClass::Config)
                    .by(rule.id.to_string())
                    .noting(format!("asks for `{accelerator}`"));
                self.put_component(object, rule, evidence);
            }
        }
        for rule in &signs.serves {
            let evidence = seen(&format!("{place}#command"), EvidenceClass::Config)
                .by(rule.id.to_string())
                .noting("a command of a container starts it");
            self.put_component(object, rule, evidence);
        }
        for (rule, chart) in &signs.charts {
            let evidence = seen(&format!("{place}#labels"), EvidenceClass::Claim)
                .by(rule.id.to_string())
                .noting(format!("labelled as part of the chart `{chart}`"));
            self.put_component(object, rule, evidence);
        }
        for (rule, variable) in signs.variables.iter().chain(&signs.settings) {
            let evidence = seen(&format!("{place}#env"), EvidenceClass::Env)
                .by(rule.id.to_string())
                .noting(format!("the variable `{variable}` is set"));
            self.put_component(object, rule, evidence);
        }
        for (rule, host, variable) in &signs.addresses {
            let evidence = seen(&format!("{place}#env.{variable}"), EvidenceClass::Env)
                .by(rule.id.to_string())
                .noting(format!("the variable `{variable}` names `{host}`"));
            self.put_component(object, rule, evidence);
        }
        for (rule, host, policy) in &signs.reaches {
            let evidence = seen(policy, EvidenceClass::Config)
                .by(rule.id.to_string())
                .noting(format!("a policy lets it reach `{host}`"));
            self.put_component(object, rule, evidence);
        }
        if signs.kinds().is_empty() && signs.is_unknown_server() {
            let asks = signs.accelerators.join("`, `");
            let note =
                format!("asks for `{asks}` and has files of models at `{}`", signs.mounts.join("`, `"));
            let evidence = vec![seen(&format!("{place}#resources"), EvidenceClass::Config).noting(note)];
            let component =
                Component::named(ComponentKind::Serving, "unknown model server", Role::Production, evidence);
            self.put(object, Fact::Component(component));
        }
    }

    /// What the arguments of a model server say: which model it serves, and whether that may answer with calls of tools.
    fn arguments(&mut self, workload: &Workload<'_>, place: &str, signs: &Signs<'_>) {
        let object = workload.object;
        let at = format!("{place}#args");
        for (name, flag) in workload.served_models() {
            let evidence = vec![seen(&at, EvidenceClass::Config).noting(format!("set by `{flag}`"))];
            self.put(object, Fact::Model(self.model(name, None, evidence)));
        }
        if let (Some(flag), Some(rule)) = (workload.answers_with_calls(), signs.brings().next()) {
            let note = format!("`{flag}`: it may answer with calls of tools");
            let evidence = seen(&at, EvidenceClass::Config).by(rule.id.to_string()).noting(note);
            self.put_component(object, rule, evidence);
        }
    }

    /// What a reader should know of how it is seen: that nothing of it runs, or that something else stands for it.
    fn notes(&mut self, workload: &Workload<'_>, place: &str, signs: &Signs<'_>) {
        let object = workload.object;
        let mut notes: Vec<String> = workload.rests().map(str::to_owned).into_iter().collect();
        notes.extend(object.annotations.get(STAND_IN).cloned());
        if let Some(pods) = self.cluster.pods.get(&key(object)) {
            if !pods.added.is_empty() {
                notes.push("its pods show more than its template: something adds to them".to_owned());
            }
            let is_known = |of: &str| signs.images.iter().any(|(_, image, _)| image == of);
            for (digest, image) in pods.digests.iter().filter(|(_, image)| is_known(image)) {
                notes.push(format!("`{image}` runs as `{digest}`"));
            }
        }
        let Some(rule) = signs.rules().next() else { return };
        for (place, note) in exposure::of(workload, self.objects) {
            let evidence = seen(&place, EvidenceClass::Config).by(rule.id.to_string()).noting(note);
            self.put_component(object, rule, evidence);
        }
        let limit = self.limit(object, &workload.pods());
        if let (Some(true), Some(policy)) = (limit.limits, limit.by) {
            let evidence = seen(&self.place(policy), EvidenceClass::Config)
                .by(rule.id.to_string())
                .noting("a policy limits where it may connect to");
            self.put_component(object, rule, evidence);
        }
        for note in notes {
            let evidence = seen(place, EvidenceClass::Config).by(rule.id.to_string()).noting(note);
            self.put_component(object, rule, evidence);
        }
    }

    fn coding_agents(&mut self, object: &Object, place: &str, signs: &Signs<'_>) {
        let at = format!("{place}#command");
        for (rule, site, text) in &signs.agents {
            let evidence = seen(&at, EvidenceClass::Config).by(rule.id.to_string());
            self.put_component(object, rule, evidence.clone().noting("a command of a container runs it"));
            self.speak(object, "runs-coding-agent", &at, &rule.name);
            let unattended = site.is_unattended(text);
            if unattended {
                self.speak(object, "approval-bypassed", &at, &rule.name);
            }
            for ready in &site.tools {
                let refused = site.is_confined(text) || ready.if_unattended && !unattended;
                if refused && ready.effect != Effect::Read {
                    continue;
                }
                if ready.effect.changes_state() {
                    self.speak(object, "tool-changes-state", &at, &ready.name);
                    self.speak(object, "ungated-tool", &at, &ready.name);
                }
                // Nobody sits before a container.
                let tool = Tool {
                    name: ready.name.clone(),
                    effect: ready.effect,
                    gate: Gate::None,
                    evidence: vec![evidence.clone()],
                };
                self.put(object, Fact::Tool(tool));
            }
        }
    }

    fn variable(&mut self, object: &Object, place: &str, variable: &Variable<'_>) {
        let at = format!("{place}#env.{}", variable.name);
        if let Some(name) =
            variable.value.filter(|name| IDENTITIES.contains(&variable.name) && !name.is_empty())
        {
            let evidence = vec![seen(&at, EvidenceClass::Env).noting("a variable names it")];
            self.cloud_identity(object, name, evidence);
        }
        if let Some((secret, _)) = variable.secret {
            self.has_secret(object, secret, &at);
        }
        if self.pack.credential(variable.name).is_empty() {
            if variable.name.contains("MODEL")
                && let Some(name) = variable.value.filter(|name| !name.is_empty())
            {
                let evidence = vec![seen(&at, EvidenceClass::Env)];
                self.put(object, Fact::Model(self.model(name, None, evidence)));
            }
            return;
        }
        self.speak(object, "uses-credential", &at, variable.name);
        let (kind, name, note) = match variable.secret {
            Some((secret, key)) => {
                let name = format!("{}/{secret}/{key}", object.namespace);
                (IdentityKind::SecretRef, name, format!("fills the variable `{}`", variable.name))
            }
            None => (
                IdentityKind::EnvCredential,
                variable.name.to_owned(),
                "set in the object itself, or elsewhere".to_owned(),
            ),
        };
        let evidence = vec![seen(&at, EvidenceClass::Env).noting(note)];
        self.put(object, Fact::Identity(Identity::named(kind, name, evidence)));
    }

    /// What starts it without a person: its own schedule, or what scales it from nothing.
    fn starts(&mut self, workload: &Workload<'_>, place: &str) {
        let object = workload.object;
        if let Some((when, suspended)) = workload.schedule() {
            let at = format!("{place}#spec.schedule");
            if !suspended {
                self.speak(object, "cluster-schedules-it", &at, when);
            }
            let value = if suspended { format!("{when}, suspended") } else { when.to_owned() };
            self.trigger(object, TriggerKind::Schedule, value, at);
        }
        for scaler in self.objects.iter().filter(|other| other.group == "keda.sh") {
            let is_it = scaler.namespace == object.namespace
                && scaler.text("/spec/scaleTargetRef/name") == Some(&object.name)
                && scaler.text("/spec/scaleTargetRef/kind").unwrap_or("Deployment") == object.kind;
            if is_it {
                let at = self.place(scaler);
                self.speak(object, "cluster-scales-on-events", &at, &scaler.name);
                let triggers = scaler.at("/spec/triggers").and_then(|value| value.as_array());
                let kinds: Vec<&str> =
                    triggers.into_iter().flatten().filter_map(|of| of.get("type")?.as_str()).collect();
                self.trigger(object, TriggerKind::Event, kinds.join(", "), at);
            }
        }
        for source in self.objects.iter().filter(|other| other.group == "sources.knative.dev") {
            let is_it = source.namespace == object.namespace
                && source.text("/spec/sink/ref/name") == Some(&object.name)
                && source.text("/spec/sink/ref/kind") == Some(&object.kind);
            if let Some(when) = source.text("/spec/schedule").filter(|_| is_it) {
                let at = format!("{}#spec.schedule", self.place(source));
                self.speak(object, "cluster-schedules-it", &at, when);
                self.trigger(object, TriggerKind::Schedule, when.to_owned(), at);
            }
        }
        if object.group == "keda.sh" && object.kind == "ScaledJob" {
            self.speak(object, "cluster-scales-on-events", place, &object.name);
        }
    }

    fn trigger(&mut self, object: &Object, kind: TriggerKind, value: String, at: String) {
        let evidence = vec![seen(&at, EvidenceClass::Config)];
        let place = Place::locator(at);
        self.put(object, Fact::Trigger(Trigger { kind, value, place, runs: None, evidence }));
    }

    fn identities(&mut self, workload: &Workload<'_>, place: &str) {
        let object = workload.object;
        for account in workload.accounts() {
            if workload.has_token() || account != "default" {
                self.acts_under(object, account, false);
            }
        }
        if let Some(binding) = workload.label("aadpodidbinding") {
            let evidence =
                vec![seen(place, EvidenceClass::Rbac).noting("a label binds it to an identity of Azure")];
            self.cloud_identity(object, &binding, evidence);
        }
        for secret in workload.whole_secrets() {
            let note = "every key of it becomes a variable: which there are is not seen";
            let evidence = vec![seen(&format!("{place}#envFrom"), EvidenceClass::Env).noting(note)];
            let name = format!("{}/{secret}", object.namespace);
            self.put(object, Fact::Identity(Identity::named(IdentityKind::SecretRef, name, evidence)));
        }
        let of_pods = self.cluster.pods.get(&key(object)).into_iter().flat_map(|pods| &pods.audiences);
        let mut audiences: BTreeSet<&str> = of_pods.map(String::as_str).collect();
        audiences.extend(workload.audiences());
        for audience in audiences {
            let note = format!(
                "a token of its account is made for `{audience}`: it acts outside of the cluster under it"
            );
            let evidence = vec![seen(&format!("{place}#spec.volumes"), EvidenceClass::Rbac).noting(note)];
            let identity = Identity::named(IdentityKind::ServiceAccount, audience.to_owned(), evidence);
            self.put(object, Fact::Identity(identity));
        }
    }
}
