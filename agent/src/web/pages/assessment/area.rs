//! One area of an assessment: what is asked, what was measured, what that hints at, and the level that a person gives.

use askama::Template;
use asmm_model::assessment::{
    Area as AreaOf, AreaScore, Bearing, HintKind, Maps, Score, SeedEvidence, Structure, reading,
};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Form};

use super::super::{day, minute};
use super::{By, Names, levels, said};
use crate::assess::{Assessment, Given};
use crate::clock;
use crate::export::{Prose, Text};
use crate::store::Said;
use crate::web::Site;
use crate::web::assessing::{Asked, TEST};
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

#[derive(Debug, Template)]
#[template(path = "site/assessment/area.html")]
struct Page {
    frame: Frame,
    by: By,
    name: Text,
    id: Text,
    title: Text,
    domain: Text,
    question: Text,
    agentic_only: bool,
    applicable: bool,
    held: Option<Held>,
    /// How often something was said of it.
    revision: i64,
    level: u8,
    is_said: bool,
    is_signed: bool,
    groups: Vec<(&'static str, Vec<Piece>)>,
    hints: Vec<Hinted>,
    withheld: Vec<(Text, Prose)>,
    changed: Vec<Prose>,
    maps: Vec<(&'static str, Text)>,
    levels: Vec<(u8, Text)>,
    tests: Vec<Test>,
    scale: Vec<Step>,
    history: Vec<Entry>,
    before: Option<Text>,
    after: Option<Text>,
}

/// What holds for it.
#[derive(Debug)]
struct Held {
    said: Text,
    by: Text,
    at: Text,
    reason: Text,
    outside: bool,
}

/// One metric as evidence.
#[derive(Debug)]
struct Piece {
    metric: Text,
    definition: Text,
    reading: Text,
    why: Text,
    counted: Names,
    others: Names,
    unclear: Names,
    places: Vec<Text>,
    observed: Text,
    expires: Text,
    is_expired: bool,
}

#[derive(Debug)]
struct Hinted {
    rule: Text,
    told: String,
    why: Prose,
    small_sample: bool,
    conflicting: bool,
}

/// A test of the levels, and the level that it was said to reach.
#[derive(Debug)]
struct Test {
    field: String,
    title: Text,
    shown_by: Text,
    reached: u8,
}

/// What a level needs, by the tests.
#[derive(Debug)]
struct Step {
    level: Text,
    meaning: Text,
    needs: Vec<Text>,
}

/// What somebody said of it at some time.
#[derive(Debug)]
struct Entry {
    at: Text,
    by: Text,
    said: Text,
    outside: bool,
    tests: Text,
    reason: Text,
    seed: i64,
}

fn piece(assessment: &Assessment, piece: &SeedEvidence) -> Piece {
    let names = |ids: &[String]| Names::of(&assessment.seeded.seed, ids);
    let definition = assessment.structure.metric(&piece.metric);
    Piece {
        metric: Text::short(&piece.metric),
        definition: Text::long(definition.map_or("", |metric| &metric.definition)),
        reading: Text::short(&reading(piece)),
        why: Text::long(piece.why.as_deref().unwrap_or_default()),
        counted: names(&piece.systems),
        others: names(&piece.others),
        unclear: names(&piece.unclear),
        places: piece.locators.iter().map(|place| Text::short(place)).collect(),
        observed: piece.observed_at.as_deref().map(day).unwrap_or_default(),
        expires: piece.expires_at.as_deref().map(day).unwrap_or_default(),
        is_expired: piece.expires_at.is_some() && piece.is_expired(clock::timestamp()),
    }
}

/// The evidence, what speaks against a higher level first.
fn groups(assessment: &Assessment, area: &str) -> Vec<(&'static str, Vec<Piece>)> {
    let evidence = assessment.seed_of(area).map(|seed| seed.evidence.as_slice()).unwrap_or_default();
    let of = |bearing: Bearing| {
        let pieces = evidence.iter().filter(|one| one.supports == bearing);
        pieces.map(|one| piece(assessment, one)).collect::<Vec<_>>()
    };
    let groups = [
        ("Against a higher level", of(Bearing::Contradicts)),
        ("For a level", of(Bearing::Supports)),
        ("Further evidence, on which no hint rests", of(Bearing::Neutral)),
    ];
    groups.into_iter().filter(|(_, pieces)| !pieces.is_empty()).collect()
}

fn maps(maps: &Maps) -> Vec<(&'static str, Text)> {
    let listed = |ids: &[String]| ids.join(", ");
    let all = [
        ("NIST CSF 2.0", listed(&maps.nist_csf_2_0)),
        ("NIST AI RMF 1.0", listed(&maps.nist_ai_rmf_1_0)),
        ("CSA AISMM", maps.csa_aismm.clone()),
        ("OWASP Top 10 for agentic applications", listed(&maps.owasp_agentic_2026)),
        ("EU AI Act", listed(&maps.eu_ai_act)),
        ("ISO/IEC 42001", listed(&maps.iso_42001)),
    ];
    let said = all.into_iter().filter(|(_, ids)| !ids.is_empty());
    said.map(|(framework, ids)| (framework, Text::long(&ids))).collect()
}

fn tests(structure: &Structure, held: Option<&Given>) -> Vec<Test> {
    let test = |test: &asmm_model::assessment::LevelTest| Test {
        field: format!("{TEST}{}", test.id),
        title: Text::short(&test.title),
        shown_by: Text::long(&test.shown_by),
        reached: held.and_then(|held| held.tests.get(&test.id)).map_or(0, |reached| reached.level()),
    };
    structure.tests.iter().map(test).collect()
}

fn scale(structure: &Structure) -> Vec<Step> {
    let step = |of: &asmm_model::assessment::ScaleLevel| {
        let needs = structure.tests.iter().map(|test| {
            let needs = test.levels.iter().find(|(level, _)| *level == of.level);
            Text::long(needs.map_or("–", |(_, needs)| needs))
        });
        Step {
            level: super::level(structure, of.level),
            meaning: Text::long(&of.meaning),
            needs: needs.collect(),
        }
    };
    structure.scale.iter().map(step).collect()
}

fn entry(structure: &Structure, one: &Said) -> Entry {
    let given = &one.given;
    let title = |id: &str| {
        let test = structure.tests.iter().find(|test| test.id == id);
        test.map_or_else(|| id.to_owned(), |test| test.title.clone())
    };
    let test = |(id, reached): (&String, &Score)| format!("{} {}", title(id), reached.level());
    Entry {
        at: minute(&given.at),
        by: Text::short(&given.by),
        said: match given.score {
            AreaScore::NotAssessed => Text::short("taken back"),
            score => said(structure, score),
        },
        outside: given.outside,
        tests: Text::long(&given.tests.iter().map(test).collect::<Vec<_>>().join(", ")),
        reason: Text::long(&given.reason),
        seed: given.seed,
    }
}

fn hints(assessment: &Assessment, area: &str) -> Vec<Hinted> {
    let hints = assessment.seed_of(area).map(|seed| seed.hints.as_slice()).unwrap_or_default();
    let hint = |hint: &asmm_model::assessment::Hint| Hinted {
        rule: Text::short(&hint.rule),
        told: match hint.kind {
            HintKind::Ceiling => format!("at most {}", hint.level),
            HintKind::Floor => format!("at least {}", hint.level),
        },
        why: Prose::new(&hint.why),
        small_sample: hint.small_sample,
        conflicting: hint.conflicting,
    };
    hints.iter().map(hint).collect()
}

/// The areas before and after one, in the order of the structure.
fn neighbours(structure: &Structure, area: &AreaOf) -> (Option<Text>, Option<Text>) {
    let ids: Vec<&str> = structure.areas().map(|area| area.id.as_str()).collect();
    let at = ids.iter().position(|id| *id == area.id).unwrap_or(0);
    let before = at.checked_sub(1).and_then(|at| ids.get(at));
    (before.map(|id| Text::short(id)), ids.get(at + 1).map(|id| Text::short(id)))
}

pub(crate) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Response, Wrong> {
    let assessment = site.store().assessment(&name).await?;
    let structure = &assessment.structure;
    let Some((domain, area)) = structure.area(&id) else { return Err(no_area(&id)) };
    let history = site.store().said(&name, &id).await?;
    let (held, seed) = (assessment.areas.get(&id), assessment.seed_of(&id));
    let given = held.map(|held| &held.given).filter(|given| given.score != AreaScore::NotAssessed);
    let (before, after) = neighbours(structure, area);
    let withheld = seed.map(|seed| seed.withheld.as_slice()).unwrap_or_default();
    let changed = assessment.changed.get(&id).map(Vec::as_slice).unwrap_or_default();
    frame::page(&Page {
        frame: Frame::new(format!("{} of {name}", area.id), "/assessments", &visitor),
        by: By::new(structure),
        name: Text::short(&assessment.head.name),
        id: Text::short(&area.id),
        title: Text::short(&area.title),
        domain: Text::short(&format!("{} {}", domain.id, domain.title)),
        question: Text::long(&area.question),
        agentic_only: area.agentic_only,
        applicable: seed.is_none_or(|seed| seed.applicable),
        held: given.map(|given| Held {
            said: said(structure, given.score),
            by: Text::short(&given.by),
            at: minute(&given.at),
            reason: Text::long(&given.reason),
            outside: given.outside,
        }),
        revision: held.map_or(0, |held| held.revision),
        level: match given.map(|given| given.score) {
            Some(AreaScore::Scored(score)) => score.level(),
            _ => 0,
        },
        is_said: given.is_some(),
        is_signed: assessment.head.signed.is_some(),
        groups: groups(&assessment, &id),
        hints: hints(&assessment, &id),
        withheld: withheld.iter().map(|one| (Text::short(&one.rule), Prose::new(&one.why))).collect(),
        changed: changed.iter().map(|change| Prose::new(&change.to_string())).collect(),
        maps: maps(&area.maps),
        levels: levels(structure),
        tests: tests(structure, given),
        scale: scale(structure),
        history: history.iter().map(|one| entry(structure, one)).collect(),
        before,
        after,
    })
}

/// That there is no such area.
pub(crate) fn no_area(id: &str) -> Wrong {
    Wrong::NotFound(format!("The structure has no area `{}`.", Text::short(id)))
}

/// Does what a form asks for, and leads back.
pub(crate) async fn act(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path((name, area)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Wrong> {
    let done = Asked::of_form(Some(area.clone()), fields)?.done(&site, &name, &visitor).await?;
    // What is no area was refused.
    Ok(Redirect::to(&format!("/assessments/{}/areas/{area}", done.head.name)).into_response())
}
