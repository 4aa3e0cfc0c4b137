//! Files that show a component by where they are and what is set in them: `.cursor/mcp.json`, `*.prompty`.

use asmm_model::ControlKind;
use serde::{Deserialize, Serialize};

/// A pattern over paths, held against their end: `CLAUDE.md` fits in every folder, `.cursor/rules/*.mdc` below every
/// `.cursor/rules`. `*` stands for any run of characters of one name, `**` for any number of folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(Box<str>);

impl PathPattern {
    /// Whether a path, with `/` between its parts, fits.
    pub fn matches(&self, path: &str) -> bool {
        // Most paths end otherwise, and every path is asked about.
        let end = self.0.rsplit(['*', '/']).next().unwrap_or_default().as_bytes();
        let begin = path.len().checked_sub(end.len());
        if !begin.is_some_and(|begin| path.as_bytes()[begin..].eq_ignore_ascii_case(end)) {
            return false;
        }
        let parts: Vec<&str> = path.rsplit('/').collect();
        let wanted: Vec<&str> = self.0.rsplit('/').collect();
        fits(&wanted, &parts)
    }

    /// The last part of the pattern.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// Both from the last part to the first.
fn fits(wanted: &[&str], parts: &[&str]) -> bool {
    match wanted.split_first() {
        None => true,
        Some((&"**", rest)) => (0..=parts.len()).any(|skipped| fits(rest, &parts[skipped..])),
        Some((name, rest)) => {
            parts.split_first().is_some_and(|(part, parts)| fits_name(name, part) && fits(rest, parts))
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any characters. Names on some systems know no case.
fn fits_name(pattern: &str, name: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(name) };
    let name = name.to_ascii_lowercase();
    let Some(mut left) = name.strip_prefix(&head.to_ascii_lowercase()) else { return false };
    while let Some((middle, after)) = rest.split_once('*') {
        let Some(at) = left.find(&middle.to_ascii_lowercase()) else { return false };
        left = &left[at + middle.len()..];
        rest = after;
    }
    left.ends_with(&rest.to_ascii_lowercase())
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fixed = text.chars().filter(|c| !matches!(c, '*' | '/')).count();
        if text.starts_with('/') || text.contains('\\') || text.is_empty() {
            return Err(format!(
                "`{text}` is no pattern for the end of a path; write `folder/name` with `/`"
            ));
        }
        if fixed < 4 || text.matches('*').count() > 6 {
            return Err(format!(
                "`{text}` fits too much; write a name, the ending of one, or a folder in front"
            ));
        }
        Ok(Self(text.into()))
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.0.into()
    }
}

/// A condition on what a file sets: JSON, TOML or YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingTest {
    /// Keys from the top on, with `.` between them; `*` stands for every key or item.
    pub key: String,
    /// Values that fit, compared without regard to case. Empty: any value but `false`, `null` and what is empty.
    #[serde(default)]
    pub equals: Vec<String>,
    /// Texts that the value must begin with.
    #[serde(default)]
    pub starts: Vec<String>,
    /// The key must be missing.
    #[serde(default)]
    pub absent: bool,
}

/// What a file says about the permissions of the agent that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Posture {
    /// It acts without asking.
    Unattended,
    /// A person is asked.
    Asks,
    /// Something is forbidden, or runs in a sandbox.
    Confined,
}

/// A kind of file that shows the component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileSite {
    /// Where it is.
    pub paths: Vec<PathPattern>,
    /// What it sets; all of it must hold.
    #[serde(default, rename = "when")]
    pub conditions: Vec<SettingTest>,
    /// What that says about permissions.
    #[serde(default)]
    pub posture: Option<Posture>,
    /// Keys at which Model Context Protocol servers are listed by name.
    #[serde(default)]
    pub servers: Option<String>,
    /// The kind of control that it shows, in place of a component: `limit`, `recovery` or `incident-plan`.
    #[serde(default)]
    pub means: Option<ControlKind>,
}

impl FileSite {
    /// What is wrong in what it says of controls, with what to write instead.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        use ControlKind::{IncidentPlan, Limit, Recovery};
        let mut mistakes = Vec::new();
        if !matches!(self.means, None | Some(IncidentPlan | Limit | Recovery)) {
            mistakes.push((
                "`[[rule.file]]` means a control that no file is",
                "write `means = \"incident-plan\"`, `\"limit\"` or `\"recovery\"`",
            ));
        }
        if self.means.is_some() && (self.posture.is_some() || self.servers.is_some()) {
            mistakes.push((
                "`[[rule.file]]` is a control and says what an agent may do",
                "remove `posture` and `servers`, or give them a `[[rule.file]]` of their own",
            ));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_held_against_the_end() {
        let cases = [
            ("CLAUDE.md", "CLAUDE.md", true),
            ("CLAUDE.md", "services/a/claude.md", true),
            ("CLAUDE.md", "NOTCLAUDE.md", false),
            (".cursor/rules/*.mdc", "a/.cursor/rules/x.mdc", true),
            (".cursor/rules/*.mdc", ".cursor/rules/deep/x.mdc", false),
            (".cursor/rules/**/*.mdc", ".cursor/rules/deep/er/x.mdc", true),
            (".cursor/rules/**/*.mdc", ".cursor/rules/x.mdc", true),
            (".cursor/rules/**/*.mdc", "rules/x.mdc", false),
            ("*prompt*.txt", "a/system_prompt_v2.txt", true),
            ("*prompt*.txt", "a/readme.txt", false),
        ];
        for (pattern, path, expected) in cases {
            let pattern = PathPattern::try_from(pattern.to_owned()).expect("a pattern");
            assert_eq!(pattern.matches(path), expected, "{pattern:?} {path}");
        }
    }

    #[test]
    fn a_pattern_that_fits_everything_is_none() {
        for pattern in ["", "*", "**", "a/*", "/etc/x", "a\\b", "*.md"] {
            assert!(PathPattern::try_from(pattern.to_owned()).is_err(), "{pattern}");
        }
    }
}
