//! C5 to C10: what starts it, what it acts under, what it reads, keeps, calls and changes.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    ComponentKind, Criterion, Evidence, EvidenceClass, Fact, Identity, IdentityKind, Observation, Place,
    Supports, Trigger, TriggerKind,
};
use muster_rules::Means;

use super::agents::{ModelSite, uses};
use super::case::{One, shown};
use super::components::place;
use super::criteria::Reasons;
use super::effects::Outcome;
use super::identities::{self, FoundIdentity};
use super::tools::FoundTool;
use super::triggers::{FoundTrigger, Triggers};
use crate::detect::Detection;
use crate::program::{CallSite, Meaning, Routine};

impl One<'_, '_, '_> {
    /// Whether the files of the part say all of it. Of an agent that infrastructure code builds, who asks it, what it keeps
    /// and what it may call is up to the service as well.
    pub(super) fn is_complete(&self) -> bool {
        let detection = self.case.detection;
        let is_built = |hit: &crate::detect::Hit| {
            self.own.contains(&hit.module) && detection.rule(hit).kind == Some(ComponentKind::Iac)
        };
        self.case.complete && !detection.meaning(Means::Agent).any(is_built)
    }

    /// C5: what starts it.
    pub(super) fn starts(
        &self,
        sites: &[ModelSite<'_>],
        tools: &[(FoundTool, Outcome)],
        reasons: &mut Reasons<'_>,
        out: &mut Vec<Observation>,
    ) {
        let detection = self.case.detection;
        let uses = uses(detection, sites);
        let program = detection.program;
        let routine_of = |site: &CallSite| Routine {
            module: site.module,
            function: program.module(site.module).call(site.call).within,
        };
        let models: BTreeSet<Routine> =
            sites.iter().map(|site| site.hit.routine()).chain(uses.iter().map(routine_of)).collect();
        let above = self.reach.above(models.iter().copied());
        let finder =
            Triggers { detection, survey: self.case.survey, above: &above, models: &models, uses: &uses };
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
                let carries = if trigger.by_workflow { "the text of" } else { "requests to" };
                reasons.add("reads-untrusted-input", &at, &format!("{carries} `{}`", trigger.value));
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
            let is_open = || finder.is_open(self.reach, &|module| self.own.contains(&module));
            if self.is_complete() && !is_open() {
                reasons.add("complete-scan-no-trigger", &self.whole(), "");
            }
        }
        let handlers = tools.iter().flat_map(|(tool, _)| tool.handlers.iter().copied());
        let reached = self.reach.below(above.iter().copied().chain(handlers));
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
            .filter(|routine| {
                let module = program.module(routine.module);
                routine.function.is_none() && module.is_script && module.role.is_own()
            })
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
    pub(super) fn identities(&self, reasons: &mut Reasons<'_>, out: &mut Vec<Observation>) {
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
                Fact::Identity(Identity {
                    kind,
                    name,
                    privilege: None,
                    may_ask: None,
                    arn: None,
                    fingerprint: None,
                    assumed_by: Vec::new(),
                    shared_with: Vec::new(),
                    inferred,
                    evidence,
                }),
            );
        }
    }

    /// C8 to C10, and what a complete scan did not find.
    pub(super) fn traits(
        &self,
        sites: &[ModelSite<'_>],
        tools: &[(FoundTool, Outcome)],
        reasons: &mut Reasons<'_>,
    ) {
        let detection = self.case.detection;
        // A crew of one delegates to nobody.
        let alone: BTreeSet<CallSite> =
            sites.iter().filter(|s| s.agent_count == Some(1)).filter_map(|s| s.hit.call()).collect();
        let is_alone = |hit: &crate::detect::Hit| hit.call().is_some_and(|call| alone.contains(&call));
        for hit in detection.hits.iter().filter(|hit| self.own.contains(&hit.module)) {
            let observable = match detection.means(hit) {
                Means::Memory => "keeps-memory",
                Means::Delegates if !is_alone(hit) => "delegates",
                Means::ChangesItself => "changes-itself",
                _ => continue,
            };
            reasons.add(observable, &place(detection, hit), &format!("`{}`", shown(&hit.name)));
        }
        for site in sites.iter().filter(|site| site.has_agents && site.agent_count != Some(1)) {
            reasons.add("delegates", &place(detection, site.hit), &format!("`{}`", shown(&site.hit.name)));
        }
        for (tool, _) in tools {
            for routine in self.reach.below(tool.handlers.iter().copied()) {
                for site in detection.program.calls_in(routine) {
                    if let Some(name) = written_memory(detection, site) {
                        let module = detection.program.module(site.module);
                        let at = Evidence::at(
                            Place::line(&*module.path, module.call(site.call).line),
                            module.role,
                        );
                        reasons.add(
                            "keeps-memory",
                            &at,
                            &format!("`{}` writes `{}`", tool.name, shown(&name)),
                        );
                    }
                }
            }
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
        if !self.is_complete() {
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
}

/// The name of a call that writes into a vector store.
fn written_memory(detection: &Detection<'_>, site: CallSite) -> Option<String> {
    const WRITES: [&str; 13] = [
        "add",
        "upsert",
        "insert",
        "add_texts",
        "add_documents",
        "aadd_texts",
        "aadd_documents",
        "addDocuments",
        "add_vectors",
        "insert_many",
        "upload_points",
        "upsert_records",
        "put_vectors",
    ];
    let language = detection.program.module(site.module).dialect.language();
    detection.program.callee(site).iter().find_map(|meaning| {
        let Meaning::External(name) = meaning else { return None };
        let last = name.rsplit(['.', '#']).next()?;
        let module = name.split('#').next().unwrap_or(name);
        let stores = || {
            detection
                .pack
                .import_sites(language, module)
                .iter()
                .any(|s| detection.pack.rule(s.rule).kind == Some(ComponentKind::VectorDb))
        };
        (WRITES.contains(&last) && stores()).then(|| name.to_string())
    })
}
