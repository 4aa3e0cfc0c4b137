//! The laws of the Autonomy Test: worked examples, the decision rule by enumeration, and how evidence combines.

mod common;

use std::collections::BTreeMap;

use asmm_model::autonomy::{
    Basis, Circumstances, Decision, Missing, Open, Support, Ternary, combine, decide, priority, support,
};
use asmm_model::{
    Answer, Criteria, Criterion, Evidence, EvidenceClass, Level, Place, Privilege, Role, Supports, Verdict,
};
use common::{CLASSES, evidence, odd_weight};
use proptest::prelude::*;
use serde::Deserialize;

fn definite(yes: bool, confidence: f64) -> Answer {
    let basis = Basis { confidence, conflicting: false, evidence: Vec::new(), more: 0 };
    if yes { Answer::Yes(basis) } else { Answer::No(basis) }
}

fn answer(ternary: Ternary) -> Answer {
    match ternary {
        Ternary::Yes => definite(true, 0.9),
        Ternary::No => definite(false, 0.9),
        Ternary::Unknown => Answer::default(),
    }
}

fn ternary(name: &str) -> Ternary {
    *[Ternary::No, Ternary::Unknown, Ternary::Yes]
        .iter()
        .find(|t| t.name() == name)
        .expect("yes, no or unknown")
}

// ---- worked examples ----

#[derive(Deserialize)]
struct Examples {
    examples: Vec<Example>,
}

#[derive(Deserialize)]
struct Example {
    id: String,
    answers: BTreeMap<Criterion, String>,
    verdict: Verdict,
    level_min: u8,
    level_max: u8,
}

#[test]
fn worked_examples_come_out_as_stated() {
    let Examples { examples } = serde_json::from_str(include_str!("autonomy-examples.json")).unwrap();
    assert_eq!(examples.len(), 16);
    for example in examples {
        let criteria = Criteria::from_fn(|criterion| answer(ternary(&example.answers[&criterion])));
        let decision = decide(&criteria);
        assert_eq!(
            (decision.verdict, decision.level),
            (example.verdict, [Level(example.level_min), Level(example.level_max)]),
            "{}",
            example.id
        );
    }
}

// ---- the decision rule ----

/// The questions that verdict and level depend on.
const DECIDING: [Criterion; 7] = [
    Criterion::C1,
    Criterion::C2,
    Criterion::C3,
    Criterion::C4,
    Criterion::C5,
    Criterion::C9,
    Criterion::C10,
];

/// The rule for known answers, in two-valued logic.
fn is_agentic([c1, c2, c3, c4, ..]: [bool; 7]) -> bool {
    c1 && c3 && (c2 || c4)
}

fn level([c1, _, c3, c4, c5, c9, c10]: [bool; 7]) -> u8 {
    let steps = [c1, c3, c4, c5, c9 || c10];
    u8::try_from(steps.iter().take_while(|step| **step).count()).expect("five steps")
}

/// Every way of filling in what is unknown.
fn completions(answers: [Ternary; 7]) -> Vec<[bool; 7]> {
    let mut all = vec![[false; 7]];
    for (at, answer) in answers.iter().enumerate() {
        let set = |value: bool| {
            move |mut completion: [bool; 7]| {
                completion[at] = value;
                completion
            }
        };
        all = match answer {
            Ternary::Yes => all.into_iter().map(set(true)).collect(),
            Ternary::No => all.into_iter().map(set(false)).collect(),
            Ternary::Unknown => all.iter().flat_map(|c| [set(true)(*c), set(false)(*c)]).collect(),
        };
    }
    all
}

fn toggled(mut completion: [bool; 7], at: usize) -> [bool; 7] {
    completion[at] = !completion[at];
    completion
}

#[test]
fn verdict_level_and_what_settles_are_exact_for_every_answer_set() {
    for code in 0..3_usize.pow(7) {
        let answers: [Ternary; 7] = std::array::from_fn(|at| {
            [Ternary::No, Ternary::Unknown, Ternary::Yes][code / 3_usize.pow(u32::try_from(at).unwrap()) % 3]
        });
        let decision = decide(&Criteria::from_fn(|criterion| {
            DECIDING
                .iter()
                .position(|d| *d == criterion)
                .map_or_else(Answer::default, |at| answer(answers[at]))
        }));
        let completions = completions(answers);
        let agentic = completions.iter().filter(|c| is_agentic(**c)).count();
        let levels = completions.iter().map(|c| level(*c));
        let hangs_on = |at: usize| {
            answers[at] == Ternary::Unknown
                && completions.iter().any(|c| is_agentic(*c) != is_agentic(toggled(*c, at)))
        };
        let expected = Decision {
            verdict: if agentic == completions.len() {
                Verdict::Agentic
            } else if agentic == 0 {
                Verdict::NotAgentic
            } else {
                Verdict::Undetermined
            },
            level: [Level(levels.clone().min().unwrap()), Level(levels.max().unwrap())],
            confidence: (agentic == 0 || agentic == completions.len()).then_some(0.9),
            settles: (0..7)
                .filter(|at| hangs_on(*at))
                .map(|at| Missing { criterion: DECIDING[at], what: DECIDING[at].question().to_owned() })
                .collect(),
        };
        assert_eq!(decision, expected, "{answers:?}");
        assert!(decision.verdict != Verdict::Agentic || decision.level[0] >= Level(2), "{answers:?}");
        assert_eq!(decision.settles.is_empty(), decision.verdict != Verdict::Undetermined, "{answers:?}");
    }
}

#[test]
fn an_open_verdict_is_settled_by_the_facts_missing_from_its_own_questions() {
    let missing = |criterion, what: &str| Missing { criterion, what: what.to_owned() };
    let mut criteria = Criteria::from_fn(|_| answer(Ternary::Yes));
    criteria.c3 = Answer::Unknown(Open {
        missing: vec![
            missing(Criterion::C3, "what the tool `refund` does"),
            missing(Criterion::C6, "who runs it"),
            missing(Criterion::C3, "what the tool `close` does"),
        ],
        ..Open::default()
    });
    criteria.c4 = Answer::Unknown(Open {
        missing: vec![missing(Criterion::C4, "whether anybody is asked")],
        ..Open::default()
    });
    let settles = [
        missing(Criterion::C3, "what the tool `refund` does"),
        missing(Criterion::C3, "what the tool `close` does"),
    ];
    assert_eq!(decide(&criteria).settles, settles, "C2 is yes, so an open C4 does not matter");
    criteria.c2 = answer(Ternary::No);
    let with_bracket = [&settles[..], &[missing(Criterion::C4, "whether anybody is asked")]].concat();
    assert_eq!(decide(&criteria).settles, with_bracket);
    criteria.c1 = answer(Ternary::No);
    assert_eq!(decide(&criteria).settles, [], "a definite verdict needs nothing");
}

#[test]
fn confidence_is_that_of_the_weakest_link() {
    /// `+` is yes, `-` is no, `?` is unknown, with the confidence in hundredths.
    fn criteria(answers: [&str; 4]) -> Criteria {
        let answer = |text: &str| match text.split_at(1) {
            ("?", _) => Answer::default(),
            (sign, percent) => definite(sign == "+", percent.parse::<f64>().expect("a number") / 100.0),
        };
        let [c1, c2, c3, c4] = answers.map(answer);
        Criteria { c1, c2, c3, c4, ..Criteria::default() }
    }
    let table = [
        // Agentic: the smallest of C1, C3 and the better of C2 and C4.
        (["+90", "+80", "+85", "+70"], Some(0.80)),
        (["+90", "+70", "+85", "+80"], Some(0.80)),
        (["+65", "+90", "+85", "+90"], Some(0.65)),
        (["+90", "+90", "+66", "+90"], Some(0.66)),
        (["+90", "+70", "+85", "-99"], Some(0.70)),
        (["+90", "-99", "+85", "+71"], Some(0.71)),
        (["+90", "?", "+85", "+72"], Some(0.72)),
        (["+90", "+73", "+85", "?"], Some(0.73)),
        // Not agentic: the largest among the conjuncts that are no.
        (["-70", "+99", "+99", "+99"], Some(0.70)),
        (["+99", "+99", "-75", "+99"], Some(0.75)),
        (["-70", "?", "-75", "?"], Some(0.75)),
        (["-80", "?", "-75", "?"], Some(0.80)),
        (["-70", "?", "?", "?"], Some(0.70)),
        // The bracket is no as surely as its less sure part.
        (["+99", "-90", "+99", "-80"], Some(0.80)),
        (["+99", "-62", "+99", "-80"], Some(0.62)),
        (["-70", "-90", "+99", "-80"], Some(0.80)),
        (["-85", "-90", "?", "-80"], Some(0.85)),
        (["-70", "-90", "+99", "+80"], Some(0.70)),
        // Undetermined: none.
        (["?", "+90", "+90", "+90"], None),
        (["+90", "?", "+90", "-90"], None),
        (["?", "?", "?", "?"], None),
    ];
    for (answers, expected) in table {
        assert_eq!(decide(&criteria(answers)).confidence, expected, "{answers:?}");
    }
}

#[test]
fn priority_adds_up_as_designed() {
    let quiet = Circumstances { privilege: Privilege::None, owned: true, exposed: false };
    let privileged = |privilege| Circumstances { privilege, ..quiet };
    let conflict = || Answer::Unknown(Open { conflicting: true, ..Open::default() });
    let with = |change: &dyn Fn(&mut Criteria)| {
        let mut criteria = Criteria::from_fn(|_| answer(Ternary::No));
        change(&mut criteria);
        criteria
    };
    let none = with(&|_| ());
    let c1 = with(&|c| c.c1 = answer(Ternary::Yes));
    let traits =
        with(&|c| (c.c5, c.c6, c.c7) = (answer(Ternary::Yes), answer(Ternary::Yes), Answer::default()));
    let conflicting = with(&|c| c.c7 = conflict());
    let twice = with(&|c| (c.c7, c.c8) = (conflict(), conflict()));
    let all = Criteria::from_fn(|_| answer(Ternary::Yes));
    let open = Criteria::default();
    let table = [
        ("nothing", &none, quiet, 0),
        ("level", &c1, quiet, 15),
        ("traits that are yes", &traits, quiet, 5 + 5),
        ("conflicting", &conflicting, quiet, 10),
        ("conflicting counts once", &twice, quiet, 10),
        ("reads", &none, privileged(Privilege::Read), 10),
        ("writes", &none, privileged(Privilege::Write), 20),
        ("admin", &none, privileged(Privilege::Admin), 30),
        ("privilege unknown", &none, privileged(Privilege::Unknown), 0),
        ("no owner", &none, Circumstances { owned: false, ..quiet }, 10),
        ("exposed", &none, Circumstances { exposed: true, ..quiet }, 10),
        ("undetermined up to L5", &open, quiet, 100 + 75),
        ("agentic at L5", &all, quiet, 100 + 75 + 30),
        (
            "everything",
            &all,
            Circumstances { privilege: Privilege::Admin, owned: false, exposed: true },
            100 + 75 + 30 + 30 + 10 + 10,
        ),
    ];
    for (what, criteria, circumstances, expected) in table {
        assert_eq!(priority(criteria, &decide(criteria), circumstances), expected, "{what}");
    }
}

// ---- combining evidence ----

fn piece(class: EvidenceClass, supports: Supports, weight: f64) -> Evidence {
    Evidence::at(Place::line("app.py", 1), Role::Production).of(class).weighing(supports, weight)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// What an answer says, leaving out the evidence that it lists.
fn said(answer: &Answer) -> (Ternary, Option<f64>, bool) {
    (answer.ternary(), answer.confidence(), answer.is_conflicting())
}

#[test]
fn classes_add_up_and_one_class_twice_adds_nothing() {
    let constructor = piece(EvidenceClass::Ast, Supports::Yes, 0.9);
    let framework = piece(EvidenceClass::Manifest, Supports::Yes, 0.25);
    let import = piece(EvidenceClass::Ast, Supports::Yes, 0.4);
    let found = support(&[constructor.clone(), framework.clone()]);
    assert!(close(found.yes, 0.925) && close(found.no, 0.0), "{found:?}");
    let many =
        [vec![constructor.clone(), framework.clone()], vec![constructor.clone(); 100], vec![import; 100]];
    assert_eq!(support(&many.concat()), found);
    let expected = Answer::Yes(Basis {
        confidence: 0.925,
        conflicting: false,
        evidence: vec![constructor.clone(), framework.clone()],
        more: 0,
    });
    assert_eq!(combine(vec![framework, constructor], Vec::new()), expected);
    assert_eq!(support(&[]), Support { yes: 0.0, no: 0.0 });
    assert_eq!(combine(Vec::new(), Vec::new()), Answer::default(), "no evidence is unknown, not no");
}

#[test]
fn an_answer_needs_enough_support_and_a_clear_lead() {
    use Ternary::{No, Unknown, Yes};
    let table = [
        (0.60, 0.00, Yes, Some(0.600), false),
        (0.59, 0.00, Unknown, None, false),
        (0.60, 0.29, Yes, Some(0.426), false),
        (0.60, 0.30, Yes, Some(0.420), true),
        (0.60, 0.31, Unknown, None, true),
        (0.90, 0.60, Yes, Some(0.360), true),
        (0.90, 0.61, Unknown, None, true),
        (0.90, 0.90, Unknown, None, true),
        (0.29, 0.90, No, Some(0.639), false),
        (0.30, 0.90, No, Some(0.630), true),
        (0.00, 0.60, No, Some(0.600), false),
        (0.00, 0.59, Unknown, None, false),
        (0.31, 0.60, Unknown, None, true),
        (0.30, 0.30, Unknown, None, true),
        (0.30, 0.29, Unknown, None, false),
        (1.00, 1.00, Unknown, None, true),
    ];
    for (yes, no, ternary, confidence, conflicting) in table {
        let evidence = vec![
            piece(EvidenceClass::Ast, Supports::Yes, yes),
            piece(EvidenceClass::Config, Supports::No, no),
        ];
        let found = combine(evidence, Vec::new());
        assert_eq!(said(&found), (ternary, confidence, conflicting), "yes {yes}, no {no}");
    }
}

#[test]
fn only_an_open_answer_says_what_is_missing() {
    let missing = |what: &str| Missing { criterion: Criterion::C3, what: what.to_owned() };
    let wanted = vec![missing("b"), missing("a"), missing("b")];
    assert_eq!(combine(Vec::new(), wanted.clone()).missing(), [missing("a"), missing("b")]);
    let enough = vec![piece(EvidenceClass::Ast, Supports::Yes, 0.9)];
    assert_eq!(combine(enough, wanted).missing(), []);
}

#[test]
fn what_is_not_a_weight_counts_for_nothing_and_more_than_all_counts_as_all() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.0, f64::MIN];
    for weight in odd {
        let found = combine(vec![piece(EvidenceClass::Ast, Supports::Yes, weight)], Vec::new());
        let harmless = piece(EvidenceClass::Ast, Supports::Yes, 0.0);
        assert_eq!(found, Answer::Unknown(Open { evidence: vec![harmless], ..Open::default() }), "{weight}");
        assert!(serde_json::to_string(&found).unwrap().contains(r#""weight":0.0"#), "{weight}");
    }
    for weight in [1.0, 1.5, f64::MAX] {
        let found = combine(vec![piece(EvidenceClass::Ast, Supports::No, weight)], Vec::new());
        let certain = vec![piece(EvidenceClass::Ast, Supports::No, 1.0)];
        let basis = Basis { confidence: 1.0, conflicting: false, evidence: certain, more: 0 };
        assert_eq!(found, Answer::No(basis), "{weight}");
    }
}

#[test]
fn a_long_list_keeps_the_strongest_of_every_side_and_class() {
    let kinds = || CLASSES.iter().flat_map(|class| [(*class, Supports::Yes), (*class, Supports::No)]);
    let mut evidence = Vec::new();
    for (class, supports) in kinds() {
        evidence.push(piece(class, supports, 0.1));
        evidence.push(Evidence { place: Place::file("app.py"), ..piece(class, supports, 0.05) });
    }
    let again = evidence[0].clone();
    evidence.extend((0..200).map(|line| Evidence { place: Place::line("b.py", line), ..again.clone() }));
    // Evidence that supports neither side is shown where there is room, but never at the cost of what counts.
    evidence.extend(CLASSES.map(|class| Evidence { supports: None, ..piece(class, Supports::Yes, 0.9) }));
    let total = u64::try_from(evidence.len()).unwrap();
    let found = combine(evidence.clone(), Vec::new());
    assert_eq!((found.evidence().len(), found.more()), (25, total - 25));
    for (class, supports) in kinds() {
        let counted = (class, supports) != (EvidenceClass::Claim, Supports::No);
        let kept = found.evidence().contains(&piece(class, supports, 0.1));
        assert_eq!(kept, counted, "{class:?} {supports:?}");
    }
    assert_eq!(support(found.evidence()), support(&evidence));
}

#[test]
fn what_was_found_twice_is_listed_once_and_near_doubles_keep_their_order() {
    let weighed = piece(EvidenceClass::Ast, Supports::Yes, 0.0);
    let unweighed = Evidence { weight: None, ..weighed.clone() };
    let expected =
        Answer::Unknown(Open { evidence: vec![weighed.clone(), unweighed.clone()], ..Open::default() });
    let one = vec![weighed.clone(), unweighed.clone(), weighed.clone()];
    let other = vec![unweighed.clone(), weighed, unweighed];
    assert_eq!(combine(one, Vec::new()), expected);
    assert_eq!(combine(other, Vec::new()), expected);
}

proptest! {
    #[test]
    fn more_evidence_for_a_side_never_weakens_it_and_never_helps_the_other(
        before in evidence(12), added in evidence(12), side in prop_oneof![Just(Supports::Yes), Just(Supports::No)],
    ) {
        let added: Vec<_> = added.into_iter().map(|e| Evidence { supports: Some(side), ..e }).collect();
        let (old, new) = (support(&before), support(&[before, added].concat()));
        let grown = if side == Supports::Yes { (new.yes >= old.yes, new.no, old.no) }
            else { (new.no >= old.no, new.yes, old.yes) };
        prop_assert!(grown.0, "{old:?} {new:?}");
        prop_assert!((0.0..=1.0).contains(&new.yes) && (0.0..=1.0).contains(&new.no));
        prop_assert_eq!(grown.1.to_bits(), grown.2.to_bits());
    }

    /// A collector that could not run takes all evidence of its classes with it. That may lay bare an answer that
    /// its own evidence had held in check, but can never make one up.
    #[test]
    fn losing_what_a_collector_found_never_makes_an_answer_up(all in evidence(16), lost in 0..1_u32 << CLASSES.len()) {
        let is_lost = |e: &Evidence| {
            let class = e.class.unwrap_or(EvidenceClass::Claim);
            CLASSES.iter().position(|c| *c == class).is_some_and(|at| lost >> at & 1 == 1)
        };
        let (gone, rest): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_lost);
        let (before, after) = (support(&all), support(&rest));
        prop_assert!(after.yes <= before.yes && after.no <= before.no, "{before:?} {after:?}");
        let only = |side| -> Vec<_> { rest.iter().filter(|e| e.supports == Some(side)).cloned().collect() };
        let (was, is) = (combine(all.clone(), Vec::new()).ternary(), combine(rest.clone(), Vec::new()).ternary());
        for (side, other, verdict) in
            [(Supports::No, Supports::Yes, Ternary::No), (Supports::Yes, Supports::No, Ternary::Yes)]
        {
            if was != verdict && is == verdict {
                prop_assert!(gone.iter().any(|e| e.supports == Some(other)), "nothing that held it in check is gone");
                prop_assert_eq!(combine(only(side), Vec::new()).ternary(), verdict);
            }
        }
        // In particular: a `no` that rested on what is lost, such as a complete scan, is not `no` any more.
        if combine(only(Supports::No), Vec::new()).ternary() != Ternary::No {
            prop_assert_ne!(is, Ternary::No);
        }
    }

    #[test]
    fn losing_only_evidence_for_no_never_leads_to_no(all in evidence(16), lost in any::<u32>()) {
        let mut at = 0;
        let rest = all.iter().filter(|e| {
            at += 1;
            e.supports != Some(Supports::No) || lost >> (at % 32) & 1 == 0
        });
        let after = combine(rest.cloned().collect(), Vec::new()).ternary();
        prop_assert!(after != Ternary::No || combine(all.clone(), Vec::new()).ternary() == Ternary::No);
    }

    #[test]
    fn the_order_in_which_evidence_was_found_does_not_show(
        (found, shuffled) in evidence(40).prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle())),
    ) {
        let missing = |found: &[Evidence]| -> Vec<Missing> {
            let what = found.iter().filter_map(|e| e.note.clone());
            what.map(|what| Missing { criterion: Criterion::C3, what }).collect()
        };
        let (one, other) = (combine(found.clone(), missing(&found)), combine(shuffled.clone(), missing(&shuffled)));
        prop_assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
        prop_assert_eq!(one, other);
    }

    #[test]
    fn no_claim_can_argue_for_no(all in evidence(12), claims in evidence(40)) {
        let claims = claims.into_iter().map(|e| Evidence {
            supports: Some(Supports::No),
            class: e.class.and(Some(EvidenceClass::Claim)),
            ..e
        });
        let with = combine(all.iter().cloned().chain(claims).collect(), Vec::new());
        prop_assert_eq!(said(&with), said(&combine(all, Vec::new())));
    }

    #[test]
    fn claims_alone_decide_nothing(claims in evidence(40)) {
        let claims: Vec<_> =
            claims.into_iter().map(|e| Evidence { class: e.class.and(Some(EvidenceClass::Claim)), ..e }).collect();
        prop_assert!(support(&claims).yes < 0.3 + 1e-9 && support(&claims).no <= 0.0);
        prop_assert_eq!(combine(claims, Vec::new()).ternary(), Ternary::Unknown);
    }

    #[test]
    fn an_answer_lists_what_it_rests_on(
        pieces in prop::collection::vec((evidence(1), odd_weight()), 0..120),
    ) {
        // A line for each makes all of them different.
        let all: Vec<Evidence> = (1..)
            .zip(pieces.into_iter().flat_map(|(e, weight)| e.into_iter().map(move |e| Evidence { weight, ..e })))
            .map(|(line, e)| Evidence { place: Place::line("a.py", line), ..e })
            .collect();
        let found = combine(all.clone(), Vec::new());
        let listed = found.evidence();
        prop_assert_eq!(listed.len(), all.len().min(25));
        prop_assert_eq!(listed.len() as u64 + found.more(), all.len() as u64);
        prop_assert_eq!(support(listed), support(&all));
        prop_assert!(listed.iter().filter_map(|e| e.weight).all(|w| (0.0..=1.0).contains(&w)));
        prop_assert!(listed.is_sorted_by(|a, b| a.order(b).is_le()));
        prop_assert!(found.confidence().is_none_or(|c| (0.0..=1.0).contains(&c)));
    }
}
