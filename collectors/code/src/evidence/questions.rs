//! Where code asks a person, and whether that stands before a step that changes something.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use asmm_model::Gate;
use foldhash::HashMap;
use muster_rules::{Covers, Means};

use super::gates::Gates;
use super::reach::targets;
use crate::detect::Hit;
use crate::program::{CallSite, Program, Routine, Spot};
use crate::syntax::{BranchId, Expr};

/// A call that asks a person, what shows it, and for how many calls.
type Question<'d> = (CallSite, &'d Hit, Gate);

/// The calls of a routine by the routines that they lead to.
type ByLeads = BTreeMap<Vec<Routine>, Rc<[CallSite]>>;

/// What was found out about routines and steps, which many tools ask about.
#[derive(Default)]
pub(super) struct Asked<'d> {
    questions: RefCell<HashMap<Routine, Rc<[Question<'d>]>>>,
    before: RefCell<HashMap<CallSite, Option<(Gate, &'d Hit)>>>,
    first_model: RefCell<HashMap<Routine, Option<u32>>>,
    leading: RefCell<HashMap<Routine, ByLeads>>,
}

impl<'d> Gates<'d, '_> {
    /// A question before a step, or before another call of its routine that leads to the same: what is asked on one way
    /// and not on the other is asked for some.
    pub(super) fn on_the_way(&self, step: CallSite) -> Option<(Gate, &'d Hit)> {
        if self.asking.is_empty() && self.messages.is_empty() {
            return None;
        }
        let program = self.detection.program;
        let within = program.module(step.module).call(step.call).within;
        let leads = targets(program, step);
        let others = if leads.is_empty() {
            Rc::default()
        } else {
            self.leading(Routine { module: step.module, function: within }, &leads)
        };
        let others = others.iter().copied().filter(|other| *other != step);
        let ways: Vec<_> = std::iter::once(step).chain(others).map(|step| self.asked_before(step)).collect();
        let (_, hit) = *ways.iter().flatten().min_by_key(|(gate, _)| *gate != Gate::Each)?;
        let each = ways.iter().all(|way| way.is_some_and(|(gate, _)| gate == Gate::Each));
        Some((if each { Gate::Each } else { Gate::Some }, hit))
    }

    /// The calls of a routine that lead to just these.
    fn leading(&self, routine: Routine, leads: &[Routine]) -> Rc<[CallSite]> {
        let program = self.detection.program;
        let mut known = self.asked.leading.borrow_mut();
        let by_leads = known.entry(routine).or_insert_with(|| {
            let mut by_leads: BTreeMap<Vec<Routine>, Vec<CallSite>> = BTreeMap::new();
            for site in program.calls_in(routine) {
                by_leads.entry(targets(program, site)).or_default().push(site);
            }
            by_leads.into_iter().map(|(leads, sites)| (leads, sites.into())).collect()
        });
        by_leads.get(leads).map(Rc::clone).unwrap_or_default()
    }

    /// The question before a step; where the same code also asks the model, what is asked before that is the next turn of
    /// a conversation.
    fn asked_before(&self, step: CallSite) -> Option<(Gate, &'d Hit)> {
        if let Some(known) = self.asked.before.borrow().get(&step) {
            return *known;
        }
        let found = self.before(step, self.model_line(step));
        self.asked.before.borrow_mut().insert(step, found);
        found
    }

    /// The line in which the routine of a step, before it, leads to a model; none where it leads to none.
    fn model_line(&self, step: CallSite) -> Option<u32> {
        let program = self.detection.program;
        let call = program.module(step.module).call(step.call);
        let routine = Routine { module: step.module, function: call.within };
        if !self.to_models.contains(&routine) {
            return None;
        }
        let first = *self.asked.first_model.borrow_mut().entry(routine).or_insert_with(|| {
            let leads = |site: &CallSite| {
                self.models.contains(site)
                    || targets(program, *site).iter().any(|target| self.to_models.contains(target))
            };
            let leading = program.calls_in(routine).filter(leads);
            leading.map(|site| program.module(site.module).call(site.call).line).min()
        });
        first.filter(|line| *line <= call.line)
    }

    /// A question before a call of a routine that leads to a tool. One before the model is called is the next turn of a
    /// conversation.
    pub(super) fn at_call(&self, routine: Routine, site: CallSite) -> Option<(Gate, &'d Hit)> {
        let model_line = self.model_line(site);
        if self.to_models.contains(&routine) && model_line.is_none() {
            return None;
        }
        self.before(site, model_line)
    }

    /// A question that is asked in the same routine before that call, and after line `after`.
    fn before(&self, step: CallSite, after: Option<u32>) -> Option<(Gate, &'d Hit)> {
        let program = self.detection.program;
        let module = program.module(step.module);
        let call = module.call(step.call);
        let routine = Routine { module: step.module, function: call.within };
        let messages = self.messages.get(&routine).into_iter().flatten();
        let mut best: Option<(Gate, &'d Hit)> = messages
            .filter(|hit| hit.line < call.line && after.is_none_or(|after| hit.line > after))
            .map(|hit| (self.detection.site(hit).gate.unwrap_or(Gate::Some), *hit))
            .next();
        let mut asked: Vec<BranchId> = Vec::new();
        for (site, hit, gate) in self.questions(routine).iter().copied() {
            // Nothing is asked more surely.
            if best.is_some_and(|(gate, _)| gate == Gate::Each) {
                break;
            }
            let question = module.call(site.call);
            let is_before =
                question.line < call.line || (question.line == call.line && site.call < step.call);
            let is_prompt = self.prompts.contains(&site) && !question.in_condition;
            if !is_before || is_prompt || after.is_some_and(|after| question.line <= after) || site == step {
                continue;
            }
            let always =
                module.is_within_branch(call.branch, question.branch) || self.resumes(routine, site, step);
            // Asked in each of the branches of which one is taken.
            asked.extend(question.branch);
            let inside =
                |branch: BranchId| asked.iter().any(|a| module.is_within_branch(Some(*a), Some(branch)));
            let in_each = || {
                module.either.iter().any(|ways| {
                    let above =
                        ways.first().and_then(|way| module.branches.get(*way as usize).copied().flatten());
                    module.is_within_branch(call.branch, above) && ways.iter().all(|way| inside(*way))
                })
            };
            let gate = if always || (gate == Gate::Each && in_each()) { gate } else { Gate::Some };
            best = Some((gate, hit));
        }
        best
    }

    /// The calls of a routine that ask a person.
    fn questions(&self, routine: Routine) -> Rc<[Question<'d>]> {
        if let Some(known) = self.asked.questions.borrow().get(&routine) {
            return Rc::clone(known);
        }
        let calls = self.detection.program.calls_in(routine);
        let found: Rc<[Question<'d>]> =
            calls.filter_map(|site| self.question(site).map(|(hit, gate)| (site, hit, gate))).collect();
        self.asked.questions.borrow_mut().insert(routine, Rc::clone(&found));
        found
    }

    /// Whether a question ends the run, which comes back with the answer and passes by the question then:
    /// `if !resumed { return interrupt() }`.
    fn resumes(&self, routine: Routine, question: CallSite, step: CallSite) -> bool {
        /// What an answer is called where it is asked for.
        const ANSWERS: [&str; 4] = ["resum", "confirm", "approv", "interrupt"];
        let program = self.detection.program;
        let module = program.module(question.module);
        let asked = module.call(question.call);
        let last = |callee: &Expr| match callee {
            Expr::Name(name) | Expr::Member(_, name) => name.to_ascii_lowercase(),
            _ => String::new(),
        };
        let ends =
            ["interrupt", "suspend", "request_confirmation", "requestconfirmation", "approvalrequired"]
                .iter()
                .any(|name| last(&asked.callee).contains(name));
        let Some(branch) = asked.branch.filter(|_| ends) else { return false };
        // The branch around the question is taken only until there is an answer.
        let outer = module.branches.get(branch as usize).copied().flatten();
        let is_answer = |name: &str| ANSWERS.iter().any(|answer| name.contains(answer));
        let mut about = module.subjects.iter().filter(|(of, _)| *of == branch).map(|(_, name)| name);
        // What is refused only for some of what it could be asked about has other names in its condition.
        let refuses = last(&asked.callee).contains("approvalrequired");
        let by_name = about.clone().any(|name| is_answer(&name.to_ascii_lowercase()))
            && (!refuses
                || about.all(|name| {
                    let name = name.to_ascii_lowercase();
                    is_answer(&name) || name.ends_with("ctx") || name.ends_with("context")
                }));
        if refuses && !by_name {
            return false;
        }
        // `answer = context.tool_confirmation`
        let by_value = module.bindings.iter().any(|binding| {
            binding.within == routine.function
                && binding.line <= asked.line
                && is_answer(&last(&binding.value))
        });
        let asks_for_answer = by_name
            || by_value
            || program.calls_in(routine).any(|site| {
                let call = module.call(site.call);
                let name = last(&call.callee);
                site != question && call.line <= asked.line && call.branch == outer && is_answer(&name)
            });
        asks_for_answer && module.is_within_branch(module.call(step.call).branch, outer)
    }

    /// Whether a call asks a person, itself or in the function that it runs.
    pub(super) fn question(&self, site: CallSite) -> Option<(&'d Hit, Gate)> {
        let detection = self.detection;
        let direct = detection.on_call(site).find(|hit| {
            let what = detection.site(hit);
            what.means == Means::Gate && what.covers == Covers::Body
        });
        if let Some(hit) = direct {
            return Some((hit, detection.site(hit).gate.unwrap_or(Gate::Each)));
        }
        // Where it may be one of several functions, and only some of them ask: `ask = permission(auto)`, then `ask(name)`.
        let asked: Vec<Option<&'d Hit>> =
            detection.program.targets(site).map(|routine| self.asks(routine, 2)).collect();
        let hit = asked.iter().flatten().next()?;
        let always = asked.iter().all(Option::is_some);
        let gate = detection.site(hit).gate.unwrap_or(Gate::Each);
        Some((hit, if always { gate } else { Gate::Some }))
    }

    pub(super) fn asks(&self, routine: Routine, depth: u8) -> Option<&'d Hit> {
        if let Some(hit) = self.asking.get(&routine) {
            return Some(hit);
        }
        let depth = depth.checked_sub(1)?;
        let program = self.detection.program;
        program.calls_in(routine).find_map(|site| program.targets(site).find_map(|r| self.asks(r, depth)))
    }
}

/// The calls that what a call is given is made of, also through variables of the same function.
pub(super) fn prompts(program: &Program<'_>, site: CallSite) -> Vec<CallSite> {
    /// Values that are looked at.
    const MOST: usize = 64;
    let module = program.module(site.module);
    let asked = module.call(site.call);
    let spot = Spot { module: site.module, function: asked.within };
    let mut found = Vec::new();
    let mut left: Vec<&Expr> = asked.arguments.iter().map(|argument| &argument.value).collect();
    for _ in 0..MOST {
        match left.pop() {
            Some(Expr::Call(call)) => {
                found.push(CallSite { module: site.module, call: *call });
                left.extend(module.call(*call).arguments.iter().map(|argument| &argument.value));
                if let Expr::Member(object, _) = &module.call(*call).callee {
                    left.push(object);
                }
            }
            Some(Expr::List(values) | Expr::Choice(values)) => left.extend(values),
            Some(Expr::Map(entries)) => left.extend(entries.iter().map(|(_, value)| value)),
            Some(Expr::Spread(inner) | Expr::Member(inner, _)) => left.push(inner),
            Some(Expr::Name(name)) => {
                let bound = program.bound_values(spot, name).into_iter();
                left.extend(bound.filter(|(at, _)| *at == spot).map(|(_, value)| value));
            }
            Some(_) => {}
            None => break,
        }
    }
    found
}
