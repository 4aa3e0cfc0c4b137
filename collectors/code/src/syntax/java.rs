//! Java: the shapes of its grammar, its imports, annotations and classes.

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Java,
    shapes: &[
        ("line_comment", Shape::Skip),
        ("block_comment", Shape::Skip),
        ("package_declaration", Shape::Skip),
        ("type_parameters", Shape::Skip),
        ("import_declaration", Shape::Import),
        ("method_invocation", Shape::Own),
        ("object_creation_expression", Shape::Own),
        ("explicit_constructor_invocation", Shape::Other),
        ("method_reference", Shape::Own),
        ("class_literal", Shape::Own),
        ("field_access", Shape::Member),
        ("scoped_identifier", Shape::Own),
        ("array_access", Shape::Index),
        ("method_declaration", Shape::Own),
        ("constructor_declaration", Shape::Own),
        ("compact_constructor_declaration", Shape::Own),
        ("lambda_expression", Shape::Function),
        ("class_declaration", Shape::Own),
        ("interface_declaration", Shape::Own),
        ("record_declaration", Shape::Own),
        ("enum_declaration", Shape::Own),
        ("annotation_type_declaration", Shape::Skip),
        ("annotation", Shape::Own),
        ("marker_annotation", Shape::Own),
        ("local_variable_declaration", Shape::Own),
        ("field_declaration", Shape::Own),
        ("constant_declaration", Shape::Own),
        ("resource", Shape::Own),
        ("assignment_expression", Shape::Assign),
        ("enhanced_for_statement", Shape::Own),
        ("for_statement", Shape::Loop),
        ("while_statement", Shape::Loop),
        ("do_statement", Shape::Loop),
        ("if_statement", Shape::Branch),
        ("switch_block_statement_group", Shape::Branch),
        ("switch_rule", Shape::Branch),
        ("return_statement", Shape::Return),
        ("yield_statement", Shape::Wrap),
        ("expression_statement", Shape::Wrap),
        ("string_literal", Shape::Text),
        ("identifier", Shape::Name),
        ("type_identifier", Shape::Name),
        ("this", Shape::Name),
        ("super", Shape::Name),
        ("true", Shape::Literal),
        ("false", Shape::Literal),
        ("null_literal", Shape::Literal),
        ("decimal_integer_literal", Shape::Literal),
        ("decimal_floating_point_literal", Shape::Literal),
        ("array_initializer", Shape::List),
        ("element_value_array_initializer", Shape::List),
        ("array_creation_expression", Shape::Own),
        ("parenthesized_expression", Shape::Wrap),
        ("cast_expression", Shape::Own),
        ("ternary_expression", Shape::Choice),
        ("binary_expression", Shape::Choice),
        ("switch_expression", Shape::Switch),
    ],
    fields: Fields {
        callee: &["name"],
        arguments: "arguments",
        object: &["object", "array"],
        member: &["field"],
        index: &["index"],
        left: &["left", "name"],
        right: &["right", "value"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "this",
    own,
};

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let mut path = "";
    let mut star = false;
    for child in node.named_children() {
        match child.kind() {
            "asterisk" => star = true,
            "identifier" | "scoped_identifier" => path = x.text(child),
            _ => {}
        }
    }
    if star {
        x.import("", path, Some("*"), node);
    } else if let Some((module, item)) = path.rsplit_once('.') {
        x.import(item, module, Some(item), node);
    }
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "method_invocation" => invocation(x, node),
        "object_creation_expression" => creation(x, node),
        "method_reference" => {
            let object = node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
            match x.text(node).rsplit("::").next().map(str::trim) {
                Some("new") | None => object,
                Some(name) => Expr::Member(Box::new(object), x.word(name)),
            }
        }
        "class_literal" => node.named_child(0).map_or(Expr::Unknown, |n| x.annotation(n)),
        "scoped_identifier" => x.path(x.text(node)),
        "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
            method(x, node)
        }
        "class_declaration" | "interface_declaration" | "record_declaration" | "enum_declaration" => {
            class(x, node)
        }
        "annotation" | "marker_annotation" => annotation(x, node),
        "local_variable_declaration" | "field_declaration" | "constant_declaration" => declaration(x, node),
        "resource" => {
            declare(x, node, node.child_by_field_name("type"), None);
            Expr::Unknown
        }
        "enhanced_for_statement" => each(x, node),
        "cast_expression" => node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n)),
        "array_creation_expression" => {
            node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n))
        }
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

fn invocation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.child_by_field_name("name") else { return Expr::Unknown };
    let object = node.child_by_field_name("object").map(|n| x.visit(n));
    let text = x.text(name);
    x.mention(text, false, name);
    let callee = match object {
        Some(object) => Expr::Member(Box::new(object), x.word(text)),
        None => Expr::Name(x.word(text)),
    };
    let mut arguments = Vec::new();
    if let Some(list) = node.child_by_field_name("arguments") {
        x.arguments(list, &mut arguments);
    }
    // `List.of(a, b)` is a list, `Map.of("k", v)` a map.
    if let Expr::Member(object, method) = &callee
        && let Expr::Name(holder) = &**object
        && arguments.iter().all(|a| a.name.is_none())
    {
        match (&**holder, &**method) {
            ("List" | "Set" | "ImmutableList" | "ImmutableSet" | "Stream", "of")
            | ("Arrays", "asList")
            | ("Collections", "singletonList") => {
                return Expr::List(arguments.into_iter().map(|a| a.value).collect());
            }
            ("Map" | "ImmutableMap", "of") => {
                let pairs = arguments.chunks_exact(2).map(|pair| match &pair[0].value {
                    Expr::Text(key) => (std::sync::Arc::clone(key), pair[1].value.clone()),
                    _ => ("".into(), pair[1].value.clone()),
                });
                return Expr::Map(pairs.collect());
            }
            _ => {}
        }
    }
    x.push_call(callee, arguments, line(name))
}

fn creation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let of_type = node.child_by_field_name("type");
    let made = of_type.map_or(Expr::Unknown, |n| x.constructed(n));
    let mut arguments = Vec::new();
    if let Some(list) = node.child_by_field_name("arguments") {
        x.arguments(list, &mut arguments);
    }
    let at = line(of_type.unwrap_or(node));
    let body = node.named_children().find(|child| child.kind() == "class_body");
    let callee = match body {
        // An anonymous class extends what it is made from.
        Some(body) => {
            let class = x.new_class("", vec![made], Vec::new(), at);
            x.inside(class, |x| x.children(body));
            Expr::Class(class)
        }
        None => made,
    };
    x.push_call(callee, arguments, at)
}

/// The annotations before a definition.
fn annotations(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<Expr> {
    let Some(modifiers) = node.named_children().find(|c| c.kind() == "modifiers") else {
        return Vec::new();
    };
    x.values(modifiers)
}

fn annotation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.child_by_field_name("name") else { return Expr::Unknown };
    let callee = x.path(x.text(name));
    let Some(list) = node.child_by_field_name("arguments") else { return callee };
    let mut arguments = Vec::new();
    for child in list.named_children() {
        let (name, value) = match (child.child_by_field_name("key"), child.child_by_field_name("value")) {
            (Some(key), Some(value)) if child.kind() == "element_value_pair" => (Some(x.text(key)), value),
            _ => (None, child),
        };
        let value = x.visit(value);
        arguments.push(Argument { name: name.map(|n| x.word(n)), value });
    }
    x.push_call(callee, arguments, line(node))
}

fn method(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = annotations(x, node);
    let parameters = x.parameters(node);
    settings(x, node);
    let name = match node.kind() {
        "method_declaration" => node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default(),
        _ => "constructor",
    };
    x.module.is_script |= name == "main";
    let name = x.word(name);
    let class = x.class.filter(|_| x.function.is_none());
    x.define(Definition { name, class, parameters, decorators, node, body: node.child_by_field_name("body") })
}

fn class(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = annotations(x, node);
    let mut bases = Vec::new();
    let lists: Vec<Node<'_>> = node
        .named_children()
        .filter(|c| matches!(c.kind(), "superclass" | "super_interfaces" | "extends_interfaces"))
        .collect();
    for list in lists {
        let mut types: Vec<Node<'_>> = list.named_children().collect();
        if let [only] = types[..]
            && only.kind() == "type_list"
        {
            types = only.named_children().collect();
        }
        bases.extend(types.into_iter().map(|of_type| x.annotation(of_type)));
    }
    // The components of a record are its fields.
    let fields = x.parameters(node);
    x.class_with_fields(node, bases, decorators, fields)
}

/// What a setting is where nothing sets it, as annotations of Spring, Micronaut and MicroProfile say it:
/// `@Value("${model.url:https://…}")`, `@ConfigProperty(defaultValue = "…")`.
fn setting(x: &Extractor<'_>, annotations: &[Expr]) -> Option<Expr> {
    annotations.iter().find_map(|annotation| {
        let Expr::Call(call) = annotation else { return None };
        let call = x.module.call(*call);
        let (Expr::Name(name) | Expr::Member(_, name)) = &call.callee else { return None };
        let named = |wanted: &str| {
            let argument = call.arguments.iter().find(|a| a.name.as_deref().unwrap_or("value") == wanted);
            argument.and_then(|a| if let Expr::Text(text) = &a.value { Some(&**text) } else { None })
        };
        let text = match &**name {
            "Value" => named("value")?.strip_prefix("${")?.strip_suffix('}')?.split_once(':')?.1,
            "ConfigProperty" => named("defaultValue")?,
            _ => return None,
        };
        Some(Expr::Text(text.into()))
    })
}

/// Parameters that a container fills with settings.
fn settings(x: &mut Extractor<'_>, node: Node<'_>) {
    let Some(list) = node.child_by_field_name("parameters") else { return };
    let parts: Vec<Node<'_>> = list.named_children().collect();
    for part in parts {
        let text = x.text(part);
        if text.contains("@Value") || text.contains("@ConfigProperty") {
            let annotations = annotations(x, part);
            let name = part.child_by_field_name("name").map(|n| x.word(x.text(n)));
            if let (Some(name), Some(setting)) = (name, setting(x, &annotations)) {
                x.defaults.push((name, setting));
            }
        }
    }
}

fn declaration(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let annotations = annotations(x, node);
    let setting = setting(x, &annotations);
    let of_type = node.child_by_field_name("type");
    let declarators: Vec<Node<'_>> = node.children_by_field_name("declarator").collect();
    for declarator in declarators {
        declare(x, declarator, of_type, setting.clone());
    }
    Expr::Unknown
}

fn declare(x: &mut Extractor<'_>, declarator: Node<'_>, of_type: Option<Node<'_>>, setting: Option<Expr>) {
    let value = declarator.child_by_field_name("value").map(|n| x.member_value(n)).or(setting);
    let of_type = of_type.filter(|t| x.text(*t) != "var").map_or(Expr::Unknown, |t| x.annotation(t));
    let Some(name) = declarator.child_by_field_name("name") else { return };
    let on_self = x.function.is_none() && x.class.is_some();
    x.mention(x.text(name), false, name);
    x.push_declared(x.text(name), on_self, value, of_type, line(declarator));
}

fn each(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let over = node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n));
    if let Some(name) = node.child_by_field_name("name") {
        let element = over.element();
        let of_type = node.child_by_field_name("type").map_or(Expr::Unknown, |t| x.annotation(t));
        x.push_declared(x.text(name), false, Some(element), of_type, line(node));
    }
    x.repeated(node, false, |x| {
        if let Some(body) = node.child_by_field_name("body") {
            x.visit(body);
        }
    });
    Expr::Unknown
}
