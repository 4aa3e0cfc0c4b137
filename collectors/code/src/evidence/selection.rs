//! C1 and C2: does model output select what runs next, and do results go back?

use std::collections::BTreeSet;

use asmm_model::{ComponentKind, Criterion, Effect, Evidence, Place, Supports};
use muster_rules::{Means, SiteKind};

use super::agents::{Feedback, ModelSite};
use super::case::{One, shown};
use super::components::place;
use super::criteria::Reasons;
use super::effects::outcome;
use super::graphs::nodes;
use super::parts::is_called;
use crate::detect::Hit;
use crate::program::Routine;
use crate::syntax::{Call, Expr};

impl One<'_, '_, '_> {
    /// C1 and C2: does model output select, and do results go back?
    pub(super) fn selection(
        &self,
        sites: &[ModelSite<'_>],
        feedbacks: &[Feedback],
        has_tools: bool,
        reasons: &mut Reasons<'_>,
    ) {
        let detection = self.case.detection;
        let makers: Vec<&ModelSite<'_>> =
            sites.iter().filter(|s| s.means == Means::Agent && s.may_carry_tools).collect();
        let equipped = |site: &ModelSite<'_>| {
            site.tools.is_some()
                || site.has_agents
                || site.is_unclear
                || (has_tools && makers.iter().all(|m| m.tools.is_none()))
        };
        for (site, feedback) in sites.iter().zip(feedbacks) {
            let at = place(detection, site.hit);
            match site.means {
                Means::Agent => {
                    let makes = if makers.is_empty() { true } else { site.may_carry_tools && equipped(site) };
                    if makes {
                        reasons.add("agent-constructed", &at, &named(site));
                    }
                }
                Means::BindsTools | Means::ModelCall if site.tools.is_some() => {
                    reasons.add("tools-bound", &at, &named(site));
                    if site.has_steps {
                        reasons.add("step-limit", &at, &named(site));
                    }
                }
                _ => {}
            }
            if let Feedback::Loop { routine, line } = feedback
                && site.means != Means::Agent
            {
                let module = detection.program.module(routine.module);
                let mut at = at.clone();
                at.place = Place::line(&*module.path, (*line).max(1));
                reasons.add("result-loop", &at, &named(site));
            }
        }
        if !reasons.has(Criterion::C2, Supports::Yes) {
            for (site, feedback) in sites.iter().zip(feedbacks) {
                if site.tools.is_some()
                    && site.means == Means::ModelCall
                    && *feedback == Feedback::None
                    && !site.is_unclear
                {
                    reasons.add("single-step", &place(detection, site.hit), &named(site));
                }
            }
        }
    }

    /// The first place where a model is trained.
    pub(super) fn training(&self) -> Option<&Hit> {
        self.case.detection.meaning(Means::Training).find(|hit| self.own.contains(&hit.module))
    }

    /// A part that only trains models, and uses no other package that could run one: nothing selects.
    pub(super) fn only_trains(&self, sites: &[ModelSite<'_>], reasons: &mut Reasons<'_>) {
        let detection = self.case.detection;
        let own = || detection.hits.iter().filter(|hit| self.own.contains(&hit.module));
        if !sites.is_empty() || !self.case.readable {
            return;
        }
        let trained: BTreeSet<u32> =
            own().filter(|hit| detection.means(hit) == Means::Training).map(|hit| hit.site.rule).collect();
        // A client of a service that trains is there for the training.
        let names: BTreeSet<&str> =
            own().filter(|hit| trained.contains(&hit.site.rule)).map(|hit| package(&hit.name)).collect();
        let others = own().any(|hit| {
            let rule = detection.rule(hit);
            let runs = matches!(rule.kind, Some(ComponentKind::ProviderSdk | ComponentKind::AgentFramework));
            // What is imported and never called runs nothing.
            let is_used = || detection.site(hit).kind != SiteKind::Import || is_called(detection, hit);
            runs && rule.strength >= 2
                && is_used()
                && !trained.contains(&hit.site.rule)
                && !names.contains(package(&hit.name))
        });
        if let Some(at) = self.training().filter(|_| !others) {
            reasons.add("only-trains", &place(detection, at), &format!("`{}`", shown(&at.name)));
        }
    }

    /// What speaks against C1 and C2, where nothing speaks for C1.
    pub(super) fn no_selection(&self, sites: &[ModelSite<'_>], has_tools: bool, reasons: &mut Reasons<'_>) {
        // What could not be read or followed may be the call that gives tools.
        if !self.case.readable || sites.iter().any(|site| site.is_unclear) {
            return;
        }
        let detection = self.case.detection;
        // Where a graph goes next may be what a model said: the state between its nodes is not followed.
        let is_open = |value: &Expr| !matches!(value, Expr::Text(_) | Expr::Literal(_));
        let goes_on = |call: &Call| match call.callee.last_name() {
            Some("add_conditional_edges" | "addConditionalEdges") => true,
            // `Command(goto="save" if … else END)`, `new Command({ goto })`
            Some("Command") => call.arguments.iter().any(|argument| match &argument.value {
                Expr::Map(entries) => entries.iter().any(|(key, value)| &**key == "goto" && is_open(value)),
                value => argument.name.as_deref() == Some("goto") && is_open(value),
            }),
            _ => false,
        };
        let branches = self.own.iter().find_map(|id| {
            let module = detection.program.module(*id);
            module.calls.iter().find(|call| goes_on(call)).map(|call| (module, call.line))
        });
        if let Some((module, line)) = branches {
            if !has_tools && !sites.is_empty() && self.steps_only_read() {
                let at = Evidence::at(Place::line(&*module.path, line.max(1)), module.role);
                reasons.add("steps-only-read", &at, "");
                reasons.add("nothing-to-approve", &at, "");
            }
            return;
        }
        let mut without_tools = Vec::new();
        for site in sites {
            match site.means {
                Means::Agent if site.may_carry_tools && !has_tools => without_tools.push(site),
                Means::ModelCall | Means::Chain => without_tools.push(site),
                _ => {}
            }
        }
        let all_plain = without_tools.len() == sites.len() && self.case.complete;
        for site in without_tools {
            let observable = match (site.means, all_plain) {
                (Means::Agent, _) => "agent-without-tools",
                (_, true) => "only-calls-without-tools",
                (Means::Chain, false) => "fixed-chain",
                (_, false) => "call-without-tools",
            };
            reasons.add(observable, &place(detection, site.hit), &named(site));
        }
    }
}

impl One<'_, '_, '_> {
    /// Whether all that a graph can go on with was followed, and changes nothing.
    fn steps_only_read(&self) -> bool {
        let detection = self.case.detection;
        let nodes = nodes(detection, &|module| self.own.contains(&module));
        nodes.is_some_and(|nodes| {
            let nodes: Vec<Routine> = nodes.into_iter().collect();
            outcome(detection, &nodes, &[]).effect() == Effect::Read
        })
    }
}

/// The first part of a resolved name.
fn package(name: &str) -> &str {
    name.split(['.', '#', '/']).next().unwrap_or(name)
}

/// What is called at a site, as it is shown.
fn named(site: &ModelSite<'_>) -> String {
    format!("`{}`", shown(&site.hit.name))
}
