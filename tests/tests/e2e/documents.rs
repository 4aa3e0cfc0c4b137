//! The JSON inventory: valid by its own schema, the same twice, and of a tree that stays as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use asmm_model::{EvidenceClass, GapReason, Inventory, Verdict};
use muster_tests::stage::Stage;
use serde_json::Value;

use crate::{AGENT, WITNESS};

const MINIS: [&str; 4] = ["refund-agent", "support-bot", "summariser", "bookshelf"];

fn all_minis() -> Stage {
    MINIS.into_iter().fold(Stage::new(), Stage::with_mini)
}

#[test]
fn every_document_is_valid_by_the_schema_that_the_binary_prints() {
    let stage = all_minis();
    stage.put("broken.py", [0xff, 0xfe, 0x00]).put("package.json", "{");
    let schema: Value = serde_json::from_str(&stage.run(&["schema"]).stdout).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut scans: Vec<Vec<&str>> = MINIS.iter().map(|mini| vec![*mini]).collect();
    scans.push(vec!["app"]);
    scans.push(vec!["refund-agent", "support-bot", "gone"]);
    for targets in scans {
        let ended = stage.run(&[&["scan", "--format", "json"], &targets[..]].concat());
        let document: Value = serde_json::from_str(&ended.stdout).expect("the document is JSON");
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{targets:?}:\n{}", errors.join("\n"));
    }
}

/// The document without what may differ between two runs.
fn fixed(stage: &Stage, arguments: &[&str]) -> String {
    let ended = stage.run(arguments);
    let document: Value = serde_json::from_str(&ended.stdout).expect("the document is JSON");
    let mut text = ended.stdout;
    for field in ["id", "started_at"] {
        let value = document["scan"][field].as_str().expect("the run has this field");
        text = text.replace(value, field);
    }
    text
}

#[test]
fn two_runs_differ_in_id_and_time_alone() {
    let stage = all_minis();
    let minis = [&["scan", "--format", "json"], &MINIS[..]].concat();
    let first = fixed(&stage, &minis);
    assert_eq!(first, fixed(&stage, &minis));
    assert_eq!(first, fixed(&stage, &[&minis[..], &["--threads", "1"]].concat()), "one thread");
    assert_eq!(
        first,
        fixed(&stage, &[&minis[..], &["--threads", "7"]].concat()),
        "more threads than processors"
    );
}

#[test]
fn a_scan_of_several_targets_says_the_same_as_a_scan_of_each() {
    let stage = all_minis();
    let together = stage.run(&[&["scan", "--format", "json"], &MINIS[..]].concat()).inventory();
    let names = |inventory: &Inventory| -> Vec<(String, Verdict, String)> {
        let mut systems: Vec<_> =
            inventory.systems.iter().map(|s| (s.name.clone(), s.verdict, format!("{:?}", s.level))).collect();
        systems.sort();
        systems
    };
    let mut apart = Vec::new();
    for mini in MINIS {
        let alone = stage.run(&["scan", "--format", "json", mini]).inventory();
        assert!(alone.systems.iter().all(|system| system.target.is_none()), "one target needs no naming");
        let here = together.systems.iter().filter(|system| system.target.as_deref() == Some(mini)).count();
        assert_eq!(here, alone.systems.len(), "{mini}: every system names its target");
        apart.extend(names(&alone));
    }
    apart.sort();
    assert_eq!(names(&together), apart);
    let targets: Vec<&str> = together.scan.targets.iter().map(|target| target.target.as_str()).collect();
    assert_eq!(targets, MINIS);
    let evidence = together.systems.iter().flat_map(|system| &system.components).flat_map(|c| &c.evidence);
    assert!(evidence.clone().count() > 0);
    assert!(evidence.into_iter().all(|piece| piece.place.target.is_some()), "every place names its target");
}

#[test]
fn a_target_that_fails_among_others_is_a_gap() {
    let stage = Stage::new();
    stage.put("app.py", WITNESS);
    let ended = stage.run(&["scan", "gone", "app", "--format", "json"]);
    assert_eq!(ended.code, Some(0));
    let inventory = ended.inventory();
    assert_eq!(inventory.systems.len(), 1);
    let gone = inventory.coverage.iter().find(|coverage| coverage.target == "gone").expect("it is covered");
    assert!(gone.skipped.iter().any(|gap| gap.why == GapReason::Failed), "{gone:?}");
    assert!(ended.stderr.contains("gone"));
}

/// Every file of a tree with what a scan might change.
fn state(folder: &Path) -> BTreeMap<String, (u64, std::time::SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        let about = path.symlink_metadata().expect("it is there");
        let content =
            if about.is_file() { std::fs::read(&path).expect("it can be read") } else { Vec::new() };
        let changed = about.modified().expect("the file system knows times");
        files.insert(path.display().to_string(), (about.len(), changed, content));
        if about.is_dir() {
            files.extend(state(&path));
        }
    }
    files
}

#[test]
fn the_scan_leaves_the_tree_as_it_was() {
    let stage = all_minis();
    stage.put("package.json", "{").put("agent.py", AGENT);
    let before: Vec<_> = MINIS.iter().chain(&["app"]).map(|name| state(&stage.beside(name))).collect();
    stage.run(&[&["scan", "app"], &MINIS[..]].concat());
    stage.run(&["scan", "app", "--format", "json"]);
    let after: Vec<_> = MINIS.iter().chain(&["app"]).map(|name| state(&stage.beside(name))).collect();
    assert_eq!(before, after);
}

fn git(stage: &Stage, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(stage.app())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git prints text").trim().to_owned()
}

#[test]
fn coding_agents_that_sign_commits_are_told_with_how_often() {
    let stage = Stage::new();
    stage.put("main.py", "print('nothing here asks a model')\n");
    git(&stage, &["init", "--quiet"]);
    let messages = [
        "one\n\nCo-authored-by: Claude <noreply@anthropic.com>",
        "two\n\nco-authored-by: Ada <ada@example.org>\nCO-AUTHORED-BY: Claude <NoReply@Anthropic.com>",
        "three, and nobody is noreply@anthropic.com here",
    ];
    for message in messages {
        git(&stage, &["commit", "--quiet", "--allow-empty", "--message", message]);
    }
    let bot =
        "--author=devin-ai-integration[bot] <158243242+devin-ai-integration[bot]@users.noreply.github.com>";
    git(&stage, &["commit", "--quiet", "--allow-empty", "--message", "four", bot]);
    let inventory = stage.inventory();
    assert!(inventory.systems.is_empty());
    let told: Vec<(&str, String, Option<EvidenceClass>)> = inventory
        .components
        .iter()
        .flat_map(|component| component.evidence.iter().map(move |piece| (component, piece)))
        .map(|(component, piece)| (component.name.as_str(), piece.place.to_string(), piece.class))
        .collect();
    let expected = [("claude-code", "2 of the last 4 commits"), ("devin", "1 of the last 4 commits")];
    let claim = Some(EvidenceClass::Claim);
    assert_eq!(told, expected.map(|(name, place)| (name, place.to_owned(), claim)));
}

#[test]
fn in_a_work_tree_what_is_tracked_is_scanned_and_what_is_ignored_is_counted() {
    let stage = Stage::new();
    stage.put(".gitignore", "kept/\nscratch/\n").put("kept/agent.py", AGENT).put("scratch/agent.py", AGENT);
    git(&stage, &["init", "--quiet"]);
    git(&stage, &["add", "--force", ".gitignore", "kept/agent.py"]);
    git(&stage, &["commit", "--quiet", "--message", "first"]);
    let inventory = stage.inventory();
    assert_eq!(inventory.scan.targets[0].commit, Some(git(&stage, &["rev-parse", "HEAD"])));
    let places: Vec<String> = inventory
        .systems
        .iter()
        .flat_map(|system| &system.tools)
        .flat_map(|tool| &tool.evidence)
        .map(|piece| piece.place.to_string())
        .collect();
    assert!(places.iter().any(|place| place.starts_with("kept/")), "tracked, though ignored: {places:?}");
    assert!(!places.iter().any(|place| place.starts_with("scratch/")), "ignored: {places:?}");
    let ignored = inventory.coverage.iter().flat_map(|c| &c.skipped).any(|gap| gap.why == GapReason::Ignored);
    assert!(ignored, "what is left out is counted: {:?}", inventory.coverage);
}

#[test]
fn places_in_a_notebook_name_its_cell() {
    let notebook = r##"{
 "cells": [
  { "cell_type": "markdown", "source": ["# Ask"] },
  { "cell_type": "code", "source": ["from openai import OpenAI\n", "client = OpenAI()\n"] },
  { "cell_type": "code", "source": ["client.responses.create(model='gpt-4o', input='Hello')"] }
 ],
 "metadata": { "kernelspec": { "language": "python" } }
}"##;
    let stage = Stage::new();
    stage.put("ask.ipynb", notebook);
    let inventory = stage.run(&["scan", "--format", "json", "app"]).inventory();
    let [system] = inventory.systems.as_slice() else { panic!("one system: {inventory:?}") };
    let places: Vec<String> = system.models[0].evidence.iter().map(|piece| piece.place.to_string()).collect();
    assert_eq!(places, ["ask.ipynb:5 (cell 3)"]);
}
