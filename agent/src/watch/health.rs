//! Whether the daemon lives, and whether it takes work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A loop that says nothing for longer hangs: it wakes at least every [`PULSE`].
const SILENCE: Duration = Duration::from_mins(1);
/// How often the loop says that it lives, however far the next run is.
pub(super) const PULSE: Duration = Duration::from_secs(10);

/// What is known of the daemon.
#[derive(Debug)]
pub(crate) struct Health {
    beat: Mutex<Instant>,
    ready: AtomicBool,
    closing: AtomicBool,
}

impl Health {
    /// It lives, and is not ready.
    pub(crate) fn new() -> Self {
        Self {
            beat: Mutex::new(Instant::now()),
            ready: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// The configuration is read and the store is open.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// It shuts down, and is not ready again.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// The loop lives.
    pub(super) fn beat(&self) {
        *self.beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether the loop said lately that it lives. While it waits for the last run to end it has a limit of its own.
    pub(super) fn lives(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
            || self.beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed() <= SILENCE
    }

    /// Whether runs can begin.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.closing.load(Ordering::Relaxed)
    }
}
