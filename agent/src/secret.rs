//! Secrets of whoever runs Muster: the configuration says which variables of the environment they come from, and nothing
//! shows them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text that is taken, and longest value of a variable, in bytes.
const MOST: usize = 8 * 1024;
/// Longest name of a variable, in bytes.
const LONGEST_NAME: usize = 128;

/// Where variables come from: the environment of the process, or that of a test.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a text with variables cannot be taken, as the end of a sentence that begins with its key. It repeats neither the
/// text nor a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// The text is too long.
    #[error("is longer than {MOST} bytes")]
    Long,
    /// A `${` without a name and a `}` behind it.
    #[error("has a `${{` that begins no variable")]
    NoName,
    /// There is no variable in it, so that the secret itself would stand in the file.
    #[error("names no variable of the environment")]
    Open,
    /// The variable is not set.
    #[error("names the variable `{0}`, which is not set")]
    NotSet(String),
    /// The variable holds nothing but blanks.
    #[error("names the variable `{0}`, which is empty")]
    Empty(String),
    /// The value of the variable is too long.
    #[error("names the variable `{0}`, which is longer than {MOST} bytes")]
    LongValue(String),
    /// The value of the variable holds what would begin a new line or a header.
    #[error("names the variable `{0}`, which has a control character in it")]
    Control(String),
}

impl SecretError {
    /// What to do about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Long => format!("write at most {MOST} bytes"),
            Self::NoName => "write `${NAME}`, with letters, digits and underscores".to_owned(),
            Self::Open => {
                "a secret does not stand in the file: write `${NAME}`, and set NAME in the environment"
                    .to_owned()
            }
            Self::NotSet(name) | Self::Empty(name) => format!("set `{name}` in the environment of muster"),
            Self::LongValue(name) | Self::Control(name) => {
                format!("set `{name}` to the secret alone, which is one line")
            }
        }
    }
}

/// A text that may hold a secret: neither its debug nor its display form shows it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for the one place that it is meant for.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The text with the value of the variable in place of each `${NAME}`; a `$` before anything else stands for itself. What
/// a value holds is not expanded again.
///
/// # Errors
/// Names the variable that is not set, is empty, or holds what no secret holds.
pub(crate) fn expand(text: &str, variables: Variables<'_>) -> Result<Secret, SecretError> {
    expand_parts(&parts(text)?, variables)
}

/// A text with at least one `${NAME}` in it, as it stands in the configuration.
///
/// A text without one would be the secret itself, written into a file that is copied, reviewed and kept: it is refused. So
/// what is held here is no secret yet, and still it is not shown, since the rest of an address may be half of one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretRef(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl SecretRef {
    /// What the schema calls texts of this kind, in `format`.
    pub(crate) const FORMAT: &'static str = "secret";

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, SecretError> {
        let parts = parts(text)?;
        let names_one = parts.iter().any(|part| matches!(part, Part::Variable(_)));
        names_one.then_some(Self(parts)).ok_or(SecretError::Open)
    }

    /// The value, with the variables looked up.
    ///
    /// # Errors
    /// Names the variable that is not set, is empty, or holds what no secret holds.
    pub(crate) fn expand(&self, variables: Variables<'_>) -> Result<Secret, SecretError> {
        expand_parts(&self.0, variables)
    }
}

fn parts(text: &str) -> Result<Vec<Part>, SecretError> {
    if text.len() > MOST {
        return Err(SecretError::Long);
    }
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let named = after.split_once('}').filter(|(name, _)| is_name(name));
        let (name, behind) = named.ok_or(SecretError::NoName)?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Variable(name.to_owned()));
        rest = behind;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

fn expand_parts(parts: &[Part], variables: Variables<'_>) -> Result<Secret, SecretError> {
    let mut expanded = String::new();
    for part in parts {
        match part {
            Part::Text(text) => expanded.push_str(text),
            Part::Variable(name) => expanded.push_str(&value(name, variables)?),
        }
    }
    Ok(Secret(expanded))
}

fn value(name: &str, variables: Variables<'_>) -> Result<String, SecretError> {
    let mut value = variables(name).ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
    // A newline at the end comes with a file that was read into the variable.
    value.truncate(value.trim_end_matches(['\r', '\n']).len());
    if value.trim().is_empty() {
        Err(SecretError::Empty(name.to_owned()))
    } else if value.len() > MOST {
        Err(SecretError::LongValue(name.to_owned()))
    } else if value.contains(char::is_control) {
        Err(SecretError::Control(name.to_owned()))
    } else {
        Ok(value)
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretRef(…)")
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of another type would repeat the value: a number may be somebody's password.
        let text = String::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("a secret is a text with `${NAME}` in it"))?;
        Self::parse(&text).map_err(|error| serde::de::Error::custom(format!("a secret {error}")))
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl JsonSchema for SecretRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Self::FORMAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "PASSWORD" => Some("hunter2".to_owned()),
            "from_a_file" => Some("hunter2\r\n".to_owned()),
            "NESTED" => Some("${PASSWORD}".to_owned()),
            "EMPTY" => Some(String::new()),
            "BLANK" => Some(" \n".to_owned()),
            "LINES" => Some("a\nb".to_owned()),
            "LONG" => Some("a".repeat(MOST + 1)),
            _ => None,
        }
    }

    fn expanded(text: &str) -> Result<String, String> {
        expand(text, &variables).map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_are_put_in_and_nothing_else_is_touched() {
        let fine = |text: &str, expected: &str| assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        fine("postgres://m:${PASSWORD}@db/m", "postgres://m:hunter2@db/m");
        fine("${PASSWORD}${PASSWORD}", "hunter2hunter2");
        fine("$PASSWORD $ $$ }", "$PASSWORD $ $$ }");
        fine("${NESTED}", "${PASSWORD}");
        fine("a${from_a_file}b", "ahunter2b");
    }

    #[test]
    fn what_cannot_be_taken_is_told_without_a_value() {
        let mut told = String::new();
        let long = "hunter2".repeat(MOST);
        for text in [
            "hunter2",
            "${",
            "${}",
            "hunter2${A B}",
            "${1A}",
            "${PASSWORD",
            "${GONE}",
            "a${EMPTY}b",
            "${BLANK}",
            "${LINES}",
            "${LONG}",
            &long,
        ] {
            let error = SecretRef::parse(text).and_then(|known| known.expand(&variables)).unwrap_err();
            let shown: String = text.chars().take(20).collect();
            assert!(!format!("{error} {}", error.help()).contains("hunter2"));
            let _ = writeln!(told, "{shown}: {error}\n  {}", error.help());
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret("hunter2".to_owned());
        let known = SecretRef::parse("hunter2${PASSWORD}").unwrap();
        let shown = format!("{secret} {secret:?} {known:?} {}", serde_json::json!(known));
        assert_eq!(shown, "… Secret(…) SecretRef(…) \"…\"");
        assert_eq!(known.expand(&variables).unwrap().expose(), "hunter2hunter2");
    }

    proptest! {
        #[test]
        fn texts_are_read_without_a_panic(text in "[$ {}A-Z_é]{0,20}") {
            let (open, named) = (expand(&text, &|_| Some("x".to_owned())), SecretRef::parse(&text));
            prop_assert!(named.is_err() || open.is_ok());
        }
    }
}
