//! The part of SPDX 3.0.1 that is written, in the names of its JSON-LD context.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde::Serialize;

use crate::export::bom::Property;

/// What every element says of its creation: one node, which all refer to.
pub(super) const CREATION: &str = "_:creation";

#[derive(Debug, Serialize)]
pub(super) struct Document {
    #[serde(rename = "@context")]
    pub(super) context: &'static str,
    #[serde(rename = "@graph")]
    pub(super) graph: Vec<Element>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Element {
    Creation(Creation),
    Core(Box<Core>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Creation {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@id")]
    pub(super) id: &'static str,
    pub(super) spec_version: &'static str,
    pub(super) created: String,
    pub(super) created_by: Vec<String>,
    pub(super) created_using: Vec<String>,
}

/// An element with the fields of all kinds; those of other kinds stay empty.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Core {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) spdx_id: String,
    pub(super) creation_info: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) profile_conformance: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) root_element: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) element: Vec<String>,
    #[serde(rename = "software_sbomType", skip_serializing_if = "Vec::is_empty")]
    pub(super) sbom_type: Vec<&'static str>,
    #[serde(rename = "software_packageVersion", skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(rename = "software_packageUrl", skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(rename = "software_primaryPurpose", skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<&'static str>,
    #[serde(rename = "ai_autonomyType", skip_serializing_if = "Option::is_none")]
    pub(super) autonomy: Option<&'static str>,
    #[serde(rename = "ai_informationAboutApplication", skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relationship_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completeness: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) extension: Vec<Extension>,
}

/// Names and values, as SPDX takes them over from CycloneDX.
#[derive(Debug, Serialize)]
pub(super) struct Extension {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "extension_cdxProperty")]
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "extension_cdxPropName")]
    name: String,
    #[serde(rename = "extension_cdxPropValue")]
    value: String,
}

impl Extension {
    /// None for no properties: the standard wants one at least.
    pub(super) fn of(properties: Vec<Property>) -> Vec<Self> {
        let entries: Vec<Entry> = properties
            .into_iter()
            .map(|Property { name, value }| Entry { kind: "extension_CdxPropertyEntry", name, value })
            .collect();
        if entries.is_empty() {
            return Vec::new();
        }
        vec![Self { kind: "extension_CdxPropertiesExtension", entries }]
    }
}

impl Element {
    fn id(&self) -> &str {
        match self {
            Self::Creation(creation) => creation.id,
            Self::Core(core) => &core.spdx_id,
        }
    }

    fn refers_to(&self) -> Vec<&str> {
        match self {
            Self::Creation(creation) => {
                creation.created_by.iter().chain(&creation.created_using).map(String::as_str).collect()
            }
            Self::Core(core) => {
                let all = core.root_element.iter().chain(&core.element).chain(&core.from).chain(&core.to);
                all.map(String::as_str).chain([core.creation_info]).collect()
            }
        }
    }
}

impl Document {
    /// Refuses an id that is there twice, or that nothing stands for.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut known = BTreeSet::new();
        for element in &self.graph {
            ensure!(known.insert(element.id()), "the SPDX document has `{}` twice", element.id());
        }
        for id in self.graph.iter().flat_map(Element::refers_to) {
            ensure!(known.contains(id), "the SPDX document has no `{id}`");
        }
        Ok(())
    }
}
