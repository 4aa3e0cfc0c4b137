//! Values: strings, maps, members and calls, as far as their shape matters.

use std::sync::Arc;

use super::extract::{Extractor, MAX_ELEMENTS, MAX_TEXT, clip, line, next};
use super::node::Node;
use super::shape::Shape;
use super::{Argument, Call, Expr};

impl Extractor<'_> {
    pub(super) fn string(&mut self, node: Node<'_>) -> Expr {
        let mut text = String::new();
        let mut holes = Vec::new();
        let mut stack = vec![node];
        while let Some(part) = stack.pop() {
            match part.kind() {
                "string_content"
                | "string_fragment"
                | "multiline_string_fragment"
                | "interpreted_string_literal_content"
                | "raw_string_literal_content"
                | "string_literal_content"
                | "raw_string_content"
                | "heredoc_content"
                | "nowdoc_string"
                | "escape_sequence" => {
                    let raw = self.text(part);
                    text.push_str(if part.kind() == "escape_sequence" { unescape(raw) } else { raw });
                }
                "interpolation" | "template_substitution" | "string_interpolation" => {
                    let inner = part.named_child(0).filter(|_| part.named_child_count() == 1);
                    if let Some(inner) = inner {
                        holes.push(self.visit(inner));
                    } else {
                        self.children(part);
                        holes.push(Expr::Unknown);
                    }
                    text.push_str("{}");
                }
                _ => {
                    let mut parts: Vec<Node<'_>> = part.named_children().collect();
                    parts.reverse();
                    stack.extend(parts);
                }
            }
            if text.len() > 16 * MAX_TEXT {
                break;
            }
        }
        self.mention(&text, true, node);
        // `${base}${path}` says nothing by itself, and all by its parts.
        if holes.len() == 2 && matches!(&*text, "{}{}" | "{}/{}") {
            return Expr::Choice(holes);
        }
        Expr::Text(self.word(clip(&text)))
    }

    pub(super) fn map(&mut self, node: Node<'_>) -> Expr {
        let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
        for child in node.named_children() {
            let entry = match child.kind() {
                "pair" => {
                    let key = self.field(child, "key").map(|k| self.key(k)).unwrap_or_default();
                    let value = self.field(child, "value").map_or(Expr::Unknown, |v| self.visit(v));
                    (key, value)
                }
                "method_definition" => {
                    let key = self.field(child, "name").map(|k| self.key(k)).unwrap_or_default();
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
    pub(super) fn key(&mut self, node: Node<'_>) -> Arc<str> {
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

    pub(super) fn member(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let object = self.first_field(node, fields.object).map_or(Expr::Unknown, |n| self.visit(n));
        let Some(member) = self.first_field(node, fields.member) else { return object };
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
    pub(super) fn index(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let object = self.first_field(node, fields.object).map_or(Expr::Unknown, |n| self.visit(n));
        let key = self.first_field(node, fields.index).map(|n| self.visit(n));
        self.taken(object, key, line(node))
    }

    /// What is taken out of an object by a key.
    pub(super) fn taken(&mut self, object: Expr, key: Option<Expr>, line: u32) -> Expr {
        match key {
            Some(key @ Expr::Text(_)) => self.element(object, key, line),
            Some(key) => {
                self.lookup(&object, key, line);
                object
            }
            None => object,
        }
    }

    pub(super) fn element(&mut self, object: Expr, key: Expr, line: u32) -> Expr {
        let callee = Expr::Member(Box::new(object), self.word("__getitem__"));
        self.push_call(callee, vec![Argument { name: None, value: key }], line)
    }

    pub(super) fn push_call(&mut self, callee: Expr, arguments: Vec<Argument>, line: u32) -> Expr {
        let id = next(self.module.calls.len());
        self.module.calls.push(Call {
            callee,
            arguments,
            line,
            within: self.function,
            class: self.class.filter(|_| self.function.is_none()),
            in_loop: self.innermost,
            in_condition: self.in_condition,
            branch: self.branch,
        });
        Expr::Call(id)
    }

    pub(super) fn call(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let Some(target) = self.first_field(node, fields.callee) else {
            self.children(node);
            return Expr::Unknown;
        };
        // `import("module")` and `require("module")` are imports wherever they stand.
        if target.kind() == "import" || (target.kind() == "identifier" && self.text(target) == "require") {
            if let Some(arguments) = self.field(node, fields.arguments)
                && let Some(Expr::Text(module)) = arguments.named_child(0).map(|n| self.visit(n))
            {
                let local = format!("require:{module}");
                self.import(&local, &module, None, node);
                return Expr::Name(local.into());
            }
            return Expr::Unknown;
        }
        let callee = self.visit(target);
        let at = self.first_field(target, fields.member).map_or_else(|| line(target), line);
        let mut arguments = Vec::new();
        if let Some(list) = self.field(node, fields.arguments) {
            if self.table.of(list) == Shape::Choice || list.kind() == "template_string" {
                let value = self.visit(list);
                arguments.push(Argument { name: None, value });
            } else {
                self.arguments(list, &mut arguments);
            }
        }
        self.push_call(callee, arguments, at)
    }

    pub(super) fn arguments(&mut self, list: Node<'_>, arguments: &mut Vec<Argument>) {
        for child in list.named_children() {
            if self.table.of(child) == Shape::Skip {
                continue;
            }
            let argument = if child.kind() == "keyword_argument" {
                let name = self.field(child, "name").map(|n| self.text(n)).unwrap_or_default();
                self.mention(name, false, child);
                let value = self.field(child, "value").map_or(Expr::Unknown, |v| self.visit(v));
                Argument { name: Some(self.word(name)), value }
            } else {
                Argument { name: None, value: self.visit(child) }
            };
            if arguments.len() < MAX_ELEMENTS {
                arguments.push(argument);
            }
        }
    }
}

/// Whether it is the environment of a JavaScript process.
pub(super) fn is_environment(object: &Expr) -> bool {
    let Expr::Member(process, env) = object else { return false };
    &**env == "env"
        && matches!(&**process, Expr::Name(name) if matches!(&**name, "process" | "Bun" | "import.meta"))
}

fn unescape(raw: &str) -> &str {
    match raw {
        "\\n" | "\\r" | "\\t" => " ",
        "\\\"" => "\"",
        "\\'" => "'",
        _ => "",
    }
}
