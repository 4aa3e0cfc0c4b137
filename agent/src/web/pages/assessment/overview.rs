//! One assessment: what its scores come to, its areas, the evidence that it rests on, and who answers for it.

use askama::Template;
use asmm_model::Verdict;
use asmm_model::assessment::{AgenticScope, AreaScore, DomainRating, HintKind, SeedArea};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};

use super::super::minute;
use super::drawing::{Bars, MIDDLE, Radar};
use super::{By, Names, banded, number, percent, said};
use crate::assess::Assessment;
use crate::clock;
use crate::export::Text;
use crate::web::Site;
use crate::web::assessing::{self, Asked};
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/assessment/overview.html")]
struct Overview {
    frame: Frame,
    by: By,
    note: Text,
    digest: String,
    name: Text,
    begun: Text,
    begun_by: Text,
    rating: Rating,
    domains: Vec<Domain>,
    radar: Radar,
    bars: Bars,
    areas: Vec<AreaRow>,
    scored: usize,
    /// Areas whose evidence changed since somebody scored them.
    changed: usize,
    scope: Scope,
    seed: SeedTold,
    weights: Vec<(Text, Text)>,
    /// What a weight may be given to.
    weighable: Vec<(Text, Text)>,
    signed: Option<SignedTold>,
    /// Whether the visitor scored an area, and is not the second person.
    is_scorer: bool,
    others: Vec<Text>,
}

/// The rating as a whole.
#[derive(Debug)]
struct Rating {
    band: Text,
    score: String,
    low: String,
    high: String,
    capped_by: String,
    provisional: Vec<Text>,
}

/// The rating of a domain.
#[derive(Debug)]
struct Domain {
    id: Text,
    title: Text,
    band: Text,
    score: String,
    low: String,
    high: String,
    coverage: String,
    assessed: usize,
    applicable: usize,
    capped_by: String,
    weight: String,
}

/// An area in the table.
#[derive(Debug)]
struct AreaRow {
    /// The domain, where it is the first of it.
    domain: Option<Text>,
    id: Text,
    title: Text,
    said: Text,
    is_scored: bool,
    by: Text,
    is_outside: bool,
    hints: Bounds,
    changes: usize,
    applicable: bool,
    agentic_only: bool,
}

/// What hints leave of the scale.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub(super) ceiling: Option<u8>,
    pub(super) floor: Option<u8>,
}

impl Bounds {
    pub(super) fn of(area: &SeedArea) -> Self {
        let of =
            |kind: HintKind| area.hints.iter().filter(move |hint| hint.kind == kind).map(|hint| hint.level);
        Self { ceiling: of(HintKind::Ceiling).min(), floor: of(HintKind::Floor).max() }
    }

    /// Whether nothing is left.
    fn is_conflicting(self) -> bool {
        self.ceiling.zip(self.floor).is_some_and(|(ceiling, floor)| ceiling < floor)
    }
}

/// Whether agentic areas are in scope, and what decides it.
#[derive(Debug)]
struct Scope {
    told: &'static str,
    /// Which systems follow.
    which: &'static str,
    systems: Names,
    undecided: usize,
    all: usize,
}

impl Scope {
    fn of(assessment: &Assessment) -> Self {
        let scope = &assessment.seeded.seed.scope;
        let told = match scope.agentic_scope {
            AgenticScope::InScope => {
                "The agentic areas are in scope: a person confirmed a system in scope as agentic."
            }
            AgenticScope::Provisional => {
                "It is open whether the agentic areas are in scope: nobody confirmed a system as agentic, and some that may be wait for a review. They may be scored, and do not count until it is decided."
            }
            AgenticScope::NotApplicable => {
                "The agentic areas do not apply: every system in scope was reviewed, and none is agentic."
            }
            AgenticScope::Unknown => {
                "It is not known whether the agentic areas are in scope: too little was scanned or reviewed to say. They do not count until it is decided."
            }
        };
        let decides = |system: &&asmm_model::assessment::SeedSystem| {
            system.verdict == Verdict::Agentic && system.decision.state.is_decided()
        };
        let ids = |systems: Vec<&asmm_model::SystemId>| {
            systems.into_iter().map(|id| id.as_str().to_owned()).collect::<Vec<String>>()
        };
        let (which, ids) = match scope.agentic_scope {
            AgenticScope::InScope => {
                let confirmed = scope.systems.iter().filter(decides);
                ("Confirmed", ids(confirmed.map(|system| &system.id).collect()))
            }
            AgenticScope::Provisional | AgenticScope::Unknown => {
                ("Undecided", ids(scope.undecided.iter().collect()))
            }
            AgenticScope::NotApplicable => ("", Vec::new()),
        };
        Self {
            told,
            which,
            systems: Names::of(&assessment.seeded.seed, &ids),
            undecided: scope.undecided.len(),
            all: scope.systems.len(),
        }
    }
}

/// The evidence that there is.
#[derive(Debug)]
struct SeedTold {
    number: i64,
    at: Text,
    by: Text,
    age: String,
    tool: Text,
    runs: Vec<Text>,
}

impl SeedTold {
    fn of(assessment: &Assessment) -> Self {
        let seeded = &assessment.seeded;
        let taken = seeded.at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        let age = match clock::seconds().saturating_sub(taken) / (24 * 60 * 60) {
            ..=0 => "less than a day old".to_owned(),
            1 => "1 day old".to_owned(),
            days => format!("{days} days old"),
        };
        let generated = &seeded.seed.generated;
        Self {
            number: seeded.number,
            at: minute(&seeded.at),
            by: Text::short(&seeded.by),
            age,
            tool: Text::short(&generated.tool),
            runs: generated.scan_ids.iter().take(super::MOST).map(|run| Text::short(run)).collect(),
        }
    }
}

#[derive(Debug)]
struct SignedTold {
    by: Text,
    at: Text,
    reason: Text,
}

fn domain(assessment: &Assessment, rating: &DomainRating) -> Domain {
    let structure = &assessment.structure;
    let of = structure.domain(&rating.id);
    Domain {
        id: Text::short(&rating.id),
        title: Text::short(of.map_or("", |domain| &domain.title)),
        band: rating.band.map(|band| super::level(structure, band)).unwrap_or_default(),
        score: number(rating.score),
        low: number(rating.low),
        high: number(rating.high),
        coverage: percent(rating.coverage),
        assessed: rating.assessed,
        applicable: rating.applicable,
        capped_by: rating.capped_by.join(", "),
        weight: of.map(|domain| domain.weight.to_string()).unwrap_or_default(),
    }
}

fn areas(assessment: &Assessment) -> Vec<AreaRow> {
    let structure = &assessment.structure;
    let of_domain = |domain: &asmm_model::assessment::Domain| {
        let row = |(n, area): (usize, &asmm_model::assessment::Area)| {
            let (held, seed) = (assessment.areas.get(&area.id), assessment.seed_of(&area.id));
            let score = held.map(|held| held.given.score).unwrap_or_default();
            let is_scored = score != AreaScore::NotAssessed;
            AreaRow {
                domain: (n == 0).then(|| Text::short(&format!("{} {}", domain.id, domain.title))),
                id: Text::short(&area.id),
                title: Text::short(&area.title),
                said: said(structure, score),
                is_scored,
                by: held.filter(|_| is_scored).map(|held| Text::short(&held.given.by)).unwrap_or_default(),
                is_outside: is_scored && held.is_some_and(|held| held.given.outside),
                hints: seed.map(Bounds::of).unwrap_or_default(),
                changes: assessment.changed.get(&area.id).map_or(0, Vec::len),
                applicable: seed.is_none_or(|seed| seed.applicable),
                agentic_only: area.agentic_only,
            }
        };
        domain.areas.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    structure.domains.iter().flat_map(of_domain).collect()
}

pub(crate) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
) -> Result<Response, Wrong> {
    let assessment = site.store().assessment(&name).await?;
    let others = site.store().assessments().await?;
    let others = others.into_iter().map(|other| other.head.name).filter(|other| *other != name);
    let (structure, head) = (&assessment.structure, &assessment.head);
    let rating = assessment.rating();
    let areas = areas(&assessment);
    let weighable = structure.domains.iter().flat_map(|domain| {
        let areas = domain.areas.iter().map(|area| (&area.id, &area.title));
        std::iter::once((&domain.id, &domain.title)).chain(areas)
    });
    frame::page(&Overview {
        frame: Frame::new(format!("Assessment {}", head.name), "/assessments", &visitor),
        by: By::new(structure),
        note: Text::long(&structure.note),
        digest: structure.digest().to_owned(),
        name: Text::short(&head.name),
        begun: minute(&head.begun_at),
        begun_by: Text::short(&head.begun_by),
        radar: Radar::of(&rating.domains),
        bars: Bars::of(&rating.domains),
        domains: rating.domains.iter().map(|rating| domain(&assessment, rating)).collect(),
        rating: Rating {
            band: banded(structure, &rating.overall),
            score: number(rating.overall.score),
            low: number(rating.overall.low),
            high: number(rating.overall.high),
            capped_by: rating.overall.capped_by.join(", "),
            provisional: (rating.overall.provisional.iter())
                .map(|why| Text::long(&why.to_string()))
                .collect(),
        },
        scored: areas.iter().filter(|area| area.is_scored).count(),
        changed: areas.iter().filter(|area| area.changes > 0).count(),
        areas,
        scope: Scope::of(&assessment),
        seed: SeedTold::of(&assessment),
        weights: head.weights.iter().map(|(of, weight)| (Text::short(of), Text::short(weight))).collect(),
        weighable: weighable.map(|(id, title)| (Text::short(id), Text::short(title))).collect(),
        signed: head.signed.as_ref().map(|signed| SignedTold {
            by: Text::short(&signed.by),
            at: minute(&signed.at),
            reason: Text::long(&signed.reason),
        }),
        is_scorer: assessment.scorers().contains(visitor.person.as_str()),
        others: others.map(|other| Text::short(&other)).collect(),
    })
}

/// Takes new evidence.
pub(crate) async fn seed(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
) -> Result<Response, Wrong> {
    assessing::seed(&site, &name, &visitor).await?;
    Ok(Redirect::to(&format!("/assessments/{name}")).into_response())
}

/// Does what a form asks for, and leads back.
pub(crate) async fn act(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Wrong> {
    let done = Asked::of_form(None, fields)?.done(&site, &name, &visitor).await?;
    Ok(Redirect::to(&format!("/assessments/{}", done.head.name)).into_response())
}
