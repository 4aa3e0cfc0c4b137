//! Fetched repositories, kept from one scan to the next: one folder for each, and beside it a lock.
//!
//! A repository belongs to whoever holds its lock: alone while it is fetched, with others while it is read. What nobody
//! used for a month is removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_collect::Stop;
use sha2::{Digest, Sha256};

use super::address::Remote;

/// How long a repository is kept that nobody asks for.
const MAX_AGE: Duration = Duration::from_hours(30 * 24);
/// How long somebody else's fetch is waited for.
const MAX_WAIT: Duration = Duration::from_hours(1);
/// How often is looked whether a lock is free.
const LOOK: Duration = Duration::from_millis(100);
/// Letters of a repository's name that its folder has; the rest of it is a digest.
const MAX_NAME: usize = 60;
/// Files in one repository that are counted.
const MAX_FILES: usize = 100_000;

/// The folder that fetched repositories are kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cache(PathBuf);

/// One repository of it, and the lock that is held on it as long as this is.
#[derive(Debug)]
pub(super) struct Held {
    /// Where the repository is, if it was fetched.
    pub(super) folder: PathBuf,
    lock: File,
}

/// Why a repository cannot be had.
#[derive(Debug)]
pub(super) enum Unheld {
    /// Somebody asked to stop.
    Stopped,
    /// Somebody else fetches it, and does not end.
    Busy,
    /// What the system said.
    Io(io::Error),
}

impl From<io::Error> for Unheld {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How a lock is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Alone,
    Shared,
}

impl Cache {
    /// A cache in a folder, which is made when something is put into it.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Takes a repository to fetch it: nobody else reads it meanwhile. What is old is removed on the way.
    pub(super) fn to_fetch(
        &self,
        remote: &Remote,
        branch: Option<&str>,
        stop: &Stop,
    ) -> Result<Held, Unheld> {
        make_private(&self.0)?;
        let mut held = self.hold(remote, branch, stop, Hold::Alone)?;
        // The time of the lock is when it was used last, by the clock of the disk.
        held.lock.set_len(0)?;
        held.lock.write_all(b"used\n")?;
        self.sweep(&held);
        Ok(held)
    }

    /// Takes a repository to read it.
    pub(super) fn to_read(&self, remote: &Remote, branch: Option<&str>, stop: &Stop) -> Result<Held, Unheld> {
        self.hold(remote, branch, stop, Hold::Shared)
    }

    fn hold(&self, remote: &Remote, branch: Option<&str>, stop: &Stop, hold: Hold) -> Result<Held, Unheld> {
        let name = name_of(remote, branch);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.0.join(format!("{name}.lock")))?;
        let begun = Instant::now();
        loop {
            let taken = match hold {
                Hold::Alone => lock.try_lock(),
                Hold::Shared => lock.try_lock_shared(),
            };
            match taken {
                Ok(()) => return Ok(Held { folder: self.0.join(format!("{name}.git")), lock }),
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) if stop.is_asked() => return Err(Unheld::Stopped),
                Err(TryLockError::WouldBlock) if begun.elapsed() > MAX_WAIT => return Err(Unheld::Busy),
                Err(TryLockError::WouldBlock) => sleep(LOOK),
            }
        }
    }

    /// Removes what was not used for long. What cannot be removed is left to another time.
    fn sweep(&self, held: &Held) {
        let Ok(now) = held.lock.metadata().and_then(|about| about.modified()) else { return };
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_old = || -> io::Result<bool> {
                let used = entry.metadata()?.modified()?;
                Ok(now.duration_since(used).is_ok_and(|age| age > MAX_AGE))
            };
            let repository = path.with_extension("git");
            let is_lock = path.extension().is_some_and(|extension| extension == "lock");
            if !is_lock || !repository.is_dir() || !is_old().unwrap_or(false) {
                continue;
            }
            let lock = OpenOptions::new().read(true).write(true).open(&path);
            if let Ok(lock) = lock
                && lock.try_lock().is_ok()
            {
                // The lock itself stays: somebody may wait for it.
                let _ = fs::remove_dir_all(&repository);
            }
        }
    }
}

impl Held {
    /// Bytes that it takes on disk.
    pub(super) fn size(&self) -> u64 {
        size_of(&self.folder)
    }
}

/// Bytes of all files in a folder, as far as they are counted.
fn size_of(folder: &Path) -> u64 {
    let (mut size, mut files) = (0u64, 0);
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        // What disappears meanwhile has no size.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            files += 1;
            match entry.metadata() {
                _ if files > MAX_FILES => return size,
                Ok(about) if about.is_dir() => pending.push(entry.path()),
                Ok(about) => size = size.saturating_add(about.len()),
                Err(_) => {}
            }
        }
    }
    size
}

/// What the folder of a repository is called: readable, and another one for each address and branch.
fn name_of(remote: &Remote, branch: Option<&str>) -> String {
    let mut digest = Sha256::new();
    digest.update(remote.url.as_bytes());
    digest.update([0]);
    digest.update(branch.unwrap_or_default().as_bytes());
    let digest = digest.finalize();
    let readable: String = format!("{}-{}", remote.host, remote.name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .take(MAX_NAME)
        .collect();
    digest.iter().take(8).fold(readable + "-", |name, byte| name + &format!("{byte:02x}"))
}

/// Makes a folder that only its user can look into: what is in it may be secret to others.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(name: &str) -> Remote {
        let url = format!("https://host/{name}.git");
        Remote {
            url,
            protocol: "https",
            host: "host".to_owned(),
            path: name.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn every_address_and_branch_has_a_folder_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("a/b"));
        let stop = Stop::new();
        let mut folders: Vec<String> = Vec::new();
        for (name, branch) in [("x", None), ("x", Some("main")), ("y", None), ("../../x y", None)] {
            let held = cache.to_fetch(&remote(name), branch, &stop).unwrap();
            assert_eq!(held.folder.parent(), Some(cache.folder()));
            folders.push(held.folder.file_name().unwrap().to_string_lossy().into_owned());
        }
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), 4, "{folders:?}");
        assert!(folders[0].starts_with("host-______x_y-"), "{folders:?}");
    }

    #[test]
    fn who_fetches_is_alone_and_who_reads_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        let stop = Stop::new();
        stop.ask();
        let fetching = cache.to_fetch(&remote("x"), None, &stop).unwrap();
        assert!(matches!(cache.to_read(&remote("x"), None, &stop), Err(Unheld::Stopped)));
        assert!(cache.to_read(&remote("y"), None, &stop).is_ok());
        drop(fetching);
        let reading = cache.to_read(&remote("x"), None, &stop).unwrap();
        assert!(cache.to_read(&remote("x"), None, &stop).is_ok());
        assert!(matches!(cache.to_fetch(&remote("x"), None, &stop), Err(Unheld::Stopped)));
        drop(reading);
        assert!(cache.to_fetch(&remote("x"), None, &stop).is_ok());
    }

    #[test]
    fn what_nobody_used_for_a_month_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().to_owned());
        let stop = Stop::new();
        let names = ["old", "held", "young"];
        let held = names.map(|name| cache.to_fetch(&remote(name), None, &stop).unwrap());
        for (held, days) in held.iter().zip([31, 31, 29]) {
            fs::create_dir(&held.folder).unwrap();
            let used = held.lock.metadata().unwrap().modified().unwrap() - Duration::from_hours(24 * days);
            held.lock.set_modified(used).unwrap();
        }
        let folders = held.map(|held| held.folder);
        let reading = cache.to_read(&remote("held"), None, &stop).unwrap();
        cache.to_fetch(&remote("new"), None, &stop).unwrap();
        let left: Vec<bool> = folders.iter().map(|folder| folder.is_dir()).collect();
        assert_eq!(left, [false, true, true]);
        drop(reading);
    }

    #[test]
    fn the_size_is_that_of_all_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), [0; 10]).unwrap();
        fs::write(folder.path().join("d"), [0; 5]).unwrap();
        assert_eq!(size_of(folder.path()), 15);
        assert_eq!(size_of(&folder.path().join("gone")), 0);
    }
}
