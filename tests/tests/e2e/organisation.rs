//! The sample organisation, seen from all sides in one scan, against what was written by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use asmm_model::autonomy::Ternary;
use asmm_model::{DeploymentKind, Identity, IdentityKind, Inventory, System};
use muster_tests::stage::{Ended, Stage, copy};
use serde::Deserialize;

const CANARY: &str = "canary-value-7f3a";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    system: Vec<Told>,
    nothing: Vec<Nothing>,
    register: InRegister,
}

/// What the register of the organisation comes to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InRegister {
    seen: Vec<String>,
    undeclared: BTreeSet<String>,
    not_seen: Vec<String>,
    questions: Vec<String>,
}

/// What is expected of a system; where a list is left out, it is expected to be empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: String,
    verdict: String,
    seen_in: BTreeSet<String>,
    #[serde(default)]
    parts: Vec<String>,
    /// Roles of the cloud with what they may do.
    #[serde(default)]
    roles: BTreeMap<String, String>,
    /// Other systems that act under a role.
    #[serde(default)]
    shares: BTreeMap<String, Vec<String>>,
    answers: BTreeMap<String, String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {
    name: String,
    why: String,
}

/// A scan of everything there is of it.
fn scanned(format: &str) -> (Stage, Ended) {
    let stage = Stage::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
    let folders = ["refunds", "support", "catalogue", "platform", "shop"];
    let mut arguments = vec!["scan".to_owned()];
    arguments.extend(folders.iter().map(|folder| format!("larkspur/repositories/{folder}")));
    arguments.extend(["aws-export:larkspur/aws", "k8s-export:larkspur/larkspur.json"].map(str::to_owned));
    arguments.extend(["--register", "larkspur/register.csv", "--format", format].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = stage.run(&arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (stage, ended)
}

fn roles(system: &System) -> impl Iterator<Item = &Identity> {
    // What a file calls a role that it declares is known by its address only.
    system.identities.iter().filter(|i| i.kind == IdentityKind::CloudRole && i.arn.is_some())
}

/// How a system is told, in the words of the table.
fn told(system: &System, inventory: &Inventory) -> Told {
    let name = |id: asmm_model::SystemId| {
        inventory
            .systems
            .iter()
            .find(|s| s.id == id)
            .map_or_else(|| id.as_str().to_owned(), |s| s.name.clone())
    };
    let shared = roles(system).filter(|role| !role.shared_with.is_empty());
    Told {
        name: system.name.clone(),
        verdict: system.verdict.name().to_owned(),
        seen_in: system
            .locations
            .iter()
            // Where an image may come from is not where something was seen.
            .filter(|at| at.strength.is_none())
            .map(|at| at.kind)
            .filter(|kind| [DeploymentKind::Repo, DeploymentKind::Aws, DeploymentKind::K8s].contains(kind))
            .map(|kind| serde_json::to_value(kind).expect("a name").as_str().unwrap_or_default().to_owned())
            .collect(),
        parts: system.joins.iter().map(|join| join.name.clone()).collect(),
        roles: roles(system)
            .map(|role| (role.name.clone(), role.privilege.map_or("", |p| p.name()).to_owned()))
            .collect(),
        shares: shared
            .map(|role| (role.name.clone(), role.shared_with.iter().cloned().map(name).collect()))
            .collect(),
        answers: BTreeMap::new(),
        why: String::new(),
    }
}

#[test]
fn one_story_is_told_from_all_sides() {
    let (_stage, ended) = scanned("json");
    let inventory = ended.inventory();
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation/expected.toml");
    let expected: Expected = toml::from_str(&std::fs::read_to_string(expected).expect("what is expected"))
        .expect("it can be read");
    let mut wrong: Vec<String> = Vec::new();
    for told_by_hand in &expected.system {
        let why = &told_by_hand.why;
        let name = &told_by_hand.name;
        let Some(system) = inventory.systems.iter().find(|system| system.name == *name) else {
            wrong.push(format!("{name} is not there: {why}"));
            continue;
        };
        let found = told(system, &inventory);
        let mut differs = |what: &str, found: String, expected: String| {
            if found != expected {
                wrong.push(format!("{name}: {what} is {found}, not {expected}: {why}"));
            }
        };
        differs("verdict", found.verdict, told_by_hand.verdict.clone());
        differs("seen in", list(&found.seen_in), list(&told_by_hand.seen_in));
        differs("parts", list(&found.parts), list(&told_by_hand.parts));
        differs("roles", pairs(&found.roles), pairs(&told_by_hand.roles));
        let shares = |of: &Told| {
            of.shares.iter().map(|(role, who)| format!("{role}: {}", list(who))).collect::<Vec<_>>()
        };
        differs("shares", list(shares(&told(system, &inventory))), list(shares(told_by_hand)));
        for (criterion, answer) in &told_by_hand.answers {
            let found = system.criteria.iter().find(|(c, _)| c.id() == criterion).map(|(_, a)| a.ternary());
            let found = match found {
                Some(Ternary::Yes) => "yes",
                Some(Ternary::No) => "no",
                Some(Ternary::Unknown) => "unknown",
                None => "no criterion",
            };
            differs(criterion, found.to_owned(), answer.clone());
        }
    }
    // Where one of those that share a role runs is no place of the other.
    let triage = inventory.systems.iter().find(|system| system.name == "triage").expect("it is there");
    let places = list(triage.locations.iter().map(|at| at.reference.as_str()));
    assert!(!places.contains("summaries"), "{places}");
    for nothing in &expected.nothing {
        if inventory.systems.iter().any(|system| system.name == nothing.name) {
            wrong.push(format!("{} is no system: {}", nothing.name, nothing.why));
        }
    }
    for system in &inventory.systems {
        if !expected.system.iter().any(|told| told.name == system.name) {
            wrong.push(format!("nobody expected {}", system.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(inventory.proposals.is_empty(), "{:?}", inventory.proposals);
    let loose: Vec<&str> = inventory.identities.iter().map(|identity| identity.name.as_str()).collect();
    assert_eq!(loose, [""; 0], "each role that matters is one of a system, and the others do not matter");
    let register = inventory.register.as_ref().expect("a register was given");
    let seen = register.seen.iter().map(|one| one.declared.name.as_str());
    assert_eq!(list(seen), list(&expected.register.seen), "declared and seen");
    let shadow = register.shadow.iter().map(|one| one.name.as_str()).collect::<BTreeSet<_>>();
    assert_eq!(list(shadow), list(&expected.register.undeclared), "seen and not declared");
    let gone = register.unseen.iter().map(|one| one.declared.name.as_str());
    assert_eq!(list(gone), list(&expected.register.not_seen), "declared and not seen");
    let asked = register.questions.iter().map(|one| one.declared.name.as_str());
    assert_eq!(list(asked), list(&expected.register.questions), "a person has to say");
    let coverage: Vec<_> =
        inventory.coverage.iter().filter(|coverage| !coverage.skipped.is_empty()).collect();
    assert!(coverage.is_empty(), "{coverage:?}");
    assert!(!ended.stdout.contains(CANARY) && !ended.stdout.contains("Y2FuYXJ5"), "a value was told");
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn pairs(table: &BTreeMap<String, String>) -> String {
    list(table.iter().map(|(key, value)| format!("{key} {value}")))
}

#[test]
fn the_report_of_all_sides_is_one() {
    let (_stage, ended) = scanned("table");
    insta::assert_snapshot!("larkspur", ended.stdout);
}
