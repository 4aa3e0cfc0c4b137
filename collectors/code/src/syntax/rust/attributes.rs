//! Attributes of Rust: what stands before an item and says something about it.

use super::super::extract::{Extractor, line};
use super::super::node::Node;
use super::super::{Argument, Expr};
use super::scoped;

pub(super) fn attribute(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(attribute) = node.named_child(0) else { return Expr::Unknown };
    let Some(name) = attribute.named_child(0) else { return Expr::Unknown };
    let callee = scoped(x, x.text(name));
    let Some(tokens) = attribute.child_by_field_name("arguments") else { return callee };
    if x.text(name) == "derive" {
        // `derive(Tool)`: each of them is an attribute of its own.
        let all: Vec<Node<'_>> = tokens.named_children().collect();
        return Expr::List(all.into_iter().map(|n| x.visit(n)).collect());
    }
    let arguments = named_tokens(x, tokens);
    x.push_call(callee, arguments, line(node))
}

/// `name = "value"` and single names and texts of an attribute or a macro.
fn named_tokens(x: &mut Extractor<'_>, tokens: Node<'_>) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    let all: Vec<Node<'_>> = tokens.children().collect();
    let mut name: Option<&str> = None;
    for (at, token) in all.iter().enumerate() {
        let next = all.get(at + 1).map(|n| x.text(*n));
        if token.kind() == "identifier" && next == Some("=") {
            name = Some(x.text(*token));
            continue;
        }
        if token.is_named() {
            let value = x.visit(*token);
            let name = name.take().map(|n| x.word(n));
            arguments.push(Argument { name, value });
        }
    }
    arguments
}

/// The attributes before an item.
pub(super) fn decorators(x: &mut Extractor<'_>) -> Vec<Expr> {
    let mut all = Vec::new();
    for attribute in std::mem::take(&mut x.attributes) {
        match attribute {
            Expr::List(derived) => all.extend(derived),
            attribute => all.push(attribute),
        }
    }
    all
}

/// What an attribute says that a field is where nothing is given: `#[arg(default_value = "…")]`.
pub(super) fn default_of(x: &mut Extractor<'_>) -> Option<Expr> {
    let attributes = std::mem::take(&mut x.attributes);
    attributes.iter().find_map(|attribute| {
        let Expr::Call(call) = attribute else { return None };
        let arguments = &x.module.calls.get(*call as usize)?.arguments;
        let is_default = |name: &str| name.starts_with("default_value");
        let given = arguments.iter().find(|a| a.name.as_deref().is_some_and(is_default))?;
        Some(given.value.clone())
    })
}
