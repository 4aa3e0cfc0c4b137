//! The picture as SVG: one document without scripts and without anything from elsewhere, in which every text is escaped.

use std::fmt::Write as _;

use askama::filters::{Html, escape};
use asmm_model::Verdict;
use asmm_model::autonomy::Ternary;

use super::layout::{Frame, PADDING, Picture, Placed, Port};
use super::lines::Line;
use super::{Arrow, Column, Look, Node};
use crate::export::table;
use crate::page::{Cut, fit};

/// The only style of the picture; every name in it begins alike, since a page may hold other styles.
pub(crate) const STYLE: &str = include_str!("../../../templates/graph/style.css");

/// Width of a letter where the name of a box is written: in such a font all are as wide, and a browser may round it up.
const NAME: i32 = 8;
/// The same for the line below it.
const DETAIL: i32 = 7;
/// The same for the lines of the card.
const ROW: i32 = 7;
/// The same for the name of the system.
const TITLE: i32 = 10;
/// Between the edge of a box and its text.
const INSET: i32 = 14;
/// How sharply a line turns.
const TURN: i32 = 7;

/// Writes it: as a document of its own, or as a part of a page that has the style.
pub(super) fn written(picture: &Picture<'_>, as_document: bool) -> String {
    let mut out = Svg::default();
    let (width, height) = (picture.width, picture.height);
    let card = picture.card;
    out.put(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"muster-graph\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
    ));
    out.element("title", &format!("{}: {}", card.name, table::verdict(card.verdict)));
    out.put("\n");
    out.element("desc", &told(picture));
    out.put("\n");
    if as_document {
        out.put(&format!("<style>\n{STYLE}</style>\n"));
    }
    out.put(&format!("<rect class=\"mg-ground\" width=\"{width}\" height=\"{height}\"/>\n"));
    for line in &picture.lines {
        out.line(line);
    }
    out.card(picture);
    for port in &picture.ports {
        out.port(port);
    }
    for section in &picture.sections {
        out.section(section);
    }
    out.legend(picture);
    out.put("</svg>\n");
    out.0
}

/// The picture in sentences.
fn told(picture: &Picture<'_>) -> String {
    let mut told = picture.card.told.clone();
    let mut before = "";
    for placed in &picture.sections {
        let section = placed.section;
        let names: Vec<_> = section.nodes.iter().map(Node::short).collect();
        let more = section.more.as_ref().map(|more| format!(" {}", more.text)).unwrap_or_default();
        let separator = if before == section.head { "," } else { "" };
        let _ = write!(told, "{separator} {}: {}{more}.", section.head, names.join(", "));
        before = section.head;
    }
    told
}

/// Text as it may stand in a document of XML.
fn xml(text: &str) -> String {
    // The only characters that `visible` lets through and XML does not know.
    let known = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    let Ok(escaped) = escape(known.as_str(), Html);
    escaped.to_string()
}

fn letters(width: i32, letter: i32) -> usize {
    usize::try_from(width / letter).unwrap_or(0)
}

#[derive(Debug, Default)]
struct Svg(String);

impl Svg {
    fn put(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    fn element(&mut self, name: &str, text: &str) {
        let text = xml(text);
        self.put(&format!("<{name}>{text}</{name}>"));
    }

    /// A text whose left, right or middle is there, as its class says.
    fn text(&mut self, x: i32, y: i32, class: &str, text: &str) {
        let text = xml(text);
        self.put(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>"));
    }

    fn rect(&mut self, frame: Frame, radius: i32, class: &str) {
        let Frame { x, y, width, height } = frame;
        self.put(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" class=\"{class}\"/>"
        ));
    }

    /// Whatever a font makes of a text, it stays within its box.
    fn within(&mut self, frame: Frame, write: impl FnOnce(&mut Self)) {
        let Frame { x, y, width, height } = frame;
        self.put(&format!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\" overflow=\"hidden\">"
        ));
        write(self);
        self.put("</svg>");
    }

    fn section(&mut self, placed: &Placed<'_>) {
        self.text(placed.x + 2, placed.head, "mg-head", placed.section.head);
        self.put("\n");
        for (node, frame) in placed.section.nodes.iter().zip(&placed.nodes) {
            self.node(node, *frame, "mg-box");
        }
        if let Some(more) = &placed.section.more {
            self.put("<g>");
            self.element("title", &more.title);
            self.text(placed.x + INSET, placed.more + 15, "mg-label", &more.text);
            self.put("</g>\n");
        }
    }

    fn node(&mut self, node: &Node, frame: Frame, class: &str) {
        self.put("<g class=\"mg-node\">");
        self.element("title", &node.title);
        let open = if node.look == Look::Unknown { " mg-open" } else { "" };
        self.rect(frame, 6, &format!("{class}{open}"));
        if node.look == Look::Changes {
            let bar = Frame { x: frame.x + 4, y: frame.y + 7, width: 4, height: frame.height - 14 };
            self.rect(bar, 2, "mg-bar");
        }
        let room = frame.width - 2 * INSET;
        let name = fit(&node.name, letters(room, NAME), node.cut);
        let detail = fit(&node.detail, letters(room, DETAIL), Cut::End);
        let above = if detail.is_empty() { 26 } else { 19 };
        self.within(frame, |out| {
            out.text(frame.x + INSET, frame.y + above, "mg-name", &name);
            if !detail.is_empty() {
                out.text(frame.x + INSET, frame.y + 35, "mg-detail", &detail);
            }
        });
        self.put("</g>\n");
    }

    fn card(&mut self, picture: &Picture<'_>) {
        let (card, places) = (picture.card, &picture.places);
        let frame = places.frame;
        let (x, y, room) = (frame.x + PADDING, frame.y, frame.width - 2 * PADDING);
        self.put("<g class=\"mg-system\">");
        self.element("title", &card.title);
        self.rect(frame, 10, "mg-card");
        self.put("\n");
        let name = fit(&card.name, letters(room, TITLE), Cut::End);
        self.within(Frame { x, y: y + 8, width: room, height: 30 }, |out| {
            out.text(x, y + 30, "mg-name mg-title", &name);
        });
        let (word, class) = (table::verdict(card.verdict), class(card.verdict));
        let badge = Frame { x, y: y + 44, width: 112, height: 24 };
        self.rect(badge, 12, &format!("mg-badge mg-{class}"));
        self.text(badge.x + 56, badge.y + 16, &format!("mg-word mg-strong mg-mid mg-on-{class}"), word);
        if !card.sure.is_empty() {
            self.text(badge.right() + 10, badge.y + 16, "mg-word", &card.sure);
        }
        self.put("\n");
        for (text, row) in card.words.iter().zip(&places.rows) {
            self.text(x, *row, "mg-word", text);
        }
        for ((text, cut), row) in card.names.iter().zip(places.rows.iter().skip(card.words.len())) {
            let shown = fit(text, letters(room, ROW), *cut);
            self.within(Frame { x, y: row - 13, width: room, height: 18 }, |out| {
                out.text(x, *row, "mg-row", &shown);
            });
        }
        self.put("\n");
        for (said, frame) in card.answers.iter().zip(&places.answers) {
            self.put("<g class=\"mg-answer\">");
            self.element("title", &said.title);
            let (open, tone) = match said.answer {
                Ternary::Unknown => (" mg-open", " mg-maybe"),
                Ternary::Yes | Ternary::No => ("", ""),
            };
            self.rect(*frame, 6, &format!("mg-inner{open}"));
            let middle = frame.x + frame.width / 2;
            self.text(middle, frame.y + 15, "mg-word mg-small mg-mid", said.name);
            self.text(
                middle,
                frame.y + 31,
                &format!("mg-word mg-said mg-strong mg-mid{tone}"),
                said.answer.name(),
            );
            self.put("</g>\n");
        }
        self.text(x + 2, places.calls, "mg-head", card.calls);
        self.put("\n</g>\n");
        for (node, frame) in card.models.iter().zip(&places.models).chain(card.open.iter().zip(&places.open))
        {
            self.node(node, *frame, "mg-inner");
        }
    }

    fn port(&mut self, port: &Port) {
        let (x, class) = match port.column {
            Column::Right => (port.x - 12, "mg-label mg-end"),
            Column::Left | Column::Centre => (port.x + 12, "mg-label"),
        };
        self.put(&format!("<circle cx=\"{}\" cy=\"{}\" r=\"3.5\" class=\"mg-port\"/>", port.x, port.y));
        self.text(x, port.y + 4, class, port.says);
        self.put("\n");
    }

    fn line(&mut self, line: &Line) {
        let path = path(line);
        let (class, tip) = match (line.tie, line.open) {
            (true, _) => (" mg-tie", "mg-tie-tip"),
            (false, true) => (" mg-line-open", "mg-tip-open"),
            (false, false) => ("", "mg-tip"),
        };
        self.put("<g>");
        self.element("title", &line.says);
        if line.tie {
            self.put(&format!("<path d=\"{path}\" class=\"mg-under\"/>"));
        }
        self.put(&format!("<path d=\"{path}\" class=\"mg-line{class}\"/>"));
        let ((x, y), towards) = match line.arrow {
            // It ends before the mark of the port.
            Arrow::In => {
                let towards = (line.from.0 - line.lane).signum();
                ((line.from.0 - 4 * towards, line.from.1), towards)
            }
            Arrow::Out | Arrow::None => (line.to, (line.to.0 - line.lane).signum()),
        };
        let (back, up, down) = (x - 8 * towards, y - 4, y + 4);
        self.put(&match line.arrow {
            Arrow::None => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" class=\"{tip}\"/>"),
            Arrow::In | Arrow::Out => {
                format!("<path d=\"M{x} {y}L{back} {up}V{down}Z\" class=\"{tip}\"/>")
            }
        });
        self.put("</g>\n");
    }

    fn legend(&mut self, picture: &Picture<'_>) {
        let (x, y) = (24, picture.legend + 4);
        let sample = |at: i32| Frame { x: x + at, y, width: 22, height: 14 };
        self.rect(sample(0), 4, "mg-box mg-open");
        self.text(x + 30, y + 11, "mg-label", "unknown, or not known in full");
        let changes = sample(260);
        self.rect(changes, 4, "mg-box");
        self.rect(Frame { x: changes.x + 4, y: y + 3, width: 4, height: 8 }, 2, "mg-bar");
        self.text(changes.x + 30, y + 11, "mg-label", "may change something, or nobody is asked");
        if picture.lines.iter().any(|line| line.tie) {
            let (x, y) = (changes.x + 310, y + 7);
            self.put(&format!("<path d=\"M{x} {y}h22\" class=\"mg-line mg-tie\"/>"));
            self.text(x + 30, y + 4, "mg-label", "one acts, or runs, under the other");
        }
        self.put("\n");
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agentic => "agentic",
        Verdict::Undetermined => "undetermined",
        Verdict::NotAgentic | Verdict::NotAi => "clear",
    }
}

/// Level, around a corner into the lane, around a corner out of it, and level.
fn path(line: &Line) -> String {
    let ((x, y), (end, to)) = (line.from, line.to);
    let lane = line.lane;
    if y == to {
        return format!("M{x} {y}H{end}");
    }
    let turn = TURN.min((to - y).abs() / 2).min((lane - x).abs()).min((end - lane).abs());
    let (there, down, on) =
        (turn * (lane - x).signum(), turn * (to - y).signum(), turn * (end - lane).signum());
    format!(
        "M{x} {y}H{}Q{lane} {y} {lane} {}V{}Q{lane} {to} {} {to}H{end}",
        lane - there,
        y + down,
        to - down,
        lane + on
    )
}
