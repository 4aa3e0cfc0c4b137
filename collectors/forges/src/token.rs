//! A token, which nothing shows.

use std::fmt;

use reqwest::header::HeaderValue;

/// Bytes of one token: most have less than a hundred, signed ones some thousand.
const MOST: usize = 16 << 10;

/// What a forge knows somebody by.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// Reads a token, around which there may be blanks and ends of lines; nothing where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let token = text.trim();
        let is_token =
            !token.is_empty() && token.len() <= MOST && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(token.to_owned()))
    }

    /// The token itself, for the one place that it is meant for.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// As a header of HTTP, which is not shown either.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
