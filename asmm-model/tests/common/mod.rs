//! Strategies for evidence, small enough that ties, doubles and conflicts are common.

use asmm_model::{Evidence, EvidenceClass, Place, Role, Supports};
use proptest::prelude::*;

/// Every class.
pub(crate) const CLASSES: [EvidenceClass; 11] = [
    EvidenceClass::Ast,
    EvidenceClass::Config,
    EvidenceClass::Manifest,
    EvidenceClass::Image,
    EvidenceClass::Env,
    EvidenceClass::Policy,
    EvidenceClass::Rbac,
    EvidenceClass::Cloud,
    EvidenceClass::Ci,
    EvidenceClass::Coverage,
    EvidenceClass::Claim,
];

/// A weight, or something that a broken rule might give as one.
pub(crate) fn odd_weight() -> impl Strategy<Value = Option<f64>> {
    const ODD: [f64; 10] =
        [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5, -0.0, 0.0, 1.0, 7.0, 1e300];
    prop_oneof![
        6 => (0..=20_u32).prop_map(|twentieths| Some(f64::from(twentieths) / 20.0)),
        2 => prop::sample::select(&ODD[..]).prop_map(Some),
        1 => Just(None),
    ]
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
}

fn piece() -> impl Strategy<Value = Evidence> {
    let supports =
        prop_oneof![4 => Just(Some(Supports::Yes)), 4 => Just(Some(Supports::No)), 1 => Just(None)];
    let class = prop_oneof![9 => prop::sample::select(&CLASSES[..]).prop_map(Some), 1 => Just(None)];
    let role = prop_oneof![3 => Just(Role::Production), 1 => Just(Role::Test)];
    let place =
        (one_of(&["a.py", "b.py"]), prop::option::of(1..3_u32), one_of(&["repo"]), one_of(&["arn:x"]))
            .prop_map(|(path, line, target, locator)| Place { target, path, line, locator });
    (supports, class, odd_weight(), role, place, one_of(&["r1", "r2"]), one_of(&["seen"])).prop_map(
        |(supports, class, weight, role, place, rule, note)| Evidence {
            rule,
            supports,
            place,
            class,
            weight,
            role,
            note,
        },
    )
}

/// Up to `most` pieces, at least one, with doubles.
pub(crate) fn evidence(most: usize) -> impl Strategy<Value = Vec<Evidence>> {
    prop::collection::vec(piece(), 1..=most)
}
