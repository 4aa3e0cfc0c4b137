//! Secrets by the name of what they are given to: whatever is assigned to something that ends in KEY, TOKEN, SECRET or
//! PASSWORD. Knows no grammar, so that it works in every language and in code that is written inside a text.

use std::ops::Range;

use super::Syntax;
use super::shape::runs;

/// Ends of names, in lower case, whose value is masked in whatever way it is written.
const SECRET: [&str; 13] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "credentials",
    "authorization",
    "connection_string",
    "connectionstring",
    "_pass",
];
/// The same, where only a quoted text counts: `max_tokens` is a number.
const SECRETS: [&str; 4] = ["keys", "tokens", "secrets", "passwords"];
/// Values that are no secret: words of a grammar, and what a workflow permits.
const PLAIN: [&str; 12] =
    ["true", "false", "null", "none", "nil", "yes", "no", "read", "write", "inherit", "string", "undefined"];
/// Bytes of one expression that are looked at, and lines after the first.
const EXPRESSION: usize = 1024;
const LINES: usize = 3;
/// Bytes of a word without quotes that tell what it is.
const WORD: usize = 64;
/// Bytes of one text.
const TEXT: usize = 16 * 1024;

/// Where secrets are, in no order.
pub(super) fn secrets(text: &str, syntax: Syntax) -> Vec<Range<usize>> {
    let mut reader = Reader { text, bytes: text.as_bytes(), syntax, hidden: Vec::new(), looked: 0 };
    // What lies in a value that is masked already needs no second look.
    let mut masked = 0;
    for name in runs(text, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        let lower = text[name.clone()].to_ascii_lowercase();
        let any = SECRET.iter().any(|end| lower.ends_with(end));
        if name.start < masked || !(any || SECRETS.iter().any(|end| lower.ends_with(end))) {
            continue;
        }
        let before = reader.hidden.len();
        reader.named(&name, any);
        masked = reader.hidden[before..].iter().map(|range| range.end).fold(masked, usize::max);
    }
    reader.hidden
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    syntax: Syntax,
    hidden: Vec<Range<usize>>,
    /// Up to where expressions have been looked at: one that is part of another ends with it, or before.
    looked: usize,
}

impl Reader<'_> {
    fn at(&self, at: usize) -> u8 {
        // NUL stands for the end, and is no part of anything that is looked for.
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn skip(&self, at: usize, of: impl Fn(u8) -> bool) -> usize {
        at + self.bytes.get(at..).unwrap_or_default().iter().take_while(|b| of(**b)).count()
    }

    fn blanks(&self, at: usize) -> usize {
        self.skip(at, |b| b == b' ' || b == b'\t')
    }

    fn hide(&mut self, range: Range<usize>) {
        if range.start < range.end {
            self.hidden.push(range);
        }
    }

    fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.at(at))
    }

    /// What follows a name: an assignment, or a pair of `name` and `value`.
    fn named(&mut self, name: &Range<usize>, bare: bool) {
        if self.before(name.start) == b'<' && self.at(name.end) == b'>' {
            let start = name.end + 1;
            self.hide(start..self.skip(start, |b| b != b'<' && b != b'\n'));
            return;
        }
        let closed = self.skip(name.end, |b| b"\"'`\\]?!)".contains(&b));
        let quoted = self.text[name.end..closed].contains(['"', '\'', '`']);
        let in_query = matches!(self.before(name.start), b'?' | b'&');
        let start = self.blanks(closed);
        if self.assigned(start, bare, quoted, in_query) {
            return;
        }
        // `--token x`, but not the `-key x` of a sentence.
        let is_flag = self.text[name.clone()].starts_with('-')
            && !self.before(name.start).is_ascii_alphanumeric()
            && start > closed;
        if bare && is_flag && !quoted && !b"-$|&;<>\n".contains(&self.at(start)) {
            match self.literal(start) {
                Some(literal) => self.hide(literal.text),
                None => {
                    self.hide(start..self.skip(start, |b| !b.is_ascii_whitespace() && !b"\"'`".contains(&b)));
                }
            }
            return;
        }
        // `name: API_KEY`, and `value: x` beside or below it.
        let value = self.skip(start, |b| b.is_ascii_whitespace() || b == b',' || b == b'"' || b == b'\'');
        let word = self.text.get(value..value + 5).is_some_and(|word| word.eq_ignore_ascii_case("value"));
        if word && bare {
            let start = self.skip(value + 5, |b| b"\"'\\ ".contains(&b));
            self.assigned(start, bare, true, true);
        }
    }

    /// A value behind `=`, `:` and the like, or as the next argument; whether there is one.
    fn assigned(&mut self, sign: usize, bare: bool, quoted: bool, in_query: bool) -> bool {
        let end = self.skip(sign, |b| b"=:!?+|>~".contains(&b));
        let signs = &self.text[sign..end];
        if signs.is_empty() {
            let call = self.at(sign) == b'(' || (quoted && self.at(sign) == b',');
            let start = self.skip(sign + 1, |b| b.is_ascii_whitespace());
            if let Some(literal) = self.literal(start).filter(|_| call) {
                self.hide_literal(&literal, true);
            }
            return call;
        }
        // An arrow belongs to a function, unless what stands before it is a text.
        if !signs.contains(['=', ':']) || (signs == "=>" && !quoted) {
            return false;
        }
        let mut start = self.blanks(end);
        let line_ends = matches!(self.at(start), b'\n' | b'\r');
        if line_ends || self.at(start) == b'\\' && matches!(self.at(start + 1), b'\n' | b'\r') {
            let next = self.skip(start, |b| b.is_ascii_whitespace() || b == b'\\');
            if self.literal(next).is_none() && (self.syntax == Syntax::Code && !signs.contains('=')) {
                return true;
            }
            let lines = self.text[start..next].matches('\n').count();
            if lines == 1 {
                start = next;
            }
        }
        if matches!(self.at(start), b'|' | b'>') {
            self.block(sign, start);
            return true;
        }
        if let Some(literal) = self.literal(start) {
            self.hide_literal(&literal, true);
            self.expression(literal.end, literal.slashes);
            return true;
        }
        let spaced = start > end;
        let before = self.hidden.len();
        if bare {
            self.bare(start, spaced, in_query);
        }
        // What is written like in a shell is a part of a text, and the next quote is the end of that.
        if spaced || self.hidden.len() == before {
            self.expression(start, 0);
        }
        true
    }

    /// A value without quotes: all of it in settings, and in code what cannot be a name.
    fn bare(&mut self, start: usize, spaced: bool, in_query: bool) {
        let is_word = |b: u8| !b.is_ascii_whitespace() && !b"\"'`,;)]}&<>\\".contains(&b);
        if self.syntax == Syntax::Settings {
            let end = if spaced {
                let line = self.skip(start, |b| b != b'\n');
                self.text[start..line].find(" #").map_or(line, |at| start + at)
            } else {
                self.skip(start, |b| is_word(b) || b == b'&')
            };
            let value = self.text[start..end].trim().trim_end_matches(',');
            let tag = value
                .strip_prefix(['!', '*'])
                .is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_alphabetic()));
            let opens = value.bytes().all(|b| b"([{".contains(&b));
            let plain = PLAIN.contains(&value.to_ascii_lowercase().as_str());
            let refers = tag || opens || plain || value.starts_with("$(") || is_placeholder(value);
            // What is masked is not looked at again, so that a long line takes no longer than its length.
            if !refers || end - start > EXPRESSION {
                self.hide(start..end);
            }
            return;
        }
        // What tells a value from a name stands at its beginning, and a line may be one word.
        let begin = self.bytes.get(start..).unwrap_or_default().iter().take(WORD);
        let begin: Vec<u8> = begin.copied().take_while(|b| is_word(*b)).collect();
        let [first, ..] = begin[..] else { return };
        if b"${%@*!<[(".contains(&first)
            || PLAIN.iter().any(|plain| begin.eq_ignore_ascii_case(plain.as_bytes()))
        {
            return;
        }
        let has = |of: fn(&u8) -> bool| begin.iter().any(of);
        let is_path = has(|b| b".([".contains(b)) && (first.is_ascii_alphabetic() || first == b'_');
        let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && begin.len() >= 6;
        if in_query || (mixed && !is_path) {
            self.hide(start..self.skip(start, is_word));
        }
    }

    /// The lines of a YAML block: those that are indented more than the one with the name.
    fn block(&mut self, name: usize, start: usize) {
        let head = self.skip(start, |b| b"|>+- \r".contains(&b) || b.is_ascii_digit());
        if self.at(head) != b'\n' {
            return;
        }
        let indent = |line: &[u8]| line.iter().take_while(|b| **b == b' ').count();
        // Nobody indents further; a longer line is none with a key and a block.
        let near = &self.bytes[name.saturating_sub(EXPRESSION)..name];
        let outer = indent(near.rsplit(|b| *b == b'\n').next().unwrap_or_default());
        let first = head + 1;
        let mut at = first;
        while at < self.bytes.len() {
            let end = self.skip(at, |b| b != b'\n');
            let line = &self.bytes[at..end];
            if !line.trim_ascii().is_empty() && indent(line) <= outer {
                break;
            }
            at = end + 1;
        }
        self.hide(first..at.min(self.bytes.len()));
    }

    /// The texts of an expression: all but those that name a variable, as in `environ["API_KEY"]`.
    fn expression(&mut self, start: usize, slashes: usize) {
        if start < self.looked {
            return;
        }
        let (mut at, mut depth, mut lines, mut last) = (start, 0_usize, 0, 0);
        while at < self.bytes.len() && at < start + EXPRESSION {
            let byte = self.bytes[at];
            let may_begin = b"\"'`\\rRbBuUfF@$".contains(&byte);
            if let Some(literal) = may_begin.then(|| self.literal(at)).flatten() {
                // The text ends within which all of this is written.
                if literal.slashes < slashes {
                    break;
                }
                let name = &self.text[literal.text.clone()];
                let is_name = name.contains('_')
                    && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
                if !(is_name && matches!(last, b'[' | b'(')) {
                    self.hide_literal(&literal, false);
                }
                (at, last) = (literal.end, b'"');
                continue;
            }
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' | b',' | b';' if depth == 0 => break,
                b')' | b']' | b'}' => depth -= 1,
                b'\n' if last == b'\\' || depth > 0 && lines < LINES => lines += 1,
                b'\n' => break,
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                last = byte;
            }
            at += 1;
        }
        self.looked = at;
    }

    fn hide_literal(&mut self, literal: &Literal, direct: bool) {
        let text = &self.text[literal.text.clone()];
        let scheme =
            ["Bearer", "Basic", "bearer", "basic", "token"].into_iter().find_map(|s| text.strip_prefix(s));
        if !is_placeholder(scheme.unwrap_or(text)) || (direct && text.is_empty()) {
            self.hide(literal.text.clone());
        }
    }

    /// The text that begins here, behind the letters that say of what kind it is.
    fn literal(&self, at: usize) -> Option<Literal> {
        let few = |at: usize, of: &[u8]| {
            self.bytes.get(at..).unwrap_or_default().iter().take(8).take_while(|b| of.contains(b)).count()
        };
        let letters = at + few(at, b"rRbBuUfF@$");
        let is_begun = letters > at && (letters - at > 2 || self.before(at).is_ascii_alphanumeric());
        let slashes = few(letters, b"\\");
        let open = letters + slashes;
        let quote = self.at(open);
        if !matches!(quote, b'"' | b'\'' | b'`') || is_begun {
            return None;
        }
        let triple = [quote; 3];
        if quote != b'`' && self.bytes[open..].starts_with(&triple) {
            let start = open + 3;
            let rest = &self.bytes[start..(start + TEXT).min(self.bytes.len())];
            let length = rest.windows(3).position(|three| three == triple).unwrap_or(rest.len());
            return Some(Literal {
                text: start..start + length,
                end: (start + length + 3).min(self.bytes.len()),
                slashes,
            });
        }
        let start = open + 1;
        let mut run = 0;
        let mut end = start;
        while end < self.bytes.len() && end < start + TEXT {
            match self.bytes[end] {
                b'\\' => run += 1,
                // In a text within a text, the quotes have as many backslashes as the one that opens it.
                b if b == quote && (run == slashes || slashes == 0 && run % 2 == 0) => {
                    return Some(Literal { text: start..end - slashes.min(run), end: end + 1, slashes });
                }
                b'\n' if quote != b'`' && run == 0 => break,
                _ => run = 0,
            }
            end += 1;
        }
        Some(Literal { text: start..end, end, slashes })
    }
}

/// A text in quotes.
#[derive(Debug)]
struct Literal {
    text: Range<usize>,
    end: usize,
    /// Backslashes before its quotes, if it is a text within a text.
    slashes: usize,
}

/// Whether nothing is in it but references to values that stand elsewhere.
fn is_placeholder(text: &str) -> bool {
    let mut rest = text.trim();
    loop {
        let begun = rest.strip_prefix("${{").map(|rest| (rest, "}}"));
        let begun = begun.or_else(|| rest.strip_prefix("{{").map(|rest| (rest, "}}")));
        let begun = begun.or_else(|| rest.strip_prefix("${").map(|rest| (rest, "}")));
        let begun = begun.or_else(|| rest.strip_prefix('{').map(|rest| (rest, "}")));
        let Some((inner, close)) = begun else { break };
        let Some((name, after)) = inner.split_once(close) else { return false };
        // A default, as in `${TOKEN:-x}` or `{key or "x"}`, is a value.
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._ []()".contains(c)) {
            return false;
        }
        rest = after.trim();
    }
    rest.is_empty()
        || rest
            .strip_prefix('$')
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
}
