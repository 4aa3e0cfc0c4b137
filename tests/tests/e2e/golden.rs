//! An organisation of three accounts in emulators of AWS, against what was written down before it was scanned.

use std::collections::BTreeMap;
use std::path::Path;

use asmm_model::{Evidence, Identity, Inventory, System};
use muster_tests::binary::muster;
use muster_tests::emulators::Emulators;
use muster_tests::stage::Ended;
use serde::Deserialize;

const CANARY: &str = "canary-value-7f3a";

#[derive(Deserialize)]
struct Golden {
    object: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    account: String,
    name: String,
    is: Is,
    verdict: Option<String>,
    privilege: Option<String>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Is {
    System,
    Identity,
    Component,
    Nothing,
}

fn of_account(locator: &str, account: &str) -> bool {
    locator.split(':').any(|part| part == account)
}

fn texts(evidence: &[Evidence]) -> String {
    let lines = evidence.iter().map(|e| format!("{}: {}", e.place, e.note.as_deref().unwrap_or_default()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Everything that is said about a system, as one text.
fn said(system: &System) -> String {
    serde_json::to_string(system).expect("a system is JSON")
}

/// What is wrong about one object; nothing where all is as expected.
fn differs(object: &Object, inventory: &Inventory, account: &str) -> Option<String> {
    let systems: Vec<&System> = inventory
        .systems
        .iter()
        .filter(|system| system.name == object.name && of_account(&system.root, account))
        .collect();
    let is_it = |identity: &&Identity| {
        let here = texts(&identity.evidence);
        identity.name == object.name && (of_account(&here, account) || here.contains(&format!(":{account}:")))
    };
    let identities: Vec<&Identity> = inventory.identities.iter().filter(is_it).collect();
    let components = inventory.components.iter().map(|component| texts(&component.evidence));
    let is_component =
        components.into_iter().any(|text| text.contains(&object.name) && text.contains(account));
    let found = match () {
        () if !systems.is_empty() => Is::System,
        () if !identities.is_empty() => Is::Identity,
        () if is_component => Is::Component,
        () => Is::Nothing,
    };
    if found != object.is {
        return Some(format!("it is {found:?} and should be {:?}", object.is));
    }
    let mut said_all: String = systems.iter().map(|system| said(system)).collect();
    said_all.extend(identities.iter().map(|identity| texts(&identity.evidence)));
    if let Some(lacking) =
        object.says.iter().find(|says| object.is != Is::Component && !said_all.contains(says.as_str()))
    {
        return Some(format!("nothing says `{lacking}`: {said_all}"));
    }
    let verdicts: Vec<String> = systems.iter().map(|system| system.verdict.name().to_owned()).collect();
    if let Some(verdict) = object.verdict.as_ref().filter(|verdict| !verdicts.contains(verdict)) {
        return Some(format!("its verdict is {verdicts:?} and should be {verdict}"));
    }
    let privileges: Vec<&str> = systems
        .iter()
        .flat_map(|system| &system.identities)
        .chain(identities.iter().copied())
        .filter(|identity| identity.name == object.name)
        .filter_map(|identity| identity.privilege.map(asmm_model::Privilege::name))
        .collect();
    if let Some(privilege) = object.privilege.as_deref().filter(|privilege| !privileges.contains(privilege)) {
        return Some(format!("its privilege is {privileges:?} and should be {privilege}"));
    }
    for (criterion, answer) in &object.answers {
        let criteria =
            systems.iter().map(|system| serde_json::to_value(&system.criteria).expect("criteria are JSON"));
        let given: Vec<String> =
            criteria.map(|all| all[criterion]["answer"].as_str().unwrap_or("none").to_owned()).collect();
        if !given.contains(answer) {
            return Some(format!("{criterion} is {given:?} and should be {answer}"));
        }
    }
    None
}

fn run(emulators: &Emulators, home: &Path, arguments: &[&str]) -> Ended {
    let output = muster(home)
        .envs(emulators.environment())
        .args(arguments)
        .timeout(muster_tests::binary::PATIENCE * 5)
        .output()
        .expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }.orderly()
}

#[test]
fn an_organisation_is_found_as_it_was_laid_out() {
    let golden =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("aws/golden.toml")).unwrap();
    let golden: Golden = toml::from_str(&golden).unwrap();
    assert!(golden.object.len() > 90, "{} objects are expected", golden.object.len());
    let emulators = Emulators::start();
    let accounts = emulators.seed("golden.py");
    let home = tempfile::tempdir().unwrap();
    let saved = home.path().join("saved");
    let common = ["--format", "json", "--aws-regions", "eu-west-1,us-east-1"];
    let role = ["--aws-organization-role", "OrganizationAccountAccessRole"];
    let save = ["--aws-save", saved.to_str().unwrap()];
    let ended = run(&emulators, home.path(), &[&["scan", "aws:"][..], &common, &role, &save].concat());
    let inventory = ended.inventory();

    let mut wrong = Vec::new();
    for object in &golden.object {
        let account = match object.account.as_str() {
            "management" => "123456789012",
            name => accounts[name].as_str().unwrap_or_else(|| panic!("no account {name}")),
        };
        if let Some(why) = differs(object, &inventory, account) {
            wrong.push(format!("{} / {}: {why}\n    {}", object.account, object.name, object.why));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Nothing that is not expected turns up either.
    let expected =
        |name: &str| golden.object.iter().any(|object| object.name == name && object.is != Is::Nothing);
    let systems = inventory.systems.iter().map(|system| system.name.as_str());
    let all = systems.chain(inventory.identities.iter().map(|identity| identity.name.as_str()));
    let unexpected: Vec<&str> = all.filter(|name| !expected(name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");

    // No value shows, neither in what is printed nor in what is kept.
    assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY));
    let kept = files(&saved);
    assert!(kept.len() > 100);
    for file in kept {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(CANARY), "{}", file.display());
    }

    // The answers that were kept say the same, apart from what they hold no answer about.
    let export = format!("aws-export:{}", saved.display());
    let again = run(&emulators, home.path(), &["scan", &export, "--format", "json"]).inventory();
    let shown = |inventory: &Inventory| -> Vec<String> {
        let mut shown: Vec<String> =
            inventory.systems.iter().map(|s| format!("{} {}", s.root, s.verdict.name())).collect();
        shown.sort();
        shown
    };
    let (live, kept) = (shown(&inventory), shown(&again));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|this| !those.contains(this)).cloned().collect()
    };
    assert_eq!((only(&live, &kept), only(&kept, &live)), (Vec::new(), Vec::new()));

    // The script for people who hand out no credentials saves what says the same of the account that it is run in.
    let exported = home.path().join("exported");
    emulators.export(&exported, &["eu-west-1", "us-east-1"]);
    for file in files(&exported) {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(CANARY), "{}", file.display());
    }
    let export = format!("aws-export:{}", exported.display());
    let script = shown(&run(&emulators, home.path(), &["scan", &export, "--format", "json"]).inventory());
    let of_management = |all: &[String]| -> Vec<String> {
        all.iter().filter(|system| system.contains(":123456789012:")).cloned().collect()
    };
    assert_eq!(script, of_management(&live));
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}
