//! Why a server did not answer a request, and what can be done about it.

use std::fmt;

use asmm_model::GapReason;
use serde::Deserialize;

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A permission is missing.
    Denied,
    /// The server does not know who asks.
    Unauthorized,
    /// There is no such kind.
    NotFound,
    /// The place in a list is no longer known; perhaps with another to go on from.
    Gone(Option<String>),
    /// The server asked to slow down for longer than is waited.
    Throttled,
    /// The answer is too large to be read.
    TooLarge,
    /// The answer is no JSON of the form that it should have.
    Unreadable(String),
    /// Anything else.
    Failed(String),
}

impl Refusal {
    /// As it stands in the coverage.
    pub(crate) fn reason(&self) -> GapReason {
        match self {
            Self::Denied | Self::Unauthorized => GapReason::Denied,
            Self::Throttled => GapReason::RateLimited,
            Self::TooLarge => GapReason::TooLarge,
            Self::Unreadable(_) => GapReason::Unparsable,
            Self::NotFound | Self::Gone(_) | Self::Failed(_) => GapReason::Failed,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the permission to list it is missing"),
            Self::Unauthorized => f.write_str("the server does not accept who asks (401)"),
            Self::NotFound => f.write_str("there is no such kind (404)"),
            Self::Gone(_) => f.write_str("the list changed faster than it could be read (410)"),
            Self::Throttled => f.write_str("the server asked to slow down for longer than is waited (429)"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Unreadable(why) => write!(f, "the answer cannot be read: {why}"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What a server says of a refusal. Its message is not kept: it may repeat what was asked and who asked.
#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// Reads a refusal from the status of HTTP and the body.
pub(crate) fn of(code: u16, body: &[u8]) -> Refusal {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    match code {
        401 => Refusal::Unauthorized,
        403 => Refusal::Denied,
        404..=406 => Refusal::NotFound,
        410 => Refusal::Gone(status.metadata.next.filter(|next| !next.is_empty())),
        429 => Refusal::Throttled,
        _ => {
            let is_word = |reason: &String| reason.chars().all(|c| c.is_ascii_alphanumeric());
            let reason = status.reason.filter(|reason| is_word(reason) && !reason.is_empty());
            Refusal::Failed(match reason {
                Some(reason) => format!("the server answered {code} {reason}"),
                None => format!("the server answered {code}"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_real_server() {
        let read = |name: &str| {
            std::fs::read(format!("{}/tests/server/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        assert_eq!(of(403, &read("secrets-403")), Refusal::Denied);
        assert_eq!(of(401, &read("anon-401")), Refusal::Unauthorized);
        let Refusal::Gone(Some(next)) = of(410, &read("pods-410")) else { panic!("a place to go on from") };
        assert!(next.starts_with("eyJ2"));
        assert_eq!(of(500, b"<html>"), Refusal::Failed("the server answered 500".to_owned()));
        assert_eq!(of(404, b""), Refusal::NotFound);
    }
}
