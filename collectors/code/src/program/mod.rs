//! The modules of one unit as a program: names lead to definitions, across files, and calls to what they call.

mod bound;
mod implied;
mod local;
mod names;
mod origins;
mod resolve;
mod shared;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};

pub(crate) use local::parent;
pub(crate) use local::{SourceIndex, finds_by_name};
pub(crate) use origins::Origin;
pub(crate) use resolve::{Meaning, Spot};

use crate::syntax::{BranchId, Call, CallId, ClassId, Expr, FunctionId, Import, Module};
use muster_rules::{Knowledge, Language};
use names::Names;
use shared::Shared;

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

/// By which caller alone some routines are taken to be called.
type Assumed = RefCell<Vec<(Routine, Option<CallSite>)>>;

/// That a routine has one caller; it ends with this.
pub(crate) struct Assumption<'p> {
    assumed: &'p Assumed,
}

impl Drop for Assumption<'_> {
    fn drop(&mut self) {
        self.assumed.borrow_mut().pop();
    }
}

/// Modules with their names bound.
pub(crate) struct Program<'a> {
    modules: Vec<Module>,
    names: Vec<Names>,
    by_path: HashMap<Arc<str>, ModuleId>,
    index: &'a SourceIndex,
    /// Whether manifests ask for the package of a module: these win over local modules that only look like them.
    declared: &'a dyn Fn(Language, &str) -> bool,
    callers: HashMap<Routine, Vec<CallSite>>,
    assumed: Assumed,
    /// What every call calls, by module and call.
    callees: Vec<Vec<Box<[Meaning]>>>,
    symbols: Symbols,
    /// Functions by name; `None` where several share it.
    only_named: HashMap<Arc<str>, Option<Routine>>,
    /// Methods by name.
    methods_named: HashMap<Arc<str>, Vec<Routine>>,
    /// Where the imports of every module lead.
    leads: Vec<Vec<Lead>>,
    /// Where names lead that no import brings: types by name, and the folders whose files share their names.
    shared: Shared,
    /// Whether a rule could be about a name, for imports that only open a namespace.
    knows: &'a dyn Fn(Language, &str) -> Knowledge,
    /// Namespaces that one C# file opens for all of them.
    opened_for_all: Vec<Arc<str>>,
    /// Values of maps that may be functions, by their keys.
    keyed: HashMap<Arc<str>, (Spot, Expr)>,
    /// Methods that implement a method of an interface, once somebody asked.
    implementers: RefCell<HashMap<Routine, Rc<[Routine]>>>,
    /// Calls and functions by the routine they are written in.
    written_in: HashMap<Routine, (Vec<CallId>, Vec<FunctionId>)>,
}

impl<'a> Program<'a> {
    /// Binds the names of `modules`. `declared` says whether a manifest asks for the package that a module's name
    /// belongs to.
    pub(crate) fn new(
        modules: Vec<Module>,
        index: &'a SourceIndex,
        declared: &'a dyn Fn(Language, &str) -> bool,
        knows: &'a dyn Fn(Language, &str) -> Knowledge,
    ) -> Self {
        let names: Vec<Names> = modules.iter().map(Names::of).collect();
        let shared = Shared::of(&modules);
        let by_path = (0u32..).zip(&modules).map(|(id, module)| (Arc::clone(&module.path), id)).collect();
        let only_named = only_named(&modules);
        let mut methods_named: HashMap<Arc<str>, Vec<Routine>> = HashMap::default();
        for (module, found) in (0u32..).zip(&modules) {
            for (id, function) in (0u32..).zip(&found.functions).filter(|(_, f)| f.class.is_some()) {
                let routine = Routine { module, function: Some(id) };
                methods_named.entry(function.name.clone()).or_default().push(routine);
            }
        }
        let mut keyed = HashMap::default();
        for (module, found) in (0u32..).zip(&modules) {
            for binding in &found.bindings {
                let Expr::Map(entries) = &binding.value else { continue };
                let spot = Spot { module, function: binding.within };
                for (key, value) in entries {
                    if matches!(value, Expr::Name(_) | Expr::Member(..) | Expr::Function(_))
                        && !key.is_empty()
                    {
                        keyed.entry(Arc::clone(key)).or_insert_with(|| (spot, value.clone()));
                    }
                }
            }
        }
        // `TOOLS["run"] = function …`
        for (module, found) in (0u32..).zip(&modules) {
            for setting in &found.settings {
                if matches!(setting.value, Expr::Function(_)) && !setting.key.is_empty() {
                    let spot = Spot { module, function: setting.within };
                    keyed.entry(Arc::clone(&setting.key)).or_insert_with(|| (spot, setting.value.clone()));
                }
            }
        }
        let mut written_in: HashMap<Routine, (Vec<CallId>, Vec<FunctionId>)> = HashMap::default();
        for (module, found) in (0u32..).zip(&modules) {
            for (id, call) in (0u32..).zip(&found.calls) {
                written_in.entry(Routine { module, function: call.within }).or_default().0.push(id);
            }
            for (id, function) in (0u32..).zip(&found.functions) {
                written_in.entry(Routine { module, function: function.within }).or_default().1.push(id);
            }
        }
        let mut program = Self {
            opened_for_all: opened_for_all(&modules),
            modules,
            names,
            by_path,
            index,
            declared,
            callers: HashMap::default(),
            assumed: RefCell::default(),
            callees: Vec::new(),
            symbols: Symbols::default(),
            only_named,
            methods_named,
            leads: Vec::new(),
            shared,
            knows,
            keyed,
            implementers: RefCell::default(),
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
        let with_items = matches!(module.dialect.language(), Language::Python | Language::Rust);
        let by_item = module.dialect.language().imports_items_as_modules() && !with_items;
        let item = import.item.as_deref().filter(|item| with_items && *item != "*");
        // `import com.acme.Refunds` names a file by its item.
        let qualified = import.item.as_deref().filter(|item| by_item && *item != "*");
        let qualified = qualified.map(|item| format!("{specifier}.{item}"));
        let specifier = qualified.as_deref().unwrap_or(specifier);
        // What a rule is about is no file of the same name.
        let is_known = by_item && (self.knows)(module.dialect.language(), specifier) != Knowledge::None;
        let submodule = item.and_then(|item| {
            let dot = if specifier.ends_with('.') { "" } else { "." };
            find(&format!("{specifier}{dot}{item}"))
        });
        let around = || self.index.find_around(module.dialect, &module.path, specifier);
        let local = around().filter(|_| !is_known);
        Lead {
            is_local: local.is_some(),
            module: local.as_ref().and_then(|path| self.at_path(path)),
            is_submodule: submodule.is_some(),
            submodule: submodule.as_ref().and_then(|path| self.at_path(path)),
            is_declared: local.is_some()
                && !specifier.starts_with('.')
                && (self.declared)(module.dialect.language(), specifier),
        }
    }

    /// Resolves every callee once, then a second time for those that hang on a parameter, now that callers are
    /// known.
    fn link(&mut self) {
        self.callees = self.modules.iter().map(|m| Vec::with_capacity(m.calls.len())).collect();
        for round in 0..2 {
            let mut callers: HashMap<Routine, Vec<CallSite>> = HashMap::default();
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
                        let meanings = self.callee_of(spot, site).into_boxed_slice();
                        if round == 0 {
                            self.callees[at].push(meanings);
                        } else {
                            self.callees[at][call] = meanings;
                        }
                    }
                    let here = CallSite { module: id, call: u32::try_from(call).unwrap_or(u32::MAX) };
                    for target in self.callees[at][call].iter().filter_map(|m| self.entry_of(m)) {
                        callers.entry(target).or_default().push(here);
                        // Whoever calls a method of an interface calls those that implement it.
                        if self.is_abstract(target) {
                            for other in &*self.implementers(target) {
                                callers.entry(*other).or_default().push(here);
                            }
                        }
                    }
                }
            }
            self.callers = callers;
        }
    }

    /// What a call calls. In the body of a class, outside its methods, a bare name may be a method of the class.
    fn callee_of(&self, spot: Spot, call: &Call) -> Vec<Meaning> {
        if let (Some(class), Expr::Name(name)) = (call.class, &call.callee)
            && self.module(spot.module).dialect.language() == Language::Ruby
            && let Some(found) = self.inherited(spot.module, class, name)
        {
            return found;
        }
        let found = self.resolve(spot, &call.callee);
        // Macros of Rust have names of their own: beside `mod error;`, `error!(…)` is still the macro.
        if let Expr::Name(name) = &call.callee
            && self.module(spot.module).dialect.language() == Language::Rust
            && found.iter().all(|meaning| matches!(meaning, Meaning::Module(_)))
        {
            return self.outside(spot.module, name);
        }
        found
    }

    /// The routine that runs when this is called.
    fn entry_of(&self, meaning: &Meaning) -> Option<Routine> {
        match *meaning {
            Meaning::Function(module, function) => Some(Routine { module, function: Some(function) }),
            Meaning::Class(module, class) => {
                let names = &self.names[module as usize];
                let constructor =
                    ["__init__", "constructor", "new"].iter().find_map(|name| names.method(class, name))?;
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

    /// The functions of the program that a value stands for.
    pub(crate) fn functions_of(&self, spot: Spot, value: &Expr) -> Vec<Routine> {
        let function = |meaning| match meaning {
            Meaning::Function(module, function) => Some(Routine { module, function: Some(function) }),
            _ => None,
        };
        self.resolve(spot, value).into_iter().filter_map(function).collect()
    }

    /// Calls that run a routine; as long as one of them is assumed, that one.
    pub(crate) fn callers(&self, routine: Routine) -> &[CallSite] {
        let all = self.callers.get(&routine).map_or(&[][..], Vec::as_slice);
        let assumed = self.assumed.borrow();
        match assumed.iter().rev().find(|(of, _)| *of == routine) {
            None => all,
            Some((_, only)) => {
                all.iter().find(|site| Some(**site) == *only).map_or(&[], std::slice::from_ref)
            }
        }
    }

    /// Takes a routine to be called by one of its callers only, or by none, until the answer is dropped.
    pub(crate) fn assume(&self, routine: Routine, only: Option<CallSite>) -> Assumption<'_> {
        self.assumed.borrow_mut().push((routine, only));
        Assumption { assumed: &self.assumed }
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
        self.places(module, class).into_iter().flat_map(|(module, class)| {
            let methods = self.names[module as usize].methods_of(class);
            methods.into_iter().map(move |function| Routine { module, function: Some(function) })
        })
    }

    /// Everywhere a class is written: Go and C# may write one class in several files.
    pub(crate) fn places(&self, module: ModuleId, class: ClassId) -> Vec<(ModuleId, ClassId)> {
        let found = self.module(module);
        let others = self.shared.parts_of(found.dialect.language(), &found.path, &found.class(class).name);
        let mut all = vec![(module, class)];
        all.extend(others.iter().copied().filter(|other| *other != (module, class)));
        all
    }

    /// The method of a class, its own or inherited within the program.
    pub(crate) fn method(&self, module: ModuleId, class: u32, name: &str) -> Option<Routine> {
        self.method_within(module, class, name, 6)
    }

    fn method_within(&self, module: ModuleId, class: u32, name: &str, depth: u8) -> Option<Routine> {
        let places = self.places(module, class);
        let own = places.iter().find_map(|(module, class)| {
            let function = self.names[*module as usize].method(*class, name)?;
            Some(Routine { module: *module, function: Some(function) })
        });
        if own.is_some() {
            return own;
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
    pub(crate) fn implementers(&self, routine: Routine) -> Rc<[Routine]> {
        if let Some(known) = self.implementers.borrow().get(&routine) {
            return Rc::clone(known);
        }
        let found: Rc<[Routine]> = self.find_implementers(routine).into();
        self.implementers.borrow_mut().insert(routine, Rc::clone(&found));
        found
    }

    fn find_implementers(&self, routine: Routine) -> Vec<Routine> {
        const MOST: usize = 12;
        let Some(function) = routine.function.map(|f| self.module(routine.module).function(f)) else {
            return Vec::new();
        };
        let all = self.methods_named.get(&function.name).map_or(&[][..], Vec::as_slice);
        let Some(class) = function.class else { return Vec::new() };
        // An implementation has every method that the interface names.
        let wanted: Vec<Arc<str>> = self
            .methods(routine.module, class)
            .filter_map(|r| Some(Arc::clone(&self.module(r.module).function(r.function?).name)))
            .take(MOST)
            .collect();
        let fits = |other: &&Routine| {
            let of = other.function.and_then(|f| self.module(other.module).function(f).class);
            **other != routine
                && of
                    .is_some_and(|of| wanted.iter().all(|name| self.method(other.module, of, name).is_some()))
        };
        all.iter().take(10 * MOST).filter(fits).take(MOST).copied().collect()
    }

    /// Whether a class of the program has a field of that name.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.names.iter().any(|names| names.has_field(name))
    }

    /// The only function or method of that name in the program, for calls on something that could not be resolved.
    pub(crate) fn only_named(&self, name: &str) -> Option<Routine> {
        self.only_named.get(name).copied().flatten()
    }

    /// The function that stands under a key of a map: `{"refund": refund}`.
    pub(crate) fn keyed(&self, key: &str) -> Option<Routine> {
        let (spot, value) = self.keyed.get(key)?;
        self.resolve(*spot, value).into_iter().find_map(|meaning| match meaning {
            Meaning::Function(module, function) => Some(Routine { module, function: Some(function) }),
            Meaning::Instance(module, class) | Meaning::Class(module, class) => {
                ["run", "call", "execute", "invoke", "Run", "Call", "Execute"]
                    .iter()
                    .find_map(|name| self.method(module, class, name))
            }
            _ => None,
        })
    }

    /// Calls that are made where a branch is taken for a text.
    pub(crate) fn cases(&self, text: &str) -> Vec<CallSite> {
        /// Calls of one case.
        const MOST: usize = 200;
        let mut found = Vec::new();
        for (id, module) in self.modules() {
            let branches: HashSet<BranchId> =
                module.cases.iter().filter(|(case, _)| &**case == text).map(|(_, branch)| *branch).collect();
            if branches.is_empty() {
                continue;
            }
            let inside = |call: &Call| {
                branches.iter().any(|branch| {
                    call.branch.is_some() && module.is_within_branch(call.branch, Some(*branch))
                })
            };
            let calls = (0u32..).zip(&module.calls).filter(|(_, call)| inside(call));
            found.extend(calls.take(MOST).map(|(call, _)| CallSite { module: id, call }));
        }
        found
    }

    /// Whether an import of a module leads out of the repository.
    pub(crate) fn is_foreign(&self, id: ModuleId, import: usize) -> bool {
        let is_relative = self.module(id).imports[import].module.starts_with('.');
        let lead = self.leads[id as usize][import];
        !is_relative && (!lead.is_local || lead.is_declared) && !self.is_own_constant(id, import)
    }

    /// Whether what Ruby names by a constant is a module or a class of the program.
    fn is_own_constant(&self, id: ModuleId, import: usize) -> bool {
        let module = self.module(id);
        let first = module.imports[import].module.split('.').next().unwrap_or_default();
        module.dialect.language() == Language::Ruby
            && first.starts_with(char::is_uppercase)
            && self.shared.of_type(id, first).is_some()
    }

    /// Value of a class-level or instance attribute.
    pub(crate) fn attribute(&self, module: ModuleId, class: u32, name: &str) -> Option<&Expr> {
        let binding = self.names[module as usize].attributes(class, name).next()?;
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

/// Namespaces of `global using`, without those that occur twice.
fn opened_for_all(modules: &[Module]) -> Vec<Arc<str>> {
    let globals =
        modules.iter().flat_map(|module| &module.imports).filter(|import| &*import.local == "global");
    let mut all: Vec<Arc<str>> = globals.map(|import| Arc::clone(&import.module)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn only_named(modules: &[Module]) -> HashMap<Arc<str>, Option<Routine>> {
    let mut named: HashMap<Arc<str>, Option<Routine>> = HashMap::default();
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
