//! The description of the interface is the committed one, and says something of everything.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::web::api_description;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/openapi.json");

#[test]
fn the_committed_description_is_up_to_date() {
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(committed == api_description(), "write it anew: cargo run -- schema api > deploy/openapi.json");
}

#[test]
fn everything_is_described_and_has_a_name_of_its_own() {
    let document: Value = serde_json::from_str(&api_description()).unwrap();
    let (mut bare, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // Two types of one name would be told apart by numbers.
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
        walk(schema, name, &mut bare);
    }
    assert_eq!(bare, BTreeSet::new(), "without a description");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
            }
        }
    }
}

fn walk(at: &Value, path: &str, bare: &mut BTreeSet<String>) {
    if at["description"].is_null() && at["$ref"].is_null() {
        bare.insert(path.to_owned());
    }
    let properties = at["properties"].as_object();
    // A kind with one thing in it says what that is.
    let alone = path.ends_with('}') && properties.is_some_and(|properties| properties.len() == 1);
    for (name, inner) in properties.into_iter().flatten().filter(|_| !alone) {
        // The word that tells one kind from another is explained by what is said of the kind.
        if inner["const"].is_null() {
            let path = format!("{path}/{name}");
            if inner["description"].is_null() {
                bare.insert(path.clone());
            }
            walk(inner, &path, bare);
        }
    }
    for inner in at["oneOf"].as_array().into_iter().flatten() {
        walk(inner, &format!("{path}: {inner}"), bare);
    }
}
