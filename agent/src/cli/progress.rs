//! The progress bar: shown when a scan takes longer than a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_collect::Progress;

use crate::page::visible;

/// Most scans are over before anybody would read a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts files on standard error.
#[derive(Debug)]
pub(super) struct Bar {
    files: ProgressBar,
    began: Instant,
    shown: AtomicBool,
    /// Targets, and how many of them are done.
    targets: (AtomicUsize, AtomicUsize),
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {pos} of {len}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { files: bar, began: Instant::now(), shown: AtomicBool::new(false), targets: Default::default() }
    }

    fn show_when_late(&self) {
        if self.began.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            self.files.set_draw_target(ProgressDrawTarget::stderr());
            self.files.enable_steady_tick(Duration::from_millis(100));
        }
    }
}

impl Progress for Bar {
    fn targets(&self, count: usize) {
        self.targets.0.store(count, Ordering::Relaxed);
    }

    fn target_done(&self) {
        self.targets.1.fetch_add(1, Ordering::Relaxed);
        self.show_when_late();
    }

    fn begin(&self, what: &str) {
        let [all, done] = [&self.targets.0, &self.targets.1].map(|count| count.load(Ordering::Relaxed));
        let of_all =
            if all > 1 { format!("target {} of {all}: ", (done + 1).min(all)) } else { String::new() };
        self.files.set_message(format!("{of_all}{}", visible(what)));
    }

    fn found(&self, count: u64) {
        self.files.inc_length(count);
        self.show_when_late();
    }

    fn done(&self, count: u64) {
        self.files.inc(count);
        self.show_when_late();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.files.finish_and_clear();
    }
}
