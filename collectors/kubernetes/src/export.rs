//! Saved objects of a cluster: what `kubectl get -o json` prints, or manifests, in one file or a folder.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use asmm_model::{Gap, GapReason};
use muster_collect::CollectError;
use serde_json::Value;

use crate::object::Object;

/// Bytes of one file; 10,000 pods take about 130 million.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of one file in YAML, whose reader is slower.
const MAX_YAML: u64 = 16 * 1024 * 1024;
/// Files of one export.
const MAX_FILES: usize = 100_000;
/// Folders inside each other.
const MAX_DEPTH: usize = 16;

/// Everything that an export holds.
#[derive(Debug, Default)]
pub(crate) struct Export {
    pub(crate) objects: Vec<Object>,
    pub(crate) gaps: Vec<Gap>,
}

/// Reads a file or a folder.
pub(crate) fn read(path: &Path) -> Result<Export, CollectError> {
    let unusable = |why: &dyn std::fmt::Display| {
        CollectError::Unusable(format!(
            "{}: {why}; give a file or folder of manifests, or of what `kubectl get -o json` prints",
            path.display()
        ))
    };
    let meta = fs::metadata(path).map_err(|error| unusable(&error))?;
    let mut files = Vec::new();
    if meta.is_file() {
        files.push(path.to_owned());
    } else {
        list(path, 0, &mut files).map_err(|error| unusable(&error))?;
        files.sort();
    }
    let mut export = Export::default();
    for file in files {
        let shown = file.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(&file);
        let shown = shown.to_string_lossy().replace('\\', "/");
        match documents(&file) {
            Ok(documents) => export.objects.extend(documents.into_iter().flat_map(Object::all)),
            Err((why, detail)) => export.gaps.push(Gap::new(shown, why).because(detail)),
        }
    }
    if export.objects.is_empty() && export.gaps.is_empty() {
        return Err(unusable(&"it holds no object of a cluster"));
    }
    Ok(export)
}

fn list(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Links are not followed: they lead out of the export.
        let kind = entry.file_type()?;
        let path = entry.path();
        let is_ours = path
            .extension()
            .is_some_and(|e| ["json", "yaml", "yml"].iter().any(|ours| e.eq_ignore_ascii_case(ours)));
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&path, depth + 1, found)?;
        } else if kind.is_file() && is_ours && found.len() < MAX_FILES {
            found.push(path);
        }
    }
    Ok(())
}

/// The documents of a file. The words of an error say nothing of what the file holds.
fn documents(path: &Path) -> Result<Vec<Value>, (GapReason, String)> {
    let failed = |error: std::io::Error| (GapReason::Failed, error.to_string());
    let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let most = if is_json { MAX_BYTES } else { MAX_YAML };
    let mut text = Vec::new();
    fs::File::open(path).map_err(failed)?.take(most + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > most {
        return Err((GapReason::TooLarge, format!("it is larger than {} MB", most / 1024 / 1024)));
    }
    let is_template = || text.windows(2).any(|two| two == b"{{");
    let unparsable = |why: String| {
        if !is_json && is_template() {
            let what = "it is a template; render it first, as with `helm template`";
            (GapReason::Unsupported, what.to_owned())
        } else {
            (GapReason::Unparsable, why)
        }
    };
    if is_json || text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let mut all = Vec::new();
        for document in serde_json::Deserializer::from_slice(&text).into_iter::<Value>() {
            let document = document.map_err(|error| {
                unparsable(format!("no JSON at line {}, column {}", error.line(), error.column()))
            })?;
            all.push(document);
        }
        return Ok(all);
    }
    let Ok(utf8) = std::str::from_utf8(&text) else {
        return Err((GapReason::Unparsable, "it is not UTF-8".to_owned()));
    };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_documents: 10_000,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
    };
    serde_saphyr::from_str_multiple_with_options::<Value, _>(utf8, options)
        .map_err(|_| unparsable("it is no YAML that can be read".to_owned()))
}
