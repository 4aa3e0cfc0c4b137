//! What a decision rests on: when one part of it is otherwise, the decision has to be made again, and that part says why.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asmm_model::{DeploymentKind, Privilege, System};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The parts of a system that a reviewer decides by, each as one text. Lines, versions, names of tools, confidence and how much evidence
/// there is are none of them: a refactoring wakes nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "DecidedOn")]
pub(crate) struct Fingerprint(BTreeMap<String, String>);

/// A part that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) what: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        write!(f, "{}: {} → {}", self.what, said(&self.before), said(&self.after))
    }
}

impl Fingerprint {
    /// Of a system, whose evidence is not asked for.
    pub(crate) fn of(system: &System) -> Self {
        let mut parts = BTreeMap::new();
        let mut put = |what: &str, value: String| parts.insert(what.to_owned(), value);
        for (criterion, answer) in system.criteria.iter() {
            put(criterion.id(), answer.ternary().name().to_owned());
        }
        put("verdict", system.verdict.name().to_owned());
        put("level", format!("{}-{}", system.level[0], system.level[1]));
        let tools = system.tools.iter();
        put("tools", counted(tools.map(|tool| format!("{} ({})", tool.effect.name(), tool.gate.name()))));
        let identities = system.identities.iter().map(|identity| {
            let privilege = identity.privilege.map_or("not known", Privilege::name);
            format!("{} {} ({privilege})", identity.kind.title(), identity.name)
        });
        put("identities", counted(identities));
        put("model providers", listed(system.models.iter().filter_map(|model| model.provider.clone())));
        let starts = system.triggers.iter().filter(|trigger| trigger.kind.self_starting());
        put("started by", listed(starts.map(|trigger| trigger.kind.name().to_owned())));
        // The folder that was scanned is called otherwise on another machine.
        let places = system.locations.iter().filter(|place| place.kind != DeploymentKind::Repo);
        put("places", listed(places.map(|place| place.reference.clone())));
        Self(parts)
    }

    /// The parts that are otherwise in `now`, in a fixed order.
    pub(crate) fn changed(&self, now: &Self) -> Vec<Part> {
        let empty = String::new();
        let mut names: Vec<&String> = self.0.keys().chain(now.0.keys()).collect();
        names.sort();
        names.dedup();
        let part = |what: &String| {
            let (before, after) = (self.0.get(what).unwrap_or(&empty), now.0.get(what).unwrap_or(&empty));
            (before != after).then(|| Part {
                what: what.clone(),
                before: before.clone(),
                after: after.clone(),
            })
        };
        names.into_iter().filter_map(part).collect()
    }

    /// SHA-256 over the parts as canonical JSON.
    pub(crate) fn digest(&self) -> String {
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.dedup();
    items.join(", ")
}

fn counted(items: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    let said = |(item, count): (String, usize)| if count == 1 { item } else { format!("{count} × {item}") };
    counts.into_iter().map(said).collect::<Vec<_>>().join(", ")
}
