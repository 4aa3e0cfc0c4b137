//! Assessments for programs: what people gave, what it comes to, and the evidence beside it.

pub(super) mod acts;

use std::collections::BTreeMap;

use asmm_model::assessment::{
    AgenticScope, Change, Hint, Maps, Overall, Road, RollUp, Score, Seed, SeedArea, SeedChange,
    SeedStructure, Structure, road as road_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::List;
use super::entry::{Call, Created, Found, Json, Once};
use super::whole::Level;
use crate::assess::{Assessment, Head, Held};
use crate::store::{ListedAssessment, Said};
use crate::web::assessing;
use crate::web::pages::assessment::area::no_area;
use crate::web::wrong::Wrong;

/// An assessment: what its scores come to, and its areas.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneAssessment {
    #[serde(flatten)]
    head: Head,
    /// The structure that it was begun with.
    structure: SeedStructure,
    /// What the structure is, and where it is from.
    note: String,
    /// The evidence that it has.
    seed: SeedHead,
    /// Whether agentic areas are in scope.
    agentic_scope: AgenticScope,
    /// What the scores come to.
    rating: RollUp,
    /// Its areas, in the order of the structure.
    areas: Vec<AssessedArea>,
}

/// When the evidence of an assessment was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SeedHead {
    /// Its number: the first one is 1.
    number: i64,
    /// When it was taken, RFC 3339 in UTC.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// Who took it.
    by: String,
}

/// An area of an assessment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AssessedArea {
    /// Its id.
    id: String,
    /// What it is called.
    title: String,
    /// Its domain.
    domain: String,
    /// Whether it applies.
    applicable: bool,
    /// What people said of it; null where nobody did.
    held: Option<Held>,
    /// What the evidence hints at.
    hints: Vec<Hint>,
    /// What is otherwise in the evidence since somebody scored it.
    changed: Vec<Change>,
}

impl OneAssessment {
    fn new(assessment: Assessment) -> Self {
        let rating = assessment.rating();
        let Assessment { head, structure, seeded, mut areas, mut changed } = assessment;
        let seeds: BTreeMap<&str, &SeedArea> =
            seeded.seed.areas.iter().map(|area| (area.id.as_str(), area)).collect();
        let pairs =
            structure.domains.iter().flat_map(|domain| domain.areas.iter().map(move |area| (domain, area)));
        let area = |(domain, area): (&asmm_model::assessment::Domain, &asmm_model::assessment::Area)| {
            let seed = seeds.get(area.id.as_str());
            AssessedArea {
                id: area.id.clone(),
                title: area.title.clone(),
                domain: domain.id.clone(),
                applicable: seed.is_none_or(|seed| seed.applicable),
                held: areas.remove(&area.id),
                hints: seed.map(|seed| seed.hints.clone()).unwrap_or_default(),
                changed: changed.remove(&area.id).unwrap_or_default(),
            }
        };
        Self {
            areas: pairs.map(area).collect(),
            head,
            note: structure.note,
            seed: SeedHead { number: seeded.number, at: seeded.at, by: seeded.by },
            agentic_scope: seeded.seed.scope.agentic_scope,
            structure: seeded.seed.structure,
            rating,
        }
    }
}

pub(super) async fn list(call: Call<(), ()>) -> Result<Found<List<ListedAssessment>>, Wrong> {
    Ok(Found(List { items: call.site.store().assessments().await? }))
}

/// The name of a new assessment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAssessment {
    /// What it is called.
    #[schemars(extend("pattern" = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"))]
    name: String,
}

pub(super) async fn begin(call: Call<(), Json<NewAssessment>>) -> Result<Created<OneAssessment>, Wrong> {
    let begun = assessing::begin(&call.site, &call.body.0.name, call.visitor()?).await?;
    Ok(Created(OneAssessment::new(begun)))
}

pub(super) async fn one(call: Call<(), ()>) -> Result<Found<OneAssessment>, Wrong> {
    Ok(Found(OneAssessment::new(call.site.store().assessment(&call.name).await?)))
}

pub(super) async fn seed(call: Call<(), ()>) -> Result<Found<Seed>, Wrong> {
    Ok(Found(call.site.store().assessment(&call.name).await?.seeded.seed))
}

pub(super) async fn seed_anew(call: Call<(), ()>) -> Result<Found<OneAssessment>, Wrong> {
    let seeded = assessing::seed(&call.site, &call.name, call.visitor()?).await?;
    Ok(Found(OneAssessment::new(seeded)))
}

/// An area of an assessment, with its evidence.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneArea {
    /// Its id.
    id: String,
    /// What it is called.
    title: String,
    /// Its domain.
    domain: String,
    /// What a person answers.
    question: String,
    /// Whether it is of concern only where systems act on their own.
    agentic_only: bool,
    /// How much it counts in its domain.
    weight: String,
    /// The same in other frameworks.
    maps: Maps,
    /// What the metrics that are evidence for it are, by id.
    metrics: BTreeMap<String, String>,
    /// Its evidence and hints; null where the evidence is older than the area.
    seed: Option<SeedArea>,
    /// What people said of it; null where nobody did.
    held: Option<Held>,
    /// What is otherwise in the evidence since somebody scored it.
    changed: Vec<Change>,
    /// Everything that was said of it, the last first.
    history: Vec<Said>,
}

pub(super) async fn area(call: Call<(), ()>) -> Result<Found<OneArea>, Wrong> {
    let (store, id) = (call.site.store(), call.other.as_str());
    let mut assessment = store.assessment(&call.name).await?;
    let history = store.said(&call.name, id).await?;
    let (held, changed) = (assessment.areas.remove(id), assessment.changed.remove(id));
    let seed = assessment.seed_of(id).cloned();
    let structure: &Structure = &assessment.structure;
    let Some((domain, area)) = structure.area(id) else { return Err(no_area(id)) };
    let metrics = structure.evidence_of(area).into_iter().filter_map(|id| structure.metric(id));
    Ok(Found(OneArea {
        id: area.id.clone(),
        title: area.title.clone(),
        domain: domain.id.clone(),
        question: area.question.clone(),
        agentic_only: area.agentic_only,
        weight: area.weight.to_string(),
        maps: area.maps.clone(),
        metrics: metrics.map(|metric| (metric.id.clone(), metric.definition.clone())).collect(),
        seed,
        held,
        changed: changed.unwrap_or_default(),
        history,
    }))
}

/// Where the organisation wants to be; one band up, where nothing is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The level for every domain of which nothing else is said.
    to: Option<Level>,
    /// The level for Govern.
    #[serde(rename = "GV")]
    gv: Option<Level>,
    /// The level for Identify.
    #[serde(rename = "ID")]
    id: Option<Level>,
    /// The level for Protect.
    #[serde(rename = "PR")]
    pr: Option<Level>,
    /// The level for Detect.
    #[serde(rename = "DE")]
    de: Option<Level>,
    /// The level for Respond.
    #[serde(rename = "RS")]
    rs: Option<Level>,
    /// The level for Recover.
    #[serde(rename = "RC")]
    rc: Option<Level>,
}

impl Once for Wanted {}

pub(super) async fn road(call: Call<Wanted, ()>) -> Result<Found<Road>, Wrong> {
    let assessment = call.site.store().assessment(&call.name).await?;
    let Wanted { to, gv, id, pr, de, rs, rc } = call.query;
    let named = [("to", to), ("GV", gv), ("ID", id), ("PR", pr), ("DE", de), ("RS", rs), ("RC", rc)];
    let said: Vec<(&str, String)> =
        named.into_iter().filter_map(|(name, level)| Some((name, level?.0.to_string()))).collect();
    let fields = said.iter().map(|(name, level)| (*name, level.as_str()));
    let targets = assessing::targets(&assessment.structure, fields)?;
    Ok(Found(road_of(&assessment.structure, &assessment.seeded.seed, &assessment.scores(), &targets)))
}

/// Two assessments side by side.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Comparison {
    /// The one that is compared with.
    before: Side,
    /// The one that is compared.
    now: Side,
    /// What is otherwise in the evidence.
    evidence: SeedChange,
}

/// One of two assessments.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Side {
    /// What it is called.
    name: String,
    /// Its overall rating.
    overall: Overall,
    /// The ratings of its domains, exact, by id; null where none of their areas was scored.
    domains: BTreeMap<String, Option<asmm_model::assessment::Fraction>>,
    /// The levels of its areas, by id; null where nobody gave one or it does not apply.
    areas: BTreeMap<String, Option<u8>>,
}

impl Side {
    fn new(assessment: &Assessment) -> Self {
        let RollUp { domains, overall } = assessment.rating();
        let level = |id: &str| match assessment.areas.get(id)?.given.score {
            asmm_model::assessment::AreaScore::Scored(score) => Some(Score::level(score)),
            _ => None,
        };
        Self {
            name: assessment.head.name.clone(),
            overall,
            domains: domains.into_iter().map(|domain| (domain.id, domain.score)).collect(),
            areas: assessment.structure.areas().map(|area| (area.id.clone(), level(&area.id))).collect(),
        }
    }
}

pub(super) async fn compare(call: Call<(), ()>) -> Result<Found<Comparison>, Wrong> {
    let store = call.site.store();
    let (now, before) = (store.assessment(&call.name).await?, store.assessment(&call.other).await?);
    let evidence = asmm_model::assessment::compare(&before.seeded.seed, &now.seeded.seed);
    Ok(Found(Comparison { before: Side::new(&before), now: Side::new(&now), evidence }))
}
