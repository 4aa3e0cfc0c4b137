//! Values that are secret: the configuration says which variables of the environment they come from, and nothing shows them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text that is taken, and longest value of a variable, in bytes.
const MOST: usize = 8 * 1024;

/// A text with at least one `${NAME}` in it, as it stands in the configuration.
///
/// A text without one would be the secret itself, written into a file that is copied, reviewed and kept: it is refused. So
/// what is held here is no secret yet, and still it is not shown, since the rest of an address may be half of one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Secret {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that does not repeat it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST {
            return Err(format!("a secret is longer than {MOST} bytes"));
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else {
                return Err("a `${` is not closed by a `}`".to_owned());
            };
            if !is_name(name) {
                return Err("between `${` and `}` stands no name of a variable of the environment".to_owned());
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = behind;
        }
        if parts.is_empty() {
            return Err(
                "a secret does not stand in the configuration: write `${NAME}`, and set NAME in the \
                        environment"
                    .to_owned(),
            );
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The value, with the variables looked up.
    ///
    /// # Errors
    /// Names the variable that is not set, is empty, or holds what no secret holds.
    pub(crate) fn expand(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, String> {
        let mut value = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Variable(name) => match lookup(name) {
                    None => return Err(format!("`{name}` is not set in the environment")),
                    Some(found) if found.trim().is_empty() => return Err(format!("`{name}` is empty")),
                    Some(found) if found.len() > MOST => {
                        return Err(format!("`{name}` is longer than {MOST} bytes"));
                    }
                    // A newline at the end comes with a file that was read into the variable.
                    Some(found) => value.push_str(found.trim_end_matches(['\r', '\n'])),
                },
            }
        }
        if value.contains(char::is_control) {
            return Err("it has a control character in it".to_owned());
        }
        Ok(Expanded(value))
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of another type would repeat the value: a number may be somebody's password.
        let text = String::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("a secret is a text with `${NAME}` in it"))?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text with at least one `${NAME}` in it, which stands for a variable of the environment.",
            "type": "string",
            "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}",
        })
    }
}

/// A value that is secret. It cannot be written out, and has to be asked for where it is used.
#[derive(Clone)]
pub(crate) struct Expanded(String);

impl Expanded {
    /// The value itself: for where it is sent, and nowhere else.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Expanded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expanded(…)")
    }
}
