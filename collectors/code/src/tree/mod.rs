//! The files of a target: which are scanned, what is left out and why, and how each is read.
//!
//! In a git work tree every tracked file is scanned, whatever the ignore rules say; untracked files that the rules
//! leave out are skipped and counted. Without git everything is scanned. Of a bare repository, the files of one commit
//! are, straight from its objects. Links are never followed, and nothing but regular files is ever opened.

mod base;
mod commit;
mod folder;
mod git;
mod history;
mod identity;
mod index;
mod loose;
mod objects;
mod packs;
mod read;
mod reader;
pub(crate) mod repositories;
mod rules;
mod tally;
mod walk;
mod work;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use asmm_model::{Gap, GapReason};

use self::commit::CommitTree;
use self::git::GitFolder;
use self::objects::ObjectId;
use self::work::WorkTree;

pub(crate) use self::base::{NoBase, Which, base};
pub(crate) use self::history::{Commit, End, History, co_authors};
pub(crate) use self::identity::Identity;
pub use self::read::read_bounded;
pub(crate) use self::reader::Reader;

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
    /// A repository without a work tree, of which no commit can be read.
    #[error("{} {problem}", path.display())]
    Repository {
        /// The path as given.
        path: PathBuf,
        /// What is wrong, and what helps, as the end of a sentence.
        problem: String,
    },
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Location {
    /// On disk, byte for byte.
    File(PathBuf),
    /// An object of the repository.
    Blob(ObjectId),
}

/// One regular file to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The path below the root of the tree, separated by `/`. Bytes that are not UTF-8 are shown as `\xNN`.
    pub path: String,
    /// Where to read it.
    pub at: Location,
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
    let around = root.ancestors().find_map(|top| Some((top, GitFolder::of(top)?)));
    let (top, git) = around.or_else(|| Some((root.as_path(), GitFolder::bare(&root)?)))?;
    let repository = git.origin().and_then(|address| muster_collect::url::repository(&address));
    let below = root.strip_prefix(top).ok()?.to_str()?.replace('\\', "/");
    Some(Origin { repository, below })
}

/// What is scanned, opened for one or more walks.
#[derive(Debug)]
pub(crate) enum Tree {
    /// A folder as it is on disk.
    Work(WorkTree),
    /// A commit of a repository.
    Commit(CommitTree),
}

impl Tree {
    /// Opens a folder. Where it is a bare repository, a commit of it is read instead: that of `branch`, which may also
    /// name a tag or a commit, or of HEAD.
    pub(crate) fn open(path: &Path, branch: Option<&str>) -> Result<Self, TreeError> {
        let tree = WorkTree::open(path)?;
        match GitFolder::bare(tree.root()).filter(|_| !tree.is_tracked()) {
            Some(git) => CommitTree::open(git, path, branch).map(Self::Commit),
            None => Ok(Self::Work(tree)),
        }
    }

    /// The commit that [`Tree::open`] would read of HEAD, or that a work tree is at, without a look at what it holds.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub(crate) fn head(path: &Path) -> Result<Option<String>, TreeError> {
        let tree = WorkTree::open(path)?;
        match GitFolder::bare(tree.root()).filter(|_| !tree.is_tracked()) {
            Some(git) => Ok(git.commit()),
            None => Ok(tree.commit()),
        }
    }

    /// Opens a commit of a repository on this machine, whether it has a work tree or not.
    pub(crate) fn of_repository(path: &Path, branch: Option<&str>) -> Result<Self, TreeError> {
        let root = WorkTree::open(path)?.root().to_owned();
        let git = GitFolder::of(&root).or_else(|| GitFolder::bare(&root)).ok_or_else(|| {
            let problem = "is no git repository; give it as a folder to scan its files".to_owned();
            TreeError::Repository { path: path.to_owned(), problem }
        })?;
        CommitTree::open(git, path, branch).map(Self::Commit)
    }

    /// The same, but with the name and the origin of the repository that it is a copy of.
    #[must_use]
    pub(crate) fn known_as(self, name: String, origin: Option<String>) -> Self {
        match self {
            Self::Commit(tree) => Self::Commit(tree.known_as(name, origin)),
            Self::Work(_) => self,
        }
    }

    /// What its folder is called.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Work(tree) => tree.root().file_name().map(|name| name.to_string_lossy().into_owned()),
            Self::Commit(tree) => tree.name(),
        }
    }

    /// The commit that is scanned, or that a work tree with a commit is at, in hexadecimal.
    pub(crate) fn commit(&self) -> Option<String> {
        match self {
            Self::Work(tree) => tree.commit(),
            Self::Commit(tree) => Some(tree.commit()),
        }
    }

    /// What the repository is known by elsewhere, where it was cloned from a place with a name.
    pub(crate) fn origin(&self) -> Option<String> {
        match self {
            Self::Work(tree) => tree.origin(),
            Self::Commit(tree) => tree.origin(),
        }
    }

    /// The commits behind it, if it is part of a repository with SHA-1 names.
    pub(crate) fn history(&self) -> Option<History> {
        match self {
            Self::Work(tree) => tree.history(),
            Self::Commit(tree) => Some(tree.history()),
        }
    }

    /// Calls `on` for every file to scan, in no particular order, until it breaks. Returns, sorted, what was left out.
    pub(crate) fn walk(&self, on: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Vec<Gap> {
        match self {
            Self::Work(tree) => tree.walk(on),
            Self::Commit(tree) => tree.walk(on),
        }
    }

    /// What stays the same as long as a file of it does, where there is such a thing.
    pub(crate) fn identity(found: &Found) -> Option<Identity> {
        match &found.at {
            Location::File(path) => Identity::of_file(path),
            Location::Blob(id) => Some(Identity::of_blob(*id)),
        }
    }

    /// Everything that what is said about it depends on, beside its files.
    pub(crate) fn circumstances(&self) -> Vec<Vec<u8>> {
        let (git, is_commit, aside, part) = match self {
            Self::Work(tree) => (tree.git_folder(), false, None, ""),
            Self::Commit(tree) => (Some(tree.git_folder()), true, tree.aside(), tree.part()),
        };
        let aside = aside.map(|gap| format!("{} {}", gap.count, gap.detail.as_deref().unwrap_or_default()));
        let text = |text: Option<String>| text.unwrap_or_default().into_bytes();
        // Where the history of a shallow clone ends.
        let shallow = git.and_then(GitFolder::shallow);
        let mut all = vec![text(self.name()), text(self.commit()), text(self.origin())];
        let kinds = vec![u8::from(is_commit), u8::from(git.is_some())];
        all.extend([shallow.unwrap_or_default(), kinds, text(aside), part.as_bytes().to_vec()]);
        all
    }

    /// Whether a gap may be gone the next time although no file changed: what could not be read, or may be mended.
    pub(crate) fn is_passing(gap: &Gap) -> bool {
        matches!(gap.why, GapReason::Failed | GapReason::Denied) || commit::may_be_mended(gap)
    }

    /// What one thread reads the files with.
    pub(crate) fn reader(&self) -> Reader<'_> {
        match self {
            Self::Work(tree) => Reader::files(tree.root()),
            Self::Commit(tree) => Reader::objects(tree),
        }
    }

    /// Why no more of it may be read, as a sentence: it takes more than any repository that people work with.
    pub(crate) fn exhausted(&self) -> Option<String> {
        match self {
            Self::Work(_) => None,
            Self::Commit(tree) => tree.exhausted(),
        }
    }
}

/// A path as it is reported: bytes that are not UTF-8 are made visible.
fn shown(path: &[u8]) -> String {
    use std::fmt::Write;
    match std::str::from_utf8(path) {
        Ok(path) => path.to_owned(),
        Err(_) => path.utf8_chunks().fold(String::new(), |mut shown, chunk| {
            shown.push_str(chunk.valid());
            for byte in chunk.invalid() {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\x{byte:02X}");
            }
            shown
        }),
    }
}
