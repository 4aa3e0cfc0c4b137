//! Two assessments side by side: scores and ratings of both, and what is otherwise in the evidence.

use askama::Template;
use asmm_model::assessment::{AgenticScope, AreaScore, Fraction, SeedChange, Structure, compare};
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::{By, level, number, said, signed};
use crate::assess::Assessment;
use crate::export::{Prose, Text};
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/assessment/compare.html")]
struct Page {
    frame: Frame,
    by: By,
    name: Text,
    other: Text,
    /// Whether they were made by different structures.
    structure: bool,
    agentic: Option<[&'static str; 2]>,
    ratings: Vec<Rated>,
    areas: Vec<Area>,
    same: usize,
}

/// A domain or the whole, before and now.
#[derive(Debug)]
struct Rated {
    title: Text,
    before: String,
    before_band: Text,
    now: String,
    now_band: Text,
    by: String,
}

/// An area that is otherwise.
#[derive(Debug)]
struct Area {
    id: Text,
    title: Text,
    before: Text,
    now: Text,
    by: String,
    /// Whether the present structure has it.
    is_here: bool,
    changes: Vec<Prose>,
}

fn ratings(before: &Assessment, now: &Assessment) -> Vec<Rated> {
    let (then, rating) = (before.rating(), now.rating());
    let band =
        |structure: &Structure, band: Option<u8>| band.map(|band| level(structure, band)).unwrap_or_default();
    let row = |title: &str, scores: [Option<Fraction>; 2], bands: [Option<u8>; 2]| Rated {
        title: Text::short(title),
        before: number(scores[0]),
        before_band: band(&before.structure, bands[0]),
        now: number(scores[1]),
        now_band: band(&now.structure, bands[1]),
        by: signed(scores[0], scores[1]),
    };
    let mut rows = vec![row(
        "Overall",
        [then.overall.score, rating.overall.score],
        [then.overall.band, rating.overall.band],
    )];
    for (domain, rated) in now.structure.domains.iter().zip(&rating.domains) {
        let was = then.domains.iter().find(|one| one.id == domain.id);
        rows.push(row(
            &format!("{} {}", domain.id, domain.title),
            [was.and_then(|was| was.score), rated.score],
            [was.and_then(|was| was.band), rated.band],
        ));
    }
    rows
}

fn areas(before: &Assessment, now: &Assessment, change: &SeedChange) -> Vec<Area> {
    let score_in =
        |of: &Assessment, id: &str| of.areas.get(id).map(|held| held.given.score).unwrap_or_default();
    let number = |score: AreaScore| match score {
        AreaScore::Scored(score) => Some(Fraction::whole(u64::from(score.level()))),
        AreaScore::NotAssessed | AreaScore::NotApplicable => None,
    };
    let gone = before.structure.areas().filter(|area| now.structure.area(&area.id).is_none());
    let all = now.structure.areas().chain(gone);
    let area = |area: &asmm_model::assessment::Area| {
        let (was, is) = (score_in(before, &area.id), score_in(now, &area.id));
        let changes = change.areas.iter().find(|one| one.area == area.id);
        let changes = changes.map(|one| one.changes.as_slice()).unwrap_or_default();
        (was != is || !changes.is_empty()).then(|| Area {
            id: Text::short(&area.id),
            title: Text::short(&area.title),
            before: said(&before.structure, was),
            now: said(&now.structure, is),
            by: signed(number(was), number(is)),
            is_here: now.structure.area(&area.id).is_some(),
            changes: changes.iter().map(|change| Prose::new(&change.to_string())).collect(),
        })
    };
    all.filter_map(area).collect()
}

/// The second one came before.
pub(crate) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((name, other)): Path<(String, String)>,
) -> Result<Response, Wrong> {
    let now = site.store().assessment(&name).await?;
    let before = site.store().assessment(&other).await?;
    let change = compare(&before.seeded.seed, &now.seeded.seed);
    let areas = areas(&before, &now, &change);
    frame::page(&Page {
        frame: Frame::new(format!("{name} compared with {other}"), "/assessments", &visitor),
        by: By::new(&now.structure),
        name: Text::short(&now.head.name),
        other: Text::short(&before.head.name),
        structure: change.structure,
        agentic: change.agentic.map(|both| both.map(AgenticScope::name)),
        ratings: ratings(&before, &now),
        same: now.structure.areas().count().saturating_sub(areas.iter().filter(|area| area.is_here).count()),
        areas,
    })
}

/// Which other one is chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    with: String,
}

/// Leads to where two are compared, for a form without a script.
pub(crate) async fn chosen(
    State(site): State<Site>,
    Path(name): Path<String>,
    Query(Chosen { with }): Query<Chosen>,
) -> Result<Response, Wrong> {
    // Only what is the name of one leads anywhere.
    let (now, other) = (site.store().assessment(&name).await?, site.store().assessment(&with).await?);
    Ok(Redirect::to(&format!("/assessments/{}/compare/{}", now.head.name, other.head.name)).into_response())
}
