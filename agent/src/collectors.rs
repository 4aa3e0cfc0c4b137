//! The collectors that are compiled in: a new source is one line in this list.

use muster_aws::{AwsCollector, AwsExportCollector};
use muster_code::{CodeCollector, GitCollector};
use muster_collect::{Collector, Source};
use muster_cyclonedx::CycloneDxCollector;
use muster_kubernetes::{KubernetesCollector, KubernetesExportCollector};

/// All collectors, in the order in which they are offered to a target.
pub(crate) static ALL: &[&dyn Collector] = &[
    &CodeCollector,
    &GitCollector,
    &AWS,
    &AwsExportCollector,
    &KubernetesCollector,
    &KubernetesExportCollector,
    &CycloneDxCollector,
];

/// It keeps what the accounts of one target share.
static AWS: AwsCollector = AwsCollector::new();

/// The collector that reads targets of this kind, or what they stand for.
pub(crate) fn reading(source: Source) -> Option<&'static dyn Collector> {
    let source = if source == Source::Repositories { Source::Folder } else { source };
    ALL.iter().copied().find(|collector| collector.descriptor().source == source)
}
