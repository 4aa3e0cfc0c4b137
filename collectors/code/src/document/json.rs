//! JSON with the line of every key, bounded in depth and in the number of values.

use super::{Entry, Node, ReadError, Value};

const MAX_DEPTH: usize = 128;
const MAX_VALUES: usize = 2_000_000;

/// What is allowed beyond the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Nothing.
    Strict,
    /// Comments and trailing commas.
    Relaxed,
}

/// Reads one document.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Node, ReadError> {
    let mut parser = Parser { text, position: 0, line: 1, values: 0, dialect };
    parser.skip_space()?;
    let node = parser.value(0)?;
    parser.skip_space()?;
    if parser.position < text.len() { Err(parser.error(INVALID)) } else { Ok(node) }
}

const INVALID: &str = "no valid JSON";

struct Parser<'a> {
    text: &'a str,
    position: usize,
    line: u32,
    values: usize,
    dialect: Dialect,
}

impl Parser<'_> {
    fn error(&self, problem: &'static str) -> ReadError {
        ReadError::At { line: self.line, problem }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn skip_space(&mut self) -> Result<(), ReadError> {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.position += 1;
                }
                b' ' | b'\t' | b'\r' => self.position += 1,
                b'/' if self.dialect == Dialect::Relaxed => self.comment()?,
                _ => break,
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), ReadError> {
        let rest = &self.text[self.position..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(inner) = rest.strip_prefix("/*") {
            inner.find("*/").map(|end| end + 4).ok_or_else(|| self.error(INVALID))?
        } else {
            return Err(self.error(INVALID));
        };
        let newlines = rest[..length].bytes().filter(|b| *b == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
        self.position += length;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, ReadError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.error("more values than are read"));
        }
        let line = self.line;
        let value = match self.peek() {
            Some(b'{') => self.table(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { line, value })
    }

    fn table(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.position += 1;
        let mut entries = Vec::new();
        self.skip_space()?;
        if self.accept(b'}') {
            return Ok(Value::Table(entries));
        }
        loop {
            let line = self.line;
            let key = self.string()?;
            self.skip_space()?;
            if !self.accept(b':') {
                return Err(self.error(INVALID));
            }
            self.skip_space()?;
            let node = self.value(depth + 1)?;
            entries.push(Entry { key, line, node });
            if self.ends(b'}')? {
                return Ok(Value::Table(entries));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.position += 1;
        let mut items = Vec::new();
        self.skip_space()?;
        if self.accept(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends(b']')? {
                return Ok(Value::List(items));
            }
        }
    }

    /// After an element: whether the container ends here or another element follows.
    fn ends(&mut self, close: u8) -> Result<bool, ReadError> {
        self.skip_space()?;
        if self.accept(close) {
            return Ok(true);
        }
        if !self.accept(b',') {
            return Err(self.error(INVALID));
        }
        self.skip_space()?;
        Ok(self.dialect == Dialect::Relaxed && self.accept(close))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        if !self.accept(b'"') {
            return Err(self.error(INVALID));
        }
        let start = self.position;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.position += 2;
                }
                Some(0..=0x1f) | None => return Err(self.error(INVALID)),
                Some(_) => self.position += 1,
            }
        }
        let inner = self.text.get(start..self.position).ok_or_else(|| self.error(INVALID))?;
        self.position += 1;
        if !escaped {
            return Ok(inner.to_owned());
        }
        let quoted = self.text.get(start - 1..self.position).ok_or_else(|| self.error(INVALID))?;
        serde_json::from_str(quoted).map_err(|_| self.error(INVALID))
    }

    fn number(&mut self) -> Result<Value, ReadError> {
        let rest = &self.text[self.position..];
        let length =
            rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let number = &rest[..length];
        // Only the grammar counts: a number of any size or precision is one.
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let (whole, rest) = digits(unsigned);
        let mut valid = whole.len() == 1 || (!whole.is_empty() && !whole.starts_with('0'));
        let (fraction, rest) = rest.strip_prefix('.').map_or(("0", rest), digits);
        valid &= !fraction.is_empty();
        if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
            let (exponent, rest) = digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
            valid &= !exponent.is_empty() && rest.is_empty();
        } else {
            valid &= rest.is_empty();
        }
        if !valid {
            return Err(self.error(INVALID));
        }
        self.position += length;
        Ok(Value::Number(number.into()))
    }

    fn word(&mut self) -> Result<Value, ReadError> {
        let rest = &self.text[self.position..];
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if rest.starts_with(word) {
                self.position += word.len();
                return Ok(value);
            }
        }
        Err(self.error(INVALID))
    }
}

/// Leading digits, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => serde_json::from_str(n).unwrap(),
            Value::Text(t) => t.as_str().into(),
            Value::List(items) => items.iter().map(plain).collect(),
            Value::Table(entries) => entries.iter().map(|e| (e.key.clone(), plain(&e.node))).collect(),
        }
    }

    #[test]
    fn keys_have_lines() {
        let node = parse("{\n \"a\":\n  [1,\n \"x\"],\r\n\"b\\n\": null}", Dialect::Strict).unwrap();
        let lines: Vec<_> = node.entries().iter().map(|e| (e.key.as_str(), e.line, e.node.line)).collect();
        assert_eq!(lines, [("a", 2, 3), ("b\n", 5, 5)]);
        assert_eq!(node.items_at(&["a"]).iter().map(|n| n.line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn comments_and_trailing_commas_need_the_relaxed_dialect() {
        let text = "// one\n{\"a\": [1, 2,], /* two\n */ \"b\": {},}";
        assert_eq!(parse(text, Dialect::Strict), Err(ReadError::At { line: 1, problem: INVALID }));
        assert_eq!(plain(&parse(text, Dialect::Relaxed).unwrap()), serde_json::json!({"a": [1, 2], "b": {}}));
        for broken in ["[,]", "[1,,]", "{,}", "/", "/* [1]", "[1] x"] {
            assert!(parse(broken, Dialect::Relaxed).is_err(), "{broken}");
        }
    }

    #[test]
    fn values_are_counted() {
        let text = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(
            parse(&text, Dialect::Strict),
            Err(ReadError::At { line: 1, problem: "more values than are read" })
        );
    }

    proptest! {
        #[test]
        fn strict_is_what_the_reference_accepts(text in r#"[\[\]{}:,"\\ \n0-9eE.+\-atruflsné]{0,24}"#) {
            let reference: Result<serde_json::Value, _> = serde_json::from_str(&text);
            match (parse(&text, Dialect::Strict), reference) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(plain(&ours), theirs),
                (Err(_), Err(_)) => {}
                // The reference refuses a number that no float holds.
                (Ok(_), Err(e)) => prop_assert!(e.to_string().contains("number out of range"), "{}", e),
                (Err(e), Ok(_)) => prop_assert!(false, "{}", e),
            }
        }
    }
}
