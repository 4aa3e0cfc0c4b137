//! Which rules fire on one file, and where: what `rules test` shows, and what a rule's own examples are checked with.

mod examples;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asmm_model::Role;
use muster_rules::{Language, Means, RulePack};

use crate::artifacts;
use crate::assistants::{assistants, signers};
use crate::detect::{Detection, Hit, Subject};
use crate::evaluations::Steps;
use crate::flows;
use crate::infrastructure;
use crate::keys::Shapes;
use crate::manifests::{self, Manifest, ManifestKind};
use crate::model_files::Formats;
use crate::prefilter::Prefilter;
use crate::program::{Program, SourceIndex};
use crate::source::code_of;
use crate::starters;
use crate::survey::is_text;
use crate::syntax::{Dialect, Lexicon, Parsers};
use crate::tree::co_authors;

pub use examples::{BrokenExample, check_examples};
use names::names_of;

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

/// A name that rules are held against.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// One-based line.
    pub line: u32,
    /// What kind of site sees it: `import`, `call`, `decorator`, `subclass`; `package` in a manifest.
    pub site: &'static str,
    /// The name, in the form that a pattern must have to be about it.
    pub name: String,
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

/// Every name in a file that a site of a rule could be about, by line. A call of the project's own code has none.
///
/// # Errors
/// As for [`fired`].
pub fn names(pack: &RulePack, path: &str, text: &[u8]) -> Result<Vec<Named>, String> {
    Firing::of(pack).names(path, text)
}

/// The literal texts that decide whether a source file is parsed: what a fair comparison with grep searches for.
pub fn literals(pack: &RulePack) -> Vec<String> {
    let mut all = BTreeSet::new();
    for language in Language::ALL {
        let prefilter = Prefilter::for_language(pack, language);
        all.extend(prefilter.literals().filter(|l| !l.contains('\n')).map(str::to_owned));
    }
    all.into_iter().collect()
}

/// Whether git keeps the message of the next commit in a file of that name.
fn is_commit_message(path: &str) -> bool {
    path.rsplit('/').next() == Some("COMMIT_EDITMSG")
}

/// What is made once to ask many files.
struct Firing<'p> {
    pack: &'p RulePack,
    lexicon: Lexicon,
    parsers: Parsers,
    shapes: Shapes,
    formats: Formats,
}

impl<'p> Firing<'p> {
    fn of(pack: &'p RulePack) -> Self {
        Self {
            pack,
            lexicon: Lexicon::new(pack),
            parsers: Parsers::new(),
            shapes: Shapes::new(pack),
            formats: Formats::new(pack),
        }
    }

    fn fired(&mut self, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let path = path.replace('\\', "/");
        let mut all = match self.kind_of(&path)? {
            Kind::Source(dialect) => {
                let pack = self.pack;
                self.program(&path, dialect, text, |program| fired_in(program, pack))?
            }
            Kind::Manifest(kind) => self.manifest(kind, &path, text)?,
            Kind::Infrastructure => self.infrastructure(&path, text)?,
            Kind::Artifact | Kind::Text => Vec::new(),
        };
        all.extend(self.artifacts(&path, text)?);
        all.extend(self.runs(&path, text));
        all.extend(self.flows(&path, text)?);
        all.extend(self.signatures(&path, text));
        all.extend(self.shapes.find(&path, text, None).0.into_iter().map(|key| Fired {
            line: key.line,
            rule: self.pack.rule(key.rule).id.0.clone(),
            because: format!("holds a key: {}", key.name(self.pack)),
        }));
        let model = self.formats.recognise(&path, text, text.len() as u64);
        all.extend(model.map(|file| Fired {
            line: 1,
            rule: self.pack.rule(file.rule).id.0.clone(),
            because: format!("is a model file: {}", file.note()),
        }));
        all.sort();
        all.dedup();
        Ok(all)
    }

    fn names(&mut self, path: &str, text: &[u8]) -> Result<Vec<Named>, String> {
        let path = path.replace('\\', "/");
        let mut all = match self.kind_of(&path)? {
            Kind::Source(dialect) => self.program(&path, dialect, text, names_of)?,
            Kind::Manifest(kind) => {
                let packages = manifest(kind, &path, text)?.dependencies.into_iter().map(|package| Named {
                    line: package.line,
                    site: "package",
                    name: format!("{}:{}", package.ecosystem.rule_type(), package.name),
                });
                packages.collect()
            }
            Kind::Artifact => vec![Named { line: 1, site: "file", name: path.clone() }],
            Kind::Infrastructure => infrastructure::declared(self.pack, &path.into(), text)
                .map_err(|error| error.to_string())?
                .resources
                .into_iter()
                .map(|found| Named { line: found.line, site: "resource", name: found.kind })
                .collect(),
            Kind::Text => Vec::new(),
        };
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// The file as a program of its own.
    fn program<T>(
        &mut self,
        path: &str,
        dialect: Dialect,
        text: &[u8],
        then: impl FnOnce(&Program<'_>) -> T,
    ) -> Result<T, String> {
        let path: Arc<str> = Arc::from(path);
        let mut code = text.to_vec();
        let lines = code_of(&path, &mut code).map_err(|problem| format!("`{path}`: {problem}"))?;
        let module = self
            .parsers
            .module(&path, dialect, Role::Production, &code, &self.lexicon)
            .map_err(|failure| format!("`{path}`: {failure}"))?
            .on(&lines);
        let index = SourceIndex::default();
        let knows = |language, name: &str| self.pack.knowledge(language, name);
        Ok(then(&Program::new(vec![module], &index, &|_, _| true, &knows)))
    }

    fn artifacts(&self, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let found = artifacts::artifacts(self.pack, &path.into(), text)
            .map_err(|error| format!("`{path}`: {error}"))?;
        // What is no such file after all is told where it is read as something else.
        let images = artifacts::images(self.pack, &path.into(), text).unwrap_or_default();
        let fired = found.iter().chain(&images).flat_map(|artifact| {
            artifact.shows.iter().map(|shown| Fired {
                line: shown.line,
                rule: self.pack.rule(artifact.rule).id.0.clone(),
                because: if shown.note.is_empty() { "is such a file".to_owned() } else { shown.note.clone() },
            })
        });
        Ok(fired.collect())
    }

    fn flows(&self, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let found = flows::flow(&path.into(), text).map_err(|error| format!("`{path}`: {error}"))?;
        let Some(found) = found else { return Ok(Vec::new()) };
        let rules = self.pack.flow(found.product.name());
        let line = found.steps.first().map_or(1, |step| step.line);
        let fired = rules.iter().map(|rule| Fired {
            line,
            rule: self.pack.rule(*rule).id.0.clone(),
            because: format!("is an export of {}", found.product.name()),
        });
        Ok(fired.collect())
    }

    /// Agents and evaluations that a file starts. What is wrong with the file is told where it is read as something else.
    fn runs(&self, path: &str, text: &[u8]) -> Vec<Fired> {
        let Some(kind) = starters::kind_of(path) else { return Vec::new() };
        let Ok(declared) = starters::parse(kind, path, text) else { return Vec::new() };
        let path: Arc<str> = path.into();
        let setups = BTreeMap::from([(Arc::clone(&path), declared.setup)]);
        let of_file: Vec<_> =
            declared.starters.into_iter().map(|starter| (Arc::clone(&path), starter)).collect();
        let found = assistants(self.pack, (&of_file, &setups), &|_| None);
        let uses = found.iter().flat_map(|assistant| &assistant.uses);
        let uses = uses.map(|at| (at.line, at.run.rule, "runs the agent".to_owned()));
        let (starters, code) = (of_file.as_slice(), &BTreeSet::new());
        let steps = Steps { pack: self.pack, starters, setups: &setups, manifests: &[], code };
        let steps = steps.evaluations().into_iter();
        let steps = steps.map(|step| (step.line, step.rule, format!("evaluates with {}", step.what)));
        let fired = |(line, rule, because): (u32, u32, String)| Fired {
            line,
            rule: self.pack.rule(rule).id.0.clone(),
            because,
        };
        uses.chain(steps).map(fired).collect()
    }

    /// Agents that a message of a commit names.
    fn signatures(&self, path: &str, text: &[u8]) -> Vec<Fired> {
        let authors = if is_commit_message(path) { co_authors(text) } else { Vec::new() };
        let rules = signers(self.pack, authors.iter());
        rules
            .into_iter()
            .map(|rule| Fired {
                line: 1,
                rule: self.pack.rule(rule).id.0.clone(),
                because: "is named as an author".to_owned(),
            })
            .collect()
    }

    fn kind_of(&self, path: &str) -> Result<Kind, String> {
        if self.formats.is_named(path) || is_commit_message(path) {
            return Ok(Kind::Text);
        }
        kind_of(path).or_else(|error| {
            if artifacts::is_known(self.pack, path) { Ok(Kind::Artifact) } else { Err(error) }
        })
    }

    fn infrastructure(&self, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let resources = infrastructure::declared(self.pack, &path.into(), text)
            .map_err(|error| format!("`{path}`: {error}"))?
            .resources;
        let mut fired = Vec::new();
        for resource in &resources {
            fired.extend(resource.rules(self.pack).iter().map(|rule| Fired {
                line: resource.line,
                rule: self.pack.rule(*rule).id.0.clone(),
                because: format!("declares the resource {} {}", resource.kind, resource.name),
            }));
        }
        Ok(fired)
    }

    fn manifest(&self, kind: ManifestKind, path: &str, text: &[u8]) -> Result<Vec<Fired>, String> {
        let mut fired = Vec::new();
        for package in manifest(kind, path, text)?.dependencies {
            for rule in self.pack.package(package.ecosystem.rule_type(), &package.name) {
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

fn manifest(kind: ManifestKind, path: &str, text: &[u8]) -> Result<Manifest, String> {
    manifests::parse(kind, path, text).map_err(|error| format!("`{path}`: {error}"))
}

/// What rules can be held against.
enum Kind {
    Source(Dialect),
    Manifest(ManifestKind),
    Infrastructure,
    Artifact,
    /// Only keys are looked for, and the beginnings of models.
    Text,
}

fn kind_of(path: &str) -> Result<Kind, String> {
    match (manifests::kind_of(path), Dialect::of(path)) {
        (_, Some(dialect)) => Ok(Kind::Source(dialect)),
        (Some(kind), None) => Ok(Kind::Manifest(kind)),
        (None, None) if !infrastructure::Format::of(path).is_empty() => Ok(Kind::Infrastructure),
        (None, None) if is_text(path) => Ok(Kind::Text),
        (None, None) => Err(format!(
            "`{path}` is no file that rules speak about; give a source file, such as app.py or main.go, a manifest \
             such as requirements.txt, or infrastructure code such as main.tf"
        )),
    }
}

fn fired_in(program: &Program<'_>, pack: &RulePack) -> Vec<Fired> {
    let detection = Detection::of(program, pack);
    let mut fired: Vec<Fired> = detection
        .hits
        .iter()
        .chain(&detection.controls)
        .map(|hit| Fired {
            line: hit.line,
            rule: detection.rule(hit).id.0.clone(),
            because: because(&detection, hit),
        })
        .collect();
    for (_, module) in program.modules() {
        for mention in &module.mentions {
            for rule in pack.credential(&mention.text) {
                fired.push(Fired {
                    line: mention.line,
                    rule: pack.rule(*rule).id.0.clone(),
                    because: format!("names the credential {}", mention.text),
                });
            }
        }
    }
    fired
}

fn because(detection: &Detection<'_>, hit: &Hit) -> String {
    let says = match (hit.subject, detection.means(hit)) {
        (Subject::Import, _) => "imports",
        (Subject::Mention, _) => "names",
        (Subject::Function(_), _) => "decorates with",
        (Subject::Class(_), _) => "extends",
        (Subject::Call(_), Means::Effect) => "does",
        (Subject::Call(_), _) => "calls",
    };
    format!("{says} {}", hit.name)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_fires_is_named_as_a_pattern_is() {
        let pack = RulePack::built_in();
        let script = "import OpenAI from 'openai';\nnew OpenAI().chat.completions.create({});\n";
        let fired = fired(&pack, "a.ts", script.as_bytes()).unwrap_or_default();
        assert!(
            fired.iter().any(|f| f.because == "calls openai#default.chat.completions.create"),
            "{fired:?}"
        );
    }
}
