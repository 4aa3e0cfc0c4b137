//! Tables of the report: their heads are repeated on each page of paper.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::export::{Badge, Prose, Text};

/// A table with a caption; its first column names the row.
#[derive(Debug, Template)]
#[template(path = "report/table.html")]
pub(super) struct Table {
    /// What is in it.
    pub(super) caption: &'static str,
    /// Its class of style.
    pub(super) class: &'static str,
    /// The heads of its columns.
    pub(super) heads: &'static [&'static str],
    /// Its rows.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows that are left out, which the documents beside the report have.
    pub(super) more: usize,
}

// It is a template, which escapes what it writes.
impl HtmlSafe for Table {}

/// One cell.
#[derive(Debug)]
pub(super) enum Cell {
    /// A name or a sentence.
    Text(Text),
    /// A number, or what stands in its place.
    Number(String),
    /// A path, an id or the like.
    Code(Text),
    /// A name with the id below it.
    Named(Text, Text),
    /// A sentence with names in it.
    Prose(Prose),
    /// A verdict.
    Badge(Badge),
}

impl Cell {
    /// A name of others.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Text::short(text))
    }

    /// An id of others.
    pub(super) fn code(text: &str) -> Self {
        Self::Code(Text::short(text))
    }
}

/// The first so many, and how many are left out.
pub(super) fn bounded(mut rows: Vec<Vec<Cell>>, most: usize) -> (Vec<Vec<Cell>>, usize) {
    let more = rows.len().saturating_sub(most);
    rows.truncate(most);
    (rows, more)
}
