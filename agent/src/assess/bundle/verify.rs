//! Whether an evidence bundle is what it was, and whether its parts say the same.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Inventory;
use asmm_model::assessment::{AreaScore, Scores, Seed, Structure, Weight, roll_up};
use serde::de::DeserializeOwned;
use serde_json::{Value, json as value};

use super::signature::SIGNATURE;
use super::{
    ASSESSMENT, AUDIT, Files, INVENTORY, KEPT, Kept, Listed, MANIFEST, Manifest, SCHEMA, SEED, STRUCTURE,
    json, listed,
};
use crate::page::visible;
use crate::store::{AuditEntry, Chain, Verified};

/// Faults that are told; a bundle that was made anew has many.
const FAULTS: usize = 100;
/// The longest name that is told whole, in characters.
const NAME: usize = 100;

/// What is wrong, as it is found.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn tell(&mut self, fault: impl Into<String>) {
        if self.0.len() < FAULTS {
            self.0.push(fault.into());
        }
    }
}

/// Everything that is wrong with a bundle; nothing where it is whole. What makes a bundle anew, its manifest with it, is found only where the
/// last entry of its audit log was kept elsewhere.
pub(crate) fn verify(files: &Files) -> Vec<String> {
    let mut faults = Faults::default();
    let manifest = manifest(files, &mut faults);
    if let Some(manifest) = &manifest {
        same_files(manifest, files, &mut faults);
    }
    let entries = audit(files, manifest.as_ref(), &mut faults);
    let structure = structure(files, &mut faults);
    let kept: Option<Kept> = read(files, ASSESSMENT, &mut faults);
    let seed: Option<Seed> = read(files, SEED, &mut faults);
    let _: Option<Inventory> = read(files, INVENTORY, &mut faults);
    if let (Some(structure), Some(seed)) = (&structure, &seed) {
        evidence(structure, seed, &mut faults);
    }
    if let Some(kept) = &kept {
        if let (Some(structure), Some(seed)) = (&structure, &seed) {
            rating(structure, seed, kept, &mut faults);
        }
        if let Some(manifest) = &manifest {
            same_making(manifest, kept, &mut faults);
        }
        said(kept, &entries, &mut faults);
    }
    faults.0
}

/// A name as it is told: made visible, and not too long.
fn told(name: &str) -> String {
    visible(&name.chars().take(NAME).collect::<String>()).into_owned()
}

/// A name that is one file of the folder, and nothing else on any system.
pub(super) fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    (1..=NAME).contains(&name.len())
        && name.chars().all(fits)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn read<T: DeserializeOwned>(files: &Files, name: &str, faults: &mut Faults) -> Option<T> {
    // That it is missing is told by the manifest.
    let bytes = files.get(name)?;
    match serde_json::from_slice(bytes) {
        Ok(read) => Some(read),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.tell(format!("`{name}` cannot be read: it is no such document at {place}"));
            None
        }
    }
}

fn manifest(files: &Files, faults: &mut Faults) -> Option<Manifest> {
    let Some(bytes) = files.get(MANIFEST) else {
        faults.tell(format!("`{MANIFEST}` is missing: without it nothing tells what belongs to the bundle"));
        return None;
    };
    let manifest: Manifest = read(files, MANIFEST, faults)?;
    if manifest.schema != SCHEMA {
        faults.tell(format!(
            "`{MANIFEST}` is not of the version `{SCHEMA}`, which this version of the tool reads"
        ));
    }
    // There is one text of a manifest, so that also what says nothing cannot be changed in it.
    if json(&manifest).is_ok_and(|text| text.as_bytes() != bytes) {
        faults.tell(format!("`{MANIFEST}` is not as it was written"));
    }
    Some(manifest)
}

fn same_files(manifest: &Manifest, files: &Files, faults: &mut Faults) {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for Listed { name, size, sha256 } in &manifest.files {
        if !is_plain(name) || [MANIFEST, SIGNATURE].contains(&name.as_str()) {
            faults.tell(format!("`{MANIFEST}` names `{}`, which is no plain file of a bundle", told(name)));
            continue;
        }
        if !named.insert(name) {
            faults.tell(format!("`{MANIFEST}` names `{name}` twice"));
        }
        let Some(bytes) = files.get(name) else {
            faults.tell(format!("`{name}` is missing"));
            continue;
        };
        let is = listed(name, bytes);
        if is.size != *size {
            faults.tell(format!("`{name}` was changed: it has {} bytes and not {size}", is.size));
        } else if is.sha256 != *sha256 {
            faults.tell(format!("`{name}` was changed: its SHA-256 is {}", is.sha256));
        }
    }
    for name in files
        .keys()
        .filter(|name| ![MANIFEST, SIGNATURE].contains(&name.as_str()) && !named.contains(name.as_str()))
    {
        faults.tell(format!("`{}` was added: `{MANIFEST}` does not name it", told(name)));
    }
    for name in
        [ASSESSMENT, STRUCTURE, SEED, INVENTORY, AUDIT].into_iter().filter(|name| !named.contains(name))
    {
        faults.tell(format!("`{MANIFEST}` does not name `{name}`, which every bundle has"));
    }
}

/// Follows the audit log, and gives its entries.
fn audit(files: &Files, manifest: Option<&Manifest>, faults: &mut Faults) -> Vec<AuditEntry> {
    let Some(bytes) = files.get(AUDIT) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(bytes) else {
        faults.tell(format!("`{AUDIT}` is no text"));
        return Vec::new();
    };
    let verified = Verified::of_lines(text, &[]);
    for fault in &verified.faults {
        faults.tell(format!("`{AUDIT}`: {fault}"));
    }
    if let Some(manifest) = manifest.filter(|manifest| manifest.audit != verified.head) {
        let end = manifest
            .audit
            .as_ref()
            .map_or_else(|| "no entry".to_owned(), |last| format!("entry {}", last.sequence));
        faults.tell(format!("`{AUDIT}` does not end with {end} as `{MANIFEST}` says"));
    }
    text.lines().filter_map(|line| serde_json::from_str(&Chain::parts(line)?.0).ok()).collect()
}

fn structure(files: &Files, faults: &mut Faults) -> Option<Structure> {
    let text = std::str::from_utf8(files.get(STRUCTURE)?).unwrap_or_default();
    match Structure::read(text) {
        Ok(structure) => Some(structure),
        Err(wrong) => {
            let first =
                wrong.first().map(|fault| visible(&fault.to_string()).into_owned()).unwrap_or_default();
            faults.tell(format!("`{STRUCTURE}` is no structure: {first}"));
            None
        }
    }
}

/// Whether the seed is one of the structure, and each hint rests on evidence that is there and that nobody changed.
fn evidence(structure: &Structure, seed: &Seed, faults: &mut Faults) {
    if seed.structure.sha256 != structure.digest() {
        faults.tell(format!(
            "`{STRUCTURE}` is not the structure that `{SEED}` was made by: its digest is {}",
            structure.digest()
        ));
    }
    let areas: Vec<&str> = structure.areas().map(|area| area.id.as_str()).collect();
    if !seed.areas.iter().map(|area| area.id.as_str()).eq(areas) {
        faults.tell(format!("the areas of `{SEED}` are not those of `{STRUCTURE}`"));
    }
    for area in &seed.areas {
        let id = told(&area.id);
        let mut pieces: BTreeSet<&str> = BTreeSet::new();
        for piece in &area.evidence {
            let metric = told(&piece.metric);
            if !pieces.insert(&piece.id) {
                faults.tell(format!("{id}: two pieces of evidence have the id `{}`", told(&piece.id)));
            }
            if piece.id != piece.id_by_content(&area.id) {
                faults.tell(format!(
                    "{id}: the evidence `{}` of {metric} does not say what its id says",
                    told(&piece.id)
                ));
            }
            let whole = seed.metrics.get(&piece.metric);
            if structure.metric(&piece.metric).is_none() {
                faults.tell(format!("{id}: `{STRUCTURE}` has no metric {metric}"));
            } else if whole.is_none_or(|whole| {
                (whole.num, whole.den, whole.unknown) != (piece.num, piece.den, piece.unknown)
            }) {
                faults.tell(format!("{id}: the evidence of {metric} is not what the metric comes to"));
            }
        }
        for hint in &area.hints {
            let rule = told(&hint.rule);
            let known = structure.rule(&hint.rule);
            if known.is_none_or(|known| {
                (&known.area, known.kind, known.level) != (&area.id, hint.kind, hint.level)
            }) {
                faults.tell(format!("{id}: the hint {rule} is none of `{STRUCTURE}`"));
            }
            if hint.evidence.is_empty() {
                faults.tell(format!("{id}: the hint {rule} names no evidence"));
            }
            for named in hint.evidence.iter().filter(|named| !pieces.contains(named.as_str())) {
                faults.tell(format!(
                    "{id}: the hint {rule} names the evidence `{}`, which is not there",
                    told(named)
                ));
            }
        }
    }
}

/// Whether the ratings are what the scores come to.
fn rating(structure: &Structure, seed: &Seed, kept: &Kept, faults: &mut Faults) {
    let mut weights = BTreeMap::new();
    for (of, text) in &kept.assessment.weights {
        match Weight::decimal(text) {
            Some(weight) => drop(weights.insert(of.clone(), weight)),
            None => faults.tell(format!(
                "`{ASSESSMENT}` gives {} the weight `{}`, which is none",
                told(of),
                told(text)
            )),
        }
    }
    let Ok(weighed) = structure.with_weights(&weights) else {
        faults.tell(format!("`{ASSESSMENT}` gives a weight to what `{STRUCTURE}` does not have"));
        return;
    };
    for area in kept.areas.keys().filter(|area| structure.area(area).is_none()) {
        faults.tell(format!("`{ASSESSMENT}` scores {}, which `{STRUCTURE}` does not have", told(area)));
    }
    if kept.agentic_scope != seed.scope.agentic_scope {
        faults.tell(format!("`{ASSESSMENT}` and `{SEED}` differ in whether agentic areas apply"));
    }
    let scores: Scores =
        kept.areas.iter().map(|(area, said)| (area.clone(), said.holds.given.score)).collect();
    let computed = roll_up(&weighed, &scores, seed.scope.agentic_scope);
    if computed != kept.rating {
        let overall = computed.overall.score.map_or_else(|| "none".to_owned(), |score| score.to_string());
        faults.tell(format!(
            "the ratings of `{ASSESSMENT}` do not follow from its scores, which come to {overall}"
        ));
    }
}

fn same_making(manifest: &Manifest, kept: &Kept, faults: &mut Faults) {
    let of_manifest = (&manifest.assessment, &manifest.tool, &manifest.at);
    if of_manifest != (&kept.assessment.name, &kept.tool, &kept.at) {
        faults.tell(format!("`{MANIFEST}` and `{ASSESSMENT}` differ in what was exported, when or by what"));
    }
    if kept.schema != KEPT {
        faults.tell(format!(
            "`{ASSESSMENT}` is not of the version `{KEPT}`, which this version of the tool reads"
        ));
    }
}

/// Whether what holds is what the audit log tells last.
fn said(kept: &Kept, entries: &[AuditEntry], faults: &mut Faults) {
    let name = &kept.assessment.name;
    let (mut begun, mut seed) = (false, None);
    let mut areas: BTreeMap<&str, (usize, &Value)> = BTreeMap::new();
    let mut weights: BTreeMap<&str, &str> = BTreeMap::new();
    let mut signed = &Value::Null;
    for entry in entries.iter().filter(|entry| entry.to["assessment"] == **name) {
        let to = &entry.to;
        match entry.action.as_str() {
            "begin-assessment" | "seed-assessment" => {
                begun |= entry.action == "begin-assessment";
                seed = to["seed"].as_i64();
            }
            "score-area" | "exclude-area" | "clear-area" => {
                let times = areas.entry(to["area"].as_str().unwrap_or_default()).or_insert((0, &Value::Null));
                *times = (times.0 + 1, &to["said"]);
            }
            "weigh" => {
                weights
                    .insert(to["of"].as_str().unwrap_or_default(), to["weight"].as_str().unwrap_or_default());
            }
            "sign-assessment" => signed = &to["signed"],
            "reopen-assessment" => signed = &Value::Null,
            _ => {}
        }
    }
    if !begun {
        faults.tell(format!("`{AUDIT}` does not tell that the assessment was begun"));
    }
    if seed != Some(kept.seed.number) {
        faults.tell(format!("`{AUDIT}` tells of another seed than number {}", kept.seed.number));
    }
    let unsaid = areas.keys().filter(|area| !kept.areas.contains_key(**area));
    for area in unsaid {
        faults.tell(format!("`{AUDIT}` tells that {} was scored, and `{ASSESSMENT}` does not", told(area)));
    }
    for (area, kept) in &kept.areas {
        let holds = value!(kept.holds.given);
        let times = kept.before.len() + 1;
        if areas.get(area.as_str()).is_none_or(|(told, last)| *told != times || **last != holds) {
            faults.tell(format!("what `{ASSESSMENT}` says of {} is not what `{AUDIT}` tells", told(area)));
        } else if kept.holds.given.score == AreaScore::NotAssessed && kept.before.is_empty() {
            faults.tell(format!("`{ASSESSMENT}` takes back a score of {} that was never given", told(area)));
        }
    }
    let is_weighed =
        (kept.assessment.weights.iter()).map(|(of, weight)| (of.as_str(), weight.as_str())).eq(weights);
    if !is_weighed {
        faults.tell(format!("the weights of `{ASSESSMENT}` are not those that `{AUDIT}` tells"));
    }
    if value!(kept.assessment.signed) != *signed {
        faults.tell(format!("who signed `{ASSESSMENT}` is not who signed it by `{AUDIT}`"));
    }
}
