//! Roles and accounts of a cloud that infrastructure in code makes (CDK, Pulumi), where they are let ask a model.

use std::collections::BTreeSet;

use asmm_model::IdentityKind;
use muster_rules::Means;

use super::identities::FoundIdentity;
use crate::detect::{Detection, Hit};
use crate::infrastructure::permission;
use crate::program::{CallSite, ModuleId};
use crate::syntax::{CallId, Expr, Module};

/// Roles, and calls that speak of a permission, that are looked at in one module.
const MOST: usize = 60;
/// How deep values are looked into, and how often what holds one is held by another.
const DEPTH: u8 = 5;
/// Values that are looked at below one argument.
const WIDTH: usize = 40;

/// Every role that the modules make and let ask a model, at its place and at that of the permission.
pub(super) fn roles(detection: &Detection<'_>, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundIdentity> {
    let mut found = Vec::new();
    let mut hits: Vec<&Hit> = detection.meaning(Means::Principal).filter(|hit| is_own(hit.module)).collect();
    hits.dedup_by_key(|hit| hit.call());
    for hits in hits.chunk_by(|a, b| a.module == b.module) {
        let id = hits[0].module;
        let module = detection.program.module(id);
        let made: Vec<Made<'_>> =
            hits.iter().take(MOST).filter_map(|hit| Some(Made::of(module, hit.call()?.call, hit))).collect();
        let speaking = (0u32..)
            .zip(&module.calls)
            .filter(|(_, call)| call.arguments.iter().any(|argument| speaks(&argument.value, DEPTH)));
        for (call, spoken) in speaking.take(MOST) {
            for role in holders(module, &made, call) {
                let Some((kind, name)) = named(detection, role.call, role.hit) else { continue };
                for line in [role.hit.line, spoken.line] {
                    let (name, rule) = (name.clone(), role.hit.site.rule);
                    found.push(FoundIdentity { kind, name, module: id, line, rule, inferred: false });
                }
            }
        }
    }
    found
}

/// A role, and the variables that it is kept in.
struct Made<'m> {
    call: CallId,
    hit: &'m Hit,
    names: BTreeSet<&'m str>,
}

impl<'m> Made<'m> {
    fn of(module: &'m Module, call: CallId, hit: &'m Hit) -> Self {
        let bound = module.bindings.iter().filter(|binding| is_made_by(module, &binding.value, call));
        let names = bound.map(|binding| &*binding.name).collect();
        Self { call, hit, names }
    }
}

/// Whether a value says a permission to ask a model, itself and not in a call within it.
fn speaks(value: &Expr, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Expr::Text(text) => permission(text).is_some(),
        Expr::List(values) | Expr::Choice(values) => values.iter().take(WIDTH).any(|v| speaks(v, depth)),
        Expr::Map(entries) => entries.iter().take(WIDTH).any(|(_, v)| speaks(v, depth)),
        _ => false,
    }
}

/// The roles that a permission is given to: they are made with it, it is added to them, or a policy names both.
fn holders<'r, 'm>(module: &'m Module, made: &'r [Made<'m>], spoken: CallId) -> Vec<&'r Made<'m>> {
    let mut calls = BTreeSet::from([spoken]);
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..DEPTH {
        let before = (calls.len(), names.len());
        for (id, call) in (0u32..).zip(&module.calls) {
            let given = call.arguments.iter().any(|argument| holds(&argument.value, &calls, &names, DEPTH));
            // `Statement.create().actions(…).build()`: the end of the chain is the statement.
            let chained = matches!(&call.callee, Expr::Member(object, _)
                if matches!(&**object, Expr::Call(inner) if calls.contains(inner)));
            if (given || chained) && calls.len() < MOST {
                calls.insert(id);
            }
        }
        for binding in &module.bindings {
            if names.len() < MOST
                && holds(&binding.value, &calls, &names, 1)
                && !made.iter().any(|role| role.names.contains(&*binding.name))
            {
                names.insert(&binding.name);
            }
        }
        if before == (calls.len(), names.len()) {
            break;
        }
    }
    let is_held = |role: &&Made<'_>| {
        calls.contains(&role.call)
            || calls.iter().any(|id| {
                let call = module.call(*id);
                let receives = match &call.callee {
                    Expr::Member(object, _) => {
                        is_made_by(module, object, role.call)
                            || object.last_name().is_some_and(|name| role.names.contains(name))
                    }
                    _ => false,
                };
                receives || call.arguments.iter().any(|a| names_any(&a.value, &role.names, DEPTH))
            })
    };
    made.iter().filter(is_held).collect()
}

/// Whether a value is what that call makes, at the end of its chain.
fn is_made_by(module: &Module, value: &Expr, made: CallId) -> bool {
    let mut value = value;
    for _ in 0..DEPTH {
        let Expr::Call(call) = value else { return false };
        if *call == made {
            return true;
        }
        let Expr::Member(object, _) = &module.call(*call).callee else { return false };
        value = object;
    }
    false
}

fn holds(value: &Expr, calls: &BTreeSet<CallId>, names: &BTreeSet<&str>, depth: u8) -> bool {
    let within = |value: &Expr| depth > 0 && holds(value, calls, names, depth - 1);
    match value {
        Expr::Call(call) => calls.contains(call),
        Expr::Name(name) | Expr::Member(_, name) => names.contains(&**name),
        Expr::List(values) | Expr::Choice(values) => values.iter().take(WIDTH).any(within),
        Expr::Map(entries) => entries.iter().take(WIDTH).any(|(_, value)| within(value)),
        Expr::Spread(inner) => within(inner),
        _ => false,
    }
}

/// Whether a value names one of these, or a part of it: `role.arn`.
fn names_any(value: &Expr, names: &BTreeSet<&str>, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Expr::Name(name) => names.contains(&**name),
        Expr::Member(object, name) => names.contains(&**name) || names_any(object, names, depth),
        Expr::List(values) | Expr::Choice(values) => {
            values.iter().take(WIDTH).any(|value| names_any(value, names, depth))
        }
        Expr::Map(entries) => entries.iter().take(WIDTH).any(|(_, value)| names_any(value, names, depth)),
        _ => false,
    }
}

/// What a role is called, and what it is.
fn named(detection: &Detection<'_>, made: CallId, hit: &Hit) -> Option<(IdentityKind, String)> {
    let what = hit.name.to_ascii_lowercase();
    let kind = if what.contains("serviceaccount") || what.contains("identity") {
        IdentityKind::ServiceAccount
    } else if what.contains("user") {
        IdentityKind::CloudUser
    } else {
        IdentityKind::CloudRole
    };
    // The chain of a builder begins with the name.
    let module = detection.program.module(hit.module);
    let mut site = CallSite { module: hit.module, call: made };
    for _ in 0..DEPTH {
        let call = module.call(site.call);
        let text = call.arguments.iter().find_map(|argument| match &argument.value {
            Expr::Text(text) if !text.is_empty() => Some(text.to_string()),
            // `jsii.String("Desk")`
            Expr::Call(inner) => match module.call(*inner).arguments.first().map(|first| &first.value) {
                Some(Expr::Text(text)) if !text.is_empty() => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        });
        let inner = match &call.callee {
            Expr::Member(object, _) => match &**object {
                Expr::Call(inner) => Some(*inner),
                _ => None,
            },
            _ => None,
        };
        match inner {
            Some(inner) => site.call = inner,
            None => return text.map(|name| (kind, name)),
        }
    }
    None
}
