//! Assignments: which names are bound to which values.

use std::sync::Arc;

use foldhash::HashSet;
use muster_rules::Language;

use super::extract::{Extractor, line};
use super::node::Node;
use super::values::is_environment;
use super::{Argument, Binding, Expr, Setting, Update};

impl Extractor<'_> {
    pub(super) fn assign(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let at = line(node);
        let annotated = self.field(node, "type").map(|t| self.annotation(t));
        let value = self.first_field(node, fields.right).map(|n| self.visit(n));
        let value = match (value, annotated) {
            (Some(value), _) => value,
            (None, Some(annotated)) => annotated,
            (None, None) => Expr::Unknown,
        };
        if let Some(left) = self.first_field(node, fields.left) {
            self.bind(left, value.clone(), at);
        }
        value
    }

    /// Binds the names of a target to a value or to its parts.
    pub(super) fn bind(&mut self, target: Node<'_>, value: Expr, at: u32) {
        match target.kind() {
            "identifier"
            | "simple_identifier"
            | "field_identifier"
            | "property_identifier"
            | "private_property_identifier"
            | "shorthand_property_identifier_pattern" => {
                let name = self.text(target);
                let on_self = self.function.is_none() && self.class.is_some();
                self.mention(name, false, target);
                self.push_assigned(name, on_self, value, at);
            }
            "attribute"
            | "member_expression"
            | "selector_expression"
            | "field_access"
            | "field_expression"
            | "member_access_expression" => {
                let object = self
                    .first_field(target, self.grammar.fields.object)
                    .map(|o| self.text(o))
                    .unwrap_or_default();
                let name = self
                    .first_field(target, self.grammar.fields.member)
                    .map(|o| self.text(o))
                    .unwrap_or_default();
                if (self.grammar.is_self)(object) || self.is_receiver(object) {
                    self.push_binding(name, true, value, at);
                } else {
                    // `module.exports = …` and assignments to other objects: the target may hold calls.
                    let set = self.visit(target);
                    self.set(set, value, at);
                }
            }
            "object_pattern" => {
                let parts: Vec<Node<'_>> = target.named_children().collect();
                for part in parts {
                    let (key, local) = match part.kind() {
                        "shorthand_property_identifier_pattern" => (self.text(part), part),
                        "pair_pattern" => match (self.field(part, "key"), self.field(part, "value")) {
                            (Some(key), Some(local)) => (self.text(key), local),
                            _ => continue,
                        },
                        "object_assignment_pattern" => match self.field(part, "left") {
                            Some(local) => (self.text(local), local),
                            None => continue,
                        },
                        _ => continue,
                    };
                    let element = if is_environment(&value) {
                        self.element(value.clone(), Expr::Text(self.word(key)), line(part))
                    } else {
                        Expr::Member(Box::new(value.clone()), self.word(key))
                    };
                    self.bind(local, element, at);
                }
            }
            "pattern_list"
            | "tuple_pattern"
            | "array_pattern"
            | "expression_list"
            | "left_assignment_list" => {
                // The parts of what is not written out stand for the whole, as elements do.
                let (elements, whole) = match value {
                    Expr::List(elements) => (elements, Expr::Unknown),
                    whole @ (Expr::Call(_) | Expr::Name(_) | Expr::Member(..) | Expr::Choice(_)) => {
                        (Vec::new(), whole)
                    }
                    _ => (Vec::new(), Expr::Unknown),
                };
                let mut elements = elements.into_iter();
                let parts: Vec<Node<'_>> = target.named_children().collect();
                for part in parts {
                    self.bind(part, elements.next().unwrap_or_else(|| whole.clone()), at);
                }
            }
            "as_pattern_target" | "parenthesized_expression" => {
                if let Some(inner) = target.named_child(0) {
                    self.bind(inner, value, at);
                }
            }
            _ => {
                let set = self.visit(target);
                self.setting(&set, &value);
            }
        }
    }

    /// `x += value`: the name keeps what it is bound to, and something is added.
    pub(super) fn augmented(&mut self, node: Node<'_>) -> Expr {
        let fields = &self.grammar.fields;
        let value = self.first_field(node, fields.right).map_or(Expr::Unknown, |n| self.visit(n));
        let target = self.first_field(node, fields.left).map_or(Expr::Unknown, |n| self.visit(n));
        self.push_update(target, value, line(node));
        Expr::Unknown
    }

    pub(super) fn push_update(&mut self, target: Expr, value: Expr, line: u32) {
        let (within, in_loop) = (self.function, self.innermost);
        self.module.updates.push(Update { target, value, line, within, in_loop });
    }

    /// Writes down that a part of an object is set, as Ruby calls it: `options.Tools = x` is a call of `Tools=`.
    pub(super) fn set(&mut self, target: Expr, value: Expr, at: u32) {
        self.setting(&target, &value);
        if matches!(self.grammar.language, Language::Python | Language::JavaScript) {
            return;
        }
        if let Expr::Member(object, name) = target {
            let callee = Expr::Member(object, self.word(&format!("{name}=")));
            self.push_call(callee, vec![Argument { name: None, value }], at);
        }
    }

    fn setting(&mut self, target: &Expr, value: &Expr) {
        let (object, key) = match target {
            Expr::Member(object, key) => (&**object, Arc::clone(key)),
            // An element by a literal key is read by a call.
            Expr::Call(call) => {
                let Some(call) = self.module.calls.get(*call as usize) else { return };
                match (&call.callee, &call.arguments[..]) {
                    (Expr::Member(object, _), [Argument { value: Expr::Text(key), .. }]) => {
                        (&**object, Arc::clone(key))
                    }
                    _ => return,
                }
            }
            _ => return,
        };
        if let Expr::Name(variable) = object {
            let setting =
                Setting { variable: Arc::clone(variable), key, value: value.clone(), within: self.function };
            self.module.settings.push(setting);
        }
    }

    /// Whether a name is the parameter that a method's instance comes in, as Go and Rust write it.
    fn is_receiver(&self, name: &str) -> bool {
        let Some(function) = self.function else { return false };
        let function = &self.module.functions[function as usize];
        function.class.is_some()
            && self.grammar.language == Language::Go
            && function.parameters.first().is_some_and(|(first, _)| &**first == name)
    }

    pub(super) fn push_binding(&mut self, name: &str, on_self: bool, value: Expr, at: u32) {
        self.push_typed(name, on_self, value, None, at);
    }

    /// Binds a bare name that is assigned to, which may be declared elsewhere.
    pub(super) fn push_assigned(&mut self, name: &str, on_self: bool, value: Expr, at: u32) {
        let declares = !matches!(self.grammar.language, Language::Java | Language::Kotlin | Language::CSharp);
        if !declares
            && !on_self
            && let Ok(id) = u32::try_from(self.module.bindings.len())
        {
            self.assigned.push(id);
        }
        self.push_binding(name, on_self, value, at);
    }

    /// Gives to a class what its methods assign to its fields without saying whose they are: what is neither a
    /// variable nor a parameter of the functions around it.
    pub(super) fn settle_fields(&mut self) {
        if self.assigned.is_empty() {
            return;
        }
        let assigned: HashSet<u32> = self.assigned.iter().copied().collect();
        let (mut fields, mut local) = (HashSet::default(), HashSet::default());
        for (id, binding) in (0u32..).zip(&self.module.bindings) {
            match (binding.on_self, binding.class) {
                (true, Some(class)) => drop(fields.insert((class, Arc::clone(&binding.name)))),
                _ if !assigned.contains(&id) => {
                    local.insert((binding.within, Arc::clone(&binding.name)));
                }
                _ => {}
            }
        }
        for id in std::mem::take(&mut self.assigned) {
            let binding = &self.module.bindings[id as usize];
            let name = Arc::clone(&binding.name);
            let mut scope = binding.within;
            let mut class = binding.class;
            let mut is_local = false;
            while let (Some(at), false) = (scope, is_local) {
                let function = &self.module.functions[at as usize];
                is_local = local.contains(&(scope, Arc::clone(&name)))
                    || function.parameters.iter().any(|(parameter, _)| *parameter == name);
                class = class.or(function.class);
                scope = function.within;
            }
            if let Some(class) = class.filter(|class| !is_local && fields.contains(&(*class, name))) {
                let binding = &mut self.module.bindings[id as usize];
                (binding.on_self, binding.class) = (true, Some(class));
            }
        }
    }

    /// Binds a declared name: to its value, or to its type where it has none yet.
    pub(super) fn push_declared(
        &mut self,
        name: &str,
        on_self: bool,
        value: Option<Expr>,
        of_type: Expr,
        at: u32,
    ) {
        match value {
            Some(value) => self.push_typed(name, on_self, value, Some(of_type), at),
            None => self.push_typed(name, on_self, of_type.clone(), Some(of_type), at),
        }
    }

    /// Binds a name to a value that is declared to be of a type.
    pub(super) fn push_typed(
        &mut self,
        name: &str,
        on_self: bool,
        value: Expr,
        of_type: Option<Expr>,
        at: u32,
    ) {
        // Inside a method, the class is that of the method, also where the language writes it outside the class.
        let class = self.class.or_else(|| {
            let function = self.function?;
            self.module.functions[function as usize].class
        });
        self.module.bindings.push(Binding {
            name: self.word(name),
            on_self,
            class,
            within: self.function,
            value,
            of_type: of_type.filter(|of_type| *of_type != Expr::Unknown),
            in_loop: self.innermost,
            line: at,
        });
    }

    pub(super) fn with(&mut self, node: Node<'_>) -> Expr {
        let Some(item) = node.named_child(0) else { return Expr::Unknown };
        if item.kind() == "as_pattern" {
            let value = item.named_child(0).map_or(Expr::Unknown, |n| self.visit(n));
            if let Some(target) = self.field(item, "alias") {
                self.bind(target, value, line(item));
            }
        } else {
            self.visit(item);
        }
        Expr::Unknown
    }

    /// Binds the variable of a loop or a comprehension to what it goes over.
    pub(super) fn each(&mut self, node: Node<'_>) -> Expr {
        if let Some(over) = self.field(node, "right") {
            let value = self.visit(over);
            if let Some(left) = self.field(node, "left") {
                let element = value.element();
                self.bind(left, element, line(node));
            }
        }
        Expr::Unknown
    }
}
