//! Ignore rules: one `.gitignore` or `info/exclude` file, bounded.

use std::borrow::Cow;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::read::{Links, read_regular};

/// Longer files of rules are not applied. A matcher takes some 300 times the memory of its rules.
pub(super) const MAX_BYTES: u64 = 64 * 1024;
/// Wildcards in one file. A matcher's cost for one path grows with them, and the file's author may be hostile.
const MAX_WILDCARDS: usize = 4096;

/// What one file of rules says about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Ignored,
    Kept,
    Silent,
}

/// The rules of one file.
#[derive(Debug)]
pub(super) struct Rules {
    matcher: Gitignore,
    size: u64,
}

impl Rules {
    /// Reads a file of rules of at most `limit` bytes. `None` if it is missing, empty, or over the bounds: then nothing
    /// is left out because of it, which errs on the side of scanning.
    pub(super) fn read(path: &Path, links: Links, limit: u64) -> Option<Self> {
        let mut bytes = Vec::new();
        read_regular(path, links, limit.min(MAX_BYTES), &mut bytes).ok()?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let wild = bytes.iter().filter(|byte| matches!(byte, b'*' | b'?' | b'[' | b'{')).count();
        if wild > MAX_WILDCARDS {
            return None;
        }
        let text = String::from_utf8_lossy(bytes);
        let mut builder = GitignoreBuilder::new("");
        for line in text.trim_start_matches('\u{feff}').lines() {
            // Git passes over a pattern that it cannot read, too.
            let _ = builder.add_line(None, line);
        }
        let matcher = builder.build().ok()?;
        (!matcher.is_empty()).then_some(Self { matcher, size: bytes.len() as u64 })
    }

    /// How many bytes the file had.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What the rules say about `path`, which is relative to the folder that the rules are for.
    pub(super) fn verdict(&self, path: &[u8], folder: bool) -> Verdict {
        match self.matcher.matched(as_path(path), folder) {
            Match::Ignore(_) => Verdict::Ignored,
            Match::Whitelist(_) => Verdict::Kept,
            Match::None => Verdict::Silent,
        }
    }
}

#[cfg(unix)]
pub(super) fn as_path(bytes: &[u8]) -> Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(super) fn as_path(bytes: &[u8]) -> Cow<'_, Path> {
    Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(rules: &str, path: &str) -> (Option<Verdict>, Option<Verdict>) {
        let rules = Rules::parse(rules.as_bytes());
        let rules = rules.as_ref();
        (
            rules.map(|rules| rules.verdict(path.as_bytes(), false)),
            rules.map(|rules| rules.verdict(path.as_bytes(), true)),
        )
    }

    #[test]
    fn patterns_mean_what_git_means() {
        use Verdict::{Ignored, Kept, Silent};
        let cases = [
            ("*.log\n!keep.log\n", "a/b.log", (Some(Ignored), Some(Ignored))),
            ("*.log\n!keep.log\n", "a/keep.log", (Some(Kept), Some(Kept))),
            ("build/\r\n", "a/build", (Some(Silent), Some(Ignored))),
            ("/top\n", "a/top", (Some(Silent), Some(Silent))),
            ("/top\n", "top", (Some(Ignored), Some(Ignored))),
            ("\u{feff}first\n", "first", (Some(Ignored), Some(Ignored))),
            ("# remark\n\n", "# remark", (None, None)),
            ("a/**/z\n", "a/b/c/z", (Some(Ignored), Some(Ignored))),
        ];
        for (rules, path, expected) in cases {
            assert_eq!(verdicts(rules, path), expected, "{rules:?} on {path:?}");
        }
    }

    #[test]
    fn rules_over_the_bound_leave_nothing_out() {
        let bomb = "?*".repeat(MAX_WILDCARDS);
        assert!(Rules::parse(bomb.as_bytes()).is_none());
        assert!(Rules::parse("[z-a]\n".as_bytes()).is_none());
    }
}
