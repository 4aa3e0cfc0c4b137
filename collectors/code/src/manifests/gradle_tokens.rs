//! Words, texts and signs of a Gradle build file, in Groovy or Kotlin alike.

use super::Manifest;

/// Tokens kept of one build file.
const MAX_TOKENS: usize = 400_000;

/// What a build file is made of. White space is left out, line ends are not: they end statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name or a number.
    Word(&'t str),
    /// A text without its quotes, as written.
    Text(&'t str),
    /// Anything else.
    Sign(char),
}

impl<'t> Token<'t> {
    pub(super) fn word(self) -> Option<&'t str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }

    pub(super) fn text(self) -> Option<&'t str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Tokens with their lines.
pub(super) type Tokens<'t> = Vec<(Token<'t>, u32)>;

/// Takes a build file apart; comments are left out.
pub(super) fn tokens<'t>(manifest: &mut Manifest, text: &'t str) -> Tokens<'t> {
    let mut tokens: Tokens<'t> = Vec::new();
    let (mut position, mut line) = (0, 1_u32);
    while let Some(character) = text[position..].chars().next() {
        if tokens.len() >= MAX_TOKENS {
            manifest.warn(line, "more of the file than is read");
            break;
        }
        let rest = &text[position..];
        let (token, length) = if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if character == '"' || character == '\'' {
            let (inner, length) = literal(rest, character);
            (Some(Token::Text(inner)), length)
        } else if is_name(character) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (Some(Token::Word(&rest[..length])), length)
        } else {
            let matters = character == '\n' || !character.is_whitespace();
            (matters.then_some(Token::Sign(character)), character.len_utf8())
        };
        if let Some(token) = token {
            tokens.push((token, line));
        }
        let newlines = rest[..length].bytes().filter(|b| *b == b'\n').count();
        line = line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        position += length;
    }
    tokens
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The text in the literal at the beginning, and the length of the whole. One that is not closed ends with its line.
fn literal(rest: &str, quote: char) -> (&str, usize) {
    let open = if rest.as_bytes().starts_with(&[quote as u8; 3]) { 3 } else { 1 };
    let end = &rest[..open];
    let mut skip = false;
    // Within `${…}` there may be texts of their own.
    let mut expression = 0_usize;
    let mut before = ' ';
    for (at, character) in rest.char_indices().skip(open) {
        if skip {
            skip = false;
        } else if character == '\\' {
            skip = true;
        } else if character == '\n' && open == 1 {
            return (&rest[open..at], at);
        } else if character == '{' && (before == '$' || expression > 0) && quote == '"' {
            expression += 1;
        } else if character == '}' && expression > 0 {
            expression -= 1;
        } else if expression == 0 && rest[at..].starts_with(end) {
            return (&rest[open..at], at + open);
        }
        before = character;
    }
    (&rest[open..], rest.len())
}
