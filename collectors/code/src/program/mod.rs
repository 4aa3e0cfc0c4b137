//! The modules of one unit as a program: names lead to definitions, across files, and calls to what they call.

mod local;
mod names;
mod resolve;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

pub(crate) use local::SourceIndex;
pub(crate) use local::parent;
pub(crate) use resolve::{Meaning, Spot};

use crate::syntax::{CallId, Expr, FunctionId, Import, Module};
use names::Names;

/// Index of a module in its program.
pub(crate) type ModuleId = u32;

/// A function of the program, or the top level of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Routine {
    /// Module it is in.
    pub module: ModuleId,
    /// The function; `None` for the top level.
    pub function: Option<FunctionId>,
}

/// A call of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallSite {
    /// Module it is in.
    pub module: ModuleId,
    /// The call.
    pub call: CallId,
}

/// Every resolved name once: most of them are used over and over.
#[derive(Default)]
struct Symbols(RefCell<HashSet<Rc<str>>>);

impl Symbols {
    fn get(&self, name: &str) -> Rc<str> {
        if let Some(known) = self.0.borrow().get(name) {
            return Rc::clone(known);
        }
        let new: Rc<str> = name.into();
        self.0.borrow_mut().insert(Rc::clone(&new));
        new
    }
}

/// Where an import leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lead {
    /// Whether a file of the repository is found for the module.
    is_local: bool,
    /// That file, if it is part of the program.
    module: Option<ModuleId>,
    /// Whether a file is found for the item, as in `from package import submodule`.
    is_submodule: bool,
    /// That file, if it is part of the program.
    submodule: Option<ModuleId>,
    /// Whether a manifest asks for the package, although a file of that name is there.
    is_declared: bool,
}

/// Modules with their names bound.
pub(crate) struct Program<'a> {
    modules: Vec<Module>,
    names: Vec<Names>,
    by_path: HashMap<Arc<str>, ModuleId>,
    index: &'a SourceIndex,
    /// Packages that manifests declare, `ecosystem:name`: they win over local modules that only look like them.
    declared: &'a dyn Fn(&str) -> bool,
    callers: HashMap<Routine, Vec<CallSite>>,
    /// What every call calls, by module and call.
    callees: Vec<Vec<Box<[Meaning]>>>,
    symbols: Symbols,
    /// Functions by name; `None` where several share it.
    only_named: HashMap<Arc<str>, Option<Routine>>,
    /// Methods by name.
    methods_named: HashMap<Arc<str>, Vec<Routine>>,
    /// Where the imports of every module lead.
    leads: Vec<Vec<Lead>>,
    /// Calls and functions by the routine they are written in.
    written_in: HashMap<Routine, (Vec<CallId>, Vec<FunctionId>)>,
}

impl<'a> Program<'a> {
    /// Binds the names of `modules`. `declared` says whether a manifest asks for the package that a module's name
    /// belongs to.
    pub(crate) fn new(
        modules: Vec<Module>,
        index: &'a SourceIndex,
        declared: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        let names = modules.iter().map(Names::of).collect();
        let by_path = (0u32..).zip(&modules).map(|(id, module)| (Arc::clone(&module.path), id)).collect();
        let only_named = only_named(&modules);
        let mut methods_named: HashMap<Arc<str>, Vec<Routine>> = HashMap::new();
        for (module, found) in (0u32..).zip(&modules) {
            for (id, function) in (0u32..).zip(&found.functions).filter(|(_, f)| f.class.is_some()) {
                let routine = Routine { module, function: Some(id) };
                methods_named.entry(function.name.clone()).or_default().push(routine);
            }
        }
        let mut written_in: HashMap<Routine, (Vec<CallId>, Vec<FunctionId>)> = HashMap::new();
        for (module, found) in (0u32..).zip(&modules) {
            for (id, call) in (0u32..).zip(&found.calls) {
                written_in.entry(Routine { module, function: call.within }).or_default().0.push(id);
            }
            for (id, function) in (0u32..).zip(&found.functions) {
                written_in.entry(Routine { module, function: function.within }).or_default().1.push(id);
            }
        }
        let mut program = Self {
            modules,
            names,
            by_path,
            index,
            declared,
            callers: HashMap::new(),
            callees: Vec::new(),
            symbols: Symbols::default(),
            only_named,
            methods_named,
            leads: Vec::new(),
            written_in,
        };
        program.leads = program
            .modules
            .iter()
            .map(|module| module.imports.iter().map(|import| program.lead(module, import)).collect())
            .collect();
        program.link();
        program
    }

    fn lead(&self, module: &Module, import: &Import) -> Lead {
        let specifier = import.module.strip_prefix("node:").unwrap_or(&import.module);
        let find = |specifier: &str| self.index.find(module.dialect, &module.path, specifier);
        let local = find(specifier);
        let is_python = module.dialect.language() == muster_rules::Language::Python;
        let item = import.item.as_deref().filter(|item| is_python && *item != "*");
        let submodule = item.and_then(|item| {
            let dot = if specifier.ends_with('.') { "" } else { "." };
            find(&format!("{specifier}{dot}{item}"))
        });
        Lead {
            is_local: local.is_some(),
            module: local.as_ref().and_then(|path| self.at_path(path)),
            is_submodule: submodule.is_some(),
            submodule: submodule.as_ref().and_then(|path| self.at_path(path)),
            is_declared: local.is_some() && !specifier.starts_with('.') && (self.declared)(specifier),
        }
    }

    /// Resolves every callee once, then a second time for those that hang on a parameter, now that callers are
    /// known.
    fn link(&mut self) {
        self.callees = self.modules.iter().map(|m| Vec::with_capacity(m.calls.len())).collect();
        for round in 0..2 {
            let mut callers: HashMap<Routine, Vec<CallSite>> = HashMap::new();
            for at in 0..self.modules.len() {
                let id = u32::try_from(at).unwrap_or(u32::MAX);
                for call in 0..self.modules[at].calls.len() {
                    let site = &self.modules[at].calls[call];
                    let spot = Spot { module: id, function: site.within };
                    // Calls inside a call come before it, so that what they give is known by now.
                    let is_open = self.callees[at]
                        .get(call)
                        .is_none_or(|known| known.iter().all(Meaning::is_unresolved));
                    if is_open {
                        let meanings = self.resolve(spot, &site.callee).into_boxed_slice();
                        if round == 0 {
                            self.callees[at].push(meanings);
                        } else {
                            self.callees[at][call] = meanings;
                        }
                    }
                    let here = CallSite { module: id, call: u32::try_from(call).unwrap_or(u32::MAX) };
                    for target in self.callees[at][call].iter().filter_map(|m| self.entry_of(m)) {
                        callers.entry(target).or_default().push(here);
                    }
                }
            }
            self.callers = callers;
        }
    }

    /// The routine that runs when this is called.
    fn entry_of(&self, meaning: &Meaning) -> Option<Routine> {
        match *meaning {
            Meaning::Function(module, function) => Some(Routine { module, function: Some(function) }),
            Meaning::Class(module, class) => {
                let names = &self.names[module as usize];
                let constructor =
                    ["__init__", "constructor"].iter().find_map(|name| names.method(class, name))?;
                Some(Routine { module, function: Some(constructor) })
            }
            Meaning::Instance(module, class) => {
                let function = self.names[module as usize].method(class, "__call__")?;
                Some(Routine { module, function: Some(function) })
            }
            _ => None,
        }
    }

    /// All modules.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0u32..).zip(&self.modules)
    }

    /// The module.
    pub(crate) fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id as usize]
    }

    /// The module at a path.
    fn at_path(&self, path: &str) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// What a call calls.
    pub(crate) fn callee(&self, site: CallSite) -> &[Meaning] {
        self.callees[site.module as usize].get(site.call as usize).map_or(&[], |m| &**m)
    }

    /// Routines of the program that a call runs.
    pub(crate) fn targets(&self, site: CallSite) -> impl Iterator<Item = Routine> {
        self.callee(site).iter().filter_map(|m| self.entry_of(m))
    }

    /// Calls that run a routine.
    pub(crate) fn callers(&self, routine: Routine) -> &[CallSite] {
        self.callers.get(&routine).map_or(&[], Vec::as_slice)
    }

    /// Calls written in a routine itself.
    pub(crate) fn calls_in(&self, routine: Routine) -> impl Iterator<Item = CallSite> {
        let calls = self.written_in.get(&routine).map_or(&[][..], |(calls, _)| calls);
        calls.iter().map(move |call| CallSite { module: routine.module, call: *call })
    }

    /// Functions written inside a routine.
    pub(crate) fn nested_in(&self, routine: Routine) -> impl Iterator<Item = Routine> {
        // Functions at the top level of a module run when they are called, not when the module does.
        let nested = self.written_in.get(&routine).filter(|_| routine.function.is_some());
        let nested = nested.map_or(&[][..], |(_, functions)| functions);
        nested.iter().map(move |id| Routine { module: routine.module, function: Some(*id) })
    }

    /// Methods of a class itself.
    pub(crate) fn methods(&self, module: ModuleId, class: u32) -> impl Iterator<Item = Routine> {
        let methods = self.names[module as usize].methods_of(class);
        methods.into_iter().map(move |function| Routine { module, function: Some(function) })
    }

    /// The method of a class, its own or inherited within the program.
    pub(crate) fn method(&self, module: ModuleId, class: u32, name: &str) -> Option<Routine> {
        self.method_within(module, class, name, 6)
    }

    fn method_within(&self, module: ModuleId, class: u32, name: &str, depth: u8) -> Option<Routine> {
        if let Some(function) = self.names[module as usize].method(class, name) {
            return Some(Routine { module, function: Some(function) });
        }
        let depth = depth.checked_sub(1)?;
        let spot = Spot { module, function: None };
        self.module(module).class(class).bases.iter().flat_map(|b| self.resolve(spot, b)).find_map(
            |m| match m {
                Meaning::Class(module, class) => self.method_within(module, class, name, depth),
                _ => None,
            },
        )
    }

    /// Names of the classes of other packages that a class of the program extends, directly or not.
    pub(crate) fn foreign_bases(&self, module: ModuleId, class: u32) -> Vec<Rc<str>> {
        let mut found = Vec::new();
        self.collect_bases(module, class, 4, &mut found);
        found
    }

    fn collect_bases(&self, module: ModuleId, class: u32, depth: u8, found: &mut Vec<Rc<str>>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let spot = Spot { module, function: None };
        for meaning in self.module(module).class(class).bases.iter().flat_map(|b| self.resolve(spot, b)) {
            match meaning {
                Meaning::External(name) => found.push(name),
                Meaning::Class(module, class) => self.collect_bases(module, class, depth, found),
                _ => {}
            }
        }
    }

    /// The module of the program that an import of a module leads to.
    pub(crate) fn imported(&self, id: ModuleId, import: usize) -> Option<ModuleId> {
        let lead = self.leads[id as usize].get(import)?;
        lead.submodule.or(lead.module)
    }

    /// Whether a method has nothing to run: an interface says that it is there.
    pub(crate) fn is_abstract(&self, routine: Routine) -> bool {
        let Some(function) = routine.function.map(|f| self.module(routine.module).function(f)) else {
            return false;
        };
        function.class.is_some() && function.returns.is_empty() && self.calls_in(routine).next().is_none()
    }

    /// Other methods of the name of a method, in classes of the program.
    pub(crate) fn implementers(&self, routine: Routine) -> Vec<Routine> {
        const MOST: usize = 12;
        let Some(function) = routine.function.map(|f| self.module(routine.module).function(f)) else {
            return Vec::new();
        };
        let all = self.methods_named.get(&function.name).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|other| **other != routine).take(MOST).copied().collect()
    }

    /// The only function or method of that name in the program, for calls on something that could not be resolved.
    pub(crate) fn only_named(&self, name: &str) -> Option<Routine> {
        self.only_named.get(name).copied().flatten()
    }

    /// Whether an import of a module leads out of the repository.
    pub(crate) fn is_foreign(&self, id: ModuleId, import: usize) -> bool {
        let is_relative = self.module(id).imports[import].module.starts_with('.');
        let lead = self.leads[id as usize][import];
        !is_relative && (!lead.is_local || lead.is_declared)
    }

    /// Value of a class-level or instance attribute.
    pub(crate) fn attribute(&self, module: ModuleId, class: u32, name: &str) -> Option<&Expr> {
        let binding = *self.names[module as usize].attributes(class, name).first()?;
        Some(&self.module(module).bindings[binding as usize].value)
    }

    /// Follows a name, attribute or call of a local function one step, to the value behind it.
    pub(crate) fn step<'e>(&'e self, spot: Spot, expr: &'e Expr) -> Option<(Spot, &'e Expr)> {
        self.bound_value(spot, expr)
    }

    /// The value a name is bound to, when there is exactly one thing it can be: follows names to the list or map
    /// that they stand for.
    pub(crate) fn value_of<'e>(&'e self, spot: Spot, expr: &'e Expr) -> (Spot, &'e Expr) {
        let mut at = (spot, expr);
        for _ in 0..6 {
            match self.bound_value(at.0, at.1) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }
}

fn only_named(modules: &[Module]) -> HashMap<Arc<str>, Option<Routine>> {
    let mut named: HashMap<Arc<str>, Option<Routine>> = HashMap::new();
    for (module, found) in (0u32..).zip(modules) {
        for (function, definition) in (0u32..).zip(&found.functions) {
            if !definition.name.is_empty() {
                let routine = Routine { module, function: Some(function) };
                named.entry(definition.name.clone()).and_modify(|only| *only = None).or_insert(Some(routine));
            }
        }
    }
    named
}
