//! One unit as a case: everything that is known about it, put into observations, part by part.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Component, ComponentKind, Criterion, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact,
    Gate, Identity, IdentityKind, Observation, Place, Role, Scope, Supports, SystemKind, Tool, Trigger,
    TriggerKind,
};
use muster_rules::{Means, SiteKind};

use super::agents::{Feedback, ModelSite, feedback, model_sites, toolbox};
use super::components::{in_code, in_manifests, place};
use super::criteria::Reasons;
use super::effects::{Outcome, outcome};
use super::gates::Gates;
use super::identities::{self, FoundIdentity};
use super::reach::Reach;
use super::tools::{FoundTool, ToolSource};
use super::triggers::{FoundTrigger, Triggers};
use crate::detect::{Detection, Hit};
use crate::program::{ModuleId, Routine};
use crate::survey::{ManifestFacts, Setting, Survey};
use crate::units::{Part, Unit, part_of};

/// What a unit is looked at with.
pub(crate) struct Case<'d, 'p> {
    pub(crate) target: &'d str,
    pub(crate) survey: &'d Survey,
    pub(crate) unit: &'d Unit,
    pub(crate) detection: &'d Detection<'p>,
    /// Modules of the unit itself; the others only lend definitions.
    pub(crate) own: &'d BTreeSet<ModuleId>,
    /// Whether every file of the unit was read, in a language with rules.
    pub(crate) complete: bool,
}

/// Everything that is known about a unit.
pub(crate) fn observe(case: &Case<'_, '_>) -> Vec<Observation> {
    let reach = Reach::of(case.detection.program);
    let mut parts: BTreeMap<Part, BTreeSet<ModuleId>> = BTreeMap::new();
    for (id, module) in case.detection.program.modules().filter(|(id, _)| case.own.contains(id)) {
        parts.entry(part_of(case.unit, &module.path, module.role)).or_default().insert(id);
    }
    let manifests: Vec<&ManifestFacts> =
        case.unit.manifests.iter().map(|index| &case.survey.manifests[*index]).collect();
    let settings: Vec<&Setting> = case.survey.settings.iter().filter(|s| case.holds(&s.path)).collect();
    // What manifests and settings say belongs to the part that is the unit itself: the most productive one there.
    let systems: Vec<(&Part, &BTreeSet<ModuleId>)> =
        parts.iter().filter(|(part, own)| part.role.is_own() && case.is_system(own)).collect();
    let main = systems
        .iter()
        .map(|(part, _)| *part)
        .filter(|part| part.root == case.unit.root)
        .min_by_key(|part| part.role)
        .or_else(|| systems.first().map(|(part, _)| *part))
        .cloned();
    let mut observations = Vec::new();
    for (part, own) in &parts {
        let is_main = Some(part) == main.as_ref();
        let is_system = systems.iter().any(|(p, _)| p == &part);
        let one = One { case, reach: &reach, part, own, scope: case.scope(part) };
        one.observe(is_system, &mut observations);
        if is_main {
            one.declared(&manifests, &settings, &mut observations);
        }
    }
    if main.is_none() {
        case.loose(&manifests, &settings, &mut observations);
    }
    observations
}

impl Case<'_, '_> {
    /// Whether a file is in this unit and in none below it.
    fn holds(&self, path: &str) -> bool {
        self.unit.root.is_empty()
            || path.strip_prefix(&*self.unit.root).is_some_and(|rest| rest.starts_with('/'))
    }

    fn scope(&self, part: &Part) -> Scope {
        let name = if part.root == self.unit.root {
            self.unit.name.clone()
        } else {
            part.root.rsplit('/').next().unwrap_or(&part.root).to_owned()
        };
        Scope { target: self.target.to_owned(), root: part.root.clone(), name }
    }

    /// Whether modules use a model: a name in a list or a manifest is no use.
    fn is_system(&self, own: &BTreeSet<ModuleId>) -> bool {
        self.detection.hits.iter().any(|hit| {
            let rule = self.detection.rule(hit);
            let model = matches!(
                rule.kind,
                Some(ComponentKind::ProviderSdk | ComponentKind::AgentFramework | ComponentKind::Serving)
            );
            let site = self.detection.site(hit);
            let shows = !matches!(site.kind, SiteKind::Mention | SiteKind::Text);
            let runs = matches!(
                site.means,
                Means::Agent
                    | Means::ModelCall
                    | Means::Chain
                    | Means::BindsTools
                    | Means::Client
                    | Means::Training
            );
            own.contains(&hit.module) && shows && (runs || (model && rule.strength >= 2))
        })
    }

    /// Components and credentials of a unit that is no system.
    fn loose(&self, manifests: &[&ManifestFacts], settings: &[&Setting], out: &mut Vec<Observation>) {
        let scope = Scope {
            target: self.target.to_owned(),
            root: self.unit.root.clone(),
            name: self.unit.name.clone(),
        };
        let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
        for component in in_manifests(self.detection.pack, manifests.iter().copied(), false) {
            put(Fact::Component(component));
        }
        for setting in settings {
            put(Fact::Component(Component {
                kind: ComponentKind::ApiKeyEnv,
                name: setting.name.clone(),
                package: None,
                version: None,
                purl: None,
                direct: None,
                role: crate::role::role_of(&setting.path),
                evidence: vec![setting_evidence(self.detection, setting)],
            }));
        }
    }
}

fn setting_evidence(detection: &Detection<'_>, setting: &Setting) -> Evidence {
    let role = crate::role::role_of(&setting.path);
    let evidence = Evidence::at(Place::line(&*setting.path, setting.line), role).of(EvidenceClass::Env);
    match detection.pack.credential(&setting.name).first() {
        Some(rule) => evidence.by(detection.pack.rule(*rule).id.0.clone()),
        None => evidence,
    }
}

/// One part of a unit.
struct One<'c, 'd, 'p> {
    case: &'c Case<'d, 'p>,
    reach: &'c Reach,
    part: &'c Part,
    own: &'c BTreeSet<ModuleId>,
    scope: Scope,
}

impl One<'_, '_, '_> {
    fn put(&self, out: &mut Vec<Observation>, fact: Fact) {
        out.push(Observation { scope: self.scope.clone(), fact });
    }

    /// What manifests and settings of the unit say about this part.
    fn declared(&self, manifests: &[&ManifestFacts], settings: &[&Setting], out: &mut Vec<Observation>) {
        let pack = self.case.detection.pack;
        let mut reasons = Reasons::new(pack.heuristics());
        for component in in_manifests(pack, manifests.iter().copied(), true) {
            if component.kind == ComponentKind::AgentFramework
                && component.direct == Some(true)
                && let Some(evidence) = component.evidence.first()
            {
                reasons.add("framework-in-manifest", evidence, &format!("`{}`", component.name));
            }
            self.put(out, Fact::Component(component));
        }
        for setting in settings {
            let evidence = setting_evidence(self.case.detection, setting);
            reasons.add("uses-credential", &evidence, &format!("`{}`", setting.name));
            self.put(
                out,
                Fact::Identity(Identity {
                    kind: IdentityKind::EnvCredential,
                    name: setting.name.clone(),
                    privilege: None,
                    arn: None,
                    inferred: false,
                    evidence: vec![evidence],
                }),
            );
        }
        for (criterion, evidence) in reasons.into_all() {
            self.put(out, Fact::Criterion { criterion, evidence });
        }
    }

    fn observe(&self, is_system: bool, out: &mut Vec<Observation>) {
        let detection = self.case.detection;
        let is_own = |module: ModuleId| self.own.contains(&module);
        let (components, models) = in_code(detection, &is_own);
        for component in components {
            self.put(out, Fact::Component(component));
        }
        if !is_system {
            return;
        }
        for model in models {
            self.put(out, Fact::Model(model));
        }
        let sites = model_sites(detection, &is_own);
        let bound = toolbox(detection, &sites, &is_own);
        let feedbacks: Vec<Feedback> =
            sites.iter().map(|site| feedback(detection, self.reach, site)).collect();
        let loops = feedbacks.iter().any(|f| matches!(f, Feedback::Loop { .. }));
        let gates = Gates::of(detection, self.reach, &sites, &is_own);
        let tools: Vec<(FoundTool, Outcome)> = bound
            .tools
            .into_iter()
            .map(|tool| {
                let outcome = outcome(detection, &tool.handlers);
                (tool, outcome)
            })
            .collect();
        let mut reasons = Reasons::new(detection.pack.heuristics());
        self.selection(&sites, &feedbacks, !tools.is_empty(), &mut reasons);
        let selects = reasons.has(Criterion::C1, Supports::Yes);
        // Where nobody is ever asked, a list that could not be followed to its end hides no gate either.
        let tools_complete =
            !bound.open || (!tools.is_empty() && self.case.complete && gates.is_ungated(&tools));
        if selects {
            let told = self.tools(&tools, &gates, loops, out);
            self.consequences(&told, !bound.open, &gates, &mut reasons);
        } else if reasons.has(Criterion::C1, Supports::No)
            && let Some(site) = sites.first()
        {
            reasons.add("nothing-to-select", &place(detection, site.hit), "");
        }
        self.starts(&sites, &mut reasons, out);
        self.identities(&mut reasons, out);
        self.traits(&sites, &tools, &mut reasons);
        let role = if self.part.role == Role::Production && self.is_framework() {
            Role::Framework
        } else {
            self.part.role
        };
        self.put(
            out,
            Fact::System {
                kind: self.kind(&sites, selects),
                role,
                complete: self.case.complete,
                tools_complete,
            },
        );
        self.put(
            out,
            Fact::Deployment(Deployment { kind: DeploymentKind::Repo, reference: self.scope.target.clone() }),
        );
        for (criterion, evidence) in reasons.into_all() {
            self.put(out, Fact::Criterion { criterion, evidence });
        }
    }

    /// Whether the unit is itself the package that a rule knows as a framework or SDK.
    fn is_framework(&self) -> bool {
        let pack = self.case.detection.pack;
        self.case.unit.manifests.iter().map(|index| &self.case.survey.manifests[*index]).any(|manifest| {
            let ecosystem = manifest.kind.ecosystem();
            manifest.name.as_deref().is_some_and(|name| {
                !manifest.kind.is_lock()
                    && !pack.package(ecosystem.purl_type(), &ecosystem.normalise(name)).is_empty()
            })
        })
    }

    fn kind(&self, sites: &[ModelSite<'_>], selects: bool) -> SystemKind {
        let detection = self.case.detection;
        let has = |test: &dyn Fn(&Hit) -> bool| {
            detection.hits.iter().any(|hit| self.own.contains(&hit.module) && test(hit))
        };
        if selects {
            SystemKind::Agent
        } else if !sites.is_empty() {
            SystemKind::Pipeline
        } else if has(&|hit| detection.means(hit) == Means::Training) {
            SystemKind::Training
        } else if has(&|hit| detection.rule(hit).kind == Some(ComponentKind::Serving)) {
            SystemKind::Serving
        } else {
            SystemKind::Pipeline
        }
    }

    /// C1 and C2: does model output select, and do results go back?
    fn selection(
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
            if !any_equipped {
                reasons.add("agent-without-tools", &place(detection, site.hit), &named(site));
            }
        }
        let plain: Vec<&ModelSite<'_>> = sites
            .iter()
            .filter(|s| {
                matches!(s.means, Means::ModelCall | Means::Chain) && s.tools.is_none() && !s.is_unclear
            })
            .collect();
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

    /// The tools, as they are told, each with its effect and its gate.
    fn tools<'d>(
        &self,
        tools: &'d [(FoundTool, Outcome)],
        gates: &Gates<'_, '_>,
        loops: bool,
        out: &mut Vec<Observation>,
    ) -> Vec<(Tool, &'d Outcome)> {
        let detection = self.case.detection;
        let mut told = Vec::new();
        for (found, outcome) in tools {
            let module = detection.program.module(found.module);
            let mut effect = match found.effect {
                Some(effect) if outcome.looked => effect.max(outcome.effect()),
                Some(effect) => effect,
                None => outcome.effect(),
            };
            // A description without code behind it, in a call whose results never go back, is a form to be filled in.
            if found.source == ToolSource::Schema && found.handlers.is_empty() && !loops {
                effect = Effect::Read;
            }
            let gated = gates.of_tool(found, outcome);
            let mut evidence = vec![Evidence::at(Place::line(&*module.path, found.line.max(1)), module.role)];
            if let Some(rule) = found.rule {
                evidence[0].rule = Some(detection.pack.rule(rule).id.0.clone());
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
            for hit in &gated.because {
                evidence.push(place(detection, hit).noting("asks a person first"));
            }
            let tool = Tool { name: clip(&found.name), effect, gate: gated.gate, evidence };
            self.put(out, Fact::Tool(tool.clone()));
            told.push((tool, outcome));
        }
        told
    }

    /// C3 and C4: does a tool change something, and is somebody asked?
    fn consequences(
        &self,
        told: &[(Tool, &Outcome)],
        complete: bool,
        gates: &Gates<'_, '_>,
        reasons: &mut Reasons<'_>,
    ) {
        let detection = self.case.detection;
        let changing: Vec<&(Tool, &Outcome)> =
            told.iter().filter(|(t, _)| t.effect.changes_state()).collect();
        for (tool, outcome) in &changing {
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
            }
        }
        let settled = complete && told.iter().all(|(tool, _)| tool.effect != Effect::Unknown);
        if changing.is_empty() && settled && !told.is_empty() {
            for (tool, _) in told {
                reasons.add("tools-only-read", &tool.evidence[0], &format!("`{}`", tool.name));
                reasons.add("nothing-to-approve", &tool.evidence[0], "");
            }
        }
        if !changing.is_empty() && settled && changing.iter().all(|(tool, _)| tool.gate == Gate::Each) {
            for (tool, _) in &changing {
                let at = tool.evidence.last().unwrap_or(&tool.evidence[0]);
                reasons.add("all-gated", at, &format!("`{}`", tool.name));
            }
        }
        for hit in &gates.bypasses {
            reasons.add("approval-bypassed", &place(detection, hit), &format!("`{}`", shown(&hit.name)));
        }
    }

    /// C5: what starts it.
    fn starts(&self, sites: &[ModelSite<'_>], reasons: &mut Reasons<'_>, out: &mut Vec<Observation>) {
        let detection = self.case.detection;
        let models: BTreeSet<Routine> = sites.iter().map(|site| site.hit.routine()).collect();
        let above = self.reach.above(models.iter().copied());
        let finder = Triggers {
            detection,
            reach: self.reach,
            survey: self.case.survey,
            above: &above,
            models: &models,
        };
        let mut found = finder.find();
        found.extend(self.command_line(&above, &found));
        for trigger in &found {
            let role = crate::role::role_of(&trigger.path);
            let mut at = Evidence::at(Place::line(&*trigger.path, trigger.line.max(1)), role);
            at.rule = trigger.rule.map(|rule| detection.pack.rule(rule).id.0.clone());
            let detail = match &trigger.runs {
                Some(runs) => format!("{} runs {runs}", trigger.kind.name()),
                None => trigger.kind.name().to_owned(),
            };
            if trigger.kind.self_starting() {
                let observable =
                    if trigger.by_workflow { "workflow-starts-agent" } else { "trigger-reaches-agent" };
                reasons.add(observable, &at, &detail);
            }
            if trigger.carries_untrusted {
                reasons.add("reads-untrusted-input", &at, &detail);
            }
            self.put(
                out,
                Fact::Trigger(Trigger {
                    kind: trigger.kind,
                    value: trigger.value.clone(),
                    place: at.place.clone(),
                    runs: trigger.runs.clone(),
                    evidence: vec![at],
                }),
            );
        }
        if !reasons.has(Criterion::C5, Supports::Yes) {
            for trigger in found.iter().filter(|t| t.kind == TriggerKind::Manual) {
                let role = crate::role::role_of(&trigger.path);
                let at = Evidence::at(Place::line(&*trigger.path, trigger.line.max(1)), role);
                reasons.add("manual-entry-only", &at, trigger.runs.as_deref().unwrap_or_default());
            }
            if self.case.complete {
                reasons.add("complete-scan-no-trigger", &self.whole(), "");
            }
        }
        let reached = self.reach.below(above.iter().copied());
        for hit in detection.meaning(Means::UntrustedInput) {
            let near = above.contains(&hit.routine())
                || (hit.function.is_none() && models.iter().any(|m| m.module == hit.module))
                || (self.own.contains(&hit.module) && reached.contains(&hit.routine()));
            if near {
                let detail = format!("`{}`", shown(&hit.name));
                reasons.add("reads-untrusted-input", &place(detection, hit), &detail);
            }
        }
    }

    /// Scripts that a person starts.
    fn command_line(&self, above: &BTreeSet<Routine>, known: &[FoundTrigger]) -> Vec<FoundTrigger> {
        if !known.is_empty() {
            return Vec::new();
        }
        let program = self.case.detection.program;
        above
            .iter()
            .filter(|routine| routine.function.is_none() && program.module(routine.module).is_script)
            .map(|routine| FoundTrigger {
                kind: TriggerKind::Manual,
                value: "command line".to_owned(),
                path: program.module(routine.module).path.to_string(),
                line: 1,
                runs: Some(program.module(routine.module).path.to_string()),
                rule: None,
                by_workflow: false,
                carries_untrusted: false,
            })
            .collect()
    }

    /// C6: what it acts under.
    fn identities(&self, reasons: &mut Reasons<'_>, out: &mut Vec<Observation>) {
        let detection = self.case.detection;
        let mut by_name: BTreeMap<(IdentityKind, String), Vec<FoundIdentity>> = BTreeMap::new();
        for found in identities::find(detection, &|module| self.own.contains(&module)) {
            by_name.entry((found.kind, found.name.clone())).or_default().push(found);
        }
        for ((kind, name), places) in by_name {
            let inferred = places.iter().all(|p| p.inferred);
            let evidence: Vec<Evidence> = places
                .iter()
                .take(10)
                .map(|p| {
                    let module = detection.program.module(p.module);
                    Evidence::at(Place::line(&*module.path, p.line), module.role)
                        .by(detection.pack.rule(p.rule).id.0.clone())
                        .of(EvidenceClass::Env)
                })
                .collect();
            if let Some(first) = evidence.first() {
                let observable = if inferred { "default-credential" } else { "uses-credential" };
                reasons.add(observable, first, &format!("`{name}`"));
            }
            self.put(
                out,
                Fact::Identity(Identity { kind, name, privilege: None, arn: None, inferred, evidence }),
            );
        }
    }

    /// C8 to C10, and what a complete scan did not find.
    fn traits(&self, sites: &[ModelSite<'_>], tools: &[(FoundTool, Outcome)], reasons: &mut Reasons<'_>) {
        let detection = self.case.detection;
        for hit in detection.hits.iter().filter(|hit| self.own.contains(&hit.module)) {
            let observable = match detection.means(hit) {
                Means::Memory => "keeps-memory",
                Means::Delegates => "delegates",
                Means::ChangesItself => "changes-itself",
                _ => continue,
            };
            reasons.add(observable, &place(detection, hit), &format!("`{}`", shown(&hit.name)));
        }
        for site in sites.iter().filter(|site| site.has_agents) {
            reasons.add("delegates", &place(detection, site.hit), &format!("`{}`", shown(&site.hit.name)));
        }
        // A tool that runs code runs what the model wrote.
        for (tool, outcome) in tools {
            let runs =
                outcome.changes.iter().find(|change| detection.pack.rule(change.rule).id.0 == "runs-code");
            if let Some(change) = runs {
                let module = detection.program.module(change.site.module);
                let line = module.call(change.site.call).line;
                let at = Evidence::at(Place::line(&*module.path, line), module.role);
                reasons.add("changes-itself", &at, &format!("`{}`", tool.name));
            }
        }
        if !self.case.complete {
            return;
        }
        for (criterion, observable) in [
            (Criterion::C8, "complete-scan-no-memory"),
            (Criterion::C9, "complete-scan-no-delegation"),
            (Criterion::C10, "complete-scan-no-self-change"),
        ] {
            if !reasons.has(criterion, Supports::Yes) {
                reasons.add(observable, &self.whole(), "");
            }
        }
    }

    /// The part as a whole, as the place of what is nowhere in it.
    fn whole(&self) -> Evidence {
        let place =
            if self.part.root.is_empty() { Place::locator(".") } else { Place::file(&*self.part.root) };
        Evidence::at(place, self.part.role)
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

/// A resolved name as it is shown: `openai#default.chat` reads `openai default.chat`.
fn shown(name: &str) -> String {
    clip(&name.replace('#', " "))
}

fn clip(text: &str) -> String {
    text[..text.floor_char_boundary(120)].to_owned()
}
