//! The language of conditions: `M06 <= 5% and M12 = 0`, compared exactly and in three values.

use std::fmt;

use crate::assessment::Fraction;
use crate::autonomy::Ternary;

/// When a rule holds: one of several alternatives, each of which is several tests that hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The alternatives.
    pub any: Vec<Vec<Test>>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The id of a metric or a fact.
    pub name: String,
    /// Which number of it.
    pub quantity: Quantity,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub with: Fraction,
}

/// Which number of a metric is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The share, of 1.
    Share,
    /// The count.
    Count,
    /// The median, in days.
    Days,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    const ALL: [Self; 5] = [Self::AtMost, Self::AtLeast, Self::Below, Self::Above, Self::Equal];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether `left` compares so with `right`.
    pub fn holds(self, left: Fraction, right: Fraction) -> bool {
        match self {
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::AtLeast => left >= right,
            Self::Above => left > right,
        }
    }
}

impl Condition {
    /// Reads one line. The error says what is wrong, at which column, and what would be right.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut words = Words::of(text)?;
        let mut any = Vec::new();
        loop {
            let mut all = vec![words.test()?];
            while words.takes("and") {
                all.push(words.test()?);
            }
            any.push(all);
            if !words.takes("or") {
                break;
            }
        }
        match words.next() {
            None => Ok(Self { any }),
            Some((at, word)) => {
                Err(format!("`{word}` at column {at} follows a whole test; join tests by `and` or `or`"))
            }
        }
    }

    /// All tests.
    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.any.iter().flatten()
    }

    /// The metrics and facts that it asks about, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tests().map(|test| test.name.as_str())
    }

    /// Whether it holds, where `value` gives the number of a test or `None` where it is not known.
    pub fn holds(&self, value: impl Fn(&Test) -> Option<Fraction>) -> Ternary {
        let all = |tests: &Vec<Test>| {
            tests.iter().fold(Ternary::Yes, |so_far, test| so_far.and(test.holds(value(test))))
        };
        self.any.iter().fold(Ternary::No, |so_far, tests| so_far.or(all(tests)))
    }

    /// The alternatives that hold.
    pub fn holding(&self, value: impl Fn(&Test) -> Option<Fraction>) -> Vec<&[Test]> {
        let holds = |tests: &&Vec<Test>| tests.iter().all(|test| test.holds(value(test)) == Ternary::Yes);
        self.any.iter().filter(holds).map(Vec::as_slice).collect()
    }

    /// The tests that make it hold: those of every alternative that holds, each once.
    pub fn decisive(&self, value: impl Fn(&Test) -> Option<Fraction>) -> Vec<&Test> {
        let mut decisive: Vec<&Test> = Vec::new();
        for test in self.holding(value).into_iter().flatten() {
            if !decisive.contains(&test) {
                decisive.push(test);
            }
        }
        decisive
    }
}

impl Test {
    /// Whether it holds of a number; open where that is not known.
    pub fn holds(&self, value: Option<Fraction>) -> Ternary {
        match value.map(|value| self.comparison.holds(value, self.with)) {
            Some(true) => Ternary::Yes,
            Some(false) => Ternary::No,
            None => Ternary::Unknown,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.quantity, self.comparison) {
            (Quantity::Count, Comparison::Above) if self.is_presence() => f.write_str(&self.name),
            (Quantity::Count, Comparison::Equal) if self.is_presence() => write!(f, "no {}", self.name),
            (quantity, comparison) => {
                let (scale, unit) = match quantity {
                    Quantity::Share => (100, "%"),
                    Quantity::Count => (1, ""),
                    Quantity::Days => (1, " days"),
                };
                let with = self.with.times(Fraction::whole(scale)).unwrap_or(self.with);
                write!(f, "{} {} {}{unit}", self.name, comparison.sign(), with.short())
            }
        }
    }
}

impl Test {
    /// The test that holds exactly where this one does not; of `=`, where it is above, since no count and no share is below nothing.
    #[must_use]
    pub fn turned(&self) -> Self {
        let comparison = match self.comparison {
            Comparison::Below => Comparison::AtLeast,
            Comparison::AtMost | Comparison::Equal => Comparison::Above,
            Comparison::AtLeast => Comparison::Below,
            Comparison::Above => Comparison::AtMost,
        };
        Self { comparison, ..self.clone() }
    }

    /// Whether it asks if there is any of a fact at all: facts are not written like metrics, `M12 > 0`.
    fn is_presence(&self) -> bool {
        self.with == Fraction::ZERO && self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, tests) in self.any.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " or " })?;
            for (at, test) in tests.iter().enumerate() {
                write!(f, "{}{test}", if at == 0 { "" } else { " and " })?;
            }
        }
        Ok(())
    }
}

/// Words of a condition that is longer than this are no condition that anybody can read.
const LONGEST: usize = 400;

struct Words<'t> {
    words: std::iter::Peekable<std::vec::IntoIter<(usize, &'t str)>>,
}

impl<'t> Words<'t> {
    fn of(text: &'t str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes; make it several rules"));
        }
        let kind = |c: char| match c {
            '<' | '>' | '=' => 1,
            c if c.is_whitespace() => 0,
            _ => 2,
        };
        let mut words = Vec::new();
        let mut start = 0;
        for (at, c) in text.char_indices() {
            let next = text[at + c.len_utf8()..].chars().next();
            if next.is_none_or(|next| kind(next) != kind(c)) {
                if kind(c) != 0 {
                    words.push((text[..start].chars().count() + 1, &text[start..at + c.len_utf8()]));
                }
                start = at + c.len_utf8();
            }
        }
        Ok(Self { words: words.into_iter().peekable() })
    }

    fn next(&mut self) -> Option<(usize, &'t str)> {
        self.words.next()
    }

    fn takes(&mut self, word: &str) -> bool {
        self.words.next_if(|(_, next)| *next == word).is_some()
    }

    fn test(&mut self) -> Result<Test, String> {
        let absent = self.takes("no");
        let (at, name) = self.next().ok_or("a test is missing at its end; write one such as `M01 < 50%`")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.chars().all(is_name)
            || name == "and"
            || name == "or"
        {
            return Err(format!("`{name}` at column {at} is no name; begin a test with a metric or a fact"));
        }
        let name = name.to_owned();
        let sign = |word: &str| Comparison::ALL.into_iter().find(|one| one.sign() == word);
        let presence = |comparison| Test {
            name: name.clone(),
            quantity: Quantity::Count,
            comparison,
            with: Fraction::ZERO,
        };
        let Some((at, word)) = self.words.next_if(|(_, word)| !["and", "or"].contains(word)) else {
            return Ok(presence(if absent { Comparison::Equal } else { Comparison::Above }));
        };
        let comparison = sign(word).ok_or_else(|| {
            format!("`{word}` at column {at} is no comparison; write `<`, `<=`, `=`, `>=` or `>`")
        })?;
        if absent {
            return Err(format!("`no` before a comparison at column {at}; turn the comparison around"));
        }
        let (at, number) = self
            .next()
            .ok_or_else(|| format!("a number is missing after `{word}`; write one such as `50%`"))?;
        let wrong =
            || format!("`{number}` at column {at} is no number; write one such as `5`, `50%` or `30 days`");
        let (digits, is_share) = number.strip_suffix('%').map_or((number, false), |digits| (digits, true));
        let mut with = Fraction::decimal(digits, 2).ok_or_else(wrong)?;
        if is_share {
            with = with.over(Fraction::whole(100)).ok_or_else(wrong)?;
        }
        let quantity = match (is_share, self.takes("days")) {
            (true, true) => return Err(wrong()),
            (true, false) => Quantity::Share,
            (false, true) => Quantity::Days,
            (false, false) => Quantity::Count,
        };
        Ok(Test { name, quantity, comparison, with })
    }
}

#[cfg(test)]
mod tests {
    use Ternary::{No, Unknown, Yes};

    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [
            "M01 < 50%",
            "M06 <= 5% and M12 = 0",
            "M11 < 50% or M15 < 30% and M12 > 5",
            "M24 > 90 days",
            "no register",
            "register and scheduled_scans >= 3",
            "M08 > 12.5%",
        ] {
            assert_eq!(Condition::read(text).map(|read| read.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(
            Condition::read(" M01<50%  and\nM02>=80% ").unwrap().to_string(),
            "M01 < 50% and M02 >= 80%"
        );
    }

    #[test]
    fn what_is_no_condition_is_told_with_its_column() {
        let told: Vec<String> = [
            "",
            "M01",
            "M01 <",
            "M01 < x",
            "M01 ~ 5",
            "M01 < 5 M02 > 3",
            "and",
            "no M01 < 3",
            "M01 < 5% days",
            "é < 3",
            "M01 < 5 or",
        ]
        .iter()
        .map(|text| match Condition::read(text) {
            Ok(read) => format!("{text:?} is `{read}`"),
            Err(wrong) => format!("{text:?}: {wrong}"),
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn what_is_not_known_leaves_a_condition_open_unless_the_rest_settles_it() {
        let holds = |text: &str| {
            let value = |test: &Test| match test.name.as_str() {
                "yes" => Some(Fraction::whole(1)),
                "no_" => Some(Fraction::ZERO),
                _ => None,
            };
            Condition::read(text).unwrap().holds(value)
        };
        let table = [
            ("yes", Yes),
            ("no_", No),
            ("open", Unknown),
            ("yes and open", Unknown),
            ("no_ and open", No),
            ("yes or open", Yes),
            ("no_ or open", Unknown),
            ("no_ and open or yes", Yes),
        ];
        for (text, expected) in table {
            assert_eq!(holds(text), expected, "{text}");
        }
    }
}
