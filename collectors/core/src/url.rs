//! Text in addresses.

use std::fmt::Write as _;

/// Text as it stands in a path, a query or a form: everything but letters, digits and `-._~` is escaped.
pub fn encoded(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// What a repository is known by wherever its address stands: `HOST/OWNER/NAME` in lower case, without scheme, user, port and
/// `.git`. Nothing for what names no host and path: a folder of this machine is another one elsewhere.
pub fn repository(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.split(['?', '#']).next().unwrap_or(address);
    let (scheme, rest) = address.split_once("://").map_or((None, address), |(s, rest)| (Some(s), rest));
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("file")) {
        return None;
    }
    let before_path = rest.find('/').unwrap_or(rest.len());
    let rest = rest[..before_path].rfind('@').map_or(rest, |at| &rest[at + 1..]);
    let (host, path) = match scheme {
        Some(_) => rest.split_once('/')?,
        // `git@HOST:OWNER/NAME`
        None => rest.split_once([':', '/'])?,
    };
    let host = host.split(':').next().unwrap_or(host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_plain = |text: &str| !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let is_host = host.contains('.') && !host.starts_with('.');
    (is_host && path.contains('/') && is_plain(path) && path.len() <= 500)
        .then(|| format!("{host}/{path}").to_lowercase())
}

/// A reference of an image without its tag and digest, as it is written.
pub fn without_tag(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        // A port is followed by a path.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// The name of an image without its tag and digest; `docker.io` where no registry is named.
pub fn image(reference: &str) -> Option<String> {
    let name = without_tag(reference);
    let is_name = !name.is_empty()
        && name.len() <= 500
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "./_-:".contains(c));
    let first = name.split('/').next().unwrap_or_default();
    let has_registry = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    is_name.then(|| if has_registry { name.to_owned() } else { format!("docker.io/{name}") })
}

/// The digest that a reference of an image ends with: `sha256:` and 64 hexadecimal digits.
pub fn digest(reference: &str) -> Option<&str> {
    let (_, digest) = reference.split_once('@')?;
    let hex = digest.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_one_name() {
        for address in [
            "https://github.com/Acme/refunds.git",
            "https://user:secret@github.com/acme/refunds",
            "git@github.com:acme/refunds.git",
            "ssh://git@github.com:22/acme/refunds/",
            "github.com/acme/refunds",
            "https://github.com/acme/refunds?ref=main#README",
        ] {
            assert_eq!(repository(address).as_deref(), Some("github.com/acme/refunds"), "{address}");
        }
        for address in [
            "",
            "/srv/git/refunds.git",
            "../refunds",
            "file:///srv/a/b",
            "acme/refunds",
            "github.com/acme",
            "a b",
        ] {
            assert_eq!(repository(address), None, "{address}");
        }
    }

    #[test]
    fn an_image_has_one_name_whatever_its_tag() {
        let of = |reference| image(reference).unwrap_or_default();
        assert_eq!(of("ghcr.io/acme/refunds:1.2@sha256:00"), "ghcr.io/acme/refunds");
        assert_eq!(of("registry.example:5000/a/b"), "registry.example:5000/a/b");
        assert_eq!(of("redis:7"), "docker.io/redis");
        assert_eq!(of("acme/refunds"), "docker.io/acme/refunds");
        assert_eq!(image("${REGISTRY}/refunds"), None);
        assert_eq!(image(""), None);
    }
}
