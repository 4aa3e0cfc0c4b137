//! The inventory as a bill of materials by SPDX 3.0.1, with the fields of its AI profile.

mod element;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use asmm_model::{Inventory, System, Verdict};

use self::element::{CREATION, Core, Creation, Document, Element, Extension};
use super::bom::{self, Bill, Completeness, Listed, Part, SCAN, Sort};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

/// Without `ai`: that profile wants a version, a supplier, a download location and a release time of every
/// package, and a scan does not see all of them.
const PROFILES: [&str; 3] = ["core", "extension", "software"];

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let document = document(&Bill::of(inventory)?);
    document.check()?;
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

/// Ids below the one of the document.
struct Ids<'a>(&'a str);

impl Ids<'_> {
    fn of(&self, reference: &str) -> String {
        format!("urn:uuid:{}#{reference}", self.0)
    }

    fn all(&self, references: &BTreeSet<String>) -> Vec<String> {
        references.iter().map(|reference| self.of(reference)).collect()
    }

    fn core(&self, kind: &'static str, reference: &str) -> Core {
        Core { kind, spdx_id: self.of(reference), creation_info: CREATION, ..Core::default() }
    }

    fn named(&self, kind: &'static str, reference: &str, name: &str) -> Core {
        Core { name: Some(name.to_owned()), ..self.core(kind, reference) }
    }
}

fn document(bill: &Bill) -> Document {
    let ids = Ids(&bill.uuid);
    let mut systems: Vec<&Listed> = bill.systems.iter().collect();
    systems.sort_by(|a, b| a.reference.cmp(&b.reference));
    let mut inside: Vec<Core> = systems.iter().map(|listed| system(&ids, listed)).collect();
    let mut edges = Vec::new();
    for listed in &systems {
        edges.extend(edge(&ids, &listed.reference, &listed.needs, listed.seen));
    }
    for (reference, part) in &bill.parts {
        inside.push(package(&ids, reference, part));
        for tool in part.tools.values() {
            let name = bom::reference("tool", &[reference, &tool.name]);
            let places = bom::places(tool.evidence.iter());
            let extension = Extension::of(bom::of_tool(tool).into_iter().chain(places).collect());
            let purpose = Some("module");
            inside.push(Core { purpose, extension, ..ids.named("software_Package", &name, &tool.name) });
        }
        let tools = part.tools.values().map(|tool| bom::reference("tool", &[reference, &tool.name]));
        let needs = tools.chain(part.needs.iter().cloned()).collect();
        edges.extend(edge(&ids, reference, &needs, Completeness::Unknown));
    }
    inside.extend(edges);

    let scan = &bill.inventory.scan;
    let mut graph = vec![Element::Creation(Creation {
        kind: "CreationInfo",
        id: CREATION,
        spec_version: "3.0.1",
        created: seconds(&scan.started_at),
        created_by: vec![ids.of("agent")],
        created_using: vec![ids.of("tool")],
    })];
    let profile_conformance = PROFILES.to_vec();
    let whole = [
        ids.named("SoftwareAgent", "agent", &scan.tool),
        ids.named("Tool", "tool", &scan.tool),
        Core {
            profile_conformance: profile_conformance.clone(),
            root_element: vec![ids.of(SCAN)],
            ..ids.named("SpdxDocument", "document", &bill.subject)
        },
        Core {
            profile_conformance,
            root_element: ids.all(&bill.needs),
            element: inside.iter().map(|core| core.spdx_id.clone()).collect(),
            sbom_type: vec!["deployed"],
            extension: Extension::of(bom::of_scan(bill.inventory)),
            ..ids.named("software_Sbom", SCAN, &bill.subject)
        },
    ];
    graph.extend(whole.into_iter().chain(inside).map(|core| Element::Core(Box::new(core))));
    Document { context: CONTEXT, graph }
}

/// SPDX has no fractions of a second.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

fn system(ids: &Ids, listed: &Listed) -> Core {
    let system = listed.system;
    Core {
        summary: Some(summary(system)),
        purpose: Some("application"),
        autonomy: Some(match system.verdict {
            Verdict::Agentic => "yes",
            Verdict::NotAgentic | Verdict::NotAi => "no",
            Verdict::Undetermined => "noAssertion",
        }),
        application: system.purpose.as_ref().map(|purpose| purpose.text.clone()),
        extension: Extension::of(bom::of_system(system)),
        ..ids.named("ai_AIPackage", &listed.reference, &system.name)
    }
}

fn summary(system: &System) -> String {
    format!("{}, {}, {}", system.kind.name(), system.verdict.name(), bom::level(system))
}

fn package(ids: &Ids, reference: &str, part: &Part) -> Core {
    let (kind, purpose) = match part.sort {
        Sort::Library => ("software_Package", "library"),
        Sort::Framework => ("software_Package", "framework"),
        Sort::Application | Sort::Server => ("software_Package", "application"),
        Sort::Model => ("ai_AIPackage", "model"),
        Sort::Dataset | Sort::Store => ("software_Package", "data"),
        Sort::Configuration => ("software_Package", "configuration"),
        Sort::File => ("software_File", "file"),
    };
    let is_file = part.sort == Sort::File;
    let places = bom::places(part.evidence.iter().copied());
    Core {
        version: part.version.filter(|_| !is_file).map(str::to_owned),
        purl: part.purl.filter(|_| !is_file).map(str::to_owned),
        purpose: Some(purpose),
        // How far a model acts alone is a question about the system that calls it.
        autonomy: (part.sort == Sort::Model).then_some("noAssertion"),
        extension: Extension::of(bom::of_part(part).into_iter().chain(places).collect()),
        ..ids.named(kind, reference, part.name)
    }
}

/// What one element depends on; none where that is nothing.
fn edge(ids: &Ids, from: &str, to: &BTreeSet<String>, seen: Completeness) -> Option<Core> {
    (!to.is_empty()).then(|| Core {
        from: Some(ids.of(from)),
        to: ids.all(to),
        relationship_type: Some("dependsOn"),
        completeness: Some(match seen {
            Completeness::Complete => "complete",
            Completeness::Incomplete => "incomplete",
            Completeness::Unknown => "noAssertion",
        }),
        ..ids.core("Relationship", &format!("needs-of-{from}"))
    })
}
