//! Roles of a cloud and what acts under them: a workload by its service account, a workflow by the role that it names.
//!
//! A role joins no two systems. Whoever acts under it has it among its identities, with what it may do.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Criterion, Effect, Evidence, EvidenceClass, Identity, IdentityKind, JoinStrength, Place, Privilege,
    Reason, Role, Supports, System,
};

use super::super::Facts;
use super::fold;

/// How much it weighs that a tool of which it is not known what it does runs under a role that may change something.
const MAY_CHANGE: f64 = 0.5;

/// What is known of a role in the account that it is of.
struct Known {
    identity: Identity,
    /// The system that stands for what runs under it, where nothing else was seen to.
    system: Option<System>,
}

/// Gives every system what is known of the roles that it acts under. A system that only stands for what runs under a role becomes
/// a part of what was found to.
pub(super) fn join(systems: Vec<System>, loose: Vec<Identity>) -> (Vec<System>, Vec<Identity>) {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut rest = Vec::new();
    for identity in loose {
        match identity.arn.clone().filter(|arn| is_role(&identity) && !known.contains_key(arn)) {
            Some(arn) => {
                known.insert(arn, Known { identity, system: None });
            }
            None => rest.push(identity),
        }
    }
    let mut acting = Vec::new();
    for system in systems {
        let own =
            system.identities.iter().find(|i| i.arn.as_deref() == Some(&system.root) && is_role(i)).cloned();
        match own.filter(|_| !known.contains_key(&system.root)) {
            Some(identity) => {
                known.insert(system.root.clone(), Known { identity, system: Some(system) });
            }
            None => acting.push(system),
        }
    }
    if known.is_empty() {
        return (acting, rest);
    }
    let given: BTreeMap<String, String> = known
        .iter()
        .flat_map(|(arn, role)| role.identity.assumed_by.iter().map(|by| (by.clone(), arn.clone())))
        .collect();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let acting: Vec<System> = acting
        .into_iter()
        .map(|system| {
            let roles = roles_of(&system, &known, &given);
            found.extend(roles.keys().cloned());
            under(system, roles, &known)
        })
        .collect();
    let mut systems = acting;
    for (arn, role) in known {
        match role.system {
            Some(system) if !found.contains(&arn) => systems.push(system),
            None if !found.contains(&arn) => rest.push(role.identity),
            _ => {}
        }
    }
    (systems, rest)
}

fn is_role(identity: &Identity) -> bool {
    matches!(identity.kind, IdentityKind::CloudRole | IdentityKind::CloudUser) && identity.privilege.is_some()
}

/// The roles that a system acts under, each with why.
fn roles_of(
    system: &System,
    known: &BTreeMap<String, Known>,
    given: &BTreeMap<String, String>,
) -> BTreeMap<String, Reason> {
    let mut roles = BTreeMap::new();
    for identity in &system.identities {
        let Some(arn) = &identity.arn else { continue };
        let places: Vec<Place> = identity.evidence.iter().map(|e| e.place.clone()).take(1).collect();
        if known.contains_key(arn) {
            let says = format!("acts under the role `{arn}`, which it names");
            roles.entry(arn.clone()).or_insert(Reason { says, strength: JoinStrength::Strong, places });
        } else if let Some(role) =
            given.get(&format!("k8s:{arn}")).filter(|_| identity.kind == IdentityKind::ServiceAccount)
        {
            let says = format!("has the service account `{arn}`, which is given the role `{role}`");
            roles.entry(role.clone()).or_insert(Reason { says, strength: JoinStrength::Strong, places });
        }
    }
    roles
}

fn under(system: System, roles: BTreeMap<String, Reason>, known: &BTreeMap<String, Known>) -> System {
    if roles.is_empty() {
        return system;
    }
    let system = fold::again(system, |facts, joins| {
        for (arn, reason) in roles {
            let Some(role) = known.get(&arn) else { continue };
            match &role.system {
                Some(part) => {
                    joins.push(super::part(part, vec![reason]));
                    // What it is, and how much of it could be seen, it says for itself.
                    facts.take(Facts::from(part.clone()));
                }
                None => facts.identities.push(role.identity.clone()),
            }
        }
    });
    reach(system)
}

/// What a role may do answers whether an action changes something only for actions that the model can reach: its tools of which
/// nothing else says what they do.
fn reach(system: System) -> System {
    let may = |identity: &&Identity| is_role(identity) && identity.privilege >= Some(Privilege::Write);
    let Some(role) = system.identities.iter().find(may) else { return system };
    let Some(tool) = system.tools.iter().find(|tool| tool.effect == Effect::Unknown) else { return system };
    let place =
        tool.evidence.first().map_or_else(|| Place::locator(system.root.clone()), |e| e.place.clone());
    let note = format!(
        "the model can call `{}`, which runs under the role `{}`: that may {}",
        tool.name,
        role.name,
        if role.privilege == Some(Privilege::Admin) { "do everything" } else { "change something" }
    );
    let evidence = Evidence::at(place, Role::Production)
        .of(EvidenceClass::Policy)
        .weighing(Supports::Yes, MAY_CHANGE)
        .noting(note);
    fold::again(system, |facts, _| facts.criteria.entry(Criterion::C3).or_default().push(evidence))
}
