//! Just enough Markdown: headings and fenced blocks, with the line where each begins.

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// What stands behind the fence.
    pub(super) info: &'a str,
    /// One-based line of the fence.
    pub(super) line: usize,
    /// The lines between the fences.
    pub(super) lines: Vec<&'a str>,
}

/// What follows one `##` heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// The heading; empty for what stands before the first.
    pub(super) heading: &'a str,
    /// One-based line of the heading.
    pub(super) line: usize,
    /// Its blocks.
    pub(super) blocks: Vec<Block<'a>>,
}

/// The sections of a file, the first without a heading; or the line where a fence that is never closed begins.
pub(super) fn sections(text: &str) -> Result<Vec<Section<'_>>, usize> {
    let mut sections = vec![Section { heading: "", line: 1, blocks: Vec::new() }];
    let mut open: Option<(usize, Block)> = None;
    for (at, line) in text.lines().enumerate() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if let Some((fence, mut block)) = open.take() {
            if ticks >= fence && line.trim_matches('`').trim().is_empty() {
                if let Some(section) = sections.last_mut() {
                    section.blocks.push(block);
                }
            } else {
                block.lines.push(line);
                open = Some((fence, block));
            }
        } else if ticks >= 3 {
            open = Some((ticks, Block { info: line[ticks..].trim(), line: at + 1, lines: Vec::new() }));
        } else if let Some(heading) = line.strip_prefix("## ") {
            sections.push(Section { heading: heading.trim(), line: at + 1, blocks: Vec::new() });
        }
    }
    open.map_or(Ok(sections), |(_, block)| Err(block.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_and_fences_are_told_apart_from_what_is_in_them() {
        let text =
            "# T\nprose\n## A case\n```python a.py\n## not a heading\n```\n````text b\n```\n````\n## B\n";
        let block = |info, line, lines: &[&'static str]| Block { info, line, lines: lines.to_vec() };
        let expected = [
            Section { heading: "", line: 1, blocks: Vec::new() },
            Section {
                heading: "A case",
                line: 3,
                blocks: vec![block("python a.py", 4, &["## not a heading"]), block("text b", 7, &["```"])],
            },
            Section { heading: "B", line: 10, blocks: Vec::new() },
        ];
        assert_eq!(sections(text).expect("well-formed"), expected);
        assert_eq!(sections("a\n```python a.py\nx"), Err(2));
    }
}
