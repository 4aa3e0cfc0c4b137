//! Makes one system of a code and its parts, and lets the Autonomy Test decide on all that is known of it.

use std::collections::BTreeMap;

use asmm_model::{Incomplete, Join, Reason, Scope, System, SystemKind};

use super::super::{Facts, Nature, system};
use super::decided::Homes;

/// Folds each part into its code. What has no part stays as it is.
pub(super) fn fold(systems: Vec<System>, mut homes: Homes) -> Vec<System> {
    if homes.is_empty() {
        return systems;
    }
    let mut parts: BTreeMap<usize, Vec<(System, Vec<Reason>)>> = BTreeMap::new();
    let mut codes: Vec<(usize, System)> = Vec::new();
    for (at, system) in systems.into_iter().enumerate() {
        match homes.remove(&at) {
            Some((code, because)) => parts.entry(code).or_default().push((system, because)),
            None => codes.push((at, system)),
        }
    }
    codes.into_iter().map(|(at, code)| with(code, parts.remove(&at).unwrap_or_default())).collect()
}

/// A system with what runs of it.
fn with(code: System, parts: Vec<(System, Vec<Reason>)>) -> System {
    if parts.is_empty() {
        return code;
    }
    again(code, |facts, joins| {
        for (part, because) in parts {
            joins.push(super::part(&part, because));
            joins.extend(part.joins.clone());
            let part = Facts::from(part);
            facts.nature = facts.nature.zip(part.nature).map(|(code, part)| seen_from_outside(code, part));
            facts.take(part);
        }
    })
}

/// A system with more known of it. It keeps its id, whatever it turns out to be.
pub(super) fn again(system: System, more: impl FnOnce(&mut Facts, &mut Vec<Join>)) -> System {
    let (id, target, mut joins) = (system.id.clone(), system.target.clone(), system.joins.clone());
    let remembered = system.remembered.clone();
    let scope = Scope {
        target: target.clone().unwrap_or_default(),
        root: system.root.clone(),
        name: system.name.clone(),
    };
    let before = Nature::of(&system);
    let mut facts = Facts::from(system);
    more(&mut facts, &mut joins);
    joins.sort_by(|a, b| (&a.target, &a.root, &a.id).cmp(&(&b.target, &b.root, &b.id)));
    joins.dedup_by(|a, b| (&a.target, &a.id) == (&b.target, &b.id));
    let nature = facts.nature.unwrap_or(before);
    System { id, joins, remembered, ..system::build(scope, nature, facts, target.is_some()) }
}

/// What the code and something that runs it come to. Of what runs, the code is what was not seen; here it is. An agent that a cloud
/// runs has tools of its own, which the code does not list.
fn seen_from_outside(code: Nature, part: Nature) -> Nature {
    Nature {
        kind: code.kind.min(part.kind),
        role: code.role.min(part.role),
        complete: code.complete,
        tools_complete: code.tools_complete && (part.kind != SystemKind::Agent || part.tools_complete),
    }
}

impl Nature {
    fn of(system: &System) -> Self {
        Self {
            kind: system.kind,
            role: system.role,
            complete: !system.incomplete.contains(&Incomplete::Parts),
            tools_complete: !system.incomplete.contains(&Incomplete::Tools),
        }
    }
}

impl From<System> for Facts {
    fn from(system: System) -> Self {
        let nature = Nature::of(&system);
        let criteria = system.criteria.iter();
        let criteria = criteria.map(|(criterion, answer)| (criterion, answer.evidence().to_vec())).collect();
        Self {
            nature: Some(nature),
            components: system.components,
            identities: system.identities,
            models: system.models,
            tools: system.tools,
            triggers: system.triggers,
            criteria,
            deployments: system.locations.into_iter().collect(),
            owners: system.owners,
            purposes: system.purpose.into_iter().collect(),
            keys: system.keys,
        }
    }
}
