//! Secrets that let somebody in: made here, shown once, and known to the store by their hashes alone.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

/// Bytes of a secret: nobody guesses 32 of them.
const BYTES: usize = 32;

/// A secret that was made just now, or that somebody gave.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        Ok(Self(hex(&bytes)))
    }

    /// One that somebody gave, where it looks like one of ours.
    pub(crate) fn given(text: &str) -> Option<Self> {
        let is =
            text.len() == 2 * BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is.then(|| Self(text.to_owned()))
    }

    /// Its hash, which says nothing of it.
    pub(crate) fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }

    /// Another secret, of this one and `with`, for one `purpose`: it says nothing of either.
    pub(super) fn derive(&self, purpose: &str, with: &Self) -> String {
        let text = format!("{purpose}:{}:{}", self.0, with.0);
        hex(&Sha256::digest(text.as_bytes()))
    }

    /// The secret itself, for who may have it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether two texts are one. What it takes says nothing of where they differ.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()) == Sha256::digest(b.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_like_another_or_is_shown() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        assert_ne!(one, other);
        assert_ne!(one.hash(), one.expose());
        assert_eq!(Secret::given(one.expose()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "Secret(…)");
        assert_eq!(Secret::given(&one.expose()[1..]), None);
        assert_eq!(Secret::given(&"x".repeat(64)), None);
    }

    #[test]
    fn what_is_derived_is_one_thing_for_one_purpose() {
        let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
        let derived = one.derive("nonce", &other);
        assert_eq!(derived, one.derive("nonce", &other));
        for different in [
            one.derive("verifier", &other),
            other.derive("nonce", &one),
            one.derive("nonce", &one),
            one.hash(),
        ] {
            assert_ne!(derived, different);
        }
    }
}
