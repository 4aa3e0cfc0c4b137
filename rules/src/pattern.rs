//! Patterns over resolved names: `openai.*.chat.completions.create`, `ai#generateText`, `?.insert_one`.

use serde::{Deserialize, Serialize};

/// A pattern over a resolved name. Names are split at `.` and `#`; `*` stands for any run of characters within one
/// segment, `**` for any number of segments, a leading `?` for a receiver that could not be resolved (or could, to
/// anything).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Segment {
    Exact(String),
    Glob(String),
    AnyNumber,
}

/// Splits a resolved name. A module specifier in front of `#` is one segment, dots and all.
pub(crate) fn segments(name: &str) -> impl Iterator<Item = &str> {
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
        let name: Vec<&str> = segments(name).collect();
        if let Some(Segment::Exact(first)) = self.segments.first()
            && first == "?"
        {
            // Any receiver: only the tail counts, and there must be a receiver.
            let tail = &self.segments[1..];
            return name.len() > tail.len() && fits(tail, &name[name.len() - tail.len()..]);
        }
        fits(&self.segments, &name)
    }

    /// Whether the pattern is about any receiver, so that only tails of names can fit.
    pub fn is_unanchored(&self) -> bool {
        matches!(self.segments.first(), Some(Segment::Exact(first)) if first == "?")
    }

    /// Whether only one name can fit: the pattern as written.
    pub fn is_exact(&self) -> bool {
        !self.is_unanchored() && self.segments.iter().all(|segment| matches!(segment, Segment::Exact(_)))
    }

    /// The first segment, when it is fixed: the key under which a pattern can be looked up.
    pub fn head(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Exact(first)) if first != "?" => Some(first),
            _ => None,
        }
    }

    /// The last segment, when it is fixed.
    pub fn tail(&self) -> Option<&str> {
        match self.segments.last() {
            Some(Segment::Exact(last)) => Some(last),
            _ => None,
        }
    }

    /// The parts in front of the first that holds a wildcard.
    pub fn fixed(&self) -> &str {
        let end = self.text.find('*').unwrap_or(self.text.len());
        let end = if end == self.text.len() { end } else { self.text[..end].rfind(['.', '#']).unwrap_or(0) };
        &self.text[..end]
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn fits(pattern: &[Segment], name: &[&str]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((Segment::AnyNumber, rest)) => (0..=name.len()).any(|skip| fits(rest, &name[skip..])),
        Some((Segment::Exact(want), rest)) => {
            name.split_first().is_some_and(|(have, tail)| want == have && fits(rest, tail))
        }
        Some((Segment::Glob(want), rest)) => {
            name.split_first().is_some_and(|(have, tail)| glob(want, have) && fits(rest, tail))
        }
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
        if text.is_empty() || text.chars().any(char::is_whitespace) {
            return Err(format!("`{text}` is no symbol pattern; write a dotted name without blanks"));
        }
        let segments: Vec<Segment> = segments(&text)
            .map(|segment| match segment {
                "**" => Segment::AnyNumber,
                _ if segment.contains("**") => Segment::Glob(segment.replace("**", "*")),
                _ if segment.contains('*') => Segment::Glob(segment.to_owned()),
                _ => Segment::Exact(segment.to_owned()),
            })
            .collect();
        // Two runs of "any number" are enough for every rule and keep matching from growing without bound.
        if segments.iter().filter(|s| **s == Segment::AnyNumber).count() > 2 {
            return Err(format!("`{text}` has more than two `**`"));
        }
        Ok(Self { text, segments })
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
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
