//! Runs the collectors over a plan. What cannot be read becomes a gap of its target and never ends the scan.

use asmm_model::{Coverage, Gap, GapReason, Observation, ScanTarget};
use futures::StreamExt;
use muster_collect::{CollectError, Context, Sink, Unit};

use super::plan::{Plan, Planned};

/// Everything that the collectors gave.
pub(super) struct Collected {
    pub(super) observations: Vec<Observation>,
    pub(super) coverage: Vec<Coverage>,
    pub(super) targets: Vec<ScanTarget>,
    pub(super) failures: Vec<Failure>,
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

/// Collects every unit of every target.
pub(super) async fn collect(plan: &Plan, cx: &Context) -> Collected {
    let mut collected = Collected {
        observations: Vec::new(),
        coverage: Vec::new(),
        targets: Vec::new(),
        failures: Vec::new(),
    };
    for planned in &plan.targets {
        let given = &planned.target.given;
        let mut coverage = Coverage { target: given.clone(), ..Coverage::default() };
        let mut target = ScanTarget { target: given.clone(), commit: None };
        let read = collect_target(planned, cx, &mut collected.observations, &mut coverage, &mut target).await;
        if let Err(why) = read {
            collected.failures.push(Failure { target: given.clone(), why });
        }
        coverage.skipped.sort();
        collected.coverage.push(coverage);
        collected.targets.push(target);
    }
    collected
}

/// The error is why no unit at all could be read; a unit that could not is a gap as long as another could.
async fn collect_target(
    planned: &Planned,
    cx: &Context,
    observations: &mut Vec<Observation>,
    coverage: &mut Coverage,
    target: &mut ScanTarget,
) -> Result<(), String> {
    let mut read = false;
    let mut first_error = None;
    let work = planned.collector.plan(&planned.target, cx).map(|unit| collect_unit(planned, unit, cx));
    // Answers come in the order of the plan, however long each unit takes.
    let mut units = work.buffered(planned.collector.at_once(cx).max(1));
    while let Some(Read { what, commit, seen, observed }) = units.next().await {
        target.commit = target.commit.take().or(commit);
        observations.extend(observed);
        match seen {
            Ok(seen) => {
                read = true;
                coverage.absorb(seen);
            }
            Err(error) => {
                let why = error.to_string();
                coverage.skipped.push(Gap::new(what, GapReason::Failed).because(why.clone()));
                first_error.get_or_insert(why);
            }
        }
    }
    match first_error {
        Some(why) if !read => Err(why),
        _ => Ok(()),
    }
}

/// What came of one unit.
struct Read {
    what: String,
    commit: Option<String>,
    seen: Result<Coverage, CollectError>,
    observed: Vec<Observation>,
}

async fn collect_unit(planned: &Planned, unit: Result<Unit, CollectError>, cx: &Context) -> Read {
    let unit = match unit {
        Ok(unit) => unit,
        Err(error) => {
            let what = planned.target.given.clone();
            return Read { what, commit: None, seen: Err(error), observed: Vec::new() };
        }
    };
    cx.progress.begin(&unit.target);
    let mut observed = Vec::new();
    let mut put = |observation| observed.push(observation);
    let seen = planned.collector.collect(&unit, cx, &mut Sink::new(&mut put)).await;
    let what = if unit.part.is_empty() { unit.target } else { unit.part };
    Read { what, commit: unit.commit, seen, observed }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use futures::stream::{self, BoxStream};
    use muster_collect::{Collector, Descriptor, Source, Target};
    use muster_rules::RulePack;

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
        let targets =
            targets.iter().map(|given| Planned { target: Target::parse(given).unwrap(), collector: &Words });
        let plan = Plan { targets: targets.collect(), notes: Vec::new() };
        let cx = Context::new(Arc::new(RulePack::built_in()));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(collect(&plan, &cx))
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
        assert_eq!(found.observations.len(), 2);
        let commits: Vec<Option<&str>> = found.targets.iter().map(|t| t.commit.as_deref()).collect();
        assert_eq!(commits, [None, Some("c0ffee"), Some("c0ffee")]);
    }
}
