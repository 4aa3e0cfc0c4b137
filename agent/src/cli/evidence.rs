//! `muster evidence`: whether the evidence bundle of an assessment is whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use minisign::PublicKey;

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use crate::assess::bundle::{self, Files, MANIFEST};
use crate::page::{Line, Page, Tone, visible};

/// The largest bundle that is read, in bytes.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// The largest file of a public key, in bytes.
const KEY: u64 = 4 * 1024;
/// Entries of a folder that are looked at; a bundle has a dozen.
const ENTRIES: usize = 1_000;

/// Check the evidence of an assessment, as `muster assess export` wrote it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster evidence verify evidence
  muster evidence verify evidence --public-key auditor.pub")]
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
        /// The bundle has to be signed by this public key of minisign: a file, or the key itself
        #[arg(long, value_name = "KEY")]
        public_key: Option<String>,
    },
}

impl Evidence {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let What::Verify { folder, public_key } = self.what;
        let key = public_key.as_deref().map(key).transpose()?;
        let (files, mut faults) = read(&folder)?;
        faults.extend(bundle::verify(&files));
        faults.extend(key.as_ref().and_then(|key| bundle::fault(&files, key)));
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
            page.wrap(0, 2, &Line::new().plain(signed(&files, key.is_some())));
        }
        printer.page(&page)?;
        Ok(if faults.is_empty() { Exit::Done } else { Exit::Flagged })
    }
}

/// Reads a public key from a file of that name, or from the text itself.
fn key(text: &str) -> anyhow::Result<PublicKey> {
    let file = Path::new(text);
    let read = match file.metadata() {
        Ok(about) if about.is_file() && about.len() <= KEY => {
            fs::read_to_string(file).with_context(|| format!("`{text}` cannot be read"))?
        }
        _ => text.to_owned(),
    };
    bundle::public_key(&read).map_err(|what| {
        let next = "give the file that `minisign -G` wrote, or the second line of it";
        UsageError::new(format!("`{}`: {what}", visible(text)), next).into()
    })
}

/// Whether it is signed, for somebody whose other questions are answered.
fn signed(files: &Files, is_checked: bool) -> String {
    match bundle::comment(files) {
        Some(comment) if is_checked => format!("It is signed by that key: {}", visible(&comment)),
        Some(_) => "It is signed; `--public-key` finds out by whom.".to_owned(),
        None => "It is not signed.".to_owned(),
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
