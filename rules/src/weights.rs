//! What files of model weights look like: the names they go by, and what they begin with.

use serde::{Deserialize, Serialize};

/// A beginning that is no fixed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// Eight bytes of length, and then JSON.
    Safetensors,
    /// A zip archive; its first member ends in one of `contains`.
    Zip,
    /// A message of protobuf: a small version first, then a length or a message.
    Protobuf,
    /// A pickle of protocol 2 to 5.
    Pickle,
}

/// Files of one format. A file is one when its name fits, and its beginning does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WeightsShape {
    /// Endings of names, without the dot and in lower case.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// Whole names.
    #[serde(default)]
    pub names: Vec<String>,
    /// What it begins with, in hexadecimal; any of them.
    #[serde(default)]
    pub magic: Vec<String>,
    /// Where that stands; 0 if not given.
    #[serde(default)]
    pub at: usize,
    /// A beginning that is no fixed text, in place of `magic`.
    #[serde(default)]
    pub header: Option<Header>,
    /// Texts, one of which stands in the first four kilobytes.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Whether code that it holds runs when it is loaded.
    #[serde(default)]
    pub executable: bool,
}

impl WeightsShape {
    /// Whether a file may be one by its name.
    pub fn is_named(&self, name: &str) -> bool {
        let ends = |extension: &String| {
            let at = name.len().checked_sub(extension.len() + 1);
            at.and_then(|at| name.get(at..))
                .is_some_and(|end| end.starts_with('.') && end[1..].eq_ignore_ascii_case(extension))
        };
        self.names.iter().any(|known| known == name) || self.extensions.iter().any(ends)
    }

    /// What is wrong with it, each with what to write instead.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let checks = [
            (
                !self.extensions.is_empty() || !self.names.is_empty(),
                "has no name",
                "add `extensions` or `names`",
            ),
            (
                self.magic.is_empty() == self.header.is_some(),
                "has no beginning, or two",
                "add `magic` or `header`: a name alone shows no model",
            ),
            (
                self.magic.iter().all(|text| bytes(text).is_some_and(|bytes| bytes.len() >= 3)),
                "has a `magic` that is no hexadecimal text of three bytes or more",
                "write two hexadecimal digits for each byte",
            ),
        ];
        checks.into_iter().filter(|(ok, ..)| !ok).map(|(_, what, instead)| (what, instead)).collect()
    }
}

/// The bytes of a hexadecimal text.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let even = text.is_ascii() && text.len().is_multiple_of(2);
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    even.then(|| (0..text.len()).step_by(2).map(byte).collect())?
}

/// A text with the bytes of each `{{hex:…}}` in its place: examples of binary files are written so.
pub(crate) fn with_bytes(text: &str) -> Vec<u8> {
    let mut written = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{hex:") {
        let (hex, behind) = after.split_once("}}").unwrap_or((after, ""));
        written.extend_from_slice(before.as_bytes());
        written.extend(bytes(hex).unwrap_or_default());
        rest = behind;
    }
    written.extend_from_slice(rest.as_bytes());
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_hexadecimal() {
        assert_eq!(bytes("00ff7a"), Some(vec![0, 255, 122]));
        assert_eq!([bytes("0"), bytes("zz"), bytes("é")], [None, None, None]);
        assert_eq!(with_bytes("a{{hex:00ff}}b{{hex:61}}"), b"a\0\xffba");
    }
}
