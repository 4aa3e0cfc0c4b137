//! The lines around a piece of evidence, read from a folder that may be hostile for a document that may be as well.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use asmm_model::GapReason;

use super::mask::{self, Syntax};

/// The largest file that is read, which is the largest that a scan reads as source.
const FILE: u64 = 4 * 1024 * 1024;
/// Letters of a line that are shown.
const LINE: usize = 240;
/// Bytes of files that are kept for the next piece of evidence.
const KEPT: usize = 32 * 1024 * 1024;

/// Where code is read from, or why none is.
#[derive(Debug)]
pub(crate) struct Source {
    root: Result<PathBuf, String>,
    files: BTreeMap<String, Result<String, String>>,
    kept: usize,
}

/// A few lines of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The number of the first.
    pub(super) first: u32,
    /// Without secrets, and cut where they are very long.
    pub(super) lines: Vec<String>,
}

impl Source {
    /// Reads below a folder.
    pub(crate) fn folder(root: PathBuf) -> Self {
        Self { root: Ok(root), files: BTreeMap::new(), kept: 0 }
    }

    /// Reads nothing, for a reason.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self { root: Err(why.into()), files: BTreeMap::new(), kept: 0 }
    }

    /// The folder, or why there is none.
    pub(super) fn root(&self) -> Result<&Path, &str> {
        self.root.as_deref().map_err(String::as_str)
    }

    /// A line and so many before and after it; the error says why they are not there. Nothing without a folder.
    pub(super) fn around(&mut self, path: &str, line: u32, context: u32) -> Option<Result<Excerpt, String>> {
        let root = self.root.as_ref().ok()?;
        if !self.files.contains_key(path) {
            if self.kept > KEPT {
                self.files.clear();
                self.kept = 0;
            }
            let text = read(root, path).map(|text| mask::source(&text, Syntax::of(path)));
            self.kept += path.len() + text.as_ref().map_or(0, String::len);
            self.files.insert(path.to_owned(), text);
        }
        let text = self.files.get(path)?.as_ref();
        Some(text.map_err(Clone::clone).and_then(|text| cut(text, line, context)))
    }
}

fn cut(text: &str, line: u32, context: u32) -> Result<Excerpt, String> {
    let first = line.saturating_sub(context).max(1);
    let last = line.saturating_add(context);
    let all = text.lines().count();
    if line == 0 || usize::try_from(line).is_ok_and(|line| line > all) {
        let lines = if all == 1 { "line" } else { "lines" };
        return Err(format!("the file has {all} {lines}, and may have changed since the scan"));
    }
    let skipped = usize::try_from(first - 1).unwrap_or(usize::MAX);
    let count = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    let shown = |line: &str| -> String {
        // A tab is indentation here, and nothing to warn of.
        let mut letters = line.chars();
        let mut shown: String = letters.by_ref().take(LINE).collect();
        if letters.next().is_some() {
            shown.push('…');
        }
        shown.replace('\t', "    ")
    };
    Ok(Excerpt { first, lines: text.lines().skip(skipped).take(count).map(shown).collect() })
}

/// The text of a regular file below the folder, reached through no link.
fn read(root: &Path, path: &str) -> Result<String, String> {
    let outside = || "the path leads out of the source folder".to_owned();
    let names: Vec<&str> = path.split('/').collect();
    let is_name = |name: &&str| !matches!(*name, "" | "." | "..") && !name.contains(['\\', '\0', ':']);
    if !names.iter().all(is_name) {
        return Err(outside());
    }
    let mut full = root.to_owned();
    for name in &names {
        full.push(name);
        let about = full.symlink_metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                "it is not in the source folder".to_owned()
            }
            io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
            _ => "it cannot be read".to_owned(),
        })?;
        if about.file_type().is_symlink() {
            return Err("a link is on the way to it, and links are not followed".to_owned());
        }
    }
    // A folder that became a link just now is noticed here; for the file itself, opening refuses links.
    let real = |path: &Path| path.canonicalize().ok();
    if real(&full).zip(real(root)).is_none_or(|(full, root)| !full.starts_with(root)) {
        return Err(outside());
    }
    let mut bytes = Vec::new();
    muster_code::read_bounded(&full, path, FILE, &mut bytes).map_err(|gap| match gap.why {
        GapReason::TooLarge => format!("it is larger than {} MiB", FILE / 1024 / 1024),
        GapReason::Unsupported => "it is no regular file".to_owned(),
        GapReason::Denied => "this user may not read it".to_owned(),
        _ => "it cannot be read".to_owned(),
    })?;
    if bytes.contains(&0) {
        return Err("it is a binary file".to_owned());
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn stage() -> (tempfile::TempDir, Source) {
        let lair = tempfile::tempdir().unwrap();
        let root = lair.path().join("app");
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(lair.path().join("secret.txt"), "outside\n").unwrap();
        fs::write(root.join("src/a.py"), "one\ntwo\nthree\n\tfour\nfive\n").unwrap();
        let source = Source::folder(root);
        (lair, source)
    }

    fn why(source: &mut Source, path: &str, line: u32) -> String {
        source.around(path, line, 2).unwrap().unwrap_err()
    }

    #[test]
    fn the_lines_around_a_line_are_those_that_there_are() {
        let (_lair, mut source) = stage();
        let mut lines = |line, context| source.around("src/a.py", line, context).unwrap().unwrap();
        let excerpt = |first, lines: &[&str]| Excerpt {
            first,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        assert_eq!(lines(1, 1), excerpt(1, &["one", "two"]));
        assert_eq!(lines(3, 1), excerpt(2, &["two", "three", "    four"]));
        assert_eq!(lines(5, 2), excerpt(3, &["three", "    four", "five"]));
        assert_eq!(lines(2, 0), excerpt(2, &["two"]));
        assert_eq!(lines(2, u32::MAX).lines.len(), 5);
        assert_eq!(
            why(&mut source, "src/a.py", 6),
            "the file has 5 lines, and may have changed since the scan"
        );
        assert_eq!(
            why(&mut source, "src/a.py", 0),
            "the file has 5 lines, and may have changed since the scan"
        );
        assert_eq!(why(&mut source, "src/b.py", 1), "it is not in the source folder");
        assert_eq!(why(&mut source, "src/a.py/b", 1), "it is not in the source folder");
        assert_eq!(why(&mut source, "src", 1), "it is no regular file");
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let (lair, mut source) = stage();
        let absolute = lair.path().join("secret.txt").to_string_lossy().into_owned();
        for path in [
            "../secret.txt",
            "src/../../secret.txt",
            "./../secret.txt",
            "..\\secret.txt",
            absolute.as_str(),
            "/etc/passwd",
            "C:/secret.txt",
            "src//a.py",
            "",
            "src/a.py\0",
        ] {
            assert_eq!(why(&mut source, path, 1), "the path leads out of the source folder", "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let (lair, mut source) = stage();
        let root = lair.path().join("app");
        std::os::unix::fs::symlink(lair.path(), root.join("up")).unwrap();
        std::os::unix::fs::symlink(lair.path().join("secret.txt"), root.join("file.py")).unwrap();
        std::os::unix::fs::symlink(root.join("src"), root.join("inside")).unwrap();
        for path in ["up/secret.txt", "file.py", "inside/a.py"] {
            let expected = "a link is on the way to it, and links are not followed";
            assert_eq!(why(&mut source, path, 1), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_text_or_too_much_of_it_is_left_out() {
        let (lair, mut source) = stage();
        let root = lair.path().join("app");
        fs::write(root.join("a.bin"), b"a\0b").unwrap();
        fs::write(root.join("latin1.py"), b"# caf\xe9\n").unwrap();
        fs::write(root.join("long.js"), "é".repeat(10_000)).unwrap();
        fs::File::create(root.join("large.py")).unwrap().set_len(FILE + 1).unwrap();
        assert_eq!(why(&mut source, "a.bin", 1), "it is a binary file");
        assert_eq!(why(&mut source, "large.py", 1), "it is larger than 4 MiB");
        assert_eq!(source.around("latin1.py", 1, 0).unwrap().unwrap().lines, ["# caf\u{fffd}"]);
        let long = source.around("long.js", 1, 0).unwrap().unwrap();
        assert_eq!(long.lines, [format!("{}…", "é".repeat(LINE))]);
        assert_eq!(Source::none("there is none").around("src/a.py", 1, 2), None);
    }

    #[test]
    fn a_key_that_begins_before_the_lines_is_masked() {
        let (lair, mut source) = stage();
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n", "short\n".repeat(9));
        fs::write(lair.path().join("app/key.py"), key).unwrap();
        let excerpt = source.around("key.py", 5, 1).unwrap().unwrap();
        assert_eq!(excerpt.lines, ["[masked]", "[masked]", "[masked]"]);
    }
}
