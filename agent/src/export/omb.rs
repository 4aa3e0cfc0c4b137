//! A use case inventory in the columns that the US Office of Management and Budget asked for in 2025, with
//! what a scan can know filled in and everything else left to people.

use std::collections::BTreeMap;

use anyhow::Context as _;
use asmm_model::{EvidenceClass, Inventory, System, Verdict};
use serde::Deserialize;

use super::csv;
use crate::page::visible;

/// The columns and the answers that they take; the file names its source.
const COLUMNS: &str = include_str!("data/omb-2025.json");

/// What we need of the file.
#[derive(Debug, Deserialize)]
struct Columns {
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    id: String,
    header: String,
    values: Vec<String>,
}

/// One line for each system, below the titles of the columns.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let Columns { fields } = serde_json::from_str(COLUMNS).context("the columns cannot be read")?;
    let head = fields.iter().map(|field| field.header.clone()).collect();
    let rows = inventory.systems.iter().map(|system| {
        let known = known(system);
        fields
            .iter()
            .map(|field| match known.get(field.id.as_str()) {
                // A closed list takes its own words only; ours are how they begin.
                Some(value) if !field.values.is_empty() => {
                    field.values.iter().find(|word| word.starts_with(value)).cloned().unwrap_or_default()
                }
                Some(value) => value.clone(),
                None => String::new(),
            })
            .collect()
    });
    csv::lines(std::iter::once(head).chain(rows))
}

/// What a scan can say, by the id of the field. The rest are judgements, or is not in files: whether
/// something is deployed and for whom, what it is good for, who was asked.
fn known(system: &System) -> BTreeMap<&'static str, String> {
    let mut known = BTreeMap::from([
        ("id", system.id.as_str().to_owned()),
        ("use_case_name", visible(&system.name).into_owned()),
        ("vendor_name", csv::list(system.models.iter().filter_map(|model| model.provider.clone()))),
    ]);
    if system.verdict == Verdict::Agentic {
        known.insert("classification", "Agentic AI".to_owned());
    }
    if let Some(purpose) = &system.purpose {
        let claim = format!("{} (claimed in {})", purpose.text, purpose.place);
        known.insert("problem_solved", visible(&claim).into_owned());
    }
    let mut evidence = system.criteria.iter().flat_map(|(_, answer)| answer.evidence());
    if evidence.any(|piece| piece.class == Some(EvidenceClass::Ast)) {
        known.insert("has_custom_code", "Yes".to_owned());
    }
    known
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::sample;

    #[test]
    fn what_a_scan_knows_is_filled_in_and_nothing_else() {
        let text = text(&sample::inventory(sample::observations("."))).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        assert_eq!(head.len(), 34);
        let mut told = String::new();
        for record in reader.records() {
            for (title, cell) in head.iter().zip(record.unwrap().iter()) {
                if !cell.is_empty() {
                    writeln!(told, "{title}: {cell}").unwrap();
                }
            }
            told.push('\n');
        }
        insta::assert_snapshot!(told);
    }
}
