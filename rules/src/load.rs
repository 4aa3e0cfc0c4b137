//! Reads rule files and says, with file and line, what is wrong in them and what to write instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use asmm_model::Gate;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::{ArgumentTest, Means, Rule, Site, SiteKind};

/// One rule file: its name, for messages, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name shown in messages.
    pub file: String,
    /// TOML.
    pub text: String,
}

/// Where rules are described.
const PAGE: &str = "agent/docs/rules.md";

impl Source {
    /// The line of an example of the rule that begins at a line.
    pub fn example_line(&self, rule: usize, example: usize) -> Option<usize> {
        self.parts(rule)?.examples.get(example).copied()
    }

    /// Where the parts of the rule are that begins at a line. Only asked for where there is a mistake to point at, so
    /// that loading rules does not pay for it.
    fn parts(&self, line: usize) -> Option<Parts> {
        let lines = |spans: &[Spanned<IgnoredAny>]| -> Vec<usize> {
            spans.iter().map(|part| line_of(&self.text, part.span().start)).collect()
        };
        let file: Places = toml::from_str(&self.text).ok()?;
        let rule = file.rule.iter().find(|rule| line_of(&self.text, rule.span().start) == line)?.as_ref();
        Some(Parts { sites: lines(&rule.site), examples: lines(&rule.example) })
    }
}

/// The lines at which the sites and the examples of a rule begin.
struct Parts {
    sites: Vec<usize>,
    examples: Vec<usize>,
}

#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    rule: Vec<Spanned<PlacesOfRule>>,
}

#[derive(Deserialize)]
struct PlacesOfRule {
    #[serde(default)]
    site: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    example: Vec<Spanned<IgnoredAny>>,
}

/// One mistake in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File it is in.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// The rule, once its id is known.
    pub rule: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule `{rule}`: ")?;
        }
        write!(f, "{}\n  help: {}", self.what, self.instead)
    }
}

/// Rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read rules from {path}: {source}")]
    Unreadable {
        /// What was to be read.
        path: String,
        /// Why it could not be.
        source: std::io::Error,
    },
    /// The files have mistakes.
    #[error("{} in rule files:\n{}", count(.0.len()), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<Problem>),
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 mistake".to_owned() } else { format!("{problems} mistakes") }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Rule>>,
}

/// A rule with the line where it begins.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Placed {
    pub(crate) rule: Rule,
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// Every `*.toml` file of a folder, sorted by name.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<Source>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: folder.display().to_string(), source };
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| LoadError::Unreadable { path: path.display().to_string(), source })?;
            sources.push(Source { file: path.display().to_string(), text });
        }
    }
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(sources)
}

/// Parses and validates. Every file is read to its end, so that one run shows every mistake.
pub(crate) fn parse(sources: &[Source]) -> Result<Vec<Placed>, Vec<Problem>> {
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    for source in sources {
        match toml::from_str::<File>(&source.text) {
            Ok(file) => {
                let (mut line, mut end) = (1, 0);
                for spanned in file.rule {
                    // Counted on from the rule before: a large file is read once and not once for each rule.
                    let start = spanned.span().start;
                    line += source.text.get(end..start).unwrap_or("").matches('\n').count();
                    end = start.max(end);
                    rules.push(Placed { rule: spanned.into_inner(), file: source.file.clone(), line });
                }
            }
            Err(error) => problems.push(Problem {
                file: source.file.clone(),
                line: error.span().map_or(1, |span| line_of(&source.text, span.start)),
                rule: None,
                what: error.message().to_owned(),
                instead: format!("see {PAGE}, and `muster rules explain uses-openai` for a whole rule"),
            }),
        }
    }
    let mut seen: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for placed in &rules {
        let id = placed.rule.id.0.clone();
        let mut mistakes = Vec::new();
        if let Some((file, line)) = seen.insert(id.clone(), (placed.file.clone(), placed.line)) {
            mistakes.push(Mistake {
                site: None,
                what: format!("its id is taken at {file}:{line}"),
                instead: "choose another id; ids are never reused",
            });
        }
        validate(&placed.rule, &mut mistakes);
        if mistakes.is_empty() {
            continue;
        }
        let source = sources.iter().find(|source| source.file == placed.file);
        let parts = source.and_then(|source| source.parts(placed.line));
        problems.extend(mistakes.into_iter().map(|Mistake { site, what, instead }| Problem {
            file: placed.file.clone(),
            line: site.and_then(|site| parts.as_ref()?.sites.get(site).copied()).unwrap_or(placed.line),
            rule: Some(id.clone()),
            what,
            instead: instead.to_owned(),
        }));
    }
    if problems.is_empty() {
        Ok(rules)
    } else {
        problems.sort();
        Err(problems)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// What is wrong with a rule or with one of its sites.
struct Mistake {
    site: Option<usize>,
    what: String,
    instead: &'static str,
}

fn validate(rule: &Rule, mistakes: &mut Vec<Mistake>) {
    let mut say = |what: String, instead| mistakes.push(Mistake { site: None, what, instead });
    let id = &rule.id.0;
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(kebab) || id.starts_with('-') || id.ends_with('-') {
        say(
            format!("`{id}` is no rule id"),
            "write a verb phrase in lower case with hyphens, as in `uses-langgraph`",
        );
    }
    for (field, text) in [("title", &rule.title), ("rationale", &rule.rationale), ("since", &rule.since)] {
        if text.trim().is_empty() {
            say(format!("`{field}` is empty"), "every rule says what it finds, why, and since when");
        }
    }
    if rule.strength > 3 {
        say(
            format!("strength {} is out of range", rule.strength),
            "3 proves an agent, 2 proves use of AI, 1 supports, 0 never alone",
        );
    }
    if rule.references.is_empty() || !rule.references.iter().all(|r| r.starts_with("https://")) {
        say(
            "`references` lacks an https address".to_owned(),
            "give a page where a reviewer can read about it",
        );
    }
    if rule.kind.is_some() == rule.name.is_empty() {
        say(
            "`kind` and `name` go together".to_owned(),
            "a component needs both; an effect, gate or trigger has neither",
        );
    }
    let undeclared = rule.packages.is_empty()
        && rule.credentials.is_empty()
        && rule.resources.is_empty()
        && rule.flows.is_empty()
        && rule.committers.is_empty();
    let silent = rule.sites.is_empty()
        && rule.files.is_empty()
        && rule.runs.is_empty()
        && rule.keys.is_empty()
        && rule.weights.is_empty();
    if silent && undeclared {
        say(
            "it can never fire".to_owned(),
            "add a `[[rule.site]]`, a `[[rule.file]]`, a `[[rule.run]]`, a `[[rule.key]]`, `packages`, `credentials` or `resources`",
        );
    }
    let is_seen = !rule.feeds().is_empty();
    if !(silent && undeclared || is_seen) {
        say(
            "it feeds no criterion and no field of the inventory".to_owned(),
            "add `kind` and `name`, or a site whose `means` says what a hit comes to",
        );
    }
    for shape in &rule.weights {
        for (what, instead) in shape.mistakes() {
            say(format!("a file of weights {what}"), instead);
        }
    }
    for shape in &rule.keys {
        for (what, instead) in shape.mistakes() {
            say(format!("key `{}` {what}", shape.name), instead);
        }
    }
    if rule.files.iter().any(|file| file.paths.is_empty()) {
        say(
            "a `[[rule.file]]` has no paths".to_owned(),
            "list at least one, as in `paths = [\"CLAUDE.md\"]`",
        );
    }
    if !rule.flows.iter().all(|form| ["n8n", "dify", "flowise", "langflow"].contains(&form.as_str())) {
        say("`flows` names no form of an export".to_owned(), "write `n8n`, `dify`, `flowise` or `langflow`");
    }
    if rule.runs.iter().any(|run| run.actions.is_empty() && run.commands.is_empty() && !run.code) {
        say(
            "a `[[rule.run]]` names nothing that is run".to_owned(),
            "list `actions`, as in `owner/name`, or `commands`, as in `claude -p`",
        );
    }
    let is_nameless =
        rule.files.iter().any(|file| file.means.is_none()) || rule.runs.iter().any(|run| run.means.is_none());
    if is_nameless && rule.kind.is_none() {
        say("a file shows no component".to_owned(), "add `kind` and `name`: what the file is a part of");
    }
    let of_runs = rule.runs.iter().flat_map(crate::RunSite::mistakes);
    for (what, instead) in of_runs.chain(rule.files.iter().flat_map(crate::FileSite::mistakes)) {
        say(format!("a {what}"), instead);
    }
    if rule.runs.iter().any(|run| run.means.is_some()) && rule.name.is_empty() {
        say("an evaluation has no name".to_owned(), "add `kind` and `name`: what is run");
    }
    if rule.committers.iter().any(|address| !address.contains('@') || address.to_lowercase() != *address) {
        say(
            "`committers` are mail addresses in lower case".to_owned(),
            "write `noreply@acme.example`, or of an address with a number before a `+` what follows that",
        );
    }
    let is_host = |host: &String| {
        let fixed = host.strip_prefix("*.").unwrap_or(host);
        let is = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-*".contains(c);
        fixed.contains('.') && fixed.matches('*').count() <= 1 && fixed.chars().all(is)
    };
    if !rule.hosts.iter().all(is_host) {
        say(
            "`hosts` are names of hosts in lower case".to_owned(),
            "write `api.acme.example`, `*.acme.example` for all below it, or one star between dots",
        );
    }
    let is_variable = |name: &String| {
        let fixed = name.strip_suffix('*').unwrap_or(name);
        fixed.len() >= 4 && fixed.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    if !rule.variables.iter().all(is_variable) {
        say(
            "`variables` are names of environment variables".to_owned(),
            "write `ACME_HOST`, or `ACME_*` for all that begin so; short beginnings belong to others as well",
        );
    }
    for (fires, what) in [(true, "on which it fires"), (false, "on which it does not fire")] {
        if !rule.examples.iter().any(|e| e.fires == fires) {
            say(
                format!("it has no example {what}"),
                "add a `[[rule.example]]` with `fires = true`, and one with `fires = false`",
            );
        }
    }
    let texts: BTreeSet<&str> = rule.anchors.iter().flatten().map(String::as_str).collect();
    if texts.iter().any(|a| a.len() < 4) {
        say(
            "an anchor is shorter than four bytes".to_owned(),
            "a short word may confirm but not trigger: give a longer text",
        );
    }
    for anchor in texts.iter().filter(|anchor| !is_proved(rule, anchor)) {
        say(
            format!("the anchor `{anchor}` stands in no example that fires and in no name of a site"),
            "add an example that fires, or correct the anchor: where it is misspelt, no file is ever parsed for it",
        );
    }
    for (at, site) in rule.sites.iter().enumerate() {
        let here = site.symbols.first().map_or("?", |p| p.as_str()).to_owned();
        let mut wants = |ok: bool, what: &str, instead: &'static str| {
            if !ok {
                mistakes.push(Mistake { site: Some(at), what: format!("site `{here}` {what}"), instead });
            }
        };
        wants(!site.symbols.is_empty(), "has no symbols", "list at least one resolved name");
        wants(!site.languages.is_empty(), "has no languages", "list at least one language");
        wants(
            matches!(site.kind, SiteKind::Text | SiteKind::Command)
                || !site.symbols.iter().any(|s| s.as_str().contains(char::is_whitespace)),
            "has a blank in a name",
            "write a dotted name without blanks; only a `text` or a `command` may have them",
        );
        wants(
            rule.kind.is_some() || !is_seen || !site.means.feeds().is_empty(),
            "feeds no criterion and no field of the inventory",
            "add `means`, or `kind` and `name` to the rule: without them there is no component to show",
        );
        wants(
            site.effect.is_some() || !matches!(site.means, Means::Effect | Means::BuiltinTool),
            "does not say its effect",
            "add `effect = \"read\"`, `write`, `send`, `pay` or `execute`",
        );
        wants(
            site.trigger.is_some() || site.means != Means::Trigger,
            "does not say what kind of trigger it is",
            "add `trigger = \"schedule\"`, `webhook`, `queue`, `event`, `watch` or `manual`",
        );
        wants(
            matches!(site.gate, Some(Gate::Each | Gate::Some)) || site.means != Means::Gate,
            "does not say how often a person is asked",
            "add `gate = \"each\"` or `gate = \"some\"`",
        );
        wants(
            site.access.is_none() || matches!(site.means, Means::Serves | Means::Connects),
            "says how a server is reached, and is about none",
            "remove `access`, or add `means = \"serves\"` or `means = \"connects\"`",
        );
        wants(
            !site.conditions.is_empty() || site.kind != SiteKind::Argument,
            "is about an argument but names none",
            "add `when = [{ name = \"…\" }]`",
        );
        wants(
            site.conditions.is_empty() || has_arguments(site.kind),
            "has a `when` that is never looked at",
            "remove `when`, or make it a `call`, `argument` or `decorator` site: only these have arguments",
        );
        wants(
            site.conditions.iter().all(|c| !contradicts(c)),
            "asks for an argument to be absent and to have a value",
            "keep one of the two",
        );
    }
}

/// Whether an anchor is a text that the rule itself gives: in an example that fires, or in a name or a value of a site, where
/// languages put other signs between the words, as `use a::b` does for `a.b`.
fn is_proved(rule: &Rule, anchor: &str) -> bool {
    if rule.credentials.iter().any(|name| name == anchor)
        || rule.examples.iter().any(|example| example.fires && example.code.contains(anchor))
    {
        return true;
    }
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    // The words before a module are the language's, and not in its name.
    let words = anchor
        .split_whitespace()
        .filter(|word| !["import", "from", "using", "use", "require"].contains(word));
    let anchor = letters(&words.collect::<String>());
    let of_site = |site: &Site| {
        let conditions = site.conditions.iter().flat_map(|test| {
            [&test.equals, &test.starts, &test.ends]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .chain([&*test.name.0])
        });
        let mut names = site.symbols.iter().map(crate::Pattern::as_str).chain(conditions);
        names.any(|name| letters(name).contains(&anchor))
    };
    !anchor.is_empty() && rule.sites.iter().any(of_site)
}

/// Whether there is something at the place that a condition can be held against.
fn has_arguments(kind: SiteKind) -> bool {
    match kind {
        SiteKind::Call | SiteKind::Argument | SiteKind::Decorator => true,
        SiteKind::Import | SiteKind::Mention | SiteKind::Text | SiteKind::Subclass | SiteKind::Command => {
            false
        }
    }
}

fn contradicts(test: &ArgumentTest) -> bool {
    test.absent && !(test.equals.is_empty() && test.starts.is_empty() && test.ends.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"[[rule]]
id = "uses-x"
title = "X"
name = "x"
kind = "provider-sdk"
strength = 2
since = "1.0"
rationale = "Because."
references = ["https://x.example"]

[[rule.site]]
languages = ["python"]
kind = "import"
symbols = ["x"]

[[rule.site]]
languages = ["python"]
kind = "KIND"
symbols = ["x.Y"]
when = [{ name = "tools" }]

[[rule.example]]
language = "python"
fires = true
code = "import x"

[[rule.example]]
language = "python"
fires = false
code = "import y"
"#;

    fn source(kind: &str) -> Source {
        Source { file: "x.toml".to_owned(), text: RULE.replace("KIND", kind) }
    }

    #[test]
    fn a_condition_stands_only_where_there_are_arguments() {
        for kind in ["call", "argument", "decorator"] {
            assert!(parse(&[source(kind)]).is_ok(), "{kind}");
        }
        for kind in ["import", "mention", "text", "subclass"] {
            let problems = parse(&[source(kind)]).err().unwrap_or_default();
            let [problem] = problems.as_slice() else { panic!("{kind}: {problems:?}") };
            assert_eq!(problem.what, "site `x.Y` has a `when` that is never looked at");
            assert_eq!(problem.line, 16, "that of the site");
        }
    }

    #[test]
    fn what_a_rule_finds_is_seen_somewhere() {
        let nameless = RULE.replace("name = \"x\"\nkind = \"provider-sdk\"\n", "").replace("KIND", "call");
        let said = |text: &str| -> Vec<(usize, String)> {
            let problems = parse(&[Source { file: "x.toml".to_owned(), text: text.to_owned() }]);
            problems.err().unwrap_or_default().into_iter().map(|p| (p.line, p.what)).collect()
        };
        let nothing = "feeds no criterion and no field of the inventory";
        assert_eq!(said(&nameless), [(1, format!("it {nothing}"))]);
        let packages = nameless.replace("[\"https", "[\"https://y.example\"]\npackages = [\"pypi:x\"]\n#");
        assert_eq!(said(&packages), [(1, format!("it {nothing}"))]);
        let memory = "when = [{ name = \"tools\" }]\nmeans = \"memory\"";
        let one = nameless.replace("when = [{ name = \"tools\" }]", memory);
        assert_eq!(said(&one), [(9, format!("site `x` {nothing}"))]);
        let both = one.replace("symbols = [\"x\"]", "symbols = [\"x\"]\nmeans = \"memory\"");
        assert_eq!(said(&both), []);
    }

    #[test]
    fn an_anchor_stands_in_an_example_or_in_a_name() {
        let said = |anchor: &str| -> Vec<String> {
            let text = RULE.replace("KIND", "call").replace("since", &format!("anchors = [{anchor}]\nsince"));
            let problems = parse(&[Source { file: "x.toml".to_owned(), text }]);
            problems.err().unwrap_or_default().into_iter().map(|p| p.what).collect()
        };
        for proved in ["'import x'", "'from x.Y'", "'x::Y('", "'tools'"] {
            assert_eq!(said(proved), [""; 0], "{proved}");
        }
        for lost in ["import other", "x.Z(", "===="] {
            let what =
                format!("the anchor `{lost}` stands in no example that fires and in no name of a site");
            assert_eq!(said(&format!("'{lost}'")), [what]);
        }
    }

    #[test]
    fn a_control_is_one_that_such_a_step_or_file_can_be() {
        let said = |table: &str| -> Vec<String> {
            let text = RULE.replace("KIND", "call").replacen(
                "[[rule.example]]",
                &format!("{table}\n\n[[rule.example]]"),
                1,
            );
            let problems = parse(&[Source { file: "x.toml".to_owned(), text }]);
            problems.err().unwrap_or_default().into_iter().map(|p| p.what).collect()
        };
        let cases = [
            ("[[rule.run]]\nmeans = \"evaluation\"\ncommands = [\"x eval\"]", None),
            ("[[rule.run]]\nmeans = \"evaluation\"\ncode = true", None),
            (
                "[[rule.run]]\nmeans = \"limit\"\ncommands = [\"x\"]",
                Some("a `[[rule.run]]` means a control that no step is"),
            ),
            ("[[rule.run]]\nmeans = \"evaluation\"", Some("a `[[rule.run]]` names nothing that is run")),
            (
                "[[rule.run]]\ncode = true",
                Some("a `[[rule.run]]` is told by the code that is run and is no evaluation"),
            ),
            ("[[rule.file]]\nmeans = \"incident-plan\"\npaths = [\"RUNBOOK.md\"]", None),
            (
                "[[rule.file]]\nmeans = \"evaluation\"\npaths = [\"evals.yaml\"]",
                Some("a `[[rule.file]]` means a control that no file is"),
            ),
        ];
        for (table, expected) in cases {
            assert_eq!(said(table), expected.into_iter().collect::<Vec<_>>(), "{table}");
        }
    }

    #[test]
    fn an_example_has_a_line() {
        let source = source("call");
        assert_eq!(source.example_line(1, 0), Some(22));
        assert_eq!(source.example_line(1, 1), Some(27));
        assert_eq!((source.example_line(1, 2), source.example_line(2, 0)), (None, None));
    }

    #[test]
    fn what_is_no_rule_file_is_told_where_rules_are_described() {
        let problems = parse(&[Source { file: "x.toml".to_owned(), text: "[[rule]]\nid = 3\n".to_owned() }]);
        let problems = problems.err().unwrap_or_default();
        assert!(problems.iter().all(|p| p.line == 2 && p.instead.contains("agent/docs/rules.md")));
        assert_eq!(problems.len(), 1);
    }
}
