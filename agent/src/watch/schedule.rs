//! When a source is due: a cron expression in UTC, and a part of the jitter that depends on a seed alone.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDateTime, Cron, CronDateTime, Resolution, Weekday};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// No expression that means something is longer.
const LONGEST: usize = 200;

/// When a source is scanned.
#[derive(Clone)]
pub(crate) struct Schedule {
    cron: Cron,
    text: String,
    jitter: Duration,
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.jitter) == (&other.text, other.jitter)
    }
}

impl Eq for Schedule {}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the expression was read to fills pages.
        write!(f, "Schedule({self}, {}s late at most)", self.jitter.as_secs())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Schedule {
    /// Reads five fields, or `@daily` and the like. The error ends a sentence that begins with the name of the key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST || !text.is_ascii() {
            return Err("is no schedule".to_owned());
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|_| "is no schedule".to_owned())?;
        let schedule = Self { cron, text: text.to_owned(), jitter: Duration::ZERO };
        // The 30th of February can be written, and would be waited for without end.
        let began = Timestamp::from_str("2024-01-01T00:00:00Z").map_err(|error| error.to_string())?;
        schedule.planned(began).map(|_| schedule).ok_or_else(|| "is never due".to_owned())
    }

    /// The same with a jitter: every time is later by less than this.
    pub(crate) fn with_jitter(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    /// The next time after `now`; nothing where there is none that can be written. The same seed gives the same part of the jitter
    /// to the same time.
    pub(crate) fn next(&self, now: Timestamp, seed: u64) -> Option<Timestamp> {
        let planned = self.planned(now)?;
        planned.checked_add(self.late(planned, seed)).ok()
    }

    /// The next time after `now` without jitter.
    fn planned(&self, now: Timestamp) -> Option<Timestamp> {
        self.cron.find_next_occurrence(&Utc(now), false).ok().map(|Utc(next)| next).filter(|next| *next > now)
    }

    fn late(&self, planned: Timestamp, seed: u64) -> Duration {
        let most = u64::try_from(self.jitter.as_millis()).unwrap_or(u64::MAX);
        if most == 0 {
            return Duration::ZERO;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(&planned.as_second().to_le_bytes());
        let mut drawn = [0; 8];
        drawn.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Duration::from_millis(u64::from_le_bytes(drawn) % most)
    }
}

/// A time in UTC, as the crate that reads expressions asks for it.
#[derive(Debug, Clone, Copy)]
struct Utc(Timestamp);

impl Utc {
    fn civil(self) -> DateTime {
        TimeZone::UTC.to_datetime(self.0)
    }
}

impl CronDateTime for Utc {
    fn to_civil(&self) -> CivilDateTime {
        let civil = self.civil();
        let part = |part: i8| u32::from(part.unsigned_abs());
        let (date, time) = (civil.date(), civil.time());
        // Every time of jiff has a date and a time of day.
        CivilDateTime::from_ymd_hms(
            i32::from(date.year()),
            part(date.month()),
            part(date.day()),
            part(time.hour()),
            part(time.minute()),
            part(time.second()),
        )
        .expect("a time of jiff has valid parts")
    }

    fn civil_weekday(&self) -> Weekday {
        match self.civil().date().weekday() {
            jiff::civil::Weekday::Monday => Weekday::Monday,
            jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
            jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
            jiff::civil::Weekday::Thursday => Weekday::Thursday,
            jiff::civil::Weekday::Friday => Weekday::Friday,
            jiff::civil::Weekday::Saturday => Weekday::Saturday,
            jiff::civil::Weekday::Sunday => Weekday::Sunday,
        }
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidTime);
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let (month, day) = (part(civil.month())?, part(civil.day())?);
        let (hour, minute, second) = (part(civil.hour())?, part(civil.minute())?, part(civil.second())?);
        let civil = DateTime::new(year, month, day, hour, minute, second, 0);
        let time = civil.and_then(|civil| TimeZone::UTC.to_timestamp(civil));
        time.map(|time| Resolution::Single(Self(time))).map_err(|_| CronError::InvalidDate)
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(jiff::SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(text: &str, now: &str) -> String {
        let schedule = Schedule::parse(text).unwrap();
        schedule.next(now.parse().unwrap(), 7).unwrap().to_string()
    }

    #[test]
    fn expressions_say_when() {
        let table = [
            ("30 2 * * *", "2026-11-27T02:29:59Z", "2026-11-27T02:30:00Z"),
            ("30 2 * * *", "2026-11-27T02:30:00Z", "2026-11-28T02:30:00Z"),
            ("@hourly", "2026-12-31T23:00:00.5Z", "2027-01-01T00:00:00Z"),
            ("@daily", "2026-11-27T06:00:00Z", "2026-11-28T00:00:00Z"),
            ("*/20 8-9 * * mon-fri", "2026-11-27T09:40:00Z", "2026-11-30T08:00:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            // As everywhere: with both days given, either will do.
            ("0 0 13 * 5", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"),
        ];
        for (text, now, expected) in table {
            assert_eq!(next(text, now), expected, "{text}, {now}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "* * * *", "* * * * * *", "60 * * * *", "@sometimes", "0 2 * * *; rm", "é * * * *"]
        {
            assert_eq!(Schedule::parse(text), Err("is no schedule".to_owned()), "{text}");
        }
        assert_eq!(Schedule::parse("0 0 30 2 *"), Err("is never due".to_owned()));
    }

    fn schedules() -> impl Strategy<Value = String> {
        let field = |low: u32, high: u32| {
            prop_oneof![
                Just("*".to_owned()),
                (low..=high).prop_map(|at| at.to_string()),
                (2..=high).prop_map(|step| format!("*/{step}")),
                (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            ]
        };
        (field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
            .prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn the_next_time_is_later_and_its_jitter_is_bounded(
            text in schedules(), now in 0_i64..4_000_000_000, jitter in 0_u64..100_000, seed in any::<u64>()
        ) {
            let now = Timestamp::from_second(now).unwrap();
            let plain = Schedule::parse(&text).unwrap();
            let late = plain.clone().with_jitter(Duration::from_secs(jitter));
            let planned = plain.next(now, seed).unwrap();
            let due = late.next(now, seed).unwrap();
            prop_assert!(planned > now && due >= planned);
            prop_assert!(due <= planned + Duration::from_secs(jitter));
            prop_assert_eq!(due, late.next(now, seed).unwrap());
            prop_assert_eq!(planned.as_second() % 60, 0);
        }

        #[test]
        fn no_time_is_too_late_to_be_asked_about(now in any::<i64>()) {
            let now = Timestamp::from_second(now).unwrap_or(Timestamp::MAX);
            let _ = Schedule::parse("0 0 29 2 1").unwrap().with_jitter(Duration::from_mins(9)).next(now, 1);
        }
    }

    #[test]
    fn other_seeds_spread_machines_over_the_jitter() {
        let schedule = Schedule::parse("@daily").unwrap().with_jitter(Duration::from_mins(10));
        let now: Timestamp = "2026-11-27T06:00:00Z".parse().unwrap();
        let mut due: Vec<Timestamp> = (0..20).map(|seed| schedule.next(now, seed).unwrap()).collect();
        due.sort();
        due.dedup();
        assert_eq!(due.len(), 20);
    }
}
