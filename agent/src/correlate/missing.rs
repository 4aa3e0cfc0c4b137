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

const UNREAD: &str = "What the files hold that could not be read; the coverage lists them.";
const MORE_TOOLS: &str =
    "Which further tools the model can call: their list could not be followed to its end.";

/// What is known about a system when its questions are asked.
pub(super) struct Known<'a> {
    pub(super) nature: Nature,
    pub(super) components: &'a [Component],
    pub(super) models: &'a [Model],
    pub(super) tools: &'a [Tool],
    pub(super) triggers: &'a [Trigger],
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
        }
        if !self.nature.complete {
            whats.push(UNREAD.to_owned());
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
