//! From the text of a file to its facts: parsing, bounded in time, and the walk over the tree.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use asmm_model::Role;
use foldhash::{HashMap, HashSet};
use tree_sitter::Parser;

use super::extract::Extractor;
use super::node::Node;
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
        let outline = Some(source).filter(|_| dialect == Dialect::Python).and_then(python::outline);
        if let Some(outline) = outline {
            return Ok(self.facts(path, dialect, role, source, lexicon, (Node::root(&outline), false)));
        }
        self.by_grammar(path, dialect, role, source, lexicon)
    }

    /// The same by the grammar of the language.
    fn by_grammar(
        &mut self,
        path: &Arc<str>,
        dialect: Dialect,
        role: Role,
        source: &[u8],
        lexicon: &Lexicon,
    ) -> Result<Module, ParseFailure> {
        let read = read_of(dialect);
        self.parser.set_language(&read.language).map_err(|_| ParseFailure::NoGrammar)?;
        let started = Instant::now();
        let Some(tree) = tree_of(&mut self.parser, source, started) else {
            self.parser.reset();
            return Err(ParseFailure::TooSlow);
        };
        let mut broken = is_broken(tree.root_node());
        let (mut source, mut tree) = (source, tree);
        let plain =
            Some(source).filter(|_| broken && dialect == Dialect::Kotlin).and_then(kotlin::with_breaks);
        if let Some(plain) = &plain {
            match tree_of(&mut self.parser, plain, started) {
                Some(other) if !is_broken(other.root_node()) => {
                    (source, tree, broken) = (plain, other, false);
                }
                Some(_) => {}
                None => self.parser.reset(),
            }
        }
        let root = Node::Grammar(tree.root_node());
        Ok(self.facts(path, dialect, role, source, lexicon, (root, broken)))
    }

    /// The facts of a tree, and whether not all of the file is in it.
    fn facts(
        &self,
        path: &Arc<str>,
        dialect: Dialect,
        role: Role,
        source: &[u8],
        lexicon: &Lexicon,
        (root, broken): (Node<'_>, bool),
    ) -> Module {
        let Read { grammar, table, .. } = read_of(dialect);
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
        x.children(root);
        x.settle_fields();
        x.settle_members();
        x.module.let_go_of_spare_room();
        x.module
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
fn is_broken(root: tree_sitter::Node<'_>) -> bool {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use asmm_model::Role;
    use muster_rules::RulePack;

    use super::{Dialect, Lexicon, Module, Parsers, python};

    /// What both parsers make of a text of Python; nothing where the faster one leaves it to the grammar.
    fn both(text: &[u8]) -> Option<[Module; 2]> {
        let lexicon = Lexicon::new(&RulePack::built_in());
        let path: Arc<str> = "app.py".into();
        python::outline(text)?;
        let mut parsers = Parsers::new();
        let role = Role::Production;
        let fast = parsers.module(&path, Dialect::Python, role, text, &lexicon).expect("it is parsed");
        let grammar = parsers.by_grammar(&path, Dialect::Python, role, text, &lexicon);
        Some([fast, grammar.expect("it is parsed")])
    }

    #[test]
    fn python_says_the_same_by_either_parser() {
        let text = include_str!("python/every_construct.py");
        let [fast, grammar] = both(text.as_bytes()).expect("it has no error");
        assert!(fast.functions.len() >= 14 && fast.calls.len() >= 60);
        assert!([fast.broken, grammar.broken] == [false; 2]);
        let [fast, grammar] = [fast, grammar].map(|module| format!("{module:#?}"));
        let first = fast.lines().zip(grammar.lines()).position(|(one, other)| one != other);
        let near = |text: &str| -> Vec<String> {
            let lines = text.lines().skip(first.unwrap_or_default().saturating_sub(4));
            lines.take(9).map(str::to_owned).collect()
        };
        assert_eq!(near(&fast), near(&grammar));
        assert_eq!(fast.len(), grammar.len());
    }

    #[test]
    fn what_a_comment_stands_between_stays_the_same() {
        let plain = "def f(a, b=1):\n    if a:\n\n        g([a, b], {'x': a}, c=b)\n";
        let commented = "def f(a, b=1): # x\n    if a: # x\n# x\n        g([a, b], {'x': a}, c=b) # x\n";
        let within = "def f(# x\n a, # x\n b=1):\n if a:\n  g(# x\n [a, # x\n b], # x\n {'x': a}, c=b)\n";
        let [one, two] = [plain, commented].map(|text| both(text.as_bytes()).expect("it has no error"));
        let [fast, grammar] = both(within.as_bytes()).expect("it has no error");
        let shape =
            |module: &Module| format!("{:?}{:?}", module.functions[0].parameters, module.calls[0].arguments);
        for module in one.iter().chain(&two).chain([&fast, &grammar]) {
            assert_eq!(shape(module), shape(&one[0]));
        }
    }

    #[test]
    fn what_is_no_python_of_today_or_nested_without_end_is_left_to_the_grammar() {
        let deep = |open: &str, close: &str| [open.repeat(20_000), "x".into(), close.repeat(20_000)].concat();
        let blocks: String = (0..600).flat_map(|at| [" ".repeat(at), "if x:\n".into()]).collect();
        let all = [
            "print 'x'".into(),
            "def f(:\n  pass".into(),
            deep("(", ")"),
            deep("[", ""),
            deep("{", "}"),
            deep("-", ""),
            deep("not ", ""),
            deep("await ", ""),
            deep("lambda a, b: ", ""),
            deep("x if x else ", ""),
            deep("f(x, ", ")"),
            deep("x + ", ""),
            deep("", ".x"),
            deep("", "()"),
            deep("x ** ", ""),
            deep("f'{", "}'"),
            format!("{blocks}{}pass\n", " ".repeat(600)),
            deep("match ", ""),
            deep("async ", ""),
            deep("class A: ", ""),
            deep("x = ", ""),
        ];
        for text in &all {
            assert!(python::outline(text.as_bytes()).is_none(), "{}", &text[..12.min(text.len())]);
        }
        assert!(python::outline(b"x = '\xff'").is_none());
        let flat = format!("x = [{}]\n{}", "f(x), ".repeat(20_000), "if x:\n  y = 1\n".repeat(2_000));
        assert!(python::outline(flat.as_bytes()).is_some());
    }
}
