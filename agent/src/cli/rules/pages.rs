//! `muster rules pages`: the built-in rules as Markdown, a page for each rule file and an index.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use muster_rules::RulePack;

use super::markdown;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;

/// Write the built-in rules as Markdown pages: one for each rule file, and an index
///
/// Pages of the same names are replaced, and no other file is touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster rules pages agent/docs/rules")]
pub(super) struct Pages {
    /// Folder that the pages are written into; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Pages {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let folder = self.folder.display();
        fs::create_dir_all(&self.folder).with_context(|| format!("cannot make the folder `{folder}`"))?;
        let pages = markdown::pages(&RulePack::built_in(), &RulePack::built_in_sources());
        for (name, text) in &pages {
            let path = self.folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        printer.note(&format!("{} pages written into {folder}", pages.len()));
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_in_the_tree_are_those_of_the_rules() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
        let there: BTreeMap<String, String> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .map(|entry| {
                let path = entry.expect("the folder can be listed").path();
                let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
                (name, fs::read_to_string(&path).expect("a page is text"))
            })
            .collect();
        let made = markdown::pages(&RulePack::built_in(), &RulePack::built_in_sources());
        let names = there.keys().chain(made.keys());
        let mut stale: Vec<&String> = names.filter(|name| there.get(*name) != made.get(*name)).collect();
        stale.dedup();
        stale.sort();
        stale.dedup();
        assert!(
            stale.is_empty(),
            "the pages {stale:?} are not what the rules say: run `rm -r agent/docs/rules && cargo run -- rules pages \
             agent/docs/rules` in the root of the repository, and read the difference"
        );
    }
}
