//! The assessments, how far each is, and how the ratings of the domains went over them.

use askama::Template;
use asmm_model::assessment::Structure;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use super::super::day;
use super::drawing::Line;
use super::{By, banded, number};
use crate::assess::Assessment;
use crate::export::Text;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;
use crate::web::{Site, assessing};

/// Assessments of a page: a program is told all.
const MOST: usize = 50;
/// Assessments that the trend goes back over.
const TREND: usize = 8;

#[derive(Debug, Template)]
#[template(path = "site/assessment/list.html")]
struct List {
    frame: Frame,
    by: By,
    rows: Vec<Row>,
    more: usize,
    trend: Option<Trend>,
}

#[derive(Debug)]
struct Row {
    name: Text,
    begun: Text,
    begun_by: Text,
    scored: u64,
    areas: u64,
    band: Text,
    score: String,
    is_final: bool,
    signed_by: Text,
    signed: Text,
}

/// The scores of the domains over the last assessments, the last one at the end.
#[derive(Debug)]
struct Trend {
    names: Vec<Text>,
    rows: Vec<OverTime>,
}

#[derive(Debug)]
struct OverTime {
    title: Text,
    scores: Vec<String>,
    line: Line,
}

impl Trend {
    /// Of the assessments, the last one first.
    fn of(assessments: &[Assessment]) -> Option<Self> {
        let last = assessments.first()?;
        let ratings: Vec<_> =
            assessments.iter().take(TREND).rev().map(|one| (one.head.name.as_str(), one.rating())).collect();
        if ratings.len() < 2 {
            return None;
        }
        let row = |title: &str, scores: Vec<_>| OverTime {
            title: Text::short(title),
            line: Line::of(&scores),
            scores: scores.into_iter().map(number).collect(),
        };
        let of_domain = |id: &str| {
            let score = |rating: &asmm_model::assessment::RollUp| {
                rating.domains.iter().find(|domain| domain.id == id).and_then(|domain| domain.score)
            };
            ratings.iter().map(|(_, rating)| score(rating)).collect::<Vec<_>>()
        };
        let mut rows: Vec<OverTime> = (last.structure.domains.iter())
            .map(|domain| row(&format!("{} {}", domain.id, domain.title), of_domain(&domain.id)))
            .collect();
        rows.push(row("Overall", ratings.iter().map(|(_, rating)| rating.overall.score).collect()));
        Some(Self { names: ratings.iter().map(|(name, _)| Text::short(name)).collect(), rows })
    }
}

pub(crate) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Wrong> {
    let listed = site.store().assessments().await?;
    let (mut whole, mut rows) = (Vec::new(), Vec::new());
    for one in listed.iter().take(MOST) {
        let assessment = site.store().assessment(&one.head.name).await?;
        let overall = assessment.rating().overall;
        let signed = one.head.signed.as_ref();
        rows.push(Row {
            name: Text::short(&one.head.name),
            begun: day(&one.head.begun_at),
            begun_by: Text::short(&one.head.begun_by),
            scored: one.scored,
            areas: one.areas,
            band: banded(&assessment.structure, &overall),
            score: number(overall.score),
            is_final: overall.is_final(),
            signed_by: Text::short(signed.map_or("", |signed| &signed.by)),
            signed: signed.map(|signed| day(&signed.at)).unwrap_or_default(),
        });
        whole.push(assessment);
    }
    frame::page(&List {
        frame: Frame::new("Assessments", "/assessments", &visitor),
        by: By::new(Structure::working()),
        rows,
        more: listed.len().saturating_sub(MOST),
        trend: Trend::of(&whole),
    })
}

/// The name of a new assessment.
#[derive(Debug, Deserialize)]
pub(crate) struct New {
    #[serde(default)]
    name: String,
}

/// Begins one.
pub(crate) async fn begin(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Form(New { name }): Form<New>,
) -> Result<Response, Wrong> {
    let begun = assessing::begin(&site, &name, &visitor).await?;
    Ok(Redirect::to(&format!("/assessments/{}", begun.head.name)).into_response())
}
