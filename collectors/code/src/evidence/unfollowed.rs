//! Triggers that are known, from which the way was not followed to its end: a model may be reached by it.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::TriggerKind;
use muster_rules::Means;

use super::reach::{Reach, targets};
use super::triggers::Triggers;
use crate::detect::{Hit, Subject};
use crate::program::{CallSite, ModuleId, Routine};
use crate::starters::{Command, CommandKind, Surroundings, runs_file};
use crate::syntax::Expr;

/// Handlers that are looked for among all files; of more than that it stays open what they run.
const MAX_HANDLERS: usize = 40;

impl Triggers<'_, '_> {
    /// Whether something starts by itself, and on the way from it something is called that could not be followed and
    /// goes by the name of what leads to a model.
    pub(super) fn is_open(&self, reach: &Reach, is_own: &dyn Fn(ModuleId) -> bool) -> bool {
        let program = self.detection.program;
        let names: BTreeSet<&str> = self
            .above
            .iter()
            .filter_map(|routine| Some(&*program.module(routine.module).function(routine.function?).name))
            .filter(|name| !name.is_empty())
            .collect();
        let starts = |hit: &&Hit| {
            is_own(hit.module) && self.detection.site(hit).trigger.is_some_and(TriggerKind::self_starting)
        };
        let hits: Vec<&Hit> = self.detection.meaning(Means::Trigger).filter(starts).collect();
        let declared = || {
            let starters = self.survey.starters.iter();
            starters.filter(|(path, s)| s.kind.self_starting() && !crate::starters::is_pipeline(path))
        };
        // Where no call of a model is known, each of them may lead to one.
        if self.above.is_empty() {
            return !hits.is_empty() || declared().any(|(path, _)| self.is_near(path, is_own));
        }
        let mut begins: BTreeSet<Routine> = hits.into_iter().flat_map(|hit| self.begun_by(hit)).collect();
        let mut handlers = 0;
        for (path, starter) in declared() {
            let is_handler =
                |c: &&Command| matches!(c.kind, CommandKind::Handler | CommandKind::LikelyHandler);
            for command in starter.runs.iter().filter(is_handler) {
                handlers += 1;
                if handlers > MAX_HANDLERS {
                    return true;
                }
                let modules = program.modules().filter(|(id, _)| is_own(*id));
                let run: Vec<ModuleId> =
                    modules.filter(|(_, module)| runs(command, &module.path)).map(|(id, _)| id).collect();
                let elsewhere = || self.survey.sources.keys().any(|file| runs(command, file));
                if run.is_empty() && self.is_near(path, is_own) && !elsewhere() {
                    return true;
                }
                begins.extend(run.into_iter().flat_map(|module| self.handler_in(command, module)));
            }
        }
        reach
            .below(begins)
            .iter()
            .any(|routine| program.calls_in(*routine).any(|site| self.may_lead(site, &names)))
    }

    /// Whether a file stands in a folder around modules of the part.
    fn is_near(&self, path: &str, is_own: &dyn Fn(ModuleId) -> bool) -> bool {
        let folder = crate::program::parent(path);
        self.detection.program.modules().filter(|(id, _)| is_own(*id)).any(|(_, module)| {
            folder.is_empty() || module.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The function that a handler names, or all of the module.
    fn handler_in(&self, command: &Command, module: ModuleId) -> Vec<Routine> {
        let facts = self.detection.program.module(module);
        let name = crate::starters::function_of(&command.text);
        let named = (0u32..).zip(&facts.functions).filter(|(_, f)| Some(&*f.name) == name);
        let mut found: Vec<Routine> = named.map(|(id, _)| Routine { module, function: Some(id) }).collect();
        if found.is_empty() {
            found.push(Routine { module, function: None });
        }
        found
    }

    /// The routines that a trigger starts, or that declare it.
    fn begun_by(&self, hit: &Hit) -> Vec<Routine> {
        let program = self.detection.program;
        match hit.subject {
            Subject::Function(_) => vec![hit.routine()],
            Subject::Class(class) => program.methods(hit.module, class).collect(),
            Subject::Call(_) => {
                let Some(call) = hit.call() else { return Vec::new() };
                let given = self.detection.arguments(call);
                let what = self.detection.site(hit);
                what.runs
                    .iter()
                    .filter_map(|argument| given.find(argument).value())
                    .flat_map(|(spot, value)| self.routines_of(spot, value))
                    .collect()
            }
            Subject::Import | Subject::Mention => Vec::new(),
        }
    }

    /// Whether a call could not be followed, and is of something that leads to a model elsewhere.
    fn may_lead(&self, site: CallSite, names: &BTreeSet<&str>) -> bool {
        let program = self.detection.program;
        let call = program.module(site.module).call(site.call);
        let leads = targets(program, site);
        let is_open = leads.iter().all(|target| program.is_abstract(*target))
            && self.detection.on_call(site).next().is_none();
        if !is_open {
            return false;
        }
        let is_unknown = || program.callee(site).iter().all(|m| m.is_unresolved() || !leads.is_empty());
        let is_self = |of: &Expr| matches!(of, Expr::Name(of) if matches!(&**of, "self" | "this" | "cls"));
        match &call.callee {
            // `self.llm(…)`: an object that is itself called.
            Expr::Member(of, _) if leads.is_empty() && is_self(of) && names.contains("__call__") => true,
            Expr::Name(name) | Expr::Member(_, name) => names.contains(&**name) && is_unknown(),
            _ => false,
        }
    }
}

/// Whether a handler is in a file.
fn runs(command: &Command, file: &str) -> bool {
    let around = Surroundings {
        scripts: &BTreeMap::new(),
        scripts_folder: "",
        entry_points: &[],
        packages: &[],
        declares: &|_| false,
    };
    runs_file(command, file, &around).is_some()
}
