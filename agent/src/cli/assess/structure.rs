//! `muster assess structure`: the structure that assessments are made by, and what is wrong with one.

use std::path::PathBuf;

use asmm_model::assessment::Structure;
use clap::Args;

use super::begin::read;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::page::{Line, Page, Tone};

/// Print the structure of assessments, or look for what is wrong with one
///
/// The working structure is one file: domains, areas with their questions and what other frameworks call them, metrics, hints,
/// scale and thresholds. Copy it, change it, and give it to `muster assess new --structure`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess structure > ours.json
  muster assess structure ours.json     # what is wrong with it, and what would be right")]
pub(super) struct Structures {
    /// A structure to look at
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Structures {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Some(path) = self.file else {
            printer.result(Structure::working_text())?;
            return Ok(Exit::Done);
        };
        let (_, structure) = read(&path)?;
        let mut page = Page::new(printer.surface().width);
        let said = format!("{} {}", structure.id, structure.version);
        let areas = structure.areas().count();
        page.push(Line::new().with(Tone::Strong, said).plain(format!(
            ": {} domains, {areas} areas, {} metrics, {} rules of hints; nothing is wrong with it",
            structure.domains.len(),
            structure.metrics.len(),
            structure.rules.len()
        )));
        page.wrap(0, 2, &Line::new().with(Tone::Dim, format!("sha256 {}", structure.digest())));
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}
