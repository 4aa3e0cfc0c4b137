//! Runs every example of every rule: whether it fires, and whether a scan would ever come to look at such a file.

use std::collections::BTreeSet;

use muster_rules::{Example, Language, Rule, RulePack, SiteKind};

use super::Firing;
use crate::prefilter::Prefilter;
use crate::syntax::Dialect;

/// An example that does not do what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenExample {
    /// Index of the rule in the pack.
    pub rule: u32,
    /// Index of the example in the rule.
    pub example: usize,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// Runs every example of every rule.
pub fn check_examples(pack: &RulePack) -> Vec<BrokenExample> {
    let mut firing = Firing::of(pack);
    let prefilters: Vec<(Language, Prefilter)> = Language::ALL
        .into_iter()
        .map(|language| (language, Prefilter::for_language(pack, language)))
        .collect();
    let mut broken = Vec::new();
    for (index, rule) in (0u32..).zip(pack.rules()) {
        for (example, found) in rule.examples.iter().enumerate() {
            let path = path_of(found);
            // A path that fits no pattern is how a rule about files does not fire.
            if !found.fires && !rule.files.is_empty() && firing.kind_of(path).is_err() {
                continue;
            }
            let text = rule.written(found);
            let what = match firing.fired(path, &text) {
                Ok(fired) => {
                    let fires = fired.iter().any(|f| f.rule == rule.id.0);
                    match (found.fires, fires) {
                        (true, false) => {
                            let others: BTreeSet<&str> = fired.iter().map(|f| f.rule.as_str()).collect();
                            let others: Vec<&str> = others.into_iter().collect();
                            format!(
                                "an example should fire and does not; rules that do: [{}]",
                                others.join(", ")
                            )
                        }
                        (false, true) => "an example should not fire and does".to_owned(),
                        (true, true) if !is_parsed(rule, path, &text, &prefilters) => {
                            "an example fires, but a scan would never parse such a file: none of its texts is an \
                             anchor, so the rule needs an `import` site, or `anchors`"
                                .to_owned()
                        }
                        _ => continue,
                    }
                }
                Err(error) => error,
            };
            broken.push(BrokenExample { rule: index, example, what });
        }
    }
    broken
}

/// The path at which an example is read.
fn path_of(example: &Example) -> &str {
    match example.language.as_str() {
        "python" => "example.py",
        "javascript" => "example.js",
        "typescript" => "example.ts",
        "tsx" => "example.tsx",
        "go" => "example.go",
        "java" => "Example.java",
        "kotlin" => "Example.kt",
        "csharp" => "Example.cs",
        "rust" => "example.rs",
        "ruby" => "example.rb",
        "php" => "example.php",
        manifest => manifest,
    }
}

/// Whether a scan parses a file with this text, where the rule is one that makes files of interest. What has no component,
/// or is only a name in code, counts where other rules found AI; and `anchors = []` says that it shall be so.
fn is_parsed(rule: &Rule, path: &str, text: &[u8], prefilters: &[(Language, Prefilter)]) -> bool {
    let Some(language) = Dialect::of(path).map(Dialect::language) else { return true };
    let mut sites = rule.sites.iter().filter(|site| site.languages.contains(&language));
    let is_name = sites.all(|site| site.kind == SiteKind::Mention) && rule.anchors.is_none();
    if !rule.is_about_ai() || is_name || rule.anchors.as_ref().is_some_and(Vec::is_empty) {
        return true;
    }
    let mut of_language = prefilters.iter().filter(|(known, _)| *known == language);
    of_language.any(|(_, prefilter)| prefilter.look(text).0.primary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_every_built_in_rule_does_what_it_says() {
        let pack = RulePack::built_in();
        let broken: Vec<String> = check_examples(&pack)
            .into_iter()
            .map(|b| {
                let (file, line) = pack.origin(b.rule);
                format!("{file}:{line} {} example {}: {}", pack.rule(b.rule).id, b.example, b.what)
            })
            .collect();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    #[test]
    fn an_example_that_no_scan_would_come_to_is_broken() {
        const RULE: &str = r#"[[rule]]
id = "uses-desk"
title = "Desk"
name = "desk"
kind = "provider-sdk"
strength = 2
since = "1.0"
rationale = "Because."
references = ["https://desk.example"]
HERE
[[rule.site]]
languages = ["python"]
kind = "call"
symbols = ["desk.Client"]

[[rule.example]]
language = "python"
fires = true
code = "import desk; desk.Client()"

[[rule.example]]
language = "python"
fires = false
code = "import desks; desks.Client()"
"#;
        let broken = |anchors: &str| -> Vec<(usize, bool)> {
            let source =
                muster_rules::Source { file: "x.toml".to_owned(), text: RULE.replace("HERE", anchors) };
            let pack = RulePack::from_sources(&[source]).expect("the rule is well formed");
            let broken = check_examples(&pack).into_iter();
            broken.map(|b| (b.example, b.what.contains("would never parse"))).collect()
        };
        assert_eq!(broken(""), [(0, true)]);
        assert_eq!(broken("anchors = [\"desk.Client\"]"), []);
        let import = "[[rule.site]]\nlanguages = [\"python\"]\nkind = \"import\"\nsymbols = [\"desk\"]\n";
        assert_eq!(broken(import), []);
    }
}
