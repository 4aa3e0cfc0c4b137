//! What is done about systems: about one that was looked at, or about several at once.

use asmm_model::{Criterion, Verdict};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::entry::{Call, Found, Json, Matching};
use super::super::whole::Revision;
use crate::review::{Review, Standing};
use crate::store::Decision;
use crate::web::acts::{Asked, Done};
use crate::web::wrong::Wrong;

/// What is to be done about a system. Whoever does it says which state they saw: by `revision`, or by the header `If-Match`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Act {
    /// Looks at it, or lets somebody else.
    Assign {
        /// Who does.
        #[schemars(length(min = 1, max = 500))]
        to: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Says who answers for it.
    Own {
        /// A person or a team; `unknown` where nobody knows.
        #[schemars(length(min = 1, max = 500))]
        owner: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Answers a criterion otherwise than the evidence.
    Correct {
        /// Which.
        criterion: Criterion,
        /// What it is answered with.
        answer: Corrected,
        /// Why; needed unless a correction is taken back.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Says that the verdict is right, and whether the system belongs to what is assessed.
    Confirm {
        /// The verdict, where it is not what the answers come to.
        verdict: Option<Verdict>,
        /// Whether it is none of what is assessed.
        out_of_scope: Option<bool>,
        /// Who answers for it, where that was not said before; `unknown` where nobody knows.
        #[schemars(length(max = 500))]
        owner: Option<String>,
        /// Why; needed where the answers come to another verdict.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Says that it is none of those that are meant. What is agentic at level 3 or above waits for a second person then.
    Reject {
        /// As what.
        #[serde(rename = "as")]
        rejection: RejectedAs,
        /// Of a duplicate: the other system, by its id or its name.
        #[schemars(length(min = 1))]
        other: Option<String>,
        /// The day from which it does not hold any more.
        #[schemars(with = "Option<String>", extend("format" = "date"))]
        until: Option<Date>,
        /// Why.
        #[schemars(length(min = 10, max = 4000))]
        reason: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Agrees with a rejection of somebody else. Needs the right `approve`.
    Approve {
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Takes back a rejection that waits for a second person.
    Withdraw {
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Decides later.
    Defer {
        /// The day on which it is open again, 90 days from now at the latest.
        #[schemars(with = "String", extend("format" = "date"))]
        until: Date,
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Says that it is gone.
    Retire {
        /// Why; needed where it is still there.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Opens it again.
    Reopen {
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Puts it where it belongs, whatever was decided. Needs the right `administer`.
    Amend {
        /// The standing that it gets.
        standing: Standing,
        /// Why.
        #[schemars(length(min = 1, max = 4000))]
        reason: String,
        /// The revision that was looked at.
        revision: Option<Revision>,
    },
    /// Says that another system is a part of it.
    Merge {
        /// The other system, by its id or its name.
        #[schemars(length(min = 1))]
        other: String,
        /// Why.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
    },
    /// Says that it and another system are not one.
    Split {
        /// The other system, by its id or its name.
        #[schemars(length(min = 1))]
        other: String,
        /// Why.
        #[schemars(length(max = 4000))]
        reason: Option<String>,
    },
}

/// What a criterion is answered with.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Corrected {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// What the evidence says: the correction is taken back.
    Clear,
}

/// As what something is rejected.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RejectedAs {
    /// There is no AI in it.
    NotAi,
    /// What was found does not mean what it was taken for.
    FalsePositive,
    /// It is there to test or to show something.
    TestOrSample,
    /// It is another system.
    DuplicateOf,
    /// It is outside of what is assessed.
    OutOfScope,
}

/// As what several are rejected.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AllRejectedAs {
    /// There is no AI in them.
    NotAi,
    /// What was found does not mean what it was taken for.
    FalsePositive,
    /// They are there to test or to show something.
    TestOrSample,
    /// They are outside of what is assessed.
    OutOfScope,
}

/// What came of an act.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Acted {
    /// How often something was decided of the system now; left out where two systems were merged or split.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    revision: Option<i64>,
    /// What is decided of it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<Review>,
    /// What was decided of two systems, where that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// Does it. The state that was seen is either said in the body or in a header.
pub(crate) async fn act(call: Call<(), Matching<Act>>) -> Result<Found<Acted>, Wrong> {
    let mut asked = asked(&call.body.0)?;
    let said = (!asked.revision.is_empty()).then(|| asked.revision.clone());
    if let Some(matches) = call.matches {
        if said.is_some_and(|said| said != matches.to_string()) {
            // It cannot be both.
            return Err(Wrong::Stale);
        }
        asked.revision = matches.to_string();
    }
    let done = asked.done(&call.site, &call.system().await?, call.visitor()?).await;
    // What a header was to match is told in the words of HTTP.
    let done = done.map_err(|wrong| match wrong {
        Wrong::Stale if call.matches.is_some() => Wrong::NoMatch,
        wrong => wrong,
    })?;
    Ok(Found(match done {
        Done::Reviewed(reviewed) => {
            Acted { revision: Some(reviewed.revision), review: Some(reviewed.review), decision: None }
        }
        Done::Joined(decision) => Acted { revision: None, review: None, decision: Some(decision) },
    }))
}

/// The same as a form asks for it: each field has the same name there, and is a text.
fn asked(act: &impl Serialize) -> Result<Asked, Wrong> {
    let mut value = serde_json::to_value(act).map_err(anyhow::Error::from)?;
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
        for value in fields.values_mut() {
            if !value.is_string() {
                *value = Value::String(value.to_string());
            }
        }
    }
    Ok(serde_json::from_value(value).map_err(anyhow::Error::from)?)
}

/// Characters of a reason to reject something.
const COMMENT: usize = 10;
const REASON: usize = 4_000;

/// Several systems that are rejected for one reason.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectTogether {
    /// As what; each duplicate has to be looked at by itself.
    #[serde(rename = "as")]
    rejection: AllRejectedAs,
    /// The day from which it does not hold any more.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    until: Option<Date>,
    /// Why.
    #[schemars(length(min = 10, max = 4000))]
    reason: String,
    /// Which.
    #[serde(skip_serializing)]
    #[schemars(length(min = 1, max = 50))]
    systems: Vec<Looked>,
}

/// A system that was looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Looked {
    /// Its id.
    id: String,
    /// The revision that was looked at.
    revision: Revision,
}

/// What came of several acts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Rejected {
    /// How many were rejected.
    rejected: usize,
    /// Those that were not.
    refused: Vec<NotRejected>,
}

/// A system that was not rejected.
#[derive(Debug, Serialize, JsonSchema)]
struct NotRejected {
    /// Its id.
    id: String,
    /// Why, and what to do about it.
    detail: String,
}

/// Rejects several, all for one reason. What needs a second person is none of them.
pub(crate) async fn reject(call: Call<(), Json<RejectTogether>>) -> Result<Found<Rejected>, Wrong> {
    let visitor = call.visitor()?.clone();
    let asked = asked(&call.body.0)?;
    // What is wrong for each of them is told once.
    if !(COMMENT..=REASON).contains(&asked.reason.chars().count()) {
        return Err(Wrong::Unreadable(format!("`reason` has {COMMENT} to {REASON} characters.")));
    }
    let seen = call.body.0.systems.into_iter().map(|seen| (seen.id, seen.revision.0.to_string())).collect();
    let (rejected, refused) = asked.rejected_together(&call.site, seen, &visitor).await?;
    let refused = refused.into_iter().map(|(id, wrong)| NotRejected { id, detail: wrong.detail() });
    Ok(Found(Rejected { rejected, refused: refused.collect() }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_program_asks_for_is_what_a_form_asks_for() {
        let act: Act = serde_json::from_value(json!({
            "act": "confirm", "verdict": "not_agentic", "out_of_scope": true, "owner": null, "revision": 3
        }))
        .unwrap();
        let asked = asked(&act).unwrap();
        let expected = Asked {
            act: "confirm".to_owned(),
            verdict: "not_agentic".to_owned(),
            out_of_scope: "true".to_owned(),
            revision: "3".to_owned(),
            ..Asked::default()
        };
        assert_eq!(format!("{asked:?}"), format!("{expected:?}"));
    }
}
