//! The working-tree walk: which files of a folder are scanned, and what of it is left out and why.
//!
//! In a git work tree every tracked file is scanned, whatever the ignore rules say; untracked files that the rules
//! leave out are skipped and counted. Without git everything is scanned. Links are never followed, and nothing but
//! regular files is ever opened.

mod folder;
mod git;
mod history;
mod index;
mod objects;
mod packs;
mod read;
mod rules;
mod tally;
mod walk;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asmm_model::Gap;

use self::folder::Folder;
use self::git::{GitFolder, Repository};
use self::objects::{ObjectId, Objects};
use self::tally::Tally;
use self::walk::Walk;

pub(crate) use self::history::{Commit, End, History, co_authors};
pub use self::read::read_bounded;

/// A folder that cannot be scanned at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    /// Nothing is there.
    #[error("{} does not exist; check the spelling of the path", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// A file, or something else that is not a folder.
    #[error("{} is not a folder; give the folder that holds it", path.display())]
    NotAFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// It is there, but the system refuses to list it.
    #[error("{} cannot be read ({source}); check that this user may list the folder", path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// One regular file to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The path below the root of the tree, separated by `/`. Bytes that are not UTF-8 are shown as `\xNN`.
    pub path: String,
    /// Where it is on disk, byte for byte.
    pub full: PathBuf,
}

impl Found {
    /// Reads the file into `buffer`, replacing what was in it. At most `limit` bytes.
    ///
    /// The error is the gap to report: too large, denied, vanished, or no longer a regular file.
    pub(crate) fn read(&self, limit: u64, buffer: &mut Vec<u8>) -> Result<(), Gap> {
        read_bounded(&self.full, &self.path, limit, buffer)
    }

    /// Reads only the first `limit` bytes of the file into `buffer`, and says how large it is.
    pub(crate) fn head(&self, limit: u64, buffer: &mut Vec<u8>) -> Result<u64, Gap> {
        read::head(&self.full, limit, buffer).map_err(|unread| unread.gap(&self.path, limit))
    }
}

/// A folder on disk, opened for one or more walks.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    /// The repository whose rules hold at the root, and the top folder of its work tree.
    rules: Option<(PathBuf, Arc<Repository>)>,
    commit: Option<String>,
    /// Where git keeps the objects of that commit, and the folder from the top of the repository.
    git: Option<(GitFolder, String)>,
    gap: Option<Gap>,
}

/// The repository that a folder is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What it is known by elsewhere, where it was cloned from a place with a name: `HOST/OWNER/NAME`.
    pub repository: Option<String>,
    /// Where in it the folder is, `/`-separated; empty for all of it.
    pub below: String,
}

/// The repository that a folder is of, if it is of one.
pub fn origin(folder: &Path) -> Option<Origin> {
    let root = folder.canonicalize().ok()?;
    let (top, git) = root.ancestors().find_map(|top| Some((top, GitFolder::of(top)?)))?;
    let repository = git.origin().and_then(|address| muster_collect::url::repository(&address));
    let below = root.strip_prefix(top).ok()?.to_str()?.replace('\\', "/");
    Some(Origin { repository, below })
}

impl Tree {
    /// Opens a folder and reads what git knows about it. A link to a folder is followed here, since it was named.
    pub(crate) fn open(path: &Path) -> Result<Self, TreeError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => TreeError::Missing { path: path.to_owned() },
            io::ErrorKind::NotADirectory => TreeError::NotAFolder { path: path.to_owned() },
            _ => TreeError::Unreadable { path: path.to_owned(), source },
        };
        let root = path.canonicalize().map_err(unreadable)?;
        if !root.metadata().map_err(unreadable)?.is_dir() {
            return Err(TreeError::NotAFolder { path: path.to_owned() });
        }
        std::fs::read_dir(&root).map_err(unreadable)?;

        let outside = Self { root, rules: None, commit: None, git: None, gap: None };
        let Some((top, git)) =
            outside.root.ancestors().find_map(|top| Some((top.to_owned(), GitFolder::of(top)?)))
        else {
            return Ok(outside);
        };
        let (repository, gap) = Repository::load(&git, 0, None, ".git/index");
        let repository = Arc::new(repository);
        let start = Folder::chain(&top, &outside.root, Some(&repository));
        // A folder that the repository around it leaves out, but that was named to be scanned, is scanned in full:
        // the rules would hide all of it, and the commit says nothing about it unless some of it is tracked.
        if start.is_ignored() {
            let commit = if start.holds_tracked() { git.commit() } else { None };
            return Ok(Self { commit, ..outside });
        }
        drop(start);
        let below =
            outside.root.strip_prefix(&top).ok().and_then(Path::to_str).map(|path| path.replace('\\', "/"));
        let commit = git.commit();
        Ok(Self {
            git: below.map(|below| (git, below)),
            commit,
            rules: Some((top, repository)),
            gap,
            ..outside
        })
    }

    /// The folder, absolute and free of links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that HEAD names, in hexadecimal, if the folder is (inside) a git work tree with a commit.
    pub(crate) fn commit(&self) -> Option<String> {
        self.commit.clone()
    }

    /// What the repository is known by elsewhere, where it was cloned from a place with a name.
    pub(crate) fn origin(&self) -> Option<String> {
        let (git, _) = self.git.as_ref()?;
        muster_collect::url::repository(&git.origin()?)
    }

    /// The commits behind the folder, if it is part of a repository with SHA-1 names.
    pub(crate) fn history(&self) -> Option<History> {
        let (git, below) = self.git.as_ref()?;
        let head = ObjectId::parse(self.commit.as_ref()?.as_bytes())?;
        Some(History::new(Objects::open(git.objects()), head, git.is_shallow(), below.clone()))
    }

    /// Calls `on` for every file to scan, in no particular order, until it breaks. Returns, sorted, what was left out.
    pub(crate) fn walk(&self, on: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Vec<Gap> {
        let start = match &self.rules {
            Some((top, repository)) => Folder::chain(top, &self.root, Some(repository)),
            None => Folder::chain(&self.root, &self.root, None),
        };
        let mut tally = Tally::default();
        // Breaking off is the caller's own decision, so there is nothing to tell it.
        let _ = Walk::new(&self.root, &start, &mut tally, on).run(start);
        let mut gaps = tally.into_gaps();
        gaps.extend(self.gap.clone());
        gaps.sort();
        gaps
    }
}
