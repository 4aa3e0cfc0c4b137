//! The working structure of the assessment: domains, areas, metrics and rules of hints, as data that anyone may replace.

mod condition;
mod lint;
mod nist;
mod read;
mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Fraction;

pub use condition::{Comparison, Condition, Quantity, Test};

/// What is wrong with a structure: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// JSON Pointer of the value: `/domains/0/areas/2/weight`; empty for the document.
    pub at: String,
    /// What is wrong, as a sentence without a full stop.
    pub wrong: String,
    /// What would be right, as a sentence without a full stop.
    pub right: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "the document" } else { &self.at };
        write!(f, "{at}: {}; {}", self.wrong, self.right)
    }
}

/// How much an area or a domain counts among its siblings: above 0, at most 10, with two decimals at most.
///
/// The bounds are what makes the roll-up exact without overflow: in hundredths a weight is at most 1,000, the weights of the at most
/// [`Weight::AREAS`] areas of a domain come to 32,000 at most, and the six domains of an overall mean therefore to a common
/// denominator below 32,000⁶ · 6,000 ≈ 6.5 · 10³⁰, with a numerator of five times that. [`Fraction`] holds 1.7 · 10³⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    /// Areas that a domain may have.
    pub const AREAS: usize = 32;
    /// The weight of everything that says nothing else.
    pub const ONE: Self = Self(100);
    const MOST: i128 = 1000;

    /// The weight of `hundredths / 100`; `None` outside of the bounds.
    pub fn hundredths(hundredths: u16) -> Option<Self> {
        (1..=Self::MOST).contains(&i128::from(hundredths)).then_some(Self(hundredths))
    }

    /// The weight that a decimal writes; `None` outside of the bounds.
    pub fn decimal(text: &str) -> Option<Self> {
        let hundredths = Fraction::decimal(text, 2)?.times(Fraction::whole(100))?;
        Self::hundredths(u16::try_from(hundredths.numerator()).ok()?)
    }

    /// The same as a fraction.
    pub fn fraction(self) -> Fraction {
        Fraction::share(u64::from(self.0), 100).unwrap_or(Fraction::ZERO)
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fraction().short())
    }
}

/// One level of the scale. Its ends are named after the article that introduced the ASMM, the middle is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleLevel {
    /// 1 to 5.
    pub level: u8,
    /// One word.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// One of the tests that an area has to pass for a level; all of them have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelTest {
    /// Its id: `written`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What evidence shows it.
    pub shown_by: String,
    /// What it needs, by level.
    pub levels: Vec<(u8, String)>,
}

/// One of the six domains, which are the functions of the NIST CSF 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The id of the function: `GV`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How much it counts in the overall rating.
    pub weight: Weight,
    /// Its areas.
    pub areas: Vec<Area>,
}

/// One area of a domain: what a person scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its id: `PR-A1`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Whether it is of concern only where systems act on their own.
    pub agentic_only: bool,
    /// How much it counts in its domain.
    pub weight: Weight,
    /// What a person answers.
    pub question: String,
    /// The same in other frameworks.
    pub maps: Maps,
    /// Ids of the metrics that are evidence for it.
    pub metrics: Vec<String>,
}

/// Where other frameworks speak of the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Maps {
    /// Subcategories of the NIST CSF 2.0.
    pub nist_csf_2_0: Vec<String>,
    /// Subcategories of the NIST AI RMF 1.0.
    pub nist_ai_rmf_1_0: Vec<String>,
    /// Title of the category of the AISMM of the CSA.
    pub csa_aismm: String,
    /// Risks of the OWASP Top 10 for agentic applications.
    pub owasp_agentic_2026: Vec<String>,
    /// Articles of the EU AI Act.
    pub eu_ai_act: Vec<String>,
    /// Clauses and controls of ISO/IEC 42001.
    pub iso_42001: Vec<String>,
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// So many of so many.
    Share,
    /// So many.
    Count,
    /// A median, in days.
    MedianDays,
}

/// Which values of a metric are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// High ones.
    Higher,
    /// Low ones.
    Lower,
    /// It says how much there is, and neither is better.
    Neither,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Systems.
    System,
    /// Sources that are scanned.
    Source,
    /// Repositories.
    Repository,
    /// References to models.
    Model,
    /// Keys in clear text.
    Key,
    /// Endpoints outside.
    Endpoint,
    /// The program itself.
    Program,
}

/// A type of source that facts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Working trees and repositories.
    Code,
    /// Accounts of AWS, or their saved answers.
    Aws,
    /// Clusters of Kubernetes, or their saved objects.
    Kubernetes,
    /// Bills of materials.
    Bom,
}

impl SourceKind {
    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Aws => "aws",
            Self::Kubernetes => "kubernetes",
            Self::Bom => "bom",
        }
    }
}

/// What is to be done to some of the subjects of a metric for it to become better: `one` and `many` go on after a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// After 1: `agent gets an identity of its own`.
    pub one: String,
    /// After any other number: `agents get an identity of their own`.
    pub many: String,
}

/// A metric, or a fact that rules ask about in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricDefinition {
    /// Its id: `M07`, `scheduled_scans`.
    pub id: String,
    /// A name for programs; the id, of facts.
    pub name: String,
    /// What it is, in one line.
    pub definition: String,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// What is counted.
    pub numerator: String,
    /// Of what, where it is a share.
    pub denominator: Option<String>,
    /// Which values are good.
    pub better: Better,
    /// What it counts.
    pub subject: Subject,
    /// The types of sources that it draws on: where these were not scanned, it makes no floor.
    pub sources: Vec<SourceKind>,
    /// A sentence without a full stop, with `{num}`, `{den}` and `{days}` in the place of numbers.
    pub says: String,
    /// What makes it better.
    pub remedy: Option<Remedy>,
}

/// Whether a hint bounds a level from above or from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HintKind {
    /// What was observed contradicts a higher level.
    Ceiling,
    /// What was observed is hard to explain by a lower level. Never above 3: no scan sees targets, trends and decisions.
    Floor,
}

/// A rule of hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id: `PR-A1.c2`.
    pub id: String,
    /// The area that it is about.
    pub area: String,
    /// From which side it bounds.
    pub kind: HintKind,
    /// The level that it bounds by.
    pub level: u8,
    /// When it holds.
    pub when: Condition,
}

/// Thresholds that hold for all rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A share of fewer than this is a small sample.
    pub small_sample: u64,
    /// The coverage that every domain needs for a final rating.
    pub coverage: Fraction,
    /// The share of the sources of a type that has to be scanned wholly for a floor to rest on them.
    pub floor_coverage: Fraction,
    /// The share of the subjects of a metric that has to be known for a floor to rest on it.
    pub floor_known: Fraction,
    /// Days after which evidence has expired.
    pub evidence_days: u32,
}

/// A structure that the lint found nothing wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it is and where it is from.
    pub note: String,
    /// The five levels.
    pub scale: Vec<ScaleLevel>,
    /// What an area has to show for a level.
    pub tests: Vec<LevelTest>,
    /// Thresholds.
    pub limits: Limits,
    /// The six domains.
    pub domains: Vec<Domain>,
    /// Its metrics.
    pub metrics: Vec<MetricDefinition>,
    /// Further facts that rules ask about.
    pub facts: Vec<MetricDefinition>,
    /// The rules of hints.
    pub rules: Vec<Rule>,
    digest: String,
}

const WORKING: &str = include_str!("../../../data/asmm-structure.json");

impl Structure {
    /// The working structure v0.1 of this project.
    pub fn working() -> &'static Self {
        // That the built-in one is without faults is what its tests check; an empty one is never seen.
        static READ: LazyLock<Structure> =
            LazyLock::new(|| Structure::read(WORKING).unwrap_or_else(|_| Structure::nothing()));
        &READ
    }

    /// The working structure as the text that a structure of your own may begin with.
    pub fn working_text() -> &'static str {
        WORKING
    }

    /// Reads a structure, or tells everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        read::read(text)
    }

    fn nothing() -> Self {
        let limits = Limits {
            small_sample: 0,
            coverage: Fraction::ZERO,
            floor_coverage: Fraction::ZERO,
            floor_known: Fraction::ZERO,
            evidence_days: 0,
        };
        Self {
            id: String::new(),
            version: String::new(),
            note: String::new(),
            scale: Vec::new(),
            tests: Vec::new(),
            limits,
            domains: Vec::new(),
            metrics: Vec::new(),
            facts: Vec::new(),
            rules: Vec::new(),
            digest: String::new(),
        }
    }

    /// The same structure with other weights, by the ids of areas and domains. The digest stays that of the document: an assessment
    /// keeps the weights that it changes beside it.
    pub fn with_weights(&self, weights: &BTreeMap<String, Weight>) -> Result<Self, Vec<Fault>> {
        let is_known = |id: &str| self.domain(id).is_some() || self.area(id).is_some();
        let unknown = weights.keys().filter(|id| !is_known(id)).map(|id| Fault {
            at: String::new(),
            wrong: format!("a weight is given to `{id}`, which is no area and no domain"),
            right: "give weights to ids of the structure".to_owned(),
        });
        let faults: Vec<Fault> = unknown.collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut structure = self.clone();
        for domain in &mut structure.domains {
            domain.weight = weights.get(&domain.id).copied().unwrap_or(domain.weight);
            for area in &mut domain.areas {
                area.weight = weights.get(&area.id).copied().unwrap_or(area.weight);
            }
        }
        Ok(structure)
    }

    /// SHA-256 of its canonical JSON (keys sorted, no white space), in hexadecimal digits: what an assessment was made under.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All areas, in order.
    pub fn areas(&self) -> impl Iterator<Item = &Area> {
        self.domains.iter().flat_map(|domain| &domain.areas)
    }

    /// The area of an id, with its domain.
    pub fn area(&self, id: &str) -> Option<(&Domain, &Area)> {
        let pairs =
            self.domains.iter().flat_map(|domain| domain.areas.iter().map(move |area| (domain, area)));
        pairs.into_iter().find(|(_, area)| area.id == id)
    }

    /// The domain of an id.
    pub fn domain(&self, id: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.id == id)
    }

    /// The metric or fact of an id.
    pub fn metric(&self, id: &str) -> Option<&MetricDefinition> {
        self.metrics.iter().chain(&self.facts).find(|metric| metric.id == id)
    }

    /// The rules about an area, in order.
    pub fn rules_of<'s>(&'s self, area: &'s str) -> impl Iterator<Item = &'s Rule> {
        self.rules.iter().filter(move |rule| rule.area == area)
    }

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// What a level is called.
    pub fn level_name(&self, level: u8) -> Option<&str> {
        self.scale.iter().find(|one| one.level == level).map(|one| one.name.as_str())
    }

    /// The ids of what is evidence for an area: its metrics, then what only its rules ask about.
    pub fn evidence_of(&self, area: &Area) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        let asked = self.rules_of(&area.id).flat_map(|rule| rule.when.names());
        for id in area.metrics.iter().map(String::as_str).chain(asked) {
            if let Some(metric) = self.metric(id).filter(|metric| !ids.contains(&metric.id.as_str())) {
                ids.push(&metric.id);
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests;
