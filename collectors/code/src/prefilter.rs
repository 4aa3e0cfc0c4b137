//! The literal prefilter: one automaton per language decides which files are worth a syntax tree.
//!
//! Almost every file of an ordinary repository is turned away here at the speed of a grep. What gets through has an
//! anchor in the right place: a module name on an import line, a quoted specifier, a credential's whole name.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use asmm_model::GapReason;
use muster_rules::{Language, RulePack, SiteKind};
use serde::{Deserialize, Serialize};

/// Anchors shorter than this may confirm but not trigger.
const MIN_ANCHOR: usize = 4;

/// What must stand around an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Setting {
    /// On a line that begins with `import` or `from`, as a whole dotted name or the beginning of one.
    ImportLine,
    /// A quoted module specifier: the anchor holds its opening quote.
    Specifier,
    /// As the beginning of a specifier or module name.
    Prefix,
    /// A quoted name on a line that requires it.
    Required,
    /// The beginning of a path: no part of a longer one.
    Path,
    /// A whole word.
    Word,
    /// Anywhere.
    Anywhere,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    text: String,
    setting: Setting,
    primary: bool,
    /// The package that an import anchor belongs to.
    package: Option<Box<str>>,
}

/// What the prefilter found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Hits {
    /// Something that is about AI.
    pub primary: bool,
    /// Something that counts where AI was found: a trigger, an input.
    pub secondary: bool,
    /// It opens namespaces for every file of its project, as C# can.
    pub opens: bool,
}

/// The automaton of one language.
#[derive(Debug)]
pub(crate) struct Prefilter {
    automaton: AhoCorasick,
    anchors: Vec<Anchor>,
}

impl Prefilter {
    /// Anchors of one language.
    pub(crate) fn for_language(pack: &RulePack, language: Language) -> Self {
        let mut anchors = Vec::new();
        for rule in pack.rules() {
            let primary = rule.is_about_ai();
            // What a rule says about other languages makes no file of this one worth parsing.
            let speaks = rule.sites.iter().any(|site| site.languages.contains(&language));
            if let Some(given) = rule.anchors.as_ref().filter(|_| speaks) {
                for text in given {
                    anchors.push(Anchor {
                        text: text.clone(),
                        setting: Setting::Word,
                        primary,
                        package: None,
                    });
                }
            }
            if !primary {
                continue;
            }
            for name in &rule.credentials {
                anchors.push(Anchor { text: name.clone(), setting: Setting::Word, primary, package: None });
            }
            let told = |kind| matches!(kind, SiteKind::Text | SiteKind::Import);
            for site in rule.sites.iter().filter(|s| told(s.kind) && s.languages.contains(&language)) {
                for symbol in site.symbols.iter().map(muster_rules::Pattern::as_str) {
                    match site.kind {
                        SiteKind::Text if rule.anchors.as_ref().is_none_or(|given| !given.is_empty()) => {
                            anchors.push(Anchor {
                                text: symbol.to_owned(),
                                setting: Setting::Anywhere,
                                primary,
                                package: None,
                            });
                        }
                        SiteKind::Import if rule.anchors.is_none() => {
                            import_anchors(language, symbol, &mut anchors);
                        }
                        _ => {}
                    }
                }
            }
        }
        Self::compile(anchors)
    }

    /// Only the names of credentials: for files that are no source code.
    pub(crate) fn for_credentials(pack: &RulePack) -> Self {
        let word = |text: &str| Anchor {
            text: text.to_owned(),
            setting: Setting::Word,
            primary: true,
            package: None,
        };
        Self::compile(pack.credentials().map(|(name, _)| word(name)).collect())
    }

    fn compile(mut anchors: Vec<Anchor>) -> Self {
        anchors.retain(|a| a.text.len() >= MIN_ANCHOR);
        anchors.sort();
        anchors.dedup();
        // The table of a DFA is five times as large, and so no faster: it does not fit the cache. Dense states where every text
        // begins are worth their room, deeper ones are not.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .dense_depth(2)
            .build(anchors.iter().map(|a| &a.text))
            .or_else(|_| AhoCorasick::new(anchors.iter().map(|a| &a.text)))
            .unwrap_or_else(|_| {
                AhoCorasick::new::<_, &str>([]).expect("an automaton of nothing always builds")
            });
        Self { automaton, anchors }
    }

    /// The literal texts: what a fair comparison with grep searches for.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.anchors.iter().map(|a| a.text.as_str())
    }

    /// Looks for anchors. Where all that is about AI are imports of one package, its name comes along: a file of the
    /// repository may stand behind it, and then there is nothing about AI.
    pub(crate) fn look(&self, text: &[u8]) -> (Hits, Option<&str>) {
        let mut hits = Hits::default();
        let mut only = None;
        for found in self.automaton.find_overlapping_iter(text) {
            let anchor = &self.anchors[found.pattern().as_usize()];
            let news = if anchor.primary {
                only.is_none() || anchor.package.as_deref() != only
            } else {
                !hits.secondary
            };
            if !news || !fits(anchor.setting, text, found.start(), found.end()) {
                continue;
            }
            if !anchor.primary {
                hits.secondary = true;
                continue;
            }
            let is_first = !hits.primary;
            hits.primary = true;
            match &anchor.package {
                Some(package) if is_first => only = Some(&**package),
                _ => return (hits, None),
            }
        }
        (hits, only)
    }

    /// Every anchor that fits, with its position: for configuration files.
    pub(crate) fn find<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = (&'t str, usize)> {
        self.automaton.find_overlapping_iter(text).filter_map(move |found| {
            let anchor = &self.anchors[found.pattern().as_usize()];
            fits(anchor.setting, text, found.start(), found.end())
                .then_some((anchor.text.as_str(), found.start()))
        })
    }
}

fn import_anchors(language: Language, symbol: &str, anchors: &mut Vec<Anchor>) {
    let (name, is_prefix) = symbol.strip_suffix('*').map_or((symbol, false), |name| (name, true));
    let package = (language == Language::Python).then(|| Box::from(name.split('.').next().unwrap_or(name)));
    let mut add = |text: String, setting| {
        anchors.push(Anchor { text, setting, primary: true, package: package.clone() });
    };
    match language {
        Language::Python => {
            let setting = if is_prefix { Setting::Prefix } else { Setting::ImportLine };
            if let Some((package, module)) = name.rsplit_once('.') {
                add(format!("from {package} import {module}"), setting);
                // Several names on one line: `from package import other, module`.
                add(format!("from {package} import "), Setting::Prefix);
            }
            if name.len() < MIN_ANCHOR {
                // A short name is looked for together with the word before it.
                add(format!("import {name}"), setting);
                add(format!("from {name}"), setting);
            }
            add(name.to_owned(), setting);
        }
        Language::JavaScript => {
            for quote in ['"', '\'', '`'] {
                if name.len() + 1 < MIN_ANCHOR && !is_prefix {
                    // A short name is looked for together with what ends it.
                    add(format!("{quote}{name}{quote}"), Setting::Anywhere);
                    add(format!("{quote}{name}/"), Setting::Anywhere);
                }
                add(format!("{quote}{name}"), if is_prefix { Setting::Anywhere } else { Setting::Specifier });
            }
        }
        Language::Go => {
            for quote in ['"', '`'] {
                add(format!("{quote}{name}"), if is_prefix { Setting::Anywhere } else { Setting::Specifier });
            }
        }
        Language::Java | Language::Kotlin | Language::CSharp => {
            add(name.to_owned(), if is_prefix { Setting::Prefix } else { Setting::ImportLine });
        }
        Language::Rust => {
            let path = name.replace('.', "::");
            add(if is_prefix { path } else { format!("{path}::") }, Setting::Path);
        }
        Language::Ruby if name.starts_with(char::is_uppercase) => {
            add(name.replace('.', "::"), if is_prefix { Setting::Path } else { Setting::Word });
        }
        Language::Ruby => {
            for quote in ['"', '\''] {
                add(format!("{quote}{}", name.replace('.', "/")), Setting::Required);
            }
        }
        Language::Php => {
            let path = name.replace('.', "\\");
            if is_prefix {
                add(path, Setting::Path);
            } else {
                add(format!("{path}\\"), Setting::Path);
                add(format!("{path}::"), Setting::Path);
                add(format!("use {path}"), Setting::Word);
            }
        }
    }
}

fn fits(setting: Setting, text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
    let after = text.get(end).copied();
    let word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    match setting {
        Setting::Anywhere => true,
        Setting::Word => !word(before) && !word(after),
        Setting::Specifier => after == text.get(start).copied() || after == Some(b'/'),
        Setting::ImportLine => {
            !word(after) && !word(before) && before != Some(b'.') && on_import_line(text, start)
        }
        Setting::Required => {
            on_line(text, start, &[b"require"]) && (after == text.get(start).copied() || after == Some(b'/'))
        }
        // `crate::rig::x` and `App\OpenAI\x` are paths of the repository's own; a leading `\` or `::` is none.
        Setting::Path => {
            let joined = matches!(before, Some(b':' | b'\\'));
            let first = start.checked_sub(if before == Some(b':') { 3 } else { 2 });
            let above = first.and_then(|at| text.get(at)).copied();
            !(word(before) || joined && word(above))
        }
        Setting::Prefix => !word(before) && before != Some(b'.') && on_import_line(text, start),
    }
}

fn on_import_line(text: &[u8], at: usize) -> bool {
    on_line(text, at, &[b"import ", b"from ", b"import\t", b">>>", b"using ", b"global using "])
}

/// Whether the line around a place begins with one of these.
fn on_line(text: &[u8], at: usize, begins: &[&[u8]]) -> bool {
    let begin = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
    let line = text[begin..].trim_ascii_start();
    begins.iter().any(|begin| line.starts_with(begin))
}

/// Why a source file is not parsed although its name asks for it.
pub(crate) fn not_source(text: &[u8]) -> Option<(GapReason, &'static str)> {
    let head = &text[..text.len().min(8192)];
    if memchr::memchr(0, head).is_some() {
        return Some((GapReason::Unparsable, "is binary, or in an encoding other than UTF-8"));
    }
    crate::role::is_minified(text).then_some((GapReason::Generated, "looks minified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> Hits {
        Prefilter::for_language(&RulePack::built_in(), Language::Python).look(text.as_bytes()).0
    }

    fn javascript(text: &str) -> Hits {
        Prefilter::for_language(&RulePack::built_in(), Language::JavaScript).look(text.as_bytes()).0
    }

    #[test]
    fn imports_are_anchors_and_prose_is_not() {
        assert!(python("import os\n    from openai import OpenAI\n").primary);
        assert!(python("import json, openai\n").primary);
        assert!(!python("# we import openai later\nx = 'openai'\n").primary);
        assert!(!python("from .openai import OpenAI\n").primary);
        assert!(!python("import openai_like\n").primary);
        assert!(javascript("import OpenAI from 'openai';").primary);
        assert!(javascript("const x = require(\"openai/resources\")").primary);
        assert!(!javascript("// openai\nimport x from 'openai-like';").primary);
    }

    #[test]
    fn short_names_are_found_with_what_stands_around_them() {
        assert!(javascript("import { generateText } from \"ai\";").primary);
        assert!(javascript("import { createAI } from 'ai/rsc';").primary);
        assert!(!javascript("import x from 'air';\nconst ai = \"ais\";").primary);
        assert!(python("from mcp.server.fastmcp import FastMCP\n").primary);
        assert!(python("import mcp\n").primary);
        assert!(!python("import mcpx\nx = 'mcp'\n").primary);
    }

    #[test]
    fn imports_of_one_package_alone_are_told() {
        let prefilter = Prefilter::for_language(&RulePack::built_in(), Language::Python);
        let only = |text: &str| prefilter.look(text.as_bytes()).1.map(str::to_owned);
        assert_eq!(only("from crewai.agent import Agent\nimport crewai\n").as_deref(), Some("crewai"));
        assert_eq!(only("from crewai import Agent\nimport openai\n"), None);
        assert_eq!(only("import os\n"), None);
    }

    #[test]
    fn credentials_are_whole_words() {
        assert!(python("os.environ['OPENAI_API_KEY']").primary);
        assert!(!python("MY_OPENAI_API_KEY_NAME = 1").primary);
    }
}
