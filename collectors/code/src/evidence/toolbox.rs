//! Every tool that the models of a part can call, put together from all places that speak of one.

use std::collections::BTreeSet;

use muster_rules::{Language, Means, SiteKind};

use super::agents::ModelSite;
use super::tools::{FoundTool, ToolSource, Tools};
use crate::detect::{Detection, Hit, Subject};
use crate::program::{CallSite, ModuleId};
use crate::syntax::Expr;

/// Tools of one part that are kept.
const MAX_TOOLS: usize = 1_000;

/// Every tool that the models of a part can call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolbox {
    pub(crate) tools: Vec<FoundTool>,
    /// Whether a list could not be followed to its end.
    pub(crate) open: bool,
}

/// Puts together what all model sites are given, what is bound by decorators and registrations, and, where a list
/// could not be followed, what the code declares as tools.
pub(crate) fn toolbox(
    detection: &Detection<'_>,
    sites: &[ModelSite<'_>],
    is_own: &dyn Fn(ModuleId) -> bool,
) -> Toolbox {
    let finder = Tools::new(detection);
    let mut found = Toolbox::default();
    for site in sites {
        if let Some(list) = &site.tools {
            found.open |= list.open;
            found.tools.extend(list.tools.iter().cloned());
        }
    }
    // In Rust, an agent is built with its tools: what no builder is given is attached to none.
    let is_bare = |site: &ModelSite<'_>| {
        let language = detection.program.module(site.hit.module).dialect.language();
        language == Language::Rust && site.may_carry_tools && site.tools.is_none() && !site.is_unclear
    };
    let agents: Vec<&ModelSite<'_>> =
        sites.iter().filter(|s| s.means == Means::Agent && !is_bare(s)).collect();
    let listed = !found.tools.is_empty() || found.open;
    // Ready-made abilities that an agent has by itself or by a setting, not as an element of a list.
    let calls: BTreeSet<CallSite> = sites.iter().filter_map(|s| s.hit.call()).collect();
    let ready = detection.meaning(Means::BuiltinTool).filter(|hit| is_own(hit.module));
    // A name alone is a tool only where it stands in a list of tools.
    for hit in ready.filter(|hit| hit.subject != Subject::Mention) {
        let is_setting = detection.site(hit).kind == SiteKind::Argument;
        if is_setting || hit.call().is_none_or(|call| calls.contains(&call)) || is_client(detection, hit) {
            found.tools.extend(inherent(detection, hit));
        }
    }
    // Tools that are bound to an agent object: `@agent.tool`, `agent.register_for_llm(…)`.
    for hit in detection.meaning(Means::Tool).filter(|hit| is_own(hit.module)) {
        let on_agent = agents
            .iter()
            .any(|agent| hit.name.strip_prefix(&*agent.hit.name).is_some_and(|rest| rest.starts_with('.')));
        let unlisted = !listed && !agents.is_empty();
        if !(on_agent || unlisted) {
            continue;
        }
        let list = finder.declared_at(hit);
        found.open |= list.open;
        found.tools.extend(list.tools);
    }
    if found.open || (found.tools.is_empty() && agents.iter().any(|site| site.may_carry_tools)) {
        let declared = finder.declared(is_own);
        for tool in declared {
            if !found.tools.iter().any(|t| t.handlers == tool.handlers && !t.handlers.is_empty()) {
                found.tools.push(tool);
            }
        }
    }
    if found.tools.len() > MAX_TOOLS {
        found.tools.truncate(MAX_TOOLS);
        found.open = true;
    }
    merge(&mut found.tools);
    found
}

fn is_client(detection: &Detection<'_>, hit: &Hit) -> bool {
    hit.call().is_some_and(|call| detection.on_call(call).any(|h| detection.means(h) == Means::Client))
}

/// The tools that a setting of a call stands for: the entries of the list that the rule asks about, or the setting.
fn inherent(detection: &Detection<'_>, hit: &Hit) -> Vec<FoundTool> {
    let site = detection.site(hit);
    let module = detection.program.module(hit.module);
    let make = |name: String| FoundTool {
        name,
        module: hit.module,
        line: hit.call().map_or(hit.line, |call| module.call(call.call).line),
        source: ToolSource::Builtin,
        handlers: Vec::new(),
        runs: Vec::new(),
        effect: site.effect,
        declared_by: hit.call().into_iter().collect(),
        confirmed: false,
        rule: Some(hit.site.rule),
    };
    let Some(call) = hit.call() else { return vec![make(hit.name.to_string())] };
    let given = detection.arguments(call);
    let mut named = Vec::new();
    for test in &site.conditions {
        let Some((_, Expr::List(values))) = given.value(&test.name) else { continue };
        for value in values {
            if let Expr::Text(text) = value
                && !text.starts_with('-')
                && test.equals.iter().any(|want| want.eq_ignore_ascii_case(text))
            {
                named.push(make(text.to_string()));
            }
        }
    }
    if !named.is_empty() {
        return named;
    }
    let setting = site.conditions.iter().find(|test| !test.absent).map(|test| test.name.0.as_str());
    let last = setting
        .filter(|name| !name.starts_with('@') || name.contains('.'))
        .unwrap_or(&hit.name)
        .rsplit(['.', '#'])
        .next()
        .unwrap_or(&hit.name);
    vec![make(last.to_owned())]
}

/// One entry per tool: what is known of it in one place completes what is known in another.
pub(super) fn merge(tools: &mut Vec<FoundTool>) {
    let mut merged: Vec<FoundTool> = Vec::new();
    for tool in tools.drain(..) {
        let same = merged.iter_mut().find(|t| {
            (!t.handlers.is_empty() && t.handlers == tool.handlers)
                || (t.name == tool.name
                    && (t.source >= ToolSource::Schema || tool.source >= ToolSource::Schema))
                || (t.name == tool.name && t.module == tool.module && t.line == tool.line)
        });
        let Some(same) = same else {
            merged.push(tool);
            continue;
        };
        if tool.source < same.source {
            (same.module, same.line, same.source) = (tool.module, tool.line, tool.source);
        }
        same.effect = same.effect.max(tool.effect);
        same.rule = same.rule.or(tool.rule);
        for handler in tool.handlers {
            if !same.handlers.contains(&handler) {
                same.handlers.push(handler);
            }
        }
        for call in tool.runs {
            if !same.runs.contains(&call) {
                same.runs.push(call);
            }
        }
        for site in tool.declared_by {
            if !same.declared_by.contains(&site) {
                same.declared_by.push(site);
            }
        }
    }
    *tools = merged;
}
