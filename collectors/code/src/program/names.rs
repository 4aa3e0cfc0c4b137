//! The names of one module: what each could mean, by the function and the class it is written in.

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
    /// Methods of a name by their classes, each class once.
    methods: HashMap<Arc<str>, Vec<(ClassId, FunctionId)>>,
    /// Bindings of the attributes of a name by their classes.
    attributes: HashMap<Arc<str>, Vec<(ClassId, u32)>>,
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
                names.methods.entry(function.name.clone()).or_default().push((class, id));
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
                    names.attributes.entry(binding.name.clone()).or_default().push((class, id));
                    // An arrow function in a class field is a method.
                    if let crate::syntax::Expr::Function(function) = binding.value {
                        names.methods.entry(binding.name.clone()).or_default().push((class, function));
                    }
                }
                None => names.add(&mut entries, binding.within, &binding.name, Definition::Binding(id)),
            }
        }
        names.methods.values_mut().for_each(|methods| {
            // Of several, the first is meant: the order in which they were found stays.
            methods.sort_by_key(|(class, _)| *class);
            methods.dedup_by_key(|(class, _)| *class);
            methods.shrink_to_fit();
        });
        names.attributes.values_mut().for_each(|attributes| {
            attributes.sort_unstable();
            attributes.shrink_to_fit();
        });
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
        of_class(self.methods.get(name)?, class)
    }

    pub(crate) fn methods_of(&self, class: ClassId) -> Vec<FunctionId> {
        let mut all: Vec<FunctionId> =
            self.methods.values().filter_map(|methods| of_class(methods, class)).collect();
        all.sort_unstable();
        all
    }

    pub(crate) fn has_attribute(&self, class: ClassId, name: &str) -> bool {
        self.attributes(class, name).next().is_some()
    }

    /// The bindings of an attribute, in the order in which they are written.
    pub(crate) fn attributes<'n>(
        &'n self,
        class: ClassId,
        name: &str,
    ) -> impl Iterator<Item = u32> + use<'n> {
        let all = self.attributes.get(name).map_or(&[][..], Vec::as_slice);
        let begin = all.partition_point(|(other, _)| *other < class);
        let end = all.partition_point(|(other, _)| *other <= class);
        all[begin..end].iter().map(|(_, binding)| *binding)
    }
}

fn of_class(methods: &[(ClassId, FunctionId)], class: ClassId) -> Option<FunctionId> {
    let at = methods.binary_search_by_key(&class, |(class, _)| *class).ok()?;
    Some(methods[at].1)
}
