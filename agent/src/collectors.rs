//! The collectors that are compiled in: a new source is one line in this list.

use muster_aws::AwsExportCollector;
use muster_code::CodeCollector;
use muster_collect::{Collector, Source};

/// All collectors, in the order in which they are offered to a target.
pub(crate) const ALL: &[&dyn Collector] = &[&CodeCollector, &AwsExportCollector];

/// The collector that reads targets of this kind.
pub(crate) fn reading(source: Source) -> Option<&'static dyn Collector> {
    ALL.iter().copied().find(|collector| collector.descriptor().source == source)
}
