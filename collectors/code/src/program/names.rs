//! The names of one module: what each could mean, by the function and the class it is written in.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;

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

/// The definitions of one name, by scope; two lists of one length, so that those of a scope are a slice.
#[derive(Debug, Default)]
struct Scoped {
    scopes: Vec<Option<FunctionId>>,
    definitions: Vec<Definition>,
}

impl Scoped {
    /// Puts the definitions of a scope beside each other, in the order in which they were added.
    fn settle(&mut self) {
        let mut order: Vec<usize> = (0..self.scopes.len()).collect();
        order.sort_by_key(|at| self.scopes[*at]);
        self.definitions = order.iter().map(|at| self.definitions[*at]).collect();
        self.scopes.sort_unstable();
    }

    fn of(&self, scope: Option<FunctionId>) -> &[Definition] {
        let begin = self.scopes.partition_point(|other| *other < scope);
        let end = self.scopes.partition_point(|other| *other <= scope);
        &self.definitions[begin..end]
    }
}

/// Definitions by name and scope.
#[derive(Debug, Default)]
pub(crate) struct Names {
    scoped: HashMap<Arc<str>, Scoped>,
    methods: HashMap<Arc<str>, BTreeMap<ClassId, FunctionId>>,
    attributes: HashMap<Arc<str>, BTreeMap<ClassId, Vec<u32>>>,
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
                names.methods.entry(function.name.clone()).or_default().entry(class).or_insert(id);
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
                    let bound = names.attributes.entry(binding.name.clone()).or_default();
                    bound.entry(class).or_default().push(id);
                    // An arrow function in a class field is a method.
                    if let crate::syntax::Expr::Function(function) = binding.value {
                        names
                            .methods
                            .entry(binding.name.clone())
                            .or_default()
                            .entry(class)
                            .or_insert(function);
                    }
                }
                None => names.add(binding.within, &binding.name, Definition::Binding(id)),
            }
        }
        names.scoped.values_mut().for_each(Scoped::settle);
        names
    }

    fn add(&mut self, scope: Option<FunctionId>, name: &str, definition: Definition) {
        let scoped = self.scoped.entry(name.into()).or_default();
        scoped.scopes.push(scope);
        scoped.definitions.push(definition);
    }

    /// Definitions of a name in exactly this scope.
    pub(crate) fn in_scope(&self, scope: Option<FunctionId>, name: &str) -> &[Definition] {
        self.scoped.get(name).map_or(&[], |scoped| scoped.of(scope))
    }

    /// Whether a class has a field of that name.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    pub(crate) fn method(&self, class: ClassId, name: &str) -> Option<FunctionId> {
        self.methods.get(name)?.get(&class).copied()
    }

    pub(crate) fn methods_of(&self, class: ClassId) -> Vec<FunctionId> {
        let mut all: Vec<FunctionId> =
            self.methods.values().filter_map(|classes| classes.get(&class).copied()).collect();
        all.sort_unstable();
        all
    }

    pub(crate) fn attributes(&self, class: ClassId, name: &str) -> &[u32] {
        self.attributes.get(name).and_then(|classes| classes.get(&class)).map_or(&[], Vec::as_slice)
    }
}
