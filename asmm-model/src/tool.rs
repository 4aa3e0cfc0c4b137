//! Tools: what a model may call, what that does to the world, and who is asked first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

/// What calling a tool does outside the conversation; ordered so that the strongest known effect is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// The body could not be followed.
    Unknown,
    /// Creates, changes or deletes.
    Write,
    /// Sends a message to somebody.
    Send,
    /// Moves money.
    Pay,
    /// Runs commands or code.
    Execute,
}

impl Effect {
    /// Whether it certainly changes state outside the conversation.
    pub fn changes_state(self) -> bool {
        matches!(self, Self::Write | Self::Send | Self::Pay | Self::Execute)
    }

    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Unknown => "unknown",
            Self::Write => "write",
            Self::Send => "send",
            Self::Pay => "pay",
            Self::Execute => "execute",
        }
    }
}

/// How often a person approves a call of one tool before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Every call.
    Each,
    /// Some calls: above an amount, in one mode.
    Some,
    /// No call.
    None,
    /// Could not be seen.
    Unknown,
}

impl Gate {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Some => "some",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// One tool that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name, as the model sees it.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// Who is asked first.
    pub gate: Gate,
    /// Where it is defined, and where its effect and its gate are.
    pub evidence: Vec<Evidence>,
}

/// How much of what a system does waits for a person: the human in the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hitl {
    /// Nothing waits, or there is nothing to wait for.
    None,
    /// Some state-changing tools wait.
    Some,
    /// Every state-changing call waits.
    EveryStep,
    /// Cannot be told.
    Unknown,
}

impl Hitl {
    /// Follows from the gates of the state-changing tools, and is open where a tool whose effect or gate could not
    /// be seen might change it. `complete` says that every tool the model can call is in the list; without it, that
    /// nothing waits cannot be said.
    pub fn from_tools(tools: &[Tool], complete: bool) -> Self {
        let known =
            |gates: [Gate; 2]| tools.iter().any(|t| t.effect.changes_state() && gates.contains(&t.gate));
        let possible = |but: Gate| tools.iter().any(|t| t.effect != Effect::Read && t.gate != but);
        let waits = (known([Gate::Each, Gate::Some]), !complete || possible(Gate::None));
        let runs = (known([Gate::None, Gate::Some]), possible(Gate::Each));
        match (waits, runs) {
            ((true, _), (true, _)) => Self::Some,
            ((true, _), (false, false)) => Self::EveryStep,
            ((false, false), _) => Self::None,
            _ => Self::Unknown,
        }
    }

    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some => "some",
            Self::EveryStep => "every-step",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type List<'a> = &'a [(Effect, Gate)];

    const EFFECTS: [Effect; 6] =
        [Effect::Read, Effect::Unknown, Effect::Write, Effect::Send, Effect::Pay, Effect::Execute];
    const GATES: [Gate; 4] = [Gate::Each, Gate::Some, Gate::None, Gate::Unknown];

    fn hitl(tools: List, complete: bool) -> Hitl {
        let tools: Vec<Tool> = tools
            .iter()
            .map(|&(effect, gate)| Tool { name: "tool".to_owned(), effect, gate, evidence: Vec::new() })
            .collect();
        Hitl::from_tools(&tools, complete)
    }

    #[test]
    fn hitl_follows_from_the_gates_of_the_tools_that_change_state() {
        use Effect::{Execute, Pay, Read, Send, Unknown, Write};
        let each = Gate::Each;
        let table: &[(List, bool, Hitl)] = &[
            (&[], true, Hitl::None),
            (&[], false, Hitl::Unknown),
            (&[(Read, Gate::None)], true, Hitl::None),
            (&[(Read, each)], true, Hitl::None),
            (&[(Read, Gate::None)], false, Hitl::Unknown),
            (&[(Write, each), (Send, each), (Read, Gate::None)], true, Hitl::EveryStep),
            (&[(Write, each)], false, Hitl::EveryStep),
            (&[(Write, Gate::None), (Pay, Gate::None)], true, Hitl::None),
            (&[(Write, Gate::None)], false, Hitl::Unknown),
            (&[(Write, each), (Execute, Gate::None)], true, Hitl::Some),
            (&[(Write, each), (Execute, Gate::None)], false, Hitl::Some),
            (&[(Pay, Gate::Some)], true, Hitl::Some),
            (&[(Pay, Gate::Some), (Write, Gate::Unknown)], false, Hitl::Some),
            (&[(Write, Gate::Unknown)], true, Hitl::Unknown),
            (&[(Write, each), (Send, Gate::Unknown)], true, Hitl::Unknown),
            (&[(Write, Gate::None), (Send, Gate::Unknown)], true, Hitl::Unknown),
            // What a tool of unknown effect may turn out to do is taken into account.
            (&[(Unknown, Gate::None)], true, Hitl::None),
            (&[(Unknown, each)], true, Hitl::Unknown),
            (&[(Write, each), (Unknown, each)], true, Hitl::EveryStep),
            (&[(Write, each), (Unknown, Gate::None)], true, Hitl::Unknown),
            (&[(Write, Gate::None), (Unknown, Gate::None)], true, Hitl::None),
            (&[(Write, Gate::None), (Unknown, each)], true, Hitl::Unknown),
        ];
        for (tools, complete, expected) in table {
            assert_eq!(hitl(tools, *complete), *expected, "{tools:?}, complete: {complete}");
        }
    }

    /// Every way in which the unknown effects and gates of a list may turn out.
    fn completions(tools: List) -> Vec<Vec<(Effect, Gate)>> {
        tools.iter().fold(vec![Vec::new()], |lists, &(effect, gate)| {
            let effects =
                if effect == Effect::Unknown { vec![Effect::Read, Effect::Write] } else { vec![effect] };
            let gates = if gate == Gate::Unknown { GATES[..3].to_vec() } else { vec![gate] };
            let mut longer = Vec::new();
            for list in &lists {
                for &effect in &effects {
                    longer.extend(gates.iter().map(|&gate| [&list[..], &[(effect, gate)]].concat()));
                }
            }
            longer
        })
    }

    #[test]
    fn hitl_of_a_complete_list_is_known_if_and_only_if_nothing_unknown_can_change_it() {
        let kinds: Vec<(Effect, Gate)> =
            EFFECTS.iter().flat_map(|e| GATES.iter().map(|g| (*e, *g))).collect();
        for first in &kinds {
            for second in &kinds {
                for third in &kinds {
                    let tools = [*first, *second, *third];
                    let mut outcomes: Vec<Hitl> =
                        completions(&tools).iter().map(|list| hitl(list, true)).collect();
                    outcomes.sort_unstable();
                    outcomes.dedup();
                    let expected = if let [only] = outcomes[..] { only } else { Hitl::Unknown };
                    assert_eq!(hitl(&tools, true), expected, "{tools:?}");
                }
            }
        }
    }
}
