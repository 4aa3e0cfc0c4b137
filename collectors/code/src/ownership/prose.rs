//! Sentences that a repository says about itself: the first paragraph of a README, the description of a package.
//!
//! They end up in reports, so marks of the text, control characters, addresses and what looks like a key are left out.

/// Characters of a claim that are kept.
const MAX_CHARACTERS: usize = 300;
/// Lines of a README in which its first paragraph is looked for.
const MAX_LINES: usize = 400;
/// Bytes of one paragraph that are read.
const MAX_PARAGRAPH: usize = 8 * 1024;
/// Letters that a text has at least, links aside, to be a sentence and no badge.
const MIN_LETTERS: usize = 12;
/// Links within links.
const MAX_DEPTH: usize = 4;
/// What templates leave behind.
const PLACEHOLDERS: [&str; 6] = [
    "add your description here",
    "your description here",
    "add a short description",
    "a short description",
    "demo project for spring boot",
    "this is a next.js project bootstrapped",
];

/// A description as it can be shown; nothing if it says nothing.
pub(super) fn sentence(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut letters = 0;
    strip(text.get(..text.floor_char_boundary(MAX_PARAGRAPH))?, 0, &mut plain, &mut letters);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let shown: Vec<String> = words.into_iter().map(shown).filter(|word| !word.is_empty()).collect();
    let text = shown.join(" ");
    let lower = text.to_lowercase();
    let is_placeholder = PLACEHOLDERS.iter().any(|placeholder| lower.starts_with(placeholder));
    (letters >= MIN_LETTERS && !is_placeholder).then(|| cut(text))
}

fn cut(text: String) -> String {
    if text.chars().count() <= MAX_CHARACTERS {
        return text;
    }
    let kept: String = text.chars().take(MAX_CHARACTERS - 1).collect();
    let end = kept.rfind(' ').unwrap_or(kept.len());
    format!("{}…", kept[..end].trim_end())
}

/// A word without what must not be shown.
fn shown(word: &str) -> String {
    let is_invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let word: String = word.chars().filter(|c| !is_invisible(*c)).collect();
    let is_address = word.contains("://") || word.split_once('@').is_some_and(|(_, host)| host.contains('.'));
    if is_address || looks_secret(&word) { "…".to_owned() } else { word }
}

/// Whether a word may be a key: a long run of letters and digits, or many of them.
fn looks_secret(word: &str) -> bool {
    let mixed = |text: &str| {
        text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let longest =
        word.split(|c: char| !c.is_ascii_alphanumeric()).max_by_key(|run| run.len()).unwrap_or_default();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    (longest.len() >= 16 && mixed(longest))
        || (word.len() >= 32 && digits >= 8 && mixed(word))
        || longest.len() >= 40
}

/// The first paragraph of a README that is prose, and its line.
pub(super) fn first_paragraph(text: &str) -> Option<(String, u32)> {
    let mut reader = Reader::default();
    for (line, content) in (1_u32..).zip(text.lines().take(MAX_LINES)) {
        if let Some(found) = reader.line(line, content) {
            return Some(found);
        }
    }
    reader.end()
}

#[derive(Default)]
struct Reader<'t> {
    paragraph: String,
    start: u32,
    /// What ends a block whose lines are no prose.
    until: Option<&'t str>,
    /// Whether no line is prose up to the next empty one.
    skips: bool,
}

impl<'t> Reader<'t> {
    fn line(&mut self, number: u32, content: &'t str) -> Option<(String, u32)> {
        let line = content.trim();
        if let Some(end) = self.until {
            if line.contains(end) && (end == "-->" || line.trim_end().starts_with(end)) {
                self.until = None;
            }
            return None;
        }
        if number == 1 && matches!(line, "---" | "+++") {
            self.until = Some(line);
            return None;
        }
        if line.is_empty() {
            self.skips = false;
            return self.end();
        }
        if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence)) {
            self.until = Some(fence);
            return self.end();
        }
        if line.starts_with("<!--") {
            self.until = (!line.contains("-->")).then_some("-->");
            return self.end();
        }
        if is_rule(line) {
            // What stands above is a heading.
            self.paragraph.clear();
            return None;
        }
        if self.skips {
            return None;
        }
        let quote = line.trim_start_matches(['>', ' ']);
        let is_note = line.starts_with('>') && quote.starts_with("[!");
        let is_indented = content.starts_with("  ") || content.starts_with('\t');
        if is_note
            || line.starts_with('<')
            || is_item(line)
            || line.starts_with('|')
            || line.starts_with(".. ")
        {
            self.skips = true;
            return self.end();
        }
        if is_heading(line) || is_definition(line) || (self.paragraph.is_empty() && is_indented) {
            return self.end();
        }
        if self.paragraph.is_empty() {
            self.start = number;
        }
        if self.paragraph.len() < MAX_PARAGRAPH {
            self.paragraph.push_str(if line.starts_with('>') { quote } else { line });
            self.paragraph.push(' ');
        }
        None
    }

    /// The paragraph so far, if it is prose.
    fn end(&mut self) -> Option<(String, u32)> {
        let paragraph = std::mem::take(&mut self.paragraph);
        sentence(&paragraph).map(|text| (text, self.start))
    }
}

fn is_heading(line: &str) -> bool {
    let rest = line.trim_start_matches('#');
    rest.len() < line.len() && (rest.is_empty() || rest.starts_with(' '))
}

/// A line of one sign, which makes the line above a heading or is drawn between two parts.
fn is_rule(line: &str) -> bool {
    let first = line.chars().next().unwrap_or_default();
    line.len() >= 3 && "=-~^*_+#\"'`.:".contains(first) && line.chars().all(|c| c == first)
}

fn is_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    ["- ", "* ", "+ ", "• "].iter().any(|mark| line.starts_with(mark))
        || (number.len() < line.len() && (number.starts_with(". ") || number.starts_with(") ")))
}

/// `[name]: address`, `:field: value`.
fn is_definition(line: &str) -> bool {
    (line.starts_with('[') && line.contains("]: ")) || (line.starts_with(':') && line[1..].contains(": "))
}

/// Writes a text without marks, images and tags, and counts the letters that stand outside of links.
fn strip(text: &str, depth: usize, out: &mut String, letters: &mut usize) {
    let mut rest = text;
    let mut before = ' ';
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        let next = after.chars().next().unwrap_or(' ');
        let is_image = character == '!' && next == '[';
        if is_image || character == '[' {
            let inner = if is_image { &after[1..] } else { after };
            if let Some((label, end)) = bracketed(inner, '[', ']') {
                let behind = &inner[end..];
                let target = match behind.chars().next() {
                    Some('(') => bracketed(&behind[1..], '(', ')').map(|(_, end)| &behind[1 + end..]),
                    Some('[') => bracketed(&behind[1..], '[', ']').map(|(_, end)| &behind[1 + end..]),
                    _ => None,
                };
                if !is_image && depth < MAX_DEPTH {
                    let mut ignored = 0;
                    // Brackets without an address are brackets.
                    let count = if target.is_some() { &mut ignored } else { &mut *letters };
                    strip(label, depth + 1, out, count);
                }
                rest = target.unwrap_or(behind);
                before = ']';
                continue;
            }
        }
        let is_tag = character == '<' && (next.is_ascii_alphabetic() || matches!(next, '/' | '!'));
        if is_tag && let Some(end) = after.find('>') {
            rest = &after[end + 1..];
            out.push(' ');
            continue;
        }
        rest = after;
        match character {
            '`' | '*' => {}
            '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => {}
            '\\' if next.is_ascii_punctuation() => {
                out.push(next);
                rest = &after[1..];
            }
            _ => {
                *letters += usize::from(character.is_alphabetic());
                out.push(character);
            }
        }
        before = character;
    }
}

/// What stands before the bracket that closes one just opened, and the end of that bracket.
fn bracketed(text: &str, open: char, close: char) -> Option<(&str, usize)> {
    let mut depth = 0_usize;
    // What is further away belongs to no link.
    for (at, character) in text.char_indices().take(2_000) {
        if character == open {
            depth += 1;
        } else if character == close {
            if depth == 0 {
                return Some((&text[..at], at + 1));
            }
            depth -= 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_prose_is_the_claim() {
        let told = |text: &str| first_paragraph(text).map(|(text, line)| format!("{line} {text}"));
        let cases = [
            (
                "# Bot\n\n[![build](https://x/y.svg)](https://x) ![logo](a.png)\n\nAnswers the **mail** of our\n`support_desk` team ([docs](https://x)).\n\nMore.\n",
                Some("5 Answers the mail of our support_desk team (docs)."),
            ),
            (
                "Bot\n===\n\n<p align=\"center\">\n  Not this one at all\n</p>\n\n> Pays *refunds* at night.\n",
                Some("8 Pays refunds at night."),
            ),
            (
                "---\ntitle: Not this title here\n---\n<!-- not\nthis comment either -->\n- not this item here\n  nor that one\n\n```sh\nnot this command here\n```\n\nWatches the queue.\n",
                Some("13 Watches the queue."),
            ),
            (
                "[English](a.md) | [中文](b.md)\n\n> [!NOTE]\n> Not this note here\n\n    not this code here\n\n| not | this table |\n|---|---|\n\nBücher werden umgestellt.",
                Some("11 Bücher werden umgestellt."),
            ),
            (
                "Title\n-----\n.. image:: not-this-one-here\n   :alt: nor this\n\n这是一个处理退款请求的智能体系统演示\n",
                Some("6 这是一个处理退款请求的智能体系统演示"),
            ),
            ("# Only a heading is here\n", None),
            ("[![a](b)](c)\nshort\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(told(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn claims_hold_no_keys_no_addresses_and_no_control_characters() {
        let text = "Set sk-proj-abc123def456ghi789 and write to ada@example.com,\u{1b}[2J see https://u:p@example.com/?k=v or gpt-4o-2024-08-06 \u{202e}now";
        assert_eq!(sentence(text).as_deref(), Some("Set … and write to … see … or gpt-4o-2024-08-06 now"));
        assert_eq!(sentence("Add your description here"), None);
        let template = "# App\n\nThis is a [Next.js](https://x) project bootstrapped with `x`.\n\nPays refunds at night.\n";
        assert_eq!(first_paragraph(template), Some(("Pays refunds at night.".to_owned(), 5)));
    }

    #[test]
    fn long_claims_are_cut_between_words() {
        let text = "words and ".repeat(100);
        let told = sentence(&text).unwrap();
        let kept = told.strip_suffix('…').unwrap();
        assert!(told.chars().count() <= MAX_CHARACTERS && text.starts_with(&format!("{kept} ")), "{told}");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\[\\]()!<>`*_\\\\#>\\-=|:.@/ \na-cé中]{0,160}") {
            if let Some((told, line)) = first_paragraph(&text) {
                prop_assert!(told.chars().count() <= MAX_CHARACTERS && line >= 1);
                prop_assert!(!told.contains(char::is_control));
            }
        }
    }
}
