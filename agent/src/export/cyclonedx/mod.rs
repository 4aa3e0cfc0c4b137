//! The inventory as a bill of materials by CycloneDX, for the tools that read such.

mod document;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Access, EvidenceClass, Inventory, Supports, Verdict};

use self::document::{
    Component, Composition, Data, Dependency, Document, Evidence, Identity, Lifecycle, Metadata, Method,
    Occurrence, Organization, Service, Technique, Tools,
};
use super::bom::{self, Bill, Completeness, Listed, Part, SCAN, Sort};

/// The longest version that the standard allows, in characters.
const VERSION: usize = 1024;

/// A version of the standard; what is written is the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1_6,
    V1_7,
}

/// Indented, with a newline at the end.
pub(super) fn text(inventory: &Inventory, version: Version) -> anyhow::Result<String> {
    let document = document(&Bill::of(inventory)?, version);
    document.check()?;
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn document(bill: &Bill, version: Version) -> Document {
    let spec_version = match version {
        Version::V1_6 => "1.6",
        Version::V1_7 => "1.7",
    };
    let (servers, parts): (Vec<_>, Vec<_>) =
        bill.parts.iter().partition(|(_, part)| part.sort == Sort::Server);
    let mut components: Vec<Component> = bill.systems.iter().map(system).collect();
    components.extend(parts.into_iter().map(|(reference, part)| component(reference, part)));
    components.sort_by(|a, b| a.reference.cmp(&b.reference));
    Document {
        schema: format!("http://cyclonedx.org/schema/bom-{spec_version}.schema.json"),
        bom_format: "CycloneDX",
        spec_version,
        serial_number: format!("urn:uuid:{}", bill.uuid),
        version: 1,
        metadata: metadata(bill),
        components,
        services: servers.into_iter().map(|(reference, part)| service(reference, part)).collect(),
        dependencies: dependencies(bill),
        compositions: compositions(bill),
    }
}

fn metadata(bill: &Bill) -> Metadata {
    let scan = &bill.inventory.scan;
    let (name, version) = scan.tool.split_once(' ').unwrap_or((&scan.tool, ""));
    let tool = Component {
        kind: "application",
        name: name.to_owned(),
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        ..Component::default()
    };
    Metadata {
        timestamp: scan.started_at.clone(),
        lifecycles: [Lifecycle { phase: "discovery" }],
        tools: Tools { components: [tool] },
        component: Component {
            kind: "application",
            reference: Some(SCAN.to_owned()),
            name: bill.subject.clone(),
            ..Component::default()
        },
        properties: bom::of_scan(bill.inventory),
    }
}

fn system(listed: &Listed) -> Component {
    let system = listed.system;
    let mut tags = vec!["ai-system"];
    if system.verdict == Verdict::Agentic {
        tags.push("agentic");
    }
    Component {
        kind: "application",
        reference: Some(listed.reference.clone()),
        name: system.name.clone(),
        description: system.purpose.as_ref().map(|purpose| purpose.text.clone()),
        tags,
        properties: bom::of_system(system),
        evidence: of_system(listed),
        ..Component::default()
    }
}

/// Why a system is there and has its verdict: every place, and the best of each technique.
fn of_system(listed: &Listed) -> Evidence {
    let system = listed.system;
    let mut occurrences = Vec::new();
    let mut methods = BTreeMap::new();
    for (criterion, answer) in system.criteria.iter() {
        for evidence in answer.evidence() {
            let says = match evidence.supports {
                Some(Supports::Yes) => " yes",
                Some(Supports::No) => " no",
                None => "",
            };
            let about = format!("{}{says}", criterion.id());
            occurrences.push(occurrence(evidence, &about));
            better(&mut methods, evidence, &about);
        }
    }
    for tool in &system.tools {
        let about = format!("tool {}", tool.name);
        occurrences.extend(tool.evidence.iter().map(|evidence| occurrence(evidence, &about)));
    }
    for identity in &system.identities {
        let about = format!("identity {}", identity.name);
        occurrences.extend(identity.evidence.iter().map(|evidence| occurrence(evidence, &about)));
    }
    evidence(system.confidence, methods, occurrences)
}

fn component(reference: &str, part: &Part) -> Component {
    let kind = match part.sort {
        Sort::Library => "library",
        Sort::Framework => "framework",
        Sort::Application | Sort::Server => "application",
        Sort::Model => "machine-learning-model",
        Sort::Dataset | Sort::Store | Sort::Configuration => "data",
        Sort::File => "file",
    };
    let data = match part.sort {
        Sort::Dataset => Some("dataset"),
        Sort::Store => Some("other"),
        Sort::Configuration => Some("configuration"),
        _ => None,
    };
    let mut methods = BTreeMap::new();
    for evidence in &part.evidence {
        better(&mut methods, evidence, "");
    }
    let best = methods.values().map(|method| method.confidence).reduce(f64::max);
    Component {
        kind,
        reference: Some(reference.to_owned()),
        supplier: part.provider.map(|name| Organization { name: name.to_owned() }),
        name: part.name.to_owned(),
        version: version(part),
        purl: part.purl.map(str::to_owned),
        data: data.map(|kind| Data { kind, name: part.name.to_owned() }).into_iter().collect(),
        properties: bom::of_part(part),
        evidence: evidence(best, methods, part.evidence.iter().map(|one| occurrence(one, "")).collect()),
        ..Component::default()
    }
}

fn version(part: &Part) -> Option<String> {
    part.version.map(|version| version.chars().take(VERSION).collect())
}

/// A server with its tools inside. The standard has no evidence for services, so the places are properties.
fn service(reference: &str, part: &Part) -> Service {
    let tools = part.tools.values().map(|tool| Service {
        reference: bom::reference("tool", &[reference, &tool.name]),
        name: tool.name.clone(),
        authenticated: None,
        services: Vec::new(),
        properties: bom::of_tool(tool).into_iter().chain(bom::places(tool.evidence.iter())).collect(),
    });
    Service {
        reference: reference.to_owned(),
        name: part.name.to_owned(),
        authenticated: match part.access {
            Some(Access::Open) => Some(false),
            Some(Access::Key | Access::Login) => Some(true),
            Some(Access::Remote | Access::Local) | None => None,
        },
        services: tools.collect(),
        properties: bom::of_part(part)
            .into_iter()
            .chain(bom::places(part.evidence.iter().copied()))
            .collect(),
    }
}

fn technique(class: Option<EvidenceClass>) -> Technique {
    match class {
        Some(EvidenceClass::Ast) => Technique::SourceCodeAnalysis,
        Some(EvidenceClass::Manifest) => Technique::ManifestAnalysis,
        _ => Technique::Other,
    }
}

/// Keeps the surest evidence of each technique.
fn better(methods: &mut BTreeMap<Technique, Method>, evidence: &asmm_model::Evidence, about: &str) {
    let technique = technique(evidence.class);
    let confidence = bom::certainty(evidence);
    if methods.get(&technique).is_none_or(|best| best.confidence < confidence) {
        let value = joined(about, bom::context(evidence));
        methods.insert(technique, Method { technique, confidence, value });
    }
}

fn joined(about: &str, context: Option<String>) -> Option<String> {
    match context {
        Some(context) if about.is_empty() => Some(context),
        Some(context) => Some(format!("{about}, {context}")),
        None => Some(about.to_owned()).filter(|about| !about.is_empty()),
    }
}

fn occurrence(evidence: &asmm_model::Evidence, about: &str) -> Occurrence {
    Occurrence {
        location: bom::location(&evidence.place),
        line: evidence.place.line,
        additional_context: joined(about, bom::context(evidence)),
    }
}

fn evidence(
    confidence: Option<f64>,
    methods: BTreeMap<Technique, Method>,
    mut occurrences: Vec<Occurrence>,
) -> Evidence {
    occurrences.sort();
    occurrences.dedup();
    let methods: Vec<Method> = methods.into_values().collect();
    let identity = (!methods.is_empty()).then_some(Identity { field: "name", confidence, methods });
    Evidence { identity: identity.into_iter().collect(), occurrences }
}

/// Only what is known: a library without an entry may depend on anything, one with an empty entry on nothing.
fn dependencies(bill: &Bill) -> Vec<Dependency> {
    let mut edges = vec![(SCAN, &bill.needs)];
    edges.extend(bill.systems.iter().map(|listed| (listed.reference.as_str(), &listed.needs)));
    let parts = bill.parts.iter().filter(|(_, part)| !part.needs.is_empty());
    edges.extend(parts.map(|(reference, part)| (reference.as_str(), &part.needs)));
    edges.sort_unstable();
    let edge = |(reference, needs): (&str, &BTreeSet<String>)| Dependency {
        reference: reference.to_owned(),
        depends_on: needs.clone(),
    };
    edges.into_iter().map(edge).collect()
}

fn compositions(bill: &Bill) -> Vec<Composition> {
    let mut groups: BTreeMap<Completeness, BTreeSet<String>> = BTreeMap::new();
    groups.entry(bill.seen).or_default().insert(SCAN.to_owned());
    for listed in &bill.systems {
        groups.entry(listed.seen).or_default().insert(listed.reference.clone());
    }
    groups.into_iter().map(|(seen, references)| Composition::of(seen, references)).collect()
}
