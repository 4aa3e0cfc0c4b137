//! How fast each service of each region is asked: slower whenever it says so, and faster again while it does not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The first wait after a service asked to slow down.
const FIRST: Duration = Duration::from_millis(200);
/// The longest time between two requests.
const SLOWEST: Duration = Duration::from_secs(5);
/// Below this there is no wait at all.
const FASTEST: Duration = Duration::from_millis(5);

/// The pace of every service and region.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<(String, String), Place>>);

#[derive(Debug)]
struct Place {
    next: Instant,
    between: Duration,
}

impl Pace {
    /// Waits for the turn of one request.
    pub(super) async fn turn(&self, service: &str, region: &str) {
        let at = self.with(service, region, |place| {
            let at = place.next.max(Instant::now());
            place.next = at + place.between;
            at
        });
        sleep_until(at).await;
    }

    /// The service asked to slow down, and perhaps for how long to stay away.
    pub(super) fn slower(&self, service: &str, region: &str, away: Option<Duration>) {
        self.with(service, region, |place| {
            place.between = (place.between * 2).clamp(FIRST, SLOWEST);
            place.next =
                place.next.max(Instant::now() + away.unwrap_or(place.between).min(Duration::from_mins(1)));
        });
    }

    /// The service answered.
    pub(super) fn answered(&self, service: &str, region: &str) {
        self.with(service, region, |place| {
            place.between = place.between.mul_f64(0.8);
            if place.between < FASTEST {
                place.between = Duration::ZERO;
            }
        });
    }

    fn with<T>(&self, service: &str, region: &str, change: impl FnOnce(&mut Place) -> T) -> T {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Place { next: Instant::now(), between: Duration::ZERO };
        change(places.entry((service.to_owned(), region.to_owned())).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_service_that_asks_for_it_is_asked_more_slowly_and_then_faster_again() {
        let pace = Pace::default();
        let began = Instant::now();
        for _ in 0..10 {
            pace.turn("iam", "r").await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        pace.slower("iam", "r", None);
        pace.turn("iam", "r").await;
        assert!(began.elapsed() >= FIRST);
        pace.slower("iam", "r", Some(Duration::from_secs(3)));
        pace.turn("iam", "r").await;
        assert!(began.elapsed() >= Duration::from_secs(3));
        let before = Instant::now();
        pace.turn("iam", "other").await;
        assert_eq!(before.elapsed(), Duration::ZERO, "another region is not slowed down");
        for _ in 0..40 {
            pace.answered("iam", "r");
        }
        pace.turn("iam", "r").await;
        let before = Instant::now();
        pace.turn("iam", "r").await;
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
