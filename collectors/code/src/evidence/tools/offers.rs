//! Tools of a server that lists them in one function and runs them in another, told apart by their names.

use std::collections::{BTreeMap, BTreeSet};

use super::{FoundTool, MAX_DEPTH, MAX_TOOLS, ToolList, ToolSource, Tools};
use crate::program::{CallSite, ModuleId, Routine, Spot};
use crate::syntax::{BranchId, CallId, Expr};

impl<'p> Tools<'_, 'p> {
    /// The tools that a function returns: a list of them, or an answer that holds one.
    pub(crate) fn listed_by(&self, routine: Routine) -> ToolList {
        let program = self.detection.program;
        let spot = Spot { module: routine.module, function: routine.function };
        let function = routine.function.map(|f| program.module(routine.module).function(f));
        let mut found = ToolList::default();
        for value in function.into_iter().flat_map(|f| &f.returns) {
            if let Some((spot, list)) = self.list_within(spot, value, MAX_DEPTH) {
                found.extend(self.expand(spot, list, None, MAX_DEPTH));
            }
        }
        found.tools.retain(|tool| tool.source != ToolSource::Opaque);
        found
    }

    /// The list in what is returned: `{ tools: [] }`, `Ok(ListToolsResult { tools })`, or the list itself.
    fn list_within(&self, spot: Spot, value: &'p Expr, depth: u8) -> Option<(Spot, &'p Expr)> {
        let depth = depth.checked_sub(1)?;
        let program = self.detection.program;
        let is_tools = |name: &str| name.eq_ignore_ascii_case("tools");
        match value {
            Expr::List(_) | Expr::Choice(_) => Some((spot, value)),
            Expr::Map(entries) => {
                entries.iter().find(|(key, _)| is_tools(key)).map(|(_, tools)| (spot, tools))
            }
            Expr::Call(call) => {
                let call = program.module(spot.module).call(*call);
                let named = call.arguments.iter().find(|a| a.name.as_deref().is_some_and(is_tools));
                if let Some(named) = named {
                    return Some((spot, &named.value));
                }
                let within = call.arguments.first().filter(|argument| argument.name.is_none());
                let within = within.and_then(|argument| self.list_within(spot, &argument.value, depth));
                within.or_else(|| {
                    let (next, inner) = program.value_of(spot, value);
                    if std::ptr::eq(inner, value) { None } else { self.list_within(next, inner, depth) }
                })
            }
            Expr::Name(_) | Expr::Member(..) => {
                let (next, inner) = program.value_of(spot, value);
                if std::ptr::eq(inner, value) { None } else { self.list_within(next, inner, depth) }
            }
            _ => None,
        }
    }

    /// The tools that records of a module describe. What a record is handed over with is what the tool runs:
    /// `entry("orders", mcp.Tool{Name: "cancel"}, cancel)`.
    pub(crate) fn recorded(&self, id: ModuleId, records: &BTreeSet<CallId>) -> Vec<FoundTool> {
        let program = self.detection.program;
        let module = program.module(id);
        let mut beside: BTreeMap<CallId, CallId> = BTreeMap::new();
        for (outer, call) in (0u32..).zip(&module.calls) {
            let given = call.arguments.iter().filter_map(|argument| match argument.value {
                Expr::Call(inner) if records.contains(&inner) => Some(inner),
                _ => None,
            });
            beside.extend(given.map(|inner| (inner, outer)));
        }
        let mut found = Vec::new();
        for record in records.iter().take(MAX_TOOLS) {
            let site = CallSite { module: id, call: *record };
            let name = ["Name", "name", "@0"].iter().find_map(|name| self.text_argument(site, name));
            let Some(name) = name else { continue };
            let outer = beside.get(record).map(|outer| module.call(*outer));
            let arguments = outer.map_or(&[][..], |outer| &outer.arguments);
            let spot = Spot { module: id, function: module.call(*record).within };
            let handlers: Vec<Routine> =
                arguments.iter().flat_map(|argument| self.routines_of(spot, &argument.value)).collect();
            found.push(FoundTool::of_call(name, site, module.call(*record).line, handlers));
        }
        found
    }

    /// The functions that a value is.
    pub(crate) fn routines_of(&self, spot: Spot, value: &Expr) -> Vec<Routine> {
        if let Expr::Function(function) = value {
            return vec![Routine { module: spot.module, function: Some(*function) }];
        }
        if !matches!(value, Expr::Name(_) | Expr::Member(..)) {
            return Vec::new();
        }
        self.detection.program.functions_of(spot, value)
    }

    /// The tools that a function, and what is written in it or called by it, tells apart by their names:
    /// `case "remove": …`. What is told apart within such a case is no tool of its own.
    pub(crate) fn told_apart(&self, routine: Routine) -> Vec<FoundTool> {
        let program = self.detection.program;
        let mut routines = vec![routine];
        routines.extend(program.nested_in(routine));
        let called: Vec<Routine> =
            routines.iter().flat_map(|r| program.calls_in(*r)).flat_map(|c| program.targets(c)).collect();
        let here = self.cases_of(&routines);
        if here.is_empty() { self.cases_of(&called) } else { here }
    }

    fn cases_of(&self, routines: &[Routine]) -> Vec<FoundTool> {
        let program = self.detection.program;
        let mut calls: BTreeMap<_, Vec<CallSite>> = BTreeMap::new();
        for routine in routines.iter().collect::<BTreeSet<_>>() {
            calls.entry(routine.module).or_default().extend(program.calls_in(*routine));
        }
        let mut found = Vec::new();
        for (id, calls) in calls {
            let module = program.module(id);
            let mut names: BTreeMap<BranchId, &str> = BTreeMap::new();
            // What is asked about an argument names no tool.
            let about = module.subjects.iter().filter(|(_, name)| name.to_ascii_lowercase().contains("arg"));
            let about_arguments: BTreeSet<BranchId> = about.map(|(branch, _)| *branch).collect();
            for (text, branch) in module.cases.iter().filter(|(text, _)| !text.contains(char::is_whitespace))
            {
                names.entry(*branch).or_insert(text);
            }
            names.retain(|branch, _| !about_arguments.contains(branch));
            let around = |branch: BranchId| module.branches.get(branch as usize).copied().flatten();
            let is_outermost = |branch: BranchId| {
                let mut above = std::iter::successors(around(branch), |branch| around(*branch));
                !above.any(|other| names.contains_key(&other))
            };
            for (branch, name) in names.iter().filter(|(branch, _)| is_outermost(**branch)).take(MAX_TOOLS) {
                let inside = |site: &&CallSite| {
                    let at = module.call(site.call).branch;
                    at.is_some() && module.is_within_branch(at, Some(*branch))
                };
                let runs: Vec<CallSite> = calls.iter().filter(inside).copied().collect();
                let Some(first) = runs.first() else { continue };
                found.push(FoundTool::of_branch((*name).to_owned(), id, module.call(first.call).line, runs));
            }
        }
        found
    }
}
