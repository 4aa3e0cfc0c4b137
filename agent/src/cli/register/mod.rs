//! `muster register`: what the organisation declared, held against what was seen, and what people say of it.

mod decide;
mod import;
mod list;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use asmm_model::{Inventory, Register as Lists};
use clap::{Args, Subcommand};

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use crate::register::{self, Book, Form, Seen};
use crate::scan::Plan;

/// Hold what the organisation declared against what was seen
///
/// Without a command, prints the lists: declared and seen, seen but not declared, declared but not seen, and what a person has to say.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  muster register import systems.csv
  muster register
  muster register --format csv > register.csv
  muster register confirm AI-007 refunds --reason 'the same team'   # `muster undo` takes it back")]
pub(super) struct Register {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::List,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Import),
    List(list::List),
    Confirm(decide::Confirm),
    Reject(decide::Reject),
}

impl Register {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.command {
            None => self.list.run(printer),
            Some(Command::List(list)) => list.run(printer),
            Some(Command::Import(import)) => import.run(printer),
            Some(Command::Confirm(confirm)) => confirm.run(printer),
            Some(Command::Reject(reject)) => reject.run(printer),
        }
    }
}

/// Reads the file of a register.
///
/// # Errors
/// It cannot be read, or declares nothing.
pub(super) fn book(path: &Path, form: Option<Form>) -> anyhow::Result<Book> {
    let shown = path.display().to_string();
    let help =
        "give a table (CSV), a list in JSON, a catalog-info.yaml of Backstage or an inventory of the OMB";
    let mistake = |what: String| UsageError::new(what, help);
    // What is no file may be without an end, and nobody may ever write into it.
    let is_file =
        path.metadata().map_err(|error| mistake(format!("`{shown}` cannot be read: {error}")))?.is_file();
    if !is_file {
        return Err(mistake(format!("`{shown}` is no file")).into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(register::MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| mistake(format!("`{shown}` cannot be read: {error}")))?;
    Ok(register::read(&shown, &bytes, form)
        .map_err(|error| mistake(format!("`{shown}` is no register: {error}")))?)
}

/// What files that were just read declare, held against what a scan found.
pub(super) fn of_scan(books: Vec<(String, Book)>, plan: &Plan, inventory: &Inventory) -> Lists {
    let mut seen = Seen::default();
    for (target, folder) in plan.folders() {
        let Some(origin) = muster_code::origin(&folder) else { continue };
        if let Some(repository) = origin.repository {
            seen.repositories.insert(target.clone(), repository);
        }
        if !origin.below.is_empty() {
            seen.parts.insert(target, origin.below);
        }
    }
    let (mut entries, mut notes) = (Vec::new(), Vec::new());
    for (file, book) in books {
        entries.extend(book.entries);
        notes.extend(book.notes.into_iter().map(|note| format!("{file}: {note}")));
    }
    Lists { notes, ..register::matched(entries, inventory, &[], &seen) }
}
