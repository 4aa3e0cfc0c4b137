//! Non-human identities: the credentials, roles and tokens a system acts under.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, SystemId};

/// What kind of identity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A credential read from an environment variable.
    EnvCredential,
    /// A reference to a secret in a secret store.
    SecretRef,
    /// A role in a cloud.
    CloudRole,
    /// A user of a cloud that is not a person.
    CloudUser,
    /// A Kubernetes or cloud service account.
    ServiceAccount,
    /// The token of a CI workflow.
    WorkflowToken,
    /// An OAuth client.
    OauthClient,
    /// An API key found in place.
    ApiKey,
}

impl IdentityKind {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::EnvCredential => "environment",
            Self::SecretRef => "secret",
            Self::CloudRole => "cloud role",
            Self::CloudUser => "cloud user",
            Self::ServiceAccount => "service account",
            Self::WorkflowToken => "workflow token",
            Self::OauthClient => "OAuth client",
            Self::ApiKey => "API key in place",
        }
    }
}

/// The most an identity may do, where that was evaluated; ordered so that the strongest known privilege is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Privilege {
    /// Nothing.
    None,
    /// Not evaluated, or not visible.
    Unknown,
    /// Reads.
    Read,
    /// Changes state.
    Write,
    /// Everything, or the power to grant itself everything.
    Admin,
}

impl Privilege {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// Tells whether two places hold the same secret: 16 hexadecimal digits of a keyed hash of it. Only those that were made
/// under one key can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Fingerprint(#[schemars(regex(pattern = "^[0-9a-f]{16}$"))] String);

impl Fingerprint {
    /// The fingerprint that these bytes of a keyed hash are.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(format!("{:016x}", u64::from_be_bytes(bytes)))
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One identity, with every place that shows it. The value of a credential is never part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// What it is.
    pub kind: IdentityKind,
    /// Its name: the variable, the secret's key, the role.
    pub name: String,
    /// The most it may do, where evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<Privilege>,
    /// True where it may ask a model or an agent. False where it may not, and is told only because something elsewhere may act under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_ask: Option<bool>,
    /// ARN or `cluster/namespace/name`, for identities that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// For keys found in place, where the scan was given a key to make it under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// Who may become it, for roles of a cloud: `k8s:CLUSTER/NAMESPACE/serviceaccount/NAME`, and the subject that an issuer vouches
    /// for, as `token.actions.githubusercontent.com:repo:OWNER/NAME:ref:…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed_by: Vec<String>,
    /// Other systems that act under it, ten at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_with: Vec<SystemId>,
    /// True when no line names it and it is the variable that the SDK reads by default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// Where it is used or declared.
    pub evidence: Vec<Evidence>,
}

impl Identity {
    /// An identity of which no more is known than its name and where it stands.
    pub fn named(kind: IdentityKind, name: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        Self {
            kind,
            name: name.into(),
            privilege: None,
            may_ask: None,
            arn: None,
            inferred: false,
            fingerprint: None,
            assumed_by: Vec::new(),
            shared_with: Vec::new(),
            evidence,
        }
    }
}
