//! `CODEOWNERS`: patterns of paths and who owns what they match, as GitHub and GitLab read it.

/// Lines that are read; GitHub takes files of up to 3 MB, of which this is the larger part.
const MAX_RULES: usize = 5_000;
/// Longest name of an owner, in bytes.
const MAX_NAME: usize = 128;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 512;

/// The rules of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Codeowners {
    /// GitLab's sections; each has its own say. GitHub knows only one.
    sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Section {
    /// Whose the files are of a rule that names nobody.
    owners: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    owners: Vec<String>,
    line: u32,
}

impl Codeowners {
    /// Reads a file; a line that is no rule says nothing.
    pub(super) fn read(text: &str) -> Self {
        let mut sections = vec![Section::default()];
        let lines = (1_u32..).zip(text.lines());
        for (line, content) in
            lines.filter(|(_, content)| !content.trim_start().starts_with('#')).take(MAX_RULES)
        {
            let content = content.trim();
            if let Some(owners) = section(content) {
                sections.push(Section { owners, rules: Vec::new() });
                continue;
            }
            let (pattern, rest) = first_word(content);
            if let (Some(pattern), Some(section)) = (Pattern::parse(&pattern), sections.last_mut()) {
                section.rules.push(Rule { pattern, owners: names(rest), line });
            }
        }
        Self { sections }
    }

    /// Who owns a file, with the line that says so: in each section the last rule that matches.
    pub(super) fn of<'s>(&'s self, path: &str) -> Vec<(&'s str, u32)> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut found = Vec::new();
        for section in &self.sections {
            let Some(rule) = section.rules.iter().rev().find(|rule| rule.pattern.matches(&parts)) else {
                continue;
            };
            let owners = if rule.owners.is_empty() { &section.owners } else { &rule.owners };
            found.extend(owners.iter().map(|owner| (owner.as_str(), rule.line)));
        }
        found
    }
}

/// The owners in the head of a section: `[Name]`, `^[Name][2] @owner`. A range of characters begins no section.
fn section(line: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (_, mut rest) = rest.split_once(']')?;
    if let Some((count, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']'))
        && count.bytes().all(|b| b.is_ascii_digit())
    {
        rest = after;
    }
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| names(rest))
}

/// The first word, in which a backslash keeps a space, and what follows.
fn first_word(line: &str) -> (String, &str) {
    let mut word = String::new();
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        if character.is_whitespace() && !escaped {
            return (word, &line[at..]);
        }
        escaped = character == '\\' && !escaped;
        if !escaped {
            word.push(character);
        }
    }
    (word, "")
}

fn names(text: &str) -> Vec<String> {
    let words = text.split_whitespace().take_while(|word| !word.starts_with('#'));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '/' | '-' | '_' | '.' | '+');
    words
        .filter(|word| word.contains('@') && word.len() <= MAX_NAME && word.chars().all(is_plain))
        .map(str::to_owned)
        .collect()
}

/// A pattern in the parts of its path; `**` stands for any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    parts: Vec<String>,
    /// Whether it also matches everything in a folder that it matches.
    below: bool,
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_PATTERN || text.starts_with('!') {
            return None;
        }
        let is_folder = text.ends_with('/');
        let trimmed = text.trim_matches('/');
        // A name alone may be anywhere; a path begins at the top.
        let is_anchored = text.starts_with('/') || trimmed.contains('/');
        let mut parts: Vec<String> = if is_anchored { Vec::new() } else { vec!["**".to_owned()] };
        parts.extend(trimmed.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
        // `docs/*` is about the files of a folder and not about those below.
        let is_children = is_anchored && parts.last().is_some_and(|part| part == "*");
        if is_folder {
            parts.push("**".to_owned());
        }
        Some(Self { below: !is_folder && !is_children, parts })
    }

    fn matches(&self, path: &[&str]) -> bool {
        let mut pattern = 0;
        let mut at = 0;
        // Where the last `**` stands, and how far it reached.
        let mut star: Option<(usize, usize)> = None;
        loop {
            if pattern == self.parts.len() && (at == path.len() || (self.below && at > 0)) {
                return true;
            }
            let part = self.parts.get(pattern).map(String::as_str);
            if part == Some("**") {
                // At the end it stands for something in the folder, and not for the folder.
                if pattern + 1 == self.parts.len() {
                    return at < path.len();
                }
                star = Some((pattern, at));
                pattern += 1;
            } else if let (Some(part), Some(name)) = (part, path.get(at))
                && is_like(part.as_bytes(), name.as_bytes())
            {
                pattern += 1;
                at += 1;
            } else if let Some((stood, reached)) = star
                && reached < path.len()
            {
                star = Some((stood, reached + 1));
                (pattern, at) = (stood + 1, reached + 1);
            } else {
                return false;
            }
        }
    }
}

/// Whether a name is like a pattern with `*` and `?`.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == name[n] || *byte == b'?' => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((stood, reached)) => {
                    star = Some((stood, reached + 1));
                    (p, n) = (stood + 1, reached + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_match_as_forges_do() {
        let cases = [
            ("*", "a/b.py", true),
            ("*.py", "a/b.py", true),
            ("*.py", "a/b.ts", false),
            ("/*.py", "a/b.py", false),
            ("src", "x/src/a.py", true),
            ("src/", "x/src/a/b.py", true),
            ("src/", "x/src", false),
            ("/src/", "src/a.py", true),
            ("/src/", "x/src/a.py", false),
            ("docs/*", "docs/a.md", true),
            ("docs/*", "docs/a/b.md", false),
            ("docs/api", "docs/api/b.md", true),
            ("docs/api", "x/docs/api/b.md", false),
            ("**/logs", "a/logs/x", true),
            ("/a/**/z.py", "a/z.py", true),
            ("/a/**/z.py", "a/b/c/z.py", true),
            ("/a/**", "a/b/c", true),
            ("/a/**", "a", false),
            ("a?c*", "x/abcdef", true),
            ("", "a", false),
            ("!a", "a", false),
            ("/", "a/b", true),
        ];
        for (pattern, path, expected) in cases {
            let parts: Vec<&str> = path.split('/').collect();
            let found = Pattern::parse(pattern).is_some_and(|pattern| pattern.matches(&parts));
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_rule_wins() {
        let text = "# c\n* @org/all\n/services/ @org/services ada@example.com # c\n/services/refunds/\n*.md @docs not-an-owner\nwith\\ space @s\n";
        let file = Codeowners::read(text);
        let cases: [(&str, &[(&str, u32)]); 5] = [
            ("a.py", &[("@org/all", 2)]),
            ("services/x/a.py", &[("@org/services", 3), ("ada@example.com", 3)]),
            ("services/refunds/a.py", &[]),
            ("services/refunds/README.md", &[("@docs", 5)]),
            ("with space", &[("@s", 6)]),
        ];
        for (path, expected) in cases {
            assert_eq!(file.of(path), expected, "{path}");
        }
    }

    #[test]
    fn every_section_has_its_say() {
        let text =
            "* @all\n[Refunds] @refunds\n/refunds/\n/refunds/db/ @dba\n^[Docs][2] @docs\n*.md\n[ab].py @no\n";
        let file = Codeowners::read(text);
        assert_eq!(file.of("refunds/a.py"), [("@all", 1), ("@refunds", 3)]);
        assert_eq!(file.of("refunds/db/a.md"), [("@all", 1), ("@dba", 4), ("@docs", 6)]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[*?/\\\\\\[\\]^!#@ \na-cé]{0,80}", path in "[/a-cé.]{0,20}") {
            let _ = Codeowners::read(&text).of(&path);
        }
    }
}
