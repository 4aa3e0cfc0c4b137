//! The tree of a Python file in the words of its grammar, from the answer of a parser of Python alone.

use ruff_python_ast::{Identifier, Stmt};
use ruff_text_size::TextRange;

use super::super::outline::{Field, Kind, Outline};

/// Writes a module down.
pub(super) fn outline(text: &str, body: &[Stmt]) -> Outline {
    let mut tree = Tree { text, outline: Outline::of(text) };
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let whole = TextRange::new(0.into(), end.into());
    tree.node(Kind::Module, None, whole, 0, |tree, at| tree.statements(body, at));
    tree.outline
}

/// A tree that is being written.
pub(super) struct Tree<'s> {
    pub(super) text: &'s str,
    outline: Outline,
}

impl Tree<'_> {
    pub(super) fn node(
        &mut self,
        kind: Kind,
        field: Option<Field>,
        range: TextRange,
        parent: u32,
        below: impl FnOnce(&mut Self, u32),
    ) {
        let at = self.outline.open(kind, field, range.start().to_u32(), parent);
        below(self, at);
        self.outline.close(at, range.end().to_u32());
    }

    pub(super) fn leaf(&mut self, kind: Kind, field: Option<Field>, range: TextRange, parent: u32) {
        self.node(kind, field, range, parent, |_, _| {});
    }

    pub(super) fn name(&mut self, name: &Identifier, field: Option<Field>, parent: u32) {
        self.leaf(Kind::Identifier, field, name.range, parent);
    }

    pub(super) fn names(&mut self, names: &[Identifier], parent: u32) {
        for name in names {
            self.name(name, None, parent);
        }
    }
}
