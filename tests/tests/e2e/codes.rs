//! Exit codes and streams: the interface for scripts.

use std::process::{Command, Stdio};

use muster_tests::binary::path;
use muster_tests::stage::Stage;

use crate::{AGENT, WITNESS};

/// A manifest that cannot be parsed: a gap that hides something.
const BROKEN: (&str, &str) = ("package.json", "{\"dependencies\": {");

fn code(stage: &Stage, arguments: &[&str]) -> i32 {
    let ended = stage.run(arguments);
    ended.code.unwrap_or_else(|| panic!("{arguments:?} was ended by a signal: {ended:?}"))
}

#[test]
fn zero_when_done_whether_or_not_there_is_ai() {
    let stage = Stage::new();
    stage.put("app.py", "print('hello')\n");
    assert_eq!(code(&stage, &["scan", "app"]), 0, "no AI");
    stage.put("agent.py", AGENT);
    assert_eq!(code(&stage, &["scan", "app"]), 0, "an agent, and nobody asked for an exit code");
    stage.put(BROKEN.0, BROKEN.1);
    assert_eq!(code(&stage, &["scan", "app"]), 0, "a gap, and nobody asked for strictness");
}

#[test]
fn one_when_every_target_failed() {
    let stage = Stage::new();
    stage.put("app.py", WITNESS);
    let missing = stage.run(&["scan", "gone"]);
    assert_eq!(
        (missing.code, missing.stdout.as_str()),
        (Some(1), ""),
        "no inventory of what was not looked at"
    );
    assert!(missing.stderr.contains("gone"), "it says which target: {missing:?}");
    assert_eq!(code(&stage, &["scan", "gone", "gone-too", "--format", "json"]), 1);
    let file = stage.run(&["scan", "app/app.py"]);
    assert_eq!((file.code, file.stdout.as_str()), (Some(1), ""), "a file is no folder");
    assert!(file.stderr.contains("app.py"), "it says which target: {file:?}");
}

#[test]
fn two_when_the_command_line_is_wrong() {
    let stage = Stage::new();
    let wrong: [&[&str]; 7] = [
        &[],
        &["scan"],
        &["scan", "app", "--no-such-option"],
        &["scan", "app", "--format", "no-such-format"],
        &["no-such-command"],
        &["scan", ""],
        &["scan", "https://git.example/acme/shop"],
    ];
    for arguments in wrong {
        let ended = stage.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}: it says what is wrong");
    }
}

#[test]
fn three_when_there_is_nothing_to_scan() {
    let stage = Stage::new();
    let ended = stage.run(&["scan", "app"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(!ended.stderr.is_empty(), "it says so");
    std::fs::create_dir_all(stage.app().join("a/b")).expect("folders");
    assert_eq!(code(&stage, &["scan", "app", "--format", "json"]), 3, "folders alone are nothing");
}

#[test]
fn four_for_gaps_when_coverage_must_be_complete() {
    let stage = Stage::new();
    stage.put("app.py", WITNESS);
    assert_eq!(code(&stage, &["scan", "app", "--strict-coverage"]), 0, "everything was read");
    assert_eq!(
        code(&stage, &["scan", "app", "gone", "--strict-coverage"]),
        4,
        "a target that failed is a gap"
    );
    stage.put(BROKEN.0, BROKEN.1);
    assert_eq!(code(&stage, &["scan", "app", "--strict-coverage"]), 4, "a broken manifest");
}

#[test]
fn ten_for_what_a_reviewer_must_see() {
    let stage = Stage::new();
    stage.put("app.py", WITNESS);
    assert_eq!(code(&stage, &["scan", "app", "--exit-code"]), 0, "a system that is not agentic");
    stage.put("agent.py", AGENT);
    assert_eq!(code(&stage, &["scan", "app", "--exit-code"]), 10, "an agentic one");
    let open = Stage::new();
    open.put("agent.py", AGENT.replace("requests.delete", "unknown_library.call"));
    assert_eq!(code(&open, &["scan", "app", "--exit-code"]), 10, "an undetermined one");
}

#[test]
fn the_first_that_applies_of_2_1_3_10_4_0() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT).put(BROKEN.0, BROKEN.1);
    let both = ["--exit-code", "--strict-coverage"];
    let with = |targets: &[&str]| code(&stage, &[&["scan"], targets, &both].concat());
    assert_eq!(with(&["app"]), 10);
    assert_eq!(with(&["app", "gone"]), 10, "one of several failed");
    assert_eq!(with(&["gone"]), 1);
    assert_eq!(with(&["app", "--no-such-option"]), 2);
    let empty = Stage::new();
    assert_eq!(code(&empty, &["scan", "app", "--exit-code", "--strict-coverage"]), 3);
}

#[test]
fn results_and_messages_go_their_own_ways() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT);
    let printed = stage.run(&["scan", "app", "--format", "json"]);
    assert_eq!(printed.inventory().systems.len(), 1, "standard output holds the document and nothing else");
    let quiet = stage.run(&["scan", "app", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    assert!(!quiet.stdout.is_empty(), "the result is no message");
    let filed = stage.run(&["scan", "app", "--format", "json", "--output", "out.json"]);
    assert_eq!((filed.code, filed.stdout.as_str()), (Some(0), ""));
    let file = std::fs::read_to_string(stage.beside("out.json")).expect("the result is in the file");
    assert!(file.contains("muster.inventory/1"));
    for text in [&printed.stdout, &printed.stderr, &quiet.stdout, &filed.stderr, &file] {
        assert!(!text.contains('\u{1b}'), "no colours where nobody watches: {text}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    for arguments in [&["schema"][..], &["rules", "list"]] {
        let mut child = Command::new(path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("muster can be run");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{arguments:?}: {} {said}", ended.status);
    }
}
