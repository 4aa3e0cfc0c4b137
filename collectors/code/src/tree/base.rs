//! The commit that a tree is compared with: one that is named, or the one at which two histories parted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::commit::CommitTree;
use super::git::GitFolder;
use super::history::Commit;
use super::objects::{Kind, Lost, ObjectId, Objects};
use super::work::WorkTree;
use super::{Tree, TreeError};

/// Commits that are looked at until two histories meet. Branches of pull requests part from their base within some hundreds.
const MAX_COMMITS: usize = 100_000;
/// Steps from a commit to its first parent, and on, that a revision may ask for.
const MAX_STEPS: usize = 10_000;

/// How the commit is found that a tree is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which<'r> {
    /// It is named.
    Named(&'r str),
    /// It is where the history of what is scanned parted from a named one: the merge base, which a pull request is shown against.
    Parted(&'r str),
}

/// Why there is no commit to compare with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoBase {
    /// There is no repository, or nothing of it can be read.
    #[error("{0}")]
    Repository(String),
    /// Nothing is called so.
    #[error("the repository has no branch, tag or commit `{}`", .0.escape_debug())]
    Unnamed(String),
    /// The beginning of the name of a commit, perhaps.
    #[error("the repository has no branch or tag `{0}`, and a commit has to be named by all its 40 digits")]
    Short(String),
    /// The clone ends before it.
    #[error("the clone is shallow, and the commit is not in it")]
    Shallow,
    /// The two have no commit in common.
    #[error("the two histories have no commit in common")]
    Unrelated,
    /// They have none within what is looked at.
    #[error("the two histories do not meet within {MAX_COMMITS} commits")]
    TooFar,
    /// An object of the history cannot be read.
    #[error("the history of the repository cannot be read")]
    Broken,
}

impl From<TreeError> for NoBase {
    fn from(error: TreeError) -> Self {
        Self::Repository(error.to_string())
    }
}

impl Tree {
    /// Opens a folder as a commit has it, under the name that it has now. A folder that the commit does not have is empty.
    pub(crate) fn of_base(path: &Path, commit: &str) -> Result<Self, TreeError> {
        let (git, below, work) = repository(path)?;
        let tree = CommitTree::open(git, path, Some(commit))?;
        Ok(Self::Commit(match work {
            Some((name, origin)) => tree.known_as(name, origin).below(&below)?,
            None => tree,
        }))
    }
}

/// The repository of a folder, where in it the folder is, and what a work tree is called and comes from.
#[expect(clippy::type_complexity, reason = "three things that are known together, once")]
fn repository(path: &Path) -> Result<(GitFolder, String, Option<(String, Option<String>)>), TreeError> {
    let work = WorkTree::open(path)?;
    if let Some(git) = GitFolder::bare(work.root()).filter(|_| !work.is_tracked()) {
        return Ok((git, String::new(), None));
    }
    let top = work.root().ancestors().find_map(|top| Some((top, GitFolder::of(top)?)));
    let below = |top: &Path| work.root().strip_prefix(top).ok()?.to_str().map(|path| path.replace('\\', "/"));
    let Some((git, below)) = top.and_then(|(top, git)| Some((git, below(top)?))) else {
        let problem = "is in no git repository, so that there is nothing to compare it with".to_owned();
        return Err(TreeError::Repository { path: path.to_owned(), problem });
    };
    // As a work tree at the root of a disk is called.
    let name = work.root().file_name().map_or("target".into(), |name| name.to_string_lossy());
    Ok((git, below, Some((name.into_owned(), work.origin()))))
}

/// Finds the commit that a folder is compared with. `branch` names the commit that is scanned where it is none of a work
/// tree; `is_commit` says that it is none, although there is one.
pub(crate) fn base(
    path: &Path,
    branch: Option<&str>,
    is_commit: bool,
    which: Which<'_>,
) -> Result<String, NoBase> {
    let (git, _, work) = repository(path)?;
    let (Which::Named(revision) | Which::Parted(revision)) = which;
    let mut history = Lineage {
        objects: Objects::open(git.objects()),
        is_shallow: git.is_shallow(),
        known: BTreeMap::new(),
    };
    let named = history.named(&git, path, revision)?;
    if let Which::Named(_) = which {
        return Ok(named.to_string());
    }
    let branch = branch.filter(|_| is_commit || work.is_none());
    let head = CommitTree::open(git, path, branch)?.commit();
    let head = ObjectId::parse(head.as_bytes()).ok_or(NoBase::Broken)?;
    history.parted(head, named).map(|commit| commit.to_string())
}

/// The commits of a repository and what each follows upon.
struct Lineage {
    objects: Objects,
    is_shallow: bool,
    /// Those that were read.
    known: BTreeMap<ObjectId, Step>,
}

/// What is kept of a commit.
#[derive(Debug, Clone)]
struct Step {
    /// Seconds since 1970.
    time: i64,
    parents: Vec<ObjectId>,
}

/// A commit is in the history of the first.
const FIRST: u8 = 1;
/// It is in the history of the second.
const SECOND: u8 = 2;
/// It comes before one that is in both.
const BEFORE: u8 = 4;
const BOTH: u8 = FIRST | SECOND;

impl Lineage {
    /// The commit that a revision names: a branch here or of a remote, a tag, or a commit; `~2` or `^^` behind it means the one
    /// before the one before it.
    fn named(&mut self, git: &GitFolder, path: &Path, revision: &str) -> Result<ObjectId, NoBase> {
        let unnamed = || NoBase::Unnamed(revision.to_owned());
        let (name, steps) = steps(revision).ok_or_else(unnamed)?;
        let remotes = [format!("refs/remotes/{name}"), format!("refs/remotes/origin/{name}")];
        let object = match name {
            "HEAD" | "@" => git.commit(),
            name => git.named(name).or_else(|| remotes.iter().find_map(|remote| git.named(remote))),
        };
        let object = object.ok_or_else(|| {
            let is_short = (4..40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_short { NoBase::Short(name.to_owned()) } else { unnamed() }
        })?;
        let tree = CommitTree::open(git.clone(), path, Some(&object))
            .map_err(|error| if self.is_shallow { NoBase::Shallow } else { NoBase::from(error) })?;
        let mut commit = ObjectId::parse(tree.commit().as_bytes()).ok_or(NoBase::Broken)?;
        for _ in 0..steps {
            commit = *self.read(commit)?.parents.first().ok_or_else(unnamed)?;
        }
        // It has to be there, and not be named by the one behind it alone.
        if steps > 0 {
            self.read(commit)?;
        }
        Ok(commit)
    }

    fn read(&mut self, id: ObjectId) -> Result<Step, NoBase> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let bytes = self.objects.read(id, Kind::Commit).map_err(|lost| match lost {
            Lost::Missing if self.is_shallow => NoBase::Shallow,
            Lost::Missing | Lost::Broken => NoBase::Broken,
            Lost::Spent => NoBase::TooFar,
        })?;
        let Commit { time, parents, .. } = Commit::parse(&bytes).ok_or(NoBase::Broken)?;
        let step = Step { time, parents };
        self.known.insert(id, step.clone());
        Ok(step)
    }

    /// The newest commit that is in the history of both, and before no other one that is.
    ///
    /// Both histories are gone through at once, the newest commit first, until all that waits comes before what they have in
    /// common. Where a clone ends before that, a later commit that is in both may be hidden: then nothing is concluded.
    fn parted(&mut self, first: ObjectId, second: ObjectId) -> Result<ObjectId, NoBase> {
        if first == second {
            return Ok(first);
        }
        let mut marks = BTreeMap::from([(first, FIRST), (second, SECOND)]);
        let mut waiting = BTreeSet::new();
        for id in [first, second] {
            waiting.insert((self.read(id)?.time, id));
        }
        // Those that wait and do not come before what is in both.
        let mut open = 2_usize;
        let mut common = Vec::new();
        for _ in 0..MAX_COMMITS {
            let Some((_, id)) = (open > 0).then(|| waiting.pop_last()).flatten() else {
                let best = common.into_iter().find(|id| marks.get(id).is_some_and(|mark| mark & BEFORE == 0));
                return best.ok_or(NoBase::Unrelated);
            };
            let mark = marks.get(&id).copied().unwrap_or_default();
            open -= usize::from(mark & BEFORE == 0);
            let mut hands_on = mark;
            if mark & BOTH == BOTH {
                if mark & BEFORE == 0 && !common.contains(&id) {
                    common.push(id);
                }
                hands_on |= BEFORE;
            }
            for parent in self.read(id)?.parents {
                let known = marks.get(&parent).copied().unwrap_or_default();
                if known | hands_on == known {
                    continue;
                }
                let time = match self.read(parent) {
                    Ok(commit) => commit.time,
                    // Whatever comes before what is in both does not matter.
                    Err(NoBase::Shallow) if hands_on & BEFORE != 0 => continue,
                    Err(error) => return Err(error),
                };
                let waited = !waiting.insert((time, parent));
                open -= usize::from(waited && known & BEFORE == 0);
                open += usize::from((known | hands_on) & BEFORE == 0);
                marks.insert(parent, known | hands_on);
            }
        }
        Err(NoBase::TooFar)
    }
}

/// A name, and how many steps before it is meant.
fn steps(revision: &str) -> Option<(&str, usize)> {
    let at = revision.find(['~', '^']).unwrap_or(revision.len());
    let (name, mut rest) = revision.split_at(at);
    let mut steps = 0_usize;
    while !rest.is_empty() {
        let after = rest.strip_prefix(['~', '^'])?;
        let mark = &rest[..1];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (number, left) = after.split_at(digits);
        steps += match (mark, number) {
            (_, "") | ("^", "1") => 1,
            ("~", number) => number.parse().ok().filter(|number| *number <= MAX_STEPS)?,
            // `^2` is the other parent of a merge.
            _ => return None,
        };
        rest = left;
    }
    (!name.is_empty() && steps <= MAX_STEPS).then_some((name, steps))
}
