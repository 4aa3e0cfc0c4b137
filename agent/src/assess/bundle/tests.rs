//! Bundles that are whole, and all that can be done to one.

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ASSESSMENT, AUDIT, Files, MANIFEST, Manifest, SEED, STRUCTURE, gather, listed, verify};
use crate::assess::sample::{AT, block_on, scored};
use crate::sample;

fn bundle(inventory: asmm_model::Inventory, reason: &str) -> Files {
    block_on(async {
        let (_folder, store) = scored(inventory, "ada", reason).await;
        gather(&store, "2026-q4", AT).await.unwrap()
    })
}

static WHOLE: LazyLock<Files> =
    LazyLock::new(|| bundle(sample::inventory(sample::observations(".")), "the minutes of the board"));

#[test]
fn a_bundle_that_nobody_touched_is_whole() {
    let names: Vec<&str> = WHOLE.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"));
    assert_eq!(verify(&WHOLE), Vec::<String>::new());
    for text in ["<script>\u{202e}\"\\`", "=1+1\n\n,\"hash\":\"", "{}"] {
        assert_eq!(verify(&bundle(sample::hostile(text), text)), Vec::<String>::new(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_byte_that_was_changed_is_found(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut files = WHOLE.clone();
        let name = file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
        let bytes = files.get_mut(&name).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert_ne!(verify(&files), Vec::<String>::new(), "{} at {}", name, at);
    }

    /// What says nothing in a file is left alone nowhere, least of all in the manifest, which no hash is of.
    #[test]
    fn a_manifest_is_exactly_as_it_was_written(at in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut files = WHOLE.clone();
        let bytes = files.get_mut(MANIFEST).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert_ne!(verify(&files), Vec::<String>::new(), "at {}", at);
    }

    #[test]
    fn nothing_in_a_folder_makes_it_panic(name in "[a-z./]{1,12}", bytes in prop::collection::vec(any::<u8>(), 0..64), file in any::<prop::sample::Index>()) {
        let mut files = WHOLE.clone();
        let known = file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
        files.insert(known, bytes.clone());
        files.insert(name, bytes);
        prop_assert_ne!(verify(&files), Vec::<String>::new());
    }
}

#[test]
fn a_file_that_is_missing_or_was_added_is_found() {
    for name in WHOLE.keys() {
        let mut files = WHOLE.clone();
        files.remove(name);
        assert!(verify(&files)[0].contains(&format!("`{name}` is missing")), "{name}: {:?}", verify(&files));
    }
    let mut files = WHOLE.clone();
    files.insert("notes\u{202e}.txt".to_owned(), Vec::new());
    assert_eq!(verify(&files), ["`notes\\u{202e}.txt` was added: `manifest.json` does not name it"]);
}

/// Makes the manifest say what the other files are, as whoever wants to deceive does.
fn made_anew(mut files: Files) -> Files {
    let mut manifest: Manifest = serde_json::from_slice(&files[MANIFEST]).unwrap();
    manifest.files =
        files.iter().filter(|(name, _)| *name != MANIFEST).map(|(name, bytes)| listed(name, bytes)).collect();
    files.insert(MANIFEST.to_owned(), super::json(&manifest).unwrap().into_bytes());
    files
}

/// With a document changed, and the manifest made to fit.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Files {
    let mut files = WHOLE.clone();
    let mut document: Value = serde_json::from_slice(&files[name]).unwrap();
    change(&mut document);
    files.insert(name.to_owned(), super::json(&document).unwrap().into_bytes());
    made_anew(files)
}

fn lines(change: impl FnOnce(&mut Vec<&str>)) -> Files {
    let mut files = WHOLE.clone();
    let text = String::from_utf8(files[AUDIT].clone()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    change(&mut lines);
    files.insert(AUDIT.to_owned(), (lines.join("\n") + "\n").into_bytes());
    made_anew(files)
}

/// The first area of a seed with a hint.
fn hinted(seed: &mut Value) -> &mut Value {
    let areas = seed["areas"].as_array_mut().unwrap();
    areas.iter_mut().find(|area| !area["hints"].as_array().unwrap().is_empty()).unwrap()
}

fn paths(manifest: &mut Value) {
    for (at, name) in ["../seed.json", "/etc/passwd", "C:seed.json", "a\\b", ""].into_iter().enumerate() {
        manifest["files"][at]["name"] = json!(name);
    }
}

#[test]
fn parts_that_do_not_say_the_same_are_found_also_under_a_manifest_made_anew() {
    assert_eq!(verify(&made_anew(WHOLE.clone())), Vec::<String>::new());
    let mut hostile = WHOLE.clone();
    let mut manifest: Value = serde_json::from_slice(&hostile[MANIFEST]).unwrap();
    paths(&mut manifest);
    hostile.insert(MANIFEST.to_owned(), super::json(&manifest).unwrap().into_bytes());
    let cases = [
        (
            "a score is higher",
            changed(ASSESSMENT, |all| {
                all["areas"]["RS-1"]["holds"]["score"] = json!({"scored": 5});
            }),
        ),
        ("a rating is higher", changed(ASSESSMENT, |all| all["rating"]["overall"]["band"] = json!(5))),
        (
            "somebody else scored",
            changed(ASSESSMENT, |all| all["areas"]["RS-1"]["holds"]["by"] = json!("eve")),
        ),
        (
            "a score is forgotten",
            changed(ASSESSMENT, |all| drop(all["areas"].as_object_mut().unwrap().remove("RS-1"))),
        ),
        (
            "what was said before is forgotten",
            changed(ASSESSMENT, |all| all["areas"]["GV-1"]["before"] = json!([])),
        ),
        (
            "it is signed",
            changed(ASSESSMENT, |all| {
                all["assessment"]["signed"] = json!({"by": "eve", "at": AT});
            }),
        ),
        ("a weight is another", changed(ASSESSMENT, |all| all["assessment"]["weights"]["GV"] = json!("3"))),
        (
            "a number is another",
            changed(SEED, |seed| {
                hinted(seed)["evidence"][0]["num"] = json!(77);
            }),
        ),
        (
            "a hint names evidence that is not there",
            changed(SEED, |seed| {
                hinted(seed)["hints"][0]["evidence"] = json!(["ev-0000000000000000"]);
            }),
        ),
        ("a hint is another", changed(SEED, |seed| hinted(seed)["hints"][0]["level"] = json!(5))),
        (
            "the structure is another",
            changed(STRUCTURE, |all| {
                all["domains"][0]["areas"][0]["question"] = json!("Is all well?");
            }),
        ),
        ("entries are in another order", lines(|lines| lines.swap(1, 2))),
        (
            "an entry is left out",
            lines(|lines| {
                lines.remove(2);
            }),
        ),
        (
            "the last entry is left out",
            lines(|lines| {
                lines.pop();
            }),
        ),
        ("the manifest names other places", hostile),
    ];
    let mut told = String::new();
    for (what, files) in cases {
        let _ = writeln!(told, "{what}");
        let faults = verify(&files);
        assert!(!faults.is_empty(), "{what}");
        for fault in faults {
            let _ = writeln!(told, "  {fault}");
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn declarations_hold_every_score_and_no_conformance() {
    let text = String::from_utf8(WHOLE["declarations.cdx.json"].clone()).unwrap();
    assert!(!text.contains("conformance"));
    let document: Value = serde_json::from_str(&text).unwrap();
    let declarations = &document["declarations"];
    let claims = declarations["claims"].as_array().unwrap();
    let predicates: Vec<&str> = claims.iter().map(|claim| claim["predicate"].as_str().unwrap()).collect();
    insta::assert_snapshot!(predicates.join("\n"));
    insta::assert_json_snapshot!(
        "attestations",
        json!([declarations["assessors"], declarations["attestations"]])
    );
}
