//! Why a unit or a target could not be read, and what can be done about it.

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The same may succeed later.
    Retry,
    /// Go on with the rest, and record a gap.
    Skip,
    /// Nothing of this target can be read.
    Fatal,
}

/// A unit or a target could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// What was named is not there, or is not of a kind that can be scanned. [`Advice::Fatal`]
    #[error("{0}")]
    Unusable(String),
    /// The source refused or failed in the middle. [`Advice::Skip`]
    #[error("{0}")]
    Failed(String),
    /// Somebody asked to stop. [`Advice::Fatal`]
    #[error("stopped before it was finished")]
    Stopped,
}

impl CollectError {
    /// What the caller can do.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Unusable(_) | Self::Stopped => Advice::Fatal,
            Self::Failed(_) => Advice::Skip,
        }
    }
}
