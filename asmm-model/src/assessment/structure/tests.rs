//! Faults of structures, and what the working one holds.

use serde_json::{Value, json};

use super::*;

/// What is told of the working structure after a change.
fn told(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(Structure::working_text()).unwrap();
    change(&mut document);
    match Structure::read(&document.to_string()) {
        Ok(_) => "nothing".to_owned(),
        Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn the_working_structure_is_without_faults() {
    let read = Structure::read(Structure::working_text()).unwrap();
    assert_eq!(&read, Structure::working());
    let agentic = read.areas().filter(|area| area.agentic_only).count();
    let counts = (read.areas().count(), agentic, read.metrics.len(), read.facts.len(), read.rules.len());
    assert_eq!(counts, (31, 9, 24, 6, 57));
    // Assessments name the structure that they were made under: a change of it is one of its version.
    insta::assert_snapshot!(read.digest(), @"61ea72a78bf274e801a00185b60ef9ee1705019e68776129573bc4720ed39232");
}

#[test]
fn white_space_and_the_order_of_keys_change_no_digest() {
    let working = Structure::working();
    let document: Value = serde_json::from_str(Structure::working_text()).unwrap();
    let mut turned = serde_json::Map::new();
    for (key, value) in document.as_object().unwrap().iter().rev() {
        turned.insert(key.clone(), value.clone());
    }
    let pretty = format!("{:#}", Value::Object(turned));
    assert_eq!(Structure::read(&pretty).unwrap().digest(), working.digest());
    let mut other = document;
    other["domains"][0]["areas"][0]["weight"] = json!(1.5);
    assert_ne!(Structure::read(&other.to_string()).unwrap().digest(), working.digest());
}

#[test]
fn every_rule_is_written_as_it_is_read() {
    let document: Value = serde_json::from_str(Structure::working_text()).unwrap();
    for (rule, written) in Structure::working().rules.iter().zip(document["hints"].as_array().unwrap()) {
        let shown = rule.when.to_string();
        assert_eq!(Condition::read(&shown).unwrap(), rule.when, "{shown} of {}", written["when"]);
    }
}

#[test]
fn faults_say_where_what_and_what_would_be_right() {
    let one = |name: &str, change: fn(&mut Value)| format!("# {name}\n{}", told(change));
    let all = [
        one("an unknown id of the CSF", |d| {
            d["domains"][0]["areas"][0]["maps"]["nist_csf_2_0"][0] = json!("GV.PO-03");
        }),
        one("an unknown id of the AI RMF", |d| {
            d["domains"][0]["areas"][0]["maps"]["nist_ai_rmf_1_0"][0] = json!("GOVERN 1.9");
        }),
        one("an unknown metric of an area", |d| d["domains"][0]["areas"][1]["metrics"][0] = json!("M99")),
        one("an unknown metric of a rule", |d| d["hints"][0]["when"] = json!("M01 < 50% and scans > 3")),
        one("a doubled id of an area", |d| d["domains"][1]["areas"][0]["id"] = json!("GV-1")),
        one("a doubled id of a rule", |d| d["hints"][1]["id"] = json!("GV-2.c1")),
        one("a missing domain", |d| {
            d["domains"].as_array_mut().unwrap().pop();
        }),
        one("a weight of nothing", |d| d["domains"][0]["areas"][0]["weight"] = json!(0)),
        one("a weight too fine", |d| d["domains"][0]["weight"] = json!(1.001)),
        one("a floor above 3", |d| d["hints"][2]["level"] = json!(4)),
        one("a ceiling above 5", |d| d["hints"][0]["level"] = json!(6)),
        one("a scale of four levels", |d| {
            d["scale"].as_array_mut().unwrap().remove(2);
        }),
        one("a rule of an unknown area", |d| d["hints"][0]["area"] = json!("GV-9")),
        one("an unknown field", |d| d["domains"][0]["areas"][0]["score"] = json!(3)),
        one("a missing field", |d| {
            d["metrics"][0].as_object_mut().unwrap().remove("says");
        }),
        one("a condition that is none", |d| d["hints"][0]["when"] = json!("M01 below 50%")),
        one("a share without a denominator", |d| {
            d["metrics"][0].as_object_mut().unwrap().remove("denominator");
        }),
        one("days of a share", |d| d["hints"][0]["when"] = json!("M01 < 50 days")),
        one("a domain of another name", |d| d["domains"][0]["id"] = json!("GX")),
        one("several at once", |d| {
            d["id"] = json!("");
            d["limits"]["coverage"] = json!(1.2);
            d["metrics"][3]["kind"] = json!("ratio");
        }),
    ];
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn what_is_no_structure_is_told_as_that() {
    let told: Vec<String> = ["", "[]", "{\"id\": 1}", "{"]
        .iter()
        .map(|text| Structure::read(text).unwrap_err().first().map(ToString::to_string).unwrap_or_default())
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(Structure::read(&"[".repeat(100_000)).is_err());
}
