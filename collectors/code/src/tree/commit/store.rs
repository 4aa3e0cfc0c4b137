//! The objects of a repository, read with `gix` under bounds that only a hostile one meets.
//!
//! `gix` is given the folder of objects and nothing else: no configuration, no references, no replacements. Before that, the
//! folder is looked through: links, alternates and what is no regular file would lead out of the repository, or hang.

use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gix_object::{Find, Kind, TreeRefIter};
use gix_odb::Header;
use gix_odb::store::init::{Options, Slots};

use crate::tree::loose::Unpacker;
use crate::tree::objects::ObjectId;

/// Bytes of one allocation while an object is unpacked. A manifest of 32 MiB that is kept as changes of another takes two of
/// its size, and the changes.
const MAX_ALLOCATION: usize = 128 << 20;
/// Changes upon changes; git makes fifty, and 250 when told to be thorough.
const MAX_DELTAS: u32 = 512;
/// Bytes of a folder: one of ten thousand entries has half a MiB.
const MAX_FOLDER: u64 = 32 << 20;
/// Bytes that are unpacked of one repository: forty times the largest ones.
const MAX_UNPACKED: u64 = 64 << 30;
/// What all threads together may spend on unpacking: the largest repositories take a minute.
const MAX_TIME: Duration = Duration::from_mins(30);
/// Files in the folder of objects that are looked through.
const MAX_FILES: usize = 4 << 20;
/// Packs with their indexes that may be open.
const MAX_PACKS: usize = 1000;

/// The objects of one repository, for all threads.
pub(super) struct Store {
    objects: Arc<gix_odb::Store>,
    folder: PathBuf,
    /// Whether there are objects in files of their own, by the first byte of their names.
    has_loose: Box<[bool; 256]>,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Why there is no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// It is not there.
    Missing,
    /// It cannot be unpacked, or not within what one object may take.
    Broken,
    /// It is of another kind.
    Other,
    /// Larger than what was asked for.
    TooLarge,
    /// More was unpacked of the repository than is allowed.
    Spent,
}

/// An entry of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Folder(ObjectId),
    File(ObjectId),
    Link(ObjectId),
    /// A commit of another repository.
    Submodule,
}

impl Store {
    /// Opens the folder `objects` of a repository.
    ///
    /// # Errors
    /// Why it is not read, as the end of a sentence about the repository.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let has_loose = look_through(folder)?;
        let options = Options {
            // Counting them would list the folder a second time.
            slots: Slots::Given(u16::try_from(MAX_PACKS).unwrap_or(u16::MAX)),
            alloc_limit_bytes: Some(MAX_ALLOCATION),
            ..Options::default()
        };
        let objects = gix_odb::Store::at_opts(
            folder.to_owned(),
            gix_hash::Kind::Sha1,
            &mut std::iter::empty(),
            options,
        )
        .map_err(|error| format!("has objects that cannot be opened: {}", error.kind()))?;
        Ok(Self {
            objects: Arc::new(objects),
            folder: folder.to_owned(),
            has_loose,
            bytes: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        })
    }

    /// What one thread reads objects with.
    pub(super) fn handle(&self) -> Handle<'_> {
        let mut objects = self.objects.to_cache_arc();
        // A missing object stays missing: the folder would be listed again for each.
        objects.refresh_never();
        Handle { store: self, objects, loose: Unpacker::new(), folder: None }
    }

    /// What was used up, as the end of a sentence about the repository.
    pub(super) fn spent(&self) -> Option<String> {
        if self.bytes.load(Ordering::Relaxed) > MAX_UNPACKED {
            return Some(format!(
                "unpacks to more than {} GiB, which no repository does",
                MAX_UNPACKED >> 30
            ));
        }
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed);
        (u128::from(nanoseconds) > MAX_TIME.as_nanos()).then(|| {
            format!("takes more than {} minutes to unpack, which no repository does", MAX_TIME.as_secs() / 60)
        })
    }

    fn timed<T>(&self, work: impl FnOnce() -> T) -> Result<T, Lost> {
        if self.spent().is_some() {
            return Err(Lost::Spent);
        }
        let begun = Instant::now();
        let done = work();
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        Ok(done)
    }
}

/// What one thread reads objects with.
pub(super) struct Handle<'s> {
    store: &'s Store,
    objects: gix_odb::HandleArc,
    loose: Unpacker,
    /// The folder that was looked into last: the next name is often in it, too.
    folder: Option<(ObjectId, Vec<u8>)>,
}

impl Handle<'_> {
    /// The kind of an object, and its size when it is unpacked.
    pub(super) fn about(&self, id: ObjectId) -> Result<(Kind, u64), Lost> {
        let id = gix_hash::ObjectId::Sha1(id.0);
        let header = self.store.timed(|| self.objects.try_header(&id))?.map_err(|_| Lost::Broken)?;
        let header = header.ok_or(Lost::Missing)?;
        if header.num_deltas().is_some_and(|deltas| deltas > MAX_DELTAS) {
            return Err(Lost::Broken);
        }
        Ok((header.kind(), header.size()))
    }

    /// Unpacks an object of a kind into `buffer`, replacing what was in it. At most `limit` bytes.
    pub(super) fn read(
        &mut self,
        id: ObjectId,
        kind: Kind,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Lost> {
        buffer.clear();
        // To ask for the kind first, as of what is packed, would open and map a file of its own twice.
        if self.store.has_loose[usize::from(id.0[0])]
            && let Some(found) = self.loose(id, limit, buffer)?
        {
            self.store.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
            if found != kind {
                buffer.clear();
                return Err(Lost::Other);
            }
            return Ok(());
        }
        let (found, size) = self.about(id)?;
        if found != kind {
            return Err(Lost::Other);
        }
        if size > limit {
            return Err(Lost::TooLarge);
        }
        self.store.bytes.fetch_add(size, Ordering::Relaxed);
        let id = gix_hash::ObjectId::Sha1(id.0);
        let read = self.store.timed(|| match self.objects.try_find(&id, buffer) {
            Ok(Some(object)) if object.kind == kind && object.data.len() as u64 == size => Ok(()),
            Ok(Some(_)) | Err(_) => Err(Lost::Broken),
            Ok(None) => Err(Lost::Missing),
        })?;
        if read.is_err() {
            buffer.clear();
        }
        read
    }

    fn loose(&mut self, id: ObjectId, limit: u64, buffer: &mut Vec<u8>) -> Result<Option<Kind>, Lost> {
        let store = self.store;
        store.timed(|| self.loose.read(&store.folder, id, limit, buffer))
    }

    /// Unpacks a folder.
    pub(super) fn folder(&mut self, id: ObjectId, buffer: &mut Vec<u8>) -> Result<(), Lost> {
        self.read(id, Kind::Tree, MAX_FOLDER, buffer)
    }

    /// What goes by a name in a folder, which `is` recognises.
    pub(super) fn child(
        &mut self,
        folder: ObjectId,
        is: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Option<Entry>, Lost> {
        if self.folder.as_ref().is_none_or(|(known, _)| *known != folder) {
            let mut content = self.folder.take().map(|(_, content)| content).unwrap_or_default();
            self.folder(folder, &mut content)?;
            self.folder = Some((folder, content));
        }
        let Some((_, content)) = &self.folder else { return Ok(None) };
        for entry in TreeRefIter::from_bytes(content, gix_hash::Kind::Sha1) {
            let entry = entry.map_err(|_| Lost::Broken)?;
            if is(entry.filename.as_ref()) {
                return Ok(Entry::of(entry.mode, entry.oid));
            }
        }
        Ok(None)
    }
}

impl Entry {
    pub(super) fn of(mode: gix_object::tree::EntryMode, id: &gix_hash::oid) -> Option<Self> {
        let id = ObjectId(id.as_bytes().try_into().ok()?);
        Some(match mode.kind() {
            gix_object::tree::EntryKind::Tree => Self::Folder(id),
            gix_object::tree::EntryKind::Blob | gix_object::tree::EntryKind::BlobExecutable => Self::File(id),
            gix_object::tree::EntryKind::Link => Self::Link(id),
            gix_object::tree::EntryKind::Commit => Self::Submodule,
        })
    }
}

/// Makes sure that everything in the folder of objects is a folder or a regular file, and that all of it is there; with what first
/// bytes of names there are objects in files of their own.
fn look_through(folder: &Path) -> Result<Box<[bool; 256]>, String> {
    let unlisted = |error: std::io::Error| format!("has objects that cannot be listed: {}", error.kind());
    let strange = |name: &std::ffi::OsStr, kind: FileType| {
        let name = name.to_string_lossy();
        let what = if kind.is_symlink() { "a link" } else { "no regular file" };
        format!("has {what} among its objects (`{}`), and is not read", name.escape_debug())
    };
    let mut has_loose = Box::new([false; 256]);
    let (mut files, mut packs) = (0, 0);
    for entry in fs::read_dir(folder).map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?;
        let kind = entry.file_type().map_err(unlisted)?;
        if kind.is_file() {
            continue;
        }
        if !kind.is_dir() {
            return Err(strange(&entry.file_name(), kind));
        }
        let name = entry.file_name();
        let is_info = name == "info";
        let first = name.to_str().filter(|name| name.len() == 2).map(|name| u8::from_str_radix(name, 16));
        if let Some(Ok(first)) = first {
            has_loose[usize::from(first)] = true;
        }
        for inner in fs::read_dir(entry.path()).map_err(unlisted)? {
            let inner = inner.map_err(unlisted)?;
            let kind = inner.file_type().map_err(unlisted)?;
            let name = inner.file_name();
            // In `pack`, a folder holds an index of several packs, which is not used where it has a file in it.
            if !kind.is_file() && !kind.is_dir() {
                return Err(strange(&name, kind));
            }
            if is_info && name == "alternates" && inner.metadata().map_err(unlisted)?.len() > 0 {
                return Err("keeps objects in another repository (`objects/info/alternates`), which is not \
                            followed; `git repack -a -d` in it, and removing that file, makes it whole"
                    .to_owned());
            }
            packs += usize::from(name.as_encoded_bytes().ends_with(b".idx"));
            files += 1;
            if files > MAX_FILES {
                return Err(format!(
                    "has more than {MAX_FILES} files among its objects; `git gc` packs them"
                ));
            }
            if packs > MAX_PACKS / 2 {
                let most = MAX_PACKS / 2;
                return Err(format!("has more than {most} packs; `git gc` makes one of them"));
            }
        }
    }
    Ok(has_loose)
}
