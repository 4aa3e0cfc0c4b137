//! Source code as it is parsed: the file itself, the cells of a notebook, or the script blocks of a component.

use asmm_model::{Gap, GapReason};

use crate::manifests::{self, CellLine, notebook_cells};
use crate::starters::has_extension;
use crate::tree::{Location, Reader};

/// Source files above this size are not read: nobody writes them by hand.
const MAX_SOURCE: u64 = 4 * 1024 * 1024;

/// Where the lines of what is parsed stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Where they are.
    Same,
    /// Each on the line, and in the cell, that are given for it.
    Moved(Vec<(u32, u32)>),
}

impl Lines {
    /// The line of the file for a line of what was parsed, both counted from one.
    pub(crate) fn of(&self, line: u32) -> u32 {
        match self {
            Self::Same => line,
            Self::Moved(lines) => {
                let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
                lines.get(at).or(lines.last()).map_or(1, |(line, _)| *line)
            }
        }
    }

    /// The cells of a notebook by their lines, in the order of the lines.
    pub(crate) fn cells(self) -> Vec<(u32, u32)> {
        match self {
            Self::Same => Vec::new(),
            Self::Moved(lines) => lines,
        }
    }
}

/// Reads the source of a file into `buffer`, replacing what was in it.
///
/// The error is the gap to report: what [`Reader::read_at`] says, or that a notebook is none.
pub(crate) fn read_source(
    reader: &mut Reader<'_>,
    at: &Location,
    path: &str,
    buffer: &mut Vec<u8>,
) -> Result<Lines, Gap> {
    read_whole(reader, at, path, buffer)?;
    cut_to_code(path, buffer)
}

/// Reads a source file as it is, with everything around its code.
pub(crate) fn read_whole(
    reader: &mut Reader<'_>,
    at: &Location,
    path: &str,
    buffer: &mut Vec<u8>,
) -> Result<(), Gap> {
    // Pictures in the outputs make notebooks large; of them nothing is kept.
    let limit = if is_notebook(path) { manifests::MAX_BYTES as u64 } else { MAX_SOURCE };
    reader.read_at(at, path, limit, buffer)
}

/// Leaves only the code of a file in `buffer`, or says why it has none.
pub(crate) fn cut_to_code(path: &str, buffer: &mut Vec<u8>) -> Result<Lines, Gap> {
    code_of(path, buffer).map_err(|problem| Gap::new(path, GapReason::Unparsable).because(problem))
}

/// Leaves only the code of a file in `buffer`.
///
/// # Errors
/// What is wrong with a notebook.
pub(crate) fn code_of(path: &str, buffer: &mut Vec<u8>) -> Result<Lines, String> {
    if is_notebook(path) {
        let cells = notebook_cells(buffer).map_err(|error| error.to_string())?;
        buffer.clear();
        for CellLine { code, .. } in &cells {
            // What is for the notebook itself, such as `%pip install` and `!ls`, is no Python.
            if !code.trim_start().starts_with(['%', '!', '?']) {
                buffer.extend_from_slice(code.as_bytes());
            }
            buffer.push(b'\n');
        }
        return Ok(Lines::Moved(cells.into_iter().map(|line| (line.line, line.cell)).collect()));
    }
    if has_extension(path, &["vue", "svelte"]) {
        keep_scripts(buffer);
    }
    Ok(Lines::Same)
}

fn is_notebook(path: &str) -> bool {
    has_extension(path, &["ipynb"])
}

/// Blanks everything outside `<script>` blocks.
fn keep_scripts(text: &mut [u8]) {
    let lower = text.to_ascii_lowercase();
    let find = |what: &[u8], from: usize| {
        lower.get(from..).and_then(|rest| memchr::memmem::find(rest, what)).map(|at| from + at)
    };
    let mut blank = 0;
    while let Some(open) = find(b"<script", blank) {
        let Some(begin) = find(b">", open).map(|at| at + 1) else { break };
        let end = find(b"</script", begin).unwrap_or(text.len());
        erase(&mut text[blank..begin]);
        blank = end;
    }
    erase(&mut text[blank..]);
}

fn erase(text: &mut [u8]) {
    for byte in text {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_stay_where_they_are() {
        let mut text = b"<template>\n<a/>\n</template>\n<script setup lang=\"ts\">\nimport x from 'y'\n</script>\n<style>a{}</style>".to_vec();
        keep_scripts(&mut text);
        let lines: Vec<&str> =
            std::str::from_utf8(&text).expect("it is text").lines().map(str::trim).collect();
        assert_eq!(lines, ["", "", "", "", "import x from 'y'", "", ""]);
        let mut open = b"<SCRIPT>a()".to_vec();
        keep_scripts(&mut open);
        assert_eq!(open, b"        a()");
        let mut none = "<b>\u{e9}</b>".as_bytes().to_vec();
        keep_scripts(&mut none);
        assert!(none.iter().all(|b| *b == b' '));
    }

    #[test]
    fn lines_of_cells_are_those_of_the_file() {
        let mut notebook = br#"{"cells": [
          {"cell_type": "code", "source": ["import openai\n", "%pip install x\n",
            "a = 1"]}]}"#
            .to_vec();
        let lines = code_of("a.ipynb", &mut notebook).expect("it is a notebook");
        assert_eq!(notebook, b"import openai\n\na = 1\n");
        assert_eq!([1, 2, 3, 9].map(|line| lines.of(line)), [2, 2, 3, 3]);
        assert_eq!(lines.cells(), [(2, 1), (2, 1), (3, 1)]);
    }
}
