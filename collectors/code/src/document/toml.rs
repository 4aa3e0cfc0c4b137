//! TOML with the line of every key.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, LineIndex, Node, ReadError, Value};

/// Tokens that are parsed: the parser keeps all of them at once, and more would need gigabytes.
const MAX_TOKENS: usize = 6_000_000;

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Node, ReadError> {
    if token_estimate(text) > MAX_TOKENS {
        return Err(ReadError::Whole { problem: "more values than are read" });
    }
    let lines = LineIndex::new(text);
    let document = DeTable::parse(text).map_err(|error| {
        let problem =
            if error.message().contains("recursion limit") { "nested too deeply" } else { "no valid TOML" };
        match error.span() {
            Some(span) => ReadError::At { line: lines.line(span.start), problem },
            None => ReadError::Whole { problem },
        }
    })?;
    Ok(Node { line: 1, value: Value::Table(entries(document.into_inner(), &lines)) })
}

/// At least the number of tokens; what stands in strings is counted too.
fn token_estimate(text: &str) -> usize {
    let mut count = 0;
    let mut after_space = true;
    for byte in text.bytes() {
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let sign =
            matches!(byte, b'=' | b',' | b'.' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'' | b'#' | b'\n');
        count += usize::from(sign) + usize::from(space != after_space);
        after_space = space;
    }
    count
}

fn entries(table: DeTable<'_>, lines: &LineIndex) -> Vec<Entry> {
    let entry = |(key, value): (Spanned<toml::de::DeString<'_>>, Spanned<DeValue<'_>>)| {
        let line = lines.line(key.span().start);
        Entry { key: key.into_inner().into_owned(), line, node: node(value, lines) }
    };
    table.into_iter().map(entry).collect()
}

/// The parser's own limit on nesting bounds this recursion.
fn node(spanned: Spanned<DeValue<'_>>, lines: &LineIndex) -> Node {
    let line = lines.line(spanned.span().start);
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Number(number.as_str().into()),
        DeValue::Float(number) => Value::Number(number.as_str().into()),
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Datetime(_) => Value::Null,
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, lines)),
    };
    Node { line, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_items_have_lines() {
        let node = parse("[a.b]\nx = [\n 'one',\n 2]\n\n[[p]]\nname = \"n\"\n[[p]]\nname = \"m\"\n").unwrap();
        let table = node.at(&["a", "b"]).unwrap();
        assert_eq!(table.entry("x").map(|e| e.line), Some(2));
        let items: Vec<_> = table.items_at(&["x"]).iter().map(|n| (n.line, n.scalar())).collect();
        assert_eq!(items, [(3, Some("one")), (4, Some("2"))]);
        let names: Vec<_> =
            node.items_at(&["p"]).iter().filter_map(|p| p.entry("name")).map(|e| e.line).collect();
        assert_eq!(names, [7, 9]);
    }

    #[test]
    fn errors_have_lines_and_no_text() {
        let error = parse("a = 1\nsecret = hunter2\n").unwrap_err();
        assert_eq!(error, ReadError::At { line: 2, problem: "no valid TOML" });
        assert_eq!(error.to_string(), "line 2: no valid TOML");
    }

    #[test]
    fn values_are_counted() {
        let text = format!("a = [{}]", "1,".repeat(MAX_TOKENS));
        assert_eq!(parse(&text), Err(ReadError::Whole { problem: "more values than are read" }));
    }
}
