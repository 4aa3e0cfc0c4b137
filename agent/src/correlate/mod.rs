//! Observations into systems and loose components. Pure: the order of the observations and their doubles change
//! nothing.

mod join;
mod merge;
mod missing;
mod system;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use asmm_model::{
    Claimed, Component, Control, Criterion, Deployment, Evidence, Fact, Identity, Inventory, Key, Model,
    Observation, Owner, Purpose, Role, Scope, System, SystemId, SystemKind, Tool, Trigger,
};

pub(crate) use join::{Decided, End, Joined, Meets, Tie, join, meeting, ties, ties_of_role};

/// Systems on their way from list to list. Each is large and stays where it is: to move them took a quarter of the time.
type Systems = Vec<Box<System>>;

/// What belongs to no system of one target.
#[derive(Default)]
struct Loose {
    /// Components that are merged by name.
    shared: Vec<Component>,
    /// Servers: each is one record, with its own tools.
    servers: Vec<Component>,
    /// Identities.
    identities: Vec<Identity>,
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Correlated {
    /// What needs a look first, first.
    pub(crate) systems: Vec<System>,
    /// What belongs to no system.
    pub(crate) components: Vec<Component>,
    /// Identities that belong to no system.
    pub(crate) identities: Vec<Identity>,
}

/// What is known about one scope.
#[derive(Debug, Default)]
struct Facts {
    /// Present when the scope is a system.
    nature: Option<Nature>,
    components: Vec<Component>,
    identities: Vec<Identity>,
    models: Vec<Model>,
    tools: Vec<Tool>,
    triggers: Vec<Trigger>,
    controls: Vec<Control>,
    criteria: BTreeMap<Criterion, Vec<Evidence>>,
    deployments: BTreeSet<Deployment>,
    owners: Vec<Owner>,
    purposes: Vec<Purpose>,
    claims: Vec<Claimed>,
    keys: Vec<Key>,
}

/// What kind of system a scope is, and how much of it could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nature {
    kind: SystemKind,
    role: Role,
    complete: bool,
    tools_complete: bool,
}

impl Nature {
    /// What two statements about one scope come to: the more telling kind and role, and only what both call complete.
    fn and(self, other: Self) -> Self {
        Self {
            kind: self.kind.min(other.kind),
            role: self.role.min(other.role),
            complete: self.complete && other.complete,
            tools_complete: self.tools_complete && other.tools_complete,
        }
    }
}

impl Facts {
    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::System { kind, role, complete, tools_complete } => {
                let nature = Nature { kind, role, complete, tools_complete };
                self.nature = Some(self.nature.map_or(nature, |known| known.and(nature)));
            }
            Fact::Component(component) => self.components.push(component),
            Fact::Identity(identity) => self.identities.push(identity),
            Fact::Model(model) => self.models.push(model),
            Fact::Tool(tool) => self.tools.push(tool),
            Fact::Trigger(trigger) => self.triggers.push(trigger),
            Fact::Control(control) => self.controls.push(control),
            Fact::Criterion { criterion, evidence } => {
                self.criteria.entry(criterion).or_default().push(evidence);
            }
            Fact::Deployment(deployment) => {
                self.deployments.insert(deployment);
            }
            Fact::Owner(owner) => self.owners.push(owner),
            Fact::Purpose(purpose) => self.purposes.push(purpose),
            Fact::Claimed(claimed) => self.claims.push(claimed),
            Fact::Key(key) => self.keys.push(key),
        }
    }

    /// Takes all that is known of another scope, beside what it is.
    fn take(&mut self, other: Self) {
        self.components.extend(other.components);
        self.identities.extend(other.identities);
        self.models.extend(other.models);
        self.tools.extend(other.tools);
        self.triggers.extend(other.triggers);
        self.controls.extend(other.controls);
        for (criterion, evidence) in other.criteria {
            self.criteria.entry(criterion).or_default().extend(evidence);
        }
        self.deployments.extend(other.deployments);
        self.owners.extend(other.owners);
        self.purposes.extend(other.purposes);
        self.claims.extend(other.claims);
        self.keys.extend(other.keys);
    }

    /// Writes the target into every place, or removes it from there.
    fn set_target(&mut self, target: Option<&str>) {
        for place in self.components.iter_mut().flat_map(Component::places_mut) {
            place.target = target.map(str::to_owned);
        }
        let identities = self.identities.iter_mut().map(|i| &mut i.evidence);
        let models = self.models.iter_mut().map(|m| &mut m.evidence);
        let tools = self.tools.iter_mut().map(|t| &mut t.evidence);
        let controls = self.controls.iter_mut().map(|c| &mut c.evidence);
        let lists = identities.chain(models).chain(tools).chain(controls).chain(self.criteria.values_mut());
        for evidence in lists.flatten() {
            evidence.place.target = target.map(str::to_owned);
        }
        for key in &mut self.keys {
            key.place.target = target.map(str::to_owned);
        }
        let owners = self.owners.iter_mut().map(|owner| &mut owner.place);
        let owners = owners.chain(self.claims.iter_mut().map(|claimed| &mut claimed.place));
        for place in owners.chain(self.purposes.iter_mut().map(|purpose| &mut purpose.place)) {
            place.target = target.map(str::to_owned);
        }
        for trigger in &mut self.triggers {
            trigger.place.target = target.map(str::to_owned);
            for evidence in &mut trigger.evidence {
                evidence.place.target = target.map(str::to_owned);
            }
        }
    }
}

/// Makes systems of the scopes that are one, and gathers the components of the others. With `several` targets,
/// everything says which one it is from.
pub(crate) fn correlate(observations: impl IntoIterator<Item = Observation>, several: bool) -> Correlated {
    // Scopes are long texts that begin alike: they are compared once they are all there.
    let mut scopes: HashMap<Scope, Box<Facts>> = HashMap::new();
    for Observation { scope, fact } in observations {
        scopes.entry(scope).or_default().add(fact);
    }
    let mut scopes: Vec<(Scope, Box<Facts>)> = scopes.into_iter().collect();
    scopes.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut systems = Vec::new();
    let mut loose: BTreeMap<String, Loose> = BTreeMap::new();
    for (scope, mut facts) in scopes {
        facts.set_target(several.then_some(scope.target.as_str()));
        if let Some(nature) = facts.nature {
            systems.push(Box::new(system::build(scope, nature, *facts, several)));
            continue;
        }
        let at = loose.entry(scope.target).or_default();
        // A server is one record, with its own tools, and not what every server of the repository offers.
        let (own, rest): (Vec<_>, Vec<_>) =
            merge::components(facts.components).into_iter().partition(|c| !c.tools.is_empty());
        at.shared.extend(rest);
        at.servers.extend(own);
        at.identities.extend(facts.identities);
    }
    let (mut components, mut identities) = (Vec::new(), Vec::new());
    for of_target in loose.into_values() {
        components.extend(merge::components(of_target.shared));
        components.extend(of_target.servers);
        identities.extend(merge::identities(of_target.identities));
    }
    tell_apart(&mut systems);
    systems.sort_by(|a, b| a.order(b));
    let systems = systems.into_iter().map(|system| *system).collect();
    Correlated { systems, components, identities }
}

/// An inventory in which what was seen from several sides is one system. A store keeps what each target showed, and not this: a target
/// that is not scanned the next time takes nothing away from the others.
pub(crate) fn joined(inventory: Inventory, decided: &Decided) -> Inventory {
    let Joined { mut systems, identities, proposals } =
        join(inventory.systems, inventory.identities, decided);
    systems.sort_by(|a, b| a.order(b));
    let systems = systems.into_iter().map(|system| *system).collect();
    Inventory { systems, identities, proposals, ..inventory }
}

/// Gives an id of its own to a system that another target holds under the same kind, root and name. The first target
/// by name keeps the plain id: it is the one that a scan of that target alone gives.
fn tell_apart(systems: &mut [Box<System>]) {
    let mut taken = BTreeSet::new();
    // They come in the order of their scopes, and so of their targets.
    for system in systems {
        if !taken.insert(system.id.clone()) {
            let target = system.target.as_deref().unwrap_or_default();
            system.id = id_beside(system.kind, &system.root, &system.name, target);
            taken.insert(system.id.clone());
        }
    }
}

/// The id of a system beside another one that has the plain id.
pub(crate) fn id_beside(kind: SystemKind, root: &str, name: &str, target: &str) -> SystemId {
    SystemId::derive(kind, root, &format!("{name}\0{target}"))
}
