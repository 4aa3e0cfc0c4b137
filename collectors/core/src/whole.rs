//! What collectors have in common whose targets are read as a whole: one unit, and work that is for the CPU.

use asmm_model::{Coverage, Observation};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::{CollectError, Context, Sink, Target, Unit};

/// The one unit of a target that names a path.
pub fn unit_of<'a>(target: &Target, cx: &Context) -> BoxStream<'a, Result<Unit, CollectError>> {
    let unit = if cx.stop.is_asked() {
        Err(CollectError::Stopped)
    } else if target.rest.is_empty() {
        Err(CollectError::Unusable(format!("`{}` needs a path behind the colon", target.given)))
    } else {
        Ok(Unit { target: target.given.clone(), part: String::new(), commit: None })
    };
    stream::once(async { unit }).boxed()
}

/// Does the work of a unit where it does not hold up the runtime, and hands on what it observed.
///
/// # Errors
/// What the work says, and that it ended without an answer.
pub async fn off_the_runtime(
    unit: &Unit,
    cx: &Context,
    out: &mut Sink<'_>,
    work: impl FnOnce(&str, &Context) -> Result<(Vec<Observation>, Coverage), CollectError> + Send + 'static,
) -> Result<Coverage, CollectError> {
    let (target, cx) = (unit.target.clone(), cx.clone());
    let work = tokio::task::spawn_blocking(move || work(&target, &cx));
    let (observations, coverage) =
        work.await.map_err(|_| CollectError::Failed("the scan ended unexpectedly".to_owned()))??;
    for observation in observations {
        out.put(observation);
    }
    Ok(coverage)
}
