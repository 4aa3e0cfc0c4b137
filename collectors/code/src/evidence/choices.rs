//! Places where an answer chooses what runs: by a table, by a name, by what it says itself.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Effect;
use muster_rules::Means;

use super::answers::{Answers, MAX_DEPTH, READERS};
use super::effects::outcome;
use super::executions::is_fixed;
use super::picks::Pick;
use super::reach::targets;
use super::tools::{FoundTool, ToolSource, Tools, snake};
use crate::detect::Hit;
use crate::program::{CallSite, Meaning, ModuleId, Program, Routine, Spot};
use crate::syntax::{
    BranchId, Call, CallId, Dialect, Expr, FunctionId, LoopId, Module, Setting, TYPE_ARGUMENT,
};

/// Look-ups in registries that are told; more of them tell nothing new, and each is told with all tools.
const MAX_REGISTRIES: usize = 16;
/// Entries that are put into one table.
const MAX_ENTRIES: usize = 200;

/// A place where an answer selects what runs.
#[derive(Debug, Clone)]
pub(crate) struct Selection<'d> {
    pub(crate) routine: Routine,
    pub(crate) line: u32,
    pub(super) in_loop: Option<LoopId>,
    pub(crate) tools: Vec<FoundTool>,
    /// Whether the same code also sorts labels or keeps files: only results that go back make it a selection.
    pub(super) needs_feedback: bool,
    /// The call that executes the answer, if that is what happens.
    pub(crate) executes: Option<(&'d Hit, CallSite)>,
    /// Where what came of it goes back to the model.
    pub(crate) feedback: Option<(Routine, u32)>,
    /// The texts that it is taken for, where it compares texts, and the names that these are compared with.
    pub(super) texts: Vec<&'d str>,
    pub(super) subjects: Vec<&'d str>,
    /// Whether it picks an action, although nothing goes back.
    pub(crate) pick: Pick,
}

impl Selection<'_> {
    /// Where something of an answer is looked up or compared.
    pub(super) fn at(routine: Routine, line: u32, in_loop: Option<LoopId>) -> Self {
        Self {
            routine,
            line,
            in_loop,
            tools: Vec::new(),
            needs_feedback: true,
            executes: None,
            feedback: None,
            texts: Vec::new(),
            subjects: Vec::new(),
            pick: Pick::No,
        }
    }
}

impl<'d> Answers<'d, '_> {
    /// Every place where an answer selects what runs.
    pub(crate) fn selections(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        if self.models.is_empty() {
            return Vec::new();
        }
        let mut found = self.by_table(is_own);
        found.extend(self.by_search(is_own));
        found.extend(self.by_name(is_own));
        found.extend(self.by_effect(is_own));
        found.extend(self.by_reflection(is_own));
        for selection in &mut found {
            selection.feedback = self.feedback(selection);
        }
        self.keep_picks(&mut found);
        found
    }

    /// A call on something that cannot be followed, which is given a part of an answer, and around which something goes
    /// back to the model: what is called may be what the answer asked for.
    pub(crate) fn open_run(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Option<CallSite> {
        let program = self.detection.program;
        if self.models.is_empty() {
            return None;
        }
        if let Some(found) = self.reflected(is_own).first() {
            return Some(found.site);
        }
        if let Some(found) = self.asked_again(is_own) {
            return Some(found);
        }
        let mut asked = 0;
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            let used =
                module.bindings.iter().map(|b| &b.value).chain(module.updates.iter().map(|u| &u.value));
            let used: BTreeSet<CallId> = used
                .filter_map(|value| match value {
                    Expr::Call(call) => Some(*call),
                    _ => None,
                })
                .collect();
            for call in used {
                let found = module.call(call);
                let site = CallSite { module: id, call };
                let spot = Spot { module: id, function: found.within };
                let (object, is_method) = match &found.callee {
                    Expr::Member(object, name) if !READERS.contains(&&**name) => (&**object, true),
                    name @ Expr::Name(_) => (name, false),
                    _ => continue,
                };
                let Expr::Name(variable) = object else { continue };
                let is_known = program.callee(site).iter().any(|meaning| match meaning {
                    Meaning::Unresolved(_) => false,
                    Meaning::External(name) => !name.starts_with('?'),
                    _ => true,
                });
                let is_open = !is_known
                    && program.targets(site).next().is_none()
                    && self.detection.on_call(site).next().is_none()
                    && !program.origins(spot, variable).is_empty()
                    && !(is_method && self.holds(spot, object, MAX_DEPTH))
                    && found.arguments.iter().any(|a| self.holds(spot, &a.value, MAX_DEPTH));
                if !is_open {
                    continue;
                }
                // So many of them that not each is followed: what they do stays open.
                asked += 1;
                if asked > MAX_REGISTRIES {
                    return Some(site);
                }
                let (function, in_loop) = written_in(module, found.within, found.in_loop);
                let selection = Selection::at(Routine { module: id, function }, found.line, in_loop);
                if self.feedback(&selection).is_some() {
                    return Some(site);
                }
            }
        }
        None
    }

    /// `TOOLS[name](…)` and `TOOLS.get(name)`: the entries of the table are the tools.
    fn by_table(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let finder = Tools::new(self.detection);
        let mut settings: BTreeMap<&str, Vec<(ModuleId, &Setting)>> = BTreeMap::new();
        for (id, module) in program.modules() {
            for setting in &module.settings {
                settings.entry(&*setting.variable).or_default().push((id, setting));
            }
        }
        let mut found = Vec::new();
        let mut registered: Option<Vec<FoundTool>> = None;
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            let lookups = module.lookups.iter().map(|l| (&l.object, &l.key, l.line, l.within, l.in_loop));
            let asked = module.calls.iter().filter_map(|call| match (&call.callee, &call.arguments[..]) {
                (Expr::Member(object, name), [key, ..]) if ASKERS.contains(&&**name) => {
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
                let is_map = is_map(program, table_spot, table);
                let mut entries = if is_map { finder.entries(table_spot, table) } else { Vec::new() };
                let put = put_in(&finder, program, &settings, (id, object));
                let is_map = is_map || !put.is_empty();
                entries.extend(put);
                // `{tool.name: tool for tool in tools}` may be filled elsewhere, too.
                let is_map =
                    is_map && (!is_made(table) || entries.iter().any(|tool| !tool.handlers.is_empty()));
                let tools = if is_map {
                    entries
                } else if found.len() >= MAX_REGISTRIES {
                    continue;
                } else {
                    registered.get_or_insert_with(|| finder.runnable(is_own)).clone()
                };
                if tools.iter().any(|tool| !tool.handlers.is_empty()) {
                    let routine = Routine { module: id, function: within };
                    found.push(Selection {
                        tools,
                        needs_feedback: !is_map,
                        ..Selection::at(routine, line, in_loop)
                    });
                }
            }
        }
        found
    }

    /// `tools.find(t => t.name === asked)`, `for tool in tools: if tool.name == asked`: what is looked for is one of the
    /// objects of the program that are tools, if the answer comes back to the model.
    fn by_search(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<Selection<'d>> {
        let program = self.detection.program;
        let mut found = Vec::new();
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            let asked = module.compared.iter().map(|c| (&c.name, &c.other, (c.line, c.within, c.in_loop)));
            let called = module.calls.iter().filter_map(|call| match (&call.callee, &call.arguments[..]) {
                (Expr::Member(name, equals), [other, ..])
                    if matches!(&**equals, "equals" | "equalsIgnoreCase" | "Equals" | "eql?") =>
                {
                    Some((&**name, &other.value, (call.line, call.within, call.in_loop)))
                }
                _ => None,
            });
            for (name, other, (line, within, in_loop)) in asked.chain(called) {
                let spot = Spot { module: id, function: within };
                let sides = [(name, other), (other, name)];
                let is_asked = |(name, asked): &(&Expr, &Expr)| {
                    is_member(module, name)
                        && self.holds(spot, asked, MAX_DEPTH)
                        && !self.holds(spot, name, MAX_DEPTH)
                };
                if !sides.iter().any(is_asked) {
                    continue;
                }
                if found.len() >= MAX_REGISTRIES {
                    return found;
                }
                let (function, in_loop) = written_in(module, within, in_loop);
                found.push(Selection::at(Routine { module: id, function }, line, in_loop));
            }
        }
        if !found.is_empty() {
            let tools = Tools::new(self.detection).runnable(is_own);
            found.retain(|_| tools.iter().any(|tool| !tool.handlers.is_empty()));
            for selection in &mut found {
                selection.tools.clone_from(&tools);
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
                // What kind of event or message came is no action that is asked for.
                if subjects.iter().any(|name| is_kind(name)) {
                    continue;
                }
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
                let routine = Routine { module: id, function: first.within };
                found.push(Selection {
                    tools: vec![tool],
                    texts,
                    subjects: subjects.clone(),
                    ..Selection::at(routine, first.line, first.in_loop)
                });
            }
        }
        found
    }

    /// What an answer chooses by a name in a loop without an end around the model: it is asked again after what it chose,
    /// whether or not what came of that goes back.
    fn asked_again(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Option<CallSite> {
        let program = self.detection.program;
        let is_asked = |routine: Routine, around: LoopId| {
            let module = program.module(routine.module);
            program.calls_in(routine).any(|site| {
                let leads = || targets(program, site).iter().any(|t| self.to_models.contains(t));
                module.outermost_loop(module.call(site.call).in_loop) == Some(around)
                    && (self.models.contains(&site) || leads())
            })
        };
        let acts = |site: &CallSite| {
            let changes = outcome(self.detection, &[], &[*site]).changes;
            changes.iter().any(|change| change.effect != Effect::Read)
        };
        self.by_name(is_own).into_iter().find_map(|chosen| {
            let module = program.module(chosen.routine.module);
            let around = module.outermost_loop(chosen.in_loop)?;
            if !module.loops[around as usize].endless || !is_asked(chosen.routine, around) {
                return None;
            }
            chosen.tools.iter().flat_map(|tool| &tool.runs).copied().find(acts)
        })
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
                tools,
                needs_feedback: writes,
                executes: executes.then_some((hit, site)),
                ..Selection::at(routine, call.line, call.in_loop)
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

/// Calls that take an element out of a table by its key.
const ASKERS: [&str; 9] =
    ["get", "Get", "fetch", "has", "TryGetValue", "GetValueOrDefault", "getOrDefault", "getValue", "dig"];

/// Whether a value is a map whose entries are all in sight.
fn is_map(program: &Program<'_>, spot: Spot, value: &Expr) -> bool {
    match value {
        // One that is empty is filled elsewhere.
        Expr::Map(entries) => !entries.is_empty(),
        // `new Dictionary<string, Tool> { ["restart"] = Restart }`
        Expr::Call(call) => {
            let call = program.module(spot.module).call(*call);
            call.callee.last_name().is_some_and(|name| name.ends_with("Dictionary"))
                && call.arguments.iter().any(|a| a.name.as_deref().is_some_and(|name| name != TYPE_ARGUMENT))
        }
        _ => false,
    }
}

/// The functions that are put into a table after it was made: `TABLE["restart"] = restart`. Files of PHP share variables.
fn put_in<'p>(
    finder: &Tools<'_, 'p>,
    program: &Program<'_>,
    settings: &BTreeMap<&str, Vec<(ModuleId, &'p Setting)>>,
    (id, table): (ModuleId, &Expr),
) -> Vec<FoundTool> {
    let Expr::Name(variable) = table else { return Vec::new() };
    let is_php = |at: ModuleId| program.module(at).dialect == Dialect::Php;
    let here = settings.get(&**variable).into_iter().flatten();
    let here = here.filter(|(at, _)| *at == id || is_php(id) && is_php(*at));
    let functions = here.take(MAX_ENTRIES).flat_map(|(at, setting)| {
        let spot = Spot { module: *at, function: setting.within };
        finder.put_under(spot, &setting.key, &setting.value)
    });
    functions.collect()
}

/// Whether a map is put together of what stands elsewhere.
fn is_made(value: &Expr) -> bool {
    matches!(value, Expr::Map(entries) if entries.iter().all(|(key, _)| key.is_empty()))
}

/// Whether a value is a part of something: `tool.name`, `tool.name()`.
fn is_member(module: &Module, value: &Expr) -> bool {
    match value {
        Expr::Member(..) => true,
        Expr::Call(call) => matches!(module.call(*call).callee, Expr::Member(..)),
        _ => false,
    }
}

/// The function in which something is written, and the loop around it there: what is only asked about each element of
/// a list stands where the list is searched.
fn written_in(
    module: &Module,
    within: Option<FunctionId>,
    in_loop: Option<LoopId>,
) -> (Option<FunctionId>, Option<LoopId>) {
    let is_given = |call: &&Call, closure: FunctionId| {
        call.arguments.iter().any(|a| matches!(a.value, Expr::Function(of) if of == closure))
    };
    let mut at = (within, in_loop);
    for _ in 0..4 {
        let Some(closure) = at.0.filter(|f| module.function(*f).name.is_empty()) else { break };
        let Some(around) = module.calls.iter().find(|call| is_given(call, closure)) else { break };
        at = (around.within, around.in_loop);
    }
    at
}

/// Whether a text can be the name of an action: one word, and none that APIs give to the parts of an answer.
fn may_name_an_action(text: &str) -> bool {
    const PARTS: [&str; 64] = [
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
        // How something went: `{ type: "success", data }`.
        "success",
        "failure",
        "failed",
        "ok",
        "string",
        "number",
        "object",
        "json",
        "yes",
        "no",
        "y",
        "n",
        // What says that nothing more is to run.
        "final",
        "final_answer",
        "finalanswer",
        "finish",
        "finished",
        "answer",
        "respond",
        "response",
        "reply",
        "complete",
        "completed",
        "end",
        "none",
    ];
    const EVENTS: [&str; 3] = ["response.", "tool-call", "tool_call"];
    let lower = text.to_ascii_lowercase();
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/'))
        && text.len() <= 60
        && !PARTS.contains(&lower.as_str())
        && !EVENTS.iter().any(|event| lower.starts_with(event))
        && !["-delta", "_delta", ".delta"].iter().any(|end| lower.ends_with(end))
}

/// Whether a name is that of the kind of an event or of a message of an API.
fn is_kind(name: &str) -> bool {
    const KINDS: [&str; 8] = [
        "event_type",
        "event",
        "finish_reason",
        "stop_reason",
        "message_type",
        "content_type",
        "role",
        "update_type",
    ];
    KINDS.contains(&snake(name.trim_start_matches('.')).trim_matches('_'))
}
