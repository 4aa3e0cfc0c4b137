//! A node of a syntax tree, whichever parser made the tree.

use super::outline::{self, Field, Outline};

/// A node of the tree of a grammar, or of an [`Outline`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node<'t> {
    Grammar(tree_sitter::Node<'t>),
    Outline(outline::Node<'t>),
}

impl<'t> Node<'t> {
    /// The root of an outline.
    pub(super) fn root(outline: &'t Outline) -> Self {
        Self::Outline(outline.root())
    }

    /// What it is called in its grammar.
    pub(crate) fn kind(self) -> &'t str {
        match self {
            Self::Grammar(node) => node.kind(),
            Self::Outline(node) => node.kind().name(),
        }
    }

    /// Tells it from every other node of its tree.
    pub(crate) fn id(self) -> usize {
        match self {
            Self::Grammar(node) => node.id(),
            Self::Outline(node) => node.id(),
        }
    }

    /// Whether it is more than a sign. A comment is nothing: it may stand between any two parts of anything.
    pub(crate) fn is_named(self) -> bool {
        match self {
            Self::Grammar(node) => is_part(node),
            Self::Outline(node) => node.kind().is_named(),
        }
    }

    pub(crate) fn byte_range(self) -> std::ops::Range<usize> {
        match self {
            Self::Grammar(node) => node.byte_range(),
            Self::Outline(node) => node.byte_range(),
        }
    }

    pub(crate) fn start_byte(self) -> usize {
        self.byte_range().start
    }

    pub(crate) fn end_byte(self) -> usize {
        self.byte_range().end
    }

    /// The line that it begins on, from 1.
    pub(crate) fn line(self) -> u32 {
        match self {
            Self::Grammar(node) => from_one(node.start_position()),
            Self::Outline(node) => node.line_of(self.start_byte()),
        }
    }

    /// The line that it ends on, from 1.
    pub(crate) fn last_line(self) -> u32 {
        match self {
            Self::Grammar(node) => from_one(node.end_position()),
            Self::Outline(node) => node.line_of(self.end_byte()),
        }
    }

    /// The first child in a field.
    pub(crate) fn child_by_field_name(self, name: &str) -> Option<Self> {
        match self {
            Self::Grammar(node) => node.child_by_field_name(name).map(Self::Grammar),
            Self::Outline(node) => node.child_in(Field::named(name)?).map(Self::Outline),
        }
    }

    pub(crate) fn children_by_field_name(self, name: &str) -> impl Iterator<Item = Self> {
        let (field, number) = match self {
            Self::Grammar(node) => (None, node.language().field_id_for_name(name)),
            Self::Outline(_) => (Field::named(name), None),
        };
        let mut children = self.children();
        std::iter::from_fn(move || {
            children.find_with(|at| match at {
                At::Grammar(cursor) => number.is_some() && cursor.field_id() == number,
                At::Outline(node) => field.is_some() && node.field() == field,
            })
        })
    }

    /// All children, in order.
    pub(crate) fn children(self) -> Children<'t> {
        match self {
            Self::Grammar(node) => {
                let mut cursor = node.walk();
                Children(if cursor.goto_first_child() { Rest::Grammar(cursor) } else { Rest::None })
            }
            Self::Outline(node) => Children(node.first_child().map_or(Rest::None, Rest::Outline)),
        }
    }

    /// Goes through all that is named below it, in order, without recursion; below what `enter` says.
    pub(crate) fn go_through(self, mut enter: impl FnMut(Self) -> bool) {
        match self {
            Self::Grammar(node) => {
                let mut cursor = node.walk();
                let mut depth = 0u32;
                if !cursor.goto_first_child() {
                    return;
                }
                loop {
                    let child = cursor.node();
                    if is_part(child) && enter(Self::Grammar(child)) && cursor.goto_first_child() {
                        depth += 1;
                        continue;
                    }
                    while !cursor.goto_next_sibling() {
                        if depth == 0 {
                            return;
                        }
                        cursor.goto_parent();
                        depth -= 1;
                    }
                }
            }
            Self::Outline(node) => {
                node.go_through(|child| child.kind().is_named() && enter(Self::Outline(child)));
            }
        }
    }

    pub(crate) fn named_children(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| child.is_named())
    }

    pub(crate) fn named_child_count(self) -> usize {
        match self {
            Self::Grammar(node) if node.named_child_count() == 0 => 0,
            _ => self.named_children().count(),
        }
    }

    pub(crate) fn named_child(self, at: u32) -> Option<Self> {
        match self {
            // Asked for most, and there without a list of all of them.
            Self::Grammar(node) if at == 0 => {
                let first = node.named_child(0)?;
                if is_part(first) { Some(Self::Grammar(first)) } else { self.named_children().next() }
            }
            _ => self.named_children().nth(at as usize),
        }
    }

    pub(crate) fn child(self, at: u32) -> Option<Self> {
        match self {
            Self::Grammar(node) => node.child(at).map(Self::Grammar),
            Self::Outline(_) => self.children().nth(at as usize),
        }
    }

    pub(crate) fn parent(self) -> Option<Self> {
        match self {
            Self::Grammar(node) => node.parent().map(Self::Grammar),
            Self::Outline(node) => node.parent().map(Self::Outline),
        }
    }

    pub(crate) fn next_sibling(self) -> Option<Self> {
        match self {
            Self::Grammar(node) => node.next_sibling().map(Self::Grammar),
            Self::Outline(node) => node.next_sibling().map(Self::Outline),
        }
    }

    pub(crate) fn next_named_sibling(self) -> Option<Self> {
        std::iter::successors(self.next_sibling(), |node| node.next_sibling()).find(|node| node.is_named())
    }
}

/// Children of a node that are still to come.
pub(crate) struct Children<'t>(Rest<'t>);

enum Rest<'t> {
    None,
    /// Where the next one stands.
    Grammar(tree_sitter::TreeCursor<'t>),
    Outline(outline::Node<'t>),
}

/// Where a child stands.
enum At<'c, 't> {
    Grammar(&'c tree_sitter::TreeCursor<'t>),
    Outline(outline::Node<'t>),
}

impl<'t> Children<'t> {
    /// The next child that is wanted by where it stands.
    fn find_with(&mut self, wanted: impl Fn(At<'_, 't>) -> bool) -> Option<Node<'t>> {
        loop {
            let (child, is_wanted, is_last) = match &mut self.0 {
                Rest::None => return None,
                Rest::Grammar(cursor) => {
                    let child = (Node::Grammar(cursor.node()), wanted(At::Grammar(cursor)));
                    (child.0, child.1, !cursor.goto_next_sibling())
                }
                Rest::Outline(at) => {
                    let (child, next) = (*at, at.next_sibling());
                    *at = next.unwrap_or(child);
                    (Node::Outline(child), wanted(At::Outline(child)), next.is_none())
                }
            };
            if is_last {
                self.0 = Rest::None;
            }
            if is_wanted {
                return Some(child);
            }
        }
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        self.find_with(|_| true)
    }
}

fn is_part(node: tree_sitter::Node<'_>) -> bool {
    // The body of a heredoc of Ruby may stand anywhere as well.
    node.is_named() && !(node.is_extra() && node.kind().contains("comment"))
}

fn from_one(position: tree_sitter::Point) -> u32 {
    u32::try_from(position.row + 1).unwrap_or(u32::MAX)
}
