//! A document as a tree that knows the line of every key: the common form of HCL, JSON, TOML and YAML.

pub(crate) mod bicep;
pub(crate) mod hcl;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod reading;
pub(crate) mod template;
pub(crate) mod toml;

/// Bytes of a file that is read as a document.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// A value and the line where it begins; of a block text, the first line of it that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) value: Value,
}

/// What nothing says.
pub(crate) const EMPTY: Node = Node { line: 1, value: Value::Null };

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(Box<str>),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its line, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: u32,
    pub(crate) node: Node,
}

impl Node {
    /// Entries of a table; nothing for other values.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Items of a list; nothing for other values.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Items of a list, or the one value that stands for a list of one.
    pub(crate) fn one_or_more(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The last entry of that key, as the parsers of those formats that allow repetition take it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|e| e.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|e| &e.node)
    }

    /// What stands at the end of a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Entries of the table at the end of a path of keys.
    pub(crate) fn entries_at(&self, path: &[&str]) -> &[Entry] {
        self.at(path).map_or(&[], Self::entries)
    }

    /// Items of the list at the end of a path of keys.
    pub(crate) fn items_at(&self, path: &[&str]) -> &[Self] {
        self.at(path).map_or(&[], Self::items)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text at the end of a path of keys.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Self::text)
    }

    /// A text or number, as written.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether the value of that key is `true`.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|n| n.value == Value::Bool(true))
    }
}

/// Where lines begin, for offsets that parsers give.
#[derive(Debug)]
pub(crate) struct LineIndex {
    newlines: Vec<u32>,
}

impl LineIndex {
    pub(crate) fn new(text: &str) -> Self {
        let at = |(i, _): (usize, &u8)| u32::try_from(i).unwrap_or(u32::MAX);
        Self { newlines: text.as_bytes().iter().enumerate().filter(|(_, b)| **b == b'\n').map(at).collect() }
    }

    /// One-based line of a byte offset.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let before = self.newlines.partition_point(|n| (*n as usize) < offset);
        u32::try_from(before).unwrap_or(u32::MAX - 1) + 1
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// More than is read of a file of its kind.
    #[error("the file has {size} bytes; more than {limit} are not read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// How many bytes are read.
        limit: usize,
    },
    /// A problem at a known place.
    #[error("line {line}: {problem}")]
    At {
        /// One-based line.
        line: u32,
        /// What is wrong, in words that come from here and not from the file.
        problem: &'static str,
    },
    /// A problem of the file as a whole.
    #[error("{problem}")]
    Whole {
        /// What is wrong, in words that come from here and not from the file.
        problem: &'static str,
    },
}

impl ReadError {
    #[cfg(test)]
    /// One-based line of the problem, where it is known.
    pub(crate) fn line(&self) -> Option<u32> {
        match self {
            Self::At { line, .. } => Some(*line),
            Self::TooLarge { .. } | Self::Whole { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines() {
        let index = LineIndex::new("a\nbc\n\nd");
        let lines: Vec<u32> = (0..=7).map(|offset| index.line(offset)).collect();
        assert_eq!(lines, [1, 1, 2, 2, 2, 3, 4, 4]);
    }
}
