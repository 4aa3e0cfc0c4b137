//! The daemon: says when each source is due, lets one run go at a time, and ends in order.

mod health;
mod log;
mod metrics;
mod report;
mod schedule;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use muster_collect::Stop;
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use crate::config::Source;

pub(crate) use health::Health;
pub(crate) use log::begin as begin_log;
pub(crate) use metrics::Metrics;
pub(crate) use report::{Ended, Job, RunReport, SourceReport};
pub(crate) use schedule::Schedule;
pub(crate) use serve::{Shown, listen, serve};

use health::PULSE;
use log::plain;

/// A clock that is corrected is set back by less. One that was years ahead when the machine started would otherwise be waited for.
const BACKWARDS: SignedDuration = SignedDuration::from_mins(5);

/// What the daemon goes by.
pub(crate) struct Settings {
    /// What is scanned. A source without a schedule is never due.
    pub(crate) sources: Vec<Arc<Source>>,
    /// Whether every source with a schedule is due at once when the daemon starts.
    pub(crate) run_at_start: bool,
    /// How long a run may take to end when the daemon is told to.
    pub(crate) grace: Duration,
    /// What decides which part of the jitter this machine waits; best other on every machine and the same every time.
    pub(crate) seed: u64,
}

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// No run was going, or it ended in time.
    Orderly,
    /// A run did not end in time, and was left alone. Threads of it may still work: the runtime must not wait for them.
    Abandoned,
}

/// Becomes true when the process is asked to end, by SIGTERM or from the keyboard.
///
/// # Errors
/// The system does not let us listen for signals.
pub(crate) fn signals() -> std::io::Result<Receiver<bool>> {
    let (tell, told) = tokio::sync::watch::channel(false);
    #[cfg(unix)]
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        // Where nobody listens any more, the daemon has ended already.
        let _ = tell.send(true);
    });
    Ok(told)
}

/// One run that is going.
struct Running {
    task: JoinHandle<RunReport>,
    sources: BTreeSet<usize>,
    stop: Stop,
    began: Instant,
}

/// What the loop knows.
struct Daemon<'a, J, C> {
    settings: &'a Settings,
    shown: &'a Shown,
    clock: C,
    job: Arc<J>,
    /// When the clock was last asked.
    last: Timestamp,
    /// When each source is due next, beside it.
    due: Vec<Option<Timestamp>>,
    /// What is due and waits for the run of others to end; nothing is in it twice.
    waiting: BTreeSet<usize>,
    running: Option<Running>,
}

/// Runs the sources by their schedules until `shutdown` becomes true. `clock` is the time of the wall, which may jump; a run that was
/// missed while the machine slept begins when it wakes, once.
pub(crate) async fn watch<J: Job>(
    settings: &Settings,
    clock: impl Fn() -> Timestamp,
    mut shutdown: Receiver<bool>,
    job: Arc<J>,
    shown: &Shown,
) -> Farewell {
    let due = vec![None; settings.sources.len()];
    let (last, waiting) = (clock(), BTreeSet::new());
    let mut daemon = Daemon { settings, shown, clock, job, last, due, waiting, running: None };
    daemon.start();
    loop {
        shown.health.beat();
        // Whoever could tell is gone: nobody will.
        let told = *shutdown.borrow_and_update() || shutdown.has_changed().is_err();
        if told {
            return daemon.end().await;
        }
        daemon.tick();
        let pause = daemon.pause();
        tokio::select! {
            () = sleep(pause) => {}
            _ = shutdown.changed() => {}
            report = ended(&mut daemon.running) => daemon.finish(report),
        }
    }
}

/// The report of the run that is going, when it ends; never, when none is.
async fn ended(running: &mut Option<Running>) -> Result<RunReport, tokio::task::JoinError> {
    match running {
        Some(running) => (&mut running.task).await,
        None => std::future::pending().await,
    }
}

impl<J: Job, C: Fn() -> Timestamp> Daemon<'_, J, C> {
    fn name(&self, at: usize) -> &str {
        self.settings.sources[at].name.as_str()
    }

    fn plan(&mut self, at: usize, now: Timestamp) {
        let schedule = self.settings.sources[at].schedule.as_ref();
        self.due[at] = schedule.and_then(|schedule| schedule.next(now, self.settings.seed));
        if let Some(due) = self.due[at] {
            self.shown.metrics.due(self.name(at), due);
        }
    }

    fn start(&mut self) {
        let now = (self.clock)();
        for at in 0..self.due.len() {
            self.plan(at, now);
            if self.settings.run_at_start && self.due[at].is_some() {
                self.waiting.insert(at);
            }
        }
        info!(sources = self.due.iter().flatten().count(), "the daemon waits for its schedule");
    }

    /// Takes note of what is due, and begins a run if none is going.
    fn tick(&mut self) {
        let now = (self.clock)();
        if now.duration_since(self.last) < -BACKWARDS {
            warn!("the clock was set back: the schedules are read anew");
            (0..self.due.len()).for_each(|at| self.plan(at, now));
        }
        self.last = now;
        for at in 0..self.due.len() {
            if self.due[at].is_none_or(|due| due > now) {
                continue;
            }
            self.plan(at, now);
            let busy = self.running.as_ref().is_some_and(|running| running.sources.contains(&at));
            if busy || !self.waiting.insert(at) {
                self.shown.metrics.skipped(self.name(at));
                warn!(
                    source = self.name(at),
                    "a run is left out: the source is still busy with the one before"
                );
            }
        }
        if self.running.is_none() && !self.waiting.is_empty() {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let indices = std::mem::take(&mut self.waiting);
        let sources: Vec<Arc<Source>> =
            indices.iter().map(|at| Arc::clone(&self.settings.sources[*at])).collect();
        for at in &indices {
            info!(source = self.name(*at), "a run begins");
        }
        let stop = Stop::new();
        let (job, told) = (Arc::clone(&self.job), stop.clone());
        let task = tokio::spawn(async move { job.run(sources, told).await });
        self.running = Some(Running { task, sources: indices, stop, began: Instant::now() });
    }

    /// How long to sleep. Never for long: the clock of the wall may be set, and a machine may have slept.
    fn pause(&self) -> Duration {
        let now = (self.clock)();
        let next = self.due.iter().flatten().min();
        next.map_or(PULSE, |next| Duration::try_from(next.duration_since(now)).unwrap_or_default()).min(PULSE)
    }

    /// A run is over.
    fn finish(&mut self, report: Result<RunReport, tokio::task::JoinError>) {
        let Some(running) = self.running.take() else { return };
        let mut report = report.unwrap_or_else(|error| {
            // What it panicked with may be text of what was scanned.
            let why = if error.is_panic() { "the run broke off" } else { "the run was given up" };
            error!("{why}");
            RunReport::default()
        });
        let seconds = running.began.elapsed().as_secs_f64();
        let names: BTreeSet<&str> = running.sources.iter().map(|at| self.name(*at)).collect();
        // Whatever a job says of others would make labels without end.
        report.sources.retain(|name, _| names.contains(name.as_str()));
        for name in names {
            let of = report.sources.entry(name.to_owned()).or_insert_with(|| {
                SourceReport::bare(Ended::Failed, Some("the run said nothing of this source".to_owned()))
            });
            let result = of.ended.word();
            let why = of.why.as_deref().map(plain);
            let why = why.as_deref().unwrap_or_default();
            let systems: u64 = of.systems.values().sum();
            match of.ended {
                Ended::Done | Ended::Gaps | Ended::Stopped => {
                    info!(source = name, result, seconds, systems, gaps = of.gaps, "a run ended");
                }
                Ended::Failed | Ended::TimedOut => {
                    error!(source = name, result, seconds, why, "a run failed");
                }
            }
        }
        for fault in &report.faults {
            error!("{}", plain(fault));
        }
        self.shown.metrics.run(&report, seconds, (self.clock)());
    }

    /// No more runs begin; the one that is going is asked to stop, and may take its time for that.
    async fn end(mut self) -> Farewell {
        self.shown.health.close();
        let Some(running) = &mut self.running else {
            info!("the daemon ends");
            return Farewell::Orderly;
        };
        info!("the daemon ends: the run that is going is asked to stop");
        running.stop.ask();
        if let Ok(report) = timeout(self.settings.grace, &mut running.task).await {
            self.finish(report);
            info!("the daemon ends");
            return Farewell::Orderly;
        }
        running.task.abort();
        warn!("the daemon ends without waiting longer for the run that is going");
        Farewell::Abandoned
    }
}
