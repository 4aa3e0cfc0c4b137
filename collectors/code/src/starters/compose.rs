//! Compose files: they start nothing by themselves, but say what the images of others are built from.

use super::commands::single;
use super::images::{self, Variables};
use super::links::image_name;
use super::{Collection, CommandKind, shell};
use crate::document::{Node, ReadError};

/// Names the images that services build.
pub(super) fn read(document: &Node, folder: &str, found: &mut Collection) -> Result<(), ReadError> {
    for service in document.entries_at(&["services"]) {
        let (Some(image), Some(build)) = (service.node.text_at(&["image"]), service.node.get("build")) else {
            continue;
        };
        let context = build.text().or_else(|| build.text_at(&["context"])).unwrap_or(".");
        let file = build.text_at(&["dockerfile"]).unwrap_or("Dockerfile");
        if context.contains(['$', ':']) || file.contains('$') {
            continue;
        }
        let path = shell::join(&shell::join(folder, context), file);
        images::built(&Variables::default(), std::iter::once(image), &path, service.line, found)?;
        let run = single(path, build.line, folder, CommandKind::Named);
        found.name(image_name(image), &[run], service.line)?;
    }
    Ok(())
}
