//! Agents without tool calls: the text of a model's answer says what runs, and what it gives goes back.
//!
//! A value is *of an answer* when it is one, a part of one, or made of one by code that only computes. Where such a
//! value picks a function from a table, is compared with the names of actions, is a path that is written to, or is
//! itself executed, the model selects.

use std::collections::BTreeSet;

use asmm_model::Effect;
use foldhash::HashSet;
use muster_rules::Means;

use super::agents::ModelSite;
use super::reach::{Reach, targets};
use crate::detect::Detection;
use crate::program::{CallSite, Meaning, ModuleId, Origin, Program, Routine, Spot};
use crate::syntax::{Call, Expr, FunctionId, Module};

/// Rounds until nothing new is found: each follows answers into one more module.
const MAX_ROUNDS: usize = 10;
/// How deep one value is taken apart.
pub(super) const MAX_DEPTH: u8 = 12;
/// Calls that hand on what they are given, in another form.
pub(super) const READERS: [&str; 62] = [
    "loads",
    "parse",
    "split",
    "strip",
    "trim",
    "match",
    "matchAll",
    "search",
    "findall",
    "finditer",
    "exec",
    "group",
    "groups",
    "get",
    "lower",
    "upper",
    "toLowerCase",
    "replace",
    "removeprefix",
    "removesuffix",
    "partition",
    "splitlines",
    "str",
    "int",
    "String",
    "Number",
    "list",
    "next",
    "iter",
    "map",
    "filter",
    "slice",
    "substring",
    "at",
    "pop",
    "model_validate_json",
    "model_validate",
    "safe_load",
    "text_content",
    "json",
    "matcher",
    "Match",
    "Matches",
    "captures",
    "captures_iter",
    "scan",
    "matchEntire",
    "FindStringSubmatch",
    "FindAllStringSubmatch",
    "FindString",
    "TrimSpace",
    "Split",
    "SplitN",
    "Fields",
    "json_decode",
    "explode",
    "from_str",
    "Parse",
    "Deserialize",
    "readTree",
    "readValue",
    "decodeFromString",
];
/// Those of them that, on an object, give a part of the object.
const ASKED: [&str; 10] = [
    "get",
    "pop",
    "at",
    "group",
    "slice",
    "next",
    "TryGetValue",
    "GetValueOrDefault",
    "getOrDefault",
    "getValue",
];
/// Calls that put what they read into a variable that they are given.
const FILLS: [&str; 5] = ["Unmarshal", "Decode", "UnmarshalFromString", "preg_match", "preg_match_all"];
/// Calls that add to a conversation.
pub(super) const ADDERS: [&str; 15] = [
    "append",
    "push",
    "extend",
    "add",
    "concat",
    "unshift",
    "insert",
    "appendleft",
    "Add",
    "AddRange",
    "push_back",
    "push_str",
    "Append",
    "AppendLine",
    "addMessage",
];
/// Calls that give the end of a conversation.
const LAST: [&str; 7] = ["last", "last_mut", "back", "Last", "getLast", "lastOrNull", "at"];

/// What is known of the answers of the models of a part.
pub(crate) struct Answers<'d, 'p> {
    pub(super) detection: &'d Detection<'p>,
    pub(super) reach: &'d Reach,
    pub(super) models: BTreeSet<CallSite>,
    /// Names that model calls go by.
    names: BTreeSet<&'d str>,
    /// Routines from which a model is reached.
    pub(super) to_models: BTreeSet<Routine>,
    bindings: HashSet<(ModuleId, u32)>,
    parameters: HashSet<(Routine, u32)>,
    returns: HashSet<Routine>,
    /// Tables that elements are taken out of by a key which is only known at run time, and where.
    looked_up: HashSet<(ModuleId, Option<FunctionId>, &'d str)>,
}

impl<'d, 'p> Answers<'d, 'p> {
    pub(crate) fn of(
        detection: &'d Detection<'p>,
        reach: &'d Reach,
        sites: &[ModelSite<'d>],
        is_own: &dyn Fn(ModuleId) -> bool,
    ) -> Self {
        let answering = sites.iter().filter(|s| matches!(s.means, Means::ModelCall | Means::Chain));
        let mut answers = Self {
            detection,
            reach,
            models: answering.clone().filter_map(|s| s.hit.call()).collect(),
            // What is one only by what it is given is told from others of its name by its place: `requests.post`.
            names: answering
                .clone()
                .filter(|s| detection.site(s.hit).conditions.is_empty())
                .map(|s| &*s.hit.name)
                .collect(),
            to_models: reach.above(answering.map(|s| s.hit.routine())),
            bindings: HashSet::default(),
            parameters: HashSet::default(),
            returns: HashSet::default(),
            looked_up: HashSet::default(),
        };
        if answers.models.is_empty() {
            return answers;
        }
        for (id, module) in detection.program.modules() {
            let tables = module.lookups.iter().filter_map(|l| Some((id, l.within, l.object.last_name()?)));
            answers.looked_up.extend(tables);
        }
        let mut open = answers.begins(is_own);
        for _ in 0..MAX_ROUNDS {
            if open.is_empty() {
                break;
            }
            open = answers.round(&open);
            open.retain(|module| is_own(*module));
        }
        answers
    }

    /// Own modules in which something gives an answer.
    fn begins(&self, is_own: &dyn Fn(ModuleId) -> bool) -> BTreeSet<ModuleId> {
        let program = self.detection.program;
        let asks = |module: ModuleId, found: &Module| {
            (0u32..).zip(&found.calls).any(|(call, _)| self.is_answer(CallSite { module, call }))
        };
        let own = program.modules().filter(|(id, _)| is_own(*id));
        own.filter(|(id, module)| asks(*id, module)).map(|(id, _)| id).collect()
    }

    /// Follows what is known one step in modules where something was new; the modules in which something may be new
    /// after that.
    fn round(&mut self, open: &BTreeSet<ModuleId>) -> BTreeSet<ModuleId> {
        let program = self.detection.program;
        let mut news = BTreeSet::new();
        for id in open.iter().copied() {
            let module = program.module(id);
            for (at, binding) in (0u32..).zip(&module.bindings) {
                let spot = Spot { module: id, function: binding.within };
                if !self.bindings.contains(&(id, at)) && self.holds(spot, &binding.value, MAX_DEPTH) {
                    self.bindings.insert((id, at));
                    news.insert(id);
                }
            }
            for (call, found) in (0u32..).zip(&module.calls) {
                let spot = Spot { module: id, function: found.within };
                let given: Vec<usize> = (0..found.arguments.len())
                    .filter(|at| self.holds(spot, &found.arguments[*at].value, MAX_DEPTH))
                    .collect();
                let fills = found.callee.last_name().is_some_and(|name| FILLS.contains(&name));
                let reads = || matches!(&found.callee, Expr::Member(object, _) if self.holds(spot, object, MAX_DEPTH));
                if fills && (!given.is_empty() || reads()) && self.fill(spot, found) {
                    news.insert(id);
                }
                if self.streams(spot, found) && self.shared(spot) {
                    news.insert(id);
                }
                if given.is_empty() {
                    continue;
                }
                if let Expr::Member(object, _) = &found.callee
                    && self.collect(spot, object)
                {
                    news.insert(id);
                }
                for target in targets(program, CallSite { module: id, call }) {
                    for at in &given {
                        if let Some(position) =
                            parameter_of(program, target, found.arguments[*at].name.as_deref(), *at)
                            && self.parameters.insert((target, position))
                        {
                            news.insert(target.module);
                        }
                    }
                }
            }
            for update in &module.updates {
                let spot = Spot { module: id, function: update.within };
                if self.holds(spot, &update.value, MAX_DEPTH) && self.collect(spot, &update.target) {
                    news.insert(id);
                }
            }
            for (function, found) in (0u32..).zip(&module.functions) {
                let routine = Routine { module: id, function: Some(function) };
                let spot = Spot { module: id, function: Some(function) };
                if !self.returns.contains(&routine)
                    && found.returns.iter().any(|v| self.holds(spot, v, MAX_DEPTH))
                {
                    self.returns.insert(routine);
                    news.insert(id);
                    news.extend(program.callers(routine).iter().map(|site| site.module));
                }
            }
        }
        news
    }

    /// The variables that a call puts what it reads into are of an answer, too. Whether that is new.
    fn fill(&mut self, spot: Spot, call: &Call) -> bool {
        let mut new = false;
        for argument in &call.arguments {
            let Expr::Name(variable) = &argument.value else { continue };
            for origin in self.detection.program.origins(spot, variable) {
                if let Origin::Binding(module, at) = origin
                    && self.detection.program.module(module).bindings[at as usize].within == spot.function
                {
                    new |= self.bindings.insert((module, at));
                }
            }
        }
        new
    }

    /// Whether a call says what is run with each part of the answer of a request that is made by hand, where a model is asked.
    fn streams(&self, spot: Spot, call: &Call) -> bool {
        let routine = Routine { module: spot.module, function: spot.function };
        call.callee.last_name() == Some("curl_setopt")
            && matches!(call.arguments.get(1), Some(option) if option.value.last_name() == Some("CURLOPT_WRITEFUNCTION"))
            && self.detection.program.calls_in(routine).any(|site| self.is_answer(site))
    }

    /// The variables that are shared with what runs elsewhere are of an answer, where that is run with the parts of one. Whether that is
    /// new.
    fn shared(&mut self, spot: Spot) -> bool {
        let program = self.detection.program;
        let mut new = false;
        let updates = program.module(spot.module).updates.iter();
        for update in updates.filter(|u| u.within == spot.function && u.value == Expr::Unknown) {
            let Expr::Name(variable) = &update.target else { continue };
            for origin in program.origins(spot, variable) {
                if let Origin::Binding(module, at) = origin {
                    new |= self.bindings.insert((module, at));
                }
            }
        }
        new
    }

    /// What is handed the parts of an answer where the model is asked is the answer, once it is whole: the object or the
    /// text that a stream is put together in. Whether that is new.
    fn collect(&mut self, spot: Spot, object: &Expr) -> bool {
        let program = self.detection.program;
        let routine = Routine { module: spot.module, function: spot.function };
        let Expr::Name(variable) = object else { return false };
        // A tool that was looked for is given what an answer asks of it.
        if !program.calls_in(routine).any(|site| self.models.contains(&site)) || self.is_found(spot, object) {
            return false;
        }
        let is_made_here = program.resolve(spot, object).iter().any(|m| matches!(m, Meaning::Instance(..)));
        let mut new = false;
        for origin in program.origins(spot, variable) {
            let Origin::Binding(module, at) = origin else { continue };
            let binding = &program.module(module).bindings[at as usize];
            // A list of messages holds more than answers.
            let is_whole = is_made_here || is_begun(program, spot, &binding.value);
            if binding.within == spot.function && is_whole {
                new |= self.bindings.insert((module, at));
            }
        }
        new
    }

    /// Whether a value is of an answer.
    pub(super) fn holds(&self, spot: Spot, value: &Expr, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match value {
            Expr::Name(name) => {
                self.detection.program.origins(spot, name).iter().any(|origin| self.knows(origin))
            }
            Expr::Member(object, name) => {
                self.holds(spot, object, depth) || self.holds_attribute(spot, object, name)
            }
            Expr::Call(call) => self.gives(CallSite { module: spot.module, call: *call }, depth),
            Expr::Choice(values) | Expr::List(values) => values.iter().any(|v| self.holds(spot, v, depth)),
            Expr::Map(entries) => entries.iter().any(|(_, v)| self.holds(spot, v, depth)),
            Expr::Spread(inner) => self.holds(spot, inner, depth),
            Expr::Text(_) | Expr::Literal(_) | Expr::Function(_) | Expr::Class(_) | Expr::Unknown => false,
        }
    }

    pub(super) fn knows(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Binding(module, binding) => self.bindings.contains(&(*module, *binding)),
            Origin::Parameter(routine, position) => self.parameters.contains(&(*routine, *position)),
        }
    }

    fn holds_attribute(&self, spot: Spot, object: &Expr, name: &str) -> bool {
        if !matches!(object, Expr::Name(name) if matches!(&**name, "self" | "this" | "cls")) {
            return false;
        }
        let program = self.detection.program;
        program.resolve(spot, object).iter().any(|meaning| match meaning {
            Meaning::Instance(module, class) | Meaning::Class(module, class) => {
                program.attribute_origins(*module, *class, name).iter().any(|origin| self.knows(origin))
            }
            _ => false,
        })
    }

    /// Whether a call asks a model, or takes a part of what one gave.
    fn is_answer(&self, site: CallSite) -> bool {
        let is_part = |name: &str| {
            let dots = name.match_indices('.').map(|(at, _)| at);
            dots.chain([name.len()]).any(|end| self.names.contains(&name[..end]))
        };
        self.models.contains(&site)
            || self
                .detection
                .program
                .callee(site)
                .iter()
                .any(|m| matches!(m, Meaning::External(name) if is_part(name)))
    }

    /// Whether what a call gives is of an answer.
    fn gives(&self, site: CallSite, depth: u8) -> bool {
        if self.is_answer(site) {
            return true;
        }
        let program = self.detection.program;
        let call = program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        if program.targets(site).any(|target| self.returns.contains(&target)) {
            return true;
        }
        let (receiver, last) = match &call.callee {
            Expr::Member(object, name) => (Some(&**object), &**name),
            Expr::Name(name) => (None, &**name),
            _ => return false,
        };
        if receiver.is_some_and(|object| self.holds(spot, object, depth))
            || LAST.contains(&last) && receiver.is_some_and(|object| self.was_added(spot, object, depth))
        {
            return true;
        }
        // `TABLE[name](…)` runs what the table holds, whatever makes the table.
        let is_variable = match &call.callee {
            Expr::Name(name) => {
                !program.origins(spot, name).is_empty() || program.own_field(spot, name).is_some()
            }
            _ => false,
        };
        let only_computes = || {
            !is_variable
                && !receiver.is_some_and(|object| self.is_found(spot, object))
                && self.detection.on_call(site).any(|h| self.detection.rule(h).id.0 == "only-computes")
        };
        // What something else is asked for by an answer is not of the answer.
        let is_asked_for = receiver.is_some() && ASKED.contains(&last);
        // `exec` of a pattern reads, and `exec` of a shell does something that the answer only asks for.
        let acts = || {
            let mut hits = self.detection.on_call(site).filter(|h| self.detection.means(h) == Means::Effect);
            hits.any(|h| self.detection.site(h).effect.is_some_and(|effect| effect != Effect::Read))
        };
        let is_pattern = receiver.is_some_and(|object| is_pattern(program, spot, object));
        (READERS.contains(&last) || is_pattern || only_computes())
            && !is_asked_for
            && !acts()
            && call.arguments.iter().any(|argument| self.holds(spot, &argument.value, depth))
    }

    /// Whether an object is an element that was looked for in a list or a table: what it does is its own, and none of the
    /// list's.
    pub(super) fn is_found(&self, spot: Spot, object: &Expr) -> bool {
        const FINDERS: [&str; 16] = [
            "FirstOrDefault",
            "First",
            "SingleOrDefault",
            "Single",
            "Find",
            "find",
            "first",
            "firstOrNull",
            "findFirst",
            "get",
            "Get",
            "getValue",
            "getOrDefault",
            "orElse",
            "orElseThrow",
            "detect",
        ];
        let program = self.detection.program;
        let mut at = (spot, object);
        for _ in 0..4 {
            if let Expr::Call(call) = at.1 {
                let callee = &program.module(at.0.module).call(*call).callee;
                return callee.last_name().is_some_and(|name| FINDERS.contains(&name));
            }
            // `tool = tools[name]` is read as the whole table.
            if let Some(table) = at.1.last_name()
                && self.looked_up.contains(&(at.0.module, at.0.function, table))
            {
                return true;
            }
            let Some(next) = program.step(at.0, at.1) else { return false };
            at = next;
        }
        false
    }

    /// Whether an answer is added to a list of messages in the same function.
    fn was_added(&self, spot: Spot, list: &Expr, depth: u8) -> bool {
        let program = self.detection.program;
        let routine = Routine { module: spot.module, function: spot.function };
        program.calls_in(routine).any(|site| {
            let call = program.module(site.module).call(site.call);
            matches!(&call.callee, Expr::Member(object, name) if ADDERS.contains(&&**name) && **object == *list)
                && call.arguments.iter().any(|argument| match &argument.value {
                    // A message that is made of an answer.
                    Expr::Call(made) => {
                        let parts = &program.module(spot.module).call(*made).arguments;
                        parts.iter().any(|part| self.holds(spot, &part.value, depth))
                    }
                    value => self.holds(spot, value, depth),
                })
        })
    }
}

/// Whether an object is a pattern that texts are matched with.
fn is_pattern(program: &Program<'_>, spot: Spot, object: &Expr) -> bool {
    const MAKERS: [&str; 5] = ["Regex", "toRegex", "RegExp", "compile", "MustCompile"];
    matches!(program.value_of(spot, object), (spot, Expr::Call(call))
        if program.module(spot.module).call(*call).callee.last_name().is_some_and(|name| MAKERS.contains(&name)))
}

/// Whether a variable begins as a text, one that grows, or as an object of the program's own: `Parser::default()`.
fn is_begun(program: &Program<'_>, spot: Spot, value: &Expr) -> bool {
    match value {
        Expr::Text(_) => true,
        Expr::Call(call) => match &program.module(spot.module).call(*call).callee {
            Expr::Member(of, _) => {
                matches!(&**of, Expr::Name(name) if &**name == "String")
                    || program.resolve(spot, of).iter().any(|m| matches!(m, Meaning::Class(..)))
            }
            Expr::Name(name) => matches!(&**name, "String" | "StringBuilder" | "StringIO"),
            _ => false,
        },
        _ => false,
    }
}

/// The position of the parameter that an argument fills.
fn parameter_of(program: &Program<'_>, target: Routine, name: Option<&str>, position: usize) -> Option<u32> {
    let function = program.module(target.module).function(target.function?);
    let at = if let Some(name) = name {
        function.parameters.iter().position(|(parameter, _)| &**parameter == name)?
    } else {
        let first = function.parameters.first();
        position + usize::from(first.is_some_and(|(first, _)| matches!(&**first, "self" | "cls")))
    };
    (at < function.parameters.len()).then(|| u32::try_from(at).unwrap_or(u32::MAX))
}

/// The variables that a value is made of, also by calls: `"\n".join(history)`.
pub(super) fn roots<'m>(module: &'m Module, value: &'m Expr, found: &mut BTreeSet<&'m str>, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Expr::Name(name) => drop(found.insert(name)),
        Expr::Member(object, _) => roots(module, object, found, depth),
        Expr::List(values) | Expr::Choice(values) => {
            for value in values {
                roots(module, value, found, depth);
            }
        }
        Expr::Map(entries) => entries.iter().for_each(|(_, v)| roots(module, v, found, depth)),
        Expr::Spread(inner) => roots(module, inner, found, depth),
        Expr::Call(call) => {
            let call = module.call(*call);
            if let Expr::Member(object, _) = &call.callee {
                roots(module, object, found, depth);
            }
            for argument in &call.arguments {
                roots(module, &argument.value, found, depth);
            }
        }
        _ => {}
    }
}
