//! Roles of a cloud and what acts under them: a workload by its service account, a workflow by the role that it names.
//!
//! A role joins no two systems. Whoever acts under it has it among its identities, with what it may do.

use std::collections::{BTreeMap, HashMap, HashSet};

use asmm_model::{
    Claim, Criterion, DeploymentKind, Effect, Evidence, EvidenceClass, Identity, IdentityKind, JoinStrength,
    Place, Privilege, Reason, Role, Supports, System,
};

use super::super::{Facts, Systems};
use super::decided::Decided;
use super::fold;
use super::trust::Trusting;

/// How much it weighs that a tool of which it is not known what it does runs under a role that may change something.
const MAY_CHANGE: f64 = 0.5;

/// What is known of a role in the account that it is of.
struct Known {
    identity: Identity,
    /// The system that stands for what runs under it, where nothing else was seen to.
    system: Option<Box<System>>,
}

/// Gives every system what is known of the roles that it acts under. A system that only stands for what runs under a role becomes
/// a part of what was found to.
pub(super) fn join(systems: Systems, loose: Vec<Identity>, decided: &Decided) -> (Systems, Vec<Identity>) {
    let mut known: HashMap<String, Known> = HashMap::new();
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
        match stands_for(&system).cloned().filter(|_| !known.contains_key(&system.root)) {
            Some(identity) => {
                known.insert(system.root.clone(), Known { identity, system: Some(system) });
            }
            None => acting.push(system),
        }
    }
    if known.is_empty() {
        return (acting, rest);
    }
    let trusting = Trusting::of(known.iter().map(|(arn, role)| (arn.as_str(), &role.identity)));
    let mut found: HashSet<String> = HashSet::new();
    let acting: Systems = acting
        .into_iter()
        .map(|system| {
            let mut roles = roles_of(&system, &known, &trusting);
            roles.retain(|arn, _| {
                let stands = known.get(arn).and_then(|role| role.system.as_ref());
                !stands.is_some_and(|role| decided.are_apart(&role.id, &system.id))
            });
            found.extend(roles.keys().cloned());
            under(system, roles, &known)
        })
        .collect();
    let mut systems = acting;
    drop(trusting);
    let mut known: Vec<(String, Known)> = known.into_iter().collect();
    known.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    for (arn, role) in known {
        match role.system {
            Some(system) if !found.contains(&arn) => systems.push(system),
            None if !found.contains(&arn) => rest.push(role.identity),
            _ => {}
        }
    }
    // Told by an account in case that something elsewhere acts under it, which nothing does that was seen.
    rest.retain(|identity| identity.may_ask != Some(false));
    (systems, rest)
}

/// The role that a system stands for, as it was seen that something runs under it and not what.
pub(super) fn stands_for(system: &System) -> Option<&Identity> {
    system.identities.iter().find(|i| i.arn.as_deref() == Some(&system.root) && is_role(i))
}

pub(super) fn is_role(identity: &Identity) -> bool {
    matches!(identity.kind, IdentityKind::CloudRole | IdentityKind::CloudUser) && identity.privilege.is_some()
}

/// The roles that a system acts under, each with why.
fn roles_of(
    system: &System,
    known: &HashMap<String, Known>,
    trusting: &Trusting<'_>,
) -> BTreeMap<String, Reason> {
    let mut roles = BTreeMap::new();
    let mut add = |role: &str, says: String, place: Option<Place>| {
        let places = place.into_iter().collect();
        roles.entry(role.to_owned()).or_insert(Reason { says, strength: JoinStrength::Strong, places });
    };
    for identity in &system.identities {
        let Some(arn) = &identity.arn else { continue };
        let place = identity.evidence.first().map(|evidence| evidence.place.clone());
        if known.contains_key(arn) {
            add(arn, format!("acts under the role `{arn}`, which it names"), place);
        } else if identity.kind == IdentityKind::ServiceAccount {
            for role in trusting.account(arn) {
                let says = format!("has the service account `{arn}`, which is given the role `{role}`");
                add(role, says, place.clone());
            }
        }
    }
    for key in system.keys.iter().filter(|key| key.claim == Claim::VouchedFor) {
        for (role, subject) in trusting.subject(&key.value) {
            let says = format!("may act under the role `{role}`, which trusts `{subject}`");
            add(role, says, Some(key.place.clone()));
        }
    }
    roles
}

fn under(
    system: Box<System>,
    roles: BTreeMap<String, Reason>,
    known: &HashMap<String, Known>,
) -> Box<System> {
    if roles.is_empty() {
        return system;
    }
    let system = fold::again(system, |facts, joins| {
        for (arn, reason) in roles {
            let Some(role) = known.get(&arn) else { continue };
            match &role.system {
                Some(part) => {
                    joins.push(super::part(part, vec![reason]));
                    // What it is, and how much of it could be seen, it says for itself. Where else the role is used, and what it is known by,
                    // is no matter of one of those that act under it.
                    let mut role = Facts::from(System::clone(part));
                    role.deployments.retain(|at| at.kind == DeploymentKind::Aws);
                    role.keys.clear();
                    facts.take(role);
                }
                None => facts.identities.push(role.identity.clone()),
            }
        }
    });
    reach(system)
}

/// What a role may do answers whether an action changes something only for actions that the model can reach: its tools of which
/// nothing else says what they do.
fn reach(system: Box<System>) -> Box<System> {
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
