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

/// One definition in its scope, and the number of its name until all are known.
#[derive(Debug)]
struct Entry {
    name: u32,
    scope: Option<FunctionId>,
    definition: Definition,
}

/// Definitions by name and scope.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Where the definitions of a name begin and end.
    ranges: HashMap<Arc<str>, (u32, u32)>,
    /// Scopes and definitions, by name and then by scope; two lists of one length, so that those of a scope are a slice.
    scopes: Vec<Option<FunctionId>>,
    definitions: Vec<Definition>,
    methods: HashMap<Arc<str>, BTreeMap<ClassId, FunctionId>>,
    attributes: HashMap<Arc<str>, BTreeMap<ClassId, Vec<u32>>>,
    /// Modules imported with `*`.
    pub(crate) stars: Vec<u32>,
}

impl Names {
    pub(crate) fn of(module: &Module) -> Self {
        let mut names = Self::default();
        let mut entries = Vec::new();
        for (id, import) in (0u32..).zip(&module.imports) {
            if import.item.as_deref() == Some("*") {
                names.stars.push(id);
            } else if !import.local.is_empty() {
                // Imports inside functions are visible everywhere: late imports are for start-up time, not scope.
                names.add(&mut entries, None, &import.local, Definition::Import(id));
            }
        }
        for (id, function) in (0u32..).zip(&module.functions) {
            if let Some(class) = function.class {
                names.methods.entry(function.name.clone()).or_default().entry(class).or_insert(id);
            } else if !function.name.is_empty() {
                names.add(&mut entries, function.within, &function.name, Definition::Function(id));
            }
            for (position, (name, _)) in (0u32..).zip(&function.parameters) {
                if !name.is_empty() {
                    names.add(&mut entries, Some(id), name, Definition::Parameter(id, position));
                }
            }
        }
        for (id, class) in (0u32..).zip(&module.classes) {
            if !class.name.is_empty() {
                names.add(&mut entries, None, &class.name, Definition::Class(id));
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
                None => names.add(&mut entries, binding.within, &binding.name, Definition::Binding(id)),
            }
        }
        names.settle(entries);
        names
    }

    fn add(
        &mut self,
        entries: &mut Vec<Entry>,
        scope: Option<FunctionId>,
        name: &Arc<str>,
        definition: Definition,
    ) {
        let next = u32::try_from(self.ranges.len()).unwrap_or(u32::MAX);
        let (name, _) = *self.ranges.entry(Arc::clone(name)).or_insert((next, 0));
        entries.push(Entry { name, scope, definition });
    }

    /// Puts the definitions of a name and a scope beside each other, in the order in which they were added.
    fn settle(&mut self, mut entries: Vec<Entry>) {
        entries.sort_by_key(|entry| (entry.name, entry.scope));
        let mut bounds = vec![(0, 0); self.ranges.len()];
        for (at, entry) in (0u32..).zip(&entries) {
            let of_name: &mut (u32, u32) = &mut bounds[entry.name as usize];
            if of_name.1 == 0 {
                of_name.0 = at;
            }
            of_name.1 = at + 1;
        }
        self.ranges.values_mut().for_each(|range| *range = bounds[range.0 as usize]);
        (self.scopes, self.definitions) = entries.into_iter().map(|e| (e.scope, e.definition)).unzip();
        self.ranges.shrink_to_fit();
        self.scopes.shrink_to_fit();
        self.definitions.shrink_to_fit();
    }

    /// Definitions of a name in exactly this scope.
    pub(crate) fn in_scope(&self, scope: Option<FunctionId>, name: &str) -> &[Definition] {
        let Some(&(begin, end)) = self.ranges.get(name) else { return &[] };
        let (begin, end) = (begin as usize, end as usize);
        let scopes = &self.scopes[begin..end];
        let first = begin + scopes.partition_point(|other| *other < scope);
        let last = begin + scopes.partition_point(|other| *other <= scope);
        &self.definitions[first..last]
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
