//! Credentials that configuration names: `.env.example`, compose files, deployment manifests. Names only, never values.

use std::sync::Arc;

use crate::prefilter::Prefilter;
use crate::starters::has_extension;

/// A credential that a configuration file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Setting {
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    /// The variable.
    pub(crate) name: String,
}

/// Extensions of files that configure what runs.
const EXTENSIONS: [&str; 13] =
    ["yml", "yaml", "toml", "json", "jsonc", "ini", "cfg", "conf", "properties", "tf", "bicep", "sh", "env"];
/// Names of one file that are kept.
const MAX_NAMES: usize = 200;

/// Whether a file configures what runs, told by its path. Lock files and package data only repeat what others say.
pub(crate) fn is_configuration(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    if name.starts_with(".env")
        || name.starts_with("Dockerfile")
        || name == "Procfile"
        || has_extension(name, &["env"])
    {
        return true;
    }
    let lock = name.contains("lock") || name == "package.json";
    !lock && name.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// Endings and names of files that people paste commands into, with the keys that were in them.
const PASTED: [&str; 7] = ["md", "mdx", "txt", "rst", "adoc", "http", "mk"];

/// Whether a file may hold a key that was pasted into it, and nothing else that rules speak about.
pub(crate) fn may_hold_keys(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    matches!(name, "Makefile" | "justfile" | "README") || has_extension(name, &PASTED)
}

/// Whether a file is read although it is neither source nor a manifest.
pub(crate) fn is_text(path: &str) -> bool {
    is_configuration(path) || crate::starters::kind_of(path).is_some()
}

/// The credentials that a configuration file names, each at the first line that does so without being a comment.
pub(crate) fn read(path: &Arc<str>, text: &[u8], credentials: &Prefilter) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    // Lines are counted on from the last hit, so that a file is gone through once.
    let (mut counted, mut line) = (0, 1u32);
    for (name, at) in credentials.find(text) {
        let Some(between) = text.get(counted..at) else { continue };
        line = line
            .saturating_add(u32::try_from(memchr::memchr_iter(b'\n', between).count()).unwrap_or(u32::MAX));
        counted = at;
        if found.len() >= MAX_NAMES {
            break;
        }
        let is_set = is_environment(path) || is_reference(text, at, name.len());
        if is_set && !is_comment(path, text, at) && !found.iter().any(|s| s.name == name) {
            found.push(Setting { path: Arc::clone(path), line, name: name.to_owned() });
        }
    }
    found
}

/// Files that hold nothing but variables.
fn is_environment(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.starts_with(".env")
        || has_extension(name, &["env"])
        || has_extension(name, &["sh"])
        || name.starts_with("Dockerfile")
}

/// Whether a name is given a value, listed as a variable, or referred to; in a list of names it is only data.
fn is_reference(text: &[u8], at: usize, len: usize) -> bool {
    let after = text.get(at + len..).unwrap_or_default();
    let after = after.strip_prefix(b"\"").or_else(|| after.strip_prefix(b"'")).unwrap_or(after);
    let sets = matches!(after.trim_ascii_start().first(), Some(b'=' | b':'));
    let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
    let before = text.get(line..at).unwrap_or_default().trim_ascii();
    let listed = matches!(before, b"-" | b"- name:" | b"name:" | b"key:" | b"- key:" | b"");
    let referred = [&b"$"[..], b"${", b"secrets.", b"env.", b"vars.", b"process.env."];
    sets || listed || referred.iter().any(|prefix| text.get(..at).is_some_and(|t| t.ends_with(prefix)))
}

/// In an example of an environment file a commented variable still says that it is meant to be set.
fn is_comment(path: &str, text: &[u8], at: usize) -> bool {
    let begin = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
    let line = text[begin..at].trim_ascii_start();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let comment = line.starts_with(b"#") || line.starts_with(b"//") || line.starts_with(b";");
    comment && !name.starts_with(".env")
}

#[cfg(test)]
mod tests {
    use muster_rules::RulePack;

    use super::*;

    #[test]
    fn configuration_is_told_by_name() {
        let cases = [
            (".env.example", true),
            ("deploy/prod.env", true),
            ("svc/Dockerfile.worker", true),
            ("docker-compose.yml", true),
            ("package.json", false),
            ("package-lock.json", false),
            ("README.md", false),
            ("app.py", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_configuration(path), expected, "{path}");
        }
    }

    #[test]
    fn names_come_with_lines_and_without_values() {
        let credentials = Prefilter::for_credentials(&RulePack::built_in());
        let text = "# OPENAI_API_KEY in a comment\nservices:\n  - ANTHROPIC_API_KEY=canary\n  - OPENAI_API_KEY=x\n  - OPENAI_API_KEY=y\n";
        let of = |path: &str| {
            let found = read(&path.into(), text.as_bytes(), &credentials);
            found.into_iter().map(|s| (s.line, s.name)).collect::<Vec<_>>()
        };
        let both = [(3, "ANTHROPIC_API_KEY".to_owned()), (4, "OPENAI_API_KEY".to_owned())];
        assert_eq!(of("compose.yml"), both);
        let listed = "credentials = [\"OPENAI_API_KEY\"]\nkey = \"${ANTHROPIC_API_KEY}\"\n";
        let data = read(&"rules.toml".into(), listed.as_bytes(), &credentials);
        assert_eq!(data.into_iter().map(|s| s.name).collect::<Vec<_>>(), ["ANTHROPIC_API_KEY"]);
        assert_eq!(of(".env.example")[0], (1, "OPENAI_API_KEY".to_owned()));
    }
}
