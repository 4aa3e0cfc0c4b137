//! The weights of the Autonomy Test as data: which observable speaks for which answer, and how strongly.

use std::collections::BTreeMap;

use asmm_model::{Criterion, EvidenceClass, Supports};
use serde::{Deserialize, Serialize};

/// One answer that an observable speaks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speaks {
    /// Which criterion.
    pub criterion: Criterion,
    /// For which answer.
    pub supports: Supports,
    /// How strongly, 0 to 1.
    pub weight: f64,
}

/// One observable of the Autonomy Test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heuristic {
    /// Stable id.
    pub id: String,
    /// What was observed, as the beginning of a sentence that a place completes.
    pub says: String,
    /// Why that speaks for the answers it speaks for.
    pub because: String,
    /// How the observation is come by.
    pub class: EvidenceClass,
    /// The answers.
    pub speaks: Vec<Speaks>,
}

/// All observables, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heuristics(BTreeMap<String, Heuristic>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    heuristic: Vec<Heuristic>,
}

impl Heuristics {
    /// Reads heuristics as the build prepared them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut all = BTreeMap::new();
        for heuristic in file.heuristic {
            for speaks in &heuristic.speaks {
                if !(0.0..=1.0).contains(&speaks.weight) {
                    return Err(format!("`{}` has a weight outside 0 to 1", heuristic.id));
                }
            }
            if let Some(twice) = all.insert(heuristic.id.clone(), heuristic) {
                return Err(format!("`{}` is there twice", twice.id));
            }
        }
        Ok(Self(all))
    }

    /// The heuristic with that id.
    pub fn get(&self, id: &str) -> Option<&Heuristic> {
        self.0.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Heuristic> {
        self.0.values()
    }
}
