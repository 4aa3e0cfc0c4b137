//! The tools that a model is given: what stands in a tool argument, followed to the functions that it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use asmm_model::Effect;
use muster_rules::{Means, SiteKind, ToolArgument};

use crate::detect::{Detection, Hit};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::syntax::{ClassId, Expr};

/// Tools of one list.
const MAX_TOOLS: usize = 300;
/// How deep lists, choices and wrappers are followed.
const MAX_DEPTH: u8 = 8;
/// Methods in which a tool class does its work, in the order in which they count.
const RUN_METHODS: [&str; 14] = [
    "_run",
    "_arun",
    "run",
    "arun",
    "forward",
    "__call__",
    "execute",
    "_execute",
    "invoke",
    "_invoke",
    "_call",
    "call",
    "run_async",
    "handle",
];

/// How a tool came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ToolSource {
    /// A function or class of the program.
    Own,
    /// A ready-made one whose effect a rule states.
    Builtin,
    /// Only its description for the model is known.
    Schema,
    /// It comes from another process, or cannot be followed.
    Opaque,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundTool {
    pub(crate) name: String,
    pub(crate) module: ModuleId,
    pub(crate) line: u32,
    pub(crate) source: ToolSource,
    /// What it runs.
    pub(crate) handlers: Vec<Routine>,
    /// For ready-made ones: what it does.
    pub(crate) effect: Option<Effect>,
    /// Calls and decorators on which a gate for this tool may stand.
    pub(crate) declared_by: Vec<CallSite>,
    /// The rule that recognised it.
    pub(crate) rule: Option<u32>,
}

/// The tools that one argument gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToolList {
    pub(crate) tools: Vec<FoundTool>,
    /// Whether something in it could not be followed.
    pub(crate) open: bool,
    /// Whether other agents are among the tools.
    pub(crate) has_agents: bool,
}

impl ToolList {
    pub(crate) fn extend(&mut self, other: Self) {
        self.open |= other.open;
        self.has_agents |= other.has_agents;
        self.tools.extend(other.tools);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty() && !self.open && !self.has_agents
    }
}

/// Follows tool arguments.
pub(crate) struct Tools<'d, 'p> {
    detection: &'d Detection<'p>,
}

impl<'d, 'p> Tools<'d, 'p> {
    pub(crate) fn new(detection: &'d Detection<'p>) -> Self {
        Self { detection }
    }

    /// The tools that a call carries in these arguments; `None` when it carries none of them.
    pub(crate) fn of_call(&self, site: CallSite, arguments: &[ToolArgument]) -> Option<ToolList> {
        self.of_call_within(site, arguments, MAX_DEPTH)
    }

    /// The tools that a value is or holds.
    fn expand(&self, spot: Spot, value: &'p Expr, key: Option<&str>, depth: u8) -> ToolList {
        let mut list = ToolList::default();
        let Some(depth) = depth.checked_sub(1) else {
            list.open = true;
            return list;
        };
        // A call that a rule knows is looked at before it is followed to what it returns.
        if let Some(tool) = self.known_call(spot, value, key, depth) {
            return tool;
        }
        match value {
            Expr::List(values) | Expr::Choice(values) => {
                for value in values.iter().take(MAX_TOOLS) {
                    list.extend(self.expand(spot, value, None, depth));
                }
            }
            Expr::Spread(inner) => list.extend(self.expand(spot, inner, None, depth)),
            Expr::Map(entries) => list.extend(self.map(spot, entries, key, depth)),
            Expr::Function(function) => {
                let routine = Routine { module: spot.module, function: Some(*function) };
                list.tools.push(self.function(routine, key));
            }
            Expr::Class(class) => list.tools.push(self.class(spot.module, *class, key)),
            Expr::Text(text) => list.tools.push(self.named(spot.module, text, self.line_of(spot))),
            Expr::Literal(_) => {}
            Expr::Name(_) | Expr::Member(..) | Expr::Call(_) => {
                list.extend(self.followed(spot, value, key, depth));
            }
            Expr::Unknown => list.open = true,
        }
        list
    }

    fn line_of(&self, spot: Spot) -> u32 {
        let module = self.detection.program.module(spot.module);
        spot.function.map_or(1, |f| module.function(f).line)
    }

    fn map(&self, spot: Spot, entries: &'p [(Arc<str>, Expr)], key: Option<&str>, depth: u8) -> ToolList {
        let mut list = ToolList::default();
        let text = |name: &str| {
            entries.iter().find(|(key, _)| &**key == name).and_then(|(_, value)| {
                match self.detection.program.value_of(spot, value).1 {
                    Expr::Text(text) => Some(text.to_string()),
                    _ => None,
                }
            })
        };
        let has = |name: &str| entries.iter().any(|(key, _)| &**key == name);
        let is_schema = has("parameters")
            || has("input_schema")
            || has("inputSchema")
            || has("toolSpec")
            || has("functionDeclarations")
            || has("function_declarations")
            || (has("name") && has("description"))
            || (has("type") && (has("function") || has("name")));
        if is_schema {
            for nested in ["functionDeclarations", "function_declarations", "function", "toolSpec"] {
                if let Some((_, inner)) = entries.iter().find(|(key, _)| &**key == nested) {
                    // A description, or in some SDKs the code itself.
                    let (spot, inner) = self.detection.program.value_of(spot, inner);
                    return self.expand(spot, inner, key, depth);
                }
            }
            let name = text("name").or_else(|| key.map(str::to_owned)).or_else(|| text("type"));
            let handler = ["execute", "function", "handler", "run", "invoke", "func", "call"]
                .iter()
                .find_map(|name| entries.iter().find(|(key, _)| key.as_ref() == *name));
            // A description that is put together by other code names no tool of its own.
            if name.is_none() && handler.is_none() {
                list.open = true;
                return list;
            }
            let mut tool = self.named(spot.module, name.as_deref().unwrap_or("tool"), self.line_of(spot));
            tool.source = ToolSource::Schema;
            if let Some((_, handler)) = handler {
                let handlers = self.expand(spot, handler, None, depth);
                tool.handlers = handlers.tools.into_iter().flat_map(|t| t.handlers).collect();
                tool.source = ToolSource::Own;
            }
            list.tools.push(tool);
            return list;
        }
        for (key, value) in entries.iter().take(MAX_TOOLS) {
            let key = (!key.is_empty()).then_some(&**key);
            list.extend(self.expand(spot, value, key, depth));
        }
        list
    }

    /// A name, attribute or call that no rule knows: what it stands for.
    fn followed(&self, spot: Spot, value: &'p Expr, key: Option<&str>, depth: u8) -> ToolList {
        let program = self.detection.program;
        let mut list = ToolList::default();
        for meaning in program.resolve(spot, value) {
            match meaning {
                Meaning::Function(module, function) => {
                    if let Expr::Call(_) = value {
                        continue;
                    }
                    let routine = Routine { module, function: Some(function) };
                    list.tools.push(self.function(routine, key));
                }
                Meaning::Class(module, class) | Meaning::Instance(module, class)
                    if self.is_tool_class(module, class) =>
                {
                    list.tools.push(self.class(module, class, key));
                }
                _ => {}
            }
        }
        if !list.tools.is_empty() {
            return list;
        }
        let (next, inner) = program.value_of(spot, value);
        if !std::ptr::eq(inner, value) {
            return self.expand(next, inner, key, depth);
        }
        let language = program.module(spot.module).dialect.language();
        for name in program.symbols(spot, value) {
            // A ready-made tool that is handed over by its name.
            let sites = self.detection.pack.sites(language, SiteKind::Call, &name);
            let ready = sites.iter().map(|at| (at, self.detection.pack.site(*at)));
            let ready =
                ready.filter(|(_, site)| site.means == Means::BuiltinTool && site.conditions.is_empty());
            if let Some((at, site)) = ready.max_by_key(|(_, site)| site.effect) {
                let mut tool = self.named(spot.module, key.unwrap_or(object_name(&name)), self.line_of(spot));
                (tool.source, tool.effect, tool.rule) = (ToolSource::Builtin, site.effect, Some(at.rule));
                tool.handlers.clear();
                list.tools.push(tool);
                continue;
            }
            let last = object_name(&name).to_owned();
            list.open = true;
            let is_bare =
                name.starts_with('?') || name.starts_with("builtins.") || name.starts_with("global#");
            if !is_bare && !last.is_empty() {
                let mut tool = self.named(spot.module, key.unwrap_or(&last), self.line_of(spot));
                tool.source = ToolSource::Opaque;
                list.tools.push(tool);
            }
        }
        list.open |= list.tools.is_empty();
        list
    }

    /// A call that rules know: a tool made, a ready-made tool, another agent.
    fn known_call(&self, spot: Spot, value: &'p Expr, key: Option<&str>, depth: u8) -> Option<ToolList> {
        let site = self.call_behind(spot, value)?;
        let hits: Vec<&Hit> = self.detection.on_call(site).collect();
        let line = self.detection.program.module(site.module).call(site.call).line;
        let name_of = |hit: &Hit| object_name(&hit.name).to_owned();
        let given = |argument: &str| self.text_argument(site, argument);
        let name = || given("name").or_else(|| given("id")).or_else(|| key.map(str::to_owned));
        if let Some(hit) = hits.iter().find(|h| self.detection.means(h) == Means::BuiltinTool) {
            return Some(ToolList {
                tools: vec![FoundTool {
                    name: name().unwrap_or_else(|| name_of(hit)),
                    module: site.module,
                    line,
                    source: ToolSource::Builtin,
                    handlers: Vec::new(),
                    effect: self.strongest_builtin(&hits),
                    declared_by: vec![site],
                    rule: Some(hit.site.rule),
                }],
                open: false,
                has_agents: false,
            });
        }
        if let Some(hit) = hits.iter().find(|h| self.detection.means(h) == Means::Tool) {
            let what = self.detection.site(hit);
            let inner = self.of_call_within(site, &what.tools, depth).unwrap_or_default();
            let mut tool = FoundTool {
                name: String::new(),
                module: site.module,
                line,
                source: ToolSource::Own,
                handlers: inner.tools.iter().flat_map(|t| t.handlers.clone()).collect(),
                effect: None,
                declared_by: vec![site],
                rule: Some(hit.site.rule),
            };
            let inner_name = inner.tools.first().map(|t| t.name.clone()).filter(|n| !n.is_empty());
            tool.name = name()
                .or_else(|| self.text_argument(site, "@0"))
                .or(inner_name)
                .unwrap_or_else(|| name_of(hit));
            // Without code to run, the caller decides what happens: nothing runs by itself.
            if tool.handlers.is_empty() {
                tool.source = if inner.open { ToolSource::Opaque } else { ToolSource::Schema };
            }
            return Some(ToolList { tools: vec![tool], open: inner.open, has_agents: false });
        }
        let remote = hits.iter().find(|h| {
            self.detection.rule(h).kind == Some(asmm_model::ComponentKind::Mcp)
                && self.detection.means(h) != Means::Memory
        });
        if let Some(hit) = remote {
            let mut tool = self.named(site.module, &key.map_or_else(|| name_of(hit), str::to_owned), line);
            tool.rule = Some(hit.site.rule);
            tool.declared_by.push(site);
            return Some(ToolList { tools: vec![tool], open: true, has_agents: false });
        }
        // Another agent handed over as a tool brings its own tools, which are listed where it is made.
        let delegates =
            hits.iter().any(|h| matches!(self.detection.means(h), Means::Agent | Means::Delegates));
        delegates.then(|| ToolList { has_agents: true, ..ToolList::default() })
    }

    fn of_call_within(&self, site: CallSite, arguments: &[ToolArgument], depth: u8) -> Option<ToolList> {
        let given = self.detection.arguments(site);
        let mut list: Option<ToolList> = None;
        for argument in arguments {
            if let Some((spot, value)) = given.find(argument).value() {
                list.get_or_insert_with(ToolList::default).extend(self.expand(spot, value, None, depth));
            }
        }
        list
    }

    fn strongest_builtin(&self, hits: &[&Hit]) -> Option<Effect> {
        hits.iter()
            .map(|h| self.detection.site(h))
            .filter(|s| s.means == Means::BuiltinTool)
            .filter_map(|s| s.effect)
            .max()
    }

    /// The call that makes a value, through names that are bound to it; only where a rule knows the call.
    fn call_behind(&self, spot: Spot, value: &'p Expr) -> Option<CallSite> {
        let program = self.detection.program;
        let mut at = (spot, value);
        for _ in 0..6 {
            if let Expr::Call(call) = at.1 {
                let site = CallSite { module: at.0.module, call: *call };
                if self.detection.on_call(site).next().is_some() {
                    return Some(site);
                }
            }
            at = program.step(at.0, at.1)?;
        }
        None
    }

    fn text_argument(&self, site: CallSite, argument: &str) -> Option<String> {
        let (_, value) = self.detection.arguments(site).value(&ToolArgument(argument.to_owned()))?;
        match value {
            Expr::Text(text)
                if !text.is_empty() && text.len() <= 80 && !text.contains(char::is_whitespace) =>
            {
                Some(text.to_string())
            }
            _ => None,
        }
    }

    /// A function as a tool.
    pub(crate) fn function(&self, routine: Routine, key: Option<&str>) -> FoundTool {
        let module = self.detection.program.module(routine.module);
        let definition = routine.function.map(|f| module.function(f));
        let calls: Vec<CallSite> = definition
            .into_iter()
            .flat_map(|d| &d.decorators)
            .filter_map(|decorator| match decorator {
                Expr::Call(call) => Some(CallSite { module: routine.module, call: *call }),
                _ => None,
            })
            .collect();
        let named = calls.iter().find_map(|site| {
            ["name_override", "name", "tool_name"]
                .iter()
                .find_map(|argument| self.text_argument(*site, argument))
        });
        let own = definition.map(|d| d.name.to_string()).filter(|n| !n.is_empty());
        let rule = self
            .detection
            .on_function(routine)
            .find(|hit| self.detection.means(hit) == Means::Tool)
            .map(|hit| hit.site.rule);
        FoundTool {
            name: named.or_else(|| key.map(str::to_owned)).or(own).unwrap_or_else(|| "function".to_owned()),
            module: routine.module,
            line: definition.map_or(1, |d| d.line),
            source: ToolSource::Own,
            handlers: vec![routine],
            effect: None,
            declared_by: calls,
            rule,
        }
    }

    /// A class as a tool.
    pub(crate) fn class(&self, module: ModuleId, class: ClassId, key: Option<&str>) -> FoundTool {
        let program = self.detection.program;
        let definition = program.module(module).class(class);
        let named = ["name", "tool_name"].iter().find_map(|attribute| {
            match program.attribute(module, class, attribute) {
                Some(Expr::Text(text)) => Some(text.to_string()),
                _ => None,
            }
        });
        let mut handlers: Vec<Routine> =
            RUN_METHODS.iter().filter_map(|method| program.method(module, class, method)).collect();
        handlers.dedup();
        let rule = self
            .detection
            .on_class(module, class)
            .find(|hit| self.detection.means(hit) == Means::Tool)
            .map(|hit| hit.site.rule);
        FoundTool {
            name: named
                .filter(|n| !n.is_empty())
                .or_else(|| key.map(str::to_owned))
                .unwrap_or_else(|| definition.name.to_string()),
            module,
            line: definition.line,
            source: if handlers.is_empty() { ToolSource::Opaque } else { ToolSource::Own },
            handlers,
            effect: None,
            declared_by: Vec::new(),
            rule,
        }
    }

    fn is_tool_class(&self, module: ModuleId, class: ClassId) -> bool {
        self.detection.on_class(module, class).any(|hit| self.detection.means(hit) == Means::Tool)
            || self.looks_like_a_tool(module, class)
    }

    /// A class of the program that is called a tool and has a method that runs it.
    fn looks_like_a_tool(&self, module: ModuleId, class: ClassId) -> bool {
        let program = self.detection.program;
        let name = program
            .module(module)
            .class(class)
            .name
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let is_base = name.starts_with("Base") || name.starts_with("Abstract") || name == "Tool";
        name.ends_with("Tool")
            && !is_base
            && RUN_METHODS.iter().any(|m| program.method(module, class, m).is_some())
    }

    /// A tool of which only the name is known: a function or class of that name is taken for what it runs.
    fn named(&self, module: ModuleId, name: &str, line: u32) -> FoundTool {
        let program = self.detection.program;
        let candidates =
            [name.to_owned(), format!("_{name}"), format!("handle_{name}"), camel(name), snake(name)];
        let handler = candidates.iter().find_map(|n| program.only_named(n));
        let (module, line) = match handler.map(|r| (r.module, r.function)) {
            Some((module, Some(function))) => (module, program.module(module).function(function).line),
            _ => (module, line),
        };
        FoundTool {
            name: name.to_owned(),
            module,
            line,
            source: if handler.is_some() { ToolSource::Own } else { ToolSource::Opaque },
            handlers: handler.into_iter().collect(),
            effect: None,
            declared_by: Vec::new(),
            rule: None,
        }
    }

    /// Every function and class of the program that a rule, or its name, says is a tool: what a list that could not
    /// be followed is made of.
    pub(crate) fn declared(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        let program = self.detection.program;
        let mut routines: BTreeSet<Routine> = BTreeSet::new();
        let mut classes: BTreeSet<(ModuleId, ClassId)> = BTreeSet::new();
        for hit in self.detection.meaning(Means::Tool) {
            match hit.subject {
                crate::detect::Subject::Function(_) => drop(routines.insert(hit.routine())),
                crate::detect::Subject::Class(class) => drop(classes.insert((hit.module, class))),
                _ => {}
            }
        }
        for (id, module) in program.modules() {
            for (class, _) in (0u32..).zip(&module.classes) {
                if self.looks_like_a_tool(id, class) {
                    classes.insert((id, class));
                }
            }
        }
        let functions = routines.into_iter().filter(|r| is_own(r.module)).map(|r| self.function(r, None));
        let classes = classes.into_iter().filter(|(m, _)| is_own(*m)).map(|(m, c)| self.class(m, c, None));
        functions.chain(classes).take(MAX_TOOLS).collect()
    }
}

/// The telling part of a resolved name: `FileToolkit` of `kit.FileToolkit.get_tools`.
fn object_name(name: &str) -> &str {
    let mut parts = name.rsplit(['.', '#']).filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or(name);
    let is_accessor =
        ["get_", "getTools", "as_", "to_", "from_", "load", "list", "tools", "default", "__getitem__"]
            .iter()
            .any(|accessor| last.starts_with(accessor));
    if is_accessor { parts.next().unwrap_or(last) } else { last }
}

fn camel(name: &str) -> String {
    let mut parts = name.split(['_', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

fn snake(name: &str) -> String {
    let mut all = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !all.is_empty() {
            all.push('_');
        }
        all.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessors_do_not_name_a_tool() {
        assert_eq!(object_name("kit.FileToolkit.get_tools"), "FileToolkit");
        assert_eq!(object_name("crewai_tools.SerperDevTool"), "SerperDevTool");
        assert_eq!(object_name("execa#default"), "execa");
    }

    #[test]
    fn spellings_of_one_name() {
        assert_eq!(camel("send_refund-now"), "sendRefundNow");
        assert_eq!(snake("sendRefundNow"), "send_refund_now");
        assert_eq!(snake("send-refund"), "send_refund");
    }
}
