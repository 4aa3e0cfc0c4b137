//! Laws that hold for every set of policies.

use proptest::prelude::*;

use super::*;

const KEYS: [&str; 2] = ["a:one", "a:two"];

fn statement() -> impl Strategy<Value = String> {
    let action = prop_oneof![Just("s:Get"), Just("s:Put"), Just("s:*"), Just("*"), Just("S:ge?")];
    let resource = prop_oneof![
        Just("*"),
        Just("arn:p:s:::a"),
        Just("arn:p:s:::a*"),
        Just("arn:p:s:::*b"),
        Just("arn:p:s:*"),
        Just("arn:p:s:::${a:one}"),
    ];
    let operator = prop_oneof![
        Just("StringEquals"),
        Just("StringNotEquals"),
        Just("StringLike"),
        Just("StringNotLikeIfExists"),
        Just("ForAllValues:StringEquals"),
        Just("ForAnyValue:StringNotLike"),
        Just("Null"),
    ];
    let test = (operator, 0..2usize, prop_oneof![Just("a"), Just("b*"), Just("true"), Just("${a:two}")])
        .prop_map(|(operator, key, value)| {
            format!(r#", "Condition": {{"{operator}": {{"{}": "{value}"}}}}"#, KEYS[key])
        });
    let test = prop_oneof![2 => Just(String::new()), 1 => test];
    (prop::bool::weighted(0.7), prop::bool::weighted(0.2), prop::bool::weighted(0.2), action, resource, test).prop_map(
        |(allows, not_action, not_resource, action, resource, test)| {
            let effect = if allows { "Allow" } else { "Deny" };
            let (not_action, not_resource) =
                (if not_action { "Not" } else { "" }, if not_resource { "Not" } else { "" });
            format!(
                r#"{{"Effect": "{effect}", "{not_action}Action": "{action}", "{not_resource}Resource": "{resource}"{test}}}"#
            )
        },
    )
}

fn policy() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(statement(), 1..5)
}

fn attached(name: &str, statements: &[String]) -> Attached {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
    Attached { name: name.to_owned(), document: Some(Document::parse(&text).unwrap().into()) }
}

fn context() -> impl Strategy<Value = Context> {
    let key = || {
        prop_oneof![
            Just(Key::Unknown),
            Just(Key::Absent),
            Just(Key::Present(vec!["a".to_owned()])),
            Just(Key::Present(vec!["b".to_owned(), "bc".to_owned()])),
        ]
    };
    (key(), key()).prop_map(|(one, two)| Context::new().with_key(KEYS[0], one).with_key(KEYS[1], two))
}

fn resource() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("arn:p:s:::a")), Just(Some("arn:p:s:::ab")), Just(Some("arn:p:t:::b"))]
}

fn decide(layers: &Layers<'_>, resource: Option<&str>, context: &Context) -> Verdict {
    let principal = Principal {
        arn: "arn:aws:iam::1:role/r".to_owned(),
        account: "1".to_owned(),
        service_linked: false,
        management: false,
    };
    evaluate(&Request { action: "s:Get", resource, context, principal: &principal }, layers)
}

/// Whether it is not known what exceptions leave, or which part is meant, whatever the request.
fn is_open(verdict: &Verdict) -> bool {
    verdict.reasons.contains(&Reason::Exceptions) || verdict.reasons.contains(&Reason::Part)
}

/// Every way in which what is unknown may turn out.
fn outcomes(context: &Context) -> Vec<Context> {
    let mut all = vec![context.clone()];
    for key in KEYS {
        let unknown: Vec<Context> = all.clone();
        if *context.key(key) != Key::Unknown {
            continue;
        }
        all = unknown
            .iter()
            .flat_map(|known| {
                [
                    Key::Absent,
                    Key::Present(vec!["a".to_owned()]),
                    Key::Present(vec!["b".to_owned()]),
                    Key::Present(vec!["true".to_owned(), "a".to_owned()]),
                ]
                .map(|value| known.clone().with_key(key, value))
            })
            .collect();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn nothing_that_limits_ever_widens(own in policy(), other in policy(), context in context(), resource in resource()) {
        let own_policies = [attached("own", &own)];
        let before = decide(&Layers::of_identity(&own_policies), resource, &context);
        // Where it is open what exceptions leave, a further policy may ask about a part of which that is known.
        prop_assume!(!is_open(&before));
        let more = attached("other", &other);
        let levels = [vec![more.clone()]];
        let limited = [
            Layers { boundary: Some(&more), ..Layers::of_identity(&own_policies) },
            Layers { session: Some(&more), ..Layers::of_identity(&own_policies) },
            Layers { scps: &levels, ..Layers::of_identity(&own_policies) },
            Layers { rcps: &levels, ..Layers::of_identity(&own_policies) },
        ];
        for layers in &limited {
            prop_assert!(decide(layers, resource, &context).decision <= before.decision);
        }
        let denies: Vec<String> = other.iter().map(|s| s.replace("Allow", "Deny")).collect();
        let with_denies = [own_policies[0].clone(), attached("denies", &denies)];
        prop_assert!(decide(&Layers::of_identity(&with_denies), resource, &context).decision <= before.decision);
    }

    #[test]
    fn order_never_matters(own in policy(), other in policy(), context in context(), resource in resource()) {
        let forwards = [attached("a", &own), attached("b", &other)];
        let reversed: Vec<String> = own.iter().rev().cloned().collect();
        let backwards = [attached("b", &other), attached("a", &reversed)];
        let (one, two) = (
            decide(&Layers::of_identity(&forwards), resource, &context),
            decide(&Layers::of_identity(&backwards), resource, &context),
        );
        prop_assert_eq!((one.decision, one.resources, one.reasons), (two.decision, two.resources, two.reasons));
    }

    #[test]
    fn what_is_decided_stays_so_however_the_request_turns_out(own in policy(), limit in policy(), context in context(), resource in resource()) {
        let own = [attached("own", &own)];
        let limit = attached("limit", &limit);
        let layers = Layers { boundary: Some(&limit), ..Layers::of_identity(&own) };
        let before = decide(&layers, resource, &context);
        for concrete in outcomes(&context) {
            let after = decide(&layers, resource, &concrete);
            match before.decision {
                Decision::Conditional => {}
                decided => prop_assert!(after.decision == decided || is_open(&after), "{:?} became {:?}", before, after),
            }
        }
    }

    #[test]
    fn a_verdict_says_what_it_rests_on(own in policy(), context in context(), resource in resource()) {
        let own = [attached("own", &own)];
        let verdict = decide(&Layers::of_identity(&own), resource, &context);
        let allows = verdict.because.iter().any(|because| because.effect == Effect::Allow);
        match verdict.decision {
            Decision::Allowed => prop_assert!(allows && !verdict.resources.is_empty() && verdict.reasons.is_empty()),
            Decision::Conditional => prop_assert!(allows && !verdict.resources.is_empty() && !verdict.reasons.is_empty()),
            Decision::Denied => prop_assert!(!allows && verdict.resources.is_empty() && verdict.reasons.is_empty()),
        }
    }

    #[test]
    fn texts_of_any_kind_are_read_or_refused(text in "\\PC{0,200}") {
        let _ = Document::parse(&text);
    }
}
