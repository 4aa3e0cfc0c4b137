//! Statements of Python, definitions and imports.

use ruff_python_ast::{
    Alias, Decorator, ExceptHandler, Expr, Parameter, ParameterWithDefault, Parameters, Stmt, StmtClassDef,
    StmtFunctionDef, StmtIf, StmtImportFrom, StmtTry,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::outline::{Field, Kind};
use super::tree::Tree;

impl Tree<'_> {
    pub(super) fn statements(&mut self, body: &[Stmt], parent: u32) {
        for statement in body {
            self.statement(statement, parent);
        }
    }

    pub(super) fn block(&mut self, body: &[Stmt], field: Option<Field>, parent: u32) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else { return };
        let range = TextRange::new(first.start(), last.end());
        self.node(Kind::Block, field, range, parent, |tree, at| tree.statements(body, at));
    }

    /// `else:` and `finally:`.
    pub(super) fn other(&mut self, kind: Kind, body: &[Stmt], field: Option<Field>, parent: u32) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else { return };
        let range = TextRange::new(first.start(), last.end());
        self.node(kind, field, range, parent, |tree, at| tree.block(body, Some(Field::Body), at));
    }

    pub(super) fn statement(&mut self, statement: &Stmt, parent: u32) {
        let range = statement.range();
        match statement {
            Stmt::FunctionDef(function) => self.function(function, parent),
            Stmt::ClassDef(class) => self.class(class, parent),
            Stmt::Return(returned) => self.node(Kind::ReturnStatement, None, range, parent, |tree, at| {
                tree.all(returned.value.as_deref(), at);
            }),
            Stmt::Delete(deleted) => self.node(Kind::DeleteStatement, None, range, parent, |tree, at| {
                tree.all(&deleted.targets, at);
            }),
            // What a type is called says nothing that is read.
            Stmt::TypeAlias(_) | Stmt::IpyEscapeCommand(_) => {}
            Stmt::Assign(assigned) => self.assigned(&assigned.targets, &assigned.value, None, range, parent),
            Stmt::AugAssign(assigned) => {
                self.node(Kind::AugmentedAssignment, None, range, parent, |tree, at| {
                    tree.target(&assigned.target, Some(Field::Left), at);
                    tree.expr(&assigned.value, Some(Field::Right), at);
                });
            }
            Stmt::AnnAssign(assigned) => self.node(Kind::Assignment, None, range, parent, |tree, at| {
                tree.target(&assigned.target, Some(Field::Left), at);
                tree.of_type(Some(&assigned.annotation), Field::Type, at);
                if let Some(value) = &assigned.value {
                    tree.expr(value, Some(Field::Right), at);
                }
            }),
            Stmt::For(over) => self.node(Kind::ForStatement, None, range, parent, |tree, at| {
                tree.target(&over.target, Some(Field::Left), at);
                tree.expr(&over.iter, Some(Field::Right), at);
                tree.block(&over.body, Some(Field::Body), at);
                tree.other(Kind::ElseClause, &over.orelse, Some(Field::Alternative), at);
            }),
            Stmt::While(repeated) => self.node(Kind::WhileStatement, None, range, parent, |tree, at| {
                tree.expr(&repeated.test, Some(Field::Condition), at);
                tree.block(&repeated.body, Some(Field::Body), at);
                tree.other(Kind::ElseClause, &repeated.orelse, Some(Field::Alternative), at);
            }),
            Stmt::If(branch) => self.branch(branch, parent),
            Stmt::With(with) => self.node(Kind::WithStatement, None, range, parent, |tree, at| {
                tree.node(Kind::WithClause, None, range, at, |tree, at| {
                    for item in &with.items {
                        tree.node(Kind::WithItem, None, item.range, at, |tree, at| {
                            tree.bound(&item.context_expr, item.optional_vars.as_deref(), item.range, at);
                        });
                    }
                });
                tree.block(&with.body, Some(Field::Body), at);
            }),
            Stmt::Match(chosen) => self.node(Kind::MatchStatement, None, range, parent, |tree, at| {
                tree.parts(&chosen.subject, Field::Subject, at);
                tree.node(Kind::Block, Some(Field::Body), range, at, |tree, at| {
                    for case in &chosen.cases {
                        tree.case(case, at);
                    }
                });
            }),
            Stmt::Raise(raised) => self.node(Kind::RaiseStatement, None, range, parent, |tree, at| {
                tree.all(raised.exc.as_deref(), at);
                if let Some(cause) = &raised.cause {
                    tree.expr(cause, Some(Field::Cause), at);
                }
            }),
            Stmt::Try(tried) => self.tried(tried, parent),
            Stmt::Assert(asserted) => self.node(Kind::AssertStatement, None, range, parent, |tree, at| {
                tree.expr(&asserted.test, None, at);
                tree.all(asserted.msg.as_deref(), at);
            }),
            Stmt::Import(import) => self.node(Kind::ImportStatement, None, range, parent, |tree, at| {
                tree.imported(&import.names, at);
            }),
            Stmt::ImportFrom(import) => self.import_from(import, parent),
            Stmt::Global(names) => self.node(Kind::GlobalStatement, None, range, parent, |tree, at| {
                tree.names(&names.names, at);
            }),
            Stmt::Nonlocal(names) => self.node(Kind::NonlocalStatement, None, range, parent, |tree, at| {
                tree.names(&names.names, at);
            }),
            Stmt::Expr(only) => {
                self.node(Kind::ExpressionStatement, None, range, parent, |tree, at| match &*only.value {
                    Expr::Tuple(tuple) if !tuple.parenthesized => tree.all(&tuple.elts, at),
                    value => tree.expr(value, None, at),
                });
            }
            Stmt::Pass(_) => self.leaf(Kind::PassStatement, None, range, parent),
            Stmt::Break(_) => self.leaf(Kind::BreakStatement, None, range, parent),
            Stmt::Continue(_) => self.leaf(Kind::ContinueStatement, None, range, parent),
        }
    }

    /// `a = b = value`: each but the first is the value of the one before.
    pub(super) fn assigned(
        &mut self,
        targets: &[Expr],
        value: &Expr,
        field: Option<Field>,
        range: TextRange,
        parent: u32,
    ) {
        let Some((first, rest)) = targets.split_first() else {
            self.expr(value, field, parent);
            return;
        };
        let range = TextRange::new(first.start(), range.end());
        self.node(Kind::Assignment, field, range, parent, |tree, at| {
            tree.target(first, Some(Field::Left), at);
            tree.assigned(rest, value, Some(Field::Right), range, at);
        });
    }

    /// `value as target`.
    pub(super) fn bound(&mut self, value: &Expr, target: Option<&Expr>, range: TextRange, parent: u32) {
        let Some(target) = target else {
            self.expr(value, Some(Field::Value), parent);
            return;
        };
        self.node(Kind::AsPattern, Some(Field::Value), range, parent, |tree, at| {
            tree.expr(value, None, at);
            tree.node(Kind::AsPatternTarget, Some(Field::Alias), target.range(), at, |tree, at| {
                tree.target(target, None, at);
            });
        });
    }

    pub(super) fn branch(&mut self, branch: &StmtIf, parent: u32) {
        self.node(Kind::IfStatement, None, branch.range, parent, |tree, at| {
            tree.expr(&branch.test, Some(Field::Condition), at);
            tree.block(&branch.body, Some(Field::Consequence), at);
            for clause in &branch.elif_else_clauses {
                let Some(test) = &clause.test else {
                    tree.other(Kind::ElseClause, &clause.body, Some(Field::Alternative), at);
                    continue;
                };
                tree.node(Kind::ElifClause, Some(Field::Alternative), clause.range, at, |tree, at| {
                    tree.expr(test, Some(Field::Condition), at);
                    tree.block(&clause.body, Some(Field::Consequence), at);
                });
            }
        });
    }

    pub(super) fn tried(&mut self, tried: &StmtTry, parent: u32) {
        self.node(Kind::TryStatement, None, tried.range, parent, |tree, at| {
            tree.block(&tried.body, Some(Field::Body), at);
            for ExceptHandler::ExceptHandler(handler) in &tried.handlers {
                tree.node(Kind::ExceptClause, None, handler.range, at, |tree, at| {
                    if let Some(caught) = &handler.type_ {
                        tree.expr(caught, Some(Field::Value), at);
                    }
                    if let Some(name) = &handler.name {
                        tree.name(name, Some(Field::Alias), at);
                    }
                    tree.block(&handler.body, None, at);
                });
            }
            tree.other(Kind::ElseClause, &tried.orelse, None, at);
            tree.other(Kind::FinallyClause, &tried.finalbody, None, at);
        });
    }

    pub(super) fn function(&mut self, function: &StmtFunctionDef, parent: u32) {
        self.decorated(&function.decorator_list, function.range, parent, |tree, field, range, at| {
            tree.node(Kind::FunctionDefinition, field, range, at, |tree, at| {
                tree.name(&function.name, Some(Field::Name), at);
                tree.parameters(&function.parameters, Kind::Parameters, at);
                tree.of_type(function.returns.as_deref(), Field::ReturnType, at);
                tree.block(&function.body, Some(Field::Body), at);
            });
        });
    }

    pub(super) fn class(&mut self, class: &StmtClassDef, parent: u32) {
        self.decorated(&class.decorator_list, class.range, parent, |tree, field, range, at| {
            tree.node(Kind::ClassDefinition, field, range, at, |tree, at| {
                tree.name(&class.name, Some(Field::Name), at);
                if let Some(arguments) = &class.arguments {
                    tree.arguments(arguments, Field::Superclasses, at);
                }
                tree.block(&class.body, Some(Field::Body), at);
            });
        });
    }

    pub(super) fn decorated(
        &mut self,
        decorators: &[Decorator],
        range: TextRange,
        parent: u32,
        definition: impl FnOnce(&mut Self, Option<Field>, TextRange, u32),
    ) {
        let Some(last) = decorators.last() else {
            definition(self, None, range, parent);
            return;
        };
        let begin = TextRange::new(self.past_space(last.end().to_u32()).into(), range.end());
        self.node(Kind::DecoratedDefinition, None, range, parent, |tree, at| {
            for decorator in decorators {
                tree.node(Kind::Decorator, None, decorator.range, at, |tree, at| {
                    tree.expr(&decorator.expression, None, at);
                });
            }
            definition(tree, Some(Field::Definition), begin, at);
        });
    }

    /// Where the next code stands: after spaces, ends of lines and comments.
    pub(super) fn past_space(&self, from: u32) -> u32 {
        let bytes = self.text.as_bytes();
        let mut at = from as usize;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'#' => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b'\\' => at += 1,
                _ => break,
            }
        }
        u32::try_from(at).unwrap_or(from)
    }

    pub(super) fn parameters(&mut self, parameters: &Parameters, kind: Kind, parent: u32) {
        self.node(kind, Some(Field::Parameters), parameters.range, parent, |tree, at| {
            let ordinary = |tree: &mut Self, list: &[ParameterWithDefault]| {
                for parameter in list {
                    tree.parameter(&parameter.parameter, parameter.default.as_deref(), at);
                }
            };
            ordinary(tree, &parameters.posonlyargs);
            if let Some(last) = parameters.posonlyargs.last() {
                tree.leaf(Kind::PositionalSeparator, None, TextRange::empty(last.end()), at);
            }
            ordinary(tree, &parameters.args);
            match (&parameters.vararg, parameters.kwonlyargs.first()) {
                (Some(several), _) => tree.several(several, Kind::ListSplatPattern, at),
                (None, Some(first)) => {
                    tree.leaf(Kind::KeywordSeparator, None, TextRange::empty(first.start()), at);
                }
                (None, None) => {}
            }
            ordinary(tree, &parameters.kwonlyargs);
            if let Some(several) = &parameters.kwarg {
                tree.several(several, Kind::DictionarySplatPattern, at);
            }
        });
    }

    pub(super) fn parameter(&mut self, parameter: &Parameter, default: Option<&Expr>, parent: u32) {
        let (kind, field) = match (&parameter.annotation, default) {
            (None, None) => return self.name(&parameter.name, None, parent),
            (Some(_), None) => (Kind::TypedParameter, None),
            (None, Some(_)) => (Kind::DefaultParameter, Some(Field::Name)),
            (Some(_), Some(_)) => (Kind::TypedDefaultParameter, Some(Field::Name)),
        };
        let end = default.map_or(parameter.end(), Ranged::end);
        self.node(kind, None, TextRange::new(parameter.start(), end), parent, |tree, at| {
            tree.name(&parameter.name, field, at);
            tree.of_type(parameter.annotation.as_deref(), Field::Type, at);
            if let Some(default) = default {
                tree.expr(default, Some(Field::Value), at);
            }
        });
    }

    /// `*args`, `**kwargs`.
    pub(super) fn several(&mut self, parameter: &Parameter, kind: Kind, parent: u32) {
        let splat = |tree: &mut Self, at| {
            tree.node(kind, None, parameter.range, at, |tree, at| tree.name(&parameter.name, None, at));
        };
        if parameter.annotation.is_none() {
            return splat(self, parent);
        }
        self.node(Kind::TypedParameter, None, parameter.range, parent, |tree, at| {
            splat(tree, at);
            tree.of_type(parameter.annotation.as_deref(), Field::Type, at);
        });
    }

    pub(super) fn of_type(&mut self, annotation: Option<&Expr>, field: Field, parent: u32) {
        let Some(annotation) = annotation else { return };
        self.node(Kind::Type, Some(field), annotation.range(), parent, |tree, at| {
            tree.expr(annotation, None, at);
        });
    }

    pub(super) fn imported(&mut self, names: &[Alias], parent: u32) {
        for name in names {
            let Some(alias) = &name.asname else {
                self.dotted(name.name.range, Some(Field::Name), parent);
                continue;
            };
            self.node(Kind::AliasedImport, Some(Field::Name), name.range, parent, |tree, at| {
                tree.dotted(name.name.range, Some(Field::Name), at);
                tree.name(alias, Some(Field::Alias), at);
            });
        }
    }

    pub(super) fn import_from(&mut self, import: &StmtImportFrom, parent: u32) {
        let begin = self.past_space(import.start().to_u32() + 4);
        let dots = self.text.as_bytes().get(begin as usize..).unwrap_or_default();
        let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
        let dots = dots.iter().take_while(|byte| **byte == b'.' || space(byte)).count();
        let end = import
            .module
            .as_ref()
            .map_or_else(|| (begin + u32::try_from(dots).unwrap_or_default()).into(), Ranged::end);
        let from = TextRange::new(begin.into(), end);
        let is_future = import.module.as_ref().is_some_and(|module| &*module.id == "__future__");
        if is_future && import.level == 0 {
            return self.node(Kind::FutureImportStatement, None, import.range, parent, |tree, at| {
                tree.imported(&import.names, at);
            });
        }
        self.node(Kind::ImportFromStatement, None, import.range, parent, |tree, at| {
            let kind = if import.level > 0 { Kind::RelativeImport } else { Kind::DottedName };
            tree.leaf(kind, Some(Field::ModuleName), from, at);
            match &*import.names {
                [all] if &*all.name.id == "*" => tree.leaf(Kind::WildcardImport, None, all.range, at),
                names => tree.imported(names, at),
            }
        });
    }

    /// `a.b.c`, where only names can stand.
    pub(super) fn dotted(&mut self, range: TextRange, field: Option<Field>, parent: u32) {
        let text = self.text.get(range.to_std_range()).unwrap_or_default();
        self.node(Kind::DottedName, field, range, parent, |tree, at| {
            for name in text.split('.') {
                let begin = name.as_ptr().addr() - text.as_ptr().addr();
                let begin = range.start() + TextSize::try_from(begin).unwrap_or_default();
                tree.leaf(Kind::Identifier, None, TextRange::at(begin, TextSize::of(name)), at);
            }
        });
    }
}
