//! `muster explain`: the argument behind the verdict about one system of a saved inventory.

use std::path::{Path, PathBuf};

use asmm_model::{Criterion, Inventory, System};
use clap::Args;
use muster_collect::Target;
use muster_rules::RulePack;

use super::exit::Exit;
use super::nearest::distance;
use super::output::OutputFile;
use super::printer::Printer;
use super::{UsageError, document};
use crate::explain::{self, Question, Source};

/// Explain the verdict about one system, with the code that it rests on
///
/// Tells each answer, what speaks for and against it, and what would change the verdict. Reads an inventory that `muster scan --format json` wrote, and the lines around each piece of evidence from the
/// folder that was scanned. What looks like a secret in these lines is masked. Nothing is scanned again.
///
/// With `--graph` it draws the system instead, as SVG: what starts it, what it may call, what it acts under, and where it was seen.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster scan . --format json | muster explain
  muster explain refunds --inventory inventory.json
  muster explain sys-99cd --inventory inventory.json --source ../shop --context 5
  muster explain refunds --inventory inventory.json --criterion C4
  muster explain refunds --inventory inventory.json --graph --output refunds.svg")]
pub(super) struct Explain {
    /// The system: its name, its id or the beginning of it, or its folder; not needed where there is only one
    #[arg(value_name = "SYSTEM")]
    system: Option<String>,
    /// The inventory, as `scan --format json` wrote it; `-` and, where it is no terminal, the default: standard input
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// The folder that was scanned; by default the one that the inventory names, if it is there
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Only this criterion, as in `C4`; may be given several times
    #[arg(long, value_name = "CRITERION", value_parser = criterion)]
    criterion: Vec<Criterion>,
    /// Lines of code before and after each place, up to 50
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=50))]
    context: u32,
    /// Draw the system as a picture (SVG) instead of telling the argument
    #[arg(long, conflicts_with_all = ["criterion", "context", "source"])]
    graph: bool,
    /// Write the picture to a file instead of standard output; an old one is replaced as a whole
    #[arg(long, short, value_name = "FILE", requires = "graph")]
    output: Option<PathBuf>,
}

fn criterion(text: &str) -> Result<Criterion, String> {
    let criterion = Criterion::ALL.into_iter().find(|criterion| criterion.id().eq_ignore_ascii_case(text));
    criterion.ok_or_else(|| "the criteria are C1 to C10".to_owned())
}

impl Explain {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        // Before what may take a while to read.
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let given = self.source.map(|folder| checked(&folder).map(|()| folder)).transpose()?;
        let help = "give the file with `--inventory FILE`, or pipe a scan into this command: \
                    `muster scan . --format json | muster explain`";
        let inventory = document::inventory(self.inventory.as_deref(), help)?;
        let system = chosen(&inventory, self.system.as_deref())?;
        if self.graph {
            printer.result_to(output, &explain::svg(system, &inventory))?;
            return Ok(Exit::Done);
        }
        let mut source = match given {
            Some(folder) => Source::folder(folder),
            None => scanned(&inventory, system),
        };
        let mut criteria = self.criterion;
        criteria.sort_unstable();
        criteria.dedup();
        let question = Question { system, criteria: &criteria, context: self.context };
        let rules = RulePack::built_in();
        let width = printer.surface().width;
        printer.page(&explain::page(&question, rules.heuristics(), &mut source, width))?;
        Ok(Exit::Done)
    }
}

fn checked(folder: &Path) -> Result<(), UsageError> {
    if folder.is_dir() {
        return Ok(());
    }
    let what = format!("`{}` is no folder that can be read", folder.display());
    Err(UsageError::new(what, "give the folder that was scanned with `--source DIR`"))
}

/// The folder that was scanned, if it is one and still there.
fn scanned(inventory: &Inventory, system: &System) -> Source {
    const HELP: &str = "give the folder that was scanned with `--source DIR`";
    let Some(target) = inventory.target_of(system) else {
        return Source::none(format!("the inventory does not say which target the system is from; {HELP}"));
    };
    let folder = Target::parse(target).ok().and_then(|target| target.folder());
    match folder.filter(|folder| folder.is_dir()) {
        Some(folder) => Source::folder(folder),
        None => Source::none(format!("there is no folder `{target}` here; {HELP}")),
    }
}

/// The one system that is meant.
fn chosen<'a>(inventory: &'a Inventory, given: Option<&str>) -> Result<&'a System, UsageError> {
    let systems = &inventory.systems;
    if systems.is_empty() {
        let help = "there is nothing to explain; `coverage` in the document says what was not looked at";
        return Err(UsageError::new("the inventory holds no AI system", help));
    }
    let Some(given) = given else {
        return match systems.as_slice() {
            [only] => Ok(only),
            several => {
                let what = format!("the inventory holds {} systems, and none is named", several.len());
                Err(UsageError::new(what, format!("name one of them: {}", list(several.iter()))))
            }
        };
    };
    let ways: [&dyn Fn(&System) -> bool; 4] = [
        &|system| system.id.as_str() == given,
        &|system| system.name == given,
        &|system| is_folder(system, given),
        &|system| {
            let id = system.id.as_str();
            let begins = |id: &str| id.starts_with(given);
            given.len() > "sys-".len() && begins(id) || id.strip_prefix("sys-").is_some_and(begins)
        },
    ];
    // A whole name wins over the beginning of an id; a name and a folder may well be the same system.
    for fits in ways {
        let mut found = systems.iter().filter(|system| !given.is_empty() && fits(system));
        match (found.next(), found.next()) {
            (None, _) => {}
            (Some(only), None) => return Ok(only),
            (Some(first), Some(second)) => {
                let what = format!("several systems fit `{given}`");
                let all = list([first, second].into_iter().chain(found));
                return Err(UsageError::new(what, format!("give the id of the one you mean: {all}")));
            }
        }
    }
    let mut near: Vec<(usize, &System)> = systems
        .iter()
        .map(|system| (distance(&system.name.to_lowercase(), &given.to_lowercase()), system))
        .filter(|(letters, system)| {
            *letters <= given.len() / 3 || (given.len() > 2 && system.name.contains(given))
        })
        .collect();
    near.sort_by_key(|(letters, _)| *letters);
    let what = format!("there is no system `{given}` in the inventory");
    Err(if near.is_empty() {
        UsageError::new(what, format!("the systems are {}", list(systems.iter())))
    } else {
        UsageError::new(
            what,
            format!("is it one of these? {}", list(near.into_iter().map(|(_, system)| system))),
        )
    })
}

/// Whether a system is in a folder, as the document or the report writes it.
fn is_folder(system: &System, given: &str) -> bool {
    let given = given.strip_prefix("./").unwrap_or(given).trim_end_matches('/');
    let root = if system.root.is_empty() { "." } else { &system.root };
    given == root || given == crate::export::table::root(system).trim_end_matches('/')
}

/// Systems that an error lists.
const LISTED: usize = 10;

fn list<'a>(systems: impl Iterator<Item = &'a System>) -> String {
    let all: Vec<String> =
        systems.map(|system| format!("`{}` ({})", system.name, system.id.as_str())).collect();
    let more = all.len().saturating_sub(LISTED);
    let shown = all.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown}, and {more} more") } else { shown }
}
