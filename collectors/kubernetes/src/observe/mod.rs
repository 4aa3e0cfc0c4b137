//! A cluster as observations: declared agents, workloads that bring or use AI, and the accounts that both act under.

mod account;
mod control;
mod workload;

use std::collections::BTreeMap;

use asmm_model::{
    Claim, Component, ComponentKind, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gap,
    GapReason, Gate, JoinStrength, Key, Model, Observation, Owner, OwnerSource, Place, Role, Scope,
    SystemKind, Tool,
};
use muster_collect::url;
use muster_rules::{Rule, RulePack};

pub(crate) use account::CLOUDS;

use crate::access::Access;
use crate::boms::Told;
use crate::cluster::{Cluster, key};
use crate::declared::{self, Declared};
use crate::discovery::sounds_like_ai;
use crate::object::Object;
use crate::pod::Workload;
use crate::{boms, owner, policy, provenance, served, servers};

/// What of a target is one cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of<'a> {
    /// As given.
    pub(crate) target: &'a str,
    /// The context, where the target has several.
    pub(crate) part: &'a str,
}

impl Of<'_> {
    /// What the cluster is called: the end of its context, which has the whole name of a cluster of EKS in it, or of the export.
    pub(crate) fn cluster_name(&self) -> &str {
        let whole = if self.part.is_empty() { self.target } else { self.part };
        let last = whole.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(whole);
        ["yaml", "yml", "json"]
            .iter()
            .find_map(|end| last.strip_suffix(end)?.strip_suffix('.'))
            .unwrap_or(last)
    }
}

/// Everything that a cluster shows, and what of it is not known.
pub(crate) fn observe(pack: &RulePack, of: Of<'_>, cluster: &Cluster<'_>) -> (Vec<Observation>, Vec<Gap>) {
    let objects = cluster.objects.as_slice();
    let access = Access::of(objects);
    let accounts = objects
        .iter()
        .filter(|object| object.kind == "ServiceAccount" && object.group.is_empty())
        .map(|object| ((object.namespace.as_str(), object.name.as_str()), object))
        .collect();
    let mut out = Out {
        pack,
        of,
        cluster,
        objects,
        access,
        accounts,
        policies: policy::among(objects),
        observations: Vec::new(),
    };
    for object in objects {
        if let Some(agent) = declared::agent(object, objects) {
            out.declared(object, &agent);
        } else if let Some(workload) = Workload::of(object) {
            out.workload(&workload);
        } else if served::serves(object) {
            out.serving(object);
        } else if let Some(told) = boms::told(object) {
            out.told(object, &told);
        } else {
            out.component(object);
        }
    }
    let mut gaps = Vec::new();
    if !out.access.is_known && !out.observations.is_empty() {
        gaps.push(
            Gap::new("roles and their bindings", GapReason::Failed).because(
                "no binding of a role is among the objects: what service accounts may do is not known",
            ),
        );
    }
    (out.observations, gaps)
}

struct Out<'a> {
    pack: &'a RulePack,
    of: Of<'a>,
    cluster: &'a Cluster<'a>,
    objects: &'a [Object],
    access: Access,
    /// Policies of egress.
    policies: Vec<&'a Object>,
    accounts: BTreeMap<(&'a str, &'a str), &'a Object>,
    observations: Vec<Observation>,
}

impl Out<'_> {
    /// Where an object is, in its target.
    fn place(&self, object: &Object) -> String {
        self.within(&object.place())
    }

    /// A place of the cluster, in its target.
    fn within(&self, place: &str) -> String {
        if self.of.part.is_empty() { place.to_owned() } else { format!("{}/{place}", self.of.part) }
    }

    fn scope(&self, object: &Object) -> Scope {
        Scope { target: self.of.target.to_owned(), root: self.place(object), name: object.name.clone() }
    }

    fn put(&mut self, object: &Object, fact: Fact) {
        let scope = self.scope(object);
        self.observations.push(Observation { scope, fact });
    }

    fn speak(&mut self, object: &Object, heuristic: &str, place: &str, about: &str) {
        let Some(heuristic) = self.pack.heuristics().get(heuristic) else { return };
        for speaks in &heuristic.speaks {
            let mut evidence = Evidence::at(Place::locator(place), Role::Production)
                .of(heuristic.class)
                .weighing(speaks.supports, speaks.weight)
                .noting(format!("{}: `{about}`", heuristic.says));
            evidence.rule = Some(heuristic.id.clone());
            self.put(object, Fact::Criterion { criterion: speaks.criterion, evidence });
        }
    }

    fn system(&mut self, object: &Object, kind: SystemKind, complete: bool) {
        self.put(
            object,
            Fact::System { kind, role: Role::Production, complete: false, tools_complete: complete },
        );
        let place = self.place(object);
        self.put(object, Fact::Deployment(Deployment::seen(DeploymentKind::K8s, place.clone())));
        let from = provenance::of(object, self.cluster);
        self.known_by(object, &place, &from);
        for deployment in from {
            self.put(object, Fact::Deployment(deployment));
        }
        let of_namespace = self.cluster.owners.get(&object.namespace);
        let of_namespace = of_namespace.map(|(key, name)| {
            (*key, name.as_str(), self.within(&format!("-/namespace/{}", object.namespace)))
        });
        let own = owner::of(object).map(|(key, name)| (key, name, self.place(object)));
        if let Some((key, name, place)) = own.or(of_namespace) {
            let place = Place::locator(format!("{place}#{key}"));
            let owner = Owner { source: OwnerSource::Label, name: name.to_owned(), place };
            self.put(object, Fact::Owner(owner));
        }
        self.controls(object);
    }

    /// What it is known by outside of the cluster.
    fn known_by(&mut self, object: &Object, place: &str, from: &[Deployment]) {
        // Which cluster it is that somebody declares it for is not said.
        let mut known = vec![(Claim::Is, Some(format!("k8s/{}", object.place())), JoinStrength::Medium, "")];
        if let Some((_, rest)) = object.place().split_once('/').filter(|_| !object.namespace.is_empty()) {
            // Most of those who declare one leave it to the deployment in which namespace it is.
            known.push((Claim::Is, Some(format!("k8s/-/{rest}")), JoinStrength::Weak, ""));
        }
        for source in from.iter().filter(|source| source.kind == DeploymentKind::Repo) {
            let strength = source.strength.unwrap_or(JoinStrength::Strong);
            known.push((Claim::ComesFrom, url::repository(&source.reference), strength, ""));
        }
        let images: Vec<&str> =
            Workload::of(object).map_or_else(Vec::new, |workload| workload.images().collect());
        let pinned = images.iter().filter_map(|image| Some(image.rsplit_once('@')?.1.to_owned()));
        let pinned = pinned.filter(|digest| digest.starts_with("sha256:"));
        known.extend(pinned.map(|digest| (Claim::RunsDigest, Some(digest), JoinStrength::Strong, "#image")));
        known.extend(
            images.into_iter().map(|i| (Claim::RunsImage, url::image(i), JoinStrength::Strong, "#image")),
        );
        let digests = self.cluster.pods.get(&key(object)).into_iter().flat_map(|pods| &pods.digests);
        known.extend(
            digests
                .map(|(digest, _)| (Claim::RunsDigest, Some(digest.clone()), JoinStrength::Strong, "#pods")),
        );
        for (claim, value, strength, at) in known {
            if let Some(value) = value {
                let place = Place::locator(format!("{place}{at}"));
                self.put(object, Fact::Key(Key { claim, value, strength, place }));
            }
        }
    }

    /// Says that a secret fills a variable of an object: where one code alone asks for it, that is whose it is.
    fn has_secret(&mut self, object: &Object, secret: &str, at: &str) {
        for (space, strength) in
            [(object.namespace.as_str(), JoinStrength::Medium), ("-", JoinStrength::Weak)]
        {
            let value = format!("k8s/{space}/secret/{secret}");
            let key = Key { claim: Claim::Has, value, strength, place: Place::locator(at) };
            self.put(object, Fact::Key(key));
        }
    }

    /// A model; who provides it is told by its name where nothing else says it.
    fn model(&self, name: &str, provider: Option<String>, evidence: Vec<Evidence>) -> Model {
        let provider = provider.or_else(|| self.pack.maker(name).map(str::to_owned));
        Model { name: name.to_owned(), provider, pinned: false, evidence }
    }

    fn declared(&mut self, object: &Object, agent: &Declared) {
        let place = self.place(object);
        self.system(object, SystemKind::Agent, !agent.is_open);
        self.named_by_type(object);
        self.speak(object, "cluster-declares-agent", &place, &object.name);
        if let Some(name) = &agent.model {
            let evidence = vec![seen(&place, EvidenceClass::Config).noting("the model is set here")];
            self.put(object, Fact::Model(self.model(name, agent.provider.clone(), evidence)));
        }
        for (name, gate) in &agent.tools {
            let evidence = vec![seen(&format!("{place}#spec.tools"), EvidenceClass::Config)];
            let tool = Tool { name: name.clone(), effect: Effect::Unknown, gate: *gate, evidence };
            self.put(object, Fact::Tool(tool));
        }
        if !agent.is_open
            && !agent.tools.is_empty()
            && agent.tools.iter().all(|(_, gate)| *gate == Gate::Each)
        {
            self.speak(object, "managed-actions-confirmed", &place, &object.name);
        }
        for other in &agent.others {
            self.speak(object, "managed-collaborators", &place, other);
        }
        if agent.remembers {
            self.speak(object, "managed-memory", &place, &object.name);
        }
        // The controller makes an account of the agent's own name where none is given.
        let account = agent.account.as_deref().unwrap_or(&object.name);
        self.acts_under(object, account, true);
    }

    /// What serves a model by an object of its own: the operator makes the pods.
    fn serving(&mut self, object: &Object) {
        self.system(object, SystemKind::Serving, false);
        self.component(object);
        let account = ["/spec/predictor/serviceAccountName", "/spec/serviceAccountName"];
        if let Some(account) = account.iter().find_map(|path| object.text(path)) {
            self.acts_under(object, account, false);
        }
    }

    /// What another tool found in a workload: a claim about that, or about nothing that was seen.
    fn told(&mut self, object: &Object, told: &Told) {
        let place = self.place(object);
        let about = boms::workload(object, self.objects).unwrap_or(object);
        let claim = |at: &str| seen(&format!("{place}#status.summary.{at}"), EvidenceClass::Claim);
        if let Some(runtime) = &told.runtime {
            let evidence = claim("runtime").noting(format!("k8s-aibom recognised `{runtime}`"));
            let name = runtime.split(' ').next().unwrap_or(runtime);
            let runtime = Component::named(ComponentKind::Serving, name, Role::Production, vec![evidence]);
            self.put(about, Fact::Component(runtime));
        }
        for name in &told.models {
            let evidence = vec![claim("models").noting("k8s-aibom names the model")];
            self.put(about, Fact::Model(self.model(name, None, evidence)));
        }
    }

    /// Objects that a rule knows by their type, and that are neither agents nor workloads; those that send requests on
    /// to models, and those that only sound as if they did.
    fn component(&mut self, object: &Object) {
        let place = self.place(object);
        for egress in self.cluster.egress.iter().filter(|egress| egress.place == object.place()) {
            for rule in self.pack.host(&egress.host) {
                let rule = self.pack.rule(rule);
                let evidence = seen(&place, EvidenceClass::Config)
                    .by(rule.id.to_string())
                    .noting(format!("lets workloads reach `{}`", egress.host));
                self.put_component(object, rule, evidence);
            }
        }
        if object.group.is_empty() {
            return;
        }
        self.named_by_type(object);
        self.tool_server(object);
        self.model_of(object);
        let kind = object.kind_for_rules();
        if self.pack.resource("kubernetes", &kind).is_empty() && sounds_like_ai(&object.group, &object.kind) {
            let note = "a kind that no rule knows: it only sounds as if it were about AI";
            let evidence = seen(&place, EvidenceClass::Claim).noting(note);
            let component =
                Component::named(ComponentKind::AgentFramework, kind, Role::Production, vec![evidence]);
            self.put(object, Fact::Component(component));
        }
        if let Some(server) = served::tool_server(object) {
            self.acts_under(object, server.account.unwrap_or(&object.name), false);
        }
    }

    /// The server of tools that an object runs or leads to, by its own name: each is reached in its own way.
    fn tool_server(&mut self, object: &Object) {
        let Some(access) = servers::access(object) else { return };
        let note = format!("{} `{}`", object.kind_for_rules(), object.name);
        let evidence = vec![seen(&self.place(object), EvidenceClass::Config).noting(note)];
        let server = Component::named(ComponentKind::Mcp, object.name.clone(), Role::Production, evidence);
        self.put(object, Fact::Component(Component { access: Some(access), ..server }));
    }

    /// The model that an object of an operator names.
    fn model_of(&mut self, object: &Object) {
        if let Some(served) = served::model(object) {
            let place =
                format!("{}#{}", self.place(object), served.path.trim_start_matches('/').replace('/', "."));
            let evidence = vec![seen(&place, EvidenceClass::Config).noting("the model is set here")];
            self.put(object, Fact::Model(self.model(&served.model, served.provider, evidence)));
        }
    }

    fn named_by_type(&mut self, object: &Object) {
        let pack = self.pack;
        for rule in pack.resource("kubernetes", &object.kind_for_rules()) {
            let rule = pack.rule(*rule);
            let evidence = seen(&self.place(object), EvidenceClass::Config)
                .by(rule.id.to_string())
                .noting(format!("{} `{}`", object.kind_for_rules(), object.name));
            self.put_component(object, rule, evidence);
        }
    }

    fn put_component(&mut self, object: &Object, rule: &Rule, evidence: Evidence) {
        if let Some(kind) = rule.kind {
            let component = Component::named(kind, rule.name.clone(), Role::Production, vec![evidence]);
            self.put(object, Fact::Component(component));
        }
    }
}

fn seen(place: &str, class: EvidenceClass) -> Evidence {
    Evidence::at(Place::locator(place), Role::Production).of(class)
}
