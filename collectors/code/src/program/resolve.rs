//! What an expression means: follows imports, bindings, classes, parameters and return values, within bounds.

use std::cell::Cell;
use std::rc::Rc;

use muster_rules::{Knowledge, Language};

use super::names::Definition;
use super::{ModuleId, Program, Routine};
use crate::syntax::{ClassId, Expr, FunctionId};

/// Steps that one question may take; enough for every real chain, and an end to every loop.
pub(super) const FUEL: u32 = 400;
/// Meanings that one expression may have.
const MAX_MEANINGS: usize = 4;
/// How deep one definition may lead to another.
pub(super) const MAX_DEPTH: u32 = 24;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    /// Its module.
    pub module: ModuleId,
    /// The function around it.
    pub function: Option<FunctionId>,
}

/// What an expression can mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Meaning {
    /// Something of another package, by its canonical name; values made by it carry its name on.
    External(Rc<str>),
    /// A module of the program or one that is known to be local.
    Module(ModuleId),
    /// A function of the program.
    Function(ModuleId, FunctionId),
    /// A class of the program.
    Class(ModuleId, ClassId),
    /// An instance of a class of the program.
    Instance(ModuleId, ClassId),
    /// Not known; the names that were read off it, as `?.a.b`.
    Unresolved(Rc<str>),
}

impl Meaning {
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(self, Self::Unresolved(_))
    }
}

impl Program<'_> {
    pub(super) fn external(&self, name: &str) -> Meaning {
        Meaning::External(self.symbols.get(name))
    }

    pub(super) fn unresolved(&self, name: &str) -> Meaning {
        Meaning::Unresolved(self.symbols.get(name))
    }

    /// What an expression can mean, best first; never empty.
    pub(crate) fn resolve(&self, spot: Spot, expr: &Expr) -> Vec<Meaning> {
        let fuel = Cell::new(FUEL);
        let mut meanings = self.expr(spot, expr, MAX_DEPTH, &fuel);
        // What is known comes before what is not.
        meanings.sort_by_key(Meaning::is_unresolved);
        meanings.dedup();
        if meanings.is_empty() {
            meanings.push(self.unresolved("?"));
        }
        meanings
    }

    /// Canonical external names an expression can have.
    pub(crate) fn symbols(&self, spot: Spot, expr: &Expr) -> Vec<Rc<str>> {
        self.resolve(spot, expr).into_iter().filter_map(Self::symbol).collect()
    }

    pub(crate) fn symbol(meaning: Meaning) -> Option<Rc<str>> {
        match meaning {
            Meaning::External(name) | Meaning::Unresolved(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn expr(&self, spot: Spot, expr: &Expr, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if fuel.get() == 0 {
            return Vec::new();
        }
        fuel.set(fuel.get() - 1);
        match expr {
            Expr::Name(name) => self.name(spot, name, depth, fuel),
            Expr::Member(object, name) => {
                let objects = self.expr(spot, object, depth, fuel);
                if objects.iter().all(Meaning::is_unresolved)
                    && let Some(of) = self.written_out(spot, object)
                {
                    return vec![self.external(&format!("builtins.{of}.{name}"))];
                }
                if objects.is_empty() {
                    return vec![self.unresolved(&format!("?.{name}"))];
                }
                limited(objects.into_iter().flat_map(|m| self.member(m, name, depth, fuel)))
            }
            Expr::Call(call) => {
                let known =
                    self.callees[spot.module as usize].get(*call as usize).map(|m| &**m).unwrap_or_default();
                if let Some(wanted) = self.served(spot, *call, depth, fuel) {
                    return wanted;
                }
                let callees = if known.is_empty() {
                    let call = self.module(spot.module).call(*call);
                    let spot = Spot { module: spot.module, function: call.within };
                    self.expr(spot, &call.callee, depth, fuel)
                } else {
                    known.to_vec()
                };
                if callees.iter().any(hands_back) {
                    let call = self.module(spot.module).call(*call);
                    let spot = Spot { module: spot.module, function: call.within };
                    if let Some(given) = call.arguments.first() {
                        return self.expr(spot, &given.value, depth, fuel);
                    }
                }
                limited(callees.into_iter().flat_map(|m| self.result(m, depth, fuel)))
            }
            Expr::Function(function) => vec![Meaning::Function(spot.module, *function)],
            Expr::Class(class) => vec![Meaning::Class(spot.module, *class)],
            Expr::Choice(values) => limited(values.iter().flat_map(|v| self.expr(spot, v, depth, fuel))),
            Expr::Spread(value) => self.expr(spot, value, depth, fuel),
            Expr::Text(_) | Expr::Literal(_) | Expr::List(_) | Expr::Map(_) | Expr::Unknown => Vec::new(),
        }
    }

    /// What a variable of Python is that begins as a list, a set or a map which is written out.
    fn written_out(&self, spot: Spot, object: &Expr) -> Option<&'static str> {
        if self.module(spot.module).dialect.language() != Language::Python {
            return None;
        }
        let Expr::Name(name) = object else { return None };
        let module = self.module(spot.module);
        let mut scope = spot.function;
        // Only what stands there: to follow it further would ask this again.
        loop {
            let found = self.names[spot.module as usize].in_scope(scope, name);
            if let Some(last) = found.last() {
                let Definition::Binding(binding) = last else { return None };
                return match module.bindings.get(*binding as usize)?.value {
                    Expr::List(_) => Some("list"),
                    Expr::Map(_) => Some("dict"),
                    _ => None,
                };
            }
            scope = module.function(scope?).within;
        }
    }

    /// A name, looked up from the inside out.
    pub(super) fn name(&self, spot: Spot, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let module = self.module(spot.module);
        let names = &self.names[spot.module as usize];
        let mut scope = spot.function;
        loop {
            let definitions = names.in_scope(scope, name);
            if let (true, Some(class)) = (
                matches!(name, "self" | "this" | "cls" | "Self"),
                scope.and_then(|f| module.function(f).class),
            ) {
                return vec![Meaning::Instance(spot.module, class)];
            }
            if !definitions.is_empty() {
                let found =
                    limited(definitions.iter().flat_map(|d| self.definition(spot.module, *d, depth, fuel)));
                if !found.is_empty() {
                    return found;
                }
                return vec![self.unresolved("?")];
            }
            match scope {
                Some(function) => {
                    // In a class, its members are named without saying whose they are.
                    if let Some(class) = module.function(function).class
                        && implies_self(module.dialect.language())
                        && let Some(found) = self.own_member(spot.module, class, name, depth, fuel)
                    {
                        return found;
                    }
                    scope = module.function(function).within;
                }
                None => break,
            }
        }
        if let Some(found) = self.shared_name(spot, name, depth, fuel) {
            return found;
        }
        for star in &names.stars {
            let import = &module.imports[*star as usize];
            match self.imported_module(spot.module, *star) {
                Some(target) => {
                    let found = self.exported(target, name, depth, fuel);
                    if !found.is_empty() {
                        return found;
                    }
                }
                None if module.dialect.language() == Language::Python
                    && name.starts_with(char::is_uppercase) =>
                {
                    return vec![self.external(&format!("{}.{name}", import.module))];
                }
                None => {}
            }
        }
        self.of_base(spot, name).unwrap_or_else(|| self.outside(spot.module, name))
    }

    pub(super) fn definition(
        &self,
        at: ModuleId,
        definition: Definition,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Vec<Meaning> {
        match definition {
            Definition::Import(import) => self.import(at, import, depth, fuel),
            Definition::Function(function) => vec![Meaning::Function(at, function)],
            Definition::Class(class) => vec![Meaning::Class(at, class)],
            Definition::Binding(binding) => self.bound(at, binding, depth, fuel),
            Definition::Parameter(function, position) => self.parameter(at, function, position, depth, fuel),
        }
    }

    /// What a name is bound to; where that is not known, what it is declared to be.
    pub(super) fn bound(&self, at: ModuleId, binding: u32, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let binding = &self.module(at).bindings[binding as usize];
        let spot = Spot { module: at, function: binding.within };
        let found = self.expr(spot, &binding.value, depth, fuel);
        let Some(of_type) = &binding.of_type else { return found };
        let is_own = |m: &Meaning| !matches!(m, Meaning::External(_) | Meaning::Unresolved(_));
        if found.iter().any(is_own) {
            return found;
        }
        let declared = self.of_type(spot, of_type, depth, fuel);
        // What a name of another package is may be guessed by an import of everything; a type of the program is said.
        let is_known = found.iter().any(|m| !m.is_unresolved() && !is_plain(m));
        let says_more = !declared.is_empty() && (!is_known || declared.iter().any(is_own));
        if says_more { declared } else { found }
    }

    /// The things of a type: instances of a class of the program, or what another package makes.
    pub(super) fn of_type(&self, spot: Spot, of_type: &Expr, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        self.expr(spot, of_type, depth, fuel)
            .into_iter()
            .filter(|m| !is_plain(m) && !m.is_unresolved())
            .map(|m| match m {
                Meaning::Class(module, class) => Meaning::Instance(module, class),
                other => other,
            })
            .collect()
    }

    /// A parameter is what its annotation says, or what callers pass.
    pub(super) fn parameter(
        &self,
        at: ModuleId,
        function: FunctionId,
        position: u32,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Vec<Meaning> {
        let definition = self.module(at).function(function);
        let Some((name, annotation)) = definition.parameters.get(position as usize) else {
            return Vec::new();
        };
        if let Some(annotation) = annotation {
            let spot = Spot { module: at, function: definition.within };
            let of_type = self.of_type(spot, annotation, depth, fuel);
            if !of_type.is_empty() {
                return of_type;
            }
        }
        let is_method = definition.class.is_some()
            && definition.parameters.first().is_some_and(|(first, _)| matches!(&**first, "self" | "cls"))
            || self.module(at).dialect.language() == Language::Go && definition.class.is_some();
        let callers = self.callers(Routine { module: at, function: Some(function) });
        limited(callers.iter().take(6).flat_map(|site| {
            let call = self.module(site.module).call(site.call);
            let spot = Spot { module: site.module, function: call.within };
            let by_name = call.arguments.iter().find(|a| a.name.as_ref() == Some(name));
            let position = (position as usize).checked_sub(usize::from(is_method));
            let by_position =
                || position.and_then(|p| call.arguments.iter().filter(|a| a.name.is_none()).nth(p));
            match by_name.or_else(by_position) {
                Some(argument) => self.expr(spot, &argument.value, depth, fuel),
                None => Vec::new(),
            }
        }))
    }

    /// The local module that an import leads to.
    pub(super) fn imported_module(&self, at: ModuleId, import: u32) -> Option<ModuleId> {
        self.leads[at as usize].get(import as usize)?.module
    }

    pub(super) fn import(&self, at: ModuleId, index: u32, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let module = self.module(at);
        let import = &module.imports[index as usize];
        let specifier = import.module.strip_prefix("node:").unwrap_or(&import.module);
        let language = module.dialect.language();
        let lead = self.leads[at as usize][index as usize];
        if lead.is_submodule {
            return lead.submodule.map(Meaning::Module).into_iter().collect();
        }
        if lead.is_local {
            let found = lead.module.map(|id| match import.item.as_deref() {
                None => vec![Meaning::Module(id)],
                Some(item) => self.exported(id, item, depth, fuel),
            });
            match found {
                Some(found) if !found.is_empty() => return found,
                // A local package that only shares its name with the package the manifest asks for.
                _ if lead.is_declared => {}
                Some(_) | None => return Vec::new(),
            }
        } else if specifier.starts_with('.') {
            return Vec::new();
        }
        let name = match (language, import.item.as_deref()) {
            (Language::JavaScript | Language::Go, None) => format!("{specifier}#"),
            (Language::JavaScript | Language::Go, Some(item)) => format!("{specifier}#{item}"),
            (_, None) => specifier.to_owned(),
            (_, Some(item)) => format!("{specifier}.{item}"),
        };
        // What is imported from the repository's own code, in a file that goes by another name.
        if let Some(item) = import.item.as_deref()
            && (self.knows)(language, &name) == Knowledge::None
        {
            if let Some((module, class)) = self.shared.of_type(at, item) {
                return vec![Meaning::Class(module, class)];
            }
            if let Some((module, function)) = self.shared.function(at, item) {
                return vec![Meaning::Function(module, function)];
            }
        }
        vec![self.external(&name)]
    }

    /// What a module gives out under a name, also when it only passes it on.
    pub(super) fn exported(&self, id: ModuleId, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        // Modules that pass on everything of each other lead in circles.
        let Some(left) = fuel.get().checked_sub(1) else { return Vec::new() };
        fuel.set(left);
        let names = &self.names[id as usize];
        let found =
            limited(names.in_scope(None, name).iter().flat_map(|d| self.definition(id, *d, depth, fuel)));
        if !found.is_empty() {
            return found;
        }
        let module = self.module(id);
        if module.dialect.language() == Language::Go {
            for sibling in self.shared.siblings(id) {
                let shared = self.names[sibling as usize].in_scope(None, name);
                let shared = shared.iter().filter(|d| super::shared::is_shared(d));
                let found = limited(shared.flat_map(|d| self.definition(sibling, *d, depth, fuel)));
                if !found.is_empty() {
                    return found;
                }
            }
            return Vec::new();
        }
        // A file of a class is imported as the class.
        if module.classes.len() == 1 && &*module.classes[0].name == name {
            return vec![Meaning::Class(id, 0)];
        }
        for star in &names.stars {
            if let Some(target) = self.imported_module(id, *star)
                && target != id
            {
                let found = self.exported(target, name, depth, fuel);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        // `export default x`: the one thing a module that exports nothing else by that name can mean.
        if name == "default" {
            if module.classes.len() == 1 {
                return vec![Meaning::Class(id, 0)];
            }
            let top: Vec<FunctionId> = (0u32..)
                .zip(&module.functions)
                .filter(|(_, f)| f.within.is_none() && f.class.is_none())
                .map(|(i, _)| i)
                .collect();
            if let [only] = top[..] {
                return vec![Meaning::Function(id, only)];
            }
        }
        Vec::new()
    }

    pub(super) fn member(&self, object: Meaning, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        match object {
            Meaning::External(base) => vec![self.external(&bounded(&base, name))],
            Meaning::Unresolved(base) => vec![self.unresolved(&bounded(&base, name))],
            Meaning::Module(module) => self.exported(module, name, depth, fuel),
            Meaning::Function(..) => vec![self.unresolved(&format!("?.{name}"))],
            Meaning::Class(module, class) | Meaning::Instance(module, class) => {
                self.class_member(module, class, name, depth, fuel)
            }
        }
    }

    pub(super) fn class_member(
        &self,
        module: ModuleId,
        class: ClassId,
        name: &str,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Vec<Meaning> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let language = self.module(module).dialect.language();
        if matches!(language, Language::Ruby | Language::Java | Language::Kotlin | Language::CSharp)
            && name.starts_with(char::is_uppercase)
            && let Some((module, class)) = self.shared.of_type(module, name)
        {
            return vec![Meaning::Class(module, class)];
        }
        for (module, class) in self.places(module, class) {
            let names = &self.names[module as usize];
            if let Some(method) = names.method(class, name) {
                return vec![Meaning::Function(module, method)];
            }
            let attributes = names.attributes(class, name);
            let bound = limited(attributes.flat_map(|binding| self.bound(module, binding, depth, fuel)));
            if !bound.is_empty() {
                return bound;
            }
        }
        let spot = Spot { module, function: None };
        let inherited = limited(
            self.module(module)
                .class(class)
                .bases
                .iter()
                .flat_map(|base| self.expr(spot, base, depth, fuel))
                .filter(|base| !matches!(base, Meaning::External(name) if name.starts_with("builtins.")))
                .flat_map(|base| self.member(base, name, depth, fuel)),
        );
        if !inherited.iter().any(|m| !m.is_unresolved())
            && let Some((module, field)) = self.getter(module, class, name)
        {
            let attributes = self.names[module as usize].attributes(field, &field_of(name));
            let bound = limited(attributes.flat_map(|binding| self.bound(module, binding, depth, fuel)));
            if !bound.is_empty() {
                return bound;
            }
        }
        if inherited.is_empty() { vec![self.unresolved(&format!("?.{name}"))] } else { inherited }
    }

    /// The class whose field a getter gives that nobody wrote: Lombok makes it of the field, and so does Kotlin.
    pub(super) fn getter(&self, module: ModuleId, class: ClassId, name: &str) -> Option<(ModuleId, ClassId)> {
        let language = self.module(module).dialect.language();
        let field = field_of(name);
        if field.is_empty() || !matches!(language, Language::Java | Language::Kotlin) {
            return None;
        }
        self.places(module, class).into_iter().find(|(module, class)| {
            let names = &self.names[*module as usize];
            names.method(*class, name).is_none() && names.has_attribute(*class, &field)
        })
    }

    /// What calling something gives.
    pub(super) fn result(&self, callee: Meaning, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        match callee {
            Meaning::External(name) if name.ends_with('#') => {
                vec![self.external(&format!("{name}default"))]
            }
            Meaning::Class(module, class) => vec![Meaning::Instance(module, class)],
            Meaning::Function(module, function) => {
                let spot = Spot { module, function: Some(function) };
                let definition = self.module(module).function(function);
                limited(definition.returns.iter().flat_map(|value| self.expr(spot, value, depth, fuel)))
            }
            other => vec![other],
        }
    }
}

/// The field that a getter is called after; empty where a name is none of a getter.
pub(super) fn field_of(getter: &str) -> String {
    let rest = getter.strip_prefix("get").or_else(|| getter.strip_prefix("is")).unwrap_or_default();
    let mut letters = rest.chars();
    match letters.next() {
        Some(first) if first.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => String::new(),
    }
}

/// Whether a function gives back the function that it is given, in another dress: `promisify(exec)` still runs commands.
fn hands_back(callee: &Meaning) -> bool {
    let Meaning::External(name) = callee else { return false };
    name.ends_with("util#promisify")
        || name.ends_with("util#default.promisify")
        || matches!(&**name, "functools.partial" | "functools.partialmethod")
        || runs_once(name)
}

/// Whether a function of JavaScript only keeps what the function that it is given gave first: `once(() => new Client())`.
fn runs_once(name: &str) -> bool {
    const PACKAGES: [&str; 10] = [
        "lodash",
        "underscore",
        "ramda",
        "functools-kit",
        "es-toolkit",
        "radash",
        "remeda",
        "onetime",
        "memoize",
        "once",
    ];
    const ONCE: [&str; 7] = ["once", "onetime", "singleshot", "memoize", "memoizeOne", "memo", "default"];
    let Some((package, rest)) = name.split_once('#') else { return false };
    let last = rest.rsplit('.').next().unwrap_or(rest);
    PACKAGES.iter().any(|known| package.starts_with(known)) && ONCE.contains(&last)
}

/// Whether a meaning is only one of the language's own types.
pub(super) fn is_plain(meaning: &Meaning) -> bool {
    let Meaning::External(name) = meaning else { return false };
    ["builtins.", "global#", "java.lang.", "kotlin."].iter().any(|own| name.starts_with(own))
}

/// Whether a class's members are named in it without saying whose they are.
pub(super) fn implies_self(language: Language) -> bool {
    matches!(language, Language::Java | Language::Kotlin | Language::CSharp | Language::Ruby)
}

pub(super) fn limited(meanings: impl Iterator<Item = Meaning>) -> Vec<Meaning> {
    let mut kept: Vec<Meaning> = Vec::new();
    for meaning in meanings {
        if !kept.contains(&meaning) {
            kept.push(meaning);
        }
        if kept.len() == MAX_MEANINGS {
            break;
        }
    }
    kept
}

/// Appends a member; a name that grows without end is cut.
pub(super) fn bounded(base: &str, name: &str) -> String {
    let dot = if base.ends_with('#') { "" } else { "." };
    if base.len() + name.len() > 300 { base.to_owned() } else { format!("{base}{dot}{name}") }
}
