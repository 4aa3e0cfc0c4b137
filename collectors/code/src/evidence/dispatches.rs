//! Where code runs what an answer asked for by its name, out of a table or a registry: who is asked before that.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Gate;
use foldhash::HashMap;
use muster_rules::Means;

use super::gates::Gates;
use super::reach::targets;
use super::tools::FoundTool;
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, ModuleId, Program, Routine};
use crate::syntax::{Binding, CallId, Expr, FunctionId};

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
/// Bindings of one variable, and tables of one line, that are looked at.
const MAX_BINDINGS: usize = 6;

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

/// The routines among these in which something is run that was found by a value, or in which a library runs what an
/// answer asked for, with the calls that do.
pub(super) fn dispatches(
    detection: &Detection<'_>,
    around: &BTreeSet<Routine>,
) -> Vec<(Routine, Vec<CallSite>)> {
    let program = detection.program;
    let mut found = Vec::new();
    let mut written: Option<(ModuleId, Written<'_>)> = None;
    for routine in around {
        // The routines of one module stand side by side.
        let known = written.take().filter(|(of, _)| *of == routine.module);
        let (_, inside) =
            written.insert(known.unwrap_or_else(|| (routine.module, Written::of(program, routine.module))));
        let by_library =
            |site: &CallSite| detection.on_call(*site).any(|hit| detection.means(hit) == Means::ToolResult);
        let sites: Vec<CallSite> = program
            .calls_in(*routine)
            .filter(|site| inside.runs_what_was_found(routine.function, site.call) || by_library(site))
            .collect();
        if !sites.is_empty() {
            found.push((*routine, sites));
        }
    }
    found
}

/// What is bound and taken out of tables in a module, by where it is written: a module may do so very often.
struct Written<'p> {
    program: &'p Program<'p>,
    id: ModuleId,
    bindings: HashMap<(Option<FunctionId>, &'p str), Vec<&'p Binding>>,
    lookups: BTreeMap<(Option<FunctionId>, u32), Vec<&'p Expr>>,
}

impl<'p> Written<'p> {
    fn of(program: &'p Program<'p>, id: ModuleId) -> Self {
        let module = program.module(id);
        let mut bindings: HashMap<_, Vec<&Binding>> = HashMap::default();
        for binding in &module.bindings {
            let known = bindings.entry((binding.within, &*binding.name)).or_default();
            if known.len() < MAX_BINDINGS {
                known.push(binding);
            }
        }
        let mut lookups: BTreeMap<_, Vec<&Expr>> = BTreeMap::new();
        for lookup in &module.lookups {
            let known = lookups.entry((lookup.within, lookup.line)).or_default();
            if known.len() < MAX_BINDINGS {
                known.push(&lookup.object);
            }
        }
        Self { program, id, bindings, lookups }
    }

    fn runs_what_was_found(&self, within: Option<FunctionId>, call: CallId) -> bool {
        let call = self.program.module(self.id).call(call);
        match &call.callee {
            Expr::Member(object, method) if !QUIET.contains(&&**method) && !FINDERS.contains(&&**method) => {
                self.is_found(within, object, call.line, MAX_STEPS)
                    || self.is_taken(within, &call.callee, call.line)
            }
            callee @ (Expr::Name(_) | Expr::Call(_)) => self.is_found(within, callee, call.line, MAX_STEPS),
            _ => false,
        }
    }

    /// Whether a value was found in a table or a registry by another value.
    fn is_found(&self, within: Option<FunctionId>, value: &Expr, line: u32, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if self.is_taken(within, value, line) {
            return true;
        }
        match value {
            Expr::Name(name) => {
                let here = self.bindings.get(&(within, &**name));
                here.into_iter().flatten().any(|b| self.is_found(within, &b.value, b.line, depth))
            }
            Expr::Choice(values) => {
                values.iter().take(MAX_BINDINGS).any(|value| self.is_found(within, value, line, depth))
            }
            Expr::Call(call) => self.is_found_by(*call),
            _ => false,
        }
    }

    /// Whether a call finds something by a value.
    fn is_found_by(&self, call: CallId) -> bool {
        let found = self.program.module(self.id).call(call);
        let by_value = found.arguments.iter().any(|a| !matches!(a.value, Expr::Text(_) | Expr::Literal(_)));
        if !by_value {
            return false;
        }
        let is_finder = match &found.callee {
            Expr::Member(_, name) => FINDERS.contains(&&**name),
            Expr::Name(name) => &**name == "next",
            _ => false,
        };
        if is_finder {
            return true;
        }
        // A function of the program that looks through what there is.
        targets(self.program, CallSite { module: self.id, call }).iter().any(|routine| {
            let of = self.program.module(routine.module);
            of.compared.iter().any(|c| c.within == routine.function)
                || of.lookups.iter().any(|l| l.within == routine.function)
        })
    }

    /// `TABLE[name]`: the element stands for the table.
    fn is_taken(&self, within: Option<FunctionId>, value: &Expr, line: u32) -> bool {
        let near = (within, line.saturating_sub(2))..=(within, line);
        self.lookups.range(near).flat_map(|(_, objects)| objects).any(|object| **object == *value)
    }
}
