//! Joins: what a system is known by outside of the target in which it was seen, and what is one with it by that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{JoinStrength, Place, SystemId};

/// What a key says of the system that has it. Two systems meet where one says the one half of a pair and the other its
/// other half, of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Its code is kept in this repository: `HOST/OWNER/NAME` in lower case, without a scheme.
    KeptIn,
    /// It says that it was made from this repository, in the same form; with `#PATH` where it names a folder.
    ComesFrom,
    /// An image of this name is made from its code: `REGISTRY/NAME`, without tag and digest.
    BuildsImage,
    /// It runs an image of this name.
    RunsImage,
    /// Its own files pin the image that runs it to this digest, `sha256:…`.
    PinsDigest,
    /// It runs the image of this digest.
    RunsDigest,
    /// Files beside its code declare this resource, that runs it or belongs to it: `k8s/NAMESPACE/KIND/NAME`, with `-` where
    /// no namespace is said, or `aws/TYPE/NAME`, where TYPE is `function`, `agent`, `agent-runtime`, `role`, `task`, `state-machine`.
    Declares,
    /// An issuer vouches for it to others, by subjects that begin with this: `ISSUER:repo:OWNER/NAME`, with the host of the issuer.
    VouchedFor,
    /// It is this resource, in the same form.
    Is,
    /// It acts by this resource: a function that carries out a tool, a role, a secret that it is given.
    Has,
}

impl Claim {
    /// Whether code, or what lies beside it, makes this claim; otherwise something that runs does.
    pub fn is_of_code(self) -> bool {
        matches!(self, Self::KeptIn | Self::BuildsImage | Self::PinsDigest | Self::Declares)
    }
}

/// Something that a system is known by outside of the target in which it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// What it says.
    pub claim: Claim,
    /// Of what, in the form of the claim.
    pub value: String,
    /// How surely it is so.
    pub strength: JoinStrength,
    /// Where it stands.
    pub place: Place,
}

/// One reason that two are one: both halves of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// One sentence without a full stop.
    pub says: String,
    /// How surely it joins them.
    pub strength: JoinStrength,
    /// Where it is written: of the code first.
    pub places: Vec<Place>,
}

/// A system that was seen on its own and is a part of the one that lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Join {
    /// The id that it has where nothing is joined.
    pub id: SystemId,
    /// What it is called there.
    pub name: String,
    /// The scanned target, when one scan had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its place in the target.
    pub root: String,
    /// Why it is the same.
    pub because: Vec<Reason>,
}

/// Two systems that may be one. Nothing is joined: a person says whether they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// The two.
    pub systems: [SystemId; 2],
    /// Their names, in the same order.
    pub names: [String; 2],
    /// Why they may be.
    pub because: Vec<Reason>,
}
