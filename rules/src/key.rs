//! What keys of AI providers look like: prefix, alphabet, length, and the words that stand beside them.

use serde::{Deserialize, Serialize};

/// The characters of a key behind its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// `0-9a-f`.
    Hex,
    /// `0-9a-f` in groups, with `-` or `_` between them: a UUID.
    HexGroups,
    /// `0-9A-Za-z`.
    Alphanumeric,
    /// `0-9A-Za-z`, `-` and `_`.
    UrlSafe,
    /// `0-9A-Za-z`, `+` and `/`; up to two `=` may follow.
    Base64,
}

impl Alphabet {
    /// Whether a byte may be part of a key.
    pub fn holds(self, byte: u8) -> bool {
        let hex = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match self {
            Self::Hex => hex,
            Self::HexGroups => hex || matches!(byte, b'-' | b'_'),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::UrlSafe => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
        }
    }

    /// The name used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::HexGroups => "hex-groups",
            Self::Alphanumeric => "alphanumeric",
            Self::UrlSafe => "url-safe",
            Self::Base64 => "base64",
        }
    }

    /// The letters and digits that samples are written in.
    fn letters(self) -> &'static [u8] {
        match self {
            Self::Hex | Self::HexGroups => b"0123456789abcdef",
            _ => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        }
    }
}

/// Keys of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyShape {
    /// Provider and type, as the inventory names it: `OpenAI project key`.
    pub name: String,
    /// What it begins with. Without one it is looked for only around the words of `near`, where a key is given.
    #[serde(default)]
    pub prefix: String,
    /// The characters behind the prefix.
    pub alphabet: Alphabet,
    /// How many there are at least and at most.
    pub length: [usize; 2],
    /// Texts that are part of every such key.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Words in lower case, one of which stands on the lines around it; none if the prefix says enough.
    #[serde(default)]
    pub near: Vec<String>,
}

/// The longest key that rules may speak about: what is read at one candidate is bounded by it.
const MAX_LENGTH: usize = 1000;
/// A shorter key cannot be told from an ordinary word.
const MIN_LENGTH: usize = 16;
/// Prefixes shorter than this are met at every turn.
const MIN_PREFIX: usize = 3;

impl KeyShape {
    /// What is wrong with it, each with what to write instead.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let [least, most] = self.length;
        let lower = |word: &String| word.len() >= 4 && !word.bytes().any(|b| b.is_ascii_uppercase());
        let checks = [
            (!self.name.trim().is_empty(), "has no name", "name the provider and the type of the key"),
            (
                (MIN_LENGTH..=most).contains(&least) && most <= MAX_LENGTH,
                "has no such length",
                "write `length = [LEAST, MOST]`, of what follows the prefix, between 16 and 1000",
            ),
            (
                self.prefix.is_empty() || self.prefix.len() >= MIN_PREFIX,
                "has a prefix of one or two characters",
                "leave `prefix` out and give words in `near`",
            ),
            (
                !self.prefix.is_empty() || !self.near.is_empty(),
                "has neither a prefix nor words beside it",
                "add `prefix`, or `near` with the words that stand beside such a key",
            ),
            (
                self.prefix.bytes().all(|b| b.is_ascii_graphic()),
                "has a prefix that is no plain text",
                "write it in letters, digits and marks of ASCII",
            ),
            (
                self.near.iter().all(lower),
                "has a word beside it that is short, or not in lower case",
                "write words of four letters or more in lower case; they are compared without regard to case",
            ),
            (
                self.contains.iter().map(String::len).sum::<usize>() < least
                    && self.contains.iter().all(|part| part.bytes().all(|b| self.alphabet.holds(b))),
                "contains what it cannot contain",
                "write parts of the key in its own alphabet",
            ),
        ];
        checks.into_iter().filter(|(ok, ..)| !ok).map(|(_, what, instead)| (what, instead)).collect()
    }

    /// A key of this shape that nobody was ever given: what `{{key}}` in an example stands for, so that no rule file
    /// holds anything that looks like a secret.
    pub fn sample(&self) -> String {
        format!("{}{}", self.prefix, self.sample_body())
    }

    fn sample_body(&self) -> String {
        let letters = self.alphabet.letters();
        let mut state = self.name.bytes().fold(7u64, |state, b| state.wrapping_mul(31) ^ u64::from(b));
        let mut body: Vec<u8> = (0..self.length[0])
            .map(|_| {
                // Knuth's linear congruential generator; its high bits are the good ones.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(state >> 33).unwrap_or_default() % letters.len();
                letters[at]
            })
            .collect();
        let parts = self.contains.len() + 1;
        for (nth, part) in self.contains.iter().enumerate() {
            let at = (nth + 1) * body.len() / parts - part.len() / 2;
            let at = at.min(body.len().saturating_sub(part.len()));
            body.splice(at..(at + part.len()).min(body.len()), part.bytes());
        }
        String::from_utf8(body).unwrap_or_default()
    }

    /// The code of an example with keys in place of `{{key}}`, and what follows the prefix in place of `{{body}}`.
    pub(crate) fn write_into(&self, code: &str) -> String {
        code.replace("{{key}}", &self.sample()).replace("{{body}}", &self.sample_body())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> KeyShape {
        KeyShape {
            name: "Acme key".to_owned(),
            prefix: "acme-".to_owned(),
            alphabet: Alphabet::Alphanumeric,
            length: [40, 50],
            contains: vec!["ACME".to_owned()],
            near: Vec::new(),
        }
    }

    #[test]
    fn a_sample_has_its_shape_and_is_always_the_same() {
        let shape = shape();
        let sample = shape.sample();
        assert_eq!(sample, shape.sample());
        let body = sample.strip_prefix("acme-").unwrap();
        assert_eq!(body.len(), 40);
        assert!(body.contains("ACME") && body.bytes().all(|b| shape.alphabet.holds(b)), "{body}");
        assert_eq!(
            shape.write_into("k = '{{key}}'; b = '{{body}}'"),
            format!("k = '{sample}'; b = '{body}'")
        );
    }

    #[test]
    fn what_cannot_be_found_is_a_mistake() {
        let whats = |shape: &KeyShape| shape.mistakes().into_iter().map(|(what, _)| what).collect::<Vec<_>>();
        assert_eq!(whats(&shape()), Vec::<&str>::new());
        let bare = KeyShape { prefix: String::new(), length: [4, 2], ..shape() };
        assert_eq!(
            whats(&bare),
            [
                "has no such length",
                "has neither a prefix nor words beside it",
                "contains what it cannot contain"
            ]
        );
        let loud = KeyShape { near: vec!["Acme".to_owned()], prefix: "a".to_owned(), ..shape() };
        assert_eq!(
            whats(&loud),
            [
                "has a prefix of one or two characters",
                "has a word beside it that is short, or not in lower case"
            ]
        );
    }
}
