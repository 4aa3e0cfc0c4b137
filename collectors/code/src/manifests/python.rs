//! Python: requirement specifiers and requirements files.

use super::text::{is_development_name, is_exact, one_based};
use super::{Found, Manifest};

/// The one spelling of a Python package's name: lower case, one `-` for any run of `-`, `_` and `.`.
pub(super) fn normalise(name: &str) -> String {
    let mut normalised = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        match character {
            '-' | '_' | '.' if normalised.ends_with('-') => {}
            '-' | '_' | '.' => normalised.push('-'),
            _ => normalised.push(character),
        }
    }
    normalised
}

/// Longer ones before their beginnings.
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// A requirement specifier in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Specifier<'a> {
    pub(super) name: &'a str,
    /// Version clauses, or the URL after `@`.
    pub(super) requirement: Option<&'a str>,
    /// The version behind `==`.
    pub(super) locked: Option<&'a str>,
}

/// Takes a specifier apart: `name[extra]>=1,<2; marker`, `name @ URL`. None if it is none.
pub(super) fn specifier(text: &str) -> Option<Specifier<'_>> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let length = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !ends(name.chars().next()) || !ends(name.chars().next_back()) {
        return None;
    }
    let mut rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']')?.1.trim_start();
    }
    if let Some(url) = rest.strip_prefix('@') {
        // A marker after a URL needs a space before its semicolon.
        let url = url.trim().split([' ', '\t']).next().filter(|u| !u.is_empty())?;
        return Some(Specifier { name, requirement: Some(url), locked: None });
    }
    let clauses = rest.split(';').next().unwrap_or(rest).trim();
    let clauses = clauses.strip_prefix('(').map_or(Some(clauses), |c| c.strip_suffix(')'))?.trim();
    let is_clause = |c: &str| {
        let Some(version) = OPERATORS.iter().find_map(|operator| c.trim().strip_prefix(operator)) else {
            return false;
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '+' | '!' | '-' | '_');
        !version.trim().is_empty() && version.trim().chars().all(allowed)
    };
    if !clauses.is_empty() && !clauses.trim_end_matches(',').split(',').all(is_clause) {
        return None;
    }
    Some(Specifier { name, requirement: Some(clauses).filter(|c| !c.is_empty()), locked: pinned(clauses) })
}

/// The version of a single `==` clause without a wildcard.
pub(super) fn pinned(clauses: &str) -> Option<&str> {
    let version = clauses.trim().strip_prefix("==")?;
    Some(version.strip_prefix('=').unwrap_or(version).trim()).filter(|v| is_exact(v))
}

/// Adds a specifier, or a warning if the text is none.
pub(super) fn add_specifier(manifest: &mut Manifest, text: &str, development: bool, line: u32) {
    match specifier(text) {
        Some(Specifier { name, requirement, locked }) => {
            manifest.add(Found { requirement, locked, development, ..Found::asked(name, line) });
        }
        None => manifest.warn(line, "no requirement"),
    }
}

/// Reads a requirements file; its name tells whether it is about development.
pub(super) fn requirements(manifest: &mut Manifest, path: &str, text: &str) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let development = is_development_name(file);
    let mut reader = Reader { manifest, development, via: None };
    let mut logical = String::new();
    let mut start = 0;
    for (index, physical) in text.lines().enumerate() {
        let number = one_based(index);
        let trimmed = physical.trim();
        if trimmed.starts_with('#') {
            // A comment ends a continued line.
            reader.line(&std::mem::take(&mut logical), start);
            reader.comment(trimmed);
            continue;
        }
        if logical.is_empty() {
            start = number;
        }
        if let Some(continued) = physical.strip_suffix('\\') {
            // Lines without content stay out, so that the line of the name is where it stands.
            if !continued.trim().is_empty() {
                logical.push_str(continued);
                logical.push(' ');
            }
            continue;
        }
        logical.push_str(physical);
        reader.line(&std::mem::take(&mut logical), start);
    }
    reader.line(&logical, start);
    reader.settle();
}

/// Reads logical lines, and the comments in which pip-compile and uv say who asked for the package above.
struct Reader<'m> {
    manifest: &'m mut Manifest,
    development: bool,
    via: Option<Via>,
}

/// What the comments below the package at `index` said so far.
struct Via {
    index: usize,
    said: bool,
    asked_for_here: bool,
    open: bool,
}

impl Reader<'_> {
    fn line(&mut self, logical: &str, number: u32) {
        let (code, comment) = split_comment(logical);
        let code = code.trim();
        if code.is_empty() {
            return;
        }
        self.settle();
        let before = self.manifest.dependencies.len();
        self.entry(code, number);
        if self.manifest.dependencies.len() > before {
            self.via = Some(Via { index: before, said: false, asked_for_here: false, open: false });
            self.comment(comment);
        }
    }

    /// A comment such as `# via flask`, or `# via` with one name in each comment that follows.
    fn comment(&mut self, comment: &str) {
        let Some(via) = &mut self.via else { return };
        let words = comment.trim().trim_start_matches('#').trim();
        let source =
            if let Some(rest) = words.strip_prefix("via").filter(|r| r.is_empty() || r.starts_with(' ')) {
                via.open = true;
                rest.trim()
            } else if via.open {
                words
            } else {
                return;
            };
        if !source.is_empty() {
            via.said = true;
            // `-r requirements.in`, `project (pyproject.toml)`
            via.asked_for_here |= source.starts_with('-') || source.ends_with(')');
        }
    }

    fn settle(&mut self) {
        if let Some(via) = self.via.take()
            && via.said
            && !via.asked_for_here
            && let Some(dependency) = self.manifest.dependencies.get_mut(via.index)
        {
            dependency.direct = false;
        }
    }

    fn entry(&mut self, code: &str, number: u32) {
        let code = code.split(" --").next().unwrap_or(code).trim();
        if let Some(option) = code.strip_prefix('-') {
            let (option, argument) = option.split_once([' ', '=', '\t']).unwrap_or((option, ""));
            if matches!(option, "e" | "-editable") {
                self.location(argument.trim(), number);
            }
            return;
        }
        if specifier(code).is_none() && is_location(code) {
            self.location(code, number);
        } else {
            add_specifier(self.manifest, code, self.development, number);
        }
    }

    /// A URL or path: named by its `#egg=` or by the file of a wheel; a plain folder names no package.
    fn location(&mut self, location: &str, number: u32) {
        let location = location.trim_matches(['"', '\'']);
        let location = location.split(" ;").next().unwrap_or(location).trim();
        let (address, fragment) = location.split_once('#').unwrap_or((location, ""));
        let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
        let egg = egg.map(|e| e.split('[').next().unwrap_or(e));
        let file = address.rsplit('/').next().unwrap_or(address);
        let mut wheel = file.strip_suffix(".whl").map(|stem| stem.split('-')).into_iter().flatten();
        let found = Found { development: self.development, ..Found::asked("", number) };
        if let Some(name) = egg.filter(|e| !e.is_empty()) {
            self.manifest.add(Found { name, requirement: Some(address), ..found });
        } else if let (Some(name), Some(version)) = (wheel.next(), wheel.next()) {
            self.manifest.add(Found { name, requirement: Some(address), locked: Some(version), ..found });
        } else if address.contains("://") {
            self.manifest.warn(number, "an address that names no package");
        }
    }
}

fn is_location(code: &str) -> bool {
    code.starts_with(['.', '~', '$']) || code.contains('/') || code.rsplit('.').next() == Some("whl")
}

/// A comment begins the line or follows white space: elsewhere `#` belongs to a URL.
fn split_comment(line: &str) -> (&str, &str) {
    let mut before = ' ';
    for (index, character) in line.char_indices() {
        if character == '#' && before.is_whitespace() {
            return line.split_at(index);
        }
        before = character;
    }
    (line, "")
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, table};
    use super::*;

    #[test]
    fn specifiers_come_apart() {
        type Parts = (&'static str, Option<&'static str>, Option<&'static str>);
        let cases: [(&str, Option<Parts>); 16] = [
            ("openai", Some(("openai", None, None))),
            (" openai >= 1.2 , < 2 ", Some(("openai", Some(">= 1.2 , < 2"), None))),
            ("openai==1.2.3", Some(("openai", Some("==1.2.3"), Some("1.2.3")))),
            ("openai === 1.2.3 ; python_version < '3.9'", Some(("openai", Some("=== 1.2.3"), Some("1.2.3")))),
            ("openai==1.*", Some(("openai", Some("==1.*"), None))),
            ("lang_chain[openai, all]~=0.1", Some(("lang_chain", Some("~=0.1"), None))),
            ("a (>=1.0,<2)", Some(("a", Some(">=1.0,<2"), None))),
            ("a@https://example.com/a.zip ; x", Some(("a", Some("https://example.com/a.zip"), None))),
            ("a;sys_platform=='win32'", Some(("a", None, None))),
            ("torch==2.1+cu118", Some(("torch", Some("==2.1+cu118"), Some("2.1+cu118")))),
            ("", None),
            ("-a", None),
            ("a b", None),
            ("a[b", None),
            ("a = 1", None),
            ("a>=", None),
        ];
        for (text, expected) in cases {
            assert_eq!(specifier(text).map(|s| (s.name, s.requirement, s.locked)), expected, "{text}");
        }
    }

    #[test]
    fn names_have_one_spelling() {
        for (name, expected) in
            [("Lang_Chain", "lang-chain"), ("zope.interface", "zope-interface"), ("a-_.b", "a-b")]
        {
            assert_eq!(normalise(name), expected);
        }
    }

    #[test]
    fn requirements_files_are_read() {
        let text = "# comment\n-r base.txt\n--index-url https://u:p@example.com/\nOpenAI>=1.2 # why\nlangchain[all]==0.1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\n \\\nanthropic\\\n  ~=0.5\n-e git+https://tok@example.com/x.git#egg=my_pkg&subdirectory=a\n-e .\n./local\nhttps://example.com/dl/foo_bar-1.2-py3-none-any.whl\nname @ git+https://example.com/n.git#frag\nwhat is this\nhttps://example.com/a.zip\ntiktoken; python_version > '3.8'\nlast";
        assert_eq!(
            table(ManifestKind::Requirements, "requirements.txt", text),
            [
                "4 openai >=1.2 - direct",
                "5 langchain ==0.1.0 0.1.0 direct",
                "10 anthropic ~=0.5 - direct",
                "12 my-pkg git+https://example.com/x.git - direct",
                "15 foo-bar https://example.com/dl/foo_bar-1.2-py3-none-any.whl 1.2 direct",
                "16 name git+https://example.com/n.git - direct",
                "19 tiktoken - - direct",
                "20 last - - direct",
                "! line 17: no requirement",
                "! line 18: an address that names no package",
            ]
        );
        let development = table(ManifestKind::Requirements, "requirements-dev.txt", "pytest\n");
        assert_eq!(development, ["1 pytest - - direct dev"]);
    }

    #[test]
    fn compiled_requirements_tell_who_asked() {
        let text = "click==8.1.3\n    # via flask\nflask==2.2\n    # via\n    #   -r requirements.in\n    #   other\nidna==3  # via requests\nopenai==1.0 \\\n    --hash=sha256:a\n    # via app (pyproject.toml)\nplain==1\n# viable\n";
        assert_eq!(
            table(ManifestKind::Requirements, "requirements.txt", text),
            [
                "1 click ==8.1.3 8.1.3 transitive",
                "3 flask ==2.2 2.2 direct",
                "7 idna ==3 3 transitive",
                "8 openai ==1.0 1.0 direct",
                "11 plain ==1 1 direct",
            ]
        );
    }
}
