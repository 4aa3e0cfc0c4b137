//! Files of YAML that a template engine completes: charts, and manifests with `{{ … }}` in them. Nothing is evaluated: an
//! action gives way to the value that it names, or to a placeholder, and every line keeps its number.

use std::collections::BTreeMap;

use super::{Node, Value};

/// What stands for an action of a template engine.
pub(crate) const HOLE: &str = "TEMPLATE";

/// Bytes of an action, its comment included; what is longer is no action.
const LONGEST_ACTION: usize = 4096;
/// Bytes of a value that is put in the place of an action.
const LONGEST_VALUE: usize = 100;
/// Values of one chart.
const MOST_VALUES: usize = 5_000;
/// Tables within tables.
const MAX_DEPTH: usize = 16;

/// Values that actions name, by their paths: `.Values.image.tag`, `.Chart.Name`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Values(BTreeMap<String, String>);

impl Values {
    /// The values of a chart: what it says of itself, and what its file of values holds.
    pub(crate) fn of(chart: &Node, values: &Node) -> Self {
        let mut found = Self::default();
        found.add("", ".Values", values, 0);
        if let Some(name) = chart.text_at(&["name"]).filter(|name| is_plain(name)) {
            found.0.insert(".Chart.Name".to_owned(), name.to_owned());
        }
        found
    }

    fn add(&mut self, above: &str, key: &str, node: &Node, depth: usize) {
        if depth > MAX_DEPTH || self.0.len() >= MOST_VALUES {
            return;
        }
        let path = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
        match &node.value {
            Value::Text(text) if is_plain(text) => drop(self.0.insert(path, text.clone())),
            Value::Table(entries) => {
                for entry in entries {
                    self.add(&path, &entry.key, &entry.node, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn named(&self, word: &str) -> Option<&str> {
        self.0.get(word.strip_prefix('$').unwrap_or(word)).map(String::as_str)
    }

    /// The value that an action comes to, where that is said in plain words.
    fn value<'v>(&'v self, action: &'v str) -> Option<&'v str> {
        /// Functions that leave a value as it is, or nearly so.
        const SAME: [&str; 8] =
            ["quote", "squote", "toString", "trim", "trunc", "trimSuffix", "required", "default"];
        let mut stages = action.split('|').map(str::trim);
        let first = stages.next()?;
        let (function, rest) = first.split_once(char::is_whitespace).unwrap_or(("", first));
        if !function.is_empty() && !SAME.contains(&function) {
            return None;
        }
        let word = rest.rsplit(char::is_whitespace).next().unwrap_or(rest);
        let mut value = self.named(word).or_else(|| {
            let otherwise = if function == "default" { rest } else { first };
            literal(otherwise).filter(|_| function.is_empty() || function == "default")
        });
        for stage in stages {
            let (function, rest) = stage.split_once(char::is_whitespace).unwrap_or((stage, ""));
            if !SAME.contains(&function) {
                return None;
            }
            if function == "default" {
                value = value.or_else(|| literal(rest.trim()).or_else(|| self.named(rest.trim())));
            }
        }
        value
    }
}

/// A text in quotes, at the beginning.
fn literal(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '`'))?;
    text[1..].split(quote).next().filter(|inside| is_plain(inside))
}

/// Whether a value can stand in a line of YAML, in quotes at least.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= LONGEST_VALUE
        && !value.contains(|c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '{' | '}'))
}

/// Whether a text is a manifest that a template engine completes.
pub(crate) fn is_manifest(bytes: &[u8]) -> bool {
    let line =
        |mark: &[u8]| memchr::memmem::find_iter(bytes, mark).any(|at| at == 0 || bytes[at - 1] == b'\n');
    has_actions(bytes) && line(b"apiVersion:") && line(b"kind:")
}

/// Whether a text has actions of a template engine.
pub(crate) fn has_actions(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"{{").is_some()
}

/// The text without its actions. A line of which nothing else is left is blank: such actions give structure.
pub(crate) fn without_actions(text: &str, values: &Values) -> String {
    let mut plain = Plain { out: String::with_capacity(text.len()), ..Plain::default() };
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'{', rest.as_bytes()) {
        let (before, here) = rest.split_at(at);
        plain.literal(before);
        // `${{ … }}` is one of another engine, and YAML as it stands.
        let action = if before.ends_with('$') { None } else { action(here) };
        let Some((inside, after)) = action else {
            let brace = here.len() - here.trim_start_matches('{').len();
            plain.literal(&here[..brace]);
            rest = &here[brace..];
            continue;
        };
        plain.action(inside, here.starts_with("{%"), after, values);
        rest = after;
    }
    plain.literal(rest);
    plain.end_line();
    plain.out
}

/// The inside of the action that a text begins with, and what comes after it.
fn action(text: &str) -> Option<(&str, &str)> {
    let (open, close) = if text.starts_with("{{") { ("{{", "}}") } else { ("{%", "%}") };
    let body = text.strip_prefix(open)?;
    let window = &body.as_bytes()[..body.len().min(LONGEST_ACTION)];
    let end = memchr::memmem::find(window, close.as_bytes())?;
    let inside = &body[..end];
    (!inside.contains("{{")).then_some((inside, &body[end + close.len()..]))
}

/// The text that is made, and where in a line it is.
#[derive(Default)]
struct Plain {
    out: String,
    /// Where the line begins.
    line: usize,
    /// Whether the line has anything that is no action.
    is_written: bool,
    /// Whether the line had an action.
    had_action: bool,
    /// The quote that is open.
    quote: Option<char>,
    /// Whether what comes is the other branch of a line.
    is_else: bool,
}

impl Plain {
    fn literal(&mut self, text: &str) {
        for c in text.chars() {
            if c == '\n' {
                self.end_line();
                self.out.push('\n');
                self.line = self.out.len();
                continue;
            }
            if self.is_else {
                continue;
            }
            match self.quote {
                Some(quote) if quote == c => self.quote = None,
                None if matches!(c, '"' | '\'') => self.quote = Some(c),
                _ => {}
            }
            self.is_written |= !c.is_whitespace();
            self.out.push(c);
        }
    }

    /// Ends a line; quotes end with it, since an apostrophe of a comment would stay open otherwise.
    fn end_line(&mut self) {
        if self.had_action && !self.is_written {
            self.out.truncate(self.line);
        }
        (self.is_written, self.had_action, self.is_else, self.quote) = (false, false, false, None);
    }

    fn action(&mut self, inside: &str, is_statement: bool, after: &str, values: &Values) {
        let said = inside.trim_matches(['-', '~', '+']).trim();
        self.had_action = true;
        let word = said.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        match word {
            "else" if self.is_written => self.is_else = true,
            "end" => self.is_else = false,
            _ if self.is_else => {}
            _ if is_statement || is_control(said, word) || gives_structure(said, word) => {}
            _ => self.value(values.value(said), after),
        }
        // What is written over several lines takes as many.
        inside.matches('\n').for_each(|_| self.literal("\n"));
    }

    fn value(&mut self, value: Option<&str>, after: &str) {
        let Some(value) = value else { return self.out.push_str(HOLE) };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if self.quote.is_some() || value.starts_with(char::is_alphanumeric) && value.chars().all(is_word) {
            return self.out.push_str(value);
        }
        let before = self.out.trim_end_matches([' ', '\t']);
        let is_whole = before.len() < self.out.len()
            && before.ends_with([':', '-'])
            && after.trim_start_matches([' ', '\t', '\r']).chars().next().is_none_or(|c| c == '\n');
        if is_whole {
            self.out.push('"');
            self.out.push_str(value);
            self.out.push('"');
        } else {
            self.out.push_str(HOLE);
        }
    }
}

/// Whether an action prints nothing.
fn is_control(said: &str, word: &str) -> bool {
    const WORDS: [&str; 12] =
        ["if", "else", "end", "with", "range", "define", "block", "break", "continue", "fail", "set", "for"];
    let is_set = || {
        said.starts_with('$') && said.split_whitespace().nth(1).is_some_and(|word| matches!(word, ":=" | "="))
    };
    said.is_empty() || said.starts_with("/*") || WORDS.contains(&word) || is_set()
}

/// Whether an action prints lines of its own.
fn gives_structure(said: &str, word: &str) -> bool {
    word == "toYaml" || said.contains("nindent") || said.contains("toYaml")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::reading;

    fn values() -> Values {
        let chart = reading::yaml("name: desk\n").unwrap();
        let values = "image:\n  repository: acme/desk\n  tag: \"1.2\"\nschedule: \"*/5 * * * *\"\nlist: [a]\nodd: 'a\"b'\nempty: \"\"\n";
        Values::of(&chart, &reading::yaml(values).unwrap())
    }

    #[test]
    fn actions_give_way_to_what_they_name() {
        let cases = [
            (
                "image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}\n",
                "image: acme/desk:1.2\n",
            ),
            ("schedule: {{ .Values.schedule | quote }}\n", "schedule: \"*/5 * * * *\"\n"),
            ("schedule: \"{{ $.Values.schedule }}\"\n", "schedule: \"*/5 * * * *\"\n"),
            ("name: {{ required \"a name, please\" .Values.image.tag }}\n", "name: 1.2\n"),
            ("name: {{ .Values.none | default \"x\" }}-{{ .Chart.Name }}\n", "name: x-desk\n"),
            ("name: {{ include \"desk.name\" . }}\n", "name: TEMPLATE\n"),
            ("a: {{ .Values.odd }}\nb: {{ .Values.list }}\n", "a: TEMPLATE\nb: TEMPLATE\n"),
            ("a: x{{ .Values.schedule }}\n", "a: xTEMPLATE\n"),
            ("labels: {{- include \"l\" . | nindent 4 }}\n  a: b\n", "labels: \n  a: b\n"),
            (
                "  {{- toYaml .Values.x | nindent 4 }}\n- {{ .x }}\n{{ .k }}: v\n",
                "\n- TEMPLATE\nTEMPLATE: v\n",
            ),
            ("{{- if a }}{{ b }}\n{{ $x := 1 }}\nc: d\n{{- end }}", "\n\nc: d\n"),
            ("a: {{ if b }}c{{ else }}d{{ end }}\n{{- else }}\n", "a: c\n\n"),
            ("{{/* a\n b */}}\nc: {{ d\n }}\n", "\n\nc: TEMPLATE\n\n"),
            ("{% if a %}\nb: ${{ c }}\n{% endif %}\n", "\nb: ${{ c }}\n\n"),
            ("a: {{ open\nb: {c: d}\n", "a: {{ open\nb: {c: d}\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_actions(text, &values()), expected, "{text}");
        }
    }

    #[test]
    fn much_of_anything_ends_soon() {
        for part in ["{{", "{{ a }}", "{", "{{ {{ ", "{% ", "}}", "{{ .Values.image.tag }}"] {
            let text = part.repeat(256 * 1024 / part.len());
            let begin = std::time::Instant::now();
            let _ = without_actions(&text, &values());
            assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{part}");
        }
    }

    proptest! {
        #[test]
        fn lines_keep_their_numbers(text in "([a-z:\"' \n-]|\\{\\{|\\}\\}|\\{%|%\\}|else|end|\\.Values\\.image\\.tag){0,60}") {
            let plain = without_actions(&text, &values());
            prop_assert_eq!(plain.matches('\n').count(), text.matches('\n').count());
        }
    }
}
