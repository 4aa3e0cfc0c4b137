//! An assessment from the command line: evidence, scores, what changed since, a second person, and the next one beside it.

use std::path::Path;

use muster_tests::postgres::Postgres;
use muster_tests::stage::{Ended, Stage, copy};
use muster_tests::validators::refusal;
use serde_json::Value;

use crate::GATED;

fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    &ended.stdout
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(done(ended)).expect("a document")
}

/// Whether some value under a key of this name is anything but null.
fn any(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(object) => {
            object.iter().any(|(name, value)| (name == key && !value.is_null()) || any(value, key))
        }
        Value::Array(items) => items.iter().any(|item| any(item, key)),
        _ => false,
    }
}

#[test]
fn people_score_what_scans_show_and_a_second_one_signs() {
    for store in ["muster.db".to_owned(), Postgres::shared().database()] {
        let stage = Stage::new();
        stage.put("agent.py", GATED).put("requirements.txt", "langchain==1.0.0\n");
        let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", &store]].concat());
        let assess = |arguments: &[&str]| run(&[&["assess"], arguments].concat());
        done(&run(&["scan", "app", "--quiet"]));

        let seed = json(&assess(&["seed", "--format", "json"]));
        assert_eq!(seed["areas"].as_array().map(Vec::len), Some(31));
        assert!(!any(&seed, "score") && !any(&seed, "rationale"), "{seed}");
        let again = json(&assess(&["seed", "--format", "json"]));
        for part in ["structure", "scope", "areas", "metrics"] {
            assert_eq!(seed[part], again[part], "one state has one seed");
        }

        done(&assess(&["new", "2026-q4", "--by", "ada"]));
        let taken = assess(&["new", "2026-q4", "--by", "ada"]);
        assert!(taken.code == Some(2) && taken.stderr.contains("already"), "{taken:?}");
        let outside = assess(&["score", "2026-q4", "GV-2", "3", "--by", "ada"]);
        assert!(
            outside.code == Some(2) && outside.stderr.contains("above the ceiling of 1 by GV-2.c"),
            "{outside:?}"
        );
        let weak = assess(&["score", "2026-q4", "GV-1", "3", "--coverage", "2", "--by", "ada"]);
        assert!(weak.code == Some(2) && weak.stderr.contains("`coverage` reaches 2"), "{weak:?}");

        let areas: Vec<String> = (seed["areas"].as_array().expect("areas").iter())
            .map(|area| area["id"].as_str().expect("an id").to_owned())
            .collect();
        for area in &areas {
            let score = ["score", "2026-q4", area, "2", "--by", "ada", "--reason", "as the audit found"];
            done(&assess(&score));
        }
        let shown = json(&assess(&["show", "2026-q4", "--format", "json"]));
        assert_eq!(shown["rating"]["overall"]["score"], "2/1", "{shown}");
        let early = assess(&["sign", "2026-q4", "--by", "bob"]);
        assert!(early.code == Some(2) && early.stderr.contains("agentic areas"), "{early:?}");

        // Whether agentic areas apply is decided by people; what the evidence says is otherwise then.
        let confirm =
            ["review", "confirm", "app", "--verdict", "agentic", "--owner", "shop", "--reason", "we run it"];
        done(&run(&[&confirm[..], &["--by", "ada"]].concat()));
        let seeded = assess(&["seed", "2026-q4", "--by", "ada"]);
        assert!(done(&seeded).contains("GV-2  M01: 0/1 → 1/1"), "{seeded:?}");
        let stale = assess(&["sign", "2026-q4", "--by", "bob"]);
        assert!(stale.code == Some(2) && stale.stderr.contains("changed since it was scored"), "{stale:?}");
        for area in &areas {
            let score = ["score", "2026-q4", area, "3", "--by", "ada", "--reason", "as the audit found"];
            done(&assess(&score));
        }
        let same = assess(&["sign", "2026-q4", "--by", "ada"]);
        assert!(same.code == Some(2) && same.stderr.contains("second person"), "{same:?}");
        let signed = assess(&["sign", "2026-q4", "--by", "bob"]);
        assert!(
            done(&signed).contains("signed by bob") && !signed.stdout.contains("Provisional"),
            "{signed:?}"
        );
        let closed = assess(&["score", "2026-q4", "GV-1", "4", "--by", "ada"]);
        assert!(closed.code == Some(2) && closed.stderr.contains("was signed by bob"), "{closed:?}");

        done(&assess(&["new", "2027-q1", "--by", "ada"]));
        let compared = assess(&["compare", "2026-q4", "2027-q1"]);
        assert!(done(&compared).contains("GV-1") && compared.stdout.contains("3 → -"), "{compared:?}");
        let road = json(&assess(&["road", "2026-q4", "--domain", "GV=4", "--format", "json"]));
        let gains: Vec<&str> = road["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .filter_map(|step| step["area"].as_str())
            .collect();
        assert!(gains.contains(&"GV-1"), "{road}");
        let tickets = assess(&["road", "2026-q4", "--domain", "GV=4", "--format", "markdown"]);
        assert!(done(&tickets).contains("## GV-1: AI policy and acceptable use from 3 to 4"), "{tickets:?}");

        let verified = run(&["audit", "verify"]);
        assert_eq!(verified.code, Some(0), "{verified:?}");
        let none = assess(&["show", "2028"]);
        assert!(none.code == Some(2) && none.stderr.contains("`muster assess list`"), "{none:?}");
    }
}

#[test]
fn evidence_is_whole_valid_and_without_secrets() {
    let stage = Stage::new();
    let larkspur = Path::new(env!("CARGO_MANIFEST_DIR")).join("organisation");
    copy(&larkspur, &stage.beside("larkspur"));
    let run = |arguments: &[&str]| stage.run(&[arguments, &["--store", "muster.db"]].concat());
    done(&run(&[
        "scan",
        "larkspur/repositories/refunds",
        "larkspur/repositories/support",
        "larkspur/repositories/platform",
        "aws-export:larkspur/aws",
        "k8s-export:larkspur/larkspur.json",
    ]));
    done(&run(&["assess", "new", "2026-q4", "--by", "ada"]));
    done(&run(&["assess", "score", "2026-q4", "PR-A1", "2", "--by", "ada"]));
    done(&run(&["assess", "report", "2026-q4", "--output", "report.html"]));
    done(&run(&["assess", "export", "2026-q4", "--output", "evidence"]));
    let again = run(&["assess", "export", "2026-q4", "--output", "evidence"]);
    assert!(again.code == Some(2) && again.stderr.contains("no empty folder"), "{again:?}");
    let verified = stage.run(&["evidence", "verify", "evidence"]);
    assert!(done(&verified).contains("the ratings follow from the scores"), "{verified:?}");
    let folder = stage.beside("evidence");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file of the bundle");
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let name = entry.expect("a file").file_name().into_string().expect("a plain name");
        assert!(!read(&name).contains("canary-value"), "{name} holds a secret");
    }
    assert_eq!(refusal("oscal", &read("oscal.json")), None);
    for name in ["cyclonedx.json", "declarations.cdx.json"] {
        assert_eq!(refusal("cyclonedx-1.6", &read(name)), None, "{name}");
    }
    let log = stage.run(&["audit", "verify", "--file", "evidence/audit.jsonl"]);
    assert_eq!(log.code, Some(0), "{log:?}");
    std::fs::write(folder.join("seed.json"), read("seed.json").replace("PR-A1.c3", "PR-A1.c2"))
        .expect("a file");
    let changed = stage.run(&["evidence", "verify", "evidence"]);
    assert!(changed.code == Some(10) && changed.stdout.contains("`seed.json` was changed"), "{changed:?}");
}

#[test]
fn a_structure_that_is_wrong_says_where_and_what_would_be_right() {
    let stage = Stage::new();
    let text = done(&stage.run(&["assess", "structure"])).to_owned();
    stage.put("ours.json", text.replace("\"GV.PO-01\"", "\"GV.PO-99\""));
    let wrong = stage.run(&["assess", "structure", "app/ours.json"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("GV.PO-99") && wrong.stderr.contains("/domains/0/areas/0"), "{wrong:?}");
    stage.put("ours.json", text);
    assert!(done(&stage.run(&["assess", "structure", "app/ours.json"])).contains("nothing is wrong with it"));
}
