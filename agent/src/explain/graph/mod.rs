//! A picture of one system: what starts it, what it may call, what it acts under, and where each of these was seen.
//!
//! Three steps, each without knowledge of the next: what there is to draw (`card.rs`, `parts.rs`, `ties.rs`), where it goes
//! (`layout.rs`), and the SVG (`svg.rs`).

mod card;
mod layout;
mod lines;
mod parts;
mod svg;
#[cfg(test)]
mod tests;
mod ties;

use std::borrow::Cow;

use asmm_model::{Evidence, Inventory, Place, System};

use self::card::Card;
pub(crate) use self::svg::STYLE;
use self::ties::Tie;
use super::{judged, mask};
use crate::export::Text;
use crate::page::{Cut, fit};

/// The picture as a document of SVG. The inventory tells the names of other systems.
pub(crate) fn svg(system: &System, inventory: &Inventory) -> String {
    svg::written(&layout::laid_out(&Graph::of(system, inventory)), true)
}

/// The picture as a part of a page, which has [`STYLE`] among its own.
pub(crate) fn svg_in_page(system: &System, inventory: &Inventory) -> String {
    svg::written(&layout::laid_out(&Graph::of(system, inventory)), false)
}

/// What is drawn.
#[derive(Debug)]
struct Graph {
    card: Card,
    sections: Vec<Section>,
    ties: Vec<Tie>,
}

impl Graph {
    fn of(system: &System, inventory: &Inventory) -> Self {
        let (system, differs) = judged(system);
        let mut sections = parts::all(&system, inventory);
        let ties = ties::all(&system, &sections);
        // What acts under an identity is drawn to it; only where that is not known, the whole system is.
        for Tie { from, to, .. } in &ties {
            let name = sections[from.0].nodes[from.1].name.clone();
            match sections[to.0].kind {
                Kind::Seen => sections[from.0].nodes[from.1].line = None,
                Kind::Calls => sections[to.0].nodes[to.1].under(&name),
                _ => {}
            }
        }
        Self { card: Card::of(&system, differs), sections, ties }
    }
}

/// The column that something stands in; the system heads the one in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Left,
    Centre,
    Right,
}

/// Which way a line points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrow {
    /// At the system.
    In,
    /// At what hangs on it.
    Out,
    /// Neither acts on the other.
    None,
}

/// What kind of part a section lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Starts,
    Asks,
    Guards,
    Holds,
    Seen,
    Acts,
    Calls,
    Speaks,
    /// Other systems under one of its identities.
    Others,
}

impl Kind {
    /// Where its sections stand.
    fn column(self) -> Column {
        match self {
            Self::Starts | Self::Asks | Self::Guards | Self::Holds | Self::Seen => Column::Left,
            Self::Acts => Column::Centre,
            Self::Calls | Self::Speaks | Self::Others => Column::Right,
        }
    }

    /// The label of its lines, where they leave the system, and which way they point. Others hang on an identity.
    fn line(self) -> Option<(&'static str, Arrow)> {
        match self {
            Self::Starts => Some(("started by", Arrow::In)),
            Self::Asks => Some(("asks", Arrow::Out)),
            Self::Guards => Some(("guarded by", Arrow::None)),
            Self::Holds => Some(("reads", Arrow::In)),
            Self::Seen => Some(("seen as", Arrow::None)),
            Self::Acts => Some(("acts under", Arrow::Out)),
            Self::Calls => Some(("may call", Arrow::Out)),
            Self::Speaks => Some(("speaks with", Arrow::Out)),
            Self::Others => None,
        }
    }
}

/// Parts of one kind under a heading.
#[derive(Debug)]
struct Section {
    kind: Kind,
    head: &'static str,
    nodes: Vec<Node>,
    /// What is not shown of it.
    more: Option<More>,
}

/// The end of a list that is cut.
#[derive(Debug)]
struct More {
    text: String,
    title: String,
}

/// How a box looks. Each look is told by its words as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// It changes something, or lets something be changed: with a bar.
    Changes,
    /// It could not be seen, or something of it could not: dashed.
    Unknown,
}

/// One box. Its texts can be shown: bounded, and with nothing invisible in them.
#[derive(Debug)]
struct Node {
    name: String,
    /// The end of the name that is given up where there is no room.
    cut: Cut,
    detail: String,
    /// All of it, with the place to look it up.
    title: String,
    look: Look,
    /// What the line between it and the system says; none where no line leads there directly.
    line: Option<String>,
    /// Whether it stands for something of which not even its name was seen: then the line is dashed, too.
    open: bool,
}

impl Node {
    fn new(name: &str, detail: impl Into<String>, line: &str) -> Self {
        let (name, detail) = (shown(name), detail.into());
        let title = if detail.is_empty() { name.clone() } else { format!("{name}: {detail}") };
        Self {
            name,
            cut: Cut::End,
            detail,
            title,
            look: Look::Plain,
            line: Some(line.to_owned()),
            open: false,
        }
    }

    /// The name where it is named in a sentence.
    fn short(&self) -> Cow<'_, str> {
        fit(&self.name, NAMED, self.cut)
    }

    fn looking(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// Tells the identity that it runs under as well.
    fn under(&mut self, identity: &str) {
        let under = format!("under {identity}");
        self.detail = format!("{}, {under}", self.detail);
        self.title = format!("{}\n{under}", self.title);
    }

    /// As what stands for something that was not seen.
    fn unseen(self) -> Self {
        Self { open: true, ..self.looking(Look::Unknown) }
    }

    /// With one more line in the title.
    fn saying(mut self, line: &str) -> Self {
        self.title = format!("{}\n{}", self.title, Text::long(line));
        self
    }

    /// With the places that show it.
    fn at(self, evidence: &[Evidence]) -> Self {
        let line = places(evidence.iter().map(|piece| &piece.place));
        self.saying(&line)
    }
}

/// A name of the inventory, to be shown.
fn shown(text: &str) -> String {
    Text::short(text).to_string()
}

/// A sentence of the inventory, to be shown. Others may have put a secret into it.
fn said(text: &str) -> String {
    // What is cut first is masked in one piece with what follows.
    let bounded: String = text.chars().take(SENTENCE).collect();
    Text::long(&mask::sentence(&bounded)).to_string()
}

/// Characters of a sentence that are looked at; far more than are shown.
const SENTENCE: usize = 4_000;
/// Columns of a name within a sentence.
const NAMED: usize = 60;
/// Places that a title lists.
const PLACES: usize = 3;

/// Where to look something up.
fn places<'p>(all: impl ExactSizeIterator<Item = &'p Place>) -> String {
    let more = all.len().saturating_sub(PLACES);
    let listed: Vec<String> = all.take(PLACES).map(|place| Text::place(place).to_string()).collect();
    match (listed.is_empty(), more) {
        (true, _) => "The inventory names no place.".to_owned(),
        (false, 0) => listed.join(", "),
        (false, more) => format!("{} and {more} more", listed.join(", ")),
    }
}
