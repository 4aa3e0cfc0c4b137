//! Functions of the program that make the call a rule is about with what their callers hand over: an own `post(path,
//! body)` calls a model where it is given the path of one.

use std::rc::Rc;

use foldhash::HashMap;
use muster_rules::ArgumentTest;

use super::arguments::Reach;
use super::conditions::Conditions;
use super::texts::text_of;
use crate::program::{CallSite, Program, Routine, Spot};
use crate::syntax::Expr;

/// Functions that hand a call's arguments on to each other.
const MAX_STEPS: usize = 3;
/// Callers of one function that are gone through.
const MAX_CALLERS: usize = 24;
/// Texts that are looked at for one call.
const MAX_TEXTS: usize = 200;
/// Parts of a record that a caller hands over: `post({ url, body })`.
const MAX_ENTRIES: usize = 8;
/// Questions about one call and one site of a rule.
const MAX_QUESTIONS: usize = 60;

/// How a call of a function of the program comes to be one that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Through {
    /// The call that the rule is about.
    pub(crate) call: CallSite,
    /// By which caller each function on the way is called.
    pub(crate) steps: Vec<(Routine, CallSite)>,
}

/// Where a call is what a rule asks for.
#[derive(Debug)]
pub(super) enum Fit {
    Never,
    /// Whoever calls the function around it.
    Always,
    /// Where these calls are what leads to it.
    From(Vec<(CallSite, Through)>),
}

/// Texts that callers hand over, by the call that they may end in.
#[derive(Default)]
pub(super) struct Wrappers {
    texts: HashMap<CallSite, Rc<[String]>>,
}

impl Wrappers {
    /// Where a call meets the conditions of a site.
    pub(super) fn fit(&mut self, arguments: &mut Conditions<'_>, tests: &[ArgumentTest]) -> Fit {
        let (program, call) = (arguments.program, arguments.site);
        let mut question = Question { program, call, tests, left: MAX_QUESTIONS, steps: Vec::new() };
        let either_way = if tests.iter().all(|test| arguments.fit(test)) { Fit::Always } else { Fit::Never };
        let Some(around) = wrapper_of(program, call) else { return either_way };
        if !self.is_said_by_callers(program, call, around, tests) {
            return either_way;
        }
        let is_own = {
            let _alone = program.assume(around, None);
            question.holds()
        };
        if is_own {
            return Fit::Always;
        }
        match question.by_caller(around) {
            Fit::Never => either_way,
            found => found,
        }
    }

    /// Whether callers hand over a text that conditions ask for, or the end of one.
    fn is_said_by_callers(
        &mut self,
        program: &Program<'_>,
        call: CallSite,
        around: Routine,
        tests: &[ArgumentTest],
    ) -> bool {
        let mut wanted = tests.iter().flat_map(|test| test.ends.iter().chain(&test.starts)).peekable();
        if wanted.peek().is_none() {
            return false;
        }
        let texts = self.texts.entry(call).or_insert_with(|| handed_over(program, around).into());
        let mut parts = wanted.map(|want| {
            let path = want.trim_end_matches('/');
            path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase()
        });
        parts.any(|part| texts.iter().any(|text| text.contains(&part)))
    }
}

/// Texts with a slash or a colon that callers of a function hand over, in small letters.
fn handed_over(program: &Program<'_>, routine: Routine) -> Vec<String> {
    let mut texts = Vec::new();
    let mut edge = vec![routine];
    let mut seen = edge.clone();
    for _ in 0..MAX_STEPS {
        let mut next = Vec::new();
        for at in edge {
            for caller in program.callers(at).iter().take(MAX_CALLERS) {
                let call = program.module(caller.module).call(caller.call);
                let spot = Spot { module: caller.module, function: call.within };
                let values = call.arguments.iter().take(4).flat_map(|argument| match &argument.value {
                    Expr::Map(entries) => entries.iter().take(MAX_ENTRIES).map(|(_, value)| value).collect(),
                    value => vec![value],
                });
                for value in values {
                    if texts.len() == MAX_TEXTS {
                        return texts;
                    }
                    let text = text_of(program, spot, value, Reach::NEAR);
                    texts.extend(
                        text.filter(|text| text.contains(['/', ':'])).map(|t| t.to_ascii_lowercase()),
                    );
                }
                if let Some(around) = wrapper_of(program, *caller).filter(|around| !seen.contains(around)) {
                    seen.push(around);
                    next.push(around);
                }
            }
        }
        edge = next;
    }
    texts
}

/// The innermost function around a call that something of the program calls.
fn wrapper_of(program: &Program<'_>, call: CallSite) -> Option<Routine> {
    let module = program.module(call.module);
    let mut scope = module.call(call.call).within;
    while let Some(function) = scope {
        let routine = Routine { module: call.module, function: Some(function) };
        if !program.callers(routine).is_empty() {
            return Some(routine);
        }
        scope = module.function(function).within;
    }
    None
}

struct Question<'q> {
    program: &'q Program<'q>,
    call: CallSite,
    tests: &'q [ArgumentTest],
    left: usize,
    steps: Vec<(Routine, CallSite)>,
}

impl Question<'_> {
    fn holds(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        let mut arguments = Conditions::of(self.program, self.call);
        self.left > 0 && self.tests.iter().all(|test| arguments.fit(test))
    }

    /// For which callers of a function the conditions hold.
    fn by_caller(&mut self, wrapper: Routine) -> Fit {
        let callers: Vec<CallSite> = self.program.callers(wrapper).to_vec();
        let mut found = Vec::new();
        let mut always = 0;
        for caller in callers.iter().copied().take(MAX_CALLERS) {
            let _given = self.program.assume(wrapper, Some(caller));
            self.steps.push((wrapper, caller));
            let fit = match self.further(caller) {
                None => self.holds().then_some(Fit::Always),
                Some(further) => {
                    let is_own = {
                        let _alone = self.program.assume(further, None);
                        self.holds()
                    };
                    Some(if is_own { Fit::Always } else { self.by_caller(further) })
                }
            };
            match fit {
                Some(Fit::Always) => {
                    always += 1;
                    found.push((caller, Through { call: self.call, steps: self.steps.clone() }));
                }
                Some(Fit::From(from)) => found.extend(from),
                Some(Fit::Never) | None => {}
            }
            self.steps.pop();
        }
        if found.is_empty() {
            Fit::Never
        } else if always == callers.len() {
            Fit::Always
        } else {
            Fit::From(found)
        }
    }

    /// The function around a caller, where what that is handed may count as well.
    fn further(&self, caller: CallSite) -> Option<Routine> {
        wrapper_of(self.program, caller)
            .filter(|next| self.steps.len() < MAX_STEPS && self.steps.iter().all(|(seen, _)| seen != next))
    }
}
