//! What an expression means: follows imports, bindings, classes, parameters and return values, within bounds.

use std::cell::Cell;
use std::rc::Rc;

use muster_rules::{Knowledge, Language};

use super::names::Definition;
use super::{CallSite, ModuleId, Program, Routine};
use crate::syntax::{CallId, ClassId, Expr, FunctionId, TYPE_ARGUMENT};

/// Steps that one question may take; enough for every real chain, and an end to every loop.
const FUEL: u32 = 400;
/// Meanings that one expression may have.
const MAX_MEANINGS: usize = 4;
/// How deep one definition may lead to another.
const MAX_DEPTH: u32 = 24;

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
    fn external(&self, name: &str) -> Meaning {
        Meaning::External(self.symbols.get(name))
    }

    fn unresolved(&self, name: &str) -> Meaning {
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

    fn expr(&self, spot: Spot, expr: &Expr, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if fuel.get() == 0 {
            return Vec::new();
        }
        fuel.set(fuel.get() - 1);
        match expr {
            Expr::Name(name) => self.name(spot, name, depth, fuel),
            Expr::Member(object, name) => {
                let objects = self.expr(spot, object, depth, fuel);
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
                limited(callees.into_iter().flat_map(|m| self.result(m, depth, fuel)))
            }
            Expr::Function(function) => vec![Meaning::Function(spot.module, *function)],
            Expr::Class(class) => vec![Meaning::Class(spot.module, *class)],
            Expr::Choice(values) => limited(values.iter().flat_map(|v| self.expr(spot, v, depth, fuel))),
            Expr::Spread(value) => self.expr(spot, value, depth, fuel),
            Expr::Text(_) | Expr::Literal(_) | Expr::List(_) | Expr::Map(_) | Expr::Unknown => Vec::new(),
        }
    }

    /// Whether a value is declared to be a text, a number or another of the language's own types.
    pub(crate) fn is_plain_value(&self, spot: Spot, value: &Expr) -> bool {
        let Expr::Name(name) = value else { return false };
        let module = self.module(spot.module);
        let mut scope = spot.function;
        while let Some(function) = scope {
            let found = module.function(function);
            if let Some((_, of_type)) = found.parameters.iter().find(|(parameter, _)| parameter == name) {
                let Some(of_type) = of_type else { return false };
                let meanings = self.resolve(Spot { module: spot.module, function: found.within }, of_type);
                return !meanings.is_empty() && meanings.iter().all(carries_nothing);
            }
            scope = found.within;
        }
        false
    }

    /// What a container gives out when it is asked for a type: `services.GetRequiredService<IChatClient>()`.
    fn served(&self, spot: Spot, call: CallId, depth: u32, fuel: &Cell<u32>) -> Option<Vec<Meaning>> {
        const ASKS: [&str; 9] = [
            "GetRequiredService",
            "GetService",
            "GetRequiredKeyedService",
            "GetKeyedService",
            "CreateInstance",
            "getBean",
            "get",
            "inject",
            "Resolve",
        ];
        let call = self.module(spot.module).call(call);
        let of_type = call.arguments.iter().find(|a| a.name.as_deref() == Some(TYPE_ARGUMENT))?;
        let (Expr::Name(name) | Expr::Member(_, name)) = &call.callee else { return None };
        if !ASKS.contains(&&**name) {
            return None;
        }
        let found =
            self.of_type(Spot { module: spot.module, function: call.within }, &of_type.value, depth, fuel);
        (!found.is_empty()).then_some(found)
    }

    /// A name, looked up from the inside out.
    fn name(&self, spot: Spot, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
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

    /// A name that only the base of the class around it can have brought, in languages without functions outside of
    /// classes: what the base is called is all that is known of it.
    fn of_base(&self, spot: Spot, name: &str) -> Option<Vec<Meaning>> {
        let module = self.module(spot.module);
        let is_method = match module.dialect.language() {
            Language::Java => name.starts_with(char::is_lowercase),
            Language::CSharp => name.starts_with(char::is_uppercase),
            _ => false,
        };
        let mut scope = spot.function.filter(|_| is_method);
        while let Some(function) = scope {
            let function = module.function(function);
            if let Some(class) = function.class {
                let bases = self.foreign_bases(spot.module, class);
                let known = bases.iter().map(|base| bounded(base, name));
                let known =
                    known.filter(|full| (self.knows)(module.dialect.language(), full) != Knowledge::None);
                let found = limited(known.map(|full| self.external(&full)));
                return (!found.is_empty()).then_some(found);
            }
            scope = function.within;
        }
        None
    }

    /// A name that nothing in the program defines.
    fn outside(&self, at: ModuleId, name: &str) -> Vec<Meaning> {
        let language = self.module(at).dialect.language();
        let is_type = name.starts_with(char::is_uppercase);
        vec![match language {
            Language::JavaScript => self.external(&format!("global#{name}")),
            Language::Java | Language::Kotlin if is_type => self.external(&format!("java.lang.{name}")),
            // A package that is written out.
            Language::Java | Language::Kotlin if PACKAGES.contains(&name) => self.external(name),
            // A leading backslash: the name as it is.
            Language::Php if name.starts_with('\\') => self.external(name.trim_start_matches('\\')),
            Language::Kotlin => self.external(&format!("kotlin.{name}")),
            Language::Rust => self.external(name),
            Language::Ruby | Language::Php if is_type => self.external(name),
            Language::Python | Language::Go | Language::Ruby | Language::Php => {
                self.external(&format!("builtins.{name}"))
            }
            Language::Java | Language::CSharp => self.unresolved(&format!("?.{name}")),
        }]
    }

    /// A member of the class around a name, its own or inherited within the program.
    fn own_member(
        &self,
        module: ModuleId,
        class: ClassId,
        name: &str,
        depth: u32,
        fuel: &Cell<u32>,
    ) -> Option<Vec<Meaning>> {
        // A type that is imported is no member, whatever a base may hold.
        if name.starts_with(char::is_uppercase)
            && !self.names[module as usize].in_scope(None, name).is_empty()
        {
            return None;
        }
        let found = self.class_member(module, class, name, depth, fuel);
        let is_known = found.iter().any(|m| !m.is_unresolved());
        let here = self.places(module, class).into_iter().any(|(module, class)| {
            let names = &self.names[module as usize];
            names.method(class, name).is_some() || !names.attributes(class, name).is_empty()
        });
        // What a foreign base may hold has the base's name, not that of any function.
        let language = self.module(module).dialect.language();
        let inherited = found.iter().any(|m| match m {
            Meaning::Function(..) | Meaning::Class(..) | Meaning::Instance(..) => true,
            // Only what a rule spells out, and no constants: they are never inherited.
            Meaning::External(full) => {
                let is_method = language == Language::CSharp || !name.starts_with(char::is_uppercase);
                is_method && (self.knows)(language, full) == Knowledge::Named
            }
            _ => false,
        });
        (here || (is_known && inherited)).then_some(found)
    }

    /// What a bare name is as a member of a class.
    pub(super) fn inherited(&self, module: ModuleId, class: ClassId, name: &str) -> Option<Vec<Meaning>> {
        self.own_member(module, class, name, MAX_DEPTH, &Cell::new(FUEL))
    }

    /// A name that other files define, in languages whose files share names.
    fn shared_name(&self, spot: Spot, name: &str, depth: u32, fuel: &Cell<u32>) -> Option<Vec<Meaning>> {
        let language = self.module(spot.module).dialect.language();
        if matches!(language, Language::Python | Language::JavaScript) {
            return None;
        }
        let is_type = name.starts_with(char::is_uppercase);
        if language == Language::Go || is_type || language == Language::Kotlin {
            for sibling in self.shared.siblings(spot.module) {
                let definitions = self.names[sibling as usize].in_scope(None, name);
                let shared = definitions.iter().filter(|d| super::shared::is_shared(d));
                let left = fuel.get().checked_sub(1)?;
                fuel.set(left);
                let found = limited(shared.flat_map(|d| self.definition(sibling, *d, depth, fuel)));
                if !found.is_empty() {
                    return Some(found);
                }
            }
        }
        if is_type {
            let known = self.opened(spot.module, name);
            if !known.is_empty() {
                return Some(known);
            }
        }
        if let Some((module, class)) = self.shared.of_type(spot.module, name).filter(|_| is_type) {
            return Some(vec![Meaning::Class(module, class)]);
        }
        let function = self.shared.function(spot.module, name).filter(|_| language != Language::Rust);
        function.map(|(module, function)| vec![Meaning::Function(module, function)])
    }

    /// What a name means in the namespaces that a file opens, as far as rules know it.
    fn opened(&self, at: ModuleId, name: &str) -> Vec<Meaning> {
        /// Namespaces that the compiler opens in every file of an ordinary project.
        const IMPLICIT: [&str; 16] = [
            "System",
            "System.IO",
            "System.Linq",
            "System.Net.Http",
            "System.Threading",
            "System.Threading.Tasks",
            "System.Collections.Generic",
            "System.Net.Http.Json",
            "Microsoft.Extensions.Configuration",
            "Microsoft.Extensions.DependencyInjection",
            "Microsoft.Extensions.Hosting",
            "Microsoft.Extensions.Logging",
            "Microsoft.AspNetCore.Builder",
            "Microsoft.AspNetCore.Hosting",
            "Microsoft.AspNetCore.Http",
            "Microsoft.AspNetCore.Routing",
        ];
        let language = self.module(at).dialect.language();
        let own = self.names[at as usize].stars.iter();
        let mut stars: Vec<&str> = own.map(|star| &*self.module(at).imports[*star as usize].module).collect();
        if language == Language::CSharp {
            stars.extend(self.opened_for_all.iter().map(|name| &**name));
            stars.extend(IMPLICIT);
        }
        if matches!(language, Language::Java | Language::Kotlin) {
            stars.push("java.lang");
        }
        let names: Vec<(Knowledge, String)> = stars
            .into_iter()
            .map(|module| format!("{module}.{name}"))
            .map(|name| ((self.knows)(language, &name), name))
            .collect();
        // Where a rule spells a name out, the namespaces of which it leaves open what is in them do not count.
        let best = names.iter().map(|(known, _)| *known).max().filter(|known| *known != Knowledge::None);
        limited(names.iter().filter(|(known, _)| Some(*known) == best).map(|(_, name)| self.external(name)))
    }

    fn definition(&self, at: ModuleId, definition: Definition, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        match definition {
            Definition::Import(import) => self.import(at, import, depth, fuel),
            Definition::Function(function) => vec![Meaning::Function(at, function)],
            Definition::Class(class) => vec![Meaning::Class(at, class)],
            Definition::Binding(binding) => self.bound(at, binding, depth, fuel),
            Definition::Parameter(function, position) => self.parameter(at, function, position, depth, fuel),
        }
    }

    /// What a name is bound to; where that is not known, what it is declared to be.
    fn bound(&self, at: ModuleId, binding: u32, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let binding = &self.module(at).bindings[binding as usize];
        let spot = Spot { module: at, function: binding.within };
        let found = self.expr(spot, &binding.value, depth, fuel);
        let Some(of_type) = &binding.of_type else { return found };
        if found.iter().any(|m| !m.is_unresolved() && !is_plain(m)) {
            return found;
        }
        let declared = self.of_type(spot, of_type, depth, fuel);
        if declared.is_empty() { found } else { declared }
    }

    /// The things of a type: instances of a class of the program, or what another package makes.
    fn of_type(&self, spot: Spot, of_type: &Expr, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
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
    fn parameter(
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
    fn imported_module(&self, at: ModuleId, import: u32) -> Option<ModuleId> {
        self.leads[at as usize].get(import as usize)?.module
    }

    fn import(&self, at: ModuleId, index: u32, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
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

    fn member(&self, object: Meaning, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
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

    fn class_member(
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
            let attributes = names.attributes(class, name).iter();
            let bound = limited(attributes.flat_map(|binding| self.bound(module, *binding, depth, fuel)));
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
        if inherited.is_empty() { vec![self.unresolved(&format!("?.{name}"))] } else { inherited }
    }

    /// What calling something gives.
    fn result(&self, callee: Meaning, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
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

    /// Follows a name, attribute or call of a local function one step, to the value behind it.
    pub(super) fn bound_value<'e>(&'e self, spot: Spot, expr: &'e Expr) -> Option<(Spot, &'e Expr)> {
        match expr {
            Expr::Spread(inner) => Some((spot, inner)),
            Expr::Name(name) => {
                let module = self.module(spot.module);
                let names = &self.names[spot.module as usize];
                let mut scope = spot.function;
                loop {
                    match names.in_scope(scope, name) {
                        [] => match scope {
                            Some(function) => {
                                let found = module.function(function);
                                // A field of the class, named without saying whose it is.
                                if let Some(class) = found.class
                                    && implies_self(module.dialect.language())
                                    && let Some(value) = self.attribute_value(spot.module, class, name)
                                {
                                    return Some(value);
                                }
                                scope = found.within;
                            }
                            None => return self.shared_value(spot.module, name),
                        },
                        [.., Definition::Binding(binding)] => {
                            let binding = &module.bindings[*binding as usize];
                            return Some((
                                Spot { module: spot.module, function: binding.within },
                                &binding.value,
                            ));
                        }
                        [Definition::Import(import)] => {
                            let target = self.imported_module(spot.module, *import)?;
                            let import = &module.imports[*import as usize];
                            return self.exported_value(target, import.item.as_deref()?, 4);
                        }
                        [Definition::Parameter(function, position)] => {
                            return self.passed_value(spot.module, *function, *position);
                        }
                        _ => return None,
                    }
                }
            }
            Expr::Member(object, name) => match self.resolve(spot, object).first()? {
                Meaning::Instance(module, class) | Meaning::Class(module, class) => {
                    self.attribute_value(*module, *class, name)
                }
                Meaning::Module(module) => self.exported_value(*module, name, 4),
                _ => None,
            },
            Expr::Call(call) => {
                let site = CallSite { module: spot.module, call: *call };
                let routine = self.callee(site).iter().find_map(|m| match m {
                    Meaning::Function(module, function) => Some((*module, *function)),
                    _ => None,
                })?;
                let value = self.module(routine.0).function(routine.1).returns.first()?;
                Some((Spot { module: routine.0, function: Some(routine.1) }, value))
            }
            _ => None,
        }
    }

    /// The value that an attribute of a class is first set to, and where it is written.
    fn attribute_value(&self, module: ModuleId, class: ClassId, name: &str) -> Option<(Spot, &Expr)> {
        let binding = *self.names[module as usize].attributes(class, name).first()?;
        let binding = &self.module(module).bindings[binding as usize];
        Some((Spot { module, function: binding.within }, &binding.value))
    }

    /// The value of a variable that another file of the package defines.
    fn shared_value(&self, module: ModuleId, name: &str) -> Option<(Spot, &Expr)> {
        let language = self.module(module).dialect.language();
        if !matches!(language, Language::Go | Language::Kotlin) {
            return None;
        }
        self.shared.siblings(module).find_map(|sibling| {
            match self.names[sibling as usize].in_scope(None, name) {
                [Definition::Binding(binding)] => {
                    let binding = &self.module(sibling).bindings[*binding as usize];
                    Some((Spot { module: sibling, function: None }, &binding.value))
                }
                _ => None,
            }
        })
    }

    /// Whether a name is a variable or a parameter, and no package or type.
    pub(crate) fn is_variable(&self, spot: Spot, name: &str) -> bool {
        let module = self.module(spot.module);
        let mut scope = spot.function;
        loop {
            let found = self.names[spot.module as usize].in_scope(scope, name);
            if !found.is_empty() {
                return found.iter().any(|d| matches!(d, Definition::Binding(_) | Definition::Parameter(..)));
            }
            match scope {
                Some(function) => {
                    let function = module.function(function);
                    if let Some(class) = function.class
                        && !self.names[spot.module as usize].attributes(class, name).is_empty()
                    {
                        return true;
                    }
                    scope = function.within;
                }
                None => return false,
            }
        }
    }

    /// Every value that the nearest definition of a name gives it.
    pub(crate) fn bound_values(&self, spot: Spot, name: &str) -> Vec<(Spot, &Expr)> {
        let module = self.module(spot.module);
        let mut scope = spot.function;
        loop {
            let found = self.names[spot.module as usize].in_scope(scope, name);
            if !found.is_empty() {
                let bindings = found.iter().filter_map(|definition| match definition {
                    Definition::Binding(binding) => Some(&module.bindings[*binding as usize]),
                    _ => None,
                });
                return bindings
                    .map(|binding| (Spot { module: spot.module, function: binding.within }, &binding.value))
                    .collect();
            }
            let Some(function) = scope else { return Vec::new() };
            scope = module.function(function).within;
        }
    }

    fn exported_value(&self, id: ModuleId, name: &str, depth: u8) -> Option<(Spot, &Expr)> {
        let module = self.module(id);
        match self.names[id as usize].in_scope(None, name) {
            [.., Definition::Binding(binding)] => {
                Some((Spot { module: id, function: None }, &module.bindings[*binding as usize].value))
            }
            [Definition::Import(import)] => {
                let target = self.imported_module(id, *import)?;
                let import = &module.imports[*import as usize];
                self.exported_value(target, import.item.as_deref()?, depth.checked_sub(1)?)
            }
            _ => None,
        }
    }

    /// The value that the only caller passes for a parameter.
    fn passed_value(&self, module: ModuleId, function: FunctionId, position: u32) -> Option<(Spot, &Expr)> {
        let definition = self.module(module).function(function);
        let (name, _) = definition.parameters.get(position as usize)?;
        let [site] = self.callers(Routine { module, function: Some(function) }) else { return None };
        let call = self.module(site.module).call(site.call);
        let is_method =
            definition.parameters.first().is_some_and(|(first, _)| matches!(&**first, "self" | "cls"));
        let position = (position as usize).checked_sub(usize::from(is_method));
        let argument =
            call.arguments.iter().find(|a| a.name.as_ref() == Some(name)).or_else(|| {
                position.and_then(|p| call.arguments.iter().filter(|a| a.name.is_none()).nth(p))
            })?;
        Some((Spot { module: site.module, function: call.within }, &argument.value))
    }
}

/// First names of packages that code writes out without an import.
const PACKAGES: [&str; 12] =
    ["java", "javax", "jakarta", "kotlin", "kotlinx", "com", "org", "io", "dev", "net", "ai", "software"];

/// Whether a type is one whose values hold no tools: texts, numbers, times, what cancels a call.
fn carries_nothing(of_type: &Meaning) -> bool {
    const TYPES: [&str; 30] = [
        "String",
        "string",
        "str",
        "CharSequence",
        "int",
        "Int",
        "Integer",
        "int32",
        "int64",
        "Long",
        "long",
        "float",
        "float32",
        "float64",
        "Float",
        "double",
        "Double",
        "bool",
        "Boolean",
        "boolean",
        "usize",
        "u32",
        "u64",
        "i32",
        "i64",
        "char",
        "CancellationToken",
        "Context",
        "Duration",
        "Uri",
    ];
    let (Meaning::External(name) | Meaning::Unresolved(name)) = of_type else { return false };
    name.rsplit(['.', '#']).next().is_some_and(|last| TYPES.contains(&last))
}

/// Whether a meaning is only one of the language's own types.
fn is_plain(meaning: &Meaning) -> bool {
    let Meaning::External(name) = meaning else { return false };
    ["builtins.", "global#", "java.lang.", "kotlin."].iter().any(|own| name.starts_with(own))
}

/// Whether a class's members are named in it without saying whose they are.
fn implies_self(language: Language) -> bool {
    matches!(language, Language::Java | Language::Kotlin | Language::CSharp | Language::Ruby)
}

fn limited(meanings: impl Iterator<Item = Meaning>) -> Vec<Meaning> {
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
fn bounded(base: &str, name: &str) -> String {
    let dot = if base.ends_with('#') { "" } else { "." };
    if base.len() + name.len() > 300 { base.to_owned() } else { format!("{base}{dot}{name}") }
}
