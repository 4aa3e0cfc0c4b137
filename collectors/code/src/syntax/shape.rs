//! Shapes: what the node kinds of a grammar mean to the extractor.

use foldhash::HashMap;
use muster_rules::Language;

use super::Expr;
use super::extract::Extractor;
use super::node::Node;
use super::outline::{Field, Kind};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing of its own: its children are looked at.
    Other,
    /// Left out with everything below it: comments, types.
    Skip,
    Import,
    Call,
    Member,
    Index,
    Function,
    Class,
    Decorated,
    Assign,
    Loop,
    Branch,
    Return,
    Text,
    Name,
    Literal,
    List,
    Map,
    Spread,
    /// Only wraps another value: parentheses, `await`, a cast.
    Wrap,
    /// Combines values: operators, conditionals, comprehensions.
    Choice,
    /// One of several values, by what the first says: a `switch` that gives a value.
    Switch,
    /// Compares values, and is none of them.
    Comparison,
    /// A statement that is one expression.
    Statement,
    /// `with x as y`.
    With,
    /// `for x in y` of a comprehension.
    Each,
    /// `x += y`.
    Augmented,
    /// Statements in order; where a language says so, the last is the value.
    Block,
    /// Something of this language alone: its own module reads it.
    Own,
}

/// The table of one language.
pub(crate) struct Grammar {
    pub(crate) language: Language,
    /// Node kinds that matter, and their shapes.
    pub(crate) shapes: &'static [(&'static str, Shape)],
    /// Names of the fields that carry the parts of calls, members and so on.
    pub(crate) fields: Fields,
    /// Reads an import or re-export.
    pub(crate) import: fn(&mut Extractor<'_>, Node<'_>),
    /// Whether a name stands for the instance.
    pub(crate) is_self: fn(&str) -> bool,
    /// Reads what has the shape [`Shape::Own`].
    pub(crate) own: fn(&mut Extractor<'_>, Node<'_>) -> Expr,
}

/// Field names, each tried in turn.
pub(crate) struct Fields {
    pub(crate) callee: &'static [&'static str],
    pub(crate) arguments: &'static str,
    pub(crate) object: &'static [&'static str],
    pub(crate) member: &'static [&'static str],
    pub(crate) index: &'static [&'static str],
    pub(crate) left: &'static [&'static str],
    pub(crate) right: &'static [&'static str],
    pub(crate) condition: &'static str,
}

/// The names of a grammar as the numbers that its trees hold: shapes by the kind of a node, and fields by name.
pub(crate) struct ShapeTable {
    shapes: Vec<Shape>,
    /// The same of outlines.
    outlined: Vec<Shape>,
    fields: HashMap<Box<str>, (u16, Option<Field>)>,
}

impl ShapeTable {
    pub(crate) fn new(grammar: &Grammar, language: &tree_sitter::Language) -> Self {
        let by_name: HashMap<&str, Shape> = grammar.shapes.iter().copied().collect();
        let shape = |kind: &str| by_name.get(kind).copied().unwrap_or(Shape::Other);
        let shapes = (0..language.node_kind_count())
            .map(|id| {
                let id = u16::try_from(id).unwrap_or(u16::MAX);
                let kind = language.node_kind_for_id(id).filter(|_| language.node_kind_is_named(id));
                kind.map_or(Shape::Other, shape)
            })
            .collect();
        let count = u16::try_from(language.field_count()).unwrap_or(u16::MAX);
        let fields = (1..=count)
            .filter_map(|id| {
                let name = language.field_name_for_id(id)?;
                Some((name.into(), (id, Field::named(name))))
            })
            .collect();
        let outlined = Kind::ALL.iter().map(|kind| shape(kind.name())).collect();
        Self { shapes, outlined, fields }
    }

    /// The first child in a field. The tree's own lookup by name compares it with every field of the grammar.
    pub(crate) fn field<'t>(&self, node: Node<'t>, name: &str) -> Option<Node<'t>> {
        let (id, field) = *self.fields.get(name)?;
        match node {
            Node::Grammar(node) => node.child_by_field_id(id).map(Node::Grammar),
            Node::Outline(node) => node.child_in(field?).map(Node::Outline),
        }
    }

    pub(crate) fn of(&self, node: Node<'_>) -> Shape {
        let shape = match node {
            Node::Grammar(node) => self.shapes.get(node.kind_id() as usize),
            Node::Outline(node) => self.outlined.get(node.kind() as usize),
        };
        shape.copied().unwrap_or(Shape::Other)
    }
}
