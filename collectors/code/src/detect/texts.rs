//! Texts that code puts together: what a value reads as, with `{}` for what is not known.

use std::sync::Arc;

use super::arguments::Reach;
use crate::program::{CallSite, Meaning, ModuleId, Program, Spot};
use crate::syntax::{ClassId, Expr};

/// Longest text that is put together.
const MAX_TEXT: usize = 300;

/// The text that a value is, as far as it can be followed; `None` where nothing of it is known.
pub(super) fn text_of(program: &Program<'_>, spot: Spot, value: &Expr, reach: Reach) -> Option<String> {
    let reach = reach.on()?;
    match value {
        Expr::Text(text) => Some(text.to_string()),
        Expr::Name(_) | Expr::Member(..) => {
            let (next, inner) = program.value_of(spot, value);
            let is_same = std::ptr::eq(inner, value);
            let direct = if is_same { None } else { text_of(program, next, inner, reach) };
            direct
                .or_else(|| field(program, spot, value, reach))
                .or_else(|| own_field(program, spot, value, reach))
                .or_else(|| parameter(program, next, inner, reach))
        }
        // `base + "/messages"`: in the order in which it is written.
        Expr::Choice(parts) if parts.len() == 2 => {
            let [first, second] = [&parts[0], &parts[1]].map(|part| text_of(program, spot, part, reach));
            let Some(first) = first else {
                // `given ?? "https://…"`: what it is where nothing is given.
                // `base + "/messages"`, where nothing of the base is known.
                return second.and_then(|text| match () {
                    () if is_address(&text) => Some(text),
                    () if text.starts_with('/') => Some(format!("{{}}{text}")),
                    () => None,
                });
            };
            let joined = format!("{first}{}", second.as_deref().unwrap_or("{}"));
            (joined.len() <= MAX_TEXT).then_some(joined)
        }
        // `given != null ? given : "https://…"`
        Expr::Choice(parts) if parts.len() == 3 => {
            parts.iter().find_map(|part| text_of(program, spot, part, reach).filter(|text| is_address(text)))
        }
        // A closure that is run where nothing else is there: what it gives.
        Expr::Function(id) => {
            let returns = &program.module(spot.module).function(*id).returns;
            let inside = Spot { module: spot.module, function: Some(*id) };
            returns.first().and_then(|value| text_of(program, inside, value, reach))
        }
        Expr::Call(call) => call_text(program, CallSite { module: spot.module, call: *call }, reach),
        _ => None,
    }
}

fn call_text(program: &Program<'_>, site: CallSite, reach: Reach) -> Option<String> {
    let call = program.module(site.module).call(site.call);
    let spot = Spot { module: site.module, function: call.within };
    let (object, name) = match &call.callee {
        Expr::Member(object, name) => (Some(&**object), &**name),
        Expr::Name(name) => (None, &**name),
        _ => return None,
    };
    match (name, object, &call.arguments[..]) {
        // Only another kind of the same text.
        (
            "to_string" | "to_owned" | "into" | "clone" | "as_str" | "trim_end_matches" | "rstrip"
            | "TrimEnd" | "ToString" | "toString" | "trimEnd" | "as_ref",
            Some(object),
            _,
        ) => text_of(program, spot, object, reach),
        ("unwrap_or_else" | "unwrap_or", Some(object), [other, ..]) => {
            text_of(program, spot, object, reach).or_else(|| text_of(program, spot, &other.value, reach))
        }
        // `os.getenv("BASE_URL", "https://…")`: what it is where nothing is set.
        (
            "getenv" | "get" | "fetch" | "env" | "config" | "getOrDefault" | "get_or" | "GetValue"
            | "getProperty",
            _,
            [_, other],
        ) => text_of(program, spot, &other.value, reach).filter(|text| is_address(text)),
        // `URI.create(base + "/v1")`: what names the same address in another type.
        (
            "from" | "TrimRight" | "TrimSuffix" | "String" | "URI" | "URL" | "Uri" | "Url" | "toHttpUrl"
            | "toUri",
            _,
            [first, ..],
        ) => text_of(program, spot, &first.value, reach),
        ("create" | "parse", Some(Expr::Name(of)), [first, ..])
            if matches!(&**of, "URI" | "URL" | "Uri" | "Url" | "HttpUrl") =>
        {
            text_of(program, spot, &first.value, reach)
        }
        ("format" | "Sprintf" | "sprintf" | "Format" | "JoinPath" | "join", _, [template, values @ ..]) => {
            let template = text_of(program, spot, &template.value, reach)?;
            let mut text = String::new();
            let mut values = values.iter();
            let mut rest = template.as_str();
            while let Some(at) = rest.find(['{', '%']) {
                text.push_str(&rest[..at]);
                let hole = &rest[at..];
                let end = if hole.starts_with('{') {
                    hole.find('}').map(|e| e + 1)
                } else {
                    Some(hole.len().min(2))
                };
                let Some(end) = end.filter(|end| hole.is_char_boundary(*end)) else { break };
                let value = values.next().and_then(|v| text_of(program, spot, &v.value, reach));
                text.push_str(value.as_deref().unwrap_or("{}"));
                rest = &hole[end..];
                if text.len() > MAX_TEXT {
                    return None;
                }
            }
            text.push_str(rest);
            // What is joined without a template follows with a slash.
            if matches!(name, "JoinPath" | "join") {
                for value in values {
                    let part = text_of(program, spot, &value.value, reach);
                    text = format!("{}/{}", text.trim_end_matches('/'), part.as_deref().unwrap_or("{}"));
                }
            }
            (text.len() <= MAX_TEXT).then_some(text)
        }
        _ => None,
    }
}

/// What callers hand over for a parameter, or what it is where they leave it out.
fn parameter(program: &Program<'_>, spot: Spot, value: &Expr, reach: Reach) -> Option<String> {
    let Expr::Name(name) = value else { return None };
    let passed = program.passed(spot, name);
    let each = reach.split(passed.len());
    let mut texts = passed.into_iter().filter_map(|(spot, value)| text_of(program, spot, value, each?));
    texts.next().or_else(|| {
        let (spot, default) = program.left_out(spot, name)?;
        text_of(program, spot, default, reach)
    })
}

/// Whether a text is a whole address and no part of one.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// What the constructor of an object puts into one of its fields: `Client { base: "https://…".to_string() }`.
fn field(program: &Program<'_>, spot: Spot, value: &Expr, reach: Reach) -> Option<String> {
    let Expr::Member(object, name) = value else { return None };
    let classes = program.resolve(spot, object).into_iter().filter_map(|meaning| match meaning {
        Meaning::Instance(module, class) | Meaning::Class(module, class) => Some((module, class)),
        _ => None,
    });
    classes.into_iter().find_map(|(module, class)| field_of(program, (module, class), name, reach))
}

/// A field of the class around it that is named without saying whose it is.
fn own_field(program: &Program<'_>, spot: Spot, value: &Expr, reach: Reach) -> Option<String> {
    let Expr::Name(name) = value else { return None };
    let class = program.own_field(spot, name)?;
    field_of(program, (spot.module, class), name, reach)
}

/// What a field of a class is set to.
fn field_of(
    program: &Program<'_>,
    (module, class): (ModuleId, ClassId),
    name: &Arc<str>,
    reach: Reach,
) -> Option<String> {
    // What it is set to anywhere in the class: the first may only declare it.
    let mut values: Vec<(Spot, &Expr)> =
        program.bindings_of(module, class, name).into_iter().take(3).collect();
    let given = (0u32..).zip(&program.module(module).calls).filter_map(|(call, found)| {
        let argument = found.arguments.iter().find(|a| a.name.as_ref() == Some(name))?;
        let makes = program.callee(CallSite { module, call }).iter().any(|meaning| {
            matches!(meaning, Meaning::Class(m, c) | Meaning::Instance(m, c) if (*m, *c) == (module, class))
        });
        makes.then_some((Spot { module, function: found.within }, &argument.value))
    });
    values.extend(given.take(3));
    let reach = reach.split(values.len())?;
    values.into_iter().find_map(|(spot, value)| text_of(program, spot, value, reach))
}
