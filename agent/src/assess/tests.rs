//! What may be done with an assessment, and what is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asmm_model::assessment::{
    AgenticScope, AreaScore, Hint, HintKind, Score, Structure, Survey, Tally, Weight, seed,
};

use super::{Act, Assessment, Done, Given, Head, Held, Seeded, Signed, Subject, act};

/// An assessment that nobody has scored. PR-1 has a ceiling of 2 and a floor of 2, whatever systems there are.
fn assessment() -> Assessment {
    let structure = Structure::working().clone();
    let survey = Survey {
        now: "2026-11-28T09:00:00Z".parse().unwrap(),
        sources: Vec::new(),
        fresh_hours: 168,
        scheduled_scans: 0,
        register: false,
        agreements: None,
        scan_ids: Vec::new(),
        tool: "muster 0.1.0".to_owned(),
    };
    let mut seed = seed(&structure, &Tally::new().finish(&structure, &survey), &survey);
    seed.scope.agentic_scope = AgenticScope::InScope;
    let area = seed.areas.iter_mut().find(|area| area.id == "PR-1").unwrap();
    let hint = |kind, rule: &str, why: &str| Hint {
        kind,
        level: 2,
        rule: rule.to_owned(),
        why: why.to_owned(),
        small_sample: false,
        conflicting: false,
        evidence: Vec::new(),
    };
    area.hints = vec![
        hint(HintKind::Ceiling, "PR-1.c1", "6 of 9 systems use static keys"),
        hint(HintKind::Floor, "PR-1.f1", "all identities are known"),
    ];
    Assessment {
        head: Head {
            name: "2026-q4".to_owned(),
            begun_at: "2026-11-28T09:00:00.000Z".to_owned(),
            begun_by: "ada".to_owned(),
            signed: None,
            weights: BTreeMap::new(),
        },
        structure,
        seeded: Seeded { number: 1, at: "2026-11-28T09:00:00.000Z".to_owned(), by: "ada".to_owned(), seed },
        areas: BTreeMap::new(),
        changed: BTreeMap::new(),
    }
}

fn score(area: &str, level: u8) -> Act {
    Act::Score { area: area.to_owned(), score: Score::new(level).unwrap(), tests: BTreeMap::new() }
}

fn by<'s>(by: &'s str, reason: &'s str) -> Subject<'s> {
    Subject { by, at: "2026-11-28T10:00:00.000Z", reason }
}

/// With every area at a level, as somebody gave it.
fn scored(level: u8, whoever: &str) -> Assessment {
    let mut assessment = assessment();
    for area in assessment.structure.areas() {
        let given = Given {
            score: AreaScore::Scored(Score::new(level).unwrap()),
            tests: BTreeMap::new(),
            outside: false,
            by: whoever.to_owned(),
            at: "2026-11-28T10:00:00.000Z".to_owned(),
            reason: String::new(),
            seed: 1,
        };
        assessment.areas.insert(area.id.clone(), Held { revision: 1, given });
    }
    assessment
}

#[test]
fn what_is_refused_says_what_to_do() {
    let open = assessment();
    let tests = |of: &[(&str, u8)]| -> BTreeMap<String, Score> {
        of.iter().map(|(id, level)| ((*id).to_owned(), Score::new(*level).unwrap())).collect()
    };
    let tested = |level: u8, of: &[(&str, u8)]| Act::Score {
        area: "GV-1".to_owned(),
        score: Score::new(level).unwrap(),
        tests: tests(of),
    };
    let area = |area: &str| area.to_owned();
    let mut none = assessment();
    none.seeded.seed.areas.iter_mut().find(|area| area.id == "PR-A1").unwrap().applicable = false;
    let mut signed = scored(3, "ada");
    signed.head.signed = Some(Signed {
        by: "bob".to_owned(),
        at: "2026-11-28T11:00:00.000Z".to_owned(),
        reason: String::new(),
    });
    let mut changed = scored(3, "ada");
    changed.changed.insert("PR-1".to_owned(), vec![asmm_model::assessment::Change::Appeared]);
    let weigh = Act::Weigh { of: "GV".to_owned(), weight: Weight::decimal("2").unwrap() };
    let table = [
        (&open, score("PR-9", 3), by("ada", "")),
        (&open, score("PR-1", 3), by("ada", "")),
        (&open, score("PR-1", 1), by("ada", "")),
        (&none, score("PR-A1", 2), by("ada", "")),
        (&open, tested(3, &[("written", 3), ("coverage", 2), ("measured", 1)]), by("ada", "")),
        (&open, tested(3, &[("sung", 3)]), by("ada", "")),
        (&open, Act::Exclude { area: area("GV-1") }, by("ada", "")),
        (&open, Act::Clear { area: area("GV-1") }, by("ada", "it was a mistake")),
        (&open, weigh.clone(), by("ada", "")),
        (&open, Act::Weigh { of: area("XX"), weight: Weight::ONE }, by("ada", "it matters more")),
        (&open, Act::Sign, by("bob", "")),
        (&open, Act::Reopen, by("bob", "new facts")),
        (&changed, Act::Sign, by("bob", "")),
        (&scored(3, "ada"), Act::Sign, by("ada", "")),
        (&signed, score("GV-1", 2), by("ada", "")),
        (&signed, weigh, by("ada", "it matters more")),
        (&signed, Act::Reopen, by("bob", "")),
    ];
    let mut told = String::new();
    for (assessment, what, subject) in table {
        let shown = format!("{what:?}");
        let refused = act(assessment, what, subject).unwrap_err();
        let _ = writeln!(told, "{shown} by {} because `{}`\n    {refused}", subject.by, subject.reason);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_level_outside_of_the_hints_is_given_with_a_reason_and_marked() {
    let open = assessment();
    let outside = |area: &str, level: u8| match act(
        &open,
        score(area, level),
        by("ada", "keys are leased for an hour, see the vault"),
    )
    .unwrap()
    {
        Done::Area(_, given) => given.outside,
        other => panic!("{other:?}"),
    };
    assert_eq!([1, 2, 3].map(|level| outside("PR-1", level)), [true, false, true]);
    assert!(!outside("GV-1", 5), "where nothing speaks against it, nothing is marked");
}

#[test]
fn a_second_person_signs_what_is_whole() {
    let whole = scored(3, "ada");
    assert!(matches!(act(&whole, Act::Sign, by("bob", "")), Ok(Done::Signed(signed)) if signed.by == "bob"));
    // Whose scores were all taken back has scored nothing.
    let mut cleared = scored(3, "ada");
    let held = cleared.areas.get_mut("GV-1").unwrap();
    (held.given.score, held.given.by) = (AreaScore::NotAssessed, "bob".to_owned());
    assert!(act(&cleared, Act::Sign, by("bob", "")).is_ok(), "83 % of the domain are assessed");
    let held = cleared.areas.get_mut("GV-2").unwrap();
    held.given.score = AreaScore::NotAssessed;
    assert!(act(&cleared, Act::Sign, by("bob", "")).is_err());
}
