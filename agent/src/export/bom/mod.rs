//! What the bills of materials have in common: every part once, what needs what, and how much was seen.

mod properties;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Access, Component, ComponentKind, Evidence, EvidenceClass, Inventory, Model, Place, Role, System, Tool,
    Verdict,
};

pub(super) use properties::{Property, level, of_part, of_scan, of_system, of_tool, places};

/// Reference of the scan itself: it needs the systems, and the parts that belong to none.
pub(super) const SCAN: &str = "scan";

/// How many hexadecimal digits of a hash make a reference.
const DIGITS: usize = 16;

/// An inventory as a list of parts.
pub(super) struct Bill<'a> {
    pub(super) inventory: &'a Inventory,
    /// Of the content: the same inventory has the same one.
    pub(super) uuid: String,
    /// What was scanned, in one line.
    pub(super) subject: String,
    pub(super) systems: Vec<Listed<'a>>,
    pub(super) parts: BTreeMap<String, Part<'a>>,
    /// What the scan itself needs.
    pub(super) needs: BTreeSet<String>,
    /// How much of all targets was seen.
    pub(super) seen: Completeness,
}

/// A system in the bill.
pub(super) struct Listed<'a> {
    pub(super) reference: String,
    pub(super) system: &'a System,
    pub(super) needs: BTreeSet<String>,
    pub(super) seen: Completeness,
}

/// Whether all that a list should hold is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Completeness {
    /// Nothing that the scan was meant to see stayed hidden.
    Complete,
    /// Something did.
    Incomplete,
    /// Cannot be said.
    Unknown,
}

/// What a part is in the words that all formats share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Library,
    Framework,
    Application,
    Model,
    Dataset,
    /// A store or an index.
    Store,
    Configuration,
    File,
    /// A server of the Model Context Protocol.
    Server,
}

/// One part, with every place that shows it.
pub(super) struct Part<'a> {
    pub(super) sort: Sort,
    /// What the inventory calls its kind.
    pub(super) kind: &'static str,
    /// The package's name where one brings it.
    pub(super) name: &'a str,
    /// The rule's name for it, where that is another.
    pub(super) known_as: Option<&'a str>,
    /// An exact version.
    pub(super) version: Option<&'a str>,
    /// What a manifest asks for, where no exact version is known.
    pub(super) requirement: Option<&'a str>,
    pub(super) purl: Option<&'a str>,
    /// Who serves a model.
    pub(super) provider: Option<&'a str>,
    /// For models: whether the name fixes one dated version.
    pub(super) pinned: Option<bool>,
    pub(super) direct: Option<bool>,
    /// For components: the most productive role of the code that uses it.
    pub(super) role: Option<Role>,
    pub(super) tools: BTreeMap<&'a str, &'a Tool>,
    /// How a server is reached.
    pub(super) access: Option<Access>,
    pub(super) evidence: Vec<&'a Evidence>,
    /// The library that a server is made with.
    pub(super) needs: BTreeSet<String>,
}

impl<'a> Bill<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> anyhow::Result<Self> {
        let mut bill = Self {
            inventory,
            uuid: uuid(&serde_json::to_vec(inventory)?),
            subject: subject(inventory),
            systems: Vec::new(),
            parts: BTreeMap::new(),
            needs: BTreeSet::new(),
            seen: seen(inventory, None),
        };
        for (system, reference) in inventory.systems.iter().zip(references(&inventory.systems)) {
            let mut needs = BTreeSet::new();
            for component in &system.components {
                needs.extend(bill.component(component, &reference));
            }
            needs.extend(system.models.iter().map(|model| bill.model(model)));
            let mut seen = seen(inventory, system.target.as_deref());
            if seen == Completeness::Complete && system.verdict == Verdict::Undetermined {
                seen = Completeness::Unknown;
            }
            bill.needs.insert(reference.clone());
            bill.systems.push(Listed { reference, system, needs, seen });
        }
        for component in &inventory.components {
            let parts = bill.component(component, SCAN);
            bill.needs.extend(parts);
        }
        for part in bill.parts.values_mut() {
            part.evidence.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| a.order(b)));
            part.evidence.dedup();
        }
        Ok(bill)
    }

    /// Lists a component of `owner`; gives what the owner needs: two parts where a package brings a server.
    fn component(&mut self, component: &'a Component, owner: &str) -> Vec<String> {
        let (first, second) = sorts(component);
        let mut references = vec![self.as_part(component, first, owner)];
        if let Some(second) = second {
            let library = self.as_part(component, second, owner);
            if let Some(server) = references.first().and_then(|server| self.parts.get_mut(server)) {
                server.needs.insert(library.clone());
            }
            references.push(library);
        }
        references
    }

    fn as_part(&mut self, component: &'a Component, sort: Sort, owner: &str) -> String {
        let name = match &component.package {
            Some(package) if !matches!(sort, Sort::Server) => package,
            _ => &component.name,
        };
        // Two systems may use one library. A prompt, a store or a server of the same name is another one.
        let shared = matches!(sort, Sort::Library | Sort::Framework | Sort::Model);
        let owner = if shared { "" } else { owner };
        let text = |value: &'a Option<String>| value.as_deref().unwrap_or_default();
        let key = [
            if sort == Sort::Server { "server" } else { "part" },
            component.kind.name(),
            &component.name,
            text(&component.package),
            text(&component.version),
            text(&component.purl),
            owner,
        ];
        let reference = reference("part", &key);
        // Of a server they would be those of the library that it is made with, which stands beside it.
        let is_package = sort != Sort::Server;
        let exact = is_exact(component);
        let version = component.version.as_deref().filter(|version| is_package && !version.is_empty());
        let direct = component.direct.filter(|_| is_package);
        let part = self.parts.entry(reference.clone()).or_insert_with(|| Part {
            sort,
            kind: component.kind.name(),
            name,
            known_as: Some(component.name.as_str()).filter(|known| *known != name),
            version: version.filter(|_| exact),
            requirement: version.filter(|_| !exact),
            purl: component.purl.as_deref().filter(|_| is_package),
            provider: None,
            pinned: None,
            direct,
            role: Some(component.role),
            tools: BTreeMap::new(),
            access: None,
            evidence: Vec::new(),
            needs: BTreeSet::new(),
        });
        part.direct = part.direct.max(direct);
        part.access = part.access.into_iter().chain(component.access).min();
        part.role = part.role.min(Some(component.role));
        part.evidence.extend(&component.evidence);
        if !is_package {
            for tool in &component.tools {
                part.tools.entry(&tool.name).or_insert(tool);
            }
        }
        reference
    }

    fn model(&mut self, model: &'a Model) -> String {
        let provider = model.provider.as_deref();
        let reference = reference("model", &[&model.name, provider.unwrap_or_default()]);
        let part = self.parts.entry(reference.clone()).or_insert_with(|| Part {
            sort: Sort::Model,
            kind: ComponentKind::Model.name(),
            name: &model.name,
            known_as: None,
            version: None,
            requirement: None,
            purl: None,
            provider,
            pinned: Some(model.pinned),
            direct: None,
            role: None,
            tools: BTreeMap::new(),
            access: None,
            evidence: Vec::new(),
            needs: BTreeSet::new(),
        });
        part.evidence.extend(&model.evidence);
        reference
    }
}

/// What a component is listed as; a second time where it is both a server and the library it is made with.
fn sorts(component: &Component) -> (Sort, Option<Sort>) {
    let sort = match component.kind {
        ComponentKind::ProviderSdk | ComponentKind::Observability | ComponentKind::Guardrail => Sort::Library,
        ComponentKind::AgentFramework => Sort::Framework,
        ComponentKind::Mcp if component.package.is_none() => Sort::Server,
        ComponentKind::Mcp if component.tools.is_empty() => Sort::Library,
        ComponentKind::Mcp => return (Sort::Server, Some(Sort::Library)),
        ComponentKind::VectorDb => Sort::Store,
        ComponentKind::Model => Sort::Model,
        ComponentKind::Prompt | ComponentKind::CodingAgentConfig | ComponentKind::ModelFile => Sort::File,
        ComponentKind::Iac | ComponentKind::ApiKeyEnv => Sort::Configuration,
        ComponentKind::Serving | ComponentKind::LowCode => Sort::Application,
        ComponentKind::Dataset => Sort::Dataset,
    };
    (sort, None)
}

/// Whether the version is one, and not what a manifest asks for: a package URL has exact ones alone.
fn is_exact(component: &Component) -> bool {
    match (&component.purl, &component.version) {
        (Some(purl), _) => purl.contains('@'),
        (None, Some(version)) => {
            version.starts_with(|c: char| c.is_ascii_digit())
                && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_".contains(c))
        }
        (None, None) => false,
    }
}

/// A reference that two things share only if all of `key` is the same.
pub(super) fn reference(prefix: &str, key: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in key {
        // The length keeps a text from running into the next one.
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{prefix}-{}", &hasher.finalize().to_hex()[..DIGITS])
}

/// A reference for each system: its id, and its target too where several targets have a system of that id.
fn references(systems: &[System]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for system in systems {
        *counts.entry(system.id.as_str()).or_default() += 1;
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut references = Vec::new();
    for system in systems {
        let id = system.id.as_str();
        let base = if counts.get(id) == Some(&1) {
            id.to_owned()
        } else {
            reference(id, &[system.target.as_deref().unwrap_or_default()])
        };
        let times = taken.entry(base.clone()).or_default();
        *times += 1;
        references.push(if *times == 1 { base } else { format!("{base}-{times}") });
    }
    references
}

/// A UUID of version 8: its bits are our own, made of a hash.
pub(crate) fn uuid(content: &[u8]) -> String {
    let hash = blake3::hash(content);
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.as_bytes()[..16]);
    bits[6] = (bits[6] & 0x0f) | 0x80;
    bits[8] = (bits[8] & 0x3f) | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bits));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn subject(inventory: &Inventory) -> String {
    let targets: Vec<&str> = inventory.scan.targets.iter().map(|target| target.target.as_str()).collect();
    targets.join(", ")
}

/// How much of a target was seen, or of all of them.
fn seen(inventory: &Inventory, target: Option<&str>) -> Completeness {
    let mut covered =
        inventory.coverage.iter().filter(|coverage| target.is_none_or(|t| t == coverage.target)).peekable();
    if covered.peek().is_none() {
        Completeness::Unknown
    } else if covered.all(asmm_model::Coverage::is_complete) {
        Completeness::Complete
    } else {
        Completeness::Incomplete
    }
}

/// Where a piece of evidence is, without the line: a file, or what has no file. Its target comes first where
/// one scan had several.
pub(super) fn location(place: &Place) -> String {
    let inside = place.path.as_deref().or(place.locator.as_deref()).filter(|text| !text.is_empty());
    match (place.target.as_deref(), inside) {
        (Some(target), Some(inside)) => format!("{target}/{inside}"),
        (Some(target), None) => target.to_owned(),
        (None, inside) => inside.unwrap_or(".").to_owned(),
    }
}

/// Which rule saw what, and in which part of a file.
pub(super) fn context(evidence: &Evidence) -> Option<String> {
    let part = evidence.place.locator.as_deref().filter(|_| evidence.place.path.is_some());
    let said = [evidence.rule.as_ref().map(|rule| format!("rule {rule}")), evidence.note.clone()];
    let said: Vec<String> = said.into_iter().flatten().chain(part.map(str::to_owned)).collect();
    (!said.is_empty()).then(|| said.join(": "))
}

/// How sure a place makes us that a part is there: it was read there, unless somebody only says so or nobody
/// noted how.
pub(super) fn certainty(evidence: &Evidence) -> f64 {
    evidence.weight.unwrap_or(match evidence.class {
        None | Some(EvidenceClass::Claim) => 0.5,
        Some(_) => 1.0,
    })
}
