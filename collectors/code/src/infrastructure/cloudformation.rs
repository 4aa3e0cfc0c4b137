//! Resources of CloudFormation templates, as they stand in the file.

use std::sync::Arc;

use super::{Format, Resource};
use crate::document::{Node, Value};

/// Every resource of a template.
pub(super) fn resources(document: &Node, path: &Arc<str>) -> Vec<Resource> {
    let all = document.entries_at(&["Resources"]).iter();
    all.filter_map(|entry| {
        Some(Resource {
            format: Format::CloudFormation,
            kind: entry.node.text_at(&["Type"])?.to_owned(),
            name: entry.key.clone(),
            path: Arc::clone(path),
            line: entry.line,
            body: entry
                .node
                .get("Properties")
                .cloned()
                .unwrap_or(Node { line: entry.line, value: Value::Null }),
        })
    })
    .collect()
}
