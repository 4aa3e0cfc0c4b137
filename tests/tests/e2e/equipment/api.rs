//! Schemathesis takes an API that is as it describes itself, and says what is not.

use muster_tests::http::{Reply, listen};
use muster_tests::schemathesis;
use serde_json::json;

/// An API with one operation, which answers with `answer`, to those only who send a token.
fn api(answer: &'static str) -> String {
    let description = json!({
        "openapi": "3.1.0",
        "info": {"title": "Of the test", "version": "1"},
        "paths": {"/systems": {"get": {
            "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}}],
            "responses": {
                "200": {"description": "All", "content": {"application/json": {"schema": {
                    "type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}}}},
                "400": {"description": "Not so"},
            },
        }}},
    });
    listen(move |request| {
        let mut reply = match (request.path.as_str(), request.method.as_str()) {
            ("/openapi.json", _) => Reply::ok(description.to_string()),
            ("/systems", "GET") if request.headers.get("x-token").is_none_or(|token| token != "t") => {
                Reply { status: 500, ..Reply::ok("nobody") }
            }
            ("/systems", "GET") => {
                let limits: Vec<_> = request.query.split('&').filter(|pair| !pair.is_empty()).collect();
                let fits = |pair: &&str| {
                    let limit = pair.strip_prefix("limit=").and_then(|limit| limit.parse::<u8>().ok());
                    limit.is_some_and(|limit| (1..=50).contains(&limit))
                };
                match &limits[..] {
                    [] => Reply::ok(answer),
                    [limit] if fits(limit) => Reply::ok(answer),
                    _ => Reply { status: 400, ..Reply::ok("{}") },
                }
            }
            ("/systems", _) => {
                Reply { status: 405, headers: vec!["allow: GET".to_owned()], ..Reply::ok("{}") }
            }
            _ => Reply { status: 404, ..Reply::ok("{}") },
        };
        reply.headers.push("content-type: application/json".to_owned());
        Some(reply)
    }) + "/openapi.json"
}

#[test]
fn an_api_is_asked_all_that_it_describes() {
    let token = [("x-token", "t")];
    assert_eq!(schemathesis::check(&api(r#"{"total": 3}"#), &token, &[]), Ok(()));

    let wrong =
        schemathesis::check(&api(r#"{"total": "three"}"#), &token, &[]).expect_err("it is not as described");
    for part in ["GET /systems", "is not of type \"integer\"", "{\"total\": \"three\"}"] {
        assert!(wrong.contains(part), "{part} is not in: {wrong}");
    }
    let refused =
        schemathesis::check(&api("{}"), &[], &["--checks=not_a_server_error"]).expect_err("it fails");
    assert!(refused.contains("Server error"), "{refused}");
    let nothing =
        schemathesis::check(&format!("{}/none", api("{}")), &token, &[]).expect_err("there is none");
    assert!(nothing.contains("404"), "{nothing}");
}
