//! Whole documents of CycloneDX.

use asmm_model::{Access, ComponentKind, Gap, GapReason, Inventory, Place, Role, ScanTarget, SystemKind};
use serde_json::Value;

use super::document::Document;
use super::{Bill, Version, document, text};
use crate::sample::{self, Sample};

fn inventory(samples: Vec<Sample>) -> Inventory {
    sample::inventory(samples.into_iter().flat_map(Sample::observations).collect())
}

fn parsed(inventory: &Inventory) -> Value {
    serde_json::from_str(&text(inventory, Version::V1_6).unwrap()).unwrap()
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["components"].as_array().unwrap();
    all.iter().find(|component| component["name"] == name).unwrap_or_else(|| panic!("no {name}: {document}"))
}

fn property<'a>(thing: &'a Value, name: &str) -> Vec<&'a str> {
    let all = thing["properties"].as_array().unwrap().iter();
    all.filter(|property| property["name"] == name).map(|p| p["value"].as_str().unwrap()).collect()
}

#[test]
fn the_whole_document() {
    let samples = vec![sample::refunds("."), sample::summaries("."), sample::loose(".")];
    let inventory = inventory(samples);
    let text = text(&inventory, Version::V1_6).unwrap();
    // Any field that the inventory gets changes it, and nothing else here.
    let uuid = Bill::of(&inventory).unwrap().uuid;
    insta::assert_snapshot!(text.replace(&uuid, "UUID"));
}

#[test]
fn versions_differ_in_their_names_alone() {
    let inventory = inventory(vec![sample::refunds(".")]);
    let older = text(&inventory, Version::V1_6).unwrap();
    let newer = text(&inventory, Version::V1_7).unwrap();
    assert_eq!(older.replace("bom-1.6", "bom-1.7").replace("\"1.6\"", "\"1.7\""), newer);
}

#[test]
fn the_serial_number_is_of_the_content() {
    let serial = |inventory: &Inventory| parsed(inventory)["serialNumber"].as_str().unwrap().to_owned();
    let mut found = inventory(vec![sample::refunds(".")]);
    let first = serial(&found);
    assert_eq!(first, serial(&found));
    found.scan.id = "another".to_owned();
    assert_ne!(first, serial(&found));
    assert_eq!(first.as_bytes()[23], b'8', "the version of a UUID that is our own: {first}");
}

#[test]
fn two_systems_share_a_library_but_no_store() {
    let of = |root: &str, name: &str| {
        let at = |file: &str| Place::line(format!("{root}/{file}"), 1);
        Sample::new(".", root, name)
            .system(SystemKind::Agent, true)
            .component(ComponentKind::ProviderSdk, "openai", Some("1.30.1"), at("uv.lock"))
            .component(ComponentKind::VectorDb, "chroma", None, at("store.py"))
    };
    let document = parsed(&inventory(vec![of("a", "one"), of("b", "two")]));
    let all = document["components"].as_array().unwrap();
    let count = |name: &str| all.iter().filter(|component| component["name"] == name).count();
    assert_eq!((count("openai"), count("chroma")), (1, 2));
    let library = component(&document, "openai");
    assert_eq!(library["evidence"]["occurrences"].as_array().unwrap().len(), 2);
    let needed = |edge: &Value| edge["dependsOn"].as_array().unwrap().contains(&library["bom-ref"]);
    assert_eq!(document["dependencies"].as_array().unwrap().iter().filter(|edge| needed(edge)).count(), 2);
}

#[test]
fn a_version_is_exact_or_a_requirement() {
    let document = parsed(&inventory(vec![sample::refunds(".")]));
    let exact = component(&document, "langgraph");
    assert_eq!((&exact["version"], property(exact, "muster:requirement")), (&"0.2.34".into(), vec![]));
    let asked = component(&document, "anthropic");
    assert_eq!((&asked["version"], property(asked, "muster:requirement")), (&Value::Null, vec![">=0.39"]));
}

#[test]
fn a_server_is_a_service_with_its_tools_inside() {
    let mut sample = Sample::new(".", "a", "shop").system(SystemKind::Agent, true).component(
        ComponentKind::Mcp,
        "mcp",
        Some("1.2.0"),
        Place::line("orders/server.py", 3),
    );
    sample.offer(&["find_order", "cancel_order"]);
    let document = parsed(&inventory(vec![sample]));
    let service = &document["services"][0];
    let tools: Vec<&Value> =
        service["services"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(
        (&service["name"], tools),
        (&"mcp".into(), vec![&"cancel_order".into(), &"find_order".into()])
    );
    assert_eq!(property(service, "muster:place"), ["orders/server.py:3"]);
    let library = component(&document, "mcp");
    assert_eq!(library["type"], "library");
    let edges = document["dependencies"].as_array().unwrap();
    let edge = edges.iter().find(|edge| edge["ref"] == service["bom-ref"]).unwrap();
    assert_eq!(edge["dependsOn"][0], library["bom-ref"]);
}

#[test]
fn a_service_says_whether_it_asks_who_one_is() {
    let asks = |access: Option<Access>| {
        let mut found = inventory(vec![sample::refunds(".")]);
        let server =
            asmm_model::Component::named(ComponentKind::Mcp, "tickets", Role::Production, Vec::new());
        found.components.push(asmm_model::Component { access, ..server });
        let service = &parsed(&found)["services"][0];
        let properties: Vec<String> =
            property(service, "muster:access").into_iter().map(str::to_owned).collect();
        (service["authenticated"].as_bool(), properties)
    };
    let is = |access: &str| -> Vec<String> { vec![access.to_owned()] };
    let table = [
        (None, (None, Vec::new())),
        (Some(Access::Open), (Some(false), is("open"))),
        (Some(Access::Remote), (None, is("remote"))),
        (Some(Access::Key), (Some(true), is("key"))),
        (Some(Access::Login), (Some(true), is("login"))),
        (Some(Access::Local), (None, is("local"))),
    ];
    for (access, expected) in table {
        assert_eq!(asks(access), expected, "{access:?}");
    }
}

#[test]
fn compositions_say_how_much_was_seen() {
    let mut found = inventory(vec![sample::refunds("."), sample::desk(".")]);
    let groups = |found: &Inventory| -> Vec<(String, usize)> {
        let document = parsed(found);
        let all = document["compositions"].as_array().unwrap().iter();
        all.map(|group| {
            let name = group["aggregate"].as_str().unwrap().to_owned();
            (name, group["assemblies"].as_array().unwrap().len())
        })
        .collect()
    };
    assert_eq!(groups(&found), [("incomplete".to_owned(), 3)]);
    found.coverage[0].skipped.retain(|gap| !gap.why.hides());
    assert_eq!(groups(&found), [("complete".to_owned(), 2), ("unknown".to_owned(), 1)]);
    found.coverage.clear();
    assert_eq!(groups(&found), [("unknown".to_owned(), 3)]);
}

#[test]
fn systems_of_one_id_in_two_targets_stay_apart() {
    let mut found = inventory(vec![sample::refunds(".")]);
    found.systems.push(found.systems[0].clone());
    for (system, target) in found.systems.iter_mut().zip(["here", "there"]) {
        system.target = Some(target.to_owned());
    }
    let references = |found: &Inventory| -> Vec<Value> {
        let document = parsed(found);
        let systems = document["components"].as_array().unwrap().iter();
        systems.filter(|c| c["name"] == "refunds").map(|c| c["bom-ref"].clone()).collect()
    };
    let before = references(&found);
    assert_ne!(before[0], before[1]);
    found.systems.reverse();
    assert_eq!(before, references(&found), "the order does not matter");
    found.systems[1].target = found.systems[0].target.clone();
    let same = references(&found);
    assert_ne!(same[0], same[1], "whatever they share");
}

#[test]
fn several_targets_are_named_in_places_and_gaps() {
    let mut found = inventory(vec![sample::summaries(".")]);
    found.systems[0].models[0].evidence[0].place.target = Some("here".to_owned());
    let target = |name: &str| ScanTarget { target: name.to_owned(), commit: Some("c0".to_owned()) };
    found.scan.targets = vec![target("here"), target("there")];
    found.coverage[0].target = "here".to_owned();
    found.coverage[0].skipped =
        vec![Gap::new("x", GapReason::Denied).times(3).because("why"), Gap::new("y", GapReason::Ignored)];
    let document = parsed(&found);
    let metadata = &document["metadata"];
    assert_eq!(metadata["component"]["name"], "here, there");
    assert_eq!(property(metadata, "muster:scan:commit"), ["here: c0", "there: c0"]);
    assert_eq!(property(metadata, "muster:coverage:denied"), ["here: x (3 of them): why"]);
    assert_eq!(property(metadata, "muster:coverage:ignored"), ["here: 1"]);
    let model = component(&document, "gpt-4o-mini");
    assert_eq!(model["evidence"]["occurrences"][0]["location"], "here/jobs/summarise.py");
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "\u{1b}[2J\r\n\"</script>\u{202e}";
    let inventory = sample::hostile(hostile);
    let document = text(&inventory, Version::V1_6).unwrap();
    assert_eq!(document.chars().find(|c| *c != '\n' && c.is_control()), None);
    let parsed: Value = serde_json::from_str(&document).unwrap();
    component(&parsed, hostile);
    let references =
        parsed["components"].as_array().unwrap().iter().chain(parsed["services"].as_array().unwrap());
    for reference in references.map(|thing| thing["bom-ref"].as_str().unwrap()) {
        assert!(reference.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{reference}");
    }
}

#[test]
fn long_text_is_kept_and_a_long_version_cut() {
    let long = "9".repeat(100_000);
    let parsed = parsed(&sample::hostile(&long));
    let version = parsed["components"].as_array().unwrap().iter().filter_map(|c| c["version"].as_str());
    assert_eq!(version.map(str::len).max(), Some(1024));
    component(&parsed, &long);
}

#[test]
fn references_that_are_twice_there_or_not_at_all_are_refused() {
    let inventory = inventory(vec![sample::refunds("."), sample::loose(".")]);
    let spoiled = |spoil: fn(&mut Document)| {
        let mut document = document(&Bill::of(&inventory).unwrap(), Version::V1_6);
        document.check().unwrap();
        spoil(&mut document);
        document.check().unwrap_err().to_string()
    };
    let needed = spoiled(|document| {
        document.dependencies[0].depends_on.insert("nobody".to_owned());
    });
    let needing = spoiled(|document| document.dependencies[0].reference = "nobody".to_owned());
    let grouped = spoiled(|document| {
        document.compositions[0].assemblies.insert("nobody".to_owned());
    });
    for message in [needed, needing, grouped] {
        assert_eq!(message, "the bill of materials has no `nobody`");
    }
    let twice = spoiled(|document| document.components[0].reference = Some("scan".to_owned()));
    assert_eq!(twice, "the bill of materials has `scan` twice");
}
