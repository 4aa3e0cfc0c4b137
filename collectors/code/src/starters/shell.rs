//! The little of the shell that is needed to see which programs a command starts.

/// One program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Words without their quotes; the first is the program.
    pub(crate) words: Vec<String>,
    /// How many subshells stand around it.
    pub(super) depth: u32,
}

/// Splits a command at `&&`, `||`, `;`, `|`, `&`, line ends and brackets; redirections are left out.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    let mut reader = Reader { calls: Vec::new(), words: Vec::new(), word: None, depth: 0 };
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let word = reader.word.get_or_insert_default();
                word.extend(characters.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let word = reader.word.get_or_insert_default();
                while let Some(inner) = characters.next() {
                    match inner {
                        '"' => break,
                        '\\' => word.extend(characters.next()),
                        _ => word.push(inner),
                    }
                }
            }
            '\\' => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => reader.word.get_or_insert_default().push(escaped),
            },
            // An expression of a workflow may have spaces and operators of its own.
            '$' if characters.peek() == Some(&'{') => {
                let word = reader.word.get_or_insert_default();
                word.push('$');
                for inner in characters.by_ref() {
                    word.push(inner);
                    if inner == '}' {
                        break;
                    }
                }
            }
            '$' if characters.peek() == Some(&'(') => reader.end_word(),
            '#' if reader.word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            '<' | '>' => {
                // The number of a stream belongs to the redirection.
                reader.word.take_if(|w| w.bytes().all(|b| b.is_ascii_digit()));
                reader.end_word();
                while characters.next_if(|c| matches!(c, '<' | '>' | '&' | ' ' | '-')).is_some() {}
                while characters
                    .next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | ')'))
                    .is_some()
                {}
            }
            '&' if characters.peek() == Some(&'>') => reader.end_word(),
            ';' | '|' | '&' | '`' | '\n' => reader.end_call(),
            '(' => {
                reader.end_call();
                reader.depth = reader.depth.saturating_add(1);
            }
            ')' => {
                reader.end_call();
                reader.depth = reader.depth.saturating_sub(1);
            }
            _ if character.is_whitespace() => reader.end_word(),
            _ => reader.word.get_or_insert_default().push(character),
        }
    }
    reader.end_call();
    reader.calls
}

struct Reader {
    calls: Vec<Call>,
    words: Vec<String>,
    word: Option<String>,
    depth: u32,
}

impl Reader {
    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_call(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.calls.push(Call { words: std::mem::take(&mut self.words), depth: self.depth });
        }
    }
}

/// Longer paths are cut, and so are no path of any file: one may be repeated for every command.
const MAX_PATH: usize = 4096;

/// A path from a folder: absolute paths stay so, `.` and `..` are resolved, a climb above the top stops there.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let (folder, path) = checkout_relative(path).map_or((folder, path), |rest| ("", rest));
    let base = if path.starts_with('/') { "" } else { folder };
    let absolute = path.starts_with('/') || base.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut joined = if absolute { format!("/{}", parts.join("/")) } else { parts.join("/") };
    joined.truncate(joined.floor_char_boundary(MAX_PATH));
    joined
}

/// What follows one of the ways in which workflows name the folder of the checkout.
fn checkout_relative(path: &str) -> Option<&str> {
    const TOPS: [&str; 7] = [
        "${{ github.workspace }}",
        "${{github.workspace}}",
        "$GITHUB_WORKSPACE",
        "${GITHUB_WORKSPACE}",
        "$CI_PROJECT_DIR",
        "${CI_PROJECT_DIR}",
        "/github/workspace",
    ];
    let rest = TOPS.iter().find_map(|top| path.strip_prefix(top))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// The folder after a `cd` or `pushd`; the same one for other calls, and for folders that only the shell knows.
pub(super) fn folder_after(folder: &str, words: &[String]) -> String {
    let target = match words {
        [cd, target] if cd == "cd" || cd == "pushd" => target,
        [cd, dashes, target] if cd == "cd" && dashes == "--" => target,
        _ => return folder.to_owned(),
    };
    let unknown = target.starts_with(['$', '~', '-']) && checkout_relative(target).is_none();
    if unknown { folder.to_owned() } else { join(folder, target) }
}

/// A list of arguments as one line of shell.
pub(super) fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&b);
    let quote = |word: &str| {
        if !word.is_empty() && word.bytes().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        calls(text).into_iter().map(|call| call.words.join("~")).collect()
    }

    #[test]
    fn commands_are_split_into_calls() {
        assert_eq!(words("cd a && A=1 python 'b c.py' | tee x"), ["cd~a", "A=1~python~b c.py", "tee~x"]);
        assert_eq!(words("python a.py > out.txt 2>&1; python b.py >>x &"), ["python~a.py", "python~b.py"]);
        assert_eq!(words("python \"a\\\"b\" c\\ d # e\nf"), ["python~a\"b~c d", "f"]);
        assert_eq!(words("x=$(python a.py) && `node b.js`"), ["x=", "python~a.py", "node~b.js"]);
        assert_eq!(words("python ${{ matrix.a || 'b' }} c"), ["python~${{ matrix.a || 'b' }}~c"]);
        assert_eq!(words("python a#b 'x"), ["python~a#b~x"]);
        let depths: Vec<_> = calls("(cd a && b); c").iter().map(|c| c.depth).collect();
        assert_eq!(depths, [1, 1, 0]);
    }

    #[test]
    fn paths_are_joined() {
        let cases = [
            ("", "a/b.py", "a/b.py"),
            ("a", "./b.py", "a/b.py"),
            ("a/b", "../c.py", "a/c.py"),
            ("a", "../../c.py", "c.py"),
            ("a", "/opt/c.py", "/opt/c.py"),
            ("/opt/a", "c.py", "/opt/a/c.py"),
            ("a", "$GITHUB_WORKSPACE/c.py", "c.py"),
            ("", "${{ github.workspace }}/c.py", "c.py"),
        ];
        for (folder, path, expected) in cases {
            assert_eq!(join(folder, path), expected, "{folder} {path}");
        }
    }

    proptest! {
        #[test]
        fn quoting_survives_reading(list in proptest::collection::vec(".{0,12}", 1..5)) {
            let text = quoted(list.iter().map(String::as_str));
            prop_assert_eq!(calls(&text), [Call { words: list, depth: 0 }]);
        }
    }
}
