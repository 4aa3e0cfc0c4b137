//! A policy as it is written: read leniently, bounded, with nothing lost. What is not understood is kept as such.

use serde_json::{Map, Value};

use super::glob;
use super::resource::ResourcePattern;

/// Bytes of one document: far above the 6,144 characters of a managed policy.
const MAX_BYTES: usize = 256 * 1024;
/// Statements of one document.
const MAX_STATEMENTS: usize = 2_000;

/// Elements of a statement.
const KNOWN: [&str; 10] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
    "Id",
];

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// Only what is listed, or all but that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listed {
    Only(Vec<String>),
    Except(Vec<String>),
}

/// One test of a condition: `{"StringLike": {"key": ["value"]}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// In lower case.
    pub(crate) actions: Listed,
    /// None in a trust policy, which is about the role that it stands at.
    pub(crate) resources: Option<Listed>,
    /// The patterns of those resources; none where one has a variable or is no pattern.
    pub(crate) patterns: Vec<Option<ResourcePattern>>,
    /// Whom it is about, as kind and name; none in the policy of an identity.
    pub(crate) principals: Option<Principals>,
    pub(crate) tests: Vec<Test>,
    /// Elements that are not understood.
    pub(crate) strange: Vec<String>,
}

/// Whom a statement of a resource is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principals {
    Only(Vec<(String, String)>),
    Except(Vec<(String, String)>),
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Whether `${…}` is a variable: in version 2012-10-17, and not in the older one, which is the default (T9).
    pub(crate) has_variables: bool,
    pub(crate) statements: Vec<Statement>,
}

/// A text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is larger than any policy may be.
    #[error("{0} bytes are more than any policy may have")]
    TooLarge(usize),
    /// It is no JSON.
    #[error("no JSON at line {line}, column {column}")]
    Json {
        /// One-based line.
        line: usize,
        /// One-based column.
        column: usize,
    },
    /// It is JSON, and no policy.
    #[error("no policy: {0}")]
    Shape(&'static str),
}

impl Document {
    /// Reads a policy, URL-encoded (as `GetAccountAuthorizationDetails` answers) or not.
    ///
    /// # Errors
    /// What is no policy at all. An element that is not understood makes its statement conditional instead.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        if text.len() > MAX_BYTES {
            return Err(DocumentError::TooLarge(text.len()));
        }
        let decoded = text.trim_start().starts_with('%').then(|| percent_decoded(text));
        let value: Value = serde_json::from_str(decoded.as_deref().unwrap_or(text))
            .map_err(|error| DocumentError::Json { line: error.line(), column: error.column() })?;
        Self::of(&value)
    }

    /// Reads a policy that is JSON already.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn of(value: &Value) -> Result<Self, DocumentError> {
        let policy = value.as_object().ok_or(DocumentError::Shape("it is no object"))?;
        let version = policy.get("Version").and_then(Value::as_str);
        let statements = match policy.get("Statement") {
            // A single statement may stand without a list around it (T4).
            Some(Value::Object(one)) => vec![statement(one)?],
            Some(Value::Array(several)) if several.len() <= MAX_STATEMENTS => several
                .iter()
                .map(|one| {
                    statement(one.as_object().ok_or(DocumentError::Shape("a statement is no object"))?)
                })
                .collect::<Result<_, _>>()?,
            Some(Value::Array(_)) => return Err(DocumentError::Shape("it has too many statements")),
            _ => return Err(DocumentError::Shape("it has no `Statement`")),
        };
        Ok(Self { has_variables: version == Some("2012-10-17"), statements })
    }

    /// Its statements, as trust policies are read.
    pub(crate) fn grants(&self) -> impl Iterator<Item = Grant<'_>> {
        self.statements.iter().map(|statement| Grant {
            effect: statement.effect,
            principals: match &statement.principals {
                Some(Principals::Only(all)) => {
                    all.iter().map(|(kind, name)| (kind.as_str(), name.as_str())).collect()
                }
                Some(Principals::Except(_)) => vec![("*", "*")],
                None => Vec::new(),
            },
            tests: statement
                .tests
                .iter()
                // What must not be, or need not be there, narrows nothing down to one.
                .filter(|test| {
                    let operator = test.operator.to_ascii_lowercase();
                    !operator.contains("not")
                        && !operator.ends_with("ifexists")
                        && !operator.ends_with("null")
                })
                .map(|test| (test.key.as_str(), test.values.iter().map(String::as_str).collect()))
                .collect(),
            statement,
        })
    }

    /// Issuers of other identities that it lets in, by their ARNs.
    pub(crate) fn federated(&self) -> impl Iterator<Item = &str> {
        let names = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        let names = names.filter_map(|statement| match &statement.principals {
            Some(Principals::Only(all)) => Some(all),
            _ => None,
        });
        names.flatten().filter(|(kind, _)| kind == "Federated").map(|(_, name)| name.as_str())
    }

    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether it has no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// A statement as whoever it lets in sees it: for trust policies, which are about one role.
#[derive(Debug)]
pub(crate) struct Grant<'d> {
    pub(crate) effect: Effect,
    /// Kinds and names; of a statement about all but some, everyone.
    pub(crate) principals: Vec<(&'d str, &'d str)>,
    /// Keys and values of its conditions that ask for one of them.
    pub(crate) tests: Vec<(&'d str, Vec<&'d str>)>,
    statement: &'d Statement,
}

impl Grant<'_> {
    /// Whether it speaks of an action.
    pub(crate) fn names(&self, action: &str) -> bool {
        self.statement.names(&action.to_ascii_lowercase())
    }
}

impl Statement {
    /// Whether it speaks of an action, given in lower case: neither actions nor their prefixes have a case (T4, T8).
    pub(crate) fn names(&self, action: &str) -> bool {
        let named = |texts: &[String]| texts.iter().any(|text| glob::matches(text, action));
        match &self.actions {
            Listed::Only(texts) => named(texts),
            Listed::Except(texts) => !named(texts),
        }
    }

    /// Whether it does so by the name of the service, and not by a wildcard for all of them.
    pub(crate) fn names_service_of(&self, action: &str) -> bool {
        let Listed::Only(texts) = &self.actions else { return false };
        texts.iter().any(|text| {
            text.split_once(':').is_some_and(|(service, _)| !service.contains(['*', '?']))
                && glob::matches(text, action)
        })
    }
}

fn statement(from: &Map<String, Value>) -> Result<Statement, DocumentError> {
    let effect = match from.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(DocumentError::Shape("a statement has neither effect")),
    };
    let listed = |only: &str, except: &str| match (from.get(only), from.get(except)) {
        (Some(_), Some(_)) => Err(DocumentError::Shape("an element stands beside its opposite")),
        (Some(only), None) => Ok(Some(Listed::Only(texts(only)?))),
        (None, Some(except)) => Ok(Some(Listed::Except(texts(except)?))),
        (None, None) => Ok(None),
    };
    let mut actions =
        listed("Action", "NotAction")?.ok_or(DocumentError::Shape("a statement has no action"))?;
    let (Listed::Only(named) | Listed::Except(named)) = &mut actions;
    for text in named.iter_mut() {
        text.make_ascii_lowercase();
    }
    let mut tests = Vec::new();
    for (operator, keys) in from.get("Condition").into_iter().filter_map(Value::as_object).flatten() {
        let keys = keys.as_object().ok_or(DocumentError::Shape("an operator has no keys"))?;
        for (key, values) in keys {
            tests.push(Test { operator: operator.clone(), key: key.clone(), values: texts(values)? });
        }
    }
    let mut strange: Vec<String> =
        from.keys().filter(|key| !KNOWN.contains(&key.as_str())).cloned().collect();
    if from.get("Condition").is_some_and(|condition| !condition.is_object()) {
        strange.push("Condition".to_owned());
    }
    let mut resources = listed("Resource", "NotResource")?;
    if let Some(Listed::Only(texts) | Listed::Except(texts)) = &mut resources {
        let spread: Vec<String> = texts.iter().flat_map(|text| spread(text)).collect();
        texts.extend(spread);
    }
    let patterns = match &resources {
        Some(Listed::Only(texts) | Listed::Except(texts)) => texts
            .iter()
            .map(|text| if text.contains("${") { None } else { ResourcePattern::parse(text) })
            .collect(),
        None => Vec::new(),
    };
    Ok(Statement {
        sid: from.get("Sid").and_then(Value::as_str).map(str::to_owned),
        effect,
        actions,
        resources,
        patterns,
        principals: match (from.get("Principal"), from.get("NotPrincipal")) {
            (Some(only), _) => Some(Principals::Only(principals(only)?)),
            (None, Some(except)) => Some(Principals::Except(principals(except)?)),
            (None, None) => None,
        },
        tests,
        strange,
    })
}

/// Parts of an ARN.
const PARTS: usize = 6;

/// What else an ARN with too few parts means: a `*` that ends a part may go on beyond the colon behind it, as AWS documents
/// for the element `Resource`. `arn:aws:bedrock:*:agent/*` is `arn:aws:bedrock:*:*:agent/*` as well.
fn spread(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    let [arn, .., _] = parts[..] else { return Vec::new() };
    if arn != "arn" || parts.len() == PARTS {
        return Vec::new();
    }
    // Every way in which such parts together make up for those that are missing.
    let mut ways: Vec<(Vec<&str>, usize)> = vec![(Vec::new(), PARTS - parts.len())];
    for (at, part) in parts.iter().enumerate() {
        let goes_on = part.ends_with('*') && at + 1 < parts.len();
        let mut longer = Vec::new();
        for (had, left) in &ways {
            for more in 0..=if goes_on { *left } else { 0 } {
                let mut way = had.clone();
                way.push(part);
                way.resize(way.len() + more, "*");
                longer.push((way, left - more));
            }
        }
        ways = longer;
    }
    ways.into_iter().filter(|(_, left)| *left == 0).map(|(parts, _)| parts.join(":")).collect()
}

fn principals(value: &Value) -> Result<Vec<(String, String)>, DocumentError> {
    match value {
        Value::String(all) if all == "*" => Ok(vec![("*".to_owned(), "*".to_owned())]),
        Value::Object(kinds) => {
            let mut found = Vec::new();
            for (kind, names) in kinds {
                found.extend(texts(names)?.into_iter().map(|name| (kind.clone(), name)));
            }
            Ok(found)
        }
        _ => Err(DocumentError::Shape("a principal is neither `*` nor an object")),
    }
}

/// One text or several; numbers and truth values are written without quotes at times.
fn texts(value: &Value) -> Result<Vec<String>, DocumentError> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(is) => Ok(is.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(DocumentError::Shape("a list holds something other than texts")),
    };
    match value {
        Value::Array(several) => several.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

/// RFC 3986; a `%` that begins nothing stays one.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let two = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = two.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_at_the_end_of_a_part_stands_for_the_parts_that_are_missing() {
        assert_eq!(spread("arn:aws:bedrock:*:agent/*"), ["arn:aws:bedrock:*:*:agent/*"]);
        assert_eq!(spread("arn:*:s3*:x"), ["arn:*:s3*:*:*:x", "arn:*:*:s3*:*:x", "arn:*:*:*:s3*:x"]);
        for none in
            ["arn:aws:bedrock:*:*:agent/*", "arn:aws:*", "*", "arn:aws:bedrock:us-*-1:agent/A", "a:*:b"]
        {
            assert_eq!(spread(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn odd_shapes_are_read() {
        let policy = Document::parse(
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D",
        )
        .unwrap();
        assert!(policy.has_variables);
        assert_eq!(policy.statements[0].actions, Listed::Only(vec!["s3:*".to_owned()]));
        let policy = Document::parse(
            r#"{"Statement": [{"Effect": "Deny", "NotAction": ["a:b"], "NotResource": "*", "Condition": {"Bool": {"x": true}}, "Extra": 1}]}"#,
        )
        .unwrap();
        assert!(!policy.has_variables);
        assert_eq!(policy.statements[0].tests[0].values, ["true"]);
        assert_eq!(policy.statements[0].strange, ["Extra"]);
    }

    #[test]
    fn what_is_no_policy_says_why() {
        let cases = [
            ("", "no JSON at line 1, column 0"),
            ("[]", "no policy: it is no object"),
            ("{}", "no policy: it has no `Statement`"),
            (r#"{"Statement": [1]}"#, "no policy: a statement is no object"),
            (
                r#"{"Statement": {"Effect": "allow", "Action": "*"}}"#,
                "no policy: a statement has neither effect",
            ),
            (r#"{"Statement": {"Effect": "Allow"}}"#, "no policy: a statement has no action"),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*"}}"#,
                "no policy: an element stands beside its opposite",
            ),
            (
                r#"{"Statement": {"Effect": "Allow", "Action": [{}]}}"#,
                "no policy: a list holds something other than texts",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(Document::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
