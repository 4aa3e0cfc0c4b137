//! Where code runs what an answer asked for by its name, out of a table or a registry: who is asked before that.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use asmm_model::Gate;
use foldhash::{HashMap, HashSet};
use muster_rules::Means;

use super::gates::Gates;
use super::reach::targets;
use super::tools::FoundTool;
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, ModuleId, Program, Routine, Spot};
use crate::syntax::{Binding, Call, Expr, FunctionId, Lookup};

/// Calls that take something out of a registry by its name.
const FINDERS: [&str; 14] = [
    "get",
    "Get",
    "find",
    "Find",
    "First",
    "FirstOrDefault",
    "first",
    "firstOrNull",
    "detect",
    "getOrDefault",
    "getValue",
    "fetch",
    "GetValueOrDefault",
    "next",
];
/// Methods of what is found that only read it or put something into it.
const QUIET: [&str; 22] = [
    "append",
    "push",
    "add",
    "Add",
    "extend",
    "get",
    "Get",
    "set",
    "has",
    "keys",
    "values",
    "items",
    "strip",
    "trim",
    "split",
    "join",
    "format",
    "lower",
    "upper",
    "toString",
    "update",
    "__getitem__",
];
/// How far what is called is followed back to where it was found.
const MAX_STEPS: u8 = 4;
/// Elements that are taken in one line, values of one variable, and routines that are gone through.
const MAX_BESIDE: usize = 64;
const MAX_BINDINGS: usize = 8;
const MAX_ROUTINES: usize = 64;

impl<'d> Gates<'d, '_> {
    /// A person is asked before what an answer named is run, which no call of the tool itself shows.
    pub(super) fn at_table(&self, tool: &FoundTool) -> Option<(Gate, &'d Hit)> {
        if self.is_run_by_a_framework || self.dispatches.is_empty() || tool.handlers.is_empty() {
            return None;
        }
        let program = self.detection.program;
        // What the code also runs by itself is asked about there, or not.
        let is_called = |routine: &Routine| {
            program.callers(*routine).iter().any(|at| {
                let within = program.module(at.module).call(at.call).within;
                self.around_models.contains(&Routine { module: at.module, function: within })
            })
        };
        if tool.handlers.iter().any(is_called) {
            return None;
        }
        *self.before_tables.get_or_init(|| self.of_tables())
    }

    /// The question before what is found is run, the same for every tool.
    fn of_tables(&self) -> Option<(Gate, &'d Hit)> {
        let mut gates = Vec::new();
        let mut shown = None;
        for (routine, sites) in &self.dispatches {
            let above = self.reach.above([*routine]);
            let further = self.asked_above(*routine, &above);
            for site in sites {
                let best = [self.at_call(*routine, *site), further]
                    .into_iter()
                    .flatten()
                    .min_by_key(|(gate, _)| *gate != Gate::Each);
                gates.push(best.map_or(Gate::None, |(gate, _)| gate));
                shown = shown.or(best.map(|(_, hit)| hit));
            }
        }
        let hit = shown?;
        // With several such places it is not known which of them runs this tool.
        let gate = match &gates[..] {
            [only] => *only,
            all if all.iter().all(|gate| *gate == Gate::Each) => Gate::Each,
            _ => Gate::Unknown,
        };
        Some((gate, hit))
    }

    /// A question in the routines that lead to a dispatch.
    fn asked_above(&self, routine: Routine, above: &BTreeSet<Routine>) -> Option<(Gate, &'d Hit)> {
        let program = self.detection.program;
        let leads = |site: &CallSite| targets(program, *site).iter().any(|target| above.contains(target));
        above
            .iter()
            .filter(|at| **at != routine)
            .flat_map(|at| program.calls_in(*at).filter(leads).map(move |site| (*at, site)))
            .filter_map(|(at, site)| self.at_call(at, site))
            .min_by_key(|(gate, _)| *gate != Gate::Each)
    }
}

/// What is taken out of tables and registries by a value, indexed: each call asks about what stands beside it.
pub(super) struct Taken<'p> {
    program: &'p Program<'p>,
    /// Of the module that was asked about last: one after the other is gone through, and together they are many.
    written: RefCell<Option<Rc<Written<'p>>>>,
    /// Functions that look through what there is.
    searching: HashSet<Routine>,
}

/// The tables and variables of one module, by where they are used.
struct Written<'p> {
    module: ModuleId,
    lookups: HashMap<u32, Vec<&'p Lookup>>,
    bindings: HashMap<(Option<FunctionId>, &'p str), Vec<&'p Binding>>,
}

impl<'p> Written<'p> {
    fn of(program: &'p Program<'p>, id: ModuleId) -> Self {
        let module = program.module(id);
        let mut written = Self { module: id, lookups: HashMap::default(), bindings: HashMap::default() };
        for lookup in &module.lookups {
            let beside = written.lookups.entry(lookup.line).or_default();
            if beside.len() < MAX_BESIDE {
                beside.push(lookup);
            }
        }
        for binding in &module.bindings {
            let same = written.bindings.entry((binding.within, &*binding.name)).or_default();
            if same.len() < MAX_BINDINGS {
                same.push(binding);
            }
        }
        written
    }
}

impl<'p> Taken<'p> {
    pub(super) fn of(program: &'p Program<'p>) -> Self {
        let mut searching = HashSet::default();
        for (id, module) in program.modules() {
            let looked = module.lookups.iter().map(|lookup| lookup.within);
            let compared = module.compared.iter().map(|compared| compared.within);
            searching.extend(looked.chain(compared).map(|function| Routine { module: id, function }));
        }
        Self { program, written: RefCell::default(), searching }
    }

    fn written(&self, module: ModuleId) -> Rc<Written<'p>> {
        let mut known = self.written.borrow_mut();
        match &*known {
            Some(written) if written.module == module => Rc::clone(written),
            _ => Rc::clone(known.insert(Rc::new(Written::of(self.program, module)))),
        }
    }

    /// The routines among these in which something is run that was found by a value, or in which a library runs what an
    /// answer asked for, with the calls that do.
    pub(super) fn dispatches(
        &self,
        detection: &Detection<'_>,
        around: &BTreeSet<Routine>,
    ) -> Vec<(Routine, Vec<CallSite>)> {
        let by_library =
            |site: &CallSite| detection.on_call(*site).any(|hit| detection.means(hit) == Means::ToolResult);
        let mut found = Vec::new();
        for routine in around {
            let module = self.program.module(routine.module);
            let spot = Spot { module: routine.module, function: routine.function };
            let calls = self.program.calls_in(*routine);
            let runs =
                |site: &CallSite| self.runs_what_was_found(spot, module.call(site.call)) || by_library(site);
            let sites: Vec<CallSite> = calls.filter(runs).collect();
            if !sites.is_empty() && found.len() < MAX_ROUTINES {
                found.push((*routine, sites));
            }
        }
        found
    }

    fn runs_what_was_found(&self, spot: Spot, call: &Call) -> bool {
        match &call.callee {
            Expr::Member(object, method) if !QUIET.contains(&&**method) && !FINDERS.contains(&&**method) => {
                self.is_found(spot, object, call.line, MAX_STEPS)
                    || self.lookup(spot, &call.callee, call.line).is_some()
            }
            callee @ (Expr::Name(_) | Expr::Call(_)) => self.is_found(spot, callee, call.line, MAX_STEPS),
            _ => false,
        }
    }

    /// Whether a value was found in a table or a registry by another value.
    fn is_found(&self, spot: Spot, value: &Expr, line: u32, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if self.lookup(spot, value, line).is_some() {
            return true;
        }
        match value {
            Expr::Name(name) => {
                let written = self.written(spot.module);
                let here = written.bindings.get(&(spot.function, &**name));
                here.into_iter().flatten().any(|b| self.is_found(spot, &b.value, b.line, depth))
            }
            Expr::Choice(values) => values.iter().any(|v| self.is_found(spot, v, line, depth)),
            Expr::Call(call) => {
                let found = self.program.module(spot.module).call(*call);
                let is_value = |value: &Expr| !matches!(value, Expr::Text(_) | Expr::Literal(_));
                let is_finder = match &found.callee {
                    Expr::Member(_, name) => FINDERS.contains(&&**name),
                    Expr::Name(name) => &**name == "next",
                    _ => false,
                };
                let searches = || {
                    let site = CallSite { module: spot.module, call: *call };
                    targets(self.program, site).iter().any(|routine| self.searching.contains(routine))
                };
                found.arguments.iter().any(|a| is_value(&a.value)) && (is_finder || searches())
            }
            _ => false,
        }
    }

    /// `TABLE[name]`: the element stands for the table.
    pub(super) fn lookup(&self, spot: Spot, value: &Expr, line: u32) -> Option<&'p Lookup> {
        let written = self.written(spot.module);
        (line.saturating_sub(2)..=line).rev().find_map(|line| {
            let beside = written.lookups.get(&line)?;
            beside.iter().copied().find(|l| l.within == spot.function && l.object == *value)
        })
    }
}
