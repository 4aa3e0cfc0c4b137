//! Resources of Azure, in Bicep and in the JSON that it is compiled to.

use std::sync::Arc;

use super::{Format, Resource};
use crate::document::Node;
use crate::document::bicep::Declared;

/// Templates within templates.
const MAX_DEPTH: usize = 8;

/// Every resource that a Bicep file makes.
pub(super) fn of_bicep(declared: &[Declared], path: &Arc<str>) -> Vec<Resource> {
    let made = declared.iter().filter(|declared| declared.what == "resource" && !declared.exists);
    let resource = |declared: &Declared| Resource {
        format: Format::Azure,
        kind: declared.kind.clone(),
        name: declared.name.clone(),
        path: Arc::clone(path),
        line: declared.line,
        body: declared.body.clone(),
    };
    made.map(resource).collect()
}

/// Every resource of a template, those within others and of templates within it too.
pub(super) fn of_template(document: &Node, path: &Arc<str>) -> Vec<Resource> {
    let mut found = Vec::new();
    collect(document, "", path, 0, &mut found);
    found
}

fn collect(node: &Node, within: &str, path: &Arc<str>, depth: usize, found: &mut Vec<Resource>) {
    let Some(resources) = node.get("resources").filter(|_| depth < MAX_DEPTH) else { return };
    let named = resources.entries().iter().map(|entry| (Some(entry.key.as_str()), &entry.node));
    for (symbol, body) in resources.items().iter().map(|item| (None, item)).chain(named) {
        let Some(entry) = body.entry("type") else { continue };
        let Some(text) = entry.node.text() else { continue };
        let kind = if text.contains('.') || within.is_empty() {
            text.to_owned()
        } else {
            format!("{within}/{text}")
        };
        let name = symbol.or_else(|| body.text_at(&["name"])).unwrap_or_default();
        collect(body, &kind, path, depth + 1, found);
        if let Some(template) = body.at(&["properties", "template"]) {
            collect(template, "", path, depth + 1, found);
        }
        // A name may be an expression, which says little to a reader.
        let name = if name.starts_with('[') { kind.rsplit('/').next().unwrap_or(&kind) } else { name };
        found.push(Resource {
            format: Format::Azure,
            name: name.to_owned(),
            kind,
            path: Arc::clone(path),
            line: entry.line,
            body: body.clone(),
        });
    }
}
