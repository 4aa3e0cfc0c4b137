//! A folder on the way from the top of a work tree down to what is being walked, and what is ignored in it.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::git::Repository;
use super::read::Links;
use super::rules::{MAX_BYTES, Rules, Verdict};

/// The bytes of rules that are held for a folder and all those above it: every level may bring a full file of them.
const MAX_RULES: u64 = 4 * MAX_BYTES;

/// One folder; its parents stay in memory as long as it does.
#[derive(Debug)]
pub(super) struct Folder {
    parent: Option<Rc<Self>>,
    /// From the top of the work tree, separated by `/`; empty at the top.
    path: Vec<u8>,
    place: PathBuf,
    /// How many folders are above it.
    depth: usize,
    /// The innermost repository.
    repository: Option<Arc<Repository>>,
    /// Whether it is the top folder of that repository.
    is_top: bool,
    // Both are found out when they are first asked for: in a clean checkout nobody ever asks.
    rules: OnceCell<Option<Rules>>,
    ignored: OnceCell<bool>,
}

impl Folder {
    /// The folder `root` with all its parents up to `top`.
    pub(super) fn chain(top: &Path, root: &Path, repository: Option<&Arc<Repository>>) -> Rc<Self> {
        let mut folder = Rc::new(Self {
            parent: None,
            path: Vec::new(),
            place: top.to_owned(),
            depth: 0,
            repository: repository.cloned(),
            is_top: true,
            rules: OnceCell::new(),
            ignored: OnceCell::new(),
        });
        for name in root.strip_prefix(top).unwrap_or(Path::new("")) {
            folder = Self::below(&folder, name);
            // Asked from the top down, so that the answer never has to climb far.
            folder.is_ignored();
        }
        folder
    }

    /// The folder of that name in `parent`.
    pub(super) fn below(parent: &Rc<Self>, name: &OsStr) -> Rc<Self> {
        Rc::new(Self::inside(parent, name))
    }

    /// The folder of that name in `parent`, as the top of its own repository. The closure gets the folder's path.
    pub(super) fn top_below(
        parent: &Rc<Self>,
        name: &OsStr,
        load: impl FnOnce(&[u8], Option<Arc<Repository>>) -> Repository,
    ) -> Rc<Self> {
        let mut folder = Self::inside(parent, name);
        folder.repository = Some(Arc::new(load(&folder.path, parent.repository.clone())));
        folder.is_top = true;
        Rc::new(folder)
    }

    fn inside(parent: &Rc<Self>, name: &OsStr) -> Self {
        let mut path = parent.prefix();
        path.extend_from_slice(name.as_encoded_bytes());
        Self {
            parent: Some(Rc::clone(parent)),
            path,
            place: parent.place.join(name),
            depth: parent.depth + 1,
            repository: parent.repository.clone(),
            is_top: false,
            rules: OnceCell::new(),
            ignored: OnceCell::new(),
        }
    }

    /// The path from the top of the work tree.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// What the path of everything in it begins with.
    pub(super) fn prefix(&self) -> Vec<u8> {
        let mut prefix = self.path.clone();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        prefix
    }

    /// Where it is on disk.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// How many folders are above it, from the top of the work tree on.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Whether its repository wants another one to be in its place.
    pub(super) fn is_submodule(&self) -> bool {
        self.repository.as_ref().is_some_and(|repository| repository.wants_repository(&self.path))
    }

    /// Whether a repository tracks something in it.
    pub(super) fn holds_tracked(&self) -> bool {
        self.tracks_in(&self.path)
    }

    /// Whether a repository tracks something in the folder at `path`, which is in this one.
    pub(super) fn tracks_in(&self, path: &[u8]) -> bool {
        self.repository.as_ref().is_some_and(|repository| repository.tracks_in(path))
    }

    /// Whether the file at `path`, which is in this folder, is left out: ignored, and not tracked.
    pub(super) fn leaves_out(&self, path: &[u8]) -> bool {
        self.repository.as_ref().is_some_and(|repository| !repository.tracks(path))
            && self.ignores(path, false)
    }

    /// Whether the rules of its repository ignore the folder as a whole.
    pub(super) fn is_ignored(&self) -> bool {
        *self.ignored.get_or_init(|| {
            !self.is_top && self.parent.as_ref().is_some_and(|parent| parent.ignores(&self.path, true))
        })
    }

    /// Whether the rules ignore what is at `path`, which is in this folder. Rules further down win over those further
    /// up, and what is in an ignored folder cannot be taken back.
    pub(super) fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        let Some(repository) = self.repository.as_ref().filter(|repository| repository.is_certain()) else {
            return false;
        };
        if self.is_ignored() {
            return true;
        }
        let mut at = Some(self);
        while let Some(folder) = at {
            let start = if folder.path.is_empty() { 0 } else { folder.path.len() + 1 };
            if let (Some(rules), Some(inner)) = (folder.rules(), path.get(start..)) {
                match rules.verdict(inner, is_folder) {
                    Verdict::Ignored => return true,
                    Verdict::Kept => return false,
                    Verdict::Silent => {}
                }
            }
            at = if folder.is_top { None } else { folder.parent.as_deref() };
        }
        repository
            .exclude(path)
            .is_some_and(|(rules, inner)| rules.verdict(inner, is_folder) == Verdict::Ignored)
    }

    fn rules(&self) -> Option<&Rules> {
        let read = || {
            let above = std::iter::successors(self.parent.as_deref(), |folder| folder.parent.as_deref());
            let held: u64 = above.filter_map(|folder| folder.rules.get()?.as_ref()).map(Rules::size).sum();
            // A link is no file of rules to git, either.
            Rules::read(&self.place.join(".gitignore"), Links::Refuse, MAX_RULES.saturating_sub(held))
        };
        self.rules.get_or_init(read).as_ref()
    }
}
