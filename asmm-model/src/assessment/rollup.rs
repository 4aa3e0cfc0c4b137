//! The roll-up: scores of areas into ratings of domains and an overall rating, exact and in no order.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgenticScope, Area, Domain, Fraction, Structure};

/// A whole level, 1 to 5. There is none for "nothing was looked at": that is not assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(extend("minimum" = 1, "maximum" = 5))]
pub struct Score(u8);

impl Score {
    /// The lowest level.
    pub const LOWEST: Self = Self(1);
    /// The highest level.
    pub const HIGHEST: Self = Self(5);

    /// A level, if it is one of the scale.
    pub fn new(level: u8) -> Option<Self> {
        (1..=5).contains(&level).then_some(Self(level))
    }

    /// The level.
    pub fn level(self) -> u8 {
        self.0
    }

    /// One level up, as far as the scale goes.
    #[must_use]
    pub fn up(self) -> Self {
        Self(self.0.saturating_add(1).min(5))
    }
}

impl TryFrom<u8> for Score {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, String> {
        Self::new(level).ok_or_else(|| format!("{level} is no level; write 1, 2, 3, 4 or 5"))
    }
}

impl From<Score> for u8 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// What people say of one area.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AreaScore {
    /// Nobody looked at it. It counts for nothing and widens the range.
    #[default]
    NotAssessed,
    /// It does not apply here, for a reason that is kept elsewhere. It leaves all sums.
    NotApplicable,
    /// Its level.
    Scored(Score),
}

/// The scores of areas by their ids; an area that is not there is not assessed.
pub type Scores = BTreeMap<String, AreaScore>;

/// The rating of one domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainRating {
    /// The domain.
    pub id: String,
    /// The weighted mean of the assessed areas; null where none is.
    pub score: Option<Fraction>,
    /// How much of what applies was assessed, by weight; null where nothing applies.
    pub coverage: Option<Fraction>,
    /// The mean with everything that was not assessed at 1; null where nothing applies.
    pub low: Option<Fraction>,
    /// The mean with everything that was not assessed at 5; null where nothing applies.
    pub high: Option<Fraction>,
    /// The score, a half rounded up, and not above the lowest assessed area plus one.
    pub band: Option<u8>,
    /// The areas that hold the band down, where they do.
    pub capped_by: Vec<String>,
    /// How many areas were assessed.
    pub assessed: usize,
    /// How many areas apply.
    pub applicable: usize,
}

/// Why a rating is not final.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Provisional {
    /// Too little of a domain was assessed.
    LowCoverage {
        /// The domain.
        domain: String,
        /// How much was.
        coverage: Fraction,
        /// How much is needed.
        needed: Fraction,
    },
    /// No area of a domain was assessed.
    NotAssessed {
        /// The domain.
        domain: String,
    },
    /// No area of a domain applies, so that there is nothing to rate.
    NothingApplies {
        /// The domain.
        domain: String,
    },
    /// Whether the agentic areas apply is not decided; they are left out until it is.
    AgenticScope {
        /// What is known.
        scope: AgenticScope,
    },
}

impl fmt::Display for Provisional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowCoverage { domain, coverage, needed } => {
                write!(f, "{domain} coverage {} is below {}", coverage.short(), needed.short())
            }
            Self::NotAssessed { domain } => write!(f, "no area of {domain} is assessed"),
            Self::NothingApplies { domain } => write!(f, "no area of {domain} applies"),
            Self::AgenticScope { scope } => {
                write!(f, "whether the agentic areas apply is not decided ({})", scope.name())
            }
        }
    }
}

/// The overall rating.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overall {
    /// The weighted mean of the domains with a score; null where none has one.
    pub score: Option<Fraction>,
    /// The mean of the low ends; a domain without an assessed area counts as 1.
    pub low: Option<Fraction>,
    /// The mean of the high ends; a domain without an assessed area counts as 5.
    pub high: Option<Fraction>,
    /// The score, a half rounded up, and not above the lowest band of a domain plus one.
    pub band: Option<u8>,
    /// The domains that hold the band down, where they do.
    pub capped_by: Vec<String>,
    /// Why the rating is not final; it is where nothing stands here.
    pub provisional: Vec<Provisional>,
}

impl Overall {
    /// Whether the rating is final.
    pub fn is_final(&self) -> bool {
        self.provisional.is_empty()
    }
}

/// The ratings that scores come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollUp {
    /// The domains, in the order of the structure.
    pub domains: Vec<DomainRating>,
    /// The overall rating.
    pub overall: Overall,
}

/// Rolls scores up, by the section "Roll-up" of the working structure:
///
/// - a domain scores `Σ w·s / Σ w` over its assessed areas; its coverage is the weight of these over that of all which apply; its low and
///   high ends put everything that was not assessed at 1 and at 5;
/// - a band is the score, a half rounded up, and at most the lowest assessed area plus one, so that strong areas do not hide one with
///   nothing in it; the cap touches the band and never the score;
/// - the overall score is the mean of the domains that have one, by their weights, which are equal unless somebody changes them; its band
///   is at most the lowest band of a domain plus one;
/// - the rating is final where every domain has the coverage that the limits ask for and it is decided whether agentic areas apply.
///
/// Agentic areas count where they are in scope; while that is open they are left out and the rating stays provisional.
pub fn roll_up(structure: &Structure, scores: &Scores, agentic: AgenticScope) -> RollUp {
    let domains: Vec<DomainRating> =
        structure.domains.iter().map(|domain| rate(domain, scores, agentic)).collect();
    let mut overall = overall(structure, &domains);
    overall.provisional = provisional(structure, &domains, agentic);
    RollUp { domains, overall }
}

/// The score of an area, or `None` where it does not apply.
pub fn score_of(area: &Area, scores: &Scores, agentic: AgenticScope) -> Option<Option<Score>> {
    if area.agentic_only && agentic != AgenticScope::InScope {
        return None;
    }
    match scores.get(&area.id).copied().unwrap_or_default() {
        AreaScore::NotApplicable => None,
        AreaScore::NotAssessed => Some(None),
        AreaScore::Scored(score) => Some(Some(score)),
    }
}

fn rate(domain: &Domain, scores: &Scores, agentic: AgenticScope) -> DomainRating {
    let applicable: Vec<(&Area, Option<Score>)> = (domain.areas.iter())
        .filter_map(|area| score_of(area, scores, agentic).map(|score| (area, score)))
        .collect();
    let assessed: Vec<(&Area, Score)> =
        applicable.iter().filter_map(|(area, score)| score.map(|score| (*area, score))).collect();
    let weigh =
        |area: &Area, score: Score| (area.weight.fraction(), Fraction::whole(u64::from(score.level())));
    let score = mean(assessed.iter().map(|(area, score)| weigh(area, *score)));
    let with = |rest: Score| mean(applicable.iter().map(|(area, score)| weigh(area, score.unwrap_or(rest))));
    let all = total(applicable.iter().map(|(area, _)| *area));
    let done = total(assessed.iter().map(|(area, _)| *area));
    let lowest = assessed.iter().map(|(_, score)| score.level()).min();
    let (band, is_capped) = banded(score, lowest);
    let holds = |(area, score): &(&Area, Score)| {
        (is_capped && Some(score.level()) == lowest).then(|| area.id.clone())
    };
    DomainRating {
        id: domain.id.clone(),
        score,
        coverage: done.zip(all).and_then(|(done, all)| done.over(all)),
        low: with(Score::LOWEST),
        high: with(Score::HIGHEST),
        band,
        capped_by: assessed.iter().filter_map(holds).collect(),
        assessed: assessed.len(),
        applicable: applicable.len(),
    }
}

fn overall(structure: &Structure, domains: &[DomainRating]) -> Overall {
    let weighed = |value: fn(&DomainRating) -> Option<Fraction>| {
        let pairs = structure.domains.iter().zip(domains);
        mean(
            pairs.filter_map(|(domain, rating)| value(rating).map(|value| (domain.weight.fraction(), value))),
        )
    };
    let score = weighed(|rating| rating.score);
    let lowest = domains.iter().filter_map(|rating| rating.band).min();
    let (band, is_capped) = banded(score, lowest);
    let holds = |rating: &&DomainRating| is_capped && rating.band == lowest;
    Overall {
        score,
        low: weighed(|rating| rating.low),
        high: weighed(|rating| rating.high),
        band,
        capped_by: domains.iter().filter(holds).map(|rating| rating.id.clone()).collect(),
        provisional: Vec::new(),
    }
}

/// The band of a score, and whether what is below it holds it down.
fn banded(score: Option<Fraction>, lowest: Option<u8>) -> (Option<u8>, bool) {
    let Some((score, lowest)) = score.zip(lowest) else { return (None, false) };
    let rounded = u8::try_from(score.rounded()).unwrap_or(u8::MAX);
    let most = lowest.saturating_add(1);
    (Some(rounded.min(most)), most < rounded)
}

fn total<'a>(mut areas: impl Iterator<Item = &'a Area>) -> Option<Fraction> {
    areas.try_fold(Fraction::ZERO, |sum, area| sum.plus(area.weight.fraction()))
}

/// `Σ w·s / Σ w`; `None` of nothing.
fn mean(weighed: impl Iterator<Item = (Fraction, Fraction)>) -> Option<Fraction> {
    let mut sums = (Fraction::ZERO, Fraction::ZERO);
    for (weight, value) in weighed {
        sums = (sums.0.plus(weight.times(value)?)?, sums.1.plus(weight)?);
    }
    sums.0.over(sums.1)
}

fn provisional(structure: &Structure, domains: &[DomainRating], agentic: AgenticScope) -> Vec<Provisional> {
    let needed = structure.limits.coverage;
    let mut reasons: Vec<Provisional> = Vec::new();
    for rating in domains {
        let domain = rating.id.clone();
        match rating.coverage {
            None => reasons.push(Provisional::NothingApplies { domain }),
            Some(_) if rating.assessed == 0 => reasons.push(Provisional::NotAssessed { domain }),
            Some(coverage) if coverage < needed => {
                reasons.push(Provisional::LowCoverage { domain, coverage, needed });
            }
            Some(_) => {}
        }
    }
    if !agentic.is_decided() {
        reasons.push(Provisional::AgenticScope { scope: agentic });
    }
    reasons
}
