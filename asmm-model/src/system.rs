//! Systems: what the register lists, one deployable thing with one purpose and one owner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Claimed, Component, Control, Criteria, Hitl, Identity, Join, Key, Level, Model, Owner, Place, Purpose,
    Remembered, Role, Tool, Trigger, Verdict, autonomy::Missing,
};

/// Stable name of a system across scans.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SystemId(String);

impl SystemId {
    /// Derived from what stays the same between two scans of one source: its kind and its place in the target.
    /// The target's own name is left out, since one tree is scanned from many working directories.
    pub fn derive(kind: SystemKind, root: &str, name: &str) -> Self {
        let hash = blake3::hash(format!("{}\0{root}\0{name}", kind.name()).as_bytes());
        Self(format!("sys-{}", &hash.to_hex()[..16]))
    }

    /// An id that was derived before.
    pub fn known(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a system is, before the Autonomy Test says how far it acts alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SystemKind {
    /// Gives a model tools.
    Agent,
    /// Uses a model along a path that code fixes.
    Pipeline,
    /// Serves models to others.
    Serving,
    /// Trains or fine-tunes models.
    Training,
    /// A coding agent in use.
    Assistant,
}

impl SystemKind {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Pipeline => "pipeline",
            Self::Serving => "serving",
            Self::Training => "training",
            Self::Assistant => "assistant",
        }
    }
}

/// Where a system lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentKind {
    /// A source repository.
    Repo,
    /// AWS.
    Aws,
    /// Kubernetes.
    K8s,
    /// Google Cloud.
    Gcp,
    /// Azure.
    Azure,
    /// A CI system.
    Ci,
}

/// How surely a place belongs to a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JoinStrength {
    /// Somebody wrote it down, or a deployment tool did.
    Strong,
    /// By a convention that most keep.
    Medium,
    /// By a name alone.
    Weak,
}

impl JoinStrength {
    /// As it is written in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Medium => "medium",
            Self::Weak => "weak",
        }
    }
}

/// One place where a system lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// What kind of place.
    #[serde(rename = "type")]
    pub kind: DeploymentKind,
    /// The place: a target, an ARN, `cluster/namespace/kind/name`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// How surely it belongs to the system; absent where it was seen there itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<JoinStrength>,
}

impl Deployment {
    /// A place where the system was seen.
    pub fn seen(kind: DeploymentKind, reference: impl Into<String>) -> Self {
        Self { kind, reference: reference.into(), strength: None }
    }

    /// A place that it was concluded to belong to.
    pub fn joined(kind: DeploymentKind, reference: impl Into<String>, strength: JoinStrength) -> Self {
        Self { kind, reference: reference.into(), strength: Some(strength) }
    }
}

/// What of a system could not be seen whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Incomplete {
    /// What it is made of: a file could not be read, or what runs there is seen from outside only.
    Parts,
    /// Its tools: their list could not be followed to its end.
    Tools,
}

/// One AI system, with its verdict and everything behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Stable id.
    pub id: SystemId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: SystemKind,
    /// The scanned target, when one scan had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `/`-separated path relative to the target; `""` is the target itself.
    pub root: String,
    /// What its code is.
    pub role: Role,
    /// What the repository claims that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// How the repository itself answers criteria: claims, on which nothing rests until a person accepts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claimed>,
    /// Who may own it: suggestions, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// What the Autonomy Test decides.
    pub verdict: Verdict,
    /// Lowest and highest autonomy level that the evidence allows.
    pub level: [Level; 2],
    /// Confidence in the verdict, 0 to 1; null when undetermined.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// How much of what it does waits for a person.
    pub hitl: Hitl,
    /// Review priority: higher comes first.
    pub priority: u32,
    /// The facts that would settle an undetermined verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<Missing>,
    /// Answers to the ten criteria.
    pub criteria: Criteria,
    /// What it is made of.
    pub components: Vec<Component>,
    /// What it acts under.
    pub identities: Vec<Identity>,
    /// What its models can call.
    pub tools: Vec<Tool>,
    /// The models it calls.
    pub models: Vec<Model>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// What limits, tests, contains or restores it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Where it lives.
    pub locations: Vec<Deployment>,
    /// What it is known by outside of its target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// What was seen on its own elsewhere and is a part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    /// What of it may hold more than is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
    /// What is remembered of it, where the document comes from a store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
}

impl System {
    /// The order of lists: what needs a look first, first; then by where it is, and the same whatever the order was before.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        (other.priority.cmp(&self.priority))
            .then_with(|| self.root.cmp(&other.root))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.target.cmp(&other.target))
            .then_with(|| self.id.cmp(&other.id))
    }

    /// Writes the target that it is in into it and into every place that it names, or removes it from there.
    pub fn set_target(&mut self, target: Option<&str>) {
        self.target = target.map(str::to_owned);
        for place in self.places_mut() {
            place.target = target.map(str::to_owned);
        }
    }

    fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let components = self.components.iter_mut().flat_map(Component::places_mut);
        let identities = self.identities.iter_mut().map(|identity| &mut identity.evidence);
        let models = self.models.iter_mut().map(|model| &mut model.evidence);
        let tools = self.tools.iter_mut().map(|tool| &mut tool.evidence);
        let controls = self.controls.iter_mut().map(|control| &mut control.evidence);
        let criteria = self.criteria.evidence_mut();
        let (mut own, mut starts) = (Vec::new(), Vec::new());
        for trigger in &mut self.triggers {
            own.push(&mut trigger.place);
            starts.push(&mut trigger.evidence);
        }
        let evidence =
            identities.chain(models).chain(tools).chain(starts).chain(controls).flatten().chain(criteria);
        let claims = self.owners.iter_mut().map(|owner| &mut owner.place);
        let claims = claims.chain(self.purpose.iter_mut().map(|purpose| &mut purpose.place));
        let claims = claims.chain(self.claims.iter_mut().map(|claimed| &mut claimed.place));
        components.chain(evidence.map(|evidence| &mut evidence.place)).chain(own).chain(claims)
    }

    /// Whether a reviewer must look: the verdict says agentic, or cannot say.
    pub fn is_flagged(&self) -> bool {
        matches!(self.verdict, Verdict::Agentic | Verdict::Undetermined)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_never_changes_for_the_same_system() {
        let id = SystemId::derive(SystemKind::Agent, "services/refunds", "refunds");
        // Registers and decisions refer to ids: a change of this value orphans all of them.
        assert_eq!(id.as_str(), "sys-0b26a83431a10f86");
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{}\"", id.as_str()));
    }

    #[test]
    fn kind_root_and_name_each_tell_systems_apart() {
        let ids: BTreeSet<SystemId> = [
            SystemId::derive(SystemKind::Agent, "a", "b"),
            SystemId::derive(SystemKind::Pipeline, "a", "b"),
            SystemId::derive(SystemKind::Agent, "a", "c"),
            SystemId::derive(SystemKind::Agent, "b", "b"),
            SystemId::derive(SystemKind::Agent, "ab", ""),
            SystemId::derive(SystemKind::Agent, "", "ab"),
        ]
        .into();
        assert_eq!(ids.len(), 6);
    }
}
