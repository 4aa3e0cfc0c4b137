//! The names of one module: what each could mean, by the function and the class it is written in.

use std::collections::HashMap;

use crate::syntax::{ClassId, FunctionId, Module};

/// What a name is defined by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Definition {
    Import(u32),
    Function(FunctionId),
    Class(ClassId),
    Binding(u32),
    Parameter(FunctionId, u32),
}

/// Definitions by name and scope.
#[derive(Debug, Default)]
pub(crate) struct Names {
    scoped: HashMap<(Option<FunctionId>, Box<str>), Vec<Definition>>,
    methods: HashMap<(ClassId, Box<str>), FunctionId>,
    attributes: HashMap<(ClassId, Box<str>), Vec<u32>>,
    /// Modules imported with `*`.
    pub(crate) stars: Vec<u32>,
}

impl Names {
    pub(crate) fn of(module: &Module) -> Self {
        let mut names = Self::default();
        for (id, import) in (0u32..).zip(&module.imports) {
            if import.item.as_deref() == Some("*") {
                names.stars.push(id);
            } else if !import.local.is_empty() {
                // Imports inside functions are visible everywhere: late imports are for start-up time, not scope.
                names.add(None, &import.local, Definition::Import(id));
            }
        }
        for (id, function) in (0u32..).zip(&module.functions) {
            if let Some(class) = function.class {
                names.methods.entry((class, function.name.clone())).or_insert(id);
            } else if !function.name.is_empty() {
                names.add(function.within, &function.name, Definition::Function(id));
            }
            for (position, (name, _)) in (0u32..).zip(&function.parameters) {
                if !name.is_empty() {
                    names.add(Some(id), name, Definition::Parameter(id, position));
                }
            }
        }
        for (id, class) in (0u32..).zip(&module.classes) {
            if !class.name.is_empty() {
                names.add(None, &class.name, Definition::Class(id));
            }
        }
        for (id, binding) in (0u32..).zip(&module.bindings) {
            match binding.class.filter(|_| binding.on_self) {
                Some(class) => {
                    let bound = names.attributes.entry((class, binding.name.clone())).or_default();
                    bound.push(id);
                    // An arrow function in a class field is a method.
                    if let crate::syntax::Expr::Function(function) = binding.value {
                        names.methods.entry((class, binding.name.clone())).or_insert(function);
                    }
                }
                None => names.add(binding.within, &binding.name, Definition::Binding(id)),
            }
        }
        names
    }

    fn add(&mut self, scope: Option<FunctionId>, name: &str, definition: Definition) {
        self.scoped.entry((scope, name.into())).or_default().push(definition);
    }

    /// Definitions of a name in exactly this scope.
    pub(crate) fn in_scope(&self, scope: Option<FunctionId>, name: &str) -> &[Definition] {
        // A key borrowed from the caller would need a second map type for nothing: names are short.
        self.scoped.get(&(scope, name.into())).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn method(&self, class: ClassId, name: &str) -> Option<FunctionId> {
        self.methods.get(&(class, name.into())).copied()
    }

    pub(crate) fn methods_of(&self, class: ClassId) -> Vec<FunctionId> {
        let mut all: Vec<FunctionId> =
            self.methods.iter().filter(|((of, _), _)| *of == class).map(|(_, id)| *id).collect();
        all.sort_unstable();
        all
    }

    pub(crate) fn attributes(&self, class: ClassId, name: &str) -> &[u32] {
        self.attributes.get(&(class, name.into())).map_or(&[], Vec::as_slice)
    }
}
