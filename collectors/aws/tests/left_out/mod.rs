//! Shapes of policies that the peer is known to decide wrongly, each with the answer that AWS documents.

use muster_aws::policy::Decision;
use serde_json::{Map, Value, json};

use super::*;

/// A set of one of the shapes that are left out.
pub(crate) struct Case {
    pub(crate) shape: Shape,
    /// Of the only policy of the identity.
    pub(crate) statement: &'static str,
    pub(crate) version: &'static str,
    /// Keys of the request with their values, beside those of every case.
    pub(crate) keys: &'static [(&'static str, &'static str)],
    pub(crate) resource: &'static str,
    /// Of the policy of the resource, which is in the same account.
    pub(crate) resource_statement: Option<&'static str>,
    pub(crate) expected: Decision,
    /// What AWS's documentation of IAM says, in our words, and where.
    pub(crate) reason: &'static str,
}

const AGENT: &str = "arn:aws:bedrock:us-east-1:111111111111:agent/A1";
const KEY: &str = "arn:aws:s3:::bucket/ada/key";
const ALLOW: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
pub(crate) const CASE: Case = Case {
    shape: Shape::GuessedKey,
    statement: ALLOW,
    version: "2012-10-17",
    keys: &[],
    resource: AGENT,
    resource_statement: None,
    expected: Decision::Allowed,
    reason: "",
};

/// `src/policy/traps.rs` has more of those that name a trap (T5 to T11).
pub(crate) const LEFT_OUT: [Case; 24] = [
    Case {
        shape: Shape::NotLikeOfAbsentKey,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotLike": {"aws:username": "b*"}}}"#,
        reason: "an operator with `Not` holds for a key that is absent (condition operators; T5): PMapper knows that of \
                 `StringNotEquals` and not of this one",
        ..CASE
    },
    Case {
        shape: Shape::AnyOfAbsentKey,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "team"}}}"#,
        reason: "`IfExists` holds for a key that is absent (condition operators, IfExists)",
        ..CASE
    },
    Case {
        shape: Shape::GuessedKey,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}"#,
        expected: Decision::Denied,
        reason: "a key that is absent does not match (condition operators): PMapper takes it, the time and what tells who \
                 asks for granted",
        ..CASE
    },
    Case {
        shape: Shape::CaseOfResource,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::Bucket/*"}"#,
        resource: KEY,
        expected: Decision::Denied,
        reason: "names of resources have a case (Resource; T8)",
        ..CASE
    },
    Case {
        shape: Shape::SignsOfExpressions,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/a+(b)"}"#,
        resource: "arn:aws:s3:::bucket/a+(b)",
        reason: "only `*` and `?` stand for others (Resource, wildcards): PMapper leaves to `(`, `+` and `[` what they mean \
                 in a regular expression",
        ..CASE
    },
    Case {
        shape: Shape::ShortArn,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock"}"#,
        reason: "an ARN with less than six parts is completed by `*` (Resource; T6)",
        ..CASE
    },
    Case {
        shape: Shape::StarWithinSegment,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:bedrock:us*1:agent/A1"}"#,
        expected: Decision::Denied,
        reason: "a `*` stays within its part of the ARN unless it ends it (Resource, wildcards)",
        ..CASE
    },
    Case {
        shape: Shape::WildcardInValue,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"}"#,
        keys: &[("aws:PrincipalTag/team", "*")],
        resource: KEY,
        expected: Decision::Denied,
        reason: "what a variable stands for is taken as it is (policy variables; T9)",
        ..CASE
    },
    Case {
        shape: Shape::VariableWithDefault,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/home, 'ada'}/*"}"#,
        resource: KEY,
        reason: "a variable may say what it stands for where its key is absent (policy variables, default values)",
        ..CASE
    },
    Case {
        shape: Shape::VariableInAnotherCase,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:UserName}/*"}"#,
        keys: &[("aws:username", "ada")],
        resource: KEY,
        reason: "names of keys have no case (Condition, context keys; T8), and a variable is the name of a key",
        ..CASE
    },
    Case {
        shape: Shape::VariableInCondition,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}}"#,
        keys: &[("aws:PrincipalTag/team", "ada"), ("aws:username", "ada")],
        reason: "values of a condition may have variables (policy variables, where they can be used)",
        ..CASE
    },
    Case {
        shape: Shape::VariableInOldVersion,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}/*"}"#,
        version: "2008-10-17",
        keys: &[("aws:username", "ada")],
        resource: KEY,
        expected: Decision::Denied,
        reason: "in the old version it is a text (Version; T9)",
        ..CASE
    },
    Case {
        shape: Shape::UnquotedBool,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}"#,
        keys: &[("aws:SecureTransport", "true")],
        reason: "a truth value may stand without quotes (grammar of the policy language, values)",
        ..CASE
    },
    Case {
        shape: Shape::NumberIfExists,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "600"}}}"#,
        keys: &[("aws:MultiFactorAuthAge", "300")],
        reason: "with a key that is there, `IfExists` changes nothing (condition operators, IfExists)",
        ..CASE
    },
    Case {
        shape: Shape::DateIfExists,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThanIfExists": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}}"#,
        keys: &[("aws:CurrentTime", "2026-03-04T05:06:07Z")],
        reason: "the same of dates",
        ..CASE
    },
    Case {
        shape: Shape::AddressIfExists,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}}}"#,
        keys: &[("aws:SourceIp", "10.1.2.3")],
        reason: "the same of addresses: PMapper takes it for `NotIpAddress`",
        ..CASE
    },
    Case {
        shape: Shape::SecondDate,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateGreaterThan": {"aws:CurrentTime": ["2027-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]}}}"#,
        keys: &[("aws:CurrentTime", "2026-03-04T05:06:07Z")],
        reason: "one of several values is enough (conditions with several keys or values)",
        ..CASE
    },
    Case {
        shape: Shape::DateOfDay,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2027-01-01"}}}"#,
        keys: &[("aws:CurrentTime", "2026-03-04T05:06:07Z")],
        reason: "a date may be a day alone, as ISO 8601 writes it (condition operators, dates): PMapper fails",
        ..CASE
    },
    Case {
        shape: Shape::AnyOfOpposite,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "team"}}}"#,
        keys: &[("aws:TagKeys", "team"), ("aws:TagKeys", "cost")],
        reason: "one value of the key that is none of the policy's is enough (keys of many values, ForAnyValue)",
        ..CASE
    },
    Case {
        shape: Shape::AnyOfTwoKeys,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "team", "aws:PrincipalTag/team": "ada"}}}"#,
        keys: &[("aws:TagKeys", "team"), ("aws:PrincipalTag/team", "bo")],
        expected: Decision::Denied,
        reason: "all keys of an operator must match (conditions with several keys or values)",
        ..CASE
    },
    Case {
        shape: Shape::CaseOfArn,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:R*/*"}}}"#,
        expected: Decision::Denied,
        reason: "ARNs are compared with their case (condition operators, ARNs)",
        ..CASE
    },
    Case {
        shape: Shape::StarAcrossSegments,
        statement: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:*:111111111111:*"}}}"#,
        expected: Decision::Denied,
        reason: "each of the six parts is compared by itself (condition operators, ARNs)",
        ..CASE
    },
    Case {
        shape: Shape::LimitedRole,
        resource_statement: Some(
            r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::111111111111:role/desk"}}"#,
        ),
        expected: Decision::Denied,
        reason: "what the policy of a resource allows a role is still limited by its boundary and its session (evaluation \
                 of a request in one account; T11): PMapper asks them for neither users nor roles",
        ..CASE
    },
    Case {
        shape: Shape::EveryoneByAccount,
        statement: r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#,
        resource_statement: Some(
            r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": "*"}}"#,
        ),
        reason: "`{\"AWS\": \"*\"}` is everyone, as `*` is (Principal, all principals)",
        ..CASE
    },
];

impl Case {
    pub(crate) fn set(&self) -> Set {
        let policy = |statement: &str| {
            let statement: Value = serde_json::from_str(statement).expect("the statements above are JSON");
            json!({ "Version": self.version, "Statement": statement })
        };
        let mut context = Map::new();
        context.insert("aws:PrincipalArn".to_owned(), json!(ROLE));
        for (key, value) in self.keys {
            let all = context.entry(*key).or_insert_with(|| json!([]));
            all.as_array_mut().expect("it is a list").push(json!(value));
        }
        for value in context.values_mut() {
            if let Some([one]) = value.as_array().map(Vec::as_slice) {
                *value = one.clone();
            }
        }
        // One that does not let through what is asked.
        let boundary = (self.shape == Shape::LimitedRole)
            .then(|| policy(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#));
        Set {
            principal: ROLE,
            identity: vec![policy(self.statement)],
            boundary,
            session: None,
            scps: Vec::new(),
            resource_policy: self.resource_statement.map(policy),
            owner: ACCOUNT,
            action: "bedrock:InvokeAgent",
            resource: self.resource,
            context,
        }
    }
}
