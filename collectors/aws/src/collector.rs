//! The collector for saved answers of AWS: each account is one unit.

use std::path::Path;

use asmm_model::{Coverage, Gap, GapReason, Observation};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use muster_collect::{CollectError, Collector, Context, Descriptor, Sink, Source, Target, Unit};

use crate::account::{Account, account_of};
use crate::{export, findings};

/// Reads what `aws iam get-account-authorization-details` printed, and evaluates every identity in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct AwsExportCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "aws-export",
    title: "Saved answers of AWS",
    source: Source::AwsExport,
    permissions: &["read the files of the export"],
};

#[async_trait]
impl Collector for AwsExportCollector {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn plan<'a>(&'a self, target: &'a Target, cx: &'a Context) -> BoxStream<'a, Result<Unit, CollectError>> {
        let unit = if cx.stop.is_asked() {
            Err(CollectError::Stopped)
        } else if target.rest.is_empty() {
            Err(CollectError::Unusable("`aws-export:` needs a path behind the colon".to_owned()))
        } else {
            Ok(Unit { target: target.given.clone(), part: String::new(), commit: None })
        };
        stream::once(async { unit }).boxed()
    }

    async fn collect(&self, unit: &Unit, cx: &Context, out: &mut Sink<'_>) -> Result<Coverage, CollectError> {
        let (target, cx) = (unit.target.clone(), cx.clone());
        // Reading and evaluating is work for the CPU: it must not hold up the runtime.
        let work = tokio::task::spawn_blocking(move || collect(&target, &cx));
        let (observations, coverage) =
            work.await.map_err(|_| CollectError::Failed("the scan ended unexpectedly".to_owned()))??;
        for observation in observations {
            out.put(observation);
        }
        Ok(coverage)
    }
}

fn collect(target: &str, cx: &Context) -> Result<(Vec<Observation>, Coverage), CollectError> {
    let path = target.strip_prefix("aws-export:").unwrap_or(target);
    let export = export::read(Path::new(path))?;
    let mut coverage = Coverage { target: target.to_owned(), seen: 0, skipped: export.gaps };
    let mut observations = Vec::new();
    for (folder, pages) in &export.accounts {
        let account = Account::of(pages);
        let number = account.identities.first().map_or("", |identity| account_of(&identity.arn));
        let bounds = export.organisation.bounds_of(number);
        coverage.skipped.extend(gaps(folder, &account, bounds.is_some()));
        let bounds = bounds.unwrap_or_default();
        for identity in &account.identities {
            if cx.stop.is_asked() {
                return Err(CollectError::Stopped);
            }
            coverage.seen += 1;
            observations.extend(findings::observe(&cx.rules, target, identity, &bounds));
        }
    }
    coverage.skipped.sort();
    coverage.skipped.dedup();
    Ok((observations, coverage))
}

/// What of an account is not known.
fn gaps(folder: &str, account: &Account, is_bounded: bool) -> Vec<Gap> {
    let of = |what: &str| if folder.is_empty() { what.to_owned() } else { format!("{folder}: {what}") };
    let mut gaps = Vec::new();
    if !is_bounded {
        gaps.push(Gap::new(of("service control policies"), GapReason::Failed).because(
            "the export does not say where in an organisation the account is: that may forbid what is said to be allowed here",
        ));
    }
    let unread = account.unread.iter();
    gaps.extend(unread.map(|(name, why)| Gap::new(of(name), GapReason::Unparsable).because(why.clone())));
    let missing = |name: &str| {
        Gap::new(of(name), GapReason::Failed)
            .because("the policy is in force and the export does not hold it")
    };
    gaps.extend(account.missing().into_iter().map(missing));
    if account.truncated {
        gaps.push(
            Gap::new(of(export::DETAILS), GapReason::Failed).because("the last page says that more follow"),
        );
    }
    gaps
}
