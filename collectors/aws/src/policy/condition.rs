//! Conditions: every operator of IAM, in three values.

use std::net::IpAddr;

use super::context::{Context, Key};
use super::document::Test;
use super::glob;
use super::resource::{Relation, ResourcePattern};
use super::truth::{Reason, Truth, all, any};

/// Stand for a literal `*` and `?` that a variable put into a pattern.
const LITERAL_STAR: char = '\u{10fffc}';
const LITERAL_MARK: char = '\u{10fffd}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
    Bool,
    Number(Order),
    Date(Order),
    Address,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    One,
    Any,
    All,
}

/// An operator without its decorations: how it compares, and whether it is the opposite of that.
fn operator(name: &str) -> Option<(Comparison, bool)> {
    use Comparison as C;
    Some(match name {
        "stringequals" | "binaryequals" => (C::Equal, false),
        "stringnotequals" => (C::Equal, true),
        "stringequalsignorecase" => (C::EqualIgnoringCase, false),
        "stringnotequalsignorecase" => (C::EqualIgnoringCase, true),
        "stringlike" => (C::Like, false),
        "stringnotlike" => (C::Like, true),
        "arnequals" | "arnlike" => (C::Arn, false),
        "arnnotequals" | "arnnotlike" => (C::Arn, true),
        "bool" => (C::Bool, false),
        "numericequals" => (C::Number(Order::Equal), false),
        "numericnotequals" => (C::Number(Order::Equal), true),
        "numericlessthan" => (C::Number(Order::Less), false),
        "numericlessthanequals" => (C::Number(Order::LessOrEqual), false),
        "numericgreaterthan" => (C::Number(Order::Greater), false),
        "numericgreaterthanequals" => (C::Number(Order::GreaterOrEqual), false),
        "dateequals" => (C::Date(Order::Equal), false),
        "datenotequals" => (C::Date(Order::Equal), true),
        "datelessthan" => (C::Date(Order::Less), false),
        "datelessthanequals" => (C::Date(Order::LessOrEqual), false),
        "dategreaterthan" => (C::Date(Order::Greater), false),
        "dategreaterthanequals" => (C::Date(Order::GreaterOrEqual), false),
        "ipaddress" => (C::Address, false),
        "notipaddress" => (C::Address, true),
        _ => return None,
    })
}

/// Whether a test holds.
pub(crate) fn holds(test: &Test, context: &Context, has_variables: bool) -> Truth {
    let lower = test.operator.to_ascii_lowercase();
    let (quantity, rest) = match lower.split_once(':') {
        Some(("foranyvalue", rest)) => (Quantity::Any, rest),
        Some(("forallvalues", rest)) => (Quantity::All, rest),
        Some(_) => return Truth::unknown(Reason::Element(test.operator.clone())),
        None => (Quantity::One, lower.as_str()),
    };
    let known = context.key(&test.key);
    if rest == "null" {
        return is_null(test, known);
    }
    let (name, if_exists) = match rest.strip_suffix("ifexists") {
        Some(name) => (name, true),
        None => (rest, false),
    };
    let Some((comparison, negated)) = operator(name) else {
        return Truth::unknown(Reason::Element(test.operator.clone()));
    };
    let values = match known {
        Key::Unknown => return unknown_key(&test.key),
        Key::Present(values) if !values.is_empty() => values,
        // Of a key that is not there, the opposite of a comparison is true (T5), and so is "all of them" (T10).
        Key::Present(_) | Key::Absent => {
            return Truth::from(
                if_exists || quantity == Quantity::All || negated && quantity == Quantity::One,
            );
        }
    };
    let one = |value: &String| {
        let matched = any(test.values.iter().map(|wanted| match resolved(wanted, context, has_variables) {
            Ok(Some(wanted)) => Truth::from(compare(comparison, &wanted, value)),
            Ok(None) => Truth::False,
            Err(key) => unknown_key(&key),
        }));
        if negated && quantity != Quantity::One { !matched } else { matched }
    };
    match quantity {
        Quantity::One if negated => !any(values.iter().map(one)),
        Quantity::One | Quantity::Any => any(values.iter().map(one)),
        Quantity::All => all(values.iter().map(one)),
    }
}

fn is_null(test: &Test, known: &Key) -> Truth {
    let absent = match known {
        Key::Unknown => return unknown_key(&test.key),
        Key::Present(values) => values.is_empty(),
        Key::Absent => true,
    };
    Truth::from(test.values.iter().any(|wanted| wanted.eq_ignore_ascii_case("true") == absent))
}

fn unknown_key(key: &str) -> Truth {
    Truth::unknown(Reason::Key(key.to_ascii_lowercase()))
}

/// A value of a policy with its variables replaced: none where one of them is not there, which matches nothing (T9). The
/// error is the key of one that is unknown.
pub(crate) fn resolved(text: &str, context: &Context, has_variables: bool) -> Result<Option<String>, String> {
    if !has_variables || !text.contains("${") {
        return Ok(Some(text.to_owned()));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else { break };
        let inner = rest[at + 2..at + end].trim();
        rest = &rest[at + end + 1..];
        match inner {
            "*" => out.push(LITERAL_STAR),
            "?" => out.push(LITERAL_MARK),
            "$" => out.push('$'),
            _ => {
                let (key, otherwise) = match inner.split_once(',') {
                    Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
                    None => (inner, None),
                };
                let value = match context.key(key) {
                    Key::Unknown => return Err(key.to_owned()),
                    Key::Present(values) if values.len() == 1 => Some(values[0].as_str()),
                    // A key of many values cannot be a variable.
                    Key::Present(_) | Key::Absent => otherwise,
                };
                let Some(value) = value else { return Ok(None) };
                out.extend(value.chars().map(|c| match c {
                    '*' => LITERAL_STAR,
                    '?' => LITERAL_MARK,
                    other => other,
                }));
            }
        }
    }
    out.push_str(rest);
    Ok(Some(out))
}

fn compare(comparison: Comparison, wanted: &str, value: &str) -> bool {
    let plain = || wanted.replace(LITERAL_STAR, "*").replace(LITERAL_MARK, "?");
    match comparison {
        Comparison::Equal => plain() == value,
        Comparison::EqualIgnoringCase => plain().to_lowercase() == value.to_lowercase(),
        Comparison::Like => {
            let value: String = value
                .chars()
                .map(|c| match c {
                    '*' if wanted.contains(LITERAL_STAR) => LITERAL_STAR,
                    '?' if wanted.contains(LITERAL_MARK) => LITERAL_MARK,
                    other => other,
                })
                .collect();
            glob::matches(wanted, &value)
        }
        Comparison::Arn => {
            let (Some(pattern), true) = (ResourcePattern::parse(wanted), value.starts_with("arn:")) else {
                return false;
            };
            ResourcePattern::parse(value).is_some_and(|value| pattern.relation_to(&value) == Relation::Covers)
        }
        Comparison::Bool => wanted.eq_ignore_ascii_case(value),
        Comparison::Number(order) => ordered(order, number(value), number(wanted)),
        Comparison::Date(order) => ordered(order, date(value), date(wanted)),
        Comparison::Address => is_within(value, wanted),
    }
}

fn ordered(order: Order, value: Option<f64>, wanted: Option<f64>) -> bool {
    let (Some(value), Some(wanted)) = (value, wanted) else { return false };
    match order {
        Order::Equal => value.total_cmp(&wanted).is_eq(),
        Order::Less => value < wanted,
        Order::LessOrEqual => value <= wanted,
        Order::Greater => value > wanted,
        Order::GreaterOrEqual => value >= wanted,
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Seconds since 1970 of a date as policies write it: ISO 8601, the date alone, or those seconds.
fn date(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let at: jiff::Timestamp = whole.parse().ok()?;
    Some(at.as_duration().as_secs_f64())
}

/// Whether an address lies in a network (`10.0.0.0/8`), or is that address.
fn is_within(address: &str, network: &str) -> bool {
    let (base, bits) = network.split_once('/').map_or((network, None), |(base, bits)| (base, Some(bits)));
    let (Ok(address), Ok(base)) = (address.parse::<IpAddr>(), base.parse::<IpAddr>()) else { return false };
    let (address, base, width) = match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
        _ => return false,
    };
    let Some(bits) = bits.map_or(Some(width), |bits| bits.parse().ok().filter(|bits| *bits <= width)) else {
        return false;
    };
    let shift = width - bits;
    shift == 128 || address >> shift == base >> shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(operator: &str, key: &str, values: &[&str]) -> Test {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Test { operator: operator.to_owned(), key: key.to_owned(), values }
    }

    fn known() -> Context {
        Context::new()
            .with("aws:PrincipalAccount", "111111111111")
            .with("aws:username", "ada*")
            .with("aws:SourceIp", "10.1.2.3")
            .with("aws:CurrentTime", "2026-03-04T05:06:07Z")
            .with("aws:PrincipalArn", "arn:aws:iam::111111111111:role/app/desk")
            .with("aws:MultiFactorAuthAge", "300")
            .with("aws:SecureTransport", "true")
            .with_key("aws:TagKeys", Key::Present(vec!["team".to_owned(), "cost".to_owned()]))
            .with_key("aws:CalledVia", Key::Absent)
    }

    #[test]
    fn operators_compare_as_documented() {
        let cases = [
            ("StringEquals", "aws:principalaccount", vec!["2", "111111111111"], true),
            ("StringEquals", "aws:PrincipalAccount", vec!["1111*"], false),
            ("StringNotEquals", "aws:PrincipalAccount", vec!["2", "3"], true),
            ("StringNotEquals", "aws:PrincipalAccount", vec!["111111111111", "3"], false),
            ("StringLike", "aws:PrincipalAccount", vec!["11??????1111"], true),
            ("StringEqualsIgnoreCase", "aws:SecureTransport", vec!["TRUE"], true),
            ("Bool", "aws:SecureTransport", vec!["True"], true),
            ("ArnLike", "aws:PrincipalArn", vec!["arn:aws:iam::*:role/app/*"], true),
            ("ArnEquals", "aws:PrincipalArn", vec!["arn:aws:iam::*:role/App/*"], false),
            ("ArnNotLike", "aws:PrincipalArn", vec!["arn:aws:iam::2*:role/*"], true),
            ("NumericLessThanEquals", "aws:MultiFactorAuthAge", vec!["300"], true),
            ("NumericGreaterThan", "aws:MultiFactorAuthAge", vec!["300"], false),
            ("NumericEquals", "aws:MultiFactorAuthAge", vec!["many"], false),
            ("DateLessThan", "aws:CurrentTime", vec!["2026-03-05"], true),
            ("DateGreaterThan", "aws:CurrentTime", vec!["2026-03-04T05:06:07Z"], false),
            ("DateGreaterThanEquals", "aws:CurrentTime", vec!["1700000000"], true),
            ("IpAddress", "aws:SourceIp", vec!["192.168.0.0/16", "10.0.0.0/8"], true),
            ("NotIpAddress", "aws:SourceIp", vec!["10.0.0.0/8"], false),
            ("IpAddress", "aws:SourceIp", vec!["10.0.0.0/99"], false),
            ("IpAddress", "aws:SourceIp", vec!["::/0"], false),
            // Absent keys: T5, T10.
            ("StringEquals", "aws:CalledVia", vec!["x"], false),
            ("StringNotEquals", "aws:CalledVia", vec!["x"], true),
            ("StringEqualsIfExists", "aws:CalledVia", vec!["x"], true),
            ("ForAllValues:StringEquals", "aws:CalledVia", vec!["x"], true),
            ("ForAnyValue:StringEquals", "aws:CalledVia", vec!["x"], false),
            ("ForAnyValue:StringNotEquals", "aws:CalledVia", vec!["x"], false),
            ("Null", "aws:CalledVia", vec!["true"], true),
            ("Null", "aws:TagKeys", vec!["false"], true),
            ("ForAllValues:StringEquals", "aws:TagKeys", vec!["team"], false),
            ("ForAllValues:StringLike", "aws:TagKeys", vec!["te*", "c*"], true),
            ("ForAnyValue:StringEquals", "aws:TagKeys", vec!["team"], true),
            ("ForAnyValue:StringNotEquals", "aws:TagKeys", vec!["team"], true),
            ("ForAllValues:StringNotEquals", "aws:TagKeys", vec!["team"], false),
            // Variables.
            ("StringEquals", "aws:PrincipalAccount", vec!["${aws:PrincipalAccount}"], true),
            ("StringEquals", "aws:PrincipalAccount", vec!["${aws:CalledVia}"], false),
            ("StringEquals", "aws:PrincipalAccount", vec!["${aws:CalledVia, '111111111111'}"], true),
            ("StringLike", "aws:PrincipalAccount", vec!["${*}"], false),
            ("StringLike", "aws:username", vec!["ada${*}"], true),
            ("StringLike", "aws:SourceIp", vec!["${aws:username}"], false),
        ];
        for (operator, key, values, expected) in cases {
            let truth = holds(&test(operator, key, &values), &known(), true);
            assert_eq!(truth, Truth::from(expected), "{operator} {key} {values:?}");
        }
        assert_eq!(
            holds(
                &test("StringEquals", "aws:PrincipalAccount", &["${aws:PrincipalAccount}"]),
                &known(),
                false
            ),
            Truth::False,
            "an old policy has no variables"
        );
    }

    #[test]
    fn what_is_unknown_says_what_it_depends_on() {
        let key = |key: &str| Truth::unknown(Reason::Key(key.to_owned()));
        assert_eq!(
            holds(&test("StringNotEqualsIfExists", "aws:SourceVpc", &["x"]), &known(), true),
            key("aws:sourcevpc")
        );
        assert_eq!(holds(&test("Null", "aws:SourceVpc", &["true"]), &known(), true), key("aws:sourcevpc"));
        assert_eq!(
            holds(&test("StringEquals", "aws:PrincipalAccount", &["${aws:SourceAccount}"]), &known(), true),
            key("aws:sourceaccount")
        );
        let strange = Truth::unknown(Reason::Element("StringSounds".to_owned()));
        assert_eq!(holds(&test("StringSounds", "aws:PrincipalAccount", &["x"]), &known(), true), strange);
        assert_eq!(
            holds(
                &test("StringEquals", "aws:PrincipalAccount", &["${aws:Unset}", "111111111111"]),
                &known(),
                true
            ),
            Truth::True,
            "one value that fits is enough"
        );
    }
}
