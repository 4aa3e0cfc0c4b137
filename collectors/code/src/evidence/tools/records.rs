//! Records that say what a tool is called, what it is for and what it runs.

use super::names::{is_spelled, is_tool_name};
use super::passed::RUNS;
use super::{FoundTool, MAX_DEPTH, MAX_TOOLS, ToolList, ToolSource, Tools};
use crate::program::{CallSite, ModuleId, Routine, Spot};
use crate::syntax::{Argument, CallId, Expr};

impl<'p> Tools<'_, 'p> {
    /// Every record of some modules that names a tool, says what it is for and holds what it runs: what a server offers
    /// that registers its tools under names that could not be followed.
    pub(crate) fn described_in(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        let mut found = self.own_records(is_own);
        found.retain(|tool| is_tool_name(&tool.name));
        found
    }

    /// The tools that records of some modules describe: `ToolDefinition{Name: "bash", Function: bash}`.
    pub(super) fn own_records(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        let program = self.detection.program;
        let mut found = Vec::new();
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            for (call, of) in (0u32..).zip(&module.calls) {
                let spot = Spot { module: id, function: of.within };
                if of.arguments.len() >= 2 && self.is_record(spot, call) {
                    found.extend(self.record(spot, call));
                } else if let [only] = &of.arguments[..]
                    && self.describes(spot, call)
                {
                    self.records(spot, &only.value, MAX_DEPTH, &mut found);
                } else if of.arguments.len() >= 2 {
                    found.extend(self.in_two_parts(spot, call));
                }
            }
            for binding in &module.bindings {
                let spot = Spot { module: id, function: binding.within };
                self.records(spot, &binding.value, MAX_DEPTH, &mut found);
            }
            for (function, of) in (0u32..).zip(&module.functions) {
                let spot = Spot { module: id, function: Some(function) };
                of.returns.iter().for_each(|value| self.records(spot, value, MAX_DEPTH, &mut found));
            }
            if found.len() >= MAX_TOOLS {
                break;
            }
        }
        found.retain(|tool| !tool.handlers.is_empty());
        found
    }

    /// The tool that a function of the program is given in two parts: `registry.add(describe(), run(settings))`, what the model is told of
    /// it, and the function that runs.
    fn in_two_parts(&self, spot: Spot, call: CallId) -> Option<FoundTool> {
        let program = self.detection.program;
        let found = program.module(spot.module).call(call);
        program.targets(CallSite { module: spot.module, call }).next()?;
        let [first, second, ..] = &found.arguments[..] else { return None };
        let described = program.value_of(spot, &first.value);
        let handlers = match &second.value {
            made @ Expr::Call(_) => program.functions_of(spot, made),
            given => self.routines_of(spot, given),
        };
        if handlers.is_empty() || !self.is_description(described.0, described.1, 3) {
            return None;
        }
        let says = self.parts_of(described.0, described.1);
        let says = says.as_ref().and_then(|(spot, parts)| {
            let (_, name) = parts.iter().find(|(key, _)| is_spelled(key, "name"))?;
            self.text_of(*spot, name).filter(|name| is_tool_name(name))
        });
        let name = says.or_else(|| {
            // What makes the function is called as the tool is, where the function itself has no name.
            let maker = match &second.value {
                Expr::Call(maker) => program.module(spot.module).call(*maker).callee.last_name(),
                value => value.last_name(),
            };
            maker.filter(|name| is_tool_name(name)).map(str::to_owned)
        })?;
        let mut tool = self.named(spot.module, &name, found.line);
        (tool.source, tool.handlers, tool.runs) = (ToolSource::Own, handlers, Vec::new());
        Some(tool)
    }

    /// The tool that stands in a table under a name, as a record of what it runs and of what else is said of it.
    pub(super) fn keyed_record(
        &self,
        spot: Spot,
        entries: &[(&str, &'p Expr)],
        name: &str,
        depth: u8,
    ) -> Option<FoundTool> {
        let mut run = entries.iter().filter(|(key, _)| RUNS.iter().any(|name| is_spelled(key, name)));
        let (Some((_, handler)), None) = (run.next(), run.next()) else { return None };
        let is_record = entries.len() > 1 && entries.iter().all(|(key, _)| !key.is_empty());
        let runs = self.expand(spot, handler, None, depth).tools;
        let handlers: Vec<Routine> = runs.into_iter().flat_map(|tool| tool.handlers).collect();
        if !is_record || handlers.is_empty() {
            return None;
        }
        let mut tool = self.named(spot.module, name, self.line_of(spot));
        if let Some(first) = handlers.first() {
            let module = self.detection.program.module(first.module);
            tool.module = first.module;
            tool.line = first.function.map_or(tool.line, |function| module.function(function).line);
        }
        (tool.source, tool.handlers, tool.runs) = (ToolSource::Own, handlers, Vec::new());
        Some(tool)
    }

    /// The tools that a value is which is put into a table under a name: a function, or a record with one.
    pub(crate) fn put_under(&self, spot: Spot, name: &str, value: &'p Expr) -> Vec<FoundTool> {
        let routines = self.routines_of(spot, value);
        if !routines.is_empty() {
            return routines.into_iter().map(|routine| self.function(routine, Some(name))).collect();
        }
        let entries: Vec<(&str, &Expr)> = match value {
            Expr::Map(entries) => entries.iter().map(|(key, value)| (&**key, value)).collect(),
            Expr::Call(call) if self.is_record(spot, *call) => {
                let call = self.detection.program.module(spot.module).call(*call);
                call.arguments.iter().map(|a| (a.name.as_deref().unwrap_or_default(), &a.value)).collect()
            }
            _ => return Vec::new(),
        };
        self.keyed_record(spot, &entries, name, MAX_DEPTH).into_iter().collect()
    }

    /// Whether a call of a function of the program is given a single record of a tool, to check or to complete it:
    /// `defineTool({ description, parameters, execute })`.
    pub(super) fn describes(&self, spot: Spot, call: CallId) -> bool {
        let program = self.detection.program;
        let found = program.module(spot.module).call(call);
        let (Expr::Name(name) | Expr::Member(_, name)) = &found.callee else { return false };
        let [Argument { name: None, value: Expr::Map(entries) }] = &found.arguments[..] else { return false };
        let is_own = program.targets(CallSite { module: spot.module, call }).next().is_some();
        let is_named = name.to_ascii_lowercase().contains("tool");
        let has = |names: &[&str]| entries.iter().any(|(key, _)| names.iter().any(|n| is_spelled(key, n)));
        // What it is for may stand in a record that it is made from.
        let says = has(&["description", "parameters", "inputSchema", "schema"])
            || is_named
                && entries.iter().any(|(key, value)| key.is_empty() && matches!(value, Expr::Spread(_)));
        (is_own || is_named) && says && has(&RUNS)
    }

    /// The tool that a record describes, if it has a name and something that runs.
    pub(super) fn record(&self, spot: Spot, call: CallId) -> Vec<FoundTool> {
        let call = self.detection.program.module(spot.module).call(call);
        let spot = Spot { module: spot.module, function: call.within };
        let entries: Vec<(&str, &Expr)> =
            call.arguments.iter().map(|a| (a.name.as_deref().unwrap_or_default(), &a.value)).collect();
        if !is_tool_record(&entries) && self.description_in(spot, &entries).is_none() {
            return Vec::new();
        }
        // A record of several things that can run is none of a tool.
        let found = self.map(spot, &entries, None, MAX_DEPTH).tools;
        if found.len() == 1 { found } else { Vec::new() }
    }

    /// The tools that records within a value describe, as [`Self::record`] says.
    pub(super) fn records(&self, spot: Spot, value: &'p Expr, depth: u8, found: &mut Vec<FoundTool>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Expr::Map(entries) => {
                let named: Vec<(&str, &Expr)> = entries.iter().map(|(key, value)| (&**key, value)).collect();
                if is_tool_record(&named) || self.description_in(spot, &named).is_some() {
                    found.extend(self.map(spot, &named, None, MAX_DEPTH).tools);
                } else {
                    for (key, value) in entries {
                        match value {
                            // `{ cancel: tool({ description, parameters, execute }) }`: the key is the name.
                            Expr::Call(call) if !key.is_empty() && self.describes(spot, *call) => {
                                found.extend(self.expand(spot, value, Some(key), MAX_DEPTH).tools);
                            }
                            _ => self.records(spot, value, depth, found),
                        }
                    }
                }
            }
            Expr::List(values) | Expr::Choice(values) => {
                for value in values {
                    self.records(spot, value, depth, found);
                }
            }
            _ => {}
        }
    }

    /// The tool that a function of the program is given the record of.
    pub(super) fn described_by_call(
        &self,
        spot: Spot,
        call: CallId,
        key: Option<&str>,
        depth: u8,
    ) -> Option<ToolList> {
        if !self.describes(spot, call) {
            return None;
        }
        let call = self.detection.program.module(spot.module).call(call);
        let spot = Spot { module: spot.module, function: call.within };
        let Expr::Map(entries) = &call.arguments.first()?.value else { return None };
        let find = |name: &str| entries.iter().find(|(key, _)| is_spelled(key, name)).map(|(_, value)| value);
        let name =
            find("name").and_then(|name| self.text_of(spot, name)).or_else(|| key.map(str::to_owned))?;
        let handler = RUNS.iter().find_map(|name| find(name))?;
        let mut tool = self.named(spot.module, &name, call.line);
        let runs = self.expand(spot, handler, None, depth);
        (tool.module, tool.line, tool.source) = (spot.module, call.line, ToolSource::Own);
        tool.runs.clear();
        tool.handlers = runs.tools.into_iter().flat_map(|tool| tool.handlers).collect();
        let list = ToolList { open: tool.handlers.is_empty(), tools: vec![tool], ..ToolList::default() };
        Some(list)
    }

    /// The part of a record that says what a tool is called and what it is for, where another part is what it runs:
    /// `Tool{Spec: Spec{Function: Function{Name: "bash", Parameters: p}}, Run: bash}`.
    pub(super) fn description_in(
        &self,
        spot: Spot,
        entries: &[(&str, &'p Expr)],
    ) -> Option<(&'p Expr, &'p Expr)> {
        const RUN: [&str; 10] = [
            "handler",
            "handle",
            "handlerFunc",
            "execute",
            "exec",
            "run",
            "call",
            "callback",
            "fn",
            "invoke",
        ];
        let handler = entries.iter().find(|(key, _)| RUN.iter().any(|n| is_spelled(key, n)))?.1;
        let describes = |value: &'p Expr| self.is_description(spot, value, 3);
        let described =
            entries.iter().find(|(_, value)| !std::ptr::eq(*value, handler) && describes(value))?.1;
        Some((described, handler))
    }

    /// Whether a value is a record that has a name and what a model is told of it, itself or in a part of it.
    fn is_description(&self, spot: Spot, value: &'p Expr, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let Some((spot, parts)) = self.parts_of(spot, value) else { return false };
        let has = |names: &[&str]| parts.iter().any(|(key, _)| names.iter().any(|n| is_spelled(key, n)));
        has(&["name"]) && has(&["description", "parameters", "inputSchema", "schema"])
            || parts
                .iter()
                .any(|(key, value)| is_spelled(key, "function") && self.is_description(spot, value, depth))
    }

    /// The named values that a record holds.
    fn parts_of(&self, spot: Spot, value: &'p Expr) -> Option<(Spot, Vec<(&'p str, &'p Expr)>)> {
        match value {
            Expr::Map(entries) => Some((spot, entries.iter().map(|(key, value)| (&**key, value)).collect())),
            Expr::Call(call) if self.is_record(spot, *call) => {
                let call = self.detection.program.module(spot.module).call(*call);
                let named = call.arguments.iter().filter_map(|a| Some((a.name.as_deref()?, &a.value)));
                Some((Spot { module: spot.module, function: call.within }, named.collect()))
            }
            _ => None,
        }
    }

    /// A tool whose description stands in one part of a record, and what it runs in another.
    pub(super) fn with_handler(
        &self,
        spot: Spot,
        tool: &'p Expr,
        handler: &'p Expr,
        key: Option<&str>,
        depth: u8,
    ) -> ToolList {
        let mut list = self.expand(spot, tool, key, depth);
        let runs = self.expand(spot, handler, None, depth).tools;
        let runs: Vec<Routine> = runs.into_iter().flat_map(|tool| tool.handlers).collect();
        if let [tool] = &mut list.tools[..]
            && !runs.is_empty()
        {
            (tool.handlers, tool.runs, tool.source) = (runs, Vec::new(), ToolSource::Own);
            list.open = false;
        }
        list
    }
}

/// Whether a record has a name, a description for the model and something that runs; the first two may stand in a record
/// of their own: `Entry{Tool: mcp.Tool{Name: "cancel"}, Handler: cancel}`.
pub(super) fn is_tool_record(entries: &[(&str, &Expr)]) -> bool {
    let has = |names: &[&str]| entries.iter().any(|(key, _)| names.iter().any(|n| is_spelled(key, n)));
    if has(&["tool", "toolDefinition"])
        && has(&["handler", "handlerFunc", "execute", "run", "call", "callback"])
    {
        return true;
    }
    has(&["name"])
        && has(&["description", "parameters", "inputSchema", "schema"])
        && has(&["function", "handler", "execute", "run", "call", "func"])
}
