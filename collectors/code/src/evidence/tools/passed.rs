//! Tools that a function of the program registers under names that it is given: by its callers, or by a list of records.

use super::names::{is_spelled, is_tool_name};
use super::{FoundTool, MAX_DEPTH, MAX_TOOLS, ToolSource, Tools};
use crate::program::{CallSite, Origin, Routine, Spot};
use crate::syntax::{Expr, TYPE_ARGUMENT};

/// Functions that hand a name on to each other.
const MAX_STEPS: u8 = 6;
/// Callers of one such function.
const MAX_CALLERS: usize = 500;
/// Values that are looked at for one call.
const MAX_VALUES: usize = 4_000;

/// The tools that are found, and how much may still be looked at.
struct Search {
    found: Vec<FoundTool>,
    left: usize,
}

impl<'p> Tools<'_, 'p> {
    /// The tools that a call of an SDK registers, where their names come from elsewhere; none where it names its tool
    /// itself, or where they could not be found. The second value says whether it names its tool itself.
    pub(crate) fn passed_on(&self, site: CallSite) -> (Vec<FoundTool>, bool) {
        let mut search = Search { found: Vec::new(), left: MAX_VALUES };
        let named = self.names_of(site, MAX_STEPS);
        for (spot, name) in &named {
            match name {
                Expr::Text(text) if !text.contains("{}") => return (Vec::new(), true),
                Expr::Text(text) => {
                    let first = search.found.len();
                    self.beside(site, &mut search);
                    for tool in search.found.iter_mut().skip(first) {
                        tool.name = text.replacen("{}", &tool.name, 1);
                    }
                }
                _ => self.name(*spot, name, MAX_STEPS, &mut search),
            }
            if !search.found.is_empty() {
                break;
            }
        }
        if search.found.is_empty() && !named.is_empty() {
            self.beside(site, &mut search);
        }
        let mut found = search.found;
        found.sort_by(|a, b| (&a.name, a.module, a.line).cmp(&(&b.name, b.module, b.line)));
        found.dedup_by(|a, b| a.name == b.name && a.module == b.module && a.line == b.line);
        found.truncate(MAX_TOOLS);
        (found, false)
    }

    /// What may name the tool of a call, in the order in which it is to be believed.
    fn names_of(&self, site: CallSite, depth: u8) -> Vec<(Spot, &'p Expr)> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let given = self.detection.arguments(site);
        let find = |name: &str| given.find(&muster_rules::ToolArgument(name.to_owned())).value();
        let own = ["name", "Name", "@0.Name", "@1.Name", "@0.name", "@1.name"].iter().find_map(|n| find(n));
        if let Some((spot, value)) = own {
            return vec![self.text_behind(spot, value).unwrap_or((spot, value))];
        }
        let mut all = Vec::new();
        for (spot, value) in ["@0", "@1"].iter().filter_map(|n| find(n)) {
            match value {
                // `AddTool(NewTool("cancel"), cancel)`.
                Expr::Call(call) => {
                    let inner = CallSite { module: spot.module, call: *call };
                    all.extend(self.names_of(inner, depth));
                }
                _ => all.push(self.text_behind(spot, value).unwrap_or((spot, value))),
            }
            if let Some((_, Expr::Text(_))) = all.last() {
                break;
            }
        }
        all
    }

    /// The text that a name stands for within its own function or module; what callers pass is not it.
    fn text_behind(&self, spot: Spot, value: &'p Expr) -> Option<(Spot, &'p Expr)> {
        let program = self.detection.program;
        let mut at = (spot, value);
        for _ in 0..MAX_STEPS {
            if let Expr::Text(_) = at.1 {
                return Some(at);
            }
            if let Expr::Name(name) = at.1
                && program.origins(at.0, name).iter().any(|origin| matches!(origin, Origin::Parameter(..)))
            {
                return None;
            }
            at = program.step(at.0, at.1)?;
        }
        None
    }

    /// Follows what gives a tool its name.
    fn name(&self, spot: Spot, name: &'p Expr, depth: u8, search: &mut Search) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let program = self.detection.program;
        match name {
            Expr::Name(variable) => {
                for origin in program.origins(spot, variable) {
                    match origin {
                        Origin::Parameter(routine, position) => {
                            self.callers_of(routine, position, depth, search);
                        }
                        Origin::Binding(module, binding) => {
                            let binding = &program.module(module).bindings[binding as usize];
                            let spot = Spot { module, function: binding.within };
                            match &binding.value {
                                Expr::Name(_) | Expr::Member(..) => {
                                    self.name(spot, &binding.value, depth, search);
                                }
                                // The variable of a loop.
                                _ if binding.in_loop.is_some() => {
                                    self.object(spot, &binding.value, depth, search);
                                }
                                _ => {}
                            }
                        }
                    }
                }
            }
            Expr::Member(object, _) => self.object(spot, object, depth, search),
            Expr::Call(call) => {
                let call = program.module(spot.module).call(*call);
                let spot = Spot { module: spot.module, function: call.within };
                match (&call.callee, &call.arguments[..]) {
                    // `tool.Name()`, `tool.name.to_string()`.
                    (Expr::Member(object, _), []) => self.name(spot, object, depth, search),
                    (_, [only]) => self.name(spot, &only.value, depth, search),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Follows an object that says itself what its tool is called: a record, or something that a list holds.
    fn object(&self, spot: Spot, object: &'p Expr, depth: u8, search: &mut Search) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), search.left.checked_sub(1)) else { return };
        search.left = left;
        let program = self.detection.program;
        match object {
            Expr::Name(variable) => {
                let before = search.found.len();
                for origin in program.origins(spot, variable) {
                    match origin {
                        Origin::Parameter(routine, position) => {
                            self.callers_of(routine, position, depth, search);
                        }
                        Origin::Binding(module, binding) => {
                            let binding = &program.module(module).bindings[binding as usize];
                            let spot = Spot { module, function: binding.within };
                            self.object(spot, &binding.value, depth, search);
                        }
                    }
                }
                // What was put into it later, and what another file defines.
                if search.found.len() == before {
                    self.tools_in(spot, object, search);
                }
            }
            Expr::Choice(values) => {
                for value in values.iter().take(MAX_TOOLS) {
                    self.object(spot, value, depth, search);
                }
            }
            Expr::Call(call) => {
                let before = search.found.len();
                self.tools_in(spot, object, search);
                if search.found.len() == before
                    && let Some((spot, held)) = self.held(spot, *call)
                {
                    self.object(spot, held, depth, search);
                }
            }
            // `entry.Tool`: what is around it runs the tool.
            Expr::Member(inner, _) => {
                let before = search.found.len();
                self.tools_in(spot, object, search);
                if search.found.len() == before {
                    self.object(spot, inner, depth, search);
                }
            }
            _ => self.tools_in(spot, object, search),
        }
    }

    /// The tools that are what a value is or holds, of those that say what they are called.
    fn tools_in(&self, spot: Spot, value: &'p Expr, search: &mut Search) {
        let mut found = self.expand(spot, value, None, MAX_DEPTH).tools;
        found.retain(|tool| {
            let runs = !tool.handlers.is_empty() || !tool.runs.is_empty();
            (runs || tool.source == ToolSource::Schema) && is_tool_name(&tool.name)
        });
        search.left = search.left.saturating_sub(found.len());
        search.found.extend(found);
    }

    /// What a call only goes through or puts in another order: `Object.entries(tools)`, `tools.values()`.
    fn held(&self, spot: Spot, call: u32) -> Option<(Spot, &'p Expr)> {
        const OF_OBJECT: [&str; 4] = ["entries", "values", "keys", "freeze"];
        const OWN: [&str; 12] = [
            "items",
            "values",
            "entries",
            "filter",
            "map",
            "flat",
            "slice",
            "concat",
            "iter",
            "into_iter",
            "toList",
            "stream",
        ];
        const FUNCTIONS: [&str; 6] = ["list", "sorted", "tuple", "enumerate", "reversed", "iter"];
        let call = self.detection.program.module(spot.module).call(call);
        let spot = Spot { module: spot.module, function: call.within };
        let first = call.arguments.first().map(|argument| &argument.value);
        let held = match &call.callee {
            Expr::Member(object, method) if matches!(&**object, Expr::Name(name) if &**name == "Object") => {
                first.filter(|_| OF_OBJECT.contains(&&**method))
            }
            Expr::Member(object, method) if OWN.contains(&&**method) => Some(&**object),
            Expr::Name(function) if FUNCTIONS.contains(&&**function) => first,
            _ => None,
        };
        held.map(|held| (spot, held))
    }

    /// What the callers of a function give it as one of its parameters: names of tools, or objects that have one.
    fn callers_of(&self, routine: Routine, position: u32, depth: u8, search: &mut Search) {
        let program = self.detection.program;
        let Some(function) = routine.function.map(|f| program.module(routine.module).function(f)) else {
            return;
        };
        let Some((parameter, _)) = function.parameters.get(position as usize) else { return };
        let first = function.parameters.first();
        let is_method = first.is_some_and(|(first, _)| matches!(&**first, "self" | "cls"))
            || function.class.is_some()
                && program.module(routine.module).dialect.language() == muster_rules::Language::Go;
        let callers = program.callers(routine);
        if callers.is_empty() {
            // `Object.values(tools).forEach((tool) => …)`.
            if let Some((spot, object)) = self.goes_over(routine) {
                self.object(spot, object, depth, search);
            }
            return;
        }
        for site in callers.iter().take(MAX_CALLERS) {
            let module = program.module(site.module);
            if !module.role.is_own() || search.found.len() >= MAX_TOOLS {
                continue;
            }
            let call = module.call(site.call);
            let spot = Spot { module: site.module, function: call.within };
            let by_name = call.arguments.iter().find(|a| a.name.as_ref() == Some(parameter));
            let by_place = || {
                // The receiver of a method of Go is its first parameter.
                let Some(at) = (position as usize).checked_sub(usize::from(is_method)) else {
                    return match &call.callee {
                        Expr::Member(object, _) => Some(&**object),
                        _ => None,
                    };
                };
                call.arguments.iter().filter(|a| a.name.is_none()).nth(at).map(|argument| &argument.value)
            };
            let Some(given) = by_name.map(|argument| &argument.value).or_else(by_place) else { continue };
            let Some(left) = search.left.checked_sub(1) else { return };
            search.left = left;
            match self.text_behind(spot, given) {
                Some((_, Expr::Text(name))) => {
                    if is_tool_name(name) {
                        search.found.push(self.registered(*site, name));
                    }
                }
                _ if matches!(given, Expr::Name(_) | Expr::Member(..)) => {
                    let before = search.found.len();
                    self.name(spot, given, depth, search);
                    if search.found.len() == before {
                        self.object(spot, given, depth, search);
                    }
                }
                _ => self.object(spot, given, depth, search),
            }
        }
    }

    /// The tool that a call gives a name and something to run.
    fn registered(&self, site: CallSite, name: &str) -> FoundTool {
        let program = self.detection.program;
        let module = program.module(site.module);
        let call = module.call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        let mut handlers = Vec::new();
        for argument in call.arguments.iter().filter(|a| a.name.as_deref() != Some(TYPE_ARGUMENT)) {
            match &argument.value {
                Expr::Map(entries) => {
                    let runs = |key: &str| RUNS.iter().any(|name| is_spelled(key, name));
                    let given = entries.iter().filter(|(key, _)| runs(key));
                    handlers.extend(given.flat_map(|(_, value)| self.routines_of(spot, value)));
                }
                value => handlers.extend(self.routines_of(spot, value)),
            }
        }
        if handlers.is_empty() {
            // An object that runs the tool.
            let objects = call.arguments.iter().filter(|a| matches!(a.value, Expr::Call(_) | Expr::Name(_)));
            let found = objects.flat_map(|a| self.expand(spot, &a.value, None, MAX_DEPTH).tools);
            handlers = found.flat_map(|tool| tool.handlers).collect();
        }
        handlers.sort_unstable();
        handlers.dedup();
        FoundTool::of_call(name.to_owned(), site, call.line, handlers)
    }

    /// The list that a function without a name is handed over to be run for each of its elements.
    fn goes_over(&self, routine: Routine) -> Option<(Spot, &'p Expr)> {
        const EACH: [&str; 8] =
            ["forEach", "map", "flatMap", "filter", "for_each", "each", "each_pair", "reduce"];
        let program = self.detection.program;
        let module = program.module(routine.module);
        let function = routine.function?;
        let around = Routine { module: routine.module, function: module.function(function).within };
        program.calls_in(around).find_map(|site| {
            let call = module.call(site.call);
            let Expr::Member(object, method) = &call.callee else { return None };
            let is_given = call.arguments.iter().any(|argument| argument.value == Expr::Function(function));
            let spot = Spot { module: site.module, function: call.within };
            (is_given && EACH.contains(&&**method)).then_some((spot, &**object))
        })
    }

    /// The objects whose parts a call is given: `server.tool(name, entry.description, entry.run)`.
    fn beside(&self, site: CallSite, search: &mut Search) {
        let call = self.detection.program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        for argument in call.arguments.iter().take(8) {
            if let Expr::Member(object, part) = &argument.value
                && matches!(&**object, Expr::Name(_))
                && PARTS.iter().any(|name| is_spelled(part, name))
            {
                self.object(spot, object, MAX_STEPS, search);
                if !search.found.is_empty() {
                    return;
                }
            }
        }
    }
}

/// What holds the code of a tool in a record.
pub(super) const RUNS: [&str; 10] =
    ["execute", "function", "handler", "run", "invoke", "func", "call", "callback", "cb", "fn"];

/// The parts of a record of a tool that are handed over when it is registered.
const PARTS: [&str; 14] = [
    "description",
    "schema",
    "inputSchema",
    "parameters",
    "config",
    "handler",
    "execute",
    "run",
    "func",
    "function",
    "callback",
    "cb",
    "tool",
    "definition",
];
