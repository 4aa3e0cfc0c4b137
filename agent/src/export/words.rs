//! What several formats say in the same way: names of kinds, targets, addresses of files, and why a verdict
//! is what it is.

use std::fmt::Write as _;

use asmm_model::{Answer, Criterion, Evidence, Supports, System};
use serde::Serialize;

/// The name that the document uses for a kind.
pub(super) fn named(kind: impl Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// An answer as the document has it.
pub(super) fn answer(answer: &Answer) -> &'static str {
    match answer {
        Answer::Yes(_) => "yes",
        Answer::No(_) => "no",
        Answer::Unknown(_) => "unknown",
    }
}

/// A path as a relative reference of RFC 3986: whatever a file is called, it is one path and nothing else.
pub(super) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    // Two slashes at the beginning would name a host.
    if uri.starts_with("//") { format!("/.{uri}") } else { uri }
}

/// What speaks for the answers that the verdict hangs on, the first question first, each place once.
pub(super) fn deciding(system: &System) -> Vec<&Evidence> {
    let mut pieces: Vec<&Evidence> = Vec::new();
    for criterion in [Criterion::C1, Criterion::C2, Criterion::C3, Criterion::C4] {
        let answer = &system.criteria[criterion];
        let against = match answer {
            Answer::Yes(_) => Some(Supports::No),
            Answer::No(_) => Some(Supports::Yes),
            Answer::Unknown(_) => None,
        };
        for piece in answer.evidence() {
            let speaks_for = against.is_none() || piece.supports != against;
            if speaks_for && !pieces.iter().any(|known| known.place == piece.place) {
                pieces.push(piece);
            }
        }
    }
    pieces
}

/// What a store remembers of a system, in words: `unseen, first seen 2026-11-01, last seen 2026-11-20`. Days are enough for people.
pub(super) fn remembered(system: &System) -> Option<String> {
    let known = system.remembered.as_ref()?;
    let day = |at: &str| at.split('T').next().unwrap_or_default().to_owned();
    let (first, last) = (day(&known.first_seen), day(&known.last_seen));
    Some(format!("{}, first seen {first}, last seen {last}", known.presence.name()))
}

#[cfg(test)]
mod tests {
    use asmm_model::{DeploymentKind, IdentityKind};

    use super::*;

    #[test]
    fn kinds_are_called_what_the_document_calls_them() {
        assert_eq!(named(IdentityKind::EnvCredential), "env-credential");
        assert_eq!(named(DeploymentKind::K8s), "k8s");
    }

    #[test]
    fn no_name_of_a_file_is_more_than_a_path() {
        let table = [
            ("src/a.py", "src/a.py"),
            ("a b/ü#1?.py", "a%20b/%C3%BC%231%3F.py"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("//host/a", "/.//host/a"),
            ("a\r\n\"<>", "a%0D%0A%22%3C%3E"),
        ];
        for (path, expected) in table {
            assert_eq!(uri(path), expected);
        }
    }
}
