//! `muster assess new`, `list` and `seed`: beginning an assessment, and giving it what scans say now.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use asmm_model::assessment::{Seed, Structure};
use clap::Args;

use super::show;
use crate::assess::Assessment;
use crate::cli::decide::Who;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::cli::runs::Form;
use crate::cli::store::StoreOption;
use crate::clock;
use crate::page::{Line, Page, Tone};
use crate::store::ListedAssessment;

/// The largest structure that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Begin an assessment, with evidence from the last scans
#[derive(Debug, Args)]
pub(super) struct New {
    /// What it is called: letters, digits, `-`, `_` and `.`
    #[arg(value_name = "NAME")]
    name: String,
    /// Another structure than the working structure of this tool
    #[arg(long, value_name = "FILE")]
    structure: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

impl New {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let (text, structure) = match &self.structure {
            Some(path) => read(path)?,
            None => (Structure::working_text().to_owned(), Structure::working().clone()),
        };
        let (now, at) = (clock::timestamp(), clock::now());
        let begun = self.store.with(async |store| {
            let seed = store.seed(&structure, now).await?;
            store.begin_assessment(&self.name, (&text, &seed), &self.who.name(), &at).await
        })?;
        let mut page = Page::new(printer.surface().width);
        show::overview(&begun, &mut page);
        printer.page(&page)?;
        printer.note(&format!("`muster assess show {} AREA` shows the evidence of an area", self.name));
        Ok(Exit::Done)
    }
}

/// Reads a structure, or tells everything that is wrong with it.
pub(super) fn read(path: &Path) -> anyhow::Result<(String, Structure)> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("`{shown}` cannot be read"))?.len();
    anyhow::ensure!(size <= LARGEST, "`{shown}` is larger than {LARGEST} bytes, which no structure is");
    let text = fs::read_to_string(path).with_context(|| format!("`{shown}` cannot be read"))?;
    match Structure::read(&text) {
        Ok(structure) => Ok((text, structure)),
        Err(faults) => {
            let told: Vec<String> = faults.iter().take(20).map(|fault| format!("\n  {fault}")).collect();
            let more = faults.len().saturating_sub(told.len());
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            anyhow::bail!("`{shown}` is no structure:{}{more}", told.concat())
        }
    }
}

/// List the assessments, the last one first
#[derive(Debug, Args)]
pub(super) struct List {
    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

impl List {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let listed = self.store.with(async |store| store.assessments().await)?;
        if self.format == Form::Json {
            printer.result(&(serde_json::to_string_pretty(&listed)? + "\n"))?;
            return Ok(Exit::Done);
        }
        let mut page = Page::new(printer.surface().width);
        for one in &listed {
            page.wrap(0, 4, &line(one));
        }
        if listed.is_empty() {
            page.push(
                Line::new().plain("There is no assessment yet. `muster assess new 2026-q4` begins one."),
            );
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

fn line(one: &ListedAssessment) -> Line {
    let line = Line::new()
        .with(Tone::Strong, &one.head.name)
        .plain(format!(": {} of {} areas scored", one.scored, one.areas));
    let line = match &one.head.signed {
        Some(signed) => line.with(Tone::Good, format!(", signed by {}", signed.by)),
        None => line.with(Tone::Open, ", open"),
    };
    let begun = one.head.begun_at.get(..10).unwrap_or(&one.head.begun_at);
    line.with(Tone::Dim, format!("  begun by {} on {begun}", one.head.begun_by))
}

/// Give an assessment what scans and reviews say now, or print that
///
/// Scores stay. Those whose evidence is otherwise than when they were given are marked, and have to be given again before anybody signs.
/// Without a name, prints the seed document of what is known now, and keeps nothing.
#[derive(Debug, Args)]
pub(super) struct Reseed {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Without a name: another structure than the working structure of this tool
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    structure: Option<PathBuf>,
    /// The form of the result; the seed itself is `json`
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

impl Reseed {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let (now, at) = (clock::timestamp(), clock::now());
        let Some(name) = &self.name else {
            let structure = match &self.structure {
                Some(path) => read(path)?.1,
                None => Structure::working().clone(),
            };
            let seed = self.store.with(async |store| store.seed(&structure, now).await)?;
            return print(&seed, self.format, printer);
        };
        let seeded = self.store.with(async |store| {
            let before = store.assessment(name).await?;
            let seed = store.seed(&before.structure, now).await?;
            store.seed_assessment(name, &seed, &self.who.name(), &at).await
        })?;
        if self.format == Form::Json {
            return print(&seeded.seeded.seed, self.format, printer);
        }
        let mut page = Page::new(printer.surface().width);
        told(&seeded, &mut page);
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

fn print(seed: &Seed, format: Form, printer: &mut Printer) -> anyhow::Result<Exit> {
    if format == Form::Json {
        printer.result(&(serde_json::to_string_pretty(seed)? + "\n"))?;
        return Ok(Exit::Done);
    }
    let mut page = Page::new(printer.surface().width);
    show::seed(seed, &mut page);
    printer.page(&page)?;
    Ok(Exit::Done)
}

/// Which scores the new evidence touches.
fn told(assessment: &Assessment, page: &mut Page) {
    let name = &assessment.head.name;
    let number = assessment.seeded.number;
    page.wrap(
        0,
        2,
        &Line::new().with(Tone::Strong, name).plain(format!(" has its evidence anew (seed {number}).")),
    );
    if assessment.changed.is_empty() {
        page.push(Line::new().plain("No score rests on evidence that is otherwise now."));
        return;
    }
    page.push(Line::new().plain("Scores that were given on other evidence:"));
    for (area, changes) in &assessment.changed {
        for change in changes {
            page.wrap(2, 6, &Line::new().with(Tone::Open, area).plain(format!("  {change}")));
        }
    }
}
