//! The paths in a git index, reduced to fingerprints; the bytes of the index are hostile.
//!
//! Only what the walk asks is kept: whether a path is tracked, and whether a folder holds something tracked. Two paths
//! with one fingerprint merely make an untracked file count as tracked, so that more is scanned and never less.

/// Longer paths cannot be opened.
const MAX_PATH: usize = 4096;
/// Bounds the memory for fingerprints to 128 MiB; ten times the largest repositories.
const MAX_FOLDERS: usize = 16 << 20;

const GITLINK: u32 = 0o160_000;
const SPARSE_FOLDER: u32 = 0o040_000;
const FILE_TYPE: u32 = 0o170_000;
const EXTENDED: u16 = 0x4000;

/// Why an index says nothing about what is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexError {
    /// Not an index, cut short, or inconsistent.
    Broken,
    /// A kind of index that is not read yet.
    Unsupported(&'static str),
}

/// The tracked paths of one repository.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tracked {
    files: Vec<u64>,
    folders: Vec<u64>,
    submodules: Vec<u64>,
}

impl Tracked {
    /// Whether the path, relative to the top of the work tree, is tracked.
    pub(super) fn file(&self, path: &[u8]) -> bool {
        self.files.binary_search(&fingerprint(path)).is_ok()
    }

    /// Whether the folder holds something tracked, or is a submodule.
    pub(super) fn folder(&self, path: &[u8]) -> bool {
        self.folders.binary_search(&fingerprint(path)).is_ok()
    }

    /// Whether another repository belongs at the path.
    pub(super) fn submodule(&self, path: &[u8]) -> bool {
        self.submodules.binary_search(&fingerprint(path)).is_ok()
    }

    /// Reads an index of version 2, 3 or 4.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        // An index does not name its hash function. With the wrong length of object names the paths run out of order
        // or the extensions do not end at the trailer, so that trying both is safe.
        match Self::parse_with(bytes, 20) {
            Err(IndexError::Broken) => Self::parse_with(bytes, 32),
            result => result,
        }
    }

    fn parse_with(bytes: &[u8], name_length: usize) -> Result<Self, IndexError> {
        let mut rest = Bytes(bytes);
        if rest.take(4)? != b"DIRC" {
            return Err(IndexError::Broken);
        }
        let version = rest.u32()?;
        if !(2..=4).contains(&version) {
            return Err(IndexError::Unsupported("its version is not known"));
        }
        let count = rest.u32()?;

        let mut tracked = Self::default();
        let mut sparse = false;
        let mut nameless = false;
        let mut path = Vec::new();
        let mut previous = Vec::new();
        for _ in 0..count {
            let before = rest.0.len();
            rest.take(24)?;
            let mode = rest.u32()?;
            rest.take(12 + name_length)?;
            if rest.u16()? & EXTENDED != 0 && version > 2 {
                rest.u16()?;
            }
            std::mem::swap(&mut previous, &mut path);
            path.clear();
            if version == 4 {
                let strip = rest.variable()?;
                let kept = previous.len().checked_sub(strip).ok_or(IndexError::Broken)?;
                path.extend_from_slice(&previous[..kept]);
            }
            path.extend_from_slice(rest.until_nul()?);
            if version < 4 {
                // One NUL is taken already; an entry is padded to a multiple of eight bytes.
                let length = before - rest.0.len();
                rest.take(length.next_multiple_of(8) - length)?;
            }
            if path.is_empty() {
                // How a split index says that an entry of its other half is replaced.
                nameless = true;
                continue;
            }
            // The same path may come again in another stage of a merge.
            if path.len() > MAX_PATH || path < previous {
                return Err(IndexError::Broken);
            }
            sparse |= mode & FILE_TYPE == SPARSE_FOLDER;
            tracked.add(&path, &previous, mode & FILE_TYPE == GITLINK);
            if tracked.folders.len() > MAX_FOLDERS {
                return Err(IndexError::Broken);
            }
        }
        while rest.0.len() > name_length {
            let signature = rest.take(4)?;
            let length = usize::try_from(rest.u32()?).map_err(|_| IndexError::Broken)?;
            rest.take(length)?;
            match signature {
                b"link" => return Err(IndexError::Unsupported("it is split in two files")),
                b"sdir" => sparse = true,
                [b'A'..=b'Z', ..] => {}
                _ => return Err(IndexError::Unsupported("it holds an extension that is not known")),
            }
        }
        if rest.0.len() != name_length || nameless {
            return Err(IndexError::Broken);
        }
        if sparse {
            return Err(IndexError::Unsupported("it is sparse and does not name every file"));
        }
        tracked.files.sort_unstable();
        tracked.files.dedup();
        tracked.folders.sort_unstable();
        tracked.folders.dedup();
        tracked.submodules.sort_unstable();
        tracked.files.shrink_to_fit();
        tracked.folders.shrink_to_fit();
        Ok(tracked)
    }

    fn add(&mut self, path: &[u8], previous: &[u8], submodule: bool) {
        let common = path.iter().zip(previous).take_while(|(one, other)| one == other).count();
        let mut state = BASIS;
        for (position, byte) in path.iter().enumerate() {
            // The folders in the common part were added with the path before.
            if *byte == b'/' && position >= common {
                self.folders.push(state);
            }
            state = step(state, *byte);
        }
        if submodule {
            self.folders.push(state);
            self.submodules.push(state);
        } else {
            self.files.push(state);
        }
    }
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// One step of FNV-1a, which yields the fingerprints of all parent folders on the way.
fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn fingerprint(path: &[u8]) -> u64 {
    path.iter().fold(BASIS, |state, byte| step(state, *byte))
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], IndexError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(IndexError::Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(IndexError::Broken)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, IndexError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, IndexError> {
        self.array().map(u16::from_be_bytes)
    }

    fn until_nul(&mut self) -> Result<&'a [u8], IndexError> {
        let end = memchr::memchr(0, self.0).ok_or(IndexError::Broken)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Ok(taken)
    }

    /// The variable-width number of pack files: every continued byte also adds one.
    fn variable(&mut self) -> Result<usize, IndexError> {
        let [mut byte] = self.array()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.array()?;
            if value > MAX_PATH {
                return Err(IndexError::Broken);
            }
            value = ((value + 1) << 7) | usize::from(byte & 0x7f);
        }
        Ok(value)
    }
}
