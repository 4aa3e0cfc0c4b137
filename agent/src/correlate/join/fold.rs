//! Makes one system of a code and its parts, and lets the Autonomy Test decide on all that is known of it.

use std::collections::BTreeMap;
use std::mem::take;

use asmm_model::{Incomplete, Join, Reason, Scope, System, SystemKind};

use super::super::{Facts, Nature, Systems, system};
use super::decided::Homes;

/// A part, and why it is one.
type Part = (Box<System>, Vec<Reason>);

/// Folds each part into its code. What has no part stays as it is.
pub(super) fn fold(systems: Systems, mut homes: Homes) -> Systems {
    if homes.is_empty() {
        return systems;
    }
    let mut parts: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
    let mut codes: Vec<(usize, Box<System>)> = Vec::new();
    for (at, system) in systems.into_iter().enumerate() {
        match homes.remove(&at) {
            Some((code, because)) => parts.entry(code).or_default().push((system, because)),
            None => codes.push((at, system)),
        }
    }
    codes.into_iter().map(|(at, code)| with(code, parts.remove(&at).unwrap_or_default())).collect()
}

/// A system with what runs of it.
fn with(code: Box<System>, parts: Vec<Part>) -> Box<System> {
    if parts.is_empty() {
        return code;
    }
    again(code, |facts, joins| {
        for (part, because) in parts {
            joins.push(super::part(&part, because));
            joins.extend(part.joins.clone());
            let part = Facts::from(*part);
            facts.nature = facts.nature.zip(part.nature).map(|(code, part)| seen_from_outside(code, part));
            facts.take(part);
        }
    })
}

/// A system with more known of it. It keeps its id, whatever it turns out to be.
pub(super) fn again(mut system: Box<System>, more: impl FnOnce(&mut Facts, &mut Vec<Join>)) -> Box<System> {
    let (id, mut joins, remembered) = (system.id.clone(), take(&mut system.joins), system.remembered.take());
    let several = system.target.is_some();
    let scope = Scope {
        target: system.target.take().unwrap_or_default(),
        root: take(&mut system.root),
        name: take(&mut system.name),
    };
    let before = Nature::of(&system);
    let mut facts = Facts::from(*system);
    more(&mut facts, &mut joins);
    joins.sort_by(|a, b| (&a.target, &a.root, &a.id).cmp(&(&b.target, &b.root, &b.id)));
    joins.dedup_by(|a, b| (&a.target, &a.id) == (&b.target, &b.id));
    let nature = facts.nature.unwrap_or(before);
    Box::new(System { id, joins, remembered, ..system::build(scope, nature, facts, several) })
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
            controls: system.controls,
            criteria,
            deployments: system.locations.into_iter().collect(),
            owners: system.owners,
            purposes: system.purpose.into_iter().collect(),
            claims: system.claims,
            keys: system.keys,
        }
    }
}
