//! One system: what is said of it and why, what it consists of, what became of it, and what is decided of it.

use askama::Template;
use asmm_model::{Inventory, Place, SCHEMA, Scan, ScanTarget, System};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};

use super::audit::Entry;
use super::{day, minute, words};
use crate::explain;
use crate::export::{Badge, Prose, Section, Text, table};
use crate::history::{Change, Weight};
use crate::review::{self, Fingerprint, Owned, Review, Standing};
use crate::store::{DecisionKind, Shown};
use crate::web::Site;
use crate::web::acts::Asked;
use crate::web::door::{Visitor, own_path};
use crate::web::frame::{self, Frame};
use crate::web::links::CodeHosts;
use crate::web::wrong::Wrong;

/// Entries of the audit log that a page of a system has.
const ENTRIES: i64 = 50;

#[derive(Debug, Template)]
#[template(path = "site/system.html")]
struct Page {
    frame: Frame,
    section: Section,
    picture: String,
    presence: &'static str,
    decision: Decision,
    corrections: Vec<(&'static str, Correction)>,
    claims: Vec<Claimed>,
    joins: Vec<Join>,
    decisions: Vec<Joining>,
    became: Vec<Became>,
    entries: Vec<Entry>,
    today: String,
}

/// What is decided, and what may be.
#[derive(Debug)]
struct Decision {
    revision: i64,
    standing: String,
    is_open: bool,
    is_confirmed: bool,
    /// What was decided, in a sentence.
    told: Text,
    reason: Text,
    by: Text,
    until: Text,
    owner: Text,
    suggested: Text,
    assignee: Text,
    mine: bool,
    reopened: Vec<Text>,
    before: Option<Text>,
    /// What is otherwise since it was decided.
    since: Vec<Text>,
    proposed: Option<Proposed>,
    /// What the answers come to, with what was corrected of them.
    comes_to: Badge,
    comes_to_level: String,
    /// Whether a rejection needs a second person.
    needs_second: bool,
    undetermined: bool,
}

#[derive(Debug)]
struct Proposed {
    rejection: String,
    reason: Text,
    by: Text,
    until: Text,
    /// Whether the visitor proposed it, and cannot approve it.
    own: bool,
}

#[derive(Debug)]
struct Correction {
    answer: &'static str,
    reason: Text,
    by: Text,
    at: Text,
}

/// How the repository itself answers a criterion.
#[derive(Debug)]
struct Claimed {
    id: &'static str,
    answer: &'static str,
    because: Text,
    place: Text,
    href: Option<String>,
    /// What a person who accepts it gives as the reason.
    reason: String,
}

/// Another side of the system, and why it is one.
#[derive(Debug)]
struct Join {
    name: Text,
    id: Text,
    target: Text,
    reasons: Vec<Prose>,
}

/// What a person decided of which systems are one, and may be taken back.
#[derive(Debug)]
struct Joining {
    number: i64,
    told: String,
    /// The system that was joined to this one, or kept from it.
    other: Text,
    by: Text,
    at: Text,
    reason: Text,
}

/// What became of it in a run.
#[derive(Debug)]
struct Became {
    run: Text,
    at: Text,
    presence: &'static str,
    changes: Vec<Changed>,
}

/// One change.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) what: Text,
    pub(super) before: Text,
    pub(super) after: Text,
    pub(super) worse: bool,
}

impl Changed {
    pub(super) fn new(change: &Change) -> Self {
        Self {
            what: Text::short(&change.what),
            before: Text::short(&change.before),
            after: Text::short(&change.after),
            worse: change.weight == Weight::Worse,
        }
    }
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(given): Path<String>,
) -> Result<Response, Wrong> {
    site.expire().await?;
    let id = site.store().system_named(&given).await?;
    if id != given {
        // An earlier id, or a name: what is kept in a bookmark goes on leading here.
        return Ok(Redirect::to(&format!("/systems/{id}")).into_response());
    }
    let shown = site.store().shown(&id).await?;
    let became = site.store().became(&id).await?;
    let entries = site.store().entries(Some(&id), None, ENTRIES).await?;
    let hosts = CodeHosts::new(&shown, &site.settings().code_hosts);
    let section =
        Section::new(shown.system.target.as_deref(), &shown.system, "system".to_owned(), &|place: &Place| {
            hosts.link(place)
        });
    frame::page(&Page {
        frame: Frame::new(Text::short(&shown.system.name).to_string(), "/systems", &visitor),
        picture: picture(&shown.system),
        presence: shown.presence.name(),
        decision: Decision::new(&shown, &visitor),
        corrections: corrections(&shown.reviewed.review),
        claims: claims(&shown.system, &hosts),
        joins: joins(&shown.system),
        decisions: decisions(&site, &shown.system).await?,
        became: became
            .iter()
            .map(|became| Became {
                run: Text::short(&became.run),
                at: minute(&became.at),
                presence: became.presence.name(),
                changes: became.changes.iter().map(Changed::new).collect(),
            })
            .collect(),
        entries: entries.iter().map(Entry::new).collect(),
        today: crate::clock::day().1.to_string(),
        section,
    })
}

/// The picture, which names no other system.
fn picture(system: &System) -> String {
    explain::svg_in_page(system, &alone(system))
}

/// An inventory of a system and nothing else.
pub(crate) fn alone(system: &System) -> Inventory {
    let target = system.target.clone().unwrap_or_default();
    Inventory {
        schema: SCHEMA.to_owned(),
        scan: Scan {
            id: String::new(),
            started_at: String::new(),
            tool: String::new(),
            rules: String::new(),
            targets: vec![ScanTarget { target, commit: None }],
        },
        coverage: Vec::new(),
        systems: vec![system.clone()],
        components: Vec::new(),
        identities: Vec::new(),
        proposals: Vec::new(),
        register: None,
    }
}

impl Decision {
    fn new(shown: &Shown, visitor: &Visitor) -> Self {
        let (system, review) = (&shown.system, &shown.reviewed.review);
        let comes_to = review::corrected(&system.criteria, &review.corrections);
        let since = review.fingerprint.as_ref().map(|then| then.changed(&Fingerprint::of(system)));
        Self {
            revision: shown.reviewed.revision,
            standing: words(review.standing.name()),
            is_open: matches!(review.standing, Standing::NeedsReview | Standing::InReview),
            is_confirmed: review.standing == Standing::Confirmed,
            told: Text::long(&told(review)),
            reason: Text::long(&review.reason),
            by: if review.by.is_empty() {
                Text::default()
            } else {
                Text::short(&format!("{}, {}", review.by, day(&review.at)))
            },
            until: Text::short(review.until.as_deref().unwrap_or_default()),
            owner: match &review.owner {
                Some(Owned::By(owner)) => Text::short(owner),
                Some(Owned::Unknown) => Text::short("unknown"),
                None => Text::default(),
            },
            suggested: Text::short(system.owners.first().map_or("", |owner| &owner.name)),
            assignee: Text::short(review.assignee.as_deref().unwrap_or_default()),
            mine: review.assignee.as_deref() == Some(visitor.person.as_str()),
            reopened: review.reopened.iter().map(|why| Text::long(why)).collect(),
            before: review.before.as_deref().map(|before| {
                Text::long(&format!("{} by {} on {}", told(before), before.by, day(&before.at)))
            }),
            since: since.unwrap_or_default().iter().map(|part| Text::long(&part.to_string())).collect(),
            proposed: review.proposed.as_ref().map(|proposed| Proposed {
                rejection: words(proposed.rejection.name()),
                reason: Text::long(&proposed.reason),
                by: Text::short(&proposed.by),
                until: Text::short(proposed.until.as_deref().unwrap_or_default()),
                own: proposed.by == visitor.person,
            }),
            comes_to: Badge::of(comes_to.verdict),
            comes_to_level: table::in_words(comes_to.level),
            needs_second: review::needs_second(system, review),
            undetermined: comes_to.verdict == asmm_model::Verdict::Undetermined,
        }
    }
}

/// What was decided, in a few words.
fn told(review: &Review) -> String {
    let mut told = words(review.standing.name());
    if let Some(verdict) = review.verdict {
        told = format!("{told} as {}", table::verdict(verdict));
    }
    if review.in_scope == Some(false) {
        told.push_str(", out of scope");
    }
    if let Some(rejection) = &review.rejection {
        told = format!("{told} as {}", words(rejection.name()));
        if let review::Rejection::DuplicateOf(other) = rejection {
            told = format!("{told} {other}");
        }
    }
    told
}

fn corrections(review: &Review) -> Vec<(&'static str, Correction)> {
    let corrections = review.corrections.iter().map(|(criterion, correction)| {
        let said = Correction {
            answer: if correction.answer { "yes" } else { "no" },
            reason: Text::long(&correction.reason),
            by: Text::short(&correction.by),
            at: day(&correction.at),
        };
        (criterion.id(), said)
    });
    corrections.collect()
}

fn claims(system: &System, hosts: &CodeHosts) -> Vec<Claimed> {
    let claim = |claimed: &asmm_model::Claimed| {
        let (because, place) = (Text::long(&claimed.because), Text::place(&claimed.place));
        Claimed {
            id: claimed.criterion.id(),
            answer: if claimed.answer { "yes" } else { "no" },
            reason: format!("as {place} claims: {because}"),
            href: hosts.link(&claimed.place),
            because,
            place,
        }
    };
    system.claims.iter().map(claim).collect()
}

fn joins(system: &System) -> Vec<Join> {
    let join = |join: &asmm_model::Join| Join {
        name: Text::short(&join.name),
        id: Text::short(join.id.as_str()),
        target: Text::short(join.target.as_deref().unwrap_or_default()),
        reasons: join.because.iter().map(|reason| Prose::new(&reason.says)).collect(),
    };
    system.joins.iter().map(join).collect()
}

/// What people decided of which systems are one with this, or with one of its sides.
async fn decisions(site: &Site, system: &System) -> Result<Vec<Joining>, Wrong> {
    let all = site.store().decisions(&[DecisionKind::One, DecisionKind::Apart], false).await?;
    let is_side =
        |id: &str| id == system.id.as_str() || system.joins.iter().any(|join| join.id.as_str() == id);
    let about = all.into_iter().filter(|decision| is_side(&decision.subject) || is_side(&decision.object));
    let joining = about.map(|decision| {
        let one = decision.kind == DecisionKind::One;
        let other = if decision.object == system.id.as_str() { &decision.subject } else { &decision.object };
        Joining {
            number: decision.id,
            told: if one { "is a part of this" } else { "is none of this" }.to_owned(),
            other: Text::short(other),
            by: Text::short(&decision.by),
            at: day(&decision.at),
            reason: Text::long(&decision.reason),
        }
    });
    Ok(joining.collect())
}

/// Takes a decision back, and leads to the system that it was about.
pub(in super::super) async fn undo(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(number): Path<i64>,
) -> Result<Response, Wrong> {
    let undone = site.store().undo(number, &visitor.person, &crate::clock::now()).await?;
    let then = match undone.kind {
        DecisionKind::One | DecisionKind::Apart => format!("/systems/{}", undone.subject),
        DecisionKind::Declared | DecisionKind::NotDeclared => "/register".to_owned(),
    };
    Ok(Redirect::to(&then).into_response())
}

impl Page {
    /// How the repository answers a question itself.
    fn claims_of(&self, id: &str) -> impl Iterator<Item = &Claimed> {
        self.claims.iter().filter(move |claimed| claimed.id == id)
    }

    /// What a person answered to a question instead.
    fn correction(&self, id: &str) -> Option<&Correction> {
        self.corrections.iter().find(|(of, _)| *of == id).map(|(_, correction)| correction)
    }
}

/// Does what a form asks for, and leads back to the page that it was on.
pub(in super::super) async fn act(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Form(asked): Form<Asked>,
) -> Result<Response, Wrong> {
    asked.done(&site, &id, &visitor).await?;
    let then = match own_path(&asked.then) {
        "/" => format!("/systems/{id}"),
        then => then.to_owned(),
    };
    Ok(Redirect::to(&then).into_response())
}
