//! The earlier state of a target that it is compared with, as a pull request is with its base.

use muster_collect::{Options, Source, Target};

use crate::collector::BRANCH;
use crate::git;
use crate::tree::{self, NoBase, Which};

/// The option under which the collector is told the commit of the earlier state. Nobody gives it on a command line.
pub(crate) const BASE: &str = "git-base";

/// How the earlier state is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against<'r> {
    /// A revision says which it is: a branch, a tag or a commit.
    Revision(&'r str),
    /// Where the history of what is scanned parted from that of a revision: their merge base.
    Fork(&'r str),
}

/// The earlier state of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(Held);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    /// A commit that is on this machine.
    Commit(String),
    /// What is fetched when it is scanned.
    Named(String),
}

impl Base {
    /// The options with which the same target is read as it was.
    #[must_use]
    pub fn options(&self, options: &Options) -> Options {
        let mut options = options.clone();
        let (Held::Commit(name) | Held::Named(name)) = &self.0;
        options.set(BRANCH.name, vec![name.clone()]);
        if let Held::Commit(commit) = &self.0 {
            options.set(BASE, vec![commit.clone()]);
        }
        options
    }
}

/// A target that cannot be compared with what it was: a mistake of the command line, or of how the repository was cloned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbased {
    /// What is wrong, as a sentence without its end.
    pub what: String,
    /// What helps.
    pub help: String,
}

/// Finds the earlier state of a target. Nothing is fetched, and no work tree is made or changed.
///
/// # Errors
/// Where the target has no such state, or it is not here.
pub fn base(target: &Target, options: &Options, against: Against<'_>) -> Result<Base, Unbased> {
    let given = &target.given;
    let unbased = |what: String, help: &str| Unbased { what, help: help.to_owned() };
    let (Against::Revision(revision) | Against::Fork(revision)) = against;
    if revision.is_empty() || revision.starts_with('-') || revision.contains(char::is_control) {
        let what = format!("`{}` is no name of a branch, a tag or a commit", revision.escape_debug());
        return Err(unbased(what, "name what to compare with, as in `--diff main`"));
    }
    let folder = match target.source {
        Source::Folder => target.folder(),
        Source::Git => git::folder_of(given)
            .map_err(|what| unbased(what, "give a folder that is in a git repository"))?,
        _ => {
            let what = format!("`{given}` has no commits that it could be compared with");
            let help = "give a folder that is in a git repository; saved scans are compared by `muster diff`";
            return Err(unbased(what, help));
        }
    };
    let Some(folder) = folder else {
        return match against {
            Against::Revision(revision) => Ok(Base(Held::Named(revision.to_owned()))),
            Against::Fork(_) => Err(unbased(
                format!("of `{given}` only one commit is fetched, so that it cannot be seen where it parted"),
                "name the commit to compare with by `--since`, or scan a clone",
            )),
        };
    };
    let which = match against {
        Against::Revision(revision) => Which::Named(revision),
        Against::Fork(revision) => Which::Parted(revision),
    };
    let is_commit = target.source == Source::Git;
    tree::base(&folder, options.one(BRANCH.name), is_commit, which)
        .map(|commit| Base(Held::Commit(commit)))
        .map_err(|error| {
            let what = match &error {
                NoBase::Repository(what) => what.clone(),
                error => format!("`{given}` cannot be compared with `{}`: {error}", revision.escape_debug()),
            };
            unbased(what, help(&error))
        })
}

fn help(error: &NoBase) -> &'static str {
    match error {
        NoBase::Repository(_) => "give a folder that is in a git repository with a commit",
        NoBase::Unnamed(_) => {
            "name a branch, a tag or a commit that was fetched; `git fetch origin` brings the branches of the server, \
             which are called as in `origin/main`, and CI has to clone with `fetch-depth: 0` or `GIT_DEPTH: 0`"
        }
        NoBase::Short(_) => "`git rev-parse` says how it is called in full",
        NoBase::Shallow => {
            "clone with the whole history: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` in GitLab CI, \
             `git fetch --unshallow` elsewhere"
        }
        NoBase::Unrelated | NoBase::TooFar => "name the commit to compare with by `--since`",
        NoBase::Broken => "`git fsck` says what is wrong with it; another clone may be whole",
    }
}
