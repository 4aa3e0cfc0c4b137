//! Source files as facts: imports, functions, calls and values, the same for every language.
//!
//! A language is one table (`python.rs`, `javascript.rs`): which node kinds of its grammar have which shape. The
//! extractor walks a syntax tree once and keeps only what name resolution and the rules can use.

mod bindings;
mod csharp;
mod definitions;
mod extract;
mod go;
mod java;
mod javascript;
mod kotlin;
mod lexicon;
mod loops;
mod node;
mod outline;
mod parse;
mod php;
mod python;
mod ruby;
mod rust;
mod shape;
mod spare;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use asmm_model::Role;
use muster_rules::Language;
use serde::{Deserialize, Serialize};

use crate::source::Lines;

pub(crate) use go::canonical as canonical_go_path;
pub(crate) use lexicon::Lexicon;
pub(crate) use parse::{ParseFailure, Parsers};

/// How a source file is written: a language and its dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Dialect {
    /// Python.
    Python,
    /// JavaScript, with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
    /// C#.
    CSharp,
    /// Rust.
    Rust,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
}

impl Dialect {
    /// How many there are.
    const COUNT: usize = Self::Php as usize + 1;

    /// The dialect of a file, by its extension.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "py" | "pyi" | "pyw" | "ipynb" => Some(Self::Python),
            "js" | "jsx" | "mjs" | "cjs" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" | "vue" | "svelte" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            "go" => Some(Self::Go),
            "java" => Some(Self::Java),
            "kt" | "kts" => Some(Self::Kotlin),
            "cs" | "csx" => Some(Self::CSharp),
            "rs" => Some(Self::Rust),
            "rb" | "rake" => Some(Self::Ruby),
            "php" => Some(Self::Php),
            _ => None,
        }
    }

    /// The dialect of a script, by what its first line says that it is run with.
    pub(crate) fn of_script(head: &[u8]) -> Option<Self> {
        let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        let mut runner = words.next()?;
        if runner.ends_with("/env") {
            runner = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        }
        let name = runner.rsplit('/').next().unwrap_or(runner);
        match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "python" | "pypy" | "uv" | "pipx" => Some(Self::Python),
            "node" | "nodejs" => Some(Self::JavaScript),
            "deno" | "bun" | "tsx" | "ts-node" => Some(Self::TypeScript),
            "ruby" => Some(Self::Ruby),
            "php" => Some(Self::Php),
            _ => None,
        }
    }

    /// The language whose rules apply.
    pub(crate) fn language(self) -> Language {
        match self {
            Self::Python => Language::Python,
            Self::JavaScript | Self::TypeScript | Self::Tsx => Language::JavaScript,
            Self::Go => Language::Go,
            Self::Java => Language::Java,
            Self::Kotlin => Language::Kotlin,
            Self::CSharp => Language::CSharp,
            Self::Rust => Language::Rust,
            Self::Ruby => Language::Ruby,
            Self::Php => Language::Php,
        }
    }
}

/// Name of the argument that stands for the first type argument of a call: `AddFromType<Plugin>()`.
pub(crate) const TYPE_ARGUMENT: &str = "@type";

/// Index of a function in its module.
pub(crate) type FunctionId = u32;
/// Index of a class in its module.
pub(crate) type ClassId = u32;
/// Index of a call in its module.
pub(crate) type CallId = u32;
/// Index of a loop in its module.
pub(crate) type LoopId = u32;
/// Index of a branch in its module.
pub(crate) type BranchId = u32;

/// A value, as far as its shape matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Expr {
    /// A name.
    Name(Arc<str>),
    /// An attribute of a value.
    Member(Box<Self>, Arc<str>),
    /// The result of a call.
    Call(CallId),
    /// A string literal; holes of a template are left out.
    Text(Arc<str>),
    /// Another literal, as written: `True`, `5`, `null`.
    Literal(Arc<str>),
    /// A list, tuple, set or array.
    List(Vec<Self>),
    /// A dictionary or object; keys that are no names or strings are empty, spreads too.
    Map(Vec<(Arc<str>, Self)>),
    /// A function written in place.
    Function(FunctionId),
    /// A class named or written in place.
    Class(ClassId),
    /// One of several values, or a value made of them: `a or b`, `a | b`, `x if c else y`, a comprehension.
    Choice(Vec<Self>),
    /// All elements of another list or map.
    Spread(Box<Self>),
    /// Anything else.
    Unknown,
}

impl Expr {
    /// One of the things that a value holds, for the variable of a loop that goes over it: what is not written out as a
    /// list stands for its elements.
    pub(crate) fn element(self) -> Self {
        match self {
            Self::List(elements) => Self::Choice(elements),
            other => other,
        }
    }

    /// The last part of a name: `run` of `tools.shell.run`.
    pub(crate) fn last_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) | Self::Member(_, name) => Some(name),
            _ => None,
        }
    }
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Argument {
    /// Its name, when passed by name.
    pub name: Option<Arc<str>>,
    /// Its value.
    pub value: Expr,
}

/// A function, method, lambda, or the body of a class-less script's handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Function {
    /// Name; empty for one written in place.
    pub name: Arc<str>,
    /// Class whose method it is.
    pub class: Option<ClassId>,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Parameters with their annotated type.
    pub parameters: Vec<(Arc<str>, Option<Expr>)>,
    /// What parameters are that a caller leaves out, by position.
    pub defaults: Vec<(u32, Expr)>,
    /// Decorators, outermost first.
    pub decorators: Vec<Expr>,
    /// What it returns.
    pub returns: Vec<Expr>,
    /// First line.
    pub line: u32,
    /// Last line.
    pub end: u32,
    /// Loop it is written in.
    pub in_loop: Option<LoopId>,
}

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Class {
    /// Name.
    pub name: Arc<str>,
    /// Base classes.
    pub bases: Vec<Expr>,
    /// Decorators.
    pub decorators: Vec<Expr>,
    /// First line.
    pub line: u32,
}

/// A call or construction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// What is called.
    pub callee: Expr,
    /// With what.
    pub arguments: Vec<Argument>,
    /// Line of the callee's last name.
    pub line: u32,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Class in whose body it is written, outside any method.
    pub class: Option<ClassId>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
    /// Whether it stands in the condition of a branch.
    pub in_condition: bool,
    /// Innermost branch of its function that has to be taken for it to run.
    pub branch: Option<BranchId>,
}

/// A name bound to a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Binding {
    /// `x`, or `x` of `self.x` when `on_self`.
    pub name: Arc<str>,
    /// Whether it is an attribute of the instance.
    pub on_self: bool,
    /// Class in whose body or method it is written.
    pub class: Option<ClassId>,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// The value.
    pub value: Expr,
    /// Its declared type, beside a value; the value itself where it is only declared.
    pub of_type: Option<Expr>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
    /// Line.
    pub line: u32,
}

/// An import of a module or of one of its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    /// Name it is bound to; empty for one made only for its effects.
    pub local: Arc<str>,
    /// Module, as written; relative ones keep their dots.
    pub module: Arc<str>,
    /// Item of the module; `None` for the module itself, `*` for everything.
    pub item: Option<Arc<str>>,
    /// Line.
    pub line: u32,
}

/// `table[key]`, where the key is a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    /// The table.
    pub object: Expr,
    /// The key.
    pub key: Expr,
    /// Line.
    pub line: u32,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
}

/// `tool.name == asked`: what something is called, compared with a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compared {
    /// The name of something.
    pub name: Expr,
    /// What it is compared with.
    pub other: Expr,
    /// Line.
    pub line: u32,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
}

/// `variable["key"] = value` or `variable.key = value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// The variable.
    pub variable: Arc<str>,
    /// The part of it that is set.
    pub key: Arc<str>,
    /// What it is set to.
    pub value: Expr,
    /// Function it is written in.
    pub within: Option<FunctionId>,
}

/// `variable += value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// What is added to.
    pub target: Expr,
    /// What is added.
    pub value: Expr,
    /// Line.
    pub line: u32,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
}

/// A loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Loop {
    /// Loop around it, in the same function.
    pub outer: Option<LoopId>,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Whether it runs until told otherwise, as `while True` does.
    pub endless: bool,
    /// Whether it ends after so many rounds, or after so long, whatever happens in it.
    pub counted: bool,
    /// Whether it returns once its body has run through: what is repeated is only a failure.
    pub returns: bool,
    /// First line.
    pub line: u32,
}

/// A name or string that a rule asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mention {
    /// The name, or the string.
    pub text: Arc<str>,
    /// Whether it is a string.
    pub is_string: bool,
    /// Line.
    pub line: u32,
    /// Function it is written in.
    pub within: Option<FunctionId>,
    /// Innermost loop around it.
    pub in_loop: Option<LoopId>,
}

/// One source file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Module {
    /// Path relative to the target.
    #[serde(skip)]
    pub path: Arc<str>,
    /// How it is written.
    pub dialect: Dialect,
    /// What kind of code it is.
    pub role: Role,
    /// Imports.
    pub imports: Vec<Import>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Calls.
    pub calls: Vec<Call>,
    /// Bindings.
    pub bindings: Vec<Binding>,
    /// Loops.
    pub loops: Vec<Loop>,
    /// For every branch (the body of an `if`, an `else`, a `case`) the one around it.
    pub branches: Vec<Option<BranchId>>,
    /// Branches of which one is always taken: those of an `if` that has an `else`.
    pub either: Vec<Vec<BranchId>>,
    /// Texts that are asked for where a branch is taken: `case "refund":`, `if name == "refund"`.
    pub cases: Vec<(Arc<str>, BranchId)>,
    /// Names that stand in the condition of a branch, or that a `switch` around it asks about.
    pub subjects: Vec<(BranchId, Arc<str>)>,
    /// Elements that are taken by a key which is only known at run time.
    pub lookups: Vec<Lookup>,
    /// Names that are compared with values.
    pub compared: Vec<Compared>,
    /// Parts of variables that are set: `body["tools"] = tools`.
    pub settings: Vec<Setting>,
    /// Variables that something is added to.
    pub updates: Vec<Update>,
    /// Names and strings that rules asked for.
    pub mentions: Vec<Mention>,
    /// Whether part of it could not be parsed or was nested too deep to be followed.
    pub broken: bool,
    /// Whether running the file itself does something (`if __name__ == "__main__"`, a shebang).
    pub is_script: bool,
}

impl Module {
    /// The call.
    pub(crate) fn call(&self, id: CallId) -> &Call {
        &self.calls[id as usize]
    }

    /// The function.
    pub(crate) fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id as usize]
    }

    /// Whether everything in branch `inner` runs only where `outer` was taken too.
    pub(crate) fn is_within_branch(&self, inner: Option<BranchId>, outer: Option<BranchId>) -> bool {
        let mut at = inner;
        loop {
            if at == outer {
                return true;
            }
            match at {
                Some(branch) => at = self.branches.get(branch as usize).copied().flatten(),
                None => return false,
            }
        }
    }

    /// Names of types that the module writes, wherever they are defined.
    pub(crate) fn type_names(&self) -> BTreeSet<&str> {
        let callees = self.calls.iter().map(|call| &call.callee);
        let given = self.calls.iter().flat_map(|call| &call.arguments).map(|argument| &argument.value);
        let bases = self.classes.iter().flat_map(|class| &class.bases);
        let parameters = self.functions.iter().flat_map(|f| &f.parameters).filter_map(|(_, of)| of.as_ref());
        let bound = self.bindings.iter().flat_map(|b| std::iter::once(&b.value).chain(&b.of_type));
        let all = callees.chain(given).chain(bases).chain(parameters).chain(bound);
        all.filter_map(|expr| {
            let mut at = expr;
            while let Expr::Member(object, _) = at {
                at = object;
            }
            match at {
                Expr::Name(name) if name.starts_with(char::is_uppercase) => Some(&**name),
                _ => None,
            }
        })
        .collect()
    }

    /// The same module with its lines counted in another file.
    pub(crate) fn on(mut self, lines: &Lines) -> Self {
        if *lines == Lines::Same {
            return self;
        }
        for function in &mut self.functions {
            function.end = lines.of(function.end);
        }
        let imports = self.imports.iter_mut().map(|x| &mut x.line);
        let functions = self.functions.iter_mut().map(|x| &mut x.line);
        let classes = self.classes.iter_mut().map(|x| &mut x.line);
        let calls = self.calls.iter_mut().map(|x| &mut x.line);
        let bindings = self.bindings.iter_mut().map(|x| &mut x.line);
        let loops = self.loops.iter_mut().map(|x| &mut x.line);
        let mentions = self.mentions.iter_mut().map(|x| &mut x.line);
        for line in self
            .lookups
            .iter_mut()
            .map(|x| &mut x.line)
            .chain(self.compared.iter_mut().map(|x| &mut x.line))
            .chain(self.updates.iter_mut().map(|x| &mut x.line))
            .chain(imports)
            .chain(functions)
            .chain(classes)
            .chain(calls)
            .chain(bindings)
            .chain(loops)
            .chain(mentions)
        {
            *line = lines.of(*line);
        }
        self
    }

    /// The outermost of the loops around something in one function, from the innermost.
    pub(crate) fn outermost_loop(&self, innermost: Option<LoopId>) -> Option<LoopId> {
        let mut found = innermost?;
        while let Some(outer) = self.loops.get(found as usize).and_then(|l| l.outer) {
            found = outer;
        }
        Some(found)
    }

    /// The class.
    pub(crate) fn class(&self, id: ClassId) -> &Class {
        &self.classes[id as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn scripts_say_what_runs_them() {
        let of = |line: &str| Dialect::of_script(line.as_bytes());
        let found = [
            "#!/usr/bin/env python3\nimport x",
            "#!/usr/bin/python3.12",
            "#!/usr/bin/env -S uv run --script",
            "#! /usr/bin/env -S NODE_ENV=x node --no-warnings\r\n",
            "#!/usr/bin/env -S deno run -A",
            "#!/usr/bin/ruby -w",
            "#!/usr/bin/env php",
        ]
        .map(of);
        let wanted = [
            Dialect::Python,
            Dialect::Python,
            Dialect::Python,
            Dialect::JavaScript,
            Dialect::TypeScript,
            Dialect::Ruby,
            Dialect::Php,
        ];
        assert_eq!(found, wanted.map(Some));
        let others = [
            "#!/bin/sh\nexec python3 x",
            "import x",
            "#!",
            "#!/usr/bin/env",
            "#!\u{e9}",
            "",
            "#!/usr/bin/env -S",
        ];
        assert_eq!(others.map(of), [None; 7]);
    }
}
