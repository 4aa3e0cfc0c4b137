//! The road of an assessment: what a higher level of its domains takes, what brings most first.

use askama::Template;
use asmm_model::assessment::{Step as StepOf, road};
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use super::{By, Names, level, levels};
use crate::assess::Assessment;
use crate::export::{Prose, Text};
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;
use crate::web::{Site, assessing};

#[derive(Debug, Template)]
#[template(path = "site/assessment/road.html")]
struct Page {
    frame: Frame,
    by: By,
    name: Text,
    is_scored: bool,
    targets: Vec<Target>,
    levels: Vec<(u8, Text)>,
    steps: Vec<Step>,
    unassessed: Vec<(Text, Text)>,
}

/// Where a domain is meant to be.
#[derive(Debug)]
struct Target {
    id: Text,
    title: Text,
    band: Text,
    /// 0 where nothing was said: one band up.
    to: u8,
}

#[derive(Debug)]
struct Step {
    id: Text,
    title: Text,
    domain: Text,
    from: u8,
    to: Text,
    gain: String,
    gain_bands: u8,
    domain_band: Text,
    overall_band: Text,
    needs: Vec<(Text, Text, Text)>,
    barriers: Vec<Barrier>,
}

#[derive(Debug)]
struct Barrier {
    rule: Text,
    level: u8,
    why: Prose,
    lifted: Prose,
    shown_by: Text,
    systems: Names,
}

fn step(assessment: &Assessment, step: StepOf) -> Step {
    let structure = &assessment.structure;
    let band = |band: Option<u8>| band.map(|band| level(structure, band)).unwrap_or_default();
    let barrier = |barrier: asmm_model::assessment::Barrier| Barrier {
        rule: Text::short(&barrier.rule),
        level: barrier.level,
        why: Prose::new(&barrier.why),
        lifted: Prose::new(&barrier.lifted),
        shown_by: Text::short(&barrier.shown_by),
        systems: Names::of(&assessment.seeded.seed, &barrier.systems),
    };
    let need = |need: asmm_model::assessment::Need| {
        (Text::short(&need.title), Text::long(&need.needs), Text::long(&need.shown_by))
    };
    Step {
        id: Text::short(&step.area),
        title: Text::short(&step.title),
        domain: Text::short(&step.domain),
        from: step.from.level(),
        to: level(structure, step.to.level()),
        gain: step.gain.to_string(),
        gain_bands: step.gain_bands,
        domain_band: band(step.domain_band),
        overall_band: band(step.overall_band),
        needs: step.needs.into_iter().map(need).collect(),
        barriers: step.barriers.into_iter().map(barrier).collect(),
    }
}

pub(crate) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let assessment = site.store().assessment(&name).await?;
    let structure = &assessment.structure;
    let given: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let fields = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let targets = assessing::targets(structure, fields)?;
    let rating = assessment.rating();
    let found = road(structure, &assessment.seeded.seed, &assessment.scores(), &targets);
    let title = |id: &String| structure.area(id).map_or("", |(_, area)| area.title.as_str());
    frame::page(&Page {
        frame: Frame::new(format!("The road of {name}"), "/assessments", &visitor),
        by: By::new(structure),
        name: Text::short(&assessment.head.name),
        is_scored: rating.overall.score.is_some(),
        targets: (structure.domains.iter().zip(&rating.domains))
            .map(|(domain, rating)| Target {
                id: Text::short(&domain.id),
                title: Text::short(&domain.title),
                band: rating.band.map(|band| level(structure, band)).unwrap_or_default(),
                to: targets.domains.get(&domain.id).map_or(0, |to| to.level()),
            })
            .collect(),
        levels: levels(structure),
        unassessed: (found.unassessed.iter()).map(|id| (Text::short(id), Text::short(title(id)))).collect(),
        steps: found.steps.into_iter().map(|one| step(&assessment, one)).collect(),
    })
}
