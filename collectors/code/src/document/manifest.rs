//! The documents of a manifest of Kubernetes, one by one: one that cannot be read hides no other.

use super::reading::yaml_all;
use super::{Entry, Node, ReadError, Value};

/// Documents of one file that are read one by one.
const MOST: usize = 500;

/// What could be read of a manifest, and why the rest could not.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Documents {
    /// Every document, and the items of lists in their place.
    pub(crate) all: Vec<Node>,
    pub(crate) unread: Option<ReadError>,
}

/// Reads a manifest.
pub(crate) fn documents(text: &str) -> Documents {
    let (all, unread) = match yaml_all(text) {
        Ok(all) => (all, None),
        Err(error) => one_by_one(text, error),
    };
    let each = all.into_iter().flat_map(|document| {
        if document.text_at(&["kind"]) == Some("List") {
            document.items_at(&["items"]).to_vec()
        } else {
            vec![document]
        }
    });
    Documents { all: each.collect(), unread }
}

fn one_by_one(text: &str, whole: ReadError) -> (Vec<Node>, Option<ReadError>) {
    let (mut found, mut unread) = (Vec::new(), None);
    let mut above = 0;
    for (at, part) in text.split("\n---").enumerate() {
        if at >= MOST {
            unread = unread.or(Some(whole));
            break;
        }
        match yaml_all(part) {
            Ok(read) => found.extend(read.into_iter().map(|node| below(node, above))),
            Err(ReadError::At { line, problem }) => {
                unread = unread.or(Some(ReadError::At { line: line.saturating_add(above), problem }));
            }
            Err(error) => unread = unread.or(Some(error)),
        }
        let lines = part.matches('\n').count() + 1;
        above = above.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }
    (found, unread)
}

/// The same tree, that many lines further down. What reads YAML bounds this recursion.
fn below(node: Node, above: u32) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| below(item, above)).collect()),
        Value::Table(entries) => {
            let entry = |entry: Entry| Entry {
                line: entry.line.saturating_add(above),
                node: below(entry.node, above),
                key: entry.key,
            };
            Value::Table(entries.into_iter().map(entry).collect())
        }
        other => other,
    };
    Node { line: node.line.saturating_add(above), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_none_hides_no_other() {
        let text = "kind: A\n---\nkind: B\n b: [\n---\nkind: List\nitems:\n  - kind: C\n";
        let read = documents(text);
        let kinds: Vec<(u32, &str)> = read
            .all
            .iter()
            .map(|node| (node.entry("kind").unwrap().line, node.text_at(&["kind"]).unwrap()))
            .collect();
        assert_eq!(kinds, [(1, "A"), (8, "C")]);
        assert_eq!(read.unread.unwrap().line(), Some(4));
        assert_eq!(documents("kind: A\n").unread, None);
    }

    #[test]
    fn only_so_many_documents_are_read_one_by_one() {
        let text = format!("a: [\n{}", "---\nkind: A\n".repeat(1_000));
        let read = documents(&text);
        assert_eq!((read.all.len(), read.unread.is_some()), (MOST - 1, true));
    }
}
