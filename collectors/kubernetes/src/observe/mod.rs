//! A cluster as observations: declared agents, workloads that bring or use AI, and the accounts that both act under.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Component, ComponentKind, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gap,
    GapReason, Gate, Identity, IdentityKind, Model, Observation, Place, Privilege, Role, Scope, SystemKind,
    Tool, Trigger, TriggerKind,
};
use muster_rules::{Rule, RulePack};

use crate::access::{Access, Power};
use crate::declared::{self, Declared};
use crate::object::Object;
use crate::pod::{Workload, repositories};

/// Rights of an account that are told.
const MAX_RIGHTS: usize = 5;

/// Everything that objects show, and what of it is not known.
pub(crate) fn observe(pack: &RulePack, target: &str, objects: &[Object]) -> (Vec<Observation>, Vec<Gap>) {
    let access = Access::of(objects);
    let accounts = objects
        .iter()
        .filter(|object| object.kind == "ServiceAccount" && object.group.is_empty())
        .map(|object| ((object.namespace.as_str(), object.name.as_str()), object))
        .collect();
    let mut out = Out { pack, target, objects, access, accounts, observations: Vec::new() };
    for object in objects {
        if let Some(agent) = declared::agent(object, objects) {
            out.declared(object, &agent);
        } else if let Some(workload) = Workload::of(object) {
            out.workload(workload);
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
    target: &'a str,
    objects: &'a [Object],
    access: Access,
    accounts: BTreeMap<(&'a str, &'a str), &'a Object>,
    observations: Vec<Observation>,
}

/// What a workload shows of AI, before it is decided whether it is a system.
#[derive(Default)]
struct Signs<'a> {
    /// Rules with what they matched: an image, and whether by its whole path.
    images: Vec<(&'a Rule, String, bool)>,
    variables: Vec<(&'a Rule, String)>,
    /// Accelerators that it asks for: alone they are no AI.
    accelerators: Vec<String>,
}

impl<'a> Out<'a> {
    fn scope(&self, object: &Object) -> Scope {
        Scope { target: self.target.to_owned(), root: object.place(), name: object.name.clone() }
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
        let reference = object.place();
        self.put(object, Fact::Deployment(Deployment { kind: DeploymentKind::K8s, reference }));
        for (kind, reference) in provenance(object) {
            self.put(object, Fact::Deployment(Deployment { kind, reference }));
        }
    }

    fn declared(&mut self, object: &Object, agent: &Declared) {
        let place = object.place();
        self.system(object, SystemKind::Agent, !agent.is_open);
        self.named_by_type(object);
        self.speak(object, "cluster-declares-agent", &place, &object.name);
        if let Some(name) = &agent.model {
            let evidence = vec![seen(&place, EvidenceClass::Config).noting("the model is set here")];
            let provider = agent.provider.clone();
            self.put(object, Fact::Model(Model { name: name.clone(), provider, pinned: false, evidence }));
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

    fn workload(&mut self, workload: Workload<'_>) {
        let object = workload.object;
        let place = object.place();
        let signs = self.signs(workload);
        let agents: Vec<&Object> = self
            .objects
            .iter()
            .filter(|other| {
                object.owners.iter().any(|(kind, name)| *kind == other.kind && *name == other.name)
            })
            .filter(|other| declared::agent(other, self.objects).is_some())
            .collect();
        // What carries out a declared agent is told by that agent.
        if !agents.is_empty() || signs.images.is_empty() && signs.variables.is_empty() {
            return;
        }
        let kinds: BTreeSet<ComponentKind> = signs.images.iter().filter_map(|(rule, ..)| rule.kind).collect();
        let serves = !kinds.is_empty()
            && kinds.iter().all(|kind| {
                matches!(
                    kind,
                    ComponentKind::Serving
                        | ComponentKind::VectorDb
                        | ComponentKind::Observability
                        | ComponentKind::Mcp
                )
            });
        let platform =
            kinds.iter().any(|kind| matches!(kind, ComponentKind::LowCode | ComponentKind::AgentFramework));
        let only_stores = serves && !kinds.contains(&ComponentKind::Serving);
        if !only_stores {
            self.system(object, if serves { SystemKind::Serving } else { SystemKind::Pipeline }, false);
        }
        for (rule, image, exact) in &signs.images {
            let how = if *exact { "" } else { ", told by the end of its path" };
            let evidence = seen(&format!("{place}#image"), EvidenceClass::Image)
                .by(rule.id.to_string())
                .noting(format!("runs the image `{image}`{how}"));
            self.put_component(object, rule, evidence);
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
        for (rule, variable) in &signs.variables {
            let evidence = seen(&format!("{place}#env"), EvidenceClass::Env)
                .by(rule.id.to_string())
                .noting(format!("the variable `{variable}` is set"));
            self.put_component(object, rule, evidence);
        }
        if only_stores {
            return;
        }
        if platform {
            self.speak(object, "cluster-runs-agent-platform", &place, &object.name);
        }
        for variable in workload.variables() {
            if self.pack.credential(variable.name).is_empty() {
                if variable.name.contains("MODEL")
                    && let Some(name) = variable.value.filter(|name| !name.is_empty())
                {
                    let evidence = vec![seen(&format!("{place}#env.{}", variable.name), EvidenceClass::Env)];
                    let model = Model { name: name.to_owned(), provider: None, pinned: false, evidence };
                    self.put(object, Fact::Model(model));
                }
                continue;
            }
            self.speak(object, "uses-credential", &format!("{place}#env.{}", variable.name), variable.name);
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
            let evidence =
                vec![seen(&format!("{place}#env.{}", variable.name), EvidenceClass::Env).noting(note)];
            self.put(object, Fact::Identity(Identity::named(kind, name, evidence)));
        }
        if let Some((when, suspended)) = workload.schedule() {
            if !suspended {
                self.speak(object, "cluster-schedules-it", &format!("{place}#spec.schedule"), when);
            }
            self.put(
                object,
                Fact::Trigger(Trigger {
                    kind: TriggerKind::Schedule,
                    value: if suspended { format!("{when}, suspended") } else { when.to_owned() },
                    place: Place::locator(format!("{place}#spec.schedule")),
                    runs: None,
                    evidence: vec![seen(&place, EvidenceClass::Config)],
                }),
            );
        }
        for claim in workload.claims() {
            self.speak(object, "cluster-keeps-volume", &format!("{place}#spec.volumes"), claim);
        }
        if workload.has_token() || workload.account() != "default" {
            self.acts_under(object, workload.account(), false);
        }
    }

    fn signs(&self, workload: Workload<'_>) -> Signs<'a> {
        let mut signs = Signs::default();
        let pack = self.pack;
        for image in workload.images() {
            let paths = repositories(image);
            let found = paths.iter().enumerate().find_map(|(at, path)| {
                // One word alone, behind a mirror or not, may be anybody's.
                if at > 0 && !path.contains('/') {
                    return None;
                }
                let rules = pack.package("docker", path);
                (!rules.is_empty()).then_some((at, rules))
            });
            if let Some((at, rules)) = found {
                let whole = at == 0 || at + 2 >= paths.len() && image.split('/').count() <= 3;
                signs.images.extend(rules.iter().map(|rule| (pack.rule(*rule), image.to_owned(), whole)));
            }
        }
        for variable in workload.variables() {
            // The provider whose key it is stands before frameworks that read it as well.
            let rule = pack.credential(variable.name).first().map(|rule| pack.rule(*rule));
            signs.variables.extend(rule.map(|rule| (rule, variable.name.to_owned())));
        }
        signs.accelerators = workload.accelerators().into_iter().map(str::to_owned).collect();
        signs
    }

    /// Objects that a rule knows by their type, and that are neither agents nor workloads.
    fn component(&mut self, object: &Object) {
        if object.group.is_empty() {
            return;
        }
        self.named_by_type(object);
    }

    fn named_by_type(&mut self, object: &Object) {
        let pack = self.pack;
        for rule in pack.resource("kubernetes", &object.kind_for_rules()) {
            let rule = pack.rule(*rule);
            let evidence = seen(&object.place(), EvidenceClass::Config)
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

    /// The service account that something acts under, with what that may do, in the cluster and in clouds.
    fn acts_under(&mut self, object: &Object, account: &str, selects: bool) {
        let (namespace, place) = (object.namespace.as_str(), object.place());
        let known = self.accounts.get(&(namespace, account)).copied();
        let at = format!("{namespace}/serviceaccount/{account}");
        // A manifest may leave its namespace to whoever applies it.
        let name = if namespace.is_empty() { account.to_owned() } else { format!("{namespace}/{account}") };
        self.speak(object, "cluster-service-account", &format!("{place}#spec.serviceAccountName"), &name);
        let mut evidence = vec![seen(&place, EvidenceClass::Rbac).noting("acts under it")];
        if account == "default" {
            evidence.push(
                seen(&place, EvidenceClass::Rbac)
                    .noting("the account that every pod of the namespace has which names none"),
            );
        }
        let rights: Vec<(Power, String, String, String)> = self
            .access
            .rights(namespace, account)
            .into_iter()
            .map(|right| {
                let scope = if right.namespace.is_empty() {
                    "the cluster".to_owned()
                } else {
                    right.namespace.clone()
                };
                (right.power, right.what.clone(), scope, format!("{}, role {}", right.binding, right.role))
            })
            .collect();
        for (power, what, scope, binding) in rights.iter().take(MAX_RIGHTS) {
            let says = format!("{} (`{what}` in {scope})", power.says());
            evidence.push(seen(binding, EvidenceClass::Rbac).noting(says));
        }
        let unseen: Vec<String> =
            self.access.unseen(namespace, account).into_iter().map(str::to_owned).collect();
        for role in unseen {
            evidence.push(
                seen(&at, EvidenceClass::Rbac)
                    .noting(format!("bound to {role}, which is not among the objects")),
            );
        }
        let privilege = self.access.privilege(namespace, account);
        if let Some(account) = known {
            for (cloud, role) in cloud_roles(account) {
                evidence.push(seen(&at, EvidenceClass::Rbac).noting(format!("stands for {role} of {cloud}")));
                let name = role.rsplit('/').next().unwrap_or(&role).to_owned();
                let arn = role.starts_with("arn:").then(|| role.clone());
                let kind = if arn.is_some() { IdentityKind::CloudRole } else { IdentityKind::ServiceAccount };
                let mut identity = Identity::named(
                    kind,
                    name,
                    vec![
                        seen(&at, EvidenceClass::Rbac)
                            .noting("an annotation of the service account names it"),
                    ],
                );
                identity.arn = arn;
                self.put(object, Fact::Identity(identity));
            }
        }
        // What a model chooses is done under this account.
        if selects
            && matches!(privilege, Privilege::Write | Privilege::Admin)
            && let Some((_, what, _, binding)) = rights.first()
        {
            self.speak(object, "cluster-account-writes", binding, what);
        }
        let identity = Identity {
            privilege: Some(privilege),
            ..Identity::named(IdentityKind::ServiceAccount, name, evidence)
        };
        self.put(object, Fact::Identity(identity));
    }
}

fn seen(place: &str, class: EvidenceClass) -> Evidence {
    Evidence::at(Place::locator(place), Role::Production).of(class)
}

/// Identities of clouds that a service account stands for, by its annotations.
fn cloud_roles(account: &Object) -> Vec<(&'static str, String)> {
    const KEYS: [(&str, &str); 6] = [
        ("eks.amazonaws.com/role-arn", "AWS"),
        ("iam.gke.io/gcp-service-account", "Google Cloud"),
        ("azure.workload.identity/client-id", "Azure"),
        ("pod-identity.alibabacloud.com/role-name", "Alibaba Cloud"),
        ("tke.cloud.tencent.com/role-arn", "Tencent Cloud"),
        ("vault.hashicorp.com/role", "Vault"),
    ];
    let of =
        |(key, cloud): &(&'static str, &'static str)| Some((*cloud, account.annotations.get(*key)?.clone()));
    KEYS.iter().filter_map(of).collect()
}

/// Where an object comes from, as its labels and annotations say: a repository, or an application of a deployment tool.
fn provenance(object: &Object) -> Vec<(DeploymentKind, String)> {
    const REPOSITORIES: [&str; 4] = [
        "org.opencontainers.image.source",
        "a8r.io/repository",
        "github.com/project-slug",
        "backstage.io/source-location",
    ];
    let named = REPOSITORIES.iter().filter_map(|key| object.annotations.get(*key));
    named.map(|repository| (DeploymentKind::Repo, repository.clone())).collect()
}
