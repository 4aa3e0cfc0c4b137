//! Runs the collectors over a plan. What cannot be read becomes a gap of its target and never ends the scan. What a target
//! showed is correlated and packed as soon as it is there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use asmm_model::{Coverage, Gap, GapReason, Observation, ScanTarget};
use futures::{StreamExt, TryStreamExt, stream};
use muster_collect::{CollectError, Collector, Context, Sink, Target, Unit};
use tokio::sync::Semaphore;

use super::found::Shown;
use super::plan::{Missing, Plan, Planned, Reading};
use crate::correlate::correlate;

/// Everything that the collectors gave.
#[derive(Default)]
pub(super) struct Collected {
    /// By the name of the target.
    pub(super) shown: BTreeMap<String, Shown>,
    pub(super) coverage: Vec<Coverage>,
    pub(super) targets: Vec<ScanTarget>,
    pub(super) failures: Vec<Failure>,
    /// How long each target took.
    pub(super) took: Vec<(String, Duration)>,
}

/// A target of which nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// As given.
    pub(crate) target: String,
    /// Why, as a sentence.
    pub(crate) why: String,
}

impl std::fmt::Display for Failure {
    /// Most reasons begin with the name of the target, which is then not said twice.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { target, why } = self;
        match why.strip_prefix(target.as_str()).filter(|rest| rest.starts_with(' ')) {
            Some(rest) => write!(f, "`{target}`{rest}"),
            None => write!(f, "`{target}` could not be scanned: {why}"),
        }
    }
}

/// Targets beyond the processors whose units may be planned meanwhile: a fetch waits for the network, and not for the CPU.
const AHEAD: usize = 3;

/// Collects every unit of every target, several targets at a time. The answer is in the order of the plan.
///
/// # Errors
/// Where something that was found cannot be packed.
pub(super) async fn collect(plan: &Plan, cx: &Context) -> anyhow::Result<Collected> {
    let pace = Pace::of(plan, cx);
    cx.progress.targets(plan.targets.len());
    let work = plan.targets.iter().enumerate().map(|(at, planned)| {
        let pace = &pace;
        async move {
            let target = One::collect(planned, pace).await;
            cx.progress.target_done();
            target.packed(plan.targets.len() > 1).map(|packed| (at, packed))
        }
    });
    // Whoever is done makes room for the next, however long the first one takes.
    let mut all: Vec<(usize, One<Shown>)> =
        stream::iter(work).buffer_unordered(pace.targets).try_collect().await?;
    all.sort_by_key(|(at, _)| *at);
    let mut collected = Collected::default();
    for (_, one) in all {
        let One { target, mut coverage, showed, failure, took } = one;
        coverage.skipped.sort();
        collected.took.push((target.target.clone(), took));
        collected.shown.insert(target.target.clone(), showed);
        collected.coverage.push(coverage);
        collected.targets.push(target);
        collected.failures.extend(failure);
    }
    Ok(collected)
}

/// How many targets are worked on at once, and with how many threads each.
struct Pace {
    /// Targets that are fetched, listed or read.
    targets: usize,
    /// Of these, so many are read at once.
    reading: Semaphore,
    cx: Context,
}

impl Pace {
    /// Few targets are read one after the other, each by all threads; many are read side by side, each by one: most of them are
    /// too small to be shared.
    fn of(plan: &Plan, cx: &Context) -> Self {
        let is_fleet = plan.targets.len() > 2 * cx.threads;
        let (reading, threads) = if is_fleet { (cx.threads.max(1), 1) } else { (1, cx.threads) };
        let targets = reading + AHEAD;
        Self { targets, reading: Semaphore::new(reading), cx: Context { threads, ..cx.clone() } }
    }
}

/// A target, and what reads it.
#[derive(Clone, Copy)]
struct Work<'a> {
    target: &'a Target,
    collector: &'static dyn Collector,
}

/// What came of one target, as it was observed or packed.
struct One<T> {
    target: ScanTarget,
    coverage: Coverage,
    showed: T,
    failure: Option<Failure>,
    took: Duration,
}

impl One<Vec<Observation>> {
    async fn collect(planned: &Planned, pace: &Pace) -> Self {
        let given = &planned.target.given;
        let mut one = Self {
            target: ScanTarget { target: given.clone(), commit: None },
            coverage: Coverage { target: given.clone(), ..Coverage::default() },
            showed: Vec::new(),
            failure: None,
            took: Duration::ZERO,
        };
        let read = match &planned.reading {
            Reading::By(collector) => {
                one.units(Work { target: &planned.target, collector: *collector }, pace).await
            }
            Reading::Not(Missing { gaps, failed }) => {
                one.coverage.skipped.extend(gaps.iter().cloned());
                failed.clone().map_or(Ok(()), Err)
            }
        };
        one.failure = read.err().map(|why| Failure { target: given.clone(), why });
        one
    }

    /// The error is why no unit at all could be read; a unit that could not is a gap as long as another could.
    async fn units(&mut self, work: Work<'_>, pace: &Pace) -> Result<(), String> {
        let cx = &pace.cx;
        let mut read = false;
        let mut first_error = None;
        let began = Instant::now();
        let units = work.collector.plan(work.target, cx).map(|unit| collect_unit(work, unit, pace));
        // Answers come in the order of the plan, however long each unit takes.
        let mut units = units.buffered(work.collector.at_once(cx).max(1));
        while let Some(Read { what, commit, seen, observed, waited }) = units.next().await {
            self.target.commit = self.target.commit.take().or(commit);
            self.showed.extend(observed);
            self.took = began.elapsed().saturating_sub(waited);
            match seen {
                Ok(seen) => {
                    read = true;
                    self.coverage.absorb(seen);
                }
                Err(error) => {
                    let why = error.to_string();
                    self.coverage.skipped.push(Gap::new(what, GapReason::Failed).because(why.clone()));
                    first_error.get_or_insert(why);
                }
            }
        }
        match first_error {
            Some(why) if !read => Err(why),
            _ => Ok(()),
        }
    }

    fn packed(self, several: bool) -> anyhow::Result<One<Shown>> {
        let Self { target, coverage, showed, failure, took } = self;
        let showed = Shown::of(correlate(showed, several))?;
        Ok(One { target, coverage, showed, failure, took })
    }
}

/// What came of one unit.
struct Read {
    what: String,
    commit: Option<String>,
    seen: Result<Coverage, CollectError>,
    observed: Vec<Observation>,
    /// How long it stood in the line for those that are read.
    waited: Duration,
}

async fn collect_unit(work: Work<'_>, unit: Result<Unit, CollectError>, pace: &Pace) -> Read {
    let cx = &pace.cx;
    let unit = match unit {
        Ok(unit) => unit,
        Err(error) => {
            let what = work.target.given.clone();
            let (seen, observed, waited) = (Err(error), Vec::new(), Duration::ZERO);
            return Read { what, commit: None, seen, observed, waited };
        }
    };
    let began = Instant::now();
    // What answers over a network takes no processor. The line is never closed: whoever waits gets in.
    let is_read_here = work.collector.at_once(cx) <= 1;
    let _room = if is_read_here { pace.reading.acquire().await.ok() } else { None };
    let waited = began.elapsed();
    cx.progress.begin(&unit.target);
    let mut observed = Vec::new();
    let mut put = |observation| observed.push(observation);
    let seen = work.collector.collect(&unit, cx, &mut Sink::new(&mut put)).await;
    let what = if unit.part.is_empty() { unit.target } else { unit.part };
    Read { what, commit: unit.commit, seen, observed, waited }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use futures::stream::{self, BoxStream};
    use muster_collect::{Descriptor, NoCredentials, Source};
    use muster_rules::RulePack;

    use super::super::plan::Planned;
    use super::*;
    use crate::sample;

    /// Plans a unit for every word of a target. A word says what becomes of it.
    struct Words;

    #[async_trait]
    impl Collector for Words {
        fn descriptor(&self) -> &'static Descriptor {
            const WORDS: Descriptor = Descriptor {
                id: "words",
                title: "Words",
                source: Source::Folder,
                permissions: &["none"],
                options: &[],
            };
            &WORDS
        }

        fn at_once(&self, _: &Context) -> usize {
            2
        }

        fn plan<'a>(
            &'a self,
            target: &'a Target,
            _: &'a Context,
        ) -> BoxStream<'a, Result<Unit, CollectError>> {
            stream::iter(target.rest.split(' '))
                .map(|word| match word {
                    "gone" => Err(CollectError::Unusable("it is not there".to_owned())),
                    word => Ok(Unit {
                        target: target.given.clone(),
                        part: word.to_owned(),
                        commit: Some("c0ffee".to_owned()),
                    }),
                })
                .boxed()
        }

        async fn collect(
            &self,
            unit: &Unit,
            _: &Context,
            out: &mut Sink<'_>,
        ) -> Result<Coverage, CollectError> {
            if unit.part == "broken" {
                return Err(CollectError::Failed("it broke".to_owned()));
            }
            for observation in sample::loose(&unit.target).observations() {
                out.put(observation);
            }
            let skipped =
                vec![Gap::new("z.bin", GapReason::Unsupported), Gap::new("a.bin", GapReason::Unsupported)];
            Ok(Coverage { target: unit.target.clone(), seen: 2, skipped, kinds: Vec::new() })
        }
    }

    fn collected(targets: &[&str]) -> Collected {
        let targets = targets
            .iter()
            .map(|given| Planned { target: Target::parse(given).unwrap(), reading: Reading::By(&Words) });
        let plan =
            Plan { targets: targets.collect(), notes: Vec::new(), credentials: Arc::new(NoCredentials) };
        let cx = Context::new(Arc::new(RulePack::built_in()));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(collect(&plan, &cx)).unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_a_gap_and_ends_nothing() {
        let found = collected(&["gone", "fine broken fine", "broken gone"]);
        let unread = |what: &str, why: &str| Gap::new(what, GapReason::Failed).because(why);
        let unsupported = |what: &str| Gap::new(what, GapReason::Unsupported);
        let coverage = |target: &str, seen, skipped| Coverage {
            target: target.to_owned(),
            seen,
            skipped,
            kinds: Vec::new(),
        };
        assert_eq!(
            found.coverage,
            [
                coverage("gone", 0, vec![unread("gone", "it is not there")]),
                coverage(
                    "fine broken fine",
                    4,
                    vec![
                        unsupported("a.bin"),
                        unsupported("a.bin"),
                        unread("broken", "it broke"),
                        unsupported("z.bin"),
                        unsupported("z.bin"),
                    ]
                ),
                coverage(
                    "broken gone",
                    0,
                    vec![unread("broken", "it broke"), unread("broken gone", "it is not there")]
                ),
            ]
        );
        let failure = |target: &str, why: &str| Failure { target: target.to_owned(), why: why.to_owned() };
        assert_eq!(found.failures, [failure("gone", "it is not there"), failure("broken gone", "it broke")]);
        let empty: Vec<bool> = found.shown.values().map(Shown::is_empty).collect();
        assert_eq!(empty, [true, false, true], "in the order of names");
        let commits: Vec<Option<&str>> = found.targets.iter().map(|t| t.commit.as_deref()).collect();
        assert_eq!(commits, [None, Some("c0ffee"), Some("c0ffee")]);
    }
}
