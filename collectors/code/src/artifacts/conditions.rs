//! Whether a document sets what a rule asks for.

use muster_rules::SettingTest;

use crate::document::{Node, Value};

/// Values that one condition looks at.
const MOST: usize = 2_000;
/// Places of one condition that are told.
const MOST_TOLD: usize = 8;

/// Where a condition holds, with what is said about it; `None` where it does not. A value is only told where the rule
/// names it: others could be secrets.
pub(super) fn holding(document: &Node, test: &SettingTest) -> Option<Vec<(u32, String)>> {
    let mut values = Vec::new();
    let path: Vec<&str> = test.key.split('.').collect();
    collect(document, document.line, &path, &mut values);
    if test.absent {
        return values.is_empty().then(Vec::new);
    }
    let any = test.equals.is_empty() && test.starts.is_empty();
    let mut found = Vec::new();
    for (line, value) in values {
        let text = scalar(value);
        let fits = if any {
            is_set(value)
        } else {
            text.is_some_and(|text| {
                test.equals.iter().any(|want| want.eq_ignore_ascii_case(text))
                    || test.starts.iter().any(|want| {
                        text.get(..want.len()).is_some_and(|head| head.eq_ignore_ascii_case(want))
                    })
            })
        };
        let named = test.equals.iter().find(|want| text.is_some_and(|text| want.eq_ignore_ascii_case(text)));
        if fits && found.len() < MOST_TOLD {
            found.push((
                line,
                match named {
                    Some(value) => format!("`{}` is `{value}`", test.key),
                    None => format!("`{}`", test.key),
                },
            ));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Values at the end of a path of keys; the items of a list that stands there are values of their own.
fn collect<'n>(node: &'n Node, line: u32, path: &[&str], found: &mut Vec<(u32, &'n Node)>) {
    if found.len() >= MOST {
        return;
    }
    let Some((key, rest)) = path.split_first() else {
        match &node.value {
            Value::List(items) if !items.is_empty() => {
                found.extend(items.iter().take(MOST).map(|item| (item.line, item)));
            }
            _ => found.push((line, node)),
        }
        return;
    };
    if *key == "*" {
        node.items().iter().for_each(|item| collect(item, item.line, rest, found));
        node.entries().iter().for_each(|entry| collect(&entry.node, entry.line, rest, found));
    } else if let Some(entry) = node.entry(key) {
        collect(&entry.node, entry.line, rest, found);
    } else if let Some((whole, left)) = dotted(node, path) {
        // `"chat.tools.autoApprove"` is one key in the settings of editors.
        collect(&whole.node, whole.line, left, found);
    }
}

/// An entry whose key is written with dots, and what of the path is left after it.
fn dotted<'n, 'p>(
    node: &'n Node,
    path: &'p [&'p str],
) -> Option<(&'n crate::document::Entry, &'p [&'p str])> {
    (2..=path.len()).rev().find_map(|count| {
        let entry = node.entry(&path[..count].join("."))?;
        Some((entry, &path[count..]))
    })
}

fn scalar(node: &Node) -> Option<&str> {
    match node.value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        _ => node.scalar(),
    }
}

fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Table(entries) => !entries.is_empty(),
    }
}
