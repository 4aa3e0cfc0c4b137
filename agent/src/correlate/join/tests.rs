//! Systems that meet and systems that must not: by image, by repository, by role, and by names alone.

use std::fmt::Write as _;

use asmm_model::{
    Claim, Criterion, Deployment, DeploymentKind, Effect, Fact, IdentityKind, JoinStrength, Observation,
    Privilege, System, SystemKind,
};
use proptest::prelude::*;

use super::super::correlate;
use super::meet::PARTS;
use super::{Decided, Joined, Meets, join, meeting};
use crate::sample::Sample;
use crate::sample::sides::{ROLE, code, identity, key, medium, role, strong, workload};

fn of(samples: Vec<Sample>) -> Joined {
    seen(samples.into_iter().flat_map(Sample::observations).collect())
}

fn seen(observations: Vec<Observation>) -> Joined {
    after(&Decided::default(), observations)
}

/// The same, after a person decided.
fn after(decided: &Decided, observations: Vec<Observation>) -> Joined {
    let found = correlate(observations, true);
    let mut joined = join(found.systems, found.identities, decided);
    joined.systems.sort_by(|a, b| a.order(b));
    joined
}

/// Everything that joining decides.
#[expect(clippy::use_debug, reason = "kinds are shown as the code names them")]
fn told(found: &Joined) -> String {
    let mut out = String::new();
    for system in &found.systems {
        let _ = writeln!(
            out,
            "{} of {} ({}): {:?} {:?}",
            system.name,
            system.target.as_deref().unwrap_or_default(),
            system.kind.name(),
            system.verdict,
            system.level.map(|level| level.0)
        );
        for at in &system.locations {
            let _ = writeln!(out, "  in {:?} {}", at.kind, at.reference);
        }
        for join in &system.joins {
            let _ = writeln!(out, "  + {} ({})", join.name, join.root);
            for reason in &join.because {
                let _ = writeln!(out, "    {:?}: {}", reason.strength, reason.says);
            }
        }
        for identity in &system.identities {
            let _ = writeln!(
                out,
                "  as {} {:?}, shared with {}",
                identity.name,
                identity.privilege,
                identity.shared_with.len()
            );
        }
        for evidence in system.criteria[Criterion::C3].evidence() {
            let _ = writeln!(out, "  C3 {}", evidence.note.as_deref().unwrap_or_default());
        }
    }
    for proposal in &found.proposals {
        let _ = writeln!(out, "? {}", proposal.names.join(" = "));
        for reason in &proposal.because {
            let _ = writeln!(out, "    {:?}: {}", reason.strength, reason.says);
        }
    }
    out
}

fn names(found: &Joined) -> Vec<&str> {
    found.systems.iter().map(|system| system.name.as_str()).collect()
}

#[test]
fn code_its_workload_and_its_role_are_one_system() {
    let account = "prod/pay/serviceaccount/refunds";
    let found = of(vec![
        code("refunds", "", "refunds", Effect::Unknown)
            .fact(strong(Claim::BuildsImage, "ghcr.io/acme/refunds")),
        workload("k8s-export:prod", "payer")
            .fact(strong(Claim::RunsImage, "ghcr.io/acme/refunds"))
            .fact(identity(IdentityKind::ServiceAccount, "pay/refunds", account, None, &[])),
        role(Privilege::Write, &[&format!("k8s:{account}")]),
    ]);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn a_role_of_several_systems_joins_none_of_them_and_each_says_so() {
    let under = |name: &str| {
        workload("k8s-export:prod", name).fact(identity(
            IdentityKind::CloudRole,
            "refunds-role",
            ROLE,
            None,
            &[],
        ))
    };
    let found = of(vec![under("payer"), under("mailer"), role(Privilege::Admin, &[])]);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn a_role_answers_nothing_for_what_no_model_can_reach() {
    // Its only tool is known to read.
    let found = of(vec![
        code("refunds", "", "refunds", Effect::Read).fact(identity(
            IdentityKind::CloudRole,
            "refunds-role",
            ROLE,
            None,
            &[],
        )),
        role(Privilege::Admin, &[]),
    ]);
    let c3 = &found.systems[0].criteria[Criterion::C3];
    assert_eq!((names(&found), c3.evidence()), (vec!["refunds"], &[][..]));
    assert_eq!(found.systems[0].identities[0].privilege, Some(Privilege::Admin));
}

#[test]
fn a_repository_of_one_system_joins_it_and_one_of_several_asks() {
    let kept = || strong(Claim::KeptIn, "github.com/acme/shop");
    let from = |value| strong(Claim::ComesFrom, value);
    let one = of(vec![
        code("shop", "", "shop-agent", Effect::Pay).fact(kept()),
        workload("k8s:prod", "payer").fact(from("github.com/acme/shop")),
    ]);
    assert_eq!(names(&one), ["shop-agent"]);
    let several = || {
        vec![
            code("shop", "refunds", "refunds", Effect::Pay).fact(kept()),
            code("shop", "returns", "returns", Effect::Pay).fact(kept()),
        ]
    };
    let with = |part: Sample| of([several(), vec![part]].concat());
    insta::assert_snapshot!(
        [
            told(&with(workload("k8s:prod", "payer").fact(from("github.com/acme/shop#returns/src")))),
            told(&with(workload("k8s:prod", "refunds").fact(from("github.com/acme/shop")))),
            told(&with(workload("k8s:prod", "payer").fact(from("github.com/acme/shop")))),
        ]
        .join("---\n")
    );
}

#[test]
fn two_names_in_files_are_more_than_one() {
    let declares = |value| medium(Claim::Declares, value);
    let function = |has: bool| {
        let arn = "arn:aws:lambda:eu-west-1:111111111111:function:pay-refund";
        let sample = Sample::new("aws:", arn, "pay-refund")
            .system(SystemKind::Pipeline, false)
            .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, arn)))
            .fact(medium(Claim::Is, "aws/function/pay-refund"));
        if has { sample.fact(medium(Claim::Has, "aws/role/refunds")) } else { sample }
    };
    let code = || {
        code("refunds", "", "refunds", Effect::Pay)
            .fact(declares("aws/function/pay-refund"))
            .fact(declares("aws/role/refunds"))
    };
    assert_eq!(names(&of(vec![code(), function(true)])), ["refunds"]);
    let one = of(vec![code(), function(false)]);
    assert_eq!((one.systems.len(), one.proposals.len()), (2, 1));
}

#[test]
fn whose_function_an_agent_calls_is_for_a_person_to_look_at() {
    let arn = "arn:aws:bedrock:eu-west-1:111111111111:agent/HR";
    let called = key(Claim::Has, "aws/function/pay-refund", JoinStrength::Weak, arn);
    let agent = Sample::new("aws:", arn, "hr-helper")
        .system(SystemKind::Agent, false)
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, arn)))
        .fact(called)
        .fact(medium(Claim::Has, "aws/role/refunds"));
    let code = code("refunds", "", "refunds", Effect::Pay)
        .fact(medium(Claim::Declares, "aws/function/pay-refund"))
        .fact(medium(Claim::Declares, "aws/role/refunds"));
    let found = of(vec![code, agent]);
    assert_eq!(
        (found.systems.len(), found.proposals.len()),
        (2, 1),
        "what several agents call joins none of them"
    );
    assert_eq!(found.proposals[0].because.len(), 2);
}

#[test]
fn a_secret_tells_whose_a_workload_is_where_nobody_else_has_it() {
    let asks = |name: &str| {
        let declares = |value| medium(Claim::Declares, value);
        code(name, "", name, Effect::Pay)
            .fact(declares("k8s/pay/secret/payments"))
            .fact(declares("k8s/pay/deployment/payer"))
    };
    let given = |name: &str| workload("k8s:prod", name).fact(medium(Claim::Has, "k8s/pay/secret/payments"));
    assert_eq!(names(&of(vec![asks("refunds"), given("payer")])), ["refunds"]);
    let two = of(vec![asks("refunds"), given("payer"), given("mailer")]);
    assert_eq!((two.systems.len(), two.proposals.len()), (3, 1), "the secret tells neither of them");
}

#[test]
fn an_image_that_many_run_is_no_sign_of_one_system() {
    let base = || strong(Claim::RunsImage, "docker.io/langflow");
    let run = |many: usize| {
        let parts = (0..many).map(|n| workload("k8s:prod", &format!("tenant-{n}")).fact(base()));
        let code =
            code("flows", "", "flows", Effect::Pay).fact(strong(Claim::BuildsImage, "docker.io/langflow"));
        of(parts.chain([code]).collect()).systems.len()
    };
    assert_eq!((run(PARTS), run(PARTS + 1)), (1, PARTS + 2));
}

#[test]
fn a_name_alone_is_a_question() {
    let found = of(vec![code("a", "", "refund-agent", Effect::Pay), workload("k8s:prod", "refund-agent")]);
    insta::assert_snapshot!(told(&found));
    // A name that says nothing asks nothing, nor does one that three have.
    let plain = of(vec![code("a", "", "agent", Effect::Pay), workload("k8s:prod", "agent")]);
    let three = of(vec![
        code("a", "", "refund-agent", Effect::Pay),
        workload("k8s:prod", "refund-agent"),
        workload("k8s:test", "refund-agent"),
    ]);
    assert_eq!((plain.proposals.len(), three.proposals.len()), (0, 0));
}

#[test]
fn what_a_person_decided_holds_before_what_keys_say() {
    let image = || strong(Claim::BuildsImage, "ghcr.io/acme/refunds");
    let samples = || {
        vec![
            code("refunds", "", "refunds", Effect::Pay).fact(image()),
            code("returns", "", "returns", Effect::Pay),
            workload("k8s:prod", "payer").fact(strong(Claim::RunsImage, "ghcr.io/acme/refunds")),
            workload("k8s:prod", "mailer"),
            role(Privilege::Admin, &[]),
        ]
    };
    let observations = || samples().into_iter().flat_map(Sample::observations).collect::<Vec<_>>();
    let alone = correlate(observations(), true).systems;
    let id = |name: &str| alone.iter().find(|s| s.name == name).map(|s| s.id.clone()).unwrap();
    let parts = |decided: &Decided| -> Vec<String> {
        let found = after(decided, observations());
        let parts = |system: &System| system.joins.iter().map(|join| join.name.clone()).collect::<Vec<_>>();
        found.systems.iter().map(|system| format!("{} {:?}", system.name, parts(system))).collect()
    };
    let mut decided = Decided::default();
    let before = parts(&decided);
    decided.one(id("returns"), id("mailer"), "Ada said so".to_owned());
    decided.one(id("returns"), id("refunds"), "Ada said so".to_owned());
    let merged = parts(&decided);
    let mut circle = decided.clone();
    circle.one(id("payer"), id("returns"), "Bob said so".to_owned());
    assert_eq!(parts(&circle), merged, "nothing belongs to its own part");
    decided.apart(&id("payer"), &id("refunds"));
    decided.apart(&id("refunds"), &id("returns"));
    let split = parts(&decided);
    insta::assert_snapshot!([before, merged, split].map(|all| all.join("\n")).join("\n---\n"));
}

/// Systems of code and of what runs, with keys that are weak, or that several codes have.
fn glued() -> impl Strategy<Value = Vec<Sample>> {
    let weak = (0..6_usize, 0..4_u8, any::<bool>());
    prop::collection::vec((any::<bool>(), prop::collection::vec(weak, 0..6)), 2..12).prop_map(|systems| {
        let mut samples = Vec::new();
        for (n, (is_code, keys)) in systems.into_iter().enumerate() {
            let name = format!("system-{n}");
            let mut sample = if is_code {
                code(&format!("t{n}"), "", &name, Effect::Pay)
            } else {
                workload(&format!("t{n}"), &name)
            };
            for (value, claim, is_shared) in keys {
                let (of_code, of_part) = match claim {
                    0 => (Claim::KeptIn, Claim::ComesFrom),
                    1 => (Claim::BuildsImage, Claim::RunsImage),
                    2 => (Claim::PinsDigest, Claim::RunsDigest),
                    _ => (Claim::Declares, Claim::Has),
                };
                let claim = if is_code { of_code } else { of_part };
                let fact = if is_shared {
                    // Two codes of their own have it.
                    strong(claim, &format!("shared-{value}"))
                } else {
                    key(claim, &format!("weak-{value}"), JoinStrength::Weak, "a key")
                };
                sample = sample.fact(fact);
            }
            samples.push(sample);
        }
        for n in 0..2 {
            let mut sample = code(&format!("owner-{n}"), "", &format!("owner-{n}"), Effect::Pay);
            for value in 0..6 {
                for claim in [Claim::KeptIn, Claim::BuildsImage, Claim::PinsDigest, Claim::Declares] {
                    sample = sample.fact(strong(claim, &format!("shared-{value}")));
                }
            }
            samples.push(sample);
        }
        samples
    })
}

/// Systems with keys of every kind and strength.
fn any_systems() -> impl Strategy<Value = Vec<Sample>> {
    systems_of(usize::MAX)
}

/// The same, of which no more than so many have names of their own.
fn systems_of(names: usize) -> impl Strategy<Value = Vec<Sample>> {
    use Claim::{BuildsImage, ComesFrom, Declares, Has, KeptIn, RunsImage};
    let strength = prop::sample::select(vec![JoinStrength::Strong, JoinStrength::Medium, JoinStrength::Weak]);
    let one = (0..4_usize, prop::sample::select(vec![0_usize, 1, 2]), strength);
    let system = (any::<bool>(), any::<bool>(), prop::collection::vec(one, 0..5));
    prop::collection::vec(system, 1..10).prop_map(move |systems| {
        let each = systems.into_iter().enumerate().map(move |(n, (is_code, has_role, keys))| {
            let name = format!("system-{}", n % names);
            let (target, claims) = (
                format!("t{}", n % 3),
                if is_code { [KeptIn, BuildsImage, Declares] } else { [ComesFrom, RunsImage, Has] },
            );
            let mut sample =
                if is_code { code(&target, &name, &name, Effect::Unknown) } else { workload(&target, &name) };
            if has_role {
                sample = sample.fact(identity(IdentityKind::CloudRole, "refunds-role", ROLE, None, &[]));
            }
            keys.into_iter().fold(sample, |sample, (value, claim, strength)| {
                sample.fact(key(claims[claim], &format!("v{value}"), strength, "a key"))
            })
        });
        each.chain([role(Privilege::Write, &[])]).collect()
    })
}

proptest! {
    #[test]
    fn no_chain_of_weak_or_shared_keys_merges_two_systems(samples in glued()) {
        let many = samples.len();
        let found = of(samples);
        prop_assert_eq!(found.systems.len(), many);
        prop_assert!(found.systems.iter().all(|system| system.joins.is_empty()));
    }

    #[test]
    fn two_codes_are_never_one_and_nothing_is_lost(samples in any_systems()) {
        let codes = |samples: &[Sample]| {
            let found = of(samples.to_vec());
            found.systems.iter().filter(|system| super::meet::is_code(system)).count()
        };
        let alone: usize = samples.iter().map(|sample| codes(std::slice::from_ref(sample))).sum();
        prop_assert_eq!(codes(&samples), alone);
        // Each is a system of its own, or a part of one.
        let found = of(samples.clone());
        let mut all: Vec<&str> = found.systems.iter().map(|system| system.name.as_str()).collect();
        all.extend(found.systems.iter().flat_map(|system| system.joins.iter().map(|join| join.name.as_str())));
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), samples.len());
    }

    #[test]
    fn what_meets_nothing_is_said_without_a_look_at_the_others(
        samples in systems_of(4),
        loose in prop::option::of(any::<bool>()),
        is_one in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let loose = loose.map(|is_known| {
            let arn = if is_known { ROLE } else { "arn:aws:iam::111111111111:role/mail" };
            Sample::new("aws-export:acme", "", "")
                .fact(identity(IdentityKind::CloudRole, "mail", arn, Some(Privilege::Read), &[]))
        });
        let observations = samples.into_iter().chain(loose).flat_map(Sample::observations);
        let found = correlate(observations, true);
        let mut decided = Decided::default();
        if let Some((whole, part)) = is_one {
            let id = |at: prop::sample::Index| at.get(&found.systems).id.clone();
            decided.one(id(whole), id(part), "somebody said so".to_owned());
        }
        let mut all = join(found.systems.clone(), found.identities.clone(), &decided);

        let meets: Vec<Meets> = found.systems.iter().map(Meets::of).collect();
        let meeting = meeting(&meets.iter().collect::<Vec<_>>(), &found.identities, &decided);
        let (met, alone): (Vec<_>, Vec<_>) =
            found.systems.into_iter().enumerate().partition(|(at, _)| meeting.contains(at));
        let bare = |systems: Vec<(usize, System)>| systems.into_iter().map(|(_, system)| system);
        let mut some = join(bare(met).collect(), found.identities, &decided);
        some.systems.extend(bare(alone).map(Box::new));
        for joined in [&mut some, &mut all] {
            joined.systems.sort_by(|a, b| a.order(b));
        }
        prop_assert_eq!(some, all);
    }

    #[test]
    fn the_order_of_what_was_seen_never_shows((samples, order) in any_systems().prop_flat_map(|samples| {
        let observations: Vec<Observation> = samples.iter().cloned().flat_map(Sample::observations).collect();
        (Just(samples), Just(observations).prop_shuffle())
    })) {
        let first = of(samples);
        prop_assert_eq!(seen(order), first);
    }
}
