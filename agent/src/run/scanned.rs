//! The scan of one source, on a thread of its own, in the time that it may take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use asmm_model::{Coverage, Gap, GapReason, Verdict};
use muster_collect::{Stop, Target};
use tokio::time::{Instant, sleep};

use super::Runner;
use crate::clock;
use crate::config::Source;
use crate::scan::{self, Asking, Failure, Outcome, Plan, PlanError, Settings};
use crate::store::{Loose, Seen, StoreError};
use crate::watch::{Ended, SourceReport};

/// How often it is asked whether the scan has to end.
const LOOK: Duration = Duration::from_millis(100);
/// How long a scan may take to end when it is told to. Then it is left alone.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of the scan of one source.
pub(super) struct Scanned<'s> {
    /// What is to be recorded, target by target.
    pub(super) seen: Box<dyn Iterator<Item = Result<Seen, StoreError>> + Send + 's>,
    /// The targets of which nothing could be read.
    pub(super) failures: Vec<String>,
    /// What is said of it.
    pub(super) said: SourceReport,
}

/// Scans a source.
pub(super) async fn scan<'s>(runner: &Runner, source: &'s Source, stop: &Stop) -> Scanned<'s> {
    let given: Vec<String> = source.targets.iter().map(|target| target.given.clone()).collect();
    // Of its own: a source that takes too long ends, and the run goes on.
    let own = Stop::new();
    let settings = Settings {
        rules: Arc::clone(&runner.rules),
        progress: Arc::clone(&runner.progress),
        threads: runner.threads,
        fingerprints: runner.fingerprints.clone(),
        environment: Arc::clone(&runner.environment),
        options: source.options.clone(),
        started_at: clock::now(),
        stop: own.clone(),
        cache: runner.cache.clone(),
    };
    let asking = Asking {
        options: source.options.clone(),
        environment: Arc::clone(&runner.environment),
        progress: Arc::clone(&runner.progress),
        stop: own.clone(),
    };
    // What a target stands for may have to be asked of a server, which takes a while as well.
    let mut work = tokio::task::spawn_blocking(move || {
        let plan = Plan::of(&given, &asking)?;
        let outcome = scan::run(&plan, settings);
        Ok::<_, PlanError>((plan, outcome))
    });
    let began = Instant::now();
    let mut late = false;
    let ended = loop {
        tokio::select! {
            ended = &mut work => break Some(ended),
            () = sleep(LOOK) => {}
        }
        late |= source.timeout.is_some_and(|timeout| began.elapsed() > timeout);
        if late || stop.is_asked() {
            own.ask();
            break tokio::time::timeout(PATIENCE, &mut work).await.ok();
        }
    };
    // What a scan that was told to end has found is a part: to record it would say that the rest is gone.
    if late {
        let why = format!("it took longer than {:?}", source.timeout.unwrap_or_default());
        return failed(source, Ended::TimedOut, why);
    }
    if own.is_asked() {
        let said = SourceReport::bare(Ended::Stopped, None);
        return Scanned { seen: Box::new(std::iter::empty()), failures: Vec::new(), said };
    }
    match ended {
        Some(Ok(Ok((plan, Ok(outcome))))) => found(source, plan, outcome),
        Some(Ok(Err(PlanError { what, help }))) => failed(source, Ended::Failed, format!("{what}; {help}")),
        Some(Ok(Ok((_, Err(error))))) => failed(source, Ended::Failed, format!("{error:#}")),
        // What it panicked with may be text of what was scanned.
        Some(Err(_)) | None => failed(source, Ended::Failed, "the scan broke off".to_owned()),
    }
}

fn found(source: &Source, plan: Plan, outcome: Outcome) -> Scanned<'_> {
    let mut systems = BTreeMap::new();
    for system in outcome.found.systems() {
        let word = match system.verdict {
            Verdict::Agentic => "agentic",
            Verdict::Undetermined => "undetermined",
            Verdict::NotAgentic => "not-agentic",
            Verdict::NotAi => continue,
        };
        *systems.entry(word).or_insert(0) += 1;
    }
    let hiding = outcome.found.coverage.iter().flat_map(|coverage| &coverage.skipped);
    let gaps = hiding.filter(|gap| gap.why.hides()).map(|gap| gap.count).sum();
    let ended = match (outcome.all_failed(), outcome.is_complete()) {
        (true, _) => Ended::Failed,
        (false, true) => Ended::Done,
        (false, false) => Ended::Gaps,
    };
    let why = outcome.failures.first().map(Failure::to_string);
    let failures = outcome.failures.into_iter().map(|failure| failure.target).collect();
    let seen = outcome.found.each(move |target| (key(source, target), plan.place_of(target)));
    let seen = Box::new(seen);
    Scanned { seen, failures, said: SourceReport { ended, why, systems, gaps } }
}

/// Nothing of it could be read: what is known of it stays, and is `unseen`.
fn failed(source: &Source, ended: Ended, why: String) -> Scanned<'_> {
    let gap = why.clone();
    let seen = move |Target { given, .. }: &Target| Seen {
        key: key(source, given),
        place: given.clone(),
        commit: None,
        coverage: Coverage {
            target: given.clone(),
            skipped: vec![Gap::new(given, GapReason::Failed).because(&gap)],
            ..Coverage::default()
        },
        systems: Vec::new(),
        loose: Loose::default(),
    };
    Scanned {
        seen: Box::new(source.targets.iter().map(seen).map(Ok)),
        failures: source.targets.iter().map(|target| target.given.clone()).collect(),
        said: SourceReport::bare(ended, Some(why)),
    }
}

/// What a target is known by: the source alone, where it has one target, so that the target may be moved.
fn key(source: &Source, target: &str) -> String {
    match source.targets.as_slice() {
        [only] if !only.is_group() => source.name.to_string(),
        _ => format!("{}: {target}", source.name),
    }
}
