//! How long a forge asks to be left alone, as it says in its headers.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// What GitHub wants to be waited at least where it does not say how long:
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
pub(crate) const UNSAID: Duration = Duration::from_mins(1);

/// Whether the answer to a request that was refused is about too many requests, and how long to wait then.
///
/// `is_refusal` says that the status is one that is given for other reasons as well; `said` is the text of the answer.
pub(crate) fn limited(headers: &HeaderMap, is_refusal: bool, said: &str, now: i64) -> Option<Duration> {
    let number = |name: &str| -> Option<i64> { headers.get(name)?.to_str().ok()?.trim().parse().ok() };
    // By its own clock, which may go otherwise than ours.
    let now = date(headers).unwrap_or(now);
    if let Some(wait) = after(headers, now) {
        return Some(wait);
    }
    let is_used_up = [REMAINING, "ratelimit-remaining"].into_iter().any(|name| number(name) == Some(0));
    if is_used_up {
        let reset = ["x-ratelimit-reset", "ratelimit-reset"].into_iter().find_map(number);
        return Some(reset.map_or(UNSAID, |reset| between(now, reset.saturating_add(1))));
    }
    let is_said = ["secondary rate limit", "rate limit exceeded", "abuse detection"]
        .iter()
        .any(|sign| said.to_ascii_lowercase().contains(sign));
    (!is_refusal || is_said).then_some(UNSAID)
}

const REMAINING: &str = "x-ratelimit-remaining";

/// What `Retry-After` asks for: seconds, or a date.
pub(crate) fn after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    Some(between(now, moment(value)?))
}

fn date(headers: &HeaderMap) -> Option<i64> {
    moment(headers.get(DATE)?.to_str().ok()?)
}

fn moment(text: &str) -> Option<i64> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second())
}

fn between(now: i64, then: i64) -> Duration {
    Duration::from_secs(u64::try_from(then.saturating_sub(now)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn wait(all: &[(&'static str, &'static str)], is_refusal: bool, said: &str) -> Option<u64> {
        limited(&headers(all), is_refusal, said, NOW).map(|wait| wait.as_secs())
    }

    #[test]
    fn what_is_asked_for_is_read_in_each_of_its_ways() {
        assert_eq!(wait(&[("retry-after", "7")], true, ""), Some(7));
        let date = ("date", "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(wait(&[("retry-after", "Fri, 15 Jan 2027 08:00:09 GMT"), date], true, ""), Some(9));
        assert_eq!(wait(&[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT"), date], true, ""), Some(0));
        let used_up = ("x-ratelimit-remaining", "0");
        assert_eq!(wait(&[used_up, ("x-ratelimit-reset", "1800000030")], true, ""), Some(31));
        assert_eq!(wait(&[used_up, ("x-ratelimit-reset", "1"), date], true, ""), Some(0));
        assert_eq!(wait(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "x")], false, ""), Some(60));
        assert_eq!(wait(&[("retry-after", "soon"), used_up], true, ""), Some(60));
    }

    #[test]
    fn a_refusal_is_about_requests_only_where_it_says_so() {
        assert_eq!(wait(&[("x-ratelimit-remaining", "4999")], true, "Must have admin rights"), None);
        assert_eq!(wait(&[], true, "You have exceeded a secondary rate limit."), Some(60));
        assert_eq!(wait(&[], true, "You have triggered an ABUSE DETECTION mechanism"), Some(60));
        assert_eq!(wait(&[], false, ""), Some(60));
    }
}
