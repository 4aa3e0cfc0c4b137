//! One unit as a case: everything that is known about it, put into observations, part by part.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Component, ComponentKind, Criterion, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass, Fact,
    Identity, IdentityKind, Model, Observation, Place, Role, Scope, Supports, SystemKind,
};
use muster_rules::Means;

use super::agents::{Feedback, ModelSite, Rounds, model_sites};
use super::answers::Answers;
use super::choices::Selection;
use super::components::{in_code, in_manifests, model_file, place};
use super::criteria::Reasons;
use super::effects::{Change, Outcome, outcome, outcome_of_calls};
use super::executions::{doubtful_executions, executed_output};
use super::gates::Gates;
use super::keys;
use super::parts::{is_system, parts};
use super::picks::Pick;
use super::reach::{Reach, targets};
use super::toolbox::toolbox;
use super::tools::{FoundTool, ToolSource};
use crate::detect::{Detection, Hit};
use crate::manifests::unit_folder;
use crate::program::{CallSite, ModuleId};
use crate::survey::{ManifestFacts, Setting, Survey};
use crate::syntax::{Expr, LoopId};
use crate::units::{Part, Unit, Units};

/// What a unit is looked at with.
pub(crate) struct Case<'d, 'p> {
    pub(crate) target: &'d str,
    pub(crate) survey: &'d Survey,
    pub(crate) unit: &'d Unit,
    pub(crate) units: &'d Units,
    pub(crate) detection: &'d Detection<'p>,
    /// Modules of the unit itself; the others only lend definitions.
    pub(crate) own: &'d BTreeSet<ModuleId>,
    /// Whether every file of the unit was read, in a language with rules.
    pub(crate) complete: bool,
    /// Whether every file in a language with rules was read.
    pub(crate) readable: bool,
}

/// Everything that is known about a unit.
pub(crate) fn observe(case: &Case<'_, '_>) -> Vec<Observation> {
    let reach = Reach::of(case.detection.program);
    let parts = parts(case);
    let manifests: Vec<&ManifestFacts> =
        case.unit.manifests.iter().map(|index| &case.survey.manifests[*index]).collect();
    let settings: Vec<&Setting> = case.survey.settings.iter().filter(|s| case.holds(&s.path)).collect();
    // What manifests and settings say belongs to the part that is the unit itself: the most productive one there.
    let systems: Vec<(&Part, &BTreeSet<ModuleId>)> =
        parts.iter().filter(|(part, own)| part.role.is_own() && is_system(case.detection, own)).collect();
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
        one.observe(is_system, &manifests, &mut observations);
        if is_main {
            one.declared(&manifests, &settings, &mut observations);
        }
    }
    if main.is_none() {
        case.loose(&manifests, &settings, &mut observations);
    }
    // The system in whose folder a file is, or that of the unit.
    let home = |path: &str| {
        let around = systems.iter().map(|(part, _)| *part).filter(|part| is_below(path, &part.root));
        around.max_by_key(|part| part.root.len()).or(main.as_ref())
    };
    for key in case.survey.keys.iter().filter(|key| case.holds(&key.path)) {
        let home = home(&key.path);
        let scope = home.map_or_else(|| case.whole(), |part| case.scope(part));
        keys::observe(case.detection.pack, &scope, key, home.is_some(), &mut observations);
    }
    for file in case.survey.models.iter().filter(|file| case.holds(&file.path)) {
        let home = home(&file.path);
        let pack = case.detection.pack;
        // What only supports says nothing where nothing else was found.
        if home.is_some() || pack.rule(file.rule).strength >= 2 {
            let scope = home.map_or_else(|| case.whole(), |part| case.scope(part));
            let component = model_file(pack, file, &case.survey.companions);
            observations
                .extend(component.map(|component| Observation { scope, fact: Fact::Component(component) }));
        }
    }
    observations
}

impl Case<'_, '_> {
    /// Whether a file is in this unit and in none below it.
    fn holds(&self, path: &str) -> bool {
        self.units.of_file(path).is_some_and(|unit| self.unit.takes(&unit.root))
    }

    fn scope(&self, part: &Part) -> Scope {
        let name = if part.root == self.unit.root {
            self.unit.name.clone()
        } else {
            part.root.rsplit('/').next().unwrap_or(&part.root).to_owned()
        };
        Scope { target: self.target.to_owned(), root: part.root.clone(), name }
    }

    /// The unit as a whole.
    fn whole(&self) -> Scope {
        Scope { target: self.target.to_owned(), root: self.unit.root.clone(), name: self.unit.name.clone() }
    }

    /// Components and credentials of a unit that is no system.
    fn loose(&self, manifests: &[&ManifestFacts], settings: &[&Setting], out: &mut Vec<Observation>) {
        let scope = self.whole();
        let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
        for component in in_manifests(self.detection.pack, manifests.iter().copied(), false) {
            // What only supports says nothing where nothing else was found.
            let rule = component.evidence.first().and_then(|e| e.rule.as_deref());
            if rule.and_then(|id| self.detection.pack.find(id)).is_some_and(|(_, rule)| rule.strength >= 2) {
                put(Fact::Component(component));
            }
        }
        for setting in settings {
            put(Fact::Component(Component::named(
                ComponentKind::ApiKeyEnv,
                setting.name.clone(),
                crate::role::role_of(&setting.path),
                vec![setting_evidence(self.detection, setting)],
            )));
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    let is_inside = |rest: &str| rest.is_empty() || rest.starts_with('/');
    folder.is_empty() || path.strip_prefix(folder).is_some_and(is_inside)
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
pub(super) struct One<'c, 'd, 'p> {
    pub(super) case: &'c Case<'d, 'p>,
    pub(super) reach: &'c Reach,
    pub(super) part: &'c Part,
    pub(super) own: &'c BTreeSet<ModuleId>,
    pub(super) scope: Scope,
}

impl One<'_, '_, '_> {
    pub(super) fn put(&self, out: &mut Vec<Observation>, fact: Fact) {
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
            // A package that brings a model along: its weights come with it.
            if component.kind == ComponentKind::Model {
                let provider = component.evidence.first().and_then(|e| e.rule.as_deref());
                let provider =
                    provider.and_then(|id| pack.find(id)).and_then(|(_, rule)| rule.provider.clone());
                let Component { name, evidence, .. } = component;
                self.put(out, Fact::Model(Model { name, provider, pinned: true, evidence }));
                continue;
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
                    may_ask: None,
                    arn: None,
                    fingerprint: None,
                    assumed_by: Vec::new(),
                    shared_with: Vec::new(),
                    inferred: false,
                    evidence: vec![evidence],
                }),
            );
        }
        for (criterion, evidence) in reasons.into_all() {
            self.put(out, Fact::Criterion { criterion, evidence });
        }
    }

    fn observe(&self, is_system: bool, manifests: &[&ManifestFacts], out: &mut Vec<Observation>) {
        let detection = self.case.detection;
        let is_own = |module: ModuleId| self.own.contains(&module);
        let (mut components, models) = in_code(detection, &is_own);
        let sites = model_sites(detection, &is_own);
        self.offer(&mut components, manifests, !sites.is_empty());
        for (rule, component) in components {
            // What only supports says nothing where nothing else was found.
            if is_system || detection.pack.rule(rule).strength >= 2 {
                self.put(out, Fact::Component(component));
            }
        }
        if !is_system {
            return;
        }
        for model in models {
            self.put(out, Fact::Model(model));
        }
        let bound = toolbox(detection, &sites, &is_own);
        let rounds = Rounds::of(detection, self.reach);
        let feedbacks: Vec<Feedback> = sites.iter().map(|site| rounds.feedback(site)).collect();
        // A framework or a service runs the tools of its agents itself.
        let loops = feedbacks.iter().any(|f| matches!(f, Feedback::Loop { .. }))
            || sites.iter().any(|site| site.means == Means::Agent);
        self.controls(&sites, &feedbacks, &rounds, out);
        let gates = Gates::of(detection, self.reach, &sites, &is_own);
        let mut tools: Vec<(FoundTool, Outcome)> = bound
            .tools
            .into_iter()
            .map(|tool| {
                let outcome = outcome(detection, &tool.handlers, &tool.runs);
                (tool, outcome)
            })
            .collect();
        self.dispatched(&sites, &feedbacks, &mut tools);
        let mut reasons = Reasons::new(detection.pack.heuristics());
        let answers = Answers::of(detection, self.reach, &sites, &is_own);
        let (unsure, selections): (Vec<_>, Vec<_>) =
            answers.selections(&is_own).into_iter().partition(|selection| selection.pick == Pick::Open);
        self.answered(&selections, &mut tools, &mut reasons);
        // What a tool does with its arguments is told as the tool's own effect.
        let within_tools: BTreeSet<CallSite> =
            tools.iter().flat_map(|(_, outcome)| &outcome.changes).map(|change| change.site).collect();
        let executed = executed_output(detection, &is_own).into_iter();
        let executed = executed.chain(selections.iter().filter_map(|selection| selection.executes));
        let executed: BTreeMap<CallSite, &Hit> = executed.map(|(hit, site)| (site, hit)).collect();
        let executed = executed.into_iter().map(|(site, hit)| (hit, site));
        for (hit, site) in executed.filter(|(_, site)| !within_tools.contains(site)) {
            let name = hit.name.rsplit(['.', '#']).next().unwrap_or(&hit.name);
            reasons.add("model-output-executed", &place(detection, hit), &format!("`{name}`"));
            tools.push(executing(hit, site, name));
        }
        self.selection(&sites, &feedbacks, !tools.is_empty(), &mut reasons);
        let selects = reasons.has(Criterion::C1, Supports::Yes);
        let doubtful = doubtful_executions(detection, self.reach, &sites, &is_own);
        for hit in doubtful.iter().filter(|_| !selects) {
            reasons.add(
                "executes-something-open",
                &place(detection, hit),
                &format!("`{}`", shown(&hit.name)),
            );
        }
        // What runs something that is not known leaves open what happens, unless it is a tool that is told.
        let told: BTreeSet<CallSite> =
            tools.iter().flat_map(|(_, outcome)| &outcome.changes).map(|change| change.site).collect();
        let open_elsewhere = doubtful.iter().any(|hit| hit.call().is_none_or(|call| !told.contains(&call)));
        let mut protocols = Vec::new();
        if !selects {
            protocols.extend(detection.meaning(Means::TextProtocol).filter(|hit| is_own(hit.module)).take(3));
        }
        for hit in &protocols {
            let detail = format!("`{}`", clip(&hit.name));
            reasons.add("looks-for-actions-in-text", &place(detection, hit), &detail);
        }
        let open_run = if selects { None } else { answers.open_run(&is_own) };
        if let Some(site) = open_run {
            let module = detection.program.module(site.module);
            let call = module.call(site.call);
            let at = Evidence::at(Place::line(&*module.path, call.line.max(1)), module.role);
            let name = call.callee.last_name().unwrap_or_default();
            reasons.add("runs-something-open", &at, &format!("`{}`", clip(name)));
        }
        for selection in unsure.iter().filter(|_| !selects) {
            let module = detection.program.module(selection.routine.module);
            let at = Evidence::at(Place::line(&*module.path, selection.line.max(1)), module.role);
            let names: Vec<&str> = selection.tools.iter().map(|tool| tool.name.as_str()).collect();
            reasons.add("answer-may-select", &at, &format!("`{}`", clip(&names.join("`, `"))));
        }
        let is_sure = doubtful.is_empty() && protocols.is_empty() && unsure.is_empty();
        if !selects && is_sure && open_run.is_none() {
            self.no_selection(&sites, !tools.is_empty(), &mut reasons);
            self.only_trains(&sites, &mut reasons);
        }
        // Where nobody is ever asked, a list that could not be followed to its end hides no gate either.
        // A list that only comes from another process may be gated there.
        let any_own = tools.iter().any(|(tool, _)| tool.source <= ToolSource::Builtin);
        let tools_complete = !bound.open || (any_own && self.case.complete && gates.is_ungated(&tools));
        if selects {
            let told = self.tools(&tools, &gates, loops, out);
            self.consequences(&told, !bound.open && !open_elsewhere, &gates, &mut reasons);
        } else if reasons.has(Criterion::C1, Supports::No)
            && let Some(at) = sites.first().map(|site| site.hit).or_else(|| self.training())
        {
            reasons.add("nothing-to-select", &place(detection, at), "");
        }
        self.starts(&sites, &tools, &mut reasons, out);
        self.identities(&mut reasons, out);
        self.traits(&sites, &tools, &mut reasons);
        let is_library = self.case.unit.is_library || self.is_framework();
        let role =
            if self.part.role == Role::Production && is_library { Role::Framework } else { self.part.role };
        self.put(
            out,
            Fact::System {
                kind: self.kind(&sites, selects),
                role,
                complete: self.is_complete(),
                tools_complete,
            },
        );
        self.put(out, Fact::Deployment(Deployment::seen(DeploymentKind::Repo, self.scope.target.clone())));
        for (criterion, evidence) in reasons.into_all() {
            self.put(out, Fact::Criterion { criterion, evidence });
        }
    }

    /// What answers select, without any tool call: the tools, and the loop that gives back what came of them.
    fn answered(
        &self,
        selections: &[Selection<'_>],
        tools: &mut Vec<(FoundTool, Outcome)>,
        reasons: &mut Reasons<'_>,
    ) {
        let detection = self.case.detection;
        for selection in selections {
            let module = detection.program.module(selection.routine.module);
            let at = |line: u32| Evidence::at(Place::line(&*module.path, line.max(1)), module.role);
            if selection.executes.is_none() {
                let names: Vec<&str> = selection.tools.iter().map(|tool| tool.name.as_str()).collect();
                reasons.add(
                    "answer-selects",
                    &at(selection.line),
                    &format!("`{}`", clip(&names.join("`, `"))),
                );
            }
            for tool in &selection.tools {
                let is_known = |(known, _): &(FoundTool, Outcome)| {
                    known.name == tool.name || (!tool.handlers.is_empty() && known.handlers == tool.handlers)
                };
                if !tools.iter().any(is_known) {
                    let outcome = outcome(detection, &tool.handlers, &tool.runs);
                    tools.push((tool.clone(), outcome));
                }
            }
            if let Some((routine, line)) = selection.feedback {
                let module = detection.program.module(routine.module);
                let at = Evidence::at(Place::line(&*module.path, line.max(1)), module.role);
                reasons.add("result-loop", &at, "what came of it is part of the next question");
            }
        }
    }

    /// Tools of which only the description is known, in code that hands out tool calls by itself: if that code leads to
    /// the execution of commands, they are what it executes. Weaker effects on the way may be a log.
    fn dispatched(
        &self,
        sites: &[ModelSite<'_>],
        feedbacks: &[Feedback],
        tools: &mut Vec<(FoundTool, Outcome)>,
    ) {
        let is_blind = |(tool, _): &(FoundTool, Outcome)| {
            tool.handlers.is_empty() && tool.runs.is_empty() && tool.effect.is_none()
        };
        if !tools.is_empty() && !tools.iter().any(is_blind) {
            return;
        }
        if !feedbacks.iter().any(|f| matches!(f, Feedback::Loop { .. })) {
            return;
        }
        // The loop that runs the tools is around the call of the model, if not in the same function.
        let detection = self.case.detection;
        let above = self.reach.above(sites.iter().map(|site| site.hit.routine()));
        let models: BTreeSet<CallSite> = sites.iter().filter_map(|site| site.hit.call()).collect();
        let mut inside: Vec<CallSite> = Vec::new();
        // What is called after the model: before it, a person may be asked for the next turn in an editor.
        let mut after: BTreeSet<CallSite> = BTreeSet::new();
        for routine in above.iter().filter(|r| detection.program.module(r.module).role == self.part.role) {
            let module = detection.program.module(routine.module);
            let calls: Vec<CallSite> = detection.program.calls_in(*routine).collect();
            let leads = |call: &CallSite| {
                models.contains(call) || targets(detection.program, *call).iter().any(|t| above.contains(t))
            };
            let loops: BTreeSet<LoopId> = calls
                .iter()
                .filter(|c| leads(c))
                .filter_map(|c| module.outermost_loop(module.call(c.call).in_loop))
                .collect();
            let asked = calls.iter().filter(|c| leads(c)).map(|c| module.call(c.call).line).min();
            after.extend(calls.iter().filter(|c| asked.is_some_and(|line| module.call(c.call).line > line)));
            inside.extend(calls.into_iter().filter(|c| {
                module.outermost_loop(module.call(c.call).in_loop).is_some_and(|l| loops.contains(&l))
            }));
        }
        if tools.is_empty() {
            inside.retain(|call| after.contains(call));
        }
        let mut reached = outcome_of_calls(detection, &inside);
        reached.changes.retain(|change| change.effect == Effect::Execute);
        if let Some(change) = reached.changes.first().filter(|_| tools.is_empty()) {
            // No description is in sight: the function that runs what is asked for is the tool.
            let site = change.through.last().copied().unwrap_or(change.site);
            let module = detection.program.module(site.module);
            let call = module.call(site.call);
            let name = match &call.callee {
                Expr::Name(name) | Expr::Member(_, name) => name.to_string(),
                _ => "execute".to_owned(),
            };
            let tool = FoundTool {
                name,
                module: site.module,
                line: call.line,
                source: ToolSource::Opaque,
                handlers: Vec::new(),
                runs: Vec::new(),
                effect: None,
                declared_by: Vec::new(),
                confirmed: false,
                rule: None,
            };
            tools.push((tool, Outcome { looked: true, ..Outcome::default() }));
        }
        for (_, known) in tools.iter_mut().filter(|tool| is_blind(tool)) {
            known.changes.clone_from(&reached.changes);
        }
    }

    /// Whether the unit is itself the package that a rule knows as a framework or SDK.
    fn is_framework(&self) -> bool {
        let pack = self.case.detection.pack;
        let manifests = self.case.unit.manifests.iter().map(|index| &self.case.survey.manifests[*index]);
        // A library that the unit is built with does not make it one.
        let own = |path: &str| !self.case.unit.libraries.iter().any(|root| unit_folder(path) == root);
        manifests.filter(|manifest| own(&manifest.path)).any(|manifest| {
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

    /// The part as a whole, as the place of what is nowhere in it.
    pub(super) fn whole(&self) -> Evidence {
        let place =
            if self.part.root.is_empty() { Place::locator(".") } else { Place::file(&*self.part.root) };
        Evidence::at(place, self.part.role)
    }
}

/// A resolved name as it is shown: `openai#default.chat` reads `openai default.chat`.
pub(super) fn shown(name: &str) -> String {
    clip(&name.replace('#', " "))
}

pub(super) fn clip(text: &str) -> String {
    text[..text.floor_char_boundary(120)].to_owned()
}

/// The call that executes what a model answered, as the tool that it is.
fn executing(hit: &Hit, site: CallSite, name: &str) -> (FoundTool, Outcome) {
    let tool = FoundTool {
        name: name.to_owned(),
        module: hit.module,
        line: hit.line,
        source: ToolSource::Builtin,
        handlers: Vec::new(),
        runs: Vec::new(),
        effect: Some(Effect::Execute),
        declared_by: Vec::new(),
        confirmed: false,
        rule: Some(hit.site.rule),
    };
    let change = Change { site, effect: Effect::Execute, rule: hit.site.rule, through: Vec::new() };
    (tool, Outcome { changes: vec![change], looked: true, ..Outcome::default() })
}
