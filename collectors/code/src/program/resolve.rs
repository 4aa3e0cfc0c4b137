//! What an expression means: follows imports, bindings, classes, parameters and return values, within bounds.

use std::cell::Cell;

use muster_rules::Language;

use super::names::Definition;
use super::{CallSite, ModuleId, Program, Routine};
use crate::syntax::{ClassId, Expr, FunctionId};

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
    External(String),
    /// A module of the program or one that is known to be local.
    Module(ModuleId),
    /// A function of the program.
    Function(ModuleId, FunctionId),
    /// A class of the program.
    Class(ModuleId, ClassId),
    /// An instance of a class of the program.
    Instance(ModuleId, ClassId),
    /// Not known; the names that were read off it, as `?.a.b`.
    Unresolved(String),
}

impl Meaning {
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(self, Self::Unresolved(_))
    }
}

impl Program<'_> {
    /// What an expression can mean, best first; never empty.
    pub(crate) fn resolve(&self, spot: Spot, expr: &Expr) -> Vec<Meaning> {
        let fuel = Cell::new(FUEL);
        let mut meanings = self.expr(spot, expr, MAX_DEPTH, &fuel);
        // What is known comes before what is not.
        meanings.sort_by_key(Meaning::is_unresolved);
        meanings.dedup();
        if meanings.is_empty() {
            meanings.push(Meaning::Unresolved("?".to_owned()));
        }
        meanings
    }

    /// Canonical external names an expression can have.
    pub(crate) fn symbols(&self, spot: Spot, expr: &Expr) -> Vec<String> {
        self.resolve(spot, expr).into_iter().filter_map(Self::symbol).collect()
    }

    pub(crate) fn symbol(meaning: Meaning) -> Option<String> {
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
                    return vec![Meaning::Unresolved(format!("?.{name}"))];
                }
                limited(objects.into_iter().flat_map(|m| self.member(m, name, depth, fuel)))
            }
            Expr::Call(call) => {
                let call = self.module(spot.module).call(*call);
                let spot = Spot { module: spot.module, function: call.within };
                let callees = self.expr(spot, &call.callee, depth, fuel);
                limited(callees.into_iter().flat_map(|m| self.result(m, depth, fuel)))
            }
            Expr::Function(function) => vec![Meaning::Function(spot.module, *function)],
            Expr::Class(class) => vec![Meaning::Class(spot.module, *class)],
            Expr::Choice(values) => limited(values.iter().flat_map(|v| self.expr(spot, v, depth, fuel))),
            Expr::Spread(value) => self.expr(spot, value, depth, fuel),
            Expr::Text(_) | Expr::Literal(_) | Expr::List(_) | Expr::Map(_) | Expr::Unknown => Vec::new(),
        }
    }

    /// A name, looked up from the inside out.
    fn name(&self, spot: Spot, name: &str, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let module = self.module(spot.module);
        let names = &self.names[spot.module as usize];
        let mut scope = spot.function;
        loop {
            let definitions = names.in_scope(scope, name);
            if let (true, Some(class)) =
                (matches!(name, "self" | "this" | "cls"), scope.and_then(|f| module.function(f).class))
            {
                return vec![Meaning::Instance(spot.module, class)];
            }
            if !definitions.is_empty() {
                let found =
                    limited(definitions.iter().flat_map(|d| self.definition(spot.module, *d, depth, fuel)));
                if !found.is_empty() {
                    return found;
                }
                return vec![Meaning::Unresolved("?".to_owned())];
            }
            match scope {
                Some(function) => scope = module.function(function).within,
                None => break,
            }
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
                    return vec![Meaning::External(format!("{}.{name}", import.module))];
                }
                None => {}
            }
        }
        vec![Meaning::External(match module.dialect.language() {
            Language::Python => format!("builtins.{name}"),
            Language::JavaScript => format!("global#{name}"),
        })]
    }

    fn definition(&self, at: ModuleId, definition: Definition, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        let module = self.module(at);
        match definition {
            Definition::Import(import) => self.import(at, import, depth, fuel),
            Definition::Function(function) => vec![Meaning::Function(at, function)],
            Definition::Class(class) => vec![Meaning::Class(at, class)],
            Definition::Binding(binding) => {
                let binding = &module.bindings[binding as usize];
                self.expr(Spot { module: at, function: binding.within }, &binding.value, depth, fuel)
            }
            Definition::Parameter(function, position) => self.parameter(at, function, position, depth, fuel),
        }
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
            let of_type: Vec<Meaning> = self
                .expr(spot, annotation, depth, fuel)
                .into_iter()
                .filter(|m| !matches!(m, Meaning::External(n) if n.starts_with("builtins.") || n.starts_with("global#")))
                .map(|m| match m {
                    Meaning::Class(module, class) => Meaning::Instance(module, class),
                    other => other,
                })
                .collect();
            if !of_type.is_empty() {
                return of_type;
            }
        }
        let is_method = definition.class.is_some()
            && definition.parameters.first().is_some_and(|(first, _)| matches!(&**first, "self" | "cls"));
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
        vec![Meaning::External(match (language, import.item.as_deref()) {
            (Language::Python, None) => specifier.to_owned(),
            (Language::Python, Some(item)) => format!("{specifier}.{item}"),
            (Language::JavaScript, None) => format!("{specifier}#"),
            (Language::JavaScript, Some(item)) => format!("{specifier}#{item}"),
        })]
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
            Meaning::External(base) if base.ends_with('#') => {
                vec![Meaning::External(format!("{base}{name}"))]
            }
            Meaning::External(base) => vec![Meaning::External(bounded(base, name))],
            Meaning::Unresolved(base) => vec![Meaning::Unresolved(bounded(base, name))],
            Meaning::Module(module) => self.exported(module, name, depth, fuel),
            Meaning::Function(..) => vec![Meaning::Unresolved(format!("?.{name}"))],
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
        let names = &self.names[module as usize];
        if let Some(method) = names.method(class, name) {
            return vec![Meaning::Function(module, method)];
        }
        let bound = limited(names.attributes(class, name).iter().flat_map(|binding| {
            let binding = &self.module(module).bindings[*binding as usize];
            self.expr(Spot { module, function: binding.within }, &binding.value, depth, fuel)
        }));
        if !bound.is_empty() {
            return bound;
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
        if inherited.is_empty() { vec![Meaning::Unresolved(format!("?.{name}"))] } else { inherited }
    }

    /// What calling something gives.
    fn result(&self, callee: Meaning, depth: u32, fuel: &Cell<u32>) -> Vec<Meaning> {
        match callee {
            Meaning::External(name) if name.ends_with('#') => {
                vec![Meaning::External(format!("{name}default"))]
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
                            Some(function) => scope = module.function(function).within,
                            None => return None,
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
                    let binding = *self.names[*module as usize].attributes(*class, name).first()?;
                    let binding = &self.module(*module).bindings[binding as usize];
                    Some((Spot { module: *module, function: binding.within }, &binding.value))
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
fn bounded(base: String, name: &str) -> String {
    if base.len() + name.len() > 300 { base } else { format!("{base}.{name}") }
}
