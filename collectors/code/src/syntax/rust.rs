//! Rust: the shapes of its grammar, its paths, traits, attributes and macros.

mod attributes;
mod patterns;

use muster_rules::Language;

use attributes::{attribute, decorators, default_of};
use patterns::name_in;

use super::definitions::Definition;
use super::extract::{Extractor, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr, TYPE_ARGUMENT};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Rust,
    shapes: &[
        ("line_comment", Shape::Skip),
        ("block_comment", Shape::Skip),
        ("type_parameters", Shape::Skip),
        ("macro_definition", Shape::Skip),
        ("attribute_item", Shape::Own),
        ("inner_attribute_item", Shape::Skip),
        ("use_declaration", Shape::Import),
        ("extern_crate_declaration", Shape::Import),
        ("mod_item", Shape::Own),
        ("call_expression", Shape::Own),
        ("macro_invocation", Shape::Own),
        ("struct_expression", Shape::Own),
        ("field_expression", Shape::Member),
        ("scoped_identifier", Shape::Own),
        ("generic_function", Shape::Own),
        ("index_expression", Shape::Own),
        ("function_item", Shape::Own),
        ("function_signature_item", Shape::Own),
        ("closure_expression", Shape::Own),
        ("impl_item", Shape::Own),
        ("struct_item", Shape::Own),
        ("enum_item", Shape::Own),
        ("trait_item", Shape::Own),
        ("let_declaration", Shape::Own),
        ("let_condition", Shape::Own),
        ("const_item", Shape::Own),
        ("static_item", Shape::Own),
        ("assignment_expression", Shape::Assign),
        ("compound_assignment_expr", Shape::Augmented),
        ("for_expression", Shape::Own),
        ("while_expression", Shape::Loop),
        ("loop_expression", Shape::Own),
        ("if_expression", Shape::Branch),
        ("else_clause", Shape::Wrap),
        ("match_expression", Shape::Own),
        ("return_expression", Shape::Return),
        ("string_literal", Shape::Text),
        ("raw_string_literal", Shape::Text),
        ("identifier", Shape::Name),
        ("self", Shape::Name),
        ("super", Shape::Name),
        ("crate", Shape::Name),
        ("boolean_literal", Shape::Literal),
        ("integer_literal", Shape::Literal),
        ("float_literal", Shape::Literal),
        ("array_expression", Shape::List),
        ("tuple_expression", Shape::List),
        ("parenthesized_expression", Shape::Wrap),
        ("reference_expression", Shape::Own),
        ("try_expression", Shape::Wrap),
        ("await_expression", Shape::Wrap),
        ("type_cast_expression", Shape::Own),
        ("unary_expression", Shape::Wrap),
        ("async_block", Shape::Wrap),
        ("unsafe_block", Shape::Wrap),
        ("block", Shape::Block),
        ("expression_statement", Shape::Statement),
        ("binary_expression", Shape::Choice),
    ],
    fields: Fields {
        callee: &["function"],
        arguments: "arguments",
        object: &["value"],
        member: &["field"],
        index: &[],
        left: &["left"],
        right: &["right"],
        condition: "condition",
    },
    import,
    is_self: |name| name == "self",
    own,
};

fn import(x: &mut Extractor<'_>, node: Node<'_>) {
    if node.kind() == "extern_crate_declaration" {
        let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
        let alias = node.child_by_field_name("alias").map_or(name, |n| x.text(n));
        x.import(alias, name, None, node);
        return;
    }
    let Some(argument) = node.child_by_field_name("argument") else { return };
    let mut stack = vec![(String::new(), argument)];
    while let Some((prefix, part)) = stack.pop() {
        let text = |x: &Extractor<'_>, n: Node<'_>| -> String {
            let path: String = x.text(n).split_whitespace().collect();
            let path = path.trim_start_matches("::").replace("::", ".");
            if prefix.is_empty() { path } else { format!("{prefix}.{path}") }
        };
        match part.kind() {
            "use_list" => {
                stack.extend(part.named_children().map(|child| (prefix.clone(), child)));
            }
            "scoped_use_list" => {
                let path = part.child_by_field_name("path").map_or_else(|| prefix.clone(), |n| text(x, n));
                if let Some(list) = part.child_by_field_name("list") {
                    stack.push((path, list));
                }
            }
            "use_wildcard" => {
                let path = part.named_child(0).map_or_else(|| prefix.clone(), |n| text(x, n));
                x.import("", &path, Some("*"), part);
            }
            "use_as_clause" => {
                let alias = part.child_by_field_name("alias").map(|n| x.text(n)).unwrap_or_default();
                if let Some(path) = part.child_by_field_name("path").map(|n| text(x, n)) {
                    item(x, alias, &path, part);
                }
            }
            // `use a::{self}` binds `a`.
            "self" => {
                let local = prefix.rsplit('.').next().unwrap_or_default().to_owned();
                item(x, &local, &prefix, part);
            }
            _ => {
                let path = text(x, part);
                let local = path.rsplit('.').next().unwrap_or_default().to_owned();
                item(x, &local, &path, part);
            }
        }
    }
}

fn item(x: &mut Extractor<'_>, local: &str, path: &str, node: Node<'_>) {
    match path.rsplit_once('.') {
        Some((module, name)) => x.import(local, module, Some(name), node),
        None => x.import(local, path, None, node),
    }
}

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "attribute_item" => {
            let of = attribute(x, node);
            x.attributes.push(of);
            Expr::Unknown
        }
        "mod_item" => module(x, node),
        "call_expression" => call(x, node),
        "macro_invocation" => invocation(x, node),
        "struct_expression" => literal(x, node),
        "scoped_identifier" => {
            let text = x.text(node);
            let last = text.rsplit("::").next().unwrap_or(text);
            x.mention(last, false, node);
            scoped(x, text)
        }
        "generic_function" => node.child_by_field_name("function").map_or(Expr::Unknown, |n| x.visit(n)),
        "index_expression" => {
            let object = node.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
            let key = node.named_child(1).map(|n| x.visit(n));
            x.taken(object, key, line(node))
        }
        "function_item" | "function_signature_item" => function(x, node),
        "closure_expression" => closure(x, node),
        "impl_item" => implementation(x, node),
        "struct_item" | "enum_item" | "trait_item" => type_item(x, node),
        "let_declaration" | "let_condition" | "const_item" | "static_item" => binding(x, node),
        "for_expression" => each(x, node),
        "loop_expression" => {
            x.repeated(node, true, |x| {
                node.child_by_field_name("body").map(|body| x.visit(body));
            });
            Expr::Unknown
        }
        "match_expression" => patterns::matched(x, node),
        "reference_expression" | "type_cast_expression" => {
            node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n))
        }
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

/// A path. `Self` is the class around it.
fn scoped(x: &mut Extractor<'_>, text: &str) -> Expr {
    // `Vec::<T>::new` and `<T as Trait>::f`: the types in angle brackets do not name anything.
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0u32;
    for letter in text.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    x.path(&plain)
}

fn module(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let attributes = std::mem::take(&mut x.attributes);
    if let Some(body) = node.child_by_field_name("body") {
        // Tests inside a file say nothing about what the file does.
        if !attributes.iter().any(|a| matches!(a, Expr::Call(call) if is_test(x, *call))) {
            x.children(body);
        }
    } else {
        let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
        x.import(name, "self", Some(name), node);
    }
    Expr::Unknown
}

fn is_test(x: &Extractor<'_>, call: super::CallId) -> bool {
    let Some(call) = x.module.calls.get(call as usize) else { return false };
    matches!(&call.callee, Expr::Name(name) if &**name == "cfg")
        && call.arguments.iter().any(|a| matches!(&a.value, Expr::Name(name) if &**name == "test"))
}

fn call(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(target) = node.child_by_field_name("function") else { return Expr::Unknown };
    let mut arguments = Vec::new();
    let named = if target.kind() == "generic_function" {
        if let Some(types) = target.child_by_field_name("type_arguments") {
            let value = x.annotation(types);
            arguments.push(Argument { name: Some(x.word(TYPE_ARGUMENT)), value });
        }
        target.child_by_field_name("function").unwrap_or(target)
    } else {
        target
    };
    let callee = x.visit(target);
    let at = named.child_by_field_name("field").or_else(|| named.child_by_field_name("name"));
    let at = at.map_or_else(|| line(target), line);
    if let Some(list) = node.child_by_field_name("arguments") {
        x.arguments(list, &mut arguments);
    }
    // `Some(x)`, `Ok(x)`, `Box::new(x)`: what they hold.
    if let [Argument { name: None, value }] = &arguments[..]
        && is_wrapper(x.text(target))
    {
        return value.clone();
    }
    x.push_call(callee, arguments, at)
}

fn is_wrapper(target: &str) -> bool {
    const WRAPPERS: [&str; 12] = [
        "Some",
        "Ok",
        "Box::new",
        "Arc::new",
        "Rc::new",
        "Mutex::new",
        "RwLock::new",
        "Box::pin",
        "Cow::Borrowed",
        "std::sync::Arc::new",
        "RefCell::new",
        "Arc::clone",
    ];
    WRAPPERS.contains(&target)
}

fn invocation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.child_by_field_name("macro") else { return Expr::Unknown };
    let text = x.text(name);
    let Some(tokens) = node.named_children().find(|c| c.kind() == "token_tree") else {
        return Expr::Unknown;
    };
    let callee = scoped(x, text);
    let at = line(name);
    if x.text(tokens).starts_with('{') || text.ends_with("json") {
        let value = tree(x, tokens);
        // `json!({…})` and `json!([…])` are what they hold.
        let value = match value {
            Expr::List(mut values) if values.len() == 1 => values.swap_remove(0),
            value => value,
        };
        return if text.ends_with("json") {
            value
        } else {
            x.push_call(callee, vec![Argument { name: None, value }], at)
        };
    }
    let values = token_values(x, tokens);
    // `tokio::join!(a(), b())` gives what each of them gives.
    if text == "vec" || matches!(text.rsplit("::").next(), Some("join" | "try_join")) {
        return Expr::List(values);
    }
    let arguments = values.into_iter().map(|value| Argument { name: None, value }).collect();
    x.push_call(callee, arguments, at)
}

/// The values between the commas of a macro's tokens, as far as tokens show them: names, paths, texts, calls of them.
fn tree(x: &mut Extractor<'_>, tokens: Node<'_>) -> Expr {
    if !x.text(tokens).starts_with('{') {
        return Expr::List(token_values(x, tokens));
    }
    // `{"key": value}`, as `json!` takes it.
    let all: Vec<Node<'_>> = tokens.children().collect();
    let mut entries = Vec::new();
    for part in all.split(|token| token.kind() == ",") {
        let part: Vec<&Node<'_>> = part.iter().filter(|t| !matches!(t.kind(), "{" | "}")).collect();
        let [key, colon, ..] = part[..] else { continue };
        if colon.kind() != ":" {
            continue;
        }
        // `Tool { function: … }` names its parts, `json!({"function": …})` quotes them.
        let key = match key.kind() {
            "identifier" => x.word(x.text(*key)),
            _ => match x.visit(*key) {
                Expr::Text(key) => key,
                _ => continue,
            },
        };
        let mut values = Vec::new();
        let rest: Vec<Node<'_>> = part[2..].iter().map(|token| **token).collect();
        x.deeper(|x| token_part(x, &rest, &mut values));
        entries.push((key, values.pop().unwrap_or(Expr::Unknown)));
    }
    Expr::Map(entries)
}

fn token_values(x: &mut Extractor<'_>, tokens: Node<'_>) -> Vec<Expr> {
    let mut values = Vec::new();
    x.deeper(|x| token_parts(x, tokens, &mut values));
    values
}

fn token_parts(x: &mut Extractor<'_>, tokens: Node<'_>, values: &mut Vec<Expr>) {
    let all: Vec<Node<'_>> = tokens.children().collect();
    for part in all.split(|token| token.kind() == ",") {
        token_part(x, part, values);
    }
}

fn token_part(x: &mut Extractor<'_>, part: &[Node<'_>], values: &mut Vec<Expr>) {
    let mut path: Option<Expr> = None;
    let mut joined = false;
    let mut value = Expr::Unknown;
    for token in part {
        match token.kind() {
            "identifier" | "self" | "crate" | "super" => {
                let name = x.text(*token);
                x.mention(name, false, *token);
                path = Some(match path.take().filter(|_| joined) {
                    Some(object) => Expr::Member(Box::new(object), x.word(name)),
                    None => Expr::Name(x.word(name)),
                });
                joined = false;
            }
            "::" | "." => joined = true,
            "token_tree" => {
                let opens = x.text(*token).starts_with('(');
                // A struct that is written out.
                if x.text(*token).starts_with('{')
                    && let Some(callee @ (Expr::Name(_) | Expr::Member(..))) = &path
                    && matches!(callee, Expr::Name(n) | Expr::Member(_, n) if n.starts_with(char::is_uppercase))
                {
                    let callee = callee.clone();
                    let arguments = match tree(x, *token) {
                        Expr::Map(entries) => entries
                            .into_iter()
                            .map(|(name, value)| Argument { name: Some(name), value })
                            .collect(),
                        value => vec![Argument { name: None, value }],
                    };
                    path = Some(x.push_call(callee, arguments, line(*token)));
                    joined = false;
                    continue;
                }
                path = match path.take().filter(|_| opens) {
                    Some(callee) => {
                        let inner = token_values(x, *token);
                        let arguments =
                            inner.into_iter().map(|value| Argument { name: None, value }).collect();
                        Some(x.push_call(callee, arguments, line(*token)))
                    }
                    None => Some(tree(x, *token)),
                };
                joined = false;
            }
            _ if token.is_named() => value = x.visit(*token),
            _ => {}
        }
    }
    let value = path.unwrap_or(value);
    if value != Expr::Unknown && values.len() < super::extract::MAX_ELEMENTS {
        values.push(value);
    }
}

fn literal(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let Some(name) = node.child_by_field_name("name") else { return Expr::Unknown };
    let callee = scoped(x, x.text(name));
    let mut arguments = Vec::new();
    if let Some(body) = node.child_by_field_name("body") {
        for child in body.named_children() {
            let (name, value) = match child.kind() {
                "field_initializer" => {
                    let field = child.child_by_field_name("field");
                    let value = child.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n));
                    (field, value)
                }
                "shorthand_field_initializer" => {
                    let name = child.named_child(0);
                    (name, name.map_or(Expr::Unknown, |n| x.visit(n)))
                }
                _ => {
                    let value = child.named_child(0).map_or(Expr::Unknown, |n| x.visit(n));
                    (None, Expr::Spread(Box::new(value)))
                }
            };
            if let Some(name) = name {
                x.mention(x.text(name), false, name);
            }
            arguments.push(Argument { name: name.map(|n| x.word(x.text(n))), value });
        }
    }
    x.push_call(callee, arguments, line(name))
}

fn parameters(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<(std::sync::Arc<str>, Option<Expr>)> {
    let Some(list) = node.child_by_field_name("parameters") else { return Vec::new() };
    let mut all = Vec::new();
    for part in list.named_children() {
        let pattern = match part.kind() {
            "self_parameter" => {
                all.push((x.word("self"), None));
                continue;
            }
            "parameter" => part.child_by_field_name("pattern").unwrap_or(part),
            "attribute_item" => continue,
            _ => part,
        };
        let of_type = part.child_by_field_name("type").map(|t| x.annotation(t));
        let name = name_in(pattern).map(|n| x.text(n)).unwrap_or_default();
        all.push((x.word(name), of_type.filter(|t| *t != Expr::Unknown)));
    }
    all
}

fn function(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = decorators(x);
    let parameters = parameters(x, node);
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    x.module.is_script |= name == "main" && x.class.is_none();
    let name = x.word(name);
    let class = x.class.filter(|_| x.function.is_none());
    x.define(Definition { name, class, parameters, decorators, node, body: node.child_by_field_name("body") })
}

fn closure(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let parameters = parameters(x, node);
    let name = x.word("");
    x.define(Definition {
        name,
        class: None,
        parameters,
        decorators: Vec::new(),
        node,
        body: node.child_by_field_name("body"),
    })
}

/// The name of a type without its arguments.
fn type_name(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let text = x.text(node);
    scoped(x, text)
}

fn implementation(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = decorators(x);
    let Some(of_type) = node.child_by_field_name("type").map(|t| type_name(x, t)) else {
        return Expr::Unknown;
    };
    let (Expr::Name(name) | Expr::Member(_, name)) = &of_type else { return Expr::Unknown };
    let class = x.class_named(name, line(node));
    if let Some(base) = node.child_by_field_name("trait").map(|t| type_name(x, t)) {
        x.module.classes[class as usize].bases.push(base);
    }
    x.module.classes[class as usize].decorators.extend(decorators);
    x.inside(class, |x| {
        if let Some(body) = node.child_by_field_name("body") {
            x.children(body);
        }
    });
    Expr::Class(class)
}

fn type_item(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let decorators = decorators(x);
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let class = x.class_named(name, line(node));
    x.module.classes[class as usize].line = line(node);
    x.module.classes[class as usize].decorators.extend(decorators);
    let Some(body) = node.child_by_field_name("body") else { return Expr::Class(class) };
    x.inside(class, |x| {
        for child in body.named_children() {
            if child.kind() == "attribute_item" {
                x.visit(child);
            } else if child.kind() == "field_declaration" {
                let of_type = child.child_by_field_name("type").map_or(Expr::Unknown, |t| x.annotation(t));
                let name = child.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
                let default = default_of(x);
                x.push_declared(name, true, default, of_type, line(child));
            } else if body.kind() == "declaration_list" {
                x.visit(child);
            }
        }
        x.attributes.clear();
    });
    Expr::Class(class)
}

fn binding(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    x.attributes.clear();
    let value = node.child_by_field_name("value").map(|n| x.visit(n));
    if let Some(other) = node.child_by_field_name("alternative") {
        x.branched(|x| x.visit(other));
    }
    let of_type = node.child_by_field_name("type").map_or(Expr::Unknown, |t| x.annotation(t));
    let pattern = node.child_by_field_name("pattern").or_else(|| node.child_by_field_name("name"));
    let Some(pattern) = pattern else { return Expr::Unknown };
    let on_self = x.function.is_none() && x.class.is_some();
    if let Some(name) = name_in(pattern) {
        x.mention(x.text(name), false, name);
        x.push_declared(x.text(name), on_self, value, of_type, line(node));
    } else {
        x.children(pattern);
        patterns::bind(x, pattern, &value.unwrap_or(Expr::Unknown));
    }
    Expr::Unknown
}

fn each(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let over = node.child_by_field_name("value").map_or(Expr::Unknown, |n| x.visit(n));
    if let Some(pattern) = node.child_by_field_name("pattern") {
        let element = over.element();
        if name_in(pattern).is_none() {
            x.children(pattern);
        }
        patterns::bind(x, pattern, &element);
    }
    x.repeated(node, false, |x| {
        if let Some(body) = node.child_by_field_name("body") {
            x.visit(body);
        }
    });
    Expr::Unknown
}
