//! `muster rules test`: which rules fire on one file, and which names they are held against.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use muster_code::{Fired, Named};

use crate::cli::UsageError;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::page::{Line, Page, Tone};

/// Show which rules fire on a file, and where
///
/// The name of the file decides its language. The file stands alone: what it imports from its own project is not
/// followed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster rules test app.py
  muster rules test app.py --names
  muster rules test app.py --rules my-rules")]
pub(super) struct Test {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Add the rules of a folder to the built-in ones
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Also list every name that rules are held against, in the form that a pattern must have
    ///
    /// Imports, calls, decorators and base classes of a source file, the packages of a manifest. Where a pattern does
    /// not fit, the name that it was meant for stands here as the engine sees it.
    #[arg(long)]
    names: bool,
}

/// Bytes that are read of a file.
const LIMIT: u64 = 16 << 20;

impl Test {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let shown = self.file.display().to_string();
        if self.file.is_dir() {
            let help = format!("give a file in it; `muster scan {shown}` reads a whole folder");
            return Err(UsageError::new(format!("`{shown}` is a folder"), help).into());
        }
        let pack = super::load(self.rules.as_deref())?;
        let text = read(&self.file).with_context(|| format!("`{shown}` cannot be read"))?;
        let cannot = |why| anyhow::anyhow!("`{shown}` cannot be tested: {why}");
        let fired = muster_code::fired(&pack, &shown, &text).map_err(cannot)?;
        let names =
            self.names.then(|| muster_code::names(&pack, &shown, &text).map_err(cannot)).transpose()?;
        if fired.is_empty() {
            printer.note(&format!("no rule fires on `{shown}`"));
        }
        let mut page = page(&shown, fired);
        for Named { line, site, name } in names.into_iter().flatten() {
            let place = format!("{shown}:{line}: ");
            page.push(Line::new().with(Tone::Dim, place).plain(format!("{site} ")).with(Tone::Strong, name));
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

/// No more than any source file has: what is named may be a device without an end.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= LIMIT, "it is larger than {} MiB", LIMIT >> 20);
    Ok(text)
}

fn page(file: &str, fired: Vec<Fired>) -> Page {
    let mut page = Page::new(usize::MAX);
    for Fired { line, rule, because } in fired {
        let place = format!("{file}:{line}: ");
        page.push(Line::new().with(Tone::Dim, place).with(Tone::Strong, rule).plain(": ").plain(because));
    }
    page
}
