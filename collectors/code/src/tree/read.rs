//! Bounded reading of regular files, and of nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use asmm_model::{Gap, GapReason};

/// Why a file was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// More than the limit.
    TooLarge,
    /// A link, FIFO, socket, device or folder.
    NotAFile,
    /// What the system said.
    Io(io::Error),
}

/// Whether a link at the end of the path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Follow,
    Refuse,
}

/// `O_NONBLOCK`: opening a FIFO returns at once. It has no effect on a regular file.
/// `O_NOFOLLOW`: a link put in the place of the file is not followed.
/// The numbers are part of the kernel's binary interface; where they are not known, the type is checked before opening.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "x86", target_arch = "riscv64", target_arch = "s390x")
))]
const FLAGS: Option<(i32, i32)> = Some((0o4000, 0o400_000));
#[cfg(all(
    target_os = "linux",
    any(target_arch = "aarch64", target_arch = "arm", target_arch = "powerpc64")
))]
const FLAGS: Option<(i32, i32)> = Some((0o4000, 0o100_000));
#[cfg(target_vendor = "apple")]
const FLAGS: Option<(i32, i32)> = Some((0x4, 0x100));
#[cfg(not(any(
    all(
        target_os = "linux",
        any(
            target_arch = "x86_64",
            target_arch = "x86",
            target_arch = "riscv64",
            target_arch = "s390x",
            target_arch = "aarch64",
            target_arch = "arm",
            target_arch = "powerpc64"
        )
    ),
    target_vendor = "apple"
)))]
const FLAGS: Option<(i32, i32)> = None;

/// Opens a regular file without ever waiting for a peer, and makes sure that it is one after opening it.
pub(super) fn open_regular(path: &Path, links: Links) -> Result<File, Unread> {
    let mut options = OpenOptions::new();
    options.read(true);
    match FLAGS {
        #[cfg(unix)]
        Some((nonblock, nofollow)) => {
            use std::os::unix::fs::OpenOptionsExt;
            options.custom_flags(if links == Links::Refuse { nonblock | nofollow } else { nonblock });
        }
        _ => {
            let kind = match links {
                Links::Follow => path.metadata(),
                Links::Refuse => path.symlink_metadata(),
            };
            if !kind.map_err(Unread::Io)?.is_file() {
                return Err(Unread::NotAFile);
            }
        }
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        // What O_NOFOLLOW answers has no stable kind; a link is told by looking.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Unread::Io(error),
        _ if path.symlink_metadata().is_ok_and(|now| !now.is_file()) => Unread::NotAFile,
        _ => Unread::Io(error),
    })?;
    if !file.metadata().map_err(Unread::Io)?.is_file() {
        return Err(Unread::NotAFile);
    }
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes into `buffer`, replacing what was in it.
pub(super) fn read_regular(
    path: &Path,
    links: Links,
    limit: u64,
    buffer: &mut Vec<u8>,
) -> Result<(), Unread> {
    buffer.clear();
    let mut file = open_regular(path, links)?;
    let size = file.metadata().map_err(Unread::Io)?.len();
    if size > limit {
        return Err(Unread::TooLarge);
    }
    // One byte more than the size lets the read that meets the end find room, so that the buffer never doubles.
    buffer.reserve(usize::try_from(size).unwrap_or(0).saturating_add(1));
    // One byte past the limit tells a file that grew from one that just fits. `read_to_end` retries when interrupted.
    if let Err(error) = (&mut file).take(limit.saturating_add(1)).read_to_end(buffer) {
        buffer.clear();
        return Err(Unread::Io(error));
    }
    if buffer.len() as u64 > limit {
        buffer.clear();
        return Err(Unread::TooLarge);
    }
    Ok(())
}

/// Reads the first `limit` bytes of a regular file into `buffer`, replacing what was in it; gives its whole size.
pub(super) fn head(path: &Path, limit: u64, buffer: &mut Vec<u8>) -> Result<u64, Unread> {
    buffer.clear();
    let mut file = open_regular(path, Links::Refuse)?;
    let size = file.metadata().map_err(Unread::Io)?.len();
    if let Err(error) = (&mut file).take(limit).read_to_end(buffer) {
        buffer.clear();
        return Err(Unread::Io(error));
    }
    Ok(size)
}

impl Unread {
    /// The gap to report under the name `path`.
    pub(super) fn gap(self, path: &str, limit: u64) -> Gap {
        let gap = |why, detail: String| Gap::new(path, why).because(detail);
        match self {
            Self::TooLarge => gap(GapReason::TooLarge, format!("larger than {limit} bytes")),
            Self::NotAFile => gap(GapReason::Unsupported, "not a regular file when it was opened".to_owned()),
            Self::Io(error) => match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    gap(GapReason::Denied, "this user may not read the file".to_owned())
                }
                io::ErrorKind::NotFound => gap(GapReason::Failed, "disappeared while it was read".to_owned()),
                kind => gap(GapReason::Failed, format!("could not be read: {kind}")),
            },
        }
    }
}

/// Reads the regular file at `full` into `buffer`, replacing what was in it. At most `limit` bytes.
///
/// A link is not followed, and a FIFO is not waited for. The error is the gap to report under the name `path`; the
/// buffer is then empty.
pub fn read_bounded(full: &Path, path: &str, limit: u64, buffer: &mut Vec<u8>) -> Result<(), Gap> {
    read_regular(full, Links::Refuse, limit, buffer).map_err(|unread| unread.gap(path, limit))
}
