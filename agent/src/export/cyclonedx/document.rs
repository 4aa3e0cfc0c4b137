//! The part of CycloneDX that is written, field for field.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde::Serialize;

use crate::export::bom::{Completeness, Property};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    #[serde(rename = "$schema")]
    pub(super) schema: String,
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    pub(super) serial_number: String,
    pub(super) version: u32,
    pub(super) metadata: Metadata,
    pub(super) components: Vec<Component>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) services: Vec<Service>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) compositions: Vec<Composition>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    pub(super) timestamp: String,
    pub(super) lifecycles: [Lifecycle; 1],
    pub(super) tools: Tools,
    pub(super) component: Component,
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
pub(super) struct Lifecycle {
    pub(super) phase: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tools {
    pub(super) components: [Component; 1],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supplier: Option<Organization>,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) data: Vec<Data>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    pub(super) evidence: Evidence,
}

#[derive(Debug, Serialize)]
pub(super) struct Organization {
    pub(super) name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Data {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Evidence {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) identity: Vec<Identity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) occurrences: Vec<Occurrence>,
}

impl Evidence {
    fn is_empty(&self) -> bool {
        self.identity.is_empty() && self.occurrences.is_empty()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Identity {
    pub(super) field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<f64>,
    pub(super) methods: Vec<Method>,
}

#[derive(Debug, Serialize)]
pub(super) struct Method {
    pub(super) technique: Technique,
    pub(super) confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

/// The techniques of the standard that a scan uses; the list there is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Technique {
    SourceCodeAnalysis,
    ManifestAnalysis,
    Other,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Occurrence {
    pub(super) location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_context: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Service {
    #[serde(rename = "bom-ref")]
    pub(super) reference: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authenticated: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) services: Vec<Self>,
    pub(super) properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) depends_on: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Composition {
    pub(super) aggregate: &'static str,
    pub(super) assemblies: BTreeSet<String>,
    pub(super) dependencies: BTreeSet<String>,
}

impl Composition {
    pub(super) fn of(seen: Completeness, references: BTreeSet<String>) -> Self {
        let aggregate = match seen {
            Completeness::Complete => "complete",
            Completeness::Incomplete => "incomplete",
            Completeness::Unknown => "unknown",
        };
        Self { aggregate, assemblies: references.clone(), dependencies: references }
    }
}

/// The references of a service and of those inside.
fn inside<'a>(services: &'a [Service], into: &mut Vec<&'a str>) {
    for service in services {
        into.push(&service.reference);
        inside(&service.services, into);
    }
}

impl Document {
    /// Refuses a reference that is there twice, or that nothing stands for: the schema sees neither.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let subject = std::iter::once(&self.metadata.component);
        let components =
            subject.chain(&self.components).filter_map(|component| component.reference.as_deref());
        let mut references: Vec<&str> = components.collect();
        inside(&self.services, &mut references);
        let mut known = BTreeSet::new();
        for reference in references {
            ensure!(known.insert(reference), "the bill of materials has `{reference}` twice");
        }
        let edges = self.dependencies.iter().flat_map(|edge| edge.depends_on.iter().chain([&edge.reference]));
        let groups =
            self.compositions.iter().flat_map(|group| group.assemblies.iter().chain(&group.dependencies));
        for reference in edges.chain(groups) {
            ensure!(known.contains(reference.as_str()), "the bill of materials has no `{reference}`");
        }
        Ok(())
    }
}
