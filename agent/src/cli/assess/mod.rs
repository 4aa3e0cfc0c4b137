//! `muster assess`: assessments that begin with the evidence in place, which people score.

mod begin;
mod compare;
mod export;
mod report;
mod road;
mod score;
mod show;
mod structure;

use clap::{Args, Subcommand};

use super::exit::Exit;
use super::printer::Printer;

/// Assess the program by the ASMM: evidence from scans, scores from people
///
/// An assessment begins with what scans and reviews say: metrics with the systems behind them, and hints of what speaks against a
/// level or for one. The tool never gives a score: a person does, and says why where the evidence speaks against it. Areas, scale
/// and formula are the `ASMM working structure` of this tool, since those of the publisher are not public; `--structure` takes
/// another one.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  muster assess new 2026-q4
  muster assess show 2026-q4                    # domains, areas, what is still open
  muster assess show 2026-q4 PR-A1              # the evidence of one area, and what each level needs
  muster assess score 2026-q4 PR-A1 2 --written 3 --coverage 2 --enforced 2 --measured 2
  muster assess seed 2026-q4                    # after new scans: what changed, and which scores it touches
  muster assess road 2026-q4 --domain PR=3      # what is missing, and which systems stand in the way
  muster assess sign 2026-q4 --by bob           # a second person
  muster assess report 2026-q4 --output report.html
  muster assess export 2026-q4 --output evidence")]
pub(super) struct Assess {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    New(begin::New),
    List(begin::List),
    Seed(begin::Reseed),
    Show(show::Show),
    Score(score::Give),
    Exclude(score::Exclude),
    Clear(score::Clear),
    Weigh(score::Weigh),
    Sign(score::Sign),
    Reopen(score::Reopen),
    Compare(compare::Compare),
    Road(road::Roads),
    Report(report::Report),
    Export(export::Export),
    Structure(structure::Structures),
}

impl Assess {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.what {
            What::New(new) => new.run(printer),
            What::List(list) => list.run(printer),
            What::Seed(seed) => seed.run(printer),
            What::Show(show) => show.run(printer),
            What::Score(score) => score.run(printer),
            What::Exclude(exclude) => exclude.run(printer),
            What::Clear(clear) => clear.run(printer),
            What::Weigh(weigh) => weigh.run(printer),
            What::Sign(sign) => sign.run(printer),
            What::Reopen(reopen) => reopen.run(printer),
            What::Compare(compare) => compare.run(printer),
            What::Road(road) => road.run(printer),
            What::Report(report) => report.run(printer),
            What::Export(export) => export.run(printer),
            What::Structure(structure) => structure.run(printer),
        }
    }
}
