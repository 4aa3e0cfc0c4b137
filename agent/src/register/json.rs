//! A list of objects, or a document with a list of `systems`: our own form, and what Muster writes.

use asmm_model::{Mark, MarkKind};
use serde_json::{Map, Value};

use super::columns::{COMMON, Says};
use super::entry::Raw;
use super::{BookError, Draft, backstage};

/// Texts of one field.
const TEXTS: usize = 64;

/// Reads the entries of a document.
pub(super) fn read(text: &str, draft: &mut Draft<'_>) -> Result<(), BookError> {
    let document: Value = serde_json::from_str(text).map_err(|error| {
        BookError::Broken(format!("it is no JSON at line {}, column {}", error.line(), error.column()))
    })?;
    let (name, list) = match &document {
        Value::Array(list) => ("", list.as_slice()),
        Value::Object(fields) => match ["systems", "items", "entries"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(Value::as_array).map(|list| (*name, list.as_slice())))
        {
            Some(found) => found,
            None => ("", std::slice::from_ref(&document)),
        },
        _ => {
            return Err(BookError::Broken(
                "it is neither a list of objects nor a document with `systems`".to_owned(),
            ));
        }
    };
    for (at, one) in list.iter().enumerate() {
        let at = format!("{name}[{at}]");
        let Value::Object(fields) = one else {
            draft.note(format!("{at}: it is no object"));
            continue;
        };
        let raw = match backstage::entity(one) {
            Some(Ok(raw)) => raw,
            Some(Err(_)) => continue,
            None => entry(fields),
        };
        draft.add(raw, &at, None, Some(at.clone()));
    }
    Ok(())
}

fn entry(fields: &Map<String, Value>) -> Raw {
    let mut raw = Raw::default();
    let mut found: Vec<(Says, usize, &str, &Value)> = Vec::new();
    for (name, value) in fields {
        if let Some((says, rank)) = COMMON.of(name) {
            found.push((says, rank, name, value));
        } else if name == "keys" {
            raw.marks.extend(value.as_array().into_iter().flatten().take(TEXTS).filter_map(key));
        }
    }
    found.sort_unstable_by_key(|(says, rank, name, _)| (*says, *rank, *name));
    for (says, _, _, value) in found {
        for text in texts(value) {
            raw.take(says, &text);
        }
    }
    raw
}

/// The texts of a field: it is one, or a list of some, or objects that have a name, a text or a reference.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Bool(truth) => vec![truth.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(list) => list.iter().take(TEXTS).filter_map(inner).collect(),
        Value::Object(_) => inner(value).into_iter().collect(),
        Value::Null => Vec::new(),
    }
}

fn inner(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["name", "text", "ref", "value", "url", "arn"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(Value::as_str))
            .map(str::to_owned),
        _ => None,
    }
}

/// A key of a system in an inventory of Muster: only what it is itself known by, since others may have the rest too.
fn key(value: &Value) -> Option<Mark> {
    let (claim, value) = (value.get("claim")?.as_str()?, value.get("value")?.as_str()?);
    match claim {
        "is" => super::marks::resource(value),
        "builds-image" => Some(Mark { kind: MarkKind::Image, value: value.chars().take(500).collect() }),
        _ => None,
    }
}
