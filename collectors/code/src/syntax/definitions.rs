//! Functions and classes, with their parameters, types and decorators.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use muster_rules::Language;

use super::extract::{Extractor, MAX_ELEMENTS, line, next};
use super::node::Node;
use super::shape::Shape;
use super::{Class, ClassId, Expr, Function};

/// Types that hold or promise what they are made of.
const WRAPPERS: [&str; 44] = [
    "Optional",
    "Annotated",
    "Union",
    "Promise",
    "list",
    "List",
    "Type",
    "type",
    "Option",
    "Box",
    "Arc",
    "Rc",
    "Mutex",
    "RwLock",
    "RefCell",
    "Vec",
    "VecDeque",
    "Result",
    "Cow",
    "Pin",
    "Set",
    "Collection",
    "Iterable",
    "Mono",
    "Flux",
    "Uni",
    "Multi",
    "CompletableFuture",
    "Future",
    "Supplier",
    "Provider",
    "ObjectProvider",
    "Instance",
    "Lazy",
    "Task",
    "ValueTask",
    "IEnumerable",
    "IList",
    "IReadOnlyList",
    "IAsyncEnumerable",
    "ICollection",
    "Flow",
    "MutableList",
    "Deferred",
];

/// A function that is being written down.
pub(super) struct Definition<'t> {
    pub(super) name: Arc<str>,
    pub(super) class: Option<ClassId>,
    pub(super) parameters: Vec<(Arc<str>, Option<Expr>)>,
    pub(super) decorators: Vec<Expr>,
    pub(super) node: Node<'t>,
    pub(super) body: Option<Node<'t>>,
}

impl Extractor<'_> {
    /// A dotted, `::` or `\\` separated path as a chain of members.
    pub(super) fn path(&self, text: &str) -> Expr {
        let mut names = text.split(['.', ':', '\\']).map(str::trim).filter(|name| !name.is_empty());
        let first = names.next().unwrap_or_default();
        // PHP: a leading backslash says that no `use` of the file is meant.
        let first = if text.starts_with('\\') { self.word(&format!("\\{first}")) } else { self.word(first) };
        let first = Expr::Name(first);
        names.take(16).fold(first, |object, name| Expr::Member(Box::new(object), self.word(name)))
    }

    /// Reads the value of a member. Outside of methods, it can name the members that were written before.
    pub(super) fn member_value(&mut self, node: Node<'_>) -> Expr {
        /// Members that are looked through.
        const MOST: usize = 200;
        let Some(class) = self.class.filter(|_| self.function.is_none()) else { return self.visit(node) };
        let first = self.module.calls.len();
        let value = self.visit(node);
        let bindings = self.module.bindings.iter().rev().take(MOST);
        let members: HashSet<Arc<str>> = bindings
            .filter(|binding| binding.on_self && binding.class == Some(class))
            .map(|binding| Arc::clone(&binding.name))
            .collect();
        if members.is_empty() {
            return value;
        }
        for call in self.module.calls.iter_mut().skip(first).filter(|call| call.within.is_none()) {
            let callee = std::mem::replace(&mut call.callee, Expr::Unknown);
            // A bare name that is called is a method.
            call.callee = if let Expr::Name(_) = callee { callee } else { of_class(callee, class, &members) };
            for argument in &mut call.arguments {
                let value = std::mem::replace(&mut argument.value, Expr::Unknown);
                argument.value = of_class(value, class, &members);
            }
        }
        of_class(value, class, &members)
    }

    /// Says whose the methods are that values of fields name: `tools = new() { ["run"] = Run }`. They may be written
    /// below.
    pub(super) fn settle_members(&mut self) {
        let by_name = matches!(self.grammar.language, Language::Java | Language::Kotlin | Language::CSharp);
        if !by_name && self.grammar.language != Language::JavaScript {
            return;
        }
        let mut methods: HashMap<ClassId, HashSet<Arc<str>>> = HashMap::default();
        let named = self.module.functions.iter().filter(|f| by_name && !f.name.is_empty());
        for (class, function) in named.filter_map(|f| Some((f.class?, f))) {
            methods.entry(class).or_default().insert(Arc::clone(&function.name));
        }
        let this: Arc<str> = self.word("this");
        let members = |class: ClassId| {
            let mut members = methods.get(&class).cloned().unwrap_or_default();
            members.insert(Arc::clone(&this));
            members
        };
        let mut known: HashMap<ClassId, HashSet<Arc<str>>> = HashMap::default();
        for binding in self.module.bindings.iter_mut().filter(|b| b.on_self && b.within.is_none()) {
            let Some(class) = binding.class else { continue };
            let members = known.entry(class).or_insert_with(|| members(class));
            let value = std::mem::replace(&mut binding.value, Expr::Unknown);
            binding.value = of_class(value, class, members);
        }
        for call in self.module.calls.iter_mut().filter(|call| call.within.is_none()) {
            let Some(class) = call.class else { continue };
            let members = known.entry(class).or_insert_with(|| members(class));
            let callee = std::mem::replace(&mut call.callee, Expr::Unknown);
            call.callee = of_class(callee, class, members);
            for argument in &mut call.arguments {
                let value = std::mem::replace(&mut argument.value, Expr::Unknown);
                argument.value = of_class(value, class, members);
            }
        }
    }

    pub(super) fn annotation(&mut self, node: Node<'_>) -> Expr {
        // The first named thing inside `: T`, `Optional[T]`, `T | None`.
        let mut stack = vec![node];
        while let Some(part) = stack.pop() {
            match part.kind() {
                "identifier" | "type_identifier" | "name" | "constant" => {
                    let name = self.text(part);
                    if !WRAPPERS.contains(&name) {
                        return Expr::Name(self.word(name));
                    }
                }
                "attribute"
                | "member_expression"
                | "nested_type_identifier"
                | "qualified_type"
                | "scoped_type_identifier"
                | "scoped_identifier"
                | "qualified_name"
                | "scope_resolution"
                    if !self.text(part).contains('<') =>
                {
                    return self.path(self.text(part));
                }
                "predefined_type" | "string" | "none" => {}
                // A function is none of the things that it takes; called, it gives what it returns.
                "function_type" if self.grammar.language == Language::Go => {
                    let gives = self.field(part, "result").map(|result| self.annotation(result));
                    let is_plain =
                        |of: &Expr| matches!(of, Expr::Name(name) if name.starts_with(char::is_lowercase));
                    return gives.filter(|of| !is_plain(of)).unwrap_or(Expr::Unknown);
                }
                _ => {
                    let mut parts: Vec<Node<'_>> = part.named_children().collect();
                    parts.reverse();
                    stack.extend(parts);
                }
            }
        }
        Expr::Unknown
    }

    /// The type of what is made, also one that usually only holds others.
    pub(super) fn constructed(&mut self, node: Node<'_>) -> Expr {
        let text = self.text(node);
        let name = text.split(['<', '(', '[']).next().unwrap_or(text);
        self.path(name)
    }

    pub(super) fn parameters(&mut self, node: Node<'_>) -> Vec<(Arc<str>, Option<Expr>)> {
        let list = self.field(node, "parameters").or_else(|| self.field(node, "parameter"));
        list.map(|list| self.parameters_in(list)).unwrap_or_default()
    }

    pub(super) fn parameters_in(&mut self, list: Node<'_>) -> Vec<(Arc<str>, Option<Expr>)> {
        if matches!(list.kind(), "identifier" | "implicit_parameter") {
            return vec![(self.word(self.text(list)), None)];
        }
        let mut parameters = Vec::new();
        for part in list.named_children() {
            let name = match part.kind() {
                "identifier" => Some(part),
                "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => part.named_child(0),
                _ => self.first_field(part, &["name", "pattern", "left"]),
            };
            let annotation = self.field(part, "type").map(|t| self.annotation(t));
            let annotation = annotation.filter(|a| *a != Expr::Unknown);
            let apart = Some(name.unwrap_or(part)).filter(|n| is_taken_apart(*n));
            let placed = apart.map(|_| placed(parameters.len()));
            let name = name.filter(|n| n.kind() == "identifier").map(|n| self.text(n));
            let name = placed.as_deref().or(name).unwrap_or_default();
            if let Some(default) = self.first_field(part, &["value", "right"]).or_else(|| after_equals(part))
            {
                self.default(name, default);
            }
            // `constructor(private llm: Llm)` declares an attribute as well.
            if let (Some(of_type), "required_parameter") = (&annotation, part.kind())
                && part.child(0).is_some_and(|first| {
                    first.kind() == "accessibility_modifier" || first.kind() == "readonly"
                })
            {
                self.push_declared(name, true, None, of_type.clone(), line(part));
            }
            parameters.push((self.word(name), annotation.clone()));
            // Go: several names before one type.
            for other in part.children_by_field_name("name").skip(1) {
                parameters.push((self.word(self.text(other)), annotation.clone()));
            }
            if parameters.len() >= MAX_ELEMENTS {
                break;
            }
        }
        parameters
    }

    /// Notes what a parameter of the function that is about to be written down is where it is left out.
    pub(super) fn default(&mut self, name: &str, value: Node<'_>) {
        let value = self.visit(value);
        if !matches!(value, Expr::Unknown | Expr::Literal(_)) && self.defaults.len() < MAX_ELEMENTS {
            let name = self.word(name);
            self.defaults.push((name, value));
        }
    }

    pub(super) fn function(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
        let parameters = self.parameters(node);
        let name = self.field(node, "name").map(|n| self.text(n)).unwrap_or_default();
        self.define(Definition {
            name: self.word(name),
            class: self.class.filter(|_| self.function.is_none()),
            parameters,
            decorators,
            node,
            body: self.field(node, "body"),
        })
    }

    /// Writes down a function and goes through its body.
    pub(super) fn define(&mut self, definition: Definition<'_>) -> Expr {
        let Definition { name, class, parameters, decorators, node, body } = definition;
        let id = next(self.module.functions.len());
        let defaults = std::mem::take(&mut self.defaults).into_iter().filter_map(|(name, value)| {
            let position = parameters.iter().position(|(parameter, _)| *parameter == name)?;
            Some((u32::try_from(position).ok()?, value))
        });
        self.module.functions.push(Function {
            name,
            class,
            within: self.function,
            defaults: defaults.collect(),
            parameters,
            decorators,
            returns: Vec::new(),
            // Annotations may stand above, and belong to the same node.
            line: self.field(node, "name").map_or_else(|| line(node), line),
            end: node.last_line(),
            in_loop: self.innermost,
        });
        let outer_branch = self.branch.take();
        let outer =
            (self.function.replace(id), self.innermost.take(), std::mem::take(&mut self.in_condition));
        self.take_apart(node);
        if let Some(body) = body {
            let value = self.visit(body);
            // The body of a lambda or of a short arrow function is what it returns.
            self.returns(value);
        }
        (self.function, self.innermost, self.in_condition) = outer;
        self.branch = outer_branch;
        Expr::Function(id)
    }

    /// `({ name, run }) => …`: binds the parts of a parameter that has no name of its own.
    fn take_apart(&mut self, node: Node<'_>) {
        let Some(list) = self.field(node, "parameters") else { return };
        for (position, part) in list.named_children().take(MAX_ELEMENTS).enumerate() {
            let pattern = self.first_field(part, &["pattern", "left"]).unwrap_or(part);
            if is_taken_apart(pattern) {
                let whole = Expr::Name(self.word(&placed(position)));
                self.bind(pattern, whole, line(part));
            }
        }
    }

    /// The class of a name, made where it is met first: some languages write a class in several places.
    pub(super) fn class_named(&mut self, name: &str, at: u32) -> ClassId {
        if let Some(known) = self.named.get(name) {
            return *known;
        }
        let id = self.new_class(name, Vec::new(), Vec::new(), at);
        self.named.insert(self.word(name), id);
        id
    }

    /// Writes down a class.
    pub(super) fn new_class(
        &mut self,
        name: &str,
        bases: Vec<Expr>,
        decorators: Vec<Expr>,
        at: u32,
    ) -> ClassId {
        let id = next(self.module.classes.len());
        self.module.classes.push(Class { name: self.word(name), bases, decorators, line: at });
        id
    }

    /// A class as Java and C# write it, with parameters that are its fields.
    pub(super) fn class_with_fields(
        &mut self,
        node: Node<'_>,
        bases: Vec<Expr>,
        decorators: Vec<Expr>,
        fields: Vec<(Arc<str>, Option<Expr>)>,
    ) -> Expr {
        let name = self.field(node, "name");
        let text = name.map(|n| self.text(n)).unwrap_or_default();
        let class = self.new_class(text, bases, decorators, name.map_or_else(|| line(node), line));
        self.inside(class, |x| {
            for (name, of_type) in fields {
                x.push_declared(&name, true, None, of_type.unwrap_or(Expr::Unknown), line(node));
            }
            if let Some(body) = x.field(node, "body") {
                x.children(body);
            }
        });
        Expr::Class(class)
    }

    /// Runs `then` inside a class.
    pub(super) fn inside(&mut self, class: ClassId, then: impl FnOnce(&mut Self)) {
        let outer = (self.class.replace(class), self.function.take(), self.innermost.take());
        let branch = self.branch.take();
        then(self);
        (self.class, self.function, self.innermost) = outer;
        self.branch = branch;
    }

    pub(super) fn class(&mut self, node: Node<'_>, decorators: Vec<Expr>) -> Expr {
        let mut bases = Vec::new();
        if let Some(list) = self.field(node, "superclasses") {
            let mut arguments = Vec::new();
            self.arguments(list, &mut arguments);
            bases.extend(arguments.into_iter().filter(|a| a.name.is_none()).map(|a| a.value));
        }
        let mut decorators = decorators;
        for child in node.named_children() {
            match child.kind() {
                "class_heritage" => {
                    let extends = child.named_child(0).map(|c| match c.kind() {
                        "extends_clause" => self.field(c, "value").unwrap_or(c),
                        _ => c,
                    });
                    if let Some(extends) = extends.filter(|e| e.kind() != "implements_clause") {
                        bases.push(self.visit(extends));
                    }
                }
                "decorator" => decorators.extend(child.named_child(0).map(|n| self.visit(n))),
                _ => {}
            }
        }
        let name = self.field(node, "name").map(|n| self.text(n)).unwrap_or_default();
        let id = self.new_class(name, bases, decorators, line(node));
        if let Some(body) = self.field(node, "body") {
            self.inside(id, |x| x.class_body(body));
        }
        Expr::Class(id)
    }

    /// In JavaScript a method's decorators are its siblings.
    fn class_body(&mut self, body: Node<'_>) {
        let mut pending = Vec::new();
        for child in body.named_children() {
            match child.kind() {
                "decorator" => pending.extend(child.named_child(0).map(|n| self.visit(n))),
                "method_definition" => drop(self.function(child, std::mem::take(&mut pending))),
                _ => drop(self.visit(child)),
            }
        }
    }

    pub(super) fn decorated(&mut self, node: Node<'_>) -> Expr {
        let mut decorators = Vec::new();
        for child in node.named_children() {
            if child.kind() == "decorator" {
                decorators.extend(child.named_child(0).map(|n| self.visit(n)));
            }
        }
        match self.field(node, "definition") {
            Some(definition) if self.table.of(definition) == Shape::Class => {
                self.class(definition, decorators)
            }
            Some(definition) => self.function(definition, decorators),
            None => Expr::Unknown,
        }
    }
}

/// A value in which the names of members say whose they are.
fn of_class(value: Expr, class: ClassId, members: &HashSet<Arc<str>>) -> Expr {
    let all = |values: Vec<Expr>| values.into_iter().map(|v| of_class(v, class, members)).collect();
    match value {
        Expr::Name(name) if members.contains(&name) => Expr::Member(Box::new(Expr::Class(class)), name),
        Expr::Member(object, name) if is_this(&object) && members.contains("this") => {
            Expr::Member(Box::new(Expr::Class(class)), name)
        }
        Expr::Member(object, name) => Expr::Member(Box::new(of_class(*object, class, members)), name),
        Expr::List(values) => Expr::List(all(values)),
        Expr::Choice(values) => Expr::Choice(all(values)),
        Expr::Spread(inner) => Expr::Spread(Box::new(of_class(*inner, class, members))),
        Expr::Map(entries) => Expr::Map(
            entries.into_iter().map(|(key, value)| (key, of_class(value, class, members))).collect(),
        ),
        other => other,
    }
}

fn is_this(object: &Expr) -> bool {
    matches!(object, Expr::Name(name) if &**name == "this")
}

/// Whether JavaScript takes a parameter apart where it is declared.
fn is_taken_apart(pattern: Node<'_>) -> bool {
    matches!(pattern.kind(), "object_pattern" | "array_pattern")
}

/// What such a parameter is called, which no code can spell.
fn placed(position: usize) -> String {
    format!("#{position}")
}

/// What a parameter of C# is by default: its grammar gives the value no name.
fn after_equals(part: Node<'_>) -> Option<Node<'_>> {
    if part.kind() != "parameter" {
        return None;
    }
    let equals = part.children().find(|child| child.kind() == "=")?;
    equals.next_named_sibling()
}
