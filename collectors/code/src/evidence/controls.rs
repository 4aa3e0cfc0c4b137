//! Controls that the code of a part shows: what ends the work of its agents, and what brings their state back.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{Control, ControlKind, Evidence, EvidenceClass, Fact, Observation, Place};
use muster_rules::{Means, SiteKind};

use super::agents::{Feedback, ModelSite, Rounds, uses};
use super::case::{One, clip};
use super::components::place;
use super::reach::callbacks;
use crate::detect::{Detection, Hit, Subject};
use crate::program::{CallSite, Routine, Spot};
use crate::syntax::Expr;

/// Places kept of one control.
pub(super) const MAX_PLACES: usize = 25;

/// The controls that were found, by what they are for and what does it.
#[derive(Debug, Default)]
pub(super) struct Controls(BTreeMap<(ControlKind, String), Vec<Evidence>>);

impl Controls {
    /// Adds a place, unless there are enough.
    pub(super) fn add(&mut self, kind: ControlKind, name: &str, at: Evidence) {
        let places = self.0.entry((kind, name.to_owned())).or_default();
        if places.len() < MAX_PLACES && !places.contains(&at) {
            places.push(at);
        }
    }

    /// What was found, in order.
    pub(super) fn into_facts(self) -> impl Iterator<Item = Fact> {
        self.0.into_iter().map(|((kind, name), evidence)| {
            Fact::Control(Control { kind, name, in_place: Some(true), evidence })
        })
    }
}

impl One<'_, '_, '_> {
    /// What limits the agents of the part, and what their state can be brought back from.
    pub(super) fn controls(
        &self,
        sites: &[ModelSite<'_>],
        feedbacks: &[Feedback],
        rounds: &Rounds<'_, '_>,
        out: &mut Vec<Observation>,
    ) {
        let detection = self.case.detection;
        let mut controls = Controls::default();
        let asks = OnceCell::new();
        let asks = || {
            asks.get_or_init(|| {
                let of_call = |call: CallSite| {
                    let function = detection.program.module(call.module).call(call.call).within;
                    Routine { module: call.module, function }
                };
                let used = uses(detection, sites).into_iter().map(of_call);
                self.reach.above(sites.iter().map(|site| site.hit.routine()).chain(used))
            })
        };
        for hit in detection.controls.iter().filter(|hit| self.own.contains(&hit.module)) {
            let module = detection.program.module(hit.module);
            let Some(kind) = detection.means(hit).control().filter(|_| module.role.is_own()) else {
                continue;
            };
            let is_none = match kind {
                ControlKind::Limit => is_without_end(detection, hit),
                ControlKind::Recovery => is_in_memory(detection, hit) || !is_bound(detection, hit, asks),
                _ => false,
            };
            if is_none {
                continue;
            }
            let name = name_of(detection, hit);
            controls.add(kind, &name, place(detection, hit).noting(format!("`{}`", clip(&name))));
        }
        // A loop of the code's own that counts its rounds limits what it gives the results of tools back in.
        let loops = sites.iter().zip(feedbacks).filter(|(_, f)| matches!(f, Feedback::Loop { .. }));
        for (module, line) in loops.filter_map(|(site, _)| rounds.counted(site)) {
            let module = detection.program.module(module);
            if module.role.is_own() {
                let at = Evidence::at(Place::line(&*module.path, line.max(1)), module.role);
                let shown_by = detection.meaning(Means::ToolResult).next();
                let at = shown_by.map_or(at.clone(), |hit| at.by(detection.rule(hit).id.0.clone()));
                let at = at
                    .of(EvidenceClass::Ast)
                    .noting("a loop that gives results back to a model counts its rounds");
                controls.add(ControlKind::Limit, "counted loop", at);
            }
        }
        controls.into_facts().for_each(|fact| self.put(out, fact));
    }
}

/// What does it: the argument that a rule asks for, or what is called, decorated or named. What brings state back is known by
/// its class, or by its package where it is a function.
fn name_of(detection: &Detection<'_>, hit: &Hit) -> String {
    let site = detection.site(hit);
    let arguments = site.conditions.iter().filter(|test| !test.absent);
    let mut arguments = arguments.filter_map(|test| test.name.0.rsplit('.').next());
    let argument = arguments.find(|name| !name.starts_with('@')).filter(|_| site.kind == SiteKind::Argument);
    let last = || hit.name.rsplit(['.', '#']).next().unwrap_or(&hit.name);
    let package = || hit.name.split('#').next().filter(|module| module.len() < hit.name.len());
    let first = || hit.name.split('.').next().unwrap_or(&hit.name);
    let name = match (argument, site.means) {
        (Some(argument), _) => argument,
        (None, Means::Recovery) => {
            let mut parts = hit.name.rsplit(['.', '#']);
            let class = parts.find(|part| part.starts_with(char::is_uppercase));
            class.or_else(package).unwrap_or_else(first)
        }
        _ => last(),
    };
    clip(name)
}

/// Whether what is given as a limit says that there is none: `float("inf")`, `sys.maxsize`.
fn is_without_end(detection: &Detection<'_>, hit: &Hit) -> bool {
    let Some(call) = hit.call() else { return false };
    let site = detection.site(hit);
    let arguments = detection.arguments(call);
    let named = site.conditions.iter().filter_map(|test| arguments.value(&test.name));
    let mut values: Vec<(Spot, &Expr)> = named.collect();
    if site.conditions.is_empty() {
        let module = detection.program.module(call.module);
        let found = module.call(call.call);
        let spot = Spot { module: call.module, function: found.within };
        if let [only] = &found.arguments[..] {
            values.push(detection.program.value_of(spot, &only.value));
        }
    }
    !values.is_empty() && values.iter().all(|(spot, value)| is_endless(detection, *spot, value))
}

/// Whether what keeps state keeps it in the memory of the process: a database at `:memory:`.
fn is_in_memory(detection: &Detection<'_>, hit: &Hit) -> bool {
    let is_memory = |value: &Expr| matches!(value, Expr::Text(text) if text.contains(":memory:"));
    let Some(call) = hit.call() else { return false };
    let module = detection.program.module(call.module);
    let found = module.call(call.call);
    let spot = Spot { module: call.module, function: found.within };
    found.arguments.iter().any(|argument| match detection.program.value_of(spot, &argument.value).1 {
        Expr::Map(entries) => entries.iter().any(|(_, value)| is_memory(value)),
        value => is_memory(value),
    })
}

/// Whether what is run durably leads to a model: a decorated function, the methods of a class, or what a call is handed to
/// run. What wraps an agent as a whole is handed no function.
fn is_bound<'r>(detection: &Detection<'_>, hit: &Hit, asks: impl FnOnce() -> &'r BTreeSet<Routine>) -> bool {
    let program = detection.program;
    let routines: Vec<Routine> = match hit.subject {
        Subject::Function(_) => vec![hit.routine()],
        Subject::Class(class) => program.methods(hit.module, class).collect(),
        Subject::Call(call) => {
            let site = detection.site(hit);
            if site.runs.is_empty() {
                return true;
            }
            let arguments = detection.arguments(CallSite { module: hit.module, call });
            let run = site.runs.iter().filter_map(|argument| arguments.value(argument));
            run.flat_map(|(spot, value)| callbacks(program, spot, value)).collect()
        }
        Subject::Import | Subject::Mention => return true,
    };
    if routines.is_empty() {
        return false;
    }
    let asks = asks();
    routines.iter().any(|routine| asks.contains(routine))
}

fn is_endless(detection: &Detection<'_>, spot: Spot, value: &Expr) -> bool {
    const NAMES: [&str; 14] = [
        "inf",
        "infinity",
        "maxsize",
        "max_value",
        "maxvalue",
        "max_safe_integer",
        "maxint",
        "maxint32",
        "maxint64",
        "max_int",
        "php_int_max",
        "nan",
        "usize::max",
        "unlimited",
    ];
    let is_name = |text: &str| NAMES.iter().any(|name| text.eq_ignore_ascii_case(name));
    match value {
        Expr::Literal(text) | Expr::Text(text) => is_name(text),
        Expr::Name(name) | Expr::Member(_, name) => is_name(name),
        Expr::Call(call) => {
            let call = detection.program.module(spot.module).call(*call);
            matches!(&call.arguments[..], [only] if matches!(&only.value, Expr::Text(text) if is_name(text)))
        }
        _ => false,
    }
}
