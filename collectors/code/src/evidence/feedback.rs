//! Where what came of a selection goes back to the model.

use std::collections::BTreeSet;

use muster_rules::Means;

use super::answers::{ADDERS, Answers, MAX_DEPTH, roots};
use super::choices::Selection;
use super::reach::targets;
use crate::program::{CallSite, Origin, Routine, Spot};
use crate::syntax::{Expr, LoopId};

impl Answers<'_, '_> {
    /// Where what came of a selection goes back: in a loop (or a recursion) that leads to the model and to the
    /// selection, something that is no answer is added, after the selection, to what the model is asked with.
    pub(super) fn feedback(&self, selection: &Selection<'_>) -> Option<(Routine, u32)> {
        let program = self.detection.program;
        let to_selection = self.reach.above([selection.routine]);
        for routine in self.to_models.intersection(&to_selection) {
            let module = program.module(routine.module);
            let calls: Vec<CallSite> = program.calls_in(*routine).collect();
            let asks = |site: &CallSite| {
                self.models.contains(site)
                    || targets(program, *site).iter().any(|t| self.to_models.contains(t))
            };
            let selects = |site: &CallSite| targets(program, *site).iter().any(|t| to_selection.contains(t));
            let outermost = |l: Option<LoopId>| module.outermost_loop(l);
            let asking: Vec<&CallSite> = calls.iter().filter(|site| asks(site)).collect();
            for ask in asking {
                let around = outermost(module.call(ask.call).in_loop);
                if around.is_none() && !self.reach.is_recursive(*routine) {
                    continue;
                }
                let inside = |in_loop: Option<LoopId>| around.is_none() || outermost(in_loop) == around;
                // The line from which on results can be there.
                let from = if *routine == selection.routine && inside(selection.in_loop) {
                    Some(selection.line)
                } else {
                    calls
                        .iter()
                        .filter(|site| {
                            *site != ask && selects(site) && inside(module.call(site.call).in_loop)
                        })
                        .map(|site| module.call(site.call).line)
                        .min()
                };
                let Some(from) = from else { continue };
                if let Some(line) = self.added(*routine, *ask, from, &inside) {
                    return Some((*routine, line));
                }
            }
        }
        None
    }

    /// The line in which something that is no answer is added to what a call is given.
    fn added(
        &self,
        routine: Routine,
        ask: CallSite,
        from: u32,
        inside: &dyn Fn(Option<LoopId>) -> bool,
    ) -> Option<u32> {
        let program = self.detection.program;
        let module = program.module(routine.module);
        let spot = Spot { module: routine.module, function: routine.function };
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for argument in &module.call(ask.call).arguments {
            roots(module, &argument.value, &mut given, MAX_DEPTH);
        }
        // `params = Params(messages)` and `create(params)`: what the request is made of.
        let here = |within: Option<u32>| within == routine.function;
        for _ in 0..2 {
            let bound = module.bindings.iter().filter(|b| here(b.within));
            let mut more: BTreeSet<&str> = BTreeSet::new();
            for binding in bound.filter(|b| given.contains(&*b.name)) {
                roots(module, &binding.value, &mut more, MAX_DEPTH);
            }
            given.extend(more);
        }
        let is_given = |target: &Expr| match target {
            Expr::Name(name) => given.contains(&**name),
            Expr::Member(object, _) => {
                matches!(&**object, Expr::Name(name) if matches!(&**name, "self" | "this"))
            }
            _ => false,
        };
        let is_news = |value: &Expr| !matches!(value, Expr::Literal(_)) && !self.only_answer(spot, value);
        let calls = program.calls_in(routine).filter_map(|site| {
            let call = module.call(site.call);
            let Expr::Member(object, name) = &call.callee else { return None };
            let adds = ADDERS.contains(&&**name) && inside(call.in_loop) && is_given(object);
            let asks_person = self.detection.on_call(site).any(|h| self.detection.means(h) == Means::Gate);
            (adds && !asks_person && call.arguments.iter().any(|a| is_news(&a.value))).then_some(call.line)
        });
        let updates = module
            .updates
            .iter()
            .filter(|u| here(u.within) && inside(u.in_loop) && is_given(&u.target) && is_news(&u.value))
            .map(|u| u.line);
        let bound = module
            .bindings
            .iter()
            .filter(|b| here(b.within) && inside(b.in_loop) && given.contains(&*b.name) && is_news(&b.value))
            .filter(|b| b.in_loop.is_some())
            .map(|b| b.line);
        // What is bound after the selection, and added where the next round begins.
        let mut added: BTreeSet<&str> = BTreeSet::new();
        for site in program.calls_in(routine) {
            let call = module.call(site.call);
            let Expr::Member(object, method) = &call.callee else { continue };
            if ADDERS.contains(&&**method) && inside(call.in_loop) && is_given(object) {
                call.arguments.iter().for_each(|a| roots(module, &a.value, &mut added, MAX_DEPTH));
            }
        }
        let later = module
            .bindings
            .iter()
            .filter(|b| here(b.within) && inside(b.in_loop) && b.in_loop.is_some() && b.line >= from)
            .filter(|b| added.contains(&*b.name) && is_news(&b.value))
            .map(|b| b.line);
        let again = program.calls_in(routine).filter_map(|site| {
            // By recursion: what the next round is given.
            let call = module.call(site.call);
            let returns = targets(program, site).contains(&routine);
            (returns && call.arguments.iter().any(|a| is_news(&a.value))).then_some(call.line)
        });
        let handed = program.calls_in(routine).filter_map(|site| {
            let call = module.call(site.call);
            let news =
                inside(call.in_loop) && site != ask && call.arguments.iter().any(|a| is_news(&a.value));
            (news && targets(program, site).iter().any(|t| self.keeps(*t, &given))).then_some(call.line)
        });
        calls
            .chain(updates)
            .chain(bound)
            .chain(later)
            .chain(again)
            .chain(handed)
            .filter(|line| *line >= from)
            .min()
    }

    /// Whether a function only adds what it is given to a list that its callers share, such as one of these:
    /// `remember("tool", result)`.
    fn keeps(&self, routine: Routine, given: &BTreeSet<&str>) -> bool {
        /// Calls of a function that does no more than that.
        const MOST: usize = 4;
        let program = self.detection.program;
        let Some(id) = routine.function else { return false };
        let module = program.module(routine.module);
        let parameters = &module.function(id).parameters;
        let spot = Spot { module: routine.module, function: Some(id) };
        let is_own = |name: &str| {
            program.origins(spot, name).iter().any(|origin| match origin {
                Origin::Parameter(of, _) => *of == routine,
                Origin::Binding(of, at) => {
                    *of == routine.module && module.bindings[*at as usize].within == Some(id)
                }
            })
        };
        let is_shared = |object: &Expr| match object {
            Expr::Name(name) => {
                !is_own(name) && (given.contains(&**name) || program.own_field(spot, name).is_some())
            }
            Expr::Member(of, _) => {
                matches!(&**of, Expr::Name(name) if matches!(&**name, "self" | "this"))
            }
            _ => false,
        };
        let calls: Vec<CallSite> = program.calls_in(routine).take(MOST + 1).collect();
        calls.len() <= MOST
            && calls.iter().any(|site| {
                let call = module.call(site.call);
                let mut parts = BTreeSet::new();
                for argument in &call.arguments {
                    roots(module, &argument.value, &mut parts, MAX_DEPTH);
                }
                matches!(&call.callee, Expr::Member(object, name)
                    if ADDERS.contains(&&**name) && is_shared(object))
                    && parameters.iter().any(|(name, _)| parts.contains(&**name))
            })
    }

    /// Whether a value is nothing but an answer and fixed texts.
    fn only_answer(&self, spot: Spot, value: &Expr) -> bool {
        match value {
            Expr::Text(text) => !text.contains("{}"),
            Expr::Literal(_) | Expr::Spread(_) => true,
            Expr::List(values) | Expr::Choice(values) => values.iter().all(|v| self.only_answer(spot, v)),
            Expr::Map(entries) => entries.iter().all(|(_, v)| self.only_answer(spot, v)),
            Expr::Call(call) => {
                let site = CallSite { module: spot.module, call: *call };
                let asks = self.detection.on_call(site).any(|hit| {
                    self.detection.rule(hit).id.0 == "takes-user-input"
                        || self.detection.means(hit) == Means::Gate
                });
                asks || self.holds(spot, value, MAX_DEPTH)
            }
            _ => self.holds(spot, value, MAX_DEPTH),
        }
    }
}
