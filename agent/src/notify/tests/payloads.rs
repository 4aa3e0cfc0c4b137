//! What each channel is sent, whole, and what hostile names become in it.

use std::io::Write as _;
use std::process::Stdio;

use super::super::{slack, teams, webhook};
use super::*;

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Two notices: one of a system, one of a target.
fn few() -> Delivery {
    let mut few = delivery(&told());
    few.notices.retain(|notice| matches!(notice.wanted, Wanted::GateLost | Wanted::CoverageLost));
    few
}

/// As many as no message has room for, each as long as it gets.
fn many() -> Delivery {
    let mut found = changed();
    let mut entry = found.systems.iter().find(|entry| entry.name == "desk").unwrap().clone();
    entry.changes.retain(|change| change.what.starts_with("tool"));
    let mut change = entry.changes[0].clone();
    (change.what, change.before, change.after) = ("<&>é".repeat(200), "&".repeat(500), "é".repeat(500));
    entry.changes = vec![change; 30];
    found.systems = (0..150)
        .map(|at| history::Entry { id: format!("sys-{at}"), name: "<".repeat(10_000), ..entry.clone() })
        .collect();
    delivery(&notices("run-2", AT, &found))
}

#[test]
fn a_webhook_is_sent_a_document_of_its_schema() {
    let body = webhook::body(&few(), Some("https://muster.example/")).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_snapshot!("webhook", pretty(&body));
    let schema: Value = serde_json::from_str(&schema_text()).unwrap();
    assert_snapshot!("webhook_schema", schema_text());
    let validator = jsonschema::validator_for(&schema).unwrap();
    for delivery in [few(), delivery(&hostile()), many()] {
        let body = webhook::body(&delivery, None).unwrap();
        assert!(validator.is_valid(&serde_json::from_slice(&body).unwrap()));
    }
    // The page shows one that is valid as well, and has every field that it needs.
    let page = include_str!("../../../docs/notifications.md");
    let (_, shown) = page.split_once("```json\n{").unwrap();
    let shown: Value = serde_json::from_str(&format!("{{{}", shown.split("```").next().unwrap())).unwrap();
    let faults: Vec<String> = validator.iter_errors(&shown).map(|error| error.to_string()).collect();
    assert_eq!(faults, [""; 0]);
    let mut less = shown;
    less["notices"][0].as_object_mut().unwrap().remove("key");
    assert!(!validator.is_valid(&less));
}

#[test]
fn the_signature_is_what_the_page_checks() {
    let page = include_str!("../../../docs/notifications.md");
    let (_, shown) = page.split_once("```python verify.py\n").unwrap();
    let program = format!(
        "{}\nimport sys\nprint(is_from_muster(sys.argv[1].encode(), sys.argv[2], sys.stdin.buffer.read()))\n",
        shown.split("```").next().unwrap()
    );
    let body = webhook::body(&few(), None).unwrap();
    let now = crate::clock::seconds();
    let signed = webhook::signature(CANARY, now, &body);
    let checked = |secret: &str, header: &str, body: &[u8]| {
        let mut python = Command::new("python3")
            .args(["-I", "-c", &program, secret, header])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(body).unwrap();
        let ended = python.wait_with_output().unwrap();
        assert!(ended.status.success());
        String::from_utf8(ended.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(checked(CANARY, &signed, &body), "True");
    assert_eq!(checked("another-secret-of-them", &signed, &body), "False");
    assert_eq!(checked(CANARY, &signed, b"{}"), "False");
    assert_eq!(checked(CANARY, &webhook::signature(CANARY, now - 3600, &body), &body), "False");
    assert_eq!(checked(CANARY, &signed.replace(&now.to_string(), &(now + 1).to_string()), &body), "False");
    assert_eq!(checked(CANARY, "t=²,v1=é", &body), "False");
}

#[test]
fn slack_is_sent_blocks_of_plain_text() {
    let body = slack::body(&few(), 1, Some("https://muster.example/"));
    assert_snapshot!("slack", pretty(&body));
    let hostile = slack::body(&delivery(&hostile()), 20, None);
    let texts: Vec<&str> = hostile["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|block| block["text"]["text"].as_str())
        .collect();
    assert_snapshot!("slack_hostile", texts.join("\n"));
    for text in texts {
        assert!(!text.contains(['<', '>', '@']) && !text.contains("://"), "{text}");
    }
    // What a notification shows has nothing of them.
    assert_eq!(hostile["text"], "Muster: 10 notices (9 x gate lost, 1 x coverage lost)");
}

#[test]
fn slack_is_sent_no_more_than_it_takes() {
    let many = many();
    let body = slack::body(&many, 100, Some("https://muster.example/"));
    let blocks = body["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50 && blocks.len() > 45, "{}", blocks.len());
    for block in blocks {
        let most = if block["type"] == "header" { 150 } else { 3000 };
        let texts = std::iter::once(&block["text"]).chain(block["elements"].as_array().into_iter().flatten());
        for text in texts.filter_map(|text| text["text"].as_str()) {
            assert!(!text.is_empty() && text.encode_utf16().count() <= most, "{text}");
        }
    }
    let rest =
        blocks.iter().filter_map(|block| block["text"]["text"].as_str()).find(|text| text.contains("And "));
    let left = many.notices.len() - 45;
    assert!(rest.unwrap().starts_with(&format!("And {left} more: {} x gate lost", left - 1)), "{rest:?}");
}

#[test]
fn teams_is_sent_a_card() {
    let body = teams::body(&few(), 1, Some("https://muster.example/"));
    assert_snapshot!("teams", pretty(&body));
    let hostile = teams::body(&delivery(&hostile()), 20, None);
    let blocks = hostile["attachments"][0]["content"]["body"].as_array().unwrap();
    let lines = blocks.iter().filter_map(|block| block["items"].as_array()).flatten();
    let runs = lines.filter_map(|line| line["inlines"].as_array()).flatten();
    let texts: Vec<&str> = runs.map(|run| run["text"].as_str().unwrap()).collect();
    assert_snapshot!("teams_hostile", texts.join("\n"));
    for text in texts {
        assert!(
            !text.contains(['<', '>', '@', '&']) && !text.contains("](") && !text.contains("{{"),
            "{text}"
        );
    }
    // Markdown is read in these: they hold nothing that was scanned.
    for block in blocks.iter().filter_map(|block| block["text"].as_str()) {
        assert!(block.starts_with("Muster: 10 notices") || block.starts_with("Delivery "), "{block}");
    }
}

#[test]
fn teams_is_sent_no_more_than_it_takes() {
    let many = many();
    let body = teams::body(&many, 100, Some("https://muster.example/"));
    assert!(body.to_string().len() < 28 * 1024, "{}", body.to_string().len());
    let blocks = body["attachments"][0]["content"]["body"].as_array().unwrap();
    let shown = blocks.iter().filter(|block| block["type"] == "Container").count();
    assert!(shown > 0 && shown < many.notices.len());
    let left = format!("And {} more", many.notices.len() - shown);
    assert!(blocks.iter().any(|block| block["text"].as_str().is_some_and(|text| text.starts_with(&left))));
}

/// What the reader of Microsoft says against a card.
fn faults(card: &Value) -> String {
    let mut node = Command::new("node")
        .arg(beside("card.js"))
        .arg(VENV.join("adaptivecards.js"))
        .arg("1.4")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node can be run");
    node.stdin.take().unwrap().write_all(card.to_string().as_bytes()).unwrap();
    let ended = node.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.success(), said.is_empty(), "{said}");
    said
}

#[test]
fn the_reader_of_cards_understands_ours() {
    let card = |delivery: &Delivery| {
        teams::body(delivery, 20, Some("https://muster.example/"))["attachments"][0]["content"].clone()
    };
    for delivery in [few(), delivery(&hostile()), many()] {
        assert_eq!(faults(&card(&delivery)), "");
    }
    // The reader does refuse what is wrong.
    let mut wrong = card(&few());
    wrong["body"][1]["items"][0]["type"] = json!("RichTextBlok");
    assert!(faults(&wrong).contains("RichTextBlok"));
    let mut newer = card(&few());
    newer["version"] = json!("1.9");
    assert!(!faults(&newer).is_empty());
}
