//! C3 and C4: what the tools do, and whether a person is asked first.

use asmm_model::{Effect, Evidence, Fact, Gate, Observation, Place, Tool};

use super::case::{One, clip, shown};
use super::components::place;
use super::criteria::Reasons;
use super::effects::Outcome;
use super::gates::Gates;
use super::tools::{FoundTool, ToolSource};
use crate::detect::Detection;
use crate::program::CallSite;
use crate::syntax::Expr;

/// A tool as it is told, with what is known behind it.
pub(super) struct Told<'d> {
    pub(super) tool: Tool,
    outcome: &'d Outcome,
    /// Whether some of its calls certainly run without asking.
    lets_some_through: bool,
}

impl One<'_, '_, '_> {
    /// The tools, as they are told, each with its effect and its gate.
    pub(super) fn tools<'d>(
        &self,
        tools: &'d [(FoundTool, Outcome)],
        gates: &Gates<'_, '_>,
        loops: bool,
        out: &mut Vec<Observation>,
    ) -> Vec<Told<'d>> {
        let mut told = Vec::new();
        for (found, outcome) in tools {
            let one = self.told(found, outcome, gates, loops);
            self.put(out, Fact::Tool(one.tool.clone()));
            told.push(one);
        }
        told
    }

    /// One tool as it is told. `loops` says whether the results of tools go back to a model.
    pub(super) fn told<'d>(
        &self,
        found: &FoundTool,
        outcome: &'d Outcome,
        gates: &Gates<'_, '_>,
        loops: bool,
    ) -> Told<'d> {
        let detection = self.case.detection;
        let module = detection.program.module(found.module);
        let mut effect = match found.effect {
            Some(effect) if outcome.looked => effect.max(outcome.effect()),
            Some(effect) => effect,
            None => outcome.effect(),
        };
        // A description without code behind it, in a call whose results never go back, is a form to be filled in.
        // Where code asks for its name and changes something, it is more than that.
        let is_form = outcome.changes.is_empty() && found.handlers.is_empty();
        if found.source == ToolSource::Schema && is_form && !loops {
            effect = Effect::Read;
        }
        // A stub in a demonstration, or a change that only its caller makes: the name says what is to come of it.
        let own = matches!(found.source, ToolSource::Own);
        let promises = effect == Effect::Read && own && promises_a_change(&found.name);
        // The change that the name promises is one of the program's own state.
        let set = outcome.sets.first().filter(|_| {
            own && matches!(effect, Effect::Read | Effect::Unknown) && promises_a_change(&found.name)
        });
        if set.is_some() {
            effect = Effect::Write;
        } else if promises {
            effect = Effect::Unknown;
        }
        let promises = promises && set.is_none();
        let gated = gates.of_tool(found, outcome);
        let mut evidence = vec![Evidence::at(Place::line(&*module.path, found.line.max(1)), module.role)];
        if let Some(rule) = found.rule {
            evidence[0].rule = Some(detection.pack.rule(rule).id.0.clone());
        }
        if promises {
            evidence[0].note = Some("its name promises a change that its body does not make".to_owned());
        }
        if effect == Effect::Unknown
            && !promises
            && let Some(open) = outcome.unresolved.first()
        {
            evidence[0].note = unknown_call(detection, *open);
        }
        for change in &outcome.changes {
            let at = detection.program.module(change.site.module);
            let line = at.call(change.site.call).line;
            evidence.push(
                Evidence::at(Place::line(&*at.path, line), at.role)
                    .by(detection.pack.rule(change.rule).id.0.clone())
                    .noting(format!("{}s", verb(change.effect))),
            );
        }
        if let Some(set) = set {
            let at = detection.program.module(set.module);
            let line = at.call(set.call).line;
            evidence.push(
                Evidence::at(Place::line(&*at.path, line), at.role).noting("changes what the program keeps"),
            );
        }
        for hit in &gated.because {
            evidence.push(place(detection, hit).noting("asks a person first"));
        }
        let tool = Tool { name: clip(&found.name), effect, gate: gated.gate, evidence };
        Told { tool, outcome, lets_some_through: gated.lets_some_through }
    }

    /// C3 and C4: does a tool change something, and is somebody asked?
    pub(super) fn consequences(
        &self,
        told: &[Told<'_>],
        complete: bool,
        gates: &Gates<'_, '_>,
        reasons: &mut Reasons<'_>,
    ) {
        let detection = self.case.detection;
        let changing: Vec<&Told<'_>> = told.iter().filter(|t| t.tool.effect.changes_state()).collect();
        for Told { tool, outcome, lets_some_through } in &changing {
            let change = outcome.changes.iter().max_by_key(|change| change.effect);
            let at = match change {
                Some(change) => {
                    let module = detection.program.module(change.site.module);
                    let line = module.call(change.site.call).line;
                    Evidence::at(Place::line(&*module.path, line), module.role).by(detection
                        .pack
                        .rule(change.rule)
                        .id
                        .0
                        .clone())
                }
                None => tool.evidence[0].clone(),
            };
            reasons.add("tool-changes-state", &at, &format!("`{}` {}s", tool.name, verb(tool.effect)));
            if tool.gate == Gate::None {
                reasons.add("ungated-tool", &tool.evidence[0], &format!("`{}`", tool.name));
            } else if tool.gate == Gate::Some && *lets_some_through {
                let at = tool.evidence.last().unwrap_or(&tool.evidence[0]);
                reasons.add("partly-gated-tool", at, &format!("`{}`", tool.name));
            }
        }
        let settled = complete && told.iter().all(|t| t.tool.effect != Effect::Unknown);
        if changing.is_empty() && settled && !told.is_empty() {
            for Told { tool, .. } in told {
                reasons.add("tools-only-read", &tool.evidence[0], &format!("`{}`", tool.name));
                reasons.add("nothing-to-approve", &tool.evidence[0], "");
            }
        }
        if !changing.is_empty() && settled && changing.iter().all(|t| t.tool.gate == Gate::Each) {
            for Told { tool, .. } in &changing {
                let at = tool.evidence.last().unwrap_or(&tool.evidence[0]);
                reasons.add("all-gated", at, &format!("`{}`", tool.name));
            }
        }
        for hit in &gates.bypasses {
            reasons.add("approval-bypassed", &place(detection, hit), &format!("`{}`", shown(&hit.name)));
        }
    }
}

fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Read | Effect::Unknown => "read",
        Effect::Write => "write",
        Effect::Send => "send",
        Effect::Pay => "pay",
        Effect::Execute => "execute",
    }
}

/// Whether a tool is called after something that it changes.
pub(super) fn promises_a_change(name: &str) -> bool {
    const VERBS: [&str; 39] = [
        "approve",
        "assign",
        "book",
        "buy",
        "cancel",
        "change",
        "charge",
        "close",
        "create",
        "delete",
        "deploy",
        "disable",
        "enable",
        "execute",
        "edit",
        "grant",
        "insert",
        "issue",
        "modify",
        "pay",
        "place",
        "post",
        "publish",
        "purchase",
        "refund",
        "register",
        "remove",
        "reschedule",
        "reserve",
        "restart",
        "revoke",
        "schedule",
        "sell",
        "send",
        "submit",
        "transfer",
        "update",
        "upload",
        "write",
    ];
    // What is created there is an answer.
    const TEXTS: [&str; 10] =
        ["plan", "summary", "prompt", "query", "message", "report", "outline", "chart", "list", "text"];
    let lower = name.to_ascii_lowercase();
    // `sendEmail` and `send_email`, but not `sender_of` or `orders`.
    let starts = |verb: &str| {
        lower.strip_prefix(verb).is_some_and(|rest| {
            let next = name.as_bytes().get(verb.len());
            rest.is_empty()
                || next.is_some_and(|b| *b == b'_' || *b == b'-' || *b == b' ' || b.is_ascii_uppercase())
        })
    };
    let verb = VERBS.iter().find(|verb| starts(verb));
    let makes_text = ["create", "write", "close", "place"].iter().any(|v| verb == Some(v))
        && TEXTS.iter().any(|text| lower.ends_with(text));
    verb.is_some() && !makes_text && lower != "write"
}

/// What keeps a body from being understood: the first call that no rule knows. Only names that a person would give, so
/// that nothing else of the code is told.
fn unknown_call(detection: &Detection<'_>, site: CallSite) -> Option<String> {
    let module = detection.program.module(site.module);
    let call = module.call(site.call);
    let (Expr::Name(name) | Expr::Member(_, name)) = &call.callee else { return None };
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| format!("its call of `{name}` at {}:{} could not be followed", module.path, call.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_changes_by_their_verb() {
        for yes in [
            "update_salesforce_crm",
            "sendCareInstructions",
            "cancel",
            "book-flight",
            "Schedule Planting",
            "create_order",
        ] {
            assert!(promises_a_change(yes), "{yes}");
        }
        for no in [
            "search_orders",
            "order_status",
            "orders",
            "sender_of",
            "get_update",
            "create_plan",
            "write_summary",
            "calculate",
            "lookup",
        ] {
            assert!(!promises_a_change(no), "{no}");
        }
    }
}
