//! C#: the shapes of its grammar, its namespaces, attributes, initializers and generic calls.

use std::sync::Arc;

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, MAX_ELEMENTS, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr, TYPE_ARGUMENT};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::CSharp,
    shapes: &[
        ("comment", Shape::Skip),
        ("type_parameter_list", Shape::Skip),
        ("using_directive", Shape::Import),
        ("invocation_expression", Shape::Own),
        ("object_creation_expression", Shape::Own),
        ("implicit_object_creation_expression", Shape::Own),
        ("member_access_expression", Shape::Own),
        ("member_binding_expression", Shape::Own),
        ("conditional_access_expression", Shape::Own),
        ("generic_name", Shape::Own),
        ("qualified_name", Shape::Own),
        ("element_access_expression", Shape::Own),
        ("typeof_expression", Shape::Own),
        ("method_declaration", Shape::Own),
        ("constructor_declaration", Shape::Own),
        ("local_function_statement", Shape::Own),
        ("lambda_expression", Shape::Function),
        ("anonymous_method_expression", Shape::Function),
        ("class_declaration", Shape::Own),
        ("record_declaration", Shape::Own),
        ("struct_declaration", Shape::Own),
        ("interface_declaration", Shape::Own),
        ("attribute", Shape::Own),
        ("property_declaration", Shape::Own),
        ("variable_declaration", Shape::Own),
        ("global_statement", Shape::Own),
        ("assignment_expression", Shape::Assign),
        ("foreach_statement", Shape::Loop),
        ("for_statement", Shape::Loop),
        ("while_statement", Shape::Loop),
        ("do_statement", Shape::Loop),
        ("if_statement", Shape::Branch),
        ("switch_section", Shape::Branch),
        ("switch_expression_arm", Shape::Branch),
        ("switch_expression", Shape::Switch),
        ("return_statement", Shape::Return),
        ("yield_statement", Shape::Return),
        ("arrow_expression_clause", Shape::Wrap),
        ("string_literal", Shape::Text),
        ("raw_string_literal", Shape::Text),
        ("verbatim_string_literal", Shape::Text),
        ("interpolated_string_expression", Shape::Text),
        ("identifier", Shape::Name),
        ("this", Shape::Name),
        ("base", Shape::Name),
        ("boolean_literal", Shape::Literal),
        ("null_literal", Shape::Literal),
        ("integer_literal", Shape::Literal),
        ("real_literal", Shape::Literal),
        ("collection_expression", Shape::List),
        ("collection_element", Shape::Wrap),
        ("expression_element", Shape::Wrap),
        ("spread_element", Shape::Spread),
        ("array_creation_expression", Shape::Own),
        ("implicit_array_creation_expression", Shape::Own),
        ("initializer_expression", Shape::Own),
        ("anonymous_object_creation_expression", Shape::Own),
        ("parenthesized_expression", Shape::Wrap),
        ("await_expression", Shape::Wrap),
        ("as_expression", Shape::Own),
        ("cast_expression", Shape::Own),
        ("postfix_unary_expression", Shape::Wrap),
        ("conditional_expression", Shape::Choice),
        ("binary_expression", Shape::Choice),
    ],
    fields: Fields {
        callee: &["function"],
        arguments: "arguments",
        object: &["expression"],
        member: &["name"],
        index: &["subscript"],
        left: &["left"],
        right: &["right"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "this",
    own,
};

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let alias = node.child_by_field_name("name");
    let path = node.named_children().filter(|c| Some(c.id()) != alias.map(Node::id)).last();
    let Some(path) = path.map(|p| x.text(p).trim_start_matches("global::")) else { return };
    match (alias, path.rsplit_once('.')) {
        (Some(alias), Some((module, item))) => x.import(x.text(alias), module, Some(item), node),
        (Some(_), None) => {}
        // `global using` opens a namespace for every file of the project.
        (None, _) => {
            let local = if x.text(node).starts_with("global ") { "global" } else { "" };
            x.import(local, path, Some("*"), node);
        }
    }
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "invocation_expression" => invocation(x, node),
        "object_creation_expression" => creation(x, node),
        "implicit_object_creation_expression" => {
            let callee = Expr::Unknown;
            let arguments = made_with(x, node);
            x.push_call(callee, arguments, line(node))
        }
        "member_access_expression" => {
            let object = node.child_by_field_name("expression").map_or(Expr::Unknown, |n| object(x, n));
            let Some(name) = node.child_by_field_name("name") else { return object };
            let text = bare(x, name);
            x.mention(text, false, name);
            Expr::Member(Box::new(object), x.word(text))
        }
        "member_binding_expression" => {
            let object = x.receiver.clone().unwrap_or(Expr::Unknown);
            let text = node.child_by_field_name("name").map(|n| bare(x, n)).unwrap_or_default();
            Expr::Member(Box::new(object), x.word(text))
        }
        "conditional_access_expression" => {
            let condition = node.child_by_field_name("condition");
            let object = condition.map_or(Expr::Unknown, |n| x.visit(n));
            let outer = x.receiver.replace(object);
            let rest = node.named_children().find(|c| Some(c.id()) != condition.map(Node::id));
            let value = rest.map_or(Expr::Unknown, |n| x.visit(n));
            x.receiver = outer;
            value
        }
        "generic_name" => Expr::Name(x.word(bare(x, node))),
        "qualified_name" => x.annotation(node),
        "typeof_expression" => node.child_by_field_name("type").map_or(Expr::Unknown, |n| x.annotation(n)),
        "element_access_expression" => {
            let object = node.child_by_field_name("expression").map_or(Expr::Unknown, |n| object(x, n));
            let key = node.child_by_field_name("subscript").and_then(|list| list.named_child(0));
            let key = key.and_then(|argument| argument.named_child(0)).map(|n| x.visit(n));
            x.taken(object, key, line(node))
        }
        "method_declaration" | "constructor_declaration" | "local_function_statement" => method(x, node),
        "class_declaration" | "record_declaration" | "struct_declaration" | "interface_declaration" => {
            class(x, node)
        }
        "attribute" => attribute(x, node),
        "property_declaration" => property(x, node),
        "variable_declaration" => variables(x, node),
        "global_statement" => {
            x.module.is_script = true;
            x.children(node);
            Expr::Unknown
        }
        "cast_expression" => node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n)),
        "as_expression" => node.child_by_field_name("left").map_or(Expr::Unknown, |n| x.visit(n)),
        "array_creation_expression" | "implicit_array_creation_expression" => {
            let list = node.named_children().find(|c| c.kind() == "initializer_expression");
            list.map_or(Expr::Unknown, |list| Expr::List(x.values(list)))
        }
        "initializer_expression" | "anonymous_object_creation_expression" => initialised(x, node),
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

/// The object of an access; the grammar gives `this` and `base` no name.
fn object(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match x.text(node) {
        word @ ("this" | "base") => Expr::Name(x.word(word)),
        _ => x.visit(node),
    }
}

/// A name without its type arguments.
fn bare<'a>(x: &Extractor<'a>, node: Node<'_>) -> &'a str {
    let name = if node.kind() == "generic_name" { node.named_child(0).unwrap_or(node) } else { node };
    x.text(name)
}

/// The type arguments of a generic call: `AddFromType<Plugin>()` is given the plugin.
fn type_arguments(x: &mut Extractor<'_>, node: Node<'_>, arguments: &mut Vec<Argument>) {
    let name = match node.kind() {
        "member_access_expression" | "member_binding_expression" => node.child_by_field_name("name"),
        _ => Some(node),
    };
    let Some(name) = name.filter(|n| n.kind() == "generic_name") else { return };
    let list = name.named_children().find(|c| c.kind() == "type_argument_list");
    if let Some(first) = list.and_then(|list| list.named_child(0)) {
        let value = x.annotation(first);
        arguments.push(Argument { name: Some(x.word(TYPE_ARGUMENT)), value });
    }
}

fn invocation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(target) = node.child_by_field_name("function") else { return Expr::Unknown };
    if x.text(target) == "nameof" {
        let name = node.child_by_field_name("arguments").map(|list| x.text(list)).unwrap_or_default();
        let name = name.trim_matches(['(', ')']).rsplit('.').next().unwrap_or_default();
        return Expr::Text(x.word(name));
    }
    let callee = x.visit(target);
    let at = target.child_by_field_name("name").map_or_else(|| line(target), line);
    let mut arguments = Vec::new();
    type_arguments(x, target, &mut arguments);
    if let Some(list) = node.child_by_field_name("arguments") {
        listed(x, list, &mut arguments);
    }
    x.push_call(callee, arguments, at)
}

fn listed(x: &mut Extractor<'_>, list: Node<'_>, arguments: &mut Vec<Argument>) {
    for child in list.named_children().filter(|c| c.kind().ends_with("argument")) {
        let named = child.child_by_field_name("name");
        if let Some(name) = named {
            x.mention(x.text(name), false, name);
        }
        let value = child.named_children().filter(|c| Some(c.id()) != named.map(Node::id)).last();
        let value = value.map_or(Expr::Unknown, |n| x.visit(n));
        let name = named.map(|n| x.word(x.text(n)));
        if arguments.len() < MAX_ELEMENTS {
            arguments.push(Argument { name, value });
        }
    }
}

fn creation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let of_type = node.child_by_field_name("type");
    let callee = of_type.map_or(Expr::Unknown, |n| x.constructed(n));
    let mut arguments = made_with(x, node);
    if let Some(of_type) = of_type {
        type_arguments(x, of_type, &mut arguments);
    }
    let at = line(of_type.unwrap_or(node));
    // `new List<T> { a, b }` and `new[] { … }` hold their elements.
    if arguments.iter().any(|a| a.name.as_deref() == Some("{}"))
        && let Some(elements) = arguments.pop_if(|a| a.name.as_deref() == Some("{}"))
    {
        return elements.value;
    }
    x.push_call(callee, arguments, at)
}

/// The arguments of a construction, with what its initializer sets.
fn made_with(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let parts: Vec<Node<'_>> = node.named_children().collect();
    for part in parts {
        match part.kind() {
            "argument_list" => listed(x, part, &mut arguments),
            "initializer_expression" => match initialised(x, part) {
                Expr::Map(entries) => arguments
                    .extend(entries.into_iter().map(|(name, value)| Argument { name: Some(name), value })),
                elements => arguments.push(Argument { name: Some(x.word("{}")), value: elements }),
            },
            _ => {}
        }
    }
    arguments
}

/// What a property is set to where its object is made. `new()` makes what the property is declared to be, which stands elsewhere: it is known by what it holds.
fn set_to(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    if node.kind() != "implicit_object_creation_expression" {
        return x.visit(node);
    }
    let mut entries = Vec::new();
    for argument in made_with(x, node) {
        match argument.name {
            Some(name) if &*name == "{}" => return argument.value,
            Some(name) => entries.push((name, argument.value)),
            None => {}
        }
    }
    Expr::Map(entries)
}

fn initialised(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
    let mut elements = Vec::new();
    let mut pending: Option<Arc<str>> = None;
    let is_anonymous = node.kind() == "anonymous_object_creation_expression";
    for child in node.named_children() {
        match child.kind() {
            "assignment_expression" => {
                let left = child.child_by_field_name("left");
                let key = left.map(|n| x.text(n).trim_matches(['[', ']', '"'])).unwrap_or_default();
                if let Some(left) = left {
                    x.mention(key, false, left);
                }
                let value = child.child_by_field_name("right").map_or(Expr::Unknown, |n| set_to(x, n));
                entries.push((x.word(key), value));
            }
            // `new { name = value }`: the name is a child of its own.
            "identifier" if is_anonymous && child.next_sibling().is_some_and(|next| next.kind() == "=") => {
                let name = x.text(child);
                x.mention(name, false, child);
                pending = Some(x.word(name));
            }
            // `new { messages }` is called as the value is.
            "identifier" if is_anonymous && pending.is_none() => {
                let name = x.word(x.text(child));
                entries.push((name, x.visit(child)));
            }
            // `{ "key", value }` in a dictionary.
            "initializer_expression" => match &x.values(child)[..] {
                [Expr::Text(key), value] => entries.push((Arc::clone(key), value.clone())),
                values => elements.push(Expr::List(values.to_vec())),
            },
            _ => {
                let value = x.visit(child);
                match pending.take() {
                    Some(name) => entries.push((name, value)),
                    None => elements.push(value),
                }
            }
        }
        if entries.len() + elements.len() >= MAX_ELEMENTS {
            break;
        }
    }
    if entries.is_empty() { Expr::List(elements) } else { Expr::Map(entries) }
}

fn attributes(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<Expr> {
    let lists: Vec<Node<'_>> = node.named_children().filter(|c| c.kind() == "attribute_list").collect();
    lists.into_iter().flat_map(|list| x.values(list)).collect()
}

fn attribute(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.child_by_field_name("name") else { return Expr::Unknown };
    let text = x.text(name).split('<').next().unwrap_or_default();
    let callee = x.path(text.strip_suffix("Attribute").filter(|t| !t.is_empty()).unwrap_or(text));
    let list = node.named_children().find(|c| c.kind() == "attribute_argument_list");
    let Some(list) = list else { return callee };
    let mut arguments = Vec::new();
    listed(x, list, &mut arguments);
    x.push_call(callee, arguments, line(node))
}

fn method(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let mut decorators = attributes(x, node);
    if let Some(list) = node.child_by_field_name("parameters") {
        // `[QueueTrigger("orders")] string message` says what the method is started by.
        let parameters: Vec<Node<'_>> = list.named_children().collect();
        decorators.extend(parameters.into_iter().flat_map(|parameter| attributes(x, parameter)));
    }
    let parameters = x.parameters(node);
    let name = match node.kind() {
        "constructor_declaration" => "constructor",
        _ => node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default(),
    };
    x.module.is_script |= name == "Main";
    let name = x.word(name);
    let class = x.class.filter(|_| x.function.is_none());
    x.define(Definition { name, class, parameters, decorators, node, body: node.child_by_field_name("body") })
}

fn class(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = attributes(x, node);
    let mut bases = Vec::new();
    let mut parameters = Vec::new();
    let parts: Vec<Node<'_>> = node.named_children().collect();
    for part in parts {
        match part.kind() {
            "base_list" => {
                let types: Vec<Node<'_>> = part.named_children().collect();
                bases.extend(
                    types.into_iter().filter(|t| t.kind() != "argument_list").map(|t| x.annotation(t)),
                );
            }
            "parameter_list" => parameters = x.parameters_in(part),
            _ => {}
        }
    }
    x.class_with_fields(node, bases, decorators, parameters)
}

fn property(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    attributes(x, node);
    let of_type = node.child_by_field_name("type").map_or(Expr::Unknown, |t| x.annotation(t));
    let value = node.child_by_field_name("value").map(|n| valued(x, n, &of_type));
    if let Some(accessors) = node.child_by_field_name("accessors") {
        x.children(accessors);
    }
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    x.push_declared(name, true, value, of_type, line(node));
    Expr::Unknown
}

fn variables(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let of_type = node.child_by_field_name("type").filter(|t| x.text(*t) != "var");
    let of_type = of_type.map_or(Expr::Unknown, |t| x.annotation(t));
    let on_self = x.function.is_none() && x.class.is_some();
    let declarators: Vec<Node<'_>> =
        node.named_children().filter(|c| c.kind() == "variable_declarator").collect();
    for declarator in declarators {
        let Some(name) = declarator.child_by_field_name("name") else { continue };
        let value = declarator.named_children().filter(|c| c.id() != name.id()).last();
        let value = value.map(|n| valued(x, n, &of_type));
        x.mention(x.text(name), false, name);
        x.push_declared(x.text(name), on_self, value, of_type.clone(), line(declarator));
    }
    Expr::Unknown
}

/// A value; `new(…)` makes what is declared.
fn valued(x: &mut Extractor<'_>, node: Node<'_>, of_type: &Expr) -> Expr {
    let value = x.member_value(node);
    if node.kind() == "implicit_object_creation_expression"
        && let Expr::Call(call) = value
        && let Some(made) = x.module.calls.get_mut(call as usize)
    {
        made.callee = of_type.clone();
    }
    value
}
