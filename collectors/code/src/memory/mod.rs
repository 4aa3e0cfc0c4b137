//! What is remembered of an earlier scan of the same target, and what is kept for the next one.
//!
//! Three things are kept: all that was seen of a target, for as long as nothing in it changes; what was seen in each of its
//! files, for those that did not change; and what a source file says once it is parsed, by its content alone, so that all
//! copies of it share that. Nothing is kept that the next scan could not work out by itself, and no value of a secret.

mod files;
mod held;
mod modules;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use asmm_model::{Coverage, Gap, Observation};
use muster_collect::{Cache, Context, EntryName, Kept};
use serde::{Deserialize, Serialize};

pub(crate) use self::files::Recalled;
pub(crate) use self::held::Held;
pub(crate) use self::modules::Modules;
use crate::scan::Outcome;
use crate::tree::{Found, Identity, Tree};

/// The build of this engine: what another one kept may be wrong by now.
const ENGINE: &str = env!("MUSTER_ENGINE");
/// Bytes of the hash that an entry begins with.
const STATE: usize = 32;
/// Bytes of the largest entry.
const MAX_ENTRY: usize = 64 << 20;
/// Files whose identities one thread asks the system for at a time.
const AT_ONCE: usize = 256;

/// The memory of one target.
pub(crate) struct Memory<'c> {
    cache: &'c dyn Cache,
    /// Engine and rules.
    base: [u8; STATE],
    target: &'c str,
    place: Vec<u8>,
    /// What the target is like as a whole, and what fingerprints are made under.
    circumstances: Vec<Vec<u8>>,
    /// Whether the target is a commit, which never changes.
    is_commit: bool,
}

/// The files of a target.
pub(crate) struct Listing {
    pub(crate) files: Vec<(Found, Option<Identity>)>,
    /// What was left out.
    pub(crate) gaps: Vec<Gap>,
}

/// Everything that the answer for a target depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State([u8; STATE]);

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Answer {
    coverage: Coverage,
    observations: Vec<Observation>,
}

impl<'c> Memory<'c> {
    /// The memory of a target, where there is a cache.
    pub(crate) fn of(tree: &Tree, target: &'c str, cx: &'c Context) -> Option<Self> {
        let cache = cx.cache.as_deref()?;
        let base = *EntryName::of(&[ENGINE.as_bytes(), cx.rules.digest().as_bytes()]).as_bytes();
        // A path may stand for one folder today and for another tomorrow.
        let place = Path::new(target).canonicalize().map(|path| path.into_os_string().into_encoded_bytes());
        let mut circumstances = tree.circumstances();
        let key = cx.fingerprints.as_ref().map(|key| key.of(b"cache").as_str().to_owned());
        circumstances.push(key.unwrap_or_default().into_bytes());
        Some(Self {
            cache,
            base,
            target,
            place: place.unwrap_or_default(),
            circumstances,
            is_commit: matches!(tree, Tree::Commit(_)),
        })
    }

    /// The state of a target that is known without its files.
    pub(crate) fn early_state(&self) -> Option<State> {
        self.is_commit.then(|| self.state_with(blake3::Hasher::new()))
    }

    /// The state of a target with these files, if each of them has an identity.
    pub(crate) fn state(&self, listing: &Listing) -> Option<State> {
        if let Some(state) = self.early_state() {
            return Some(state);
        }
        let mut files = blake3::Hasher::new();
        for (found, identity) in &listing.files {
            files.update(&(found.path.len() as u64).to_le_bytes()).update(found.path.as_bytes());
            identity.as_ref()?.update(&mut files);
        }
        for gap in &listing.gaps {
            files.update(&serde_json::to_vec(gap).ok()?);
        }
        Some(self.state_with(files))
    }

    fn state_with(&self, mut hasher: blake3::Hasher) -> State {
        hasher.update(&self.base);
        for part in &self.circumstances {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        State(*hasher.finalize().as_bytes())
    }

    /// What was seen of the target when it was in this state.
    pub(crate) fn outcome(&self, state: State) -> Option<Outcome> {
        let bytes = self.read(Kept::Target, state.0)?;
        let Answer { coverage, observations } = serde_json::from_slice(bytes.get(STATE..)?).ok()?;
        Some(Outcome { coverage, observations })
    }

    /// What was seen in its files.
    pub(crate) fn files(&self) -> Recalled {
        let bytes = self.read(Kept::Files, self.base);
        bytes.as_ref().and_then(|bytes| Recalled::read(bytes.get(STATE..)?)).unwrap_or_default()
    }

    /// What source files say, wherever they stand.
    pub(crate) fn modules(&self) -> Modules<'c> {
        Modules { cache: self.cache, base: self.base }
    }

    /// Keeps what was seen of the target in a state. What may have been an accident is not kept: it may be seen next time.
    pub(crate) fn keep(&self, state: State, outcome: &Outcome) {
        let Outcome { coverage, observations } = outcome;
        if coverage.skipped.iter().any(Tree::is_passing) {
            return;
        }
        let answer = Answer { coverage: coverage.clone(), observations: observations.clone() };
        let mut bytes = state.0.to_vec();
        if serde_json::to_writer(&mut bytes, &answer).is_ok() {
            self.write(Kept::Target, bytes);
        }
    }

    /// Keeps what was seen in its files.
    pub(crate) fn keep_files(&self, known: Recalled) {
        let mut bytes = self.base.to_vec();
        if known.write(&mut bytes).is_some() {
            self.write(Kept::Files, bytes);
        }
    }

    fn name(&self, kind: Kept) -> EntryName {
        let is_commit = [u8::from(self.is_commit)];
        EntryName::of(&[kind.name().as_bytes(), self.target.as_bytes(), &self.place, &is_commit])
    }

    fn read(&self, kind: Kept, state: [u8; STATE]) -> Option<Vec<u8>> {
        let kept = self.cache.read(kind, &[self.name(kind)]).pop()?;
        kept.filter(|bytes| bytes.starts_with(&state))
    }

    fn write(&self, kind: Kept, bytes: Vec<u8>) {
        if bytes.len() <= MAX_ENTRY {
            self.cache.write(kind, vec![(self.name(kind), bytes)]);
        }
    }
}

impl Listing {
    /// Lists the files of a tree in the order of their paths.
    pub(crate) fn of(tree: &Tree, cx: &Context) -> Self {
        let mut files = Vec::new();
        let gaps = tree.walk(&mut |found| {
            cx.progress.found(1);
            if cx.stop.is_asked() {
                return std::ops::ControlFlow::Break(());
            }
            files.push(found);
            std::ops::ControlFlow::Continue(())
        });
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let identities = identities(&files, cx.threads);
        Self { files: files.into_iter().zip(identities).collect(), gaps }
    }
}

/// The identity of each file. Where they are on disk, each is a question to the system.
fn identities(files: &[Found], threads: usize) -> Vec<Option<Identity>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut told: Vec<(usize, Vec<Option<Identity>>)> = Vec::new();
        loop {
            let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let Some(rest) = files.get(from..).filter(|rest| !rest.is_empty()) else { return told };
            told.push((from, rest.iter().take(AT_ONCE).map(Tree::identity).collect()));
        }
    };
    let threads = threads.clamp(1, files.len() / AT_ONCE + 1);
    let mut told: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // Where a thread ended early, its files count as unknown: they are read.
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
    });
    told.sort_unstable_by_key(|(from, _)| *from);
    let mut all = Vec::with_capacity(files.len());
    for (from, identities) in told {
        all.resize(from, None);
        all.extend(identities);
    }
    all.resize(files.len(), None);
    all
}

/// Names in one text, one on each line.
pub(crate) type Names = Arc<str>;
