//! Who may do what from where, and what opens a decision again.

use std::fmt::Write as _;

use asmm_model::{Criterion, Effect, Gate, Place, Presence, Supports, System, Verdict};
use insta::assert_snapshot;
use jiff::civil::{Date, date};

use super::{
    Act, Fingerprint, Owned, Refused, Rejection, Review, Standing, Subject, act, corrected, reopened,
};
use crate::sample::{self, Sample};

const TODAY: Date = date(2026, 11, 27);

fn system(sample: Sample) -> System {
    sample::inventory(sample.observations()).systems.remove(0)
}

fn of<'s>(system: &'s System, by: &'s str, reason: &'s str) -> Subject<'s> {
    Subject { system, presence: Presence::Present, by, at: "2026-11-27T09:00:00.000Z", today: TODAY, reason }
}

fn at(standing: Standing) -> Review {
    let fingerprint = Some(Fingerprint::of(&system(sample::refunds("."))));
    Review { standing, fingerprint, ..Review::default() }
}

fn acts() -> Vec<Act> {
    vec![
        Act::Assign("ann".to_owned()),
        Act::Own(Owned::By("payments".to_owned())),
        Act::Correct(Criterion::C4, Some(false)),
        Act::Correct(Criterion::C4, None),
        Act::Confirm { verdict: None, in_scope: true, owner: None },
        Act::Reject(Rejection::FalsePositive, None),
        Act::Approve,
        Act::Withdraw,
        Act::Defer(date(2027, 1, 15)),
        Act::Retire,
        Act::Reopen,
    ]
}

/// What each act comes to from each standing, for a system that need not be rejected by two.
#[test]
fn every_act_from_every_standing() {
    let system = system(sample::summaries("."));
    let mut told = String::new();
    for standing in Standing::ALL {
        for one in acts() {
            let name = one.name();
            let review = Review { owner: Some(Owned::Unknown), ..at(standing) };
            let came = match act(&review, one, of(&system, "ann", "because it is so")) {
                Ok(next) => next.standing.name().to_owned(),
                Err(Refused(why)) => format!("refused: {why}"),
            };
            let _ = writeln!(told, "{:<13} {name:<9} {came}", standing.name());
        }
    }
    assert_snapshot!(told);
}

#[test]
fn what_an_act_asks_for() {
    let (agentic, other) = (system(sample::refunds(".")), system(sample::desk(".")));
    let owned = Review { owner: Some(Owned::By("payments".to_owned())), ..Review::default() };
    let confirm = |verdict| Act::Confirm { verdict, in_scope: true, owner: None };
    let reject = |rejection, until| Act::Reject(rejection, until);
    let mut told = String::new();
    for (what, review, one, system, reason) in [
        ("confirmed without an owner", &Review::default(), confirm(None), &agentic, ""),
        ("confirmed", &owned, confirm(None), &agentic, ""),
        ("another verdict without a reason", &owned, confirm(Some(Verdict::NotAgentic)), &agentic, ""),
        ("another verdict", &owned, confirm(Some(Verdict::NotAgentic)), &agentic, "it is a script"),
        ("an open verdict", &owned, confirm(None), &other, ""),
        ("an open verdict that is said", &owned, confirm(Some(Verdict::Agentic)), &other, "seen in a demo"),
        ("corrected without a reason", &owned, Act::Correct(Criterion::C1, Some(true)), &other, ""),
        ("rejected with too few words", &owned, reject(Rejection::NotAi, None), &other, "no"),
        ("rejected for good", &owned, reject(Rejection::NotAi, None), &other, "there is no model"),
        (
            "a sample",
            &owned,
            reject(Rejection::TestOrSample, None),
            &other,
            "an example of the documentation",
        ),
        (
            "out of scope until then",
            &owned,
            reject(Rejection::OutOfScope, Some(date(2027, 3, 1))),
            &other,
            "another company",
        ),
        (
            "out of scope for too long",
            &owned,
            reject(Rejection::OutOfScope, Some(date(2028, 3, 1))),
            &other,
            "another company",
        ),
        (
            "out of scope until today",
            &owned,
            reject(Rejection::OutOfScope, Some(TODAY)),
            &other,
            "another company",
        ),
        (
            "a duplicate of itself",
            &owned,
            reject(Rejection::DuplicateOf(other.id.as_str().to_owned()), None),
            &other,
            "seen twice already",
        ),
        (
            "an agentic one",
            &owned,
            reject(Rejection::FalsePositive, None),
            &agentic,
            "the pattern is in a comment",
        ),
        ("deferred without a reason", &owned, Act::Defer(date(2027, 1, 15)), &other, ""),
        ("deferred for too long", &owned, Act::Defer(date(2027, 3, 15)), &other, "leave"),
    ] {
        let came = match act(review, one, of(system, "ann", reason)) {
            Ok(next) => {
                let verdict = next.verdict.map_or("-", Verdict::name);
                let until = next.until.as_deref().unwrap_or("-");
                let proposed = if next.proposed.is_some() { ", proposed" } else { "" };
                format!("{} {verdict} until {until}{proposed}", next.standing.name())
            }
            Err(Refused(why)) => format!("refused: {why}"),
        };
        let _ = writeln!(told, "{what}: {came}");
    }
    assert_snapshot!(told);
}

#[test]
fn a_rejection_of_an_agentic_system_needs_two() {
    let system = system(sample::refunds("."));
    let reason = "the pattern is in a comment";
    let first =
        act(&Review::default(), Act::Reject(Rejection::FalsePositive, None), of(&system, "ann", reason))
            .unwrap();
    assert_eq!((first.standing, first.rejection.clone()), (Standing::InReview, None));
    assert!(act(&first, Act::Approve, of(&system, "ann", "")).is_err(), "nobody is two");
    assert!(
        act(&first, Act::Confirm { verdict: None, in_scope: true, owner: None }, of(&system, "bob", ""))
            .is_err()
    );
    let second = act(&first, Act::Approve, of(&system, "bob", "")).unwrap();
    assert_eq!((second.standing, second.rejection), (Standing::Rejected, Some(Rejection::FalsePositive)));
    assert_eq!((second.reason.as_str(), second.by.as_str()), (reason, "bob"));
    let back = act(&first, Act::Withdraw, of(&system, "ann", "")).unwrap();
    assert_eq!((back.standing, back.proposed), (Standing::InReview, None));
    // A correction does not make a system small enough for one.
    let review = act(
        &Review::default(),
        Act::Correct(Criterion::C3, Some(false)),
        of(&system, "ann", "it only reads"),
    )
    .unwrap();
    assert_eq!(corrected(&system.criteria, &review.corrections).verdict, Verdict::NotAgentic);
    let third =
        act(&review, Act::Reject(Rejection::FalsePositive, None), of(&system, "ann", reason)).unwrap();
    assert!(third.proposed.is_some());
}

#[test]
fn what_matters_opens_a_decision_again_and_nothing_else_does() {
    let place = |line| Place::line("services/refunds/agent.py", line);
    let asked = |line, gate| {
        system(sample::refunds(".").tool("close_case", Effect::Write, gate, place(line)).says(
            Criterion::C8,
            Supports::No,
            0.9,
            "keeps nothing",
            place(line),
        ))
    };
    let then = asked(40, Gate::Each);
    let owned = Review { owner: Some(Owned::Unknown), ..Review::default() };
    let confirmed =
        act(&owned, Act::Confirm { verdict: None, in_scope: true, owner: None }, of(&then, "ann", ""))
            .unwrap();
    let open = |system: &System, presence| reopened(&confirmed, Some((system, presence)), TODAY);
    assert_eq!(open(&asked(90, Gate::Each), Presence::Changed), None, "a line that moved");
    assert_eq!(open(&then, Presence::Returned), None, "it was confirmed, and is what it was");
    let again = open(&asked(40, Gate::None), Presence::Changed).unwrap();
    assert_snapshot!(again.reopened.join("\n"));
    assert_eq!((again.standing, again.owner.clone()), (Standing::NeedsReview, Some(Owned::Unknown)));
    assert_eq!(again.before.as_deref(), Some(&confirmed), "the decision that held is kept and shown");
    assert_eq!(reopened(&again, Some((&then, Presence::Changed)), TODAY), None, "it is open");
}

#[test]
fn a_day_that_is_over_and_a_system_that_is_back_open_a_decision_again() {
    let system = system(sample::summaries("."));
    let deferred =
        act(&Review::default(), Act::Defer(date(2026, 12, 1)), of(&system, "ann", "leave")).unwrap();
    let on = |review: &Review, presence, day| {
        reopened(review, Some((&system, presence)), day).map(|one| one.reopened)
    };
    assert_eq!(on(&deferred, Presence::Present, date(2026, 11, 30)), None);
    assert_eq!(
        on(&deferred, Presence::Present, date(2026, 12, 1)),
        Some(vec!["it held until 2026-12-01".to_owned()])
    );
    assert_eq!(
        reopened(&deferred, None, date(2026, 12, 2)).map(|one| one.standing),
        Some(Standing::NeedsReview)
    );
    assert!(on(&deferred, Presence::Returned, TODAY).is_some());
    for (standing, opens) in
        [(Standing::Retired, true), (Standing::Rejected, true), (Standing::Confirmed, false)]
    {
        let review = Review { standing, fingerprint: Some(Fingerprint::of(&system)), ..Review::default() };
        assert_eq!(on(&review, Presence::Returned, TODAY).is_some(), opens, "{standing:?}");
    }
}
