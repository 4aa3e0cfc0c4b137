//! What is done with an assessment.

use std::collections::BTreeMap;

use asmm_model::assessment::Score;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::entry::{Call, Found, Json};
use super::super::whole::{Level, Revision, Whole};
use super::OneAssessment;
use crate::assess;
use crate::web::assessing::{self, Asked};
use crate::web::wrong::Wrong;

/// What is to be done with an assessment. What is about an area says which state of it was looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "AssessmentAct")]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Act {
    /// Gives an area a level.
    Score {
        /// Its id.
        #[schemars(length(min = 1))]
        area: String,
        /// The level.
        level: Level,
        /// The level that each test of the structure reaches, by its id, where that is said.
        tests: Option<BTreeMap<String, Level>>,
        /// Why; needed outside of the hints.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
        /// How often something had been said of the area when it was looked at; 0 where nothing was.
        revision: Revision,
    },
    /// Says that an area does not apply.
    Exclude {
        /// Its id.
        #[schemars(length(min = 1))]
        area: String,
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
        /// How often something had been said of the area when it was looked at; 0 where nothing was.
        revision: Revision,
    },
    /// Takes back what was said of an area.
    Clear {
        /// Its id.
        #[schemars(length(min = 1))]
        area: String,
        /// Why.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
        /// How often something had been said of the area when it was looked at.
        revision: Revision,
    },
    /// Lets an area or a domain count otherwise than the structure says.
    Weigh {
        /// The id of an area or a domain.
        #[schemars(length(min = 1))]
        of: String,
        /// The weight, as a decimal: above 0, at most 10, with two decimals at most.
        #[schemars(extend("pattern" = "^([1-9](\\.[0-9]{1,2})?|10(\\.0{1,2})?|0\\.(0[1-9]|[1-9][0-9]?))$"))]
        weight: String,
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
    },
    /// Signs it. Needs the right `approve`, and a person who scored nothing of it.
    Sign {
        /// What they say to it.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
    },
    /// Opens what is signed again. Needs the right `approve`.
    Reopen {
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
    },
}

impl Act {
    fn asked(self) -> Result<Asked, Wrong> {
        let asked = |act, reason: Option<String>, seen: Option<Revision>| Asked {
            act,
            reason: reason.unwrap_or_default(),
            seen: seen.map(|Whole(seen)| seen),
        };
        Ok(match self {
            Self::Score { area, level, tests, reason, revision } => {
                let tests = tests.unwrap_or_default().into_iter();
                let tests = tests.map(|(test, level)| Ok((test, score(level)?)));
                let tests = tests.collect::<Result<_, Wrong>>()?;
                asked(assess::Act::Score { area, score: score(level)?, tests }, reason, Some(revision))
            }
            Self::Exclude { area, reason, revision } => {
                asked(assess::Act::Exclude { area }, Some(reason), Some(revision))
            }
            Self::Clear { area, reason, revision } => {
                asked(assess::Act::Clear { area }, reason, Some(revision))
            }
            Self::Weigh { of, weight, reason } => {
                asked(assess::Act::Weigh { of, weight: assessing::weight(&weight)? }, Some(reason), None)
            }
            Self::Sign { reason } => asked(assess::Act::Sign, reason, None),
            Self::Reopen { reason } => asked(assess::Act::Reopen, Some(reason), None),
        })
    }
}

fn score(Whole(level): Level) -> Result<Score, Wrong> {
    assessing::level(&level.to_string(), "level")
}

/// Does it. Gives the assessment as it is then.
pub(crate) async fn act(call: Call<(), Json<Act>>) -> Result<Found<OneAssessment>, Wrong> {
    let visitor = call.visitor()?.clone();
    let done = call.body.0.asked()?.done(&call.site, &call.name, &visitor).await?;
    Ok(Found(OneAssessment::new(done)))
}
