//! Writes a result to a file or a folder, whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::UsageError;

/// A file that can be written, as far as that can be told without writing it.
#[derive(Debug)]
pub(crate) struct OutputFile {
    path: PathBuf,
    folder: PathBuf,
    name: String,
}

impl OutputFile {
    /// Looks at the place before any work is done for it.
    pub(crate) fn at(path: &Path) -> Result<Self, UsageError> {
        let shown = path.display();
        if path.is_dir() {
            return Err(UsageError::new(
                format!("`{shown}` is a folder"),
                format!("give a file in it, as in `--output {}`", path.join("inventory.json").display()),
            ));
        }
        let Some(name) = path.file_name() else {
            return Err(UsageError::new(
                format!("`{shown}` names no file"),
                "give the path of a file to write",
            ));
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folder.is_dir() {
            return Err(UsageError::new(
                format!("`{shown}` cannot be written: there is no folder `{}`", folder.display()),
                "make the folder first, or give another place",
            ));
        }
        Ok(Self { path: path.to_owned(), name: name.to_string_lossy().into_owned(), folder })
    }

    /// Writes beside the file and moves over it, so that nobody ever reads half of a result.
    pub(crate) fn write(&self, text: &str) -> anyhow::Result<()> {
        self.write_with(&mut |out| Ok(out.write_all(text.as_bytes())?))
    }

    /// The same of what is not in memory as a whole.
    pub(crate) fn write_with(
        &self,
        write: &mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let cannot = || format!("`{}` cannot be written", self.path.display());
        // A device or a pipe cannot be replaced, and does not hold a result that could be lost.
        if fs::metadata(&self.path).is_ok_and(|existing| !existing.is_file()) {
            let mut there =
                OpenOptions::new().write(true).truncate(true).open(&self.path).with_context(cannot)?;
            return write(&mut there).with_context(cannot);
        }
        // Through a link, the file behind it is replaced and the link stays.
        let target = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(&self.folder);
        let draft = folder.join(format!(".{}.{}.tmp", self.name, std::process::id()));
        let mut draw_up = || {
            let mut file = File::create_new(&draft)?;
            write(&mut file)?;
            file.sync_all()?;
            fs::rename(&draft, &target)?;
            anyhow::Ok(())
        };
        let written = draw_up();
        if written.is_err() {
            // The draft is of no use; that it cannot be removed either is not the error to report.
            let _ = fs::remove_file(&draft);
        }
        written.with_context(cannot)
    }
}

/// A folder that can be made, as far as that can be told without making it.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    path: PathBuf,
    draft: PathBuf,
}

impl OutputFolder {
    /// Looks at the place before any work is done for it: nothing, or an empty folder.
    pub(crate) fn at(path: &Path) -> Result<Self, UsageError> {
        let shown = path.display();
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.symlink_metadata().is_ok() && !is_empty(&path) {
            return Err(UsageError::new(
                format!("`{shown}` is there already, and is no empty folder"),
                "give the name of a new folder: nothing is written over",
            ));
        }
        let Some(name) = path.file_name() else {
            return Err(UsageError::new(
                format!("`{shown}` names no folder"),
                "give the path of a folder to make",
            ));
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !parent.is_dir() {
            return Err(UsageError::new(
                format!("`{shown}` cannot be made: there is no folder `{}`", parent.display()),
                "make that folder first, or give another place",
            ));
        }
        let draft = parent.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        Ok(Self { path, draft })
    }

    /// Writes beside the folder and moves there, so that nobody ever finds half of it.
    pub(crate) fn write(&self, files: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
        let written = self.draft(files).and_then(|()| {
            if is_empty(&self.path) {
                fs::remove_dir(&self.path)?;
            }
            fs::rename(&self.draft, &self.path)
        });
        if written.is_err() {
            // The draft is of no use; that it cannot be removed either is not the error to report.
            let _ = fs::remove_dir_all(&self.draft);
        }
        written.with_context(|| format!("`{}` cannot be written", self.path.display()))
    }

    fn draft(&self, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
        fs::create_dir(&self.draft)?;
        for (name, bytes) in files {
            write_new(&self.draft.join(name), bytes)?;
        }
        Ok(())
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
