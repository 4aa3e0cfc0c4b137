//! The golden case of the roll-up.

use std::collections::BTreeMap;

use asmm_model::assessment::{AgenticScope, AreaScore, Fraction, RollUp, Score, Scores, Structure, roll_up};
use serde_json::{Value, json};

/// Scores of a case, which are listed in the order of the areas.
pub(crate) fn scores(structure: &Structure, case: &Value) -> Scores {
    let mut scores = BTreeMap::new();
    for (domain, listed) in case["scores"].as_object().expect("as the golden case is written") {
        let areas = &structure.domain(domain).expect("as the golden case is written").areas;
        assert_eq!(areas.len(), listed.as_array().expect("as the golden case is written").len());
        for (area, score) in areas.iter().zip(listed.as_array().expect("as the golden case is written")) {
            let score = score.as_u64().map(|level| {
                Score::new(u8::try_from(level).expect("as the golden case is written"))
                    .expect("as the golden case is written")
            });
            scores.insert(area.id.clone(), score.map_or(AreaScore::NotAssessed, AreaScore::Scored));
        }
    }
    scores
}

/// Ratings as the golden case writes them.
fn written(rolled: &RollUp, case: &Value) -> Value {
    let number = |value: String| value.parse::<f64>().expect("as the golden case is written");
    let mut domains = json!({});
    for rating in rolled.domains.iter().filter(|rating| !case["scores"][&rating.id].is_null()) {
        let score = rating.score.expect("as the golden case is written");
        domains[&rating.id] = json!({
            "score": number(score.to_string()),
            "exact": serde_json::to_value(score).expect("as the golden case is written"),
            "coverage": number(rating.coverage.expect("as the golden case is written").to_string()),
            "low": number(rating.low.expect("as the golden case is written").to_string()),
            "high": number(rating.high.expect("as the golden case is written").to_string()),
            "band": rating.band,
            "capped": !rating.capped_by.is_empty(),
        });
    }
    domains
}

#[test]
fn the_golden_case_is_what_it_says() {
    let golden: Value = serde_json::from_str(include_str!("rollup-golden.json")).unwrap();
    let structure = Structure::working();
    for case in golden["cases"].as_array().unwrap() {
        let agentic = match case["agentic_applicable"].as_bool() {
            Some(false) => AgenticScope::NotApplicable,
            _ => AgenticScope::InScope,
        };
        let rolled = roll_up(structure, &scores(structure, case), agentic);
        assert_eq!(written(&rolled, case), case["domains"], "{}", case["name"]);
        let expected = &case["overall"];
        if expected.is_null() {
            continue;
        }
        let overall = &rolled.overall;
        let number = |value: Option<Fraction>| value.unwrap().to_string().parse::<f64>().unwrap();
        let reasons: Vec<String> = overall.provisional.iter().map(ToString::to_string).collect();
        let found = json!({
            "score": number(overall.score),
            "exact": serde_json::to_value(overall.score).unwrap(),
            "low": number(overall.low),
            "high": number(overall.high),
            "band": overall.band,
            "final": overall.is_final(),
            "reason": reasons.join("; "),
        });
        assert_eq!(found.to_string(), expected.to_string());
    }
}

#[test]
fn a_rating_is_final_at_the_coverage_that_is_needed_and_says_why_it_is_not() {
    let structure = Structure::working();
    let all =
        |score: AreaScore| -> Scores { structure.areas().map(|area| (area.id.clone(), score)).collect() };
    let two = AreaScore::Scored(Score::new(2).unwrap());
    let why = |scores: &Scores, agentic| {
        let overall = roll_up(structure, scores, agentic).overall;
        overall.provisional.iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    let with = |changed: &[(&str, AreaScore)]| {
        let mut scores = all(two);
        scores.extend(changed.iter().map(|(id, score)| ((*id).to_owned(), *score)));
        scores
    };
    let none: [&str; 0] = [];
    assert_eq!(why(&all(two), AgenticScope::InScope), none);
    assert_eq!(why(&all(two), AgenticScope::NotApplicable), none);
    // Four of five are 0.8.
    let (unseen, out) = (AreaScore::NotAssessed, AreaScore::NotApplicable);
    assert_eq!(why(&with(&[("GV-1", unseen), ("GV-2", out)]), AgenticScope::InScope), none);
    assert_eq!(
        why(&with(&[("GV-1", unseen), ("GV-2", out), ("GV-3", out)]), AgenticScope::InScope),
        ["GV coverage 0.75 is below 0.8"]
    );
    let recover = ["RC-1", "RC-2", "RC-A1"];
    assert_eq!(
        why(&with(&recover.map(|id| (id, unseen))), AgenticScope::InScope),
        ["no area of RC is assessed"]
    );
    assert_eq!(why(&with(&recover.map(|id| (id, out))), AgenticScope::InScope), ["no area of RC applies"]);
    assert_eq!(
        why(&all(two), AgenticScope::Provisional),
        ["whether the agentic areas apply is not decided (provisional)"]
    );
    let nothing = roll_up(structure, &Scores::new(), AgenticScope::InScope).overall;
    let ends = (nothing.low.map(|low| low.to_string()), nothing.high.map(|high| high.to_string()));
    assert_eq!((nothing.score, nothing.band), (None, None));
    assert_eq!(ends, (Some("1.00".to_owned()), Some("5.00".to_owned())));
}
