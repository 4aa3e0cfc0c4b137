//! One answer of each kind, as it is described; and what is told of what goes wrong.

use std::fmt::Write as _;

use axum::http::{Method, StatusCode};
use insta::{assert_snapshot, with_settings};
use serde_json::{Value, json};

use super::Stage;
use crate::access::Role;
use crate::web::api_description;

/// That an answer is what the description says of a route.
fn is_described(description: &Value, method: &str, path: &str, status: &str, answer: &Value) {
    let schema =
        &description["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} {status} is not described");
    let mut whole = schema.clone();
    whole["components"] = description["components"].clone();
    let validator = jsonschema::draft202012::new(&whole).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(answer).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let stage = Stage::new().await;
    let description: Value = serde_json::from_str(&api_description()).unwrap();
    let token = stage.token(Role::Administrator).await;
    let [desk, summaries] = [stage.id("desk").await, stage.id("summaries").await];
    let begun = stage.post(&token, "/api/v1/assessments", &json!({"name": "2026-q4"})).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let seeded = stage.post(&token, "/api/v1/assessments/2026-q4/seed", &json!(null)).await;
    let score = json!({"act": "score", "area": "GV-1", "level": 2, "tests": {"written": 3},
        "reason": "as the interviews say", "revision": 0});
    let scored = stage.post(&token, "/api/v1/assessments/2026-q4/acts", &score).await;
    assert_eq!(scored.status, StatusCode::OK, "{}", scored.text);
    let begun_before = stage.post(&token, "/api/v1/assessments", &json!({"name": "2026-q3"})).await;
    assert_eq!(begun_before.status, StatusCode::CREATED, "{}", begun_before.text);
    let defer = json!({"act": "defer", "until": crate::clock::day().1.tomorrow().unwrap().to_string(),
        "reason": "after the move", "revision": 0});
    let acted = stage.post(&token, &format!("/api/v1/systems/{desk}/acts"), &defer).await;
    assert_eq!(acted.status, StatusCode::OK, "{}", acted.text);
    let split = json!({"kind": "apart", "subject": "desk", "object": "summaries", "reason": "two teams"});
    let decided = stage.post(&token, "/api/v1/decisions", &split).await;
    assert_eq!(decided.status, StatusCode::CREATED, "{}", decided.text);
    let new = json!({"name": "nightly", "role": "viewer", "days": 30});
    let made = stage.post(&token, "/api/v1/tokens", &new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let together = json!({"as": "not-ai", "reason": "nothing but texts", "systems": [
        {"id": summaries, "revision": 0}, {"id": stage.id("refunds").await, "revision": 0}]});
    let together = stage.post(&token, "/api/v1/systems/acts", &together).await;
    let undone = stage.post(&token, "/api/v1/decisions/1/undo", &json!(null)).await;
    let mut told = vec![
        ("post", "/api/v1/assessments", "201", begun.json()),
        ("post", "/api/v1/assessments/{assessment}/seed", "200", seeded.json()),
        ("post", "/api/v1/assessments/{assessment}/acts", "200", scored.json()),
        ("post", "/api/v1/systems/{system}/acts", "200", acted.json()),
        ("post", "/api/v1/decisions", "201", decided.json()),
        ("post", "/api/v1/tokens", "201", made.json()),
        ("post", "/api/v1/systems/acts", "200", together.json()),
        ("post", "/api/v1/decisions/{decision}/undo", "200", undone.json()),
    ];
    for (path, asked) in [
        ("/api/v1/me", "/api/v1/me".to_owned()),
        ("/api/v1/summary", "/api/v1/summary".to_owned()),
        ("/api/v1/systems", "/api/v1/systems?limit=1".to_owned()),
        ("/api/v1/systems/{system}", format!("/api/v1/systems/{desk}")),
        ("/api/v1/systems/{system}/history", format!("/api/v1/systems/{desk}/history")),
        ("/api/v1/systems/{system}/audit", format!("/api/v1/systems/{desk}/audit?limit=1")),
        ("/api/v1/exceptions", "/api/v1/exceptions".to_owned()),
        ("/api/v1/runs", "/api/v1/runs?limit=200".to_owned()),
        ("/api/v1/runs/{run}", "/api/v1/runs/latest".to_owned()),
        ("/api/v1/runs/{run}/changes", "/api/v1/runs/1/changes".to_owned()),
        ("/api/v1/coverage", "/api/v1/coverage".to_owned()),
        ("/api/v1/register", "/api/v1/register".to_owned()),
        ("/api/v1/rules", "/api/v1/rules?q=uses-langgraph".to_owned()),
        ("/api/v1/rules/{rule}", "/api/v1/rules/uses-langgraph".to_owned()),
        ("/api/v1/audit", "/api/v1/audit?limit=1".to_owned()),
        ("/api/v1/audit/verify", "/api/v1/audit/verify".to_owned()),
        ("/api/v1/decisions", "/api/v1/decisions?all=true".to_owned()),
        ("/api/v1/tokens", "/api/v1/tokens".to_owned()),
        ("/api/v1/assessments", "/api/v1/assessments".to_owned()),
        ("/api/v1/assessments/{assessment}", "/api/v1/assessments/2026-q4".to_owned()),
        ("/api/v1/assessments/{assessment}/seed", "/api/v1/assessments/2026-q4/seed".to_owned()),
        (
            "/api/v1/assessments/{assessment}/areas/{area}",
            "/api/v1/assessments/2026-q4/areas/GV-1".to_owned(),
        ),
        ("/api/v1/assessments/{assessment}/road", "/api/v1/assessments/2026-q4/road?to=5&GV=3".to_owned()),
        (
            "/api/v1/assessments/{assessment}/compare/{other}",
            "/api/v1/assessments/2026-q4/compare/2026-q3".to_owned(),
        ),
    ] {
        let reply = stage.get(&token, &asked).await;
        assert_eq!(reply.status, StatusCode::OK, "{asked}: {}", reply.text);
        assert!(!reply.text.contains(&token[7..]), "{asked} tells a secret");
        told.push(("get", path, "200", reply.json()));
    }
    for (method, path, status, mut answer) in told {
        is_described(&description, method, path, status, &answer);
        // What an inventory says of a system, and what a decision rests on, are told by other tests.
        shorten(&mut answer);
        let name =
            format!("{method}{}", path.trim_start_matches("/api/v1").replace(['/', '{', '}', '.'], "_"));
        with_settings!({filters => vec![
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]"),
            (r"20\d\d-\d\d-\d\d", "[day]"),
            (r"\b[0-9a-f]{64}\b", "[hash]"),
            (r"rules/[a-z/-]+\.toml:\d+|[a-z-]+\.toml:\d+", "[origin]"),
            (r"blake3:[0-9a-f]{8,}", "[digest]"),
        ]}, { assert_snapshot!(name, format!("{answer:#}")) });
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if (name == "system" && value.is_object()) || name == "fingerprint" || name == "rationale" {
                    *value = "…".into();
                }
                // What a seed says of metrics and areas depends on when it was taken, and is told by other tests.
                match value {
                    Value::Array(items) if matches!(name.as_str(), "evidence" | "hints" | "withheld") => {
                        items.clear();
                    }
                    Value::Object(metrics) if name == "metrics" => metrics.clear(),
                    _ => {}
                }
                if let Some(areas) = value.as_array_mut().filter(|_| name == "areas") {
                    areas.truncate(2);
                }
                shorten(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_as_a_problem() {
    let stage = Stage::new().await;
    let token = stage.token(Role::Administrator).await;
    let id = stage.id("desk").await;
    let acts = format!("/api/v1/systems/{id}/acts");
    let begun = stage.post(&token, "/api/v1/assessments", &json!({"name": "a"})).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let json = "application/json";
    let long = format!("{{\"act\": \"{}\"}}", "x".repeat(70_000));
    let table = [
        ("GET", "/api/v1/none", json, ""),
        ("GET", "/api/v1/systems/none", json, ""),
        ("GET", "/api/v1/systems/%ff", json, ""),
        ("GET", "/api/v1/systems/a%00b", json, ""),
        ("GET", "/api/v1/systems?limit=201", json, ""),
        ("GET", "/api/v1/systems?limit=1&limit=2", json, ""),
        ("GET", "/api/v1/systems?verdict=", json, ""),
        ("GET", "/api/v1/systems?more=1", json, ""),
        ("GET", "/api/v1/audit?before=0", json, ""),
        ("GET", "/api/v1/audit?more=1", json, ""),
        ("GET", "/api/v1/runs/9", json, ""),
        ("GET", "/api/v1/rules/none", json, ""),
        ("PUT", "/api/v1/systems", json, ""),
        ("POST", "/api/v1/decisions/9/undo", json, ""),
        ("POST", "/api/v1/tokens/00000000/revoke", json, ""),
        ("GET", "/api/v1/assessments/none", json, ""),
        ("GET", "/api/v1/assessments/a/areas/GV-9", json, ""),
        ("GET", "/api/v1/assessments/a/road?to=6", json, ""),
        ("GET", "/api/v1/assessments/a/road?XX=1", json, ""),
        ("GET", "/api/v1/assessments/a/compare/none", json, ""),
        ("POST", "/api/v1/assessments", json, r#"{"name": "a"}"#),
        ("POST", "/api/v1/assessments", json, r#"{"name": "a b"}"#),
        ("POST", "/api/v1/assessments/none/seed", json, ""),
        ("POST", "ASSESS", json, r#"{"act": "sing"}"#),
        ("POST", "ASSESS", json, r#"{"act": "sign"}"#),
        ("POST", "ASSESS", json, r#"{"act": "score", "area": "GV-1", "level": 3}"#),
        ("POST", "ASSESS", json, r#"{"act": "score", "area": "GV-1", "level": 3, "revision": 4}"#),
        ("POST", "ASSESS", json, r#"{"act": "exclude", "area": "GV-9", "reason": "?", "revision": 0}"#),
        ("POST", "ASSESS", json, r#"{"act": "weigh", "of": "GV", "weight": "11", "reason": "?"}"#),
        ("POST", "ACTS", "text/plain", "{}"),
        ("POST", "ACTS", json, "{"),
        ("POST", "ACTS", json, "[]"),
        ("POST", "ACTS", json, r#"{"act": "sing"}"#),
        ("POST", "ACTS", json, r#"{"act": "approve", "revision": "0"}"#),
        ("POST", "ACTS", json, r#"{"act": "approve", "revision": 0, "more": 1}"#),
        ("POST", "ACTS", json, r#"{"act": "approve"}"#),
        ("POST", "ACTS", json, r#"{"act": "approve", "revision": 0}"#),
        ("POST", "ACTS", json, r#"{"act": "approve", "revision": 7}"#),
        ("POST", "ACTS", json, &long),
    ];
    let mut told = String::new();
    for (method, path, kind, body) in table {
        let method: Method = method.parse().unwrap();
        let path = match path {
            "ACTS" => acts.as_str(),
            "ASSESS" => "/api/v1/assessments/a/acts",
            path => path,
        };
        let headers = [("authorization", token.as_str()), ("content-type", kind)];
        let reply = stage.ask(&method, path, &headers, body).await;
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}: {}", reply.text);
        let problem = reply.json();
        assert_eq!(problem["status"], reply.status.as_u16());
        let body: String = body.chars().take(60).collect();
        let _ = writeln!(told, "{method} {} {body}", path.replace(&id, "ID"));
        let _ = writeln!(told, "  {} {}: {}", reply.status.as_u16(), problem["type"], problem["detail"]);
        if reply.status == StatusCode::METHOD_NOT_ALLOWED {
            let _ = writeln!(told, "  Allow: {}", reply.header("allow"));
        }
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn tokens_that_are_wrong_are_counted() {
    let stage = Stage::new().await;
    let mut answered = Vec::new();
    for _ in 0..12 {
        answered.push(stage.get("Bearer none", "/api/v1/me").await);
    }
    let last = answered.last().unwrap();
    assert_eq!(answered[0].status, StatusCode::UNAUTHORIZED);
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    // One that is right is let in all the same.
    let token = stage.token(Role::Viewer).await;
    assert_eq!(stage.get(&token, "/api/v1/me").await.status, StatusCode::OK);
}
