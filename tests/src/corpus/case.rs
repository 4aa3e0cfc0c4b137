//! From Markdown to cases: the files of each, the rules expected on their lines, and the claims about the inventory.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::claim::{Claims, parse};
use super::markdown::{Block, Section, sections};

/// What is wrong in a corpus file, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Corpus file.
    pub file: PathBuf,
    /// One-based line.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// One file of a case, without the comments that say what is expected on its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Laid {
    /// `/`-separated, relative to the case.
    pub(super) path: String,
    /// What is written.
    pub(super) text: String,
}

/// Rules that must have evidence on a line; none of them: that no rule may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    /// File of the case.
    pub(super) path: String,
    /// One-based line of it.
    pub(super) line: u32,
    /// Ids of rules.
    pub(super) rules: Vec<String>,
}

/// One story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// `python/gates/needs-approval-on-the-only-write-tool`.
    pub name: String,
    /// Corpus file it stands in.
    pub file: PathBuf,
    /// Line of its heading.
    pub line: usize,
    pub(super) files: Vec<Laid>,
    pub(super) marked: Vec<Marked>,
    pub(super) claims: Claims,
}

/// Reads the cases of one file. `name` is what their names begin with; `knows` says whether a rule of that id exists.
///
/// # Errors
/// Every mistake in the file, so that one run shows all of them.
pub fn cases(
    name: &str,
    file: &Path,
    text: &str,
    knows: &dyn Fn(&str) -> bool,
) -> Result<Vec<Case>, Vec<Mistake>> {
    let mistake = |line: usize, what: String| Mistake { file: file.to_owned(), line, what };
    let sections =
        sections(text).map_err(|line| vec![mistake(line, "this block is never closed".to_owned())])?;
    let mut cases = Vec::new();
    let mut mistakes = Vec::new();
    let mut names = BTreeSet::new();
    for section in &sections {
        let mut wrong = |line, what| mistakes.push(mistake(line, what));
        match section.blocks.first() {
            None => continue,
            Some(block) if section.heading.is_empty() => {
                wrong(block.line, "a block before the first `##` heading belongs to no case".to_owned());
                continue;
            }
            Some(_) => {}
        }
        let case = Case {
            name: format!("{name}/{}", slug(section.heading)),
            file: file.to_owned(),
            line: section.line,
            files: Vec::new(),
            marked: Vec::new(),
            claims: Claims::default(),
        };
        if !names.insert(case.name.clone()) {
            wrong(section.line, format!("there is another case `{}`", case.name));
        }
        cases.push(filled(case, section, knows, &mut wrong));
    }
    if mistakes.is_empty() { Ok(cases) } else { Err(mistakes) }
}

fn filled(
    mut case: Case,
    section: &Section,
    knows: &dyn Fn(&str) -> bool,
    wrong: &mut dyn FnMut(usize, String),
) -> Case {
    let (expectations, files): (Vec<&Block>, Vec<&Block>) =
        section.blocks.iter().partition(|block| block.info == "expect");
    for block in files {
        let Some((_, path)) = block.info.split_once(' ').map(|(language, path)| (language, path.trim()))
        else {
            wrong(block.line, "say what this is: `LANGUAGE PATH` for a file, or `expect`".to_owned());
            continue;
        };
        if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            wrong(block.line, format!("`{path}` is no path inside the case"));
            continue;
        }
        if case.files.iter().any(|laid| laid.path == path) {
            wrong(block.line, format!("the case has two files `{path}`"));
        }
        let mut text = String::new();
        for (at, line) in block.lines.iter().enumerate() {
            let (code, rules) = marked(line);
            text.push_str(code);
            text.push('\n');
            let Some(rules) = rules else { continue };
            for rule in rules.iter().filter(|rule| !knows(rule)) {
                wrong(block.line + at + 1, format!("there is no rule `{rule}`"));
            }
            let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
            case.marked.push(Marked { path: path.to_owned(), line, rules });
        }
        case.files.push(Laid { path: path.to_owned(), text });
    }
    for block in &expectations {
        parse(block, &case.files, knows, &mut case.claims, wrong);
    }
    if case.files.is_empty() {
        wrong(section.line, "the case has no files".to_owned());
    }
    if case.claims.is_empty() && case.marked.is_empty() {
        wrong(section.line, "the case expects nothing".to_owned());
    }
    case
}

/// Splits a line from the comment that says which rules are expected on it.
fn marked(line: &str) -> (&str, Option<Vec<String>>) {
    for opening in ["# ", "// "] {
        if let Some((code, rules)) = line.rsplit_once(&format!("{opening}expect: ")) {
            let rules = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
            return (code.trim_end(), Some(rules));
        }
        if let Some(code) = line.strip_suffix(&format!("{opening}expect-none")) {
            return (code.trim_end(), Some(Vec::new()));
        }
    }
    (line, None)
}

/// A heading as a name: lower case, with one hyphen for everything else.
fn slug(heading: &str) -> String {
    let plain = heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    plain.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Case>, Vec<String>> {
        cases("python/x", Path::new("x.md"), text, &|rule| rule == "uses-openai")
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_section_with_blocks_is_a_case_and_its_expectations_are_cut_off() {
        let text = "# X\n## A `bold` claim: here!\n```python src/a.py\nimport openai  # expect: uses-openai\n\
                    x = 1  # expect-none\n# expected: no\n```\n```expect\nno systems\n```\n## Prose only\nwords\n";
        let cases = read(text).expect("well-formed");
        let case = &cases[0];
        assert_eq!((cases.len(), case.name.as_str(), case.line), (1, "python/x/a-bold-claim-here", 2));
        let text = "import openai\nx = 1\n# expected: no\n".to_owned();
        assert_eq!(case.files, [Laid { path: "src/a.py".to_owned(), text }]);
        let marked = |line, rules: &[&str]| Marked {
            path: "src/a.py".to_owned(),
            line,
            rules: rules.iter().map(|r| (*r).to_owned()).collect(),
        };
        assert_eq!(case.marked, [marked(1, &["uses-openai"]), marked(2, &[])]);
    }

    #[test]
    fn every_mistake_is_shown_with_its_line() {
        let text = "# X\n```python a.py\n```\n## A\n```python\n```\n```python ../a.py\n```\n\
                    ```python a.py\nx  # expect: uses-opnai\n```\n```expect\nC4 maybe\n```\n## A\n```text a\n```\n";
        let expected = [
            "x.md:2: a block before the first `##` heading belongs to no case",
            "x.md:5: say what this is: `LANGUAGE PATH` for a file, or `expect`",
            "x.md:7: `../a.py` is no path inside the case",
            "x.md:10: there is no rule `uses-opnai`",
            "x.md:13: `maybe` is no answer; write `yes`, `no`, `unknown` or `not` and one of them",
            "x.md:15: there is another case `python/x/a`",
            "x.md:15: the case expects nothing",
        ];
        assert_eq!(read(text).expect_err("full of mistakes"), expected);
    }
}
