//! The tools that a model is given: what stands in a tool argument, followed to the functions that it runs.

mod classes;
mod lists;
mod names;
mod offers;
mod passed;
mod rebound;
mod records;

pub(super) use names::snake;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use asmm_model::Effect;
use muster_rules::{Language, Means, ToolArgument};

use crate::detect::{Detection, Hit, Subject};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::syntax::{ClassId, Expr, TYPE_ARGUMENT};
use names::object_name;

/// Tools of one list.
const MAX_TOOLS: usize = 300;
/// How deep lists, choices and wrappers are followed.
const MAX_DEPTH: u8 = 8;
/// What a function without a name is called.
pub(crate) const NAMELESS: &str = "function";

/// How a tool came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ToolSource {
    /// A function or class of the program.
    Own,
    /// A ready-made one whose effect a rule states.
    Builtin,
    /// Only its description for the model is known.
    Schema,
    /// It comes from another process, or cannot be followed.
    Opaque,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundTool {
    pub(crate) name: String,
    pub(crate) module: ModuleId,
    pub(crate) line: u32,
    pub(crate) source: ToolSource,
    /// What it runs.
    pub(crate) handlers: Vec<Routine>,
    /// Calls that run it where tool calls are told apart by their names.
    pub(crate) runs: Vec<CallSite>,
    /// For ready-made ones: what it does.
    pub(crate) effect: Option<Effect>,
    /// Calls and decorators on which a gate for this tool may stand.
    pub(crate) declared_by: Vec<CallSite>,
    /// Whether its description itself says that a person confirms each call.
    pub(crate) confirmed: bool,
    /// The rule that recognised it.
    pub(crate) rule: Option<u32>,
}

impl FoundTool {
    /// A tool that a call describes, and what it runs as far as that is known.
    fn of_call(name: String, site: CallSite, line: u32, handlers: Vec<Routine>) -> Self {
        Self {
            source: if handlers.is_empty() { ToolSource::Schema } else { ToolSource::Own },
            handlers,
            declared_by: vec![site],
            ..Self::of_branch(name, site.module, line, Vec::new())
        }
    }

    /// A tool that is no function of its own: the calls of one branch, which is taken for its name.
    pub(super) fn of_branch(name: String, module: ModuleId, line: u32, runs: Vec<CallSite>) -> Self {
        Self {
            name,
            module,
            line,
            source: ToolSource::Own,
            handlers: Vec::new(),
            runs,
            effect: None,
            declared_by: Vec::new(),
            confirmed: false,
            rule: None,
        }
    }
}

/// The tools that one argument gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToolList {
    pub(crate) tools: Vec<FoundTool>,
    /// Whether something in it could not be followed.
    pub(crate) open: bool,
    /// Whether other agents are among the tools.
    pub(crate) has_agents: bool,
}

impl ToolList {
    pub(crate) fn extend(&mut self, other: Self) {
        self.open |= other.open;
        self.has_agents |= other.has_agents;
        self.tools.extend(other.tools);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty() && !self.open && !self.has_agents
    }
}

/// Follows tool arguments.
pub(crate) struct Tools<'d, 'p> {
    detection: &'d Detection<'p>,
    /// Lists that are being gone through: one that is made longer holds itself.
    within: RefCell<Vec<*const Expr>>,
    /// Whether it is being gone through what was put into a list after it was made.
    filling: Cell<bool>,
}

impl<'d, 'p> Tools<'d, 'p> {
    pub(crate) fn new(detection: &'d Detection<'p>) -> Self {
        Self { detection, within: RefCell::default(), filling: Cell::new(false) }
    }

    /// The tools that the entries of a table are.
    pub(crate) fn entries(&self, spot: Spot, table: &'p Expr) -> Vec<FoundTool> {
        if let Expr::Call(call) = table {
            let made = self.detection.program.module(spot.module).call(*call);
            let spot = Spot { module: spot.module, function: made.within };
            let named = made.arguments.iter().filter_map(|a| Some((a.name.as_deref()?, &a.value)));
            let entries: Vec<(&str, &Expr)> =
                named.filter(|(name, _)| !matches!(*name, TYPE_ARGUMENT | "{}")).collect();
            return self.map(spot, &entries, None, MAX_DEPTH).tools;
        }
        self.expand(spot, table, None, MAX_DEPTH).tools
    }

    /// The tools that what a rule recognised declares: a function, a class or a call.
    pub(crate) fn declared_at(&self, hit: &Hit) -> ToolList {
        let one = |tool| ToolList { tools: vec![tool], ..ToolList::default() };
        match hit.subject {
            Subject::Function(_) => one(self.function(hit.routine(), None)),
            Subject::Class(class) => one(self.class(hit.module, class, None)),
            Subject::Call(call) => {
                let site = CallSite { module: hit.module, call };
                self.known_at(site, None, MAX_DEPTH).unwrap_or_default()
            }
            Subject::Import | Subject::Mention => ToolList::default(),
        }
    }

    /// The tools that a call carries in these arguments; `None` when it carries none of them.
    pub(crate) fn of_call(&self, site: CallSite, arguments: &[ToolArgument]) -> Option<ToolList> {
        self.of_call_within(site, arguments, MAX_DEPTH)
    }

    /// The tools that a class carries: in what annotates it, as an attribute, or as what a method returns.
    pub(crate) fn of_class(
        &self,
        module: ModuleId,
        class: ClassId,
        arguments: &[ToolArgument],
    ) -> Option<ToolList> {
        let program = self.detection.program;
        let mut list: Option<ToolList> = None;
        let mut add = |found: ToolList| list.get_or_insert_with(ToolList::default).extend(found);
        for argument in arguments {
            for decorator in &program.module(module).class(class).decorators {
                if let Expr::Call(call) = decorator
                    && let Some(found) =
                        self.of_call(CallSite { module, call: *call }, std::slice::from_ref(argument))
                {
                    add(found);
                }
            }
            if let Some(routine) = program.method(module, class, &argument.0) {
                let spot = Spot { module: routine.module, function: routine.function };
                let function = routine.function.map(|f| program.module(routine.module).function(f));
                for value in function.into_iter().flat_map(|f| &f.returns) {
                    add(self.expand(spot, value, None, MAX_DEPTH));
                }
            } else if let Some(value) = program.attribute(module, class, &argument.0) {
                add(self.expand(Spot { module, function: None }, value, None, MAX_DEPTH));
            }
        }
        list
    }

    pub(super) fn line_of(&self, spot: Spot) -> u32 {
        let module = self.detection.program.module(spot.module);
        spot.function.map_or(1, |f| module.function(f).line)
    }

    /// A call that rules know: a tool made, a ready-made tool, another agent.
    pub(super) fn known_call(
        &self,
        spot: Spot,
        value: &'p Expr,
        key: Option<&str>,
        depth: u8,
    ) -> Option<ToolList> {
        self.known_at(self.call_behind(spot, value)?, key, depth)
    }

    pub(super) fn known_at(&self, site: CallSite, key: Option<&str>, depth: u8) -> Option<ToolList> {
        let hits: Vec<&Hit> = self.detection.on_call(site).collect();
        let line = self.detection.program.module(site.module).call(site.call).line;
        let name_of = |hit: &Hit| object_name(&hit.name).to_owned();
        let given = |argument: &str| self.text_argument(site, argument);
        let name = || {
            ["name", "toolName", "id", "functionName", "Name", "WithName", "@0.Name", "@1.Name"]
                .iter()
                .find_map(|argument| given(argument))
                .or_else(|| self.name_set_later(site))
                .or_else(|| key.map(str::to_owned))
        };
        if let Some(hit) = hits.iter().find(|h| self.detection.means(h) == Means::BuiltinTool) {
            return Some(ToolList {
                tools: vec![FoundTool {
                    name: name().unwrap_or_else(|| name_of(hit)),
                    module: site.module,
                    line,
                    source: ToolSource::Builtin,
                    handlers: Vec::new(),
                    runs: Vec::new(),
                    effect: self.strongest_builtin(&hits),
                    declared_by: vec![site],
                    confirmed: false,
                    rule: Some(hit.site.rule),
                }],
                open: false,
                has_agents: false,
            });
        }
        if let Some(hit) = hits.iter().find(|h| self.detection.means(h) == Means::Tool) {
            // A class of the program that extends a tool: what it runs is its own.
            let own = self.detection.program.callee(site).iter().find_map(|meaning| match meaning {
                Meaning::Class(module, class) => Some((*module, *class)),
                _ => None,
            });
            if let Some(mut tool) = own.map(|(module, class)| self.class(module, class, key))
                && !tool.handlers.is_empty()
            {
                tool.declared_by.push(site);
                tool.rule = tool.rule.or(Some(hit.site.rule));
                return Some(ToolList { tools: vec![tool], open: false, has_agents: false });
            }
            let what = self.detection.site(hit);
            let mut inner = self.of_call_within(site, &what.tools, depth).unwrap_or_default();
            // Of several places at which the code may stand, the others hold a description of what it is given.
            let runs = |tool: &FoundTool| !tool.handlers.is_empty() || !tool.runs.is_empty();
            if what.tools.len() > 1 && inner.tools.iter().any(runs) {
                inner.tools.retain(|tool| runs(tool) || tool.effect.is_some());
            }
            if inner.tools.iter().all(|tool| tool.handlers.is_empty()) {
                // The method that a text names, of the class or object beside it; a function written in place.
                let routine = self.method_beside(site).or_else(|| self.function_given(site));
                let routine = routine.or_else(|| self.object_given(site));
                if let Some(routine) = routine {
                    inner.tools = vec![self.function(routine, None)];
                    inner.open = false;
                }
            }
            // `builder("heat", new Heating())`: the text only names what the object does.
            if let Some(given) = self.text_argument(site, "builder")
                && inner.tools.iter().any(|tool| !tool.handlers.is_empty())
            {
                // Beside a function that is written in place, another one of that name makes the object.
                let in_place = inner.tools.iter().any(|tool| tool.name == NAMELESS);
                inner.tools.retain(|tool| tool.name != given || !in_place && !tool.handlers.is_empty());
            }
            let mut tool = FoundTool {
                name: String::new(),
                module: site.module,
                line,
                source: ToolSource::Own,
                handlers: inner.tools.iter().flat_map(|t| t.handlers.clone()).collect(),
                runs: inner.tools.iter().flat_map(|t| t.runs.clone()).collect(),
                effect: None,
                declared_by: vec![site],
                confirmed: false,
                rule: Some(hit.site.rule),
            };
            let inner_name = inner.tools.first().map(|t| t.name.clone()).filter(|n| !n.is_empty());
            tool.name = name()
                .or_else(|| {
                    ["as", "make", "builder", "@0", "@1"].iter().find_map(|n| self.text_argument(site, n))
                })
                .or_else(|| self.text_within(site))
                .or_else(|| self.described_within(site))
                .or(inner_name)
                .unwrap_or_else(|| name_of(hit));
            // An object whose methods are tools is as many tools.
            if inner.tools.len() > 1
                || inner.tools.iter().any(|tool| tool.rule.is_some() && !tool.handlers.is_empty())
                // A list around a single ready-made tool is that tool.
                || inner.tools.iter().any(|tool| tool.source == ToolSource::Builtin || tool.effect.is_some())
            {
                let mut list = inner;
                for tool in &mut list.tools {
                    tool.declared_by.push(site);
                    tool.rule = tool.rule.or(Some(hit.site.rule));
                }
                return Some(list);
            }
            // Hand-written loops run the function of the same name.
            let language = self.detection.program.module(site.module).dialect.language();
            if tool.handlers.is_empty()
                && tool.runs.is_empty()
                && !inner.open
                && !matches!(language, Language::Python | Language::JavaScript)
            {
                let known = self.named(site.module, &tool.name, line);
                (tool.handlers, tool.runs) = (known.handlers, known.runs);
                if !tool.handlers.is_empty() {
                    (tool.module, tool.line) = (known.module, known.line);
                }
            }
            // Without code to run, the caller decides what happens: nothing runs by itself.
            if tool.handlers.is_empty() && tool.runs.is_empty() {
                tool.source = if inner.open { ToolSource::Opaque } else { ToolSource::Schema };
            }
            return Some(ToolList { tools: vec![tool], open: inner.open, has_agents: false });
        }
        let remote = hits.iter().find(|h| {
            let means = self.detection.means(h);
            means == Means::Connects
                || self.detection.rule(h).kind == Some(asmm_model::ComponentKind::Mcp)
                    && !matches!(means, Means::Memory | Means::ListsTools | Means::RunsTools)
        });
        if let Some(hit) = remote {
            // Elsewhere the name is that of the client.
            let is_python = self.detection.program.module(site.module).dialect.language() == Language::Python;
            let named = || given("name").filter(|_| is_python);
            let told = key.map(str::to_owned).or_else(named).or_else(|| self.started_by(site));
            let mut tool = self.named(site.module, &told.unwrap_or_else(|| name_of(hit)), line);
            tool.rule = Some(hit.site.rule);
            tool.declared_by.push(site);
            return Some(ToolList { tools: vec![tool], open: true, has_agents: false });
        }
        // Another agent handed over as a tool brings its own tools, which are listed where it is made.
        let delegates =
            hits.iter().any(|h| matches!(self.detection.means(h), Means::Agent | Means::Delegates));
        delegates.then(|| ToolList { has_agents: true, ..ToolList::default() })
    }

    pub(super) fn of_call_within(
        &self,
        site: CallSite,
        arguments: &[ToolArgument],
        depth: u8,
    ) -> Option<ToolList> {
        let given = self.detection.arguments(site);
        let mut list: Option<ToolList> = None;
        for argument in arguments {
            for (spot, value) in given.all(argument) {
                list.get_or_insert_with(ToolList::default).extend(self.expand(spot, value, None, depth));
            }
        }
        list
    }

    fn strongest_builtin(&self, hits: &[&Hit]) -> Option<Effect> {
        hits.iter()
            .map(|h| self.detection.site(h))
            .filter(|s| s.means == Means::BuiltinTool)
            .filter_map(|s| s.effect)
            .max()
    }

    /// The call that makes a value, through names that are bound to it; only where a rule knows the call.
    pub(super) fn call_behind(&self, spot: Spot, value: &'p Expr) -> Option<CallSite> {
        let program = self.detection.program;
        let mut at = (spot, value);
        for _ in 0..6 {
            if let Expr::Call(call) = at.1 {
                let site = CallSite { module: at.0.module, call: *call };
                if self.detection.on_call(site).next().is_some() {
                    return Some(site);
                }
            }
            at = program.step(at.0, at.1)?;
        }
        None
    }

    /// Whether a decorator is a function of the program that, by its name, keeps what it decorates as a tool.
    fn registers(&self, spot: Spot, decorator: &Expr) -> bool {
        const NAMES: [&str; 7] = ["tool", "action", "skill", "register", "capability", "ability", "plugin"];
        let program = self.detection.program;
        let meanings = match decorator {
            Expr::Call(call) => program.callee(CallSite { module: spot.module, call: *call }).to_vec(),
            other => program.resolve(spot, other),
        };
        meanings.iter().any(|meaning| match meaning {
            Meaning::Function(module, function) => {
                let name = program.module(*module).function(*function).name.to_ascii_lowercase();
                NAMES.iter().any(|part| name.contains(part))
            }
            _ => false,
        })
    }

    /// Every function and class of the program that a rule, or its name, says is a tool: what a list that could not
    /// be followed is made of.
    pub(crate) fn declared(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        let program = self.detection.program;
        let mut routines: BTreeSet<Routine> = BTreeSet::new();
        let mut classes: BTreeSet<(ModuleId, ClassId)> = BTreeSet::new();
        for hit in self.detection.meaning(Means::Tool) {
            match hit.subject {
                Subject::Function(_) => drop(routines.insert(hit.routine())),
                Subject::Class(class) => drop(classes.insert((hit.module, class))),
                _ => {}
            }
        }
        for (id, module) in program.modules() {
            for (class, _) in (0u32..).zip(&module.classes) {
                if self.looks_like_a_tool(id, class) {
                    classes.insert((id, class));
                }
                classes.extend(self.implemented(id, class));
            }
        }
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            for (function, found) in (0u32..).zip(&module.functions) {
                let spot = Spot { module: id, function: found.within };
                if found.decorators.iter().any(|decorator| self.registers(spot, decorator)) {
                    routines.insert(Routine { module: id, function: Some(function) });
                }
            }
        }
        let made = self.made(is_own);
        let records = self.own_records(is_own);
        let functions = routines.into_iter().filter(|r| is_own(r.module)).map(|r| self.function(r, None));
        let classes = classes.into_iter().filter(|(m, _)| is_own(*m)).map(|(m, c)| self.class(m, c, None));
        functions.chain(classes).chain(made).chain(records).take(MAX_TOOLS).collect()
    }
}
