//! What a run is given and what it says when it is over.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_collect::Stop;

use crate::config::Source;

/// How a run of one source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    /// Everything that was meant to be seen was seen.
    Done,
    /// It was scanned, and something stayed hidden.
    Gaps,
    /// Nothing of it could be read, or what was found could not be kept.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It was told to stop before its end.
    Stopped,
}

impl Ended {
    /// The label of metrics and logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Gaps => "gaps",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Stopped => "stopped",
        }
    }

    /// Whether what is known of the source is from this run.
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Done | Self::Gaps)
    }
}

/// What came of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceReport {
    /// How it ended.
    pub(crate) ended: Ended,
    /// Why it failed, for the log: no secret, and no text of what was scanned but names.
    pub(crate) why: Option<String>,
    /// How many systems have each verdict, by the word of the verdict.
    pub(crate) systems: BTreeMap<&'static str, u64>,
    /// How many gaps hide something.
    pub(crate) gaps: u64,
}

impl SourceReport {
    /// Nothing is known but how it ended.
    pub(crate) fn bare(ended: Ended, why: Option<String>) -> Self {
        Self { ended, why, systems: BTreeMap::new(), gaps: 0 }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunReport {
    /// By the name of the source. A source of the run that is not here counts as failed.
    pub(crate) sources: BTreeMap<String, SourceReport>,
    /// How many notices were sent.
    pub(crate) notices_sent: u64,
    /// How many notices could not be sent.
    pub(crate) notices_failed: u64,
    /// What went wrong beside the sources, as sentences without secrets.
    pub(crate) faults: Vec<String>,
}

/// What a run does; the daemon only says when.
pub(crate) trait Job: Send + Sync + 'static {
    /// Scans these sources, and ends soon after it is asked to stop. Work for the processor belongs on threads of its own.
    fn run(&self, sources: Vec<Arc<Source>>, stop: Stop) -> impl Future<Output = RunReport> + Send;
}
