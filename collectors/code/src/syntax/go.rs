//! Go: the shapes of its grammar, its imports, types, receivers and literals.

use std::sync::Arc;

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, MAX_ELEMENTS, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Go,
    shapes: &[
        ("comment", Shape::Skip),
        ("package_clause", Shape::Skip),
        ("import_declaration", Shape::Import),
        ("call_expression", Shape::Own),
        ("selector_expression", Shape::Member),
        ("index_expression", Shape::Index),
        ("type_conversion_expression", Shape::Own),
        ("type_instantiation_expression", Shape::Own),
        ("function_declaration", Shape::Own),
        ("func_literal", Shape::Function),
        ("method_declaration", Shape::Own),
        ("type_spec", Shape::Own),
        ("composite_literal", Shape::Own),
        ("literal_value", Shape::Own),
        ("short_var_declaration", Shape::Own),
        ("assignment_statement", Shape::Own),
        ("var_spec", Shape::Own),
        ("const_spec", Shape::Own),
        ("for_statement", Shape::Own),
        ("if_statement", Shape::Branch),
        ("expression_case", Shape::Branch),
        ("type_case", Shape::Branch),
        ("default_case", Shape::Branch),
        ("communication_case", Shape::Branch),
        ("return_statement", Shape::Return),
        ("expression_list", Shape::Wrap),
        ("interpreted_string_literal", Shape::Text),
        ("raw_string_literal", Shape::Text),
        ("identifier", Shape::Name),
        ("true", Shape::Literal),
        ("false", Shape::Literal),
        ("nil", Shape::Literal),
        ("int_literal", Shape::Literal),
        ("float_literal", Shape::Literal),
        ("parenthesized_expression", Shape::Wrap),
        ("unary_expression", Shape::Wrap),
        ("type_assertion_expression", Shape::Wrap),
        ("slice_expression", Shape::Wrap),
        ("literal_element", Shape::Wrap),
        ("binary_expression", Shape::Choice),
        ("variadic_argument", Shape::Spread),
    ],
    fields: Fields {
        callee: &["function"],
        arguments: "arguments",
        object: &["operand"],
        member: &["field"],
        index: &["index"],
        left: &["left", "name"],
        right: &["right", "value"],
        condition: "condition",
    },
    import,
    is_self: |_| false,
    own,
};

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let mut stack = vec![node];
    let mut specs = Vec::new();
    while let Some(part) = stack.pop() {
        if part.kind() == "import_spec" {
            specs.push(part);
            continue;
        }
        stack.extend(part.named_children());
    }
    // What is said wins over what is guessed.
    specs.sort_by_key(|spec| (spec.child_by_field_name("name").is_none(), spec.start_byte()));
    for part in specs {
        let Some(path) = part.child_by_field_name("path") else { continue };
        let module = canonical(x.text(path).trim_matches(['"', '`']));
        match part.child_by_field_name("name").map(|name| x.text(name)) {
            Some("_") => x.import("", &module, None, part),
            Some(".") => x.import("", &module, Some("*"), part),
            Some(alias) => x.import(alias, &module, None, part),
            None => {
                for name in package_names(x.text(path).trim_matches(['"', '`'])) {
                    let is_taken = x.module.imports.iter().any(|known| &*known.local == name);
                    x.import(if is_taken { "" } else { name }, &module, None, part);
                }
            }
        }
    }
}

/// An import path without its major versions: they are one package to the rules.
pub(crate) fn canonical(path: &str) -> String {
    let parts = path.split('/').filter(|part| !is_version(part));
    let joined = parts.collect::<Vec<_>>().join("/");
    match joined.rsplit_once('.') {
        Some((name, version)) if joined.starts_with("gopkg.in/") && is_version(version) => name.to_owned(),
        _ => joined,
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// What the package of a path may be called: its clause stands in another repository, and custom leaves out `go-`,
/// `-go` and the like.
fn package_names(path: &str) -> Vec<&str> {
    let last = |path: &str| path.rsplit('/').find(|part| !is_version(part)).map_or(0, str::len);
    let versioned = path.rsplit('/').next().filter(|part| is_version(part));
    let end = path.len() - versioned.map_or(0, |v| v.len() + 1);
    let name = &path[end.saturating_sub(last(path))..end];
    let name = name.split(".v").next().unwrap_or(name);
    let mut names = vec![name];
    names.extend(versioned);
    let bare = name.strip_prefix("go-").unwrap_or(name);
    let bare = bare.strip_suffix("-go").unwrap_or(bare);
    let bare = bare.strip_suffix("-sdk").unwrap_or(bare);
    let bare = bare.strip_suffix(".go").unwrap_or(bare);
    names.push(bare);
    names.extend(bare.rsplit('-').next());
    names.sort_unstable();
    names.dedup();
    names
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "function_declaration" => {
            let made = x.function(node, Vec::new());
            x.module.is_script |= node.child_by_field_name("name").is_some_and(|n| x.text(n) == "main");
            made
        }
        "method_declaration" => method(x, node),
        "call_expression" => call(x, node),
        "type_conversion_expression" => conversion(x, node),
        "type_instantiation_expression" => node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n)),
        "type_spec" => type_spec(x, node),
        "composite_literal" => composite(x, node),
        "literal_value" => Expr::Map(entries(x, node)),
        "for_statement" => looping(x, node),
        _ => assign(x, node),
    }
}

/// `append(list, a, b)` is the longer list; every other call is one.
fn call(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let value = x.call(node);
    let Expr::Call(id) = value else { return value };
    let call = &x.module.calls[id as usize];
    let appends = matches!(&call.callee, Expr::Name(name) if &**name == "append");
    let Some((list, added)) = call.arguments.split_first().filter(|_| appends) else { return Expr::Call(id) };
    let mut values = vec![Expr::Spread(Box::new(list.value.clone()))];
    values.extend(added.iter().map(|argument| argument.value.clone()));
    Expr::List(values)
}

/// `[]byte(x)` is the value. `f[T](x)` looks the same to the grammar, and is a call.
fn conversion(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let value = node.child_by_field_name("operand").map_or(Expr::Unknown, |n| x.visit(n));
    let of = node.child_by_field_name("type").filter(|of| of.kind() == "generic_type");
    let Some(name) = of.and_then(|of| of.child_by_field_name("type")) else { return value };
    let callee = x.path(x.text(name));
    x.push_call(callee, vec![Argument { name: None, value }], line(name))
}

fn method(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let receiver = node
        .child_by_field_name("receiver")
        .and_then(|list| list.named_child(0))
        .map(|part| (part.child_by_field_name("name"), part.child_by_field_name("type")));
    let Some((name, Some(of_type))) = receiver else { return x.function(node, Vec::new()) };
    let of_type = x.annotation(of_type);
    let mut parameters = x.parameters(node);
    let name = name.map(|n| x.text(n)).unwrap_or_default();
    parameters.insert(0, (x.word(name), Some(of_type.clone())));
    let class = match &of_type {
        Expr::Name(name) => Some(x.class_named(name, line(node))),
        _ => None,
    };
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let name = x.word(name);
    x.define(Definition {
        name,
        class,
        parameters,
        decorators: Vec::new(),
        node,
        body: node.child_by_field_name("body"),
    })
}

fn type_spec(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let (Some(name), Some(of)) = (node.child_by_field_name("name"), node.child_by_field_name("type")) else {
        return Expr::Unknown;
    };
    if !matches!(of.kind(), "struct_type" | "interface_type") {
        return Expr::Unknown;
    }
    let class = x.class_named(x.text(name), line(node));
    x.module.classes[class as usize].line = line(node);
    let mut stack = vec![of];
    while let Some(part) = stack.pop() {
        match part.kind() {
            "field_declaration" => {
                let of_type = part.child_by_field_name("type").map(|t| x.annotation(t));
                let names: Vec<Node<'_>> = part.children_by_field_name("name").collect();
                if let (true, Some(base)) = (names.is_empty(), &of_type) {
                    x.module.classes[class as usize].bases.push(base.clone());
                }
                for name in names {
                    let (name, of_type) = (x.text(name), of_type.clone().unwrap_or(Expr::Unknown));
                    x.inside(class, |x| x.push_declared(name, true, None, of_type, line(part)));
                }
            }
            "method_elem" => {
                let parameters = x.parameters(part);
                let name = part.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
                let name = x.word(name);
                x.define(Definition {
                    name,
                    class: Some(class),
                    parameters,
                    decorators: Vec::new(),
                    node: part,
                    body: None,
                });
            }
            "type_elem" => {
                let base = x.annotation(part);
                x.module.classes[class as usize].bases.push(base);
            }
            _ => {
                stack.extend(part.named_children());
            }
        }
    }
    Expr::Class(class)
}

/// `T{…}` is a construction with named arguments, `[]T{…}` a list, `map[K]V{…}` a map.
fn composite(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let (Some(of), Some(body)) = (node.child_by_field_name("type"), node.child_by_field_name("body")) else {
        return Expr::Unknown;
    };
    match of.kind() {
        "slice_type" | "array_type" | "implicit_length_array_type" => {
            let element = of.child_by_field_name("element").map(|e| x.annotation(e));
            let mut values = Vec::new();
            for child in body.named_children() {
                let value = match (inner_literal(child), &element) {
                    (Some(literal), Some(element)) if *element != Expr::Unknown => {
                        let arguments = arguments(x, literal);
                        x.push_call(element.clone(), arguments, line(child))
                    }
                    _ => x.visit(child),
                };
                if values.len() < MAX_ELEMENTS {
                    values.push(value);
                }
            }
            Expr::List(values)
        }
        "map_type" => Expr::Map(entries(x, body)),
        _ => {
            let callee = x.annotation(of);
            let at = line(of);
            let arguments = arguments(x, body);
            x.push_call(callee, arguments, at)
        }
    }
}

/// The literal that an element is when it leaves its type out.
fn inner_literal(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "literal_value" {
        return Some(node);
    }
    (node.kind() == "literal_element")
        .then(|| node.named_child(0))
        .flatten()
        .filter(|n| n.kind() == "literal_value")
}

fn entries(x: &mut Extractor<'_>, body: Node<'_>) -> Vec<(Arc<str>, Expr)> {
    let mut entries = Vec::new();
    for child in body.named_children() {
        let entry = if child.kind() == "keyed_element" {
            let key = child.child_by_field_name("key").map(|k| key(x, k)).unwrap_or_default();
            (key, child.child_by_field_name("value").map_or(Expr::Unknown, |v| x.visit(v)))
        } else {
            ("".into(), x.visit(child))
        };
        if entries.len() < MAX_ELEMENTS {
            entries.push(entry);
        }
    }
    entries
}

fn arguments(x: &mut Extractor<'_>, body: Node<'_>) -> Vec<Argument> {
    let named = |key: Arc<str>| (!key.is_empty()).then_some(key);
    entries(x, body).into_iter().map(|(key, value)| Argument { name: named(key), value }).collect()
}

fn key(x: &mut Extractor<'_>, node: Node<'_>) -> Arc<str> {
    let inner = if node.kind() == "literal_element" { node.named_child(0).unwrap_or(node) } else { node };
    match x.visit(inner) {
        Expr::Text(text) | Expr::Name(text) => text,
        _ => "".into(),
    }
}

fn assign(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let at = line(node);
    let of_type = node.child_by_field_name("type").map(|t| x.annotation(t));
    let mut values = match x.first_field(node, &["right", "value"]) {
        Some(list) if list.kind() == "expression_list" => x.values(list),
        Some(one) => vec![x.visit(one)],
        None => Vec::new(),
    };
    let targets: Vec<Node<'_>> = match node.child_by_field_name("left") {
        Some(list) if list.kind() == "expression_list" => list.named_children().collect(),
        Some(one) => vec![one],
        None => node.children_by_field_name("name").filter(|name| name.is_named()).collect(),
    };
    let first = values.first().cloned().unwrap_or(Expr::Unknown);
    values.resize(targets.len(), Expr::Unknown);
    for (target, value) in targets.into_iter().zip(values) {
        let value = match (value, &of_type) {
            (Expr::Unknown, Some(of_type)) => of_type.clone(),
            (value, _) => value,
        };
        if x.text(target) != "_" {
            x.bind(target, value, at);
        }
    }
    first
}

fn looping(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let body = node.child_by_field_name("body");
    let head = node.named_children().find(|child| Some(child.id()) != body.map(Node::id));
    let endless = match head.map(|head| (head.kind(), head)) {
        None => true,
        Some(("for_clause", clause)) => clause.child_by_field_name("condition").is_none(),
        // `for range ticker.C` and `for msg := range channel` wait for what comes.
        Some(("range_clause", _)) => false,
        Some((_, condition)) => x.text(condition) == "true",
    };
    if let Some(range) = head.filter(|head| head.kind() == "range_clause") {
        let over = range.child_by_field_name("right").map_or(Expr::Unknown, |n| x.visit(n));
        if let Some(left) = range.child_by_field_name("left") {
            let element = over.element();
            let names: Vec<Node<'_>> = left.named_children().collect();
            // The last of the two is the element, the first its place.
            if let Some(last) = names.last() {
                x.bind(*last, element, line(range));
            }
        }
    }
    x.repeated(node, endless, |x| {
        if let Some(head) = head.filter(|head| head.kind() != "range_clause") {
            x.visit(head);
        }
        if let Some(body) = body {
            x.visit(body);
        }
    });
    Expr::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_go_by_more_names_than_their_path() {
        assert_eq!(package_names("github.com/sashabaranov/go-openai"), ["go-openai", "openai"]);
        assert_eq!(package_names("github.com/openai/openai-go/v2"), ["openai", "openai-go", "v2"]);
        assert!(package_names("github.com/anthropics/anthropic-sdk-go").contains(&"anthropic"));
        assert_eq!(package_names("os/exec"), ["exec"]);
        assert_eq!(package_names("gopkg.in/yaml.v3"), ["yaml"]);
    }

    #[test]
    fn major_versions_are_one_package() {
        assert_eq!(canonical("github.com/openai/openai-go/v2/option"), "github.com/openai/openai-go/option");
        assert_eq!(canonical("gopkg.in/yaml.v3"), "gopkg.in/yaml");
        assert_eq!(canonical("example.com/vault"), "example.com/vault");
    }
}
