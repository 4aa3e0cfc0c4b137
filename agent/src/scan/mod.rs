//! One scan: plan, collect, correlate, and the inventory that comes of it.

mod collect;
mod expand;
mod plan;

use std::sync::{Arc, Mutex, PoisonError};

use asmm_model::{Inventory, SCHEMA, Scan};
use muster_collect::{Context, Environment, FingerprintKey, Options, Progress, Stop};
use muster_rules::RulePack;

use crate::correlate::{Correlated, correlate};

pub(crate) use collect::Failure;
pub(crate) use plan::{Plan, PlanError};

use collect::Collected;

/// What a scan works with.
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
}

/// What came of a scan.
pub(crate) struct Outcome {
    /// The result.
    pub(crate) inventory: Inventory,
    /// The targets of which nothing could be read.
    pub(crate) failures: Vec<Failure>,
    /// What the collectors had to say.
    pub(crate) notes: Vec<String>,
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

    fn note(&self, says: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(says.to_owned());
    }
}

impl Outcome {
    /// Whether there is no target of which anything could be read.
    pub(crate) fn all_failed(&self) -> bool {
        self.failures.len() == self.inventory.scan.targets.len()
    }

    /// Whether nothing at all was looked at.
    pub(crate) fn saw_nothing(&self) -> bool {
        self.inventory.coverage.iter().all(|coverage| coverage.seen == 0)
    }

    /// Whether nothing that the scan was meant to see stayed hidden.
    pub(crate) fn is_complete(&self) -> bool {
        self.inventory.coverage.iter().all(asmm_model::Coverage::is_complete)
    }
}

/// Scans every target of a plan.
pub(crate) fn run(plan: &Plan, settings: Settings) -> anyhow::Result<Outcome> {
    let Settings { rules, progress, threads, fingerprints, options, environment, started_at, stop } =
        settings;
    let digest = rules.digest().to_owned();
    let options = Arc::new(options);
    let noting = Arc::new(Noting { watches: progress, notes: Mutex::default() });
    let progress: Arc<dyn Progress> = Arc::<Noting>::clone(&noting);
    let cx = Context { rules, stop, progress, threads, fingerprints, options, environment };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let collected = runtime.block_on(collect::collect(plan, &cx));
    let Collected { observations, coverage, targets, failures } = collected;
    let Correlated { systems, components, identities } = correlate(observations, targets.len() > 1);

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
    let inventory = Inventory {
        schema: SCHEMA.to_owned(),
        scan,
        coverage,
        systems,
        components,
        identities,
        proposals: Vec::new(),
        register: None,
    };
    let mut notes = std::mem::take(&mut *noting.notes.lock().unwrap_or_else(PoisonError::into_inner));
    notes.sort();
    Ok(Outcome { inventory, failures, notes })
}
