//! Resources of Terraform files, and how values get from one module to another.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::{Format, Resource};
use crate::document::hcl::blocks;
use crate::document::{Node, Value};
use crate::program::parent;
use crate::starters::join_path;

/// References that one question follows.
const MOST: usize = 200;

/// Every resource and every lookup of a file.
pub(super) fn resources(document: &Node, path: &Arc<str>) -> Vec<Resource> {
    let one = |kind: String, name: &str, body: &Node| Resource {
        format: Format::Terraform,
        kind,
        name: name.to_owned(),
        path: Arc::clone(path),
        line: body.line,
        body: body.clone(),
    };
    let declared = blocks(document, "resource").map(|(kind, name, body)| one(kind.to_owned(), name, body));
    let looked_up =
        blocks(document, "data").map(|(kind, name, body)| one(format!("data.{kind}"), name, body));
    declared.chain(looked_up).collect()
}

/// What variables, locals, outputs and modules stand for, by the folder that they are written in.
#[derive(Debug, Default)]
pub(crate) struct Wiring {
    values: HashMap<(String, String), Vec<(String, String)>>,
    /// Folders of modules of the repository, by the folder that uses them and their name there.
    modules: HashMap<(String, String), String>,
}

impl Wiring {
    /// Adds what one file says.
    pub(crate) fn add(&mut self, document: &Node, path: &str) {
        let folder = parent(path);
        for entry in document.entries() {
            let named = || entry.node.one_or_more().iter().flat_map(Node::entries);
            match entry.key.as_str() {
                "locals" => named().for_each(|local| {
                    self.put(folder, format!("local.{}", local.key), folder, &local.node);
                }),
                "output" => named().for_each(|output| {
                    if let Some(value) = output.node.get("value") {
                        self.put(folder, format!("output.{}", output.key), folder, value);
                    }
                }),
                "module" => named().for_each(|module| self.module(folder, &module.key, &module.node)),
                _ => {}
            }
        }
    }

    fn module(&mut self, folder: &str, name: &str, body: &Node) {
        let source = body.text_at(&["source"]).filter(|s| s.starts_with("./") || s.starts_with("../"));
        let Some(inside) = source.map(|source| join_path(folder, source)) else { return };
        for argument in body.entries().iter().filter(|entry| entry.key != "source") {
            self.put(&inside, format!("var.{}", argument.key), folder, &argument.node);
        }
        self.modules.insert((folder.to_owned(), name.to_owned()), inside);
    }

    fn put(&mut self, folder: &str, what: String, from: &str, value: &Node) {
        let stands_for = self.values.entry((folder.to_owned(), what)).or_default();
        stands_for.extend(references(value).into_iter().map(|reference| (from.to_owned(), reference)));
    }

    /// Resources that a value written in a folder leads to: their folders and addresses (`type.name`).
    pub(crate) fn resolve(&self, folder: &str, value: &Node) -> Vec<(String, String)> {
        self.follow(folder, references(value))
    }

    /// Resources that references written in a folder lead to.
    pub(crate) fn follow(&self, folder: &str, references: Vec<String>) -> Vec<(String, String)> {
        let mut seen: HashSet<(String, String)> = HashSet::default();
        let mut open: Vec<(String, String)> =
            references.into_iter().map(|reference| (folder.to_owned(), reference)).collect();
        let mut found = Vec::new();
        while let Some((folder, reference)) = open.pop() {
            if seen.len() >= MOST || !seen.insert((folder.clone(), reference.clone())) {
                continue;
            }
            let parts: Vec<&str> = reference.split('.').collect();
            let value = match parts[..] {
                [kind @ ("var" | "local"), name, ..] => Some((folder, format!("{kind}.{name}"))),
                ["module", name, output, ..] => {
                    let inside = self.modules.get(&(folder, name.to_owned()));
                    inside.map(|inside| (inside.clone(), format!("output.{output}")))
                }
                ["data", kind, name, ..] => {
                    found.push((folder, format!("data.{kind}.{name}")));
                    None
                }
                [kind, name, ..] => {
                    found.push((folder, format!("{kind}.{name}")));
                    None
                }
                _ => None,
            };
            open.extend(value.and_then(|value| self.values.get(&value)).into_iter().flatten().cloned());
        }
        found.sort();
        found
    }
}

/// Everything that the texts below a node refer to.
pub(crate) fn references(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Text(text) if text.contains("${") => {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            text.split(|c| !inside(c)).filter(|word| word.contains('.')).map(str::to_owned).collect()
        }
        Value::List(items) => items.iter().flat_map(references).collect(),
        Value::Table(entries) => entries.iter().flat_map(|entry| references(&entry.node)).collect(),
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
