//! Findings in the Static Analysis Results Interchange Format, version 2.1.0, for code scanning and editors.

mod baseline;
mod log;
mod results;
mod rules;

use asmm_model::{Coverage, Gap, GapReason, Inventory};
use serde_json::{Value, json};

use self::log::{
    Descriptor, DescriptorReference, Driver, Found, Identifier, Invocation, Log, Message, Notification, Run,
    Tool,
};
use self::rules::Rule;
use crate::history::Difference;

/// The schema of the standard.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Reasons for gaps, in the order in which the log describes them.
const REASONS: [GapReason; 8] = [
    GapReason::Denied,
    GapReason::TooLarge,
    GapReason::Unparsable,
    GapReason::RateLimited,
    GapReason::Unsupported,
    GapReason::Generated,
    GapReason::Ignored,
    GapReason::Failed,
];

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    written(&log(inventory, results::all(inventory)))
}

/// The findings of an inventory beside those of an earlier one: each says what became of it.
pub(crate) fn compared(
    before: &Inventory,
    after: &Inventory,
    difference: &Difference,
) -> anyhow::Result<String> {
    let mut log = log(after, baseline::all(before, after, difference));
    if let (Some(base), Some(run)) = (&difference.base, log.runs.first_mut()) {
        run.properties["base"] = serde_json::to_value(base)?;
    }
    written(&log)
}

fn written(log: &Log) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(log)?;
    text.push('\n');
    Ok(text)
}

fn log(inventory: &Inventory, results: Vec<Found>) -> Log {
    let scan = &inventory.scan;
    let version = scan.tool.split_once(' ').map_or(scan.tool.as_str(), |(_, version)| version).to_owned();
    let targets: Vec<Value> = scan
        .targets
        .iter()
        .map(|target| json!({ "target": target.target, "commit": target.commit }))
        .collect();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Muster",
                version: version.clone(),
                semantic_version: version,
                rules: Rule::ALL.map(Rule::descriptor).to_vec(),
                notifications: REASONS.map(gap_descriptor).to_vec(),
            },
        },
        automation_details: Identifier { id: format!("muster/{}", scan.id) },
        invocations: vec![Invocation {
            execution_successful: true,
            start_time_utc: scan.started_at.clone(),
            notifications: inventory
                .coverage
                .iter()
                .flat_map(|coverage| coverage.skipped.iter().map(|gap| notification(coverage, gap)))
                .collect(),
        }],
        original_uri_base_ids: results::bases(inventory),
        results,
        column_kind: "unicodeCodePoints",
        properties: json!({ "rules": scan.rules, "targets": targets }),
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: vec![run] }
}

fn gap_descriptor(why: GapReason) -> Descriptor {
    let text = match why {
        GapReason::Denied => "A permission is missing.",
        GapReason::TooLarge => "Larger than the bound for its kind.",
        GapReason::Unparsable => "Not what its name says, or broken.",
        GapReason::RateLimited => "The source asked to slow down for longer than a scan may wait.",
        GapReason::Unsupported => "There is no rule or parser for it.",
        GapReason::Generated => "Written by a tool; left out on purpose.",
        GapReason::Ignored => "Left out by ignore rules, on purpose.",
        GapReason::Failed => "Something else went wrong.",
    };
    Descriptor {
        id: format!("gap/{}", why.name()),
        short_description: Message::ours(text),
        ..Descriptor::default()
    }
}

fn notification(coverage: &Coverage, gap: &Gap) -> Notification {
    let detail = gap.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    Notification {
        descriptor: DescriptorReference {
            id: format!("gap/{}", gap.why.name()),
            index: REASONS.iter().position(|why| *why == gap.why).unwrap_or_default(),
        },
        level: if gap.why.hides() { "warning" } else { "note" },
        message: Message::with_scanned(&format!("Not looked at: {}{detail}", gap.what)),
        properties: json!({ "target": coverage.target, "count": gap.count }),
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::{Criterion, Effect, Gate, IdentityKind, Place, Privilege, Supports, SystemKind};

    use super::*;
    use crate::sample::{self, Sample};

    #[test]
    fn the_log_tells_findings_and_gaps() {
        insta::assert_snapshot!(text(&sample::inventory(sample::observations("."))).unwrap());
    }

    /// Rule, kind and level of every result.
    fn told(inventory: &Inventory) -> Vec<(String, String, String)> {
        let log: Value = serde_json::from_str(&text(inventory).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        results.iter().map(|r| (word(&r["ruleId"]), word(&r["kind"]), word(&r["level"]))).collect()
    }

    #[test]
    fn identities_are_findings_by_what_is_known_of_them() {
        let mut inventory = sample::inventory(
            sample::refunds(".").identity("deployer", false, Place::locator("arn:x")).observations(),
        );
        let system = &mut inventory.systems[0];
        for identity in &mut system.identities {
            if identity.name == "deployer" {
                identity.privilege = Some(Privilege::Admin);
            } else {
                identity.privilege = Some(Privilege::Unknown);
            }
        }
        let mut key = system.identities[0].clone();
        key.kind = IdentityKind::ApiKey;
        key.privilege = None;
        inventory.identities.push(key);
        let told = told(&inventory);
        for (rule, kind, level) in [
            ("unknown-privilege", "review", "none"),
            ("all-powerful-identity", "fail", "warning"),
            ("key-in-place", "fail", "warning"),
        ] {
            let expected = (rule.to_owned(), kind.to_owned(), level.to_owned());
            assert!(told.contains(&expected), "{expected:?} in {told:?}");
        }
    }

    #[test]
    fn a_finding_keeps_its_fingerprint_when_its_lines_move() {
        let prints = |line| {
            let sample = Sample::new(".", "a", "a")
                .system(SystemKind::Agent, false)
                .says(Criterion::C1, Supports::Yes, 0.9, "chooses", Place::line("a.py", line))
                .tool("pay", Effect::Pay, Gate::None, Place::line("a.py", line));
            let log: Value =
                serde_json::from_str(&text(&sample::inventory(sample.observations())).unwrap()).unwrap();
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            results.iter().map(|result| result["partialFingerprints"].to_string()).collect::<Vec<_>>()
        };
        let first = prints(3);
        assert_eq!(first, prints(99));
        let mut once = first.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), first.len(), "each finding has its own");
    }

    #[test]
    fn hostile_names_are_shown_and_not_obeyed() {
        let hostile = "a\"},{\u{1b}[2J\r\n[click](https://evil.example) {0} \u{202e}?#%";
        let at = || Place::line(hostile, 3);
        let sample = Sample::new(hostile, hostile, hostile)
            .system(SystemKind::Agent, false)
            .says(Criterion::C1, Supports::Yes, 0.9, hostile, at())
            .tool(hostile, Effect::Pay, Gate::None, at())
            .identity(hostile, false, Place::locator(hostile));
        let mut inventory = sample::inventory(sample.observations());
        inventory.coverage[0].skipped = vec![Gap::new(hostile, GapReason::Failed).because(hostile)];
        let text = text(&inventory).unwrap();
        assert_eq!(text.chars().find(|c| *c != '\n' && c.is_control()), None);
        let log: Value = serde_json::from_str(&text).unwrap();
        let run = &log["runs"][0];
        let mut messages = vec![&run["invocations"][0]["toolExecutionNotifications"][0]["message"]];
        for result in run["results"].as_array().unwrap() {
            messages.push(&result["message"]);
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert!(place.as_str().is_none_or(|uri| !uri.contains(['?', '#', '[', '\n'])), "{place}");
        }
        for message in messages {
            let message = message["text"].as_str().unwrap();
            assert!(
                !message.contains("](") && !message.contains("{0}") && !message.contains('\u{202e}'),
                "{message}"
            );
        }
    }
}
