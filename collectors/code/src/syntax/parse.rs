//! From the text of a file to its facts: parsing, bounded in time, and the walk over the tree.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use asmm_model::Role;
use foldhash::{HashMap, HashSet};
use tree_sitter::{Node, Parser};

use super::extract::Extractor;
use super::shape::{Grammar, ShapeTable};
use super::{Dialect, Lexicon, Module, csharp, go, java, javascript, kotlin, php, python, ruby, rust};

/// Longest time one file may take to parse.
const MAX_PARSE: Duration = Duration::from_secs(5);

/// A file could not be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseFailure {
    /// It took longer than [`MAX_PARSE`].
    #[error("parsing took too long")]
    TooSlow,
    /// The grammar does not load.
    #[error("the grammar cannot be loaded")]
    NoGrammar,
}

/// How files of a dialect are read.
struct Read {
    language: tree_sitter::Language,
    grammar: &'static Grammar,
    table: ShapeTable,
}

/// Made when the first file of a dialect is there, and for good.
fn read_of(dialect: Dialect) -> &'static Read {
    static READ: [OnceLock<Read>; Dialect::COUNT] = [const { OnceLock::new() }; Dialect::COUNT];
    READ[dialect as usize].get_or_init(|| {
        let (language, grammar): (tree_sitter::Language, &'static Grammar) = match dialect {
            Dialect::Python => (tree_sitter_python::LANGUAGE.into(), &python::GRAMMAR),
            Dialect::JavaScript => (tree_sitter_javascript::LANGUAGE.into(), &javascript::GRAMMAR),
            Dialect::TypeScript => (tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), &javascript::GRAMMAR),
            Dialect::Tsx => (tree_sitter_typescript::LANGUAGE_TSX.into(), &javascript::GRAMMAR),
            Dialect::Go => (tree_sitter_go::LANGUAGE.into(), &go::GRAMMAR),
            Dialect::Java => (tree_sitter_java::LANGUAGE.into(), &java::GRAMMAR),
            Dialect::Kotlin => (tree_sitter_kotlin_ng::LANGUAGE.into(), &kotlin::GRAMMAR),
            Dialect::CSharp => (tree_sitter_c_sharp::LANGUAGE.into(), &csharp::GRAMMAR),
            Dialect::Rust => (tree_sitter_rust::LANGUAGE.into(), &rust::GRAMMAR),
            Dialect::Ruby => (tree_sitter_ruby::LANGUAGE.into(), &ruby::GRAMMAR),
            Dialect::Php => (tree_sitter_php::LANGUAGE_PHP.into(), &php::GRAMMAR),
        };
        let table = ShapeTable::new(grammar, &language);
        Read { language, grammar, table }
    })
}

/// What one thread parses with.
pub(crate) struct Parsers {
    parser: Parser,
    /// Texts of the files so far.
    words: RefCell<HashSet<Arc<str>>>,
}

impl std::fmt::Debug for Parsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parsers").finish_non_exhaustive()
    }
}

impl Default for Parsers {
    fn default() -> Self {
        Self::new()
    }
}

impl Parsers {
    /// Parsers for every dialect.
    pub(crate) fn new() -> Self {
        Self { parser: Parser::new(), words: RefCell::default() }
    }

    /// Lets go of the texts of the files so far: what is parsed from here on shares none with them.
    pub(crate) fn forget(&mut self) {
        *self.words.get_mut() = HashSet::default();
    }

    /// Parses a file and writes down its facts.
    pub(crate) fn module(
        &mut self,
        path: &Arc<str>,
        dialect: Dialect,
        role: Role,
        source: &[u8],
        lexicon: &Lexicon,
    ) -> Result<Module, ParseFailure> {
        let Read { language, grammar, table } = read_of(dialect);
        self.parser.set_language(language).map_err(|_| ParseFailure::NoGrammar)?;
        let started = Instant::now();
        let Some(tree) = tree_of(&mut self.parser, source, started) else {
            self.parser.reset();
            return Err(ParseFailure::TooSlow);
        };
        let mut broken = is_broken(tree.root_node());
        let (mut source, mut tree) = (source, tree);
        let plain = match dialect {
            Dialect::Python if broken => python::without_defaults(source),
            Dialect::Kotlin if broken => kotlin::with_breaks(source),
            _ => None,
        };
        if let Some(plain) = &plain {
            match tree_of(&mut self.parser, plain, started) {
                Some(other) if !is_broken(other.root_node()) => {
                    (source, tree, broken) = (plain, other, false);
                }
                Some(_) => {}
                None => self.parser.reset(),
            }
        }
        let mut x = Extractor {
            source,
            valid: std::str::from_utf8(source).ok(),
            grammar,
            table,
            lexicon,
            words: &self.words,
            module: Module {
                path: Arc::clone(path),
                dialect,
                role,
                imports: Vec::new(),
                functions: Vec::new(),
                classes: Vec::new(),
                calls: Vec::new(),
                bindings: Vec::new(),
                loops: Vec::new(),
                branches: Vec::new(),
                either: Vec::new(),
                cases: Vec::new(),
                subjects: Vec::new(),
                lookups: Vec::new(),
                compared: Vec::new(),
                settings: Vec::new(),
                updates: Vec::new(),
                mentions: Vec::new(),
                broken,
                is_script: source.starts_with(b"#!"),
            },
            depth: 0,
            function: None,
            class: None,
            innermost: None,
            in_condition: false,
            branch: None,
            loop_branch: None,
            named: HashMap::default(),
            locals: HashSet::default(),
            defaults: Vec::new(),
            attributes: Vec::new(),
            receiver: None,
            assigned: Vec::new(),
        };
        x.children(tree.root_node());
        x.settle_fields();
        x.settle_members();
        x.module.let_go_of_spare_room();
        Ok(x.module)
    }
}

/// Parses a source; `None` where that takes too long from `started` on.
fn tree_of(parser: &mut Parser, source: &[u8], started: Instant) -> Option<tree_sitter::Tree> {
    let mut too_slow = |_: &tree_sitter::ParseState| {
        if started.elapsed() > MAX_PARSE {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    };
    let options = tree_sitter::ParseOptions::new().progress_callback(&mut too_slow);
    let mut read = |offset: usize, _| source.get(offset..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

/// Whether something could not be parsed that may be code. A bare `&` in the text between two tags, or in the text of an
/// attribute, is none.
fn is_broken(root: Node<'_>) -> bool {
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if !node.has_error() {
            continue;
        }
        if node.is_error() || node.is_missing() {
            let in_text =
                node.parent().is_some_and(|p| matches!(p.kind(), "jsx_element" | "jsx_fragment" | "string"));
            if !in_text {
                return true;
            }
            continue;
        }
        let mut cursor = node.walk();
        stack.extend(node.children(&mut cursor));
    }
    false
}
