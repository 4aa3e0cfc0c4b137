//! Assignments: which names are bound to which values.

use tree_sitter::Node;

use super::extract::{Extractor, line};
use super::values::is_environment;
use super::{Binding, Expr};

impl Extractor<'_> {
    pub(super) fn assign(&mut self, node: Node<'_>) -> Expr {
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
    pub(super) fn bind(&mut self, target: Node<'_>, value: Expr, at: u32) {
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

    pub(super) fn with(&mut self, node: Node<'_>) -> Expr {
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

    /// Binds the variable of a loop or a comprehension to what it goes over.
    pub(super) fn each(&mut self, node: Node<'_>) -> Expr {
        if let Some(over) = node.child_by_field_name("right") {
            let value = self.visit(over);
            if let Some(left) = node.child_by_field_name("left") {
                let element = match value {
                    Expr::List(elements) => Expr::Choice(elements),
                    other => other,
                };
                self.bind(left, element, line(node));
            }
        }
        Expr::Unknown
    }
}
