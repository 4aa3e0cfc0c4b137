//! Python: the shapes of its grammar, and its imports.

mod expressions;
mod front;
mod patterns;
mod statements;
mod tree;

use muster_rules::Language;

use super::Expr;
use super::extract::{Extractor, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};

pub(super) use front::outline;

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Python,
    shapes: &[
        ("comment", Shape::Skip),
        ("type", Shape::Skip),
        ("import_statement", Shape::Import),
        ("import_from_statement", Shape::Import),
        ("call", Shape::Call),
        ("attribute", Shape::Member),
        ("subscript", Shape::Index),
        ("function_definition", Shape::Function),
        ("lambda", Shape::Function),
        ("class_definition", Shape::Class),
        ("decorated_definition", Shape::Decorated),
        ("assignment", Shape::Assign),
        ("named_expression", Shape::Assign),
        ("augmented_assignment", Shape::Augmented),
        ("for_statement", Shape::Loop),
        ("while_statement", Shape::Loop),
        ("if_statement", Shape::Branch),
        ("elif_clause", Shape::Branch),
        ("case_clause", Shape::Branch),
        ("return_statement", Shape::Return),
        ("string", Shape::Text),
        ("concatenated_string", Shape::Text),
        ("identifier", Shape::Name),
        ("true", Shape::Literal),
        ("false", Shape::Literal),
        ("none", Shape::Literal),
        ("integer", Shape::Literal),
        ("float", Shape::Literal),
        ("list", Shape::List),
        ("tuple", Shape::List),
        ("set", Shape::List),
        ("expression_list", Shape::List),
        ("dictionary", Shape::Map),
        ("list_splat", Shape::Spread),
        ("dictionary_splat", Shape::Spread),
        ("parenthesized_expression", Shape::Wrap),
        ("await", Shape::Wrap),
        ("conditional_expression", Shape::Choice),
        ("boolean_operator", Shape::Choice),
        ("comparison_operator", Shape::Comparison),
        ("binary_operator", Shape::Choice),
        ("list_comprehension", Shape::Choice),
        ("generator_expression", Shape::Choice),
        ("set_comprehension", Shape::Choice),
        ("dictionary_comprehension", Shape::Own),
        ("expression_statement", Shape::Statement),
        ("with_item", Shape::With),
        ("for_in_clause", Shape::Each),
        ("raise_statement", Shape::Own),
    ],
    fields: Fields {
        callee: &["function"],
        arguments: "arguments",
        object: &["object", "value"],
        member: &["attribute"],
        index: &["subscript"],
        left: &["left", "name"],
        right: &["right", "value"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "self" || name == "cls",
    own,
};

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "raise_statement" => raised(x, node),
        _ => comprehended(x, node),
    }
}

/// `raise Refused` makes an instance of the class, as `raise Refused()` does.
fn raised(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    for (place, part) in node.named_children().enumerate() {
        let value = x.visit(part);
        let is_class =
            value.last_name().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
        if place == 0 && is_class {
            x.push_call(value, Vec::new(), line(node));
        }
    }
    Expr::Unknown
}

/// `{tool.name: tool for tool in tools}`: a map of which only the values are known.
fn comprehended(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let body = x.field(node, "body");
    for clause in node.named_children().filter(|part| Some(part.id()) != body.map(Node::id)) {
        x.visit(clause);
    }
    let Some(body) = body else { return Expr::Unknown };
    if let Some(key) = x.field(body, "key") {
        x.visit(key);
    }
    let value = x.field(body, "value").map_or(Expr::Unknown, |value| x.visit(value));
    Expr::Map(vec![("".into(), value)])
}

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let from = x.field(node, "module_name").map(|m| x.text(m).replace([' ', '\\', '\n', '\r', '\t'], ""));
    if from.is_some() && node.children().any(|c| c.kind() == "wildcard_import") {
        x.import("", from.as_deref().unwrap_or_default(), Some("*"), node);
        return;
    }
    let names: Vec<Node<'_>> = node.children_by_field_name("name").collect();
    for name in names {
        let (path, alias) = match name.kind() {
            "aliased_import" => (x.field(name, "name"), x.field(name, "alias")),
            _ => (Some(name), None),
        };
        let Some(path) = path.map(|p| x.text(p).to_owned()) else { continue };
        let alias = alias.map(|a| x.text(a).to_owned());
        match (&from, alias) {
            (Some(module), alias) => x.import(alias.as_deref().unwrap_or(&path), module, Some(&path), name),
            (None, Some(alias)) => x.import(&alias, &path, None, name),
            // `import a.b.c` binds `a`; members of it lead to `a.b.c`.
            (None, None) => {
                let top = path.split('.').next().unwrap_or(&path).to_owned();
                x.import(&top, &top, None, name);
                if top != path {
                    x.import("", &path, None, name);
                }
            }
        }
    }
}
