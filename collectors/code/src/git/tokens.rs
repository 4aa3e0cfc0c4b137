//! Tokens for servers of git: from the environment or a file, each for the hosts that it is for.

use std::path::Path;

use muster_collect::Environment;

use crate::tree::read_bounded;

/// The variable of the environment that holds them.
pub(super) const VARIABLE: &str = "MUSTER_GIT_TOKEN";
/// Bytes of a file of tokens.
const MAX_BYTES: u64 = 1 << 20;
/// Bytes of one token: those of GitHub and GitLab have less than a hundred, signed ones some thousand.
const MAX_TOKEN: usize = 16 << 10;

/// Tokens by the host that they are for; without one, for every host.
#[derive(Clone, Default)]
pub(super) struct Tokens(Vec<(Option<String>, String)>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(host, _)| host)).finish()
    }
}

impl Tokens {
    /// The tokens of a file where one is given, or those of the environment.
    ///
    /// # Errors
    /// Why there are none, as a sentence without any of them.
    pub(super) fn of(file: Option<&str>, environment: &Environment) -> Result<Self, String> {
        let (text, place) = match file {
            Some(path) => (Self::read(path)?, format!("the file of tokens `{path}`")),
            None => match environment.get(VARIABLE) {
                Some(value) => {
                    let text = value.to_str().ok_or(format!("{VARIABLE} is no text"))?;
                    (text.to_owned(), VARIABLE.to_owned())
                }
                None => return Ok(Self::default()),
            },
        };
        Self::parse(&text).ok_or_else(|| {
            format!(
                "{place} holds something that is no token; write a token, or HOST=TOKEN, on a line of its own"
            )
        })
    }

    fn read(path: &str) -> Result<String, String> {
        let mut bytes = Vec::new();
        read_bounded(Path::new(path), path, MAX_BYTES, &mut bytes).map_err(|gap| {
            let why = gap.detail.unwrap_or_default();
            format!("the file of tokens `{path}` cannot be read: {why}")
        })?;
        String::from_utf8(bytes).map_err(|_| format!("the file of tokens `{path}` is no text"))
    }

    /// One token for each line, or each word; what begins with `#` is a comment.
    fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(str::split_whitespace) {
            // The end of a token may be `=` as well, which no host is before.
            let (host, token) = match word.split_once('=') {
                Some((host, token)) if is_host(host) && !token.is_empty() => (Some(host), token),
                _ => (None, word),
            };
            let is_token = token.len() <= MAX_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_token {
                return None;
            }
            tokens.push((host.map(str::to_ascii_lowercase), token.to_owned()));
        }
        Some(Self(tokens))
    }

    /// The token for a host, which is given with its port if it has one.
    pub(super) fn for_host(&self, host: &str) -> Option<&str> {
        let of = |wanted: Option<&str>| {
            self.0.iter().find(|(host, _)| host.as_deref() == wanted).map(|(_, token)| token.as_str())
        };
        of(Some(host)).or_else(|| of(None))
    }
}

/// Whether something may be a host: its name has a dot, or it is this machine.
fn is_host(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    (name.contains('.') || name == "localhost")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_to_the_hosts_that_they_are_for() {
        let tokens = Tokens::parse("# ours\ngithub.com=one\ngit.example.org:8443=two==\n").unwrap();
        assert_eq!(tokens.for_host("github.com"), Some("one"));
        assert_eq!(tokens.for_host("git.example.org:8443"), Some("two=="));
        assert_eq!(tokens.for_host("git.example.org"), None);
        assert_eq!(tokens.for_host("evil.example.org"), None);
        assert!(!format!("{tokens:?}").contains("one"));

        let one = Tokens::parse("glpat-abc=\n").unwrap();
        assert_eq!(one.for_host("anything"), Some("glpat-abc="));
        let both = Tokens::parse("localhost=one two").unwrap();
        assert_eq!((both.for_host("localhost"), both.for_host("other")), (Some("one"), Some("two")));
    }

    #[test]
    fn mistakes_do_not_repeat_a_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, "hunter2\u{e9}").unwrap();
        let shown = path.display().to_string();
        let mistake = Tokens::of(Some(&shown), &Environment::default()).unwrap_err();
        assert!(mistake.starts_with(&format!("the file of tokens `{shown}` holds something")), "{mistake}");
        assert!(!mistake.contains("hunter2"));
        assert!(Tokens::of(Some("/nowhere/at/all"), &Environment::default()).is_err());
        let mut environment = Environment::default();
        assert_eq!(Tokens::of(None, &environment).unwrap().for_host("a"), None);
        environment.set(VARIABLE, "hunter2");
        assert_eq!(Tokens::of(None, &environment).unwrap().for_host("a"), Some("hunter2"));
    }
}
