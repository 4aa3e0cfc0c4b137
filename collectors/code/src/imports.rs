//! Which files import which, read off the lines without a syntax tree: enough to find who calls the code that uses AI.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_rules::Language;

use crate::program::{SourceIndex, finds_by_name};
use crate::syntax::Dialect;

/// Import specifiers taken from one file.
const MAX_SPECIFIERS: usize = 500;

/// Who imports a file.
#[derive(Debug, Default)]
pub(crate) struct Importers(BTreeMap<Arc<str>, BTreeSet<Arc<str>>>);

impl Importers {
    /// Adds what one file imports: names, one on each line.
    pub(crate) fn add(&mut self, index: &SourceIndex, dialect: Dialect, path: &Arc<str>, names: &str) {
        if finds_by_name(dialect.language()) {
            // A type is used by its name alone, wherever its file is.
            for name in names.lines() {
                if let Some(target) = index.of_type(dialect, path, name) {
                    self.0.entry(target).or_default().insert(Arc::clone(path));
                }
            }
            return;
        }
        // The files of a Go package use each other without an import.
        for other in index.beside(dialect, path).iter().filter(|other| *other != path) {
            self.0.entry(Arc::clone(other)).or_default().insert(Arc::clone(path));
        }
        for specifier in names.lines() {
            if let Some(target) = index.find(dialect, path, specifier)
                && target != *path
            {
                self.0.entry(target).or_default().insert(Arc::clone(path));
            }
        }
    }

    /// Files that import a file, directly or through others, up to `depth` steps; the nearest first.
    pub(crate) fn of<'a>(
        &self,
        files: impl Iterator<Item = &'a Arc<str>>,
        depth: usize,
        most: usize,
    ) -> Vec<Arc<str>> {
        let mut known: BTreeSet<Arc<str>> = files.cloned().collect();
        let mut edge: Vec<Arc<str>> = known.iter().cloned().collect();
        let mut found = Vec::new();
        for _ in 0..depth {
            let next: BTreeSet<Arc<str>> = edge
                .iter()
                .filter_map(|file| self.0.get(file))
                .flatten()
                .filter(|file| !known.contains(*file))
                .cloned()
                .collect();
            edge = next.iter().take(most.saturating_sub(found.len())).cloned().collect();
            known.extend(edge.iter().cloned());
            found.extend(edge.iter().cloned());
            if edge.is_empty() {
                break;
            }
        }
        found
    }
}

/// What a source file names that may be another file, one name on each line.
pub(crate) fn names(language: Language, text: &[u8]) -> Arc<str> {
    let found: Vec<String> = if finds_by_name(language) {
        type_names(text).into_iter().collect()
    } else {
        // A specifier is part of one line.
        specifiers(language, text)
    };
    found.join("\n").into()
}

/// Whether names may be kept from one scan to the next: those of files and modules may, and any other text may be a secret.
pub(crate) fn may_be_kept(language: Language, names: &str) -> bool {
    /// Bytes of the longest part of a name: keys and tokens have no stop for longer.
    const LONGEST_PART: usize = 28;
    let is_path = |name: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
        let is_short = |part: &str| part.len() <= LONGEST_PART;
        name.chars().all(is_plain) && name.split(['_', '-', '.', '/', '@']).all(is_short)
    };
    // Where types are found by their names, every word is one.
    !finds_by_name(language) && names.lines().all(is_path)
}

/// Modules that a file names in its imports, without regard to whether the line is real code.
fn specifiers(language: Language, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', text).chain(std::iter::once(text.len())) {
        let line = text.get(begin..end).unwrap_or_default();
        begin = end + 1;
        if found.len() >= MAX_SPECIFIERS {
            break;
        }
        if line.len() > 2000 {
            continue;
        }
        match language {
            Language::Python => python(line, &mut found),
            Language::JavaScript => script(line, &mut found),
            Language::Go => go(line, &mut found),
            Language::Rust => rust(line, &mut found),
            // They are found by the names of their types.
            Language::Java | Language::Kotlin | Language::CSharp | Language::Php | Language::Ruby => break,
        }
    }
    found
}

/// Words that begin with a capital: names of types, where the language has them.
fn type_names(text: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let begin = at;
        if !is_word(*byte) {
            at += 1;
            continue;
        }
        while text.get(at).is_some_and(|b| is_word(*b)) {
            at += 1;
        }
        let word = &text[begin..at];
        if byte.is_ascii_uppercase() && (3..=80).contains(&word.len()) && found.len() < 4 * MAX_SPECIFIERS {
            found.insert(String::from_utf8_lossy(word).into_owned());
        }
    }
    found
}

fn go(line: &[u8], found: &mut Vec<String>) {
    let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { return };
    // One import of a block, or a line of its own; anything else that is quoted leads nowhere.
    let Some(rest) = line.strip_suffix('"') else { return };
    let Some((before, path)) = rest.rsplit_once('"') else { return };
    let before = before.trim().trim_start_matches("import").trim();
    if path.contains('/') && before.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
        found.push(crate::syntax::canonical_go_path(path));
    }
}

fn rust(line: &[u8], found: &mut Vec<String>) {
    let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { return };
    let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
    if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
        found.push(format!("self.{}", name.trim()));
    } else if let Some(path) = line.strip_prefix("use ") {
        // `use a::b::{c, d}`: the module is `a::b`, and `c` may be one.
        let path = path.trim_end_matches(';').replace("::", ".").replace(' ', "");
        let (module, list) = path.split_once('{').unwrap_or((&path, ""));
        let module = module.trim_end_matches('.');
        let items = list.trim_end_matches('}').split(',').filter(|item| !item.is_empty()).take(20);
        found.extend(items.map(|item| format!("{module}.{item}")));
        found.push(module.to_owned());
        found.extend(module.rsplit_once('.').map(|(above, _)| above.to_owned()));
    }
}

fn python(line: &[u8], found: &mut Vec<String>) {
    let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { return };
    if let Some(rest) = line.strip_prefix("from ") {
        let Some((module, items)) = rest.split_once(" import ") else { return };
        let module = module.trim();
        found.push(module.to_owned());
        // `from package import module`: each item may be a file.
        let dot = if module.ends_with('.') { "" } else { "." };
        for item in items.trim_matches(['(', ')', ' ', '\\']).split(',').take(20) {
            if let Some(name) = item.split_whitespace().next() {
                found.push(format!("{module}{dot}{name}"));
            }
        }
    } else if let Some(rest) = line.strip_prefix("import ") {
        found.extend(rest.split(',').filter_map(|m| m.split_whitespace().next()).map(str::to_owned));
    }
}

fn script(line: &[u8], found: &mut Vec<String>) {
    let Ok(line) = std::str::from_utf8(line) else { return };
    for word in ["from ", "from'", "from\"", "import ", "import'", "import\"", "import(", "require("] {
        for (at, _) in line.match_indices(word) {
            let rest = line[at..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let rest = rest.trim_start_matches([' ', '(']);
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
            if let Some((specifier, _)) = rest[1..].split_once(quote) {
                found.push(specifier.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: Language, text: &str) -> Vec<String> {
        specifiers(language, text.as_bytes())
    }

    #[test]
    fn imports_are_read_off_lines() {
        assert_eq!(
            of(Language::Python, "import os, app.agent as a\n  from .tools import search, mail\nx = 1\n"),
            ["os", "app.agent", ".tools", ".tools.search", ".tools.mail"]
        );
        assert_eq!(
            of(
                Language::JavaScript,
                "import a from './a';\nimport'./b'\nconst c = require(\"./c\"), d = await import(`./d`);\nexport * from \"./e\"\n"
            ),
            ["./a", "./b", "./d", "./c", "./e"]
        );
    }

    #[test]
    fn importers_are_found_step_by_step() {
        let mut index = SourceIndex::default();
        let paths: Vec<Arc<str>> = ["agent.py", "service.py", "main.py", "other.py"].map(Arc::from).to_vec();
        for path in &paths {
            index.add(Arc::clone(path));
        }
        let mut importers = Importers::default();
        let add = |importers: &mut Importers, dialect: Dialect, path: &Arc<str>, text: &str| {
            importers.add(&index, dialect, path, &names(dialect.language(), text.as_bytes()));
        };
        add(&mut importers, Dialect::Python, &paths[1], "import agent\n");
        add(&mut importers, Dialect::Python, &paths[2], "from service import run\n");
        add(&mut importers, Dialect::Python, &paths[3], "import os\n");
        let of = |depth, most| importers.of(paths[..1].iter(), depth, most);
        assert_eq!(of(1, 9), [Arc::clone(&paths[1])]);
        assert_eq!(of(4, 9), [Arc::clone(&paths[1]), Arc::clone(&paths[2])]);
        assert_eq!(of(4, 1), [Arc::clone(&paths[1])]);
    }
}
