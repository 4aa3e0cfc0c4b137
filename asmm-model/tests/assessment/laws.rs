//! Laws of the assessment, for every structure that the lint lets through and for every organisation.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::assessment::{
    AgenticScope, AreaScore, Condition, DecisionState, Fraction, HintKind, Known, RollUp, Score, Scores,
    Seed, Source, SourceKind, SourceStatus, Structure, Survey, Targets, Weight, compare, road, roll_up, seed,
};
use asmm_model::{ComponentKind, Deployment, DeploymentKind, Incomplete, Level, Privilege, System, Verdict};
use proptest::prelude::*;
use proptest::{collection::vec, option::of, sample::select};
use serde_json::Value;

use crate::organisation::{self, agent, answer, day, key, model, role, uses};

fn score() -> impl Strategy<Value = AreaScore> {
    prop_oneof![
        4 => (1..=5_u8).prop_map(|level| AreaScore::Scored(Score::new(level).expect("a level"))),
        1 => Just(AreaScore::NotAssessed),
        1 => Just(AreaScore::NotApplicable),
    ]
}

fn agentic() -> impl Strategy<Value = AgenticScope> {
    select(
        &[
            AgenticScope::InScope,
            AgenticScope::Provisional,
            AgenticScope::NotApplicable,
            AgenticScope::Unknown,
        ][..],
    )
}

/// The working structure with weights of all sizes, the finest and the largest among them.
fn structure() -> impl Strategy<Value = Structure> {
    let hundredths = prop_oneof![1..=1000_u16, select(&[1, 997, 999, 1000][..])];
    vec(hundredths, 37).prop_map(|hundredths| {
        let structure = Structure::working();
        let ids = structure.domains.iter().map(|domain| domain.id.clone());
        let ids = ids.chain(structure.areas().map(|area| area.id.clone()));
        let weights = hundredths.iter().filter_map(|hundredths| Weight::hundredths(*hundredths));
        let weights: BTreeMap<String, Weight> = ids.zip(weights).collect();
        structure.with_weights(&weights).expect("ids of the structure")
    })
}

fn scores() -> impl Strategy<Value = Scores> {
    vec(score(), 31)
        .prop_map(|scores| Structure::working().areas().map(|area| area.id.clone()).zip(scores).collect())
}

/// The overall score in floating point, by the formula and nothing else.
fn naive(structure: &Structure, scores: &Scores, agentic: AgenticScope) -> Option<f64> {
    let weight = |weight: Weight| weight.to_string().parse::<f64>().expect("a decimal");
    let (mut sum, mut weights) = (0.0, 0.0);
    for domain in &structure.domains {
        let (mut of_domain, mut by) = (0.0, 0.0);
        for area in &domain.areas {
            let counts = !area.agentic_only || agentic == AgenticScope::InScope;
            if let (true, Some(AreaScore::Scored(score))) = (counts, scores.get(&area.id)) {
                of_domain += weight(area.weight) * f64::from(score.level());
                by += weight(area.weight);
            }
        }
        if by > 0.0 {
            sum += weight(domain.weight) * of_domain / by;
            weights += weight(domain.weight);
        }
    }
    (weights > 0.0).then(|| sum / weights)
}

#[allow(clippy::cast_precision_loss, reason = "what is compared is rounded anyway")]
fn float(fraction: Fraction) -> f64 {
    fraction.numerator() as f64 / fraction.denominator() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ratings_lie_in_their_ranges_and_are_what_the_formula_says(
        structure in structure(), scores in scores(), agentic in agentic(),
    ) {
        let RollUp { domains, overall } = roll_up(&structure, &scores, agentic);
        for rating in &domains {
            prop_assert_eq!(rating.score.is_some(), rating.assessed > 0);
            prop_assert_eq!(rating.low.is_some(), rating.applicable > 0);
            prop_assert!(rating.low <= rating.high);
            if let Some(score) = rating.score {
                prop_assert!(rating.low <= Some(score) && Some(score) <= rating.high);
                // The cap touches the band only, and never by more than what the lowest area asks for.
                let rounded = u8::try_from(score.rounded()).unwrap();
                prop_assert_eq!(rating.band.unwrap() < rounded, !rating.capped_by.is_empty());
            }
        }
        let expected = naive(&structure, &scores, agentic);
        prop_assert_eq!(overall.score.is_some(), expected.is_some());
        if let Some((score, expected)) = overall.score.zip(expected) {
            prop_assert!((float(score) - expected).abs() < 1e-9, "{} is not {expected}", float(score));
            prop_assert!(overall.low <= Some(score) && Some(score) <= overall.high);
        }
    }

    #[test]
    fn a_better_area_makes_nothing_worse(
        structure in structure(), scores in scores(), agentic in agentic(), at in 0..31_usize,
    ) {
        let area = structure.areas().nth(at).unwrap().id.clone();
        let Some(AreaScore::Scored(score)) = scores.get(&area).copied() else { return Ok(()) };
        let mut better = scores.clone();
        better.insert(area, AreaScore::Scored(score.up()));
        let (now, then) = (roll_up(&structure, &scores, agentic), roll_up(&structure, &better, agentic));
        for (now, then) in now.domains.iter().zip(&then.domains) {
            prop_assert!((now.score, now.band, now.low, now.high) <= (then.score, then.band, then.low, then.high));
            prop_assert!(now.band <= then.band && now.low <= then.low && now.high <= then.high);
            prop_assert_eq!(now.coverage, then.coverage);
        }
        prop_assert!(now.overall.score <= then.overall.score && now.overall.band <= then.overall.band);
        prop_assert_eq!(now.overall.provisional, then.overall.provisional);
    }

    #[test]
    fn the_order_of_areas_and_domains_changes_no_rating(
        structure in structure(), scores in scores(), agentic in agentic(), by in 0..8_usize,
    ) {
        let mut turned = structure.clone();
        turned.domains.rotate_left(by % 6);
        for domain in &mut turned.domains {
            let many = domain.areas.len();
            domain.areas.rotate_left(by % many);
            domain.areas.reverse();
        }
        let sorted = |mut rolled: RollUp| {
            rolled.domains.sort_by(|a, b| a.id.cmp(&b.id));
            rolled.domains.iter_mut().for_each(|rating| rating.capped_by.sort());
            rolled.overall.capped_by.sort();
            rolled.overall.provisional.sort();
            rolled
        };
        prop_assert_eq!(
            sorted(roll_up(&structure, &scores, agentic)),
            sorted(roll_up(&turned, &scores, agentic))
        );
    }

    #[test]
    fn what_nobody_assessed_is_never_zero_and_widens_the_range(scores in scores(), at in 0..31_usize) {
        let structure = Structure::working();
        let area = structure.areas().nth(at).unwrap().id.clone();
        let Some(AreaScore::Scored(_)) = scores.get(&area) else { return Ok(()) };
        let mut unseen = scores.clone();
        unseen.remove(&area);
        let (domain, _) = structure.area(&area).unwrap();
        let rating = |scores: &Scores| {
            let rolled = roll_up(structure, scores, AgenticScope::InScope);
            rolled.domains.into_iter().find(|rating| rating.id == domain.id).unwrap()
        };
        let (with, without) = (rating(&scores), rating(&unseen));
        prop_assert!(without.low <= with.low && with.high <= without.high);
        prop_assert!(without.coverage < with.coverage);
        prop_assert!(without.score.is_none_or(|score| score >= Fraction::whole(1)));
    }

    #[test]
    fn no_text_makes_a_condition_or_a_structure_panic(text in any::<String>(), at in any::<prop::sample::Index>()) {
        let _ = Condition::read(&text);
        if let Ok(read) = Condition::read(&text) {
            prop_assert_eq!(Condition::read(&read.to_string()), Ok(read));
        }
        let _ = Structure::read(&text);
        // A structure in which one value is another one.
        let mut document: Value = serde_json::from_str(Structure::working_text()).unwrap();
        let mut places = Vec::new();
        walk(&document, String::new(), &mut places);
        let place = at.get(&places);
        *document.pointer_mut(place).unwrap() = Value::from(text.as_str());
        if let Err(faults) = Structure::read(&document.to_string()) {
            prop_assert!(!faults.is_empty());
        }
    }
}

fn walk(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| walk(inner, format!("{at}/{key}"), places)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(item, inner)| walk(inner, format!("{at}/{item}"), places));
        }
        _ => {}
    }
    places.push(at);
}

fn known() -> impl Strategy<Value = Known> {
    use DecisionState::{Confirmed, Deferred, InReview, NeedsReview, Rejected, Retired};
    let state = select(&[Confirmed, Confirmed, Deferred, InReview, NeedsReview, Rejected, Retired][..]);
    let verdict = of(select(&[Verdict::Agentic, Verdict::NotAgentic, Verdict::NotAi][..]));
    let told = || of(any::<bool>());
    let records = (told(), told(), told(), told());
    (state, verdict, any::<bool>(), any::<bool>(), of(1..20_i64), told(), records).prop_map(
        |(state, verdict, owner_confirmed, in_bulk, decided, in_scope, records)| Known {
            state,
            verdict,
            owner_confirmed,
            in_bulk,
            in_scope,
            first_seen: Some(day(3)),
            first_decided_at: decided.map(day),
            declared: records.0,
            approval: records.1,
            purpose: records.2,
            data_classes: records.3,
            ..Known::default()
        },
    )
}

fn a_system(number: usize) -> impl Strategy<Value = System> {
    let verdict = select(&[Verdict::Agentic, Verdict::Undetermined, Verdict::NotAgentic][..]);
    let privilege =
        of((select(&["a", "b"][..]), select(&[Privilege::Admin, Privilege::Read, Privilege::Unknown][..])));
    let parts = (of(any::<bool>()), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (verdict, 0..=5_u8, privilege, vec(any::<bool>(), 0..3), parts).prop_map(
        move |(verdict, level, privilege, models, (c4, has_key, is_traced, runs, is_open))| {
            let mut system = agent(&format!("s{number}"), level, c4);
            system.verdict = verdict;
            system.level = [Level(level / 2), Level(level)];
            system.criteria.c4 = answer(c4);
            system.identities.extend(privilege.map(|(name, privilege)| role(name, privilege)));
            system.identities.extend(has_key.then(|| key(None)));
            system.models = models.iter().map(|pinned| model("m", *pinned)).collect();
            system.components.extend(is_traced.then(|| uses(ComponentKind::Observability, "langfuse")));
            system.incomplete.extend(is_open.then_some(Incomplete::Tools));
            if runs {
                system.locations =
                    vec![Deployment::seen(DeploymentKind::K8s, format!("c/n/deployment/{number}"))];
            }
            system
        },
    )
}

fn organisation() -> impl Strategy<Value = Vec<(System, Known)>> {
    (0..6_usize).prop_flat_map(|many| (0..many).map(|number| (a_system(number), known())).collect::<Vec<_>>())
}

fn survey() -> impl Strategy<Value = Survey> {
    let status =
        select(&[SourceStatus::Ok, SourceStatus::Ok, SourceStatus::Partial, SourceStatus::Never][..]);
    let kind = select(&[SourceKind::Code, SourceKind::Aws, SourceKind::Kubernetes][..]);
    let source = (status, kind, of(20..29_i64)).prop_map(|(status, kind, success)| Source {
        status,
        at: Some(day(27)),
        last_success: success.map(day),
        ..organisation::source(kind.name(), kind, 1)
    });
    (vec(source, 0..4), 0..5_u64, any::<bool>()).prop_map(|(sources, scheduled_scans, register)| Survey {
        sources,
        scheduled_scans,
        register,
        ..organisation::survey()
    })
}

/// What a seed promises whoever reads it.
fn promises(seed: &Seed) -> Result<(), TestCaseError> {
    let structure = Structure::working();
    let document = serde_json::to_value(seed).unwrap_or_default();
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for (area, written) in seed.areas.iter().zip(document["areas"].as_array().into_iter().flatten()) {
        prop_assert!(
            ["score", "scored_by", "rationale"].iter().all(|field| written.get(field) == Some(&Value::Null))
        );
        let own: BTreeSet<&str> = area.evidence.iter().map(|piece| piece.id.as_str()).collect();
        prop_assert!(own.iter().all(|id| ids.insert(id)), "an id is used twice");
        for piece in &area.evidence {
            prop_assert!(seed.metrics.contains_key(&piece.metric));
            prop_assert!(piece.den.is_none_or(|den| piece.num <= den), "{:?}", piece);
            prop_assert!(piece.systems.is_sorted() && piece.others.is_sorted() && piece.unclear.is_sorted());
        }
        for hint in &area.hints {
            prop_assert!(
                !hint.evidence.is_empty() && hint.evidence.iter().all(|id| own.contains(id.as_str()))
            );
            prop_assert!(hint.kind == HintKind::Ceiling || hint.level <= 3);
            prop_assert_eq!(
                &structure.rule(&hint.rule).map(|rule| rule.area.clone()),
                &Some(area.id.clone())
            );
            prop_assert!(!hint.why.contains('{'), "{}", hint.why);
        }
        prop_assert!(area.applicable || area.hints.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn seeds_keep_their_promises_in_any_order_of_systems(
        systems in organisation(), survey in survey(), scores in scores(),
    ) {
        let structure = Structure::working();
        let made = seed(structure, &organisation::measured(&systems, &survey), &survey);
        promises(&made)?;
        let text = serde_json::to_string(&made).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Seed>(&text).unwrap(), &made);

        let mut turned = systems.clone();
        turned.reverse();
        let other = Survey { sources: survey.sources.iter().rev().cloned().collect(), ..survey.clone() };
        let mut again = seed(structure, &organisation::measured(&turned, &other), &other);
        again.generated.at = "2030-01-01T00:00:00Z".to_owned();
        prop_assert!(compare(&made, &again).areas.is_empty());
        again.generated = made.generated.clone();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);

        let found = road(structure, &made, &scores, &Targets::default());
        let listed: BTreeSet<&str> = found.steps.iter().map(|step| step.area.as_str()).collect();
        prop_assert_eq!(listed.len(), found.steps.len());
        for step in &found.steps {
            prop_assert!(step.from < step.to && step.gain >= Fraction::ZERO);
            prop_assert!(step.barriers.iter().all(|barrier| barrier.level < step.to.level()));
        }
    }

    #[test]
    fn a_seed_with_a_score_is_no_seed(level in 0..9_u8) {
        let survey = organisation::survey();
        let made = seed(Structure::working(), &organisation::measured(&[], &survey), &survey);
        let mut document = serde_json::to_value(&made).unwrap();
        document["areas"][0]["score"] = Value::from(level);
        prop_assert!(serde_json::from_value::<Seed>(document).is_err());
    }
}
