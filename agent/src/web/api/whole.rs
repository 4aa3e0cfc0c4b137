//! Whole numbers that are bounded where they are read.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

/// The largest whole number that every reader of JSON takes for itself.
const LARGEST: i64 = 9_007_199_254_740_991;

/// How often something was decided of a system.
pub(super) type Revision = Whole<0, LARGEST>;
/// The number before which a page of a list ends.
pub(super) type Before = Whole<1, LARGEST>;
/// How many of a list come before a page.
pub(super) type From = Whole<0, 1_000_000_000>;
/// How many of a list are asked for.
pub(super) type Limit = Whole<1, { crate::web::pages::list::MOST }>;
/// A level of the scale.
pub(super) type Level = Whole<1, 5>;
/// Days that a token lasts.
pub(super) type Days = Whole<1, 365>;

/// A whole number from one to another. `3.0` is one, as it is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Whole<const FIRST: i64, const LAST: i64>(pub(super) i64);

impl<'de, const FIRST: i64, const LAST: i64> Deserialize<'de> for Whole<FIRST, LAST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // What asks for an integer is refused `3.0`; what asks for a number is given either.
        from.deserialize_f64(Numbers)
    }
}

struct Numbers<const FIRST: i64, const LAST: i64>;

impl<const FIRST: i64, const LAST: i64> Visitor<'_> for Numbers<FIRST, LAST> {
    type Value = Whole<FIRST, LAST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {FIRST} to {LAST}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        if (FIRST..=LAST).contains(&number) {
            return Ok(Whole(number));
        }
        Err(E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is in between")]
        if number.fract() == 0.0 && number.abs() <= LARGEST as f64 {
            return self.visit_i64(number as i64);
        }
        Err(E::invalid_value(serde::de::Unexpected::Float(number), &self))
    }
}

impl<const FIRST: i64, const LAST: i64> JsonSchema for Whole<FIRST, LAST> {
    fn schema_name() -> Cow<'static, str> {
        format!("WholeFrom{FIRST}To{LAST}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": FIRST, "maximum": LAST})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_of_the_range_are_read() {
        let read = |text: &str| serde_json::from_str::<Days>(text).ok().map(|Whole(days)| days);
        let table = [
            ("1", Some(1)),
            ("365.0", Some(365)),
            ("1e2", Some(100)),
            ("0", None),
            ("366", None),
            ("1.5", None),
            ("-1", None),
            ("1e99", None),
            ("18446744073709551615", None),
            ("\"7\"", None),
            ("null", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
