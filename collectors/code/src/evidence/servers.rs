//! The Model Context Protocol: which side of it a place is on, and the tools that a server offers.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Component, ComponentKind, Effect, Evidence, Gate, Tool};
use muster_rules::{Means, Rule};

use super::case::One;
use super::components::place;
use super::effects::outcome;
use super::gates::Gates;
use super::toolbox::merge;
use super::tools::{FoundTool, NAMELESS, ToolSource, Tools};
use crate::detect::{Detection, Hit, Subject};
use crate::program::{CallSite, ModuleId, Routine};
use crate::survey::ManifestFacts;
use crate::syntax::CallId;

/// Tools of one server that are kept.
const MAX_TOOLS: usize = 1_000;

/// What a server says of itself in its evidence.
const SERVER: &str = "server";

/// Which side of the protocol a hit is on; `None` for what both have, such as an import.
pub(super) fn side(detection: &Detection<'_>, hit: &Hit) -> Option<&'static str> {
    if detection.rule(hit).kind != Some(ComponentKind::Mcp) {
        return None;
    }
    match detection.means(hit) {
        Means::Serves | Means::ListsTools | Means::RunsTools | Means::Tool => Some(SERVER),
        Means::Connects | Means::UntrustedInput => Some("client"),
        Means::ModelCall => Some("server that asks the model of its client"),
        _ => None,
    }
}

/// Whether all that a rule knows is how servers are made, so that its packages show one.
fn is_about_servers(rule: &Rule) -> bool {
    let any = |means: &[Means]| rule.sites.iter().any(|site| means.contains(&site.means));
    rule.kind == Some(ComponentKind::Mcp)
        && any(&[Means::Serves])
        && !any(&[Means::Connects, Means::UntrustedInput])
}

/// The tools that servers in some modules offer, by the rule that knows the server.
fn offered(
    detection: &Detection<'_>,
    by_manifest: Option<u32>,
    calls_models: bool,
    is_own: &dyn Fn(ModuleId) -> bool,
) -> BTreeMap<u32, Vec<FoundTool>> {
    let finder = Tools::new(detection);
    let hits: Vec<&Hit> = detection.hits.iter().filter(|hit| is_own(hit.module)).collect();
    let on_server = |hit: &&&Hit| side(detection, hit) == Some(SERVER);
    let mut found: BTreeMap<u32, Vec<FoundTool>> = BTreeMap::new();
    let mut runs: BTreeSet<(u32, Routine)> = BTreeSet::new();
    let mut records: BTreeMap<(u32, ModuleId), BTreeSet<CallId>> = BTreeMap::new();
    for hit in hits.iter().filter(on_server) {
        let tools = found.entry(hit.site.rule).or_default();
        match detection.means(hit) {
            Means::ListsTools if detection.site(hit).tools.is_empty() && hit.call().is_some() => {
                let call = hit.call().map(|site| site.call);
                records.entry((hit.site.rule, hit.module)).or_default().extend(call);
            }
            Means::ListsTools => {
                for routine in routines(&finder, detection, hit) {
                    tools.extend(finder.listed_by(routine).tools);
                }
            }
            Means::RunsTools => {
                let run = routines(&finder, detection, hit);
                runs.extend(run.into_iter().map(|routine| (hit.site.rule, routine)));
            }
            Means::Serves => {
                let given = hit.call().and_then(|call| finder.of_call(call, &detection.site(hit).tools));
                tools.extend(given.unwrap_or_default().tools);
            }
            _ => {}
        }
    }
    // Tools whose names their server is given from elsewhere, and the calls for which nobody could be found to do so.
    let mut passed: BTreeSet<CallSite> = BTreeSet::new();
    let mut open: BTreeSet<u32> = BTreeSet::new();
    for hit in hits.iter().filter(on_server) {
        let registers = detection.means(hit) == Means::Tool
            || detection.means(hit) == Means::ListsTools && detection.site(hit).tools.is_empty();
        let Some(site) = hit.call().filter(|_| registers) else { continue };
        let (tools, is_named) = finder.passed_on(site);
        if !is_named {
            passed.insert(site);
            if tools.is_empty() {
                open.insert(hit.site.rule);
            }
            found.entry(hit.site.rule).or_default().extend(tools);
        }
    }
    for ((rule, module), calls) in &records {
        found.entry(*rule).or_default().extend(finder.recorded(*module, calls));
    }
    for (rule, routine) in &runs {
        let tools = found.entry(*rule).or_default();
        if tools.is_empty() {
            tools.extend(finder.told_apart(*routine));
        }
    }
    // Where it cannot be told what is run for which tool, nothing changes if nothing is changed for any.
    let all: Vec<Routine> = runs.iter().map(|(_, routine)| *routine).collect();
    let only_reads = !all.is_empty() && outcome(detection, &all, &[]).effect() == Effect::Read;
    let is_blind =
        |tool: &FoundTool| tool.handlers.is_empty() && tool.runs.is_empty() && tool.effect.is_none();
    for tool in found.values_mut().flatten().filter(|tool| only_reads && is_blind(tool)) {
        tool.effect = Some(Effect::Read);
    }
    // A library of the repository makes the server, and is given the tools here.
    if found.is_empty() && !calls_models {
        let lent = detection.meaning(Means::Serves).find(|hit| {
            side(detection, hit) == Some(SERVER) && detection.program.module(hit.module).role.is_own()
        });
        found.extend(lent.map(|hit| (hit.site.rule, Vec::new())));
    }
    let listed: BTreeSet<u32> = found.iter().filter(|(_, t)| !t.is_empty()).map(|(rule, _)| *rule).collect();
    let server = found.keys().next().copied().or(by_manifest);
    for hit in hits.iter().filter(|hit| detection.means(hit) == Means::Tool) {
        let is_passed = hit.call().is_some_and(|site| passed.contains(&site));
        if is_passed && !open.contains(&hit.site.rule) {
            continue;
        }
        // What a framework calls a tool is offered by the server of a unit in which no model could use it.
        let is_open = !calls_models || detection.rule(hit).kind.is_none();
        let rule = if on_server(&hit) { Some(hit.site.rule) } else { server.filter(|_| is_open) };
        let Some(rule) = rule else { continue };
        let declared = finder.declared_at(hit).tools;
        let is_run = |tool: &FoundTool| tool.handlers.iter().any(|handler| all.contains(handler));
        let told = listed.contains(&rule);
        // A function or a call that only goes by its own name stands for tools that were described elsewhere.
        let nameless = |tool: &FoundTool| {
            tool.handlers.is_empty() && hit.name.ends_with(&*tool.name) || told && tool.name == NAMELESS
        };
        let tools = declared.into_iter().filter(|tool| !(nameless(tool) || told && is_run(tool)));
        found.entry(rule).or_default().extend(tools);
    }
    // Where names could not be followed, the records of tools that the program holds are what a server offers.
    let is_dark = |rule: &u32, tools: &[FoundTool]| {
        open.contains(rule) || !calls_models && tools.iter().all(|tool| tool.name == NAMELESS)
    };
    if let Some((_, tools)) = found.iter_mut().find(|(rule, tools)| is_dark(rule, tools)) {
        let described = finder.described_in(is_own);
        if !described.is_empty() {
            // What is registered for all of them is none of its own.
            tools.retain(|tool| {
                tool.name != NAMELESS && !tool.declared_by.iter().any(|site| passed.contains(site))
            });
        }
        let known: BTreeSet<String> = tools.iter().map(|tool| tool.name.clone()).collect();
        tools.extend(described.into_iter().filter(|tool| !known.contains(&tool.name)));
    }
    for tools in found.values_mut() {
        tools.retain(|tool| {
            !tool.name.is_empty() && (tool.source != ToolSource::Opaque || !tool.declared_by.is_empty())
        });
        tools.truncate(MAX_TOOLS);
        merge(tools);
    }
    found
}

/// The functions that a hit is about: the decorated one, those that a call is given, or methods of a class.
fn routines(finder: &Tools<'_, '_>, detection: &Detection<'_>, hit: &Hit) -> Vec<Routine> {
    let program = detection.program;
    let named = &detection.site(hit).tools;
    match hit.subject {
        Subject::Function(_) => vec![hit.routine()],
        Subject::Class(class) => {
            named.iter().filter_map(|name| program.method(hit.module, class, &name.0)).collect()
        }
        Subject::Call(call) => {
            let given = detection.arguments(CallSite { module: hit.module, call });
            let values = named.iter().flat_map(|argument| given.all(argument));
            values.flat_map(|(spot, value)| finder.routines_of(spot, value)).collect()
        }
        Subject::Import | Subject::Mention => Vec::new(),
    }
}

impl One<'_, '_, '_> {
    /// Gives the servers among the components of this part the tools that they offer.
    pub(super) fn offer(
        &self,
        components: &mut Vec<(u32, Component)>,
        manifests: &[&ManifestFacts],
        calls_models: bool,
    ) {
        let detection = self.case.detection;
        let is_own = |module: ModuleId| self.own.contains(&module);
        let by_manifest = self.server_in(manifests);
        // A server that only tests make is offered to nobody.
        if !self.part.role.is_own() {
            return;
        }
        if by_manifest.is_none() && !components.iter().any(|(_, c)| c.kind == ComponentKind::Mcp) {
            return;
        }
        // An agent that is asked about here is that of another process: only what a tool does itself asks anybody.
        let gates = Gates::of(detection, self.reach, &[], &|_| false);
        for (rule, tools) in offered(detection, by_manifest, calls_models, &is_own) {
            let tools: Vec<Tool> = tools
                .iter()
                .map(|found| {
                    let outcome = outcome(detection, &found.handlers, &found.runs);
                    let mut tool = self.told(found, &outcome, &gates, true).tool;
                    if tool.gate == Gate::None {
                        tool.gate = Gate::Unknown;
                    }
                    tool
                })
                .collect();
            if tools.is_empty() {
                continue;
            }
            if let Some((_, component)) = components.iter_mut().find(|(of, _)| *of == rule) {
                component.tools = tools;
                continue;
            }
            // Only a manifest names the server, and code its tools.
            let known = detection.pack.rule(rule);
            let at = |tool: &Tool| tool.evidence.first().cloned().map(|e| e.by(known.id.0.clone()));
            let evidence: Vec<Evidence> =
                tools.iter().take(1).filter_map(at).map(|evidence| evidence.noting(SERVER)).collect();
            components.push((
                rule,
                Component {
                    kind: ComponentKind::Mcp,
                    name: known.name.clone(),
                    package: None,
                    version: None,
                    purl: None,
                    direct: None,
                    role: self.part.role,
                    tools,
                    access: None,
                    evidence,
                },
            ));
        }
    }

    /// The rule of a package that only servers need, if a manifest asks for one.
    fn server_in(&self, manifests: &[&ManifestFacts]) -> Option<u32> {
        let pack = self.case.detection.pack;
        let packages = manifests.iter().flat_map(|manifest| &manifest.known).filter(|package| package.direct);
        packages
            .flat_map(|package| pack.package(package.ecosystem.purl_type(), &package.name))
            .find(|rule| is_about_servers(pack.rule(*rule)))
    }
}

/// Evidence of a hit, with the side of the protocol that it is on.
pub(super) fn sided(detection: &Detection<'_>, hit: &Hit) -> Evidence {
    let evidence = place(detection, hit);
    match side(detection, hit) {
        Some(side) => evidence.noting(side),
        None => evidence,
    }
}
