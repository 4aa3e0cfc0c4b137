//! The binary from outside: exit codes, streams and help.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use tempfile::TempDir;

/// The binary, with an environment that says nothing about colours or widths.
fn muster() -> Command {
    let mut command = Command::cargo_bin("muster").expect("the binary is built");
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Code, standard output and standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = muster().args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    (output.status.code().expect("no signal ends it"), text(output.stdout), text(output.stderr))
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

#[test]
fn help_is_an_interface() {
    let (code, out, err) = run(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("help", out);
    let (code, out, err) = run(&["scan", "--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("help_scan", out);
    let (code, out, err) = run(&["explain", "--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!("help_explain", out);
}

#[test]
fn every_command_has_examples() {
    let commands = [
        &["scan"][..],
        &["explain"],
        &["rules"],
        &["rules", "check"],
        &["rules", "list"],
        &["rules", "explain"],
        &["rules", "test"],
        &["rules", "literals"],
        &["schema"],
        &["completions"],
        &["man"],
    ];
    for command in commands {
        let (code, out, _) = run(&[command, &["--help"]].concat());
        assert_eq!(code, 0);
        assert!(out.contains("Examples:\n  muster "), "{command:?}: {out}");
    }
}

#[test]
fn mistakes_of_the_command_line_are_2_and_say_what_to_write() {
    let (code, out, err) = run(&["scan"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: no target is given\n  help: scan the folder that you are in with `muster scan .`\n"
    );
    for arguments in [
        &[][..],
        &["scan", "--nonsense"],
        &["scan", ".", "--threads", "0"],
        &["scan", ".", "--format", "xml"],
        &["nonsense"],
        &["rules", "explain", "no-such-rule-anywhere"],
        &["man", "nonsense"],
        &["scan", "https://host/a"],
        &["scan", ".", "--rules", "/no/such/folder"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(!err.is_empty(), "{arguments:?}");
    }
    let (code, _, err) = run(&["scan", ".", "gitlab:acme//shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("`gitlab:acme//shop` names no group") && err.contains("gitlab:GROUP"), "{err}");
}

#[test]
fn a_scan_of_which_every_target_fails_is_1_and_prints_no_inventory() {
    let folder = TempDir::new().unwrap();
    let gone = folder.path().join("gone");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (code, out, err) = run(&["scan", utf8(&gone), utf8(&file), "--exit-code", "--strict-coverage"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err.matches("error: ").count(), 2, "{err}");
    assert!(err.contains("does not exist"), "{err}");
    assert_eq!(err.matches(utf8(&gone)).count(), 1, "a path is named once: {err}");
}

#[test]
fn nothing_to_look_at_is_3() {
    let empty = TempDir::new().unwrap();
    let (code, out, err) = run(&["scan", utf8(empty.path()), "--strict-coverage"]);
    assert_eq!(code, 3);
    assert_eq!(out, "", "it is said once");
    assert!(err.starts_with("error: nothing to scan"), "{err}");
    assert!(err.contains("\n  help: "), "{err}");
    // What could not be looked at is told, and still nothing is said about AI.
    let gone = empty.path().join("gone");
    let (code, out, _) = run(&["scan", utf8(empty.path()), utf8(&gone)]);
    assert_eq!(code, 3);
    assert!(out.starts_with("Nothing was scanned. 0 files read, 1 gap in what could be seen.\n"), "{out}");
    assert!(!out.contains("No AI"), "{out}");
    assert_eq!(out.matches("gone").count(), 1, "{out}");
    let report = empty.path().with_extension("txt");
    let (code, _, _) = run(&["scan", utf8(empty.path()), "--output", utf8(&report)]);
    assert_eq!(code, 3);
    assert_eq!(fs::read_to_string(&report).unwrap(), "Nothing was scanned. 0 files read.\n");
    fs::remove_file(&report).unwrap();
}

#[test]
fn a_failed_target_among_others_is_a_gap_and_a_warning() {
    let folder = TempDir::new().unwrap();
    let gone = folder.path().join("gone");
    let (code, out, err) = run(&["scan", utf8(folder.path()), utf8(&gone), "--format", "json"]);
    assert_eq!(code, 3, "the other one is empty");
    assert!(err.starts_with("warning: "), "{err}");
    let inventory: asmm_model::Inventory = serde_json::from_str(&out).unwrap();
    let gaps: Vec<(usize, bool)> =
        inventory.coverage.iter().map(|c| (c.skipped.len(), c.is_complete())).collect();
    assert_eq!(gaps, [(0, true), (1, false)]);
    assert_eq!(inventory.scan.targets.len(), 2);
}

#[test]
fn two_scans_differ_in_their_id_and_their_time_only() {
    let empty = TempDir::new().unwrap();
    let scan = || {
        let (_, out, _) = run(&["scan", utf8(empty.path()), "--format", "json", "--quiet"]);
        assert!(out.ends_with("}\n"));
        serde_json::from_str::<asmm_model::Inventory>(&out).unwrap()
    };
    let (first, mut second) = (scan(), scan());
    assert_eq!(first.scan.id.len(), 16);
    assert_ne!(first.scan.id, second.scan.id);
    second.scan.id.clone_from(&first.scan.id);
    second.scan.started_at.clone_from(&first.scan.started_at);
    assert_eq!(first, second);
}

#[test]
fn one_folder_under_two_names_is_scanned_once() {
    let empty = TempDir::new().unwrap();
    let again = format!("{}/.", utf8(empty.path()));
    let arguments = ["scan", utf8(empty.path()), &again, "--format", "json"];
    let (_, out, err) = run(&arguments);
    assert!(err.starts_with("note: ") && err.contains("is the same folder as"), "{err}");
    let inventory: asmm_model::Inventory = serde_json::from_str(&out).unwrap();
    assert_eq!(inventory.scan.targets.len(), 1);
    let (_, _, err) = run(&[&arguments[..], &["--quiet"]].concat());
    assert!(!err.contains("note: "), "{err}");
}

#[test]
fn output_is_written_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let (scanned, results) = (folder.path().join("scanned"), folder.path().join("results"));
    fs::create_dir(&scanned).unwrap();
    fs::create_dir(&results).unwrap();
    let file = results.join("inventory.json");
    fs::write(&file, "an old result").unwrap();

    let (code, out, _) = run(&["scan", utf8(&scanned), "--format", "json", "--output", utf8(&file)]);
    assert_eq!((code, out.as_str()), (3, ""));
    let text = fs::read_to_string(&file).unwrap();
    assert!(serde_json::from_str::<asmm_model::Inventory>(&text).is_ok(), "{text}");
    let names: Vec<_> = fs::read_dir(&results).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["inventory.json"], "no draft is left behind");

    let gone = folder.path().join("gone");
    let (code, _, _) = run(&["scan", utf8(&gone), "--format", "json", "--output", utf8(&file)]);
    assert_eq!(code, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "a scan that failed replaces nothing");

    let (code, _, err) = run(&["scan", utf8(&scanned), "--output", utf8(&results)]);
    assert_eq!(code, 2);
    assert!(err.contains("is a folder"), "{err}");
    let nowhere = gone.join("inventory.json");
    let (code, _, err) = run(&["scan", utf8(&scanned), "--output", utf8(&nowhere)]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no folder"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_result_stays_a_link() {
    let folder = TempDir::new().unwrap();
    let (scanned, file, link) =
        (folder.path().join("scanned"), folder.path().join("real.json"), folder.path().join("link.json"));
    fs::create_dir(&scanned).unwrap();
    fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    run(&["scan", utf8(&scanned), "--format", "json", "--output", utf8(&link)]);
    assert!(link.is_symlink());
    assert!(fs::read_to_string(&file).unwrap().starts_with('{'));
}

#[test]
fn a_closed_pipe_is_success() {
    for arguments in [&["schema"][..], &["rules", "list"], &["--help"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("muster"));
        let output = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_1() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("muster"));
    let output = command.arg("schema").stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.starts_with("error: the result cannot be written to standard output: "), "{err}");
}

#[test]
fn colours_follow_the_option_and_the_environment() {
    let coloured = |environment: &[&str], arguments: &[&str]| {
        let mut command = muster();
        for variable in environment {
            command.env(variable, "1");
        }
        let output = command.args(["rules", "list"]).args(arguments).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!coloured(&[], &[]), "not a terminal");
    assert!(coloured(&[], &["--color", "always"]));
    assert!(coloured(&["CLICOLOR_FORCE"], &[]));
    assert!(!coloured(&["CLICOLOR_FORCE", "NO_COLOR"], &[]));
    assert!(!coloured(&["CLICOLOR_FORCE"], &["--color", "never"]));
    assert!(coloured(&["NO_COLOR"], &["--color", "always"]), "who asks for it gets it");
}

#[test]
fn names_on_the_command_line_control_no_terminal() {
    let (code, _, err) = run(&["scan", "a\u{1b}[2J\u{202e}b"]);
    assert_eq!(code, 1);
    assert!(!err.contains('\u{1b}') && !err.contains('\u{202e}'), "{err:?}");
}

#[test]
fn the_schema_is_that_of_the_model() {
    let (code, out, err) = run(&["schema"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, asmm_model::inventory_schema_text());
}

#[test]
fn completions_and_manual_pages_follow_from_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(out.contains("strict-coverage"), "{shell}");
    }
    let (code, out, _) = run(&["man"]);
    assert_eq!(code, 0);
    assert!(out.contains(".TH muster 1"), "{out}");
    let (_, out, _) = run(&["man", "explain"]);
    assert!(out.contains(".TH muster-explain 1"), "{out}");
    let (_, out, _) = run(&["man", "rules", "explain"]);
    assert!(out.contains(".TH muster-rules-explain 1"), "{out}");
}

#[test]
fn rules_are_listed_and_explained() {
    let (code, out, _) = run(&["rules", "list"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("ID "), "{out}");
    let (_, json, _) = run(&["rules", "list", "--format", "json"]);
    let rules: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(out.lines().count(), rules.len() + 1);

    let (code, out, _) = run(&["rules", "explain", "uses-openai"]);
    assert_eq!(code, 0);
    for part in
        ["uses-openai\n", "\nPackages ", "\nReferences\n  https://", "\nFires on (python)\n", "Written in "]
    {
        assert!(out.contains(part), "{part:?} is missing in\n{out}");
    }
    let (code, out, _) = run(&["rules", "explain", "workflow-starts-agent"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(out, @r"
    workflow-starts-agent
    A heuristic of the Autonomy Test: is run by CI or a git hook.

    The events of the workflow or of git run the code that calls the model.

    Speaks for   yes to C5 (self-starts), weight 0.90
    Class        ci: a CI workflow
    Written in   autonomy/heuristics.toml

    Of several pieces of evidence of one class, the strongest counts.
    ");
    let (code, out, _) = run(&["rules", "list", "--heuristics"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("ID ") && out.contains("\nworkflow-starts-agent  "), "{out}");
    let (_, json, _) = run(&["rules", "list", "--heuristics", "--format", "json"]);
    let heuristics: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(out.lines().count(), heuristics.len() + 1);
    for field in ["id", "says", "because", "class", "speaks"] {
        assert!(heuristics.iter().all(|heuristic| heuristic.get(field).is_some()), "{field}");
    }
    let (_, _, err) = run(&["rules", "explain", "uses-opnai"]);
    assert!(err.contains("  help: is it one of these? `uses-openai`"), "{err}");
}

const RULE: &str = r#"
[[rule]]
id = "calls-our-gateway"
title = "Calls our gateway"
name = "gateway"
kind = "provider-sdk"
strength = 2
since = "0.1.0"
rationale = "Our own client."
references = ["https://example.com/gateway"]
packages = ["pypi:acme-gateway"]

[[rule.example]]
language = "requirements.txt"
fires = true
code = "acme-gateway==1.0"

[[rule.example]]
language = "requirements.txt"
fires = false
code = "acme-tools==1.0"
"#;

#[test]
fn own_rules_are_checked_with_file_and_line() {
    let folder = TempDir::new().unwrap();
    let own = utf8(folder.path());
    let (code, _, err) = run(&["rules", "check", own]);
    assert_eq!(code, 2);
    assert!(err.contains("holds no rule files"), "{err}");

    fs::write(folder.path().join("own.toml"), RULE).unwrap();
    assert_eq!(
        run(&["rules", "check", own]),
        (0, String::new(), "note: 1 rule in 1 file checked, no mistakes\n".to_owned())
    );
    let (code, out, _) = run(&["rules", "explain", "calls-our-gateway", "--rules", own]);
    assert_eq!(code, 0);
    assert!(out.contains("own.toml:2"), "{out}");

    fs::write(folder.path().join("own.toml"), RULE.replace("strength = 2", "strength = 7")).unwrap();
    let (code, out, err) = run(&["rules", "check", own]);
    assert_eq!(code, 1);
    let expected = format!(
        "{own}/own.toml:2: rule `calls-our-gateway`: strength 7 is out of range\n  help: 3 proves an agent, 2 proves use of AI, 1 supports, 0 never alone\n"
    );
    assert_eq!((out, err.as_str()), (expected, "error: 1 mistake in rule files\n"));

    // Whoever scans with rules that are wrong is told the same.
    let (code, out, err) = run(&["scan", own, "--rules", own]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("own.toml:2: rule `calls-our-gateway`"), "{err}");
}

#[test]
fn a_mistake_in_a_part_of_a_rule_has_the_line_of_that_part() {
    let folder = TempDir::new().unwrap();
    let own = utf8(folder.path());
    let broken = RULE.replace("acme-tools==1.0", "acme-gateway==2.0");
    fs::write(folder.path().join("own.toml"), &broken).unwrap();
    let (code, out, _) = run(&["rules", "check", own]);
    assert_eq!(code, 1);
    let line = 1 + broken.lines().position(|line| line.contains("example]]")).unwrap() + 5;
    let expected = format!(
        "{own}/own.toml:{line}: rule `calls-our-gateway`: example 2: an example should not fire and does\n"
    );
    assert!(out.starts_with(&expected), "{out}");

    let site = "\n[[rule.site]]\nlanguages = [\"python\"]\nkind = \"import\"\nsymbols = [\"acme\"]\nwhen = [{ name = \"x\" }]\n";
    fs::write(folder.path().join("own.toml"), format!("{RULE}{site}")).unwrap();
    let (code, out, _) = run(&["rules", "check", own]);
    assert_eq!(code, 1);
    let line = RULE.lines().count() + 2;
    assert!(
        out.starts_with(&format!(
            "{own}/own.toml:{line}: rule `calls-our-gateway`: site `acme` has a `when`"
        )),
        "{out}"
    );

    let (_, help, _) = run(&["rules", "check", "--help"]);
    assert!(help.contains("\n   1  there are mistakes") && help.contains("agent/docs/rules.md"), "{help}");
}

#[test]
fn the_names_of_a_file_are_shown_as_patterns_are_written() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("chat.ts");
    fs::write(&file, "import OpenAI from 'openai';\nnew OpenAI().chat.completions.create({});\n").unwrap();
    let file = utf8(&file);
    let (code, out, _) = run(&["rules", "test", file, "--names"]);
    assert_eq!(code, 0);
    let called = "openai#default.chat.completions.create";
    assert!(out.contains(&format!("{file}:2: uses-openai: calls {called}\n")), "{out}");
    assert!(out.ends_with(&format!("{file}:2: call {called}\n")), "{out}");
    let (_, without, _) = run(&["rules", "test", file]);
    assert!(out.starts_with(&without) && !without.contains(": call "), "{without}");
}

#[test]
fn what_cannot_be_tested_says_so() {
    let folder = TempDir::new().unwrap();
    let (code, _, err) = run(&["rules", "test", utf8(folder.path())]);
    assert_eq!(code, 2);
    assert!(err.contains("is a folder"), "{err}");
    let (code, _, err) = run(&["rules", "test", utf8(&folder.path().join("gone.py"))]);
    assert_eq!(code, 1);
    assert!(err.contains("cannot be read"), "{err}");
}
