//! Decoding, line numbers, and what may leave a manifest: names, versions and requirements without secrets.

use std::borrow::Cow;

/// Longest requirement that is kept, in bytes; what is longer is a list of URLs or an attack.
const MAX_REQUIREMENT: usize = 256;
const MAX_NAME: usize = 214;
const MAX_VERSION: usize = 128;

/// Text of a file without its byte order mark, and whether bytes had to be replaced.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    // Honours the marks of UTF-8 and both forms of UTF-16 and cuts them off.
    let (text, _, damaged) = encoding_rs::UTF_8.decode(bytes);
    (text, damaged)
}

/// Counts to lines from zero-based positions in an iterator of lines.
pub(super) fn one_based(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX - 1) + 1
}

/// Whether a text can be a package name: short, and of characters that no ecosystem's name goes beyond.
pub(super) fn is_plausible_name(name: &str) -> bool {
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '@' | ':' | '~' | '+' | '!')
    };
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(allowed)
        && name.contains(|c: char| c.is_ascii_alphanumeric())
}

/// A version, if the text can be one.
pub(super) fn clean_version(version: &str) -> Option<String> {
    let version = version.trim();
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '~' | ':' | '/' | '#')
    };
    let fits = !version.is_empty() && version.len() <= MAX_VERSION && version.chars().all(allowed);
    (fits && !version.contains("://")).then(|| version.to_owned())
}

/// A requirement on one line, without what could be a credential: user names, passwords and queries of URLs.
pub(super) fn clean_requirement(requirement: &str) -> Option<String> {
    let mut cleaned = String::new();
    for word in requirement.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()) {
        if cleaned.len() > MAX_REQUIREMENT {
            break;
        }
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        cleaned.push_str(&without_credentials(word));
    }
    shorten(&mut cleaned, MAX_REQUIREMENT);
    (!cleaned.is_empty()).then_some(cleaned)
}

/// Cuts a text to a number of bytes and marks the cut.
pub(super) fn shorten(text: &mut String, limit: usize) {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push('…');
    }
}

fn without_credentials(word: &str) -> Cow<'_, str> {
    // Without a scheme an `@` belongs to an alias with a version, or to the well-known user of a remote.
    let Some((scheme, rest)) = word.split_once("://") else { return Cow::Borrowed(word) };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // Not a port: a password that holds a `/`, so that nothing tells where the address begins.
    if host.split_once(':').is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit())) {
        return Cow::Owned(format!("{scheme}://"));
    }
    Cow::Owned(format!("{scheme}://{host}{path}"))
}

/// Whether a requirement names one version and no range: `1.2.3`, `v2.0.0-rc.1`.
pub(super) fn is_exact(version: &str) -> bool {
    let digits = version.strip_prefix(['v', 'V']).unwrap_or(version);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!'))
}

/// Whether three numbers and no wildcard stand in a version, as npm and Cargo demand of an exact one.
pub(super) fn is_semver(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or(version);
    let mut numbers = 0;
    for part in core.split('.') {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        numbers += 1;
    }
    numbers == 3 && is_exact(version)
}

/// Whether a group, extra or file is by its name about development and not about what runs.
pub(super) fn is_development_name(name: &str) -> bool {
    const WORDS: [&str; 20] = [
        "dev",
        "develop",
        "development",
        "test",
        "tests",
        "testing",
        "doc",
        "docs",
        "documentation",
        "lint",
        "linting",
        "linter",
        "typing",
        "typecheck",
        "mypy",
        "ci",
        "coverage",
        "format",
        "formatting",
        "style",
    ];
    name.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_decide_the_encoding() {
        let utf16 =
            |order: fn(u16) -> [u8; 2]| -> Vec<u8> { "\u{feff}añ".encode_utf16().flat_map(order).collect() };
        let cases: [(Vec<u8>, &str, bool); 5] = [
            (b"a\xc3\xb1".to_vec(), "añ", false),
            (b"\xef\xbb\xbfa\xc3\xb1".to_vec(), "añ", false),
            (utf16(u16::to_le_bytes), "añ", false),
            (utf16(u16::to_be_bytes), "añ", false),
            (b"a\xff".to_vec(), "a\u{fffd}", true),
        ];
        for (bytes, text, damaged) in cases {
            assert_eq!(decode(&bytes), (Cow::Borrowed(text), damaged));
        }
    }

    #[test]
    fn requirements_lose_their_secrets() {
        let cases = [
            (" >= 1.2 ,\t<2 ", Some(">= 1.2 ,<2".replace(",<", ", <"))),
            ("", None),
            (
                "git+https://user:hunter2@git.example.com/a/b.git@v1?token=hunter2#egg=b",
                Some("git+https://git.example.com/a/b.git@v1".to_owned()),
            ),
            ("https://user:hun/ter2@example.com/a", Some("https://".to_owned())),
            ("https://example.com:8080/a", Some("https://example.com:8080/a".to_owned())),
            ("npm:@scope/name@^1", Some("npm:@scope/name@^1".to_owned())),
        ];
        for (given, expected) in cases {
            assert_eq!(clean_requirement(given), expected);
        }
        let long = clean_requirement(&"é".repeat(10_000)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('…')), (MAX_REQUIREMENT / 2 + 1, true));
    }

    #[test]
    fn only_whole_versions_are_exact() {
        for exact in ["1.2.3", "v1.2.3", "2", "1.0rc1", "1!2.0"] {
            assert!(is_exact(exact), "{exact}");
        }
        for range in ["", "^1.2", "1.*", ">=1", "latest", "1 || 2", "[1,2)"] {
            assert!(!is_exact(range), "{range}");
        }
        assert!(is_semver("1.2.3-rc.1+build"));
        assert!(!is_semver("1.2") && !is_semver("1.2.x") && !is_semver("1.2.3 - 2"));
    }

    #[test]
    fn development_is_a_word_of_the_name() {
        for name in ["dev", "requirements-dev", "test_all", "Docs", "ci.lint"] {
            assert!(is_development_name(name), "{name}");
        }
        for name in ["devices", "attestation", "agent", "all", "latest"] {
            assert!(!is_development_name(name), "{name}");
        }
    }
}
