//! The walk itself: one thread, one open folder at a time, no recursion.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use asmm_model::GapReason;

use super::folder::Folder;
use super::git::{GitFolder, Repository};
use super::tally::{Cause, Tally};
use super::{Found, Location, shown};

/// Entries of a folder that are looked through for a `.git` before anything is said of them; of more, the system is asked.
const FEW: usize = 512;
/// Folders nested deeper than this are not entered.
pub(super) const MAX_DEPTH: usize = 512;

const IGNORED: Cause = Cause::new(
    GapReason::Ignored,
    "untracked files and folders",
    "not tracked, and left out by the repository's ignore rules; a folder counts as one and is not entered",
);
const INSTALLED: Cause = Cause::new(
    GapReason::Ignored,
    "folders of installed packages",
    "installed packages or their cache, not part of the repository; not entered",
);
pub(super) const OUTWARD: Cause = Cause::new(
    GapReason::Unsupported,
    "links out of the folder",
    "a link to a place outside the scanned folder is not followed; scan that place by itself if it matters",
);
pub(super) const INTO_GIT: Cause = Cause::new(
    GapReason::Unsupported,
    "links into a .git folder",
    "a link into a .git folder, which is not scanned, is not followed",
);
pub(super) const DANGLING: Cause =
    Cause::new(GapReason::Unsupported, "links that lead nowhere", "a link that leads nowhere");
pub(super) const SUBMODULE: Cause = Cause::new(
    GapReason::Unsupported,
    "submodules",
    "a submodule, which is another repository and is not here; scan that one by itself",
);
const SPECIAL: Cause =
    Cause::new(GapReason::Unsupported, "special files", "a FIFO, socket or device is never opened");
pub(super) const TOO_DEEP: Cause = Cause::new(
    GapReason::TooLarge,
    "deeply nested folders",
    "nested more than 512 folders deep; not entered",
);
const DENIED: Cause =
    Cause::new(GapReason::Denied, "folders that may not be listed", "this user may not list the folder");
const VANISHED: Cause =
    Cause::new(GapReason::Failed, "folders that disappeared", "disappeared while the tree was walked");

/// A folder still to be listed. Only its name is kept, since a folder may have very many.
struct Pending {
    parent: Rc<Folder>,
    name: OsString,
}

pub(super) struct Walk<'a> {
    root: &'a Path,
    /// Where in a path the part below the root begins.
    base: usize,
    base_depth: usize,
    tally: &'a mut Tally,
    on: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    pending: Vec<Pending>,
}

impl<'a> Walk<'a> {
    /// A walk of `start`, which is at `root` on disk.
    pub(super) fn new(
        root: &'a Path,
        start: &Folder,
        tally: &'a mut Tally,
        on: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    ) -> Self {
        let (base, base_depth) = (start.prefix().len(), start.depth());
        Self { root, base, base_depth, tally, on, pending: Vec::new() }
    }

    /// Walks until everything is seen, or the callback breaks.
    pub(super) fn run(mut self, start: Rc<Folder>) -> ControlFlow<()> {
        match fs::read_dir(start.place()) {
            Ok(mut entries) => self.list(&start, &mut entries)?,
            Err(error) => self.unlisted(&start, &error),
        }
        drop(start);
        while let Some(next) = self.pending.pop() {
            self.visit(&next)?;
        }
        ControlFlow::Continue(())
    }

    fn visit(&mut self, next: &Pending) -> ControlFlow<()> {
        let place = next.parent.place().join(&next.name);
        let mut entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) => {
                let folder = self.enter(next, GitFolder::of(&place));
                self.unlisted(&folder, &error);
                return ControlFlow::Continue(());
            }
        };
        // To ask for a `.git` that hardly any folder has takes a tenth of a walk.
        let first: Vec<io::Result<DirEntry>> = entries.by_ref().take(FEW).collect();
        let is_git =
            |entry: &io::Result<DirEntry>| entry.as_ref().map_or(true, |it| it.file_name() == ".git");
        let may_be_git = first.len() == FEW || first.iter().any(is_git);
        let folder = self.enter(next, if may_be_git { GitFolder::of(&place) } else { None });
        self.list(&folder, &mut first.into_iter().chain(entries))
    }

    fn enter(&mut self, next: &Pending, git: Option<GitFolder>) -> Rc<Folder> {
        let Some(git) = git else {
            let folder = Folder::below(&next.parent, &next.name);
            if folder.is_submodule() {
                self.tally.add(&SUBMODULE, self.shown(folder.path()) + "/");
            }
            return folder;
        };
        Folder::top_below(&next.parent, &next.name, |path, outer| {
            let index = format!("{}/.git/index", self.shown(path));
            let (repository, gap) = Repository::load(&git, path.len() + 1, outer, &index);
            if let Some(gap) = gap {
                let cause = Cause::because(gap.why, "git indexes", gap.detail.unwrap_or_default());
                self.tally.add(&cause, gap.what);
            }
            repository
        })
    }

    fn list(
        &mut self,
        folder: &Rc<Folder>,
        entries: &mut dyn Iterator<Item = io::Result<DirEntry>>,
    ) -> ControlFlow<()> {
        let mut path = folder.prefix();
        let start = path.len();
        for entry in entries {
            let (name, kind) = match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => entry,
                Err(error) => {
                    self.unlisted(folder, &error);
                    continue;
                }
            };
            if name == ".git" {
                continue;
            }
            path.truncate(start);
            path.extend_from_slice(name.as_encoded_bytes());
            if kind.is_dir() {
                self.subfolder(folder, &path, name);
            } else if folder.leaves_out(&path) {
                self.ignored(&path, "");
            } else if kind.is_file() {
                let found = Found { path: self.shown(&path), at: Location::File(folder.place().join(&name)) };
                (self.on)(found)?;
            } else {
                self.irregular(folder, &path, &name, kind);
            }
        }
        ControlFlow::Continue(())
    }

    fn subfolder(&mut self, folder: &Rc<Folder>, path: &[u8], name: OsString) {
        if folder.depth() - self.base_depth >= MAX_DEPTH {
            self.tally.add(&TOO_DEEP, self.shown(path) + "/");
            return;
        }
        if !folder.tracks_in(path) {
            let place = || folder.place().join(&name);
            if is_installed(&name, place) {
                let group = format!("{}/", name.to_string_lossy());
                self.tally.add_to(&INSTALLED, group, self.shown(path) + "/");
                return;
            }
            // An ignored folder that is a repository of its own has tracked files.
            if folder.ignores(path, true) && GitFolder::of(&place()).is_none() {
                self.ignored(path, "/");
                return;
            }
        }
        self.pending.push(Pending { parent: Rc::clone(folder), name });
    }

    fn irregular(&mut self, folder: &Folder, path: &[u8], name: &OsStr, kind: FileType) {
        let cause = if !kind.is_symlink() {
            &SPECIAL
        } else if let Ok(target) = folder.place().join(name).canonicalize() {
            match target.strip_prefix(self.root) {
                Err(_) => &OUTWARD,
                Ok(inside) if inside.iter().any(|name| name == ".git") => &INTO_GIT,
                // What it leads to is scanned, or counted, where it is.
                Ok(_) => return,
            }
        } else {
            &DANGLING
        };
        self.tally.add(cause, self.shown(path));
    }

    fn ignored(&mut self, path: &[u8], end: &str) {
        let shown = self.shown(path) + end;
        let group = match shown.split_once('/') {
            Some((top, _)) => format!("{top}/"),
            None => "files at the top".to_owned(),
        };
        self.tally.add_to(&IGNORED, group, shown);
    }

    fn unlisted(&mut self, folder: &Folder, error: &io::Error) {
        let is_root = folder.depth() == self.base_depth;
        let shown = if is_root { "./".to_owned() } else { self.shown(folder.path()) + "/" };
        match error.kind() {
            io::ErrorKind::PermissionDenied => self.tally.add(&DENIED, shown),
            io::ErrorKind::NotFound => self.tally.add(&VANISHED, shown),
            kind => {
                let detail = format!("could not be listed: {kind}");
                self.tally.add(
                    &Cause::because(GapReason::Failed, "folders that could not be listed", detail),
                    shown,
                );
            }
        }
    }

    /// A path as it is reported: below the root, and with bytes that are not UTF-8 made visible.
    fn shown(&self, path: &[u8]) -> String {
        shown(path.get(self.base..).unwrap_or_default())
    }
}

/// Whether a folder holds packages that a package manager put there, told by its name alone where nothing else has it.
fn is_installed(name: &OsStr, place: impl Fn() -> std::path::PathBuf) -> bool {
    match name.as_encoded_bytes() {
        b"node_modules" | b"__pycache__" | b".tox" | b".nox" => true,
        b".venv" | b"venv" => place().join("pyvenv.cfg").is_file(),
        _ => false,
    }
}
