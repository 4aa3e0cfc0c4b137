//! How the servers are reached that code connects to, and the one that it is.

use std::cell::Cell;
use std::collections::BTreeMap;

use asmm_model::Access;
use muster_rules::Means;

use crate::access::{Setting, Way, is_web};
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, Program, Spot};
use crate::syntax::{Call, Expr};

/// How deep values are gone into.
const MAX_DEPTH: u8 = 6;
/// Values that are followed in the arguments of one call.
const MOST_FOLLOWED: u32 = 500;

/// How the servers that hits of one rule are about are reached: the most open way counts.
pub(super) fn access(detection: &Detection<'_>, hits: &[&Hit]) -> Option<Access> {
    // What tests start and connect to says nothing about how it is reached in use.
    let role = |hit: &&&Hit| detection.program.module(hit.module).role;
    let own = hits.iter().map(|hit| role(&hit)).min();
    let hits: Vec<&Hit> = hits.iter().filter(|hit| Some(role(hit)) == own).copied().collect();
    client(detection, &hits).into_iter().chain(server(detection, &hits)).min()
}

/// The most open of the servers that code connects to.
fn client(detection: &Detection<'_>, hits: &[&Hit]) -> Option<Access> {
    let mut ways: BTreeMap<CallSite, Way> = BTreeMap::new();
    for hit in hits.iter().filter(|hit| detection.means(hit) == Means::Connects) {
        let Some(site) = hit.call() else { continue };
        let way = ways.entry(site).or_insert_with(|| given(detection.program, site));
        *way = way.with(detection.site(hit).access);
    }
    ways.into_values().filter_map(Way::access).min()
}

/// How the server is reached that code is.
///
/// Where it listens, nothing in the code has to ask who connects: a middleware, or a gateway in front of it, may. So a
/// server that asks nobody itself is one of which it is not known.
fn server(detection: &Detection<'_>, hits: &[&Hit]) -> Option<Access> {
    let (mut listens, mut is_local, mut asks_nobody) = (false, false, false);
    let (mut asks, mut guards) = (Vec::new(), Vec::new());
    for hit in hits.iter().filter(|hit| detection.means(hit) == Means::Serves) {
        let way = hit.call().map(|site| given(detection.program, site));
        let asked = way.and_then(Way::asks);
        match detection.site(hit).access {
            Some(Access::Local) => is_local = true,
            Some(guard @ (Access::Key | Access::Login)) => guards.push(guard),
            Some(Access::Remote | Access::Open) if way.is_some_and(Way::is_local) => is_local = true,
            Some(Access::Remote | Access::Open) => listens = true,
            // Of several servers, one that asks says nothing about the others.
            None => asks_nobody |= way.is_some() && asked.is_none(),
        }
        asks.extend(asked);
    }
    if !asks_nobody {
        guards.extend(asks);
    }
    match guards.into_iter().min() {
        Some(guard) if listens || !is_local => Some(guard),
        _ if listens => Some(Access::Remote),
        _ => is_local.then_some(Access::Local),
    }
}

/// The way to a server that the arguments of a call show.
fn given(program: &Program<'_>, site: CallSite) -> Way {
    let settings = Settings { program, left: Cell::new(MOST_FOLLOWED) }.of_call(site, MAX_DEPTH);
    Way::of(settings.iter().map(|(name, setting)| (*name, setting)))
}

/// What values set, as far as they can be followed.
struct Settings<'p> {
    program: &'p Program<'p>,
    /// Values that are still followed: maps that hold each other's names would else be gone through over and over.
    left: Cell<u32>,
}

impl<'p> Settings<'p> {
    fn of_call(&self, site: CallSite, depth: u8) -> Vec<(&'p str, Setting<'p>)> {
        let call = self.program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        let mut all = Vec::new();
        for argument in &call.arguments {
            let setting = self.of(spot, &argument.value, depth);
            match (&argument.name, setting) {
                (Some(name), setting) => all.push((&**name, setting)),
                (None, Setting::Text(text)) if is_web(text) => all.push(("url", Setting::Text(text))),
                (None, parts @ Setting::Parts(_)) => all.push(("", parts)),
                (None, _) => {}
            }
        }
        all
    }

    fn of(&self, spot: Spot, value: &'p Expr, depth: u8) -> Setting<'p> {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.get().checked_sub(1)) else {
            return Setting::Unknown;
        };
        self.left.set(left);
        let (spot, value) = self.program.value_of(spot, value);
        let of = |value: &'p Expr| self.of(spot, value, depth);
        match value {
            Expr::Text(text) => Setting::Text(text),
            Expr::Literal(word) => match word.to_ascii_lowercase().as_str() {
                "none" | "null" | "nil" | "undefined" | "false" => Setting::Off,
                "true" => Setting::On,
                _ => Setting::Unknown,
            },
            Expr::List(items) => {
                let items: Vec<Setting<'_>> = items.iter().map(of).collect();
                if items.iter().any(|item| matches!(item, Setting::Parts(_))) {
                    return Setting::Parts(items.into_iter().map(|item| ("server", item)).collect());
                }
                let text = |item: &Setting<'p>| match item {
                    Setting::Text(text) => Some(*text),
                    _ => None,
                };
                Setting::Words(items.iter().filter_map(text).collect())
            }
            Expr::Map(entries) => {
                Setting::Parts(entries.iter().map(|(key, value)| (&**key, of(value))).collect())
            }
            Expr::Spread(inner) => of(inner),
            Expr::Call(call) => {
                let site = CallSite { module: spot.module, call: *call };
                made(self.program.module(spot.module).call(*call), self.of_call(site, depth))
            }
            Expr::Function(_) | Expr::Class(_) => Setting::On,
            Expr::Choice(_) | Expr::Name(_) | Expr::Member(..) | Expr::Unknown => Setting::Unknown,
        }
    }
}

/// What a call makes of what it is given.
fn made<'p>(call: &'p Call, mut given: Vec<(&'p str, Setting<'p>)>) -> Setting<'p> {
    let is_class = |name: &str| name.starts_with(char::is_uppercase);
    let class = match &call.callee {
        Expr::Member(_, name) | Expr::Name(name) if is_class(name) => name,
        Expr::Member(of, _) => match of.last_name().filter(|name| is_class(name)) {
            Some(name) => name,
            None => return Setting::Unknown,
        },
        // What a function gives may be nothing.
        _ => return Setting::Unknown,
    };
    // `new URL("https://…")`; with more than that, the address may be what counts where nothing else is set.
    if let ([_], [("url", Setting::Text(address))]) = (&call.arguments[..], &given[..]) {
        return Setting::Text(address);
    }
    given.push(("", Setting::Text(class)));
    Setting::Parts(given)
}

#[cfg(test)]
mod tests;
