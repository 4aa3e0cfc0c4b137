//! Ruby: the shapes of its grammar, where a bare name may be a call and a block is an argument.

use std::sync::Arc;

use muster_rules::Language;

use super::definitions::Definition;
use super::extract::{Extractor, MAX_ELEMENTS, line};
use super::node::Node;
use super::shape::{Fields, Grammar, Shape};
use super::{Argument, Expr};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: Language::Ruby,
    shapes: &[
        ("comment", Shape::Skip),
        ("call", Shape::Own),
        ("element_reference", Shape::Own),
        ("scope_resolution", Shape::Own),
        ("constant", Shape::Own),
        ("identifier", Shape::Own),
        ("instance_variable", Shape::Own),
        ("class_variable", Shape::Own),
        ("global_variable", Shape::Name),
        ("self", Shape::Name),
        ("super", Shape::Name),
        ("method", Shape::Own),
        ("singleton_method", Shape::Own),
        ("class", Shape::Own),
        ("module", Shape::Own),
        ("singleton_class", Shape::Other),
        ("do_block", Shape::Own),
        ("block", Shape::Own),
        ("lambda", Shape::Own),
        ("exception_variable", Shape::Own),
        ("assignment", Shape::Own),
        ("operator_assignment", Shape::Own),
        ("while", Shape::Loop),
        ("until", Shape::Loop),
        ("for", Shape::Own),
        ("if", Shape::Branch),
        ("elsif", Shape::Branch),
        ("unless", Shape::Branch),
        ("if_modifier", Shape::Branch),
        ("unless_modifier", Shape::Branch),
        ("when", Shape::Branch),
        ("in_clause", Shape::Branch),
        ("return", Shape::Return),
        ("argument_list", Shape::Wrap),
        ("string", Shape::Text),
        ("simple_symbol", Shape::Own),
        ("hash_key_symbol", Shape::Own),
        ("delimited_symbol", Shape::Text),
        ("chained_string", Shape::Text),
        ("heredoc_body", Shape::Text),
        ("subshell", Shape::Own),
        ("true", Shape::Literal),
        ("false", Shape::Literal),
        ("nil", Shape::Literal),
        ("integer", Shape::Literal),
        ("float", Shape::Literal),
        ("array", Shape::List),
        ("string_array", Shape::List),
        ("symbol_array", Shape::List),
        ("bare_string", Shape::Text),
        ("bare_symbol", Shape::Text),
        ("hash", Shape::Own),
        ("splat_argument", Shape::Spread),
        ("hash_splat_argument", Shape::Spread),
        ("block_argument", Shape::Wrap),
        ("parenthesized_statements", Shape::Wrap),
        ("unary", Shape::Wrap),
        ("conditional", Shape::Choice),
        ("binary", Shape::Own),
        ("body_statement", Shape::Block),
        ("block_body", Shape::Block),
        ("begin", Shape::Block),
        ("then", Shape::Block),
    ],
    fields: Fields {
        callee: &["method"],
        arguments: "arguments",
        object: &["receiver", "object"],
        member: &["method"],
        index: &[],
        left: &["left"],
        right: &["right"],
        condition: "condition",
    },
    import: |x, node| x.children(node),
    is_self: |name| name == "self",
    own,
};

fn own(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "call" => call(x, node),
        "element_reference" => {
            let object = node.child_by_field_name("object").map_or(Expr::Unknown, |n| x.visit(n));
            let keys: Vec<Node<'_>> = node.named_children().skip(1).collect();
            let key = keys.into_iter().map(|n| x.visit(n)).next();
            x.taken(object, key, line(node))
        }
        "constant" | "scope_resolution" => {
            let text = x.text(node);
            let path = text.trim_start_matches("::").replace("::", ".");
            x.mention(path.rsplit('.').next().unwrap_or_default(), false, node);
            used(x, &path, node);
            x.path(&path)
        }
        "identifier" => {
            let name = x.text(node);
            x.mention(name, false, node);
            if x.locals.contains(name) {
                return Expr::Name(x.word(name));
            }
            // No variable of that name: a call without arguments.
            let callee = Expr::Name(x.word(name));
            x.push_call(callee, Vec::new(), line(node))
        }
        "instance_variable" | "class_variable" => {
            let name = x.text(node).trim_start_matches('@');
            x.mention(name, false, node);
            Expr::Member(Box::new(Expr::Name(x.word("self"))), x.word(name))
        }
        "method" | "singleton_method" => method(x, node),
        "class" | "module" => class(x, node),
        "do_block" | "block" => block(x, node),
        "lambda" => node.child_by_field_name("body").map_or(Expr::Unknown, |n| block(x, n)),
        // `rescue => e`
        "exception_variable" => {
            if let Some(name) = node.named_child(0).filter(|name| name.kind() == "identifier") {
                let text = x.text(name);
                x.locals.insert(x.word(text));
                x.push_binding(text, false, Expr::Unknown, line(name));
            }
            Expr::Unknown
        }
        "binary" => binary(x, node),
        "assignment" | "operator_assignment" => assign(x, node),
        "for" => each(x, node),
        "simple_symbol" => text(x, node, x.text(node).trim_start_matches(':')),
        "hash_key_symbol" => text(x, node, x.text(node)),
        "subshell" => {
            let given = x.string(node);
            let callee = Expr::Name(x.word("system"));
            x.push_call(callee, vec![Argument { name: None, value: given }], line(node))
        }
        "hash" => Expr::Map(entries(x, node)),
        _ => {
            x.children(node);
            Expr::Unknown
        }
    }
}

fn text(x: &mut Extractor<'_>, node: Node<'_>, text: &str) -> Expr {
    x.mention(text, false, node);
    x.mention(text, true, node);
    Expr::Text(x.word(text))
}

/// A constant is there without being required: frameworks load it by its name.
fn used(x: &mut Extractor<'_>, path: &str, node: Node<'_>) {
    if x.imports() < 200 && !x.module.imports.iter().any(|i| &*i.module == path) {
        x.import("", path, None, node);
    }
}

fn call(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let method = node.child_by_field_name("method");
    let name = method.map(|n| x.text(n)).unwrap_or_default();
    let receiver = node.child_by_field_name("receiver");
    let list = node.child_by_field_name("arguments");
    if receiver.is_none() && matches!(name, "require" | "require_relative" | "load") {
        if let Some(Expr::Text(module)) = list.and_then(|l| l.named_child(0)).map(|n| x.visit(n)) {
            let relative = if name == "require" { String::new() } else { format!("./{module}") };
            let module = if relative.is_empty() { module.replace('/', ".") } else { relative };
            x.import("", &module, None, node);
        }
        return Expr::Unknown;
    }
    let object = receiver.map(|n| x.visit(n));
    if let Some(method) = method {
        x.mention(name, false, method);
    }
    // `[…].freeze` is the list.
    if let (Some(object @ (Expr::List(_) | Expr::Map(_))), "freeze" | "dup" | "compact" | "to_a" | "to_h") =
        (&object, name)
    {
        return object.clone();
    }
    // `X.new` makes an X; `self.class.f` is a method of the class around it.
    let callee = match object {
        Some(object) if name == "new" => object,
        Some(object) if name == "call" && method.is_none() => object,
        Some(Expr::Member(object, class)) if &*class == "class" => Expr::Member(object, x.word(name)),
        Some(object) => Expr::Member(Box::new(object), x.word(name)),
        None => Expr::Name(x.word(name)),
    };
    let mut arguments = Vec::new();
    if let Some(list) = list {
        listed(x, list, &mut arguments);
    }
    let at = method.map_or_else(|| line(node), line);
    let block = node.child_by_field_name("block");
    let is_loop = matches!(name, "loop") && receiver.is_none();
    let repeats = is_loop
        || matches!(
            name,
            "each" | "times" | "map" | "each_with_index" | "upto" | "step" | "flat_map" | "each_with_object"
        );
    if let Some(block) = block {
        // The block of `loop` and `each` runs here, in the method around it.
        if repeats {
            let element = receiver.and(match &callee {
                Expr::Member(object, _) => Some((**object).clone()),
                _ => None,
            });
            return x.repeated(node, is_loop, |x| {
                parameters(x, block, element.as_ref());
                block.child_by_field_name("body").map(|body| x.visit(body));
                x.push_call(callee, arguments, at)
            });
        }
        let value = x.visit(block);
        // It has no place among the arguments: `File.open(path) { … }` has one.
        arguments.push(Argument { name: Some(x.word("&")), value });
    }
    x.push_call(callee, arguments, at)
}

/// Binds the parameters of a block that runs where it stands.
fn parameters(x: &mut Extractor<'_>, block: Node<'_>, element: Option<&Expr>) {
    let Some(list) = block.child_by_field_name("parameters") else { return };
    let names: Vec<Node<'_>> = list.named_children().collect();
    for (at, name) in names.into_iter().enumerate() {
        let text = x.text(name);
        x.locals.insert(x.word(text));
        let value = match element {
            Some(Expr::List(elements)) if at == 0 => Expr::Choice(elements.clone()),
            Some(other) if at == 0 => other.clone(),
            _ => Expr::Unknown,
        };
        x.push_binding(text, false, value, line(name));
    }
}

fn listed(x: &mut Extractor<'_>, list: Node<'_>, arguments: &mut Vec<Argument>) {
    for child in list.named_children() {
        if arguments.len() >= MAX_ELEMENTS {
            continue;
        }
        let argument = if child.kind() == "pair" {
            let (key, value) = pair(x, child);
            Argument { name: Some(key), value }
        } else {
            Argument { name: None, value: x.visit(child) }
        };
        arguments.push(argument);
    }
}

fn pair(x: &mut Extractor<'_>, node: Node<'_>) -> (Arc<str>, Expr) {
    let key = node.child_by_field_name("key").map(|n| x.visit(n));
    let key: Arc<str> = match key {
        Some(Expr::Text(text)) => text,
        _ => "".into(),
    };
    let value = match node.child_by_field_name("value") {
        Some(value) => x.visit(value),
        // `f(name:)` passes what is called `name`.
        None => Expr::Name(Arc::clone(&key)),
    };
    (key, value)
}

fn entries(x: &mut Extractor<'_>, node: Node<'_>) -> Vec<(Arc<str>, Expr)> {
    let mut entries = Vec::new();
    for child in node.named_children() {
        let entry = if child.kind() == "pair" { pair(x, child) } else { ("".into(), x.visit(child)) };
        if entries.len() < MAX_ELEMENTS {
            entries.push(entry);
        }
    }
    entries
}

fn method(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let outer = std::mem::take(&mut x.locals);
    let mut all = Vec::new();
    if let Some(list) = node.child_by_field_name("parameters") {
        for part in list.named_children() {
            let name = part.child_by_field_name("name").unwrap_or(part);
            let name = x.word(x.text(name));
            if let Some(default) = part.child_by_field_name("value") {
                x.default(&name, default);
            }
            x.locals.insert(Arc::clone(&name));
            all.push((name, None));
        }
    }
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let name = x.word(if name == "initialize" { "constructor" } else { name });
    let class = x.class.filter(|_| x.function.is_none());
    let body = node.child_by_field_name("body");
    let made = x.define(Definition { name, class, parameters: all, decorators: Vec::new(), node, body });
    x.locals = outer;
    made
}

fn block(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let mut all = Vec::new();
    if let Some(list) = node.child_by_field_name("parameters") {
        for part in list.named_children() {
            let name = x.word(x.text(part.child_by_field_name("name").unwrap_or(part)));
            x.locals.insert(Arc::clone(&name));
            all.push((name, None));
        }
    }
    let name = x.word("");
    let body = node.child_by_field_name("body");
    x.define(Definition { name, class: None, parameters: all, decorators: Vec::new(), node, body })
}

fn class(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let name = node.child_by_field_name("name").map(|n| x.text(n)).unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or(name);
    let mut bases = Vec::new();
    if let Some(base) = node.child_by_field_name("superclass").and_then(|s| s.named_child(0)) {
        bases.push(x.visit(base));
    }
    let body = node.child_by_field_name("body");
    // A module that only holds classes is a name for them, no class of its own.
    if node.kind() == "module" && !body.is_some_and(has_methods) {
        // It is there all the same: `OpenAI::Client` of a module of the program is no client of a package.
        x.class_named(name, line(node));
        if let Some(body) = body {
            x.children(body);
        }
        return Expr::Unknown;
    }
    // `include Sidekiq::Job` gives a class what a module has.
    if let Some(body) = body {
        for child in body.named_children().filter(|c| c.kind() == "call") {
            let method = child.child_by_field_name("method").map(|n| x.text(n)).unwrap_or_default();
            if matches!(method, "include" | "prepend" | "extend")
                && child.child_by_field_name("receiver").is_none()
                && let Some(list) = child.child_by_field_name("arguments")
            {
                bases.extend(x.values(list));
            }
        }
    }
    let class = x.class_named(name, line(node));
    let known = &mut x.module.classes[class as usize];
    known.bases.extend(bases);
    let outer = std::mem::take(&mut x.locals);
    x.inside(class, |x| {
        if let Some(body) = body {
            x.children(body);
        }
    });
    x.locals = outer;
    Expr::Class(class)
}

fn has_methods(body: Node<'_>) -> bool {
    body.named_children().any(|c| matches!(c.kind(), "method" | "singleton_method"))
}

fn binary(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let values = x.alternatives(node);
    x.compared(node, &values);
    // `messages << answer` adds to `messages`.
    if let ([target, value], Some(operator)) = (&values[..], node.child_by_field_name("operator"))
        && operator.kind() == "<<"
    {
        x.push_update(target.clone(), value.clone(), line(node));
    }
    Expr::Choice(values)
}

fn assign(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let value = node.child_by_field_name("right").map_or(Expr::Unknown, |n| x.visit(n));
    let Some(left) = node.child_by_field_name("left") else { return value };
    let mut targets = vec![(left, value.clone())];
    if left.kind() == "left_assignment_list" {
        let mut values = match &value {
            Expr::List(values) => values.clone().into_iter(),
            _ => Vec::new().into_iter(),
        };
        let parts: Vec<Node<'_>> = left.named_children().collect();
        let rest = if matches!(value, Expr::List(_)) { Expr::Unknown } else { value.clone() };
        targets =
            parts.into_iter().map(|part| (part, values.next().unwrap_or_else(|| rest.clone()))).collect();
    }
    for (target, value) in targets {
        match target.kind() {
            "identifier" => {
                let name = x.text(target);
                x.locals.insert(x.word(name));
                x.push_binding(name, false, value, line(node));
            }
            "constant" => {
                // `Tools::SCHEMAS` from elsewhere, `SCHEMAS` in the module itself.
                if x.class.is_some() && x.function.is_none() {
                    x.push_binding(x.text(target), true, value.clone(), line(node));
                }
                x.push_binding(x.text(target), false, value, line(node));
            }
            "instance_variable" | "class_variable" => {
                x.push_binding(x.text(target).trim_start_matches('@'), true, value, line(node));
            }
            "call" => {
                let object = target.child_by_field_name("receiver").map_or(Expr::Unknown, |n| x.visit(n));
                let name = target.child_by_field_name("method").map(|n| x.text(n)).unwrap_or_default();
                let target = Expr::Member(Box::new(object), x.word(name));
                x.set(target, value, line(node));
            }
            _ => {
                let set = x.visit(target);
                x.set(set, value, line(node));
            }
        }
    }
    value
}

fn each(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let over = node.child_by_field_name("value").and_then(|n| n.named_child(0));
    let over = over.map_or(Expr::Unknown, |n| x.visit(n));
    if let Some(name) = node.child_by_field_name("pattern").filter(|n| n.kind() == "identifier") {
        let element = over.element();
        x.locals.insert(x.word(x.text(name)));
        x.push_binding(x.text(name), false, element, line(node));
    }
    x.repeated(node, false, |x| {
        if let Some(body) = node.child_by_field_name("body") {
            x.children(body);
        }
    });
    Expr::Unknown
}
