//! The collector for saved answers of AWS: each account is one unit.

use std::path::Path;

use asmm_model::{Coverage, Gap, GapReason, Observation};
use async_trait::async_trait;
use futures::stream::BoxStream;
use muster_collect::{CollectError, Collector, Context, Descriptor, Sink, Source, Target, Unit, whole};

use crate::estate::Estate;
use crate::export;
use crate::observe::observe;
use crate::organisation::Bounds;

/// Reads what `aws iam get-account-authorization-details` printed, and evaluates every identity in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsExportCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "aws-export",
    title: "Saved answers of AWS",
    source: Source::AwsExport,
    permissions: &["read the files of the export"],
    options: &[],
};

#[async_trait]
impl Collector for AwsExportCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        whole::unit_of(target, cx)
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        whole::off_the_runtime(unit, cx, out, collect).await
    }
}

fn collect(target: &str, cx: &Context) -> Result<(Vec<Observation>, Coverage), CollectError> {
    let path = target.strip_prefix("aws-export:").unwrap_or(target);
    let export = export::read(Path::new(path))?;
    let mut coverage =
        Coverage { target: target.to_owned(), seen: 0, skipped: export.gaps, kinds: Vec::new() };
    let mut observations = Vec::new();
    for (folder, answers) in export.accounts {
        if cx.stop.is_asked() {
            return Err(CollectError::Stopped);
        }
        let number = if folder.is_empty() { answers.pages.account() } else { folder.clone() };
        let bounds = export.organisation.bounds_of(&number);
        let regions = answers.enabled();
        let mut estate =
            Estate::of(&number, answers, bounds.as_ref().unwrap_or(&Bounds::default()), &regions);
        estate.connect();
        coverage.seen += estate.account.identities.len() as u64;
        coverage.skipped.extend(gaps(&folder, &estate, bounds.is_some()));
        observations.extend(observe(&cx.rules, target, &estate));
    }
    coverage.skipped.sort();
    coverage.skipped.dedup();
    Ok((observations, coverage))
}

/// What of an account is not known.
pub(crate) fn gaps(folder: &str, estate: &Estate, is_bounded: bool) -> Vec<Gap> {
    let of = |what: &str| if folder.is_empty() { what.to_owned() } else { format!("{folder}: {what}") };
    let account = &estate.account;
    let mut gaps = estate.answers.gaps.gaps(folder);
    if !is_bounded {
        gaps.push(Gap::new(of("service control policies"), GapReason::Failed).because(
            "where the account is in an organisation is not known: that may forbid what is said to be allowed here",
        ));
    }
    let unread = account.unread.iter();
    gaps.extend(unread.map(|(name, why)| Gap::new(of(name), GapReason::Unparsable).because(why.clone())));
    let missing = |name: &str| {
        Gap::new(of(name), GapReason::Failed).because("the policy is in force and no answer holds it")
    };
    gaps.extend(account.missing().into_iter().map(missing));
    if account.truncated {
        gaps.push(
            Gap::new(of("iam get-account-authorization-details"), GapReason::Failed)
                .because("the last page says that more follow"),
        );
    }
    gaps
}
