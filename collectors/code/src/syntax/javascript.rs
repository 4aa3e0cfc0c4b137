//! JavaScript and TypeScript: the shapes of their grammars, and their imports.

use muster_rules::Language;

use super::Expr;
use super::definitions::Definition;
use super::extract::{Extractor, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::JavaScript,
    shapes: &[
        ("comment", Shape::Skip),
        ("type_annotation", Shape::Skip),
        ("type_arguments", Shape::Skip),
        ("type_parameters", Shape::Skip),
        ("interface_declaration", Shape::Own),
        ("type_alias_declaration", Shape::Skip),
        ("import_statement", Shape::Import),
        ("export_statement", Shape::Import),
        ("call_expression", Shape::Call),
        ("new_expression", Shape::Call),
        ("member_expression", Shape::Member),
        ("subscript_expression", Shape::Index),
        ("function_declaration", Shape::Function),
        ("function_expression", Shape::Function),
        ("generator_function", Shape::Function),
        ("generator_function_declaration", Shape::Function),
        ("arrow_function", Shape::Function),
        ("method_definition", Shape::Function),
        ("class_declaration", Shape::Class),
        ("abstract_class_declaration", Shape::Class),
        ("class", Shape::Class),
        ("variable_declarator", Shape::Assign),
        ("assignment_expression", Shape::Assign),
        ("augmented_assignment_expression", Shape::Augmented),
        ("public_field_definition", Shape::Assign),
        ("field_definition", Shape::Assign),
        ("for_statement", Shape::Loop),
        ("for_in_statement", Shape::Loop),
        ("while_statement", Shape::Loop),
        ("do_statement", Shape::Loop),
        ("if_statement", Shape::Branch),
        ("switch_case", Shape::Branch),
        ("switch_default", Shape::Branch),
        ("return_statement", Shape::Return),
        ("string", Shape::Text),
        ("template_string", Shape::Text),
        ("identifier", Shape::Name),
        ("this", Shape::Name),
        ("super", Shape::Name),
        ("meta_property", Shape::Name),
        ("shorthand_property_identifier", Shape::Name),
        ("property_identifier", Shape::Name),
        ("true", Shape::Literal),
        ("false", Shape::Literal),
        ("null", Shape::Literal),
        ("undefined", Shape::Literal),
        ("number", Shape::Literal),
        ("array", Shape::List),
        ("object", Shape::Map),
        ("spread_element", Shape::Spread),
        ("parenthesized_expression", Shape::Wrap),
        ("await_expression", Shape::Wrap),
        ("as_expression", Shape::Wrap),
        ("satisfies_expression", Shape::Wrap),
        ("non_null_expression", Shape::Wrap),
        ("regex_pattern", Shape::Text),
        ("ternary_expression", Shape::Choice),
        ("binary_expression", Shape::Choice),
        ("expression_statement", Shape::Statement),
    ],
    fields: Fields {
        callee: &["function", "constructor"],
        arguments: "arguments",
        object: &["object"],
        member: &["property"],
        index: &["index"],
        left: &["name", "left", "property"],
        right: &["value", "right"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "this",
    own: interface,
};

/// An interface: a class whose methods have nothing to run.
fn interface(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let class = x.new_class(name, Vec::new(), Vec::new(), line(node));
    let Some(body) = node.child_by_field_name("body") else { return Expr::Class(class) };
    for member in body.named_children() {
        let name = member.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
        match member.kind() {
            "method_signature" => {
                let (name, parameters) = (x.word(name), x.parameters(member));
                x.define(Definition {
                    name,
                    class: Some(class),
                    parameters,
                    decorators: Vec::new(),
                    node: member,
                    body: None,
                });
            }
            "property_signature" => {
                let of_type = member.child_by_field_name("type").map(|t| x.annotation(t));
                if let Some(of_type) = of_type.filter(|t| *t != Expr::Unknown) {
                    x.inside(class, |x| x.push_binding(name, true, of_type, line(member)));
                }
            }
            _ => {}
        }
    }
    Expr::Class(class)
}

/// Imports and re-exports. An export of a declaration is the declaration.
fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let Some(source) = node.child_by_field_name("source").map(|s| unquote(x.text(s)).to_owned()) else {
        // `export default logger`, `export default make()`
        let value = node.child_by_field_name("value");
        let is_made = |kind: &str| matches!(kind, "identifier" | "call_expression" | "new_expression");
        if let Some(value) = value.filter(|value| is_made(value.kind())) {
            let given = x.visit(value);
            x.push_binding("default", false, given, line(node));
            return;
        }
        x.children(node);
        return;
    };
    // `import type` and `export type` are gone when the code runs: no use of a package, but what types of the
    // repository itself lead to.
    let is_own = ["./", "../", "@/", "~/", "#/"].iter().any(|begin| source.starts_with(begin));
    if node.child(1).is_some_and(|word| word.kind() == "type") && !is_own {
        return;
    }
    let before = x.imports();
    let mut stack = vec![node];
    while let Some(part) = stack.pop() {
        match part.kind() {
            "import_specifier" | "export_specifier" => {
                let Some(name) = part.child_by_field_name("name").map(|n| unquote(x.text(n)).to_owned())
                else {
                    continue;
                };
                let local =
                    part.child_by_field_name("alias").map_or_else(|| name.clone(), |a| x.text(a).to_owned());
                let is_type = part.child(0).is_some_and(|word| word.kind() == "type");
                if !is_type {
                    x.import(&local, &source, Some(&name), part);
                }
            }
            "namespace_import" | "namespace_export" => {
                let name = part.named_child(0).map(|n| x.text(n).to_owned()).unwrap_or_default();
                x.import(&name, &source, None, part);
            }
            "import_clause" => {
                for child in (0..part.named_child_count())
                    .filter_map(|i| part.named_child(u32::try_from(i).unwrap_or(0)))
                {
                    if child.kind() == "identifier" {
                        let name = x.text(child).to_owned();
                        x.import(&name, &source, Some("default"), child);
                    } else {
                        stack.push(child);
                    }
                }
            }
            "string" => {}
            _ => {
                stack.extend(part.named_children());
            }
        }
    }
    if x.imports() == before {
        let everything = (node.kind() == "export_statement").then_some("*");
        x.import("", &source, everything, node);
    }
}

fn unquote(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}
