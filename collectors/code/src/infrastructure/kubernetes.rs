//! Objects of Kubernetes, as they stand in the file.

use std::sync::Arc;

use super::principals::kubernetes_kind;
use super::{Format, Resource};
use crate::document::Node;

/// The object that a document is.
pub(super) fn resources(document: &Node, path: &Arc<str>) -> Option<Resource> {
    Some(Resource {
        format: Format::Kubernetes,
        kind: kubernetes_kind(document)?,
        name: document.text_at(&["metadata", "name"])?.to_owned(),
        path: Arc::clone(path),
        line: document.entry("kind").map_or(document.line, |entry| entry.line),
        body: document.clone(),
    })
}
