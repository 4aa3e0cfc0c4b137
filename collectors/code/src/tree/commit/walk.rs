//! The walk over the folders of a commit. Trees are hostile: one of a few kilobytes may unfold to more paths than atoms.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use asmm_model::GapReason;
use gix_object::{Kind, TreeRefIter};

use super::links::{Leads, leads};
use super::store::{Entry, Handle, Lost};
use crate::tree::objects::ObjectId;
use crate::tree::tally::{Cause, Tally};
use crate::tree::walk::{DANGLING, INTO_GIT, MAX_DEPTH, OUTWARD, SUBMODULE, TOO_DEEP};
use crate::tree::{Found, Location, shown};

/// Files and folders of one commit: four times what the largest repositories have.
const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of all paths.
const MAX_PATHS: usize = 256 << 20;
/// Bytes of a path: longer ones cannot be opened in a work tree.
const MAX_PATH: usize = 4096;
/// Bytes of what a link leads to.
const MAX_LINK: u64 = 4096;

const IMPOSSIBLE: Cause = Cause::new(
    GapReason::Unsupported,
    "impossible names",
    "a name that git puts into no work tree, such as `..` or `.git`, or one that is there already; not read",
);
const TOO_LONG: Cause =
    Cause::new(GapReason::TooLarge, "long paths", "a path of more than 4096 bytes, which cannot be opened");
const BROKEN: Cause = Cause::new(
    GapReason::Unparsable,
    "broken folders",
    "the object of the folder is broken; read as far as it goes",
);
const MISSING: Cause =
    Cause::new(GapReason::Failed, "missing folders", "the object of the folder is not in the repository");
const TOO_WIDE: Cause = Cause::new(
    GapReason::TooLarge,
    "large folders",
    "the list of what is in the folder is larger than 32 MiB",
);

/// A folder still to be listed.
struct Pending {
    /// From the root, separated by `/`.
    path: Vec<u8>,
    id: ObjectId,
    depth: usize,
}

pub(super) struct Walk<'a> {
    handle: Handle<'a>,
    root: ObjectId,
    tally: &'a mut Tally,
    on: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    pending: Vec<Pending>,
    entries: usize,
    bytes: usize,
}

/// Why a walk ends before its end.
enum Ended {
    /// Nobody wants more.
    Told,
    /// What is too much, as the end of a sentence about the repository.
    TooMuch(&'static str),
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        handle: Handle<'a>,
        root: ObjectId,
        tally: &'a mut Tally,
        on: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    ) -> Self {
        Self { handle, root, tally, on, pending: Vec::new(), entries: 0, bytes: 0 }
    }

    /// Walks until everything is seen, or the callback breaks.
    ///
    /// # Errors
    /// What is too much.
    pub(super) fn run(mut self) -> Result<(), &'static str> {
        self.pending.push(Pending { path: Vec::new(), id: self.root, depth: 0 });
        let mut content = Vec::new();
        while let Some(folder) = self.pending.pop() {
            match self.list(&folder, &mut content) {
                Ok(()) => {}
                Err(Ended::Told) => return Ok(()),
                Err(Ended::TooMuch(what)) => return Err(what),
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: &Pending, content: &mut Vec<u8>) -> Result<(), Ended> {
        let told = || if folder.path.is_empty() { "./".to_owned() } else { shown(&folder.path) + "/" };
        if let Err(lost) = self.handle.folder(folder.id, content) {
            let cause = match lost {
                Lost::Missing => &MISSING,
                Lost::TooLarge => &TOO_WIDE,
                Lost::Broken | Lost::Other => &BROKEN,
                // The scan ends for that reason.
                Lost::Spent => return Err(Ended::Told),
            };
            self.tally.add(cause, told());
            return Ok(());
        }
        let mut path = folder.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        let start = path.len();
        let mut names: BTreeSet<&[u8]> = BTreeSet::new();
        for entry in TreeRefIter::from_bytes(content, gix_hash::Kind::Sha1) {
            let Some((name, entry)) =
                entry.ok().and_then(|entry| Some((&**entry.filename, Entry::of(entry.mode, entry.oid)?)))
            else {
                self.tally.add(&BROKEN, told());
                break;
            };
            path.truncate(start);
            path.extend_from_slice(name);
            self.entries += 1;
            self.bytes += path.len();
            if self.entries > MAX_ENTRIES || self.bytes > MAX_PATHS {
                return Err(Ended::TooMuch(
                    "holds more than two million files and folders, or 256 MiB of paths",
                ));
            }
            if path.len() > MAX_PATH {
                self.tally.add(&TOO_LONG, told());
            } else if !is_possible(name) || !names.insert(name) {
                self.tally.add(&IMPOSSIBLE, shown(&path));
            } else {
                self.entry(folder, &path, entry)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Pending, path: &[u8], entry: Entry) -> Result<(), Ended> {
        match entry {
            Entry::Folder(_) if folder.depth >= MAX_DEPTH => self.tally.add(&TOO_DEEP, shown(path) + "/"),
            Entry::Folder(id) => {
                self.pending.push(Pending { path: path.to_owned(), id, depth: folder.depth + 1 });
            }
            Entry::File(id) => {
                let found = Found { path: shown(path), at: Location::Blob(id) };
                if (self.on)(found).is_break() {
                    return Err(Ended::Told);
                }
            }
            Entry::Submodule => self.tally.add(&SUBMODULE, shown(path) + "/"),
            Entry::Link(id) => {
                let mut target = Vec::new();
                let read = self.handle.read(id, Kind::Blob, MAX_LINK, &mut target);
                let leads = match read {
                    Ok(()) => leads(&mut self.handle, self.root, &folder.path, &target),
                    Err(_) => Leads::Nowhere,
                };
                match leads {
                    Leads::Inside => {}
                    Leads::Nowhere => self.tally.add(&DANGLING, shown(path)),
                    Leads::Outside => self.tally.add(&OUTWARD, shown(path)),
                    Leads::IntoGit => self.tally.add(&INTO_GIT, shown(path)),
                }
            }
        }
        Ok(())
    }
}

/// Whether git would put a file of that name into a work tree.
fn is_possible(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
        && !name.eq_ignore_ascii_case(b".git")
        && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}
