//! Keys that were found in place, and identities of clouds, that belong to no system: a line each.

use asmm_model::{Identity, IdentityKind, Privilege};

use super::{cut, from_start};
use crate::page::{Column, Entry, Line, Page, Span, Tone};

/// Keys that are listed.
const KEYS: usize = 20;

/// Identities of clouds that are listed.
const IDENTITIES: usize = 20;

/// Those that belong to no system.
pub(super) fn loose(page: &mut Page, identities: &[Identity]) {
    let (keys, others): (Vec<&Identity>, Vec<&Identity>) =
        identities.iter().partition(|identity| identity.kind == IdentityKind::ApiKey);
    if !keys.is_empty() {
        let entries: Vec<Entry> = keys.iter().take(KEYS).map(|key| key_entry(key)).collect();
        titled(
            page,
            "Keys in place that belong to no system",
            &[Column::whole(""), Column::whole("")],
            &entries,
        );
        cut(page, 2, keys.len(), KEYS);
    }
    if !others.is_empty() {
        let mut sorted = others;
        // What may do most comes first.
        sorted.sort_by(|a, b| b.privilege.cmp(&a.privilege).then_with(|| a.arn.cmp(&b.arn)));
        let entries: Vec<Entry> = sorted.iter().take(IDENTITIES).map(|one| identity_entry(one)).collect();
        let columns = [Column::whole(""), Column::whole("")];
        titled(page, "Identities that may ask models and belong to no system", &columns, &entries);
        cut(page, 2, sorted.len(), IDENTITIES);
    }
}

fn titled(page: &mut Page, title: &str, columns: &[Column], entries: &[Entry]) {
    page.gap();
    page.push(Line::new().with(Tone::Strong, title));
    page.entries(2, columns, entries);
}

fn key_entry(key: &Identity) -> Entry {
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
}

fn identity_entry(identity: &Identity) -> Entry {
    let privilege = format!("privilege {}", identity.privilege.unwrap_or(Privilege::Unknown).name());
    Entry {
        heads: vec![Span::new(Tone::Plain, &identity.name), Span::new(Tone::Plain, &privilege)],
        text: Line::new(),
        place: Span::new(Tone::Dim, identity.arn.as_deref().unwrap_or_default()),
    }
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
            may_ask: None,
            arn: None,
            fingerprint: None,
            assumed_by: Vec::new(),
            shared_with: Vec::new(),
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
