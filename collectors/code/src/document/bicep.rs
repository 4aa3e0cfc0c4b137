//! Bicep with the line of every key: the declarations of a file as tables, as far as a small reader can tell.
//!
//! Only what declares resources is read. What is no plain value becomes its source text within `${` and `}`.

use super::{Entry, Node, ReadError, Value};

/// Nested values.
const MAX_DEPTH: usize = 32;

/// A declaration: `resource NAME 'TYPE@VERSION' = VALUE`, `var NAME = VALUE`, `param NAME TYPE = VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// What it is: `resource`, `module`, `var` or `param`.
    pub(crate) what: &'static str,
    pub(crate) name: String,
    /// The type of a resource without its version; of one within another, behind the type of that. Of a module, where it is.
    pub(crate) kind: String,
    pub(crate) line: u32,
    /// Whether it is only looked up.
    pub(crate) exists: bool,
    pub(crate) body: Node,
}

/// Every declaration of a file.
pub(crate) fn parse(text: &str) -> Result<Vec<Declared>, ReadError> {
    let mut reader = Reader { text, at: 0, line: 1, found: Vec::new() };
    loop {
        reader.space(true);
        if reader.at >= text.len() {
            break;
        }
        if !reader.declaration("", 0)? {
            reader.rest_of_statement(0)?;
        }
    }
    Ok(reader.found)
}

/// Modules of the public registry that make a resource of AI, and its type.
const PUBLISHED: [(&str, &str); 3] = [
    ("avm/res/cognitive-services/account", "Microsoft.CognitiveServices/accounts"),
    ("avm/res/machine-learning-services/workspace", "Microsoft.MachineLearningServices/workspaces"),
    ("avm/res/search/search-service", "Microsoft.Search/searchServices"),
];

/// The type of the resource that a published module makes: `br/public:avm/res/search/search-service:1.0.0`.
fn published(module: &str) -> Option<&'static str> {
    let (_, path) = module.strip_prefix("br")?.split_once(':')?;
    let path = path.rsplit_once(':').map_or(path, |(path, _)| path);
    // With the whole address of the registry, its own folder stands before.
    let fits =
        |known: &str| path == known || path.strip_suffix(known).is_some_and(|rest| rest.ends_with('/'));
    PUBLISHED.iter().find(|(known, _)| fits(known)).map(|(_, kind)| *kind)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    found: Vec<Declared>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self) {
        if let Some(c) = self.peek() {
            self.line = self.line.saturating_add(u32::from(c == '\n'));
            self.at += c.len_utf8();
        }
    }

    fn skip(&mut self, bytes: usize) {
        let end = self.at.saturating_add(bytes);
        while self.at < end && self.at < self.text.len() {
            self.step();
        }
    }

    fn takes(&mut self, mark: &str) -> bool {
        let fits = self.rest().starts_with(mark);
        if fits {
            self.skip(mark.len());
        }
        fits
    }

    /// Skips blanks and comments, and the ends of lines where they mean nothing.
    fn space(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") {
                self.skip(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.skip(rest.find("*/").map_or(rest.len(), |end| end + 2));
            } else {
                match self.peek() {
                    Some('\n' | '\r') if lines => self.step(),
                    Some(c) if c.is_whitespace() && c != '\n' => self.step(),
                    _ => return,
                }
            }
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.skip(end);
        &rest[..end]
    }

    fn error(&self) -> ReadError {
        ReadError::At { line: self.line, problem: "no valid Bicep, or nested too deeply" }
    }

    /// A declaration, if there is one; nothing is taken otherwise.
    fn declaration(&mut self, within: &str, depth: usize) -> Result<bool, ReadError> {
        let (from, line) = (self.at, self.line);
        let what = match self.word() {
            // Modules that others publish make a resource of one type.
            "resource" => "resource",
            "module" => "module",
            "var" => "var",
            "param" => "param",
            _ => {
                (self.at, self.line) = (from, line);
                return Ok(false);
            }
        };
        self.space(false);
        let name = self.word().to_owned();
        self.space(false);
        let mut kind = String::new();
        let mut made = None;
        if what == "module" {
            let Some(text) = self.string()? else {
                (self.at, self.line) = (from, line);
                return Ok(false);
            };
            made = published(&text);
            kind = made.map_or(text, str::to_owned);
            self.space(false);
        } else if what == "resource" {
            let Some(text) = self.string()? else {
                // A key of that name.
                (self.at, self.line) = (from, line);
                return Ok(false);
            };
            text.split('@').next().unwrap_or_default().clone_into(&mut kind);
            if !within.is_empty() && !kind.contains('.') {
                kind = format!("{within}/{kind}");
            }
            self.space(false);
        }
        let exists = self.takes("existing");
        let until = self.rest().find(['=', '\n']).unwrap_or(self.rest().len());
        self.skip(until);
        let body = if self.takes("=") {
            self.space(false);
            self.value(&kind, depth + 1)?
        } else {
            Node { line, value: Value::Null }
        };
        // What such a module sets is called otherwise than in the resource itself.
        let what = if made.is_some() { "resource" } else { what };
        self.found.push(Declared { what, name, kind, line, exists, body });
        Ok(true)
    }

    fn value(&mut self, kind: &str, depth: usize) -> Result<Node, ReadError> {
        if depth > MAX_DEPTH {
            return Err(self.error());
        }
        let line = self.line;
        if self.takes("{") {
            return self.table(kind, line, depth);
        }
        // `if (CONDITION) {`, and `[for ITEM in ITEMS: {`: what is made stands in the braces.
        if self.rest().starts_with("if ") || self.rest().starts_with("if(") {
            self.word();
            self.space(false);
            self.group(depth)?;
            self.space(true);
            return self.value(kind, depth + 1);
        }
        if self.takes("[") {
            self.space(true);
            if self.rest().starts_with("for ") {
                return self.loop_body(kind, line, depth);
            }
            let mut items = Vec::new();
            loop {
                self.space(true);
                if self.takes("]") {
                    break;
                }
                if self.takes(",") {
                    continue;
                }
                let from = self.at;
                items.push(self.value(kind, depth + 1)?);
                if self.at == from {
                    return Err(self.error());
                }
            }
            return Ok(Node { line, value: Value::List(items) });
        }
        let from = self.at;
        if let Some(text) = self.string()? {
            self.space(false);
            if matches!(self.peek(), None | Some('\n' | '\r' | ',' | '}' | ']')) {
                return Ok(Node { line, value: Value::Text(text) });
            }
        }
        self.rest_of_statement(depth)?;
        let source = self.text.get(from..self.at).unwrap_or_default().trim();
        let value = match source {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "" => Value::Null,
            number if number.bytes().all(|b| b.is_ascii_digit()) => Value::Text(number.to_owned()),
            source => Value::Text(format!("${{{source}}}")),
        };
        Ok(Node { line, value })
    }

    fn loop_body(&mut self, kind: &str, line: u32, depth: usize) -> Result<Node, ReadError> {
        while let Some(c) = self.peek() {
            match c {
                '{' => break,
                ']' => {
                    self.step();
                    return Ok(Node { line, value: Value::Null });
                }
                '(' | '[' => self.group(depth)?,
                '\'' => drop(self.string()?),
                _ => self.step(),
            }
        }
        let made = self.value(kind, depth + 1)?;
        self.space(true);
        if !self.takes("]") {
            return Err(self.error());
        }
        Ok(made)
    }

    fn table(&mut self, kind: &str, line: u32, depth: usize) -> Result<Node, ReadError> {
        let mut entries = Vec::new();
        loop {
            self.space(true);
            if self.takes("}") {
                return Ok(Node { line, value: Value::Table(entries) });
            }
            if self.takes(",") {
                continue;
            }
            if self.at >= self.text.len() {
                return Err(self.error());
            }
            if self.rest().starts_with("resource ") && self.declaration(kind, depth + 1)? {
                continue;
            }
            let (from, at) = (self.at, self.line);
            let key = match self.string()? {
                Some(key) => key,
                None => self.word().to_owned(),
            };
            self.space(false);
            if !self.takes(":") {
                self.rest_of_statement(depth)?;
                if self.at == from {
                    return Err(self.error());
                }
                continue;
            }
            self.space(true);
            let node = self.value(kind, depth + 1)?;
            entries.push(Entry { key, line: at, node });
        }
    }

    /// Goes to the end of an expression: of the line, unless brackets are open.
    fn rest_of_statement(&mut self, depth: usize) -> Result<(), ReadError> {
        while let Some(c) = self.peek() {
            match c {
                '\n' => return Ok(()),
                // Outside of everything it closes nothing.
                ']' | '}' | ')' | ',' if depth > 0 => return Ok(()),
                '{' | '[' | '(' => self.group(depth)?,
                '\'' => drop(self.string()?),
                '/' if self.rest().starts_with("//") || self.rest().starts_with("/*") => self.space(false),
                _ => self.step(),
            }
        }
        Ok(())
    }

    /// Skips brackets and what is in them.
    fn group(&mut self, depth: usize) -> Result<(), ReadError> {
        let mut open = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '{' | '[' | '(' => {
                    open += 1;
                    if depth + open > 8 * MAX_DEPTH {
                        return Err(self.error());
                    }
                    self.step();
                }
                '}' | ']' | ')' => {
                    self.step();
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return Ok(());
                    }
                }
                '\'' => drop(self.string()?),
                '/' if self.rest().starts_with("//") || self.rest().starts_with("/*") => self.space(false),
                _ => self.step(),
            }
        }
        Err(self.error())
    }

    /// A string, if one begins here.
    fn string(&mut self) -> Result<Option<String>, ReadError> {
        if self.takes("'''") {
            let rest = self.rest();
            let end = rest.find("'''").ok_or_else(|| self.error())?;
            self.skip(end + 3);
            return Ok(Some(rest[..end].to_owned()));
        }
        if !self.takes("'") {
            return Ok(None);
        }
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\'' => {
                    self.step();
                    return Ok(Some(text));
                }
                '\n' => break,
                '\\' => {
                    self.step();
                    text.extend(self.peek());
                    self.step();
                }
                '$' if self.rest().starts_with("${") => {
                    let from = self.at;
                    self.step();
                    // A text within the hole may have holes of its own, as deep as brackets go.
                    self.hole()?;
                    text.push_str(&self.text[from..self.at]);
                }
                c => {
                    text.push(c);
                    self.step();
                }
            }
        }
        Err(self.error())
    }

    /// Skips `{…}` within a text, with the texts in it.
    fn hole(&mut self) -> Result<(), ReadError> {
        let mut open: Vec<char> = Vec::new();
        while let Some(c) = self.peek() {
            match (c, open.last()) {
                ('\n', _) => break,
                ('{', Some('\'')) if !self.text[..self.at].ends_with('$') => {}
                ('{', _) => open.push('{'),
                ('\'', Some('\'')) => drop(open.pop()),
                ('\'', _) => open.push('\''),
                ('}', Some('{')) => {
                    open.pop();
                    if open.is_empty() {
                        self.step();
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.step();
        }
        Err(self.error())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn resources_are_read_with_their_lines() {
        let text = "param name string = 'x'\n// c\nresource account 'Microsoft.CognitiveServices/accounts@2024-10-01' = {\n  name: 'ai-${take('a${name}', 3)}'\n  kind: 'OpenAI'\n  sku: { name: 'S0' }\n  list: [\n    'a'\n    name\n  ]\n  resource gpt 'deployments' = if (name != '') {\n    name: 'gpt'\n    properties: {\n      model: {\n        name: 'gpt-4o'\n        version: any({ a: 1 })\n      }\n    }\n  }\n}\noutput id string = account.id\nresource old 'A.B/c@1' existing = {\n  name: '''x\ny'''\n}\nresource many 'A.B/d@1' = [for n in range(0, 3): {\n  name: 'd'\n}]\n";
        let found = parse(text).unwrap();
        let told: Vec<_> =
            found.iter().map(|d| (d.what, d.name.as_str(), d.kind.as_str(), d.line, d.exists)).collect();
        assert_eq!(
            told,
            [
                ("param", "name", "", 1, false),
                ("resource", "gpt", "Microsoft.CognitiveServices/accounts/deployments", 11, false),
                ("resource", "account", "Microsoft.CognitiveServices/accounts", 3, false),
                ("resource", "old", "A.B/c", 22, true),
                ("resource", "many", "A.B/d", 26, false),
            ]
        );
        let [_, gpt, account, old, many] = &found[..] else { panic!("five") };
        assert_eq!(gpt.body.text_at(&["properties", "model", "name"]), Some("gpt-4o"));
        assert_eq!(gpt.body.text_at(&["properties", "model", "version"]), Some("${any({ a: 1 })}"));
        assert_eq!(account.body.text_at(&["name"]), Some("ai-${take('a${name}', 3)}"));
        assert_eq!(account.body.entry("kind").map(|e| e.line), Some(5));
        assert_eq!(account.body.text_at(&["sku", "name"]), Some("S0"));
        let list: Vec<_> = account.body.items_at(&["list"]).iter().filter_map(Node::text).collect();
        assert_eq!(list, ["a", "${name}"]);
        assert_eq!(old.body.text_at(&["name"]), Some("x\ny"));
        assert_eq!(many.body.text_at(&["name"]), Some("d"));
    }

    #[test]
    fn what_is_open_at_the_end_has_a_line() {
        assert_eq!(parse("resource a 'b@1' = {\n  c: 'd").unwrap_err().line(), Some(2));
        assert!(parse(&"var a = ".repeat(3)).is_ok());
        assert!(parse(&format!("var a = {}", "[".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(resource |param |var |if |for |existing |[a-z]|[{}()':=,/*$\\[\\]\\\\ \n]){0,60}") {
            drop(parse(&text));
        }
    }
}
