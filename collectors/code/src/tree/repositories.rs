//! Folders of repositories: which repositories lie below a folder, with a work tree or without one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git::GitFolder;

/// Folders upon folders that are entered; groups of GitLab may be twenty deep, and hardly ever are four.
const MAX_DEPTH: usize = 8;
/// Entries that are looked at.
const MAX_ENTRIES: usize = 500_000;

/// What lies below a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repositories {
    /// The repositories, sorted, as paths that begin with that of the folder.
    pub found: Vec<PathBuf>,
    /// How many others there are that patterns leave out.
    pub left_out: usize,
    /// Folders that could not be listed, or lie too deep to be entered.
    pub unread: Vec<PathBuf>,
    /// Whether there are files that are in no repository.
    pub has_others: bool,
}

/// Which of many repositories are wanted, by their paths from the place on that holds all of them.
///
/// A pattern is one of an ignore file: `NAME` is a name at any level, `acme/*` a path.
#[derive(Debug, Clone)]
pub struct Patterns {
    /// All where there is none.
    include: Option<Gitignore>,
    exclude: Gitignore,
}

impl Patterns {
    /// Reads patterns. Without one in `include`, all are included.
    ///
    /// # Errors
    /// One of them is no pattern.
    pub fn of(include: &[String], exclude: &[String]) -> io::Result<Self> {
        let included = if include.is_empty() { None } else { Some(patterns(include)?) };
        Ok(Self { include: included, exclude: patterns(exclude)? })
    }

    /// Whether they leave a repository of this path.
    pub fn leave(&self, path: &Path) -> bool {
        let is_in = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, true).is_ignore();
        self.include.as_ref().is_none_or(is_in) && !is_in(&self.exclude)
    }
}

/// Looks for repositories below a folder, but not within one. Links and folders whose names begin with a dot are left alone.
/// A repository is called without the `.git` that its name may end in.
///
/// # Errors
/// The folder itself cannot be listed, or holds too much.
pub fn repositories(folder: &Path, include: &[String], exclude: &[String]) -> io::Result<Repositories> {
    let wanted = Patterns::of(include, exclude)?;
    let mut all = Repositories::default();
    let mut pending = vec![(folder.to_owned(), 0usize)];
    let mut entries = 0;
    while let Some((at, depth)) = pending.pop() {
        let listed = match fs::read_dir(&at) {
            Err(error) if depth == 0 => return Err(error),
            Err(_) => None,
            Ok(_) if depth > MAX_DEPTH => None,
            Ok(listed) => Some(listed),
        };
        let Some(listed) = listed else {
            all.unread.push(at);
            continue;
        };
        for entry in listed.flatten() {
            entries += 1;
            if entries > MAX_ENTRIES {
                return Err(io::Error::other(
                    "it holds too many folders and files that are in no repository",
                ));
            }
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_folder || is_hidden {
                all.has_others |= !is_hidden;
            } else if GitFolder::of(&path).is_some() || GitFolder::bare(&path).is_some() {
                if wanted.leave(&called(&path, folder)) {
                    all.found.push(path);
                } else {
                    all.left_out += 1;
                }
            } else {
                pending.push((path, depth + 1));
            }
        }
    }
    all.found.sort();
    all.unread.sort();
    Ok(all)
}

/// The path of a repository below the folder, without the ending that bare ones have.
fn called(path: &Path, folder: &Path) -> PathBuf {
    let below = path.strip_prefix(folder).unwrap_or(path);
    if below.extension().is_some_and(|extension| extension == "git") {
        below.with_extension("")
    } else {
        below.to_owned()
    }
}

/// Says what is wrong with a pattern, if anything is.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.starts_with(['!', '#']) || pattern.contains(['\n', '\0']) {
        return Err("is no pattern for names of repositories, such as `acme/*`".to_owned());
    }
    patterns(&[pattern.to_owned()]).map(|_| ()).map_err(|error| error.to_string())
}

fn patterns(given: &[String]) -> io::Result<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for pattern in given {
        builder.add_line(None, pattern).map_err(io::Error::other)?;
    }
    builder.build().map_err(io::Error::other)
}
