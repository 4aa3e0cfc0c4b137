//! What we write of a SARIF log, in the order in which it is written.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::page::visible;

#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    pub(super) automation_details: Identifier,
    pub(super) invocations: Vec<Invocation>,
    pub(super) original_uri_base_ids: BTreeMap<String, UriBase>,
    pub(super) results: Vec<Found>,
    pub(super) column_kind: &'static str,
    pub(super) properties: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct Tool {
    pub(super) driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub(super) name: &'static str,
    pub(super) version: String,
    pub(super) semantic_version: String,
    pub(super) rules: Vec<Descriptor>,
    pub(super) notifications: Vec<Descriptor>,
}

/// A rule, or a kind of notification.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'static str>,
    pub(super) short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) full_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_configuration: Option<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Configuration {
    pub(super) level: &'static str,
}

/// A sentence for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    text: String,
}

impl Message {
    /// A sentence without anything scanned.
    pub(super) fn ours(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// A sentence with scanned names in it. Viewers make a link of `[text](target)`, and put an argument in
    /// the place of `{0}`; a blank keeps them from it.
    pub(super) fn with_scanned(text: &str) -> Self {
        let mut safe = String::with_capacity(text.len());
        let mut before = ' ';
        for c in visible(text).chars() {
            if before == ']' && c == '(' || before == '{' && c.is_ascii_digit() {
                safe.push(' ');
            }
            safe.push(c);
            before = c;
        }
        Self { text: safe }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Identifier {
    pub(super) id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    pub(super) start_time_utc: String,
    #[serde(rename = "toolExecutionNotifications")]
    pub(super) notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
pub(super) struct Notification {
    pub(super) descriptor: DescriptorReference,
    pub(super) level: &'static str,
    pub(super) message: Message,
    pub(super) properties: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct DescriptorReference {
    pub(super) id: String,
    pub(super) index: usize,
}

/// What paths are relative to.
#[derive(Debug, Serialize)]
pub(super) struct UriBase {
    pub(super) description: Message,
}

/// One result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) rule_id: &'static str,
    pub(super) rule_index: usize,
    pub(super) kind: &'static str,
    pub(super) level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) baseline_state: Option<&'static str>,
    pub(super) message: Message,
    pub(super) locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_locations: Vec<Location>,
    pub(super) partial_fingerprints: BTreeMap<&'static str, String>,
    pub(super) properties: Value,
    /// What makes it another finding than those of its rule and system.
    #[serde(skip)]
    pub(super) key: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<usize>,
    #[serde(rename = "physicalLocation", skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Region>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
    pub(super) uri_base_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
}
