//! Agents without tool calls: the text of a model's answer says what runs, and what it gives goes back.
//!
//! A value is *of an answer* when it is one, a part of one, or made of one by code that only computes. Where such a
//! value picks a function from a table, is compared with the names of actions, is a path that is written to, or is
//! itself executed, the model selects.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Effect;
use foldhash::HashSet;
use muster_rules::Means;

use super::agents::ModelSite;
use super::executions::is_fixed;
use super::reach::{Reach, targets};
use super::tools::{FoundTool, ToolSource, Tools};
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, Meaning, ModuleId, Origin, Program, Routine, Spot};
use crate::syntax::{BranchId, Expr, LoopId, Module};

/// Rounds until nothing new is found: each follows answers into one more module.
const MAX_ROUNDS: usize = 10;
/// Look-ups in registries that are told; more of them tell nothing new, and each is told with all tools.
const MAX_REGISTRIES: usize = 16;
/// How deep one value is taken apart.
pub(super) const MAX_DEPTH: u8 = 12;
/// Calls that hand on what they are given, in another form.
const READERS: [&str; 40] = [
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
];
/// Calls that add to a conversation.
pub(super) const ADDERS: [&str; 12] = [
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
    "addMessage",
];
/// Calls that give the end of a conversation.
const LAST: [&str; 7] = ["last", "last_mut", "back", "Last", "getLast", "lastOrNull", "at"];

/// A place where an answer selects what runs.
#[derive(Debug, Clone)]
pub(crate) struct Selection<'d> {
    pub(crate) routine: Routine,
    pub(crate) line: u32,
    pub(super) in_loop: Option<LoopId>,
    pub(crate) tools: Vec<FoundTool>,
    /// Whether the same code also sorts labels or keeps files: only results that go back make it a selection.
    needs_feedback: bool,
    /// The call that executes the answer, if that is what happens.
    pub(crate) executes: Option<(&'d Hit, CallSite)>,
    /// Where what came of it goes back to the model.
    pub(crate) feedback: Option<(Routine, u32)>,
}

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
            names: answering.clone().map(|s| &*s.hit.name).collect(),
            to_models: reach.above(answering.map(|s| s.hit.routine())),
            bindings: HashSet::default(),
            parameters: HashSet::default(),
            returns: HashSet::default(),
        };
        if answers.models.is_empty() {
            return answers;
        }
        let mut open = answers.begins();
        for _ in 0..MAX_ROUNDS {
            open.retain(|module| is_own(*module));
            if open.is_empty() {
                break;
            }
            open = answers.round(&open);
        }
        answers
    }

    /// Modules in which something gives an answer.
    fn begins(&self) -> BTreeSet<ModuleId> {
        let program = self.detection.program;
        let asks = |module: ModuleId, found: &Module| {
            (0u32..).zip(&found.calls).any(|(call, _)| self.is_answer(CallSite { module, call }))
        };
        program.modules().filter(|(id, module)| asks(*id, module)).map(|(id, _)| id).collect()
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

    /// What is handed the parts of an answer where the model is asked is the answer, once it is whole: the object or the
    /// text that a stream is put together in. Whether that is new.
    fn collect(&mut self, spot: Spot, object: &Expr) -> bool {
        let program = self.detection.program;
        let routine = Routine { module: spot.module, function: spot.function };
        let Expr::Name(variable) = object else { return false };
        if !program.calls_in(routine).any(|site| self.models.contains(&site)) {
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

    fn knows(&self, origin: &Origin) -> bool {
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
            self.names
                .iter()
                .any(|of| name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
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
        let only_computes =
            || self.detection.on_call(site).any(|h| self.detection.rule(h).id.0 == "only-computes");
        (READERS.contains(&last) || only_computes())
            && call.arguments.iter().any(|argument| self.holds(spot, &argument.value, depth))
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

    /// Every place where an answer selects what runs.
    pub(crate) fn selections(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        if self.models.is_empty() {
            return Vec::new();
        }
        let mut found = self.by_table(is_own);
        found.extend(self.by_name(is_own));
        found.extend(self.by_effect(is_own));
        for selection in &mut found {
            selection.feedback = self.feedback(selection);
        }
        found.retain(|selection| !selection.needs_feedback || selection.feedback.is_some());
        found
    }

    /// `TOOLS[name](…)` and `TOOLS.get(name)`: the entries of the table are the tools.
    fn by_table(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let finder = Tools::new(self.detection);
        let mut found = Vec::new();
        let mut registered: Option<Vec<FoundTool>> = None;
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            let lookups = module.lookups.iter().map(|l| (&l.object, &l.key, l.line, l.within, l.in_loop));
            let asked = module.calls.iter().filter_map(|call| match (&call.callee, &call.arguments[..]) {
                (Expr::Member(object, name), [key, ..])
                    if matches!(&**name, "get" | "Get" | "fetch" | "has") =>
                {
                    Some((&**object, &key.value, call.line, call.within, call.in_loop))
                }
                _ => None,
            });
            for (object, key, line, within, in_loop) in lookups.chain(asked) {
                let spot = Spot { module: id, function: within };
                if !self.holds(spot, key, MAX_DEPTH) {
                    continue;
                }
                let (table_spot, table) = program.value_of(spot, object);
                // A registry that is filled elsewhere holds the objects of the program that are tools, if the answer
                // comes back to the model.
                let is_map = matches!(table, Expr::Map(_));
                let tools = if is_map {
                    finder.entries(table_spot, table)
                } else if found.len() >= MAX_REGISTRIES {
                    continue;
                } else {
                    registered.get_or_insert_with(|| finder.runnable(is_own)).clone()
                };
                if tools.iter().any(|tool| !tool.handlers.is_empty()) {
                    found.push(Selection {
                        routine: Routine { module: id, function: within },
                        line,
                        in_loop,
                        tools,
                        needs_feedback: !is_map,
                        executes: None,
                        feedback: None,
                    });
                }
            }
        }
        found
    }

    /// `if action == "write": …`: the texts are the names of the tools.
    fn by_name(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let mut found = Vec::new();
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            let mut texts: BTreeMap<BranchId, Vec<&str>> = BTreeMap::new();
            for (text, branch) in module.cases.iter().filter(|(text, _)| may_name_an_action(text)) {
                texts.entry(*branch).or_default().push(text);
            }
            let mut asked: BTreeMap<BranchId, Vec<&str>> = BTreeMap::new();
            for (branch, name) in &module.subjects {
                asked.entry(*branch).or_default().push(name);
            }
            for (branch, texts) in texts {
                let Some(subjects) = asked.get(&branch) else { continue };
                let inside: Vec<u32> = (0u32..)
                    .zip(&module.calls)
                    .filter(|(_, call)| {
                        call.branch.is_some() && module.is_within_branch(call.branch, Some(branch))
                    })
                    .map(|(call, _)| call)
                    .collect();
                let Some(first) = inside.first().map(|call| module.call(*call)) else { continue };
                let spot = Spot { module: id, function: first.within };
                let about_answer = subjects
                    .iter()
                    .any(|name| program.origins(spot, name).iter().any(|origin| self.knows(origin)));
                if !about_answer {
                    continue;
                }
                let runs: Vec<CallSite> =
                    inside.iter().map(|call| CallSite { module: id, call: *call }).collect();
                let tool = FoundTool::of_branch(texts[0].to_owned(), id, first.line, runs);
                found.push(Selection {
                    routine: Routine { module: id, function: first.within },
                    line: first.line,
                    in_loop: first.in_loop,
                    tools: vec![tool],
                    needs_feedback: true,
                    executes: None,
                    feedback: None,
                });
            }
        }
        found
    }

    /// An answer that is executed, or that says which file is written.
    fn by_effect(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let mut found = Vec::new();
        for hit in self.detection.meaning(Means::Effect).filter(|hit| is_own(hit.module)) {
            let Some(site) = hit.call() else { continue };
            let effect = self.detection.site(hit).effect;
            let call = program.module(site.module).call(site.call);
            let spot = Spot { module: site.module, function: call.within };
            let routine = Routine { module: site.module, function: call.within };
            let receiver = match &call.callee {
                Expr::Member(object, _) => self.receives(spot, object),
                _ => false,
            };
            let first = call.arguments.first().is_some_and(|a| self.holds(spot, &a.value, MAX_DEPTH));
            // A program that is always the same, and is only given an answer, is chosen by the code.
            let fixed = call.arguments.first().is_some_and(|a| is_fixed(program, spot, &a.value));
            let executes = effect == Some(Effect::Execute) && first && !fixed;
            let writes = effect == Some(Effect::Write) && (first || receiver);
            if !(executes || writes) {
                continue;
            }
            let mut tools = Vec::new();
            if writes {
                let function = call.within.map(|f| program.module(site.module).function(f));
                let name = function.map(|f| f.name.to_string()).filter(|n| !n.is_empty());
                tools.push(FoundTool {
                    name: name.unwrap_or_else(|| "write".to_owned()),
                    module: site.module,
                    line: call.line,
                    source: ToolSource::Own,
                    handlers: Vec::new(),
                    runs: vec![site],
                    effect: None,
                    declared_by: Vec::new(),
                    confirmed: false,
                    rule: Some(hit.site.rule),
                });
            }
            found.push(Selection {
                routine,
                line: call.line,
                in_loop: call.in_loop,
                tools,
                needs_feedback: writes,
                executes: executes.then_some((hit, site)),
                feedback: None,
            });
        }
        found
    }

    /// Whether an object is made of an answer: `Path(block.path).write_text(…)`.
    fn receives(&self, spot: Spot, object: &Expr) -> bool {
        let Expr::Call(call) = object else { return false };
        let call = self.detection.program.module(spot.module).call(*call);
        call.arguments.iter().any(|argument| self.holds(spot, &argument.value, MAX_DEPTH))
    }
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

/// Whether a text can be the name of an action: one word, and none that APIs give to the parts of an answer.
fn may_name_an_action(text: &str) -> bool {
    const PARTS: [&str; 44] = [
        "arguments",
        "base64",
        "content",
        "data",
        "delta",
        "id",
        "input",
        "media_type",
        "model",
        "role",
        "source",
        "stop_reason",
        "type",
        "usage",
        "text",
        "tool_use",
        "tool_result",
        "tool_calls",
        "tool_call",
        "thinking",
        "redacted_thinking",
        "image",
        "message",
        "reasoning",
        "function",
        "function_call",
        "server_tool_use",
        "web_search_tool_result",
        "user",
        "assistant",
        "system",
        "tool",
        "stop",
        "length",
        "end_turn",
        "max_tokens",
        "content_block_delta",
        "done",
        "error",
        "string",
        "number",
        "object",
        "json",
        "yes",
    ];
    !text.contains(char::is_whitespace)
        && text.len() <= 60
        && !PARTS.contains(&text.to_ascii_lowercase().as_str())
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

/// The variables that a value is made of.
pub(super) fn roots<'e>(value: &'e Expr, found: &mut BTreeSet<&'e str>, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Expr::Name(name) => drop(found.insert(name)),
        Expr::Member(object, _) => roots(object, found, depth),
        Expr::List(values) | Expr::Choice(values) => values.iter().for_each(|v| roots(v, found, depth)),
        Expr::Map(entries) => entries.iter().for_each(|(_, v)| roots(v, found, depth)),
        Expr::Spread(inner) => roots(inner, found, depth),
        _ => {}
    }
}
