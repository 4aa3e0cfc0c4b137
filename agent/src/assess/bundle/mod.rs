//! The evidence bundle of an assessment: everything that an auditor needs, as files that belong together.

mod declarations;
mod gather;
mod signature;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asmm_model::assessment::{AgenticScope, RollUp, Seed, SourceCoverage};
use asmm_model::{Coverage, Inventory};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::report::{self, Reported};
use super::{Assessment, Head};
use crate::export::{Format, Surface};
use crate::store::{Head as Last, Said};

pub(crate) use gather::gather;
pub(crate) use signature::{comment, fault, public_key, sign};
pub(crate) use verify::verify;

/// The file that names all others.
pub(crate) const MANIFEST: &str = "manifest.json";
const ASSESSMENT: &str = "assessment.json";
const STRUCTURE: &str = "structure.json";
const SEED: &str = "seed.json";
const INVENTORY: &str = "inventory.json";
const AUDIT: &str = "audit.jsonl";
/// Version of the manifest.
const SCHEMA: &str = "muster.evidence/1";
/// Version of `assessment.json`.
const KEPT: &str = "muster.assessment/1";
/// What the tool is called in documents.
const TOOL: &str = concat!("muster ", env!("CARGO_PKG_VERSION"));

/// The files of a bundle by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a bundle is made of.
#[derive(Debug, Clone, Copy)]
struct Bundled<'a> {
    assessment: &'a Assessment,
    /// The text that the assessment was begun with.
    structure: &'a str,
    /// What was said of each area, the last first.
    history: &'a BTreeMap<String, Vec<Said>>,
    /// The inventory of the last run.
    inventory: &'a Inventory,
    /// The entries of the audit log, as lines.
    audit: &'a str,
    /// The last of them.
    last: Option<&'a Last>,
    /// When the bundle is made, RFC 3339 in UTC.
    at: &'a str,
}

/// What names the files of a bundle, and what they have to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: String,
    assessment: String,
    tool: String,
    at: String,
    /// The last entry of the audit log: whoever keeps it elsewhere can tell later whether the log is the one that it was.
    audit: Option<Last>,
    /// All other files, by name.
    files: Vec<Listed>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    /// Its length in bytes.
    size: u64,
    /// In hexadecimal digits.
    sha256: String,
}

/// `assessment.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    tool: String,
    /// When the bundle was made, RFC 3339 in UTC.
    at: String,
    assessment: Head,
    seed: KeptSeed,
    agentic_scope: AgenticScope,
    rating: RollUp,
    /// What people said, by area.
    areas: BTreeMap<String, KeptArea>,
    /// What is otherwise in the evidence of an area since it was scored.
    changed: Value,
}

/// Which seed the assessment rests on; `seed.json` is the seed itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSeed {
    number: i64,
    at: String,
    by: String,
}

/// What was said of one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptArea {
    /// What holds.
    holds: Said,
    /// What was said before, the last first.
    before: Vec<Said>,
}

/// `coverage.json`.
#[derive(Debug, Serialize)]
struct Covered<'a> {
    /// The declared sources, as the seed has them.
    sources: &'a [SourceCoverage],
    /// What the last run saw of each target, and what not.
    targets: &'a [Coverage],
}

/// All files, with the manifest.
///
/// # Errors
/// A document cannot be written, as where an inventory names one thing twice.
fn files(bundled: Bundled<'_>) -> anyhow::Result<Files> {
    let Bundled { assessment, structure, inventory, audit, at, .. } = bundled;
    let seed: &Seed = &assessment.seeded.seed;
    // Documents are not made for a width.
    let surface = Surface { width: 0, colour: false };
    let covered = Covered { sources: &seed.scope.source_coverage, targets: &inventory.coverage };
    let texts = [
        (ASSESSMENT, json(&kept(bundled))?),
        (STRUCTURE, structure.to_owned()),
        (SEED, json(seed)?),
        (INVENTORY, Format::Json.write(inventory, surface)?),
        (AUDIT, audit.to_owned()),
        ("coverage.json", json(&covered)?),
        ("oscal.json", Format::Oscal.write(inventory, surface)?),
        ("cyclonedx.json", Format::Cyclonedx16.write(inventory, surface)?),
        ("declarations.cdx.json", declarations::text(assessment, at)?),
        ("report.html", report::text(Reported { assessment, coverage: &inventory.coverage, at })?),
    ];
    let mut files: Files =
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        assessment: assessment.head.name.clone(),
        tool: TOOL.to_owned(),
        at: at.to_owned(),
        audit: bundled.last.cloned(),
        files: files.iter().map(|(name, bytes)| listed(name, bytes)).collect(),
    };
    files.insert(MANIFEST.to_owned(), json(&manifest)?.into_bytes());
    Ok(files)
}

/// The last entry of the audit log that a bundle says it has.
pub(crate) fn last(files: &Files) -> Option<Last> {
    serde_json::from_slice::<Manifest>(files.get(MANIFEST)?).ok()?.audit
}

/// The name of the assessment that a bundle says it is of.
fn of(files: &Files) -> Option<String> {
    Some(serde_json::from_slice::<Manifest>(files.get(MANIFEST)?).ok()?.assessment)
}

fn kept(bundled: Bundled<'_>) -> Kept {
    let assessment = bundled.assessment;
    let areas = bundled.history.iter().filter_map(|(area, said)| {
        let (holds, before) = said.split_first()?;
        Some((area.clone(), KeptArea { holds: holds.clone(), before: before.to_vec() }))
    });
    Kept {
        schema: KEPT.to_owned(),
        tool: TOOL.to_owned(),
        at: bundled.at.to_owned(),
        assessment: assessment.head.clone(),
        seed: KeptSeed {
            number: assessment.seeded.number,
            at: assessment.seeded.at.clone(),
            by: assessment.seeded.by.clone(),
        },
        agentic_scope: assessment.agentic(),
        rating: assessment.rating(),
        areas: areas.collect(),
        changed: serde_json::to_value(&assessment.changed).unwrap_or_default(),
    }
}

fn listed(name: &str, bytes: &[u8]) -> Listed {
    Listed {
        name: name.to_owned(),
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        sha256: hex(&Sha256::digest(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn json(document: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}
