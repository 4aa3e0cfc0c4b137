//! What git knows about a work tree, read from its files and without running git.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asmm_model::{Gap, GapReason};

use super::index::{IndexError, Tracked};
use super::read::{Links, Unread, open_regular, read_regular};
use super::rules::{MAX_BYTES, Rules, as_path};

/// The largest index that is read; one of a million files has about 100 MiB.
const MAX_INDEX: u64 = 256 << 20;
/// HEAD, a loose ref, a `.git` file: one line each.
const MAX_LINE_FILE: u64 = 8 * 1024;
/// How much of a configuration is read.
const MAX_CONFIG: u64 = 64 * 1024;
/// How much of the packed refs is searched.
const MAX_PACKED_REFS: u64 = 64 << 20;
/// How much of the list of commits is read at which a history was cut off.
const MAX_SHALLOW: u64 = 4 << 20;
/// A ref may name another ref; git itself stops at this many.
const MAX_REF_STEPS: usize = 5;
/// Repositories within repositories whose `info/exclude` is held in memory at a time.
const MAX_NESTED_EXCLUDES: usize = 4;

/// Where git keeps what belongs to a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitFolder {
    /// HEAD and the index.
    own: PathBuf,
    /// Refs and excludes; another folder than `own` in a linked work tree.
    common: PathBuf,
}

impl GitFolder {
    /// The git folder of the work tree whose top folder is `top`, if it is one.
    pub(super) fn of(top: &Path) -> Option<Self> {
        let dot_git = top.join(".git");
        let own = if dot_git.metadata().ok()?.is_dir() {
            dot_git
        } else {
            let line = line_of(&dot_git)?;
            top.join(as_path(line.strip_prefix(b"gitdir:")?.trim_ascii()))
        };
        let head = line_of(&own.join("HEAD"))?;
        if !head.starts_with(b"ref:") && object_name(&head).is_none() {
            return None;
        }
        let common = match line_of(&own.join("commondir")) {
            Some(line) => own.join(as_path(&line)),
            None => own.clone(),
        };
        Some(Self { own, common })
    }

    /// The repository without a work tree that the folder is, if it is one. A link in it would lead to another one.
    pub(super) fn bare(folder: &Path) -> Option<Self> {
        let is = |name: &str, what: fn(&std::fs::Metadata) -> bool| {
            folder.join(name).symlink_metadata().is_ok_and(|about| what(&about))
        };
        let head = line_of(&folder.join("HEAD"))?;
        let has_refs = is("refs", std::fs::Metadata::is_dir) || is("packed-refs", std::fs::Metadata::is_file);
        let has_head = head.starts_with(b"ref:") || object_name(&head).is_some();
        (has_head && has_refs && is("objects", std::fs::Metadata::is_dir))
            .then(|| Self { own: folder.to_owned(), common: folder.to_owned() })
    }

    /// The commit or tag that a branch, a tag or a full name of a reference stands for; a commit stands for itself.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        if let Some(commit) = object_name(name.as_bytes()) {
            return Some(commit);
        }
        let names = [name.to_owned(), format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        names.into_iter().find_map(|name| {
            ref_name(name.as_bytes())?;
            self.follow(format!("ref: {name}").into_bytes())
        })
    }

    /// Whether its references are kept in a way that is not read.
    pub(super) fn has_ref_tables(&self) -> bool {
        self.common.join("reftable").is_dir()
    }

    /// The commit that HEAD names, in hexadecimal. `None` before the first commit.
    pub(super) fn commit(&self) -> Option<String> {
        self.follow(line_of(&self.own.join("HEAD"))?)
    }

    fn follow(&self, mut line: Vec<u8>) -> Option<String> {
        for _ in 0..MAX_REF_STEPS {
            let Some(name) = line.strip_prefix(b"ref:") else {
                return object_name(&line);
            };
            let name = ref_name(name.trim_ascii())?.to_owned();
            // The refs of a single work tree (a bisection, say) are in its own folder, the others in the common one.
            match line_of(&self.own.join(&name)).or_else(|| line_of(&self.common.join(&name))) {
                Some(next) => line = next,
                None => return self.packed(&name),
            }
        }
        None
    }

    /// The address that the repository was cloned from, as its configuration has it.
    pub(super) fn origin(&self) -> Option<String> {
        let mut text = String::new();
        let file = std::fs::File::open(self.common.join("config")).ok()?;
        file.take(MAX_CONFIG).read_to_string(&mut text).ok()?;
        let mut is_origin = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                is_origin = line == "[remote \"origin\"]";
            } else if let Some(("url", address)) =
                line.split_once('=').filter(|_| is_origin).map(|(key, value)| (key.trim(), value.trim()))
            {
                return Some(address.to_owned());
            }
        }
        None
    }

    /// Where HEAD is.
    pub(super) fn own(&self) -> &Path {
        &self.own
    }

    /// Where the objects are.
    pub(super) fn objects(&self) -> PathBuf {
        self.common.join("objects")
    }

    /// Whether the history was cut off by whoever made the clone.
    pub(super) fn is_shallow(&self) -> bool {
        self.common.join("shallow").is_file()
    }

    /// Where the history was cut off, as far as it is read; of a file that is larger, its size.
    pub(super) fn shallow(&self) -> Option<Vec<u8>> {
        let path = self.common.join("shallow");
        let mut bytes = Vec::new();
        match read_regular(&path, Links::Follow, MAX_SHALLOW, &mut bytes) {
            Ok(()) => Some(bytes),
            Err(_) => path.metadata().ok().map(|about| about.len().to_le_bytes().to_vec()),
        }
    }

    fn packed(&self, name: &str) -> Option<String> {
        let refs = open_regular(&self.common.join("packed-refs"), Links::Follow).ok()?;
        let mut lines = BufReader::new(refs.take(MAX_PACKED_REFS));
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            let mut words = line.trim_ascii().splitn(2, |byte| *byte == b' ');
            if let (Some(object), Some(packed)) = (words.next(), words.next())
                && packed == name.as_bytes()
            {
                return object_name(object);
            }
        }
    }
}

/// The only line of a small file, without the line end.
fn line_of(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    read_regular(path, Links::Follow, MAX_LINE_FILE, &mut bytes).ok()?;
    Some(bytes.trim_ascii().to_vec())
}

/// A ref below `refs/` that does not lead out of the git folder.
fn ref_name(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let sound = name.starts_with("refs/") && !name.split('/').any(|part| part == ".." || part.is_empty());
    sound.then_some(name)
}

/// The name of an object, SHA-1 or SHA-256.
fn object_name(bytes: &[u8]) -> Option<String> {
    let hexadecimal = matches!(bytes.len(), 40 | 64) && bytes.iter().all(u8::is_ascii_hexdigit);
    hexadecimal.then(|| String::from_utf8_lossy(bytes).to_ascii_lowercase())
}

/// A repository whose work tree is walked. Paths are given from the top of the walk, which may lie in another one.
#[derive(Debug)]
pub(super) struct Repository {
    /// Where in a path the part begins that this repository knows.
    start: usize,
    /// `None` if the index cannot be used: then nothing may be left out, since it might be tracked.
    tracked: Option<Tracked>,
    exclude: Option<Rules>,
    outer: Option<Arc<Self>>,
}

impl Repository {
    /// Reads the index and `info/exclude`. The gap says, under the name `shown`, that the index cannot be used.
    pub(super) fn load(
        git: &GitFolder,
        start: usize,
        outer: Option<Arc<Self>>,
        shown: &str,
    ) -> (Self, Option<Gap>) {
        let (tracked, gap) = match tracked(git) {
            Ok(tracked) => (Some(tracked), None),
            Err((why, cause)) => {
                let detail = format!(
                    "the git index cannot be used ({cause}), so tracked files cannot be told from ignored ones; \
                     every file is scanned"
                );
                (None, Some(Gap::new(shown, why).because(detail)))
            }
        };
        let nesting = std::iter::successors(outer.as_deref(), |inner| inner.outer.as_deref()).count();
        let limit = if nesting < MAX_NESTED_EXCLUDES { MAX_BYTES } else { 0 };
        let exclude = Rules::read(&git.common.join("info/exclude"), Links::Follow, limit);
        (Self { start, tracked, exclude, outer }, gap)
    }

    /// Whether tracked files can be told from others, so that ignore rules may be applied.
    pub(super) fn is_certain(&self) -> bool {
        self.tracked.is_some()
    }

    /// Whether this repository or one around it tracks the file.
    pub(super) fn tracks(&self, path: &[u8]) -> bool {
        self.around().any(|(tracked, start)| tracked.file(path.get(start..).unwrap_or_default()))
    }

    /// Whether it wants another repository to be at the path.
    pub(super) fn wants_repository(&self, path: &[u8]) -> bool {
        self.tracked
            .as_ref()
            .is_some_and(|tracked| tracked.submodule(path.get(self.start..).unwrap_or_default()))
    }

    /// Whether this repository or one around it tracks something in the folder.
    pub(super) fn tracks_in(&self, path: &[u8]) -> bool {
        self.around().any(|(tracked, start)| tracked.folder(path.get(start..).unwrap_or_default()))
    }

    fn around(&self) -> impl Iterator<Item = (&Tracked, usize)> {
        std::iter::successors(Some(self), |inner| inner.outer.as_deref())
            .filter_map(|repository| Some((repository.tracked.as_ref()?, repository.start)))
    }

    /// `info/exclude`, with the part of `path` that its patterns are about.
    pub(super) fn exclude<'a>(&self, path: &'a [u8]) -> Option<(&Rules, &'a [u8])> {
        Some((self.exclude.as_ref()?, path.get(self.start..)?))
    }
}

fn tracked(git: &GitFolder) -> Result<Tracked, (GapReason, String)> {
    let mut bytes = Vec::new();
    match read_regular(&git.own.join("index"), Links::Follow, MAX_INDEX, &mut bytes) {
        Ok(()) => Tracked::parse(&bytes).map_err(|error| match error {
            IndexError::Broken => (GapReason::Unparsable, "it is broken".to_owned()),
            IndexError::Unsupported(what) => (GapReason::Unsupported, what.to_owned()),
        }),
        Err(Unread::TooLarge) => {
            Err((GapReason::TooLarge, format!("it is larger than {} MiB", MAX_INDEX >> 20)))
        }
        Err(Unread::NotAFile) => Err((GapReason::Unsupported, "it is not a regular file".to_owned())),
        Err(Unread::Io(error)) => match error.kind() {
            // Before the first `git add` there is none. With a commit, somebody took it away.
            io::ErrorKind::NotFound if git.commit().is_none() => Ok(Tracked::default()),
            io::ErrorKind::NotFound => Err((GapReason::Failed, "it is missing".to_owned())),
            io::ErrorKind::PermissionDenied => {
                Err((GapReason::Denied, "this user may not read it".to_owned()))
            }
            kind => Err((GapReason::Failed, kind.to_string())),
        },
    }
}
