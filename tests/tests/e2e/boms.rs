//! Bills of materials, read by the validators of their standards; broken copies show that these do read them.

use std::path::{Path, PathBuf};

use muster_tests::stage::{Stage, copy};
use muster_tests::validators::refusal;
use serde_json::{Value, json};

/// Each format, with the kind that the validators call it.
const FORMATS: [(&str, &str); 3] =
    [("cyclonedx", "cyclonedx-1.6"), ("cyclonedx-1.7", "cyclonedx-1.7"), ("spdx", "spdx")];

/// A server of the Model Context Protocol.
const SERVER: &str = "\
import os

from mcp.server.fastmcp import FastMCP

server = FastMCP(\"orders\")


@server.tool()
def cancel_order(number: str) -> str:
    os.remove(number)
    return number
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The refund agent, and objects of a cluster with agents, models and servers.
fn stage() -> Stage {
    let stage = Stage::new().with_mini("refund-agent");
    copy(&root().join("collectors/kubernetes/tests/cluster"), &stage.beside("cluster"));
    stage
}

fn exported(stage: &Stage, format: &str, targets: &[&str]) -> String {
    let ended = stage.run(&[&["scan", "--format", format], targets].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

#[test]
fn every_document_is_valid_by_its_standard() {
    let stage = stage();
    stage.put("nothing/README", "nothing here asks a model");
    stage.put("orders/requirements.txt", "mcp==1.2.0\n").put("orders/server.py", SERVER);
    let scans: [&[&str]; 5] = [
        &["refund-agent"],
        &["k8s-export:cluster"],
        &["refund-agent", "k8s-export:cluster"],
        &["app/nothing"],
        &["app/orders"],
    ];
    for (format, kind) in FORMATS {
        for targets in scans {
            let text = exported(&stage, format, targets);
            assert_eq!(refusal(kind, &text), None, "{format} {targets:?}:\n{text}");
        }
    }
}

#[test]
fn hostile_names_make_valid_documents() {
    let stage = Stage::new();
    let agent = crate::AGENT.replace("openai:gpt-4o", "openai:gpt</script>\\u202e\\n\\\"4o");
    stage.put("a </script> \u{202e}\n\"b/agent.py", agent);
    for (format, kind) in FORMATS {
        let text = exported(&stage, format, &["app"]);
        assert!(text.contains("</script>"), "{text}");
        assert_eq!(refusal(kind, &text), None, "{format}:\n{text}");
    }
}

#[test]
fn the_agent_is_in_each_document_with_its_verdict() {
    let stage = stage();
    let document = |format| -> Value {
        serde_json::from_str(&exported(&stage, format, &["refund-agent"])).expect("it is JSON")
    };
    let named = |list: &Value, name: &str| -> Value {
        let mut all = list.as_array().expect("it is a list").iter();
        all.find(|thing| thing["name"] == name).unwrap_or_else(|| panic!("no {name}: {list}")).clone()
    };
    for format in ["cyclonedx", "cyclonedx-1.7"] {
        let agent = named(&document(format)["components"], "refund-agent");
        assert_eq!(agent["tags"], json!(["ai-system", "agentic"]));
        let verdict = json!({"name": "muster:autonomy:verdict", "value": "agentic"});
        assert!(agent["properties"].as_array().expect("it has some").contains(&verdict), "{agent}");
        let langgraph = named(&document(format)["components"], "langgraph");
        assert_eq!(langgraph["purl"], "pkg:pypi/langgraph@0.6.7");
    }
    let mut graph = document("spdx")["@graph"].clone();
    graph.as_array_mut().expect("it is a list").retain(|element| element["type"] == "ai_AIPackage");
    assert_eq!(named(&graph, "refund-agent")["ai_autonomyType"], "yes");
}

#[test]
fn a_server_is_a_service_with_its_tools() {
    let stage = Stage::new();
    stage.put("requirements.txt", "mcp==1.2.0\n").put("server.py", SERVER);
    let document: Value = serde_json::from_str(&exported(&stage, "cyclonedx", &["app"])).expect("it is JSON");
    let tool = &document["services"][0]["services"][0];
    assert_eq!(tool["name"], "cancel_order");
    let effect = json!({"name": "muster:tool:effect", "value": "write"});
    assert!(tool["properties"].as_array().expect("it has some").contains(&effect), "{tool}");
}

/// Two documents of one state differ in what stands for the run, and in nothing else.
#[test]
fn two_runs_write_the_same() {
    let stage = stage();
    for (format, _) in FORMATS {
        let fixed = || {
            let text = exported(&stage, format, &["refund-agent", "k8s-export:cluster"]);
            let document: Value = serde_json::from_str(&text).expect("it is JSON");
            let graph = &document["@graph"];
            let run: Vec<&str> = match graph[0]["created"].as_str() {
                Some(created) => {
                    let id = graph[1]["spdxId"].as_str().expect("it has an id");
                    vec![created, id.split_once('#').expect("it is below the document").0]
                }
                None => vec![
                    document["serialNumber"].as_str().expect("it has one"),
                    document["metadata"]["timestamp"].as_str().expect("it has one"),
                ],
            };
            let scan = text.split_once("muster:scan:id").expect("it names the scan").1;
            let is_id = |word: &&str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let id = scan.split('"').find(is_id).expect("it is an id").to_owned();
            run.iter().fold(text.replace(&id, "…"), |text, value| text.replace(value, "…"))
        };
        assert!(fixed() == fixed(), "{format}");
    }
}

#[test]
fn broken_bills_of_cyclonedx_are_refused() {
    let stage = stage();
    for (format, kind) in &FORMATS[..2] {
        let whole: Value =
            serde_json::from_str(&exported(&stage, format, &["refund-agent"])).expect("it is JSON");
        let refused = |spoil: &dyn Fn(&mut Value)| {
            let mut document = whole.clone();
            spoil(&mut document);
            refusal(kind, &document.to_string()).expect("a broken document is refused")
        };
        let typed = refused(&|document| document["components"][0]["type"] = json!("agent"));
        assert!(typed.contains("'agent' is not one of"), "{typed}");
        let twice = refused(&|document| {
            let all = document["components"].as_array_mut().expect("it has some");
            all.push(all[0].clone());
        });
        assert!(twice.contains("non-unique elements"), "{twice}");
        let alike = refused(&|document| {
            document["components"][0]["bom-ref"] = document["components"][1]["bom-ref"].clone();
        });
        assert!(alike.contains("is there twice"), "{alike}");
        let technique = refused(&|document| {
            let system = document["components"].as_array_mut().expect("it has some").iter_mut();
            let mut systems = system.filter(|component| component["name"] == "refund-agent");
            let system = systems.next().expect("the agent is there");
            system["evidence"]["identity"][0]["methods"][0]["technique"] = json!("guess");
        });
        assert!(technique.contains("'guess'"), "{technique}");
        let dangling = refused(&|document| document["dependencies"][0]["dependsOn"][0] = json!("nobody"));
        assert!(dangling.contains("nobody is referred to and not there"), "{dangling}");
        let dated = refused(&|document| document["metadata"]["timestamp"] = json!("yesterday"));
        assert!(dated.contains("'yesterday' is not a 'date-time'"), "{dated}");
    }
}

#[test]
fn broken_documents_of_spdx_are_refused() {
    let stage = stage();
    let whole = exported(&stage, "spdx", &["refund-agent"]);
    let refused = |from: &str, to: &str| {
        let broken = whole.replacen(from, to, 1);
        assert_ne!(broken, whole, "{from} is there");
        refusal("spdx", &broken).expect("a broken document is refused")
    };
    let autonomy = refused("\"ai_autonomyType\": \"yes\"", "\"ai_autonomyType\": \"maybe\"");
    assert!(autonomy.contains("'maybe' is not a valid value"), "{autonomy}");
    let unknown = refused("\"ai_autonomyType\"", "\"ai_autonomy\"");
    assert!(unknown.contains("Unknown property"), "{unknown}");
    let missing = refused("\"relationshipType\": \"dependsOn\"", "\"comment\": \"none\"");
    assert!(missing.contains("is required"), "{missing}");
    let document: Value = serde_json::from_str(&whole).expect("it is JSON");
    let root = document["@graph"][3]["rootElement"][0].as_str().expect("the document has a root");
    let dangling = refused(root, &format!("{root}-gone"));
    assert!(dangling.contains("is referred to and not there"), "{dangling}");
}
