//! Texts of the configuration that mean something: names, durations, schedules, targets and addresses.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use clap::ValueEnum;
use muster_collect::Target;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::secret::SecretError;
use crate::watch::Schedule;

/// Why a text cannot be taken. Neither part repeats the text, which may be a secret at the wrong place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What is wrong with it, as the end of a sentence that begins with its key.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) help: String,
}

impl Wrong {
    /// With what to write instead.
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

impl From<SecretError> for Wrong {
    fn from(error: SecretError) -> Self {
        Self::new(error.to_string(), error.help())
    }
}

/// Whether a URL holds a password that everybody sees who may read the file.
pub(super) fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    password.is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("${"))
}

/// A text with a meaning.
pub(super) trait Leaf: Sized {
    /// What the schema calls texts of this kind, in `format`.
    const FORMAT: &'static str;
    /// What they look like, for editors; the parser is what decides.
    const PATTERN: Option<&'static str> = None;

    /// Reads one.
    fn parse(text: &str) -> Result<Self, Wrong>;
}

/// A value that is written as a text.
#[derive(Debug, Clone)]
pub(super) struct As<T>(pub(super) T);

impl<'de, T: Leaf> Deserialize<'de> for As<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        T::parse(&text).map(Self).map_err(|wrong| D::Error::custom(wrong.what))
    }
}

impl<T: Leaf> JsonSchema for As<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::FORMAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "string", "format": T::FORMAT });
        if let Some(pattern) = T::PATTERN {
            schema.insert("pattern".to_owned(), pattern.into());
        }
        schema
    }
}

/// The name of a source: a label of metrics and logs, so that nothing in it needs escaping anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(String);

/// Longest name of a source, in letters.
const LONGEST_NAME: usize = 63;

impl Name {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Leaf for Name {
    const FORMAT: &'static str = "name";
    const PATTERN: Option<&'static str> = Some("^[a-z0-9-]{1,63}$");

    fn parse(text: &str) -> Result<Self, Wrong> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(fits) {
            return Err(Wrong::new(
                "is no name",
                "write 1 to 63 small letters, digits and dashes, as in `payments-prod`",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
/// Nobody keeps, waits for or plans anything for longer; it also keeps sums with times in range.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);

impl Leaf for Duration {
    const FORMAT: &'static str = "span";
    const PATTERN: Option<&'static str> = Some("^([0-9]+[smhdw])+$");

    fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = || {
            Wrong::new(
                "is no duration",
                "write a number with its unit s, m, h, d or w, as in `10m` or `1h30m`",
            )
        };
        let mut sum = 0_u64;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, after) = rest.split_at(digits);
            let mut after = after.chars();
            let unit =
                after.next().and_then(|c| UNITS.iter().find(|(unit, _)| *unit == c)).ok_or_else(wrong)?;
            let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit.1));
            sum = seconds.and_then(|seconds| sum.checked_add(seconds)).ok_or_else(wrong)?;
            rest = after.as_str();
        }
        let span = Self::from_secs(sum);
        if span.is_zero() || span > LONGEST {
            return Err(Wrong::new("is no duration between a second and a hundred years", wrong().help));
        }
        Ok(span)
    }
}

impl Leaf for Schedule {
    const FORMAT: &'static str = "cron";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let help = "write minute, hour, day of the month, month and day of the week in UTC, as in `30 2 * * *`, or `@daily`";
        Self::parse(text).map_err(|what| Wrong::new(what, help))
    }
}

impl Leaf for Target {
    const FORMAT: &'static str = "target";

    fn parse(text: &str) -> Result<Self, Wrong> {
        let help = "write a folder, `aws:PROFILE`, `k8s:CONTEXT`, or another target as for `muster scan`";
        Self::parse(text).map_err(|error| Wrong::new(format!("is no target: {error}"), help))
    }
}

impl Leaf for SocketAddr {
    const FORMAT: &'static str = "address";

    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| {
            Wrong::new(
                "is no address with a port",
                "write an address of this machine, as in `127.0.0.1:9464`",
            )
        })
    }
}

/// One of a few names, those that the command line takes for the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<T>(pub(super) T);

impl<'de, T: ValueEnum> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        T::from_str(&text, false).map(Self).map_err(|_| D::Error::custom("this is none of the known names"))
    }
}

impl<T: ValueEnum> JsonSchema for Choice<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "choice".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = values
            .flat_map(|value| value.get_name_and_aliases().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_in_the_file_is_seen() {
        assert!(has_password("postgres://m:hunter2@db/m"));
        for fine in
            ["postgres://m:${PASSWORD}@db/m", "postgres://m@db/m", "muster.db", "postgres://db/m?a=b:c@d"]
        {
            assert!(!has_password(fine), "{fine}");
        }
    }

    fn seconds(text: &str) -> Option<u64> {
        <Duration as Leaf>::parse(text).ok().map(|span| span.as_secs())
    }

    #[test]
    fn durations_are_numbers_with_units() {
        let table = [
            ("45s", Some(45)),
            ("10m", Some(600)),
            ("1h30m", Some(5400)),
            ("400d", Some(34_560_000)),
            ("2w", Some(1_209_600)),
            ("", None),
            ("10", None),
            ("m", None),
            ("0s", None),
            ("-1h", None),
            ("1.5h", None),
            ("1 h", None),
            ("1y", None),
            ("99999999999999999999s", None),
            ("18446744073709551615w", None),
            ("18446744073709551615s18446744073709551615s", None),
            ("40000d", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn names_need_no_escaping() {
        let good = |text: &str| <Name as Leaf>::parse(text).is_ok();
        assert!(good("a") && good("payments-2") && good(&"x".repeat(63)));
        for bad in ["", "A", "a b", "a_b", "é", "a\n", "a\"", &"x".repeat(64)] {
            assert!(!good(bad), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_refused(text in any::<String>()) {
            let _ = <Duration as Leaf>::parse(&text);
            let _ = <Name as Leaf>::parse(&text);
            let _ = <Schedule as Leaf>::parse(&text);
            let _ = <Target as Leaf>::parse(&text);
            let _ = <SocketAddr as Leaf>::parse(&text);
        }
    }
}
