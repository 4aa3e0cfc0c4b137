//! A page of text for people: toned spans, wrapped and aligned for a width. All text that enters a page is made
//! visible first, so that nothing that was scanned can control the terminal or hide itself.

use std::borrow::Cow;
use std::fmt::Write as _;

use owo_colors::{OwoColorize, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a piece of text is shown where there are colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// A name, a heading.
    Strong,
    /// A place, or what else may be overlooked.
    Dim,
    /// Needs a look.
    Bad,
    /// May need a look.
    Open,
    /// Needs none.
    Good,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Bad => Style::new().red().bold(),
            Self::Open => Style::new().yellow(),
            Self::Good => Style::new().green(),
        }
    }
}

/// Text with everything in it that a terminal would obey or hide written out: control characters, and the marks that
/// turn the direction of writing or take no room.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_invisible(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Which end of a text is given up when it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The end: the beginning of a sentence says most.
    End,
    /// The beginning: the end of a path says most.
    Start,
}

/// The text, or what fits of it with an ellipsis.
pub(crate) fn fit(text: &str, width: usize, cut: Cut) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(1);
    let mut used = 0;
    let mut fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= room
    };
    match cut {
        Cut::End => {
            let kept: String = text.chars().take_while(&mut fits).collect();
            Cow::Owned(format!("{}…", kept.trim_end()))
        }
        Cut::Start => {
            let kept: Vec<char> = text.chars().rev().take_while(&mut fits).collect();
            Cow::Owned(std::iter::once('…').chain(kept.into_iter().rev()).collect())
        }
    }
}

/// A path that gives up folders from the left until it fits, but keeps so many of its names.
fn shortened(path: &str, room: usize, names: usize) -> Option<Cow<'_, str>> {
    if path.width() <= room {
        return Some(Cow::Borrowed(path));
    }
    let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
    let kept = slashes.len().checked_sub(names)?;
    let cut = slashes[..=kept].iter().find(|at| path[**at..].width() < room)?;
    Some(Cow::Owned(format!("…{}", &path[*cut..])))
}

/// A piece of text in one tone. What is in it is visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Span {
    tone: Tone,
    text: String,
}

impl Span {
    /// Some text in a tone.
    pub(crate) fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { tone, text: visible(text.as_ref()).into_owned() }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

/// One line, or one paragraph that is still to be wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<Span>);

impl Line {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same with more text.
    #[must_use]
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Self {
        self.with(Tone::Plain, text)
    }

    /// The same with more text in a tone.
    #[must_use]
    pub(crate) fn with(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.0.push(Span::new(tone, text));
        self
    }

    /// The same with another line behind it.
    #[must_use]
    pub(crate) fn and(mut self, Self(more): Self) -> Self {
        self.0.extend(more);
        self
    }

    fn width(&self) -> usize {
        self.0.iter().map(Span::width).sum()
    }
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Heading; a table whose columns have none has no line of headings.
    pub(crate) title: &'static str,
    /// Whether it is aligned to the right, as numbers are.
    pub(crate) right: bool,
    /// Which end may be cut when the page is too narrow.
    pub(crate) cut: Option<Cut>,
}

impl Column {
    /// A column of text that stays whole.
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title, right: false, cut: None }
    }

    /// A column of numbers.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, right: true, cut: None }
    }

    /// A column of text that may be cut.
    pub(crate) const fn cut(title: &'static str, cut: Cut) -> Self {
        Self { title, right: false, cut: Some(cut) }
    }
}

/// One entry of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// What is aligned with the other entries.
    pub(crate) heads: Vec<Span>,
    /// What is told.
    pub(crate) text: Line,
    /// Where it is.
    pub(crate) place: Span,
}

/// Between two columns.
const GAP: usize = 2;
/// A column is never cut below this.
const STUMP: usize = 8;
/// Text beside the heads of an entry has at least this much room; otherwise it stands below them.
const ROOM: usize = 32;
/// Lines that one word may take.
const LINES_OF_A_WORD: usize = 4;

/// A line that is being written.
struct Pen {
    line: Line,
    /// Columns up to here.
    used: usize,
    /// Whether there is text in the line that a break would part from what comes.
    begun: bool,
}

impl Pen {
    fn put(&mut self, tone: Tone, text: &str) {
        self.used += text.width();
        self.begun |= !text.trim_end().is_empty();
        match self.line.0.last_mut() {
            Some(last) if last.tone == tone => last.text.push_str(text),
            _ => self.line.0.push(Span { tone, text: text.to_owned() }),
        }
    }
}

/// What stands between two blanks, in one tone or several, and the blanks behind it.
#[derive(Default)]
struct Word<'a> {
    pieces: Vec<(Tone, &'a str)>,
    spaces: Option<(Tone, &'a str)>,
}

/// The words of a paragraph: a line may end between two of them, but not where only the tone changes.
fn words(paragraph: &Line) -> Vec<Word<'_>> {
    let mut words: Vec<Word> = vec![Word::default()];
    for Span { tone, text } in &paragraph.0 {
        for part in text.split_inclusive(' ') {
            let (word, spaces) = part.split_at(part.trim_end_matches(' ').len());
            if words.last().is_none_or(|last| last.spaces.is_some()) {
                words.push(Word::default());
            }
            if let Some(last) = words.last_mut() {
                last.pieces.extend((!word.is_empty()).then_some((*tone, word)));
                last.spaces = (!spaces.is_empty()).then_some((*tone, spaces));
            }
        }
    }
    words
}

/// Where a word that no line has room for is broken: behind a mark, if there is one in the second half of what fits.
fn break_of(word: &str, room: usize) -> usize {
    let (mut used, mut end, mut mark) = (0, 0, 0);
    for (at, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
        if "/.#:_-".contains(c) && used * 2 > room {
            mark = end;
        }
    }
    // A letter that is wider than the line still has to go somewhere.
    let first = word.chars().next().map_or(0, char::len_utf8);
    if mark > 0 { mark } else { end.max(first) }
}

/// Lines for a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    width: usize,
    lines: Vec<Line>,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, lines: Vec::new() }
    }

    /// Columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Adds a line as it is.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless the page begins there or one is there already.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::new());
        }
    }

    /// Adds a paragraph: its first line indented by `first`, the others by `rest`.
    pub(crate) fn wrap(&mut self, first: usize, rest: usize, paragraph: &Line) {
        let mut pen = Pen { line: Line::new().plain(" ".repeat(first)), used: first, begun: false };
        self.flow(&mut pen, rest, paragraph);
        self.lines.push(pen.line);
    }

    /// Writes on where a pen is, between words; lines after the first are indented by `rest`.
    fn flow(&mut self, pen: &mut Pen, rest: usize, paragraph: &Line) {
        let whole = self.width.saturating_sub(rest).max(STUMP);
        for Word { pieces, spaces } in words(paragraph) {
            let width: usize = pieces.iter().map(|(_, piece)| piece.width()).sum();
            if pen.begun && pen.used + width > self.width {
                self.turn(pen, rest);
            }
            for (tone, piece) in pieces {
                // A name of somebody else may be as long as it likes, but not the page.
                let piece = fit(piece, whole.saturating_mul(LINES_OF_A_WORD), Cut::End);
                let mut piece = piece.as_ref();
                while piece.width() > self.width.saturating_sub(pen.used) {
                    let room = self.width.saturating_sub(pen.used);
                    if room == 0 && pen.used > rest {
                        self.turn(pen, rest);
                        continue;
                    }
                    let (head, tail) = piece.split_at(break_of(piece, room.max(STUMP)));
                    pen.put(tone, head);
                    self.turn(pen, rest);
                    piece = tail;
                }
                pen.put(tone, piece);
            }
            if let Some((tone, spaces)) = spaces.filter(|_| pen.begun) {
                pen.put(tone, spaces);
            }
        }
    }

    /// Ends the line and begins the next.
    fn turn(&mut self, pen: &mut Pen, indent: usize) {
        let next = Pen { line: Line::new().plain(" ".repeat(indent)), used: indent, begun: false };
        self.lines.push(std::mem::replace(pen, next).line);
    }

    /// Adds a list: the heads are aligned and stay whole, the text has the rest of the width and is wrapped in it, and
    /// a place stands behind the text or on a line of its own, so that only one that no line holds is cut.
    pub(crate) fn entries(&mut self, indent: usize, columns: &[Column], entries: &[Entry]) {
        let widths: Vec<usize> = (0..columns.len())
            .map(|at| {
                let widths = entries.iter().filter_map(|entry| entry.heads.get(at)).map(Span::width);
                // A long name stands on a line of its own, so that the others keep their room.
                widths.filter(|width| *width <= self.width * 2 / 5).max().unwrap_or_default()
            })
            .collect();
        let heads: usize = widths.iter().map(|width| width + GAP).sum();
        let below =
            self.width < indent + heads + ROOM && entries.iter().any(|entry| !entry.text.0.is_empty());
        let text_at = if below { indent + 4 } else { indent + heads };
        for Entry { heads, text, place } in entries {
            let mut pen = Pen { line: Line::new().plain(" ".repeat(indent)), used: indent, begun: false };
            let mut at = indent;
            for ((column, width), head) in columns.iter().zip(&widths).zip(heads) {
                let space = " ".repeat(width.saturating_sub(head.width()));
                if column.right {
                    pen.put(Tone::Plain, &space);
                }
                let room = self.width.saturating_sub(at).max(STUMP);
                let shown = fit(&head.text, room, Cut::End).into_owned();
                pen.line.0.push(Span { tone: head.tone, text: shown });
                at += width + GAP;
                if head.width() > *width {
                    self.turn(&mut pen, at);
                    continue;
                }
                if !column.right {
                    pen.put(Tone::Plain, &space);
                }
                pen.put(Tone::Plain, &" ".repeat(GAP));
                pen.used = at;
            }
            if below && !text.0.is_empty() {
                if heads.iter().any(|head| head.width() > 0) {
                    self.turn(&mut pen, text_at);
                } else {
                    pen = Pen { line: Line::new().plain(" ".repeat(text_at)), used: text_at, begun: false };
                }
            }
            pen.begun = false;
            self.flow(&mut pen, text_at + 2, text);
            self.place(&mut pen, indent, text_at + 2, place);
            self.lines.push(pen.line);
        }
    }

    /// Puts a place behind a text where it fits with the folder of its file, and on the next line otherwise.
    fn place(&mut self, pen: &mut Pen, indent: usize, under: usize, place: &Span) {
        if place.width() == 0 {
            return;
        }
        let gap = if pen.begun { GAP } else { 0 };
        if let Some(beside) = shortened(&place.text, self.width.saturating_sub(pen.used + gap), 2) {
            pen.put(Tone::Plain, &" ".repeat(gap));
            pen.put(place.tone, &beside);
            return;
        }
        // Only a file whose name alone is too long leaves the indentation.
        let room = |indent: usize| self.width.saturating_sub(indent).max(STUMP);
        let names = |names: usize| shortened(&place.text, room(under), names);
        let (indent, shown) = match names(2).or_else(|| names(1)) {
            Some(shown) => (under, shown),
            None => (indent + 4, fit(&place.text, room(indent + 4), Cut::Start)),
        };
        self.turn(pen, indent);
        pen.put(place.tone, &shown);
    }

    /// Adds a table, indented; columns that may be cut give way until it fits.
    pub(crate) fn table(&mut self, indent: usize, columns: &[Column], rows: &[Vec<Span>]) {
        let titles: Vec<Span> = columns.iter().map(|c| Span::new(Tone::Dim, c.title)).collect();
        let has_titles = columns.iter().any(|c| !c.title.is_empty());
        let all = || has_titles.then_some(&titles).into_iter().chain(rows);
        let natural = (0..columns.len()).map(|at| all().filter_map(|row| row.get(at)).map(Span::width).max());
        let mut widths: Vec<usize> = natural.map(Option::unwrap_or_default).collect();
        let rulers = indent + GAP * columns.len().saturating_sub(1);
        while rulers + widths.iter().sum::<usize>() > self.width {
            let cuttable = (0..widths.len()).filter(|at| columns[*at].cut.is_some() && widths[*at] > STUMP);
            let Some(widest) = cuttable.max_by_key(|at| widths[*at]) else { break };
            // In large steps, so that one very long name does not take as many as it has letters; but not below the
            // next column, and shared with those that are as wide, so that no column pays for another.
            let others = || (0..widths.len()).filter(|at| columns[*at].cut.is_some()).map(|at| widths[at]);
            let next = others().filter(|width| *width < widths[widest]).max().unwrap_or(0);
            let equals = others().filter(|width| *width == widths[widest]).count();
            let over = rulers + widths.iter().sum::<usize>() - self.width;
            let down_to = widths[widest].saturating_sub(over.div_ceil(equals)).max(next).max(STUMP);
            widths[widest] = down_to.min(widths[widest] - 1);
        }
        for row in all() {
            let mut line = Line::new().plain(" ".repeat(indent));
            for (at, span) in row.iter().enumerate() {
                let (Some(column), Some(width)) = (columns.get(at), widths.get(at)) else { break };
                let text =
                    column.cut.map_or(Cow::Borrowed(span.text.as_str()), |cut| fit(&span.text, *width, cut));
                let space = " ".repeat(width.saturating_sub(text.width()));
                let (before, after) =
                    if column.right { (space, String::new()) } else { (String::new(), space) };
                let gap = if at == 0 { 0 } else { GAP };
                line = line.plain(" ".repeat(gap) + &before);
                line.0.push(Span { tone: span.tone, text: text.into_owned() });
                line = line.plain(after);
            }
            self.lines.push(line);
        }
    }

    /// The page as text, with or without colours; every line ends with a newline and none with a blank.
    pub(crate) fn text(&self, colour: bool) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let last = line.0.iter().rposition(|span| !span.text.trim_end().is_empty());
            let spans = last.map_or(&[][..], |last| &line.0[..=last]);
            for (at, span) in spans.iter().enumerate() {
                let shown = if Some(at) == last { span.text.trim_end() } else { &span.text };
                if colour && span.tone != Tone::Plain {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{}", shown.style(span.tone.style()));
                } else {
                    text.push_str(shown);
                }
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests;
