//! What monitoring reads, in the text format of OpenMetrics.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

#[cfg(test)]
use super::report::Ended;
use super::report::{RunReport, SourceReport};

/// Labels with their values.
type Labels = Vec<(&'static str, String)>;

/// From a second to half a day.
const BUCKETS: [f64; 10] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 10_800.0, 43_200.0];

/// What is counted and measured.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    runs: Family<Labels, Counter>,
    durations: Histogram,
    last_success: Family<Labels, Gauge>,
    next: Family<Labels, Gauge>,
    systems: Family<Labels, Gauge<u64, AtomicU64>>,
    gaps: Family<Labels, Gauge<u64, AtomicU64>>,
    skipped: Family<Labels, Counter>,
    notices: Family<Labels, Counter>,
}

fn of(source: &str) -> Labels {
    vec![("source", source.to_owned())]
}

fn of_both(source: &str, label: &'static str, value: &str) -> Labels {
    vec![("source", source.to_owned()), (label, value.to_owned())]
}

impl Metrics {
    /// Nothing was counted yet.
    pub(crate) fn new() -> Self {
        let (runs, last_success, next) = (Family::default(), Family::default(), Family::default());
        let (systems, gaps) = (Family::default(), Family::default());
        let (skipped, notices) = (Family::default(), Family::default());
        let durations = Histogram::new(BUCKETS);
        let mut registry = Registry::with_prefix("muster");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of muster", build);
        registry.register("runs", "Runs of each source by how they ended", runs.clone());
        registry.register_with_unit("run_duration", "How long runs took", Unit::Seconds, durations.clone());
        registry.register_with_unit(
            "last_success_timestamp",
            "When each source was last scanned, in seconds since 1970",
            Unit::Seconds,
            last_success.clone(),
        );
        registry.register_with_unit(
            "next_run_timestamp",
            "When each source is due, in seconds since 1970",
            Unit::Seconds,
            next.clone(),
        );
        registry.register("systems", "AI systems that the last run of each source found", systems.clone());
        registry.register("gaps", "What the last run of each source could not see", gaps.clone());
        registry.register("skipped_runs", "Runs left out since the source was still busy", skipped.clone());
        registry.register("notifications", "Notices that were sent or could not be", notices.clone());
        Self { registry, runs, durations, last_success, next, systems, gaps, skipped, notices }
    }

    /// Everything, as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Only a writer can fail, and a text takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A source is due at this time.
    pub(super) fn due(&self, source: &str, at: Timestamp) {
        self.next.get_or_create(&of(source)).set(at.as_second());
    }

    /// A source was due while it was still busy.
    pub(super) fn skipped(&self, source: &str) {
        self.skipped.get_or_create(&of(source)).inc();
    }

    /// A run of these sources is over.
    pub(super) fn run(&self, report: &RunReport, seconds: f64, now: Timestamp) {
        self.durations.observe(seconds);
        for (source, report) in &report.sources {
            self.source(source, report, now);
        }
        for (result, count) in [("sent", report.notices_sent), ("failed", report.notices_failed)] {
            self.notices.get_or_create(&vec![("result", result.to_owned())]).inc_by(count);
        }
    }

    fn source(&self, source: &str, report: &SourceReport, now: Timestamp) {
        self.runs.get_or_create(&of_both(source, "result", report.ended.word())).inc();
        if !report.ended.is_success() {
            // What is known of it is still from the run before.
            return;
        }
        self.last_success.get_or_create(&of(source)).set(now.as_second());
        self.gaps.get_or_create(&of(source)).set(report.gaps);
        let none = ["agentic", "undetermined", "not-agentic"].map(|verdict| (verdict, 0));
        let mut systems = BTreeMap::from(none);
        systems.extend(&report.systems);
        for (verdict, count) in systems {
            self.systems.get_or_create(&of_both(source, "verdict", verdict)).set(count);
        }
    }

    /// How often a source ended so; for tests.
    #[cfg(test)]
    pub(super) fn count(&self, source: &str, ended: Ended) -> u64 {
        self.runs.get_or_create(&of_both(source, "result", ended.word())).get()
    }
}
