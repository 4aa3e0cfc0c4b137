//! What was not looked at: the gaps of the coverage, those of one kind and cause together.

use std::collections::BTreeMap;

use asmm_model::{Coverage, Gap, GapReason};

use super::{ITEMS, cut};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Paths of one group.
const PATHS: usize = 5;

/// Of one reason, the gaps by what is said about them.
type Groups<'a> = BTreeMap<Option<&'a str>, Vec<(&'a str, &'a Gap)>>;

/// All gaps, those that hide something first.
pub(super) fn not_looked_at(page: &mut Page, coverage: &[Coverage]) {
    let several = coverage.len() > 1;
    let mut reasons: BTreeMap<(bool, GapReason), Groups> = BTreeMap::new();
    for part in coverage {
        for gap in &part.skipped {
            let groups = reasons.entry((!gap.why.hides(), gap.why)).or_default();
            groups.entry(gap.detail.as_deref()).or_default().push((&part.target, gap));
        }
    }
    if reasons.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Not looked at"));
    let columns = [Column::whole(""), Column::number("")];
    // One list, so that the columns of all reasons are aligned; what is cut is said in it.
    let mut entries = Vec::new();
    for ((on_purpose, reason), groups) in reasons {
        let tone = if on_purpose { Tone::Plain } else { Tone::Open };
        let length = groups.len();
        for (at, (detail, gaps)) in groups.into_iter().take(ITEMS).enumerate() {
            let total: u64 = gaps.iter().map(|(_, gap)| gap.count).sum();
            let name = if at == 0 { reason.name() } else { "" };
            let heads = vec![Span::new(tone, name), Span::new(Tone::Plain, total.to_string())];
            entries.extend(group(heads, detail, &gaps, several));
        }
        let mut more = Page::new(usize::MAX);
        cut(&mut more, 0, length, ITEMS);
        entries.extend(more.text(false).lines().map(|more| line(Line::new().with(Tone::Dim, more))));
    }
    page.entries(2, &columns, &entries);
}

fn line(text: Line) -> Entry {
    Entry { heads: vec![Span::default(); 2], text, place: Span::default() }
}

/// A gap alone is told in one line; several of one cause are listed below it.
fn group(heads: Vec<Span>, detail: Option<&str>, gaps: &[(&str, &Gap)], several: bool) -> Vec<Entry> {
    let what = |target: &str, gap: &Gap| {
        let place =
            if several && target != gap.what { format!("{target}: {}", gap.what) } else { gap.what.clone() };
        if gap.count > 1 && gaps.len() > 1 { format!("{place} ({})", gap.count) } else { place }
    };
    if let [(target, gap)] = gaps {
        // A cause that begins with the name says it already.
        let named = detail.is_some_and(|detail| detail.starts_with(&gap.what));
        let text = match detail {
            Some(detail) if named => detail.to_owned(),
            Some(detail) => format!("{}: {detail}", what(target, gap)),
            None => what(target, gap),
        };
        return vec![Entry { heads, text: Line::new().plain(text), place: Span::default() }];
    }
    let mut shown: Vec<Line> = Vec::new();
    shown.extend(detail.map(|detail| Line::new().plain(detail)));
    shown.extend(gaps.iter().take(PATHS).map(|(target, gap)| Line::new().with(Tone::Dim, what(target, gap))));
    shown.extend(super::more(gaps.len(), PATHS).map(|more| Line::new().with(Tone::Dim, more)));
    let mut entries: Vec<Entry> = shown.into_iter().map(line).collect();
    if let Some(first) = entries.first_mut() {
        first.heads = heads;
    }
    entries
}
