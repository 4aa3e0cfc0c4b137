//! Packs of git objects: where an object is, and what it is when its deltas are applied.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use super::objects::{Kind, Lost, MAX_OBJECT, ObjectId, inflate, inflate_head};
use super::read::{Links, open_regular};

/// What an index of the second version begins with.
const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Where the names of the objects begin.
const NAMES: u64 = 8 + 256 * 4;
/// Deltas upon deltas; git makes fifty, and 250 when told to be thorough.
const MAX_DELTAS: usize = 256;
/// Bytes that are read at once: most commits and folders fit.
const WINDOW: usize = 4096;

/// Bytes of objects that are kept, since the next object is often a delta of the last one.
const MAX_KEPT: usize = 16 << 20;

const FILE: u8 = 3;
const OFFSET_DELTA: u8 = 6;
const NAME_DELTA: u8 = 7;

/// One pack with its index.
#[derive(Debug)]
pub(super) struct Pack {
    index: File,
    objects: File,
    /// How many objects have names whose first byte is at most that.
    fanout: Vec<u32>,
    /// By offset: the kind and the content of objects that were read.
    kept: BTreeMap<u64, (u8, Rc<[u8]>)>,
    size: usize,
}

/// What stands at an offset of a pack.
struct Entry {
    kind: u8,
    /// For deltas: the offset of what they change.
    base: u64,
    content: Vec<u8>,
}

impl Pack {
    /// Opens an index and the pack beside it.
    pub(super) fn open(index: &Path) -> Option<Self> {
        let objects = open_regular(&index.with_extension("pack"), Links::Refuse).ok()?;
        let mut index = open_regular(index, Links::Refuse).ok()?;
        let mut head = [0; 8];
        read_at(&mut index, 0, &mut head)?;
        let mut table = [0; 256 * 4];
        read_at(&mut index, 8, &mut table)?;
        let fanout: Vec<u32> = table.chunks_exact(4).map(number).collect();
        (head == MAGIC && fanout.is_sorted()).then(|| Self {
            index,
            objects,
            fanout,
            kept: BTreeMap::new(),
            size: 0,
        })
    }

    /// Where an object begins.
    pub(super) fn find(&mut self, id: ObjectId) -> Option<u64> {
        let first = usize::from(id.0[0]);
        let mut low = u64::from(first.checked_sub(1).map_or(0, |before| self.fanout[before]));
        let mut high = u64::from(self.fanout[first]);
        while low < high {
            let middle = u64::midpoint(low, high);
            let mut name = [0; 20];
            read_at(&mut self.index, NAMES + 20 * middle, &mut name)?;
            match name.cmp(&id.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    fn offset(&mut self, at: u64) -> Option<u64> {
        let count = u64::from(*self.fanout.last()?);
        let mut short = [0; 4];
        read_at(&mut self.index, NAMES + 24 * count + 4 * at, &mut short)?;
        let short = number(&short);
        if short & 0x8000_0000 == 0 {
            return Some(u64::from(short));
        }
        let mut long = [0; 8];
        read_at(&mut self.index, NAMES + 28 * count + 8 * u64::from(short & 0x7fff_ffff), &mut long)?;
        Some(u64::from_be_bytes(long))
    }

    /// The object at an offset.
    pub(super) fn read(&mut self, offset: u64, kind: Kind, left: &mut usize) -> Result<Vec<u8>, Lost> {
        let mut deltas = Vec::new();
        let mut at = offset;
        let (found, mut content) = loop {
            if let Some((known, content)) = self.kept.get(&at) {
                break (*known, Rc::clone(content));
            }
            let entry = self.entry(at, left)?;
            if !matches!(entry.kind, OFFSET_DELTA | NAME_DELTA) {
                let content: Rc<[u8]> = entry.content.into();
                self.keep(at, entry.kind, &content);
                break (entry.kind, content);
            }
            if deltas.len() == MAX_DELTAS {
                return Err(Lost::Broken);
            }
            deltas.push((at, entry.content));
            at = entry.base;
        };
        if found != kind.number() {
            return Err(Lost::Broken);
        }
        for (at, delta) in deltas.iter().rev() {
            content = apply(&content, delta).ok_or(Lost::Broken)?.into();
            *left = left.checked_sub(content.len()).ok_or(Lost::Spent)?;
            self.keep(*at, found, &content);
        }
        Ok(content.to_vec())
    }

    /// The first bytes of the file at an offset; nothing where it is kept as changes of another one.
    pub(super) fn head(&mut self, offset: u64, limit: usize) -> Option<Vec<u8>> {
        let bytes = self.window(offset, WINDOW + limit + limit / 8).ok()?;
        let mut rest = bytes.as_slice();
        let mut byte = take(&mut rest).ok()?;
        if (byte >> 4) & 7 != FILE {
            return None;
        }
        while byte & 0x80 != 0 {
            byte = take(&mut rest).ok()?;
        }
        let mut head = inflate_head(rest, limit)?;
        head.truncate(limit);
        Some(head)
    }

    fn keep(&mut self, at: u64, kind: u8, content: &Rc<[u8]>) {
        if self.size + content.len() > MAX_KEPT {
            self.kept.clear();
            self.size = 0;
        }
        self.size += content.len();
        self.kept.insert(at, (kind, Rc::clone(content)));
    }

    fn entry(&mut self, offset: u64, left: &mut usize) -> Result<Entry, Lost> {
        let mut bytes = self.window(offset, WINDOW)?;
        let mut rest = bytes.as_slice();
        let first = take(&mut rest)?;
        let kind = (first >> 4) & 7;
        let mut size = usize::from(first & 15);
        let (mut more, mut shift) = (first & 0x80 != 0, 4);
        while more {
            let byte = take(&mut rest)?;
            if shift > 32 {
                return Err(Lost::Broken);
            }
            size |= usize::from(byte & 0x7f) << shift;
            (more, shift) = (byte & 0x80 != 0, shift + 7);
        }
        if size > MAX_OBJECT {
            return Err(Lost::Broken);
        }
        let base = match kind {
            OFFSET_DELTA => {
                let mut byte = take(&mut rest)?;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = take(&mut rest)?;
                    let next = back.checked_add(1).and_then(|b| b.checked_mul(128)).ok_or(Lost::Broken)?;
                    back = next | u64::from(byte & 0x7f);
                }
                // What a delta changes stands before it, so that no chain is a circle.
                offset.checked_sub(back).filter(|base| *base < offset).ok_or(Lost::Broken)?
            }
            NAME_DELTA => {
                let (name, after) = rest.split_first_chunk::<20>().ok_or(Lost::Broken)?;
                rest = after;
                self.find(ObjectId(*name)).ok_or(Lost::Missing)?
            }
            _ => 0,
        };
        let header = bytes.len() - rest.len();
        // What cannot be made smaller grows by its frame alone.
        let most = header + size + size / 8 + 64;
        if most > bytes.len() && bytes.len() == WINDOW {
            bytes = self.window(offset, most)?;
        }
        let content = inflate(bytes.get(header..).unwrap_or_default(), size.max(1), left)?;
        if content.len() == size { Ok(Entry { kind, base, content }) } else { Err(Lost::Broken) }
    }

    /// As much as there is, up to `length` bytes.
    fn window(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Lost> {
        let mut bytes = Vec::with_capacity(length);
        self.objects.seek(SeekFrom::Start(offset)).map_err(|_| Lost::Broken)?;
        let mut window = (&mut self.objects).take(length as u64);
        window.read_to_end(&mut bytes).map_err(|_| Lost::Broken)?;
        Ok(bytes)
    }
}

fn read_at(file: &mut File, offset: u64, into: &mut [u8]) -> Option<()> {
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(into).ok()
}

/// Four bytes, the highest first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn take(rest: &mut &[u8]) -> Result<u8, Lost> {
    let (byte, after) = rest.split_first().ok_or(Lost::Broken)?;
    *rest = after;
    Ok(*byte)
}

/// What a delta makes of its base: pieces of the base, and bytes of its own.
fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    let (from, size) = (length(&mut rest)?, length(&mut rest)?);
    if from != base.len() || size > MAX_OBJECT {
        return None;
    }
    let mut out = Vec::with_capacity(size);
    while let Some((&what, after)) = rest.split_first() {
        rest = after;
        if what & 0x80 == 0 {
            let (own, after) = rest.split_at_checked(usize::from(what)).filter(|(own, _)| !own.is_empty())?;
            out.extend_from_slice(own);
            rest = after;
        } else {
            let mut field = |bits: std::ops::Range<u8>| -> Option<usize> {
                let mut value = 0;
                for (at, bit) in bits.enumerate() {
                    if what & (1 << bit) != 0 {
                        value |= usize::from(take(&mut rest).ok()?) << (8 * at);
                    }
                }
                Some(value)
            };
            let start = field(0..4)?;
            let count = match field(4..7)? {
                0 => 0x1_0000,
                count => count,
            };
            out.extend_from_slice(base.get(start..start.checked_add(count)?)?);
        }
        if out.len() > size {
            return None;
        }
    }
    (out.len() == size).then_some(out)
}

/// A size at the head of a delta.
fn length(rest: &mut &[u8]) -> Option<usize> {
    let (mut value, mut shift) = (0usize, 0);
    loop {
        let byte = take(rest).ok()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_delta_copies_and_adds() {
        // Five bytes become seven: two of its own, then three and two of the base.
        let delta = [5, 7, 2, b'x', b'y', 0b1001_0000, 3, 0b1001_0001, 3, 2];
        assert_eq!(apply(b"abcde", &delta), Some(b"xyabcde".to_vec()));
        assert_eq!(apply(b"abcd", &delta), None, "made for another base");
        assert_eq!(apply(b"abcde", &delta[..9]), None, "cut short");
        assert_eq!(apply(b"abcde", &[5, 9, 0b1001_0001, 4, 9]), None, "beyond the base");
        assert_eq!(apply(b"abcde", &[5, 9, 0]), None, "adds nothing");
    }

    proptest! {
        #[test]
        fn no_delta_panics(base in prop::collection::vec(any::<u8>(), 0..64), delta in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = apply(&base, &delta);
        }

        #[test]
        fn no_pack_panics(index in prop::collection::vec(any::<u8>(), 0..64), pack in prop::collection::vec(any::<u8>(), 0..256), at in 0u64..300) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("pack-a.idx");
            let table = (0..256u32).flat_map(|_| 1u32.to_be_bytes());
            let bytes: Vec<u8> = MAGIC.into_iter().chain(table).chain(index).collect();
            std::fs::write(&path, bytes).expect("a file");
            std::fs::write(path.with_extension("pack"), pack).expect("a file");
            let mut pack = Pack::open(&path).expect("its head is right");
            let mut left = 1 << 20;
            let _ = pack.find(ObjectId([0; 20]));
            let _ = pack.read(at, Kind::Commit, &mut left);
        }
    }
}
