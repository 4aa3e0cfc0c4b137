//! Whole answers about the mini repositories, as snapshots: what a person reads and what a program reads.

use insta::{Settings, assert_snapshot};
use muster_tests::stage::Stage;

/// What is no statement about the scanned repository, by pattern and what stands in its place.
const VARIES: [(&str, &str); 5] = [
    (r#""id": "[0-9a-f]{16}""#, r#""id": "[id]""#),
    (r#""started_at": "[^"]+""#, r#""started_at": "[time]""#),
    (r"sha256:[0-9a-f]+|blake3:[0-9a-f]+", "[digest]"),
    (r"muster \d+\.\d+\.\d+", "muster [version]"),
    (r"\b\d+(\.\d+)? m?s\b", "[duration]"),
];

fn report(mini: &str, format: &str) -> String {
    let ended = Stage::new().with_mini(mini).run(&["scan", mini, "--format", format]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "nobody watches: no messages");
    ended.stdout
}

fn both(mini: &str) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, stand_in) in VARIES {
        settings.add_filter(pattern, stand_in);
    }
    settings.bind(|| {
        assert_snapshot!(format!("{mini}.table"), report(mini, "table"));
        assert_snapshot!(format!("{mini}.json"), report(mini, "json"));
    });
}

#[test]
fn refund_agent() {
    both("refund-agent");
}

#[test]
fn support_bot() {
    both("support-bot");
}

#[test]
fn summariser() {
    both("summariser");
}

#[test]
fn bookshelf() {
    both("bookshelf");
}
