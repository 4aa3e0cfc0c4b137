//! `muster assess score`, `exclude`, `clear`, `weigh`, `sign` and `reopen`: what people say of an assessment.

use std::collections::BTreeMap;

use asmm_model::assessment::{Score, Weight};
use clap::Args;

use super::show;
use crate::assess::{Act, Assessment};
use crate::cli::decide::Who;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::clock;
use crate::page::{Line, Page, Tone};

/// Of which assessment something is said, by whom, and why.
#[derive(Debug, Args)]
struct Of {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

impl Of {
    fn act(&self, act: Act) -> anyhow::Result<Assessment> {
        let at = clock::now();
        let (by, reason) = (self.who.name(), &self.who.reason);
        self.store.with(async |store| store.assess(&self.name, act, &by, reason, &at, None).await)
    }

    /// Does it, and shows what the area is rated now.
    fn of_area(&self, act: Act, area: &str, printer: &mut Printer) -> anyhow::Result<Exit> {
        let assessment = self.act(act)?;
        let mut page = Page::new(printer.surface().width);
        show::score(&assessment, area, &mut page);
        show::ratings(&assessment, &mut page);
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

/// Give an area a level
///
/// A level needs all four tests of it to hold: is it written, does it cover the systems, is it enforced, is it measured. Where the level
/// that each test reaches is said, none may be below the score. A score above a ceiling or below a floor of the evidence takes a `--reason`.
#[derive(Debug, Args)]
pub(super) struct Give {
    #[command(flatten)]
    of: Of,
    /// The area, such as PR-A1
    #[arg(value_name = "AREA")]
    area: String,
    /// The level: 1, 2, 3, 4 or 5
    #[arg(value_name = "LEVEL", value_parser = level)]
    level: Score,
    /// What level is reached by what is written down
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    written: Option<Score>,
    /// What level is reached by how many systems it covers
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    coverage: Option<Score>,
    /// What level is reached by how it is enforced
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    enforced: Option<Score>,
    /// What level is reached by how it is measured
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    measured: Option<Score>,
}

impl Give {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { of, area, level, written, coverage, enforced, measured } = self;
        let given =
            [("written", written), ("coverage", coverage), ("enforced", enforced), ("measured", measured)];
        let tests: BTreeMap<String, Score> =
            given.into_iter().filter_map(|(test, level)| Some((test.to_owned(), level?))).collect();
        of.of_area(Act::Score { area: area.clone(), score: level, tests }, &area, printer)
    }
}

fn level(text: &str) -> Result<Score, String> {
    let level = text.parse::<u8>().ok().and_then(Score::new);
    level.ok_or_else(|| "a level is 1, 2, 3, 4 or 5: who cannot choose takes the lower one".to_owned())
}

/// Say that an area does not apply, with a reason
#[derive(Debug, Args)]
pub(super) struct Exclude {
    #[command(flatten)]
    of: Of,
    /// The area
    #[arg(value_name = "AREA")]
    area: String,
}

impl Exclude {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.of.of_area(Act::Exclude { area: self.area.clone() }, &self.area, printer)
    }
}

/// Take back what was said of an area; it is not assessed then
#[derive(Debug, Args)]
pub(super) struct Clear {
    #[command(flatten)]
    of: Of,
    /// The area
    #[arg(value_name = "AREA")]
    area: String,
}

impl Clear {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.of.of_area(Act::Clear { area: self.area.clone() }, &self.area, printer)
    }
}

/// Let an area or a domain count more or less than the structure says, with a reason
#[derive(Debug, Args)]
pub(super) struct Weigh {
    #[command(flatten)]
    of: Of,
    /// The area or the domain
    #[arg(value_name = "AREA")]
    what: String,
    /// How much it counts among its siblings: above 0, at most 10
    #[arg(value_name = "WEIGHT", value_parser = weight)]
    weight: Weight,
}

fn weight(text: &str) -> Result<Weight, String> {
    Weight::decimal(text)
        .ok_or_else(|| "a weight is above 0 and at most 10, with two decimals at most".to_owned())
}

impl Weigh {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let assessment = self.of.act(Act::Weigh { of: self.what, weight: self.weight })?;
        ratings(&assessment, printer)
    }
}

/// Agree with an assessment as a whole: a second person, once the rating is final
#[derive(Debug, Args)]
pub(super) struct Sign {
    #[command(flatten)]
    of: Of,
}

impl Sign {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        ratings(&self.of.act(Act::Sign)?, printer)
    }
}

/// Open an assessment that was signed, with a reason
#[derive(Debug, Args)]
pub(super) struct Reopen {
    #[command(flatten)]
    of: Of,
}

impl Reopen {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        ratings(&self.of.act(Act::Reopen)?, printer)
    }
}

fn ratings(assessment: &Assessment, printer: &mut Printer) -> anyhow::Result<Exit> {
    let mut page = Page::new(printer.surface().width);
    if let Some(signed) = &assessment.head.signed {
        let said = format!("{} is signed by {}.", assessment.head.name, signed.by);
        page.push(Line::new().with(Tone::Good, said));
    }
    show::ratings(assessment, &mut page);
    printer.page(&page)?;
    Ok(Exit::Done)
}
