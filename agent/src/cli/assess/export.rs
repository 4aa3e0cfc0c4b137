//! `muster assess export`: the evidence bundle of an assessment, for an auditor.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::assess::bundle::{gather, sign};
use crate::cli::UsageError;
use crate::cli::environment;
use crate::cli::exit::Exit;
use crate::cli::output::OutputFolder;
use crate::cli::printer::Printer;
use crate::cli::store::StoreOption;
use crate::clock;

/// The variable of the environment that holds the password of a key.
const PASSWORD: &str = "MUSTER_SIGNING_PASSWORD";
/// The largest file of a key or a password, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Write the evidence of an assessment as a folder, for an auditor
///
/// Scores with all that was said before, the structure, the seed, the inventory of the last run, what was not seen, the audit log, the
/// same for tools that read OSCAL and CycloneDX, the report, and a manifest with the SHA-256 of each file. `muster evidence verify` checks
/// such a folder anywhere, without a store.
///
/// A key of yours may sign the manifest, and with it all files: one that `minisign -G` made, whose password is read from the variable
/// MUSTER_SIGNING_PASSWORD or from a file. The signature is checked by `muster evidence verify --public-key`, and by minisign.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess export 2026-q4 --output evidence
  muster assess export 2026-q4 --output evidence --sign-with auditor.key --password-file password.txt
  muster evidence verify evidence --public-key auditor.pub")]
pub(super) struct Export {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder to make
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Sign it with this secret key, as minisign keeps one in a file
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// The first line of this file is the password of the key
    #[arg(long, value_name = "FILE", requires = "sign_with")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    store: StoreOption,
}

impl Export {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let output = OutputFolder::at(&self.output)?;
        let at = clock::now();
        // Before anything is read: whoever mistook a file need not wait.
        let key = match &self.sign_with {
            Some(file) => Some((file, small(file)?, self.password()?)),
            None => None,
        };
        let mut files = self.store.with_any(async |store| gather(store, &self.name, &at).await)?;
        if let Some((file, key, password)) = key {
            sign(&mut files, &key, password).map_err(|error| {
                let next = format!("give its password with `--password-file`, or in the variable {PASSWORD}");
                UsageError::new(format!("`{}` does not sign: {error}", file.display()), next)
            })?;
        }
        output.write(&files)?;
        printer.note(&format!("{} files are in `{}`", files.len(), self.output.display()));
        Ok(Exit::Done)
    }

    /// What opens the key: a key without a password needs none.
    fn password(&self) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.password_file else { return Ok(environment::variable(PASSWORD)) };
        let text = small(file)?;
        Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
    }
}

/// A file of a key or a password.
fn small(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let about = fs::metadata(file).with_context(|| format!("`{shown}` cannot be read"))?;
    anyhow::ensure!(
        about.is_file() && about.len() <= LARGEST,
        "`{shown}` is too large for a key or a password"
    );
    fs::read_to_string(file).with_context(|| format!("`{shown}` cannot be read"))
}
