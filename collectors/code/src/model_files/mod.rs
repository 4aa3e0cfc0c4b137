//! Files of model weights, told by their first bytes, and the small files beside them that say the same.
//!
//! Only the beginning of such a file is ever read, however large it is; a pointer of Git LFS stands for the file.

use std::sync::Arc;

use memchr::memmem::find;
use muster_rules::{Header, RulePack, WeightsShape, bytes};

/// What is read of a file that goes by the name of one.
pub(crate) const HEAD: u64 = 4096;

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModelFile {
    pub(crate) path: Arc<str>,
    /// Index of the rule.
    pub(crate) rule: u32,
    /// Of the weights, also where only a pointer is there.
    pub(crate) size: u64,
    pub(crate) is_pointer: bool,
    /// Whether code in it runs when it is loaded.
    pub(crate) executable: bool,
}

impl ModelFile {
    /// What there is to say about it.
    pub(crate) fn note(&self) -> String {
        let pointer = if self.is_pointer { ", in Git LFS" } else { "" };
        let runs = if self.executable { ", code in it runs when it is loaded" } else { "" };
        format!("{}{pointer}{runs}", shown(self.size))
    }
}

/// A size as people say it.
fn shown(size: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut whole = size;
    let mut tenth = 0;
    while whole >= 1024 && unit + 1 < units.len() {
        tenth = whole % 1024 * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    if unit == 0 { format!("{whole} bytes") } else { format!("{whole}.{tenth} {}", units[unit]) }
}

/// The formats, compiled once.
#[derive(Debug)]
pub(crate) struct Formats(Vec<Format>);

#[derive(Debug)]
struct Format {
    rule: u32,
    shape: WeightsShape,
    magic: Vec<Vec<u8>>,
}

impl Formats {
    pub(crate) fn new(rules: &RulePack) -> Self {
        let all = (0u32..).zip(rules.rules()).flat_map(|(rule, found)| {
            found.weights.iter().map(move |shape| {
                let magic = shape.magic.iter().filter_map(|text| bytes(text)).collect();
                Format { rule, shape: shape.clone(), magic }
            })
        });
        Self(all.collect())
    }

    /// Whether a file goes by the name of one.
    pub(crate) fn is_named(&self, path: &str) -> bool {
        self.named(path).next().is_some()
    }

    fn named(&self, path: &str) -> impl Iterator<Item = &Format> {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        self.0.iter().filter(move |format| format.shape.is_named(name))
    }

    /// The file of weights that begins like this.
    pub(crate) fn recognise(&self, path: &str, head: &[u8], size: u64) -> Option<ModelFile> {
        let pointed = pointer(head);
        let mut named = self.named(path);
        // A pointer says nothing about the format: only an ending that nothing else has speaks for it.
        let format = match pointed {
            Some(_) => named.next().filter(|_| is_telling(path)),
            None => named.find(|format| format.fits(head, size)),
        }?;
        Some(ModelFile {
            path: path.into(),
            rule: format.rule,
            size: pointed.unwrap_or(size),
            is_pointer: pointed.is_some(),
            executable: format.shape.executable,
        })
    }
}

impl Format {
    fn fits(&self, head: &[u8], size: u64) -> bool {
        let has = |text: &String| find(head, text.as_bytes()).is_some();
        let contains = &self.shape.contains;
        match self.shape.header {
            None => {
                let rest = head.get(self.shape.at..).unwrap_or_default();
                self.magic.iter().any(|magic| rest.starts_with(magic))
                    && (contains.is_empty() || contains.iter().any(has))
            }
            Some(Header::Safetensors) => is_safetensors(head, size),
            Some(Header::Zip) => first_member(head)
                .is_some_and(|name| contains.iter().any(|end| name.ends_with(end.as_bytes()))),
            // The version, and then a text, a message or a number of one of the first fields.
            Some(Header::Protobuf) => {
                matches!(head, [0x08, 1..=30, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
            }
            Some(Header::Pickle) => {
                matches!(head, [0x80, 2..=5, ..]) && (contains.is_empty() || contains.iter().any(has))
            }
        }
    }
}

/// Endings that models share with anything else.
const SHARED: [&str; 13] =
    ["bin", "pb", "task", "plan", "engine", "trt", "lite", "h5", "hdf5", "pkl", "pickle", "joblib", "ckpt"];

/// Whether a name alone says that the file is a model.
fn is_telling(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
    name == "saved_model.pb" || !SHARED.iter().any(|shared| extension.eq_ignore_ascii_case(shared))
}

/// Whether a file is not itself here, but a pointer of Git LFS to it.
pub(crate) fn is_pointer(content: &[u8]) -> bool {
    content.len() < 1024 && pointer(content).is_some()
}

/// The size that a pointer of Git LFS names.
fn pointer(head: &[u8]) -> Option<u64> {
    let text = head.strip_prefix(b"version https://git-lfs.github.com/spec/")?;
    let text = std::str::from_utf8(text.get(..text.len().min(1024))?).ok()?;
    let mut lines = text.lines();
    let has_id = lines.clone().any(|line| line.starts_with("oid sha256:"));
    let size = lines.find_map(|line| line.strip_prefix("size "))?.trim().parse().ok()?;
    has_id.then_some(size)
}

/// A length that the file has room for, and the beginning of an object.
fn is_safetensors(head: &[u8], size: u64) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    length >= 2 && length <= size.saturating_sub(8) && rest.starts_with(b"{")
}

/// The name of the first member of a zip archive.
fn first_member(head: &[u8]) -> Option<&[u8]> {
    let header = head.strip_prefix(b"PK\x03\x04")?;
    let length = header.get(22..24).map(|two| usize::from(two[0]) | usize::from(two[1]) << 8)?;
    header.get(26..26 + length.min(512))
}

/// What stands beside weights and belongs to them, by its name and its first bytes.
pub(crate) fn is_companion(path: &str, head: &[u8]) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let has = |text: &str| find(head, text.as_bytes()).is_some();
    match name {
        "config.json" => has("\"architectures\"") || has("\"model_type\""),
        "adapter_config.json" => has("\"peft_type\"") || has("\"base_model_name_or_path\""),
        "generation_config.json" => has("_token_id\"") || has("\"max_length\"") || has("\"temperature\""),
        "tokenizer.json" | "tokenizer_config.json" => head.trim_ascii_start().starts_with(b"{"),
        "Modelfile" => head.split(|b| *b == b'\n').any(|line| line.trim_ascii_start().starts_with(b"FROM ")),
        _ => false,
    }
}

/// Whether a file is looked at for that.
pub(crate) fn may_be_companion(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    [
        "config.json",
        "adapter_config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "Modelfile",
    ]
    .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_the_beginning_is_no_model() {
        let formats = Formats::new(&RulePack::built_in());
        let recognised =
            |path: &str, head: &[u8]| formats.recognise(path, head, 5000).map(|file| file.note());
        assert_eq!(recognised("a/chat.gguf", b"GGUF\x03").as_deref(), Some("4.8 KiB"));
        assert_eq!(recognised("a/chat.GGUF", b"GGUF\x03").as_deref(), Some("4.8 KiB"));
        for (path, head) in [
            ("chat.gguf", &b"GGU"[..]),
            ("chat.txt", b"GGUF"),
            ("gguf", b"GGUF"),
            ("a.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xff{"),
            ("a.safetensors", b"\x08\0\0"),
            ("a.pt", b"PK\x03\x04"),
            ("a.pt", b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0a"),
            ("a.onnx", b"\x08"),
            ("a.bin", b""),
        ] {
            assert_eq!(recognised(path, head), None, "{path} {head:?}");
        }
    }

    #[test]
    fn a_pointer_stands_for_the_file_where_its_name_says_enough() {
        let formats = Formats::new(&RulePack::built_in());
        let text = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4108916384\n";
        let note = |path: &str| formats.recognise(path, text, 120).map(|file| file.note());
        assert_eq!(note("a.safetensors").as_deref(), Some("3.8 GiB, in Git LFS"));
        assert_eq!(note("a.pt").as_deref(), Some("3.8 GiB, in Git LFS, code in it runs when it is loaded"));
        assert_eq!([note("data.pkl"), note("table.h5"), note("a.txt")], [const { None }; 3]);
        let cut = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n";
        assert_eq!(formats.recognise("a.gguf", cut, 120), None);
    }

    #[test]
    fn companions_are_told_by_what_they_hold() {
        assert!(is_companion("m/config.json", br#"{"architectures": ["X"]}"#));
        assert!(!is_companion("m/config.json", br#"{"port": 80}"#));
        assert!(is_companion("Modelfile", b"# x\nFROM llama3\n"));
        assert!(!is_companion("Modelfile", b"nothing"));
    }
}
