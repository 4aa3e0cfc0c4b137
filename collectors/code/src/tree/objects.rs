//! Objects of a git repository, read from its own files and without running git: loose ones, and those in packs.
//!
//! The bytes are hostile. Sizes, the length of chains of deltas and the sum of what is unpacked are bounded. What another
//! repository holds for this one (`alternates`) is not looked at.

use std::io::Read;
use std::path::{Path, PathBuf};

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

use super::packs::Pack;
use super::read::{Links, open_regular, read_regular};

/// The largest object that is read; a message of a commit or a folder with ten thousand entries is smaller.
pub(super) const MAX_OBJECT: usize = 1 << 20;
/// Bytes that are unpacked in all.
const MAX_UNPACKED: usize = 256 << 20;
/// Bytes of what stands before the content of a loose object.
const MAX_HEADER: usize = 32;
/// Packs of one repository; git itself puts fifty together.
const MAX_PACKS: usize = 128;

/// The SHA-1 name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId(pub(super) [u8; 20]);

impl ObjectId {
    /// From forty hexadecimal digits.
    pub(crate) fn parse(hex: &[u8]) -> Option<Self> {
        if hex.len() != 40 {
            return None;
        }
        let mut id = [0; 20];
        for (byte, digits) in id.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(id))
    }

    /// The file of its own that it may be in.
    pub(super) fn loose(self, folder: &Path) -> PathBuf {
        let mut name = self.to_string();
        name.insert(2, '/');
        folder.join(name)
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What kind of object is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Tree,
}

impl Kind {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Commit => b"commit",
            Self::Tree => b"tree",
        }
    }

    /// The number that packs have for it.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Tree => 2,
        }
    }
}

/// Why there is no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It is not there.
    Missing,
    /// It is broken, of another kind, or too large.
    Broken,
    /// More was unpacked than is affordable.
    Spent,
}

/// The objects of one repository.
#[derive(Debug)]
pub(crate) struct Objects {
    folder: PathBuf,
    packs: Vec<Pack>,
    left: usize,
}

impl Objects {
    /// Opens the folder `objects` of a repository. What is no pack that can be read holds no objects.
    pub(crate) fn open(folder: PathBuf) -> Self {
        let mut indexes: Vec<PathBuf> = std::fs::read_dir(folder.join("pack"))
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "idx"))
            .collect();
        indexes.sort();
        let packs = indexes.iter().take(MAX_PACKS).filter_map(|index| Pack::open(index)).collect();
        Self { folder, packs, left: MAX_UNPACKED }
    }

    /// The content of an object.
    pub(crate) fn read(&mut self, id: ObjectId, kind: Kind) -> Result<Vec<u8>, Lost> {
        let packed = self.packs.iter_mut().find_map(|pack| Some((pack.find(id)?, pack)));
        let content = match packed {
            Some((offset, pack)) => pack.read(offset, kind, &mut self.left)?,
            None => self.loose(id, kind)?,
        };
        Ok(content)
    }

    /// The first bytes of a file, without unpacking the rest. Nothing where it is kept as changes of another one.
    pub(crate) fn head(&mut self, id: ObjectId, limit: usize) -> Option<Vec<u8>> {
        let packed = self.packs.iter_mut().find_map(|pack| Some((pack.find(id)?, pack)));
        if let Some((offset, pack)) = packed {
            return pack.head(offset, limit);
        }
        let mut file = open_regular(&id.loose(&self.folder), Links::Refuse).ok()?;
        let mut bytes = Vec::new();
        // What cannot be made smaller grows by its frame alone.
        (&mut file).take((limit + limit / 8 + 128) as u64).read_to_end(&mut bytes).ok()?;
        let unpacked = inflate_head(&bytes, limit + MAX_HEADER)?;
        let end = unpacked.iter().position(|byte| *byte == 0)?;
        let (header, content) = (unpacked.get(..end)?, unpacked.get(end + 1..)?);
        header.starts_with(b"blob ").then(|| content.get(..limit).unwrap_or(content).to_vec())
    }

    fn loose(&mut self, id: ObjectId, kind: Kind) -> Result<Vec<u8>, Lost> {
        let mut bytes = Vec::new();
        read_regular(&id.loose(&self.folder), Links::Refuse, MAX_OBJECT as u64, &mut bytes)
            .map_err(|_| Lost::Missing)?;
        let unpacked = inflate(&bytes, MAX_OBJECT, &mut self.left)?;
        let end = unpacked.iter().position(|byte| *byte == 0).ok_or(Lost::Broken)?;
        let (header, content) = unpacked.split_at(end);
        let named = header.strip_prefix(kind.name()).is_some_and(|rest| rest.starts_with(b" "));
        if named { Ok(content[1..].to_vec()) } else { Err(Lost::Broken) }
    }
}

/// Unpacks at most `limit` bytes, and takes them off what is left.
pub(super) fn inflate(bytes: &[u8], limit: usize, left: &mut usize) -> Result<Vec<u8>, Lost> {
    if *left < limit {
        return Err(Lost::Spent);
    }
    let unpacked = decompress_to_vec_zlib_with_limit(bytes, limit).map_err(|_| Lost::Broken)?;
    *left -= unpacked.len();
    Ok(unpacked)
}

/// Unpacks the first bytes, however many follow.
pub(super) fn inflate_head(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    match decompress_to_vec_zlib_with_limit(bytes, limit) {
        Ok(all) => Some(all),
        // The bytes are the beginning of more, or what they unpack to is.
        Err(error) => {
            matches!(error.status, TINFLStatus::HasMoreOutput | TINFLStatus::FailedCannotMakeProgress)
                .then_some(error.output)
        }
    }
}
