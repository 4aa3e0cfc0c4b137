//! Keys that were found in place and belong to no system, a line each.

use asmm_model::Identity;

use super::{cut, from_start};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Keys that are listed.
const KEYS: usize = 20;

/// Those that belong to no system.
pub(super) fn loose(page: &mut Page, identities: &[Identity]) {
    if identities.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Keys in place that belong to no system"));
    let entries: Vec<Entry> = identities
        .iter()
        .take(KEYS)
        .map(|key| {
            let first = key.evidence.first();
            let role = first.map_or("", |evidence| evidence.role.name());
            let more = key.evidence.len().saturating_sub(1);
            let more = if more > 0 { format!(" (+{more} more)") } else { String::new() };
            let place = first.map(|evidence| from_start(&evidence.place)).unwrap_or_default();
            Entry {
                heads: vec![Span::new(Tone::Plain, &key.name), Span::new(Tone::Plain, role)],
                text: Line::new(),
                place: Span::new(Tone::Dim, place + &more),
            }
        })
        .collect();
    page.entries(2, &[Column::whole(""), Column::whole("")], &entries);
    cut(page, 2, identities.len(), KEYS);
}

#[cfg(test)]
mod tests {
    use asmm_model::{Evidence, IdentityKind, Place, Role};

    use super::*;

    #[test]
    fn a_key_is_told_by_its_kind_and_its_first_place() {
        let at = |path: &str, role| Evidence::at(Place::line(path, 3), role);
        let key = Identity {
            kind: IdentityKind::ApiKey,
            name: "Groq API key".to_owned(),
            privilege: None,
            arn: None,
            fingerprint: None,
            inferred: false,
            evidence: vec![at(".env", Role::Production), at("tests/a.py", Role::Test)],
        };
        let mut page = Page::new(100);
        loose(&mut page, &[key]);
        assert_eq!(
            page.text(false).trim(),
            "Keys in place that belong to no system\n  Groq API key  production  .env:3 (+1 more)"
        );
        let mut empty = Page::new(100);
        loose(&mut empty, &[]);
        assert_eq!(empty.text(false), "");
    }
}
