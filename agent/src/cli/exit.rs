//! Exit codes: an interface, the same for every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, also when no AI was found.
    Done = 0,
    /// Every target failed, or the result could not be made or written.
    Failed = 1,
    /// The command line, or a file that it names, has a mistake.
    Usage = 2,
    /// There was nothing to scan.
    Nothing = 3,
    /// Finished, but something that was meant to be seen stayed hidden.
    Gaps = 4,
    /// Agentic or undetermined systems were found.
    Flagged = 10,
}

/// For the help of `scan`.
pub(crate) const TABLE: &str = "\
Exit codes:
   0  done, also when no AI was found
   1  every target failed, or the result could not be written
   2  the command line or a rule file has a mistake
   3  nothing to scan: nothing readable in any target
   4  finished with coverage gaps (only with --strict-coverage)
  10  agentic or undetermined systems found (only with --exit-code)
The first that applies of 2, 1, 3, 10, 4, 0. A target that fails among others is a coverage gap.";

/// What decides about the exit code of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Findings {
    /// No target could be read.
    pub(crate) all_failed: bool,
    /// Nothing was there to look at.
    pub(crate) saw_nothing: bool,
    /// A system is agentic or undetermined, and the exit code is to say so.
    pub(crate) flagged: bool,
    /// There are gaps, and the exit code is to say so.
    pub(crate) gaps: bool,
}

impl Exit {
    /// The first that applies.
    pub(crate) fn of(findings: Findings) -> Self {
        match findings {
            Findings { all_failed: true, .. } => Self::Failed,
            Findings { saw_nothing: true, .. } => Self::Nothing,
            Findings { flagged: true, .. } => Self::Flagged,
            Findings { gaps: true, .. } => Self::Gaps,
            _ => Self::Done,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_wins() {
        let found = |all_failed, saw_nothing, flagged, gaps| {
            Exit::of(Findings { all_failed, saw_nothing, flagged, gaps }) as u8
        };
        assert_eq!(found(true, true, true, true), 1);
        assert_eq!(found(false, true, true, true), 3);
        assert_eq!(found(false, false, true, true), 10);
        assert_eq!(found(false, false, false, true), 4);
        assert_eq!(found(false, false, false, false), 0);
    }
}
