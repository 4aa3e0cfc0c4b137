//! Cases of policies that are easily decided wrongly, each with the answer of AWS's documentation.

use super::*;

const MODEL: &str = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";

fn attached(name: &str, statements: &str) -> Attached {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    Attached { name: name.to_owned(), document: Some(Document::parse(&text).unwrap().into()) }
}

fn role() -> Principal {
    Principal {
        arn: "arn:aws:iam::111111111111:role/desk".to_owned(),
        account: "111111111111".to_owned(),
        service_linked: false,
        management: false,
    }
}

fn user() -> Principal {
    Principal { arn: "arn:aws:iam::111111111111:user/ada".to_owned(), ..role() }
}

fn asked(layers: &Layers<'_>, action: &str, resource: Option<&str>, context: &Context) -> Verdict {
    evaluate(&Request { action, resource, context, principal: &role() }, layers)
}

/// The decision on a request about a model, by one policy of the identity.
fn decided(statements: &str, context: &Context) -> Decision {
    let policies = [attached("own", statements)];
    asked(&Layers::of_identity(&policies), "bedrock:InvokeModel", Some(MODEL), context).decision
}

#[test]
fn t2_what_is_not_listed_is_allowed() {
    let context = Context::new();
    let policy = r#"[{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}]"#;
    assert_eq!(decided(policy, &context), Decision::Allowed);
    let policies = [attached("own", policy)];
    let verdict = asked(&Layers::of_identity(&policies), "iam:PassRole", None, &context);
    assert_eq!((verdict.decision, verdict.because), (Decision::Denied, Vec::new()));
}

#[test]
fn t3_everything_under_a_condition_is_not_everything() {
    let policy = r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:IsMcpServiceAction": "true"}}}"#;
    let policies = [attached("mcp", policy)];
    let verdict = asked(&Layers::of_identity(&policies), "bedrock:InvokeModel", None, &Context::new());
    assert_eq!(verdict.decision, Decision::Conditional);
    let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(reasons, ["it depends on `aws:ismcpserviceaction` of the request"]);
    assert_eq!(verdict.because[0].policy, "mcp");
}

#[test]
fn t4_single_statements_and_actions_in_any_case() {
    for action in ["BEDROCK:invokemodel", "bedrock:Invoke*", "bedrock:*Model", "bedrock:InvokeMode?", "*"] {
        let policy = format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}"#);
        assert_eq!(decided(&policy, &Context::new()), Decision::Allowed, "{action}");
    }
    for action in ["bedrock:InvokeModel?", "bedrock:Invoke", "bedrock", ""] {
        let policy = format!(r#"{{"Effect": "Allow", "Action": ["{action}"], "Resource": "*"}}"#);
        assert_eq!(decided(&policy, &Context::new()), Decision::Denied, "{action}");
    }
}

#[test]
fn t5_the_opposite_holds_for_a_key_that_is_absent() {
    let policy = r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#;
    assert_eq!(decided(policy, &Context::new().complete()), Decision::Allowed);
    assert_eq!(decided(policy, &Context::new()), Decision::Conditional);
    assert_eq!(decided(policy, &Context::new().with("aws:RequestedRegion", "eu-west-1")), Decision::Denied);
}

#[test]
fn t6_arns_with_too_few_parts_are_completed() {
    for (resource, expected) in [
        ("arn:aws:*", Decision::Allowed),
        ("arn:aws:bedrock", Decision::Allowed),
        ("arn:aws:s3", Decision::Denied),
        ("arn*", Decision::Allowed),
        ("model", Decision::Denied),
    ] {
        let policy = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{resource}"}}"#);
        assert_eq!(decided(&policy, &Context::new()), expected, "{resource}");
    }
}

#[test]
fn t7_foundation_models_have_no_account() {
    let policies = [attached(
        "own",
        r#"{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": ["arn:aws:bedrock:*:111111111111:inference-profile/*", "arn:aws:bedrock:eu-*::foundation-model/*"]}"#,
    )];
    let layers = Layers::of_identity(&policies);
    let context = Context::new();
    assert_eq!(asked(&layers, "bedrock:InvokeModel", Some(MODEL), &context).decision, Decision::Denied);
    let anywhere = asked(&layers, "bedrock:InvokeModel", None, &context);
    assert_eq!(anywhere.decision, Decision::Allowed);
    assert_eq!(
        anywhere.resources,
        ["arn:aws:bedrock:*:111111111111:inference-profile/*", "arn:aws:bedrock:eu-*::foundation-model/*"]
    );
}

#[test]
fn t8_resources_have_a_case() {
    let upper = MODEL.replace("anthropic", "Anthropic");
    let policy = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{upper}"}}"#);
    assert_eq!(decided(&policy, &Context::new()), Decision::Denied);
}

#[test]
fn t9_variables_match_what_they_stand_for_and_nothing_where_they_stand_for_nothing() {
    let policy = r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:*:*:foundation-model/${aws:PrincipalTag/vendor}.*"}"#;
    assert_eq!(decided(policy, &Context::new()), Decision::Conditional);
    assert_eq!(
        decided(policy, &Context::new().with("aws:PrincipalTag/vendor", "anthropic")),
        Decision::Allowed
    );
    assert_eq!(decided(policy, &Context::new().with("aws:PrincipalTag/vendor", "*")), Decision::Denied);
    assert_eq!(decided(policy, &Context::new().complete()), Decision::Denied);
    let old = Document::parse(
        r#"{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:*:*:foundation-model/${aws:PrincipalTag/vendor}.*"}}"#,
    );
    let policies = [Attached { name: "old".to_owned(), document: old.ok().map(Into::into) }];
    let context = Context::new().with("aws:PrincipalTag/vendor", "anthropic");
    let verdict = asked(&Layers::of_identity(&policies), "bedrock:InvokeModel", Some(MODEL), &context);
    assert_eq!(verdict.decision, Decision::Denied, "in the old version it is a text");
}

#[test]
fn t11_who_is_bound_by_what() {
    let all = [attached("own", r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#)];
    let scps = [vec![attached("scp", r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#)]];
    let layers = Layers { scps: &scps, ..Layers::of_identity(&all) };
    let context = Context::new();
    let of = |principal: &Principal, layers: &Layers<'_>| {
        evaluate(
            &Request { action: "bedrock:InvokeModel", resource: Some(MODEL), context: &context, principal },
            layers,
        )
        .decision
    };
    assert_eq!(of(&role(), &layers), Decision::Denied);
    assert_eq!(of(&Principal { management: true, ..role() }, &layers), Decision::Allowed);
    assert_eq!(of(&Principal { service_linked: true, ..role() }, &layers), Decision::Allowed);
    let rcps =
        [vec![attached("rcp", r#"{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}"#)]];
    let layers = Layers { rcps: &rcps, ..Layers::of_identity(&all) };
    assert_eq!(of(&Principal { management: true, ..role() }, &layers), Decision::Denied);
    assert_eq!(of(&Principal { service_linked: true, ..role() }, &layers), Decision::Allowed);

    let boundary = attached("boundary", r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#);
    let to = |arn: &str| {
        attached(
            "resource",
            &format!(
                r#"{{"Effect": "Allow", "Principal": {{"AWS": "{arn}"}}, "Action": "*", "Resource": "*"}}"#
            ),
        )
    };
    let (direct, by_role) = (to(&user().arn), to(&role().arn));
    let none: [Attached; 0] = [];
    let with =
        |policy| Layers { boundary: Some(&boundary), resource: Some(policy), ..Layers::of_identity(&none) };
    assert_eq!(of(&user(), &with(&direct)), Decision::Allowed, "a boundary does not limit what names a user");
    assert_eq!(of(&role(), &with(&by_role)), Decision::Denied, "but what names a role");
}

#[test]
fn t12_a_deny_under_a_condition_is_possible_and_not_certain() {
    let policy = r#"[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "Home", "Effect": "Deny", "Action": "bedrock:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}]"#;
    let policies = [attached("own", policy)];
    let verdict = asked(&Layers::of_identity(&policies), "bedrock:InvokeModel", None, &Context::new());
    assert_eq!(verdict.decision, Decision::Conditional);
    let because: Vec<_> = verdict.because.iter().map(|b| (b.statement, b.sid.as_deref(), b.effect)).collect();
    assert_eq!(because, [(1, None, Effect::Allow), (2, Some("Home"), Effect::Deny)]);
    assert_eq!(decided(policy, &Context::new().with("aws:SourceVpc", "vpc-1")), Decision::Allowed);
    assert_eq!(decided(policy, &Context::new().complete()), Decision::Denied);
}

#[test]
fn what_could_not_be_read_is_neither_allowed_nor_denied() {
    let own = [attached("own", r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#)];
    let unread = Attached { name: "arn:aws:iam::111111111111:policy/limit".to_owned(), document: None };
    let layers = Layers { boundary: Some(&unread), ..Layers::of_identity(&own) };
    let verdict = asked(&layers, "bedrock:InvokeModel", None, &Context::new());
    assert_eq!(verdict.decision, Decision::Conditional);
    assert_eq!(verdict.reasons, [Reason::Policy(unread.name.clone())].into());
    let denies = [attached("own", r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#)];
    let layers = Layers { boundary: Some(&unread), ..Layers::of_identity(&denies) };
    assert_eq!(asked(&layers, "bedrock:InvokeModel", None, &Context::new()).decision, Decision::Denied);
}

#[test]
fn layers_leave_what_they_have_in_common() {
    let own =
        [attached("own", r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:eu-*:*:*"}"#)];
    let boundary = attached(
        "boundary",
        r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:*:111111111111:*"}"#,
    );
    let layers = Layers { boundary: Some(&boundary), ..Layers::of_identity(&own) };
    let verdict = asked(&layers, "bedrock:InvokeAgent", None, &Context::new());
    assert_eq!(
        (verdict.decision, verdict.resources),
        (Decision::Allowed, vec!["arn:aws:bedrock:eu-*:111111111111:*".to_owned()])
    );
}

#[test]
fn a_deny_of_a_part_is_an_exception_and_several_are_open() {
    let with = |denies: &str| {
        let policy = format!(
            r#"[{{"Effect": "Allow", "Action": "*", "Resource": "*"}}, {{"Effect": "Deny", "Action": "*", {denies}}}]"#
        );
        let policies = [attached("own", &policy)];
        asked(&Layers::of_identity(&policies), "bedrock:InvokeModel", None, &Context::new())
    };
    let one = with(r#""Resource": "arn:aws:bedrock:us-*:*:*""#);
    assert_eq!((one.decision, one.because.len()), (Decision::Allowed, 2));
    let all_but = with(r#""NotResource": "arn:aws:bedrock:eu-*:*:*""#);
    assert_eq!(all_but.decision, Decision::Allowed);
    let policies = [attached(
        "own",
        r#"[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:bedrock:us-*:*:*"}, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:bedrock:u?-*:*:*"}]"#,
    )];
    let layers = Layers::of_identity(&policies);
    let all = asked(&layers, "bedrock:InvokeModel", Some("arn:aws:bedrock:*:*:*"), &Context::new());
    assert_eq!(
        (all.decision, all.resources),
        (Decision::Allowed, vec!["arn:aws:bedrock:u?-*:*:*".to_owned()])
    );
    let policies = [attached(
        "own",
        r#"[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": ["arn:aws:bedrock:?*:*:*", "arn:aws:bedrock::*:*"]}]"#,
    )];
    let layers = Layers::of_identity(&policies);
    let none = asked(&layers, "bedrock:InvokeModel", Some("arn:aws:bedrock:*:*:*"), &Context::new());
    assert_eq!((none.decision, none.reasons), (Decision::Conditional, [Reason::Exceptions].into()));
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let own = [attached("own", r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#)];
    let layers = Layers { cross_account: true, ..Layers::of_identity(&own) };
    assert_eq!(asked(&layers, "s3:GetObject", None, &Context::new()).decision, Decision::Conditional);
    let shared = attached(
        "bucket",
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}"#,
    );
    let layers = Layers { cross_account: true, resource: Some(&shared), ..Layers::of_identity(&own) };
    assert_eq!(asked(&layers, "s3:GetObject", None, &Context::new()).decision, Decision::Allowed);
    let none: [Attached; 0] = [];
    let layers = Layers { cross_account: true, resource: Some(&shared), ..Layers::of_identity(&none) };
    assert_eq!(asked(&layers, "s3:GetObject", None, &Context::new()).decision, Decision::Denied);
}
