//! Addresses of repositories: what is read directly, and what git is asked to fetch.

use std::path::PathBuf;

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// On this machine.
    Folder(PathBuf),
    /// Elsewhere.
    Remote(Remote),
}

/// A repository of another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// As git takes it.
    pub(super) url: String,
    /// The name of the protocol, as git has it.
    pub(super) protocol: &'static str,
    /// With a port, if one is given.
    pub(super) host: String,
    /// Behind the host, without the first `/`.
    pub(super) path: String,
    /// What a clone of it would be called.
    pub(super) name: String,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about it.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("holds spaces or control characters, which no address does".to_owned());
        }
        if let Some(path) = url.strip_prefix("file://") {
            let path = path.strip_prefix("localhost").unwrap_or(path);
            return match decoded(path) {
                Some(path) if path.starts_with('/') => Ok(Self::Folder(path.into())),
                _ => Err("is no path of this machine; write it as git+file:///PATH".to_owned()),
            };
        }
        let known = [("https://", "https"), ("http://", "http"), ("ssh://", "ssh")];
        let parts =
            known.into_iter().find_map(|(prefix, protocol)| Some((protocol, url.strip_prefix(prefix)?)));
        let (protocol, rest) =
            parts.ok_or("names no protocol that is used; there are https, ssh and file")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // ssh would take a host that begins like an option for one.
        let is_host = |host: &str| {
            !host.is_empty()
                && !host.starts_with('-')
                && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]%".contains(c))
        };
        if !is_host(host) || authority.starts_with('-') {
            return Err("names no host".to_owned());
        }
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
        if name.is_empty() || matches!(name.as_str(), "." | "..") || path.starts_with('-') {
            return Err("names no repository behind the host".to_owned());
        }
        let host = host.to_ascii_lowercase();
        Ok(Self::Remote(Remote { url: url.to_owned(), protocol, host, path: path.to_owned(), name }))
    }
}

impl Remote {
    /// What a token may be sent to: whoever listens in between must not read it.
    pub(super) fn is_private(&self) -> bool {
        let host = match self.host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.host.split(':').next().unwrap_or_default(),
        };
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "::1");
        self.protocol == "https" || (self.protocol == "http" && is_here)
    }
}

/// A path without its escapes.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(url: &str) -> (&'static str, String, String, bool) {
        match Address::parse(url) {
            Ok(Address::Remote(remote)) => {
                let is_private = remote.is_private();
                (remote.protocol, remote.host, remote.name, is_private)
            }
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        let of =
            |protocol, host: &str, name: &str, private| (protocol, host.to_owned(), name.to_owned(), private);
        assert_eq!(remote("https://GitHub.com/acme/Shop.git"), of("https", "github.com", "Shop", true));
        assert_eq!(remote("https://host:8443/a/b/c/"), of("https", "host:8443", "c", true));
        assert_eq!(remote("ssh://git@host:22/acme/shop"), of("ssh", "host:22", "shop", false));
        assert_eq!(remote("http://host/a"), of("http", "host", "a", false));
        assert_eq!(remote("http://127.0.0.1:80/a"), of("http", "127.0.0.1:80", "a", true));
        assert_eq!(remote("http://127.0.0.1.example.org/a"), of("http", "127.0.0.1.example.org", "a", false));
        assert_eq!(remote("http://[::1]:80/a"), of("http", "[::1]:80", "a", true));
        let folder = |url: &str| Address::parse(url).unwrap();
        assert_eq!(folder("file:///srv/a%20b.git"), Address::Folder("/srv/a b.git".into()));
        assert_eq!(folder("file://localhost/srv/a"), Address::Folder("/srv/a".into()));
    }

    #[test]
    fn what_git_or_ssh_would_take_for_something_else_is_refused() {
        for url in [
            "",
            "https://",
            "https://host",
            "https://host/",
            "https://host/..",
            "ssh://-oProxyCommand=x/a",
            "ssh://git@-oProxyCommand/a",
            "ssh://-x@host/a",
            "ext::sh -c x",
            "file://relative",
            "file:///a%00b",
            "file:///a%2",
            "https://host/a b",
            "https://ho$(x)st/a",
            "git://host/a",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
