//! What somebody does with an assessment, and whether it may be done.

use std::collections::BTreeMap;

use asmm_model::assessment::{AreaScore, HintKind, Score, SeedArea, Weight};

use super::{Assessment, Given, Signed};
use crate::cli::nearest::nearest;
use crate::review::Refused;

/// What somebody does with an assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Gives an area a level, with the level that each test reaches where that is said.
    Score { area: String, score: Score, tests: BTreeMap<String, Score> },
    /// Says that an area does not apply.
    Exclude { area: String },
    /// Takes back what was said of an area.
    Clear { area: String },
    /// Lets an area or a domain count otherwise.
    Weigh { of: String, weight: Weight },
    /// Agrees with it as a whole.
    Sign,
    /// Opens it again.
    Reopen,
}

impl Act {
    /// The name that is kept in the audit log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Score { .. } => "score-area",
            Self::Exclude { .. } => "exclude-area",
            Self::Clear { .. } => "clear-area",
            Self::Weigh { .. } => "weigh",
            Self::Sign => "sign-assessment",
            Self::Reopen => "reopen-assessment",
        }
    }

    /// The area that it is about, if it is about one.
    pub(crate) fn area(&self) -> Option<&str> {
        match self {
            Self::Score { area, .. } | Self::Exclude { area } | Self::Clear { area } => Some(area),
            Self::Weigh { .. } | Self::Sign | Self::Reopen => None,
        }
    }
}

/// Who acts, when and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'s> {
    pub(crate) by: &'s str,
    /// RFC 3339 in UTC.
    pub(crate) at: &'s str,
    pub(crate) reason: &'s str,
}

/// What becomes of an assessment by an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// This holds for the area now.
    Area(String, Given),
    /// It counts so much.
    Weight(String, Weight),
    /// It is signed.
    Signed(Signed),
    /// It is open.
    Open,
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// What becomes of an assessment by an act.
///
/// # Errors
/// The act is not for where the assessment stands, somebody else has to act, or something is not said that it asks for.
pub(crate) fn act(assessment: &Assessment, act: Act, subject: Subject<'_>) -> Result<Done, Refused> {
    let Subject { by, at, reason } = subject;
    if let Some(signed) = assessment.head.signed.as_ref().filter(|_| act != Act::Reopen) {
        let name = &assessment.head.name;
        return refuse(format!(
            "`{name}` was signed by {} and is not changed any more; reopen it first, or begin another one",
            signed.by
        ));
    }
    let given = |score: AreaScore| Given {
        score,
        tests: BTreeMap::new(),
        outside: false,
        by: by.to_owned(),
        at: at.to_owned(),
        reason: reason.to_owned(),
        seed: assessment.seeded.number,
    };
    match act {
        Act::Score { area, score, tests } => {
            let seed = applicable(assessment, &area)?;
            are_tests(assessment, score, &tests)?;
            let outside = !seed.outside(score).is_empty();
            if outside && reason.is_empty() {
                return refuse(format!("level {} is {}: say why", score.level(), against(seed, score)));
            }
            Ok(Done::Area(area, Given { tests, outside, ..given(AreaScore::Scored(score)) }))
        }
        Act::Exclude { area } => {
            applicable(assessment, &area)?;
            if reason.is_empty() {
                return refuse("say why the area does not apply: an auditor asks");
            }
            Ok(Done::Area(area, given(AreaScore::NotApplicable)))
        }
        Act::Clear { area } => {
            known(assessment, &area)?;
            let holds = assessment.areas.get(&area).map(|held| held.given.score);
            if holds.is_none_or(|score| score == AreaScore::NotAssessed) {
                return refuse(format!("nothing is said of {area} that could be taken back"));
            }
            Ok(Done::Area(area, given(AreaScore::NotAssessed)))
        }
        Act::Weigh { of, weight } => {
            if reason.is_empty() {
                return refuse("say why it counts otherwise: an auditor asks");
            }
            let structure = &assessment.structure;
            if structure.domain(&of).is_none() && structure.area(&of).is_none() {
                return refuse(format!("`{of}` is no area and no domain of the structure"));
            }
            Ok(Done::Weight(of, weight))
        }
        Act::Sign => sign(assessment, subject).map(Done::Signed),
        Act::Reopen if assessment.head.signed.is_none() => refuse("it is not signed"),
        Act::Reopen if reason.is_empty() => refuse("say why it is opened again"),
        Act::Reopen => Ok(Done::Open),
    }
}

fn known<'a>(assessment: &'a Assessment, area: &str) -> Result<&'a SeedArea, Refused> {
    let Some(seed) = assessment.seed_of(area) else {
        let ids = assessment.structure.areas().map(|area| area.id.as_str());
        let near = nearest(ids, area).map(|near| format!(" (is it `{near}`?)")).unwrap_or_default();
        return refuse(format!("`{area}` is no area of the structure{near}"));
    };
    Ok(seed)
}

fn applicable<'a>(assessment: &'a Assessment, area: &str) -> Result<&'a SeedArea, Refused> {
    let seed = known(assessment, area)?;
    if !seed.applicable {
        return refuse(format!(
            "{area} is about agentic systems alone, and every system in scope was reviewed and is none"
        ));
    }
    Ok(seed)
}

/// A level needs all of its tests, so that none that is said may be below it.
fn are_tests(assessment: &Assessment, score: Score, tests: &BTreeMap<String, Score>) -> Result<(), Refused> {
    let known = &assessment.structure.tests;
    if let Some(id) = tests.keys().find(|id| !known.iter().any(|test| test.id == **id)) {
        return refuse(format!("`{id}` is no test of the structure"));
    }
    let below: Vec<String> = (known.iter())
        .filter_map(|test| tests.get(&test.id).map(|reached| (test, reached)))
        .filter(|(_, reached)| **reached < score)
        .map(|(test, reached)| format!("`{}` reaches {}", test.id, reached.level()))
        .collect();
    if below.is_empty() {
        return Ok(());
    }
    refuse(format!("level {} needs all of its tests, and {}", score.level(), below.join(", ")))
}

/// What speaks against a level.
fn against(area: &SeedArea, score: Score) -> String {
    let speaks = area.outside(score).into_iter().map(|hint| {
        let side = match hint.kind {
            HintKind::Ceiling => "above the ceiling",
            HintKind::Floor => "below the floor",
        };
        format!("{side} of {} by {} ({})", hint.level, hint.rule, hint.why)
    });
    speaks.collect::<Vec<_>>().join(" and ")
}

fn sign(assessment: &Assessment, Subject { by, at, reason }: Subject<'_>) -> Result<Signed, Refused> {
    let rating = assessment.rating();
    if !rating.overall.is_final() {
        let why: Vec<String> = rating.overall.provisional.iter().map(ToString::to_string).collect();
        return refuse(format!("the rating is provisional: {}", why.join("; ")));
    }
    let holds = |area: &&String| assessment.areas.contains_key(*area);
    let changed: Vec<&str> = assessment.changed.keys().filter(holds).map(String::as_str).collect();
    if !changed.is_empty() {
        return refuse(format!(
            "the evidence of {} changed since it was scored: score it again, with the same level where that holds",
            changed.join(", ")
        ));
    }
    if assessment.scorers().contains(by) {
        return refuse("whoever scored an area does not sign: that needs a second person");
    }
    Ok(Signed { by: by.to_owned(), at: at.to_owned(), reason: reason.to_owned() })
}
