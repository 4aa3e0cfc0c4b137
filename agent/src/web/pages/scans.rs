//! Runs and what they did not look at: no hit in what was not read is no “no”.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use super::minute;
use crate::export::{Covered, Text};
use crate::history::Entry;
use crate::store::{Run, RunState};
use crate::web::Site;
use crate::web::door::Visitor;
use crate::web::frame::{self, Frame};
use crate::web::wrong::Wrong;

/// Runs that are listed.
const RUNS: i64 = 50;
/// Targets of a page.
const TARGETS: i64 = 25;
/// Changes that are told of one run.
const CHANGES: usize = 1_000;

#[derive(Debug, Template)]
#[template(path = "site/scans.html")]
struct Scans {
    frame: Frame,
    runs: Vec<RunRow>,
    targets: Vec<Target>,
    /// Where the pages before and after this one begin.
    previous: Option<i64>,
    next: Option<i64>,
    all: u64,
    partial: u64,
}

#[derive(Debug)]
struct RunRow {
    /// Where its changes are told.
    href: String,
    at: Text,
    took: Text,
    state: &'static str,
    targets: i64,
    whole: i64,
    rules: Text,
}

impl RunRow {
    fn new(run: &Run) -> Self {
        let state = match run.state {
            RunState::Running => "under way",
            state => state.name(),
        };
        Self {
            href: format!("/scans/{}", run.number),
            at: minute(&run.started_at),
            took: minute(run.finished_at.as_deref().unwrap_or_default()),
            state,
            targets: run.targets,
            whole: run.whole,
            rules: Text::short(&run.rules),
        }
    }
}

#[derive(Debug)]
struct Target {
    covered: Covered,
    complete: bool,
    at: Text,
    commit: Text,
}

pub(in super::super) async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let from = from(query.as_deref())?;
    let runs = site.store().runs(RUNS).await?;
    let seen = site.store().coverage(from, TARGETS).await?;
    let summary = site.summary().await?;
    let end = from.saturating_add(TARGETS);
    let targets = seen.iter().map(|seen| Target {
        covered: Covered::new(&seen.coverage),
        complete: seen.complete,
        at: minute(&seen.at),
        commit: Text::short(seen.commit.as_deref().unwrap_or_default().get(..12).unwrap_or_default()),
    });
    frame::page(&Scans {
        frame: Frame::new("Scans", "/scans", &visitor),
        runs: runs.iter().map(RunRow::new).collect(),
        targets: targets.collect(),
        previous: (from > 0).then(|| from.saturating_sub(TARGETS).max(0)),
        next: (u64::try_from(end).is_ok_and(|end| end < summary.targets)).then_some(end),
        all: summary.targets,
        partial: summary.partial,
    })
}

/// How many targets come before the page.
fn from(query: Option<&str>) -> Result<i64, Wrong> {
    let mut given = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let Some((_, from)) = given.find(|(name, _)| name == "from") else { return Ok(0) };
    let read = from.parse().ok().filter(|from| *from >= 0);
    read.ok_or_else(|| Wrong::Unreadable("`from` is a number of targets.".to_owned()))
}

#[derive(Debug, Template)]
#[template(path = "site/changes.html")]
struct Changes {
    frame: Frame,
    run: RunRow,
    entries: Vec<Changed>,
    more: usize,
    present: u64,
    less_seen: Vec<(Text, Vec<Text>)>,
    same_rules: bool,
}

/// What became of a system.
#[derive(Debug)]
struct Changed {
    id: String,
    name: Text,
    target: Text,
    presence: &'static str,
    verdict: crate::export::Badge,
    changes: Vec<super::system::Changed>,
}

impl Changed {
    fn new(entry: &Entry) -> Self {
        Self {
            id: entry.id.clone(),
            name: Text::short(&entry.name),
            target: Text::short(&entry.target),
            presence: entry.presence.name(),
            verdict: crate::export::Badge::of(entry.verdict),
            changes: entry.changes.iter().map(super::system::Changed::new).collect(),
        }
    }
}

pub(in super::super) async fn changes(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(run): Path<String>,
) -> Result<Response, Wrong> {
    let run = site.store().run_named(&run).await?;
    let before = site.store().before(&run).await?;
    let difference = site.store().difference(&before, &run).await?;
    let less = difference
        .less_seen
        .iter()
        .map(|less| (Text::short(&less.target), less.gaps.iter().map(|gap| Text::long(gap)).collect()));
    frame::page(&Changes {
        frame: Frame::new(format!("Run of {}", minute(&run.started_at)), "/scans", &visitor),
        entries: difference.systems.iter().take(CHANGES).map(Changed::new).collect(),
        more: difference.systems.len().saturating_sub(CHANGES),
        present: difference.present,
        less_seen: less.collect(),
        same_rules: difference.same_rules,
        run: RunRow::new(&run),
    })
}
