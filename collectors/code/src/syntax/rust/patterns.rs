//! The names that patterns bind: those of `let`, `for`, `if let` and of the arms of `match`.

use super::super::Expr;
use super::super::extract::{Extractor, MAX_ELEMENTS, line};
use super::super::node::Node;

/// How deep patterns within patterns are looked at.
const MAX_DEPTH: u8 = 8;

/// The one name that a pattern binds: `x`, `mut x`, `&x`, `Some(x)`, `State(x)`.
pub(super) fn name_in(pattern: Node<'_>) -> Option<Node<'_>> {
    match pattern.kind() {
        "identifier" => Some(pattern),
        "mut_pattern" | "reference_pattern" | "ref_pattern" => {
            let count = u32::try_from(pattern.named_child_count()).ok()?;
            pattern.named_child(count.checked_sub(1)?).and_then(name_in)
        }
        "tuple_struct_pattern" => pattern.named_child(1).and_then(name_in),
        _ => None,
    }
}

/// Binds every name of a pattern to the part of a value that it stands for.
pub(super) fn bind(x: &mut Extractor<'_>, pattern: Node<'_>, value: &Expr) {
    bind_within(x, pattern, value, MAX_DEPTH);
}

fn bind_within(x: &mut Extractor<'_>, pattern: Node<'_>, value: &Expr, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let parts: Vec<Node<'_>> = pattern.named_children().collect();
    match pattern.kind() {
        // A name in capitals is a constant that is compared with.
        "identifier" if x.text(pattern).starts_with(char::is_lowercase) => {
            x.push_binding(x.text(pattern), false, value.clone(), line(pattern));
        }
        // What has failed is no part of what was asked for.
        "tuple_struct_pattern" if parts.first().is_some_and(|name| x.text(*name).ends_with("Err")) => {}
        "tuple_struct_pattern" => {
            for part in parts.iter().skip(1) {
                bind_within(x, *part, value, depth);
            }
        }
        "tuple_pattern" => {
            for (at, part) in parts.iter().enumerate() {
                let element = match value {
                    Expr::List(elements) => elements.get(at).unwrap_or(&Expr::Unknown),
                    whole => whole,
                };
                bind_within(x, *part, element, depth);
            }
        }
        "struct_pattern" => {
            for part in parts.iter().filter(|part| part.kind() == "field_pattern") {
                let Some(name) = x.field(*part, "name") else { continue };
                let element = Expr::Member(Box::new(value.clone()), x.word(x.text(name)));
                match x.field(*part, "pattern") {
                    Some(inner) => bind_within(x, inner, &element, depth),
                    None => x.push_binding(x.text(name), false, element, line(name)),
                }
            }
        }
        "match_pattern" | "or_pattern" | "captured_pattern" | "mut_pattern" | "reference_pattern"
        | "ref_pattern" | "slice_pattern" => {
            for part in parts.iter().filter(|part| !is_condition(pattern, **part)) {
                bind_within(x, *part, value, depth);
            }
        }
        _ => {}
    }
}

/// Whether a part of the pattern of an arm is what stands after its `if`.
fn is_condition(pattern: Node<'_>, part: Node<'_>) -> bool {
    pattern.child_by_field_name("condition").is_some_and(|condition| condition.id() == part.id())
}

/// `match value { … }`: what one of the arms gives.
pub(super) fn matched(x: &mut Extractor<'_>, node: Node<'_>) -> Expr {
    let about = x.field(node, "value").map_or(Expr::Unknown, |n| x.visit(n));
    let Some(body) = x.field(node, "body") else { return Expr::Unknown };
    let mut values = Vec::new();
    for arm in body.named_children().filter(|part| part.kind() == "match_arm") {
        let value = x.deeper(|x| one(x, arm, &about)).unwrap_or(Expr::Unknown);
        if values.len() < MAX_ELEMENTS {
            values.push(value);
        }
    }
    Expr::Choice(values)
}

fn one(x: &mut Extractor<'_>, arm: Node<'_>, about: &Expr) -> Expr {
    x.branched(|x| {
        let pattern = x.field(arm, "pattern");
        if let Some(pattern) = pattern {
            let texts = x.texts_in(pattern);
            x.asked(&texts);
            let subjects = x.subjects_of(arm, None);
            if let Some(branch) = x.branch.filter(|_| !texts.is_empty()) {
                x.module.subjects.extend(subjects.into_iter().map(|name| (branch, name)));
            }
            x.children(pattern);
            bind(x, pattern, about);
        }
        let value = x.field(arm, "value").map_or(Expr::Unknown, |n| x.visit(n));
        // `Ok(r) => r` is what is asked about, whatever else of that name there is in the function.
        let only = pattern.and_then(|p| p.named_child(0)).and_then(name_in).map(|n| x.text(n));
        if matches!(&value, Expr::Name(name) if only == Some(&**name)) { about.clone() } else { value }
    })
}
