//! Identities as observations: those that may ask a model, with what else they may do and who may become them.

use asmm_model::{
    Deployment, DeploymentKind, Evidence, EvidenceClass, Fact, Identity, IdentityKind, Observation, Place,
    Role, Scope, SystemKind,
};
use muster_rules::RulePack;

use crate::account::{IamIdentity, IdentityType};
use crate::organisation::Bounds;
use crate::policy::{Because, Decision, Effect};
use crate::rights::{Invocation, Rights, Standing, rights};
use crate::trust::{Trusted, trusted};

/// Places of one right that are kept.
const MAX_PLACES: usize = 5;

/// What one identity comes to; nothing where it may ask no model.
pub(crate) fn observe(
    pack: &RulePack,
    target: &str,
    identity: &IamIdentity,
    bounds: &Bounds,
) -> Vec<Observation> {
    let rights = rights(identity, bounds);
    let Some(standing) = rights.standing else { return Vec::new() };
    let trusts = identity.trust.as_ref().map(|trust| trusted(trust)).unwrap_or_default();
    let scope = Scope { target: target.to_owned(), root: identity.arn.clone(), name: identity.name.clone() };
    let mut out = Vec::new();
    let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
    let is_system = standing >= Standing::AiPolicy
        && !identity.is_service_linked()
        && trusts.iter().any(Trusted::is_workload);
    if is_system {
        // What runs under the role is not seen here: neither its tools nor what starts it.
        put(Fact::System {
            kind: SystemKind::Pipeline,
            role: Role::Production,
            complete: false,
            tools_complete: false,
        });
        put(Fact::Deployment(Deployment { kind: DeploymentKind::Aws, reference: identity.arn.clone() }));
        if let (Some(heuristic), Some(first)) =
            (pack.heuristics().get("runs-as-cloud-role"), rights.invocations.first())
        {
            for speaks in &heuristic.speaks {
                let place = places(identity, first).swap_remove(0);
                let mut evidence = place.weighing(speaks.supports, speaks.weight);
                evidence.rule = Some(heuristic.id.clone());
                evidence.note = Some(format!("{}: `{}`", heuristic.says, identity.name));
                put(Fact::Criterion { criterion: speaks.criterion, evidence });
            }
        }
    }
    put(Fact::Identity(shown(identity, &rights, &trusts)));
    out
}

fn shown(identity: &IamIdentity, rights: &Rights, trusts: &[Trusted]) -> Identity {
    let kind = match identity.kind {
        IdentityType::Role => IdentityKind::CloudRole,
        IdentityType::User => IdentityKind::CloudUser,
    };
    let mut evidence = Vec::new();
    for invocation in &rights.invocations {
        let says = may(invocation);
        evidence.extend(places(identity, invocation).into_iter().map(|place| place.noting(says.clone())));
    }
    let acts: Vec<String> = rights
        .classes
        .iter()
        .map(|((class, privilege), decision)| {
            let if_so = if *decision == Decision::Conditional { ", under conditions" } else { "" };
            format!("{class} ({}{if_so})", privilege.name())
        })
        .collect();
    if !acts.is_empty() {
        evidence.push(at(&identity.arn).noting(format!("may also act on {}", acts.join(", "))));
    }
    if !trusts.is_empty() {
        let all: Vec<String> = trusts.iter().map(ToString::to_string).collect();
        evidence.push(at(&identity.arn).noting(format!("may be assumed by {}", all.join("; "))));
    }
    evidence.extend(trusts.iter().filter_map(Trusted::danger).map(|danger| at(&identity.arn).noting(danger)));
    if let Some(when) = &identity.last_used {
        evidence.push(at(&identity.arn).noting(format!("last used {when}")));
    }
    Identity {
        privilege: Some(rights.privilege),
        arn: Some(identity.arn.clone()),
        ..Identity::named(kind, identity.name.clone(), evidence)
    }
}

fn may(invocation: &Invocation) -> String {
    let resources = invocation.verdict.resources.join(", ");
    let how = match invocation.standing() {
        Standing::Wildcard => "; only by a wildcard over all services",
        Standing::Mentioned => "; only by a policy of AWS that is about something else",
        Standing::AiPolicy | Standing::Named => "",
    };
    let says = format!("may ask {} by `{}` of {resources}{how}", invocation.what, invocation.action);
    match invocation.verdict.decision {
        Decision::Conditional => {
            let reasons: Vec<String> = invocation.verdict.reasons.iter().map(ToString::to_string).collect();
            format!("{says}; {}", reasons.join("; "))
        }
        _ => says,
    }
}

/// The statements that let it through, and those that take something away; the identity itself where none is known.
fn places(identity: &IamIdentity, invocation: &Invocation) -> Vec<Evidence> {
    // What a limit leaves alone is no reason that anyone would look for.
    let tells = |because: &&Because| because.effect == Effect::Deny || !because.limits;
    let mut because: Vec<&Because> = invocation.verdict.because.iter().filter(tells).collect();
    because.sort_by_key(|because| (because.effect == Effect::Deny, *because));
    // What rests on a policy that could not be read has no statement to show.
    if because.is_empty() {
        return vec![at(&identity.arn)];
    }
    because.into_iter().take(MAX_PLACES).map(|because| at(&statement(because))).collect()
}

fn statement(because: &Because) -> String {
    let sid = because.sid.as_deref().map(|sid| format!(" ({sid})")).unwrap_or_default();
    let effect = if because.effect == Effect::Deny { ", a deny" } else { "" };
    format!("{}, statement {}{sid}{effect}", because.policy, because.statement)
}

fn at(locator: &str) -> Evidence {
    Evidence::at(Place::locator(locator), Role::Production).of(EvidenceClass::Policy)
}
