//! `muster scan --diff` and `--since`: what a tree changes in a commit that it is compared with.

use clap::Args;
use muster_code::{Against, Base};
use muster_collect::Options;

use super::UsageError;
use crate::export::{self, Format, Surface};
use crate::history::{self, Compared, Difference};
use crate::scan::{Outcome, Plan};

/// With what the result of a scan is compared.
#[derive(Debug, Default, Args)]
pub(super) struct Comparison {
    /// Report what is otherwise than in the commit at which the history of the target parted from BASE: a branch, a tag or a
    /// commit; what a pull request into BASE changes
    #[arg(long, value_name = "BASE", conflicts_with_all = ["since", "store", "register"])]
    diff: Option<String>,
    /// Report what is otherwise than in REV itself: a branch, a tag or a commit
    #[arg(long, value_name = "REV", conflicts_with_all = ["store", "register"])]
    since: Option<String>,
}

/// What is compared with, before it is scanned.
pub(super) struct Earlier {
    base: Base,
    revision: String,
    is_merge_base: bool,
}

/// A scan beside the one of what it is compared with.
pub(super) struct Compare {
    pub(super) before: Outcome,
    pub(super) difference: Difference,
}

impl Comparison {
    /// Finds what is compared with, if anything is.
    pub(super) fn earlier(
        &self,
        plan: &Plan,
        options: &Options,
        format: Format,
    ) -> anyhow::Result<Option<Earlier>> {
        let (revision, is_merge_base) = match (&self.diff, &self.since) {
            (Some(base), _) => (base, true),
            (None, Some(revision)) => (revision, false),
            (None, None) => return Ok(None),
        };
        if !matches!(format, Format::Table | Format::Json | Format::Markdown | Format::Sarif) {
            let what = "a comparison cannot be written in that format";
            return Err(UsageError::new(what, "choose `table`, `json`, `markdown` or `sarif`").into());
        }
        let Some(target) = plan.only() else {
            let what = "one commit cannot be compared with several targets";
            return Err(UsageError::new(what, "scan each of them with a comparison of its own").into());
        };
        let against = if is_merge_base { Against::Fork(revision) } else { Against::Revision(revision) };
        let base = muster_code::base(target, options, against)
            .map_err(|unbased| UsageError { what: unbased.what, help: Some(unbased.help) })?;
        Ok(Some(Earlier { base, revision: revision.clone(), is_merge_base }))
    }
}

impl Earlier {
    /// The options with which it is scanned.
    pub(super) fn options(&self, options: &Options) -> Options {
        self.base.options(options)
    }

    /// Compares what was scanned of it with what is there now.
    ///
    /// # Errors
    /// Where nothing of it could be read: then everything would seem to be new.
    pub(super) fn compare(&self, before: Outcome, after: &Outcome) -> anyhow::Result<Compare> {
        if before.all_failed() {
            let why: Vec<String> = before.failures.iter().map(ToString::to_string).collect();
            anyhow::bail!(
                "what is compared with, `{}`, could not be read: {}",
                self.revision,
                why.join("; ")
            );
        }
        let mut difference = history::difference(&before.found.whole()?, &after.found.whole()?);
        let commit = before.found.scan.targets.iter().find_map(|target| target.commit.clone());
        difference.base = commit.map(|commit| Compared {
            revision: self.revision.clone(),
            commit,
            merge_base: self.is_merge_base,
        });
        Ok(Compare { before, difference })
    }
}

impl Compare {
    /// What has to be known to read the comparison.
    pub(super) fn note(&self) -> Option<String> {
        let base = self.difference.base.as_ref().filter(|_| self.before.saw_nothing())?;
        Some(format!("the commit {} has nothing of what is scanned: all of it is new", base.commit))
    }

    /// The comparison in a format, with a newline at the end.
    pub(super) fn write(&self, after: &Outcome, format: Format, surface: Surface) -> anyhow::Result<String> {
        match format {
            Format::Json => Ok(serde_json::to_string_pretty(&self.difference)? + "\n"),
            Format::Markdown => Ok(history::markdown(&self.difference)),
            Format::Sarif => {
                export::compared(&self.before.found.whole()?, &after.found.whole()?, &self.difference)
            }
            _ => Ok(history::page(&self.difference, surface.width).text(surface.colour)),
        }
    }
}
