//! The report of an assessment for a board: one page that needs no network and no script, and that prints.

mod appendix;
mod areas;
mod evidence;
mod ratings;
mod steps;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use askama::Template;
use asmm_model::Coverage;
use asmm_model::assessment::{AreaScore, Structure, Targets, road};

use self::appendix::Unseen;
use self::areas::Group;
use self::ratings::{Bars, Standing};
use self::steps::Stage;
use self::table::Table;
use super::Assessment;
use crate::export::{STYLE as BASE, Text};
use crate::store::Store;

/// What the report adds to the style of other pages.
const OWN: &str = include_str!("../../../templates/report/report.css");
/// The digest of both, by which browsers tell the style from one that got into the page; a test says what it has to be.
const STYLE_DIGEST: &str = "sha256-isYzUAb++AuVaFSvhp2oH3uULornhJB9iQpn3QzmKvs=";

/// What a report tells of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported<'a> {
    pub(crate) assessment: &'a Assessment,
    /// What was seen of each target when it was scanned last, and what was not.
    pub(crate) coverage: &'a [Coverage],
    /// When it is written, RFC 3339 in UTC.
    pub(crate) at: &'a str,
}

/// The whole page.
#[derive(Debug, Template)]
#[template(path = "report/page.html")]
struct Page {
    style: String,
    style_digest: &'static str,
    name: Text,
    day: Text,
    begun: Credit,
    seeded: Credit,
    seed: i64,
    scorers: Vec<Scorer>,
    signed: Option<(Credit, Vec<Text>)>,
    standing: Standing,
    overall: ratings::Overall,
    bars: Bars,
    ratings: Table,
    said: Vec<String>,
    against: Option<Table>,
    gaps: Option<Table>,
    stages: Vec<Stage>,
    unassessed: Vec<Text>,
    groups: Vec<Group>,
    systems: Table,
    metrics: Table,
    sources: Table,
    unseen: Vec<Unseen>,
    structure: AboutStructure,
    scans: Vec<Text>,
    tool: Text,
}

/// Who did something, and on which day.
#[derive(Debug)]
struct Credit {
    by: Text,
    day: Text,
}

impl Credit {
    fn of(by: &str, at: &str) -> Self {
        Self { by: Text::short(by), day: Text::short(day(at)) }
    }
}

/// Somebody who scored areas.
#[derive(Debug)]
struct Scorer {
    name: Text,
    areas: usize,
}

/// Whose the structure is.
#[derive(Debug)]
struct AboutStructure {
    id: Text,
    version: Text,
    sha256: Text,
    /// Whether it is the one that comes with this tool.
    is_working: bool,
    note: Text,
    /// Weights that people changed: of what, and to what.
    weights: Vec<(Text, Text)>,
}

/// What the answer of a server allows the page: its own style, and nothing else.
pub(crate) fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{STYLE_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page of an assessment, with what a store says was not seen.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn of(store: &Store, assessment: &Assessment, at: &str) -> anyhow::Result<String> {
    let coverage = store.coverage(0, i64::MAX).await?;
    let coverage: Vec<Coverage> = coverage.into_iter().map(|target| target.coverage).collect();
    text(Reported { assessment, coverage: &coverage, at })
}

/// The page as text.
///
/// # Errors
/// Never in practice: writing into memory.
pub(crate) fn text(reported: Reported<'_>) -> anyhow::Result<String> {
    let mut page = page(reported).render()?;
    if !page.ends_with('\n') {
        page.push('\n');
    }
    Ok(page)
}

fn page(reported: Reported<'_>) -> Page {
    let Reported { assessment, coverage, at } = reported;
    let rating = assessment.rating();
    let seed = &assessment.seeded.seed;
    let road = road(&assessment.structure, seed, &assessment.scores(), &Targets::default());
    let head = &assessment.head;
    Page {
        style: style(),
        style_digest: STYLE_DIGEST,
        name: Text::short(&head.name),
        day: Text::short(day(at)),
        begun: Credit::of(&head.begun_by, &head.begun_at),
        seeded: Credit::of(&assessment.seeded.by, &assessment.seeded.at),
        seed: assessment.seeded.number,
        scorers: scorers(assessment),
        signed: head
            .signed
            .as_ref()
            .map(|signed| (Credit::of(&signed.by, &signed.at), paragraphs(&signed.reason))),
        standing: Standing::of(assessment, &rating),
        overall: ratings::Overall::of(&assessment.structure, &rating),
        bars: Bars::of(&assessment.structure, &rating),
        ratings: ratings::table(&assessment.structure, &rating),
        said: evidence::said(assessment, coverage),
        against: evidence::against(assessment),
        gaps: steps::gaps(&road),
        stages: road.steps.iter().map(|step| Stage::of(assessment, step)).collect(),
        unassessed: road.unassessed.iter().map(|area| Text::short(area)).collect(),
        groups: areas::groups(assessment),
        systems: appendix::systems(assessment),
        metrics: appendix::metrics(assessment),
        sources: appendix::sources(assessment),
        unseen: coverage.iter().map(Unseen::of).collect(),
        structure: about(assessment),
        scans: seed.generated.scan_ids.iter().map(|id| Text::short(id)).collect(),
        tool: Text::short(&seed.generated.tool),
    }
}

fn style() -> String {
    [BASE, OWN].concat()
}

fn scorers(assessment: &Assessment) -> Vec<Scorer> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for held in assessment.areas.values().filter(|held| held.given.score != AreaScore::NotAssessed) {
        *counts.entry(&held.given.by).or_default() += 1;
    }
    counts.into_iter().map(|(name, areas)| Scorer { name: Text::short(name), areas }).collect()
}

fn about(assessment: &Assessment) -> AboutStructure {
    let structure = &assessment.structure;
    let said = &assessment.seeded.seed.structure;
    AboutStructure {
        id: Text::short(&structure.id),
        version: Text::short(&structure.version),
        sha256: Text::short(&said.sha256),
        is_working: structure.digest() == Structure::working().digest(),
        note: Text::long(&structure.note),
        weights: (assessment.head.weights.iter())
            .map(|(of, weight)| (Text::short(of), Text::short(weight)))
            .collect(),
    }
}

/// The day of a time; days are enough for people.
fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}

/// What a person wrote, whole, line by line.
fn paragraphs(text: &str) -> Vec<Text> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| Text::up_to(line, REASON)).collect()
}

/// `1 system`, `3 systems`.
fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Characters of what a person wrote: what a store takes is never cut.
const REASON: usize = 10_000;
