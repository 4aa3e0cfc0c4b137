//! Walks a syntax tree once and writes down the facts.

use std::cell::RefCell;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::loops;
use super::node::Node;
use super::shape::{Grammar, Shape, ShapeTable};
use super::{
    BranchId, CallId, ClassId, Compared, Expr, FunctionId, Import, Lexicon, Lookup, Loop, LoopId, Mention,
    Module,
};

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
    /// The branch that the innermost loop stands in.
    pub(super) loop_branch: Option<BranchId>,
    /// Classes by name, for languages that write a class in several places.
    pub(super) named: HashMap<Arc<str>, ClassId>,
    /// Variables of the function, for languages in which a bare name can be a call.
    pub(super) locals: HashSet<Arc<str>>,
    /// Defaults of parameters that wait for their function.
    pub(super) defaults: Vec<(Arc<str>, Expr)>,
    /// Attributes that wait for the item that they are written before.
    pub(super) attributes: Vec<Expr>,
    /// What `?.` goes on from, for languages that write it so.
    pub(super) receiver: Option<Expr>,
    /// Bindings that only assign to a bare name: which of them set fields is known when all of the file is.
    pub(super) assigned: Vec<u32>,
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

    /// Looks at every child. What has no shape of its own is gone through without recursion: that is most of a tree.
    pub(crate) fn children(&mut self, node: Node<'_>) {
        node.go_through(|child| {
            let is_plain = self.table.of(child) == Shape::Other;
            if !is_plain {
                self.visit(child);
            }
            is_plain
        });
    }

    /// The first child in a field.
    pub(super) fn field<'t>(&self, node: Node<'t>, name: &str) -> Option<Node<'t>> {
        self.table.field(node, name)
    }

    /// The first child in the first of these fields that the node has.
    pub(super) fn first_field<'t>(&self, node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
        names.iter().find_map(|name| self.field(node, name))
    }

    /// Looks at a node and everything below it; the answer is its value.
    pub(crate) fn visit(&mut self, node: Node<'_>) -> Expr {
        self.deeper(|x| x.shape(node)).unwrap_or(Expr::Unknown)
    }

    /// Goes one step deeper, if that is not too deep: recursion must end before the stack does.
    pub(super) fn deeper<T>(&mut self, then: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.module.broken = true;
            return None;
        }
        self.depth += 1;
        let done = then(self);
        self.depth -= 1;
        Some(done)
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
            Shape::Choice => {
                let values = self.alternatives(node);
                self.compared(node, &values);
                if self.is_comparison(node) { Expr::Unknown } else { Expr::Choice(values) }
            }
            Shape::Comparison => {
                let values = self.values(node);
                self.compared(node, &values);
                Expr::Unknown
            }
            Shape::Switch => self.switch(node),
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
                let is_nothing = matches!(&value, Expr::Literal(_) | Expr::Unknown)
                    || matches!(&value, Expr::Name(name) if matches!(&**name, "err" | "error" | "e"));
                self.returns(value);
                // A loop that gives back a value is left once there is one.
                if let Some(innermost) =
                    self.innermost.filter(|_| !is_nothing || self.branch == self.loop_branch)
                {
                    self.module.loops[innermost as usize].returns = true;
                }
                Expr::Unknown
            }
            Shape::Branch => self.branch(node),
            Shape::Loop => self.looping(node),
            Shape::Function => self.function(node, Vec::new()),
            Shape::Class => self.class(node, Vec::new()),
            Shape::Decorated => self.decorated(node),
            Shape::Block => self.values(node).pop().unwrap_or(Expr::Unknown),
            Shape::Augmented => self.augmented(node),
            Shape::Own => (self.grammar.own)(self, node),
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
        let mut values = Vec::new();
        for child in node.named_children() {
            let shape = self.table.of(child);
            let value = self.visit(child);
            if !matches!(shape, Shape::Skip | Shape::Each) && values.len() < MAX_ELEMENTS {
                values.push(value);
            }
        }
        values
    }

    fn is_script(&self) -> bool {
        self.grammar.language == muster_rules::Language::JavaScript
    }

    /// Whether values are compared, which says nothing of what they are: `kind === "direct"`, `x instanceof Message`.
    fn is_comparison(&self, node: Node<'_>) -> bool {
        let operator = self.field(node, "operator").filter(|_| self.is_script());
        operator.is_some_and(|operator| {
            matches!(
                operator.kind(),
                "===" | "!==" | "==" | "!=" | "instanceof" | "in" | "<" | ">" | "<=" | ">="
            )
        })
    }

    /// The values that are combined. What stands behind `and`, `or` or a `?` is only run where the first says so.
    pub(super) fn alternatives(&mut self, node: Node<'_>) -> Vec<Expr> {
        let is_short = self
            .field(node, "operator")
            .is_some_and(|operator| matches!(operator.kind(), "and" | "or" | "&&" | "||" | "??" | "?:"));
        if !is_short && self.field(node, "condition").is_none() {
            return self.values(node);
        }
        // What a `?` asks is none of the values, unless it is one itself: `a ?: b`.
        let asks = !is_short && node.named_child_count() > 2;
        // `a && b` is `b`, or nothing.
        let is_and =
            self.is_script() && self.field(node, "operator").is_some_and(|operator| operator.kind() == "&&");
        let mut values = Vec::new();
        for (at, child) in node.named_children().enumerate() {
            let value = if at == 0 { self.visit(child) } else { self.branched(|x| x.visit(child)) };
            if values.len() < MAX_ELEMENTS && (at > 0 || !(asks || is_and)) {
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
        let condition = self.field(node, self.grammar.fields.condition);
        if let Some(condition) = condition {
            let outer = std::mem::replace(&mut self.in_condition, true);
            self.visit(condition);
            self.in_condition = outer;
            self.module.is_script |= self.function.is_none()
                && self.grammar.language == muster_rules::Language::Python
                && self.text(condition).contains("__main__");
        }
        // `if x := f(); x != nil`: what comes first always runs.
        let first = self.field(node, "initializer");
        if let Some(first) = first {
            self.visit(first);
        }
        let done = [condition, first].map(|part| part.map(Node::id));
        // What a `case` is about stands in it first.
        let about = condition
            .or_else(|| self.first_field(node, &["value", "pattern"]))
            .or_else(|| node.named_child(0));
        // What follows `x != "a"` is not what `a` asks for.
        let denies = condition.is_some_and(|c| {
            let text = self.text(c);
            text.contains("!=") || text.contains("not in") || text.contains("typeof")
        });
        let about = about.filter(|_| !denies);
        let texts = about.map(|about| self.texts_in(about)).unwrap_or_default();
        let subjects = self.subjects_of(node, condition);
        let mut is_first = true;
        let mut ways: Vec<BranchId> = Vec::new();
        let mut values = Vec::new();
        for child in node.named_children() {
            if !done.contains(&Some(child.id())) {
                let value = self.branched(|x| {
                    ways.extend(x.branch);
                    // Where a condition is asked, only what follows it directly is run by what it asks for.
                    if condition.is_none() || is_first {
                        x.asked(&texts);
                        x.asked_of(&subjects);
                    }
                    x.visit(child)
                });
                is_first = false;
                if value != Expr::Unknown && self.table.of(child) != Shape::Skip {
                    values.push(value);
                }
            }
        }
        let has_other = self.field(node, "alternative").is_some();
        if condition.is_some() && has_other && ways.len() >= 2 {
            self.module.either.push(ways);
        }
        Expr::Choice(values)
    }

    /// The values of the ways of a `switch`. What it asks about is none of them.
    fn switch(&mut self, node: Node<'_>) -> Expr {
        let is_way = |x: &Self, part: Node<'_>| matches!(x.table.of(part), Shape::Branch | Shape::Own);
        let mut values = Vec::new();
        for (at, part) in node.named_children().enumerate() {
            if self.table.of(part) == Shape::Other && at > 0 {
                values.extend(self.values(part));
                continue;
            }
            let value = self.visit(part);
            if at > 0 && is_way(self, part) || part.kind() == "when_entry" {
                values.push(value);
            }
        }
        values.retain(|value| *value != Expr::Unknown);
        values.truncate(MAX_ELEMENTS);
        Expr::Choice(values)
    }

    /// Writes down that an element is taken by a key that is a value.
    pub(super) fn lookup(&mut self, object: &Expr, key: Expr, at: u32) {
        let is_value = matches!(key, Expr::Name(_) | Expr::Member(..) | Expr::Call(_) | Expr::Choice(_));
        // `globals()[name]`
        let is_names = matches!(object, Expr::Call(call)
            if matches!(self.module.call(*call).callee.last_name(), Some("globals" | "locals")));
        if is_value && (is_names || matches!(object, Expr::Name(_) | Expr::Member(..))) {
            self.module.lookups.push(Lookup {
                object: object.clone(),
                key,
                line: at,
                within: self.function,
                in_loop: self.innermost,
            });
        }
    }

    /// Writes down that what something is called is compared with a value: `tool.name == asked`.
    pub(super) fn compared(&mut self, node: Node<'_>, values: &[Expr]) {
        let [left, right] = values else { return };
        let (name, other) = match (is_what_it_is_called(self, left), is_what_it_is_called(self, right)) {
            (true, _) => (left, right),
            (_, true) => (right, left),
            _ => return,
        };
        let is_value = matches!(other, Expr::Name(_) | Expr::Member(..) | Expr::Call(_) | Expr::Unknown);
        let is_equal = node.children().any(|part| matches!(part.kind(), "==" | "==="));
        if is_value && is_equal {
            self.module.compared.push(Compared {
                name: name.clone(),
                other: other.clone(),
                line: line(node),
                within: self.function,
                in_loop: self.innermost,
            });
        }
    }

    /// The names that a condition is about, or that the `switch` around a case asks about.
    pub(super) fn subjects_of(&self, node: Node<'_>, condition: Option<Node<'_>>) -> Vec<Arc<str>> {
        let mut about = condition;
        let mut above = node.parent();
        for _ in 0..3 {
            let Some(outer) = above.filter(|_| about.is_none()) else { break };
            about = self.first_field(outer, &["value", "subject", "condition"]);
            if self.table.of(outer) == Shape::Switch {
                about = about.or_else(|| outer.named_child(0));
            }
            above = outer.parent();
        }
        about.map(|about| self.names_in(about)).unwrap_or_default()
    }

    /// The names that stand in a condition, the first few.
    pub(super) fn names_in(&self, about: Node<'_>) -> Vec<Arc<str>> {
        /// Nodes of a condition that are looked at.
        const MOST: usize = 40;
        let mut names = Vec::new();
        let mut stack = vec![about];
        for _ in 0..MOST {
            let Some(part) = stack.pop() else { break };
            let text = self.text(part);
            let is_key = || {
                self.table.of(part) == Shape::Text
                    && part.parent().is_some_and(|above| self.is_element(above))
                    && text.len() <= 40
            };
            if names.len() >= 8 {
                break;
            } else if self.table.of(part) == Shape::Name {
                names.push(self.word(text.trim_start_matches('$')));
            } else if matches!(part.kind(), "field_identifier" | "property_identifier") || is_key() {
                // What is taken out of a variable is none.
                names.push(self.word(&format!(".{}", text.trim_matches(['"', '\'', '`', ':']))));
            }
            stack.extend(part.named_children());
        }
        names
    }

    /// Whether a node takes an element out of something by a key.
    fn is_element(&self, node: Node<'_>) -> bool {
        self.table.of(node) == Shape::Index || ELEMENTS.contains(&node.kind())
    }

    /// The texts that stand in a condition, the first few.
    pub(super) fn texts_in(&self, node: Node<'_>) -> Vec<Arc<str>> {
        /// Nodes of a condition that are looked at.
        const MOST: usize = 60;
        let mut found = Vec::new();
        let mut stack = vec![node];
        for _ in 0..MOST {
            let Some(part) = stack.pop() else { break };
            if self.table.of(part) == Shape::Text {
                let text = self.text(part).trim_matches(['"', '\'', '`', ':']);
                if !text.is_empty() && text.len() <= 80 && found.len() < 8 {
                    found.push(self.word(text));
                }
                continue;
            }
            // The key by which a part is taken is none of the texts that it is compared with.
            let parts = if self.is_element(part) { 1 } else { usize::MAX };
            stack.extend(part.named_children().take(parts));
        }
        found
    }

    /// Writes down that the branch at hand is taken for these texts.
    pub(super) fn asked(&mut self, texts: &[Arc<str>]) {
        if let Some(branch) = self.branch {
            self.module.cases.extend(texts.iter().map(|text| (Arc::clone(text), branch)));
        }
    }

    /// Writes down that the branch at hand is taken for what these names are.
    pub(super) fn asked_of(&mut self, names: &[Arc<str>]) {
        if let Some(branch) = self.branch {
            self.module.subjects.extend(names.iter().map(|name| (branch, Arc::clone(name))));
        }
    }

    /// Runs `then` as something that is only done where a branch is taken.
    pub(super) fn branched<T>(&mut self, then: impl FnOnce(&mut Self) -> T) -> T {
        let id = next(self.module.branches.len());
        self.module.branches.push(self.branch);
        let outer = self.branch.replace(id);
        let done = then(self);
        self.branch = outer;
        done
    }

    /// Runs `then` as the body of a loop.
    pub(super) fn repeated<T>(
        &mut self,
        node: Node<'_>,
        endless: bool,
        then: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let counted = !endless && loops::is_counted(self, node);
        let id = next(self.module.loops.len());
        self.module.loops.push(Loop {
            outer: self.innermost,
            within: self.function,
            endless,
            counted,
            returns: false,
            line: line(node),
        });
        let outer = (self.innermost.replace(id), std::mem::replace(&mut self.loop_branch, self.branch));
        let done = then(self);
        (self.innermost, self.loop_branch) = outer;
        done
    }

    fn looping(&mut self, node: Node<'_>) -> Expr {
        let condition = self.field(node, self.grammar.fields.condition).map(|c| self.text(c));
        let endless = match condition {
            Some(text) => matches!(text.trim_matches(['(', ')', ' ', ';']), "True" | "true" | "1" | ""),
            None => false,
        };
        // What a `for` iterates over is computed once, before the loop.
        let over = self.field(node, "right");
        self.each(node);
        self.repeated(node, endless, |x| {
            for child in node.named_children() {
                if Some(child.id()) != over.map(Node::id) {
                    x.visit(child);
                }
            }
        });
        Expr::Unknown
    }
}

/// Whether a value is a part of something that says what it is called: `tool.name`, `tool.getName()`.
fn is_what_it_is_called(x: &Extractor<'_>, value: &Expr) -> bool {
    let callee = match value {
        Expr::Call(call) => &x.module.call(*call).callee,
        value => value,
    };
    matches!(callee, Expr::Member(_, name) if NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

pub(super) fn line(node: Node<'_>) -> u32 {
    node.line()
}

pub(super) fn next(len: usize) -> CallId {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What something is called by.
const NAMES: [&str; 9] =
    ["name", "getName", "get_name", "id", "key", "toolName", "tool_name", "action", "command"];

/// Elements that are taken by a key, in the grammars whose own modules read them.
const ELEMENTS: [&str; 4] =
    ["element_access_expression", "element_reference", "index_expression", "subscript_expression"];

/// At most [`MAX_TEXT`] bytes, cut at a character.
pub(super) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
