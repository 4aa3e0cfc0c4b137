//! Fingerprints of secrets: what tells that two places hold the same one, and says nothing else about it.
//!
//! They are keyed, so that nobody who reads an inventory can try out a secret that they have in mind.

use asmm_model::Fingerprint;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of an installation that fingerprints are made under.
#[derive(Clone)]
pub struct FingerprintKey(Hmac<Sha256>);

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FingerprintKey").finish_non_exhaustive()
    }
}

/// A key under which fingerprints could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is shorter than {} bytes", FingerprintKey::LEAST)]
pub struct WeakKey;

impl FingerprintKey {
    /// Bytes that a key has at least.
    pub const LEAST: usize = 16;

    /// Takes the bytes of a key.
    ///
    /// # Errors
    /// It is too short to keep anything secret.
    pub fn try_new(key: &[u8]) -> Result<Self, WeakKey> {
        if key.len() < Self::LEAST {
            return Err(WeakKey);
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| WeakKey)
    }

    /// The first eight bytes of HMAC-SHA-256: enough to tell secrets apart, too few to be one.
    pub fn of(&self, secret: &[u8]) -> Fingerprint {
        let tag = self.0.clone().chain_update(secret).finalize().into_bytes();
        let mut first = [0; 8];
        first.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        Fingerprint::from_bytes(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_anyone_with_the_key_can_compute() {
        // RFC 4231, test case 6 has a key of our length; its tag begins like this.
        let key = FingerprintKey::try_new(&[0xaa; 131]).unwrap();
        let secret = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(key.of(secret).as_str(), "60e431591ee0b67f");
        assert_eq!(format!("{key:?}"), "FingerprintKey { .. }");
    }

    #[test]
    fn a_short_key_is_refused() {
        assert_eq!(FingerprintKey::try_new(b"fifteen bytes..").err(), Some(WeakKey));
    }
}
