//! Roles, service accounts and clients that infrastructure code declares, where something that asks a model works under
//! them or they are let ask one.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Component, ComponentKind, Evidence, EvidenceClass, Fact, Identity, IdentityKind, JoinStrength, Key,
    Observation, Place, Scope,
};
use foldhash::HashMap;
use muster_rules::RulePack;

use super::criteria::Reasons;
use super::declared::scope_of;
use crate::document::template::HOLE;
use crate::infrastructure::{Agent, Declaration, Format, Known, Part, Resource, Wiring, references, words};
use crate::program::parent;
use crate::role::role_of;
use crate::starters::Command;

/// Steps from one declaration to the next, for one question.
const MAX_STEPS: usize = 200;

/// Everything that says whom principals serve.
pub(crate) struct Principals<'d> {
    pub(crate) pack: &'d RulePack,
    pub(crate) target: &'d str,
    pub(crate) declarations: &'d [Declaration],
    pub(crate) resources: &'d [Resource],
    pub(crate) agents: &'d [Agent],
    pub(crate) wiring: &'d Wiring,
    /// The scope of the unit that a file is in.
    pub(crate) home: &'d dyn Fn(&str) -> Scope,
    /// The system whose code is run.
    pub(crate) runs: &'d dyn Fn(&str, &[Command]) -> Option<Scope>,
}

/// Declarations by what others refer to them by.
struct Addresses<'d> {
    /// Of Terraform, where an address is one of a folder.
    terraform: HashMap<(&'d str, &'d str), Vec<usize>>,
    /// Of the others.
    others: HashMap<&'d str, Vec<usize>>,
    /// Of Kubernetes, by kind and name.
    objects: HashMap<(&'d str, &'d str), Vec<usize>>,
}

/// How declarations refer to each other.
struct Graph {
    /// Those that each refers to.
    edges: Vec<Vec<usize>>,
    /// Those that refer to each.
    referred: Vec<Vec<usize>>,
    /// Resources that are AI, by the declarations that they refer to.
    users: BTreeMap<usize, BTreeSet<usize>>,
}

/// Whom a principal serves, and why to believe it.
#[derive(Default)]
struct Ties {
    scopes: BTreeSet<Scope>,
    /// Lines of the code's own systems that run under it.
    workloads: Vec<(Scope, Evidence)>,
    evidence: Vec<Evidence>,
    grants: BTreeSet<usize>,
    is_tied: bool,
}

impl Principals<'_> {
    /// Observations of all principals that are tied to AI.
    pub(crate) fn observe(&self) -> Vec<Observation> {
        let addresses = self.addresses();
        let edges: Vec<Vec<usize>> =
            self.declarations.iter().map(|declaration| self.edges(declaration, &addresses)).collect();
        let users = self.users(&addresses);
        let mut referred: Vec<Vec<usize>> = vec![Vec::new(); self.declarations.len()];
        for (from, to) in edges.iter().enumerate().flat_map(|(from, to)| to.iter().map(move |to| (from, *to)))
        {
            referred[to].push(from);
        }
        let graph = Graph { edges, referred, users };
        let mut served: HashMap<usize, Option<Scope>> = HashMap::default();
        let mut out = Vec::new();
        for (at, principal) in self.declarations.iter().enumerate() {
            let Part::Principal(identity) = principal.part else { continue };
            let mut ties = Ties::default();
            let mut members = vec![at];
            // An application acts through its service principal.
            let acts = graph.referred[at].iter().filter(|other| {
                principal.kind == "azuread_application"
                    && self.declarations[**other].kind == "azuread_service_principal"
            });
            members.extend(acts);
            for member in members {
                self.tie(member, &graph, &mut served, &mut ties);
            }
            if ties.is_tied {
                self.put(principal, identity, ties, &mut out);
            }
        }
        out.extend(self.known(&graph, &mut served));
        out
    }

    /// What workloads are known by where they run, of the systems whose code they run, and of the agents whose tools they carry out.
    fn known(&self, graph: &Graph, served: &mut HashMap<usize, Option<Scope>>) -> Vec<Observation> {
        let mut out = Vec::new();
        for (at, workload) in self.declarations.iter().enumerate() {
            if workload.part != Part::Workload || workload.known.is_empty() {
                continue;
            }
            let own = served.entry(at).or_insert_with(|| (self.runs)(&workload.path, &workload.runs)).clone();
            let users = graph.users.get(&at).into_iter().flatten();
            let agents = users.filter_map(|user| self.agents.iter().find(|agent| agent.parts.contains(user)));
            let scopes: BTreeSet<Scope> = own
                .into_iter()
                .chain(agents.map(|agent| scope_of(self.target, self.resources, agent)))
                .collect();
            for scope in scopes {
                let say = |known| Observation { scope: scope.clone(), fact: Fact::Key(key(workload, known)) };
                out.extend(workload.known.iter().map(say));
            }
        }
        out
    }

    fn addresses(&self) -> Addresses<'_> {
        let mut found = Addresses {
            terraform: HashMap::default(),
            others: HashMap::default(),
            objects: HashMap::default(),
        };
        for (at, declaration) in self.declarations.iter().enumerate() {
            let address = declaration.address.as_str();
            match declaration.format {
                Format::Terraform => {
                    found.terraform.entry((parent(&declaration.path), address)).or_default().push(at);
                }
                Format::CloudFormation | Format::Azure => found.others.entry(address).or_default().push(at),
                Format::Kubernetes => {
                    if let Some((kind, _, name)) = object(address) {
                        found.objects.entry((kind, name)).or_default().push(at);
                    }
                }
            }
        }
        found
    }

    /// Declarations that one refers to.
    fn edges(&self, from: &Declaration, addresses: &Addresses<'_>) -> Vec<usize> {
        let mut found = match from.format {
            Format::Terraform => self.terraform(&from.path, from.refers.clone(), addresses),
            Format::CloudFormation | Format::Azure => from
                .refers
                .iter()
                .filter_map(|to| addresses.others.get(to.as_str()))
                .flatten()
                .copied()
                .collect(),
            Format::Kubernetes => {
                from.refers.iter().flat_map(|to| self.objects(&from.path, to, addresses)).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    fn terraform(&self, path: &str, references: Vec<String>, addresses: &Addresses<'_>) -> Vec<usize> {
        let leads = self.wiring.follow(parent(path), references);
        leads
            .iter()
            .filter_map(|(folder, address)| addresses.terraform.get(&(folder.as_str(), address.as_str())))
            .flatten()
            .copied()
            .collect()
    }

    /// Objects of that kind and name: in the same file, or in the same folder, or the only one that there is.
    fn objects(&self, path: &str, to: &str, addresses: &Addresses<'_>) -> Vec<usize> {
        let Some((kind, space, name)) = object(to) else { return Vec::new() };
        let Some(named) = addresses.objects.get(&(kind, name)) else { return Vec::new() };
        let fits = |at: &&usize| {
            let other = object(&self.declarations[**at].address).map_or("", |(_, space, _)| space);
            other == space || other.is_empty() || space.is_empty()
        };
        let fitting: Vec<usize> = named.iter().filter(fits).copied().collect();
        let near = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
            fitting.iter().copied().filter(|at| test(&self.declarations[*at].path)).collect()
        };
        let here = near(&|other| other == path);
        let beside = near(&|other| parent(other) == parent(path));
        match (here.is_empty(), beside.is_empty()) {
            (false, _) => here,
            (true, false) => beside,
            _ if fitting.len() == 1 => fitting,
            _ => Vec::new(),
        }
    }

    /// Resources that declare AI, by the declarations that they refer to.
    fn users(&self, addresses: &Addresses<'_>) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut users: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (at, resource) in self.resources.iter().enumerate() {
            let to = match resource.format {
                Format::Terraform => self.terraform(&resource.path, references(&resource.body), addresses),
                Format::CloudFormation | Format::Azure => {
                    let mut found = Vec::new();
                    words(&resource.body, &mut |word| {
                        let address = format!("{}#{word}", resource.path);
                        found.extend(addresses.others.get(address.as_str()).into_iter().flatten().copied());
                    });
                    found
                }
                Format::Kubernetes => Vec::new(),
            };
            for to in to {
                users.entry(to).or_default().insert(at);
            }
        }
        users
    }

    /// What ties one principal to AI.
    fn tie(&self, at: usize, graph: &Graph, served: &mut HashMap<usize, Option<Scope>>, ties: &mut Ties) {
        for user in graph.users.get(&at).into_iter().flatten() {
            let resource = &self.resources[*user];
            let agent = self.agents.iter().find(|agent| agent.parts.contains(user));
            ties.scopes.insert(match agent {
                Some(agent) => scope_of(self.target, self.resources, agent),
                None => (self.home)(&resource.path),
            });
            ties.is_tied = true;
            ties.evidence.push(
                Evidence::at(Place::line(&*resource.path, resource.line), role_of(&resource.path))
                    .of(EvidenceClass::Config)
                    .noting(format!("used by `{}` `{}`", resource.kind, resource.name)),
            );
        }
        if let Some(permission) = self.spoken(at, &graph.edges) {
            ties.is_tied = true;
            ties.evidence.push(permission);
        }
        for from in &graph.referred[at] {
            let other = &self.declarations[*from];
            match other.part {
                Part::Grant => {
                    let permission = self.spoken(*from, &graph.edges);
                    let on = self.granted_on(other);
                    if other.format == Format::Kubernetes {
                        ties.grants.insert(*from);
                        ties.grants.extend(
                            graph.edges[*from]
                                .iter()
                                .filter(|to| self.declarations[**to].part == Part::Policy),
                        );
                    } else if permission.is_some() || on.is_some() {
                        ties.is_tied = true;
                        ties.grants.insert(*from);
                    }
                    ties.evidence.extend(permission);
                    if let Some(resource) = on {
                        ties.scopes.insert((self.home)(&resource.path));
                        let note = format!("given rights on `{}` `{}`", resource.kind, resource.name);
                        ties.evidence.push(noted(other, other.line, EvidenceClass::Policy, note));
                    }
                }
                Part::Workload => {
                    let scope =
                        served.entry(*from).or_insert_with(|| (self.runs)(&other.path, &other.runs)).clone();
                    let note = match &other.speaks {
                        Some((credential, _)) => {
                            format!("`{}` `{}` runs under it, with `{credential}`", other.kind, other.name)
                        }
                        None => format!("`{}` `{}` runs under it", other.kind, other.name),
                    };
                    let at = noted(other, other.line, EvidenceClass::Config, note);
                    ties.is_tied |= scope.is_some() || other.speaks.is_some();
                    if let Some(scope) = scope {
                        ties.workloads.push((scope.clone(), at.clone()));
                        ties.scopes.insert(scope);
                    }
                    ties.evidence.push(at);
                }
                Part::Principal(_) | Part::Policy => {}
            }
        }
    }

    /// The permission to ask a model that a declaration holds, or one that it refers to.
    fn spoken(&self, from: usize, edges: &[Vec<usize>]) -> Option<Evidence> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if seen.len() >= MAX_STEPS || !seen.insert(at) {
                continue;
            }
            let declaration = &self.declarations[at];
            if let Some((permission, line)) = &declaration.speaks {
                let note = format!("says `{permission}`");
                return Some(noted(declaration, *line, EvidenceClass::Policy, note));
            }
            let holds = |to: &&usize| matches!(self.declarations[**to].part, Part::Policy | Part::Grant);
            open.extend(edges[at].iter().rev().filter(holds));
        }
        None
    }

    /// The AI that a grant is about.
    fn granted_on(&self, grant: &Declaration) -> Option<&Resource> {
        match grant.format {
            Format::Terraform if !self.resources.is_empty() => {}
            Format::CloudFormation | Format::Azure => {
                let is_named = |resource: &&Resource| {
                    let address = format!("{}#{}", resource.path, resource.name);
                    resource.format == grant.format && grant.refers.contains(&address)
                };
                return self.resources.iter().find(is_named);
            }
            Format::Terraform | Format::Kubernetes => return None,
        }
        let leads = self.wiring.follow(parent(&grant.path), grant.refers.clone());
        self.resources.iter().find(|resource| {
            let is_it = |(folder, address): &(String, String)| {
                folder == parent(&resource.path)
                    && address.split_once('.') == Some((resource.kind.as_str(), resource.name.as_str()))
            };
            resource.format == Format::Terraform && leads.iter().any(is_it)
        })
    }

    fn put(
        &self,
        principal: &Declaration,
        identity: IdentityKind,
        mut ties: Ties,
        out: &mut Vec<Observation>,
    ) {
        if ties.scopes.is_empty() {
            ties.scopes.insert((self.home)(&principal.path));
        }
        let declared = self.at(principal);
        let bound: Vec<Evidence> = ties
            .grants
            .iter()
            .map(|grant| &self.declarations[*grant])
            .filter(|grant| grant.format == Format::Kubernetes)
            .map(|grant| {
                let note = format!("`{}` `{}`", grant.kind, grant.name);
                noted(grant, grant.line, EvidenceClass::Rbac, note)
            })
            .collect();
        for scope in &ties.scopes {
            let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
            let mut evidence = vec![declared.clone()];
            evidence.extend(ties.evidence.iter().chain(&bound).cloned());
            put(Fact::Identity(Identity::named(identity, principal.title(), evidence)));
            for (identity, value, line) in &principal.stands_for {
                let note = format!("`{}` `{}` is exchanged for it", principal.kind, principal.name);
                let at = noted(principal, *line, EvidenceClass::Config, note);
                let name = value.rsplit('/').next().unwrap_or(value);
                put(Fact::Identity(Identity {
                    arn: arn_of(value),
                    ..Identity::named(*identity, name, vec![at])
                }));
            }
            principal.known.iter().for_each(|known| put(Fact::Key(key(principal, known))));
            if let Some(component) = self.component(principal) {
                put(Fact::Component(component));
            }
            for grant in &ties.grants {
                let component = self.component(&self.declarations[*grant]);
                if let Some(component) = component {
                    put(Fact::Component(component));
                }
            }
            let mut reasons = Reasons::new(self.pack.heuristics());
            for (_, at) in ties.workloads.iter().filter(|(of, _)| of == scope) {
                reasons.add("uses-credential", at, &format!("`{}`", principal.title()));
            }
            for (criterion, evidence) in reasons.into_all() {
                put(Fact::Criterion { criterion, evidence });
            }
        }
    }

    /// A declaration as a component, where a rule knows its type.
    fn component(&self, declaration: &Declaration) -> Option<Component> {
        let rule = self.rule(declaration)?;
        let kind = self.pack.rule(rule).kind?;
        let name = if kind == ComponentKind::Iac { &declaration.kind } else { &self.pack.rule(rule).name };
        Some(Component::named(kind, name.clone(), role_of(&declaration.path), vec![self.at(declaration)]))
    }

    fn rule(&self, declaration: &Declaration) -> Option<u32> {
        self.pack.resource(declaration.format.name(), &declaration.kind).first().copied()
    }

    /// Where it is declared.
    fn at(&self, declaration: &Declaration) -> Evidence {
        let note = format!("`{}` `{}`", declaration.kind, declaration.name);
        let at = noted(declaration, declaration.line, EvidenceClass::Config, note);
        match self.rule(declaration) {
            Some(rule) => at.by(self.pack.rule(rule).id.0.clone()),
            None => at,
        }
    }
}

fn noted(declaration: &Declaration, line: u32, class: EvidenceClass, note: String) -> Evidence {
    let path = &*declaration.path;
    Evidence::at(Place::line(path, line.max(1)), role_of(path)).of(class).noting(note)
}

/// What a declaration is known by where it runs, as a key of the system that it serves.
fn key(declaration: &Declaration, (claim, value, line): &Known) -> Key {
    let place = Place::line(&*declaration.path, (*line).max(1));
    Key { claim: *claim, value: value.clone(), strength: JoinStrength::Medium, place }
}

/// The ARN that a value is, where no template completes it.
pub(super) fn arn_of(value: &str) -> Option<String> {
    let is_whole = value.starts_with("arn:") && !value.contains(['$', '{', '<']) && !value.contains(HOLE);
    is_whole.then(|| value.to_owned())
}

/// Kind, namespace and name of an object's address.
fn object(address: &str) -> Option<(&str, &str, &str)> {
    let (rest, name) = address.rsplit_once('/')?;
    let (kind, space) = rest.rsplit_once('/')?;
    Some((kind, space, name))
}
