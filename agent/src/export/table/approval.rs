//! Who is asked before a tool runs, in words.

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, Effect, Gate, Hitl, System, Tool};

/// What the report tells apart, and the inventory does not: nobody asks, or there is nothing to ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Approval {
    NothingToAsk,
    Nobody,
    Some,
    EveryStep,
    Unknown,
}

fn approval(system: &System) -> Approval {
    let may_change = system.tools.iter().any(|tool| tool.effect != Effect::Read);
    // What the model writes may be executed without there being a tool.
    let changes = system.criteria[Criterion::C3].ternary() == Ternary::Yes;
    match system.hitl {
        Hitl::None if may_change => Approval::Nobody,
        Hitl::None if !changes => Approval::NothingToAsk,
        Hitl::None if system.criteria[Criterion::C4].ternary() == Ternary::Yes => Approval::Nobody,
        Hitl::None | Hitl::Unknown => Approval::Unknown,
        Hitl::Some => Approval::Some,
        Hitl::EveryStep => Approval::EveryStep,
    }
}

/// For the table of systems.
pub(super) fn short(system: &System) -> &'static str {
    match approval(system) {
        Approval::NothingToAsk => "-",
        Approval::Nobody => "nobody",
        Approval::Some => "some",
        Approval::EveryStep => "every step",
        Approval::Unknown => "unknown",
    }
}

/// Behind the number of tools.
pub(super) fn sentence(system: &System) -> &'static str {
    match approval(system) {
        Approval::NothingToAsk => "none of them changes anything",
        Approval::Nobody => "nobody is asked before something is changed",
        Approval::Some => "a person is asked before some changes",
        Approval::EveryStep => "a person is asked before every change",
        Approval::Unknown => "whether a person is asked before a change is not known",
    }
}

/// For the line of a tool.
pub(super) fn of(tool: &Tool) -> &'static str {
    match tool.gate {
        Gate::Each => "approval: each call",
        Gate::Some => "approval: some calls",
        Gate::None if tool.effect == Effect::Read => "-",
        Gate::None => "approval: nobody",
        Gate::Unknown => "approval: unknown",
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::{Place, Supports, SystemKind};

    use super::*;
    use crate::sample::{self, Sample};

    #[test]
    fn nobody_who_asks_is_not_nothing_to_ask_about() {
        let at = || Place::line("a.py", 1);
        let agent = |tools: &[(Effect, Gate)], complete| {
            let sample = Sample::new(".", "a", "a").system(SystemKind::Agent, complete);
            let tools = tools.iter().enumerate();
            tools.fold(sample, |sample, (n, (effect, gate))| {
                sample.tool(&format!("t{n}"), *effect, *gate, at())
            })
        };
        let executes = agent(&[], true).says(Criterion::C3, Supports::Yes, 0.85, "executes", at());
        let unasked = executes.clone().says(Criterion::C4, Supports::Yes, 0.85, "unasked", at());
        let table = [
            (agent(&[], true), "-"),
            (agent(&[(Effect::Read, Gate::None)], true), "-"),
            (agent(&[(Effect::Read, Gate::None)], false), "unknown"),
            (agent(&[(Effect::Write, Gate::None)], true), "nobody"),
            (agent(&[(Effect::Unknown, Gate::None)], true), "nobody"),
            (agent(&[(Effect::Write, Gate::None), (Effect::Pay, Gate::Each)], true), "some"),
            (agent(&[(Effect::Pay, Gate::Each)], true), "every step"),
            (agent(&[(Effect::Pay, Gate::Unknown)], true), "unknown"),
            (unasked, "nobody"),
            (executes, "unknown"),
        ];
        for (sample, expected) in table {
            let inventory = sample::inventory(sample.clone().observations());
            assert_eq!(short(&inventory.systems[0]), expected, "{sample:?}");
        }
    }
}
