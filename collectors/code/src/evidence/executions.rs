//! Code that is run: where a model's answer is executed, and where something is that is put together elsewhere.

use std::collections::BTreeSet;

use asmm_model::Effect;
use muster_rules::Means;

use super::agents::ModelSite;
use super::reach::Reach;
use crate::detect::{Detection, Hit};
use crate::program::{CallSite, ModuleId, Program, Spot};
use crate::syntax::Expr;

/// Calls that execute what a model answered: `exec(response.choices[0].message.content)`.
pub(crate) fn executed_output<'d>(
    detection: &'d Detection<'_>,
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Vec<(&'d Hit, CallSite)> {
    let answers: BTreeSet<&str> = detection
        .hits
        .iter()
        .filter(|hit| matches!(detection.means(hit), Means::ModelCall | Means::Chain | Means::Agent))
        .map(|hit| &*hit.name)
        .collect();
    let program = detection.program;
    let mut found = Vec::new();
    for hit in detection.meaning(Means::Effect).filter(|hit| is_own(hit.module)) {
        let Some(site) = hit.call().filter(|_| detection.site(hit).effect == Some(Effect::Execute)) else {
            continue;
        };
        let call = program.module(site.module).call(site.call);
        let spot = Spot { module: site.module, function: call.within };
        let from_model = call.arguments.iter().flat_map(|a| program.symbols(spot, &a.value)).any(|name| {
            let mut end = name.len();
            while let Some(at) = name[..end].rfind('.') {
                if answers.contains(&name[..at]) {
                    return true;
                }
                end = at;
            }
            answers.contains(&*name)
        });
        if from_model {
            found.push((hit, site));
        }
    }
    found
}

/// Calls that execute code or commands which are put together elsewhere: where a model's answers may be among them,
/// nothing says that the model does not choose what runs. Shell commands count where code that calls a model leads
/// to them, code and sandboxes anywhere in the part.
pub(crate) fn doubtful_executions<'d>(
    detection: &'d Detection<'_>,
    reach: &Reach,
    sites: &[ModelSite<'_>],
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Vec<&'d Hit> {
    let program = detection.program;
    let around = reach.below(reach.above(sites.iter().map(|site| site.hit.routine())));
    let mut found: Vec<&Hit> = detection
        .meaning(Means::Effect)
        .filter(|hit| is_own(hit.module) && detection.site(hit).effect == Some(Effect::Execute))
        .filter(|hit| {
            let Some(site) = hit.call() else { return false };
            let call = program.module(site.module).call(site.call);
            let spot = Spot { module: site.module, function: call.within };
            let fixed = call.arguments.first().is_none_or(|first| is_fixed(program, spot, &first.value));
            let runs_code = detection.on_call(site).any(|h| detection.rule(h).id.0.starts_with("runs-code"));
            !fixed && (runs_code || around.contains(&hit.routine()))
        })
        .collect();
    found.dedup_by_key(|hit| hit.call());
    found
}

/// Whether the code says which program runs: a text, or a list that begins with one.
pub(super) fn is_fixed(program: &Program<'_>, spot: Spot, value: &Expr) -> bool {
    match program.value_of(spot, value) {
        (_, Expr::Text(text)) => !text.starts_with("{}"),
        (spot, Expr::List(parts)) => parts.first().is_some_and(|first| {
            matches!(program.value_of(spot, first).1, Expr::Text(_)) || is_interpreter(program, spot, first)
        }),
        _ => false,
    }
}

/// `sys.executable` is as good as the name of the program.
fn is_interpreter(program: &Program<'_>, spot: Spot, value: &Expr) -> bool {
    program
        .symbols(spot, value)
        .iter()
        .any(|name| matches!(&**name, "sys.executable" | "global#process.execPath"))
}
