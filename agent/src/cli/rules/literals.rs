//! `muster rules literals`: the texts that make a file worth parsing.

use clap::Args;
use muster_rules::RulePack;

use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::page::{Line, Page};

/// Print the literal texts that make a file worth parsing, one a line
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster rules literals > literals.txt
  muster rules literals | rg --files-with-matches --fixed-strings --file - .")]
pub(super) struct Literals {}

impl Literals {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self {} = self;
        let mut page = Page::new(usize::MAX);
        for literal in muster_code::literals(&RulePack::built_in()) {
            page.push(Line::new().plain(literal));
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}
