//! The progress bar: shown when a scan takes longer than a second.

use std::sync::atomic::{AtomicBool, Ordering};
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
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {pos} of {len}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { files: bar, began: Instant::now(), shown: AtomicBool::new(false) }
    }

    fn show_when_late(&self) {
        if self.began.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            self.files.set_draw_target(ProgressDrawTarget::stderr());
            self.files.enable_steady_tick(Duration::from_millis(100));
        }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str) {
        self.files.set_message(visible(what).into_owned());
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
