//! Entities of a catalogue of Backstage: `catalog-info.yaml`, several documents in one file, or what its API gives.

use asmm_model::{Mark, MarkKind};
use serde_json::Value;

use super::entry::Raw;
use super::{Draft, marks};

/// Kinds of entities that declare something that may be a system.
const KINDS: [&str; 5] = ["component", "api", "resource", "system", "airesource"];
/// Bytes of one document.
const MAX_DOCUMENT: usize = 1024 * 1024;
/// Annotations of one entity.
const ANNOTATIONS: usize = 200;

/// Why an object is an entity of Backstage and no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoEntry {
    /// Of another kind: a group, a user, a location.
    Kind,
}

/// Reads every document of a file. One that cannot be read is noted, and the others are read.
pub(super) fn read(text: &str, draft: &mut Draft<'_>) {
    let mut others = 0_usize;
    for (line, document) in documents(text) {
        if draft.is_full() {
            break;
        }
        let at = format!("line {line}");
        if document.len() > MAX_DOCUMENT {
            draft.note(format!("{at}: a document of more than 1 MB is left out"));
            continue;
        }
        let Some(value) = parsed(document) else {
            draft.note(format!("{at}: it is no YAML that can be read"));
            continue;
        };
        match entity(&value) {
            Some(Ok(raw)) => draft.add(raw, &at, Some(line), None),
            Some(Err(NoEntry::Kind)) => others += 1,
            None if value.is_null() => {}
            None => draft.note(format!("{at}: it is no entity of Backstage")),
        }
    }
    if others > 0 {
        draft.note(format!(
            "entities of kinds that declare no system, such as groups, locations and skills: {others}"
        ));
    }
}

/// The documents, each with the line of its first text.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let mut documents = Vec::new();
    let (mut begin, mut from, mut line, mut offset) = (0, 1_u32, 1_u32, 0);
    let mut starts = false;
    for part in text.split_inclusive('\n') {
        let bare = part.trim_end();
        if bare == "---" || bare.starts_with("--- ") {
            if starts {
                documents.push((from, &text[begin..offset]));
            }
            (begin, starts) = (offset, false);
        } else if !starts && !bare.trim().is_empty() && !bare.trim_start().starts_with('#') {
            (from, starts) = (line, true);
        }
        offset += part.len();
        line = line.saturating_add(1);
    }
    if starts {
        documents.push((from, &text[begin..]));
    }
    documents
}

fn parsed(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_events: 50_000,
            max_nodes: 25_000,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 1,
            max_recorded_anchor_events: 5_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 5_000,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let mut all: Vec<Value> = serde_saphyr::from_str_multiple_with_options(text, options).ok()?;
    Some(if all.is_empty() { Value::Null } else { all.swap_remove(0) })
}

/// The entry that an object is, where it is an entity of Backstage.
pub(super) fn entity(value: &Value) -> Option<Result<Raw, NoEntry>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let at = |path: &str| value.pointer(path).and_then(text).unwrap_or_default();
    if !at("/apiVersion").contains("backstage.io") && !is_entity(value) {
        return None;
    }
    let kind = at("/kind").to_lowercase();
    let of_type = at("/spec/type").to_lowercase();
    // A skill or a rule is read by agents, and is none.
    let is_context = kind == "airesource" && (of_type.ends_with("skill") || of_type.ends_with("rule"));
    if is_context || !KINDS.contains(&kind.as_str()) {
        return Some(Err(NoEntry::Kind));
    }
    let name = at("/metadata/name");
    let namespace = match at("/metadata/namespace") {
        namespace if namespace.is_empty() => "default".to_owned(),
        namespace => namespace,
    };
    let is_agent = matches!(of_type.as_str(), "agent" | "ai-agent" | "agentic");
    let mut raw = Raw {
        id: if name.is_empty() { String::new() } else { format!("{kind}:{namespace}/{name}").to_lowercase() },
        name: if name.is_empty() { at("/metadata/title") } else { name },
        owner: at("/spec/owner"),
        purpose: match at("/metadata/description") {
            text if text.is_empty() => at("/metadata/title"),
            text => text,
        },
        lifecycle: at("/spec/lifecycle"),
        agentic: is_agent.then_some(true),
        ..Raw::default()
    };
    let annotations = value.pointer("/metadata/annotations").and_then(Value::as_object);
    let of = |name: &str| annotations.and_then(|all| all.get(name)).and_then(text);
    raw.marks.extend(places(&of));
    let values = annotations.into_iter().flatten().take(ANNOTATIONS).filter_map(|(_, value)| value.as_str());
    raw.marks.extend(values.filter(|value| value.starts_with("arn:")).filter_map(marks::resource));
    Some(Ok(raw))
}

/// An export may leave `apiVersion` out of what has all the rest.
fn is_entity(value: &Value) -> bool {
    value.pointer("/metadata/name").is_some() && value.get("spec").is_some() && value.get("kind").is_some()
}

fn places(of: &impl Fn(&str) -> Option<String>) -> Vec<Mark> {
    // The file that declares it stands in for its code where nothing else says where that is.
    let source = of("backstage.io/source-location").or_else(|| of("backstage.io/managed-by-location"));
    let place = |text: &str| match text.split_once("oci://") {
        Some((_, image)) => marks::image(image),
        None => marks::repository(text),
    };
    let mut found: Vec<Mark> = source.as_deref().and_then(place).into_iter().collect();
    let slugs = ["github.com/project-slug", "gitlab.com/project-slug", "bitbucket.org/project-slug"];
    for slug in slugs.into_iter().filter_map(of).filter_map(|text| marks::slug(&text)) {
        // With a source location, the folder of it is known as well.
        let path = slug.value.trim_start_matches('-');
        if !found.iter().any(|mark| mark.value.split('#').next().is_some_and(|value| value.ends_with(path))) {
            found.push(slug);
        }
    }
    if let Some(id) = of("backstage.io/kubernetes-id") {
        let namespace = of("backstage.io/kubernetes-namespace").unwrap_or_else(|| "-".to_owned());
        let value = format!("k8s/{namespace}/-/{id}");
        let is_plain = value.len() <= 500 && !value.chars().any(|c| c.is_control() || c.is_whitespace());
        if is_plain && value.split('/').count() == 4 {
            found.push(Mark { kind: MarkKind::Resource, value });
        }
    }
    found
}
