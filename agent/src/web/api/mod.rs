//! The interface for programs: the same as the pages show and do, by the same code, and described by OpenAPI.

mod assessments;
mod audit;
mod coverage;
mod decisions;
mod entry;
mod exceptions;
mod me;
mod openapi;
mod register;
mod rules;
mod runs;
mod summary;
mod systems;
mod tokens;
mod whole;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::entry::Once;
use self::whole::{From, Limit, Whole};
use super::door::Needs;
use crate::access::Right;

pub(super) use entry::Entry;
pub(crate) use openapi::description;
pub(super) use systems::export::csv as systems_as_csv;

const READ: Needs = Needs::A(Right::Read);
const REVIEW: Needs = Needs::A(Right::Review);
const ASSESS: Needs = Needs::A(Right::Assess);
const ADMINISTER: Needs = Needs::A(Right::Administer);

/// Every route. An entry is all that a new one takes: it is asked for what it needs, and it is described.
#[rustfmt::skip]
pub(super) fn table() -> Vec<Entry> {
    vec![
        Entry::get("/api/v1/openapi.json", Needs::Nothing, "describe", "This description", openapi::document),
        Entry::get("/api/v1/me", READ, "whoAmI", "Who asks, and what they may do", me::me),
        Entry::get("/api/v1/summary", READ, "summarize", "How many systems there are of each kind, now and after the last runs", summary::summary),
        Entry::get("/api/v1/systems", READ, "listSystems", "The systems, what needs a look first, first", systems::list),
        Entry::get("/api/v1/systems/export", READ, "exportSystems", "All of these systems, one on each line", systems::export::lines),
        // An act asks for the right that it needs itself: one for a second person is another than one for the first.
        Entry::post("/api/v1/systems/acts", REVIEW, "rejectSystems", "Reject several systems, all for one reason", systems::acts::reject),
        Entry::get("/api/v1/systems/{system}", READ, "getSystem", "A system with all that is known and decided of it", systems::one),
        Entry::post("/api/v1/systems/{system}/acts", READ, "actOnSystem", "Do something about a system; by what it is, that needs the right `review`, `approve` or `administer`", systems::acts::act),
        Entry::get("/api/v1/systems/{system}/picture.svg", READ, "drawSystem", "A picture of a system", systems::picture::picture),
        Entry::get("/api/v1/systems/{system}/history", READ, "listHistory", "What became of a system in the last runs, the last one first", systems::history),
        Entry::get("/api/v1/systems/{system}/audit", READ, "listAuditOfSystem", "What people did about a system, the last first", audit::of_system),
        Entry::get("/api/v1/exceptions", READ, "listExceptions", "What was rejected or put off, that which holds for the shortest time first", exceptions::list),
        Entry::get("/api/v1/runs", READ, "listRuns", "The runs, the last one first", runs::list),
        Entry::get("/api/v1/runs/{run}", READ, "getRun", "A run, by its number, its id, or `latest`", runs::one),
        Entry::get("/api/v1/runs/{run}/changes", READ, "listChanges", "What changed in a run since the one before it", runs::changes),
        Entry::get("/api/v1/coverage", READ, "listCoverage", "What was looked at of each target when it was scanned last, and what was not", coverage::list),
        Entry::get("/api/v1/register", READ, "getRegister", "What was declared, held against what was seen", register::register),
        Entry::get("/api/v1/assessments", READ, "listAssessments", "The assessments, the last one first", assessments::list),
        Entry::post("/api/v1/assessments", ASSESS, "beginAssessment", "Begin an assessment by the working structure, with evidence of now", assessments::begin),
        Entry::get("/api/v1/assessments/{assessment}", READ, "getAssessment", "An assessment: what its scores come to, and its areas", assessments::one),
        Entry::get("/api/v1/assessments/{assessment}/seed", READ, "getSeed", "The evidence and hints that it was given last", assessments::seed),
        Entry::post("/api/v1/assessments/{assessment}/seed", ASSESS, "seedAssessment", "Give it evidence of now; what people said of areas stays", assessments::seed_anew),
        Entry::post("/api/v1/assessments/{assessment}/acts", READ, "actOnAssessment", "Do something with an assessment; by what it is, that needs the right `assess` or `approve`", assessments::acts::act),
        Entry::get("/api/v1/assessments/{assessment}/areas/{area}", READ, "getArea", "An area: its evidence, its hints, and what people said of it", assessments::area),
        Entry::get("/api/v1/assessments/{assessment}/road", READ, "getRoad", "What a higher level of its domains takes, what brings most first", assessments::road),
        Entry::get("/api/v1/assessments/{assessment}/compare/{other}", READ, "compareAssessments", "What is otherwise than in another assessment", assessments::compare),
        Entry::get("/api/v1/rules", READ, "listRules", "The rules by which systems are found", rules::list),
        Entry::get("/api/v1/rules/{rule}", READ, "getRule", "A rule, by its id", rules::one),
        Entry::get("/api/v1/audit", READ, "listAudit", "What people did, the last first", audit::list),
        Entry::get("/api/v1/audit/verify", READ, "verifyAudit", "Whether the chain of the audit log is whole", audit::verify),
        Entry::get("/api/v1/audit/export", READ, "exportAudit", "The whole audit log, one entry on each line, as `muster audit verify --file` reads it", audit::export),
        Entry::get("/api/v1/decisions", READ, "listDecisions", "What people decided of pairs: systems that are one or not, and entries of the register", decisions::list),
        Entry::post("/api/v1/decisions", REVIEW, "decide", "Decide of a pair", decisions::make),
        Entry::post("/api/v1/decisions/{decision}/undo", REVIEW, "undoDecision", "Take a decision back; it stays in the history", decisions::undo),
        Entry::get("/api/v1/tokens", ADMINISTER, "listTokens", "The tokens of programs, those that end first, first", tokens::list),
        Entry::post("/api/v1/tokens", ADMINISTER, "makeToken", "Make a token; its secret is in the answer, and nowhere else", tokens::make),
        Entry::post("/api/v1/tokens/{token}/revoke", ADMINISTER, "revokeToken", "Take a token back, by its hash or the beginning of it", tokens::revoke),
    ]
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
struct Page<T> {
    /// What is on this page.
    items: Vec<T>,
    /// Where the next page begins: to be given as `after` or `before`, whichever the list has. Null where there is none.
    next: Option<String>,
}

/// Which part of a list is asked for, of one that is counted from its beginning.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Window {
    /// The `next` of the page before: how many come before these.
    from: Option<From>,
    /// How many of them; by default 50.
    limit: Option<Limit>,
}

impl Once for Window {}

impl Window {
    /// How many come before, and how many are asked for.
    fn bounds(&self) -> (i64, i64) {
        (self.from.map_or(0, |Whole(from)| from), self.limit.map_or(ROWS, |Whole(limit)| limit))
    }

    /// Leaves of a list what is asked for, and says where the next part begins, if there is one.
    fn cut<T>(&self, list: &mut Vec<T>) -> Option<String> {
        let (from, most) = self.bounds();
        let at = |n: i64| usize::try_from(n).unwrap_or(usize::MAX).min(list.len());
        let (first, last) = (at(from), at(from.saturating_add(most)));
        let is_more = last < list.len();
        list.truncate(last);
        list.drain(..first);
        is_more.then(|| from.saturating_add(most).to_string())
    }
}

/// A list that is whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ListOf{T}")]
struct List<T> {
    /// What is in it.
    items: Vec<T>,
}

/// Rows of a page where nobody says how many.
const ROWS: i64 = 50;
