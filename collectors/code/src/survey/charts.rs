//! Templates of charts and other manifests that an engine completes, made plain before they are read.

use asmm_model::{Gap, GapReason};

use crate::document::{EMPTY, Node, ReadError, reading, template};
use crate::starters::has_extension;
use crate::tree::{Found, Reader};

/// Bytes of a chart's description and of its values.
const MAX_BYTES: u64 = 1024 * 1024;

/// The chart that was met last: the templates of one mostly come together.
#[derive(Debug, Default)]
pub(super) struct Charts {
    folder: String,
    values: template::Values,
    /// Why values of it are not known.
    gap: Option<Gap>,
}

/// A file that was made plain.
pub(super) struct Plain {
    pub(super) text: String,
    /// Why values of its chart are not known.
    pub(super) gap: Option<Gap>,
}

impl Charts {
    /// Whether what a file says may depend on the chart around it.
    pub(super) fn may_complete(found: &Found, bytes: &[u8]) -> bool {
        has_extension(&found.path, &["yaml", "yml"]) && template::has_actions(bytes)
    }

    /// The file without the actions of a template engine, if it has any; values are those of the chart around it.
    pub(super) fn plain(&mut self, reader: &mut Reader<'_>, found: &Found, bytes: &[u8]) -> Option<Plain> {
        if !Self::may_complete(found, bytes) {
            return None;
        }
        let chart = chart_of(reader, found);
        if chart.is_none() && !template::is_manifest(bytes) {
            return None;
        }
        // What is no text is a gap where it is read.
        let text = std::str::from_utf8(bytes).ok()?;
        let Some((description, values)) = chart else {
            return Some(Plain {
                text: template::without_actions(text, &template::Values::default()),
                gap: None,
            });
        };
        if self.folder != description.path {
            let (values, gap) =
                match (document(reader, Some(&description)), document(reader, values.as_ref())) {
                    (Ok(chart), Ok(values)) => (template::Values::of(&chart, &values), None),
                    (Err(gap), _) | (_, Err(gap)) => (template::Values::default(), Some(gap)),
                };
            *self = Self { folder: description.path, values, gap };
        }
        Some(Plain { text: template::without_actions(text, &self.values), gap: self.gap.clone() })
    }
}

/// The description and the values of the chart whose template a file is.
fn chart_of(reader: &mut Reader<'_>, found: &Found) -> Option<(Found, Option<Found>)> {
    let folders: Vec<&str> = found.path.split('/').collect();
    let at = folders.iter().rposition(|folder| *folder == "templates")?;
    let above = folders.len() - at;
    let description = reader.beside(found, above, "Chart.yaml")?;
    Some((description, reader.beside(found, above, "values.yaml")))
}

/// What a file of a chart says; nothing if there is none.
fn document(reader: &mut Reader<'_>, found: Option<&Found>) -> Result<Node, Gap> {
    let Some(found) = found else { return Ok(EMPTY) };
    let mut buffer = Vec::new();
    reader.read(found, MAX_BYTES, &mut buffer)?;
    let text = std::str::from_utf8(&buffer).map_err(|_| ReadError::Whole { problem: "no UTF-8" });
    text.and_then(reading::yaml)
        .map_err(|error| Gap::new(&found.path, GapReason::Unparsable).because(error.to_string()))
}
