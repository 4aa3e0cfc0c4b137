//! What one thread reads the files of a tree with, wherever their bytes are.

use std::path::Path;

use asmm_model::Gap;

use super::commit::{BlobReader, CommitTree};
use super::read::{self, read_bounded};
use super::{Found, Location};

/// Reads files of one tree. Every thread has its own.
pub(crate) struct Reader<'t> {
    /// The root of a work tree.
    root: &'t Path,
    objects: Option<BlobReader<'t>>,
}

impl<'t> Reader<'t> {
    /// Reads the files of a folder.
    pub(super) fn files(root: &'t Path) -> Self {
        Self { root, objects: None }
    }

    /// Reads objects of a repository.
    pub(super) fn objects(tree: &'t CommitTree) -> Self {
        Self { root: Path::new(""), objects: Some(tree.blobs()) }
    }

    /// Reads a file into `buffer`, replacing what was in it. At most `limit` bytes.
    ///
    /// The error is the gap to report: too large, denied, vanished, or no regular file. The buffer is then empty.
    pub(crate) fn read(&mut self, found: &Found, limit: u64, buffer: &mut Vec<u8>) -> Result<(), Gap> {
        self.read_at(&found.at, &found.path, limit, buffer)
    }

    /// Reads what is at a place into `buffer`, and calls it by `path` where it cannot be read.
    pub(crate) fn read_at(
        &mut self,
        at: &Location,
        path: &str,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Gap> {
        match (at, &mut self.objects) {
            (Location::File(full), _) => read_bounded(full, path, limit, buffer),
            (Location::Blob(id), Some(objects)) => objects.read(*id, path, limit, buffer),
            (Location::Blob(_), None) => Err(elsewhere(path)),
        }
    }

    /// Reads only the first `limit` bytes of a file into `buffer`, and says how large it is.
    pub(crate) fn head(&mut self, found: &Found, limit: u64, buffer: &mut Vec<u8>) -> Result<u64, Gap> {
        match (&found.at, &mut self.objects) {
            (Location::File(full), _) => {
                read::head(full, limit, buffer).map_err(|unread| unread.gap(&found.path, limit))
            }
            (Location::Blob(id), Some(objects)) => objects.head(*id, &found.path, limit, buffer),
            (Location::Blob(_), None) => Err(elsewhere(&found.path)),
        }
    }

    /// Where a file is that the walk found under this path.
    pub(crate) fn at(&mut self, path: &str) -> Option<Location> {
        match &mut self.objects {
            None => Some(Location::File(self.root.join(path))),
            Some(objects) => objects.find(path, false).map(Location::Blob),
        }
    }

    /// The regular file of that name in a folder above another file: 1 is the folder that the file is in.
    pub(crate) fn beside(&mut self, found: &Found, above: usize, name: &str) -> Option<Found> {
        let folder = found.path.rsplitn(above + 1, '/').nth(above).unwrap_or_default();
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let at = match (&found.at, &mut self.objects) {
            (Location::File(full), _) => {
                let full = full.ancestors().nth(above)?.join(name);
                full.symlink_metadata().is_ok_and(|there| there.is_file()).then_some(Location::File(full))?
            }
            (Location::Blob(_), objects) => Location::Blob(objects.as_mut()?.find(&path, true)?),
        };
        Some(Found { path, at })
    }
}

/// A place of another tree: nothing that a caller can do right.
fn elsewhere(path: &str) -> Gap {
    Gap::new(path, asmm_model::GapReason::Failed).because("its bytes are in another repository")
}
