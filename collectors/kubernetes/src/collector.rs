//! The collector for saved objects of a cluster: a file or folder is one unit.

use std::path::Path;

use asmm_model::{Coverage, Observation};
use async_trait::async_trait;
use futures::stream::BoxStream;
use muster_collect::{CollectError, Collector, Context, Descriptor, Sink, Source, Target, Unit, whole};

use crate::cluster::Cluster;
use crate::export;
use crate::observe::{Of, observe};

/// Reads what `kubectl get -o json` printed, or manifests.
#[derive(Debug, Clone, Copy, Default)]
pub struct KubernetesExportCollector;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "k8s-export",
    title: "Saved objects of Kubernetes",
    source: Source::KubernetesExport,
    permissions: &["read the files of the export"],
    options: &[],
};

const PREFIX: &str = "k8s-export:";

#[async_trait]
impl Collector for KubernetesExportCollector {
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
    let path = target.strip_prefix(PREFIX).unwrap_or(target);
    let export = export::read(Path::new(path))?;
    if cx.stop.is_asked() {
        return Err(CollectError::Stopped);
    }
    let seen = export.objects.len() as u64;
    let cluster = Cluster::of(&cx.rules, export.objects);
    let (observations, more) = observe(&cx.rules, Of { target, part: "" }, &cluster);
    let mut coverage =
        Coverage { target: target.to_owned(), seen, skipped: export.gaps, ..Coverage::default() };
    coverage.skipped.extend(more);
    coverage.skipped.sort();
    coverage.skipped.dedup();
    Ok((observations, coverage))
}
