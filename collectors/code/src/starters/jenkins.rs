//! A Jenkinsfile: a program of its own, of which the texts that are given to a shell are read.

use asmm_model::TriggerKind;

use super::commands::add_script;
use super::pipelines::{Cause, add};
use super::{Collection, CommandKind, name_of};
use crate::document::{Node, ReadError, Value};

/// Words of one call that are looked at for its argument.
const MAX_ARGUMENTS: usize = 24;

/// Reads what it runs, when, and with which credentials. Without triggers of its own, the server says what starts it.
pub(super) fn read(text: &str, path: &str, found: &mut Collection) -> Result<(), ReadError> {
    let words = words(text);
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut runs = Vec::new();
    for (at, word) in words.iter().enumerate().filter(|(_, word)| !word.quoted) {
        let rest = &words[at + 1..];
        let opens = rest.first().is_some_and(|next| !next.quoted && next.text == "(");
        match word.text.as_str() {
            "sh" | "bat" | "powershell" | "pwsh" => {
                if let Some(script) = argument(rest, "script") {
                    let node = Node { line: script.line, value: Value::Text(script.text.clone()) };
                    add_script(&mut runs, &node, "", CommandKind::Shell);
                }
            }
            "cron" if opens => {
                if let Some(clock) = argument(rest, "spec") {
                    causes.push((TriggerKind::Schedule, clock.text.trim(), word.line));
                }
            }
            "githubPush" | "pollSCM" | "bitbucketPush" if opens => {
                causes.push((TriggerKind::Event, "push", word.line));
            }
            "upstream" if opens => causes.push((TriggerKind::Event, "pipeline", word.line)),
            "GenericTrigger" if opens => causes.push((TriggerKind::Webhook, "webhook", word.line)),
            // Which steps come behind the question is not followed.
            "input" => found.setup.waits |= asks(rest),
            "credentials" if opens => {
                if let Some(id) = argument(rest, "id") {
                    found.setup.secret(&id.text, id.line);
                }
            }
            "credentialsId" => {
                if let [colon, id, ..] = rest
                    && colon.text == ":"
                    && id.quoted
                {
                    found.setup.secret(&id.text, id.line);
                }
            }
            _ => {}
        }
    }
    add(found, &causes, Some(name_of(path)), 1, &runs)
}

/// Whether the step `input` follows, and not a variable of that name.
fn asks(rest: &[Word]) -> bool {
    rest.first().is_some_and(|next| next.quoted || matches!(&*next.text, "(" | "{" | "message"))
}

/// The argument of a call: the first, where it is a text, or the one of that name.
fn argument<'w>(rest: &'w [Word], name: &str) -> Option<&'w Word> {
    let rest = match rest.first() {
        Some(open) if !open.quoted && open.text == "(" => &rest[1..],
        _ => rest,
    };
    if let Some(first) = rest.first().filter(|word| word.quoted) {
        return Some(first);
    }
    let near = &rest[..rest.len().min(MAX_ARGUMENTS)];
    let end = near.iter().position(|word| !word.quoted && matches!(&*word.text, ")" | "{" | "}"));
    let near = &near[..end.unwrap_or(near.len())];
    near.windows(3).find_map(|part| {
        let fits = !part[0].quoted && part[0].text == name && part[1].text == ":" && part[2].quoted;
        fits.then(|| &part[2])
    })
}

/// A name, a text or a sign of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
    line: u32,
}

/// The words of the program, without its comments. A text keeps what it interpolates, as a script would see its variables.
fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut line = 1_u32;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (taken, word) = if rest.starts_with("//") || rest.starts_with("#!") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if let Some(quote) =
            ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote))
        {
            let (length, content) = quoted(&rest[quote.len()..], quote);
            (quote.len() + length, Some((content, true)))
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (length, Some((rest[..length].to_owned(), false)))
        } else if first.is_whitespace() {
            (first.len_utf8(), None)
        } else {
            (first.len_utf8(), Some((first.to_string(), false)))
        };
        if let Some((text, quoted)) = word {
            // A script is told by its first line that is not blank.
            let blank = text.len() - text.trim_start_matches(['\n', '\r']).len();
            let skipped = if quoted { lines(&text[..blank]) } else { 0 };
            found.push(Word { text, quoted, line: line.saturating_add(skipped) });
        }
        line = line.saturating_add(lines(&rest[..taken]));
        rest = &rest[taken..];
    }
    found
}

fn lines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

/// What stands before the closing quote, and how many bytes that is with the quote.
fn quoted(text: &str, quote: &str) -> (usize, String) {
    let mut content = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if text[at..].starts_with(quote) {
            return (at + quote.len(), content);
        }
        // A text of one line that is never closed is no text.
        if character == '\n' && quote.len() == 1 {
            return (at, content);
        }
        match character {
            '\\' => match characters.next() {
                Some((_, 'n')) => content.push('\n'),
                // A line that goes on: the shell reads it so as well.
                Some((_, '\n')) => content.push_str("\\\n"),
                Some((_, escaped)) => content.push(escaped),
                None => {}
            },
            _ => content.push(character),
        }
    }
    (text.len(), content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_lines() {
        let text =
            "#!groovy\nsh 'a // b' /* sh 'c'\n */ // sh 'd'\nx(\"\"\"\n  e\n\"\"\", 'it\\'s')\ny 'open\nz";
        let found: Vec<(String, bool, u32)> =
            words(text).into_iter().map(|word| (word.text, word.quoted, word.line)).collect();
        let expected = [
            ("sh", false, 2),
            ("a // b", true, 2),
            ("x", false, 4),
            ("(", false, 4),
            ("\n  e\n", true, 5),
            (",", false, 6),
            ("it's", true, 6),
            (")", false, 6),
            ("y", false, 7),
            ("open", true, 7),
            ("z", false, 8),
        ];
        assert_eq!(found, expected.map(|(text, quoted, line)| (text.to_owned(), quoted, line)));
    }
}
