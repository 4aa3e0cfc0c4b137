//! Seeds, what changes between them, and the road that follows from them.

use std::fmt::Write as _;

use asmm_model::Privilege;
use asmm_model::assessment::{
    Hint, Measure, Measured, Score, Seed, SourceKind, Structure, Survey, Targets, compare, road, seed,
    seed_schema_text,
};
use serde_json::{Value, json};

use crate::golden::scores;
use crate::organisation::{self, agent, confirmed, role};

#[test]
fn the_seed_of_a_small_organisation() {
    let survey = organisation::survey();
    let measured = organisation::measured(&organisation::organisation(), &survey);
    let seed = seed(Structure::working(), &measured, &survey);
    let head = json!({
        "asmm_seed": seed.asmm_seed, "generated": seed.generated, "scope": seed.scope,
        "PR-A1": seed.areas.iter().find(|area| area.id == "PR-A1"),
    });
    insta::assert_snapshot!(format!("{head:#}"));
    let hints = seed.areas.iter().flat_map(|area| area.hints.iter().map(move |hint| (area, hint)));
    let mut lines: Vec<String> = hints
        .map(|(_, hint)| {
            let small = if hint.small_sample { " (small sample)" } else { "" };
            format!("{} {:?} {}: {}{small}", hint.rule, hint.kind, hint.level, hint.why)
        })
        .collect();
    let withheld = seed.areas.iter().flat_map(|area| &area.withheld);
    lines.extend(withheld.map(|withheld| format!("{} withheld: {}", withheld.rule, withheld.why)));
    insta::assert_snapshot!("hints", lines.join("\n"));
}

/// A seed of metrics that are set by hand, in an organisation that was scanned wholly.
fn seeded(metrics: &[(&str, u64, u64)]) -> Seed {
    let survey = Survey {
        sources: [SourceKind::Code, SourceKind::Aws, SourceKind::Kubernetes]
            .map(|kind| organisation::source(kind.name(), kind, 27))
            .to_vec(),
        ..organisation::survey()
    };
    let mut measured = organisation::measured(&[(agent("a", 3, None), confirmed(4))], &survey);
    for (id, num, den) in metrics {
        let measure = measured.measures.get_mut(*id).expect("a metric of the structure");
        let den_is_shown = measure.den.is_some();
        *measure =
            Measure { num: *num, den: den_is_shown.then_some(*den), known: *den, ..Measure::default() };
    }
    seed(Structure::working(), &measured, &survey)
}

fn hints_of(seed: &Seed, area: &str) -> Vec<String> {
    let area = seed.areas.iter().find(|one| one.id == area).expect("an area of the structure");
    let marks = |hint: &Hint| {
        let small = if hint.small_sample { " small" } else { "" };
        format!("{small}{}", if hint.conflicting { " conflicting" } else { "" })
    };
    let hints = area.hints.iter().map(|hint| format!("{} {}{}", hint.rule, hint.level, marks(hint)));
    let withheld =
        area.withheld.iter().map(|withheld| format!("{} withheld: {}", withheld.rule, withheld.why));
    hints.chain(withheld).collect()
}

#[test]
fn hints_hold_at_their_thresholds_and_say_what_they_rest_on() {
    let of = |metrics: &[(&str, u64, u64)], area: &str| hints_of(&seeded(metrics), area);
    assert_eq!(of(&[("M01", 5, 10)], "GV-2"), Vec::<String>::new());
    assert_eq!(of(&[("M01", 49, 100)], "GV-2"), ["GV-2.c1 2"]);
    assert_eq!(of(&[("M01", 1, 10)], "GV-2"), ["GV-2.c1 2", "GV-2.c2 1"]);
    assert_eq!(of(&[("M01", 9, 10), ("M02", 8, 10)], "GV-2"), ["GV-2.f1 3"]);
    assert_eq!(of(&[("M01", 2, 2), ("M02", 8, 10)], "GV-2"), ["GV-2.f1 3 small"]);
    // Nothing of nothing is no share.
    assert_eq!(of(&[("M01", 0, 0)], "GV-2"), Vec::<String>::new());
    // One half that is known is enough where either is.
    assert_eq!(of(&[("M11", 1, 3)], "PR-3"), ["PR-3.c1 2"]);
    // The same facts may bound from above and from below: both are shown.
    let both = [("M11", 10, 10), ("M03", 0, 10), ("M05", 10, 10), ("M02", 10, 10), ("scheduled_scans", 3, 1)];
    assert_eq!(of(&both, "ID-1"), ["ID-1.c3 1 conflicting", "ID-1.f1 3 conflicting"]);
    assert_eq!(of(&both, "GV-4"), ["GV-4.f1 2"]);
}

#[test]
fn a_floor_needs_that_its_sources_were_seen_and_its_subjects_are_known() {
    let survey = organisation::survey();
    let mut measured = organisation::measured(&organisation::organisation(), &survey);
    let traced = measured.measures.get_mut("M13").expect("a metric of the structure");
    *traced = Measure { num: 10, den: Some(10), known: 10, unknown: 3, ..Measure::default() };
    let told = |measured: &Measured, survey: &Survey| {
        hints_of(&seed(Structure::working(), measured, survey), "DE-1")
    };
    let unknown = "DE-1.f1 withheld: M13 is known of 76.92 % only, and a floor needs 80 %";
    assert_eq!(told(&measured, &survey), [unknown]);
    measured.measures.get_mut("M13").expect("a metric of the structure").unknown = 2;
    assert_eq!(told(&measured, &survey), ["DE-1.f1 2"]);
    let stale = Survey { fresh_hours: 12, ..survey.clone() };
    let unseen = "DE-1.f1 withheld: 0 % of the sources of type `code` were scanned wholly and lately, and M13 needs 80 %";
    assert_eq!(told(&measured, &stale), [unseen]);
    let undeclared = Survey { sources: Vec::new(), ..survey };
    assert_eq!(
        told(&measured, &undeclared),
        ["DE-1.f1 withheld: no source is declared that M13 could be seen in"]
    );
}

#[test]
fn what_changed_between_two_seeds() {
    let survey = organisation::survey();
    let structure = Structure::working();
    let before = organisation::organisation();
    let mut after = before.clone();
    // One agent gets a role of its own and loses its rights; another is decided.
    after[1].0.identities = vec![role("triage", Privilege::Write)];
    after[2].1 = confirmed(9);
    let later = Survey {
        now: organisation::day(29),
        sources: vec![organisation::source("github:shop", SourceKind::Code, 29)],
        ..survey.clone()
    };
    let old = seed(structure, &organisation::measured(&before, &survey), &survey);
    let new = seed(structure, &organisation::measured(&after, &later), &later);
    let mut told = String::new();
    for area in compare(&old, &new).areas {
        let _ = writeln!(told, "{}", area.area);
        area.changes.iter().for_each(|change| {
            let _ = writeln!(told, "  {change}");
        });
    }
    insta::assert_snapshot!(told);
    // That time goes on and scans are repeated changes no evidence.
    let again = Survey { now: organisation::day(29), ..survey.clone() };
    let repeated = seed(structure, &organisation::measured(&before, &again), &again);
    let unchanged = compare(&old, &repeated);
    assert_eq!((unchanged.structure, unchanged.agentic), (false, None));
}

#[test]
fn the_road_of_a_small_organisation() {
    let survey = organisation::survey();
    let structure = Structure::working();
    let seed = seed(structure, &organisation::measured(&organisation::organisation(), &survey), &survey);
    let golden: Value = serde_json::from_str(include_str!("rollup-golden.json")).unwrap();
    let scores = scores(structure, &golden["cases"][0]);
    let found = road(structure, &seed, &scores, &Targets::default());
    let mut told = String::new();
    for step in &found.steps {
        let (from, to, gain) = (step.from.level(), step.to.level(), step.gain);
        let _ = writeln!(
            told,
            "{} {from} → {to}: + {gain}, {} bands, {} systems",
            step.area,
            step.gain_bands,
            step.systems.len()
        );
        for barrier in &step.barriers {
            let _ = writeln!(told, "  {}; {}", barrier.lifted, barrier.shown_by);
        }
    }
    let _ = writeln!(told, "not assessed: {}", found.unassessed.join(" "));
    insta::assert_snapshot!(told);
    insta::assert_snapshot!("a_step_of_the_road", format!("{:#}", json!(found.steps[0])));
    let level = |level| Score::new(level).unwrap();
    let targets = Targets {
        areas: [("GV-1".to_owned(), level(5))].into(),
        domains: [("GV".to_owned(), level(3))].into(),
    };
    let of_govern = road(structure, &seed, &scores, &targets).steps;
    let mut aims: Vec<(&str, u8)> =
        of_govern.iter().map(|step| (step.area.as_str(), step.to.level())).collect();
    aims.retain(|(area, _)| area.starts_with("GV"));
    aims.sort_unstable();
    assert_eq!(aims, [("GV-1", 5), ("GV-2", 3), ("GV-4", 3), ("GV-A1", 3)]);
}

#[test]
fn the_committed_schema_of_the_seed_is_up_to_date() {
    let (committed, generated) = (include_str!("../../schema/seed.schema.json"), seed_schema_text());
    let differs = (1..).zip(generated.lines()).zip(committed.lines().chain(std::iter::repeat("")));
    let first = differs.into_iter().find(|((_, new), old)| new != old);
    assert!(
        generated == committed,
        "the types have changed (first at line {first:?}); if that is meant, run \
         `cargo run -p asmm-model --example seed-schema > asmm-model/schema/seed.schema.json`"
    );
}
