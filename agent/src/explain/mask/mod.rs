//! Takes out of text what looks like a secret: by its own shape, and by the name of what it is given to.
//!
//! Too much is masked rather than too little: whoever reads an excerpt can open the file, but nobody can take back a key
//! that was pasted into a ticket. What has neither the shape of a key nor a telling name cannot be recognised.

mod named;
mod shape;
#[cfg(test)]
mod tests;

use std::ops::Range;

/// What stands in the place of a secret.
pub(super) const MASKED: &str = "[masked]";

/// How values are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Texts are quoted; a bare word is a name.
    Code,
    /// A bare word is a text, as in YAML, shell or `.env`.
    Settings,
}

impl Syntax {
    /// By the name of the file; what is not known as code is taken for settings, of which more is masked.
    pub(super) fn of(path: &str) -> Self {
        const CODE: [&str; 15] = [
            "py", "pyi", "ipynb", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte",
            "go", "rs",
        ];
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        if CODE.contains(&extension) { Self::Code } else { Self::Settings }
    }
}

/// A whole file without its secrets, with as many lines as before. A part of a file would not do: a key may begin before
/// it.
pub(super) fn source(text: &str, syntax: Syntax) -> String {
    let mut hidden = shape::secrets(text);
    hidden.extend(named::secrets(text, syntax));
    replaced(text, hidden)
}

/// A sentence of a document without what has the shape of a secret.
pub(super) fn sentence(text: &str) -> String {
    replaced(text, shape::secrets(text))
}

fn replaced(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_by_key(|range| (range.start, range.end));
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    let mut hidden = hidden.into_iter().peekable();
    while let Some(mut range) = hidden.next() {
        while let Some(next) = hidden.next_if(|next| next.start <= range.end) {
            range.end = range.end.max(next.end);
        }
        let (start, end) = (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
        shown.push_str(&text[done..start]);
        for (at, line) in text[start..end].split('\n').enumerate() {
            if at > 0 {
                shown.push('\n');
            }
            if !line.trim().is_empty() {
                shown.push_str(MASKED);
            }
        }
        done = end;
    }
    shown.push_str(&text[done..]);
    shown
}
