//! The collector on a small estate, and on exports that are none.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use asmm_model::Fact;
use muster_collect::conformance::{self, Outcome};
use muster_collect::{CollectError, Context, Target};
use muster_rules::RulePack;
use proptest::prelude::*;

use crate::AwsExportCollector;

mod managed;

const ESTATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/estate");
/// The external id of a vendor, which is a secret of sorts.
const CANARY: &str = "canary-external-id";

fn target(path: &Path) -> Target {
    Target::parse(&format!("aws-export:{}", path.display())).expect("a path is a target")
}

fn context() -> Context {
    Context::new(Arc::new(RulePack::built_in()))
}

fn scan(path: &Path) -> Result<Outcome, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(conformance::scan(&AwsExportCollector, &target(path), &context()))
}

#[expect(clippy::use_debug, reason = "kinds are shown as the code names them")]
fn shown(outcome: &Outcome) -> String {
    let mut text = String::new();
    for observation in &outcome.observations {
        match &observation.fact {
            Fact::Identity(identity) => {
                let _ = writeln!(text, "{} {:?} {:?}", identity.name, identity.kind, identity.privilege);
                for piece in &identity.evidence {
                    let note = piece.note.as_deref().unwrap_or_default();
                    let place = piece.place.to_string().replace("arn:aws:iam::111111111111:", "…");
                    let _ = writeln!(text, "    {place}: {note}");
                }
            }
            Fact::System { .. } => {
                let _ = writeln!(text, "SYSTEM {}", observation.scope.name);
            }
            _ => {}
        }
    }
    for gap in outcome.coverage.iter().flat_map(|coverage| &coverage.skipped) {
        let _ =
            writeln!(text, "GAP {:?} {}: {}", gap.why, gap.what, gap.detail.as_deref().unwrap_or_default());
    }
    text
}

#[test]
fn an_estate_is_told_as_it_was_laid_out() {
    let outcome = scan(Path::new(ESTATE)).unwrap();
    assert_eq!(outcome.coverage.iter().map(|coverage| coverage.seen).sum::<u64>(), 15);
    insta::assert_snapshot!(shown(&outcome));
}

#[test]
fn it_does_what_every_collector_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(conformance::check(
        &AwsExportCollector,
        &target(Path::new(ESTATE)),
        &context(),
        &[CANARY],
    ));
}

#[test]
fn what_is_no_export_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let cases = [
        (folder.path().join("none"), "No such file"),
        (write("a.json", "{"), "no JSON at line 1, column 1"),
        (write("b.json", "[]"), "it lists neither roles nor users"),
        (folder.path().to_owned(), "it holds no get-account-authorization-details.json that can be read"),
    ];
    for (path, expected) in cases {
        let error = scan(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("give a folder of saved answers"), "{error}");
    }
}

#[test]
fn one_broken_page_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let iam = folder.path().join("1/global/iam");
    fs::create_dir_all(&iam).unwrap();
    let page = fs::read_to_string(
        Path::new(ESTATE).join("111111111111/global/iam/get-account-authorization-details.1.json"),
    );
    fs::write(iam.join("get-account-authorization-details.1.json"), page.unwrap()).unwrap();
    fs::write(iam.join("get-account-authorization-details.2.json"), "{\"RoleDetailList\": [").unwrap();
    let outcome = scan(folder.path()).unwrap();
    assert!(outcome.observations.iter().any(|o| o.scope.name == "desk"));
    let gaps: Vec<String> = outcome.coverage[0].skipped.iter().map(|gap| format!("{gap:?}")).collect();
    assert!(gaps.iter().any(|gap| gap.contains("details.2.json") && gap.contains("no JSON")), "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.contains("the last page says that more follow")), "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.contains("AWSElasticBeanstalkWebTier")), "{gaps:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_of_any_shape_end(cut in 0..6000usize, from in 0..6000usize, to in "[\\[\\]{}\",:a0*]{0,4}") {
        let page = fs::read_to_string(
            Path::new(ESTATE).join("111111111111/global/iam/get-account-authorization-details.1.json"),
        ).unwrap();
        let (from, cut) = (from.min(page.len()), cut.min(page.len()));
        let text = format!("{}{to}{}", &page[..from], &page[from.max(cut)..]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.json");
        fs::write(&path, text).unwrap();
        let _ = scan(&path);
    }
}
