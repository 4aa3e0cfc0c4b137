//! Runs the collectors over a plan. What cannot be read becomes a gap of its target and never ends the scan.

use asmm_model::{Coverage, Gap, GapReason, Observation, ScanTarget};
use futures::StreamExt;
use muster_collect::{Context, Sink};

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
    let mut units = planned.collector.plan(&planned.target, cx);
    let mut read = false;
    let mut first_error = None;
    while let Some(unit) = units.next().await {
        let (what, result) = match unit {
            Ok(unit) => {
                cx.progress.begin(&unit.target);
                target.commit = target.commit.take().or_else(|| unit.commit.clone());
                let mut put = |observation| observations.push(observation);
                let what = if unit.part.is_empty() { unit.target.clone() } else { unit.part.clone() };
                (what, planned.collector.collect(&unit, cx, &mut Sink::new(&mut put)).await)
            }
            Err(error) => (planned.target.given.clone(), Err(error)),
        };
        match result {
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
