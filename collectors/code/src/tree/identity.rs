//! What tells, without reading a file, that it is the one that was read before.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::objects::ObjectId;

/// A file that was changed so shortly ago may be changed once more without its times telling.
const UNSETTLED: Duration = Duration::from_millis(100);
/// The same, where times are kept in whole seconds.
const UNSETTLED_COARSE: Duration = Duration::from_secs(2);

/// What stays the same as long as a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Identity {
    /// The name of an object, which says what is in it.
    Blob([u8; 20]),
    /// What the system keeps about a file on disk.
    File(Stat),
}

/// What the system keeps about a file on disk. Whoever changes the file can set the time of its content back, but not the
/// time of its last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stat {
    device: u64,
    number: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    /// That of an object.
    pub(super) fn of_blob(id: ObjectId) -> Self {
        Self::Blob(id.0)
    }

    /// That of a regular file, unless it was changed so shortly ago that nothing tells a further change.
    #[cfg(unix)]
    #[expect(
        clippy::disallowed_methods,
        reason = "it only says whether the file is read once more: no answer depends on it"
    )]
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let about = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        let stat = Stat {
            device: about.dev(),
            number: about.ino(),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        };
        stat.is_settled(SystemTime::now()).then_some(Self::File(stat))
    }

    /// Other systems do not say when a file was changed last.
    #[cfg(not(unix))]
    pub(super) fn of_file(_: &Path) -> Option<Self> {
        None
    }

    /// Adds it to a hash.
    pub(crate) fn update(&self, hasher: &mut blake3::Hasher) {
        match self {
            Self::Blob(id) => {
                hasher.update(id);
            }
            Self::File(stat) => {
                for number in [stat.device, stat.number, stat.size] {
                    hasher.update(&number.to_le_bytes());
                }
                for (seconds, nanoseconds) in [stat.modified, stat.changed] {
                    hasher.update(&seconds.to_le_bytes()).update(&nanoseconds.to_le_bytes());
                }
            }
        }
    }
}

impl Stat {
    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let is_coarse = nanoseconds == 0 && self.modified.1 == 0;
        let needed = if is_coarse { UNSETTLED_COARSE } else { UNSETTLED };
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else {
            return false;
        };
        let changed = UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds));
        changed.and_then(|changed| now.duration_since(changed).ok()).is_some_and(|ago| ago > needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_just_now_is_not_settled() {
        let stat = |seconds, nanoseconds| Stat {
            device: 1,
            number: 2,
            size: 3,
            modified: (seconds, nanoseconds),
            changed: (seconds, nanoseconds),
        };
        let now = UNIX_EPOCH + Duration::new(1000, 500_000_000);
        let settled =
            [(1000, 300_000_000), (998, 0), (-1, 5), (0, 1)].map(|(s, n)| stat(s, n).is_settled(now));
        assert_eq!(settled, [true, true, false, true]);
        let unsettled = [(1000, 450_000_000), (1000, 0), (999, 0), (1001, 1), (i64::MAX, 1), (5, -1)];
        assert!(unsettled.iter().all(|(s, n)| !stat(*s, *n).is_settled(now)));
    }
}
