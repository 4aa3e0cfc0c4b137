//! The clock: the one place where the time is read.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the binary")]
pub(crate) fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// Now, as RFC 3339 in UTC with milliseconds.
pub(crate) fn now() -> String {
    timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Now, and the day of it in UTC.
pub(crate) fn day() -> (String, jiff::civil::Date) {
    let now = timestamp();
    let day = jiff::tz::Offset::UTC.to_datetime(now).date();
    (now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), day)
}

/// Now, in seconds since 1970.
pub(crate) fn seconds() -> i64 {
    timestamp().as_second()
}
