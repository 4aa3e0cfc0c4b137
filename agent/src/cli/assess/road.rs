//! `muster assess road`: what is missing for a target, and what stands in the way.

use std::path::PathBuf;

use asmm_model::assessment::{Road, Score, Step, Targets, road};
use clap::{Args, ValueEnum};

use crate::assess::{Assessment, road as tickets};
use crate::cli::exit::Exit;
use crate::cli::output::OutputFile;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::page::{Line, Page, Tone};

/// Show the road to a target: what each area needs, and which systems stand in the way
///
/// Without a target, one band above where each domain is. Areas come in the order of what they bring: those that lift the overall band
/// first, then those that add most to the score, then those that touch the fewest systems.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess road 2026-q4
  muster assess road 2026-q4 --domain PR=4 --domain GV=3
  muster assess road 2026-q4 --area PR-A1=4 --format markdown --output tickets.md
  muster assess road 2026-q4 --format csv --output road.csv")]
pub(super) struct Roads {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    /// The target of a domain; may be given several times
    #[arg(long, value_name = "DOMAIN=LEVEL", value_parser = target)]
    domain: Vec<(String, Score)>,
    /// The target of an area, before that of its domain; may be given several times
    #[arg(long, value_name = "AREA=LEVEL", value_parser = target)]
    area: Vec<(String, Score)>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// A row for each area
    Csv,
    /// A ticket for each area
    Markdown,
}

fn target(text: &str) -> Result<(String, Score), String> {
    let read =
        text.split_once('=').and_then(|(id, level)| Some((id, level.parse().ok().and_then(Score::new)?)));
    let (id, level) =
        read.ok_or_else(|| "a target is an id and a level from 1 to 5, as in PR=3".to_owned())?;
    Ok((id.to_owned(), level))
}

impl Roads {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let assessment = self.store.with(async |store| store.assessment(&self.name).await)?;
        for (id, is_known, kind) in (self.domain.iter())
            .map(|(id, _)| (id, assessment.structure.domain(id).is_some(), "domain"))
            .chain(self.area.iter().map(|(id, _)| (id, assessment.structure.area(id).is_some(), "area")))
        {
            anyhow::ensure!(is_known, "`{id}` is no {kind} of the structure");
        }
        let targets =
            Targets { areas: self.area.into_iter().collect(), domains: self.domain.into_iter().collect() };
        let road = road(&assessment.structure, &assessment.seeded.seed, &assessment.scores(), &targets);
        let text = match self.format {
            Form::Json => serde_json::to_string_pretty(&road)? + "\n",
            Form::Csv => tickets::csv(&road)?,
            Form::Markdown => tickets::markdown(&assessment.head.name, &road),
            Form::Table => {
                let surface = if output.is_some() { printer.file_surface() } else { printer.surface() };
                let mut page = Page::new(surface.width);
                told(&assessment, &road, &mut page);
                page.text(surface.colour)
            }
        };
        printer.result_to(output, &text)?;
        Ok(Exit::Done)
    }
}

fn told(assessment: &Assessment, road: &Road, page: &mut Page) {
    if road.steps.is_empty() {
        page.push(Line::new().plain("Every area that is assessed is at its target."));
    }
    for step in &road.steps {
        tell(assessment, step, page);
    }
    if !road.unassessed.is_empty() {
        let say = format!(
            "{} of {} areas are not assessed: whether they are below the target is not known.",
            road.unassessed.len(),
            assessment.structure.areas().count()
        );
        page.wrap(
            0,
            2,
            &Line::new().with(Tone::Open, say).with(Tone::Dim, format!("  {}", road.unassessed.join(", "))),
        );
    }
}

fn tell(assessment: &Assessment, step: &Step, page: &mut Page) {
    let (from, to) = (step.from.level(), step.to.level());
    let mut line = Line::new()
        .with(Tone::Strong, &step.area)
        .plain(format!(" {}: {from} → {to}, +{} overall", step.title, step.gain));
    if let (1.., Some(band)) = (step.gain_bands, step.overall_band) {
        line = line.with(Tone::Good, format!(", lifts the overall band to {band}"));
    }
    page.wrap(0, 2, &line);
    for barrier in &step.barriers {
        page.wrap(2, 4, &Line::new().with(Tone::Bad, "in the way: ").plain(&barrier.lifted));
    }
    for need in &step.needs {
        page.wrap(2, 4, &Line::new().plain(format!("{}: {}", need.title, need.needs)));
    }
    if !step.systems.is_empty() {
        let names: Vec<&str> = step.systems.iter().map(|id| assessment.name_of(id)).collect();
        page.wrap(2, 4, &Line::new().with(Tone::Dim, names.join(", ")));
    }
    page.gap();
}
