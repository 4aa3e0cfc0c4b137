//! The pages of assessments, and what they have in common.

pub(crate) mod area;
pub(crate) mod compare;
mod drawing;
pub(crate) mod list;
pub(crate) mod overview;
pub(crate) mod report;
pub(crate) mod road;

use asmm_model::assessment::{AreaScore, Fraction, Overall, Score, Seed, Structure};

use crate::export::Text;

/// Names that a list of systems or places has room for: the seed holds all.
const MOST: usize = 20;

/// What an assessment is made by, as every page says it.
#[derive(Debug)]
struct By {
    name: Text,
}

impl By {
    fn new(structure: &Structure) -> Self {
        let working = Structure::working();
        let name = if structure.id == working.id { "ASMM working structure" } else { structure.id.as_str() };
        Self { name: Text::short(&format!("{name} v{}", structure.version)) }
    }
}

/// A level with its name: `2 Emerging`.
fn level(structure: &Structure, level: u8) -> Text {
    let name = structure.level_name(level).unwrap_or_default();
    Text::short(format!("{level} {name}").trim_end())
}

/// What people said of an area, in a few words.
fn said(structure: &Structure, score: AreaScore) -> Text {
    match score {
        AreaScore::NotAssessed => Text::short("not assessed"),
        AreaScore::NotApplicable => Text::short("does not apply"),
        AreaScore::Scored(score) => level(structure, score.level()),
    }
}

/// A rating of the whole, in a few words.
fn banded(structure: &Structure, overall: &Overall) -> Text {
    overall.band.map(|band| level(structure, band)).unwrap_or_default()
}

/// A number as ratings show it; a dash where there is none.
fn number(value: Option<Fraction>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// A difference, with its sign; a dash where there is none.
fn signed(from: Option<Fraction>, to: Option<Fraction>) -> String {
    let Some(by) = from.zip(to).and_then(|(from, to)| to.minus(from)) else { return "–".to_owned() };
    let sign = if by > Fraction::ZERO { "+" } else { "" };
    format!("{sign}{by}").replace('-', "−")
}

/// Hundredths of a number, for drawing.
fn hundredths(value: Fraction) -> i64 {
    let hundredths = value.times(Fraction::whole(100)).map_or(0, Fraction::rounded);
    i64::try_from(hundredths).unwrap_or(0)
}

/// The share as a whole percentage.
fn percent(share: Option<Fraction>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{} %", hundredths(share)))
}

/// The levels that a form offers.
fn levels(structure: &Structure) -> Vec<(u8, Text)> {
    let scores = (1..=5).filter_map(Score::new);
    scores.map(|score| (score.level(), level(structure, score.level()))).collect()
}

/// Something that stands behind a number or in the way of a level.
#[derive(Debug)]
struct Named {
    text: Text,
    /// Its page, where it is a system.
    href: Option<String>,
}

/// Names, and how many more there are.
#[derive(Debug, Default)]
struct Names {
    items: Vec<Named>,
    more: usize,
}

impl Names {
    /// Ids of systems, by the names that they have in a seed. What is none of its systems is the name of something else, or of a
    /// system that it knows by its id alone.
    fn of(seed: &Seed, ids: &[String]) -> Self {
        let named = |id: &String| {
            let system = seed.scope.systems.iter().find(|system| system.id.as_str() == id);
            match system {
                Some(system) => Named {
                    text: Text::short(&system.name),
                    href: Some(format!("/systems/{}", system.id.as_str())),
                },
                None => Named { text: Text::short(id), href: None },
            }
        };
        Self { items: ids.iter().take(MOST).map(named).collect(), more: ids.len().saturating_sub(MOST) }
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
