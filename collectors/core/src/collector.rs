//! The trait that every source of facts implements, and what passes through it.

use asmm_model::{Coverage, Observation};
use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{CollectError, Context, Source, SourceOption, Target};

/// What a collector is, for people and for the registry.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// Short stable name.
    pub id: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// The targets it reads.
    pub source: Source,
    /// What it must be allowed to do, each as a short phrase; `doctor` checks them.
    pub permissions: &'static [&'static str],
    /// The options that it understands.
    pub options: &'static [SourceOption],
}

/// What can be retried alone: a repository at a commit, one account and region, one namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The target it is part of, as given.
    pub target: String,
    /// Which part; empty when it is the whole target.
    pub part: String,
    /// Commit of a working tree, where git knows one.
    pub commit: Option<String>,
}

/// Where a collector puts what it observed. It is handed on at once: a collector keeps nothing.
pub struct Sink<'a>(&'a mut (dyn FnMut(Observation) + Send));

impl std::fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}

impl<'a> Sink<'a> {
    /// Hands every observation to `on`.
    pub fn new(on: &'a mut (dyn FnMut(Observation) + Send)) -> Self {
        Self(on)
    }

    /// Reports one observation.
    pub fn put(&mut self, observation: Observation) {
        (self.0)(observation);
    }
}

/// What a check of a target found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Who asks, and what.
    pub about: Vec<String>,
    /// Every permission that reading the target takes.
    pub permissions: Vec<Permission>,
}

/// One permission of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// What the source calls it.
    pub name: String,
    /// Whether it is there.
    pub state: PermissionState,
    /// What stays hidden without it.
    pub hides: String,
}

/// Whether a permission is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionState {
    /// It was used.
    Granted,
    /// It was refused.
    Missing,
    /// It could not be found out, and why.
    Unknown(String),
}

/// One source of facts.
///
/// A collector reports what it sees and names it by rules; it never judges, and it never turns what it could not see
/// into an absence. Everything it reads is hostile.
#[async_trait]
pub trait Collector: Send + Sync {
    /// What it is.
    fn descriptor(&self) -> &'static Descriptor;

    /// The units of a target, in a fixed order.
    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>>;

    /// Reads one unit to its end, or until the context says stop. Observations come in a fixed order.
    ///
    /// # Errors
    /// The unit as a whole cannot be read. What is only part of it is a gap in the coverage.
    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError>;

    /// How many units may be collected at once: of a source that answers over a network, several.
    fn at_once(&self, _: &Context) -> usize {
        1
    }

    /// Finds out whether a target could be read, and what each missing permission would hide.
    ///
    /// # Errors
    /// The target cannot be asked at all.
    async fn check(&self, target: &Target, _: &Context) -> Result<Diagnosis, CollectError> {
        Err(CollectError::Unusable(format!("there is nothing to check about {}", target.given)))
    }

    /// The least that must be granted to read such targets, as a document that the source takes.
    fn policy(&self) -> Option<String> {
        None
    }

    /// Everything that may be asked of such targets, as a document in JSON.
    fn requests(&self) -> Option<String> {
        None
    }
}
