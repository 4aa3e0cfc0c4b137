//! The rules by which systems are found.

use muster_rules::Rule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Call, Found, Once};
use crate::web::wrong::Wrong;

/// Which rules are asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Searched {
    /// Whose id or title holds this.
    q: Option<String>,
}

impl Once for Searched {}

/// The rules of this version.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rules {
    /// Digest of all of them: runs with one digest used the same rules.
    digest: String,
    /// Those that were asked for.
    items: Vec<ListedRule>,
}

/// A rule in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedRule {
    /// Its id, which it keeps for ever.
    id: String,
    /// What is true of a system of which it is: "this system …".
    title: String,
}

/// A rule in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WholeRule {
    /// Its id, which it keeps for ever.
    id: String,
    /// What is true of a system of which it is: "this system …".
    title: String,
    /// 3: on its own proves an agent; 2: proves use of AI; 1: supports; 0: never alone.
    #[schemars(range(max = 3))]
    strength: u8,
    /// The version of Muster that brought it.
    since: String,
    /// Why a hit means what the rule says, and what it is easily mistaken for.
    rationale: String,
    /// Where to read about it.
    references: Vec<String>,
    /// The file and the line that it is written in.
    origin: String,
}

pub(super) async fn list(call: Call<Searched, ()>) -> Result<Found<Rules>, Wrong> {
    let wanted = call.query.q.unwrap_or_default().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let rules = call.site.rules();
    let asked = rules.rules().iter().filter(|rule| holds(&rule.id.0) || holds(&rule.title));
    let items = asked.map(|rule| ListedRule { id: rule.id.0.clone(), title: rule.title.clone() }).collect();
    Ok(Found(Rules { digest: rules.digest().to_owned(), items }))
}

pub(super) async fn one(call: Call<(), ()>) -> Result<Found<WholeRule>, Wrong> {
    let rules = call.site.rules();
    let Some((index, rule)) = rules.find(&call.name) else {
        return Err(Wrong::NotFound("There is no such rule among those of this version.".to_owned()));
    };
    let (file, line) = rules.origin(index);
    let Rule { id, title, strength, since, rationale, references, .. } = rule.clone();
    let origin = format!("{file}:{line}");
    Ok(Found(WholeRule { id: id.0, title, strength, since, rationale, references, origin }))
}
