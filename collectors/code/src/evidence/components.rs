//! Components of a part: what its code and its manifests use, by the canonical names of the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asmm_model::{Component, ComponentKind, Evidence, EvidenceClass, Model, Place, Role};
use muster_rules::{RulePack, SiteKind};

use super::access::access;
use super::servers::{side, sided};
use crate::detect::{Detection, Hit};
use crate::manifests::purl;
use crate::model_files::ModelFile;
use crate::program::{ModuleId, parent};
use crate::role::role_of;
use crate::survey::ManifestFacts;

/// Places kept of one component.
const MAX_PLACES: usize = 10;
/// Bytes of a model's name.
const MAX_MODEL_NAME: usize = 120;

/// Components that code uses, each with its rule, and the models it names.
pub(crate) fn in_code(
    detection: &Detection<'_>,
    is_own: &dyn Fn(ModuleId) -> bool,
) -> (Vec<(u32, Component)>, Vec<Model>) {
    let mut components: BTreeMap<u32, Vec<&Hit>> = BTreeMap::new();
    let mut models: BTreeMap<&str, Vec<&Hit>> = BTreeMap::new();
    for hit in detection.hits.iter().filter(|hit| is_own(hit.module)) {
        match detection.rule(hit).kind {
            Some(ComponentKind::Model) => models.entry(&hit.name).or_default().push(hit),
            Some(_) => components.entry(hit.site.rule).or_default().push(hit),
            None => {}
        }
    }
    let evidence = |hits: &[&Hit]| {
        // Calls say more than imports, and imports more than names.
        let mut best: Vec<&&Hit> = hits.iter().collect();
        best.sort_by_key(|hit| {
            (rank(detection.site(hit).kind), hit.module, hit.line, side(detection, hit).is_none())
        });
        best.dedup_by_key(|hit| (hit.module, hit.line));
        // One place of each side is told before the second of any.
        let mut told = BTreeSet::new();
        best.sort_by_cached_key(|hit| !told.insert(side(detection, hit)));
        best.into_iter().take(MAX_PLACES).map(|hit| sided(detection, hit)).collect::<Vec<_>>()
    };
    let components = components
        .into_iter()
        .filter_map(|(rule, hits)| {
            let found = detection.pack.rule(rule);
            let kind = found.kind?;
            // A name alone, such as a host in a list, supports but does not show use.
            let shows = hits.iter().any(|hit| detection.site(hit).kind != SiteKind::Mention);
            let component = || Component {
                kind,
                name: found.name.clone(),
                package: None,
                version: None,
                purl: None,
                direct: None,
                role: most_productive(&hits, detection),
                tools: Vec::new(),
                access: if kind == ComponentKind::Mcp { access(detection, &hits) } else { None },
                evidence: evidence(&hits),
            };
            (shows || found.strength > 1).then(|| (rule, component()))
        })
        .collect();
    let models = models
        .into_iter()
        .filter(|(name, _)| name.len() <= MAX_MODEL_NAME)
        .map(|(name, hits)| Model {
            name: name.to_owned(),
            provider: hits.first().and_then(|hit| detection.rule(hit).provider.clone()),
            pinned: is_pinned(name),
            evidence: evidence(&hits),
        })
        .collect();
    (components, models)
}

fn rank(kind: SiteKind) -> u8 {
    match kind {
        SiteKind::Call
        | SiteKind::Decorator
        | SiteKind::Subclass
        | SiteKind::Argument
        | SiteKind::Command => 0,
        SiteKind::Import => 1,
        SiteKind::Mention | SiteKind::Text => 2,
    }
}

fn most_productive(hits: &[&Hit], detection: &Detection<'_>) -> Role {
    hits.iter().map(|hit| detection.program.module(hit.module).role).min().unwrap_or_default()
}

/// Evidence of a hit: its rule and its place.
pub(crate) fn place(detection: &Detection<'_>, hit: &Hit) -> Evidence {
    let module = detection.program.module(hit.module);
    Evidence::at(Place::line(&*module.path, hit.line), module.role)
        .by(detection.rule(hit).id.0.clone())
        .of(EvidenceClass::Ast)
}

/// Components that manifests ask for. Packages that only come along with others count where `with_transitive`.
pub(crate) fn in_manifests<'m>(
    pack: &RulePack,
    manifests: impl Iterator<Item = &'m ManifestFacts>,
    with_transitive: bool,
) -> Vec<Component> {
    let mut found: BTreeMap<(u32, String), Component> = BTreeMap::new();
    for manifest in manifests {
        let role = role_of(&manifest.path);
        for package in &manifest.known {
            let ecosystem = package.ecosystem.rule_type();
            for rule in pack.package(ecosystem, &package.name) {
                let known = pack.rule(rule);
                let Some(kind) = known.kind else { continue };
                let evidence = Evidence::at(Place::line(&*manifest.path, package.line), role)
                    .by(known.id.0.clone())
                    .of(EvidenceClass::Manifest);
                let version = package.locked.clone().or_else(|| package.requirement.clone());
                let component = found.entry((rule, package.name.clone())).or_insert_with(|| Component {
                    kind,
                    name: known.name.clone(),
                    package: Some(package.name.clone()),
                    version: None,
                    purl: None,
                    direct: Some(false),
                    role,
                    tools: Vec::new(),
                    access: None,
                    evidence: Vec::new(),
                });
                component.role = component.role.min(role);
                component.direct = Some(component.direct == Some(true) || package.direct);
                // An exact version wins over a demand.
                if package.locked.is_some() || component.version.is_none() {
                    component.version = version;
                    component.purl = Some(purl(package));
                }
                // A manifest says who asks; a lock file only repeats it.
                if manifest.kind.is_lock() {
                    component.evidence.push(evidence);
                } else {
                    component.evidence.insert(0, evidence);
                }
                component.evidence.truncate(MAX_PLACES);
            }
        }
    }
    // What comes along with others is worth a line only where nothing better shows the component.
    let asked: BTreeSet<u32> =
        found.iter().filter(|(_, c)| c.direct == Some(true)).map(|((rule, _), _)| *rule).collect();
    found
        .into_iter()
        .filter(|((rule, _), c)| c.direct == Some(true) || (with_transitive && !asked.contains(rule)))
        .map(|(_, component)| component)
        .collect()
}

/// A file of weights as a component, with what stands beside it for further evidence.
pub(super) fn model_file(pack: &RulePack, file: &ModelFile, companions: &[Arc<str>]) -> Option<Component> {
    let role = role_of(&file.path);
    let rule = pack.rule(file.rule);
    let at = |path: &str| Evidence::at(Place::file(path), role).by(rule.id.0.clone());
    let beside = companions.iter().filter(|path| parent(path) == parent(&file.path)).take(MAX_PLACES);
    let beside = beside.map(|path| at(path).noting("belongs to the weights beside it"));
    Some(Component::named(
        rule.kind?,
        rule.name.clone(),
        role,
        std::iter::once(at(&file.path).noting(file.note())).chain(beside).collect(),
    ))
}

/// Whether a model's name fixes one dated version.
pub(super) fn is_pinned(name: &str) -> bool {
    let digits = |text: &str| text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = name.split(['-', '@', ':', '.', '/']).collect();
    parts.iter().any(|part| digits(part) && (part.len() == 8 || part.len() == 6 || part.len() == 4))
        || parts.windows(3).any(|w| digits(w[0]) && w[0].len() == 4 && w[1].len() == 2 && w[2].len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_names_are_pinned() {
        for yes in [
            "claude-sonnet-4-20250514",
            "gpt-4o-2024-08-06",
            "gpt-4-0613",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
        ] {
            assert!(is_pinned(yes), "{yes}");
        }
        for no in ["gpt-4o", "claude-sonnet-4", "gemini-2.5-pro", "llama3:8b"] {
            assert!(!is_pinned(no), "{no}");
        }
    }
}
