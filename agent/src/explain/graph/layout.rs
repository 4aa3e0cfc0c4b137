//! Where everything goes: three columns of boxes, and between them two gutters in which the lines run.

use super::card::Card;
use super::lines::{self, Line};
use super::{Column, Graph, Kind, Section};

/// Around everything.
const MARGIN: i32 = 24;
/// Width of the columns at the sides.
const SIDE: i32 = 284;
/// Width of the column in the middle.
const MIDDLE: i32 = 324;
/// Height of a box with two lines of text.
pub(super) const NODE: i32 = 44;
/// Between two boxes.
const GAP: i32 = 8;
/// Room for a heading.
const HEAD: i32 = 26;
/// Room for the end of a list that is cut.
const MORE: i32 = 22;
/// Between two sections.
const SECTION: i32 = 18;
/// Room for the legend.
const LEGEND: i32 = 34;
/// Between the edge of a card and what is in it.
pub(super) const PADDING: i32 = 16;
/// Between two lines that leave a card.
const PORT: i32 = 22;

/// A box, in units of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Frame {
    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> i32 {
        self.y + self.height
    }

    pub(super) fn middle(self) -> i32 {
        self.y + self.height / 2
    }
}

/// Where lines of one label leave the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) column: Column,
    pub(super) says: &'static str,
    pub(super) x: i32,
    pub(super) y: i32,
}

/// A section with its places.
#[derive(Debug)]
pub(super) struct Placed<'g> {
    pub(super) section: &'g Section,
    pub(super) x: i32,
    pub(super) head: i32,
    pub(super) nodes: Vec<Frame>,
    pub(super) more: i32,
}

/// The card with its places, all of them from the top of the picture.
#[derive(Debug)]
pub(super) struct CardPlaces {
    pub(super) frame: Frame,
    /// Base lines of the lines of text below the verdict.
    pub(super) rows: Vec<i32>,
    pub(super) answers: Vec<Frame>,
    pub(super) calls: i32,
    pub(super) models: Vec<Frame>,
    pub(super) open: Vec<Frame>,
}

/// The picture, ready to be written.
#[derive(Debug)]
pub(super) struct Picture<'g> {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) card: &'g Card,
    pub(super) places: CardPlaces,
    pub(super) ports: Vec<Port>,
    pub(super) sections: Vec<Placed<'g>>,
    pub(super) lines: Vec<Line>,
    /// Top of the legend.
    pub(super) legend: i32,
}

/// Finds the places.
pub(super) fn laid_out(graph: &Graph) -> Picture<'_> {
    let gutters = lines::gutters(graph);
    let middle = MARGIN + SIDE + gutters;
    let right = middle + MIDDLE + gutters;
    let (places, ports) = card(&graph.card, &graph.sections, middle);
    let mut next = [MARGIN, places.frame.bottom() + SECTION, MARGIN];
    let mut sections = Vec::new();
    for section in &graph.sections {
        let column = section.kind.column();
        let (x, width) = match column {
            Column::Left => (MARGIN, SIDE),
            Column::Centre => (middle, MIDDLE),
            Column::Right => (right, SIDE),
        };
        let y = &mut next[column as usize];
        let placed = place(section, x, *y, width);
        *y = placed.more + if section.more.is_some() { MORE } else { 0 } + SECTION;
        sections.push(placed);
    }
    let legend = next.into_iter().max().unwrap_or(MARGIN);
    let lines = lines::drawn(graph, &sections, &ports);
    Picture {
        width: right + SIDE + MARGIN,
        height: legend + LEGEND,
        card: &graph.card,
        places,
        ports,
        sections,
        lines,
        legend,
    }
}

fn place(section: &Section, x: i32, top: i32, width: i32) -> Placed<'_> {
    let mut y = top + HEAD;
    let nodes = stacked(section.nodes.len(), x, &mut y, width);
    Placed { section, x, head: top + HEAD - 10, nodes, more: y - GAP }
}

/// So many boxes below each other; `y` is then below the last.
fn stacked(count: usize, x: i32, y: &mut i32, width: i32) -> Vec<Frame> {
    let mut next = || {
        let frame = Frame { x, y: *y, width, height: NODE };
        *y += NODE + GAP;
        frame
    };
    (0..count).map(|_| next()).collect()
}

fn card(card: &Card, sections: &[Section], x: i32) -> (CardPlaces, Vec<Port>) {
    let (left, width) = (x + PADDING, MIDDLE - 2 * PADDING);
    // The name and the verdict stand above.
    let mut y = MARGIN + 70;
    let rows = card.words.iter().map(|_| 0).chain(card.names.iter().map(|_| 0)).collect::<Vec<i32>>();
    let mut row = |_| {
        y += 18;
        y
    };
    let rows: Vec<i32> = rows.into_iter().map(&mut row).collect();
    y += 14;
    let answers = answers(card.answers.len(), left, y, width);
    y += 40 + 10;
    let ports = ports(sections, x, y);
    let lowest = ports.iter().map(|port| port.y + PORT / 2).max().unwrap_or(y);
    let calls = lowest + 22;
    y = calls + 8;
    let models = stacked(card.models.len(), left, &mut y, width);
    if !card.open.is_empty() {
        y += GAP;
    }
    let open = stacked(card.open.len(), left, &mut y, width);
    let frame = Frame { x, y: MARGIN, width: MIDDLE, height: y - GAP + PADDING - MARGIN };
    (CardPlaces { frame, rows, answers, calls, models, open }, ports)
}

fn answers(count: usize, x: i32, y: i32, width: i32) -> Vec<Frame> {
    let between = 6;
    let all = i32::try_from(count.max(1)).unwrap_or(1);
    let each = (width - between * (all - 1)) / all;
    (0..all)
        .map(|at| Frame { x: x + at * (each + between), y, width: each, height: 40 })
        .take(count)
        .collect()
}

/// One for each label, in the order of the sections.
fn ports(sections: &[Section], x: i32, top: i32) -> Vec<Port> {
    let mut next = [top; 2];
    let mut ports: Vec<Port> = Vec::new();
    let with_lines = sections.iter().filter(|section| section.nodes.iter().any(|node| node.line.is_some()));
    for kind in with_lines.map(|section| section.kind) {
        let Some((says, _)) = kind.line().filter(|(says, _)| !ports.iter().any(|port| port.says == *says))
        else {
            continue;
        };
        let (column, x, y) = match kind.column() {
            Column::Right => (Column::Right, x + MIDDLE, &mut next[1]),
            Column::Left | Column::Centre => (Column::Left, x, &mut next[0]),
        };
        ports.push(Port { column, says, x, y: *y + PORT / 2 });
        *y += PORT;
    }
    ports
}

impl Placed<'_> {
    pub(super) fn is(&self, kind: Kind) -> bool {
        self.section.kind == kind
    }
}
