//! The trait that every source of facts implements, and what passes through it.

use asmm_model::{Coverage, Observation};
use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{CollectError, Context, Source, Target};

/// What a collector is, for people and for the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// Short stable name.
    pub id: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// The targets it reads.
    pub source: Source,
    /// What it must be allowed to do, each as a short phrase; `doctor` checks them.
    pub permissions: &'static [&'static str],
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
}
