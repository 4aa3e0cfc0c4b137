//! C1 and C2: does model output select what runs next, and do results go back?

use asmm_model::{Criterion, Place, Supports};
use muster_rules::Means;

use super::agents::{Feedback, ModelSite};
use super::case::{One, shown};
use super::components::place;
use super::criteria::Reasons;

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
        let named = |site: &ModelSite<'_>| format!("`{}`", shown(&site.hit.name));
        let makers: Vec<&ModelSite<'_>> =
            sites.iter().filter(|s| s.means == Means::Agent && s.may_carry_tools).collect();
        let equipped = |site: &ModelSite<'_>| {
            site.tools.is_some()
                || site.has_agents
                || site.is_unclear
                || (has_tools && makers.iter().all(|m| m.tools.is_none()))
        };
        let any_equipped = makers.iter().any(|site| equipped(site));
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
        if reasons.has(Criterion::C1, Supports::Yes) {
            return;
        }
        for site in &makers {
            if !any_equipped && self.case.readable {
                reasons.add("agent-without-tools", &place(detection, site.hit), &named(site));
            }
        }
        let plain: Vec<&ModelSite<'_>> = sites
            .iter()
            .filter(|s| {
                matches!(s.means, Means::ModelCall | Means::Chain) && s.tools.is_none() && !s.is_unclear
            })
            .collect();
        // What could not be read may be the call that gives tools.
        if !self.case.readable {
            return;
        }
        let all_plain = !plain.is_empty() && plain.len() == sites.len();
        for site in plain {
            let at = place(detection, site.hit);
            let observable = match (site.means, all_plain && self.case.complete) {
                (Means::Chain, false) => "fixed-chain",
                (_, true) => "only-calls-without-tools",
                (_, false) => "call-without-tools",
            };
            reasons.add(observable, &at, &named(site));
        }
    }
}
