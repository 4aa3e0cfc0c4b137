//! One run of a configuration: scans its sources, keeps what they found, writes exports, tells who wants to hear, and lets go of
//! what is old.

mod scanned;
mod tell;

use std::sync::Arc;

use asmm_model::Scan;
use muster_collect::{Cache, Environment, FingerprintKey, Progress, Stop};
use muster_rules::RulePack;

use crate::cli::output::OutputFile;
use crate::clock;
use crate::config::{Export, Retention, Source};
use crate::export::Surface;
use crate::history::Difference;
use crate::notify::Channel;
use crate::store::{self, Claim, Filter, Run, RunState, Store, StoreError};
use crate::watch::{Ended, Job, RunReport, SourceReport};

use scanned::Scanned;

/// What files are laid out for.
const FILE: Surface = Surface { width: 100, colour: false };

/// What runs have in common.
pub(crate) struct Runner {
    /// Where what is found is kept.
    pub(crate) store: Store,
    pub(crate) rules: Arc<RulePack>,
    pub(crate) threads: usize,
    pub(crate) fingerprints: Option<FingerprintKey>,
    /// What the collectors asked to know of the environment.
    pub(crate) environment: Arc<Environment>,
    pub(crate) progress: Arc<dyn Progress>,
    /// What is kept from one scan to the next.
    pub(crate) cache: Option<Arc<dyn Cache>>,
    pub(crate) exports: Vec<Export>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) retention: Retention,
    /// Where variables of channels come from.
    pub(crate) variable: fn(&str) -> Option<String>,
}

impl Job for Runner {
    async fn run(&self, sources: Vec<Arc<Source>>, stop: Stop) -> RunReport {
        match self.once(&sources, &stop).await {
            Ok((_, report)) => report,
            Err(error) => {
                let why = Some(format!("{error:#}"));
                let failed = |source: &Arc<Source>| {
                    (source.name.to_string(), SourceReport::bare(Ended::Failed, why.clone()))
                };
                RunReport { sources: sources.iter().map(failed).collect(), ..RunReport::default() }
            }
        }
    }
}

impl Runner {
    /// Runs the sources once. Gives the run and what came of it; a source that fails does not end it.
    ///
    /// # Errors
    /// Another run is under way, or the store cannot be written: what was recorded until then holds.
    pub(crate) async fn once(
        &self,
        sources: &[Arc<Source>],
        stop: &Stop,
    ) -> Result<(Run, RunReport), StoreError> {
        let claim = self.store.claim().await?;
        // A channel that is new is told of what happens from here on.
        for channel in &self.channels {
            self.store.heard(&channel.name).await?;
        }
        let run = self.store.begin(&self.scan(sources), &claim).await?;
        let mut report = RunReport::default();
        let mut failed = Vec::new();
        for source in sources {
            if stop.is_asked() {
                report.sources.insert(source.name.to_string(), SourceReport::bare(Ended::Stopped, None));
                continue;
            }
            let Scanned { seen, failures, mut said } = scanned::scan(self, source, stop).await;
            failed.extend(failures);
            // What cannot be recorded is not worth scanning.
            for overtaken in self.store.record_all(&run, seen).await? {
                said.ended = Ended::Failed;
                said.why = Some(StoreError::Overtaken(overtaken).to_string());
            }
            report.sources.insert(source.name.to_string(), said);
        }
        let state = state(&report, stop);
        self.store.end(&run, state, &clock::now()).await?;
        if state == RunState::Done {
            self.export(&run, &mut report).await;
        }
        tell::tell(self, &run, &failed, &mut report).await;
        self.let_go(&mut report).await;
        drop::<Claim>(claim);
        Ok((run, report))
    }

    /// What a run changed, beside the one before it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn difference(&self, run: &Run) -> Result<Difference, StoreError> {
        self.store.difference(&self.store.before(run).await?, run).await
    }

    fn scan(&self, sources: &[Arc<Source>]) -> Scan {
        let started_at = clock::now();
        let mut id = blake3::Hasher::new();
        id.update(started_at.as_bytes());
        for source in sources {
            id.update(source.name.as_str().as_bytes()).update(&[0]);
        }
        Scan {
            id: id.finalize().to_hex()[..16].to_owned(),
            started_at,
            tool: format!("muster {}", env!("CARGO_PKG_VERSION")),
            rules: self.rules.digest().to_owned(),
            targets: Vec::new(),
        }
    }

    async fn export(&self, run: &Run, report: &mut RunReport) {
        if self.exports.is_empty() {
            return;
        }
        let inventory = match self.store.whole(run, &Filter::default()).await {
            Ok(inventory) => inventory,
            Err(error) => return report.faults.push(format!("nothing was exported: {error}")),
        };
        for Export { format, path } in &self.exports {
            let written = format.write(&inventory, FILE).and_then(|text| OutputFile::at(path)?.write(&text));
            if let Err(error) = written {
                report.faults.push(format!("an export was not written: {error:#}"));
            }
        }
    }

    async fn let_go(&self, report: &mut RunReport) {
        let Some(keep) = self.retention.keep else { return };
        // What is kept for longer than there is a calendar is kept for good.
        let Ok(since) = clock::timestamp().checked_sub(keep) else { return };
        let retention = store::Retention { since: since.to_string(), least: self.retention.keep_runs };
        if let Err(error) = self.store.retain(&retention).await {
            report.faults.push(format!("old runs were not removed: {error}"));
        }
    }
}

fn state(report: &RunReport, stop: &Stop) -> RunState {
    let any = |is: fn(Ended) -> bool| report.sources.values().any(|source| is(source.ended));
    if stop.is_asked() || any(|ended| ended == Ended::Stopped) {
        RunState::Interrupted
    } else if any(Ended::is_success) {
        RunState::Done
    } else {
        RunState::Failed
    }
}
