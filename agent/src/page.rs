//! A page of text for people: toned spans, wrapped and aligned for a width. All text that enters a page is made
//! visible first, so that nothing that was scanned can control the terminal or hide itself.

use std::borrow::Cow;
use std::fmt::Write as _;

use owo_colors::{OwoColorize, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a piece of text is shown where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
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
fn fit(text: &str, width: usize, cut: Cut) -> Cow<'_, str> {
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

/// A piece of text in one tone. What is in it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Between two columns.
const GAP: usize = 2;
/// A column is never cut below this.
const STUMP: usize = 8;

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
        let mut line = Line::new().plain(" ".repeat(first));
        let mut used = first;
        let mut begun = false;
        for Span { tone, text } in &paragraph.0 {
            for piece in text.split_inclusive(' ') {
                let word = piece.trim_end_matches(' ');
                if begun && used + word.width() > self.width {
                    self.lines.push(std::mem::take(&mut line));
                    line = line.plain(" ".repeat(rest));
                    used = rest;
                    begun = false;
                }
                // A word that no line has room for loses its end.
                let word = fit(word, self.width.saturating_sub(used).max(STUMP), Cut::End);
                let spaces = if begun || !word.is_empty() {
                    piece.len() - piece.trim_end_matches(' ').len()
                } else {
                    0
                };
                used += word.width() + spaces;
                begun |= !word.is_empty();
                let text = format!("{word}{}", " ".repeat(spaces));
                match line.0.last_mut() {
                    Some(last) if last.tone == *tone => last.text.push_str(&text),
                    _ => line.0.push(Span { tone: *tone, text }),
                }
            }
        }
        self.lines.push(line);
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_written_out() {
        let table = [
            ("src/app.py", "src/app.py"),
            ("größe 漢字 🙂", "größe 漢字 🙂"),
            ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
            ("a\nb\rc\td\0", "a\\nb\\rc\\td\\u{0}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("gnp.\u{202e}exe\u{202c}", "gnp.\\u{202e}exe\\u{202c}"),
            ("\u{2066}x\u{2069}\u{200f}", "\\u{2066}x\\u{2069}\\u{200f}"),
            ("to\u{200b}ol\u{feff}\u{ad}", "to\\u{200b}ol\\u{feff}\\u{ad}"),
            ("\u{e0041}", "\\u{e0041}"),
        ];
        for (text, shown) in table {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn long_text_gives_up_one_end() {
        assert_eq!(fit("services/refunds/app.py", 12, Cut::Start), "…unds/app.py");
        assert_eq!(fit("makes an agent", 8, Cut::End), "makes a…");
        assert_eq!(fit("makes an agent", 14, Cut::End), "makes an agent");
        assert_eq!(fit("漢字漢字", 6, Cut::End), "漢字…");
    }

    #[test]
    fn a_paragraph_is_wrapped_between_words() {
        let mut page = Page::new(20);
        page.wrap(2, 4, &Line::new().with(Tone::Strong, "why: ").plain("it reads mail and answers it"));
        assert_eq!(page.text(false), "  why: it reads mail\n    and answers it\n");

        let mut page = Page::new(20);
        page.wrap(0, 2, &Line::new().with(Tone::Good, "one span").plain(" on one line"));
        assert_eq!(page.text(true), "\u{1b}[32mone span\u{1b}[0m on one line\n");
    }

    #[test]
    fn a_table_is_cut_where_it_may_be() {
        let columns =
            [Column::whole("NAME"), Column::number("N"), Column::cut("ROOT", Cut::Start), Column::whole("")];
        let row = |name: &str, n: &str, root: &str| {
            vec![
                Span::new(Tone::Strong, name),
                Span::new(Tone::Plain, n),
                Span::new(Tone::Dim, root),
                Span::new(Tone::Plain, ""),
            ]
        };
        let mut page = Page::new(30);
        page.table(1, &columns, &[row("refunds", "7", "services/refunds/app.py"), row("a", "12", "x")]);
        assert_eq!(page.text(false), " NAME      N  ROOT\n refunds   7  …efunds/app.py\n a        12  x\n");
    }

    #[test]
    fn columns_that_may_be_cut_share_the_loss() {
        let columns = [Column::cut("", Cut::End), Column::cut("", Cut::End), Column::whole("")];
        let texts = ["a".repeat(50), "b".repeat(40), "c".repeat(8)];
        let mut page = Page::new(32);
        page.table(0, &columns, &[texts.iter().map(|text| Span::new(Tone::Plain, text)).collect()]);
        assert_eq!(page.text(false), "aaaaaaaaa…  bbbbbbbbb…  cccccccc\n");
    }

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let mut page = Page::new(80);
        page.push(Line::new().with(Tone::Bad, "agentic").plain("\u{1b}[0m "));
        assert_eq!(page.text(false), "agentic\\u{1b}[0m\n");
        assert_eq!(page.text(true), "\u{1b}[31;1magentic\u{1b}[0m\\u{1b}[0m\n");
    }

    proptest! {
        #[test]
        fn no_text_gets_through_unseen_or_breaks_the_layout(
            text in ".{0,60}", width in 60_usize..120, cuts in prop::sample::select(&[Cut::End, Cut::Start][..])
        ) {
            let mut page = Page::new(width);
            page.wrap(2, 4, &Line::new().plain(&text));
            page.table(2, &[Column::cut("T", cuts)], &[vec![Span::new(Tone::Plain, text.repeat(3))]]);
            for line in page.text(false).lines() {
                prop_assert!(!line.contains(is_invisible));
                prop_assert!(line.width() <= width, "{line:?} is wider than {width}");
            }
        }
    }
}
