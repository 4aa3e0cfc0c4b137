//! PHP: the shapes of its grammar, its namespaces, arrays, attributes and properties.

use std::sync::Arc;

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, MAX_ELEMENTS, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Php,
    shapes: &[
        ("comment", Shape::Skip),
        ("text", Shape::Skip),
        ("namespace_use_declaration", Shape::Import),
        ("include_expression", Shape::Own),
        ("include_once_expression", Shape::Own),
        ("require_expression", Shape::Own),
        ("require_once_expression", Shape::Own),
        ("function_call_expression", Shape::Own),
        ("member_call_expression", Shape::Own),
        ("nullsafe_member_call_expression", Shape::Own),
        ("scoped_call_expression", Shape::Own),
        ("object_creation_expression", Shape::Own),
        ("member_access_expression", Shape::Member),
        ("nullsafe_member_access_expression", Shape::Member),
        ("scoped_property_access_expression", Shape::Own),
        ("class_constant_access_expression", Shape::Own),
        ("subscript_expression", Shape::Own),
        ("shell_command_expression", Shape::Own),
        ("function_definition", Shape::Own),
        ("method_declaration", Shape::Own),
        ("anonymous_function", Shape::Own),
        ("anonymous_function_creation_expression", Shape::Own),
        ("arrow_function", Shape::Own),
        ("class_declaration", Shape::Own),
        ("interface_declaration", Shape::Own),
        ("trait_declaration", Shape::Own),
        ("enum_declaration", Shape::Own),
        ("property_declaration", Shape::Own),
        ("const_declaration", Shape::Own),
        ("attribute", Shape::Own),
        ("assignment_expression", Shape::Own),
        ("augmented_assignment_expression", Shape::Augmented),
        ("foreach_statement", Shape::Own),
        ("for_statement", Shape::Loop),
        ("while_statement", Shape::Loop),
        ("do_statement", Shape::Loop),
        ("if_statement", Shape::Branch),
        ("else_if_clause", Shape::Branch),
        ("case_statement", Shape::Branch),
        ("default_statement", Shape::Branch),
        ("match_conditional_expression", Shape::Own),
        ("match_default_expression", Shape::Own),
        ("match_expression", Shape::Own),
        ("match_block", Shape::Choice),
        ("return_statement", Shape::Return),
        ("string", Shape::Text),
        ("encapsed_string", Shape::Text),
        ("heredoc", Shape::Text),
        ("nowdoc", Shape::Text),
        ("variable_name", Shape::Own),
        ("name", Shape::Name),
        ("qualified_name", Shape::Own),
        ("boolean", Shape::Literal),
        ("null", Shape::Literal),
        ("integer", Shape::Literal),
        ("float", Shape::Literal),
        ("array_creation_expression", Shape::Own),
        ("variadic_unpacking", Shape::Spread),
        ("parenthesized_expression", Shape::Wrap),
        ("cast_expression", Shape::Own),
        ("clone_expression", Shape::Wrap),
        ("error_suppression_expression", Shape::Wrap),
        ("unary_op_expression", Shape::Wrap),
        ("conditional_expression", Shape::Choice),
        ("binary_expression", Shape::Choice),
    ],
    fields: Fields {
        callee: &["function"],
        arguments: "arguments",
        object: &["object"],
        member: &["name"],
        index: &[],
        left: &["left"],
        right: &["right"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "$this",
    own,
};

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    let prefix = node.named_children().find(|c| c.kind() == "namespace_name");
    let prefix = prefix.map(|n| dotted(x.text(n))).unwrap_or_default();
    let mut stack = vec![node];
    while let Some(part) = stack.pop() {
        if part.kind() != "namespace_use_clause" {
            stack.extend(part.named_children());
            continue;
        }
        let alias = part.child_by_field_name("alias");
        let path = part.named_children().find(|c| Some(c.id()) != alias.map(Node::id));
        let Some(path) = path.map(|p| dotted(x.text(p))) else { continue };
        let path = if prefix.is_empty() { path } else { format!("{prefix}.{path}") };
        let last = path.rsplit('.').next().unwrap_or(&path).to_owned();
        let local = alias.map_or(last, |a| x.text(a).to_owned());
        match path.rsplit_once('.') {
            Some((module, item)) => x.import(&local, module, Some(item), part),
            None => x.import(&local, &path, None, part),
        }
    }
}

/// A file that is read in: all that it names at its top is there from then on.
fn included(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let path = match node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n)) {
        Expr::Text(path) => Some(path),
        // `__DIR__ . '/tools.php'`
        Expr::Choice(parts) => match parts.last() {
            Some(Expr::Text(path)) if path.starts_with('/') => Some(Arc::clone(path)),
            _ => None,
        },
        _ => None,
    };
    if let Some(path) = path.filter(|path| !path.contains(['$', '{'])) {
        x.import("", &format!("./{}", path.trim_start_matches('/')), Some("*"), node);
    }
    Expr::Unknown
}

fn dotted(path: &str) -> String {
    path.trim_start_matches('\\').replace('\\', ".")
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "include_expression"
        | "include_once_expression"
        | "require_expression"
        | "require_once_expression" => included(x, node),
        "function_call_expression" => {
            let callee = node.child_by_field_name("function").map_or(Expr::Unknown, |n| x.visit(n));
            called(x, node, callee, line(node))
        }
        "member_call_expression" | "nullsafe_member_call_expression" => {
            let object = node.child_by_field_name("object").map_or(Expr::Unknown, |n| x.visit(n));
            member(x, node, object)
        }
        "scoped_call_expression" => {
            let object = node.child_by_field_name("scope").map_or(Expr::Unknown, |n| scope(x, n));
            member(x, node, object)
        }
        "object_creation_expression" => creation(x, node),
        "scoped_property_access_expression" => {
            let object = node.child_by_field_name("scope").map_or(Expr::Unknown, |n| scope(x, n));
            let name = node.child_by_field_name("name").map(|n| x.text(n).trim_start_matches('$'));
            Expr::Member(Box::new(object), x.word(name.unwrap_or_default()))
        }
        "class_constant_access_expression" => {
            let object = node.named_child(0).map_or(Expr::Unknown, |n| scope(x, n));
            match node.named_child(1).map(|n| x.text(n)) {
                Some("class") | None => object,
                Some(name) => Expr::Member(Box::new(object), x.word(name)),
            }
        }
        "subscript_expression" => {
            let object = node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
            let key = node.named_child(1).map(|n| x.visit(n));
            x.taken(object, key, line(node))
        }
        "shell_command_expression" => {
            let given = x.string(node);
            let callee = Expr::Name(x.word("shell_exec"));
            x.push_call(callee, vec![Argument { name: None, value: given }], line(node))
        }
        "function_definition"
        | "method_declaration"
        | "anonymous_function"
        | "anonymous_function_creation_expression"
        | "arrow_function" => function(x, node),
        "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration" => {
            let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
            class(x, node, name)
        }
        "property_declaration" => property(x, node),
        "const_declaration" => constant(x, node),
        "attribute" => attribute(x, node),
        "assignment_expression" => assign(x, node),
        "foreach_statement" => each(x, node),
        "match_expression" => {
            node.child_by_field_name("condition").map(|n| x.visit(n));
            node.child_by_field_name("body").map_or(Expr::Unknown, |n| x.visit(n))
        }
        "match_conditional_expression" | "match_default_expression" => x.branched(|x| {
            let asked = node.child_by_field_name("conditional_expressions");
            let texts = asked.map(|n| x.texts_in(n)).unwrap_or_default();
            x.asked(&texts);
            if let Some(conditions) = node.child_by_field_name("conditional_expressions") {
                x.children(conditions);
            }
            node.child_by_field_name("return_expression").map_or(Expr::Unknown, |n| x.visit(n))
        }),
        "variable_name" => {
            let name = x.text(node).trim_start_matches('$');
            x.mention(name, false, node);
            Expr::Name(x.word(name))
        }
        "qualified_name" => x.path(x.text(node)),
        "array_creation_expression" => array(x, node),
        "cast_expression" => node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n)),
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

/// What stands before `::`: `self` and `static` are the class around it.
fn scope(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match x.text(node) {
        "self" | "static" => Expr::Name(x.word("this")),
        "parent" => Expr::Name(x.word("super")),
        text if node.kind() == "qualified_name" || node.kind() == "name" => {
            let path = dotted(text);
            // A class that is written out needs no `use`.
            if text.starts_with('\\') {
                x.import("", &path, None, node);
            }
            x.path(text)
        }
        _ => x.visit(node),
    }
}

fn member(x: &mut Extractor<'_>, node: Node<'_>, object: Expr) -> Expr {
    let Some(name) = node.child_by_field_name("name") else { return object };
    // `$this->{$name}(…)`: the method is only known at run time.
    if name.kind() != "name" {
        let key = x.visit(name);
        x.lookup(&object, key, line(name));
        return called(x, node, object, line(name));
    }
    let text = x.text(name);
    x.mention(text, false, name);
    let callee = Expr::Member(Box::new(object), x.word(text));
    called(x, node, callee, line(name))
}

fn called(x: &mut Extractor<'_>, node: Node<'_>, callee: Expr, at: u32) -> Expr {
    let mut arguments = Vec::new();
    if let Some(list) = node.child_by_field_name("arguments") {
        // `$this->send(...)` is the method itself.
        if list.named_child(0).is_some_and(|only| only.kind() == "variadic_placeholder") {
            return callee;
        }
        listed(x, list, &mut arguments);
    }
    // `define('ADDRESS', 'https://…')` is a constant.
    if let (Expr::Name(name), [constant, value, ..]) = (&callee, &arguments[..])
        && &**name == "define"
        && let Expr::Text(constant) = &constant.value
    {
        let (constant, value) = (constant.clone(), value.value.clone());
        x.push_binding(&constant, false, value, at);
    }
    // `preg_match($pattern, $text, $found)` is what binds `$found`.
    let found = match (&callee, &arguments[..]) {
        (Expr::Name(name), [_, _, found, ..]) if name.starts_with("preg_match") => match &found.value {
            Expr::Name(variable) => Some(variable.clone()),
            _ => None,
        },
        _ => None,
    };
    let value = x.push_call(callee, arguments, at);
    if let Some(variable) = found {
        x.push_binding(&variable, false, value.clone(), at);
    }
    value
}

fn listed(x: &mut Extractor<'_>, list: Node<'_>, arguments: &mut Vec<Argument>) {
    for child in list.named_children().filter(|c| c.kind() == "argument") {
        let named = child.child_by_field_name("name");
        let value = child.named_children().filter(|c| Some(c.id()) != named.map(Node::id)).last();
        let value = value.map_or(Expr::Unknown, |n| x.visit(n));
        if let Some(name) = named {
            x.mention(x.text(name), false, name);
        }
        if arguments.len() < MAX_ELEMENTS {
            arguments.push(Argument { name: named.map(|n| x.word(x.text(n))), value });
        }
    }
}

fn creation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parts: Vec<Node<'_>> = node.named_children().collect();
    let mut callee = Expr::Unknown;
    let mut arguments = Vec::new();
    for part in parts {
        match part.kind() {
            "arguments" => listed(x, part, &mut arguments),
            "anonymous_class" => callee = class(x, part, ""),
            "name" | "qualified_name" => callee = scope(x, part),
            _ => callee = x.visit(part),
        }
    }
    x.push_call(callee, arguments, line(node))
}

fn attributes(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<Expr> {
    let mut all = Vec::new();
    let mut stack: Vec<Node<'_>> = node.child_by_field_name("attributes").into_iter().collect();
    while let Some(part) = stack.pop() {
        if part.kind() == "attribute" {
            all.push(x.visit(part));
        } else {
            stack.extend(part.named_children());
        }
    }
    all
}

fn attribute(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.named_child(0) else { return Expr::Unknown };
    let callee = x.path(x.text(name));
    let Some(list) = node.child_by_field_name("parameters") else { return callee };
    let mut arguments = Vec::new();
    listed(x, list, &mut arguments);
    x.push_call(callee, arguments, line(node))
}

fn parameters(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<(Arc<str>, Option<Expr>)> {
    let Some(list) = node.child_by_field_name("parameters") else { return Vec::new() };
    let mut all = Vec::new();
    for part in list.named_children() {
        let of_type = part.child_by_field_name("type").map(|t| x.annotation(t));
        let of_type = of_type.filter(|t| *t != Expr::Unknown);
        let name = part.child_by_field_name("name").map(|n| x.text(n).trim_start_matches(['&', '$']));
        let name = name.unwrap_or_default();
        if let Some(default) = part.child_by_field_name("default_value") {
            x.default(name, default);
        }
        // A promoted parameter is a property as well.
        if part.kind() == "property_promotion_parameter" {
            x.push_declared(name, true, None, of_type.clone().unwrap_or(Expr::Unknown), line(part));
        }
        all.push((x.word(name), of_type));
    }
    all
}

fn function(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = attributes(x, node);
    let parameters = parameters(x, node);
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let name = x.word(if name == "__construct" { "constructor" } else { name });
    let class = x.class.filter(|_| x.function.is_none() && node.kind() == "method_declaration");
    shared(x, node);
    x.define(Definition { name, class, parameters, decorators, node, body: node.child_by_field_name("body") })
}

/// `function ($part) use (&$answer)`: when it runs, the variable around it is changed, and to what does not stand here.
fn shared(x: &mut Extractor<'_>, node: Node<'_>) {
    let clauses = node.named_children().filter(|c| c.kind() == "anonymous_function_use_clause");
    for clause in clauses.collect::<Vec<_>>() {
        for variable in clause.named_children().filter(|c| c.kind() == "by_ref") {
            if let Some(name) = variable.named_child(0).filter(|name| name.kind() == "variable_name") {
                let target = x.visit(name);
                x.push_update(target, Expr::Unknown, line(name));
            }
        }
    }
}

fn class(x: &mut Extractor<'_>, node: Node<'_>, name: &str) -> Expr {
    let decorators = attributes(x, node);
    let body = node.child_by_field_name("body");
    let mut lists: Vec<Node<'_>> = Vec::new();
    lists.extend(
        node.named_children().filter(|c| matches!(c.kind(), "base_clause" | "class_interface_clause")),
    );
    if let Some(body) = body {
        lists.extend(body.named_children().filter(|c| c.kind() == "use_declaration"));
    }
    let mut bases = Vec::new();
    for list in lists {
        let names: Vec<Node<'_>> = list.named_children().filter(|c| c.kind().ends_with("name")).collect();
        bases.extend(names.into_iter().map(|n| scope(x, n)));
    }
    let at = node.child_by_field_name("name").map_or_else(|| line(node), line);
    let class = x.new_class(name, bases, decorators, at);
    x.inside(class, |x| {
        if let Some(body) = body {
            x.children(body);
        }
    });
    Expr::Class(class)
}

fn property(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let of_type = node.child_by_field_name("type").map_or(Expr::Unknown, |t| x.annotation(t));
    let elements: Vec<Node<'_>> = node.named_children().filter(|c| c.kind() == "property_element").collect();
    for element in elements {
        let value = element.child_by_field_name("default_value").map(|n| x.visit(n));
        let name = element.child_by_field_name("name").map(|n| x.text(n).trim_start_matches('$'));
        x.push_declared(name.unwrap_or_default(), true, value, of_type.clone(), line(element));
    }
    Expr::Unknown
}

fn constant(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let elements: Vec<Node<'_>> = node.named_children().filter(|c| c.kind() == "const_element").collect();
    for element in elements {
        let value = element.named_child(1).map_or(Expr::Unknown, |n| x.visit(n));
        let name = element.named_child(0).map(|n| x.text(n)).unwrap_or_default();
        let on_self = x.class.is_some() && x.function.is_none();
        x.push_binding(name, on_self, value, line(element));
    }
    Expr::Unknown
}

fn assign(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let value = node.child_by_field_name("right").map_or(Expr::Unknown, |n| x.visit(n));
    let Some(left) = node.child_by_field_name("left") else { return value };
    match left.kind() {
        "variable_name" => {
            let name = x.text(left).trim_start_matches('$');
            x.mention(name, false, left);
            x.push_binding(name, false, value.clone(), line(node));
        }
        "scoped_property_access_expression" => {
            let name = left.child_by_field_name("name").map(|n| x.text(n).trim_start_matches('$'));
            x.push_binding(name.unwrap_or_default(), true, value.clone(), line(node));
        }
        // `$messages[] = $x` adds to `$messages`.
        "subscript_expression" if left.named_child_count() == 1 => {
            let target = left.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
            x.push_update(target, value.clone(), line(node));
        }
        _ => x.bind(left, value.clone(), line(node)),
    }
    value
}

fn each(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let body = node.child_by_field_name("body");
    let heads: Vec<Node<'_>> = node.named_children().filter(|c| Some(c.id()) != body.map(Node::id)).collect();
    let over = heads.first().map_or(Expr::Unknown, |n| x.visit(*n));
    if let Some(target) = heads.get(1) {
        let element = over.element();
        let target = if target.kind() == "pair" { target.named_child(1).unwrap_or(*target) } else { *target };
        if target.kind() == "variable_name" {
            x.push_binding(x.text(target).trim_start_matches('$'), false, element, line(node));
        }
    }
    x.repeated(node, false, |x| {
        if let Some(body) = body {
            x.visit(body);
        }
    });
    Expr::Unknown
}

fn array(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
    let mut elements = Vec::new();
    for element in node.named_children().filter(|c| c.kind() == "array_element_initializer") {
        match (element.named_child(0), element.named_child(1)) {
            (Some(key), Some(value)) => {
                let key = match x.visit(key) {
                    Expr::Text(text) => text,
                    // `CURLOPT_URL => $address`
                    Expr::Name(constant) if key.kind() == "name" => constant,
                    _ => "".into(),
                };
                entries.push((key, x.visit(value)));
            }
            (Some(value), None) => elements.push(x.visit(value)),
            _ => {}
        }
        if entries.len() + elements.len() >= MAX_ELEMENTS {
            break;
        }
    }
    if entries.is_empty() { Expr::List(elements) } else { Expr::Map(entries) }
}
