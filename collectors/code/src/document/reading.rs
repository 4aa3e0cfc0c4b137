//! Reads YAML, JSON, TOML and HCL, bounded in depth and in the work that aliases make.
//!
//! Numbers come as text: a name, a branch or an argument of a command may look like one.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::{EMPTY, Entry, MAX_BYTES, Node, ReadError, Value, hcl, json, toml};

/// Each level takes up to 40 KiB of stack in a build without optimisation; manifests of pods have about 16.
const MAX_DEPTH: usize = 32;
const MAX_REPLAYED: usize = 20_000;
/// Bytes of all texts of one document: aliases may repeat a long one.
const MAX_TEXT_BYTES: usize = 16 * MAX_BYTES;

/// Reads HCL, JSON, TOML or YAML as the extension of the path says.
pub(crate) fn by_name(path: &str, text: &str) -> Result<Node, ReadError> {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json" | "jsonc") => json(text),
        Some("toml") => toml(text),
        Some("tf") => hcl(text),
        Some("md") => yaml(crate::starters::front_matter(text).unwrap_or_default()),
        _ => yaml(text),
    }
}

/// Reads the first document of a YAML file; an empty one is null.
pub(crate) fn yaml(text: &str) -> Result<Node, ReadError> {
    Ok(yaml_all(text)?.into_iter().next().unwrap_or(EMPTY))
}

thread_local! {
    /// Bytes of text that the document being read may still have: the visitor of a nested value has no other way to know.
    static TEXT_LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Reads all documents of a YAML file that are not empty.
pub(crate) fn yaml_all(text: &str) -> Result<Vec<Node>, ReadError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: 500_000,
            max_nodes: 250_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 500,
            max_recorded_anchor_events: MAX_REPLAYED,
            max_recorded_anchor_bytes: 2 * MAX_BYTES,
            max_total_scalar_bytes: 2 * MAX_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        // Otherwise `on` and `y` would be booleans.
        strict_booleans: true,
        with_snippet: false,
    };
    TEXT_LEFT.set(MAX_TEXT_BYTES);
    let documents: Vec<Spanned<Value>> = serde_saphyr::from_str_multiple_with_options(text, options)
        .map_err(|error| {
            // The library's own message may quote the file.
            let problem = "no valid YAML, or more of it than is read";
            match error.location().map(|l| narrow(l.line())).filter(|line| *line > 0) {
                Some(line) => ReadError::At { line, problem },
                None => ReadError::Whole { problem },
            }
        })?;
    Ok(documents.into_iter().map(node_at).collect())
}

fn narrow(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn node_at(spanned: Spanned<Value>) -> Node {
    Node { line: narrow(spanned.referenced.line()), value: spanned.value }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        let left = TEXT_LEFT.get().checked_sub(text.len()).ok_or_else(|| E::custom("too much text"))?;
        TEXT_LEFT.set(left);
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(node_at(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = node_at(map.next_value()?);
            entries.push(Entry { key: key.value, line: narrow(key.referenced.line()), node });
        }
        Ok(Value::Table(entries))
    }
}

/// Reads JSON with comments and trailing commas.
pub(crate) fn json(text: &str) -> Result<Node, ReadError> {
    let node = json::parse(text, json::Dialect::Relaxed)?;
    match node.value {
        Value::Table(_) | Value::List(_) => Ok(with_text(node)),
        _ => Err(ReadError::At { line: 1, problem: "no valid JSON" }),
    }
}

/// Reads TOML.
pub(crate) fn toml(text: &str) -> Result<Node, ReadError> {
    toml::parse(text).map(with_text)
}

/// Reads HCL.
pub(crate) fn hcl(text: &str) -> Result<Node, ReadError> {
    hcl::parse(text).map(with_text)
}

/// The same tree with numbers as text. The parsers' own limits on nesting bound this recursion.
fn with_text(node: Node) -> Node {
    let value = match node.value {
        Value::Number(number) => Value::Text(number.into()),
        Value::List(items) => Value::List(items.into_iter().map(with_text).collect()),
        Value::Table(entries) => {
            let entry = |entry: Entry| Entry { node: with_text(entry.node), ..entry };
            Value::Table(entries.into_iter().map(entry).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Text(_)) => other,
    };
    Node { line: node.line, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: u32, text: &str) -> Node {
        Node { line, value: Value::Text(text.to_owned()) }
    }

    #[test]
    fn yaml_knows_its_lines() {
        let node = yaml("# c\non: y\na:\n  - &x b\n  - run: |\n\n      p\n      q\n  - *x\n").unwrap();
        assert_eq!(node.get("on"), Some(&text(2, "y")));
        let run = Entry { key: "run".to_owned(), line: 5, node: text(7, "\np\nq\n") };
        let table = Node { line: 5, value: Value::Table(vec![run]) };
        assert_eq!(node.items_at(&["a"]), [text(4, "b"), table, text(9, "b")]);
        assert_eq!(yaml(""), Ok(EMPTY));
    }

    #[test]
    fn json_may_have_comments_and_keeps_its_lines() {
        let node =
            json("// c\n{\"a\":[\"x\", // y: z\n\t\"http://h#\",],\n/* \n */\"b\":\"\\\"\\ud83d\\ude00\",}")
                .unwrap();
        assert_eq!(node.items_at(&["a"]), [text(2, "x"), text(3, "http://h#")]);
        assert_eq!(node.entry("b"), Some(&Entry { key: "b".to_owned(), line: 5, node: text(5, "\"😀") }));
        assert_eq!(json("{\n'a': 1}"), Err(ReadError::At { line: 2, problem: "no valid JSON" }));
        assert!(json("a: b").is_err());
    }

    #[test]
    fn toml_knows_its_lines() {
        let node = toml("[a]\nb = [\n 'x',\n 2]\n").unwrap();
        assert_eq!(node.entries_at(&["a"])[0].line, 2);
        assert_eq!(node.items_at(&["a", "b"]), [text(3, "x"), text(4, "2")]);
        assert_eq!(toml("a = 1\nb\n").unwrap_err().line(), Some(2));
    }
}
