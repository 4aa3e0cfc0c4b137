//! The names that a site is about.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Pattern;

/// What stands between the names in the text that the build makes of them; JSON writes it as it is.
const BETWEEN: char = '\u{7f}';

/// Patterns over resolved names. The build makes one text of those of a site, which is taken apart when somebody asks for
/// them: there are tens of thousands, and a scan needs those of the languages that it meets.
#[derive(Clone)]
pub struct Symbols {
    text: Box<str>,
    patterns: OnceLock<Box<[Pattern]>>,
}

impl Symbols {
    fn listed(patterns: Vec<Pattern>) -> Self {
        Self { text: Box::default(), patterns: OnceLock::from(patterns.into_boxed_slice()) }
    }
}

impl Deref for Symbols {
    type Target = [Pattern];

    /// # Panics
    /// Never in a tested build: a test takes every text apart.
    fn deref(&self) -> &[Pattern] {
        self.patterns.get_or_init(|| {
            let pattern = |text: &str| Pattern::try_from(text.to_owned());
            let patterns = self.text.split(BETWEEN).map(pattern);
            patterns.collect::<Result<_, _>>().expect("prepared rules are checked by a test")
        })
    }
}

impl<'s> IntoIterator for &'s Symbols {
    type Item = &'s Pattern;
    type IntoIter = std::slice::Iter<'s, Pattern>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Symbols {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Symbols {}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl Serialize for Symbols {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Symbols {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Listed;

        impl<'de> Visitor<'de> for Listed {
            type Value = Symbols;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of resolved names")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Symbols, E> {
                // Whoever writes a rule by hand writes a list.
                if !text.starts_with(BETWEEN) {
                    return Err(E::invalid_type(serde::de::Unexpected::Str(text), &self));
                }
                Ok(Symbols { text: text[BETWEEN.len_utf8()..].into(), patterns: OnceLock::new() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Symbols, A::Error> {
                let mut patterns = Vec::new();
                while let Some(name) = names.next_element::<String>()? {
                    patterns.push(Pattern::try_from(name).map_err(A::Error::custom)?);
                }
                Ok(Symbols::listed(patterns))
            }
        }

        deserializer.deserialize_any(Listed)
    }
}
