//! The collector on a bill as other tools write it, and on files that are none.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use asmm_model::{Evidence, Fact};
use muster_collect::conformance::{self, Outcome};
use muster_collect::{CollectError, Context, Target};
use muster_rules::RulePack;
use proptest::prelude::*;
use serde_json::json;

use crate::CycloneDxCollector;

const CANARY: &str = "canary-property";

fn target(path: &Path) -> Target {
    Target::parse(&format!("cyclonedx:{}", path.display())).expect("a path is a target")
}

/// To read all rules takes longer than to read a bill.
static RULES: LazyLock<Arc<RulePack>> = LazyLock::new(|| Arc::new(RulePack::built_in()));

fn scan(path: &Path) -> Result<Outcome, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cx = Context::new(Arc::clone(&RULES));
    runtime.block_on(conformance::scan(&CycloneDxCollector, &target(path), &cx))
}

/// What is said of a file with this text.
fn of(text: &[u8]) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bom.json");
    fs::write(&file, text).expect("a file");
    scan(&file).map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "…"))
}

fn bill() -> serde_json::Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.30.0"}]},
            "component": {
                "type": "container", "name": "ghcr.io/acme/refunds",
                "version": format!("sha256:{}", "ab".repeat(32)),
                "externalReferences": [{"type": "vcs", "url": "https://github.com/Acme/Refunds.git"}],
                "properties": [{"name": "token", "value": CANARY}],
            },
        },
        "components": [
            {"type": "library", "name": "openai", "version": "1.40.0", "purl": format!("pkg:pypi/openai@1.40.0?download_url=https://{CANARY}@pypi.example/openai")},
            {"type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0"},
            {"type": "application", "name": "app", "components": [
                {"type": "library", "name": "langgraph", "version": "0.6.0", "purl": "pkg:pypi/langgraph@0.6.0"},
            ]},
            {"type": "machine-learning-model", "group": "meta-llama", "name": "Llama-3.1-8B", "version": "8c22764"},
        ],
        "compositions": [{"aggregate": "incomplete_first_party_only", "assemblies": []}],
    })
}

fn places(evidence: &[Evidence]) -> String {
    let told = |one: &Evidence| format!("{} ({})", one.place, one.note.as_deref().unwrap_or_default());
    evidence.iter().map(told).collect::<Vec<_>>().join("; ")
}

#[expect(clippy::use_debug, reason = "kinds are shown as the code names them")]
fn told(outcome: &Outcome) -> String {
    let mut out = String::new();
    for observation in &outcome.observations {
        let _ = match &observation.fact {
            Fact::System { kind, complete, .. } => {
                writeln!(out, "system {} {kind:?} complete {complete}", observation.scope.name)
            }
            Fact::Component(one) => {
                writeln!(out, "component {} {:?} at {}", one.name, one.version, places(&one.evidence))
            }
            Fact::Model(one) => {
                writeln!(out, "model {} pinned {} at {}", one.name, one.pinned, places(&one.evidence))
            }
            Fact::Key(key) => {
                writeln!(out, "key {:?} {} {:?} at {}", key.claim, key.value, key.strength, key.place)
            }
            other => writeln!(out, "{other:?}"),
        };
    }
    for gap in outcome.coverage.iter().flat_map(|coverage| &coverage.skipped) {
        let _ = writeln!(out, "gap {} {}", gap.what, gap.detail.as_deref().unwrap_or_default());
    }
    out
}

#[test]
fn what_another_tool_listed_is_evidence() {
    let outcome = of(bill().to_string().as_bytes()).expect("a bill");
    assert_eq!(outcome.coverage[0].seen, 5);
    let told = told(&outcome);
    assert!(!told.contains(CANARY));
    insta::assert_snapshot!(told);
}

#[test]
fn a_bill_without_ai_is_no_system() {
    let text = json!({"bomFormat": "CycloneDX", "components": [
        {"type": "library", "name": "left-pad", "purl": "pkg:npm/left-pad@1.3.0"},
    ]});
    assert_eq!(told(&of(text.to_string().as_bytes()).expect("a bill")), "");
}

#[test]
fn the_contract_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bom.json");
    fs::write(&file, bill().to_string()).expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cx = Context::new(Arc::clone(&RULES));
    runtime.block_on(conformance::check(&CycloneDxCollector, &target(&file), &cx, &[CANARY]));
}

#[test]
fn what_is_no_bill_says_what_to_do() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let cases: [&[u8]; 7] = [
        b"",
        b"{\"bomFormat\": \"SPDX\"}",
        b"<?xml version=\"1.0\"?><bom/>",
        b"{\"bomFormat\": 7}",
        b"{\"bomFormat\": \"CycloneDX\",\n\"components\": [\n",
        b"\xff\xfe",
        deep.as_bytes(),
    ];
    let said = cases.map(|text| of(text).expect_err("it is none")).join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn components_within_components_have_an_end() {
    let mut inner = json!({"type": "library", "name": "openai", "purl": "pkg:pypi/openai@1"});
    for _ in 0..40 {
        inner = json!({"type": "library", "name": "x", "components": [inner]});
    }
    let outcome = of(json!({"bomFormat": "CycloneDX", "components": [inner]}).to_string().as_bytes());
    // Forty of them are within the depth that JSON may have, and deeper than is read: that is said, and nothing is guessed.
    assert_eq!(
        told(&outcome.expect("a bill")),
        "gap components more components, or deeper within each other, than are read\n"
    );
}

proptest! {
    #[test]
    fn no_text_and_no_name_ends_a_scan(text in prop::collection::vec(any::<u8>(), 0..200), name in any::<String>()) {
        let _ = of(&text);
        let mut bill = bill();
        bill["metadata"]["component"]["name"] = name.clone().into();
        bill["components"][0]["purl"] = format!("pkg:pypi/{name}").into();
        bill["components"][3]["name"] = name.into();
        prop_assert!(of(bill.to_string().as_bytes()).is_ok());
    }
}
