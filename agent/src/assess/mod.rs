//! An assessment as people make it: the scores that they give on what scans showed, who signs it, and what may be done with it.

mod act;
pub(crate) mod bundle;
pub(crate) mod pages;
pub(crate) mod report;
pub(crate) mod road;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::assessment::{
    AgenticScope, AreaScore, Change, RollUp, Score, Scores, Seed, SeedArea, Structure, roll_up,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use act::{Act, Done, Subject, act};

/// What a person said of an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Given {
    /// The level, or that the area does not apply; a score that was taken back is `not_assessed`.
    pub(crate) score: AreaScore,
    /// The level that each test of the structure reaches, by its id, where that was said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tests: BTreeMap<String, Score>,
    /// Whether it is above a ceiling or below a floor of the evidence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) outside: bool,
    /// Who said it.
    pub(crate) by: String,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// Why; needed outside of the hints, and where an area does not apply.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// The number of the seed that it was said on.
    pub(crate) seed: i64,
}

/// What holds for an area, and how often something was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Held {
    /// How often: whoever scores says which state they saw.
    pub(crate) revision: i64,
    #[serde(flatten)]
    pub(crate) given: Given,
}

/// Who answers for an assessment as a whole, beside those who scored it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Signed {
    /// Who.
    pub(crate) by: String,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) at: String,
    /// What they say to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

/// What is kept of an assessment beside its scores and seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Head {
    /// What it is called.
    pub(crate) name: String,
    /// When it was begun, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) begun_at: String,
    /// Who began it.
    pub(crate) begun_by: String,
    /// Who signed it, if somebody did.
    pub(crate) signed: Option<Signed>,
    /// Weights that people gave to areas and domains, where they are not those of the structure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) weights: BTreeMap<String, String>,
}

/// The last seed of an assessment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seeded {
    /// Its number: the first one is 1.
    pub(crate) number: i64,
    /// When it was made, RFC 3339 in UTC.
    pub(crate) at: String,
    /// Who made it.
    pub(crate) by: String,
    pub(crate) seed: Seed,
}

/// An assessment, whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assessment {
    pub(crate) head: Head,
    /// With the weights of people.
    pub(crate) structure: Structure,
    pub(crate) seeded: Seeded,
    /// What people said, by area.
    pub(crate) areas: BTreeMap<String, Held>,
    /// What is otherwise in the evidence of an area since it was scored.
    pub(crate) changed: BTreeMap<String, Vec<Change>>,
}

impl Assessment {
    /// The scores as the roll-up takes them.
    pub(crate) fn scores(&self) -> Scores {
        self.areas.iter().map(|(area, held)| (area.clone(), held.given.score)).collect()
    }

    /// Whether agentic areas are in scope, by the last seed.
    pub(crate) fn agentic(&self) -> AgenticScope {
        self.seeded.seed.scope.agentic_scope
    }

    /// What the scores come to.
    pub(crate) fn rating(&self) -> RollUp {
        roll_up(&self.structure, &self.scores(), self.agentic())
    }

    /// What the last seed holds for an area.
    pub(crate) fn seed_of(&self, area: &str) -> Option<&SeedArea> {
        self.seeded.seed.areas.iter().find(|one| one.id == area)
    }

    /// What a system in scope is called; of everything else, the text itself.
    pub(crate) fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        let systems = &self.seeded.seed.scope.systems;
        systems.iter().find(|system| system.id.as_str() == id).map_or(id, |system| system.name.as_str())
    }

    /// Everybody whose score holds.
    pub(crate) fn scorers(&self) -> BTreeSet<&str> {
        let holds = |held: &&Held| held.given.score != AreaScore::NotAssessed;
        self.areas.values().filter(holds).map(|held| held.given.by.as_str()).collect()
    }
}
