//! Which rules fire on one file, and where: what `rules test` shows, and what a rule's own examples are checked with.

use std::collections::BTreeSet;
use std::sync::Arc;

use asmm_model::Role;
use muster_rules::{Language, Means, RulePack};

use crate::detect::{Detection, Hit, Subject};
use crate::manifests;
use crate::prefilter::Prefilter;
use crate::program::{Program, SourceIndex};
use crate::syntax::{Dialect, Lexicon, Parsers};

/// One rule that fires on a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fired {
    /// One-based line.
    pub line: u32,
    /// Id of the rule.
    pub rule: String,
    /// What was seen there: `calls openai.OpenAI.chat.completions.create`, `asks for the package openai`.
    pub because: String,
}

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

/// Every rule that fires on a file, by line.
///
/// `path` decides the language or the format, as in a scan; the file stands alone, so imports of the project's own code
/// lead nowhere.
///
/// # Errors
/// One sentence, when the file is of no kind that rules speak about, or cannot be parsed.
pub fn fired(pack: &RulePack, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
    Firing::of(pack).fired(path, text)
}

/// Runs every example of every rule.
pub fn check_examples(pack: &RulePack) -> Vec<BrokenExample> {
    let mut firing = Firing::of(pack);
    let mut broken = Vec::new();
    for (index, rule) in (0u32..).zip(pack.rules()) {
        for (example, found) in rule.examples.iter().enumerate() {
            let path = match found.language.as_str() {
                "python" => "example.py",
                "javascript" => "example.js",
                "typescript" => "example.ts",
                "tsx" => "example.tsx",
                manifest => manifest,
            };
            let what = match firing.fired(path, found.code.as_bytes()) {
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

/// The literal texts that decide whether a source file is parsed: what a fair comparison with grep searches for.
pub fn literals(pack: &RulePack) -> Vec<String> {
    let mut all = BTreeSet::new();
    for language in [Language::Python, Language::JavaScript] {
        let prefilter = Prefilter::for_language(pack, language);
        all.extend(prefilter.literals().filter(|l| !l.contains('\n')).map(str::to_owned));
    }
    all.into_iter().collect()
}

/// What is made once to ask many files.
struct Firing<'p> {
    pack: &'p RulePack,
    lexicon: Lexicon,
    parsers: Parsers,
}

impl<'p> Firing<'p> {
    fn of(pack: &'p RulePack) -> Self {
        Self { pack, lexicon: Lexicon::new(pack), parsers: Parsers::new() }
    }

    fn fired(&mut self, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let path = path.replace('\\', "/");
        let mut all = match (manifests::kind_of(&path), Dialect::of(&path)) {
            (_, Some(dialect)) => self.source(&path, dialect, text)?,
            (Some(kind), None) => self.manifest(kind, &path, text)?,
            (None, None) => {
                return Err(format!(
                    "`{path}` is no source file or manifest that rules speak about; give a Python, JavaScript or \
                     TypeScript file, or a manifest such as requirements.txt"
                ));
            }
        };
        all.sort();
        all.dedup();
        Ok(all)
    }

    fn source(&mut self, path: &str, dialect: Dialect, text: &[u8]) -> Result<Vec<Fired>, String> {
        let path: Arc<str> = Arc::from(path);
        let module = self
            .parsers
            .module(&path, dialect, Role::Production, text, &self.lexicon)
            .map_err(|failure| format!("`{path}`: {failure}"))?;
        let index = SourceIndex::default();
        let program = Program::new(vec![module], &index, &|_| true);
        let detection = Detection::of(&program, self.pack);
        let mut fired: Vec<Fired> = detection
            .hits
            .iter()
            .map(|hit| Fired {
                line: hit.line,
                rule: detection.rule(hit).id.0.clone(),
                because: because(&detection, hit),
            })
            .collect();
        for (_, module) in program.modules() {
            for mention in &module.mentions {
                for rule in self.pack.credential(&mention.text) {
                    fired.push(Fired {
                        line: mention.line,
                        rule: self.pack.rule(*rule).id.0.clone(),
                        because: format!("names the credential {}", mention.text),
                    });
                }
            }
        }
        Ok(fired)
    }

    fn manifest(&self, kind: manifests::ManifestKind, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let manifest = manifests::parse(kind, path, text).map_err(|error| format!("`{path}`: {error}"))?;
        let mut fired = Vec::new();
        for package in manifest.dependencies {
            for rule in self.pack.package(package.ecosystem.purl_type(), &package.name) {
                fired.push(Fired {
                    line: package.line,
                    rule: self.pack.rule(rule).id.0.clone(),
                    because: format!("asks for the package {}", package.name),
                });
            }
        }
        Ok(fired)
    }
}

fn because(detection: &Detection<'_>, hit: &Hit) -> String {
    let name = hit.name.replace('#', " ");
    let says = match (hit.subject, detection.means(hit)) {
        (Subject::Import, _) => "imports",
        (Subject::Mention, _) => "names",
        (Subject::Function(_), _) => "decorates with",
        (Subject::Class(_), _) => "extends",
        (Subject::Call(_), Means::Effect) => "does",
        (Subject::Call(_), _) => "calls",
    };
    format!("{says} {name}")
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
    fn a_file_is_asked_by_its_name() {
        let pack = RulePack::built_in();
        let fired = |path: &str, text: &str| {
            fired(&pack, path, text.as_bytes())
                .map(|all| all.into_iter().map(|f| (f.line, f.rule, f.because)).collect::<Vec<_>>())
        };
        let expected = (2, "uses-anthropic".to_owned(), "asks for the package anthropic".to_owned());
        assert_eq!(fired("requirements.txt", "flask\nanthropic==0.39\n"), Ok(vec![expected]));
        assert!(fired("notes.md", "anthropic").is_err());
        assert_eq!(fired("a.py", "x = 'anthropic'\n"), Ok(Vec::new()));
    }
}
