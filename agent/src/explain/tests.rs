//! Whole arguments about hand-made systems.

use std::fs;

use asmm_model::{
    Answer, Criterion, Effect, EvidenceClass, Gate, Inventory, Place, Supports, System, SystemKind, Verdict,
};
use muster_rules::RulePack;

use super::*;
use crate::sample::{self, Sample};

fn inventory(sample: Sample) -> Inventory {
    sample::inventory(sample.observations())
}

fn told(system: &System, criteria: &[Criterion], source: &mut Source) -> String {
    let question = Question { system, criteria, context: 1 };
    page(&question, RulePack::built_in().heuristics(), source, 100).text(false)
}

fn nothing() -> Source {
    Source::none("the test has none")
}

#[test]
fn an_undetermined_system_is_told_with_what_would_settle_it() {
    let inventory = inventory(sample::desk("."));
    insta::assert_snapshot!(told(&inventory.systems[0], &[], &mut nothing()));
}

#[test]
fn one_criterion_is_told_alone() {
    let inventory = inventory(sample::refunds("."));
    insta::assert_snapshot!(told(&inventory.systems[0], &[Criterion::C4], &mut nothing()));
}

#[test]
fn evidence_at_one_place_shares_its_code() {
    let lair = tempfile::tempdir().unwrap();
    let key = "sk-proj-CANARYq7Rk2vXz9LmW4tYb8";
    fs::write(
        lair.path().join("a.py"),
        format!("KEY = \"{key}\"\nagent = make('{key}') # {key}\nx = '{key}'\n"),
    )
    .unwrap();
    let at = || Place::line("a.py", 2);
    let sample = Sample::new(".", "", "a")
        .system(SystemKind::Agent, true)
        .says(Criterion::C1, Supports::Yes, 0.9, "makes an agent", at())
        .says(Criterion::C1, Supports::Yes, 0.8, "gives tools to a model call", at())
        .says(Criterion::C1, Supports::No, 0.5, "calls a model", Place::line("a.py", 9))
        .says(Criterion::C2, Supports::Yes, 0.9, &format!("loops with {key}"), at());
    let inventory = inventory(sample);
    let mut source = Source::folder(lair.path().to_owned());
    let told = told(&inventory.systems[0], &[Criterion::C1, Criterion::C2], &mut source);
    let (_, answers) = told.split_once("\n\nC1 ").unwrap();
    let (answers, _) = answers.split_once("\n\nWhat would change").unwrap();
    insta::assert_snapshot!(answers);
    assert!(!told.contains("CANARY"), "{told}");
}

#[test]
fn a_document_that_contradicts_itself_is_explained_by_its_answers() {
    let mut inventory = inventory(sample::refunds("."));
    inventory.systems[0].verdict = Verdict::NotAgentic;
    let told = told(&inventory.systems[0], &[], &mut nothing());
    assert!(told.starts_with("refunds: agentic, 85% sure, L4"), "{told}");
    assert!(
        told.contains("The inventory says not agentic, which is not what its answers come to."),
        "{told}"
    );
}

#[test]
fn what_is_in_the_way_is_named_only_if_it_is() {
    let weak = Sample::new(".", "", "a").system(SystemKind::Agent, true).says(
        Criterion::C3,
        Supports::Yes,
        0.4,
        "executes something",
        Place::line("a.py", 2),
    );
    let inventory = inventory(weak);
    let told = told(&inventory.systems[0], &[Criterion::C3], &mut nothing());
    let (_, takes) = told.split_once("For C3 affects to be no").unwrap();
    assert!(!takes.contains("has to go"), "0.80 is ahead of 0.40 by 0.30: {takes}");
}

#[test]
fn hostile_names_and_code_are_shown_and_not_obeyed() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\nfree\u{202e}dne";
    let lair = tempfile::tempdir().unwrap();
    fs::write(lair.path().join("a.py"), format!("x\n{hostile}\n\u{9b}2J\u{200b}\n")).unwrap();
    let sample = Sample::new(".", hostile, hostile)
        .system(SystemKind::Agent, false)
        .says(Criterion::C1, Supports::Yes, 0.9, hostile, Place::line("a.py", 2))
        .says(Criterion::C4, Supports::Yes, 0.9, hostile, Place::line(hostile, 2))
        .tool(hostile, Effect::Unknown, Gate::Unknown, Place::line("a.py", 3))
        .identity(hostile, false, Place::locator(hostile));
    let inventory = inventory(sample);
    for mut source in [Source::folder(lair.path().to_owned()), Source::none(hostile)] {
        let told = told(&inventory.systems[0], &[], &mut source);
        let odd =
            told.chars().find(|c| *c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')));
        assert_eq!(odd, None, "{told:?}");
    }
}

#[test]
fn every_answer_that_changes_a_verdict_says_what_it_takes() {
    let pack = RulePack::built_in();
    for criterion in [Criterion::C1, Criterion::C2, Criterion::C3, Criterion::C4] {
        for yes in [true, false] {
            let enough = answers::sufficient(pack.heuristics(), criterion, yes);
            assert!(!enough.is_empty(), "{criterion:?} {yes}: no heuristic suffices");
        }
    }
}

#[test]
fn evidence_is_explained_by_its_heuristic() {
    let pack = RulePack::built_in();
    let found = |rule: &str, note: &str, supports| {
        let evidence = asmm_model::Evidence::at(Place::file("a"), asmm_model::Role::Production)
            .by(rule)
            .of(EvidenceClass::Ast)
            .weighing(supports, 0.9)
            .noting(note);
        answers::observed(pack.heuristics(), Criterion::C1, &evidence).map(|heuristic| heuristic.id.clone())
    };
    let note = "gives tools to a model call: `x`";
    assert_eq!(found("uses-openai", note, Supports::Yes).as_deref(), Some("tools-bound"));
    assert_eq!(found("result-loop", "loops", Supports::Yes).as_deref(), Some("result-loop"));
    assert_eq!(found("uses-openai", note, Supports::No), None);
    assert_eq!(found("uses-openai", "something else", Supports::Yes), None);
    assert!(matches!(Answer::default(), Answer::Unknown(_)));
}
