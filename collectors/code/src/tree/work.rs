//! The files of a folder, as they are on disk: those that git tracks there, and those that nothing leaves out.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asmm_model::Gap;

use super::folder::Folder;
use super::git::{GitFolder, Repository};
use super::history::History;
use super::objects::{ObjectId, Objects};
use super::tally::Tally;
use super::walk::Walk;
use super::{Found, TreeError};

/// A folder on disk, opened for one or more walks.
#[derive(Debug)]
pub(crate) struct WorkTree {
    root: PathBuf,
    /// The repository whose rules hold at the root, and the top folder of its work tree.
    rules: Option<(PathBuf, Arc<Repository>)>,
    commit: Option<String>,
    /// Where git keeps the objects of that commit, and the folder from the top of the repository.
    git: Option<(GitFolder, String)>,
    gap: Option<Gap>,
}

impl WorkTree {
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

    /// Whether a repository around it tracks something in it.
    pub(crate) fn is_tracked(&self) -> bool {
        let Some((top, repository)) = &self.rules else { return self.commit.is_some() };
        let below = self.root.strip_prefix(top).unwrap_or(Path::new(""));
        below.as_os_str().is_empty() || repository.tracks_in(below.as_os_str().as_encoded_bytes())
    }

    /// What the repository is known by elsewhere, where it was cloned from a place with a name.
    pub(crate) fn origin(&self) -> Option<String> {
        let (git, _) = self.git.as_ref()?;
        muster_collect::url::repository(&git.origin()?)
    }

    /// Where git keeps what belongs to it.
    pub(super) fn git_folder(&self) -> Option<&GitFolder> {
        self.git.as_ref().map(|(git, _)| git)
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
