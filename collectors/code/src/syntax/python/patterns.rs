//! What the cases of a `match` of Python ask for.

use ruff_python_ast::{Expr, MatchCase, Pattern, PatternArguments, Singleton};
use ruff_text_size::{Ranged, TextRange};

use super::super::outline::{Field, Kind};
use super::tree::Tree;

impl Tree<'_> {
    pub(super) fn case(&mut self, case: &MatchCase, parent: u32) {
        self.node(Kind::CaseClause, Some(Field::Alternative), case.range, parent, |tree, at| {
            match &case.pattern {
                // `case a, b:`
                Pattern::MatchSequence(sequence) if !tree.is_bracketed(sequence.range) => {
                    tree.case_patterns(&sequence.patterns, at);
                }
                pattern => tree.case_pattern(pattern, None, at),
            }
            if let Some(guard) = &case.guard {
                tree.node(Kind::IfClause, Some(Field::Guard), guard.range(), at, |tree, at| {
                    tree.expr(guard, None, at);
                });
            }
            tree.block(&case.body, Some(Field::Consequence), at);
        });
    }

    pub(super) fn is_bracketed(&self, range: TextRange) -> bool {
        matches!(self.text.as_bytes().get(range.start().to_usize()), Some(b'(' | b'['))
    }

    fn case_patterns(&mut self, patterns: &[Pattern], parent: u32) {
        for pattern in patterns {
            self.case_pattern(pattern, None, parent);
        }
    }

    pub(super) fn case_pattern(&mut self, pattern: &Pattern, field: Option<Field>, parent: u32) {
        self.node(Kind::CasePattern, field, pattern.range(), parent, |tree, at| tree.pattern(pattern, at));
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern, parent: u32) {
        let range = pattern.range();
        match pattern {
            Pattern::MatchValue(value) => match &*value.value {
                Expr::Attribute(attribute) => self.dotted(attribute.range, None, parent),
                Expr::UnaryOp(negative) => self.expr(&negative.operand, None, parent),
                value => self.expr(value, None, parent),
            },
            Pattern::MatchSingleton(only) => {
                let kind = match only.value {
                    Singleton::None => Kind::None,
                    Singleton::True => Kind::True,
                    Singleton::False => Kind::False,
                };
                self.leaf(kind, None, range, parent);
            }
            Pattern::MatchSequence(sequence) => {
                let is_list = self.text.as_bytes().get(range.start().to_usize()) == Some(&b'[');
                let kind = if is_list { Kind::ListPattern } else { Kind::TuplePattern };
                self.node(kind, None, range, parent, |tree, at| {
                    tree.case_patterns(&sequence.patterns, at);
                });
            }
            Pattern::MatchMapping(mapping) => {
                self.node(Kind::DictPattern, None, range, parent, |tree, at| {
                    for (key, pattern) in mapping.keys.iter().zip(&mapping.patterns) {
                        tree.expr(key, Some(Field::Key), at);
                        tree.case_pattern(pattern, Some(Field::Value), at);
                    }
                    if let Some(rest) = &mapping.rest {
                        tree.node(Kind::SplatPattern, None, rest.range, at, |tree, at| {
                            tree.name(rest, None, at);
                        });
                    }
                });
            }
            Pattern::MatchClass(class) => self.node(Kind::ClassPattern, None, range, parent, |tree, at| {
                tree.dotted(class.cls.range(), None, at);
                tree.pattern_arguments(&class.arguments, at);
            }),
            Pattern::MatchStar(star) => self.node(Kind::SplatPattern, None, range, parent, |tree, at| {
                if let Some(name) = &star.name {
                    tree.name(name, None, at);
                }
            }),
            Pattern::MatchAs(named) => match (&named.pattern, &named.name) {
                (Some(pattern), name) => self.node(Kind::AsPattern, None, range, parent, |tree, at| {
                    tree.case_pattern(pattern, None, at);
                    if let Some(name) = name {
                        tree.name(name, None, at);
                    }
                }),
                (None, Some(name)) => self.dotted(name.range, None, parent),
                (None, None) => {}
            },
            Pattern::MatchOr(either) => self.node(Kind::UnionPattern, None, range, parent, |tree, at| {
                for pattern in &either.patterns {
                    tree.pattern(pattern, at);
                }
            }),
        }
    }

    pub(super) fn pattern_arguments(&mut self, arguments: &PatternArguments, parent: u32) {
        self.case_patterns(&arguments.patterns, parent);
        for keyword in &arguments.keywords {
            self.node(Kind::CasePattern, None, keyword.range, parent, |tree, at| {
                tree.node(Kind::KeywordPattern, None, keyword.range, at, |tree, at| {
                    tree.name(&keyword.attr, None, at);
                    tree.pattern(&keyword.pattern, at);
                });
            });
        }
    }
}
