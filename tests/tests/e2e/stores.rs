//! The store from outside: what it remembers of scans, what a process that is killed leaves, and that it holds no secret.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use muster_tests::binary::path as muster;
use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use crate::{AGENT, WITNESS};

/// A file, and a database of a real server.
fn places() -> [String; 2] {
    ["muster.db".to_owned(), Postgres::shared().database()]
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Name and presence of all systems.
fn systems(stage: &Stage, store: &str) -> Vec<(String, String)> {
    let listed = json(&stage.run(&["systems", "--store", store, "--format", "json"]));
    let text = |one: &Value, field: &str| one[field].as_str().expect("a text").to_owned();
    let mut all: Vec<(String, String)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(one, "name"), text(one, "presence")))
        .collect();
    all.sort();
    all
}

#[test]
fn scans_are_remembered_compared_and_exported() {
    for store in places() {
        let stage = Stage::new();
        stage.put("one/ask.py", WITNESS).put("one/requirements.txt", "openai==1.40.0\n");
        let scan = || stage.run(&["scan", "app", "--quiet", "--format", "json", "--store", &store]);
        assert_eq!(scan().code, Some(0));
        let first = json(&stage.run(&["systems", "--store", &store, "--format", "json"]));
        stage.put("two/agent.py", AGENT).put("two/requirements.txt", "langchain==1.0.0\n");
        assert_eq!(scan().code, Some(0));
        let found = systems(&stage, &store);
        assert!(found.iter().any(|(name, presence)| name == "two" && presence == "new"), "{found:?}");
        let second = json(&stage.run(&["systems", "--store", &store, "--format", "json"]));
        let id = |list: &Value| {
            let all = list.as_array().expect("a list").iter();
            all.filter(|one| one["first_seen"] == first[0]["first_seen"]).map(|one| one["id"].clone()).next()
        };
        assert_eq!(id(&first), id(&second), "what was there keeps its id");

        let ended = stage.run(&["diff", "--store", &store, "--exit-code"]);
        assert_eq!(ended.code, Some(10), "{ended:?}");
        assert!(ended.stdout.contains("two: new, agentic"), "{ended:?}");
        let runs = json(&stage.run(&["runs", "--store", &store, "--format", "json"]));
        assert_eq!((runs[0]["number"].as_i64(), runs[0]["state"].as_str()), (Some(2), Some("done")));
        let exported = json(&stage.run(&["export", "--store", &store, "--format", "json", "--name", "two"]));
        assert_eq!(exported["systems"][0]["remembered"]["presence"], "new");
        assert_eq!(exported["systems"].as_array().map(Vec::len), Some(1));
        let before = json(&stage.run(&["export", "1", "--store", &store, "--format", "json"]));
        assert_eq!(before["scan"]["id"], runs[1]["id"]);

        // The way from one database to the other.
        assert_eq!(stage.run(&["backup", "kept.jsonl", "--store", &store]).code, Some(0));
        assert_eq!(
            stage.run(&["backup", "kept.jsonl", "--store", &store]).code,
            Some(2),
            "nothing is replaced"
        );
        for copy in places().map(|place| place.replace("muster.db", "copy.db")) {
            assert_eq!(stage.run(&["restore", "kept.jsonl", "--store", &copy]).code, Some(0));
            assert_eq!(systems(&stage, &copy), found);
            assert_eq!(
                stage.run(&["restore", "kept.jsonl", "--store", &copy]).code,
                Some(2),
                "it is not empty"
            );
        }
    }
}

#[test]
fn mistakes_say_what_to_do() {
    let stage = Stage::new();
    stage.put("ask.py", WITNESS);
    for (arguments, says) in [
        (vec!["runs", "--store", "gone.db"], "there is no store at `gone.db`"),
        (vec!["export", "--store", "mysql://root:hunter2@host/db"], "a store cannot be at `mysql://`"),
        (vec!["diff", "before.json"], "there is nothing to compare with"),
        (
            vec!["scan", "app", "app/..", "--store", "a.db", "--as", "shop"],
            "one name cannot stand for several",
        ),
    ] {
        let ended = stage.run(&arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("hunter2"), "{ended:?}");
    }
    assert_eq!(stage.run(&["scan", "app", "--quiet", "--store", "muster.db"]).code, Some(0));
    let ended = stage.run(&["diff", "--store", "muster.db"]);
    assert_eq!(ended.code, Some(2), "there is one run only: {ended:?}");
    assert!(ended.stderr.contains("there is no run `latest~1`"), "{ended:?}");
    std::fs::write(stage.beside("notes.txt"), "no store\n".repeat(1000)).expect("a file");
    let ended = stage.run(&["runs", "--store", "notes.txt"]);
    assert!(ended.stderr.contains("cannot be opened: file is not a database"), "{ended:?}");
}

#[test]
fn a_password_of_the_store_is_never_said() {
    let stage = Stage::new();
    stage.put("ask.py", WITNESS);
    for address in ["postgres://ann:hunter2@127.0.0.1:1/muster", "postgres://ann:hunter2@[broken/muster"] {
        for command in [vec!["runs", "--store", address], vec!["scan", "app", "--quiet", "--store", address]]
        {
            let ended = stage.run(&command);
            assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
            assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
        }
    }
}

/// Whoever kills it at any moment finds what was there before, or all of the new scan.
#[test]
fn a_scan_that_is_killed_is_recorded_wholly_or_not_at_all() {
    for store in places() {
        let stage = Stage::new();
        stage.put("first/agent.py", AGENT).put("first/requirements.txt", "langchain==1.0.0\n");
        let scan = ["scan", "app", "--quiet", "--store", &store];
        assert_eq!(stage.run(&scan).code, Some(0));
        for n in 0..120 {
            stage
                .put(&format!("s{n}/agent.py"), AGENT.replace("cancel_order", &format!("cancel_{n}")))
                .put(&format!("s{n}/requirements.txt"), "langchain==1.0.0\n");
        }
        let began = Instant::now();
        let spare = stage.beside("spare.db").display().to_string();
        assert_eq!(stage.run(&["scan", "app", "--quiet", "--store", &spare]).code, Some(0));
        let whole = began.elapsed();
        let all = systems(&stage, &spare).len();
        assert!(all > 100, "{all}");

        for step in 0..12_u32 {
            // The end of a scan is where it is recorded.
            let wait = whole.mul_f64(0.55 + 0.05 * f64::from(step));
            let mut child = std::process::Command::new(muster())
                .args(scan)
                .current_dir(stage.lair())
                .env("HOME", stage.beside("home"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("muster can be run");
            sleep(wait);
            // That it ended by itself meanwhile is as good.
            let _ = child.kill();
            child.wait().expect("it has ended");
            let found = systems(&stage, &store).len();
            assert!(found == 1 || found == all, "{found} of {all} systems after {wait:?}");
            assert_eq!(stage.run(&["backup", "-", "--store", &store, "--quiet"]).code, Some(0));
            if found > 1 {
                break;
            }
        }
        assert_eq!(stage.run(&scan).code, Some(0), "and work goes on");
        assert_eq!(systems(&stage, &store).len(), all);
    }
}
