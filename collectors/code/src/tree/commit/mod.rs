//! The files of one commit, read from the objects of a repository: no work tree is needed, and none is made.

mod links;
mod store;
mod walk;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use asmm_model::{Gap, GapReason};
use gix_object::{CommitRefIter, Kind, TagRefIter};

use self::store::{Entry, Handle, Lost, Store};
use self::walk::Walk;
use super::git::GitFolder;
use super::history::History;
use super::objects::{ObjectId, Objects};
use super::read::Unread;
use super::tally::Tally;
use super::{Found, TreeError, shown};

/// Bytes of a commit or a tag.
const MAX_MESSAGE: u64 = 1 << 20;
/// A tag may stand for another tag.
const MAX_TAGS: usize = 5;
/// Files up to this size are unpacked whole where only their beginning is asked for.
const MAX_WHOLE: u64 = 32 << 20;

/// What git keeps in the folder of a repository. Whatever else is in it is not in any commit.
const OWN: [&str; 22] = [
    "branches",
    "config",
    "config.worktree",
    "description",
    "FETCH_HEAD",
    "gc.log",
    "gc.pid",
    "HEAD",
    "hooks",
    "index",
    "info",
    "lfs",
    "logs",
    "modules",
    "objects",
    "ORIG_HEAD",
    "packed-refs",
    "refs",
    "reftable",
    "shallow",
    "worktrees",
    "COMMIT_EDITMSG",
];

/// A commit of a repository.
#[derive(Debug)]
pub(crate) struct CommitTree {
    git: GitFolder,
    folder: PathBuf,
    commit: ObjectId,
    root: ObjectId,
    store: Store,
    /// What lies in the folder and is not of the repository.
    beside: Option<Gap>,
    too_much: std::sync::OnceLock<&'static str>,
    /// Its name and its origin, where these are not those of the folder.
    copy_of: Option<(String, Option<String>)>,
    /// The folder of it that is read, from its top; empty for all of it.
    below: String,
    /// Whether the commit has no such folder.
    is_absent: bool,
}

impl CommitTree {
    /// Opens the commit that `branch` names in a repository: a branch, a tag or a commit; HEAD without one.
    pub(super) fn open(git: GitFolder, path: &Path, branch: Option<&str>) -> Result<Self, TreeError> {
        let failed = |problem: String| TreeError::Repository { path: path.to_owned(), problem };
        let named = match branch {
            Some(name) => git.named(name),
            None => git.commit(),
        };
        let Some(named) = named else {
            return Err(failed(match branch {
                _ if git.has_ref_tables() => {
                    "keeps its references in tables (reftable), which are not read yet; \
                     `git refs migrate --ref-format=files` changes that"
                        .to_owned()
                }
                Some(name) => format!("has no branch, tag or commit `{}`", name.escape_debug()),
                None => "is a git repository without a commit on its default branch; name another one with \
                         `--git-branch`"
                    .to_owned(),
            }));
        };
        let id = ObjectId::parse(named.as_bytes()).ok_or_else(|| {
            failed("names its objects by SHA-256, which is not read yet; scan a work tree of it".to_owned())
        })?;
        let store = Store::open(&git.objects()).map_err(&failed)?;
        let (commit, root) = resolved(&mut store.handle(), id).map_err(|lost| {
            failed(match lost {
                Lost::Missing => format!("does not hold the commit {named} that it names"),
                _ => format!("names {named}, which is no commit that can be read"),
            })
        })?;
        let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let beside = beside(&git, &folder);
        let too_much = std::sync::OnceLock::new();
        let (copy_of, below, is_absent) = (None, String::new(), false);
        Ok(Self { git, folder, commit, root, store, beside, too_much, copy_of, below, is_absent })
    }

    /// The same commit, but of it only a folder; where it has no such folder, nothing.
    pub(super) fn below(mut self, folder: &str) -> Result<Self, TreeError> {
        let mut at = self.root;
        let mut handle = self.store.handle();
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            let child = handle.child(at, &|name| name == part.as_bytes()).map_err(|_| {
                let problem = format!("is a folder that the commit {} has, but cannot be read", self.commit);
                TreeError::Repository { path: self.folder.clone(), problem }
            })?;
            let Some(Entry::Folder(id)) = child else {
                self.is_absent = true;
                break;
            };
            at = id;
        }
        drop(handle);
        self.root = at;
        folder.clone_into(&mut self.below);
        Ok(self)
    }

    pub(super) fn known_as(mut self, name: String, origin: Option<String>) -> Self {
        self.copy_of = Some((name, origin));
        self
    }

    /// What a clone of it would be called.
    pub(super) fn name(&self) -> Option<String> {
        if let Some((name, _)) = &self.copy_of {
            return Some(name.clone());
        }
        let name = self.folder.file_name()?.to_string_lossy();
        if name == ".git" {
            return self.folder.parent()?.file_name().map(|name| name.to_string_lossy().into_owned());
        }
        Some(name.strip_suffix(".git").unwrap_or(&name).to_owned())
    }

    pub(super) fn commit(&self) -> String {
        self.commit.to_string()
    }

    pub(super) fn origin(&self) -> Option<String> {
        if let Some((_, origin)) = &self.copy_of {
            return origin.clone();
        }
        muster_collect::url::repository(&self.git.origin()?)
    }

    pub(super) fn history(&self) -> History {
        let objects = Objects::open(self.git.objects());
        History::new(objects, self.commit, self.git.is_shallow(), self.below.clone())
    }

    /// The folder that is read, of all that the commit holds.
    pub(super) fn part(&self) -> &str {
        &self.below
    }

    /// What is told of the folder that the repository is in.
    pub(super) fn aside(&self) -> Option<&Gap> {
        self.beside.as_ref()
    }

    pub(super) fn git_folder(&self) -> &GitFolder {
        &self.git
    }

    pub(super) fn walk(&self, on: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Vec<Gap> {
        if self.is_absent {
            return Vec::new();
        }
        let mut tally = Tally::default();
        if let Err(much) = Walk::new(self.store.handle(), self.root, &mut tally, on).run() {
            let _ = self.too_much.set(much);
        }
        let mut gaps = tally.into_gaps();
        gaps.extend(self.beside.clone());
        gaps.sort();
        gaps
    }

    pub(super) fn exhausted(&self) -> Option<String> {
        let why = self.too_much.get().map(|much| (*much).to_owned()).or_else(|| self.store.spent())?;
        Some(format!("the repository {why}; nothing of it is reported"))
    }

    /// What one thread reads files with.
    pub(super) fn blobs(&self) -> BlobReader<'_> {
        BlobReader { tree: self, handle: self.store.handle(), prefixes: None }
    }
}

/// The commit that an object stands for, and its root folder.
fn resolved(handle: &mut Handle<'_>, mut id: ObjectId) -> Result<(ObjectId, ObjectId), Lost> {
    let own = |id: &gix_hash::oid| id.as_bytes().try_into().map(ObjectId).map_err(|_| Lost::Broken);
    let mut buffer = Vec::new();
    for _ in 0..MAX_TAGS {
        let (kind, _) = handle.about(id)?;
        match kind {
            Kind::Commit => {
                handle.read(id, kind, MAX_MESSAGE, &mut buffer)?;
                let tree = CommitRefIter::from_bytes(&buffer, gix_hash::Kind::Sha1).tree_id();
                return Ok((id, own(&tree.map_err(|_| Lost::Broken)?)?));
            }
            Kind::Tag => {
                handle.read(id, kind, MAX_MESSAGE, &mut buffer)?;
                let target = TagRefIter::from_bytes(&buffer, gix_hash::Kind::Sha1).target_id();
                id = own(&target.map_err(|_| Lost::Broken)?)?;
            }
            Kind::Tree | Kind::Blob => return Err(Lost::Other),
        }
    }
    Err(Lost::Broken)
}

/// What lies in the folder of a repository and is not of it: whoever looks at the folder sees it, the scan does not.
fn beside(git: &GitFolder, folder: &Path) -> Option<Gap> {
    // In the `.git` folder of a work tree people keep all kinds of things.
    if git.own() != folder || folder.file_name().is_some_and(|name| name == ".git") {
        return None;
    }
    let is_other = |name: &str| !OWN.contains(&name) && !has_ending(name, "lock") && !has_ending(name, "pid");
    let mut others: Vec<String> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(shown(entry.ok()?.file_name().as_encoded_bytes())))
        .filter(|name| is_other(name))
        .collect();
    others.sort();
    let first = others.first()?;
    let detail = format!("in the folder of the repository and in no commit of it; for example {first}");
    let gap = Gap::new("files beside the repository", GapReason::Unsupported).times(others.len() as u64);
    Some(gap.because(detail))
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, own)| own == ending)
}

/// What one thread reads the files of a commit with.
pub(crate) struct BlobReader<'t> {
    tree: &'t CommitTree,
    handle: Handle<'t>,
    /// Reads the beginning of objects that are too large to be unpacked.
    prefixes: Option<Objects>,
}

impl BlobReader<'_> {
    pub(super) fn read(
        &mut self,
        id: ObjectId,
        path: &str,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Gap> {
        self.handle.read(id, Kind::Blob, limit, buffer).map_err(|lost| gap(lost, path, limit))
    }

    pub(super) fn head(
        &mut self,
        id: ObjectId,
        path: &str,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<u64, Gap> {
        buffer.clear();
        let told = |lost| gap(lost, path, MAX_WHOLE);
        let (kind, size) = self.handle.about(id).map_err(told)?;
        if kind != Kind::Blob {
            return Err(told(Lost::Other));
        }
        let few = usize::try_from(limit).unwrap_or(usize::MAX);
        // Most of a large file would be unpacked for nothing.
        if size > limit.saturating_mul(4) {
            let git = &self.tree.git;
            let objects = self.prefixes.get_or_insert_with(|| Objects::open(git.objects()));
            if let Some(head) = objects.head(id, few) {
                *buffer = head;
                return Ok(size);
            }
        }
        self.handle.read(id, Kind::Blob, MAX_WHOLE, buffer).map_err(told)?;
        buffer.truncate(few);
        Ok(size)
    }

    /// The regular file at a path, which is taken as it is, or as it is reported.
    pub(super) fn find(&mut self, path: &str, as_shown: bool) -> Option<ObjectId> {
        let mut at = (!self.tree.is_absent).then_some(Entry::Folder(self.tree.root))?;
        for part in path.split('/') {
            let Entry::Folder(folder) = at else { return None };
            let is = |name: &[u8]| name == part.as_bytes() || (as_shown && shown(name) == part);
            at = self.handle.child(folder, &is).ok()??;
        }
        match at {
            Entry::File(id) => Some(id),
            _ => None,
        }
    }
}

/// Said of an object that git would not take either: whoever mends the repository changes no name in it.
const BROKEN: &str = "its object is broken, or cannot be unpacked within the memory that one object may take";
const NO_FILE: &str = "its object is no file";

/// Whether a gap is gone once the repository is mended.
pub(super) fn may_be_mended(gap: &Gap) -> bool {
    gap.detail.as_deref().is_some_and(|detail| [BROKEN, NO_FILE].contains(&detail))
}

/// The gap to report for a file whose object is lost.
fn gap(lost: Lost, path: &str, limit: u64) -> Gap {
    let gap = |why, detail: &str| Gap::new(path, why).because(detail);
    match lost {
        Lost::TooLarge => Unread::TooLarge.gap(path, limit),
        Lost::Missing => gap(GapReason::Failed, "its object is not in the repository"),
        Lost::Other => gap(GapReason::Unparsable, NO_FILE),
        Lost::Broken => gap(GapReason::Unparsable, BROKEN),
        Lost::Spent => gap(GapReason::TooLarge, "more of the repository was unpacked than is allowed"),
    }
}
