//! Files that show AI by where they are and what they set: instructions and settings of coding agents, prompts, lists of
//! Model Context Protocol servers.

mod conditions;
mod images;
mod models;
mod plans;
mod servers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use asmm_model::{ControlKind, Role};
use muster_rules::{FileRef, FileSite, Posture, RulePack};

use crate::document::{Node, ReadError, reading};
use crate::role::role_of;

pub(crate) use images::images;
pub(crate) use models::{ConfiguredModel, models};
pub(crate) use servers::Server;

/// A file that a rule knows by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    pub(crate) path: Arc<str>,
    pub(crate) rule: u32,
    /// The control that it is, where it is no component.
    pub(crate) means: Option<ControlKind>,
    pub(crate) shows: Vec<Shown>,
    /// The servers that it lists.
    pub(crate) servers: Vec<Server>,
}

/// What a line of such a file shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) line: u32,
    /// What is said about it; empty where the file itself is all.
    pub(crate) note: String,
}

/// The artifacts that a file is. A file with conditions is parsed; others are not even looked into.
pub(crate) fn artifacts(pack: &RulePack, path: &Arc<str>, bytes: &[u8]) -> Result<Vec<Artifact>, ReadError> {
    let kinds = pack.files(path);
    let looks = |at: &FileRef| looks_into(pack.file(*at));
    let (controls, kinds): (Vec<FileRef>, Vec<FileRef>) =
        kinds.into_iter().partition(|at| pack.file(*at).means.is_some());
    let document = if kinds.iter().any(looks) { read(path, bytes)? } else { None };
    let mut found: Vec<Artifact> = Vec::new();
    if !controls.is_empty() {
        found.extend(self::controls(pack, path, bytes, &controls));
    }
    for at in kinds {
        let kind = pack.file(at);
        let Some(shows) = shown(kind, document.as_ref()) else { continue };
        let servers = match (&kind.servers, &document) {
            (Some(key), Some(document)) => servers::servers(document, key),
            _ => Vec::new(),
        };
        let known = found.iter_mut().find(|artifact| artifact.rule == at.rule && artifact.means.is_none());
        if let Some(known) = known {
            known.shows.extend(shows);
            known.servers.extend(servers);
        } else {
            let path = Arc::clone(path);
            found.push(Artifact { path, rule: at.rule, means: None, shows, servers });
        }
    }
    for artifact in &mut found {
        artifact.shows.sort();
        artifact.shows.dedup();
    }
    Ok(found)
}

/// The controls that a file is. One that cannot be parsed says nothing here: where it is read as something else it becomes a
/// gap.
fn controls(pack: &RulePack, path: &Arc<str>, bytes: &[u8], kinds: &[FileRef]) -> Vec<Artifact> {
    let role = role_of(path);
    if !role.is_own() && role != Role::Docs {
        return Vec::new();
    }
    let text = || std::str::from_utf8(bytes).unwrap_or_default();
    let documents = if kinds.iter().any(|at| looks_into(pack.file(*at))) {
        let is_yaml = [".yaml", ".yml"].iter().any(|ending| path.ends_with(ending));
        if is_yaml {
            reading::yaml_all(text())
        } else {
            reading::by_name(path, text()).map(|node| vec![node])
        }
    } else {
        Ok(Vec::new())
    };
    let documents = documents.unwrap_or_default();
    let mut found: Vec<Artifact> = Vec::new();
    for at in kinds {
        let kind = pack.file(*at);
        let shows: Vec<Shown> = if looks_into(kind) {
            documents.iter().filter_map(|document| shown(kind, Some(document))).flatten().collect()
        } else if plans::is_for_people(path) && plans::is_written(bytes) {
            vec![Shown { line: 1, note: String::new() }]
        } else {
            Vec::new()
        };
        if !shows.is_empty() {
            let (path, rule, means) = (Arc::clone(path), at.rule, kind.means);
            found.push(Artifact { path, rule, means, shows, servers: Vec::new() });
        }
    }
    found
}

/// Whether rules speak about a file of that path.
pub(crate) fn is_known(pack: &RulePack, path: &str) -> bool {
    !pack.files(path).is_empty()
}

fn looks_into(kind: &FileSite) -> bool {
    !kind.conditions.is_empty() || kind.servers.is_some()
}

fn read(path: &str, bytes: &[u8]) -> Result<Option<Node>, ReadError> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
    // Files without an extension are written in JSON or in YAML, and what reads YAML reads JSON.
    reading::by_name(path, text).map(Some)
}

/// What a file of that kind shows, if it is one.
fn shown(kind: &FileSite, document: Option<&Node>) -> Option<Vec<Shown>> {
    if let Some(key) = &kind.servers
        && document.is_none_or(|document| servers::servers(document, key).is_empty())
    {
        return None;
    }
    if kind.conditions.is_empty() {
        return Some(vec![Shown { line: 1, note: String::new() }]);
    }
    let mut shows = Vec::new();
    for test in &kind.conditions {
        shows.extend(conditions::holding(document?, test)?);
    }
    let posture = match kind.posture {
        Some(Posture::Unattended) => "acts without asking: ",
        Some(Posture::Asks) => "asks a person: ",
        Some(Posture::Confined) => "is confined: ",
        None => "",
    };
    let shown = |(line, what): (u32, String)| Shown { line, note: format!("{posture}{what}") };
    Some(shows.into_iter().map(shown).collect())
}
