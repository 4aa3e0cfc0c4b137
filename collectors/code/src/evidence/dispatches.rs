//! Where code runs what an answer asked for by its name, out of a table or a registry: who is asked before that.

use std::collections::BTreeSet;

use asmm_model::Gate;

use super::gates::Gates;
use super::reach::targets;
use super::tools::FoundTool;
use crate::detect::Hit;
use crate::program::{CallSite, Program, Routine, Spot};
use crate::syntax::{Call, Expr, Module};

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

/// The routines among these in which something is run that was found by a value, with the calls that do.
pub(super) fn dispatches(program: &Program<'_>, around: &BTreeSet<Routine>) -> Vec<(Routine, Vec<CallSite>)> {
    let mut found = Vec::new();
    for routine in around {
        let module = program.module(routine.module);
        let spot = Spot { module: routine.module, function: routine.function };
        let sites: Vec<CallSite> = program
            .calls_in(*routine)
            .filter(|site| runs_what_was_found(program, module, spot, module.call(site.call)))
            .collect();
        if !sites.is_empty() {
            found.push((*routine, sites));
        }
    }
    found
}

fn runs_what_was_found(program: &Program<'_>, module: &Module, spot: Spot, call: &Call) -> bool {
    match &call.callee {
        Expr::Member(object, method) if !QUIET.contains(&&**method) && !FINDERS.contains(&&**method) => {
            is_found(program, module, spot, object, call.line, MAX_STEPS)
                || is_taken(module, spot, &call.callee, call.line)
        }
        callee @ (Expr::Name(_) | Expr::Call(_)) => {
            is_found(program, module, spot, callee, call.line, MAX_STEPS)
        }
        _ => false,
    }
}

/// Whether a value was found in a table or a registry by another value.
fn is_found(program: &Program<'_>, module: &Module, spot: Spot, value: &Expr, line: u32, depth: u8) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    if is_taken(module, spot, value, line) {
        return true;
    }
    match value {
        Expr::Name(name) => {
            let here = module.bindings.iter().filter(|b| b.within == spot.function && b.name == *name);
            here.into_iter().any(|b| is_found(program, module, spot, &b.value, b.line, depth))
        }
        Expr::Choice(values) => values.iter().any(|v| is_found(program, module, spot, v, line, depth)),
        Expr::Call(call) => {
            let found = module.call(*call);
            let by_value =
                found.arguments.iter().any(|a| !matches!(a.value, Expr::Text(_) | Expr::Literal(_)));
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
            targets(program, CallSite { module: spot.module, call: *call }).iter().any(|routine| {
                let of = program.module(routine.module);
                of.compared.iter().any(|c| c.within == routine.function)
                    || of.lookups.iter().any(|l| l.within == routine.function)
            })
        }
        _ => false,
    }
}

/// `TABLE[name]`: the element stands for the table.
fn is_taken(module: &Module, spot: Spot, value: &Expr, line: u32) -> bool {
    let is_near = |at: u32| at <= line && line - at <= 2;
    module.lookups.iter().any(|l| l.within == spot.function && is_near(l.line) && l.object == *value)
}
