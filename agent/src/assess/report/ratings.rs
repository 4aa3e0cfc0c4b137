//! What the scores come to: in words, as bars, and as the table behind these.

use asmm_model::assessment::{AgenticScope, DomainRating, Fraction, Provisional, RollUp, Seed, Structure};

use super::table::{Cell, Table};
use super::{Assessment, counted};
use crate::export::{Badge, Text};
use crate::page::visible;

/// How final an assessment is.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) badge: Badge,
    /// What that means, in a sentence.
    pub(super) said: String,
    /// What is missing for a final rating.
    pub(super) reasons: Vec<String>,
}

impl Standing {
    pub(super) fn of(assessment: &Assessment, rating: &RollUp) -> Self {
        let reason = |one: &Provisional| reason(assessment, one);
        let reasons: Vec<String> = rating.overall.provisional.iter().map(reason).collect();
        let (class, word, said) = match &assessment.head.signed {
            _ if !reasons.is_empty() => (
                "open",
                "provisional",
                "The rating is provisional: it may change when what is missing below is looked at. It is no result to decide by alone."
                    .to_owned(),
            ),
            None => (
                "open",
                "not signed",
                "Enough is assessed for a final rating, and nobody beside those who scored has signed it yet.".to_owned(),
            ),
            Some(_) => (
                "clear",
                "final",
                "The rating is final: enough of every domain is assessed, and a second person signed it.".to_owned(),
            ),
        };
        Self { badge: Badge { class, word }, said, reasons }
    }
}

fn reason(assessment: &Assessment, one: &Provisional) -> String {
    let title =
        |id: &String| assessment.structure.domain(id).map_or(id.clone(), |domain| domain.title.clone());
    let said = match one {
        Provisional::LowCoverage { domain, coverage, needed } => format!(
            "Of {}, {} is assessed by weight; a final rating needs {}.",
            title(domain),
            percent(*coverage),
            percent(*needed)
        ),
        Provisional::NotAssessed { domain } => format!("No area of {} is assessed.", title(domain)),
        Provisional::NothingApplies { domain } => {
            format!("No area of {} applies, so that there is nothing to rate.", title(domain))
        }
        Provisional::AgenticScope { .. } => agentic(&assessment.seeded.seed),
    };
    visible(&said).into_owned()
}

/// Whether the areas about agentic systems apply, in a sentence.
pub(super) fn agentic(seed: &Seed) -> String {
    match seed.scope.agentic_scope {
        AgenticScope::InScope => {
            "The areas about agentic systems apply: a person confirmed such a system.".to_owned()
        }
        AgenticScope::NotApplicable => {
            "The areas about agentic systems do not apply: every system was reviewed, and none is agentic."
                .to_owned()
        }
        AgenticScope::Provisional => format!(
            "Whether the areas about agentic systems apply is open until {} reviewed.",
            counted(seed.scope.undecided.len(), "undecided system is", "undecided systems are")
        ),
        AgenticScope::Unknown => {
            "Whether the areas about agentic systems apply is not known: too little was scanned or reviewed."
                .to_owned()
        }
    }
}

/// A share in percent.
pub(super) fn percent(share: Fraction) -> String {
    format!("{} %", share.times(Fraction::whole(100)).unwrap_or(share).short())
}

/// The overall rating in a few words.
#[derive(Debug)]
pub(super) struct Overall {
    pub(super) score: String,
    pub(super) band: Text,
    pub(super) range: String,
    pub(super) capped: Text,
}

impl Overall {
    pub(super) fn of(structure: &Structure, rating: &RollUp) -> Self {
        let overall = &rating.overall;
        Self {
            score: number(overall.score),
            band: Text::short(&band(structure, overall.band)),
            range: range(overall.low, overall.high),
            capped: Text::long(&capped(overall.band, &titles(structure, &overall.capped_by))),
        }
    }
}

/// The ratings as a table.
pub(super) fn table(structure: &Structure, rating: &RollUp) -> Table {
    let row = |domain: &DomainRating| {
        let title = structure.domain(&domain.id).map_or(domain.id.as_str(), |domain| &domain.title);
        vec![
            Cell::text(title),
            Cell::Number(number(domain.score)),
            Cell::Number(range(domain.low, domain.high)),
            Cell::text(&band(structure, domain.band)),
            Cell::Number(format!("{} of {}", domain.assessed, domain.applicable)),
            Cell::Text(Text::long(&capped(domain.band, &domain.capped_by))),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = rating.domains.iter().map(row).collect();
    let overall = &rating.overall;
    let sum = |of: fn(&DomainRating) -> usize| rating.domains.iter().map(of).sum::<usize>();
    rows.push(vec![
        Cell::text("Overall"),
        Cell::Number(number(overall.score)),
        Cell::Number(range(overall.low, overall.high)),
        Cell::text(&band(structure, overall.band)),
        Cell::Number(format!("{} of {}", sum(|domain| domain.assessed), sum(|domain| domain.applicable))),
        Cell::Text(Text::long(&capped(overall.band, &titles(structure, &overall.capped_by)))),
    ]);
    Table {
        caption: "Ratings by domain. The range is where the score may still be: with everything that was not assessed at 1, and at 5",
        class: "ratings",
        heads: &["Domain", "Score", "Range", "Band", "Areas assessed", "What holds the band down"],
        rows,
        more: 0,
    }
}

fn titles(structure: &Structure, ids: &[String]) -> Vec<String> {
    let title = |id: &String| structure.domain(id).map_or(id.clone(), |domain| domain.title.clone());
    ids.iter().map(title).collect()
}

fn capped(band: Option<u8>, by: &[String]) -> String {
    match (band, by) {
        (_, []) | (None, _) => String::new(),
        (Some(band), by) => format!("held at {band} by {}", by.join(", ")),
    }
}

fn number(of: Option<Fraction>) -> String {
    of.map_or_else(|| "–".to_owned(), |of| of.to_string())
}

fn range(low: Option<Fraction>, high: Option<Fraction>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low}–{high}"),
        _ => "–".to_owned(),
    }
}

fn band(structure: &Structure, band: Option<u8>) -> String {
    match band {
        Some(level) => {
            format!("{level} {}", structure.level_name(level).unwrap_or_default()).trim_end().to_owned()
        }
        None => "–".to_owned(),
    }
}

/// Where the scale begins, in units of the drawing.
const LEFT: i128 = 176;
/// How long the scale is.
const LENGTH: i128 = 380;
/// The height of a bar with what is around it.
const ROW: usize = 30;
/// Above the first bar.
const TOP: usize = 26;
/// Characters of a title that have room beside a bar.
const LABEL: usize = 22;

/// The ratings as bars on the scale.
#[derive(Debug)]
pub(super) struct Bars {
    pub(super) rows: Vec<Bar>,
    /// The levels of the scale: number and place.
    pub(super) ticks: Vec<(u8, i128)>,
    pub(super) top: usize,
    pub(super) foot: usize,
    pub(super) height: usize,
    /// All that the bars say, for whoever does not see them.
    pub(super) said: Text,
}

/// One domain, or all of them.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: Text,
    pub(super) class: &'static str,
    /// Where its text stands.
    pub(super) text: usize,
    /// The upper edge of the bar.
    pub(super) y: usize,
    /// The upper edge of what marks the score.
    pub(super) mark_y: usize,
    /// Where the range begins and how long it is.
    pub(super) range: Option<(i128, i128)>,
    /// Where the score is.
    pub(super) mark: Option<i128>,
    /// The score and the band, beside the bar.
    pub(super) value: String,
}

impl Bars {
    pub(super) fn of(structure: &Structure, rating: &RollUp) -> Self {
        let overall = &rating.overall;
        let all = ("Overall", overall.low, overall.high, overall.score, overall.band);
        let domains = rating.domains.iter().map(|domain| {
            let title = structure.domain(&domain.id).map_or(domain.id.as_str(), |of| of.title.as_str());
            (title, domain.low, domain.high, domain.score, domain.band)
        });
        let rated: Vec<_> = std::iter::once(all).chain(domains).collect();
        let mut rows = Vec::new();
        let mut said = Vec::new();
        for (at, (title, low, high, score, band)) in rated.into_iter().enumerate() {
            let y = TOP + at * ROW;
            let band = band.map_or_else(|| "no band".to_owned(), |band| format!("band {band}"));
            let value =
                if score.is_some() { format!("{} · {band}", number(score)) } else { "not rated".to_owned() };
            said.push(format!("{title}: {}, range {}, {band}.", number(score), range(low, high)));
            rows.push(Bar {
                label: Text::up_to(&cut(title), LABEL + 1),
                class: if at == 0 { "whole" } else { "" },
                text: y + 19,
                y: y + 8,
                mark_y: y + 4,
                range: low.zip(high).and_then(|(low, high)| {
                    let (from, to) = (place(low)?, place(high)?);
                    Some((from, to.saturating_sub(from).max(2)))
                }),
                mark: score.and_then(place).map(|x| x - 2),
                value,
            });
        }
        let foot = TOP + rows.len() * ROW;
        Self {
            ticks: (1..=5_u8)
                .filter_map(|level| Some((level, place(Fraction::whole(level.into()))?)))
                .collect(),
            top: TOP,
            foot,
            height: foot + 6,
            said: Text::up_to(&said.join(" "), 4_000),
            rows,
        }
    }
}

/// Where a score is on the scale, which goes from 1 to 5.
fn place(score: Fraction) -> Option<i128> {
    let along = score.minus(Fraction::whole(1))?.times(Fraction::new(LENGTH, 4)?)?;
    Some(LEFT + along.rounded().clamp(0, LENGTH))
}

fn cut(title: &str) -> String {
    let shown = visible(title);
    match shown.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}
