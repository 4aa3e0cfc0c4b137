//! Whole documents of SPDX.

use asmm_model::{ComponentKind, Gap, GapReason, Inventory, Place, Verdict};
use serde_json::Value;

use super::element::{CREATION, Document, Element};
use super::{Bill, document, seconds, text};
use crate::sample::{self, Sample};

fn parsed(inventory: &Inventory) -> Value {
    serde_json::from_str(&text(inventory).unwrap()).unwrap()
}

fn of_kind<'a>(document: &'a Value, kind: &str) -> Vec<&'a Value> {
    document["@graph"].as_array().unwrap().iter().filter(|element| element["type"] == kind).collect()
}

#[test]
fn the_whole_document() {
    let inventory = sample::inventory(sample::summaries(".").observations());
    // Any field that the inventory gets changes it, and nothing else here.
    let uuid = Bill::of(&inventory).unwrap().uuid;
    insta::assert_snapshot!(text(&inventory).unwrap().replace(&uuid, "UUID"));
}

#[test]
fn the_verdict_is_the_autonomy_type() {
    let inventory = sample::inventory(sample::observations("."));
    let document = parsed(&inventory);
    let told = |name: &str| {
        let packages = of_kind(&document, "ai_AIPackage");
        packages.iter().find(|package| package["name"] == name).unwrap()["ai_autonomyType"].clone()
    };
    assert_eq!(
        [told("refunds"), told("summaries"), told("desk"), told("gpt-4o-mini")],
        ["yes", "no", "noAssertion", "noAssertion"]
    );
    assert_eq!(inventory.systems.iter().filter(|s| s.verdict == Verdict::Agentic).count(), 1);
}

#[test]
fn what_stayed_hidden_makes_relationships_incomplete() {
    let mut inventory = sample::inventory(sample::refunds(".").observations());
    let completeness = |inventory: &Inventory| {
        let document = parsed(inventory);
        of_kind(&document, "Relationship")[0]["completeness"].clone()
    };
    assert_eq!(completeness(&inventory), "incomplete");
    inventory.coverage[0].skipped.retain(|gap| !gap.why.hides());
    assert_eq!(completeness(&inventory), "complete");
    inventory.coverage[0].skipped.push(Gap::new("secret", GapReason::Denied));
    assert_eq!(completeness(&inventory), "incomplete");
    inventory.coverage.clear();
    assert_eq!(completeness(&inventory), "noAssertion");
}

#[test]
fn a_server_depends_on_its_tools() {
    let mut server = Sample::new(".", "b", "b").component(
        ComponentKind::Mcp,
        "orders",
        None,
        Place::line("orders/server.py", 3),
    );
    server.offer(&["find_order", "cancel_order"]);
    let document = parsed(&sample::inventory(server.observations()));
    let edges = of_kind(&document, "Relationship");
    let [edge] = edges.as_slice() else { panic!("one edge: {edges:?}") };
    assert_eq!(edge["to"].as_array().unwrap().len(), 2);
}

#[test]
fn an_inventory_of_nothing_is_a_document() {
    let document = parsed(&sample::inventory(Vec::new()));
    assert_eq!(document["@graph"].as_array().unwrap().len(), 5);
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "\u{1b}[2J\r\n\"</script>\u{202e}";
    let inventory = sample::hostile(hostile);
    let document = text(&inventory).unwrap();
    assert_eq!(document.chars().find(|c| *c != '\n' && c.is_control()), None);
    let parsed: Value = serde_json::from_str(&document).unwrap();
    assert!(of_kind(&parsed, "ai_AIPackage").iter().any(|package| package["name"] == hostile));
    for element in parsed["@graph"].as_array().unwrap() {
        let id = element["spdxId"].as_str().unwrap_or(CREATION);
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-#".contains(&byte)), "{id}");
    }
}

#[test]
fn ids_that_are_twice_there_or_not_at_all_are_refused() {
    let inventory = sample::inventory(sample::refunds(".").observations());
    let spoiled = |spoil: fn(&mut Document)| {
        let mut document = document(&Bill::of(&inventory).unwrap());
        document.check().unwrap();
        spoil(&mut document);
        document.check().unwrap_err().to_string()
    };
    let dangling = spoiled(|document| {
        let Some(Element::Core(edge)) = document.graph.last_mut() else { panic!("an edge comes last") };
        edge.to.push("urn:nobody".to_owned());
    });
    assert_eq!(dangling, "the SPDX document has no `urn:nobody`");
    let uncreated = spoiled(|document| drop(document.graph.remove(0)));
    assert_eq!(uncreated, "the SPDX document has no `_:creation`");
    let twice = spoiled(|document| {
        let Some(Element::Core(edge)) = document.graph.last_mut() else { panic!("an edge comes last") };
        edge.spdx_id = CREATION.to_owned();
    });
    assert_eq!(twice, "the SPDX document has `_:creation` twice");
}

#[test]
fn times_have_no_fractions() {
    assert_eq!(seconds("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05Z");
    assert_eq!(seconds("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
}
