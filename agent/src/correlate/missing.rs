//! What would settle an open question: sentences for a reviewer, as concrete as what is known allows.

use asmm_model::autonomy::Missing;
use asmm_model::{
    Component, ComponentKind, Criterion, Effect, Evidence, Gate, Model, Supports, Tool, Trigger,
};

use super::Nature;

/// Tools, or places, that one question names; a reviewer who settles these sees the rest.
const NAMED: usize = 3;

/// What to ask when nothing more concrete is known.
const PLAIN: [(Criterion, &str); 10] = [
    (Criterion::C1, "Whether a call of a model is given tools, functions or commands to choose from."),
    (
        Criterion::C2,
        "Whether the result of an action goes back to the model, so that it can take a next step.",
    ),
    (Criterion::C3, "Which actions the model can choose, and whether one of them changes anything."),
    (Criterion::C4, "Whether a person approves each action that changes something before it runs."),
    (
        Criterion::C5,
        "What starts it: no command, request, schedule, queue or event that reaches it was found.",
    ),
    (Criterion::C6, "Under which account, role or key it runs: the code names none."),
    (
        Criterion::C7,
        "Whether the text that reaches the model can come from users, mail, tickets or web pages.",
    ),
    (Criterion::C8, "Whether it keeps memory, checkpoints or goals from one session to the next."),
    (Criterion::C9, "Whether it calls other agents, or answers to them."),
    (
        Criterion::C10,
        "Whether it can run code that the model wrote, or change its own prompt, tools or permissions.",
    ),
];

const UNREAD: &str = "Whether the files that could not be read say so; the coverage lists them.";
const UNSEEN_CODE: &str = "What the code that runs there does, which is not seen from outside: scan the repository that it comes from.";
const MORE_TOOLS: &str =
    "Which further tools the model can call: their list could not be followed to its end.";

/// What is known about a system when its questions are asked.
pub(super) struct Known<'a> {
    pub(super) nature: Nature,
    pub(super) components: &'a [Component],
    pub(super) models: &'a [Model],
    pub(super) tools: &'a [Tool],
    pub(super) triggers: &'a [Trigger],
    /// Whether it was seen in an account of a cloud only, which holds no code.
    pub(super) in_cloud: bool,
}

impl Known<'_> {
    /// What would settle `criterion` if the evidence for it does not.
    pub(super) fn missing(&self, criterion: Criterion, evidence: &[Evidence]) -> Vec<Missing> {
        let mut whats = Vec::new();
        whats.extend(divided(evidence));
        match criterion {
            Criterion::C1 => whats.extend(self.selects()),
            Criterion::C2 => whats.extend(self.sequences()),
            Criterion::C3 => whats.extend(self.affects()),
            Criterion::C4 => whats.extend(self.unapproved()),
            Criterion::C5 => whats.extend(self.starts()),
            _ => {}
        }
        if whats.is_empty() {
            whats.extend(PLAIN.iter().find(|(c, _)| *c == criterion).map(|(_, what)| (*what).to_owned()));
            let unread = if self.in_cloud { UNSEEN_CODE } else { UNREAD };
            whats.extend((!self.nature.complete).then(|| unread.to_owned()));
        }
        whats.into_iter().map(|what| Missing { criterion, what }).collect()
    }

    fn selects(&self) -> Option<String> {
        if !self.tools.is_empty() {
            let tools = names(self.tools.iter().map(|t| t.name.as_str()));
            return Some(format!(
                "Whether a model chooses among the tools ({tools}), or code calls them by a fixed plan."
            ));
        }
        // Named by a manifest and not seen at work: the framework before the SDK, since it says more.
        let order = [ComponentKind::AgentFramework, ComponentKind::ProviderSdk, ComponentKind::Mcp];
        let component = order.into_iter().find_map(|kind| self.components.iter().find(|c| c.kind == kind))?;
        let at = place(&component.evidence).map(|at| format!(" ({at})")).unwrap_or_default();
        Some(format!(
            "What the code lets `{}`{at} decide: no call of a model with or without tools could be followed.",
            component.name
        ))
    }

    fn sequences(&self) -> Option<String> {
        if self.tools.is_empty() {
            return None;
        }
        let model = self.models.first().map_or("the model".to_owned(), |m| format!("`{}`", m.name));
        let tools = names(self.tools.iter().map(|t| t.name.as_str()));
        Some(format!(
            "Whether what the tools ({tools}) return goes back to {model}: neither a loop nor a limit of steps was found."
        ))
    }

    fn affects(&self) -> Vec<String> {
        let unknown: Vec<&Tool> = self.tools.iter().filter(|t| t.effect == Effect::Unknown).collect();
        let mut whats: Vec<String> = unknown.iter().take(NAMED).map(|tool| body(tool)).collect();
        whats.extend(further(unknown.len(), "whose effect is not known"));
        if !self.tools.is_empty() && !self.nature.tools_complete {
            whats.push(MORE_TOOLS.to_owned());
        }
        whats
    }

    fn unapproved(&self) -> Vec<String> {
        // A tool that certainly changes something is the better question.
        let open = |tool: &&Tool| tool.gate == Gate::Unknown && tool.effect != Effect::Read;
        let mut open: Vec<&Tool> = self.tools.iter().filter(open).collect();
        open.sort_by_key(|tool| !tool.effect.changes_state());
        let mut whats: Vec<String> = open.iter().take(NAMED).map(|tool| approval(tool)).collect();
        whats.extend(further(open.len(), "whose approval is not known"));
        if !self.tools.is_empty() && !self.nature.tools_complete {
            whats.push(MORE_TOOLS.to_owned());
        }
        whats
    }

    fn starts(&self) -> Vec<String> {
        let self_starting = self.triggers.iter().filter(|t| t.kind.self_starting());
        self_starting
            .take(NAMED)
            .map(|t| format!("Whether the {} at {} reaches the call of the model.", t.kind.name(), t.place))
            .collect()
    }
}

/// Both sides of a question that is open because they are strong.
fn divided(evidence: &[Evidence]) -> Option<String> {
    let best = |side: Supports| {
        evidence.iter().filter(|e| e.supports == Some(side)).min_by(|a, b| a.order(b)).map(|e| &e.place)
    };
    let (yes, no) = (best(Supports::Yes)?, best(Supports::No)?);
    Some(format!("Which of the two holds: {yes} speaks for yes, {no} speaks for no."))
}

fn body(tool: &Tool) -> String {
    // A note at the tool itself says better what is open than that it could not be followed.
    if let Some(note) = tool.evidence.first().and_then(|e| e.note.as_deref())
        && let Some(at) = place(&tool.evidence)
    {
        return format!("What the tool `{}` at {at} does: {note}.", tool.name);
    }
    match place(&tool.evidence) {
        Some(at) => format!("What the tool `{}` does: its body at {at} could not be followed.", tool.name),
        None => format!("What the tool `{}` does: its body was not found.", tool.name),
    }
}

fn approval(tool: &Tool) -> String {
    let at = place(&tool.evidence).map(|at| format!(" ({at})")).unwrap_or_default();
    format!("Whether a person approves each call of the tool `{}`{at} before it runs.", tool.name)
}

fn place(evidence: &[Evidence]) -> Option<String> {
    evidence.first().map(|e| e.place.to_string())
}

fn further(count: usize, which: &str) -> Option<String> {
    let more = count.checked_sub(NAMED).filter(|more| *more > 0)?;
    let tools = if more == 1 { "tool" } else { "tools" };
    Some(format!("The same for {more} more {tools} {which}."))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use asmm_model::{EvidenceClass, Place, Role, SystemKind, TriggerKind};

    use super::*;

    fn at(line: u32) -> Vec<Evidence> {
        vec![Evidence::at(Place::line("src/tools.py", line), Role::Production)]
    }

    fn tool(name: &str, effect: Effect, gate: Gate, line: u32) -> Tool {
        Tool { name: name.to_owned(), effect, gate, evidence: at(line) }
    }

    fn ask(criterion: Criterion, tools: &[Tool], complete: bool, evidence: &[Evidence]) -> Vec<String> {
        let nature =
            Nature { kind: SystemKind::Agent, role: Role::Production, complete, tools_complete: complete };
        let known = Known { nature, components: &[], models: &[], tools, triggers: &[], in_cloud: false };
        let missing = known.missing(criterion, evidence);
        assert!(missing.iter().all(|m| m.criterion == criterion));
        missing.into_iter().map(|m| m.what).collect()
    }

    #[test]
    fn an_unknown_effect_asks_for_the_body_of_the_tool() {
        let open = |n| tool(&format!("t{n}"), Effect::Unknown, Gate::None, n);
        let tools =
            [tool("search_orders", Effect::Unknown, Gate::None, 12), tool("x", Effect::Read, Gate::None, 1)];
        let body = "What the tool `search_orders` does: its body at src/tools.py:12 could not be followed.";
        assert_eq!(ask(Criterion::C3, &tools, true, &[]), [body]);
        assert_eq!(ask(Criterion::C3, &tools, false, &[]), [body, MORE_TOOLS]);
        let many: Vec<Tool> = (1..=5).map(open).collect();
        let asked = ask(Criterion::C3, &many, true, &[]);
        assert_eq!(asked.len(), 4);
        assert_eq!(asked[3], "The same for 2 more tools whose effect is not known.");
    }

    #[test]
    fn an_unknown_gate_asks_who_approves_the_tools_that_change_something_first() {
        let tools = [
            tool("look", Effect::Read, Gate::Unknown, 1),
            tool("odd", Effect::Unknown, Gate::Unknown, 2),
            tool("pay", Effect::Pay, Gate::Unknown, 3),
        ];
        assert_eq!(
            ask(Criterion::C4, &tools, true, &[]),
            [
                "Whether a person approves each call of the tool `pay` (src/tools.py:3) before it runs.",
                "Whether a person approves each call of the tool `odd` (src/tools.py:2) before it runs.",
            ]
        );
    }

    #[test]
    fn what_is_not_known_at_all_is_asked_plainly_for_every_question() {
        for criterion in Criterion::ALL {
            let plain = PLAIN.iter().find(|(c, _)| *c == criterion).map(|(_, what)| *what).unwrap();
            assert_eq!(ask(criterion, &[], true, &[]), [plain]);
            assert_eq!(ask(criterion, &[], false, &[]), [plain, UNREAD]);
        }
    }

    #[test]
    fn divided_evidence_names_the_best_of_both_sides() {
        let piece = |supports, weight, line| {
            Evidence::at(Place::line("a.py", line), Role::Production)
                .of(EvidenceClass::Ast)
                .weighing(supports, weight)
        };
        let evidence =
            [piece(Supports::Yes, 0.2, 1), piece(Supports::Yes, 0.8, 2), piece(Supports::No, 0.7, 3)];
        assert_eq!(
            ask(Criterion::C8, &[], true, &evidence),
            ["Which of the two holds: a.py:2 speaks for yes, a.py:3 speaks for no."]
        );
        assert_eq!(ask(Criterion::C8, &[], true, &evidence[..2]).len(), 1);
    }

    #[test]
    fn a_trigger_that_may_not_reach_the_model_is_asked_about() {
        let trigger = Trigger {
            kind: TriggerKind::Schedule,
            value: "@daily".to_owned(),
            place: Place::line("cron.yaml", 4),
            runs: None,
            evidence: Vec::new(),
        };
        let nature =
            Nature { kind: SystemKind::Agent, role: Role::Production, complete: true, tools_complete: true };
        let known =
            Known { nature, components: &[], models: &[], tools: &[], triggers: &[trigger], in_cloud: false };
        assert_eq!(
            known.missing(Criterion::C5, &[]),
            [Missing {
                criterion: Criterion::C5,
                what: "Whether the schedule at cron.yaml:4 reaches the call of the model.".to_owned()
            }]
        );
    }
}
