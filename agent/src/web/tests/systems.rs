//! Systems for programs: in pages, as files, and changed by one of two who look at one state.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::Stage;
use crate::access::Role;
use crate::sample::Sample;

#[tokio::test]
async fn pages_and_files_hold_each_system_once() {
    let stage = Stage::of_agents(450).await;
    let token = stage.token(Role::Viewer).await;
    for limit in [7, 200] {
        let (mut seen, mut next, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let page = stage.get(&token, &format!("/api/v1/systems?limit={limit}{next}")).await.json();
            for item in page["items"].as_array().unwrap() {
                assert!(seen.insert(item["id"].as_str().unwrap().to_owned()), "{item} is there twice");
            }
            pages += 1;
            let Some(after) = page["next"].as_str() else { break };
            next = format!("&after={after}");
        }
        assert_eq!((seen.len(), pages), (450, 450_usize.div_ceil(limit)));
    }
    let lines = stage.get(&token, "/api/v1/systems/export").await;
    assert_eq!(lines.header("content-type"), "application/jsonl");
    let ids: BTreeSet<String> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
        .collect();
    assert_eq!((ids.len(), lines.text.lines().count()), (450, 450));
    let rows = stage.get(&token, "/systems.csv").await;
    assert_eq!(rows.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(rows.text.lines().count(), 451);
    let few = stage.get(&token, "/systems.csv?q=agent00").await;
    assert_eq!(few.text.lines().count(), 11);
}

#[tokio::test]
async fn no_cell_is_a_formula() {
    let hostile = "=HYPERLINK(\"http://evil.example\";\"a\"),\r\n-2\u{1b}";
    let sample = Sample::new("", hostile, hostile).system(asmm_model::SystemKind::Agent, true);
    let stage = Stage::with(vec![sample]).await;
    let token = stage.token(Role::Reviewer).await;
    let id = stage.id(hostile).await;
    let own = json!({"act": "own", "owner": "@sum(1)", "revision": 0});
    let acted = stage.post(&token, &format!("/api/v1/systems/{id}/acts"), &own).await;
    assert_eq!(acted.status, StatusCode::OK, "{}", acted.text);
    let text = stage.get(&token, "/systems.csv").await.text;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    for cell in &rows[1] {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        assert!(!cell.chars().any(char::is_control), "{cell:?}");
    }
    assert!(rows[1].iter().any(|cell| cell == "'@sum(1)"), "{rows:?}");
}

#[tokio::test]
async fn of_two_who_look_at_one_state_one_acts() {
    let stage = Stage::new().await;
    let token = stage.token(Role::Reviewer).await;
    let id = stage.id("desk").await;
    let (path, acts) = (format!("/api/v1/systems/{id}"), format!("/api/v1/systems/{id}/acts"));
    assert_eq!(stage.get(&token, &path).await.header("etag"), "\"0\"");
    let assign = |revision: i64| json!({"act": "assign", "to": "ada", "revision": revision});
    let first = stage.post(&token, &acts, &assign(0)).await;
    assert_eq!((first.status, &first.json()["revision"]), (StatusCode::OK, &json!(1)));
    assert_eq!(stage.post(&token, &acts, &assign(0)).await.status, StatusCode::CONFLICT);

    // The same by headers of HTTP.
    let by_header = async |tag: &'static str, body: &'static str| {
        let headers =
            [("authorization", token.as_str()), ("content-type", "application/json"), ("if-match", tag)];
        stage.ask(&Method::POST, &acts, &headers, body).await.status
    };
    let own = r#"{"act": "own", "owner": "payments"}"#;
    assert_eq!(by_header("\"0\"", own).await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(by_header("*", own).await, StatusCode::BAD_REQUEST);
    let both = r#"{"act": "own", "owner": "payments", "revision": 0}"#;
    assert_eq!(by_header("\"1\"", both).await, StatusCode::CONFLICT);
    assert_eq!(by_header("\"1\"", own).await, StatusCode::OK);
    let shown = stage.get(&token, &path).await;
    assert_eq!(shown.header("etag"), "\"2\"");
    assert_eq!(shown.json()["review"]["owner"], json!({"by": "payments"}));
    assert_eq!(shown.json()["review"]["assignee"], "ada");
}

#[tokio::test]
async fn a_picture_has_its_own_style_and_nothing_else() {
    let stage = Stage::new().await;
    let token = stage.token(Role::Viewer).await;
    let id = stage.id("refunds").await;
    let picture = stage.get(&token, &format!("/api/v1/systems/{id}/picture.svg")).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let (_, rest) = picture.text.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    assert!(!rest.contains("<style") && !rest.contains(" style="), "{rest}");
    assert_eq!(style, format!("\n{}", crate::explain::STYLE));
    insta::assert_snapshot!(
        picture.header("content-security-policy").split_once("sha256-").unwrap().0,
        @"default-src 'none'; style-src '"
    );
}
