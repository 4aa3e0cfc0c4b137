//! Where the value of a name comes from: the bindings and parameters that it can stand for.

use super::names::Definition;
use super::{ModuleId, Program, Routine, Spot};
use crate::syntax::{Expr, Function};
use muster_rules::Language;

/// What gives a name its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// A binding of a module.
    Binding(ModuleId, u32),
    /// A parameter of a routine.
    Parameter(Routine, u32),
}

impl Program<'_> {
    /// Everything that a name can get its value from, in the innermost scope that has it.
    pub(crate) fn origins(&self, spot: Spot, name: &str) -> Vec<Origin> {
        let module = self.module(spot.module);
        let names = &self.names[spot.module as usize];
        let mut scope = spot.function;
        loop {
            let found = names.in_scope(scope, name);
            if !found.is_empty() || scope.is_none() {
                return found.iter().filter_map(|definition| origin(spot.module, *definition)).collect();
            }
            scope = scope.and_then(|function| module.function(function).within);
        }
    }

    /// What the callers of a function pass for the parameter that a name is; empty where it is none, or nobody calls.
    pub(crate) fn passed(&self, spot: Spot, name: &str) -> Vec<(Spot, &Expr)> {
        /// Callers that are looked at.
        const MOST: usize = 12;
        let [Origin::Parameter(routine, position)] = self.origins(spot, name)[..] else { return Vec::new() };
        let Some(function) = routine.function.map(|f| self.module(routine.module).function(f)) else {
            return Vec::new();
        };
        let shift = self.receivers(routine.module, function);
        let mut found = Vec::new();
        for site in self.callers(routine).iter().take(MOST) {
            let call = self.module(site.module).call(site.call);
            let named = call.arguments.iter().find(|a| a.name.as_deref() == Some(name));
            let placed = || {
                let at = (position as usize).checked_sub(shift)?;
                call.arguments.iter().filter(|a| a.name.is_none()).nth(at)
            };
            let spot = Spot { module: site.module, function: call.within };
            match named.or_else(placed) {
                Some(argument) => found.push((spot, &argument.value)),
                // Left out: the default, which is looked at where it is written.
                None => return Vec::new(),
            }
        }
        found
    }

    /// How many of a function's parameters are the object that it is called on, which no call hands over.
    pub(super) fn receivers(&self, module: ModuleId, function: &Function) -> usize {
        let first = function.parameters.first();
        let is_named = first.is_some_and(|(first, _)| matches!(&**first, "self" | "cls"));
        let is_go = function.class.is_some() && self.module(module).dialect.language() == Language::Go;
        usize::from(is_named || is_go)
    }

    /// What the parameter that a name is stands for where a caller leaves it out.
    pub(crate) fn left_out(&self, spot: Spot, name: &str) -> Option<(Spot, &Expr)> {
        let [Origin::Parameter(routine, position)] = self.origins(spot, name)[..] else { return None };
        let function = self.module(routine.module).function(routine.function?);
        let (_, value) = function.defaults.iter().find(|(at, _)| *at == position)?;
        Some((Spot { module: routine.module, function: function.within }, value))
    }

    /// The values that an attribute of a class of the program is set to, and where each is written.
    pub(crate) fn bindings_of(&self, module: ModuleId, class: u32, name: &str) -> Vec<(Spot, &Expr)> {
        let of = self.module(module);
        let attributes = self.names[module as usize].attributes(class, name);
        let bindings = attributes.map(|binding| &of.bindings[binding as usize]);
        bindings.map(|b| (Spot { module, function: b.within }, &b.value)).collect()
    }

    /// The bindings of an attribute of a class of the program.
    pub(crate) fn attribute_origins(&self, module: ModuleId, class: u32, name: &str) -> Vec<Origin> {
        let attributes = self.names[module as usize].attributes(class, name);
        attributes.map(|binding| Origin::Binding(module, binding)).collect()
    }
}

fn origin(module: ModuleId, definition: Definition) -> Option<Origin> {
    match definition {
        Definition::Binding(binding) => Some(Origin::Binding(module, binding)),
        Definition::Parameter(function, position) => {
            Some(Origin::Parameter(Routine { module, function: Some(function) }, position))
        }
        Definition::Import(_) | Definition::Function(_) | Definition::Class(_) => None,
    }
}
