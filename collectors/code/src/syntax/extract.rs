//! Walks a syntax tree once and writes down the facts.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asmm_model::Role;
use tree_sitter::{Node, Parser};

use super::shape::{Grammar, Shape, ShapeTable};
use super::{
    Argument, Binding, BranchId, Call, CallId, Class, ClassId, Dialect, Expr, Function, FunctionId, Import,
    Lexicon, Loop, LoopId, Mention, Module, javascript, python,
};

/// Nesting beyond this is cut off: no person writes it, and recursion must end before the stack does.
const MAX_DEPTH: u32 = 200;
/// Elements of one list or map that are kept.
const MAX_ELEMENTS: usize = 512;
/// Bytes of one string literal that are kept.
const MAX_TEXT: usize = 512;
/// Texts that one worker keeps to share.
const MAX_WORDS: usize = 100_000;
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

/// One parser and shape table per dialect; every worker owns its own.
pub(crate) struct Parsers {
    parser: Parser,
    dialects: Vec<(Dialect, tree_sitter::Language, ShapeTable, &'static Grammar)>,
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
        let all: [(Dialect, tree_sitter::Language, &'static Grammar); 4] = [
            (Dialect::Python, tree_sitter_python::LANGUAGE.into(), &python::GRAMMAR),
            (Dialect::JavaScript, tree_sitter_javascript::LANGUAGE.into(), &javascript::GRAMMAR),
            (Dialect::TypeScript, tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), &javascript::GRAMMAR),
            (Dialect::Tsx, tree_sitter_typescript::LANGUAGE_TSX.into(), &javascript::GRAMMAR),
        ];
        let dialects = all
            .into_iter()
            .map(|(dialect, language, grammar)| {
                let table = ShapeTable::new(grammar, &language);
                (dialect, language, table, grammar)
            })
            .collect();
        Self { parser: Parser::new(), dialects, words: RefCell::default() }
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
        let Some((_, language, table, grammar)) = self.dialects.iter().find(|(d, ..)| *d == dialect) else {
            return Err(ParseFailure::NoGrammar);
        };
        self.parser.set_language(language).map_err(|_| ParseFailure::NoGrammar)?;
        let started = Instant::now();
        let mut too_slow = |_: &tree_sitter::ParseState| {
            if started.elapsed() > MAX_PARSE {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        };
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut too_slow);
        let mut read = |offset: usize, _| source.get(offset..).unwrap_or_default();
        let tree = self.parser.parse_with_options(&mut read, None, Some(options));
        let Some(tree) = tree else {
            self.parser.reset();
            return Err(ParseFailure::TooSlow);
        };
        let mut x = Extractor {
            source,
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
                mentions: Vec::new(),
                broken: is_broken(tree.root_node()),
                is_script: source.starts_with(b"#!"),
            },
            depth: 0,
            function: None,
            class: None,
            innermost: None,
            in_condition: false,
            branch: None,
        };
        x.children(tree.root_node());
        Ok(x.module)
    }
}

/// The walk over one file.
pub(crate) struct Extractor<'a> {
    source: &'a [u8],
    grammar: &'static Grammar,
    table: &'a ShapeTable,
    lexicon: &'a Lexicon,
    words: &'a RefCell<HashSet<Arc<str>>>,
    module: Module,
    depth: u32,
    function: Option<FunctionId>,
    class: Option<ClassId>,
    innermost: Option<LoopId>,
    in_condition: bool,
    branch: Option<BranchId>,
}

impl<'a> Extractor<'a> {
    /// Text of a node; empty where it is no UTF-8.
    pub(crate) fn text(&self, node: Node<'_>) -> &'a str {
        self.source.get(node.byte_range()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }

    /// A text that is kept once, however often it is written: most of what is kept are names that recur.
    fn word(&self, text: &str) -> Arc<str> {
        let mut words = self.words.borrow_mut();
        if let Some(known) = words.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        // Long texts rarely recur, and a bound keeps a hostile file from filling the memory of the next.
        if text.len() <= 64 && words.len() < MAX_WORDS {
            words.insert(Arc::clone(&new));
        }
        new
    }

    /// How many imports were read so far.
    pub(crate) fn imports(&self) -> usize {
        self.module.imports.len()
    }

    /// Writes down an import.
    pub(crate) fn import(&mut self, local: &str, module: &str, item: Option<&str>, node: Node<'_>) {
        self.module.imports.push(Import {
            local: self.word(local),
            module: self.word(module),
            item: item.map(|item| self.word(item)),
            line: line(node),
        });
    }

    /// Looks at every child.
    pub(crate) fn children(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child);
        }
    }

    fn field<'t>(node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
        names.iter().find_map(|name| node.child_by_field_name(name))
    }

    /// Looks at a node and everything below it; the answer is its value.
    pub(crate) fn visit(&mut self, node: Node<'_>) -> Expr {
        if self.depth >= MAX_DEPTH {
            self.module.broken = true;
            return Expr::Unknown;
        }
        self.depth += 1;
        let value = self.shape(node);
        self.depth -= 1;
        value
    }

    fn shape(&mut self, node: Node<'_>) -> Expr {
        match self.table.of(node) {
            Shape::Skip => Expr::Unknown,
            Shape::Other => {
                self.children(node);
                Expr::Unknown
            }
            Shape::Statement => {
                // A string that stands alone is a comment.
                if node.named_child_count() == 1
                    && node.named_child(0).is_some_and(|only| self.table.of(only) == Shape::Text)
                {
                    return Expr::Unknown;
                }
                self.children(node);
                Expr::Unknown
            }
            Shape::Import => {
                (self.grammar.import)(self, node);
                Expr::Unknown
            }
            Shape::Name => {
                let name = self.text(node);
                self.mention(name, false, node);
                Expr::Name(self.word(name))
            }
            Shape::Literal => Expr::Literal(self.word(self.text(node))),
            Shape::Text => self.string(node),
            Shape::Wrap => self.wrapped(node),
            Shape::Choice => Expr::Choice(self.values(node)),
            Shape::List => Expr::List(self.values(node)),
            Shape::Map => self.map(node),
            Shape::Spread => {
                let inner = node.named_child(0).map_or(Expr::Unknown, |n| self.visit(n));
                Expr::Spread(Box::new(inner))
            }
            Shape::Member => self.member(node),
            Shape::Index => self.index(node),
            Shape::Call => self.call(node),
            Shape::Assign => self.assign(node),
            Shape::With => self.with(node),
            Shape::Return => {
                let value = node.named_child(0).map_or(Expr::Unknown, |n| self.visit(n));
                self.returns(value);
                Expr::Unknown
            }
            Shape::Branch => self.branch(node),
            Shape::Loop => self.looping(node),
            Shape::Function => self.function(node, Vec::new()),
            Shape::Class => self.class(node, Vec::new()),
            Shape::Decorated => self.decorated(node),
        }
    }

    fn mention(&mut self, text: &str, is_string: bool, node: Node<'_>) {
        let wanted = if is_string { self.lexicon.wants_text(text) } else { self.lexicon.wants_name(text) };
        if wanted {
            self.module.mentions.push(Mention {
                text: self.word(clip(text)),
                is_string,
                line: line(node),
                within: self.function,
                in_loop: self.innermost,
            });
        }
    }

    fn values(&mut self, node: Node<'_>) -> Vec<Expr> {
        let mut cursor = node.walk();
        let mut values = Vec::new();
        for child in node.named_children(&mut cursor) {
            let shape = self.table.of(child);
            let value = self.visit(child);
            if shape != Shape::Skip && values.len() < MAX_ELEMENTS {
                values.push(value);
            }
        }
        values
    }

    /// Parentheses, `await` and casts are their first value.
    fn wrapped(&mut self, node: Node<'_>) -> Expr {
        let mut values = self.values(node);
        if values.is_empty() { Expr::Unknown } else { values.swap_remove(0) }
    }

    fn string(&mut self, node: Node<'_>) -> Expr {
        let mut text = String::new();
        let mut stack = vec![node];
        while let Some(part) = stack.pop() {
            match part.kind() {
                "string_content" | "string_fragment" | "escape_sequence" => {
                    let raw = self.text(part);
                    text.push_str(if part.kind() == "escape_sequence" { unescape(raw) } else { raw });
                }
                "interpolation" | "template_substitution" => {
                    self.children(part);
                    text.push_str("{}");
                }
                _ => {
                    let mut cursor = part.walk();
                    let mut parts: Vec<Node<'_>> = part.named_children(&mut cursor).collect();
                    parts.reverse();
                    stack.extend(parts);
                }
            }
            if text.len() > 16 * MAX_TEXT {
                break;
            }
        }
        self.mention(&text, true, node);
        Expr::Text(self.word(clip(&text)))
    }

    fn map(&mut self, node: Node<'_>) -> Expr {
        let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            let entry = match child.kind() {
                "pair" => {
                    let key = child.child_by_field_name("key").map(|k| self.key(k)).unwrap_or_default();
                    let value = child.child_by_field_name("value").map_or(Expr::Unknown, |v| self.visit(v));
                    (key, value)
                }
                "method_definition" => {
                    let key = child.child_by_field_name("name").map(|k| self.key(k)).unwrap_or_default();
                    (key, self.function(child, Vec::new()))
                }
                "shorthand_property_identifier" => (self.word(self.text(child)), self.visit(child)),
                _ => ("".into(), self.visit(child)),
            };
            if entries.len() < MAX_ELEMENTS {
                entries.push(entry);
            }
        }
        Expr::Map(entries)
    }

    /// The key of a map entry: a name or a string, else empty.
    fn key(&mut self, node: Node<'_>) -> Arc<str> {
        if node.kind() == "property_identifier" || node.kind() == "private_property_identifier" {
            let name = self.text(node);
            self.mention(name, false, node);
            return self.word(name);
        }
        match self.visit(node) {
            Expr::Text(text) => text,
            _ => "".into(),
        }
    }

    fn member(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let object = Self::field(node, fields.object).map_or(Expr::Unknown, |n| self.visit(n));
        let Some(member) = Self::field(node, fields.member) else { return object };
        let name = self.text(member);
        self.mention(name, false, member);
        // `process.env.X` reads a variable as `process.env["X"]` does.
        if is_environment(&object) {
            return self.element(object, Expr::Text(self.word(name)), line(member));
        }
        Expr::Member(Box::new(object), self.word(name))
    }

    /// Reading an element by a literal key is a call of `__getitem__`, so that rules can speak about it; with any
    /// other index the element stands for the whole.
    fn index(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let object = Self::field(node, fields.object).map_or(Expr::Unknown, |n| self.visit(n));
        match Self::field(node, fields.index).map(|n| self.visit(n)) {
            Some(key @ Expr::Text(_)) => self.element(object, key, line(node)),
            _ => object,
        }
    }

    fn element(&mut self, object: Expr, key: Expr, line: u32) -> Expr {
        let callee = Expr::Member(Box::new(object), self.word("__getitem__"));
        self.push_call(callee, vec![Argument { name: None, value: key }], line)
    }

    fn push_call(&mut self, callee: Expr, arguments: Vec<Argument>, line: u32) -> Expr {
        let id = next(self.module.calls.len());
        self.module.calls.push(Call {
            callee,
            arguments,
            line,
            within: self.function,
            in_loop: self.innermost,
            in_condition: self.in_condition,
            branch: self.branch,
        });
        Expr::Call(id)
    }

    fn call(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let Some(target) = Self::field(node, fields.callee) else {
            self.children(node);
            return Expr::Unknown;
        };
        // `import("module")` and `require("module")` are imports wherever they stand.
        if target.kind() == "import" || (target.kind() == "identifier" && self.text(target) == "require") {
            if let Some(arguments) = node.child_by_field_name(fields.arguments)
                && let Some(Expr::Text(module)) = arguments.named_child(0).map(|n| self.visit(n))
            {
                let local = format!("require:{module}");
                self.import(&local, &module, None, node);
                return Expr::Name(local.into());
            }
            return Expr::Unknown;
        }
        let callee = self.visit(target);
        let at = Self::field(target, fields.member).map_or_else(|| line(target), line);
        let mut arguments = Vec::new();
        if let Some(list) = node.child_by_field_name(fields.arguments) {
            if self.table.of(list) == Shape::Choice || list.kind() == "template_string" {
                let value = self.visit(list);
                arguments.push(Argument { name: None, value });
            } else {
                self.arguments(list, &mut arguments);
            }
        }
        self.push_call(callee, arguments, at)
    }

    fn arguments(&mut self, list: Node<'_>, arguments: &mut Vec<Argument>) {
        let mut cursor = list.walk();
        for child in list.named_children(&mut cursor) {
            if self.table.of(child) == Shape::Skip {
                continue;
            }
            let argument = if child.kind() == "keyword_argument" {
                let name = child.child_by_field_name("name").map(|n| self.text(n)).unwrap_or_default();
                self.mention(name, false, child);
                let value = child.child_by_field_name("value").map_or(Expr::Unknown, |v| self.visit(v));
                Argument { name: Some(self.word(name)), value }
            } else {
                Argument { name: None, value: self.visit(child) }
            };
            if arguments.len() < MAX_ELEMENTS {
                arguments.push(argument);
            }
        }
    }

    fn assign(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let at = line(node);
        let annotated = node.child_by_field_name("type").map(|t| self.annotation(t));
        let value = Self::field(node, fields.right).map(|n| self.visit(n));
        let value = match (value, annotated) {
            (Some(value), _) => value,
            (None, Some(annotated)) => annotated,
            (None, None) => Expr::Unknown,
        };
        if let Some(left) = Self::field(node, fields.left) {
            self.bind(left, value.clone(), at);
        }
        value
    }

    /// Binds the names of a target to a value or to its parts.
    fn bind(&mut self, target: Node<'_>, value: Expr, at: u32) {
        match target.kind() {
            "identifier"
            | "property_identifier"
            | "private_property_identifier"
            | "shorthand_property_identifier_pattern" => {
                let name = self.text(target);
                let on_self = self.function.is_none() && self.class.is_some();
                self.mention(name, false, target);
                self.push_binding(name, on_self, value, at);
            }
            "attribute" | "member_expression" => {
                let object =
                    Self::field(target, self.grammar.fields.object).map(|o| self.text(o)).unwrap_or_default();
                let name =
                    Self::field(target, self.grammar.fields.member).map(|o| self.text(o)).unwrap_or_default();
                if (self.grammar.is_self)(object) {
                    self.push_binding(name, true, value, at);
                } else {
                    // `module.exports = …` and assignments to other objects: the target may hold calls.
                    self.visit(target);
                }
            }
            "object_pattern" => {
                let mut cursor = target.walk();
                let parts: Vec<Node<'_>> = target.named_children(&mut cursor).collect();
                for part in parts {
                    let (key, local) = match part.kind() {
                        "shorthand_property_identifier_pattern" => (self.text(part), part),
                        "pair_pattern" => {
                            match (part.child_by_field_name("key"), part.child_by_field_name("value")) {
                                (Some(key), Some(local)) => (self.text(key), local),
                                _ => continue,
                            }
                        }
                        "object_assignment_pattern" => match part.child_by_field_name("left") {
                            Some(local) => (self.text(local), local),
                            None => continue,
                        },
                        _ => continue,
                    };
                    let element = if is_environment(&value) {
                        self.element(value.clone(), Expr::Text(self.word(key)), line(part))
                    } else {
                        Expr::Member(Box::new(value.clone()), self.word(key))
                    };
                    self.bind(local, element, at);
                }
            }
            "pattern_list" | "tuple_pattern" | "array_pattern" => {
                let elements = match value {
                    Expr::List(elements) => elements,
                    _ => Vec::new(),
                };
                let mut elements = elements.into_iter();
                let mut cursor = target.walk();
                let parts: Vec<Node<'_>> = target.named_children(&mut cursor).collect();
                for part in parts {
                    self.bind(part, elements.next().unwrap_or(Expr::Unknown), at);
                }
            }
            "as_pattern_target" | "parenthesized_expression" => {
                if let Some(inner) = target.named_child(0) {
                    self.bind(inner, value, at);
                }
            }
            _ => {
                self.visit(target);
            }
        }
    }

    fn push_binding(&mut self, name: &str, on_self: bool, value: Expr, at: u32) {
        self.module.bindings.push(Binding {
            name: self.word(name),
            on_self,
            class: self.class,
            within: self.function,
            value,
            line: at,
        });
    }

    fn with(&mut self, node: Node<'_>) -> Expr {
        let Some(item) = node.named_child(0) else { return Expr::Unknown };
        if item.kind() == "as_pattern" {
            let value = item.named_child(0).map_or(Expr::Unknown, |n| self.visit(n));
            if let Some(target) = item.child_by_field_name("alias") {
                self.bind(target, value, line(item));
            }
        } else {
            self.visit(item);
        }
        Expr::Unknown
    }

    fn returns(&mut self, value: Expr) {
        if let Some(function) = self.function
            && value != Expr::Unknown
        {
            let returns = &mut self.module.functions[function as usize].returns;
            if returns.len() < 8 {
                returns.push(value);
            }
        }
    }

    fn branch(&mut self, node: Node<'_>) -> Expr {
        let condition = node.child_by_field_name(self.grammar.fields.condition);
        if let Some(condition) = condition {
            let outer = std::mem::replace(&mut self.in_condition, true);
            self.visit(condition);
            self.in_condition = outer;
            self.module.is_script |= self.function.is_none()
                && self.grammar.language == muster_rules::Language::Python
                && self.text(condition).contains("__main__");
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if Some(child.id()) != condition.map(|c| c.id()) {
                let id = next(self.module.branches.len());
                self.module.branches.push(self.branch);
                let outer = self.branch.replace(id);
                self.visit(child);
                self.branch = outer;
            }
        }
        Expr::Unknown
    }

    fn looping(&mut self, node: Node<'_>) -> Expr {
        let condition = node.child_by_field_name(self.grammar.fields.condition).map(|c| self.text(c));
        let endless = match condition {
            Some(text) => matches!(text.trim_matches(['(', ')', ' ', ';']), "True" | "true" | "1" | ""),
            None => false,
        };
        let id = next(self.module.loops.len());
        self.module.loops.push(Loop {
            outer: self.innermost,
            within: self.function,
            endless,
            line: line(node),
        });
        // What a `for` iterates over is computed once, before the loop.
        let over = node.child_by_field_name("right");
        if let Some(over) = over {
            let value = self.visit(over);
            if let Some(left) = node.child_by_field_name("left") {
                let element = match value {
                    Expr::List(elements) => Expr::Choice(elements),
                    other => other,
                };
                self.bind(left, element, line(node));
            }
        }
        let outer = self.innermost.replace(id);
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if Some(child.id()) != over.map(|o| o.id()) {
                self.visit(child);
            }
        }
        self.innermost = outer;
        Expr::Unknown
    }

    fn annotation(&mut self, node: Node<'_>) -> Expr {
        // The first named thing inside `: T`, `Optional[T]`, `T | None`.
        let mut stack = vec![node];
        while let Some(part) = stack.pop() {
            match part.kind() {
                "identifier" | "type_identifier" => {
                    let name = self.text(part);
                    if !matches!(
                        name,
                        "Optional" | "Annotated" | "Union" | "Promise" | "list" | "List" | "Type" | "type"
                    ) {
                        return Expr::Name(self.word(name));
                    }
                }
                "attribute" | "member_expression" | "nested_type_identifier" => {
                    let dotted = self.text(part);
                    let mut names = dotted.split('.');
                    let first = Expr::Name(names.next().unwrap_or_default().into());
                    return names.fold(first, |object, name| Expr::Member(Box::new(object), name.into()));
                }
                "predefined_type" | "string" | "none" => {}
                _ => {
                    let mut cursor = part.walk();
                    let mut parts: Vec<Node<'_>> = part.named_children(&mut cursor).collect();
                    parts.reverse();
                    stack.extend(parts);
                }
            }
        }
        Expr::Unknown
    }

    fn parameters(&mut self, node: Node<'_>) -> Vec<(Arc<str>, Option<Expr>)> {
        let list = node.child_by_field_name("parameters").or_else(|| node.child_by_field_name("parameter"));
        let Some(list) = list else { return Vec::new() };
        if list.kind() == "identifier" {
            return vec![(self.word(self.text(list)), None)];
        }
        let mut parameters = Vec::new();
        let mut cursor = list.walk();
        for part in list.named_children(&mut cursor) {
            let name = match part.kind() {
                "identifier" => Some(part),
                "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => part.named_child(0),
                _ => Self::field(part, &["name", "pattern", "left"]),
            };
            let annotation = part.child_by_field_name("type").map(|t| self.annotation(t));
            if let Some(default) = Self::field(part, &["value", "right"]) {
                self.visit(default);
            }
            let name = name.filter(|n| n.kind() == "identifier").map(|n| self.text(n)).unwrap_or_default();
            parameters.push((self.word(name), annotation.filter(|a| *a != Expr::Unknown)));
        }
        parameters
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
        let parameters = self.parameters(node);
        let name = node.child_by_field_name("name").map(|n| self.text(n)).unwrap_or_default();
        let id = next(self.module.functions.len());
        self.module.functions.push(Function {
            name: self.word(name),
            class: self.class.filter(|_| self.function.is_none()),
            within: self.function,
            parameters,
            decorators,
            returns: Vec::new(),
            line: line(node),
            end: u32::try_from(node.end_position().row + 1).unwrap_or(u32::MAX),
            in_loop: self.innermost,
        });
        let outer_branch = self.branch.take();
        let outer =
            (self.function.replace(id), self.innermost.take(), std::mem::take(&mut self.in_condition));
        if let Some(body) = node.child_by_field_name("body") {
            let value = self.visit(body);
            // The body of a lambda or of a short arrow function is what it returns.
            self.returns(value);
        }
        (self.function, self.innermost, self.in_condition) = outer;
        self.branch = outer_branch;
        Expr::Function(id)
    }

    fn class(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
        let mut bases = Vec::new();
        if let Some(list) = node.child_by_field_name("superclasses") {
            let mut arguments = Vec::new();
            self.arguments(list, &mut arguments);
            bases.extend(arguments.into_iter().filter(|a| a.name.is_none()).map(|a| a.value));
        }
        let mut cursor = node.walk();
        let mut decorators = decorators;
        for child in node.named_children(&mut cursor) {
            match child.kind() {
                "class_heritage" => {
                    let extends = child.named_child(0).map(|c| match c.kind() {
                        "extends_clause" => c.child_by_field_name("value").unwrap_or(c),
                        _ => c,
                    });
                    if let Some(extends) = extends.filter(|e| e.kind() != "implements_clause") {
                        bases.push(self.visit(extends));
                    }
                }
                "decorator" => decorators.extend(child.named_child(0).map(|n| self.visit(n))),
                _ => {}
            }
        }
        let name = node.child_by_field_name("name").map(|n| self.text(n)).unwrap_or_default();
        let id = next(self.module.classes.len());
        self.module.classes.push(Class { name: self.word(name), bases, decorators, line: line(node) });
        let outer = (self.class.replace(id), self.function.take(), self.innermost.take());
        if let Some(body) = node.child_by_field_name("body") {
            self.class_body(body);
        }
        (self.class, self.function, self.innermost) = outer;
        Expr::Class(id)
    }

    /// In JavaScript a method's decorators are its siblings.
    fn class_body(&mut self, body: Node<'_>) {
        let mut pending = Vec::new();
        let mut cursor = body.walk();
        for child in body.named_children(&mut cursor) {
            match child.kind() {
                "decorator" => pending.extend(child.named_child(0).map(|n| self.visit(n))),
                "method_definition" => drop(self.function(child, std::mem::take(&mut pending))),
                _ => drop(self.visit(child)),
            }
        }
    }

    fn decorated(&mut self, node: Node<'_>) -> Expr {
        let mut decorators = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if child.kind() == "decorator" {
                decorators.extend(child.named_child(0).map(|n| self.visit(n)));
            }
        }
        match node.child_by_field_name("definition") {
            Some(definition) if self.table.of(definition) == Shape::Class => {
                self.class(definition, decorators)
            }
            Some(definition) => self.function(definition, decorators),
            None => Expr::Unknown,
        }
    }
}

/// Whether something could not be parsed that may be code. A bare `&` in the text between two tags is none.
fn is_broken(root: Node<'_>) -> bool {
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        if !node.has_error() {
            continue;
        }
        if node.is_error() || node.is_missing() {
            let in_text = node.parent().is_some_and(|p| matches!(p.kind(), "jsx_element" | "jsx_fragment"));
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

fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

fn next(len: usize) -> CallId {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Whether it is the environment of a JavaScript process.
fn is_environment(object: &Expr) -> bool {
    let Expr::Member(process, env) = object else { return false };
    &**env == "env"
        && matches!(&**process, Expr::Name(name) if matches!(&**name, "process" | "Bun" | "import.meta"))
}

/// At most [`MAX_TEXT`] bytes, cut at a character.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

fn unescape(raw: &str) -> &str {
    match raw {
        "\\n" | "\\r" | "\\t" => " ",
        "\\\"" => "\"",
        "\\'" => "'",
        _ => "",
    }
}
