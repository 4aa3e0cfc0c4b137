//! The commits behind a work tree: who wrote them, when, and whether they changed a folder.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Kind, Lost, ObjectId, Objects};

/// Commits that are looked at.
pub(crate) const MAX_COMMITS: usize = 1000;
/// Seconds before the newest commit that count: a year. Nothing here knows what time it is.
const MAX_AGE: i64 = 366 * 24 * 60 * 60;

/// What stands before each other author in a message.
const CO_AUTHORED: &[u8] = b"co-authored-by:";
/// Other authors of one commit.
const MAX_OTHERS: usize = 20;
/// Bytes of one.
const MAX_AUTHOR: usize = 400;

/// What is kept of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    /// `Name <address>`, as it was given.
    pub(crate) author: String,
    /// Others who are said to have written it, in the same form.
    pub(crate) others: Vec<String>,
    /// Seconds since 1970.
    pub(super) time: i64,
}

/// How the reading of a history ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At the first commit, or at a bound.
    Whole,
    /// At a commit that a shallow clone does not have.
    Shallow,
    /// At an object that cannot be read.
    Broken,
}

/// The history of HEAD.
#[derive(Debug)]
pub(crate) struct History {
    objects: Objects,
    head: ObjectId,
    is_shallow: bool,
    /// The scanned folder, from the top of the repository.
    below: String,
    commits: BTreeMap<ObjectId, Commit>,
    /// What stands at a path of a tree.
    entries: BTreeMap<(ObjectId, String), Option<ObjectId>>,
    /// The tree that was read last: the next folder is often in it, too.
    last: Option<(ObjectId, Vec<u8>)>,
}

impl History {
    pub(super) fn new(objects: Objects, head: ObjectId, is_shallow: bool, below: String) -> Self {
        Self {
            objects,
            head,
            is_shallow,
            below,
            commits: BTreeMap::new(),
            entries: BTreeMap::new(),
            last: None,
        }
    }

    /// Calls `on` for each commit of the last year, the newest first, with those of `folders` that it changed. Merges
    /// change nothing themselves.
    pub(crate) fn walk(&mut self, folders: &BTreeSet<String>, on: &mut dyn FnMut(&Commit, &[&str])) -> End {
        match self.try_walk(folders, on) {
            Ok(()) | Err(Lost::Spent) => End::Whole,
            Err(Lost::Missing) if self.is_shallow => End::Shallow,
            Err(Lost::Missing | Lost::Broken) => End::Broken,
        }
    }

    fn try_walk(
        &mut self,
        folders: &BTreeSet<String>,
        on: &mut dyn FnMut(&Commit, &[&str]),
    ) -> Result<(), Lost> {
        let newest = self.commit(self.head)?.time;
        let mut waiting = BTreeSet::from([(newest, self.head)]);
        let mut seen = BTreeSet::from([self.head]);
        for _ in 0..MAX_COMMITS {
            let Some((time, id)) = waiting.pop_last() else { break };
            if time < newest.saturating_sub(MAX_AGE) {
                break;
            }
            let commit = self.commit(id)?;
            for parent in &commit.parents {
                if seen.insert(*parent) {
                    waiting.insert((self.commit(*parent)?.time, *parent));
                }
            }
            if commit.parents.len() < 2 {
                let mut changed = Vec::new();
                for folder in folders {
                    if self.changes(&commit, folder)? {
                        changed.push(folder.as_str());
                    }
                }
                on(&commit, &changed);
            }
        }
        Ok(())
    }

    fn commit(&mut self, id: ObjectId) -> Result<Commit, Lost> {
        if let Some(known) = self.commits.get(&id) {
            return Ok(known.clone());
        }
        let commit = Commit::parse(&self.objects.read(id, Kind::Commit)?).ok_or(Lost::Broken)?;
        self.commits.insert(id, commit.clone());
        Ok(commit)
    }

    fn changes(&mut self, commit: &Commit, folder: &str) -> Result<bool, Lost> {
        let parts = [self.below.as_str(), folder];
        let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let now = self.entry(commit.tree, &path)?;
        let before = match commit.parents.first() {
            Some(parent) => {
                let tree = self.commit(*parent)?.tree;
                self.entry(tree, &path)?
            }
            None => None,
        };
        Ok(now != before)
    }

    /// What stands at a path below a tree.
    fn entry(&mut self, tree: ObjectId, path: &str) -> Result<Option<ObjectId>, Lost> {
        if path.is_empty() {
            return Ok(Some(tree));
        }
        let key = (tree, path.to_owned());
        if let Some(known) = self.entries.get(&key) {
            return Ok(*known);
        }
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let found = match self.child(tree, first)? {
            Some((_, id)) if rest.is_empty() => Some(id),
            Some((true, id)) => self.entry(id, rest)?,
            _ => None,
        };
        self.entries.insert(key, found);
        Ok(found)
    }
}

impl History {
    fn child(&mut self, tree: ObjectId, name: &str) -> Result<Option<(bool, ObjectId)>, Lost> {
        if self.last.as_ref().is_none_or(|(known, _)| *known != tree) {
            self.last = Some((tree, self.objects.read(tree, Kind::Tree)?));
        }
        Ok(self.last.as_ref().and_then(|(_, content)| find(content, name.as_bytes())))
    }
}

impl Commit {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut tree, mut parents, mut author, mut time) = (None, Vec::new(), None, None);
        for line in bytes.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
            let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
            let (name, value) = (&line[..space], &line[space + 1..]);
            match name {
                b"tree" => tree = Some(ObjectId::parse(value)?),
                b"parent" => parents.push(ObjectId::parse(value)?),
                b"author" => author = Some(split_time(value)?.0),
                b"committer" => time = Some(split_time(value)?.1),
                _ => {}
            }
        }
        let message =
            bytes.windows(2).position(|pair| pair == b"\n\n").map_or(&bytes[..0], |at| &bytes[at + 2..]);
        let others = co_authors(message);
        Some(Self { tree: tree?, parents, author: author?, others, time: time? })
    }
}

/// Whom a message names with `Co-authored-by:`, each as `Name <address>`.
pub(crate) fn co_authors(message: &[u8]) -> Vec<String> {
    let lines = message.split(|byte| *byte == b'\n');
    let named = lines.filter_map(|line| {
        let (key, value) = line.split_at_checked(CO_AUTHORED.len())?;
        let value = value.get(..value.len().min(MAX_AUTHOR))?;
        key.eq_ignore_ascii_case(CO_AUTHORED).then(|| String::from_utf8_lossy(value).trim().to_owned())
    });
    named.take(MAX_OTHERS).collect()
}

/// `Name <address>`, and the seconds that follow it.
fn split_time(value: &[u8]) -> Option<(String, i64)> {
    let end = value.iter().rposition(|byte| *byte == b'>')?;
    let rest = std::str::from_utf8(&value[end + 1..]).ok()?;
    let time = rest.split_whitespace().next()?.parse().ok()?;
    Some((String::from_utf8_lossy(&value[..=end]).into_owned(), time))
}

/// The entry of a tree by its name: whether it is a folder, and its object.
fn find(tree: &[u8], name: &[u8]) -> Option<(bool, ObjectId)> {
    let mut rest = tree;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (head, after) = (&rest[..end], &rest[end + 1..]);
        let (id, after) = after.split_first_chunk::<20>()?;
        let space = head.iter().position(|byte| *byte == b' ')?;
        if &head[space + 1..] == name {
            return Some((&head[..space] == b"40000", ObjectId(*id)));
        }
        rest = after;
    }
    None
}
