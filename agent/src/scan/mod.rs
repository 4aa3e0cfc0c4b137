//! One scan: plan, collect, correlate, and the inventory that comes of it.

mod collect;
mod expand;
mod forge;
mod found;
mod plan;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asmm_model::Scan;
use muster_collect::{Cache, Context, Environment, FingerprintKey, Options, Progress, Stop};
use muster_rules::RulePack;

pub(crate) use collect::Failure;
pub(crate) use found::Found;
pub(crate) use plan::{Asking, Plan, PlanError};

use collect::Collected;

/// What a scan works with.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The rules.
    pub(crate) rules: Arc<RulePack>,
    /// Who watches.
    pub(crate) progress: Arc<dyn Progress>,
    /// How many threads may work at once.
    pub(crate) threads: usize,
    /// What fingerprints of secrets are made under.
    pub(crate) fingerprints: Option<FingerprintKey>,
    /// What was given for the options of the sources.
    pub(crate) options: Options,
    /// What the collectors asked to know of the environment.
    pub(crate) environment: Arc<Environment>,
    /// When the scan began, RFC 3339 in UTC.
    pub(crate) started_at: String,
    /// Who asks it to end early. What is found until then is a part of what is there.
    pub(crate) stop: Stop,
    /// What is kept from one scan to the next.
    pub(crate) cache: Option<Arc<dyn Cache>>,
}

/// What came of a scan.
pub(crate) struct Outcome {
    /// The result.
    pub(crate) found: Found,
    /// The targets of which nothing could be read.
    pub(crate) failures: Vec<Failure>,
    /// What the collectors had to say.
    pub(crate) notes: Vec<String>,
    /// How long each target took.
    pub(crate) took: Vec<(String, Duration)>,
}

/// Keeps what is noted until the scan is over.
struct Noting {
    watches: Arc<dyn Progress>,
    notes: Mutex<Vec<String>>,
}

impl Progress for Noting {
    fn begin(&self, what: &str) {
        self.watches.begin(what);
    }

    fn found(&self, count: u64) {
        self.watches.found(count);
    }

    fn done(&self, count: u64) {
        self.watches.done(count);
    }

    fn targets(&self, count: usize) {
        self.watches.targets(count);
    }

    fn target_done(&self) {
        self.watches.target_done();
    }

    fn note(&self, says: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(says.to_owned());
    }
}

impl Outcome {
    /// What became of many targets, in a sentence; nothing where there are few, which are told one by one.
    pub(crate) fn summary(&self) -> Option<String> {
        /// Targets that a report shows well enough by itself.
        const FEW: usize = 5;
        /// Targets that are named for the time that they took.
        const SLOWEST: usize = 3;
        /// What takes less is not slow.
        const SLOW: Duration = Duration::from_secs(1);
        let all = self.found.coverage.len();
        if all <= FEW {
            return None;
        }
        let failed = self.failures.len();
        let done = self.found.coverage.iter().filter(|coverage| coverage.is_complete()).count();
        let part = all.saturating_sub(done + failed);
        let mut slowest: Vec<&(String, Duration)> =
            self.took.iter().filter(|(_, took)| *took >= SLOW).collect();
        slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        let named = |(target, took): &&(String, Duration)| format!("{target} ({:.1} s)", took.as_secs_f64());
        let named: Vec<String> = slowest.iter().take(SLOWEST).map(named).collect();
        let slow =
            if named.is_empty() { String::new() } else { format!("; the slowest: {}", named.join(", ")) };
        Some(format!("{all} targets: {done} seen as a whole, {part} in part, {failed} failed{slow}"))
    }

    /// Whether there is no target of which anything could be read.
    pub(crate) fn all_failed(&self) -> bool {
        self.failures.len() == self.found.scan.targets.len()
    }

    /// Whether nothing at all was looked at.
    pub(crate) fn saw_nothing(&self) -> bool {
        self.found.coverage.iter().all(|coverage| coverage.seen == 0)
    }

    /// Whether nothing that the scan was meant to see stayed hidden.
    pub(crate) fn is_complete(&self) -> bool {
        self.found.coverage.iter().all(asmm_model::Coverage::is_complete)
    }
}

/// Scans every target of a plan.
pub(crate) fn run(plan: &Plan, settings: Settings) -> anyhow::Result<Outcome> {
    let Settings { rules, progress, threads, fingerprints, options, environment, started_at, stop, cache } =
        settings;
    let digest = rules.digest().to_owned();
    let options = Arc::new(options);
    let noting = Arc::new(Noting { watches: progress, notes: Mutex::default() });
    let progress: Arc<dyn Progress> = Arc::<Noting>::clone(&noting);
    let credentials = Arc::clone(&plan.credentials);
    let cx =
        Context { rules, stop, progress, threads, fingerprints, options, environment, cache, credentials };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Collected { shown, coverage, targets, failures, took } =
        runtime.block_on(collect::collect(plan, &cx))?;

    let mut id = blake3::Hasher::new();
    for part in std::iter::once(&started_at).chain(targets.iter().map(|t| &t.target)).chain([&digest]) {
        id.update(part.as_bytes()).update(&[0]);
    }
    let scan = Scan {
        id: id.finalize().to_hex()[..16].to_owned(),
        started_at,
        tool: format!("muster {}", env!("CARGO_PKG_VERSION")),
        rules: digest,
        targets,
    };
    let found = Found::of(scan, coverage, shown);
    let mut notes = std::mem::take(&mut *noting.notes.lock().unwrap_or_else(PoisonError::into_inner));
    notes.sort();
    Ok(Outcome { found, failures, notes, took })
}
