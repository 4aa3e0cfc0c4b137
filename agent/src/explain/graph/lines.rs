//! The lines: each leaves its box level, turns in a lane of the gutter, and arrives level. Lanes are given out so that lines
//! of the system cross no others.

use super::layout::{Placed, Port};
use super::ties::{At, Tie};
use super::{Arrow, Column, Graph, Kind};

/// Between two lanes.
const LANE: i32 = 10;
/// Between a box and the nearest lane: room for an arrow and a turn.
const CLEAR: i32 = 24;
/// The least width of a gutter.
const GUTTER: i32 = 92;
/// Below and above the middle of a box, where a second line arrives.
const BESIDE: i32 = 12;

/// One line, from box to box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) from: (i32, i32),
    /// Where it turns.
    pub(super) lane: i32,
    pub(super) to: (i32, i32),
    pub(super) arrow: Arrow,
    pub(super) says: String,
    /// Whether it is drawn dashed, since what it leads to is not known.
    pub(super) open: bool,
    /// Whether two parts meet, and not a part and the system.
    pub(super) tie: bool,
}

/// How wide both gutters have to be.
pub(super) fn gutters(graph: &Graph) -> i32 {
    let labels = |column: Column| {
        let mut all: Vec<&str> = Vec::new();
        for section in &graph.sections {
            let here = (section.kind.column() == Column::Right) == (column == Column::Right);
            all.extend(section.kind.line().filter(|_| here).map(|(says, _)| says));
        }
        all.dedup();
        all.len()
    };
    let leftwards = graph.ties.iter().filter(|tie| graph.sections[tie.to.0].kind == Kind::Seen).count();
    let mut rightwards: Vec<(At, bool)> = graph
        .ties
        .iter()
        .filter(|tie| graph.sections[tie.to.0].kind != Kind::Seen)
        .map(|tie| (tie.from, graph.sections[tie.to.0].kind == Kind::Acts))
        .collect();
    rightwards.sort_unstable();
    rightwards.dedup();
    let lanes = (labels(Column::Left) + leftwards).max(labels(Column::Right) + rightwards.len());
    let lanes = i32::try_from(lanes).unwrap_or(i32::MAX / 100);
    GUTTER.max(2 * CLEAR + LANE * (lanes - 1).max(0))
}

/// Lines that turn in one lane: from one place to several.
struct Net {
    /// Height at which it leaves.
    from: i32,
    /// Heights at which it arrives.
    to: Vec<i32>,
}

/// How many lanes from the middle column each net turns, when nets are sorted by where they leave and where they arrive.
///
/// A net that only comes from above is nested within the next such one, one that only goes down within the one before it; what
/// does both passes outside of these. So no two cross.
fn lanes(nets: &[Net]) -> Vec<i32> {
    let above = |net: &Net| net.to.iter().all(|to| *to <= net.from);
    let below = |net: &Net| !above(net) && net.to.iter().all(|to| *to >= net.from);
    let count = |fits: &dyn Fn(&Net) -> bool| nets.iter().filter(|net| fits(net)).count();
    let outside = count(&above).max(count(&below));
    let (mut up, mut down) = (0, count(&below));
    let mut lane = |net: &Net| {
        let lane = if above(net) {
            up += 1;
            up - 1
        } else if below(net) {
            down -= 1;
            down
        } else {
            outside
        };
        i32::try_from(lane).unwrap_or(0)
    };
    nets.iter().map(&mut lane).collect()
}

/// All lines; what is drawn later lies above.
pub(super) fn drawn(graph: &Graph, sections: &[Placed<'_>], ports: &[Port]) -> Vec<Line> {
    let mut lines = left(graph, sections, ports);
    lines.extend(right(graph, sections, ports));
    lines.sort_by_key(|line| (line.tie, !line.open));
    lines
}

/// The boxes that hang on a port, with how each is drawn.
fn hanging<'p>(sections: &'p [Placed<'_>], port: &Port) -> Vec<(&'p Placed<'p>, usize)> {
    let of = sections
        .iter()
        .filter(|placed| placed.section.kind.line().is_some_and(|(says, _)| says == port.says));
    let boxes = of.flat_map(|placed| (0..placed.nodes.len()).map(move |node| (placed, node)));
    boxes.filter(|(placed, node)| placed.section.nodes[*node].line.is_some()).collect()
}

fn nets(sections: &[Placed<'_>], ports: &[Port], column: Column) -> Vec<(Port, Net)> {
    let of = ports.iter().filter(|port| port.column == column);
    let net = |port: &Port| {
        let to =
            hanging(sections, port).into_iter().map(|(placed, node)| placed.nodes[node].middle()).collect();
        (*port, Net { from: port.y, to })
    };
    of.map(net).filter(|(_, net)| !net.to.is_empty()).collect()
}

fn from_port(placed: &Placed<'_>, at: usize, port: &Port, lane: i32) -> Line {
    let (frame, node) = (placed.nodes[at], &placed.section.nodes[at]);
    // Identities stand below the system, and are reached from the same gutter as what stands at its left.
    let x = if placed.section.kind.column() == Column::Left { frame.right() } else { frame.x };
    let arrow = placed.section.kind.line().map_or(Arrow::None, |(_, arrow)| arrow);
    Line {
        from: (port.x, port.y),
        lane,
        to: (x, frame.middle()),
        arrow,
        says: format!("{}: {}", node.short(), node.line.as_deref().unwrap_or_default()),
        open: node.open,
        tie: false,
    }
}

/// What the line of a tie says.
fn met(tie: &Tie, sections: &[Placed<'_>]) -> String {
    let named = |(section, node): At| sections[section].section.nodes[node].short();
    format!("{} and {}: {}", named(tie.from), named(tie.to), tie.says)
}

fn left(graph: &Graph, sections: &[Placed<'_>], ports: &[Port]) -> Vec<Line> {
    let nets = nets(sections, ports, Column::Left);
    let (ports, shape): (Vec<Port>, Vec<Net>) = nets.into_iter().unzip();
    let mut lines = Vec::new();
    let lanes = lanes(&shape);
    for (port, lane) in ports.iter().zip(&lanes) {
        let lane = port.x - CLEAR - LANE * lane;
        lines.extend(
            hanging(sections, port).into_iter().map(|(placed, at)| from_port(placed, at, port, lane)),
        );
    }
    let outer = lanes.iter().max().map_or(0, |most| most + 1);
    let ties: Vec<&Tie> = graph.ties.iter().filter(|tie| sections[tie.to.0].is(Kind::Seen)).collect();
    for (tie, lane) in ties.iter().zip(outer..) {
        let (identity, part) = (sections[tie.from.0].nodes[tie.from.1], sections[tie.to.0].nodes[tie.to.1]);
        lines.push(Line {
            from: (part.right(), part.middle() + BESIDE),
            lane: identity.x - CLEAR - LANE * lane,
            to: (identity.x, identity.middle()),
            arrow: Arrow::Out,
            says: met(tie, sections),
            open: false,
            tie: true,
        });
    }
    lines
}

fn right(graph: &Graph, sections: &[Placed<'_>], ports: &[Port]) -> Vec<Line> {
    let nets = nets(sections, ports, Column::Right);
    let (ports, shape): (Vec<Port>, Vec<Net>) = nets.into_iter().unzip();
    let own = lanes(&shape);
    let mut lines = Vec::new();
    // Of ties: the identities become one another nearest to them, then what else they meet.
    let kind = |tie: &Tie| sections[tie.to.0].section.kind;
    let mut groups: Vec<(bool, At)> = graph
        .ties
        .iter()
        .filter(|tie| kind(tie) != Kind::Seen)
        .map(|tie| (kind(tie) != Kind::Acts, tie.from))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    let within = i32::try_from(groups.len()).unwrap_or(0);
    for (port, lane) in ports.iter().zip(&own) {
        let lane = port.x + CLEAR + LANE * (lane + within);
        lines.extend(
            hanging(sections, port).into_iter().map(|(placed, at)| from_port(placed, at, port, lane)),
        );
    }
    for ((leaves, from), lane) in groups.into_iter().zip(0..) {
        let identity = sections[from.0].nodes[from.1];
        let of = graph.ties.iter().filter(|tie| tie.from == from && kind(tie) != Kind::Seen);
        for tie in of.filter(|tie| (kind(tie) != Kind::Acts) == leaves) {
            let to = sections[tie.to.0].nodes[tie.to.1];
            let (x, y, arrow) = match kind(tie) {
                Kind::Acts => (to.right(), to.middle() - BESIDE, Arrow::Out),
                // The middle of a tool is where the line of the system arrives.
                Kind::Calls => (to.x, to.middle() + BESIDE, Arrow::None),
                _ => (to.x, to.middle(), Arrow::None),
            };
            lines.push(Line {
                from: (identity.right(), identity.middle() + if leaves { 0 } else { BESIDE }),
                lane: identity.right() + CLEAR + LANE * lane,
                to: (x, y),
                arrow,
                says: met(tie, sections),
                open: false,
                tie: true,
            });
        }
    }
    lines
}
