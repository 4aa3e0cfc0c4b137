//! `muster evidence`: whether the evidence bundle of an assessment is whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use crate::assess::bundle::{self, Files, MANIFEST};
use crate::page::{Line, Page, Tone, visible};

/// The largest bundle that is read, in bytes.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Entries of a folder that are looked at; a bundle has a dozen.
const ENTRIES: usize = 1_000;

/// Check the evidence of an assessment, as `muster assess export` wrote it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster evidence verify evidence")]
pub(super) struct Evidence {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find out whether anything in a bundle was changed, left out or added, and whether its parts say the same
    ///
    /// Every file has to be as the manifest says, the audit log has to be whole and tell of the scores, every hint has to rest on evidence
    /// that is there, and the ratings have to follow from the scores. Needs no store. Whoever makes all of a bundle anew is not found by
    /// that: compare the last entry of its audit log with one that was kept elsewhere. Ends with code 10 where something is wrong.
    Verify {
        /// The folder
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

impl Evidence {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let What::Verify { folder } = self.what;
        let (files, mut faults) = read(&folder)?;
        faults.extend(bundle::verify(&files));
        let mut page = Page::new(printer.surface().width);
        for fault in &faults {
            page.wrap(0, 2, &Line::new().with(Tone::Bad, fault.clone()));
        }
        if faults.is_empty() {
            page.push(Line::new().plain(format!(
                "{} files, none changed, left out or added; the ratings follow from the scores.",
                files.len()
            )));
            if let Some(last) = bundle::last(&files) {
                let told = format!("The audit log ends with entry {}, {}", last.sequence, last.hash);
                page.push(Line::new().plain(told));
            }
        }
        printer.page(&page)?;
        Ok(if faults.is_empty() { Exit::Done } else { Exit::Flagged })
    }
}

/// The files of a folder, and what in it is no plain file. Nothing outside of it is read, whatever its manifest names.
fn read(folder: &Path) -> anyhow::Result<(Files, Vec<String>)> {
    let shown = folder.display();
    let cannot = || format!("`{shown}` cannot be read");
    if !folder.join(MANIFEST).symlink_metadata().is_ok_and(|about| about.is_file()) {
        return Err(UsageError::new(
            format!("`{shown}` is no evidence: it has no `{MANIFEST}`"),
            "give a folder that `muster assess export` wrote",
        )
        .into());
    }
    let (mut files, mut faults, mut size) = (Files::new(), Vec::new(), 0_u64);
    for (at, entry) in fs::read_dir(folder).with_context(cannot)?.enumerate() {
        let entry = entry.with_context(cannot)?;
        let about = entry.path().symlink_metadata().with_context(cannot)?;
        size = size.saturating_add(about.len());
        if at >= ENTRIES || size > LARGEST {
            let what = format!("`{shown}` holds more than {ENTRIES} files or {LARGEST} bytes");
            return Err(UsageError::new(what, "no bundle does: look at what was added to it").into());
        }
        match entry.file_name().into_string() {
            Ok(name) if about.is_file() => {
                let bytes = fs::read(entry.path()).with_context(cannot)?;
                files.insert(name, bytes);
            }
            Ok(name) => faults.push(format!("`{}` is no plain file", visible(&name))),
            Err(name) => faults.push(format!("`{}` was added", visible(&name.to_string_lossy()))),
        }
    }
    faults.sort_unstable();
    Ok((files, faults))
}
