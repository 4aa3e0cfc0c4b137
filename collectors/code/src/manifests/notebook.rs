//! Jupyter notebooks: the lines of their Python cells, each with its line in the file.

use super::text;
use crate::document::Node;
use crate::document::ReadError;
use crate::document::json::{self, Dialect};

/// Lines of code kept of one notebook.
const MAX_LINES: usize = 200_000;

/// A line of code of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellLine {
    /// One-based line of the file.
    pub(crate) line: u32,
    /// Which of all cells it is in, counted from one.
    pub(crate) cell: u32,
    pub(crate) code: String,
}

/// The lines of the code cells of a notebook in Python; none for one in another language.
///
/// # Errors
/// The file is no JSON, or nested too deeply.
pub(crate) fn notebook_cells(bytes: &[u8]) -> Result<Vec<CellLine>, ReadError> {
    let (text, _) = text::decode(bytes);
    let file = json::parse(&text, Dialect::Strict)?;
    let language = [&["metadata", "kernelspec", "language"][..], &["metadata", "language_info", "name"]]
        .iter()
        .find_map(|path| file.text_at(path));
    if language.is_some_and(|language| !language.eq_ignore_ascii_case("python")) {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    let mut put = |cell: u32, node: &Node| {
        let Some(source) = node.text() else { return };
        for (line, code) in (node.line..).zip(source.lines()) {
            if lines.len() < MAX_LINES {
                lines.push(CellLine { line, cell, code: code.to_owned() });
            }
        }
    };
    for (number, cell) in (1u32..).zip(file.items_at(&["cells"])) {
        if cell.text_at(&["cell_type"]) != Some("code") {
            continue;
        }
        match cell.get("source") {
            Some(source) if source.text().is_some() => put(number, source),
            Some(source) => source.items().iter().for_each(|line| put(number, line)),
            None => {}
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cells_come_with_the_lines_of_the_file() {
        let text = r#"{
 "cells": [
  { "cell_type": "markdown", "source": ["import openai"] },
  { "cell_type": "code", "source": [
    "import openai\n",
    "client = openai.OpenAI()" ] },
  { "cell_type": "code", "source": "a = 1\nb = 2" }
 ],
 "metadata": { "kernelspec": { "language": "python" } }
}"#;
        let cells = notebook_cells(text.as_bytes()).expect("it is a notebook");
        let expected =
            [(5, 2, "import openai"), (6, 2, "client = openai.OpenAI()"), (7, 3, "a = 1"), (8, 3, "b = 2")]
                .map(|(line, cell, code)| CellLine { line, cell, code: code.to_owned() });
        assert_eq!(cells, expected);
        assert_eq!(
            notebook_cells(br#"{"metadata": {"language_info": {"name": "R"}}, "cells": []}"#),
            Ok(Vec::new())
        );
        assert!(notebook_cells(b"{").is_err());
    }
}
