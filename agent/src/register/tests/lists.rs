//! The lists: what was declared and seen, what was seen alone, what was declared alone, and what a person has to say.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use asmm_model::{
    Claim, Declared, Deployment, DeploymentKind, Fact, Gap, GapReason, Inventory, JoinStrength, Key,
    Lifecycle, Mark, MarkKind, Owner, OwnerSource, Place, Register, Sighted, SystemKind,
};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::{Decided, Seen, matched};
use crate::sample::{self, Sample};

const REPOSITORY: &str = "github.com/acme/shop";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:triage";

fn key(claim: Claim, value: &str) -> Fact {
    let place = Place::locator(".git/config, remote origin");
    Fact::Key(Key { claim, value: value.to_owned(), strength: JoinStrength::Strong, place })
}

fn system(root: &str, name: &str, keys: &[(Claim, &str)]) -> Sample {
    let sample = Sample::new(".", root, name).system(SystemKind::Agent, true);
    keys.iter().fold(sample, |sample, (claim, value)| sample.fact(key(*claim, value)))
}

fn owned(sample: Sample, owner: &str) -> Sample {
    let place = Place::line("CODEOWNERS", 3);
    sample.fact(Fact::Owner(Owner { source: OwnerSource::Codeowners, name: owner.to_owned(), place }))
}

/// A repository with several systems, one with one, and things that run.
pub(super) fn inventory() -> Inventory {
    let samples = vec![
        sample::refunds(".").fact(key(Claim::KeptIn, REPOSITORY)),
        owned(system("services/desk", "desk", &[(Claim::KeptIn, REPOSITORY)]), "@acme/support"),
        system("jobs/letters", "letters", &[(Claim::KeptIn, REPOSITORY)]),
        system("", "minutes", &[(Claim::KeptIn, "git.acme.example/tools/minutes")]),
        system("fn/triage", "triage", &[])
            .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, FUNCTION))),
        system(
            "pay/deployment/ledger",
            "ledger",
            &[(Claim::Is, "k8s/pay/deployment/ledger"), (Claim::RunsImage, "ghcr.io/acme/ledger")],
        ),
        owned(system("x/planner", "planner-bot", &[]), "@acme/planning"),
        system("x/scout", "scout", &[]),
        system("x/unknown", "unknown-helper", &[]),
    ];
    let mut inventory = sample::inventory(samples.into_iter().flat_map(Sample::observations).collect());
    inventory.coverage[0].skipped.clear();
    inventory
}

fn entry(id: &str, name: &str, marks: &[(MarkKind, &str)]) -> Declared {
    let line = id.bytes().fold(1, |sum, byte| sum + u32::from(byte));
    Declared {
        id: id.to_owned(),
        name: name.to_owned(),
        place: Place::line("register.csv", line),
        owner: None,
        purpose: None,
        lifecycle: Lifecycle::Active,
        agentic: None,
        records: asmm_model::Records::default(),
        marks: marks.iter().map(|(kind, value)| Mark { kind: *kind, value: (*value).to_owned() }).collect(),
    }
}

pub(super) fn entries() -> Vec<Declared> {
    use MarkKind::{Arn, Host, Image, Repository, Resource, System};
    let folder = "github.com/acme/shop#services/refunds";
    let with = |entry: Declared, owner: &str| Declared { owner: Some(owner.to_owned()), ..entry };
    vec![
        Declared {
            lifecycle: Lifecycle::Retired,
            agentic: Some(false),
            ..entry("A1", "Money back", &[(Repository, folder)])
        },
        entry("A2", "Desk", &[(Repository, "-/acme/shop")]),
        entry("A3", "Something of the shop", &[(Repository, REPOSITORY)]),
        entry("A4", "Minutes", &[(Repository, "git.acme.example/tools/minutes")]),
        entry("A5", "Protocols", &[(Repository, "git.acme.example/tools/minutes")]),
        entry("A6", "Sorting", &[(Arn, FUNCTION)]),
        entry("A7", "Books", &[(Resource, "k8s/pay/deployment/ledger"), (Image, "ghcr.io/acme/ledger")]),
        with(entry("A8", "Planner", &[]), "group:default/planning"),
        entry("A9", "Scout agent", &[]),
        entry("B1", "Gone", &[(Repository, "github.com/acme/gone")]),
        entry(
            "B2",
            "Deleted",
            &[(Repository, "github.com/acme/shop#services/deleted"), (Image, "ghcr.io/acme/x")],
        ),
        entry("B3", "Somewhere", &[(Host, "chat.acme.example")]),
        entry("B4", "Elsewhere", &[(Arn, "arn:aws:lambda:eu-west-1:222222222222:function:a")]),
        entry("B5", "Copied from an export", &[(System, "sys-0b26a83431a10f86")]),
    ]
}

fn sighted(told: &mut String, one: &Sighted) {
    let _ = writeln!(told, "    {} ({})", one.name, one.verdict.name());
    for reason in &one.because {
        let places: Vec<String> = reason.places.iter().map(ToString::to_string).collect();
        let _ = writeln!(told, "      because {} ({})", reason.says, places.join(", "));
    }
}

fn told(register: &Register) -> String {
    let mut told = String::new();
    for one in &register.seen {
        let by = if one.by == asmm_model::MatchedBy::Person { ", as a person decided" } else { "" };
        let _ = writeln!(told, "seen: {} {}{by}", one.declared.id, one.declared.name);
        one.systems.iter().for_each(|system| sighted(&mut told, system));
        for remark in &one.remarks {
            let _ = writeln!(told, "      ! {remark}");
        }
    }
    for one in &register.questions {
        let _ = writeln!(told, "question: {} {}", one.declared.id, one.declared.name);
        one.systems.iter().for_each(|system| sighted(&mut told, system));
    }
    for one in &register.unseen {
        let _ = writeln!(told, "unseen: {} {}: {}", one.declared.id, one.declared.name, one.why.says());
    }
    for one in &register.shadow {
        let _ = writeln!(told, "shadow: {} ({})", one.name, one.verdict.name());
    }
    told
}

#[test]
fn marks_decide_names_propose_and_what_is_not_clear_is_asked() {
    assert_snapshot!(told(&matched(entries(), &inventory(), &[], &Seen::default())));
}

#[test]
fn a_person_has_the_last_word() {
    let inventory = inventory();
    let id =
        |name: &str| inventory.systems.iter().find(|one| one.name == name).unwrap().id.as_str().to_owned();
    let decide = |declared: &str, name: &str, is: bool| Decided {
        declared: declared.to_owned(),
        system: id(name),
        is,
        says: "decided by `ann` on 2026-11-02".to_owned(),
    };
    let gone = Decided { system: "sys-ffffffffffffffff".to_owned(), ..decide("A6", "triage", true) };
    let decided = [
        decide("A3", "unknown-helper", true),
        decide("A9", "scout", false),
        decide("A4", "minutes", false),
        decide("B1", "desk", true),
        gone,
    ];
    assert_snapshot!(told(&matched(entries(), &inventory, &decided, &Seen::default())));
}

#[test]
fn what_could_not_be_seen_is_not_said_to_be_gone() {
    let why = |inventory: &Inventory, seen: &Seen, id: &str| {
        let found = matched(entries(), inventory, &[], seen);
        found.unseen.iter().find(|one| one.declared.id == id).unwrap().why.name()
    };
    let mut inventory = inventory();
    let none = Seen::default();
    assert_eq!(why(&inventory, &none, "B2"), "not-there");
    assert_eq!(why(&inventory, &none, "B1"), "not-scanned");
    // A folder without any system may be the repository.
    let mut known = Seen::default();
    known.repositories.insert(".".to_owned(), "github.com/acme/gone".to_owned());
    assert_eq!(why(&inventory, &known, "B1"), "not-there");
    let part = Seen { parts: [(".".to_owned(), "svc".to_owned())].into(), ..known.clone() };
    assert_eq!(why(&inventory, &part, "B1"), "gaps");
    inventory.coverage[0].skipped.push(Gap::new("a", GapReason::Denied));
    assert_eq!(why(&inventory, &known, "B1"), "gaps");
    assert_eq!(why(&inventory, &none, "B2"), "gaps");
    inventory.coverage.clear();
    assert_eq!(why(&inventory, &none, "B2"), "gaps");
}

/// Entries with few names and marks, so that they get in each other's way.
fn any_entries() -> impl Strategy<Value = Vec<Declared>> {
    let marks = [
        (MarkKind::Repository, REPOSITORY),
        (MarkKind::Repository, "-/acme/shop"),
        (MarkKind::Repository, "github.com/acme/shop#services"),
        (MarkKind::Repository, "github.com/acme/shop#services/refunds"),
        (MarkKind::Repository, "git.acme.example/tools/minutes"),
        (MarkKind::Arn, FUNCTION),
        (MarkKind::Resource, "k8s/-/-/ledger"),
        (MarkKind::Image, "ghcr.io/acme/ledger"),
        (MarkKind::System, "sys-0b26a83431a10f86"),
        (MarkKind::Host, "x.example"),
    ];
    let names = ["Refunds", "desk", "Scout agent", "scout", "planner", "Minutes", "other", "ai agent"];
    let mark = prop::sample::select(marks.to_vec());
    let owner = prop::option::of(prop::sample::select(vec!["planning", "support"]));
    let one = (prop::sample::select(names.to_vec()), prop::collection::vec(mark, 0..3), owner);
    prop::collection::vec(one, 0..8).prop_map(|all| {
        let mut entries = Vec::new();
        for (at, (name, marks, owner)) in all.into_iter().enumerate() {
            entries
                .push(Declared { owner: owner.map(str::to_owned), ..entry(&format!("E{at}"), name, &marks) });
        }
        entries
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn each_is_in_one_list_whatever_the_order(
        (entries, shuffled) in any_entries().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        decided in prop::collection::vec((0..8_usize, 0..9_usize, any::<bool>()), 0..4),
    ) {
        let mut inventory = inventory();
        let decided: Vec<Decided> = decided.into_iter().map(|(entry, system, is)| Decided {
            declared: format!("E{entry}"),
            system: inventory.systems[system].id.as_str().to_owned(),
            is,
            says: "decided".to_owned(),
        }).collect();
        let found = matched(entries.clone(), &inventory, &decided, &Seen::default());
        let declared = found.seen.iter().map(|one| &one.declared).chain(found.unseen.iter().map(|one| &one.declared))
            .chain(found.questions.iter().map(|one| &one.declared));
        let mut declared: Vec<&str> = declared.map(|one| one.id.as_str()).collect();
        declared.sort_unstable();
        let mut given: Vec<&str> = entries.iter().map(|one| one.id.as_str()).collect();
        given.sort_unstable();
        prop_assert_eq!(declared, given, "every entry is in one list, and once");
        let of = |all: Vec<&Sighted>| all.into_iter().map(|one| one.system.as_str().to_owned()).collect::<BTreeSet<_>>();
        let lists = [
            of(found.seen.iter().flat_map(|one| &one.systems).collect()),
            of(found.shadow.iter().collect()),
            of(found.questions.iter().flat_map(|one| &one.systems).collect()),
        ];
        prop_assert_eq!(lists.iter().map(BTreeSet::len).sum::<usize>(), inventory.systems.len());
        prop_assert_eq!(lists.into_iter().flatten().collect::<BTreeSet<_>>().len(), inventory.systems.len());
        inventory.systems.reverse();
        prop_assert_eq!(matched(shuffled, &inventory, &decided, &Seen::default()), found);
    }
}

#[test]
fn a_register_that_names_one_thing_over_and_over_takes_no_long_time() {
    let one = |at: usize| entry(&format!("E{at}"), "shop agent", &[(MarkKind::Repository, REPOSITORY)]);
    let samples = (0..1_000).map(|at| system(&format!("s{at}"), "same", &[(Claim::KeptIn, REPOSITORY)]));
    let mut inventory = sample::inventory(samples.flat_map(Sample::observations).collect());
    let found = matched((0..20_000).map(one).collect(), &inventory, &[], &Seen::default());
    assert_eq!((found.questions.len(), found.shadow.len()), (20_000, 999));
    inventory.systems.truncate(1);
    let found = matched((0..20_000).map(one).collect(), &inventory, &[], &Seen::default());
    assert_eq!((found.seen.len(), found.shadow.len()), (20_000, 0));
    assert!(found.seen[7].remarks[0].ends_with(" and more"));
}
