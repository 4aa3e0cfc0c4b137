//! Random policies, decided by this engine and by one that others wrote. Where the two disagree, one of them is wrong:
//! what was found and who was is kept below as cases.

use iam_rs::{Arn, ContextValue, IAMPolicy, IAMRequest, Principal as Peer, PrincipalId};
use muster_aws::policy::{Attached, Context, Decision, Document, Key, Layers, Principal, Request, evaluate};
use serde_json::{Value, json};

use random::{ASKED, ASKED_ACTIONS, RESOURCES, Random, policy};

mod random;

const CASES: usize = 20_000;
const WHO: &str = "arn:aws:iam::111111111111:role/desk";

fn condition(random: &mut Random) -> Option<Value> {
    let (operator, key, values) = match random.below(16) {
        0 => ("StringEquals", "aws:username", json!(["ada", "bo"])),
        1 => ("StringNotEquals", "aws:username", json!("ada")),
        2 => ("StringLike", "aws:username", json!("a*")),
        3 => ("StringNotLike", "aws:username", json!(["b*", "c?"])),
        4 => ("StringEqualsIfExists", "aws:username", json!("bo")),
        5 => ("Null", "aws:username", json!("true")),
        6 => ("Bool", "aws:SecureTransport", json!("true")),
        7 => ("IpAddress", "aws:SourceIp", json!(["10.0.0.0/8", "192.0.2.7"])),
        8 => ("NotIpAddress", "aws:SourceIp", json!("10.0.0.0/8")),
        9 => ("ForAnyValue:StringEquals", "aws:TagKeys", json!(["team", "cost"])),
        10 => ("ForAllValues:StringLike", "aws:TagKeys", json!(["te*", "cost"])),
        11 => ("NumericLessThan", "aws:MultiFactorAuthAge", json!("600")),
        _ => return None,
    };
    Some(json!({ operator: { key: values } }))
}

/// The same request for both, as it was made: what is not there is absent.
fn context(random: &mut Random) -> (Context, iam_rs::Context) {
    let (mut own, mut peer) = (Context::new(), iam_rs::Context::new());
    let singles = [
        ("aws:username", vec!["ada", "bo", "cy"]),
        ("aws:SourceIp", vec!["10.1.2.3", "192.0.2.7"]),
        ("aws:MultiFactorAuthAge", vec!["300", "900"]),
    ];
    for (key, values) in singles {
        if random.below(3) > 0 {
            let value = random.one(&values);
            own = own.with(key, value);
            match value.parse::<f64>() {
                Ok(number) => peer.insert(key.to_owned(), ContextValue::Number(number)),
                Err(_) => peer.insert(key.to_owned(), ContextValue::String(value.to_owned())),
            }
        }
    }
    if random.below(3) > 0 {
        let is = random.below(2) == 0;
        own = own.with("aws:SecureTransport", is.to_string());
        peer.insert("aws:SecureTransport".to_owned(), ContextValue::Boolean(is));
    }
    if random.below(3) > 0 {
        let tags: Vec<String> =
            (0..=random.below(2)).map(|_| random.one(&["team", "cost", "other"]).to_owned()).collect();
        own = own.with_key("aws:TagKeys", Key::Present(tags.clone()));
        peer.insert("aws:TagKeys".to_owned(), ContextValue::StringList(tags));
    }
    (own.complete(), peer)
}

#[test]
fn random_policies_are_decided_as_by_a_peer() {
    let mut random = Random(7);
    let (mut allowed, mut refused) = (0, 0);
    let mut disagreements = Vec::new();
    for case in 0..CASES {
        let documents: Vec<Value> =
            (0..=random.below(2)).map(|_| policy(&mut random, &RESOURCES, condition)).collect();
        let (own_context, peer_context) = context(&mut random);
        let resource = random.one(&ASKED);
        let action = random.one(&ASKED_ACTIONS);
        let attached: Vec<Attached> = documents
            .iter()
            .map(|document| Attached {
                name: "own".to_owned(),
                document: Document::of(document).ok().map(Into::into),
            })
            .collect();
        let principal = Principal {
            arn: WHO.to_owned(),
            account: "111111111111".to_owned(),
            service_linked: false,
            management: false,
        };
        let request =
            Request { action, resource: Some(resource), context: &own_context, principal: &principal };
        let own = evaluate(&request, &Layers::of_identity(&attached));
        let policies: Vec<IAMPolicy> =
            documents.iter().map(|document| serde_json::from_value(document.clone()).unwrap()).collect();
        let request = IAMRequest::new_with_context(
            Peer::Aws(PrincipalId::String(WHO.to_owned())),
            action,
            Arn::parse(resource).unwrap(),
            peer_context.clone(),
        );
        let Ok(peer) = iam_rs::evaluate_policies(&policies, &request) else {
            refused += 1;
            continue;
        };
        let peer = peer == iam_rs::Decision::Allow;
        allowed += usize::from(peer);
        let agrees = match own.decision {
            Decision::Allowed => peer,
            Decision::Denied => !peer,
            Decision::Conditional => false,
        };
        if !agrees && disagreements.len() < 5 {
            disagreements.push(format!(
                "case {case}: {action} on {resource}: peer {peer}, own {own:?}\n{peer_context:?}\n{}",
                documents.iter().map(|d| format!("{d:#}")).collect::<Vec<_>>().join("\n")
            ));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n\n"));
    assert!((CASES / 20..CASES / 2).contains(&allowed), "{allowed} of {CASES} are allowed");
    assert_eq!(refused, 0, "the peer refuses none of these");
}

/// A request that the peer decides otherwise, or refuses to.
struct Adjudicated {
    statement: &'static str,
    resource: &'static str,
    expected: Decision,
    /// What AWS's documentation says, in our words, and where.
    reason: &'static str,
}

const ADJUDICATED: [Adjudicated; 3] = [
    Adjudicated {
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:*:*:*:*"}"#,
        resource: "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova",
        expected: Decision::Allowed,
        reason: "`*` stands for any characters, also for none: the account of a foundation model is empty (reference of \
                 policy elements, Resource, wildcards)",
    },
    Adjudicated {
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock"}"#,
        resource: "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova",
        expected: Decision::Allowed,
        reason: "an ARN with less than six parts is completed by `*` (reference of policy elements, Resource)",
    },
    Adjudicated {
        statement: r#"{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:*"}"#,
        resource: "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova",
        expected: Decision::Denied,
        reason: "nothing allows it; the peer refuses the short ARN instead",
    },
];

#[test]
fn disagreements_are_decided_by_the_documentation() {
    for case in &ADJUDICATED {
        let policy: Value =
            serde_json::from_str(&format!(r#"{{"Version": "2012-10-17", "Statement": {}}}"#, case.statement))
                .unwrap();
        let attached =
            [Attached { name: "own".to_owned(), document: Document::of(&policy).ok().map(Into::into) }];
        let principal = Principal {
            arn: WHO.to_owned(),
            account: "111111111111".to_owned(),
            service_linked: false,
            management: false,
        };
        let context = Context::new().complete();
        let action = "bedrock:InvokeModel";
        let request =
            Request { action, resource: Some(case.resource), context: &context, principal: &principal };
        let own = evaluate(&request, &Layers::of_identity(&attached)).decision;
        assert_eq!(own, case.expected, "{}", case.reason);
        let request = IAMRequest::new(
            Peer::Aws(PrincipalId::String(WHO.to_owned())),
            action,
            Arn::parse(case.resource).unwrap(),
        );
        let peer = serde_json::from_value::<IAMPolicy>(policy)
            .ok()
            .and_then(|policy| iam_rs::evaluate_policies(&[policy], &request).ok());
        let peer = peer.map(|decision| decision == iam_rs::Decision::Allow);
        assert_ne!(
            peer,
            Some(own == Decision::Allowed),
            "they agree by now: `{}` is no case any more",
            case.statement
        );
    }
}
