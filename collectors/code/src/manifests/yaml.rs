//! YAML with the line of every key, bounded in depth, size and the work that aliases make.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::document::{Entry, Node, ReadError, Value};

const MAX_DEPTH: usize = 64;
const MAX_EVENTS: usize = 4_000_000;
const MAX_NODES: usize = 2_000_000;
/// Lock files use no aliases; a few do no harm.
const MAX_REPLAYED: usize = 100_000;

/// Reads one document; an empty one is an empty table.
pub(super) fn parse(text: &str) -> Result<Node, ReadError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: MAX_EVENTS,
            max_nodes: MAX_NODES,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 4,
            max_recorded_anchor_events: MAX_REPLAYED,
            max_recorded_anchor_bytes: 4 * 1024 * 1024,
            max_total_scalar_bytes: 2 * super::MAX_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let documents: Vec<Document> =
        serde_saphyr::from_str_multiple_with_options(text, options).map_err(|error| {
            // The library's own message may quote the file.
            let problem = "no valid YAML, or more of it than is read";
            match error.location().and_then(|l| u32::try_from(l.line()).ok()).filter(|line| *line > 0) {
                Some(line) => ReadError::At { line, problem },
                None => ReadError::Whole { problem },
            }
        })?;
    let empty = Node { line: 1, value: Value::Table(Vec::new()) };
    // Newer pnpm may put a document about itself before the one of the project.
    Ok(documents.into_iter().map(|d| d.0).next_back().unwrap_or(empty))
}

struct Document(Node);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        NodeAt { line: 1 }.deserialize(deserializer).map(Document)
    }
}

/// A value below the key at a line: items of lists take the line of their key.
#[derive(Clone, Copy)]
struct NodeAt {
    line: u32,
}

impl NodeAt {
    fn node(self, value: Value) -> Node {
        Node { line: self.line, value }
    }
}

impl<'de> DeserializeSeed<'de> for NodeAt {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeAt {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(self.node(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(self.node(Value::Number(number.to_string().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(self.node(Value::Number(number.to_string().into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(self.node(Value::Number(number.to_string().into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(self.node(Value::Text(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.node(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(self.node(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self)? {
            items.push(item);
        }
        Ok(self.node(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let line = u32::try_from(key.referenced.line()).unwrap_or(u32::MAX);
            let node = map.next_value_seed(Self { line })?;
            entries.push(Entry { key: key.value, line, node });
        }
        Ok(self.node(Value::Table(entries)))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn keys_have_lines() {
        let node = parse(
            "# c\nlockfileVersion: '9.0'\n\na:\n  'x@1':\n    n: {k: 1.5}\n    dev: true\n  l: [p, ~]\n",
        )
        .unwrap();
        let x = node.at(&["a", "x@1"]).unwrap();
        assert_eq!(node.text_at(&["lockfileVersion"]), Some("9.0"));
        assert_eq!((x.line, x.is_true("dev")), (5, true));
        assert_eq!(x.at(&["n", "k"]).and_then(Node::scalar), Some("1.5"));
        let expected = [Value::Text("p".to_owned()), Value::Null].map(|value| Node { line: 8, value });
        assert_eq!(node.items_at(&["a", "l"]), expected);
        assert_eq!(parse(""), Ok(Node { line: 1, value: Value::Table(Vec::new()) }));
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..12 {
            let alias = format!("*a{}", i - 1);
            let _ = writeln!(text, "a{i}: &a{i} [{}]", vec![alias; 10].join(","));
        }
        let error = parse(&text).unwrap_err();
        assert!(error.line().is_some_and(|l| l > 2), "{error}");
    }
}
