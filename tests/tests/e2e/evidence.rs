//! The report and the evidence of an assessment of the sample organisation: what a browser shows, what validators refuse, and what is done to a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use muster_tests::browser::read;
use muster_tests::stage::{Ended, Stage, copy};
use muster_tests::validators::{keys, refusal};
use serde_json::{Value, json};

use crate::journeys::ORGANISATION;

/// What somebody may write as a reason.
const REASON: &str = "</title><script>document.title='owned'</script><img src=http://muster.example/a>";

fn ran(stage: &Stage, arguments: &[&str]) -> Ended {
    let ended = stage.run(&[arguments, &["--store", "muster.db"]].concat());
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    ended
}

/// The organisation, with an assessment that two people scored in part.
fn assessed() -> Stage {
    let stage = Stage::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation"), &stage.beside("larkspur"));
    ran(&stage, &[&["scan"], &ORGANISATION[..]].concat());
    ran(&stage, &["register", "import", "larkspur/register.csv"]);
    ran(&stage, &["assess", "new", "2026-q4", "--by", "ada"]);
    for (area, level) in [("GV-1", "3"), ("GV-2", "3"), ("ID-1", "2"), ("DE-1", "1")] {
        ran(&stage, &["assess", "score", "2026-q4", area, level, "--by", "ada", "--reason", REASON]);
    }
    ran(&stage, &["assess", "exclude", "2026-q4", "RC-2", "--by", "bob", "--reason", "nobody is told"]);
    stage
}

fn exported() -> Stage {
    let stage = assessed();
    ran(&stage, &["assess", "export", "2026-q4", "--output", "evidence"]);
    stage
}

fn verified(stage: &Stage, folder: &str) -> (Option<i32>, String) {
    let ended = stage.run(&["evidence", "verify", folder]);
    (ended.code, ended.stdout.replace('\n', " "))
}

/// That the validators do look at declarations, whose references no schema sees.
#[test]
fn declarations_are_valid_and_broken_ones_are_not() {
    let stage = exported();
    assert_eq!(verified(&stage, "evidence").0, Some(0));
    let text = fs::read_to_string(stage.beside("evidence/declarations.cdx.json")).expect("it is there");
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&text).expect("it is JSON");
        change(&mut document["declarations"]);
        refusal("cyclonedx-1.6", &document.to_string())
    };
    assert_eq!(broken(&|_| {}), None);
    assert!(broken(&|all| all["claims"][0]["target"] = json!("nobody")).is_some());
    assert!(broken(&|all| all["claims"][0]["level"] = json!(3)).is_some());
    let conformance =
        |all: &mut Value| all["attestations"][0]["map"][0]["conformance"] = json!({"score": 0.6});
    assert!(broken(&conformance).is_some());
}

#[test]
fn a_browser_shows_the_report_and_nothing_runs() {
    let stage = assessed();
    ran(&stage, &["assess", "report", "2026-q4", "--output", "report.html"]);
    let reading = read(&stage.beside("report.html"));
    for expected in [
        "<h1>AI security maturity</h1>",
        "<title id=\"bars-title\">",
        "ASMM working structure v0.1",
        "<bdi>caretaker</bdi>",
        "&lt;/title&gt;&lt;script&gt;",
        "<bdi>nobody is told</bdi>",
    ] {
        assert!(reading.dom.contains(expected), "{expected} is not in:\n{}", reading.dom);
    }
    for active in ["<script", "<img", "<iframe", "<form"] {
        assert!(!reading.dom.contains(active), "{active}");
    }
    assert_eq!((reading.complaints, reading.requests), (Vec::new(), Vec::new()));
}

#[test]
fn a_folder_is_written_whole_or_not_at_all() {
    let stage = exported();
    let files = |folder: &str| -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(stage.beside(folder)).expect("it can be listed").map(|entry| {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("it can be read"))
        });
        entries.collect()
    };
    let before = files("evidence");
    let again = |output: &str| {
        let ended = stage.run(&["assess", "export", "2026-q4", "--output", output, "--store", "muster.db"]);
        (ended.code, ended.stderr)
    };
    let (code, said) = again("evidence");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(files("evidence"), before, "what was there stays");
    assert_eq!(again("gone/evidence").0, Some(2));
    fs::create_dir(stage.beside("empty")).expect("a folder");
    assert_eq!(again("empty").0, Some(0));
    assert_eq!(files("empty").len(), before.len());
    let left = fs::read_dir(stage.beside(".")).expect("it can be listed");
    let drafts = left.filter(|entry| {
        entry.as_ref().expect("it can be listed").file_name().to_string_lossy().ends_with(".tmp")
    });
    assert_eq!(drafts.count(), 0);
}

#[test]
fn what_was_done_to_a_folder_is_told() {
    let stage = exported();
    let whole = stage.beside("evidence");
    let spoiled = |name: &str, spoil: &dyn Fn(&Path)| {
        copy(&whole, &stage.beside(name));
        spoil(&stage.beside(name));
        let (code, said) = verified(&stage, name);
        assert_eq!(code, Some(10), "{name}: {said}");
        said
    };
    let changed = spoiled("changed", &|folder| {
        let text = fs::read_to_string(folder.join("seed.json")).expect("it is there");
        fs::write(folder.join("seed.json"), text.replacen("agentic", "agentik", 1)).expect("a file");
    });
    assert!(changed.contains("`seed.json` was changed"), "{changed}");
    let gone = spoiled("gone", &|folder| fs::remove_file(folder.join("report.html")).expect("it is there"));
    assert!(gone.contains("`report.html` is missing"), "{gone}");
    let added = spoiled("added", &|folder| fs::write(folder.join("notes.txt"), "x").expect("a file"));
    assert!(added.contains("`notes.txt` was added"), "{added}");
    let inside = spoiled("inside", &|folder| fs::create_dir(folder.join("more")).expect("a folder"));
    assert!(inside.contains("`more` is no plain file"), "{inside}");
    let linked = spoiled("linked", &|folder| {
        fs::rename(folder.join("seed.json"), stage.beside("seed.json")).expect("it is there");
        std::os::unix::fs::symlink(stage.beside("seed.json"), folder.join("seed.json")).expect("a link");
    });
    assert!(linked.contains("`seed.json` is no plain file"), "{linked}");
    assert_eq!(verified(&stage, "larkspur").0, Some(2), "it is no evidence");
}

#[test]
fn a_key_of_the_user_signs_and_others_can_check_it() {
    let stage = assessed();
    let here = stage.beside(".");
    assert_eq!(keys(&here, &["make", ".", "open sesame"]), (Some(0), String::new()));
    fs::write(stage.beside("password.txt"), "open sesame\n").expect("a file");
    let export = ["assess", "export", "2026-q4", "--store", "muster.db", "--sign-with", "auditor.key"];
    let refused = stage.run(&[&export[..], &["--output", "refused"]].concat());
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("has a password and none was given"), "{}", refused.stderr);
    assert!(!stage.beside("refused").exists());
    let password = ["--password-file", "password.txt", "--output", "evidence"];
    let signed = stage.run(&[&export[..], &password].concat());
    assert_eq!(signed.code, Some(0), "{signed:?}");

    let told = "evidence of 2026-q4\n".to_owned();
    assert_eq!(keys(&here, &["verify", "evidence", "auditor.pub"]), (Some(0), told));
    let verified = |more: &[&str]| {
        let ended = stage.run(&[&["evidence", "verify", "evidence"], more].concat());
        (ended.code, ended.stdout.replace('\n', " "))
    };
    let (code, said) = verified(&["--public-key", "auditor.pub"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("It is signed by that key: evidence of 2026-q4"), "{said}");
    assert!(verified(&[]).1.contains("It is signed; `--public-key` finds out by whom."));

    // Somebody else's key, and a bundle that was made anew by somebody without the key.
    let other = stage.beside("other");
    fs::create_dir(&other).expect("a folder");
    assert_eq!(keys(&other, &["make", ".", "x"]).0, Some(0));
    let (code, said) = verified(&["--public-key", "other/auditor.pub"]);
    assert_eq!(code, Some(10), "{said}");
    assert!(said.contains("no signature of this `manifest.json` by this key"), "{said}");
    fs::remove_file(stage.beside("evidence/manifest.json.minisig")).expect("it is there");
    let (code, said) = verified(&["--public-key", "auditor.pub"]);
    assert_eq!(code, Some(10), "{said}");
    assert!(said.contains("`manifest.json.minisig` is missing"), "{said}");
    assert_eq!(verified(&["--public-key", "nothing"]).0, Some(2));
}
