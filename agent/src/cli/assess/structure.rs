//! `muster assess structure`: the structure that assessments are made by, and what is wrong with one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use asmm_model::assessment::Structure;
use clap::Args;

use super::begin::read;
use crate::assess::pages;
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
  muster assess structure ours.json     # what is wrong with it, and what would be right
  muster assess structure --pages agent/docs/asmm")]
pub(super) struct Structures {
    /// A structure to look at
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write it as Markdown pages into this folder: one for each area with its hints, and one for each metric
    #[arg(long, value_name = "DIR")]
    pages: Option<PathBuf>,
}

impl Structures {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let structure = match &self.file {
            Some(path) => read(path)?.1,
            None if self.pages.is_none() => {
                printer.result(Structure::working_text())?;
                return Ok(Exit::Done);
            }
            None => Structure::working().clone(),
        };
        if let Some(folder) = &self.pages {
            return write(folder, &structure, printer);
        }
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

fn write(folder: &Path, structure: &Structure, printer: &mut Printer) -> anyhow::Result<Exit> {
    let shown = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{shown}`"))?;
    let pages = pages::pages(structure);
    for (name, text) in &pages {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    printer.note(&format!("{} pages written into {shown}", pages.len()));
    Ok(Exit::Done)
}
