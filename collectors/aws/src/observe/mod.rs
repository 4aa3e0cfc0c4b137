//! An account as observations: what AWS runs as an agent, what else runs under an identity that may ask models, and
//! the identities themselves.

mod agentcore;
mod bedrock;
mod identity;
mod parts;
mod secret;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Access, Claim, Component, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gate,
    Identity, IdentityKind, JoinStrength, Key, Model, Observation, Place, Role, Scope, SystemKind, Tool,
    Trigger,
};
use muster_rules::RulePack;

use crate::estate::Estate;
use crate::rights::Rights;
pub(crate) use workload::workloads;

/// Everything that an account shows.
pub(crate) fn observe(pack: &RulePack, target: &str, estate: &Estate) -> Vec<Observation> {
    let mut out = Out { pack, target, estate, observations: Vec::new(), carried: BTreeMap::new() };
    bedrock::observe(&mut out);
    agentcore::observe(&mut out);
    workload::observe(&mut out);
    identity::observe(&mut out);
    parts::observe(&mut out);
    secret::observe(&mut out);
    out.tell_shared();
    out.observations
}

/// Where observations of an account go.
struct Out<'a> {
    pack: &'a RulePack,
    target: &'a str,
    estate: &'a Estate,
    observations: Vec<Observation>,
    /// Identities that something was seen to act under, each with what does.
    carried: BTreeMap<String, BTreeSet<String>>,
}

/// A system while it is observed.
struct System<'o, 'a> {
    out: &'o mut Out<'a>,
    scope: Scope,
}

impl<'a> Out<'a> {
    /// Says of identities that several things act under that their rights are those of all of them (T13).
    fn tell_shared(&mut self) {
        for observation in &mut self.observations {
            let Fact::Identity(identity) = &mut observation.fact else { continue };
            let arn = identity.arn.as_deref().unwrap_or_default();
            let others = self.carried.get(arn).map_or(0, BTreeSet::len).saturating_sub(1);
            if others > 0 {
                let things = if others == 1 { "another system acts" } else { "other systems act" };
                let says = format!(
                    "{things} under it as well: what it may do and when it was used is not of one alone"
                );
                identity.evidence.push(cloud(arn).noting(says));
            }
        }
    }

    /// Begins a system at an ARN.
    fn system<'o>(&'o mut self, arn: &str, name: &str, kind: SystemKind, complete: bool) -> System<'o, 'a> {
        let scope = Scope { target: self.target.to_owned(), root: arn.to_owned(), name: name.to_owned() };
        let mut system = System { out: self, scope };
        system.put(Fact::System { kind, role: Role::Production, complete, tools_complete: complete });
        system.put(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, arn)));
        system.known_by(Claim::Is, arn, name, arn);
        system
    }

    /// Begins something that is no system of its own: its parts stand alone.
    fn component<'o>(&'o mut self, arn: &str, name: &str) -> System<'o, 'a> {
        let scope = Scope { target: self.target.to_owned(), root: arn.to_owned(), name: name.to_owned() };
        System { out: self, scope }
    }
}

impl System<'_, '_> {
    fn put(&mut self, fact: Fact) {
        self.out.observations.push(Observation { scope: self.scope.clone(), fact });
    }

    /// What it is known by where it is declared: by its name, since code seldom knows the account and the region, and by its ARN.
    fn known_by(&mut self, claim: Claim, arn: &str, name: &str, locator: &str) {
        let place = Place::locator(locator);
        if let Some(kind) = declared_kind(arn) {
            let (value, strength) = (format!("aws/{kind}/{name}"), JoinStrength::Medium);
            self.put(Fact::Key(Key { claim, value, strength, place: place.clone() }));
        }
        self.put(Fact::Key(Key { claim, value: arn.to_owned(), strength: JoinStrength::Strong, place }));
    }

    /// Answers criteria as a heuristic says, with the place that shows it and what it is about.
    fn speak(&mut self, heuristic: &str, locator: &str, about: &str) {
        self.speak_at(heuristic, &Place::locator(locator), about);
    }

    fn speak_at(&mut self, heuristic: &str, place: &Place, about: &str) {
        let Some(heuristic) = self.out.pack.heuristics().get(heuristic) else { return };
        for speaks in &heuristic.speaks {
            let mut evidence = Evidence::at(place.clone(), Role::Production)
                .of(heuristic.class)
                .weighing(speaks.supports, speaks.weight)
                .noting(format!("{}: `{about}`", heuristic.says));
            evidence.rule = Some(heuristic.id.clone());
            self.put(Fact::Criterion { criterion: speaks.criterion, evidence });
        }
    }

    /// The component that a type of CloudFormation stands for, as a rule names it.
    fn component(&mut self, kind: &str, locator: &str) {
        self.server(kind, locator, &[], None);
    }

    /// The same of a server of the Model Context Protocol, with the tools that it offers to whoever connects.
    fn server(&mut self, kind: &str, locator: &str, tools: &[Tool], access: Option<Access>) {
        for rule in self.out.pack.resource("cloudformation", kind) {
            let rule = self.out.pack.rule(*rule);
            let evidence =
                cloud(locator).by(rule.id.to_string()).noting(format!("{kind} `{}`", self.scope.name));
            let Some(kind) = rule.kind else { continue };
            let component = Component::named(kind, rule.name.clone(), Role::Production, vec![evidence]);
            self.put(Fact::Component(Component { tools: tools.to_vec(), access, ..component }));
        }
    }

    /// The component for a call that it sends itself, as a state machine does.
    fn asks(&mut self, call: &str, locator: &str) {
        let kinds = ["AWS::Bedrock::ApplicationInferenceProfile", "AWS::Bedrock::Guardrail"];
        let rule =
            self.out.pack.find("calls-bedrock-from-step-functions").filter(|_| call.contains(":states:"));
        let rule = rule.map(|(_, rule)| rule).or_else(|| {
            let rules = kinds.into_iter().flat_map(|kind| self.out.pack.resource("cloudformation", kind));
            rules.map(|rule| self.out.pack.rule(*rule)).next()
        });
        let Some((rule, kind)) = rule.and_then(|rule| Some((rule, rule.kind?))) else { return };
        let evidence = cloud(locator).by(rule.id.to_string()).noting(format!("calls `{call}`"));
        self.put(Fact::Component(Component::named(
            kind,
            rule.name.clone(),
            Role::Production,
            vec![evidence],
        )));
    }

    /// The identity that it acts under, with what that may do.
    fn acts_under(&mut self, arn: &str, locator: &str) {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.speak("acts-under-role", locator, name);
        let estate = self.out.estate;
        self.out.carried.entry(arn.to_owned()).or_default().insert(self.scope.root.clone());
        let mut identity = match (estate.identity(arn), estate.rights.get(arn)) {
            (Some(identity), Some(rights)) => identity::shown(estate, identity, rights),
            // It is of another account, or nothing of it could be read.
            _ => Identity {
                arn: Some(arn.to_owned()),
                ..Identity::named(IdentityKind::CloudRole, name, Vec::new())
            },
        };
        identity.evidence.insert(0, cloud(locator).noting("acts under it"));
        self.known_by(Claim::Has, arn, name, locator);
        self.put(Fact::Identity(identity));
    }

    fn model(&mut self, name: &str, locator: &str) {
        let pinned = name.contains(':') && !name.starts_with("arn:") || name.contains("-v1");
        let model = Model {
            name: name.to_owned(),
            provider: Some("aws-bedrock".to_owned()),
            pinned,
            evidence: vec![cloud(locator).noting("the model is set here")],
        };
        self.put(Fact::Model(model));
    }

    fn tool(&mut self, name: &str, effect: Effect, gate: Gate, locator: &str, note: &str) {
        self.put(Fact::Tool(tool(name, effect, gate, locator, note)));
    }

    /// What starts it without a person's turn.
    fn started(&mut self, arn: &str) {
        let estate = self.out.estate;
        for starter in estate.starters(arn) {
            self.speak("cloud-starts-it", &starter.locator, &starter.value);
            self.put(Fact::Trigger(Trigger {
                kind: starter.kind,
                value: starter.value.clone(),
                place: Place::locator(starter.locator.clone()),
                runs: Some(arn.to_owned()),
                evidence: vec![cloud(&starter.locator)],
            }));
        }
    }

    /// Variables that hold keys of providers; only their names are known.
    fn variables<'v>(&mut self, names: impl Iterator<Item = &'v str>, locator: &str) {
        for name in names {
            let Some(rule) = self.out.pack.credential(name).first().map(|rule| self.out.pack.rule(*rule))
            else {
                continue;
            };
            let evidence =
                cloud(locator).by(rule.id.to_string()).noting(format!("the variable `{name}` is set"));
            self.speak("uses-credential", locator, name);
            if let Some(kind) = rule.kind {
                let component =
                    Component::named(kind, rule.name.clone(), Role::Production, vec![evidence.clone()]);
                self.put(Fact::Component(component));
            }
            self.put(Fact::Identity(Identity::named(IdentityKind::EnvCredential, name, vec![evidence])));
        }
    }
}

fn tool(name: &str, effect: Effect, gate: Gate, locator: &str, note: &str) -> Tool {
    let evidence = vec![cloud(locator).noting(note)];
    Tool { name: name.to_owned(), effect, gate, evidence }
}

/// The most that rights let somebody do to the world, as the effect of a tool.
fn effect(rights: Option<&Rights>) -> Effect {
    let Some(rights) = rights else { return Effect::Unknown };
    let of = |(class, privilege): (&str, asmm_model::Privilege)| match (class, privilege) {
        (_, asmm_model::Privilege::Read) => Effect::Read,
        ("money", _) => Effect::Pay,
        ("communication", _) => Effect::Send,
        ("code execution", _) => Effect::Execute,
        _ => Effect::Write,
    };
    let certain =
        rights.classes.iter().filter(|(_, decision)| **decision == crate::policy::Decision::Allowed);
    let certain = certain.map(|(class, _)| of(*class)).max();
    match certain {
        Some(effect) if effect.changes_state() => effect,
        // What depends on something unknown may turn out to change things.
        _ if rights.classes.values().any(|decision| *decision == crate::policy::Decision::Conditional) => {
            Effect::Unknown
        }
        Some(effect) => effect,
        None => Effect::Read,
    }
}

/// What files that declare it call the kind of a thing.
fn declared_kind(arn: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str, &str); 8] = [
        ("lambda", "function:", "function"),
        ("bedrock", "agent/", "agent"),
        ("bedrock-agentcore", "runtime/", "agent-runtime"),
        ("ecs", "task-definition/", "task"),
        ("states", "stateMachine:", "state-machine"),
        ("scheduler", "schedule/", "schedule"),
        ("sagemaker", "endpoint/", "endpoint"),
        ("iam", "role/", "role"),
    ];
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    let is_it = |(of, begins, _): &&(&str, &str, &str)| *of == service && resource.starts_with(begins);
    KINDS.iter().find(is_it).map(|(_, _, kind)| *kind)
}

fn cloud(locator: &str) -> Evidence {
    Evidence::at(Place::locator(locator), Role::Production).of(EvidenceClass::Cloud)
}
