//! Tokens for servers of git: from the environment or a file, each for the hosts that it is for.

use std::path::Path;

use muster_collect::{Credentials, Environment};

use super::address::Remote;
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

    /// The token for a repository: one that was given for its host, then one of whoever listed it, then one for every host.
    ///
    /// # Errors
    /// Why whoever listed it has none though there should be one, as a sentence.
    pub(super) fn for_remote(
        &self,
        remote: &Remote,
        listed: &dyn Credentials,
    ) -> Result<Option<String>, String> {
        if let Some(token) = self.first(Some(&remote.host)) {
            return Ok(Some(token.to_owned()));
        }
        let listed = listed.token(&remote.host, &remote.path)?;
        Ok(listed.or_else(|| self.first(None).map(str::to_owned)))
    }

    fn first(&self, wanted: Option<&str>) -> Option<&str> {
        self.0.iter().find(|(host, _)| host.as_deref() == wanted).map(|(_, token)| token.as_str())
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
    use muster_collect::NoCredentials;

    use super::*;
    use crate::git::address::Address;

    fn remote(host: &str) -> Remote {
        match Address::parse(&format!("https://{host}/acme/shop.git")) {
            Ok(Address::Remote(remote)) => remote,
            other => panic!("{host}: {other:?}"),
        }
    }

    fn sent(tokens: &Tokens, host: &str) -> Option<String> {
        tokens.for_remote(&remote(host), &NoCredentials).unwrap()
    }

    /// Has a token for one repository, and cannot get that for another.
    struct Listed;

    impl Credentials for Listed {
        fn token(&self, host: &str, path: &str) -> Result<Option<String>, String> {
            match (host, path) {
                ("git.example.org", "acme/shop.git") => Ok(Some("listed".to_owned())),
                ("broken.example.org", _) => Err("it is gone".to_owned()),
                _ => Ok(None),
            }
        }
    }

    #[test]
    fn what_is_given_for_a_host_comes_before_what_it_was_listed_with() {
        let of = |tokens: &str, host: &str| Tokens::parse(tokens).unwrap().for_remote(&remote(host), &Listed);
        let token = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(of("git.example.org=own all", "git.example.org"), token("own"));
        assert_eq!(of("all", "git.example.org"), token("listed"));
        assert_eq!(of("all", "other.example.org"), token("all"));
        assert_eq!(of("", "other.example.org"), Ok(None));
        assert_eq!(of("all", "broken.example.org"), Err("it is gone".to_owned()));
        assert_eq!(of("broken.example.org=own", "broken.example.org"), token("own"));
    }

    #[test]
    fn tokens_go_to_the_hosts_that_they_are_for() {
        let tokens = Tokens::parse("# ours\ngithub.com=one\ngit.example.org:8443=two==\n").unwrap();
        assert_eq!(sent(&tokens, "github.com").as_deref(), Some("one"));
        assert_eq!(sent(&tokens, "git.example.org:8443").as_deref(), Some("two=="));
        assert_eq!(sent(&tokens, "git.example.org"), None);
        assert_eq!(sent(&tokens, "evil.example.org"), None);
        assert!(!format!("{tokens:?}").contains("one"));

        let one = Tokens::parse("glpat-abc=\n").unwrap();
        assert_eq!(sent(&one, "anything").as_deref(), Some("glpat-abc="));
        let both = Tokens::parse("localhost=one two").unwrap();
        assert_eq!(
            [sent(&both, "localhost"), sent(&both, "other")],
            ["one", "two"].map(|token| Some(token.to_owned()))
        );
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
        assert_eq!(sent(&Tokens::of(None, &environment).unwrap(), "a"), None);
        environment.set(VARIABLE, "hunter2");
        assert_eq!(sent(&Tokens::of(None, &environment).unwrap(), "a").as_deref(), Some("hunter2"));
    }
}
