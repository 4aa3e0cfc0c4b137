//! Functions and classes, with their parameters, types and decorators.

use std::sync::Arc;

use tree_sitter::Node;

use super::extract::{Extractor, line, next};
use super::shape::Shape;
use super::{Class, Expr, Function};

impl Extractor<'_> {
    pub(super) fn annotation(&mut self, node: Node<'_>) -> Expr {
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

    pub(super) fn parameters(&mut self, node: Node<'_>) -> Vec<(Arc<str>, Option<Expr>)> {
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

    pub(super) fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
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

    pub(super) fn class(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
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

    pub(super) fn decorated(&mut self, node: Node<'_>) -> Expr {
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
