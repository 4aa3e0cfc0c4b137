//! One system from several targets, in a store that is scanned again: what keys join, and what people decide.

use std::sync::{Arc, Mutex};

use muster_tests::http::{Reply, listen};
use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage};
use serde_json::Value;

use crate::AGENT;

const DOCKERFILE: &str = "FROM python:3.12\nCOPY . .\nCMD [\"python\", \"agent.py\"]\n";

const WORKFLOW: &str = "\
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with:
          tags: ghcr.io/acme/cancellations:latest
";

/// A cluster: one workload runs the image of the agent, and another one something of which nothing is known.
fn cluster() -> String {
    let workload = |name: &str, image: &str| {
        serde_json::json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}")},
            "spec": {"template": {"spec": {"containers": [{
                "name": "main", "image": image,
                "env": [{"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "ai", "key": "key"}}}],
            }]}}},
        })
    };
    let items = [
        workload("canceller", "ghcr.io/acme/cancellations@sha256:abc"),
        workload("mailer", "ghcr.io/acme/mailer:3"),
    ];
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// The systems that are exported: each with its parts, and what says that they are.
fn told(stage: &Stage, store: &str) -> String {
    of(&stage.run(&["export", "--store", store, "--format", "json"]))
}

/// The systems of an inventory.
fn of(ended: &Ended) -> String {
    let inventory: Value = serde_json::from_str(done(ended)).expect("an inventory");
    let mut lines = Vec::new();
    for system in inventory["systems"].as_array().expect("a list") {
        lines.push(format!("{}: {}", text(&system["name"]), text(&system["verdict"])));
        for join in system["joins"].as_array().into_iter().flatten() {
            let because: Vec<&str> = join["because"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|reason| text(&reason["says"]))
                .collect();
            lines.push(format!("  + {}: {}", text(&join["name"]), because.join("; ")));
        }
    }
    // The day on which the test runs.
    let today = lines.join("\n");
    let day = today.find("decided on ").map(|at| today[at + 11..at + 21].to_owned());
    day.map_or(today.clone(), |day| today.replace(&day, "DAY"))
}

/// The systems of a list, each with its parts.
fn listed(ended: &Ended) -> Vec<(String, Vec<String>)> {
    let list: Value = serde_json::from_str(done(ended)).expect("a list");
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|one| text(&one["name"]).to_owned()).collect()
    };
    let all = list.as_array().expect("a list").iter();
    all.map(|one| (text(&one["name"]).to_owned(), names(&one["parts"]))).collect()
}

fn owned((name, parts): (&str, Vec<&str>)) -> (String, Vec<String>) {
    (name.to_owned(), parts.into_iter().map(str::to_owned).collect())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    &ended.stdout
}

#[test]
fn people_decide_what_is_one_and_later_scans_respect_it() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = Stage::new();
        stage
            .put("agent.py", AGENT)
            .put("requirements.txt", "langchain==1.0.0\n")
            .put("Dockerfile", DOCKERFILE);
        stage.put(".github/workflows/release.yml", WORKFLOW).put("cluster.json", cluster());
        let scan = || {
            let ended =
                stage.run(&["scan", "app", "k8s-export:app/cluster.json", "--quiet", "--store", &store]);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        };
        let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", &store]].concat());
        scan();
        let joined = told(&stage, &store);
        let merge =
            run(&["merge", "app", "mailer", "--by", "ada", "--reason", "it sends the mail of the agent"]);
        assert!(done(&merge).contains("is a part of"), "{merge:?}");
        assert!(merge.stderr.contains("`muster undo 1`"), "{merge:?}");
        done(&run(&["split", "app", "canceller", "--by", "bob"]));
        let decided = told(&stage, &store);
        insta::assert_snapshot!("decided", format!("{joined}\n---\n{decided}"));

        assert_eq!(
            listed(&run(&["systems", "--format", "json"])),
            [("canceller", vec![]), ("app", vec!["mailer"])].map(owned)
        );

        // A scan that sees more of the agent changes nothing about that, and tells what was decided itself.
        stage.put("notes.py", "import langchain\n");
        let again = ["scan", "app", "k8s-export:app/cluster.json", "--quiet", "--format", "json"];
        assert_eq!(of(&run(&again)), decided);
        assert_eq!(told(&stage, &store), decided);

        let list = run(&["decisions", "--format", "json"]);
        let list: Value = serde_json::from_str(done(&list)).expect("a document");
        assert_eq!((text(&list[0]["kind"]), text(&list[1]["kind"])), ("one", "apart"));
        assert_eq!((text(&list[0]["by"]), text(&list[1]["by"])), ("ada", "bob"));
        for number in ["1", "2"] {
            done(&run(&["undo", number, "--by", "ada"]));
        }
        assert_eq!(told(&stage, &store), joined);
        assert_eq!(
            listed(&run(&["systems", "--format", "json"])),
            [("mailer", vec![]), ("app", vec!["canceller"])].map(owned)
        );
        let table = run(&["systems"]);
        assert!(done(&table).contains(" + canceller (k8s-export:app/cluster.json)"), "{table:?}");
        assert!(done(&run(&["decisions"])).contains("Nothing is decided."));
        assert!(done(&run(&["decisions", "--all"])).contains("undone by ada"));
    }
}

#[test]
fn what_cannot_be_decided_is_told() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT).put("requirements.txt", "langchain==1.0.0\n");
    stage.put("cluster.json", cluster());
    let scan = stage.run(&["scan", "app", "k8s-export:app/cluster.json", "--quiet", "--store", "muster.db"]);
    assert_eq!(scan.code, Some(0), "{scan:?}");
    let run = |arguments: &[&str]| {
        let ended = stage.run(&[arguments, &["--store", "muster.db"]].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.stderr
    };
    assert!(run(&["merge", "app", "mailler", "--by", "ada"]).contains("`mailer`"));
    assert!(run(&["undo", "7", "--by", "ada"]).contains("no decision 7"));
    assert!(run(&["merge", "app", "app", "--by", "ada"]).contains("one system already"));
    let first = stage.run(&["merge", "app", "mailer", "--by", "ada", "--store", "muster.db"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(run(&["merge", "mailer", "app", "--by", "ada"]).contains("`muster undo 1`"));
}

#[test]
fn the_record_of_what_people_did_is_verified_exported_and_kept_elsewhere() {
    let stage = Stage::new();
    stage.put("agent.py", AGENT).put("requirements.txt", "langchain==1.0.0\n");
    stage.put("cluster.json", cluster());
    let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", "muster.db"]].concat());
    done(&stage.run(&["scan", "app", "k8s-export:app/cluster.json", "--quiet", "--store", "muster.db"]));
    assert!(done(&run(&["audit", "verify"])).contains("No entry is there"));
    done(&run(&["merge", "app", "mailer", "--by", "ada", "--reason", "it sends the mail"]));
    done(&run(&["audit", "anchor", "anchors.jsonl"]));
    // Somebody else may keep it; who does not take it does not have it.
    let kept = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&kept);
    let keeper = listen(move |request| {
        seen.lock().expect("nobody panicked").push(request.body.clone());
        Some(Reply::ok(""))
    });
    done(&run(&["audit", "anchor", &format!("{keeper}/kept")]));
    let sent = kept.lock().expect("nobody panicked").concat();
    let filed = std::fs::read_to_string(stage.beside("anchors.jsonl")).expect("a file");
    assert_eq!(sent.trim(), filed.trim());
    let full = listen(|_| Some(Reply { status: 507, ..Reply::ok("") }));
    let refused = run(&["audit", "anchor", &full]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("it is not taken there: 507"), "{refused:?}");
    assert_eq!(run(&["audit", "anchor", "http://log.example/"]).code, Some(2));
    done(&run(&["undo", "1", "--by", "bob"]));
    done(&run(&["audit", "export", "--output", "audit.jsonl"]));
    let log = run(&["audit", "log"]);
    let lines: Vec<&str> = done(&log).lines().collect();
    assert_eq!(lines.len(), 2, "{log:?}");
    assert!(lines[0].contains("bob undo") && lines[1].contains("ada one"), "{log:?}");
    for of in [
        &["audit", "verify", "--anchors", "anchors.jsonl", "--store", "muster.db"][..],
        &["audit", "verify", "--file", "audit.jsonl", "--anchors", "anchors.jsonl"],
    ] {
        let verified = stage.run(of);
        assert!(
            done(&verified).contains("2 entries, none changed")
                && verified.stdout.contains("the 1 that were kept"),
            "{verified:?}"
        );
    }
    // A store that is named for all commands, as by a variable, is not in the way of a file.
    let beside = run(&["audit", "verify", "--file", "audit.jsonl"]);
    assert!(done(&beside).contains("2 entries, none changed"), "{beside:?}");
    // Each line is what a program of another maker can verify: JSON, with the hash of the line before it.
    let text = std::fs::read_to_string(stage.beside("audit.jsonl")).expect("a file");
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(entries[1]["previous"], entries[0]["hash"]);
    std::fs::write(stage.beside("audit.jsonl"), text.replace("ada", "eve")).expect("a file");
    let broken = stage.run(&["audit", "verify", "--file", "audit.jsonl"]);
    assert_eq!(broken.code, Some(10), "{broken:?}");
    assert!(broken.stdout.contains("entry 1 was changed"), "{broken:?}");
}
