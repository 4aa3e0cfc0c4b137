//! What messages to people have in common: the headline, the lines, and text that means nothing to a chat.

use std::collections::BTreeMap;

use super::notice::{Notice, Otherwise};
use super::wanted::Wanted;

/// Changes of one notice that a message shows.
const CHANGES: usize = 5;

/// What a message is about, in the words of this program alone: nothing that was scanned is in it.
pub(super) fn headline(notices: &[Notice]) -> String {
    match notices {
        [one] => format!("Muster: {}", one.wanted.title()),
        all => format!("Muster: {} notices ({})", all.len(), counts(all)),
    }
}

/// `2 x gate lost, 1 x scan failed`: in ASCII, since it stands in a header as well.
pub(super) fn counts(notices: &[Notice]) -> String {
    let mut counts: BTreeMap<Wanted, usize> = BTreeMap::new();
    for notice in notices {
        *counts.entry(notice.wanted).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(wanted, count)| format!("{count} x {}", wanted.title())).collect();
    counts.join(", ")
}

/// What is said of those that a message has no room for; nothing where there are none.
pub(super) fn rest(notices: &[Notice]) -> Option<String> {
    (!notices.is_empty()).then(|| format!("And {} more: {}.", notices.len(), counts(notices)))
}

/// What is otherwise, a line for each.
pub(super) fn lines(notice: &Notice) -> Vec<String> {
    let one = |change: &Otherwise| match (change.before.as_str(), change.after.as_str()) {
        ("", "") => change.what.clone(),
        ("", after) => format!("{}: new, {after}", change.what),
        (before, "") => format!("{}: gone, was {before}", change.what),
        (before, after) => format!("{}: {before} → {after}", change.what),
    };
    let mut lines: Vec<String> = notice.changes.iter().take(CHANGES).map(one).collect();
    let more = notice.changes.len().saturating_sub(CHANGES) + notice.more_changes;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Text that no chat and no mail program makes a link or a mention of. What asks for one is written otherwise, rather than
/// escaped: a program that shows the text does not have to know how it was meant.
pub(super) fn inert(text: &str) -> String {
    let mut shown = text.replace("](", "] (").replace('@', "＠");
    for (sought, last) in [
        ("://", 0),
        ("www.", 3),
        ("mailto:", 6),
        ("tel:", 3),
        ("javascript:", 10),
        ("data:", 4),
        ("file:", 4),
    ] {
        shown = set_apart(&shown, sought, last);
    }
    shown
}

/// The text with brackets around one sign of everything that is sought, in whatever case that is written.
fn set_apart(text: &str, sought: &str, sign: usize) -> String {
    // Lower case of ASCII letters keeps every place where it is.
    let lower = text.to_ascii_lowercase();
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    for (at, _) in lower.match_indices(sought) {
        let at = at + sign;
        shown.push_str(&text[from..at]);
        shown.push('[');
        shown.push_str(&text[at..=at]);
        shown.push(']');
        from = at + 1;
    }
    shown + &text[from..]
}
