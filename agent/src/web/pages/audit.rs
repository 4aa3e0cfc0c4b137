//! The audit log: who did what, and whether the chain of it is whole.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::{minute, words};
use crate::export::Text;
use crate::store::AuditEntry;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;
use crate::web::{Site, stream};

/// Entries of a page.
const ROWS: i64 = 100;

#[derive(Debug, Template)]
#[template(path = "site/audit.html")]
struct Audit {
    frame: Frame,
    rows: Vec<Entry>,
    next: Option<i64>,
    /// Whether the chain was looked at, and what is wrong with it.
    verified: Option<Verified>,
}

#[derive(Debug)]
struct Verified {
    entries: i64,
    head: Text,
    faults: Vec<Text>,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sequence: i64,
    pub(super) at: Text,
    pub(super) actor: Text,
    pub(super) action: String,
    /// The system that it is about, where that is an id of ours.
    pub(super) system: Option<Text>,
    pub(super) reason: Text,
    /// What was otherwise before: names with what they were and what they are.
    pub(super) changes: Vec<(String, Text, Text)>,
}

impl Entry {
    pub(super) fn new(entry: &AuditEntry) -> Self {
        Self {
            sequence: entry.sequence,
            at: minute(&entry.at),
            actor: Text::short(&entry.actor),
            action: words(&entry.action),
            system: entry.system.as_deref().map(Text::short),
            reason: Text::long(&entry.reason),
            changes: changes(entry),
        }
    }
}

/// What is otherwise after an entry than before it.
fn changes(entry: &AuditEntry) -> Vec<(String, Text, Text)> {
    let empty = serde_json::Map::new();
    let (from, to) = (entry.from.as_object().unwrap_or(&empty), entry.to.as_object().unwrap_or(&empty));
    let shown = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => Text::default(),
        Some(serde_json::Value::String(text)) => Text::long(text),
        Some(value) => Text::long(&value.to_string()),
    };
    let names = from.keys().chain(to.keys().filter(|name| !from.contains_key(*name)));
    names
        // A digest says nothing to a reader but that it is another one.
        .filter(|name| from.get(*name) != to.get(*name) && *name != "fingerprint")
        .map(|name| (words(name), shown(from.get(name)), shown(to.get(name))))
        .filter(|(_, before, after)| !(before.is_empty() && after.is_empty()))
        .collect()
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let (mut before, mut verify) = (None, false);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "before" => {
                let number =
                    value.parse().map_err(|_| Wrong::Unreadable("`before` is a number.".to_owned()))?;
                before = Some(number);
            }
            "verify" => verify = true,
            _ => {}
        }
    }
    let entries = site.store().entries(None, before, ROWS).await?;
    let verified = if verify {
        let verified = site.store().verify(&[]).await?;
        Some(Verified {
            entries: verified.entries,
            head: Text::short(verified.head.as_ref().map_or("", |head| &head.hash)),
            faults: verified.faults.iter().map(|fault| Text::long(fault)).collect(),
        })
    } else {
        None
    };
    let next = entries.last().map(|entry| entry.sequence).filter(|sequence| *sequence > 1);
    frame::page(&Audit {
        frame: Frame::new("Audit log", "/audit", &visitor),
        rows: entries.iter().map(Entry::new).collect(),
        next,
        verified,
    })
}

/// The whole log as JSON Lines, as `muster audit export` writes it, sent as it is read.
pub(crate) async fn export(State(site): State<Site>) -> Response {
    let store = site.store().clone();
    stream::file("application/jsonl", "attachment; filename=\"muster-audit.jsonl\"", |pieces| async move {
        let mut after = 0;
        loop {
            let (text, last) = store.lines(after).await?;
            if text.is_empty() || !pieces.put(text).await {
                return Ok(());
            }
            after = last;
        }
    })
}
