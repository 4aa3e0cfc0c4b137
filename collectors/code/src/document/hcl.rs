//! HCL with the line of every key, in the shape of its JSON form: blocks are tables in tables, by their labels.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::Element;

use super::{Entry, LineIndex, Node, ReadError, Value};

/// Levels of nested expressions are up to 64, of 50 KiB each in a build without optimisation.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Reads one document. What is no plain value becomes its source text within `${` and `}`, as the JSON form writes it.
///
/// The parser bounds the depth, but by more than the stack of a worker holds; so it gets one of its own.
pub(crate) fn parse(text: &str) -> Result<Node, ReadError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let work = thread.spawn_scoped(scope, || read(text)).ok().and_then(|work| work.join().ok());
        work.unwrap_or(Err(ReadError::Whole { problem: "could not be read" }))
    })
}

/// The bodies of a block that may be repeated: as blocks are in HCL, and as tables or lists of them in JSON.
pub(crate) fn all<'a>(node: &'a Node, key: &'a str) -> impl Iterator<Item = &'a Node> {
    node.entries().iter().filter(move |e| e.key == key).flat_map(|e| e.node.one_or_more())
}

/// Blocks with two labels.
pub(crate) fn blocks<'a>(
    document: &'a Node,
    key: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Node)> {
    all(document, key).flat_map(Node::entries).flat_map(|kind| {
        kind.node.one_or_more().iter().flat_map(Node::entries).flat_map(move |name| {
            name.node.one_or_more().iter().map(move |body| (kind.key.as_str(), name.key.as_str(), body))
        })
    })
}

fn read(text: &str) -> Result<Node, ReadError> {
    let lines = LineIndex::new(text);
    let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| {
        // The library's own message quotes the file.
        let line = u32::try_from(error.location().line()).unwrap_or(u32::MAX);
        ReadError::At { line, problem: "no valid HCL, or nested too deeply" }
    })?;
    let reader = Reader { text, lines };
    Ok(Node { line: 1, value: Value::Table(reader.entries(&body)) })
}

struct Reader<'a> {
    text: &'a str,
    lines: LineIndex,
}

/// The parser's own limit on nesting bounds the recursion.
impl Reader<'_> {
    fn line(&self, place: &impl Span) -> u32 {
        place.span().map_or(1, |span| self.lines.line(span.start))
    }

    fn entries(&self, body: &Body) -> Vec<Entry> {
        body.iter()
            .map(|part| match part {
                Structure::Attribute(attribute) => Entry {
                    key: attribute.key.as_str().to_owned(),
                    line: self.line(&attribute.key),
                    node: self.node(&attribute.value),
                },
                Structure::Block(block) => self.block(block),
            })
            .collect()
    }

    fn block(&self, block: &Block) -> Entry {
        let line = self.line(&block.ident);
        let body = Node { line, value: Value::Table(self.entries(&block.body)) };
        let node = block.labels.iter().rev().fold(body, |node, label| {
            let entry = Entry { key: label.as_str().to_owned(), line, node };
            Node { line, value: Value::Table(vec![entry]) }
        });
        Entry { key: block.ident.as_str().to_owned(), line, node }
    }

    fn node(&self, expression: &Expression) -> Node {
        let line = self.line(expression);
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(truth) => Value::Bool(*truth.value()),
            Expression::Number(number) => Value::Number(number.value().to_string().into()),
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::Array(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            Expression::Object(object) => Value::Table(
                object
                    .iter()
                    .map(|(key, value)| {
                        let node = self.node(value.expr());
                        let key = match key {
                            ObjectKey::Ident(name) => name.as_str().to_owned(),
                            ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
                            ObjectKey::Expression(other) => self.source(other),
                        };
                        Entry { key, line: node.line, node }
                    })
                    .collect(),
            ),
            Expression::StringTemplate(template) => Value::Text(self.template(template.iter())),
            Expression::HeredocTemplate(heredoc) => {
                return Node {
                    // The text begins below the delimiter.
                    line: line.saturating_add(1),
                    value: Value::Text(self.template(heredoc.template.iter())),
                };
            }
            Expression::Parenthesis(inner) => return self.node(inner.inner()),
            Expression::FuncCall(call)
                if matches!(call.name.name.as_str(), "jsonencode" | "yamlencode") && call.args.len() == 1 =>
            {
                return call.args.iter().next().map_or(Node { line, value: Value::Null }, |a| self.node(a));
            }
            other => Value::Text(self.source(other)),
        };
        Node { line, value }
    }

    fn source(&self, place: &impl Span) -> String {
        let text = place.span().and_then(|span| self.text.get(span)).unwrap_or_default();
        format!("${{{}}}", text.trim())
    }

    fn template<'e>(&self, elements: impl Iterator<Item = &'e Element>) -> String {
        let mut text = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal.value()),
                Element::Interpolation(hole) => text.push_str(&self.source(&hole.expr)),
                Element::Directive(_) => text.push_str("%{}"),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_tables() {
        let text = "# c\nresource \"a\" \"b\" {\n  x = \"${path.module}/y\"\n  n = 1.5\n  ref = c.d[0].arn\n  inner {\n    l = [\"p\",\n      true]\n  }\n  j = jsonencode({ k = \"v\", \"q\" = null })\n  h = <<-EOT\n    one ${z}\n    EOT\n}\n";
        let node = parse(text).unwrap();
        let body = node.at(&["resource", "a", "b"]).unwrap();
        assert_eq!(body.line, 2);
        assert_eq!(body.text_at(&["x"]), Some("${path.module}/y"));
        assert_eq!(body.get("n").and_then(Node::scalar), Some("1.5"));
        assert_eq!(body.text_at(&["ref"]), Some("${c.d[0].arn}"));
        assert_eq!(body.entry("inner").map(|e| e.line), Some(6));
        let items: Vec<_> = body.items_at(&["inner", "l"]).iter().map(|n| n.line).collect();
        assert_eq!(items, [7, 8]);
        assert_eq!(body.text_at(&["j", "k"]), Some("v"));
        assert_eq!(body.get("h").map(|h| h.line), Some(12));
        assert!(body.text_at(&["h"]).is_some_and(|h| h.contains("one ${z}")));
    }

    #[test]
    fn errors_have_lines_and_no_text() {
        let error = parse("a = 1\nsecret = hunter2 hunter2\n").unwrap_err();
        assert_eq!(error, ReadError::At { line: 2, problem: "no valid HCL, or nested too deeply" });
    }
}
