//! One system from several sides: its code, a workload that runs it, and the role that it acts under.

use asmm_model::{
    Claim, Criterion, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gate, Identity,
    IdentityKind, JoinStrength, Key, Place, Privilege, Role, Supports, SystemKind,
};

use super::Sample;

pub(crate) const ROLE: &str = "arn:aws:iam::111111111111:role/refunds";

pub(crate) fn key(claim: Claim, value: &str, strength: JoinStrength, at: &str) -> Fact {
    Fact::Key(Key { claim, value: value.to_owned(), strength, place: Place::locator(at) })
}

pub(crate) fn strong(claim: Claim, value: &str) -> Fact {
    key(claim, value, JoinStrength::Strong, "a key")
}

pub(crate) fn medium(claim: Claim, value: &str) -> Fact {
    key(claim, value, JoinStrength::Medium, "a key")
}

/// An agent that pays refunds, as its repository shows it; `tool` tells what its tool does, as far as the code says.
pub(crate) fn code(target: &str, root: &str, name: &str, tool: Effect) -> Sample {
    use Criterion::{C1, C2};
    let at = |line| Place::line(format!("{root}/agent.py"), line);
    Sample::new(target, root, name)
        .system(SystemKind::Agent, true)
        .says(C1, Supports::Yes, 0.9, "gives tools to a model call", at(9))
        .says(C2, Supports::Yes, 0.9, "gives results back to the model", at(12))
        .tool("pay_refund", tool, Gate::None, at(3))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, target)))
}

/// A workload of a cluster, of which only its outside is seen.
pub(crate) fn workload(target: &str, name: &str) -> Sample {
    let place = format!("pay/deployment/{name}");
    Sample::new(target, &place, name)
        .system(SystemKind::Pipeline, false)
        .says(
            Criterion::C5,
            Supports::Yes,
            0.9,
            "a schedule of the cluster starts it",
            Place::locator(&place),
        )
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::K8s, &place)))
        .fact(key(Claim::Is, &format!("k8s/{place}"), JoinStrength::Medium, &place))
}

pub(crate) fn identity(
    kind: IdentityKind,
    name: &str,
    arn: &str,
    privilege: Option<Privilege>,
    by: &[&str],
) -> Fact {
    let evidence = vec![Evidence::at(Place::locator(arn), Role::Production).of(EvidenceClass::Cloud)];
    Fact::Identity(Identity {
        arn: Some(arn.to_owned()),
        privilege,
        assumed_by: by.iter().map(|by| (*by).to_owned()).collect(),
        ..Identity::named(kind, name, evidence)
    })
}

/// What stands for whatever runs under a role.
pub(crate) fn role(privilege: Privilege, by: &[&str]) -> Sample {
    Sample::new("aws-export:acme", ROLE, "refunds-role")
        .system(SystemKind::Pipeline, false)
        .says(Criterion::C6, Supports::Yes, 0.95, "a role of its own", Place::locator(ROLE))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, ROLE)))
        .fact(identity(IdentityKind::CloudRole, "refunds-role", ROLE, Some(privilege), by))
}
