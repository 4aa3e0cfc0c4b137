//! Values behind names: what a variable, an attribute or a parameter is bound to, step by step.

use muster_rules::Language;

use super::names::Definition;
use super::resolve::{Meaning, Spot, field_of, implies_self};
use super::{CallSite, ModuleId, Program, Routine};
use crate::syntax::{Binding, CallId, ClassId, Expr, FunctionId};

/// Names that are followed to a record, each bound to the next.
const MAX_NAMES: u8 = 4;

impl Program<'_> {
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
                    // What is declared to be so may be a record: a type of TypeScript has no values of its own.
                    let value = self.attribute_value(*module, *class, name);
                    value.or_else(|| self.entry_of_record(spot, object, name))
                }
                Meaning::Module(module) => self.exported_value(*module, name, 4),
                _ => self.entry_of_record(spot, object, name),
            },
            Expr::Call(call) => {
                let site = CallSite { module: spot.module, call: *call };
                let routine = self.callee(site).iter().find_map(|m| match m {
                    Meaning::Function(module, function) => Some((*module, *function)),
                    _ => None,
                });
                let Some(routine) = routine else { return self.given_by_getter(spot, *call) };
                let value = self.module(routine.0).function(routine.1).returns.first()?;
                Some((Spot { module: routine.0, function: Some(routine.1) }, value))
            }
            _ => None,
        }
    }

    /// What a record holds under a name that a variable stands for, or what a function was given and takes apart: `({ url }) => …`.
    fn entry_of_record<'e>(&'e self, spot: Spot, object: &'e Expr, name: &str) -> Option<(Spot, &'e Expr)> {
        // Only names are followed: a part of a part may lead back here.
        let mut at = (spot, object);
        for _ in 0..MAX_NAMES {
            match at.1 {
                Expr::Name(_) => at = self.bound_value(at.0, at.1)?,
                Expr::Map(entries) => {
                    let (_, value) = entries.iter().rev().find(|(key, _)| &**key == name)?;
                    return Some((at.0, value));
                }
                _ => return None,
            }
        }
        None
    }

    /// The value of the field that a getter gives which nobody wrote.
    fn given_by_getter(&self, spot: Spot, call: CallId) -> Option<(Spot, &Expr)> {
        let call = self.module(spot.module).call(call);
        let name = call.callee.last_name().filter(|name| !field_of(name).is_empty())?;
        let (module, class) = match &call.callee {
            Expr::Member(object, _) => self.resolve(spot, object).iter().find_map(|m| match m {
                Meaning::Instance(module, class) => Some((*module, *class)),
                _ => None,
            })?,
            _ => (spot.module, self.module(spot.module).function(call.within?).class?),
        };
        let (module, class) = self.getter_within(module, class, name, 4)?;
        self.attribute_value(module, class, &field_of(name))
    }

    /// The class that has the field of a getter, or a base of it.
    fn getter_within(
        &self,
        module: ModuleId,
        class: ClassId,
        name: &str,
        depth: u8,
    ) -> Option<(ModuleId, ClassId)> {
        let depth = depth.checked_sub(1)?;
        if let Some(found) = self.getter(module, class, name) {
            return Some(found);
        }
        let spot = Spot { module, function: None };
        let bases = self.module(module).class(class).bases.iter().flat_map(|b| self.resolve(spot, b));
        bases.into_iter().find_map(|base| match base {
            Meaning::Class(module, class) => self.getter_within(module, class, name, depth),
            _ => None,
        })
    }

    /// The value that an attribute of a class is first set to, and where it is written.
    pub(super) fn attribute_value(
        &self,
        module: ModuleId,
        class: ClassId,
        name: &str,
    ) -> Option<(Spot, &Expr)> {
        let bindings = &self.module(module).bindings;
        let attributes = self.names[module as usize].attributes(class, name);
        let mut all = attributes.map(|binding| &bindings[binding as usize]);
        let first = all.next()?;
        // A declaration says no more than the type.
        let declares = |binding: &&Binding| binding.of_type.as_ref() == Some(&binding.value);
        let binding = if declares(&first) { all.find(|b| !declares(b)).unwrap_or(first) } else { first };
        Some((Spot { module, function: binding.within }, &binding.value))
    }

    /// The value of a variable that another file of the package defines.
    pub(super) fn shared_value(&self, module: ModuleId, name: &str) -> Option<(Spot, &Expr)> {
        let language = self.module(module).dialect.language();
        // Constants of PHP are there wherever the file that defines them is included.
        let is_constant = || language == Language::Php && !name.contains(|c: char| c.is_lowercase());
        if language == Language::Php
            && let Some(found) = self.included_value(module, name, 4)
        {
            return Some(found);
        }
        if !matches!(language, Language::Go | Language::Kotlin) && !is_constant() {
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

    /// The value of a variable that a file defines which a file of PHP reads in.
    fn included_value(&self, module: ModuleId, name: &str, depth: u8) -> Option<(Spot, &Expr)> {
        let depth = depth.checked_sub(1)?;
        self.names[module as usize].stars.iter().find_map(|star| {
            let file = self.imported_module(module, *star)?;
            self.exported_value(file, name, 4).or_else(|| self.included_value(file, name, depth))
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
                        && self.names[spot.module as usize].has_attribute(class, name)
                    {
                        return true;
                    }
                    scope = function.within;
                }
                None => return false,
            }
        }
    }

    /// The class around a bare name that is one of its fields, in languages that write them so.
    pub(crate) fn own_field(&self, spot: Spot, name: &str) -> Option<ClassId> {
        let module = self.module(spot.module);
        let names = &self.names[spot.module as usize];
        let mut scope = spot.function.filter(|_| implies_self(module.dialect.language()));
        while let Some(function) = scope {
            if !names.in_scope(scope, name).is_empty() {
                return None;
            }
            let function = module.function(function);
            if let Some(class) = function.class.filter(|class| names.has_attribute(*class, name)) {
                return Some(class);
            }
            scope = function.within;
        }
        None
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

    pub(super) fn exported_value(&self, id: ModuleId, name: &str, depth: u8) -> Option<(Spot, &Expr)> {
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
    pub(super) fn passed_value(
        &self,
        module: ModuleId,
        function: FunctionId,
        position: u32,
    ) -> Option<(Spot, &Expr)> {
        let definition = self.module(module).function(function);
        let (name, _) = definition.parameters.get(position as usize)?;
        let [site] = self.callers(Routine { module, function: Some(function) }) else { return None };
        let call = self.module(site.module).call(site.call);
        let position = (position as usize).checked_sub(self.receivers(module, definition));
        let argument =
            call.arguments.iter().find(|a| a.name.as_ref() == Some(name)).or_else(|| {
                position.and_then(|p| call.arguments.iter().filter(|a| a.name.is_none()).nth(p))
            })?;
        Some((Spot { module: site.module, function: call.within }, &argument.value))
    }

    /// Whether the code says of which type a variable or a parameter is.
    pub(crate) fn has_declared_type(&self, spot: Spot, name: &str) -> bool {
        let module = self.module(spot.module);
        let mut scope = spot.function;
        while let Some(function) = scope {
            let found = module.function(function);
            if let Some((_, of_type)) = found.parameters.iter().find(|(parameter, _)| **parameter == *name) {
                return of_type.is_some();
            }
            scope = found.within;
        }
        let mut bindings = module.bindings.iter();
        bindings.any(|b| *b.name == *name && b.within == spot.function && b.of_type.is_some())
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
}

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
