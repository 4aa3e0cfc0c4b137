//! The clock: the one place where the time is read.

use jiff::Timestamp;

/// Now, as RFC 3339 in UTC with milliseconds.
pub(crate) fn now() -> String {
    #[expect(clippy::disallowed_methods, reason = "this is the clock of the binary")]
    let now = Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
