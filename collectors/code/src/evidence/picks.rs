//! Answers that name one of several actions without anything going back to the model: a plan that is carried out.
//!
//! A label that code sorts by is none. An answer that also says with what the action is done, or that is called as the
//! action is, chooses it.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Effect;

use super::answers::{Answers, MAX_DEPTH};
use super::choices::Selection;
use super::effects::{outcome, outcome_of_calls};
use super::tools::{FoundTool, snake};
use crate::program::{CallSite, Routine, Spot};
use crate::syntax::Expr;

/// Whether an answer picks what is done, where nothing goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pick {
    /// Code sorts by a label.
    No,
    /// It may.
    Open,
    /// It does.
    Yes,
}

impl<'d> Answers<'d, '_> {
    /// Keeps of what was compared by name, and from which nothing goes back, what picks an action all the same.
    pub(super) fn keep_picks(&self, found: &mut Vec<Selection<'d>>) {
        let mut seen: Vec<(usize, Pick)> = Vec::new();
        for (at, selection) in found.iter().enumerate() {
            let is_lost = selection.needs_feedback && selection.feedback.is_none();
            if is_lost && !selection.texts.is_empty() {
                seen.push((at, self.pick(selection)));
            } else if is_lost && self.runs_what_it_found(selection) {
                seen.push((at, Pick::Yes));
            }
        }
        // A second action with what an answer says is more than one label among many.
        let mut may: BTreeMap<Routine, usize> = BTreeMap::new();
        for (at, _) in seen.iter().filter(|(_, pick)| *pick != Pick::No) {
            *may.entry(found[*at].routine).or_default() += 1;
        }
        let mut sure: BTreeSet<(Routine, Vec<&str>)> = BTreeSet::new();
        for (at, pick) in &seen {
            let selection = &found[*at];
            let is_one = may.get(&selection.routine).is_none_or(|count| *count < 2);
            let is_label = *pick == Pick::Open && is_one && !self.is_called_so(selection);
            if *pick == Pick::Yes {
                sure.insert((selection.routine, selection.subjects.clone()));
            }
            found[*at].pick = if is_label { Pick::No } else { *pick };
        }
        // The other texts that are compared there name actions, too, also those that only read.
        for (at, _) in &seen {
            let selection = &mut found[*at];
            if sure.contains(&(selection.routine, selection.subjects.clone())) {
                selection.pick = Pick::Yes;
            }
        }
        found.retain(|s| !s.needs_feedback || s.feedback.is_some() || s.pick != Pick::No);
    }

    fn pick(&self, selection: &Selection<'d>) -> Pick {
        let calls = selection.tools.iter().flat_map(|tool| &tool.runs);
        let calls: Vec<CallSite> = calls.copied().collect();
        let given = calls.iter().any(|site| self.is_given_a_part(selection, *site));
        let is_called_so = self.is_called_so(selection);
        if !given && !is_called_so {
            return Pick::No;
        }
        let changes = outcome_of_calls(self.detection, &calls).changes;
        if !changes.iter().any(|change| change.effect != Effect::Read) {
            return Pick::No;
        }
        let spot = calls.first().map(|site| {
            let within = self.detection.program.module(site.module).call(site.call).within;
            Spot { module: site.module, function: within }
        });
        let is_action =
            selection.subjects.iter().any(|name| is_of_action(name) || self.is_named_by_key(spot, name));
        if given && (is_called_so || is_action) { Pick::Yes } else { Pick::Open }
    }

    /// Whether a variable holds what an answer has under such a name: `step = plan["tool"]`.
    fn is_named_by_key(&self, spot: Option<Spot>, name: &str) -> bool {
        let program = self.detection.program;
        let Some(spot) = spot else { return false };
        match program.value_of(spot, &Expr::Name(name.into())) {
            (_, Expr::Member(_, key)) => is_of_action(key),
            (spot, Expr::Call(call)) => {
                let call = program.module(spot.module).call(*call);
                matches!(call.arguments.first().map(|a| &a.value), Some(Expr::Text(key)) if is_of_action(key))
            }
            _ => false,
        }
    }

    /// Whether what was looked for by a name of an answer is run with another part of it: `tool.run(plan.arguments)`.
    fn runs_what_it_found(&self, selection: &Selection<'d>) -> bool {
        let program = self.detection.program;
        let runs = |tool: &FoundTool, method: &str| {
            tool.handlers.iter().any(|routine| {
                let function = routine.function.map(|f| program.module(routine.module).function(f));
                function.is_some_and(|function| &*function.name == method)
            })
        };
        let methods: BTreeSet<&str> = program
            .calls_in(selection.routine)
            .filter_map(|site| {
                let call = program.module(site.module).call(site.call);
                let spot = Spot { module: site.module, function: call.within };
                let Expr::Member(object, method) = &call.callee else { return None };
                let given = || call.arguments.iter().any(|a| self.holds(spot, &a.value, MAX_DEPTH));
                (self.is_found(spot, object) && given()).then_some(&**method)
            })
            .collect();
        let mut tools = selection.tools.iter().filter(|tool| methods.iter().any(|method| runs(tool, method)));
        tools.any(|tool| {
            let outcome = outcome(self.detection, &tool.handlers, &tool.runs);
            outcome.changes.iter().any(|change| change.effect != Effect::Read)
        })
    }

    /// Whether a call is given a part of an answer, and not only what was compared.
    fn is_given_a_part(&self, selection: &Selection<'d>, site: CallSite) -> bool {
        let call = self.detection.program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        call.arguments.iter().any(|argument| {
            let compared =
                matches!(&argument.value, Expr::Name(name) if selection.subjects.contains(&&**name));
            !compared && self.holds(spot, &argument.value, MAX_DEPTH)
        })
    }

    /// Whether something that runs is called as one of the texts: `"remove_file"` and `os.remove`.
    fn is_called_so(&self, selection: &Selection<'d>) -> bool {
        let program = self.detection.program;
        let names = selection.tools.iter().flat_map(|tool| &tool.runs);
        let mut names =
            names.filter_map(|site| program.module(site.module).call(site.call).callee.last_name());
        names.any(|name| selection.texts.iter().any(|text| is_same_action(text, name)))
    }
}

/// Names of what says which action is meant.
const ACTIONS: [&str; 16] = [
    "tool",
    "tool_name",
    "tool_to_use",
    "tool_call",
    "action",
    "action_name",
    "action_type",
    "next_action",
    "command",
    "command_name",
    "cmd",
    "operation",
    "function",
    "function_name",
    "func",
    "method",
];

fn is_of_action(name: &str) -> bool {
    ACTIONS.contains(&snake(name.trim_start_matches('.')).trim_matches('_'))
}

/// Whether a text and a function are called by the same verb, or the function by the whole text: `delete` and
/// `deleteOrder`, `refund` and `handle_refund`.
fn is_same_action(text: &str, function: &str) -> bool {
    const BEFORE: [&str; 10] =
        ["handle", "do", "run", "execute", "exec", "perform", "on", "tool", "cmd", "action"];
    let (text, function) = (snake(text), snake(function));
    let words = |of: &str| -> Vec<String> {
        let all = of.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        all.map(str::to_owned).collect()
    };
    let (text, function) = (words(&text), words(&function));
    let (Some(verb), Some(first)) = (text.first(), function.first()) else { return false };
    let is_whole =
        || BEFORE.contains(&first.as_str()) && function.get(1..).is_some_and(|rest| rest == text.as_slice());
    (verb.len() >= 3 && verb == first) || is_whole()
}

#[cfg(test)]
mod tests {
    use super::is_same_action;

    #[test]
    fn a_text_is_called_as_what_runs() {
        let same = [
            ("remove_file", "remove"),
            ("delete", "deleteOrder"),
            ("refund", "handle_refund"),
            ("WriteFile", "WriteAllText"),
            ("write-file", "write"),
        ];
        let other = [("spam", "mark_spam"), ("invoice", "save_invoice"), ("a", "a"), ("", ""), ("__", "_")];
        assert_eq!(same.map(|(text, name)| is_same_action(text, name)), [true; 5]);
        assert_eq!(other.map(|(text, name)| is_same_action(text, name)), [false; 5]);
    }
}
