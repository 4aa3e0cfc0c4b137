//! Lists one kind, page by page, and says how much of it was seen.

use asmm_model::{CoveredKind, Gap, GapReason, Seen};
use muster_collect::url::encoded;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::discovery::Kind;
use crate::glance;
use crate::kinds::called;
use crate::object::Object;
use crate::page::{self, Read};
use crate::refusal::Refusal;
use crate::server::{JSON, NAMES, Server};

/// Objects of one page.
const PAGE: usize = 500;
/// Pages of one list: two million objects.
const MAX_PAGES: usize = 4_000;

/// How one list went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) covered: CoveredKind,
    pub(crate) gap: Option<Gap>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) kind: &'a Kind,
    /// Empty for all.
    pub(crate) namespace: &'a str,
    /// Whether names, labels and owners are enough.
    pub(crate) names: bool,
    /// Further words of the query.
    pub(crate) only: &'a str,
}

impl List<'_> {
    fn path(&self, next: Option<&str>) -> String {
        let mut path = format!("{}?limit={PAGE}", self.kind.path(self.namespace));
        if !self.only.is_empty() {
            path.push('&');
            path.push_str(self.only);
        }
        if let Some(next) = next {
            path.push_str("&continue=");
            path.push_str(&encoded(next));
        }
        path
    }

    fn what(&self) -> String {
        let kind = called(&self.kind.group, &self.kind.resource);
        if self.namespace.is_empty() { kind } else { format!("{kind} in {}", self.namespace) }
    }

    /// Hands over every object of the list. One that comes twice, because the list was begun anew, is handed over twice.
    pub(crate) async fn read(&self, server: &Server, cluster: &mut Cluster<'_>) -> Listed {
        let mut seen = 0;
        let mut next: Option<String> = None;
        let mut began_anew = false;
        // Objects that came or went between two pages may be missing.
        let mut is_moved = false;
        for _ in 0..MAX_PAGES {
            let accept = if self.names { NAMES } else { JSON };
            let answer = match server.get(&self.path(next.as_deref()), accept).await {
                Ok(answer) => answer,
                Err(Refusal::Gone(Some(other))) if next.as_deref() != Some(other.as_str()) => {
                    is_moved = true;
                    next = Some(other);
                    continue;
                }
                Err(Refusal::Gone(None)) if !began_anew && next.is_some() => {
                    (began_anew, next, seen) = (true, None, 0);
                    continue;
                }
                Err(refusal) => return self.refused(&refusal, seen, next.is_some()),
            };
            let read = self.take(&answer, cluster);
            let page = match read {
                Ok(page) => page,
                Err(why) => return self.refused(&Refusal::Unreadable(why), seen, true),
            };
            seen += page.seen;
            match page.next {
                None if is_moved => {
                    let detail =
                        "it changed while it was read: what was made or removed meanwhile may be missing";
                    return self.truncated(seen, GapReason::Failed, detail.to_owned());
                }
                None => return Listed { covered: self.covered(Seen::Complete, seen), gap: None },
                Some(again) if next.as_ref() == Some(&again) => {
                    let detail = "the server leads from a page to itself";
                    return self.truncated(seen, GapReason::Failed, detail.to_owned());
                }
                Some(other) => next = Some(other),
            }
        }
        self.truncated(seen, GapReason::TooLarge, format!("it has more than {} objects", PAGE * MAX_PAGES))
    }

    /// Puts what is on a page into the cluster.
    fn take(&self, answer: &[u8], cluster: &mut Cluster<'_>) -> Result<Read, String> {
        let is_pods = self.kind.group.is_empty() && self.kind.resource == "pods";
        let glanced = if is_pods { glance::at(answer) } else { None };
        let (glances, next) = glanced.unwrap_or_default();
        let new = cluster.new_among(&glances);
        if !glances.is_empty() && !new.contains(&true) {
            return Ok(Read { next, seen: glances.len() as u64 });
        }
        let mut prints = glances.iter().zip(&new).filter(|(_, new)| **new).map(|(glance, _)| glance.print);
        page::read(answer, &new, &mut |value| {
            let print = prints.next();
            for object in self.object(value) {
                if is_pods { cluster.put_pod(object, print) } else { cluster.put(object) }
            }
        })
    }

    fn object(&self, mut value: Value) -> Vec<Object> {
        // Items of a list leave out what the list says.
        if let Value::Object(map) = &mut value {
            map.insert("apiVersion".to_owned(), self.kind.api_version().into());
            map.insert("kind".to_owned(), self.kind.name.clone().into());
            return Object::all(value);
        }
        Vec::new()
    }

    fn covered(&self, state: Seen, seen: u64) -> CoveredKind {
        CoveredKind {
            part: String::new(),
            kind: called(&self.kind.group, &self.kind.resource),
            within: self.namespace.to_owned(),
            state,
            seen,
        }
    }

    fn truncated(&self, seen: u64, why: GapReason, detail: String) -> Listed {
        let gap = Gap::new(self.what(), why).because(detail);
        Listed { covered: self.covered(Seen::Truncated, seen), gap: Some(gap) }
    }

    fn refused(&self, refusal: &Refusal, seen: u64, is_begun: bool) -> Listed {
        match refusal {
            // It was there a moment ago, when the server was asked for its kinds.
            Refusal::NotFound if !is_begun => Listed { covered: self.covered(Seen::Absent, 0), gap: None },
            Refusal::Denied | Refusal::Unauthorized if !is_begun => {
                let gap = Gap::new(self.what(), GapReason::Denied).because(refusal.to_string());
                Listed { covered: self.covered(Seen::Forbidden, 0), gap: Some(gap) }
            }
            refusal if is_begun => {
                let detail = format!("{refusal}; {seen} were read before");
                self.truncated(seen, refusal.reason(), detail)
            }
            refusal => self.truncated(seen, refusal.reason(), refusal.to_string()),
        }
    }
}
