//! The seed of an assessment: systems, evidence and hints by area, handed over without a single score.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::hints::{Hinted, hint};
use super::{
    AgenticScope, Area, DecisionState, Fraction, Hint, HintKind, Measure, Measured, Quantity, ScopedSystem,
    Score, SourceKind, SourceStatus, Structure, Subject, Survey, Test, Withheld,
};
use crate::{Level, SystemId, Verdict};

/// Version of the seed document.
pub const SEED: &str = "1";

/// What only a person may fill in. It is null, and has no other value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unscored;

/// What a scan hands over to an assessment: evidence and hints, and no score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// Version of this document.
    #[schemars(extend("const" = SEED))]
    pub asmm_seed: String,
    /// The structure that it was made by.
    pub structure: SeedStructure,
    /// When, with what and from what: the only part that differs between two seeds of one state.
    pub generated: Generated,
    /// The systems that are assessed.
    pub scope: SeedScope,
    /// All areas, in the order of the structure.
    pub areas: Vec<SeedArea>,
    /// The metrics, and the facts that rules ask about, by id.
    pub metrics: BTreeMap<String, SeedMetric>,
}

/// The structure that a seed was made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedStructure {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its canonical JSON, in hexadecimal digits.
    pub sha256: String,
}

/// When a seed was made, with what and from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Tool and version.
    pub tool: String,
    /// The scans that the facts are from.
    pub scan_ids: Vec<String>,
}

/// The systems that are assessed, and how far they and their sources were looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedScope {
    /// The systems in scope, by id.
    pub systems: Vec<SeedSystem>,
    /// Ids of those that nobody has decided about, or whose verdict is open.
    pub undecided: Vec<SystemId>,
    /// Whether the areas apply that are about agentic systems alone.
    pub agentic_scope: AgenticScope,
    /// The declared sources, by name.
    pub source_coverage: Vec<SourceCoverage>,
}

/// One system in scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedSystem {
    /// Its id.
    pub id: SystemId,
    /// What it is called.
    pub name: String,
    /// Who answers for it; null where nobody is named.
    pub owner: Option<String>,
    /// The verdict of the person who decided, or of the test.
    pub verdict: Verdict,
    /// Lowest and highest autonomy level.
    pub level: [Level; 2],
    /// Confidence of the test, 0 to 1; null when undetermined.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// What people decided.
    pub decision: SeedDecision,
}

/// What people decided about a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedDecision {
    /// How far the review has come.
    pub state: DecisionState,
    /// Who decided; null where nobody did.
    pub by: Option<String>,
    /// When, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub at: Option<String>,
}

/// How much of one source was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceCoverage {
    /// The target, as given.
    pub source: String,
    /// Of what type it is.
    pub kind: SourceKind,
    /// How its last scan ended.
    pub status: SourceStatus,
    /// When its last scan began, RFC 3339 in UTC; null where there was none.
    #[schemars(extend("format" = "date-time"))]
    pub at: Option<String>,
}

/// One area: what is known for the person who scores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedArea {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Whether it applies. Agentic areas do until it is decided that they do not.
    pub applicable: bool,
    /// The score that a person gives.
    pub score: Unscored,
    /// The person who gives it.
    pub scored_by: Unscored,
    /// Why they give it.
    pub rationale: Unscored,
    /// What was measured for it.
    pub evidence: Vec<SeedEvidence>,
    /// What the rules say.
    pub hints: Vec<Hint>,
    /// Rules whose condition holds and that say nothing all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
}

impl SeedArea {
    /// The hints that a score lies outside of. Such a score is allowed, and whoever gives it says why.
    pub fn outside(&self, score: Score) -> Vec<&Hint> {
        let is_outside = |hint: &&Hint| match hint.kind {
            HintKind::Ceiling => score.level() > hint.level,
            HintKind::Floor => score.level() < hint.level,
        };
        self.hints.iter().filter(is_outside).collect()
    }
}

/// On which side of a score evidence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bearing {
    /// A floor rests on it.
    Supports,
    /// A ceiling rests on it.
    Contradicts,
    /// No hint rests on it.
    Neutral,
}

/// One metric as evidence for one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedEvidence {
    /// A digest of what it says: evidence that says the same keeps its id.
    pub id: String,
    /// The metric, or the fact that a rule asks about.
    pub metric: String,
    /// How many are counted.
    pub num: u64,
    /// Of how many, where it is a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<u64>,
    /// How many could not be told; they are in neither number.
    pub unknown: u64,
    /// The median in days, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Fraction>,
    /// How many of those that count were decided for many systems together.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_bulk: u64,
    /// What it counts: of sources and repositories the three lists hold names, of everything else the ids of systems.
    pub subject: Subject,
    /// What is behind the number.
    pub systems: Vec<String>,
    /// What is in the denominator and not in the number.
    pub others: Vec<String>,
    /// What could not be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unclear: Vec<String>,
    /// On which side it stands.
    pub supports: Bearing,
    /// When it was observed, RFC 3339 in UTC: by the oldest scan of the sources that it draws on; null where none was scanned.
    #[schemars(extend("format" = "date-time"))]
    pub observed_at: Option<String>,
    /// When it expires, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
    /// Where it was seen; the first twenty places.
    pub locators: Vec<String>,
    /// Why nothing of it can be told, and what would have to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl SeedEvidence {
    /// The id that evidence of an area has when it says what this one says: where [`id`](Self::id) is another, somebody changed it.
    pub fn id_by_content(&self, area: &str) -> String {
        evidence_id(area, self)
    }

    /// Whether it has expired; what was never observed has.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        let expires = self.expires_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        expires.is_none_or(|at| at <= now)
    }
}

/// One metric of the whole program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedMetric {
    /// How many are counted.
    pub num: u64,
    /// Of how many, where it is a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub den: Option<u64>,
    /// How many could not be told; they are in neither number.
    pub unknown: u64,
    /// Of how many it is known at all.
    pub known: u64,
    /// The median in days, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Fraction>,
    /// Why nothing of it can be told, and what would have to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl SeedMetric {
    /// The number that a test compares, where it is known.
    pub fn value(&self, test: &Test) -> Option<Fraction> {
        match test.quantity {
            Quantity::Share => Fraction::share(self.num, self.den?),
            Quantity::Count => (self.known > 0 || self.num > 0).then(|| Fraction::whole(self.num)),
            Quantity::Days => self.days,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The seed of what was measured. One state gives the same bytes every time, apart from `generated`.
pub fn seed(structure: &Structure, measured: &Measured, survey: &Survey) -> Seed {
    let mut source_coverage: Vec<SourceCoverage> = survey
        .sources
        .iter()
        .map(|source| SourceCoverage {
            source: source.name.clone(),
            kind: source.kind,
            status: source.status,
            at: source.at.map(written),
        })
        .collect();
    source_coverage.sort_unstable();
    let mut scan_ids = survey.scan_ids.clone();
    scan_ids.sort_unstable();
    scan_ids.dedup();
    let measures = measured.measures.iter();
    Seed {
        asmm_seed: SEED.to_owned(),
        structure: SeedStructure {
            id: structure.id.clone(),
            version: structure.version.clone(),
            sha256: structure.digest().to_owned(),
        },
        generated: Generated { at: written(survey.now), tool: survey.tool.clone(), scan_ids },
        scope: SeedScope {
            systems: measured.systems.iter().map(system).collect(),
            undecided: measured.undecided.clone(),
            agentic_scope: measured.agentic,
            source_coverage,
        },
        areas: structure.areas().map(|of| area(structure, of, measured, survey)).collect(),
        metrics: measures.map(|(id, measure)| (id.clone(), metric(measure))).collect(),
    }
}

fn written(at: Timestamp) -> String {
    at.to_string()
}

fn system(system: &ScopedSystem) -> SeedSystem {
    SeedSystem {
        id: system.id.clone(),
        name: system.name.clone(),
        owner: system.owner.clone(),
        verdict: system.verdict,
        level: system.level,
        confidence: system.confidence.map(|thousandths| f64::from(thousandths) / 1000.0),
        decision: SeedDecision {
            state: system.state,
            by: system.decided_by.clone(),
            at: system.decided_at.map(written),
        },
    }
}

fn metric(measure: &Measure) -> SeedMetric {
    SeedMetric {
        num: measure.num,
        den: measure.den,
        unknown: measure.unknown,
        known: measure.known,
        days: measure.days,
        why: measure.why.map(str::to_owned),
    }
}

fn area(structure: &Structure, area: &Area, measured: &Measured, survey: &Survey) -> SeedArea {
    let applicable = !area.agentic_only || measured.agentic != AgenticScope::NotApplicable;
    let mut hinted = Hinted { hints: Vec::new(), withheld: Vec::new() };
    if applicable {
        hinted = hint(structure, area, measured, survey);
    }
    let mut evidence: Vec<SeedEvidence> = Vec::new();
    for id in structure.evidence_of(area) {
        let Some((definition, measure)) = structure.metric(id).zip(measured.measures.get(id)) else {
            continue;
        };
        let rests = |kind: HintKind| {
            hinted.hints.iter().any(|hint| hint.kind == kind && hint.evidence.iter().any(|one| one == id))
        };
        let supports = match (rests(HintKind::Ceiling), rests(HintKind::Floor)) {
            (true, _) => Bearing::Contradicts,
            (false, true) => Bearing::Supports,
            (false, false) => Bearing::Neutral,
        };
        evidence.push(piece(structure, &area.id, definition.subject, (id, measure), supports));
    }
    for hint in &mut hinted.hints {
        for named in &mut hint.evidence {
            if let Some(piece) = evidence.iter().find(|piece| piece.metric == *named) {
                named.clone_from(&piece.id);
            }
        }
    }
    SeedArea {
        id: area.id.clone(),
        title: area.title.clone(),
        applicable,
        score: Unscored,
        scored_by: Unscored,
        rationale: Unscored,
        evidence,
        hints: hinted.hints,
        withheld: hinted.withheld,
    }
}

fn piece(
    structure: &Structure,
    area: &str,
    subject: Subject,
    (id, measure): (&str, &Measure),
    supports: Bearing,
) -> SeedEvidence {
    let lasts = SignedDuration::from_hours(i64::from(structure.limits.evidence_days) * 24);
    let expires_at = measure.observed_at.and_then(|at| at.checked_add(lasts).ok());
    let mut piece = SeedEvidence {
        id: String::new(),
        metric: id.to_owned(),
        num: measure.num,
        den: measure.den,
        unknown: measure.unknown,
        days: measure.days,
        in_bulk: measure.in_bulk,
        subject,
        systems: measure.counted.clone(),
        others: measure.others.clone(),
        unclear: measure.unclear.clone(),
        supports,
        observed_at: measure.observed_at.map(written),
        expires_at: expires_at.map(written),
        locators: measure.places.clone(),
        why: measure.why.map(str::to_owned),
    };
    piece.id = piece.id_by_content(area);
    piece
}

/// What evidence says, without when it was observed and where: lines that move and scans that are repeated say nothing new.
fn evidence_id(area: &str, piece: &SeedEvidence) -> String {
    let says = (area, &piece.metric, piece.num, piece.den, piece.unknown, piece.days);
    let behind = (piece.in_bulk, &piece.systems, &piece.others, &piece.unclear);
    let text = serde_json::to_string(&(says, behind)).unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold("ev-".to_owned(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// JSON Schema (draft 2020-12) of the seed document.
pub fn seed_schema() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Seed>();
    let head = [("$id", "urn:muster:asmm-seed:1".into()), ("title", "Seed of an ASMM assessment".into())];
    let object = schema.ensure_object();
    let dialect = object.shift_remove("$schema").map(|dialect| ("$schema", dialect));
    for (at, (key, value)) in dialect.into_iter().chain(head).enumerate() {
        object.shift_insert(at, key.to_owned(), value);
    }
    schema.to_value()
}

/// The same as text: indented, with a newline at the end.
pub fn seed_schema_text() -> String {
    format!("{:#}\n", seed_schema())
}
