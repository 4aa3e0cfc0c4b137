//! Values of Python, and what they are bound to.

use ruff_python_ast::{
    ArgOrKeyword, Arguments, BoolOp, CmpOp, Comprehension, Expr, ExprSubscript, FStringPart,
    InterpolatedStringElement, InterpolatedStringElements, Number, StringFlags, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::outline::{Field, Kind};
use super::tree::Tree;

impl Tree<'_> {
    /// What is bound or set.
    pub(super) fn target(&mut self, target: &Expr, field: Option<Field>, parent: u32) {
        let (kind, parts) = match target {
            Expr::Tuple(tuple) if tuple.parenthesized => (Kind::TuplePattern, &*tuple.elts),
            Expr::Tuple(tuple) => (Kind::PatternList, &*tuple.elts),
            Expr::List(list) => (Kind::ListPattern, &*list.elts),
            Expr::Starred(starred) => (Kind::ListSplatPattern, std::slice::from_ref(&*starred.value)),
            other => return self.expr(other, field, parent),
        };
        self.node(kind, field, target.range(), parent, |tree, at| {
            for part in parts {
                tree.target(part, None, at);
            }
        });
    }

    pub(super) fn all<'e>(&mut self, values: impl IntoIterator<Item = &'e Expr>, parent: u32) {
        for value in values {
            self.expr(value, None, parent);
        }
    }

    /// A value, or several that are parted by commas, each in the field.
    pub(super) fn parts(&mut self, value: &Expr, field: Field, parent: u32) {
        match value {
            Expr::Tuple(tuple) if !tuple.parenthesized => {
                for part in &tuple.elts {
                    self.expr(part, Some(field), parent);
                }
            }
            value => self.expr(value, Some(field), parent),
        }
    }

    pub(super) fn expr(&mut self, value: &Expr, field: Option<Field>, parent: u32) {
        let range = value.range();
        let list: (Kind, &[Expr]) = match value {
            Expr::BoolOp(op) => {
                let kind = if op.op == BoolOp::And { Kind::And } else { Kind::Or };
                return self.either(&op.values, kind, field, range, parent);
            }
            Expr::Named(named) => {
                return self.node(Kind::NamedExpression, field, range, parent, |tree, at| {
                    tree.target(&named.target, Some(Field::Name), at);
                    tree.expr(&named.value, Some(Field::Value), at);
                });
            }
            Expr::BinOp(op) => {
                return self.node(Kind::BinaryOperator, field, range, parent, |tree, at| {
                    tree.expr(&op.left, Some(Field::Left), at);
                    tree.expr(&op.right, Some(Field::Right), at);
                });
            }
            Expr::UnaryOp(op) => {
                let is_not = op.op == UnaryOp::Not;
                let kind = if is_not { Kind::NotOperator } else { Kind::UnaryOperator };
                return self.node(kind, field, range, parent, |tree, at| {
                    tree.expr(&op.operand, Some(Field::Argument), at);
                });
            }
            Expr::Lambda(lambda) => {
                return self.node(Kind::Lambda, field, range, parent, |tree, at| {
                    if let Some(parameters) = &lambda.parameters {
                        tree.parameters(parameters, Kind::LambdaParameters, at);
                    }
                    tree.expr(&lambda.body, Some(Field::Body), at);
                });
            }
            Expr::If(chosen) => {
                return self.node(Kind::ConditionalExpression, field, range, parent, |tree, at| {
                    tree.all([&*chosen.body, &*chosen.test, &*chosen.orelse], at);
                });
            }
            Expr::Dict(dict) => {
                return self.node(Kind::Dictionary, field, range, parent, |tree, at| {
                    for item in &dict.items {
                        if let Some(key) = &item.key {
                            tree.pair(key, &item.value, None, at);
                            continue;
                        }
                        tree.node(Kind::DictionarySplat, None, item.value.range(), at, |tree, at| {
                            tree.expr(&item.value, None, at);
                        });
                    }
                });
            }
            Expr::ListComp(all) => {
                let body = Some(&*all.elt);
                return self.comprehended(
                    Kind::ListComprehension,
                    body,
                    &all.generators,
                    field,
                    range,
                    parent,
                );
            }
            Expr::SetComp(all) => {
                let body = Some(&*all.elt);
                return self.comprehended(
                    Kind::SetComprehension,
                    body,
                    &all.generators,
                    field,
                    range,
                    parent,
                );
            }
            Expr::Generator(all) => {
                let body = Some(&*all.elt);
                let kind = Kind::GeneratorExpression;
                return self.comprehended(kind, body, &all.generators, field, range, parent);
            }
            Expr::DictComp(all) => {
                return self.node(Kind::DictionaryComprehension, field, range, parent, |tree, at| {
                    if let Some(key) = &all.key {
                        tree.pair(key, &all.value, Some(Field::Body), at);
                    }
                    tree.generators(&all.generators, at);
                });
            }
            Expr::Yield(given) => {
                return self.node(Kind::Yield, field, range, parent, |tree, at| {
                    tree.all(given.value.as_deref(), at);
                });
            }
            Expr::Await(waited) => (Kind::Await, std::slice::from_ref(&*waited.value)),
            Expr::YieldFrom(given) => (Kind::Yield, std::slice::from_ref(&*given.value)),
            Expr::Starred(starred) => (Kind::ListSplat, std::slice::from_ref(&*starred.value)),
            Expr::Compare(compared) => {
                return self.node(Kind::ComparisonOperator, field, range, parent, |tree, at| {
                    tree.expr(&compared.left, None, at);
                    for (op, value) in compared.ops.iter().zip(&compared.comparators) {
                        let kind = if *op == CmpOp::Eq { Kind::Equal } else { Kind::Operator };
                        tree.leaf(kind, None, TextRange::empty(value.start()), at);
                        tree.expr(value, None, at);
                    }
                });
            }
            Expr::Call(call) => {
                return self.node(Kind::Call, field, range, parent, |tree, at| {
                    tree.expr(&call.func, Some(Field::Function), at);
                    tree.arguments(&call.arguments, Field::Arguments, at);
                });
            }
            Expr::FString(text) => {
                let parts = text.value.as_slice();
                return self.texts(parts, field, range, parent, |tree, part, field, at| match part {
                    FStringPart::Literal(text) => {
                        tree.text(text.range, text.flags.opener_len(), text.flags.closer_len(), field, at);
                    }
                    FStringPart::FString(text) => tree.interpolated(&text.elements, text.range, field, at),
                });
            }
            Expr::TString(text) => {
                let parts: Vec<_> = text.value.iter().collect();
                return self.texts(&parts, field, range, parent, |tree, part, field, at| {
                    tree.interpolated(&part.elements, part.range, field, at);
                });
            }
            Expr::StringLiteral(text) => {
                let parts = text.value.as_slice();
                return self.texts(parts, field, range, parent, |tree, part, field, at| {
                    tree.text(part.range, part.flags.opener_len(), part.flags.closer_len(), field, at);
                });
            }
            Expr::BytesLiteral(text) => {
                let parts = text.value.as_slice();
                return self.texts(parts, field, range, parent, |tree, part, field, at| {
                    tree.text(part.range, part.flags.opener_len(), part.flags.closer_len(), field, at);
                });
            }
            Expr::NumberLiteral(number) => {
                let is_int = matches!(number.value, Number::Int(_));
                let kind = if is_int { Kind::Integer } else { Kind::Float };
                return self.leaf(kind, field, range, parent);
            }
            Expr::BooleanLiteral(literal) => {
                let kind = if literal.value { Kind::True } else { Kind::False };
                return self.leaf(kind, field, range, parent);
            }
            Expr::NoneLiteral(_) => return self.leaf(Kind::None, field, range, parent),
            Expr::EllipsisLiteral(_) | Expr::IpyEscapeCommand(_) => {
                return self.leaf(Kind::Ellipsis, field, range, parent);
            }
            Expr::Name(_) => return self.leaf(Kind::Identifier, field, range, parent),
            Expr::Attribute(member) => {
                return self.node(Kind::Attribute, field, range, parent, |tree, at| {
                    tree.expr(&member.value, Some(Field::Object), at);
                    tree.name(&member.attr, Some(Field::Attribute), at);
                });
            }
            Expr::Subscript(taken) => return self.subscript(taken, field, parent),
            Expr::Slice(slice) => {
                return self.node(Kind::Slice, field, range, parent, |tree, at| {
                    let parts = [&slice.lower, &slice.upper, &slice.step];
                    tree.all(parts.into_iter().filter_map(|part| part.as_deref()), at);
                });
            }
            Expr::Set(set) => (Kind::Set, &set.elts),
            Expr::List(list) => (Kind::List, &list.elts),
            Expr::Tuple(tuple) if tuple.parenthesized => (Kind::Tuple, &tuple.elts),
            Expr::Tuple(tuple) => (Kind::ExpressionList, &tuple.elts),
        };
        self.node(list.0, field, range, parent, |tree, at| tree.all(list.1, at));
    }

    /// `a or b or c` is `(a or b) or c`.
    pub(super) fn either(
        &mut self,
        values: &[Expr],
        operator: Kind,
        field: Option<Field>,
        range: TextRange,
        parent: u32,
    ) {
        let Some((last, before)) = values.split_last() else { return };
        if before.is_empty() {
            return self.expr(last, field, parent);
        }
        let range = TextRange::new(range.start(), last.end());
        self.node(Kind::BooleanOperator, field, range, parent, |tree, at| {
            tree.either(before, operator, Some(Field::Left), range, at);
            tree.leaf(operator, Some(Field::Operator), TextRange::empty(last.start()), at);
            tree.expr(last, Some(Field::Right), at);
        });
    }

    pub(super) fn pair(&mut self, key: &Expr, value: &Expr, field: Option<Field>, parent: u32) {
        let range = TextRange::new(key.start(), value.end());
        self.node(Kind::Pair, field, range, parent, |tree, at| {
            tree.expr(key, Some(Field::Key), at);
            tree.expr(value, Some(Field::Value), at);
        });
    }

    pub(super) fn subscript(&mut self, taken: &ExprSubscript, field: Option<Field>, parent: u32) {
        self.node(Kind::Subscript, field, taken.range, parent, |tree, at| {
            tree.expr(&taken.value, Some(Field::Value), at);
            tree.parts(&taken.slice, Field::Subscript, at);
        });
    }

    pub(super) fn comprehended(
        &mut self,
        kind: Kind,
        body: Option<&Expr>,
        generators: &[Comprehension],
        field: Option<Field>,
        range: TextRange,
        parent: u32,
    ) {
        self.node(kind, field, range, parent, |tree, at| {
            if let Some(body) = body {
                tree.expr(body, Some(Field::Body), at);
            }
            tree.generators(generators, at);
        });
    }

    pub(super) fn generators(&mut self, generators: &[Comprehension], parent: u32) {
        for generator in generators {
            let range = TextRange::new(generator.start(), generator.iter.end());
            self.node(Kind::ForInClause, None, range, parent, |tree, at| {
                tree.target(&generator.target, Some(Field::Left), at);
                tree.expr(&generator.iter, Some(Field::Right), at);
            });
            for condition in &generator.ifs {
                self.node(Kind::IfClause, None, condition.range(), parent, |tree, at| {
                    tree.expr(condition, None, at);
                });
            }
        }
    }

    pub(super) fn arguments(&mut self, arguments: &Arguments, field: Field, parent: u32) {
        if let ([Expr::Generator(only)], []) = (&*arguments.args, &*arguments.keywords)
            && !only.parenthesized
        {
            return self.expr(&arguments.args[0], Some(field), parent);
        }
        self.node(Kind::ArgumentList, Some(field), arguments.range, parent, |tree, at| {
            for argument in arguments.iter_source_order() {
                let keyword = match argument {
                    ArgOrKeyword::Arg(value) => {
                        tree.expr(value, None, at);
                        continue;
                    }
                    ArgOrKeyword::Keyword(keyword) => keyword,
                };
                let Some(name) = &keyword.arg else {
                    tree.node(Kind::DictionarySplat, None, keyword.range, at, |tree, at| {
                        tree.expr(&keyword.value, None, at);
                    });
                    continue;
                };
                tree.node(Kind::KeywordArgument, None, keyword.range, at, |tree, at| {
                    tree.name(name, Some(Field::Name), at);
                    tree.expr(&keyword.value, Some(Field::Value), at);
                });
            }
        });
    }

    /// One text, or several that are written after one another.
    pub(super) fn texts<T>(
        &mut self,
        parts: &[T],
        field: Option<Field>,
        range: TextRange,
        parent: u32,
        each: impl Fn(&mut Self, &T, Option<Field>, u32),
    ) {
        match parts {
            [only] => each(self, only, field, parent),
            parts => self.node(Kind::ConcatenatedString, field, range, parent, |tree, at| {
                for part in parts {
                    each(tree, part, None, at);
                }
            }),
        }
    }

    pub(super) fn text(
        &mut self,
        range: TextRange,
        opener: TextSize,
        closer: TextSize,
        field: Option<Field>,
        parent: u32,
    ) {
        self.node(Kind::String, field, range, parent, |tree, at| {
            let inner = TextRange::new(range.start() + opener, range.end() - closer);
            tree.leaf(Kind::StringContent, None, inner, at);
        });
    }

    pub(super) fn interpolated(
        &mut self,
        elements: &InterpolatedStringElements,
        range: TextRange,
        field: Option<Field>,
        parent: u32,
    ) {
        self.node(Kind::String, field, range, parent, |tree, at| tree.elements(elements, at));
    }

    pub(super) fn elements(&mut self, elements: &InterpolatedStringElements, parent: u32) {
        for element in elements {
            let InterpolatedStringElement::Interpolation(hole) = element else {
                self.leaf(Kind::StringContent, None, element.range(), parent);
                continue;
            };
            self.node(Kind::Interpolation, None, hole.range, parent, |tree, at| {
                tree.expr(&hole.expression, Some(Field::Expression), at);
                if !hole.conversion.is_none() {
                    tree.leaf(Kind::TypeConversion, None, TextRange::empty(hole.range.end()), at);
                }
                if let Some(format) = &hole.format_spec {
                    tree.node(Kind::FormatSpecifier, None, format.range, at, |tree, at| {
                        tree.elements(&format.elements, at);
                    });
                }
            });
        }
    }
}
