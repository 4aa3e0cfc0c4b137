//! Controls: what limits, tests, contains or restores a system, and whether it is in place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

/// What a control is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControlKind {
    /// Ends the work of an agent after so many steps, so long, at such a cost, or when somebody throws a switch.
    Limit,
    /// A step of CI that evaluates or attacks what the models answer.
    Evaluation,
    /// A runbook for incidents, or whom to call.
    IncidentPlan,
    /// Versions, checkpoints or backups, by which state can be brought back.
    Recovery,
    /// Pods that meet the restricted profile of the Pod Security Standards.
    PodSecurity,
    /// A policy of where pods may connect to.
    Egress,
}

impl ControlKind {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Evaluation => "evaluation",
            Self::IncidentPlan => "incident-plan",
            Self::Recovery => "recovery",
            Self::PodSecurity => "pod-security",
            Self::Egress => "egress",
        }
    }

    /// For readers.
    pub fn title(self) -> &'static str {
        match self {
            Self::Limit => "Limit",
            Self::Evaluation => "Evaluation in CI",
            Self::IncidentPlan => "Incident plan",
            Self::Recovery => "Recovery of state",
            Self::PodSecurity => "Restricted pod",
            Self::Egress => "Policy of egress",
        }
    }
}

/// One control of a system. That a control of some kind is not listed says nothing where not all was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// What it is for.
    pub kind: ControlKind,
    /// What does it, or what it would be for: `recursion_limit`, `promptfoo`, `cluster/namespace/deployment/name`.
    pub name: String,
    /// Whether it is in place; absent where it could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place: Option<bool>,
    /// Where that was seen.
    pub evidence: Vec<Evidence>,
}

impl Control {
    /// Whether it is in place, in a word for readers.
    pub fn word(&self) -> &'static str {
        match self.in_place {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        }
    }
}

/// How a server of the Model Context Protocol is reached, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Over a network, by anybody.
    Open,
    /// Over a network, and by whom is not known.
    Remote,
    /// Over a network, with a key or token that was handed out.
    Key,
    /// Over a network, with a login of a user or a client: OAuth, OpenID Connect, signed requests of a cloud.
    Login,
    /// A program of the same machine.
    Local,
}

impl Access {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Remote => "remote",
            Self::Key => "key",
            Self::Login => "login",
            Self::Local => "local",
        }
    }

    /// For readers.
    pub fn title(self) -> &'static str {
        match self {
            Self::Open => "over a network, by anybody",
            Self::Remote => "over a network, by whom is not known",
            Self::Key => "over a network, with a key",
            Self::Login => "over a network, with a login",
            Self::Local => "on the same machine",
        }
    }
}
