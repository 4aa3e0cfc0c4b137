//! Walks a syntax tree once and writes down the facts.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use tree_sitter::Node;

use super::shape::{Grammar, Shape, ShapeTable};
use super::{BranchId, CallId, ClassId, Expr, FunctionId, Import, Lexicon, Loop, LoopId, Mention, Module};

/// Nesting beyond this is cut off: no person writes it, and recursion must end before the stack does.
const MAX_DEPTH: u32 = 200;
/// Elements of one list or map that are kept.
pub(super) const MAX_ELEMENTS: usize = 512;
/// Bytes of one string literal that are kept.
pub(super) const MAX_TEXT: usize = 512;
/// Texts that one worker keeps to share.
const MAX_WORDS: usize = 100_000;

/// The walk over one file.
pub(crate) struct Extractor<'a> {
    pub(super) source: &'a [u8],
    /// The whole source, where it is UTF-8 throughout: then no part has to be checked again.
    pub(super) valid: Option<&'a str>,
    pub(super) grammar: &'static Grammar,
    pub(super) table: &'a ShapeTable,
    pub(super) lexicon: &'a Lexicon,
    pub(super) words: &'a RefCell<HashSet<Arc<str>>>,
    pub(super) module: Module,
    pub(super) depth: u32,
    pub(super) function: Option<FunctionId>,
    pub(super) class: Option<ClassId>,
    pub(super) innermost: Option<LoopId>,
    pub(super) in_condition: bool,
    pub(super) branch: Option<BranchId>,
}

impl<'a> Extractor<'a> {
    /// Text of a node; empty where it is no UTF-8.
    pub(crate) fn text(&self, node: Node<'_>) -> &'a str {
        match self.valid {
            Some(text) => text.get(node.byte_range()).unwrap_or_default(),
            None => self
                .source
                .get(node.byte_range())
                .and_then(|b| std::str::from_utf8(b).ok())
                .unwrap_or_default(),
        }
    }

    /// A text that is kept once, however often it is written: most of what is kept are names that recur.
    pub(super) fn word(&self, text: &str) -> Arc<str> {
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

    /// Looks at every child. What has no shape of its own is gone through with one cursor and without recursion: that
    /// is most of a tree.
    pub(crate) fn children(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let mut depth = 0u32;
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            let child = cursor.node();
            if child.is_named() {
                if self.table.of(child) == Shape::Other {
                    if cursor.goto_first_child() {
                        depth += 1;
                        continue;
                    }
                } else {
                    self.visit(child);
                }
            }
            while !cursor.goto_next_sibling() {
                if depth == 0 {
                    return;
                }
                cursor.goto_parent();
                depth -= 1;
            }
        }
    }

    pub(super) fn field<'t>(node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
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
            Shape::Each => self.each(node),
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

    pub(super) fn mention(&mut self, text: &str, is_string: bool, node: Node<'_>) {
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

    pub(super) fn values(&mut self, node: Node<'_>) -> Vec<Expr> {
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
    pub(super) fn wrapped(&mut self, node: Node<'_>) -> Expr {
        let mut values = self.values(node);
        if values.is_empty() { Expr::Unknown } else { values.swap_remove(0) }
    }

    pub(super) fn returns(&mut self, value: Expr) {
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
        self.each(node);
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
}

pub(super) fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

pub(super) fn next(len: usize) -> CallId {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// At most [`MAX_TEXT`] bytes, cut at a character.
pub(super) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
