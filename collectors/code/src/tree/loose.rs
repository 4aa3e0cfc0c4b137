//! An object in a file of its own: its kind and its size, and then what it holds, all of it compressed.

use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use gix_object::Kind;

use super::objects::ObjectId;
use super::read::{Links, read_regular};

/// Bytes of what stands before the content.
const MAX_HEADER: usize = 64;

/// What one thread unpacks such objects with.
pub(super) struct Unpacker {
    state: Decompress,
    packed: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(true), packed: Vec::new() }
    }

    /// Unpacks an object of at most `limit` bytes into `buffer`, and gives its kind. None where there is no such file, or
    /// anything about it is not as it should be; the buffer is then empty.
    pub(super) fn read(
        &mut self,
        objects: &Path,
        id: ObjectId,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Option<Kind> {
        buffer.clear();
        // What cannot be made smaller grows by its frame alone.
        let most = limit.saturating_add(limit / 8).saturating_add(1024);
        read_regular(&id.loose(objects), Links::Refuse, most, &mut self.packed).ok()?;
        let kind = self.unpack(limit, buffer);
        if kind.is_none() {
            buffer.clear();
        }
        kind
    }

    fn unpack(&mut self, limit: u64, buffer: &mut Vec<u8>) -> Option<Kind> {
        self.state.reset(true);
        let mut head = [0; MAX_HEADER];
        self.state.decompress(&self.packed, &mut head, FlushDecompress::None).ok()?;
        let head = head.get(..usize::try_from(self.state.total_out()).ok()?)?;
        let (kind, size, begin) = gix_object::decode::loose_header(head).ok()?;
        if size > limit {
            return None;
        }
        let size = usize::try_from(size).ok()?;
        // Room for one byte more tells an object that holds more than it says.
        buffer.reserve(size + 1);
        buffer.extend_from_slice(&head[begin..]);
        let mut ended = false;
        while !ended && buffer.len() < buffer.capacity() {
            let (before, read) = (buffer.len(), self.state.total_in());
            let rest = self.packed.get(usize::try_from(read).ok()?..)?;
            ended =
                self.state.decompress_vec(rest, buffer, FlushDecompress::Finish).ok()? == Status::StreamEnd;
            if !ended && buffer.len() == before && self.state.total_in() == read {
                return None;
            }
        }
        (ended && buffer.len() == size).then_some(kind)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn read(text: &[u8], limit: u64) -> Option<(Kind, Vec<u8>)> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text).unwrap();
        read_packed(&packed.finish().unwrap(), limit)
    }

    fn read_packed(packed: &[u8], limit: u64) -> Option<(Kind, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let id = ObjectId([7; 20]);
        let path = id.loose(folder.path());
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(path, packed).unwrap();
        let mut buffer = b"before".to_vec();
        let kind = Unpacker::new().read(folder.path(), id, limit, &mut buffer);
        if kind.is_none() {
            assert_eq!(buffer, b"");
        }
        kind.map(|kind| (kind, buffer))
    }

    #[test]
    fn an_object_is_what_its_header_says() {
        assert_eq!(read(b"blob 5\0hello", 5), Some((Kind::Blob, b"hello".to_vec())));
        assert_eq!(read(b"tree 0\0", 0), Some((Kind::Tree, Vec::new())));
        let long = vec![b'x'; 100_000];
        let object = [b"blob 100000\0".as_slice(), &long].concat();
        assert_eq!(read(&object, 100_000), Some((Kind::Blob, long)));
    }

    #[test]
    fn what_is_not_as_it_should_be_is_left_to_others() {
        assert_eq!(read(b"blob 5\0hello", 4), None, "larger than the limit");
        assert_eq!(read(b"blob 4\0hello", 9), None, "holds more than it says");
        assert_eq!(read(b"blob 6\0hello", 9), None, "holds less than it says");
        assert_eq!(read(b"blob x\0hello", 9), None);
        assert_eq!(read(b"loaf 5\0hello", 9), None);
        assert_eq!(read(b"", 9), None);
        assert_eq!(read_packed(b"", 9), None);
        assert_eq!(read_packed(b"no stream of zlib at all", 9), None);
        let bomb = [b"blob 5\0".as_slice(), &vec![0; 50 << 20]].concat();
        assert_eq!(read(&bomb, 1 << 30), None);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"blob 5\0hello").unwrap();
        let packed = packed.finish().unwrap();
        for end in 0..packed.len() {
            assert_eq!(read_packed(&packed[..end], 9), None, "cut after {end} bytes");
        }
    }
}
