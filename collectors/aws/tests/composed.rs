//! Random policies of all layers together, decided by this engine and by PMapper. What PMapper is known to get wrong is left
//! out of them, shape by shape, and decided below as a case of its own.

use std::io::Write;
use std::process::Command;

use muster_aws::policy::{Attached, Context, Decision, Document, Key, Layers, Principal, Request, evaluate};
use serde::Serialize;
use serde_json::{Map, Value, json};

use left_out::{CASE, Case, LEFT_OUT};
use random::{ASKED, ASKED_ACTIONS, RESOURCES, Random, policy};

mod left_out;
mod random;

const CASES: usize = 20_000;
/// Sets that are decided without each of their layers as well, which must have a say in enough of them.
const WITHOUT_A_LAYER: usize = CASES / 4;
/// Sets of each shape that is left out.
const CASES_OF_SHAPE: usize = 400;
const ACCOUNT: &str = "111111111111";
const ROOT: &str = "arn:aws:iam::111111111111:root";
const ROLE: &str = "arn:aws:iam::111111111111:role/desk";
const USER: &str = "arn:aws:iam::111111111111:user/ada";
/// Its name tells PMapper that it belongs to a service.
const OF_SERVICE: &str =
    "arn:aws:iam::111111111111:role/aws-service-role/bedrock.amazonaws.com/AWSServiceRoleForDesk";
const OTHER_ACCOUNT: &str = "222222222222";
const OTHER_ROOT: &str = "arn:aws:iam::222222222222:root";

/// Policies and a request, as PMapper is given them.
#[derive(Debug, Serialize)]
struct Set {
    principal: &'static str,
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    scps: Vec<Vec<Value>>,
    resource_policy: Option<Value>,
    /// Account of the resource; another one than that of the identity only with a policy of the resource.
    owner: &'static str,
    action: &'static str,
    resource: &'static str,
    context: Map<String, Value>,
}

/// A layer that may be taken away from a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Boundary,
    Session,
    Scps,
    Resource,
}

impl Set {
    /// What this engine decides, without one of the layers if one is named.
    fn decided(&self, without: Option<Layer>) -> Decision {
        let attached = |document: &Value| Attached {
            name: "own".to_owned(),
            document: Document::of(document).ok().map(Into::into),
        };
        let all = |documents: &Vec<Value>| documents.iter().map(attached).collect::<Vec<_>>();
        let one = |layer: Layer, document: &Option<Value>| {
            document.as_ref().filter(|_| without != Some(layer)).map(attached)
        };
        let identity = all(&self.identity);
        let boundary = one(Layer::Boundary, &self.boundary);
        let session = one(Layer::Session, &self.session);
        let resource = one(Layer::Resource, &self.resource_policy);
        let scps: Vec<Vec<Attached>> =
            if without == Some(Layer::Scps) { Vec::new() } else { self.scps.iter().map(all).collect() };
        let principal = Principal {
            arn: self.principal.to_owned(),
            account: ACCOUNT.to_owned(),
            service_linked: self.principal == OF_SERVICE,
            management: false,
        };
        let context = self.context.iter().fold(Context::new().complete(), |context, (key, value)| {
            let text = |value: &Value| value.as_str().expect("values are texts").to_owned();
            let values = value.as_array().map_or_else(|| vec![text(value)], |v| v.iter().map(text).collect());
            context.with_key(key, Key::Present(values))
        });
        let request = Request {
            action: self.action,
            resource: Some(self.resource),
            context: &context,
            principal: &principal,
        };
        let layers = Layers {
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            scps: &scps,
            resource: resource.as_ref(),
            cross_account: resource.is_some() && self.owner != ACCOUNT,
            ..Layers::of_identity(&identity)
        };
        evaluate(&request, &layers).decision
    }
}

/// What PMapper decides: whether it allows, or what it fails with.
fn verdicts(sets: &[Set]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/aws/venv");
    let output = Command::new(script).output().expect("the script that installs PMapper can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let venv = String::from_utf8(output.stdout).expect("the path of a folder is text");
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let text = serde_json::to_vec(sets).expect("sets are JSON");
    file.write_all(&text).expect("a temporary file can be written");
    let output = Command::new(format!("{}/bin/python", venv.trim()))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/aws/pmapper_verdicts.py"))
        .arg(file.path())
        .output()
        .expect("python can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let verdicts: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a list of verdicts");
    assert_eq!(verdicts.len(), sets.len());
    verdicts
}

fn agree(own: Decision, peer: &Value) -> bool {
    match own {
        Decision::Allowed => *peer == json!(true),
        Decision::Denied => *peer == json!(false),
        // All of the request is known.
        Decision::Conditional => false,
    }
}

/// What PMapper decides otherwise than AWS documents it. Each has a case in `LEFT_OUT`, which says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    NotLikeOfAbsentKey,
    AnyOfAbsentKey,
    GuessedKey,
    CaseOfResource,
    SignsOfExpressions,
    ShortArn,
    StarWithinSegment,
    WildcardInValue,
    VariableWithDefault,
    VariableInAnotherCase,
    VariableInCondition,
    VariableInOldVersion,
    UnquotedBool,
    NumberIfExists,
    DateIfExists,
    AddressIfExists,
    SecondDate,
    DateOfDay,
    AnyOfOpposite,
    AnyOfTwoKeys,
    CaseOfArn,
    StarAcrossSegments,
    LimitedRole,
    EveryoneByAccount,
}

impl Shape {
    /// A resource in a policy, and one that is asked for.
    fn resources(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::CaseOfResource => ("arn:aws:s3:::Bucket/*", "arn:aws:s3:::bucket/ada/key"),
            Self::SignsOfExpressions => ("arn:aws:s3:::bucket/a+(b)", "arn:aws:s3:::bucket/a+(b)"),
            Self::ShortArn => ("arn:aws:bedrock", "arn:aws:bedrock:us-east-1:111111111111:agent/A1"),
            Self::StarWithinSegment => {
                ("arn:aws:bedrock:us*1:agent/A1", "arn:aws:bedrock:us-east-1:111111111111:agent/A1")
            }
            Self::WildcardInValue => {
                ("arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*", "arn:aws:s3:::bucket/ada/key")
            }
            Self::VariableWithDefault => {
                ("arn:aws:s3:::bucket/${aws:PrincipalTag/home, 'ada'}/*", "arn:aws:s3:::bucket/ada/key")
            }
            Self::VariableInAnotherCase => {
                ("arn:aws:s3:::bucket/${aws:UserName}/*", "arn:aws:s3:::bucket/ada/key")
            }
            Self::VariableInOldVersion => {
                ("arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/ada/key")
            }
            _ => return None,
        })
    }

    /// Operator, key and values.
    fn condition(self) -> Option<(&'static str, &'static str, Value)> {
        Some(match self {
            Self::NotLikeOfAbsentKey => ("StringNotLike", "aws:username", json!("b*")),
            Self::AnyOfAbsentKey => ("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", json!("team")),
            Self::GuessedKey => ("Bool", "aws:SecureTransport", json!("true")),
            Self::VariableInCondition => {
                ("StringEquals", "aws:PrincipalTag/team", json!("${aws:PrincipalTag/team}"))
            }
            Self::UnquotedBool => ("Bool", "aws:SecureTransport", json!(true)),
            Self::NumberIfExists => ("NumericLessThanIfExists", "aws:MultiFactorAuthAge", json!("600")),
            Self::DateIfExists => ("DateLessThanIfExists", "aws:CurrentTime", json!("2027-01-01T00:00:00Z")),
            Self::AddressIfExists => ("IpAddressIfExists", "aws:SourceIp", json!("10.0.0.0/8")),
            Self::SecondDate => {
                let dates = json!(["2027-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]);
                ("DateGreaterThan", "aws:CurrentTime", dates)
            }
            Self::DateOfDay => ("DateLessThan", "aws:CurrentTime", json!("2027-01-01")),
            Self::AnyOfOpposite => ("ForAnyValue:StringNotEquals", "aws:TagKeys", json!("team")),
            Self::AnyOfTwoKeys => ("ForAnyValue:StringEquals", "aws:PrincipalTag/team", json!("ada")),
            Self::CaseOfArn => ("ArnLike", "aws:PrincipalArn", json!("arn:aws:iam::111111111111:R*/*")),
            Self::StarAcrossSegments => ("ArnLike", "aws:PrincipalArn", json!("arn:aws:*:111111111111:*")),
            _ => return None,
        })
    }
}

/// Conditions that both read alike. Of keys: some are absent from some requests.
const CONDITIONS: [(&str, &str, &str); 34] = [
    ("StringEquals", "aws:username", r#"["ada", "bo"]"#),
    ("StringEquals", "AWS:UserName", r#""ada""#),
    ("StringNotEquals", "aws:username", r#""ada""#),
    ("StringLike", "aws:username", r#""a*""#),
    ("StringNotLike", "aws:username", r#"["b*", "c?"]"#),
    ("StringEqualsIfExists", "aws:username", r#""bo""#),
    ("StringNotEqualsIfExists", "aws:username", r#""bo""#),
    ("StringLikeIfExists", "aws:username", r#"["?o", "c*"]"#),
    ("StringNotLikeIfExists", "aws:username", r#""?o""#),
    ("StringEqualsIgnoreCase", "aws:username", r#""ADA""#),
    ("StringNotEqualsIgnoreCase", "aws:username", r#""ADA""#),
    ("StringEquals", "aws:PrincipalTag/team", r#"["ada", "bo"]"#),
    ("Null", "aws:username", r#""true""#),
    ("Null", "aws:TagKeys", r#""false""#),
    ("Bool", "aws:SecureTransport", r#""true""#),
    ("Bool", "aws:SecureTransport", r#""false""#),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", r#""true""#),
    ("IpAddress", "aws:SourceIp", r#"["10.0.0.0/8", "192.0.2.7"]"#),
    ("NotIpAddress", "aws:SourceIp", r#""10.0.0.0/8""#),
    ("ForAnyValue:StringEquals", "aws:TagKeys", r#"["team", "cost"]"#),
    ("ForAnyValue:StringLike", "aws:TagKeys", r#""t*""#),
    ("ForAllValues:StringEquals", "aws:TagKeys", r#"["team", "cost"]"#),
    ("ForAllValues:StringLike", "aws:TagKeys", r#"["te*", "cost"]"#),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", r#""other""#),
    ("NumericLessThan", "aws:MultiFactorAuthAge", r#""600""#),
    ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", r#"["300", "1000"]"#),
    ("NumericEquals", "aws:MultiFactorAuthAge", r#""300.0""#),
    ("NumericNotEquals", "aws:MultiFactorAuthAge", r#""300""#),
    ("DateLessThan", "aws:CurrentTime", r#""2026-03-04T05:06:07Z""#),
    ("DateGreaterThanEquals", "aws:EpochTime", r#""1772600767""#),
    ("ArnLike", "aws:PrincipalArn", r#""arn:aws:iam::*:role/*""#),
    ("ArnEquals", "aws:PrincipalArn", r#""arn:aws:iam::111111111111:user/ada""#),
    ("ArnNotLike", "aws:PrincipalArn", r#""arn:aws:iam::1*:user/*""#),
    ("ArnLikeIfExists", "aws:SourceArn", r#""arn:aws:s3:::bucket""#),
];

/// None, one or two tests for a statement.
fn condition(random: &mut Random, context: &Map<String, Value>, with: Option<Shape>) -> Option<Value> {
    let mut found = Map::new();
    let mut add = |operator: &str, key: &str, values: Value| {
        let keys = found.entry(operator).or_insert_with(|| json!({}));
        keys[key] = values;
    };
    if let Some((operator, key, values)) = with.and_then(Shape::condition)
        && random.below(2) == 0
    {
        add(operator, key, values);
        if with == Some(Shape::AnyOfTwoKeys) {
            add(operator, "aws:TagKeys", json!("team"));
        }
        return Some(Value::Object(found));
    }
    for _ in 0..[0, 0, 1, 1, 1, 2][random.below(6)] {
        let (operator, key, values) = CONDITIONS[random.below(CONDITIONS.len())];
        // `Shape::NotLikeOfAbsentKey`.
        if operator != "StringNotLike" || context.contains_key(key) {
            add(operator, key, serde_json::from_str(values).expect("the values above are JSON"));
        }
    }
    (!found.is_empty()).then_some(Value::Object(found))
}

/// A request as it was made. Whatever PMapper guesses where it is not told is told to both (`Shape::GuessedKey`).
fn context(random: &mut Random, principal: &str, with: Option<Shape>) -> Map<String, Value> {
    let mut context = Map::new();
    let mut set = |key: &str, value: Value| context.insert(key.to_owned(), value);
    if principal == USER {
        set("aws:username", json!("ada"));
    } else if random.below(3) > 0 {
        set("aws:username", json!(random.one(&["ada", "bo", "cy"])));
    }
    let singles = [
        ("aws:SourceIp", ["10.1.2.3", "192.0.2.7"]),
        ("aws:MultiFactorAuthAge", ["300", "900"]),
        ("aws:MultiFactorAuthPresent", ["true", "false"]),
        ("aws:PrincipalTag/team", ["ada", "cy"]),
        ("aws:SourceArn", ["arn:aws:s3:::bucket", "arn:aws:s3:::other"]),
    ];
    for (key, values) in singles {
        if random.below(3) > 0 {
            set(key, json!(random.one(&values)));
        }
    }
    if random.below(3) > 0 {
        let tags: Vec<&str> = (0..=random.below(2)).map(|_| random.one(&["team", "cost", "other"])).collect();
        set("aws:TagKeys", json!(tags));
    }
    if with == Some(Shape::WildcardInValue) {
        set("aws:PrincipalTag/team", json!("*"));
    }
    if with != Some(Shape::GuessedKey) {
        set("aws:SecureTransport", json!(random.one(&["true", "false"])));
    }
    set("aws:CurrentTime", json!(random.one(&["2026-03-04T05:06:06Z", "2026-03-04T05:06:07Z"])));
    set("aws:EpochTime", json!(random.one(&["1772600766", "1772600767"])));
    set("aws:PrincipalArn", json!(principal));
    set("aws:PrincipalAccount", json!(ACCOUNT));
    set("aws:userid", json!("AROAEXAMPLE"));
    context
}

/// Says of each statement of a policy of a resource whom it is about. `limited`: a boundary or a session limits the identity.
fn with_principals(mut policy: Value, random: &mut Random, set: &Set, with: Option<Shape>) -> Value {
    let limited = set.boundary.is_some() || set.session.is_some();
    let own = set.owner == ACCOUNT;
    let statements = policy["Statement"].as_array_mut().expect("a policy has statements");
    for statement in statements {
        let denies = statement["Effect"] == "Deny";
        let mut choices = vec![json!({"AWS": ROOT}), json!({"AWS": ACCOUNT}), json!({"AWS": OTHER_ROOT})];
        // Where PMapper is through with a request as soon as its own account names it: `Shape::LimitedRole`.
        if denies || !own || !limited || with == Some(Shape::LimitedRole) {
            choices.extend([json!("*"), json!({"AWS": [set.principal, OTHER_ROOT]})]);
        }
        if set.principal == USER {
            // More often than by chance: nothing else allows what neither the identity nor its boundary does.
            choices.extend([json!({"AWS": USER}), json!({"AWS": USER}), json!({"AWS": USER})]);
        }
        if denies || !own || with == Some(Shape::EveryoneByAccount) {
            choices.push(json!({"AWS": "*"}));
        }
        // An allow by `NotPrincipal` is nothing that AWS supports.
        if denies && random.below(4) == 0 {
            let kept = if random.below(2) == 0 { [set.principal, ROOT] } else { [OTHER_ACCOUNT, OTHER_ROOT] };
            statement["NotPrincipal"] = json!({"AWS": kept});
        } else {
            statement["Principal"] = choices[random.below(choices.len())].clone();
        }
    }
    policy
}

/// Policies of all layers and a request, with one of the shapes that are left out if one is named.
fn set(random: &mut Random, with: Option<Shape>) -> Set {
    let principal = random.one(&[ROLE, ROLE, ROLE, USER, USER, OF_SERVICE]);
    let context = context(random, principal, with);
    let mut resources = RESOURCES.to_vec();
    let mut asked = ASKED.to_vec();
    if let Some((wanted, given)) = with.and_then(Shape::resources) {
        resources.extend([wanted; 5]);
        asked = vec![given];
    }
    let plain = |random: &mut Random| {
        let mut policy = policy(random, &resources, |random| condition(random, &context, with));
        if with == Some(Shape::VariableInOldVersion) {
            policy["Version"] = json!("2008-10-17");
        }
        policy
    };
    // What limits allows all in most cases, as it does in practice, and identities do in some: otherwise hardly anything
    // would be allowed.
    let wide = |random: &mut Random, in_four: usize| {
        let mut policy = plain(random);
        if random.below(4) < in_four {
            let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            policy["Statement"].as_array_mut().expect("a policy has statements").push(all);
        }
        policy
    };
    let some = |random: &mut Random| random.below(2) == 0;
    let identity = (0..=random.below(2)).map(|_| wide(random, 1)).collect();
    let boundary = some(random).then(|| wide(random, 3));
    // What a user's session may do is decided by further rules, which PMapper does not know.
    let session = (principal == ROLE && some(random)).then(|| wide(random, 3));
    let scps =
        (0..random.below(3)).map(|_| (0..=random.below(2)).map(|_| wide(random, 3)).collect()).collect();
    let of_resource = matches!(with, Some(Shape::LimitedRole | Shape::EveryoneByAccount));
    let resource_policy = (of_resource || some(random)).then(|| plain(random));
    let is_far = resource_policy.is_some() && !of_resource && some(random);
    let owner = if is_far { OTHER_ACCOUNT } else { ACCOUNT };
    let action = random.one(&ASKED_ACTIONS);
    let resource = random.one(&asked);
    let mut set = Set {
        principal,
        identity,
        boundary,
        session,
        scps,
        resource_policy: None,
        owner,
        action,
        resource,
        context,
    };
    set.resource_policy = resource_policy.map(|policy| with_principals(policy, random, &set, with));
    set
}

#[test]
fn composed_policies_are_decided_as_by_a_peer() {
    let mut random = Random(11);
    let sets: Vec<Set> = (0..CASES).map(|_| set(&mut random, None)).collect();
    let mut allowed = 0;
    let mut disagreements = Vec::new();
    let layers = [Layer::Boundary, Layer::Session, Layer::Scps, Layer::Resource];
    let mut decisive = layers.map(|layer| (layer, 0));
    for (number, (set, peer)) in sets.iter().zip(verdicts(&sets)).enumerate() {
        let own = set.decided(None);
        allowed += usize::from(own == Decision::Allowed);
        if number < WITHOUT_A_LAYER {
            for (layer, count) in &mut decisive {
                *count += usize::from(set.decided(Some(*layer)) != own);
            }
        }
        if !agree(own, &peer) {
            let text = serde_json::to_string_pretty(set).unwrap();
            disagreements.push(format!("case {number}: peer {peer}, own {own:?}\n{text}"));
        }
    }
    let count = disagreements.len();
    disagreements.truncate(5);
    assert!(disagreements.is_empty(), "{count} of {CASES}\n{}", disagreements.join("\n\n"));
    assert!((CASES / 10..CASES / 2).contains(&allowed), "{allowed} of {CASES} are allowed");
    for (layer, count) in decisive {
        assert!(count > WITHOUT_A_LAYER / 100, "without {layer:?}, only {count} would be decided otherwise");
    }
}

#[test]
fn what_is_left_out_is_decided_by_the_documentation() {
    let sets: Vec<Set> = LEFT_OUT.iter().map(Case::set).collect();
    for ((case, set), peer) in LEFT_OUT.iter().zip(&sets).zip(verdicts(&sets)) {
        assert_eq!(set.decided(None), case.expected, "{:?}: {}", case.shape, case.reason);
        let shape = case.shape;
        assert!(!agree(case.expected, &peer), "PMapper decides {shape:?} by now: it need not be left out");
    }
}

/// Nothing is left out without need.
#[test]
fn each_shape_that_is_left_out_would_be_noticed() {
    let mut random = Random(13);
    let shapes: Vec<Shape> = LEFT_OUT.iter().flat_map(|case| [case.shape; CASES_OF_SHAPE]).collect();
    let sets: Vec<Set> = shapes.iter().map(|shape| set(&mut random, Some(*shape))).collect();
    let judged: Vec<(Shape, bool)> = shapes
        .iter()
        .zip(sets.iter().zip(verdicts(&sets)))
        .map(|(shape, (set, peer))| {
            let own = set.decided(None);
            assert_ne!(own, Decision::Conditional, "{shape:?}: all of the request is known");
            (*shape, agree(own, &peer))
        })
        .collect();
    for case in &LEFT_OUT {
        let noticed = judged.iter().filter(|(shape, agrees)| *shape == case.shape && !agrees).count();
        assert!(noticed > 0, "{:?} is left out for nothing", case.shape);
    }
}

/// PMapper decides this one as documented, so no policy above has it.
#[test]
fn a_star_that_ends_a_part_of_an_arn_may_go_on() {
    let set = Case {
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:*:agent/*"}"#,
        reason: "a `*` that ends a part of the ARN of a resource may stand for colons too (Resource, wildcards)",
        ..CASE
    };
    assert_eq!(verdicts(&[set.set()]), [json!(true)]);
    assert_eq!(set.set().decided(None), set.expected, "{}", set.reason);
}
