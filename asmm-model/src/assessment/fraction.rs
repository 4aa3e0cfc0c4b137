//! Exact fractions: a rating is a decision, so no rounding error may decide a band.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A rational number in lowest terms, with a denominator above zero. All arithmetic is checked: `None` instead of an overflow.
/// What the lint of a structure lets through never overflows, see [`Weight`](super::Weight).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`; `None` where the denominator is zero, or either is too large to be turned around.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).ok()?;
        if denominator == 0 {
            return None;
        }
        let sign = denominator.signum();
        let numerator = numerator.checked_div(divisor)?.checked_mul(sign)?;
        let denominator = denominator.checked_div(divisor)?.checked_mul(sign)?;
        Some(Self { numerator, denominator })
    }

    /// A whole number.
    pub fn whole(number: u64) -> Self {
        Self { numerator: i128::from(number), denominator: 1 }
    }

    /// The share that `part` is of `whole`; `None` of nothing.
    pub fn share(part: u64, whole: u64) -> Option<Self> {
        Self::new(i128::from(part), i128::from(whole))
    }

    /// The number that a decimal such as `0.8` or `12` writes, with `most` digits after the point at most.
    pub fn decimal(text: &str, most: usize) -> Option<Self> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let rest = rest.trim_end_matches('0');
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 15
            || rest.len() > most.min(15)
            || !digits(whole)
            || !digits(rest)
        {
            return None;
        }
        let scale = 10_i128.checked_pow(u32::try_from(rest.len()).ok()?)?;
        let after: i128 = if rest.is_empty() { 0 } else { rest.parse().ok()? };
        Self::new(whole.parse::<i128>().ok()?.checked_mul(scale)?.checked_add(after)?, scale)
    }

    /// Above the line.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// Below the line; above zero.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { numerator: other.numerator.checked_neg()?, ..other })
    }

    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    /// The quotient; `None` by zero.
    pub fn over(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.denominator)?;
        Self::new(numerator, self.denominator.checked_mul(other.numerator)?)
    }

    /// The nearest whole number; a half goes up.
    pub fn rounded(self) -> i128 {
        let whole = self.numerator.div_euclid(self.denominator);
        let rest = self.numerator.rem_euclid(self.denominator);
        // `rest` is below the denominator, so the other side of the half is reached without doubling it.
        if rest >= self.denominator - rest { whole.saturating_add(1) } else { whole }
    }

    /// As it is shown, without zeros at its end: `0.8`.
    pub fn short(self) -> String {
        let text = self.to_string();
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }

    /// With two places after the point, a half rounded up: how ratings are shown. `None` of a number too large for that.
    fn hundredths(self) -> Option<i128> {
        Some(self.times(Self { numerator: 100, denominator: 1 })?.rounded())
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    /// By value, also of numbers whose cross product is too large: whole parts first, then what is left, turned over.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (*self, *other);
        let mut turned = false;
        loop {
            let whole = |one: Self| one.numerator.div_euclid(one.denominator);
            let by_whole = whole(left).cmp(&whole(right));
            let rest = |one: Self| one.numerator.rem_euclid(one.denominator);
            let order = match (by_whole, rest(left), rest(right)) {
                (Ordering::Equal, 0, 0) => Ordering::Equal,
                (Ordering::Equal, 0, _) => Ordering::Less,
                (Ordering::Equal, _, 0) => Ordering::Greater,
                (Ordering::Equal, a, b) => {
                    left = Self { numerator: left.denominator, denominator: a };
                    right = Self { numerator: right.denominator, denominator: b };
                    turned = !turned;
                    continue;
                }
                (unequal, _, _) => unequal,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

impl fmt::Display for Fraction {
    /// With two places after the point, a half rounded up: `2.40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(hundredths) = self.hundredths() else {
            return write!(f, "{}/{}", self.numerator, self.denominator);
        };
        let sign = if hundredths < 0 { "-" } else { "" };
        let size = hundredths.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / 100, size % 100)
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.numerator, self.denominator))
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("`{text}` is no fraction such as `12/5`"));
        let (numerator, denominator) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<i128>().map_err(|_| wrong());
        Self::new(number(numerator)?, number(denominator)?).ok_or_else(wrong)
    }
}

impl JsonSchema for Fraction {
    fn schema_name() -> Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^-?[0-9]+/[1-9][0-9]*$",
            "description": "An exact number, as a fraction in lowest terms: `12/5`."
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_compare_and_add_as_they_do_on_paper(a in -99..99_i128, b in 1..99_i128, c in -99..99_i128, d in 1..99_i128) {
            let (left, right) = (of(a, b), of(c, d));
            prop_assert_eq!(left.cmp(&right), (a * d).cmp(&(c * b)));
            prop_assert_eq!(left.plus(right), Some(of(a * d + c * b, b * d)));
            prop_assert_eq!(left.minus(right), Some(of(a * d - c * b, b * d)));
            prop_assert_eq!(left.times(right), Some(of(a * c, b * d)));
            prop_assert_eq!(left.over(right).is_some(), c != 0);
            prop_assert_eq!(left.rounded(), (2 * a + b).div_euclid(2 * b));
        }

        #[test]
        fn nothing_panics(a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), d in any::<i128>(), text in any::<String>()) {
            let _ = Fraction::decimal(&text, usize::MAX);
            let Some((left, right)) = Fraction::new(a, b).zip(Fraction::new(c, d)) else { return Ok(()) };
            let _ = (left.plus(right), left.minus(right), left.times(right), left.over(right));
            prop_assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
            prop_assert!(!left.to_string().is_empty());
        }
    }

    fn of(numerator: i128, denominator: i128) -> Fraction {
        Fraction::new(numerator, denominator).unwrap()
    }

    #[test]
    fn a_half_is_rounded_up() {
        let shown =
            [(29, 8), (12, 5), (13, 6), (1703, 720), (5, 2), (-1, 8), (1, 1000), (5, 1000), (-5, 1000)];
        let shown: Vec<String> = shown.map(|(a, b)| of(a, b).to_string()).to_vec();
        assert_eq!(shown, ["3.63", "2.40", "2.17", "2.37", "2.50", "-0.12", "0.00", "0.01", "0.00"]);
        let whole = [(5, 2), (49, 20), (7, 2), (9, 2), (-5, 2), (0, 3)].map(|(a, b)| of(a, b).rounded());
        assert_eq!(whole, [3, 2, 4, 5, -2, 0]);
    }

    #[test]
    fn a_decimal_is_read_exactly() {
        assert_eq!(Fraction::decimal("0.8", 2), Some(of(4, 5)));
        assert_eq!(Fraction::decimal("1.0", 2), Some(of(1, 1)));
        assert_eq!(Fraction::decimal("12.500", 2), Some(of(25, 2)));
        for wrong in ["", ".", ".5", "-1", "+1", "1e2", "0.123", "1.2.3", " 1", "9999999999999999"] {
            assert_eq!(Fraction::decimal(wrong, 2), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_panic() {
        let (most, least) = (i128::MAX, i128::MIN);
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::new(least, -1), None);
        assert_eq!(Fraction::new(most, 1).unwrap().plus(Fraction::whole(1)), None);
        let (huge, tiny) = (of(most, 1), of(1, most));
        assert_eq!(huge.times(huge), None);
        assert_eq!(huge.over(tiny), None);
        assert_eq!(huge.rounded(), most);
        assert_eq!(huge.to_string(), format!("{most}/1"));
        assert_eq!(tiny.over(Fraction::ZERO), None);
        assert!(tiny < huge && of(most, 3) < of(most, 2) && of(least + 1, 1) < tiny);
        assert!(of(most - 1, most) > of(most - 2, most - 1));
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let text = serde_json::to_string(&of(12, 5)).unwrap();
        assert_eq!(text, "\"12/5\"");
        assert_eq!(serde_json::from_str::<Fraction>(&text).unwrap(), of(12, 5));
        assert_eq!(serde_json::from_str::<Fraction>("\"24/10\"").unwrap(), of(12, 5));
        for wrong in ["\"1/0\"", "\"1\"", "\"a/b\"", "1", "\"1/2/3\""] {
            assert!(serde_json::from_str::<Fraction>(wrong).is_err(), "{wrong}");
        }
    }
}
