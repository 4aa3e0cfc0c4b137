//! Systems: lists of them, each with its review, and one in full.

pub(super) mod acts;
pub(crate) mod export;
pub(super) mod picture;

use std::collections::BTreeMap;

use asmm_model::{Level, Presence, System, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Call, Found, Made, Query, Tagged};
use super::{List, Page};
use crate::export::Text;
use crate::review::{self, Review};
use crate::store::{Became, Listed, Shown};
use crate::web::pages::list::{Wanted, cursor, part};
use crate::web::wrong::Wrong;

impl Query for Wanted {
    /// Forms send what is left empty; a program leaves it out.
    fn read(text: Option<&str>) -> Result<Self, Wrong> {
        let mut single = Vec::new();
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            let shown = Text::short(&name);
            if value.is_empty() && !matches!(&*name, "q" | "target") {
                return Err(Wrong::Unreadable(format!("`{shown}` is empty.")));
            }
            if !matches!(&*name, "verdict" | "presence" | "standing") {
                if single.contains(&name) {
                    return Err(Wrong::Unreadable(format!("`{shown}` is there more than once.")));
                }
                single.push(name);
            }
        }
        Self::read(text)
    }

    fn made() -> Option<Made> {
        Some(<Self as JsonSchema>::json_schema)
    }
}

/// A system in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedSystem {
    #[serde(flatten)]
    listed: Listed,
    /// How often something was decided of it: whoever acts says which state they saw.
    #[schemars(range(min = 0))]
    revision: i64,
    /// What is decided of it.
    review: Review,
}

impl ListedSystem {
    pub(super) fn new((listed, review, revision): (Listed, Review, i64)) -> Self {
        Self { listed, revision, review }
    }
}

/// A system in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WholeSystem {
    /// The system as the inventory has it, with the evidence of all its sides.
    system: System,
    /// What became of it in the last scan of where it is.
    presence: Presence,
    /// How often something was decided of it: whoever acts says which state they saw.
    #[schemars(range(min = 0))]
    revision: i64,
    /// What is decided of it.
    review: Review,
    /// What its answers come to, with what was corrected of them.
    comes_to: ComesTo,
    /// Whether a rejection of it needs a second person.
    needs_second: bool,
    /// The commit of each target that it was seen in, by the name of the target.
    commits: BTreeMap<String, String>,
}

/// What answers to the Autonomy Test come to.
#[derive(Debug, Serialize, JsonSchema)]
struct ComesTo {
    /// Whether the system is agentic.
    verdict: Verdict,
    /// Lowest and highest level.
    level: [Level; 2],
    /// How sure the verdict is, 0 to 1; null when undetermined.
    #[schemars(range(min = 0, max = 1))]
    confidence: Option<f64>,
}

pub(super) async fn list(call: Call<Wanted, ()>) -> Result<Found<Page<ListedSystem>>, Wrong> {
    let (rows, next) = part(&call.site, &call.query, None).await?;
    let items = rows.into_iter().map(ListedSystem::new).collect();
    Ok(Found(Page { items, next: next.as_ref().map(cursor) }))
}

pub(super) async fn one(call: Call<(), ()>) -> Result<Tagged<WholeSystem>, Wrong> {
    call.site.expire().await?;
    let id = call.system().await?;
    let Shown { system, presence, reviewed, commits } = call.site.store().shown(&id).await?;
    let decision = review::corrected(&system.criteria, &reviewed.review.corrections);
    let comes_to =
        ComesTo { verdict: decision.verdict, level: decision.level, confidence: decision.confidence };
    let needs_second = review::needs_second(&system, &reviewed.review);
    let (revision, review) = (reviewed.revision, reviewed.review);
    Ok(Tagged(revision, WholeSystem { system, presence, revision, review, comes_to, needs_second, commits }))
}

pub(super) async fn history(call: Call<(), ()>) -> Result<Found<List<Became>>, Wrong> {
    let id = call.system().await?;
    Ok(Found(List { items: call.site.store().became(&id).await? }))
}
