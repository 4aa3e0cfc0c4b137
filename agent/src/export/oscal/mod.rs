//! Observations for an audit: assessment results of the Open Security Controls Assessment Language, version
//! 1.2.1.
//!
//! A finding of OSCAL says whether a control is satisfied, which a scan cannot judge; there are none.

mod document;
mod observations;

use std::collections::BTreeMap;

use asmm_model::{Component, Inventory, System, SystemKind};

use self::document::{
    All, AssessmentAssets, AssessmentResults, BackMatter, ControlSelection, Document, ImportPlan,
    InventoryItem, LocalDefinitions, Metadata, Outcome, Part, PartReference, Platform, Prop, Resource,
    ReviewedControls, Status, uuid,
};
use super::{table, words};
use crate::page::visible;

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(&document(inventory))?;
    text.push('\n');
    Ok(text)
}

fn document(inventory: &Inventory) -> Document {
    let scan = &inventory.scan;
    let plan = uuid(&["plan"]);
    let tool = Part {
        uuid: uuid(&["tool", &scan.tool]),
        kind: "software",
        title: scan.tool.clone(),
        description: "Reads targets without running anything, and puts what it finds to the Autonomy Test."
            .to_owned(),
        props: Prop::list([("rules", scan.rules.as_str())]),
        status: Status { state: "operational" },
    };
    let mut parts = BTreeMap::new();
    let items: Vec<InventoryItem> =
        inventory.systems.iter().map(|system| item(inventory, system, &mut parts)).collect();
    let mut components: Vec<Part> = parts.into_values().collect();
    components.push(tool.clone());
    let result = Outcome {
        uuid: uuid(&["result", &scan.id]),
        title: format!("Scan {}", scan.id),
        description: description(inventory),
        start: scan.started_at.clone(),
        local_definitions: LocalDefinitions {
            components,
            inventory_items: items,
            assessment_assets: AssessmentAssets {
                platforms: vec![Platform {
                    uuid: uuid(&["platform", &scan.id]),
                    title: "The scan".to_owned(),
                    uses_components: vec![PartReference { component_uuid: tool.uuid.clone() }],
                }],
            },
        },
        reviewed_controls: ReviewedControls {
            // A selection has to name controls or take all; which ones bear on this is not known here.
            control_selections: vec![ControlSelection {
                description: "No control is judged: the observations may bear on any of them.",
                include_all: All {},
            }],
        },
        observations: observations::all(inventory, &tool.uuid),
    };
    Document {
        assessment_results: AssessmentResults {
            uuid: uuid(&["document", &scan.id, &scan.started_at]),
            metadata: Metadata {
                title: "AI systems found by a scan".to_owned(),
                last_modified: scan.started_at.clone(),
                version: scan.id.clone(),
                oscal_version: "1.2.1",
            },
            import_ap: ImportPlan { href: format!("#{plan}") },
            results: vec![result],
            back_matter: BackMatter {
                resources: vec![Resource {
                    uuid: plan,
                    title: "Assessment plan",
                    description: "Stands for the assessment plan that this scan is part of; put yours here.",
                }],
            },
        },
    }
}

fn description(inventory: &Inventory) -> String {
    let targets: Vec<_> = inventory.scan.targets.iter().map(|target| visible(&target.target)).collect();
    format!("What was scanned: {}.", targets.join(", "))
}

/// Stays the same for a system of a target, as its id does.
fn subject(system: &System) -> String {
    uuid(&["system", system.target.as_deref().unwrap_or_default(), system.id.as_str()])
}

fn item(inventory: &Inventory, system: &System, parts: &mut BTreeMap<String, Part>) -> InventoryItem {
    let [low, high] = system.level.map(|level| level.0.to_string());
    let confidence = system.confidence.map(|confidence| confidence.to_string()).unwrap_or_default();
    let kind = match system.kind {
        SystemKind::Agent => "ai-agent".to_owned(),
        other => format!("ai-{}", other.name()),
    };
    let priority = system.priority.to_string();
    let mut props = Prop::standard([("asset-id", system.id.as_str()), ("asset-type", &kind)]);
    props.extend(Prop::list([
        ("name", system.name.as_str()),
        ("target", inventory.target_of(system).unwrap_or_default()),
        ("root", &system.root),
        ("verdict", system.verdict.name()),
        ("level-min", &low),
        ("level-max", &high),
        ("confidence", &confidence),
        ("approval", system.hitl.name()),
        ("role", system.role.name()),
        ("priority", &priority),
    ]));
    // Suggestions are no responsible parties: nobody agreed.
    props.extend(Prop::list(system.owners.iter().map(|owner| ("suggested-owner", owner.name.as_str()))));
    props.extend(Prop::list(system.models.iter().map(|model| ("model", model.name.as_str()))));
    let places: Vec<String> =
        system.locations.iter().map(|at| format!("{}: {}", words::named(at.kind), at.reference)).collect();
    props.extend(Prop::list(places.iter().map(|place| ("location", place.as_str()))));
    let mut used: Vec<PartReference> = Vec::new();
    for component in &system.components {
        let part = part(component);
        let reference = PartReference { component_uuid: part.uuid.clone() };
        if !used.contains(&reference) {
            used.push(reference);
        }
        parts.entry(part.uuid.clone()).or_insert(part);
    }
    InventoryItem {
        uuid: subject(system),
        description: format!(
            "{}: {}, {}",
            visible(&system.name),
            table::verdict(system.verdict),
            table::in_words(system.level)
        ),
        props,
        implemented_components: used,
    }
}

/// A component, the same one wherever it is used in the same version.
fn part(component: &Component) -> Part {
    let package = component.package.as_deref().unwrap_or_default();
    let version = component.version.as_deref().unwrap_or_default();
    let mut props = Prop::standard([("version", version)]);
    props.extend(Prop::list([
        ("kind", component.kind.name()),
        ("package", package),
        ("purl", component.purl.as_deref().unwrap_or_default()),
    ]));
    Part {
        uuid: uuid(&["component", component.kind.name(), &component.name, package, version]),
        kind: "software",
        title: visible(&component.name).into_owned(),
        description: format!("{} {}", component.kind.name(), visible(&component.name)),
        props,
        // Whether it is in use is not seen.
        status: Status { state: "other" },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use asmm_model::{Criterion, Effect, Gap, GapReason, Gate, Place, Supports};
    use serde_json::Value;

    use super::*;
    use crate::sample::{self, Sample};

    #[test]
    fn the_document_holds_what_was_seen_and_no_judgement() {
        let text = text(&sample::inventory(sample::refunds(".").observations())).unwrap();
        assert!(!text.contains("\"findings\""));
        insta::assert_snapshot!(text);
    }

    /// Every value of the fields that names something, and of those that refer to it.
    fn ids(value: &Value, defined: &mut Vec<String>, used: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value.as_str()) {
                        ("uuid", Some(id)) => defined.push(id.to_owned()),
                        (name, Some(id)) if name.ends_with("-uuid") => used.push(id.to_owned()),
                        _ => ids(value, defined, used),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| ids(item, defined, used)),
            _ => {}
        }
    }

    #[test]
    fn every_id_is_defined_once_and_every_reference_leads_to_one() {
        let document: Value =
            serde_json::from_str(&text(&sample::inventory(sample::observations("."))).unwrap()).unwrap();
        let (mut defined, mut used) = (Vec::new(), Vec::new());
        ids(&document, &mut defined, &mut used);
        let once: BTreeSet<&String> = defined.iter().collect();
        assert_eq!(once.len(), defined.len(), "{defined:?}");
        assert!(!used.is_empty());
        for id in &used {
            assert!(once.contains(id), "{id} is nowhere");
        }
    }

    #[test]
    fn hostile_names_are_values_and_nothing_else() {
        let hostile = " \r\n\"},{\u{1b}[2J \u{202e} ";
        let at = || Place::line(hostile, 3);
        let sample = Sample::new(hostile, hostile, hostile)
            .system(SystemKind::Agent, false)
            .says(Criterion::C1, Supports::Yes, 0.9, hostile, at())
            .tool(hostile, Effect::Pay, Gate::None, at())
            .identity(hostile, false, Place::locator(hostile));
        let mut inventory = sample::inventory(sample.observations());
        inventory.coverage[0].skipped = vec![Gap::new(hostile, GapReason::Failed).because(hostile)];
        let text = text(&inventory).unwrap();
        assert_eq!(text.chars().find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}')), None);
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut props = Vec::new();
        for item in document["assessment-results"]["results"][0]["local-definitions"]["inventory-items"]
            .as_array()
            .unwrap()
        {
            props.extend(item["props"].as_array().unwrap().clone());
        }
        for prop in props {
            let value = prop["value"].as_str().unwrap();
            assert!(!value.is_empty() && value.trim() == value, "{value:?}");
        }
    }
}
