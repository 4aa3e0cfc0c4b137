//! Kotlin: the shapes of its grammar, which has few named fields, its imports and classes.

use std::sync::Arc;

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr, TYPE_ARGUMENT};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Kotlin,
    shapes: &[
        ("line_comment", Shape::Skip),
        ("block_comment", Shape::Skip),
        ("package_header", Shape::Skip),
        ("type_parameters", Shape::Skip),
        ("import", Shape::Import),
        ("call_expression", Shape::Own),
        ("navigation_expression", Shape::Own),
        ("callable_reference", Shape::Own),
        ("index_expression", Shape::Own),
        ("infix_expression", Shape::Own),
        ("function_declaration", Shape::Own),
        ("anonymous_function", Shape::Own),
        ("secondary_constructor", Shape::Own),
        ("lambda_literal", Shape::Own),
        ("class_declaration", Shape::Own),
        ("object_declaration", Shape::Own),
        ("object_literal", Shape::Own),
        ("companion_object", Shape::Own),
        ("annotation", Shape::Own),
        ("property_declaration", Shape::Own),
        ("assignment", Shape::Own),
        ("for_statement", Shape::Own),
        ("while_statement", Shape::Loop),
        ("do_while_statement", Shape::Loop),
        ("if_expression", Shape::Branch),
        ("when_entry", Shape::Own),
        ("when_subject", Shape::Own),
        ("when_expression", Shape::Switch),
        ("return_expression", Shape::Return),
        ("string_literal", Shape::Text),
        ("multiline_string_literal", Shape::Text),
        ("identifier", Shape::Name),
        ("this_expression", Shape::Own),
        ("super_expression", Shape::Own),
        ("number_literal", Shape::Literal),
        ("boolean_literal", Shape::Literal),
        ("null", Shape::Literal),
        ("collection_literal", Shape::List),
        ("parenthesized_expression", Shape::Wrap),
        ("as_expression", Shape::Own),
        ("unary_expression", Shape::Wrap),
        ("labeled_expression", Shape::Wrap),
        ("annotated_lambda", Shape::Wrap),
        ("binary_expression", Shape::Choice),
        ("try_expression", Shape::Wrap),
        ("spread_expression", Shape::Spread),
        ("function_body", Shape::Own),
        ("block", Shape::Block),
        ("property_delegate", Shape::Wrap),
    ],
    fields: Fields {
        callee: &[],
        arguments: "",
        object: &[],
        member: &[],
        index: &[],
        left: &["left"],
        right: &["right"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "this",
    own,
};

fn named(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children().collect()
}

fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    named(node).into_iter().find(|c| c.kind() == kind)
}

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let parts = named(node);
    let Some(path) = parts.iter().find(|p| p.kind() == "qualified_identifier" || p.kind() == "identifier")
    else {
        return;
    };
    let path_text: String = x.text(*path).split_whitespace().collect();
    if x.text(node).trim_end().ends_with(".*") {
        x.import("", &path_text, Some("*"), node);
        return;
    }
    let alias = parts.iter().find(|p| p.kind() == "identifier" && p.id() != path.id()).map(|p| x.text(*p));
    if let Some((module, item)) = path_text.rsplit_once('.') {
        x.import(alias.unwrap_or(item), module, Some(item), node);
    }
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "call_expression" => call(x, node),
        "navigation_expression" => {
            let parts = named(node);
            let object = parts.first().map_or(Expr::Unknown, |n| x.visit(*n));
            match parts.get(1..).and_then(<[_]>::last) {
                Some(name) => {
                    let text = x.text(*name);
                    x.mention(text, false, *name);
                    Expr::Member(Box::new(object), x.word(text))
                }
                None => object,
            }
        }
        "callable_reference" => {
            let text = x.text(node).trim_end_matches("::class").trim_start_matches("::");
            x.path(&text.replace("::", "."))
        }
        "index_expression" => {
            let parts = named(node);
            let object = parts.first().map_or(Expr::Unknown, |n| x.visit(*n));
            let key = parts.get(1).map(|n| x.visit(*n));
            x.taken(object, key, line(node))
        }
        "infix_expression" => {
            let parts = named(node);
            let values: Vec<Expr> =
                parts.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, part)| x.visit(*part)).collect();
            Expr::Choice(values)
        }
        "function_declaration" | "anonymous_function" | "secondary_constructor" => function(x, node),
        "function_body" => {
            let is_block = node.named_child(0).is_some_and(|n| n.kind() == "block");
            let value = node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
            if is_block { Expr::Unknown } else { value }
        }
        "lambda_literal" => lambda(x, node),
        "class_declaration" | "object_declaration" | "object_literal" => class(x, node),
        "companion_object" => {
            // What it holds is reached by the name of the class.
            if let Some(body) = child(node, "class_body") {
                x.children(body);
            }
            Expr::Unknown
        }
        "annotation" => annotation(x, node),
        "property_declaration" => property(x, node),
        "assignment" => assignment(x, node),
        "for_statement" => each(x, node),
        "when_subject" => asked_about(x, node),
        "when_entry" => way(x, node),
        "this_expression" => Expr::Name(x.word("this")),
        "super_expression" => Expr::Name(x.word("super")),
        "as_expression" => node.child_by_field_name("left").map_or(Expr::Unknown, |n| x.visit(n)),
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

/// What is called and with what. The grammar makes two calls of `post(url) { body() }`, which is one: the block is its
/// last argument.
fn parts_of_call(node: Node<'_>) -> Vec<Node<'_>> {
    let parts = named(node);
    match parts.split_first() {
        Some((inner, [block]))
            if inner.kind() == "call_expression"
                && block.kind() == "annotated_lambda"
                && child(*inner, "value_arguments").is_some() =>
        {
            named(*inner).into_iter().chain([*block]).collect()
        }
        _ => parts,
    }
}

fn call(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parts = parts_of_call(node);
    let Some(target) = parts.first() else { return Expr::Unknown };
    let mut callee = x.visit(*target);
    let mut arguments = Vec::new();
    // An extension function that is imported by name takes what it is called on.
    if let Expr::Member(object, name) = &callee
        && name.starts_with(char::is_lowercase)
        && x.module.imports.iter().any(|import| import.local == *name)
    {
        arguments.push(Argument { name: None, value: (**object).clone() });
        callee = Expr::Name(Arc::clone(name));
    }
    let at = match target.kind() {
        "navigation_expression" => named(*target).last().map_or_else(|| line(*target), |n| line(*n)),
        _ => line(*target),
    };
    for part in &parts[1..] {
        match part.kind() {
            "type_arguments" => {
                let value = x.annotation(*part);
                arguments.push(Argument { name: Some(x.word(TYPE_ARGUMENT)), value });
            }
            "value_arguments" => values(x, *part, &mut arguments),
            _ => {
                let value = x.visit(*part);
                arguments.push(Argument { name: None, value });
            }
        }
    }
    // `listOf(a, b)` is a list, `mapOf("k" to v)` a map.
    if let Expr::Name(name) = &callee
        && arguments.iter().all(|a| a.name.is_none())
    {
        match &**name {
            "listOf" | "setOf" | "arrayOf" | "mutableListOf" | "mutableSetOf" | "listOfNotNull" => {
                return Expr::List(arguments.into_iter().map(|a| a.value).collect());
            }
            "mapOf" | "mutableMapOf" | "hashMapOf" => {
                let entries = arguments.into_iter().map(|a| match a.value {
                    Expr::Choice(mut pair) if pair.len() == 2 => {
                        let value = pair.pop().unwrap_or(Expr::Unknown);
                        match pair.pop() {
                            Some(Expr::Text(key)) => (key, value),
                            _ => ("".into(), value),
                        }
                    }
                    value => ("".into(), value),
                });
                return Expr::Map(entries.collect());
            }
            _ => {}
        }
    }
    x.push_call(callee, arguments, at)
}

fn values(x: &mut Extractor<'_>, list: Node<'_>, arguments: &mut Vec<Argument>) {
    for argument in named(list) {
        let parts = named(argument);
        let has_name = parts.len() > 1 && argument.children().any(|c| c.kind() == "=");
        let name = parts.first().filter(|_| has_name).map(|n| x.text(*n));
        if let Some((name, at)) = name.zip(parts.first()) {
            x.mention(name, false, *at);
        }
        let value = parts.last().map_or(Expr::Unknown, |n| x.visit(*n));
        arguments.push(Argument { name: name.map(|n| x.word(n)), value });
    }
}

fn annotation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(invocation) = child(node, "constructor_invocation") else {
        return x.annotation(node);
    };
    let callee = invocation.named_child(0).map_or(Expr::Unknown, |n| x.annotation(n));
    let mut arguments = Vec::new();
    if let Some(list) = child(invocation, "value_arguments") {
        values(x, list, &mut arguments);
    }
    x.push_call(callee, arguments, line(node))
}

fn annotations(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<Expr> {
    let Some(modifiers) = child(node, "modifiers") else { return Vec::new() };
    named(modifiers).into_iter().filter(|m| m.kind() == "annotation").map(|m| x.visit(m)).collect()
}

/// The name and the type of a parameter or variable.
fn declared(x: &mut Extractor<'_>, node: Node<'_>) -> (Arc<str>, Option<Expr>) {
    let parts = named(node);
    let name = parts.iter().find(|p| p.kind() == "identifier").map(|p| x.text(*p)).unwrap_or_default();
    let of_type = parts.iter().find(|p| p.kind().ends_with("_type") || p.kind() == "type");
    let of_type = of_type.map(|t| x.annotation(*t)).filter(|t| *t != Expr::Unknown);
    (x.word(name), of_type)
}

fn function(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = annotations(x, node);
    let parameters = match child(node, "function_value_parameters") {
        Some(list) => {
            let mut parameters: Vec<(Arc<str>, Option<Expr>)> = Vec::new();
            for part in named(list) {
                match (part.kind(), parameters.last()) {
                    ("parameter", _) => parameters.push(declared(x, part)),
                    ("parameter_modifiers", _) | (_, None) => {}
                    // The default of a parameter stands beside it.
                    (_, Some((name, _))) => x.default(&Arc::clone(name), part),
                }
            }
            parameters
        }
        None => Vec::new(),
    };
    let name = match node.kind() {
        "secondary_constructor" => "constructor",
        _ => node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default(),
    };
    x.module.is_script |= name == "main" && x.class.is_none();
    let name = x.word(name);
    let class = x.class.filter(|_| x.function.is_none());
    let body = child(node, "function_body").or_else(|| child(node, "block"));
    x.define(Definition { name, class, parameters, decorators, node, body })
}

fn lambda(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parameters = match child(node, "lambda_parameters") {
        Some(list) => named(list).into_iter().map(|p| declared(x, p)).collect(),
        None => vec![(x.word("it"), None)],
    };
    let name = x.word("");
    let made =
        x.define(Definition { name, class: None, parameters, decorators: Vec::new(), node, body: None });
    let Expr::Function(id) = made else { return made };
    let outer = (x.function.replace(id), x.innermost.take(), x.branch.take());
    let statements = named(node).into_iter().filter(|c| c.kind() != "lambda_parameters");
    let last = statements.map(|statement| x.visit(statement)).last();
    x.returns(last.unwrap_or(Expr::Unknown));
    (x.function, x.innermost, x.branch) = outer;
    made
}

fn class(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = annotations(x, node);
    let mut bases = Vec::new();
    if let Some(list) = child(node, "delegation_specifiers") {
        for specifier in named(list) {
            bases.push(x.annotation(specifier));
        }
    }
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let at = node.child_by_field_name("name").map_or_else(|| line(node), line);
    let class = x.new_class(name, bases, decorators, at);
    x.inside(class, |x| {
        if let Some(list) = child(node, "primary_constructor").and_then(|c| child(c, "class_parameters")) {
            for parameter in named(list) {
                let (name, of_type) = declared(x, parameter);
                let default = named(parameter).into_iter().next_back().filter(|last| {
                    !matches!(last.kind(), "identifier" | "modifiers") && !last.kind().ends_with("type")
                });
                let default = default.map(|d| x.visit(d));
                x.push_declared(&name, true, default, of_type.unwrap_or(Expr::Unknown), line(parameter));
            }
        }
        for body in ["class_body", "enum_class_body"] {
            if let Some(body) = child(node, body) {
                x.children(body);
            }
        }
    });
    Expr::Class(class)
}

fn property(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    annotations(x, node);
    let on_self = x.function.is_none() && x.class.is_some();
    let parts = named(node);
    let variable = parts.iter().find(|p| p.kind() == "variable_declaration");
    let mut value = None;
    for part in &parts {
        match part.kind() {
            "modifiers" | "variable_declaration" | "type_parameters" => {}
            "multi_variable_declaration" => {
                for variable in named(*part) {
                    let (name, of_type) = declared(x, variable);
                    x.push_declared(&name, on_self, None, of_type.unwrap_or(Expr::Unknown), line(node));
                }
            }
            kind => {
                let found = x.member_value(*part);
                if !matches!(kind, "getter" | "setter") {
                    value = Some(found);
                }
            }
        }
    }
    if let Some(variable) = variable {
        let (name, of_type) = declared(x, *variable);
        x.mention(&name, false, *variable);
        x.push_declared(&name, on_self, value, of_type.unwrap_or(Expr::Unknown), line(node));
    }
    Expr::Unknown
}

fn assignment(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let value = node.child_by_field_name("right").map_or(Expr::Unknown, |n| x.visit(n));
    if let Some(left) = node.child_by_field_name("left") {
        let text = x.text(left);
        if left.kind() == "identifier" {
            x.push_assigned(text, false, value.clone(), line(node));
        } else if let Some(name) = text.strip_prefix("this.").filter(|n| !n.contains('.')) {
            x.push_binding(name, true, value.clone(), line(node));
        } else {
            let target = x.visit(left);
            x.set(target, value.clone(), line(node));
        }
    }
    value
}

fn each(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parts = named(node);
    let is_head = |p: &&Node<'_>| matches!(p.kind(), "variable_declaration" | "multi_variable_declaration");
    let variable = parts.iter().find(is_head).copied();
    let mut rest = parts.iter().filter(|p| !is_head(p) && p.kind() != "annotation");
    let over = rest.next().map_or(Expr::Unknown, |n| x.visit(*n));
    if let Some(variable) = variable {
        let element = over.element();
        let (name, of_type) = declared(x, variable);
        x.push_declared(&name, false, Some(element), of_type.unwrap_or(Expr::Unknown), line(node));
    }
    x.repeated(node, false, |x| {
        for body in rest {
            x.visit(*body);
        }
    });
    Expr::Unknown
}

/// What a `when` asks about: a value, or a variable that it is bound to: `when (val name = call.name)`.
fn asked_about(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parts = named(node);
    let Some(value) = parts.iter().rfind(|p| p.kind() != "variable_declaration") else {
        return Expr::Unknown;
    };
    let found = x.visit(*value);
    if let Some(variable) = parts.iter().find(|p| p.kind() == "variable_declaration") {
        let (name, of_type) = declared(x, *variable);
        x.push_declared(&name, false, Some(found.clone()), of_type.unwrap_or(Expr::Unknown), line(node));
    }
    found
}

/// One way of a `when`: the texts before its arrow are what the subject is compared with.
fn way(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let conditions: Vec<Node<'_>> = node.children_by_field_name("condition").collect();
    let body = named(node).into_iter().rfind(|part| conditions.iter().all(|c| c.id() != part.id()));
    let outer = std::mem::replace(&mut x.in_condition, true);
    for condition in &conditions {
        x.visit(*condition);
    }
    x.in_condition = outer;
    let subject = node.parent().and_then(|around| child(around, "when_subject"));
    let mut texts = Vec::new();
    let mut subjects = Vec::new();
    for condition in &conditions {
        if !x.text(*condition).contains('!') {
            texts.extend(x.texts_in(*condition));
        }
        // Without a subject, each way has a condition of its own.
        if subject.is_none() {
            subjects.extend(x.names_in(*condition));
        }
    }
    subjects.extend(subject.into_iter().flat_map(|subject| x.names_in(subject)));
    let Some(body) = body else { return Expr::Unknown };
    x.branched(|x| {
        x.asked(&texts);
        x.asked_of(&subjects);
        x.visit(body)
    })
}

/// The source with a line break before each `}` that ends a line with a function: the grammar does not see where a
/// function without a body ends there, as in `interface Tool { fun run(): String }`. A lone `\r` moves no line. `None`
/// where there is none.
pub(super) fn with_breaks(source: &[u8]) -> Option<Vec<u8>> {
    let mut plain: Option<Vec<u8>> = None;
    let mut begin = 0;
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        if line.windows(4).any(|word| word == b"fun ") {
            for (at, _) in line.windows(2).enumerate().filter(|(_, pair)| *pair == b" }") {
                plain.get_or_insert_with(|| source.to_vec())[begin + at] = b'\r';
            }
        }
        begin += line.len();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::with_breaks;

    #[test]
    fn one_line_is_broken_before_its_end() {
        let plain =
            |text: &str| with_breaks(text.as_bytes()).map(|text| String::from_utf8(text).expect("text"));
        let text = "interface A { fun b(): C }\nval d = { }\n";
        assert_eq!(plain(text).as_deref(), Some("interface A { fun b(): C\r}\nval d = { }\n"));
        assert_eq!(["val d = { }", "fun a() {\n}", "fun ", ""].map(plain), [const { None }; 4]);
    }
}
