//! Python: `setup.cfg`, and the literal lists of a `setup.py`, which is read as text and never run.

use super::Manifest;
use super::python::add_specifier;
use super::text::{is_development_name, one_based};

/// Tokens kept of one `setup.py`.
const MAX_TOKENS: usize = 400_000;
/// Lists and dictionaries read of one `setup.py`: each may go on to its end.
const MAX_LISTS: usize = 64;

/// Reads a `setup.cfg`.
pub(super) fn setup_cfg(manifest: &mut Manifest, text: &str) {
    let (mut section, mut key) = (String::new(), String::new());
    for (index, line) in text.lines().enumerate() {
        let number = one_based(index);
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|t| t.strip_suffix(']'))
            && !line.starts_with(char::is_whitespace)
        {
            (section, key) = (name.trim().to_owned(), String::new());
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            setting(manifest, &section, &key, trimmed, number);
            continue;
        }
        let Some((name, value)) = trimmed.split_once(['=', ':']) else {
            manifest.warn(number, "no setting");
            continue;
        };
        name.trim().clone_into(&mut key);
        if !value.trim().is_empty() {
            setting(manifest, &section, &key, value.trim(), number);
        }
    }
}

fn setting(manifest: &mut Manifest, section: &str, key: &str, value: &str, line: u32) {
    // A comment may follow after white space.
    let value = value.split_once(" #").map_or(value, |(value, _)| value).trim();
    match (section, key) {
        ("metadata", "name") => manifest.name = Some(value.to_owned()),
        ("metadata", "version") if !value.starts_with("attr:") && !value.starts_with("file:") => {
            manifest.version = Some(value.to_owned());
        }
        ("metadata", "description" | "summary") => {
            (manifest.description, manifest.described_at) = (Some(value.to_owned()), Some(line));
        }
        ("metadata", "author") => manifest.add_author(value, line),
        ("options", "install_requires") if value.starts_with("file:") => {}
        ("options", "install_requires") => add_specifier(manifest, value, false, line),
        ("options", "tests_require") => add_specifier(manifest, value, true, line),
        ("options.extras_require", group) => add_specifier(manifest, value, is_development_name(group), line),
        ("options.entry_points", "console_scripts" | "gui_scripts") => {
            manifest.entry_points.extend(value.split_once('=').map(|(_, target)| target.trim().to_owned()));
        }
        _ => {}
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// A string literal; none if it is formatted and so not literal.
    Text(Option<&'a str>),
    Sign(char),
}

type Tokens<'a> = Vec<(Token<'a>, u32)>;

/// Reads the literal arguments of a `setup.py`: names, lists, and dictionaries of lists, in place or by a variable.
pub(super) fn setup_py(manifest: &mut Manifest, text: &str) {
    let tokens = tokens(manifest, text);
    let mut lists = 0;
    for index in 0..tokens.len() {
        let Some((key, value)) = argument(&tokens, index) else { continue };
        if !matches!(key, "name" | "version" | "description") {
            lists += 1;
            if lists > MAX_LISTS {
                manifest.warn(tokens[index].1, "more lists than are read");
                return;
            }
        }
        match key {
            "install_requires" => list(manifest, &tokens, value, false),
            "tests_require" => list(manifest, &tokens, value, true),
            "extras_require" => dictionary(manifest, &tokens, value),
            "console_scripts" => {
                let targets =
                    literals(&tokens, value).0.into_iter().filter_map(|(text, _)| text.split_once('='));
                manifest.entry_points.extend(targets.map(|(_, target)| target.trim().to_owned()));
            }
            _ => {
                if let Some((Token::Text(Some(text)), _)) = tokens.get(value) {
                    let field = match key {
                        "name" => &mut manifest.name,
                        "version" => &mut manifest.version,
                        _ => &mut manifest.description,
                    };
                    field.get_or_insert_with(|| (*text).to_owned());
                }
            }
        }
    }
}

/// At `key = value` or `"key": value` of a key that matters: the key, and where the value begins.
fn argument<'a>(tokens: &[(Token<'a>, u32)], index: usize) -> Option<(&'a str, usize)> {
    const KEYS: [&str; 7] = [
        "install_requires",
        "tests_require",
        "extras_require",
        "console_scripts",
        "name",
        "version",
        "description",
    ];
    let key = match (&tokens.get(index)?.0, &tokens.get(index + 1)?.0) {
        (Token::Word(key), Token::Sign('=')) | (Token::Text(Some(key)), Token::Sign(':')) => *key,
        _ => return None,
    };
    // `==` and attributes of something else are no arguments.
    let compared = matches!(tokens.get(index + 2)?.0, Token::Sign('='));
    let attribute = index > 0 && tokens[index - 1].0 == Token::Sign('.');
    (KEYS.contains(&key) && !compared && !attribute).then_some((key, index + 2))
}

/// Where the value of a variable begins, if the token at `at` is one that is assigned in the file.
fn follow(tokens: &Tokens<'_>, at: usize) -> usize {
    let Some((Token::Word(name), _)) = tokens.get(at) else { return at };
    let assigned =
        tokens.windows(2).position(|pair| pair[0].0 == Token::Word(name) && pair[1].0 == Token::Sign('='));
    assigned.map_or(at, |position| position + 2)
}

fn list(manifest: &mut Manifest, tokens: &Tokens<'_>, at: usize, development: bool) {
    let line = tokens.get(at).map_or(1, |(_, line)| *line);
    let (texts, complete) = literals(tokens, follow(tokens, at));
    for (text, line) in texts {
        add_specifier(manifest, text, development, line);
    }
    if !complete {
        manifest.warn(line, "requirements that are not a literal list");
    }
}

/// Literal strings of the list or tuple that begins at `at`, and whether it held nothing else.
fn literals<'a>(tokens: &Tokens<'a>, at: usize) -> (Vec<(&'a str, u32)>, bool) {
    let (mut texts, mut complete) = (Vec::new(), true);
    if !matches!(tokens.get(at), Some((Token::Sign('[' | '('), _))) {
        return (texts, false);
    }
    let mut depth = 0_usize;
    for (token, line) in &tokens[at..] {
        match token {
            Token::Sign('[' | '(' | '{') => depth += 1,
            Token::Sign(']' | ')' | '}') => depth -= 1,
            Token::Text(Some(text)) if depth == 1 => texts.push((*text, *line)),
            Token::Sign(',') => {}
            _ => complete = false,
        }
        if depth == 0 {
            return (texts, complete);
        }
    }
    (texts, false)
}

fn dictionary(manifest: &mut Manifest, tokens: &Tokens<'_>, at: usize) {
    let start = follow(tokens, at);
    if !matches!(tokens.get(start), Some((Token::Sign('{'), _))) {
        manifest.warn(
            tokens.get(at).map_or(1, |(_, line)| *line),
            "requirements that are not a literal dictionary",
        );
        return;
    }
    let mut depth = 0_usize;
    let mut groups = 0;
    for (offset, (token, _)) in tokens[start..].iter().enumerate() {
        match token {
            Token::Sign('[' | '(' | '{') => depth += 1,
            Token::Sign(']' | ')' | '}') => depth -= 1,
            Token::Text(Some(group)) if depth == 1 => {
                let index = start + offset;
                if matches!(tokens.get(index + 1), Some((Token::Sign(':'), _))) && groups < MAX_LISTS {
                    groups += 1;
                    list(manifest, tokens, index + 2, is_development_name(group));
                }
            }
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

fn tokens<'a>(manifest: &mut Manifest, text: &'a str) -> Tokens<'a> {
    let mut tokens = Vec::new();
    let (mut position, mut line) = (0, 1);
    while let Some(character) = text[position..].chars().next() {
        let rest = &text[position..];
        if tokens.len() >= MAX_TOKENS {
            manifest.warn(line, "more of the file than is read");
            break;
        }
        let at = line;
        if character == '#' {
            position += rest.find('\n').unwrap_or(rest.len());
        } else if character == '"' || character == '\'' {
            let (content, length) = literal(rest, character);
            line += newlines(&rest[..length]);
            position += length;
            let prefix = match tokens.last() {
                Some((Token::Word(word), _))
                    if text[..position - length].ends_with(word) && word.len() <= 2 =>
                {
                    *word
                }
                _ => "",
            };
            let formatted = prefix.contains(['f', 'F', 't', 'T']);
            if !prefix.is_empty() {
                tokens.pop();
            }
            tokens.push((Token::Text(Some(content).filter(|_| !formatted)), at));
        } else if character.is_alphanumeric() || character == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push((Token::Word(&rest[..length]), at));
            position += length;
        } else {
            line += u32::from(character == '\n');
            position += character.len_utf8();
            if !character.is_whitespace() {
                tokens.push((Token::Sign(character), at));
            }
        }
    }
    tokens
}

/// Content of the string literal at the beginning of `rest`, and the length of the whole.
fn literal(rest: &str, quote: char) -> (&str, usize) {
    let triple: String = [quote; 3].iter().collect();
    let open = if rest.starts_with(&triple) { 3 } else { 1 };
    let mut escaped = false;
    for (index, character) in rest.char_indices().skip(open) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == '\n' && open == 1 {
            // A literal cannot go over a line: it is left where it broke off.
            return (&rest[open..index], index);
        } else if character == quote && (open == 1 || rest[index..].starts_with(&triple)) {
            return (&rest[open..index], index + open);
        }
    }
    (&rest[open..], rest.len())
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{ManifestKind, parse, table};

    #[test]
    fn setup_py_is_read_as_text() {
        let text = "\"\"\"install_requires=['no']\"\"\"\nfrom setuptools import setup\n# install_requires=['no']\nEXTRA = [\n    'crewai',\n]\nsetup(\n    name='app',\n    version=\"1.0\", description=u'An app',\n    install_requires=[\n        'openai>=1.2',  # c\n        \"langchain==0.1\",\n        f'x{y}',\n    ],\n    extras_require={'agents': EXTRA, 'dev': ['pytest', \"ruff\"]},\n    tests_require=read('x'),\n    entry_points={'console_scripts': ['run = app.cli:main']},\n)\n";
        assert_eq!(
            table(ManifestKind::SetupPy, "setup.py", text),
            [
                "5 crewai - - direct",
                "11 openai >=1.2 - direct",
                "12 langchain ==0.1 0.1 direct",
                "15 pytest - - direct dev",
                "15 ruff - - direct dev",
                "! line 10: requirements that are not a literal list",
                "! line 16: requirements that are not a literal list",
            ]
        );
        let manifest = parse(ManifestKind::SetupPy, "setup.py", text.as_bytes()).unwrap();
        assert_eq!(manifest.name.as_deref(), Some("app"));
        assert_eq!(manifest.version.as_deref(), Some("1.0"));
        assert_eq!(manifest.description.as_deref(), Some("An app"));
        assert_eq!(manifest.entry_points, ["app.cli:main"]);
    }

    #[test]
    fn setup_cfg_is_read() {
        let text = "[metadata]\nname = app\nversion = attr: app.v\ndescription = An app\n[options]\npackages = find:\ninstall_requires =\n    openai>=1.2\n    # c\n    langchain ; python_version>'3'\n[options.extras_require]\ntest = pytest\nagents =\n  crewai  # c\n[options.entry_points]\nconsole_scripts =\n    run = app:main\n[flake8]\nignore = E501\nbroken\n";
        assert_eq!(
            table(ManifestKind::SetupCfg, "setup.cfg", text),
            [
                "8 openai >=1.2 - direct",
                "10 langchain - - direct",
                "12 pytest - - direct dev",
                "14 crewai - - direct",
                "! line 20: no setting",
            ]
        );
        let manifest = parse(ManifestKind::SetupCfg, "setup.cfg", text.as_bytes()).unwrap();
        assert_eq!((manifest.name.as_deref(), manifest.version), (Some("app"), None));
        assert_eq!(manifest.entry_points, ["app:main"]);
    }
}
