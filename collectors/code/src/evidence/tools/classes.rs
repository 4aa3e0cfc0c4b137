//! Functions, methods and classes as tools: what they run.

use std::collections::BTreeSet;

use muster_rules::{Language, Means, SiteKind};

use super::names::{camel, pascal, snake};
use super::{FoundTool, MAX_TOOLS, NAMELESS, ToolSource, Tools};
use crate::program::{CallSite, Meaning, ModuleId, Routine, Spot};
use crate::syntax::{ClassId, Expr};

/// How far the bases of a class are followed, and how many of each.
const MAX_BASES: u8 = 4;
const MOST_BASES: usize = 6;

/// Methods in which a tool class does its work, in the order in which they count.
const RUN_METHODS: [&str; 33] = [
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
    "perform",
    "apply",
    "__invoke",
    "Run",
    "Execute",
    "Call",
    "Invoke",
    "InvokeAsync",
    "ExecuteAsync",
    "InvokableRun",
    "StreamableRun",
    "RunJSON",
    "RunAsync",
    "HandleAsync",
    "InvokeCoreAsync",
    "runAsync",
    "accept",
    "doExecute",
    "Handle",
];

impl Tools<'_, '_> {
    /// `[$this, "send"]`: the method of an object, as PHP hands it over.
    pub(super) fn method_of(&self, spot: Spot, values: &[Expr]) -> Option<Routine> {
        let [object, Expr::Text(name)] = values else { return None };
        let program = self.detection.program;
        program.resolve(spot, object).into_iter().find_map(|meaning| match meaning {
            Meaning::Instance(module, class) | Meaning::Class(module, class) => {
                program.method(module, class, name)
            }
            _ => None,
        })
    }

    /// `FunctionTool.create(Tools.class, "sendMail")`: the method that the text names.
    pub(super) fn method_beside(&self, site: CallSite) -> Option<Routine> {
        let program = self.detection.program;
        let call = program.module(site.module).call(site.call);
        let [object, name, ..] = &call.arguments[..] else { return None };
        let spot = Spot { module: site.module, function: call.within };
        self.method_of(spot, &[object.value.clone(), name.value.clone()])
    }

    /// The method that runs an object which one of the calls of a chain is given: `builder("heat", new Heating())`.
    pub(super) fn object_given(&self, site: CallSite) -> Option<Routine> {
        let program = self.detection.program;
        let mut at = site;
        for _ in 0..20 {
            let call = program.module(at.module).call(at.call);
            let spot = Spot { module: at.module, function: call.within };
            for argument in &call.arguments {
                for meaning in program.resolve(spot, &argument.value) {
                    let found = match meaning {
                        Meaning::Instance(module, class) if self.can_run(module, class) => {
                            self.class(module, class, None).handlers.first().copied()
                        }
                        // `setCallable($this->find(...))`, `builder("heat", this::heat)`.
                        Meaning::Function(module, function)
                            if matches!(argument.value, Expr::Member(..))
                                && !matches!(
                                    program.module(site.module).dialect.language(),
                                    Language::Python | Language::JavaScript
                                ) =>
                        {
                            Some(Routine { module, function: Some(function) })
                        }
                        _ => None,
                    };
                    if found.is_some() {
                        return found;
                    }
                }
            }
            let Expr::Member(object, _) = &call.callee else { return None };
            let Expr::Call(next) = &**object else { return None };
            at = CallSite { module: at.module, call: *next };
        }
        None
    }

    /// A function that is written in place as an argument.
    pub(super) fn function_given(&self, site: CallSite) -> Option<Routine> {
        let call = self.detection.program.module(site.module).call(site.call);
        call.arguments.iter().rev().find_map(|argument| match argument.value {
            Expr::Function(function) => Some(Routine { module: site.module, function: Some(function) }),
            _ => None,
        })
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
        // On the JVM the one text of the annotation describes the tool.
        let by_place = !matches!(module.dialect.language(), Language::Java | Language::Kotlin);
        // Of several annotations, the one that makes a tool of it says what the tool is called.
        let (known, others): (Vec<CallSite>, Vec<CallSite>) =
            calls.iter().copied().partition(|site| self.makes_a_tool(*site));
        // `[KernelFunction, Description("…")]` of C# says what it is for.
        let only_describes = |site: &CallSite| {
            let name = self.detection.program.module(site.module).call(site.call).callee.last_name();
            name.is_some_and(|name| matches!(name, "Description" | "Obsolete" | "DisplayName"))
        };
        let others = others.into_iter().filter(|site| !only_describes(site));
        let named = known.into_iter().chain(others).find_map(|site| {
            ["name_override", "tool_name", "toolName", "name", "Name"]
                .iter()
                .chain(by_place.then_some(&"@0"))
                .find_map(|argument| self.text_argument(site, argument))
        });
        let own = definition.map(|d| d.name.to_string()).filter(|n| !n.is_empty());
        // `Handle` says nothing; the class that has it does.
        let class = definition
            .filter(|d| d.decorators.is_empty() && RUN_METHODS.contains(&&*d.name))
            .and_then(|d| d.class);
        let own = class.map_or(own, |class| Some(self.class(routine.module, class, None).name));
        let rule = self
            .detection
            .on_function(routine)
            .find(|hit| self.detection.means(hit) == Means::Tool)
            .map(|hit| hit.site.rule);
        FoundTool {
            name: named.or_else(|| key.map(str::to_owned)).or(own).unwrap_or_else(|| NAMELESS.to_owned()),
            module: routine.module,
            line: definition.map_or(1, |d| d.line),
            source: ToolSource::Own,
            handlers: vec![routine],
            runs: Vec::new(),
            effect: None,
            declared_by: calls,
            confirmed: false,
            rule,
        }
    }

    /// Whether a rule says that an annotation makes a tool of what it stands on.
    fn makes_a_tool(&self, site: CallSite) -> bool {
        let program = self.detection.program;
        let language = program.module(site.module).dialect.language();
        program.callee(site).iter().any(|meaning| {
            let (Meaning::External(name) | Meaning::Unresolved(name)) = meaning else { return false };
            let sites = self.detection.sites(language, SiteKind::Decorator, name);
            sites.iter().any(|at| self.detection.pack.site(*at).means == Means::Tool)
        })
    }

    /// A class as a tool.
    pub(crate) fn class(&self, module: ModuleId, class: ClassId, key: Option<&str>) -> FoundTool {
        let program = self.detection.program;
        let definition = program.module(module).class(class);
        let text = |function, value| self.text_of(Spot { module, function }, value);
        let named = ["name", "tool_name", "NAME", "Name"]
            .iter()
            .find_map(|attribute| text(None, program.attribute(module, class, attribute)?))
            // The name is what a method of that name returns.
            .or_else(|| {
                ["name", "Name", "getName"].iter().find_map(|method| {
                    let routine = program.method(module, class, method)?;
                    let function = program.module(routine.module).function(routine.function?);
                    let spot = Spot { module: routine.module, function: routine.function };
                    function.returns.first().and_then(|value| self.text_of(spot, value))
                })
            });
        let run = |method: &&str| program.method(module, class, method);
        let mut handlers: Vec<Routine> = RUN_METHODS.iter().filter_map(run).collect();
        if handlers.is_empty() {
            handlers.extend(run(&"get"));
        }
        handlers.dedup();
        // A gate may stand in the body of the class.
        let calls = (0u32..).zip(&program.module(module).calls).filter(|(_, call)| call.class == Some(class));
        let declared_by = calls
            .map(|(call, _)| CallSite { module, call })
            .filter(|site| self.detection.on_call(*site).any(|hit| self.detection.means(hit) == Means::Gate))
            .collect();
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
            runs: Vec::new(),
            effect: None,
            declared_by,
            confirmed: false,
            rule,
        }
    }

    /// The classes that implement an interface of tools: what stands in a list of which only that is known.
    pub(super) fn implementing(&self, module: ModuleId, class: ClassId) -> Vec<FoundTool> {
        let program = self.detection.program;
        if !self.can_run(module, class) {
            return Vec::new();
        }
        let runs = RUN_METHODS.iter().filter_map(|method| program.method(module, class, method));
        let Some(run) = runs.into_iter().find(|routine| program.is_abstract(*routine)) else {
            return Vec::new();
        };
        let made = program.implementers(run);
        let classes = made.iter().filter_map(|routine| {
            let of = routine.function.and_then(|f| program.module(routine.module).function(f).class)?;
            (program.module(routine.module).role.is_own() && !program.is_abstract(*routine))
                .then_some((routine.module, of))
        });
        let classes: BTreeSet<(ModuleId, ClassId)> = classes.collect();
        classes.into_iter().map(|(module, class)| self.class(module, class, None)).collect()
    }

    /// Whether a class that is handed over as a tool has a method that runs it. In Python and JavaScript anything may
    /// have such a method.
    pub(super) fn can_run(&self, module: ModuleId, class: ClassId) -> bool {
        let program = self.detection.program;
        let language = program.module(module).dialect.language();
        !matches!(language, Language::Python | Language::JavaScript)
            && RUN_METHODS
                .iter()
                .chain(&["get"])
                .any(|method| program.method(module, class, method).is_some())
    }

    /// Tools that the program makes by a class or a function of its own that says so by its name:
    /// `Tool("restart", "Restarts a service", restart)`.
    pub(super) fn made(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        const WHAT: [&str; 7] = ["tool", "action", "skill", "function", "capability", "ability", "command"];
        let program = self.detection.program;
        let mut found = Vec::new();
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            for (call, of) in (0u32..).zip(&module.calls).filter(|(_, of)| of.arguments.len() >= 2) {
                let site = CallSite { module: id, call };
                let says_so = program.callee(site).iter().any(|meaning| {
                    let name = match meaning {
                        Meaning::Class(module, class) => &program.module(*module).class(*class).name,
                        Meaning::Function(module, function) => {
                            &program.module(*module).function(*function).name
                        }
                        _ => return false,
                    };
                    let name = name.to_ascii_lowercase();
                    WHAT.iter().any(|what| name.contains(what))
                });
                if !says_so {
                    continue;
                }
                let name = ["name", "Name", "@0"].iter().find_map(|name| self.text_argument(site, name));
                let spot = Spot { module: id, function: of.within };
                let handlers: Vec<Routine> = of
                    .arguments
                    .iter()
                    .flat_map(|argument| self.routines_of(spot, &argument.value))
                    .collect();
                let Some(name) = name.filter(|_| !handlers.is_empty()) else { continue };
                found.push(FoundTool::of_call(name, site, of.line, handlers));
                if found.len() >= MAX_TOOLS {
                    return found;
                }
            }
        }
        found
    }

    /// Every tool of the program that is declared, and every class whose objects say what they are called and can run:
    /// what a registry may hold whose filling cannot be followed.
    pub(crate) fn runnable(&self, is_own: &dyn Fn(ModuleId) -> bool) -> Vec<FoundTool> {
        const NAMES: [&str; 7] =
            ["name", "Name", "getName", "get_name", "description", "Description", "tool_name"];
        let program = self.detection.program;
        let mut found = self.declared(is_own);
        for (id, module) in program.modules().filter(|(id, _)| is_own(*id)) {
            for (class, _) in (0u32..).zip(&module.classes) {
                let says_its_name = NAMES.iter().any(|name| {
                    program.attribute(id, class, name).is_some() || program.method(id, class, name).is_some()
                });
                let runs = RUN_METHODS.iter().any(|method| {
                    program.method(id, class, method).is_some_and(|routine| !program.is_abstract(routine))
                });
                if says_its_name && runs && found.len() < MAX_TOOLS {
                    let tool = self.class(id, class, None);
                    if !found.iter().any(|known| known.handlers == tool.handlers) {
                        found.push(tool);
                    }
                }
            }
        }
        found
    }

    /// The function that an attribute turns into a tool of that name.
    pub(super) fn attributed(&self, name: &str) -> Option<Routine> {
        let snake = snake(name);
        let name = snake.trim_end_matches("_with_callback").trim_end_matches("_tool");
        let routine = self.detection.program.only_named(name)?;
        self.is_tool(routine).then_some(routine)
    }

    /// Whether a function is declared to be a tool.
    pub(super) fn is_tool(&self, routine: Routine) -> bool {
        self.detection.on_function(routine).any(|hit| self.detection.means(hit) == Means::Tool)
    }

    /// The methods of a class that are declared to be tools.
    pub(super) fn declared_methods(&self, module: ModuleId, class: ClassId) -> Vec<FoundTool> {
        let program = self.detection.program;
        // Ruby: `define_function :send_letter` in the body of the class is about the method of that name.
        let calls = (0u32..).zip(&program.module(module).calls).filter(|(_, call)| call.class == Some(class));
        let named: BTreeSet<Routine> = calls
            .map(|(call, _)| CallSite { module, call })
            .filter(|site| self.detection.on_call(*site).any(|hit| self.detection.means(hit) == Means::Tool))
            .filter_map(|site| self.text_argument(site, "@0"))
            .filter_map(|name| program.method(module, class, &name))
            .collect();
        let mut named = named;
        // The rule may know the class only, and not what is called in its body.
        let of_rule =
            self.detection.on_class(module, class).any(|hit| self.detection.means(hit) == Means::Tool);
        if of_rule
            && program.module(module).dialect.language() == Language::Ruby
            && !self.can_run(module, class)
        {
            let calls = program.module(module).calls.iter().filter(|call| call.class == Some(class));
            let first = calls.filter_map(|call| call.arguments.first());
            named.extend(first.filter_map(|argument| match &argument.value {
                Expr::Text(name) if argument.name.is_none() => program.method(module, class, name),
                _ => None,
            }));
        }
        let is_tool = |routine: &Routine| self.is_tool(*routine) || named.contains(routine);
        let methods = program.methods(module, class);
        methods.filter(is_tool).take(MAX_TOOLS).map(|routine| self.function(routine, None)).collect()
    }

    pub(super) fn is_tool_class(&self, module: ModuleId, class: ClassId) -> bool {
        self.detection.on_class(module, class).any(|hit| self.detection.means(hit) == Means::Tool)
            || self.looks_like_a_tool(module, class)
    }

    /// A class of the program that is called a tool and has a method that runs it.
    pub(super) fn looks_like_a_tool(&self, module: ModuleId, class: ClassId) -> bool {
        let program = self.detection.program;
        let name = program
            .module(module)
            .class(class)
            .name
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let is_base = name.starts_with("Base") || name.starts_with("Abstract") || name == "Tool";
        let runs = |method: &&str| {
            program.method(module, class, method).is_some_and(|routine| !program.is_abstract(routine))
        };
        (name.ends_with("Tool") && !is_base || self.is_kind_of_tool(module, class))
            && RUN_METHODS.iter().any(runs)
    }

    /// Whether a class extends one of the program that says by its name that it is what all tools are.
    fn is_kind_of_tool(&self, module: ModuleId, class: ClassId) -> bool {
        let program = self.detection.program;
        let spot = Spot { module, function: None };
        program.module(module).class(class).bases.iter().any(|base| {
            program.resolve(spot, base).iter().any(|meaning| match meaning {
                Meaning::Class(module, class) => self.is_called_a_tool(*module, *class),
                _ => false,
            })
        })
    }

    /// Whether the name of a class says that it is what all tools are: `Tool`, `AgentTool`, `ToolInterface`.
    fn is_called_a_tool(&self, module: ModuleId, class: ClassId) -> bool {
        let name = &*self.detection.program.module(module).class(class).name;
        ["Interface", "Trait", "Base", "Definition"]
            .iter()
            .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name))
            .ends_with("Tool")
    }

    /// The classes that implement what a class says that tools are.
    pub(super) fn implemented(&self, module: ModuleId, class: ClassId) -> Vec<(ModuleId, ClassId)> {
        if !self.is_called_a_tool(module, class) {
            return Vec::new();
        }
        let mut kinds = self.kinds_of(module, class);
        kinds.retain(|kind| *kind != (module, class));
        kinds
    }

    /// The classes whose objects an object may be: what it is declared to be, or all that implement that.
    pub(super) fn kinds_of(&self, module: ModuleId, class: ClassId) -> Vec<(ModuleId, ClassId)> {
        let program = self.detection.program;
        let runs = RUN_METHODS.iter().find_map(|method| program.method(module, class, method));
        let Some(runs) = runs.filter(|routine| program.is_abstract(*routine)) else {
            return vec![(module, class)];
        };
        let implementers = program.implementers(runs);
        let class_of = |routine: &Routine| {
            Some((routine.module, program.module(routine.module).function(routine.function?).class?))
        };
        let mut kinds: BTreeSet<(ModuleId, ClassId)> = implementers.iter().filter_map(class_of).collect();
        // Where a class says what it implements, one that only has a method of that name is none of them.
        let language = program.module(module).dialect.language();
        if !matches!(language, Language::Go | Language::Python | Language::JavaScript) {
            kinds.retain(|kind| self.extends(*kind, (module, class), MAX_BASES));
        }
        kinds.into_iter().collect()
    }

    /// Whether a class extends another of the program, directly or not.
    fn extends(&self, (module, class): (ModuleId, ClassId), of: (ModuleId, ClassId), depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let program = self.detection.program;
        let spot = Spot { module, function: None };
        program.module(module).class(class).bases.iter().take(MOST_BASES).any(|base| {
            program.resolve(spot, base).into_iter().any(|meaning| match meaning {
                Meaning::Class(module, class) => {
                    (module, class) == of || self.extends((module, class), of, depth)
                }
                _ => false,
            })
        })
    }

    /// A tool of which only the name is known: a function or class of that name is taken for what it runs.
    pub(super) fn named(&self, module: ModuleId, name: &str, line: u32) -> FoundTool {
        let program = self.detection.program;
        let candidates =
            [name.to_owned(), format!("_{name}"), format!("handle_{name}"), camel(name), snake(name)];
        let handler = candidates
            .iter()
            .chain(&[pascal(name), format!("{}Async", pascal(name))])
            .find_map(|n| program.only_named(n))
            .or_else(|| program.keyed(name));
        let runs = if handler.is_none() { program.cases(name) } else { Vec::new() };
        let (module, line) = match handler.map(|r| (r.module, r.function)) {
            Some((module, Some(function))) => (module, program.module(module).function(function).line),
            _ => (module, line),
        };
        FoundTool {
            name: name.to_owned(),
            module,
            line,
            source: if handler.is_some() || !runs.is_empty() { ToolSource::Own } else { ToolSource::Opaque },
            handlers: handler.into_iter().collect(),
            runs,
            effect: None,
            declared_by: Vec::new(),
            confirmed: false,
            rule: None,
        }
    }
}
