//! What is read from the environment: only what must not stand on a command line, where every user of the machine
//! sees it.

use muster_collect::{Environment, FingerprintKey};

use super::UsageError;

const FINGERPRINT_KEY: &str = "MUSTER_FINGERPRINT_KEY";

/// The key that fingerprints of secrets are made under, if there is one.
#[expect(clippy::disallowed_methods, reason = "this is where the configuration is read from the environment")]
pub(super) fn fingerprint_key() -> Result<Option<FingerprintKey>, UsageError> {
    match std::env::var_os(FINGERPRINT_KEY) {
        Some(key) if !key.is_empty() => of(key.as_encoded_bytes()).map(Some),
        _ => Ok(None),
    }
}

/// A variable that a configuration names; nothing where it is not set, or is no text.
#[expect(clippy::disallowed_methods, reason = "this is where the configuration is read from the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What collectors asked to know.
#[expect(clippy::disallowed_methods, reason = "this is where the configuration is read from the environment")]
pub(super) fn handed_on() -> Environment {
    let mut environment = Environment::default();
    for name in muster_code::git_variables().chain(muster_forges::variables()) {
        if let Some(value) = std::env::var_os(name) {
            environment.set(name, value);
        }
    }
    environment
}

/// The name of the user that this process runs as, if there is one.
pub(super) fn user() -> Option<String> {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(variable);
    named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).or_else(user_of_system)
}

/// The name that the system has for the number of the user: jobs and containers may have no variable that says it.
#[cfg(unix)]
fn user_of_system() -> Option<String> {
    use std::io::Read as _;
    use std::os::unix::fs::MetadataExt as _;
    let number = std::fs::metadata("/proc/self").ok()?.uid();
    let mut users = String::new();
    std::fs::File::open("/etc/passwd").ok()?.take(1 << 20).read_to_string(&mut users).ok()?;
    let name = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, user) = (fields.next()?, fields.next()?, fields.next()?);
        (user.parse() == Ok(number) && !name.is_empty()).then(|| name.to_owned())
    };
    users.lines().find_map(name)
}

#[cfg(not(unix))]
fn user_of_system() -> Option<String> {
    None
}

fn of(key: &[u8]) -> Result<FingerprintKey, UsageError> {
    FingerprintKey::try_new(key).map_err(|weak| {
        UsageError::new(
            format!("`{FINGERPRINT_KEY}` is no key: {weak}"),
            "set it to a long random text that stays the same and that nobody knows who reads the inventory",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_a_mistake_that_does_not_repeat_it() {
        let mistake = of(b"hunter2").expect_err("it is too short");
        assert_eq!(mistake.what, "`MUSTER_FINGERPRINT_KEY` is no key: it is shorter than 16 bytes");
        assert!(!mistake.help.unwrap_or_default().contains("hunter2"));
        assert!(of(b"0123456789abcdef").is_ok());
    }
}
