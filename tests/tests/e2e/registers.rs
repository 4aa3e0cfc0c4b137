//! Formats for others: each is taken by what reads it, and says nothing but what was found.

use std::path::Path;

use muster_tests::stage::{Stage, copy};
use muster_tests::validators::refusal;
use serde_json::Value;

/// The refund agent, a saved cluster, and both and all other mini repositories at once.
fn stage() -> (Stage, [Vec<&'static str>; 3]) {
    let stage =
        ["refund-agent", "support-bot", "summariser"].into_iter().fold(Stage::new(), Stage::with_mini);
    let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("../collectors/kubernetes/tests/cluster");
    copy(&cluster, &stage.beside("cluster"));
    stage.put("package.json", "{");
    let all = vec!["refund-agent", "support-bot", "summariser", "app", "gone", "k8s-export:cluster"];
    (stage, [vec!["refund-agent"], vec!["k8s-export:cluster"], all])
}

fn scan(stage: &Stage, format: &str, targets: &[&str]) -> String {
    let ended = stage.run(&[&["scan", "--format", format], targets].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

fn ids(stage: &Stage, targets: &[&str]) -> Vec<String> {
    let inventory = stage.run(&[&["scan", "--format", "json"], targets].concat()).inventory();
    assert!(!inventory.systems.is_empty(), "{targets:?}");
    inventory.systems.iter().map(|system| system.id.as_str().to_owned()).collect()
}

#[test]
fn sarif_is_valid_and_broken_sarif_is_not() {
    let (stage, scans) = stage();
    for targets in &scans {
        let text = scan(&stage, "sarif", targets);
        assert_eq!(refusal("sarif", &text), None, "{targets:?}");
    }
    let text = scan(&stage, "sarif", &scans[2]);
    let log: Value = serde_json::from_str(&text).expect("it is JSON");
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut log = log.clone();
        change(&mut log["runs"][0]);
        refusal("sarif", &log.to_string())
    };
    assert_eq!(broken(&|_| {}), None);
    assert!(broken(&|run| run["results"][0]["level"] = "grave".into()).is_some());
    assert!(broken(&|run| run["results"][0]["kind"] = "review".into()).is_some(), "with a level");
    assert!(broken(&|run| run["results"][0]["ruleIndex"] = 6.into()).is_some());
    assert!(broken(&|run| run["columnKind"] = "bytes".into()).is_some());
}

#[test]
fn oscal_is_valid_and_broken_oscal_is_not() {
    let (stage, scans) = stage();
    for targets in &scans {
        let text = scan(&stage, "oscal", targets);
        assert_eq!(refusal("oscal", &text), None, "{targets:?}");
    }
    let document: Value = serde_json::from_str(&scan(&stage, "oscal", &scans[2])).expect("it is JSON");
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document["assessment-results"]["results"][0]);
        refusal("oscal", &document.to_string())
    };
    assert_eq!(broken(&|_| {}), None);
    assert!(broken(&|result| result["uuid"] = "1234".into()).is_some());
    assert!(broken(&|result| result["observations"][0]["methods"][0] = "GUESS".into()).is_some());
    assert!(
        broken(&|result| result["observations"][0]["origins"][0]["actors"][0]["actor-uuid"] =
            "00000000-0000-4000-8000-000000000000".into())
        .is_some()
    );
    let controls = |id: &'static str| {
        broken(&move |result| {
            result["reviewed-controls"]["control-selections"] =
                serde_json::json!([{ "include-controls": [{ "control-id": id }] }]);
        })
    };
    assert_eq!(controls("pr-a1"), None);
    assert!(controls("1 2").is_some());
}

#[test]
fn tables_have_a_line_for_every_system() {
    let (stage, scans) = stage();
    for targets in &scans {
        let ids = ids(&stage, targets);
        for format in ["csv", "omb"] {
            let text = scan(&stage, format, targets);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let first: Vec<String> =
                reader.records().map(|record| record.expect("a line has all cells")[0].to_owned()).collect();
            assert_eq!(first, ids, "{format} of {targets:?}");
        }
    }
}

/// A program whose names are made to be taken for something else.
const HOSTILE: &str = "\
from langchain.agents import create_agent
from langchain.tools import tool
import requests


@tool(\"=cmd|'/c calc'!A1 <script>alert(1)</script> [x](javascript:y) | `\")
def cancel_order(number: str) -> str:
    \"\"\"Cancels an order.\"\"\"
    return requests.delete(f\"https://shop.example/orders/{number}\").text


agent = create_agent(\"openai:<script>\", tools=[cancel_order])
";

#[test]
fn what_was_scanned_becomes_no_markup_and_no_formula() {
    let stage = Stage::new();
    stage.put("=cmd() <script>/agent.py", HOSTILE);
    stage.put(
        "=cmd() <script>/pyproject.toml",
        "[project]\nname = \"=1+1\"\ndescription = \"<script> [a](b)\"\n",
    );
    let ids = ids(&stage, &["app"]);
    let page = scan(&stage, "markdown", &["app"]);
    assert!(page.contains("script") && page.contains("agent.py"), "{page}");
    assert!(!page.contains('<'), "{page}");
    for line in page.lines() {
        let outside: String = line.split('`').step_by(2).collect();
        assert!(!outside.contains("]("), "{line}");
    }
    for format in ["csv", "omb"] {
        let text = scan(&stage, format, &["app"]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> =
            reader.records().map(|record| record.expect("a line has all cells")).collect();
        assert_eq!(records.len(), ids.len());
        let cells = records.iter().flat_map(|record| record.iter());
        for cell in cells {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{format}: {cell}");
        }
    }
    for format in ["sarif", "oscal"] {
        assert_eq!(refusal(format, &scan(&stage, format, &["app"])), None, "{format}");
    }
}

#[test]
fn one_state_gives_the_same_document_twice() {
    let (stage, scans) = stage();
    for format in ["csv", "omb"] {
        assert_eq!(scan(&stage, format, &scans[2]), scan(&stage, format, &scans[2]), "{format}");
    }
    let lasting = |text: &str| -> Vec<Value> {
        let log: Value = serde_json::from_str(text).expect("it is JSON");
        vec![log["runs"][0]["results"].clone()]
    };
    assert_eq!(lasting(&scan(&stage, "sarif", &scans[2])), lasting(&scan(&stage, "sarif", &scans[2])));
    let lasting = |text: &str| -> Value {
        let document: Value = serde_json::from_str(text).expect("it is JSON");
        document["assessment-results"]["results"][0]["local-definitions"]["inventory-items"].clone()
    };
    assert_eq!(lasting(&scan(&stage, "oscal", &scans[2])), lasting(&scan(&stage, "oscal", &scans[2])));
}
