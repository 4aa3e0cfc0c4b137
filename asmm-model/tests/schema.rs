//! The committed JSON Schema is the one that the types give.

use std::collections::BTreeSet;

use asmm_model::assessment::seed_schema;
use asmm_model::{SCHEMA, inventory_schema, inventory_schema_text};
use serde_json::{Value, json};

#[test]
fn the_committed_schema_is_up_to_date() {
    let committed = include_str!("../schema/inventory.schema.json");
    let generated = inventory_schema_text();
    let differs = (1..).zip(generated.lines()).zip(committed.lines().chain(std::iter::repeat("")));
    let first = differs.into_iter().find(|((_, new), old)| new != old);
    assert!(
        generated == committed,
        "the types have changed (first at line {first:?});\n\
         if that is meant, run `cargo run -- schema > asmm-model/schema/inventory.schema.json`"
    );
}

#[test]
fn the_schema_says_what_it_is() {
    let schema = inventory_schema();
    let head: Vec<(&str, &Value)> =
        schema.as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value)).take(3).collect();
    let expected = [
        ("$schema", &json!("https://json-schema.org/draft/2020-12/schema")),
        ("$id", &json!("urn:muster:inventory:1")),
        ("title", &json!("Muster inventory")),
    ];
    assert_eq!(head, expected);
    assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
}

#[test]
fn numbers_are_bounded() {
    let definitions = &inventory_schema()["$defs"];
    let bounds = |at: &Value| (at["minimum"].as_f64(), at["maximum"].as_f64());
    let of = |kind: &str, field: &str| bounds(&definitions[kind]["properties"][field]);
    let share = (Some(0.0), Some(1.0));
    assert_eq!(bounds(&definitions["Level"]), (Some(0.0), Some(5.0)));
    assert_eq!(of("Evidence", "weight"), share);
    assert_eq!(of("Basis", "confidence"), share);
    assert_eq!(of("System", "confidence"), share);
    assert_eq!(of("Evidence", "line"), (Some(1.0), None));
    assert_eq!(of("Gap", "count"), (Some(1.0), None));
}

/// Everything that the schema names has to be explained in it, since readers of the document see no code.
#[test]
fn every_definition_and_every_field_is_described() {
    fn walk(at: &Value, path: &str, bare: &mut BTreeSet<String>, links: &mut BTreeSet<String>) {
        if let Some(text) =
            at["description"].as_str().filter(|text| text.contains("](") || text.contains("[`"))
        {
            links.insert(format!("{path}: {text}"));
        }
        for group in ["$defs", "properties"] {
            for (name, inner) in at[group].as_object().into_iter().flatten() {
                let path = format!("{path}/{name}");
                // The tag of an answer is explained by the description of its variant.
                if inner["description"].is_null() && !path.ends_with("/answer") {
                    bare.insert(path.clone());
                }
                walk(inner, &path, bare, links);
            }
        }
        for inner in at["oneOf"].as_array().into_iter().flatten() {
            if inner["description"].is_null() {
                bare.insert(format!("{path}: {inner}"));
            }
            walk(inner, path, bare, links);
        }
    }
    let (mut bare, mut links) = (BTreeSet::new(), BTreeSet::new());
    walk(&inventory_schema(), "", &mut bare, &mut links);
    walk(&seed_schema(), "seed", &mut bare, &mut links);
    assert_eq!(bare, BTreeSet::new(), "without a description");
    assert_eq!(links, BTreeSet::new(), "links of the code that lead nowhere in a schema");
}
