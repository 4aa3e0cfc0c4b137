//! What the other calls of a chain, and statements after it, give to a call.

use muster_rules::Language;

use super::arguments::Arguments;
use crate::program::{CallSite, Routine, Spot};
use crate::syntax::{Call, Expr};

/// Calls that put a part into an object by its name.
const PUTTERS: [&str; 12] = [
    "put",
    "set",
    "Add",
    "add",
    "addProperty",
    "putArray",
    "putJsonArray",
    "putObject",
    "putJsonObject",
    "insert",
    "setProperty",
    "with",
];

impl<'p> Arguments<'p> {
    /// What earlier calls of a chain set: `tools` of `builder().tools(a, b).build()`, also where the chain goes on from
    /// a variable.
    pub(super) fn fluent(&self, name: &str) -> Vec<(Spot, &'p Expr)> {
        /// Calls of one chain that are gone through.
        const MOST: usize = 40;
        let mut all = Vec::new();
        let mut at = self.site;
        self.options(at, name, &mut all);
        for _ in 0..MOST {
            let call = self.program.module(at.module).call(at.call);
            let spot = Spot { module: at.module, function: call.within };
            let Expr::Member(object, _) = &call.callee else { break };
            if let Expr::Name(variable) = &**object {
                self.later(spot, variable, name, &mut all);
            }
            let next = self.bound_before(at, object).or_else(|| self.call_behind(spot, object));
            let Some(next) = next else { break };
            let found = self.program.module(next.module).call(next.call);
            // `builder.apply { tools(x) }` sets what the block sets.
            if found.callee.last_name().is_some_and(|n| matches!(n, "apply" | "also" | "run" | "let" | "tap"))
            {
                self.options(next, name, &mut all);
            }
            // `new URL(address)` names the class that it makes.
            let is_asked = match &found.callee {
                Expr::Member(_, method) => &**method == name,
                // So does `request(address)`, which Node makes requests with.
                Expr::Name(class) => {
                    &**class == name && (class.starts_with(char::is_uppercase) || name == "request")
                }
                _ => false,
            };
            if is_asked {
                let spot = Spot { module: next.module, function: found.within };
                all.extend(found.arguments.iter().map(|argument| (spot, &argument.value)));
                if found.arguments.is_empty() {
                    all.push((spot, &found.callee));
                }
            }
            at = next;
        }
        all
    }

    /// What options among the arguments set: `WithTools(a, b)` as Go writes it, and calls inside a function that is
    /// handed over to set things up: `ToolRegistry { tool(a) }`.
    fn options(&self, site: CallSite, name: &str, all: &mut Vec<(Spot, &'p Expr)>) {
        let call = self.program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        for argument in &call.arguments {
            let mut values = vec![(spot, &argument.value)];
            if let Expr::Spread(inner) = &argument.value
                && let (spot, Expr::List(options)) = self.program.value_of(spot, inner)
            {
                values = options.iter().map(|option| (spot, option)).collect();
            }
            for (spot, value) in values {
                match value {
                    Expr::Call(option) => {
                        let option = self.program.module(spot.module).call(*option);
                        if option.callee.last_name() == Some(name) {
                            let spot = Spot { module: spot.module, function: option.within };
                            all.extend(option.arguments.iter().map(|a| (spot, &a.value)));
                        }
                    }
                    Expr::Function(function) => {
                        let routine = Routine { module: spot.module, function: Some(*function) };
                        for inner in self.program.calls_in(routine) {
                            let inner = self.program.module(inner.module).call(inner.call);
                            // `buildJsonObject { put("tools", tools) }`
                            if let [key, value] = &inner.arguments[..]
                                && inner.callee.last_name().is_some_and(|n| PUTTERS.contains(&n))
                                && matches!(&key.value, Expr::Text(key) if &**key == name)
                            {
                                all.push((
                                    Spot { module: spot.module, function: inner.within },
                                    &value.value,
                                ));
                            }
                            if inner.callee.last_name() == Some(name) {
                                let spot = Spot { module: spot.module, function: inner.within };
                                all.extend(inner.arguments.iter().map(|a| (spot, &a.value)));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What statements of the same function set on a variable: `options.Tools = x`, `builder.addTool(x)`.
    pub(super) fn later(&self, spot: Spot, variable: &str, name: &str, all: &mut Vec<(Spot, &'p Expr)>) {
        const ADDERS: [&str; 8] =
            ["Add", "add", "AddRange", "addAll", "push", "extend", "Set", "TryAddWithoutValidation"];
        let language = self.program.module(spot.module).dialect.language();
        if matches!(language, Language::Python | Language::JavaScript)
            || !self.program.is_variable(spot, variable)
        {
            return;
        }
        let routine = Routine { module: spot.module, function: spot.function };
        for site in self.program.calls_in(routine) {
            let call = self.program.module(site.module).call(site.call);
            if language == Language::Php {
                all.extend(set_by_function(call, variable, name).map(|value| (spot, value)));
            }
            let Expr::Member(object, method) = &call.callee else { continue };
            // `body.put("tools", tools)`
            if let [key, value] = &call.arguments[..]
                && PUTTERS.contains(&&**method)
                && matches!(&key.value, Expr::Text(key) if &**key == name)
                && self.root_variable(spot, object) == Some(variable)
            {
                all.push((spot, &value.value));
            }
            let sets = method.strip_suffix('=').unwrap_or(method) == name;
            // `options.Tools.Add(x)` adds to what `options.Tools = x` sets, as `request.Header.Set(x, y)` does.
            let adds =
                ADDERS.contains(&&**method) && matches!(&**object, Expr::Member(_, list) if &**list == name);
            let of = if adds {
                match &**object {
                    Expr::Member(object, _) => object,
                    _ => object,
                }
            } else {
                object
            };
            if (sets || adds) && self.root_variable(spot, of) == Some(variable) {
                all.extend(call.arguments.iter().map(|argument| (spot, &argument.value)));
            }
        }
    }

    /// The variable that a chain of calls goes on from.
    fn root_variable(&self, spot: Spot, object: &'p Expr) -> Option<&'p str> {
        let mut at = object;
        for _ in 0..20 {
            match at {
                Expr::Name(name) => return Some(name),
                Expr::Call(call) => match &self.program.module(spot.module).call(*call).callee {
                    Expr::Member(object, _) => at = object,
                    _ => return None,
                },
                _ => return None,
            }
        }
        None
    }

    /// The call that a variable was bound to before it was bound to this one: `request = request.header(x)`.
    fn bound_before(&self, site: CallSite, object: &Expr) -> Option<CallSite> {
        let Expr::Name(variable) = object else { return None };
        let function = self.program.module(site.module).call(site.call).within;
        let bound = self.program.bound_values(Spot { module: site.module, function }, variable);
        let calls = bound.iter().filter_map(|(spot, value)| match value {
            Expr::Call(call) => Some(CallSite { module: spot.module, call: *call }),
            _ => None,
        });
        let before: Vec<CallSite> = calls.clone().take_while(|other| *other != site).collect();
        before.last().copied().filter(|_| calls.count() > before.len())
    }

    /// The call that makes an object, itself or behind the variable it is bound to.
    pub(super) fn call_behind(&self, spot: Spot, object: &'p Expr) -> Option<CallSite> {
        let mut at = (spot, object);
        for _ in 0..4 {
            match at.1 {
                Expr::Call(call) => return Some(CallSite { module: at.0.module, call: *call }),
                Expr::Name(_) | Expr::Member(..) => at = self.program.step(at.0, at.1)?,
                _ => return None,
            }
        }
        None
    }

    /// What statements after it set as a part of the variable that a value is.
    pub(super) fn set_on(&self, spot: Spot, value: &'p Expr, name: &str) -> Option<(Spot, &'p Expr)> {
        let Expr::Name(variable) = value else { return None };
        let mut set = Vec::new();
        self.later(spot, variable, name, &mut set);
        let module = self.program.module(spot.module);
        set.extend(module.settings.iter().filter_map(|s| {
            let fits = s.variable == *variable && &*s.key == name && s.within == spot.function;
            fits.then_some((spot, &s.value))
        }));
        set.first().copied()
    }
}

/// What a function of PHP sets on a handle by the name of an option: `curl_setopt($request, CURLOPT_URL, $address)`.
fn set_by_function<'p>(call: &'p Call, variable: &str, name: &str) -> Option<&'p Expr> {
    let Expr::Name(function) = &call.callee else { return None };
    let values: Vec<&Expr> = call.arguments.iter().map(|argument| &argument.value).collect();
    match (&**function, &values[..]) {
        ("curl_setopt", [Expr::Name(handle), Expr::Name(option), value])
            if &**handle == variable && &**option == name =>
        {
            Some(*value)
        }
        ("curl_setopt_array", [Expr::Name(handle), Expr::Map(options)]) if &**handle == variable => {
            options.iter().rev().find(|(option, _)| &**option == name).map(|(_, value)| value)
        }
        _ => None,
    }
}
