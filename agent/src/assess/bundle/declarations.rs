//! An assessment as declarations of CycloneDX: who claims what of which area, and by which evidence.
//!
//! The standard has a score of conformance between 0 and 1. None is written: a level of maturity is no share of conformance.

use std::collections::BTreeMap;

use asmm_model::assessment::{AreaScore, Bearing, SeedEvidence, reading};
use serde_json::{Value, json};

use crate::assess::Assessment;
use crate::assess::bundle::TOOL;

/// What the claims are about.
const PROGRAM: &str = "program";
const STANDARD: &str = "standard";

/// Indented, with a newline at the end.
pub(super) fn text(assessment: &Assessment, at: &str) -> anyhow::Result<String> {
    let content = serde_json::to_vec(&(&assessment.areas, &assessment.seeded.seed, &assessment.head))?;
    let (tool, version) = TOOL.split_once(' ').unwrap_or((TOOL, ""));
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", crate::export::uuid(&content)),
        "version": 1,
        "metadata": {
            "timestamp": at,
            "tools": {"components": [{"type": "application", "name": tool, "version": version}]},
        },
        "definitions": {"standards": [standard(assessment)]},
        "declarations": declarations(assessment),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn requirement(area: &str) -> String {
    format!("requirement:{area}")
}

fn claim(area: &str) -> String {
    format!("claim:{area}")
}

fn evidence(piece: &SeedEvidence) -> String {
    format!("evidence:{}", piece.id)
}

/// The structure, as a standard whose requirements are its areas below its domains.
fn standard(assessment: &Assessment) -> Value {
    let structure = &assessment.structure;
    let mut requirements = Vec::new();
    for domain in &structure.domains {
        requirements.push(json!({
            "bom-ref": requirement(&domain.id), "identifier": domain.id, "title": domain.title,
        }));
        requirements.extend(domain.areas.iter().map(|area| {
            json!({
                "bom-ref": requirement(&area.id), "identifier": area.id, "title": area.title, "text": area.question,
                "parent": requirement(&domain.id),
            })
        }));
    }
    json!({
        "bom-ref": STANDARD, "name": structure.id, "version": structure.version, "description": structure.note,
        "requirements": requirements,
    })
}

fn declarations(assessment: &Assessment) -> Value {
    let structure = &assessment.structure;
    let (mut claims, mut pieces) = (Vec::new(), Vec::new());
    let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for area in &assessment.seeded.seed.areas {
        pieces.extend(area.evidence.iter().map(|piece| described(assessment, piece)));
        let Some(given) = assessment.areas.get(&area.id).map(|held| &held.given) else { continue };
        let says = match given.score {
            AreaScore::NotAssessed => continue,
            AreaScore::NotApplicable => "does not apply".to_owned(),
            AreaScore::Scored(score) => {
                format!(
                    "is at level {} {}",
                    score.level(),
                    structure.level_name(score.level()).unwrap_or_default()
                )
            }
        };
        by.entry(&given.by).or_default().push(&area.id);
        let of = |counters: bool| -> Vec<String> {
            let is = |piece: &&SeedEvidence| (piece.supports == Bearing::Contradicts) == counters;
            area.evidence.iter().filter(is).map(evidence).collect()
        };
        let mut one = json!({
            "bom-ref": claim(&area.id), "target": PROGRAM,
            "predicate": format!("{} {} {}", area.id, area.title, says).trim_end(),
            "evidence": of(false), "counterEvidence": of(true),
        });
        if !given.reason.is_empty() {
            one["reasoning"] = json!(given.reason);
        }
        claims.push(one);
    }
    let assessor = |at: usize| format!("assessor:{}", at + 1);
    let assessors = by
        .keys()
        .enumerate()
        .map(|(at, name)| json!({"bom-ref": assessor(at), "organization": {"contact": [{"name": name}]}}));
    let attestations = by.iter().enumerate().map(|(at, (name, areas))| {
        let map: Vec<Value> = areas
            .iter()
            .map(|area| json!({"requirement": requirement(area), "claims": [claim(area)]}))
            .collect();
        json!({"summary": format!("Areas scored by {name}"), "assessor": assessor(at), "map": map})
    });
    json!({
        "assessors": assessors.collect::<Vec<_>>(),
        "attestations": attestations.collect::<Vec<_>>(),
        "claims": claims,
        "evidence": pieces,
        "targets": {"components": [{
            "bom-ref": PROGRAM, "type": "application", "name": "The AI systems in scope",
            "description": format!("{} systems, by assessment {}", assessment.seeded.seed.scope.systems.len(), assessment.head.name),
        }]},
    })
}

fn described(assessment: &Assessment, piece: &SeedEvidence) -> Value {
    let definition =
        assessment.structure.metric(&piece.metric).map_or(piece.metric.as_str(), |metric| &metric.definition);
    let said = match &piece.why {
        Some(why) => format!("not known: {why}"),
        None => reading(piece),
    };
    let mut one = json!({
        "bom-ref": evidence(piece), "propertyName": format!("muster:metric:{}", piece.metric),
        "description": format!("{definition}: {said}"),
    });
    for (name, at) in [("created", &piece.observed_at), ("expires", &piece.expires_at)] {
        if let Some(at) = at {
            one[name] = json!(at);
        }
    }
    one
}
