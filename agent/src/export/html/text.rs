//! Scanned text on its way into a page: made visible, bounded, and never markup.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};
use asmm_model::Place;

use super::super::table;
use crate::page::visible;

/// Characters of a name, a path or another short text.
const SHORT: usize = 300;
/// Characters of a sentence.
const LONG: usize = 1_000;

/// A text of the inventory. Markup in it is escaped where it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Text {
    /// A name, a path or the like.
    pub(crate) fn short(text: &str) -> Self {
        Self::up_to(text, SHORT)
    }

    /// A sentence or a few.
    pub(crate) fn long(text: &str) -> Self {
        Self::up_to(text, LONG)
    }

    /// So many characters of a text, and how many more there are.
    pub(crate) fn up_to(text: &str, most: usize) -> Self {
        let (kept, cut) = bounded(text, most);
        Self(visible(kept).into_owned() + &cut)
    }

    /// A place, with its target where the scan had several.
    pub(crate) fn place(place: &Place) -> Self {
        match (&place.target, &place.path, &place.locator) {
            // It is no path that could follow a folder.
            (Some(target), None, Some(locator)) => Self::short(&format!("{target}: {locator}")),
            _ => Self::short(&table::from_start(place)),
        }
    }

    /// Whether nothing is there to be shown.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A sentence with names in it: what stands between backticks is written as code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prose {
    text: String,
    cut: String,
}

impl Prose {
    /// A sentence of the inventory.
    pub(crate) fn new(text: &str) -> Self {
        let (kept, cut) = bounded(text, LONG);
        Self { text: visible(kept).into_owned(), cut }
    }
}

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A backtick without a partner is one.
        let paired = self.text.matches('`').count() / 2 * 2;
        for (at, part) in self.text.splitn(paired + 1, '`').enumerate() {
            let Ok(part) = escape(part, Html);
            if at % 2 == 1 { write!(f, "<code>{part}</code>")? } else { write!(f, "{part}")? }
        }
        f.write_str(&self.cut)
    }
}

// Every part of it is escaped above.
impl HtmlSafe for Prose {}

/// The beginning of a text, and what says how much of it is missing.
fn bounded(text: &str, most: usize) -> (&str, String) {
    match text.char_indices().nth(most) {
        None => (text, String::new()),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            (&text[..end], format!("… (and {more} more characters)"))
        }
    }
}

/// A list that is cut: what is shown of it, and how much is not.
#[derive(Debug, Clone)]
pub(crate) struct Shown<T> {
    /// What is shown.
    pub(crate) items: Vec<T>,
    /// How many are not.
    pub(crate) more: usize,
}

impl<T> Shown<T> {
    /// At most so many of them.
    pub(crate) fn of<S>(
        all: impl ExactSizeIterator<Item = S>,
        most: usize,
        show: impl FnMut(S) -> T,
    ) -> Self {
        let more = all.len().saturating_sub(most);
        Self { items: all.take(most).map(show).collect(), more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_how_much_is_missing() {
        let long = "ä".repeat(SHORT + 7);
        let expected = "ä".repeat(SHORT) + "… (and 7 more characters)";
        assert_eq!(Text::short(&long).to_string(), expected);
        assert_eq!(Text::short(&long[..2 * SHORT]).to_string(), "ä".repeat(SHORT));
        let told = Prose::new(&("`".to_owned() + &"<".repeat(LONG))).to_string();
        assert_eq!(told, "`".to_owned() + &"&#60;".repeat(LONG - 1) + "… (and 1 more characters)");
    }

    #[test]
    fn only_what_stands_between_backticks_is_code() {
        let table = [
            ("`a` pays", "<code>a</code> pays"),
            ("no `end", "no `end"),
            ("`a``b` `", "<code>a</code><code>b</code> `"),
            ("<b>`</code>`", "&#60;b&#62;<code>&#60;/code&#62;</code>"),
            ("\u{1b}[2J\u{202e}\n", "\\u{1b}[2J\\u{202e}\\n"),
        ];
        for (text, expected) in table {
            assert_eq!(Prose::new(text).to_string(), expected);
        }
    }
}
