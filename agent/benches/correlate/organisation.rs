//! An organisation that is made up, the same on every machine: agents in repositories, what runs of them, and roles.

use asmm_model::{
    Claim, ComponentKind, Criterion, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact, Gate,
    Identity, IdentityKind, JoinStrength, Key, Observation, Place, Privilege, Role, Supports, SystemKind,
};

use crate::sample::Sample;

/// Components of a unit: of its code, of its workload.
pub(crate) const COMPONENTS: usize = 12 + 8;
/// Identities of a unit.
pub(crate) const IDENTITIES: usize = 4;
/// Units that act under one role, of which nothing else tells them apart.
const SHARED: usize = 8;

/// What is seen of so many units.
pub(crate) fn observations(units: usize) -> Vec<Observation> {
    (0..units).flat_map(unit).flat_map(Sample::observations).collect()
}

/// Another order, the same each time.
pub(crate) fn shuffle<T>(list: &mut [T]) {
    let mut state = 1_u64;
    for at in (1..list.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((state >> 33) % (at as u64 + 1)).expect("it is below the length");
        list.swap(at, other);
    }
}

/// A code, its workload, its role and what the role stands for. Every fourth is found by an image, by its repository, by two names in
/// files, or by a name alone.
fn unit(n: usize) -> [Sample; 3] {
    let name = format!("refund-agent-{n}");
    let repository = format!("github.com/acme/team-{}", if n % 4 == 1 { n } else { n / 4 });
    let image = format!("ghcr.io/acme/{name}");
    let role = format!("arn:aws:iam::111122223333:role/{name}");
    let shared = format!("arn:aws:iam::111122223333:role/shared-{}", n / SHARED);
    let place = format!("shop/deployment/{name}");
    let line = |line: u32| Place::line(format!("services/{name}/agent.py"), line);

    let mut code = Sample::new(&format!("repositories/team-{}", n / 4), &format!("services/{name}"), &name)
        .system(SystemKind::Agent, true)
        .says(Criterion::C1, Supports::Yes, 0.9, "gives tools to a model call", line(9))
        .says(Criterion::C2, Supports::Yes, 0.9, "gives results back to the model", line(12))
        .tool("pay_refund", Effect::Pay, Gate::None, line(3))
        .tool("find_order", Effect::Read, Gate::None, line(6))
        .identity("OPENAI_API_KEY", true, line(2))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Repo, &repository)))
        .fact(key(Claim::KeptIn, &repository, JoinStrength::Strong));
    let mut workload = Sample::new("k8s:prod", &place, if n % 4 == 3 { &name } else { "worker" })
        .system(SystemKind::Pipeline, false)
        .says(Criterion::C5, Supports::Yes, 0.9, "a queue starts it", Place::locator(&place))
        .fact(identity(IdentityKind::CloudRole, &role, None, &place))
        .fact(identity(IdentityKind::CloudRole, &shared, None, &place))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::K8s, &place)))
        .fact(key(Claim::Is, &format!("k8s/{place}"), JoinStrength::Medium));
    match n % 4 {
        0 => {
            code = code.fact(key(Claim::BuildsImage, &image, JoinStrength::Strong));
            workload = workload.fact(key(Claim::RunsImage, &image, JoinStrength::Strong));
        }
        1 => workload = workload.fact(key(Claim::ComesFrom, &repository, JoinStrength::Strong)),
        2 => {
            code = code.fact(key(Claim::Declares, &format!("k8s/{place}"), JoinStrength::Medium)).fact(key(
                Claim::Declares,
                &format!("aws/role/{name}"),
                JoinStrength::Medium,
            ));
            workload = workload.fact(key(Claim::Has, &format!("aws/role/{name}"), JoinStrength::Medium));
        }
        _ => {}
    }
    // Everybody has these.
    workload = workload.fact(key(Claim::RunsImage, "docker.io/library/envoy", JoinStrength::Strong));
    for at in 0..12 {
        code = code.component(
            ComponentKind::AgentFramework,
            &format!("library-{}", (n + at) % 97),
            Some("1.2.3"),
            line(20),
        );
    }
    for at in 0..8 {
        let of_it = Place::locator(&place);
        workload = workload.component(
            ComponentKind::AgentFramework,
            &format!("image-{}", (n + at) % 89),
            None,
            of_it,
        );
    }
    let may = Some(if n.is_multiple_of(2) { Privilege::Admin } else { Privilege::Write });
    let of_account = if n.is_multiple_of(SHARED) { &shared } else { &role };
    let account =
        Sample::new("aws:prod", "", "prod").fact(identity(IdentityKind::CloudRole, of_account, may, &role));
    [code, workload, account]
}

fn key(claim: Claim, value: &str, strength: JoinStrength) -> Fact {
    Fact::Key(Key { claim, value: value.to_owned(), strength, place: Place::locator("a file beside it") })
}

fn identity(kind: IdentityKind, arn: &str, privilege: Option<Privilege>, at: &str) -> Fact {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let evidence = vec![Evidence::at(Place::locator(at), Role::Production).of(EvidenceClass::Cloud)];
    Fact::Identity(Identity { arn: Some(arn.to_owned()), privilege, ..Identity::named(kind, name, evidence) })
}
