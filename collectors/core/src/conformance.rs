//! The checks that every collector passes, whatever its source: run by each collector's own tests.

use asmm_model::{Coverage, Observation};
use futures::StreamExt;

use crate::{CollectError, Collector, Context, Sink, Target};

/// Everything that one scan of a target gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What was observed, in order.
    pub observations: Vec<Observation>,
    /// What was looked at and what was not, one per unit.
    pub coverage: Vec<Coverage>,
}

/// Plans a target and collects every unit of it.
///
/// # Errors
/// The first error of the plan or of a unit.
pub async fn scan(collector: &dyn Collector, target: &Target, cx: &Context) -> Result<Outcome, CollectError> {
    let mut outcome = Outcome::default();
    let mut units = collector.plan(target, cx);
    while let Some(unit) = units.next().await {
        let unit = unit?;
        let mut put = |observation| outcome.observations.push(observation);
        let coverage = collector.collect(&unit, cx, &mut Sink::new(&mut put)).await?;
        outcome.coverage.push(coverage);
    }
    Ok(outcome)
}

/// Scans a target three times and holds the answers against what a collector promises.
///
/// `canaries` are texts planted in the source as secret values: none of them may show up anywhere.
///
/// # Panics
/// When a promise is broken: that is the point.
pub async fn check(collector: &dyn Collector, target: &Target, cx: &Context, canaries: &[&str]) -> Outcome {
    let descriptor = collector.descriptor();
    assert!(!descriptor.id.is_empty() && !descriptor.title.is_empty(), "it says what it is");
    assert!(!descriptor.permissions.is_empty(), "{}: it lists what it must be allowed to do", descriptor.id);

    let first = scan(collector, target, cx).await.expect("the target of the conformance suite can be read");
    assert!(!first.observations.is_empty(), "{}: the target holds something to observe", descriptor.id);
    let second = scan(collector, target, cx).await.expect("it can be read again");
    assert_eq!(first, second, "{}: two scans of one source differ", descriptor.id);
    let more = Context { threads: cx.threads + 3, ..cx.clone() };
    let third = scan(collector, target, &more).await.expect("it can be read with more threads");
    assert_eq!(first, third, "{}: the answer depends on the number of threads", descriptor.id);

    let shown = format!("{first:?}");
    for canary in canaries {
        assert!(!shown.contains(canary), "{}: a secret value shows up in what was observed", descriptor.id);
    }
    for observation in &first.observations {
        assert_eq!(observation.scope.target, target.given, "{}: the scope names its target", descriptor.id);
    }

    let stopped = Context { stop: crate::Stop::new(), ..cx.clone() };
    stopped.stop.ask();
    let nothing = scan(collector, target, &stopped).await;
    assert!(
        matches!(nothing, Err(CollectError::Stopped)),
        "{}: it goes on although it was asked to stop",
        descriptor.id
    );
    first
}
