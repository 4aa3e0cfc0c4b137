//! The collectors that are compiled in: a new source is one line in this list.

use std::collections::BTreeSet;

use muster_aws::{AwsCollector, AwsExportCollector};
use muster_code::{CodeCollector, GitCollector};
use muster_collect::{Collector, Descriptor, Source, SourceOption};
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

/// What every kind of target is that is scanned, in the order of the collectors.
pub(crate) fn described() -> impl Iterator<Item = Descriptor> {
    let collectors = ALL.iter().map(|collector| *collector.descriptor());
    collectors.chain([muster_forges::GITHUB, muster_forges::GITLAB])
}

/// Every option once, under the first kind of target that has it.
pub(crate) fn options() -> impl Iterator<Item = (Descriptor, SourceOption)> {
    let mut seen = BTreeSet::new();
    described()
        .flat_map(|descriptor| descriptor.options.iter().map(move |option| (descriptor, *option)))
        .filter(move |(_, option)| seen.insert(option.name))
}

/// Whether targets of a kind, or what they stand for, understand an option.
pub(crate) fn understand(source: Source, option: &str) -> bool {
    let is_forge = matches!(source, Source::Github | Source::Gitlab);
    let own = described().filter(|descriptor| descriptor.source == source);
    let read = reading(source).map(|collector| *collector.descriptor());
    let chosen = muster_code::REPOSITORIES.iter().filter(|_| is_forge);
    let mut all = own.chain(read).flat_map(|descriptor| descriptor.options).chain(chosen);
    all.any(|known| known.name == option)
}

/// The collector that reads targets of this kind, or what they stand for.
pub(crate) fn reading(source: Source) -> Option<&'static dyn Collector> {
    let source = match source {
        Source::Repositories => Source::Folder,
        Source::Github | Source::Gitlab => Source::Git,
        source => source,
    };
    ALL.iter().copied().find(|collector| collector.descriptor().source == source)
}
