//! The inventory as one page for reviewers and assessors: it needs no network and no script, and nothing that was
//! scanned becomes part of its markup.

mod coverage;
mod criteria;
mod grid;
mod parts;
mod register;
mod section;
#[cfg(test)]
mod tests;
mod text;

use askama::Template;
use asmm_model::{Inventory, Level, ScanTarget, System, Verdict};

pub(crate) use self::coverage::Covered;
use self::grid::Grid;
pub(crate) use self::register::Lists;
pub(crate) use self::section::{Badge, Section};
pub(crate) use self::text::{Prose, Shown, Text};
use super::table;

/// Systems in the list.
const LISTED: usize = 20_000;
/// Systems that are shown in full: a browser still opens these.
const IN_FULL: usize = 1_000;
/// Targets of the scan that are named.
const TARGETS: usize = 200;

/// The only style that the page may use; other pages begin with it.
pub(crate) const STYLE: &str = include_str!("../../../templates/html/page.css");
/// Its digest, by which browsers tell it from a style that got into the page; a test says what it has to be.
const STYLE_DIGEST: &str = "sha256-NI7XE/fGK2RTL54z5AFQNhOFLOXipO23sXqU+IRgi8s=";

/// The whole page.
#[derive(Debug, Template)]
#[template(path = "html/page.html")]
struct Page {
    style: &'static str,
    style_digest: &'static str,
    /// How many systems there are, in a sentence.
    said: String,
    at: Text,
    tool: Text,
    rules: Text,
    scan: Text,
    document: Text,
    targets: Shown<Target>,
    verdicts: [Count; 3],
    levels: Vec<AtLevel>,
    seen: u64,
    hidden: u64,
    left_out: u64,
    systems: Shown<Row>,
    sections: Shown<Section>,
    register: Option<Lists>,
    components: Option<Grid>,
    identities: Option<Grid>,
    coverage: Vec<Covered>,
}

/// One target of the scan.
#[derive(Debug)]
struct Target {
    target: Text,
    commit: Text,
}

/// How many systems have one verdict.
#[derive(Debug)]
struct Count {
    badge: Badge,
    systems: usize,
    /// What the verdict asks of a reviewer.
    means: &'static str,
}

/// How many systems may reach one level.
#[derive(Debug)]
struct AtLevel {
    level: Level,
    systems: usize,
    /// Of all systems, in percent.
    share: usize,
}

/// One line of the list of systems.
#[derive(Debug)]
struct Row {
    /// Where it is shown in full.
    anchor: Option<String>,
    name: Text,
    badge: Badge,
    level: String,
    sure: String,
    approval: &'static str,
    kind: &'static str,
    role: &'static str,
    root: Text,
}

/// The page as text.
pub(super) fn text(inventory: &Inventory) -> anyhow::Result<String> {
    let mut page = page(inventory).render()?;
    if !page.ends_with('\n') {
        page.push('\n');
    }
    Ok(page)
}

fn page(inventory: &Inventory) -> Page {
    // As in the document, but whatever needs a look before what needs none.
    let (mut systems, others): (Vec<&System>, Vec<&System>) =
        inventory.systems.iter().partition(|system| system.is_flagged());
    systems.extend(others);
    let anchors = section::anchors(&systems);
    let anchored = || systems.iter().zip(&anchors);
    let coverage: Vec<Covered> = inventory.coverage.iter().map(Covered::new).collect();
    let sum = |of: fn(&Covered) -> u64| coverage.iter().map(of).fold(0, u64::saturating_add);
    let scan = &inventory.scan;
    Page {
        style: STYLE,
        style_digest: STYLE_DIGEST,
        said: said(inventory),
        at: Text::short(&scan.started_at),
        tool: Text::short(&scan.tool),
        rules: Text::short(&scan.rules),
        scan: Text::short(&scan.id),
        document: Text::short(&inventory.schema),
        targets: Shown::of(scan.targets.iter(), TARGETS, target),
        verdicts: verdicts(&systems),
        levels: levels(&systems),
        seen: sum(|covered| covered.seen),
        hidden: sum(|covered| covered.hidden),
        left_out: sum(|covered| covered.left_out),
        systems: Shown::of(anchored().enumerate(), LISTED, |(at, (system, anchor))| {
            row(system, (at < IN_FULL).then(|| anchor.clone()))
        }),
        sections: Shown::of(anchored(), IN_FULL, |(system, anchor)| {
            Section::new(inventory.target_of(system), system, anchor.clone(), &|_| None)
        }),
        register: inventory.register.as_ref().map(Lists::of),
        components: parts::loose_components(&inventory.components),
        identities: parts::loose_identities(&inventory.identities),
        coverage,
    }
}

fn said(inventory: &Inventory) -> String {
    let of = |verdict| inventory.systems.iter().filter(|system| system.verdict == verdict).count();
    let seen = inventory.coverage.iter().any(|coverage| coverage.seen > 0);
    match inventory.systems.len() {
        // Where nothing was read, nothing was found out either.
        0 if !seen => "nothing was scanned".to_owned(),
        0 => "none found".to_owned(),
        all => {
            let (agentic, open) = (of(Verdict::Agentic), of(Verdict::Undetermined));
            format!("{agentic} agentic, {open} undetermined, {} not agentic", all - agentic - open)
        }
    }
}

fn target(target: &ScanTarget) -> Target {
    Target {
        target: Text::short(&target.target),
        commit: Text::short(target.commit.as_deref().unwrap_or_default()),
    }
}

fn verdicts(systems: &[&System]) -> [Count; 3] {
    let of = |verdict: Verdict, means| {
        let badge = Badge::of(verdict);
        // A system that uses no model is counted with those that are not agentic.
        let systems = systems.iter().filter(|system| Badge::of(system.verdict).class == badge.class).count();
        Count { badge, systems, means }
    };
    [
        of(Verdict::Agentic, "The model chooses actions that change something."),
        of(Verdict::Undetermined, "The evidence leaves it open; a person has to find out."),
        of(Verdict::NotAgentic, "Something certainly rules it out."),
    ]
}

fn levels(systems: &[&System]) -> Vec<AtLevel> {
    let at = |level: u8| {
        let reached = systems.iter().filter(|system| system.level[1].0.min(5) == level).count();
        AtLevel { level: Level(level), systems: reached, share: reached * 100 / systems.len().max(1) }
    };
    (0..=5).map(at).collect()
}

fn row(system: &System, anchor: Option<String>) -> Row {
    Row {
        anchor,
        name: Text::short(&system.name),
        badge: Badge::of(system.verdict),
        level: table::level(system),
        sure: table::percent(system.confidence),
        approval: table::approval(system),
        kind: system.kind.name(),
        role: system.role.name(),
        root: Text::short(&table::root(system)),
    }
}
