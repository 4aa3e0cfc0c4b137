//! Observations: the facts a collector reports, each with the scope it belongs to and its evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Claimed, Component, Control, Criterion, Deployment, Evidence, Identity, Key, Model, Owner, Place,
    Purpose, Role, SystemKind, Tool, Trigger,
};

/// What an observation belongs to: one deployable unit of one target, or nothing in particular.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The scanned target, as given.
    pub target: String,
    /// `/`-separated folder or file of the unit, relative to the target; `""` is the target itself.
    pub root: String,
    /// What the unit is called.
    pub name: String,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The scope is an AI system of this kind and role; without this fact its components stand alone.
    System {
        /// What it is.
        kind: SystemKind,
        /// What its code is.
        role: Role,
        /// Whether everything it is made of could be read.
        complete: bool,
        /// Whether every tool its models can call is listed.
        tools_complete: bool,
    },
    /// A component.
    Component(Component),
    /// A non-human identity.
    Identity(Identity),
    /// A model.
    Model(Model),
    /// A tool.
    Tool(Tool),
    /// A trigger.
    Trigger(Trigger),
    /// A control.
    Control(Control),
    /// A reason to answer a criterion.
    Criterion {
        /// Which criterion.
        criterion: Criterion,
        /// The reason; `supports`, `class` and `weight` are set.
        evidence: Evidence,
    },
    /// Where the scope is deployed or kept.
    Deployment(Deployment),
    /// Who may own the scope.
    Owner(Owner),
    /// What the scope claims to be for.
    Purpose(Purpose),
    /// How the scope itself answers a criterion.
    Claimed(Claimed),
    /// What the scope is known by outside of the target.
    Key(Key),
}

impl Fact {
    /// Every place that it names.
    pub fn places_mut(&mut self) -> Vec<&mut Place> {
        let (own, evidence) = match self {
            Self::System { .. } | Self::Deployment(_) => (None, None),
            Self::Component(component) => return component.places_mut().collect(),
            Self::Identity(identity) => (None, Some(&mut identity.evidence)),
            Self::Model(model) => (None, Some(&mut model.evidence)),
            Self::Tool(tool) => (None, Some(&mut tool.evidence)),
            Self::Trigger(trigger) => (Some(&mut trigger.place), Some(&mut trigger.evidence)),
            Self::Control(control) => (None, Some(&mut control.evidence)),
            Self::Key(key) => (Some(&mut key.place), None),
            Self::Owner(owner) => (Some(&mut owner.place), None),
            Self::Purpose(purpose) => (Some(&mut purpose.place), None),
            Self::Claimed(claimed) => (Some(&mut claimed.place), None),
            Self::Criterion { evidence, .. } => (Some(&mut evidence.place), None),
        };
        own.into_iter().chain(evidence.into_iter().flatten().map(|evidence| &mut evidence.place)).collect()
    }
}

/// One fact about one scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// What it belongs to.
    pub scope: Scope,
    /// What was seen.
    pub fact: Fact,
}
