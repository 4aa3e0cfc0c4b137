//! Links to the hosts of code, for the places that evidence names.
//!
//! A repository says itself what it is kept in, so the address is made only for hosts that are known or named in the settings, and of
//! parts that are escaped: nothing that was scanned chooses where a reviewer is led.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use asmm_model::{Claim, Place};

use crate::store::Shown;

/// Hosts that everybody knows, and how they write the address of a line.
const KNOWN: [(&str, Style); 4] = [
    ("github.com", Style::GitHub),
    ("gitlab.com", Style::GitLab),
    ("bitbucket.org", Style::Bitbucket),
    ("codeberg.org", Style::Forgejo),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    GitHub,
    GitLab,
    Bitbucket,
    Forgejo,
}

/// Where the code of a system is kept.
#[derive(Debug)]
pub(super) struct CodeHosts {
    /// By target: the style of its host, `HOST/OWNER/NAME`, and the commit that was scanned.
    repositories: BTreeMap<String, (Style, String, String)>,
}

impl CodeHosts {
    /// Of a system; beside the well-known hosts, these are believed.
    pub(super) fn new(shown: &Shown, own: &[String]) -> Self {
        let mut repositories = BTreeMap::new();
        for key in shown.system.keys.iter().filter(|key| key.claim == Claim::KeptIn) {
            let target = key.place.target.clone().or_else(|| shown.system.target.clone());
            let Some(target) = target else { continue };
            let Some(commit) = shown.commits.get(&target) else { continue };
            if let Some(style) = style(&key.value, own) {
                repositories.insert(target, (style, key.value.clone(), commit.clone()));
            }
        }
        Self { repositories }
    }

    /// The address of a place in a file, where there is one.
    pub(super) fn link(&self, place: &Place) -> Option<String> {
        let path = place.path.as_deref()?;
        let (style, repository, commit) = match &place.target {
            Some(target) => self.repositories.get(target)?,
            None if self.repositories.len() == 1 => self.repositories.values().next()?,
            None => return None,
        };
        let (path, commit) = (escaped(path), escaped(commit));
        let line = place.line;
        let (folder, line) = match style {
            Style::GitHub => ("blob", line.map(|line| format!("#L{line}"))),
            Style::GitLab => ("-/blob", line.map(|line| format!("#L{line}"))),
            Style::Bitbucket => ("src", line.map(|line| format!("#lines-{line}"))),
            Style::Forgejo => ("src/commit", line.map(|line| format!("#L{line}"))),
        };
        Some(format!("https://{repository}/{folder}/{commit}/{path}{}", line.unwrap_or_default()))
    }
}

/// How the host of a repository writes addresses, where it is one that is believed and the repository is written as they are.
fn style(repository: &str, own: &[String]) -> Option<Style> {
    let (host, rest) = repository.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if !rest.chars().all(plain) || rest.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let known = KNOWN.iter().find(|(known, _)| *known == host).map(|(_, style)| *style);
    let named = || own.iter().any(|own| own.eq_ignore_ascii_case(host));
    known.or_else(|| {
        named().then(|| match host {
            host if host.contains("gitlab") => Style::GitLab,
            host if host.contains("bitbucket") => Style::Bitbucket,
            host if host.contains("gitea") || host.contains("forgejo") => Style::Forgejo,
            _ => Style::GitHub,
        })
    })
}

/// A path in an address: what is more than a letter, a digit or a slash is written as its bytes.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            byte => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_hosts_are_linked_to() {
        let table = [
            ("github.com/acme/refunds", Some(Style::GitHub)),
            ("gitlab.com/acme/group/refunds", Some(Style::GitLab)),
            ("git.acme.example/refunds", Some(Style::GitHub)),
            ("evil.example/acme/refunds", None),
            ("github.com/acme/../x", None),
            ("github.com/acme/a b", None),
            ("github.com/acme//x", None),
            ("github.com", None),
        ];
        let own = ["git.acme.example".to_owned()];
        for (repository, expected) in table {
            assert_eq!(style(repository, &own), expected, "{repository}");
        }
    }

    #[test]
    fn a_place_is_linked_to_at_the_commit_that_was_scanned() {
        let of = |style| (style, "github.com/acme/refunds".to_owned(), "0abc".to_owned());
        let hosts = CodeHosts { repositories: BTreeMap::from([("refunds".to_owned(), of(Style::GitHub))]) };
        let place = Place { target: None, ..Place::line("src/a b#?.py", 16) };
        assert_eq!(
            hosts.link(&place).unwrap(),
            "https://github.com/acme/refunds/blob/0abc/src/a%20b%23%3F.py#L16"
        );
        assert_eq!(hosts.link(&Place { target: Some("other".to_owned()), ..place }), None);
    }
}
