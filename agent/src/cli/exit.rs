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
    /// Agentic or undetermined systems were found; in a comparison, something is worse than before.
    Flagged = 10,
}

/// For the help of `scan`.
pub(crate) const TABLE: &str = "\
Exit codes:
   0  done, also when no AI was found
   1  every target failed, or the result could not be written
   2  the command line has a mistake, or a rule file that it names
   3  there was nothing to scan: nothing readable in any target
   4  finished with gaps that hide something (only with --strict-coverage)
  10  agentic or undetermined systems were found; in a comparison, something is worse than before (only with --exit-code)
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
    fn the_help_says_what_the_page_says() {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let page = include_str!("../../docs/output.md");
        let (_, section) = page.split_once("## Exit codes").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
        let rows = rows.filter(|row| row.starts_with(char::is_numeric)).map(letters);
        let codes = TABLE.lines().filter(|line| line.starts_with("  ")).map(letters);
        assert_eq!(codes.collect::<Vec<_>>(), rows.collect::<Vec<_>>());
    }

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
