//! Tables of a page: rows of scanned names under heads of ours.

use askama::Template;
use askama::filters::HtmlSafe;
use asmm_model::{Evidence, Place};

use super::text::{Prose, Shown, Text};

/// A table with a caption; its first column names the row.
#[derive(Debug, Template)]
#[template(path = "html/table.html")]
pub(crate) struct Grid {
    /// What is in it.
    pub(crate) caption: &'static str,
    /// Of whom it is, where that is not the scan.
    pub(crate) of: Text,
    /// The heads of its columns.
    pub(crate) heads: &'static [&'static str],
    /// Its rows.
    pub(crate) rows: Shown<Vec<Cell>>,
}

// It is a template, which escapes what it writes.
impl HtmlSafe for Grid {}

/// One cell.
#[derive(Debug)]
pub(crate) enum Cell {
    /// A word of ours.
    Word(&'static str),
    /// A number.
    Number(u64),
    /// A scanned name.
    Name(Text),
    /// A path, a version or the like.
    Code(Text),
    /// A sentence.
    Prose(Prose),
}

impl Cell {
    /// A scanned name.
    pub(crate) fn name(text: &str) -> Self {
        Self::Name(Text::short(text))
    }

    /// A path, a version or the like, which may be missing.
    pub(crate) fn code(text: Option<&str>) -> Self {
        Self::Code(Text::short(text.unwrap_or_default()))
    }

    /// Where something stands.
    pub(crate) fn place(place: &Place) -> Self {
        Self::Code(Text::place(place))
    }

    /// The first of some places, and how many there are beside it.
    pub(crate) fn first_place(evidence: &[Evidence]) -> Self {
        let Some(first) = evidence.first() else { return Self::Word("") };
        match evidence.len() - 1 {
            0 => Self::place(&first.place),
            more => Self::Prose(Prose::new(&format!("`{}` and {more} more", Text::place(&first.place)))),
        }
    }
}
