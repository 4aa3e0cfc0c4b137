//! Patterns over resolved names: `openai.*.chat.completions.create`, `ai#generateText`, `?.insert_one`.

use serde::{Deserialize, Serialize};

/// A pattern over a resolved name. Names are split at `.` and `#`; `*` stands for any run of characters within one
/// segment, `**` for any number of segments, a leading `?` for a receiver that could not be resolved (or could, to
/// anything).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Box<str>);

/// A segment that stands for any number of segments.
const ANY_NUMBER: &str = "**";
/// A beginning that stands for any receiver.
const ANY_RECEIVER: &str = "?.";

/// Splits a resolved name. A module specifier in front of `#` is one segment, dots and all.
pub(crate) fn segments(name: &str) -> impl Iterator<Item = &str> + Clone {
    let (module, path) = match name.find('#') {
        // The `#` stays, so that the module `ai` is not the name `ai`.
        Some(at) => (Some(&name[..=at]), &name[at + 1..]),
        None => (None, name),
    };
    module.into_iter().chain(path.split('.').filter(|s| !s.is_empty()))
}

impl Pattern {
    /// Whether the resolved name fits.
    pub fn matches(&self, name: &str) -> bool {
        if self.is_exact() {
            return &*self.0 == name;
        }
        self.fits(&segments(name).collect::<Vec<_>>())
    }

    /// Whether a resolved name fits that is split already: rules ask many patterns about one name.
    pub(crate) fn fits(&self, name: &[&str]) -> bool {
        let Some(tail) = self.0.strip_prefix(ANY_RECEIVER) else { return fits(segments(&self.0), name) };
        // Any receiver: only the tail counts, and there must be a receiver.
        let tail = segments(tail);
        let length = tail.clone().count();
        name.len() > length && fits(tail, &name[name.len() - length..])
    }

    /// Whether the pattern is about any receiver, so that only tails of names can fit.
    pub fn is_unanchored(&self) -> bool {
        self.0.starts_with(ANY_RECEIVER)
    }

    /// Whether only one name can fit: the pattern as written.
    pub fn is_exact(&self) -> bool {
        !self.is_unanchored() && !self.0.contains('*')
    }

    /// The first segment, when it is fixed: the key under which a pattern can be looked up.
    pub fn head(&self) -> Option<&str> {
        segments(&self.0).next().filter(|first| !self.is_unanchored() && !first.contains('*'))
    }

    /// The last segment, when it is fixed.
    pub fn tail(&self) -> Option<&str> {
        segments(&self.0).last().filter(|last| !last.contains('*'))
    }

    /// The parts in front of the first that holds a wildcard.
    pub fn fixed(&self) -> &str {
        let Some(wildcard) = self.0.find('*') else { return &self.0 };
        &self.0[..self.0[..wildcard].rfind(['.', '#']).unwrap_or(0)]
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn fits<'p>(mut pattern: impl Iterator<Item = &'p str> + Clone, name: &[&str]) -> bool {
    match pattern.next() {
        None => name.is_empty(),
        Some(ANY_NUMBER) => (0..=name.len()).any(|skip| fits(pattern.clone(), &name[skip..])),
        Some(want) => name.split_first().is_some_and(|(have, tail)| {
            (want == *have || want.contains('*') && glob(want, have)) && fits(pattern, tail)
        }),
    }
}

/// Linear-time glob: on a mismatch only the last `*` needs to give way.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = pattern.split('*').peekable();
    if let Some(first) = parts.next() {
        let Some(after) = rest.strip_prefix(first) else { return false };
        rest = after;
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("a symbol pattern is empty; write a dotted name".to_owned());
        }
        // Two runs of "any number" are enough for every rule and keep matching from growing without bound.
        if text.matches('*').count() > 4
            && segments(&text).filter(|segment| *segment == ANY_NUMBER).count() > 2
        {
            return Err(format!("`{text}` has more than two `**`"));
        }
        Ok(Self(text.into_boxed_str()))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        Pattern::try_from(pattern.to_owned()).unwrap().matches(name)
    }

    #[test]
    fn segments_globs_and_receivers() {
        assert!(fits("openai.*.chat.completions.create", "openai.OpenAI.chat.completions.create"));
        assert!(!fits("openai.*.chat.completions.create", "openai.chat.completions.create"));
        assert!(fits("langchain.**.ChatOpenAI", "langchain.ChatOpenAI"));
        assert!(fits("langchain.**.ChatOpenAI", "langchain.chat_models.openai.ChatOpenAI"));
        assert!(fits("langchain*.agents.create_*", "langchain_classic.agents.create_react_agent"));
        assert!(fits("ai#generateText", "ai#generateText"));
        assert!(!fits("ai#generateText", "ai.generateText"), "a module is not a name");
    }

    #[test]
    fn specifier_with_dots_is_one_segment() {
        assert!(fits("discord.js#Client", "discord.js#Client"));
        assert!(fits("@langchain/*#ChatOpenAI", "@langchain/openai#ChatOpenAI"));
    }

    #[test]
    fn any_receiver() {
        assert!(fits("?.insert_one", "?.insert_one"));
        assert!(fits("?.insert_one", "pymongo.MongoClient.db.insert_one"));
        assert!(!fits("?.insert_one", "insert_one"));
    }

    #[test]
    fn glob_corners() {
        assert!(glob("*Tool", "BashTool") && glob("a*b*c", "aXbYc") && glob("*", ""));
        assert!(!glob("a*b*c", "aXc") && !glob("ab", "abc") && !glob("a*a", "a"));
    }
}
