//! `muster register import`: takes what files declare into the store.

use std::path::PathBuf;

use clap::Args;

use super::super::UsageError;
use super::super::exit::Exit;
use super::super::printer::Printer;
use super::super::store::{StoreOption, block_on};
use crate::clock;
use crate::export::table;
use crate::page::{Line, Page, Tone};
use crate::register::Form;
use crate::store::{Source, Store};

/// Take what files declare into the store
///
/// Each file is a register of its own: importing it again replaces what it declared before. Rows that cannot be read are told, and the
/// rest is taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster register import systems.csv
  muster register import catalog-info.yaml use-cases.csv --store muster.db
  muster register import /tmp/export-4711.csv --as crm")]
pub(super) struct Import {
    /// The files: CSV, JSON, entities of Backstage, or the use cases of the US OMB
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How the files are written; by default told by what they hold
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Form>,
    /// What the register is known by, where its file is another one each time
    #[arg(long = "as", value_name = "NAME")]
    known_as: Option<String>,
    #[command(flatten)]
    store: StoreOption,
}

impl Import {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        if self.known_as.is_some() && self.files.len() > 1 {
            let help = "import each of them with its own `--as NAME`";
            return Err(UsageError::new("one name cannot stand for several files", help).into());
        }
        let at = clock::now();
        let mut sources = Vec::new();
        for path in &self.files {
            let book = super::book(path, self.format)?;
            let name = self.known_as.clone().unwrap_or_else(|| path.display().to_string());
            for note in &book.notes {
                printer.note(&format!("{}: {note}", path.display()));
            }
            let (at, form) = (at.clone(), book.form.name().to_owned());
            sources.push(Source { name, form, at, notes: book.notes, entries: book.entries });
        }
        let place = self.store.place()?;
        let (told, lists) = block_on(async {
            let store = Store::open(&place).await?;
            let done = async {
                let mut told = Vec::new();
                for source in &sources {
                    told.push(store.import(source).await?);
                }
                Ok((told, crate::register::of_store(&store).await?))
            }
            .await;
            store.close().await;
            done
        })?;
        let mut page = Page::new(printer.surface().width);
        for (source, imported) in sources.iter().zip(told) {
            let line = format!(
                ": {} entries as {}: {} added, {} changed, {} removed, {} as before",
                source.entries.len(),
                source.form,
                imported.added,
                imported.changed,
                imported.removed,
                imported.same
            );
            page.wrap(0, 2, &Line::new().with(Tone::Strong, &source.name).plain(line));
        }
        if let Some(lists) = lists {
            page.wrap(0, 2, &Line::new().plain(format!("{}.", table::register::in_short(&lists))));
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}
