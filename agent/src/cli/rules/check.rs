//! `muster rules check`: whether rule files are right, and whether every example does what it says.

use std::path::PathBuf;

use clap::Args;
use muster_code::BrokenExample;
use muster_rules::{LoadError, Problem, RulePack, Source};

use crate::cli::UsageError;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::page::{Line, Page, Tone};

/// Check rule files: their form, their ids, and that every example does what it says
///
/// Without a folder, the built-in rules are checked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster rules check
  muster rules check my-rules

Exit codes:
   0  no mistakes
   1  there are mistakes; each is printed with its file, its line and what to write instead
   2  the command line has a mistake, or the folder holds no rule files

How a rule is written is told in agent/docs/rules.md.")]
pub(super) struct Check {
    /// Folder of rule files (`*.toml`)
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let sources = match &self.folder {
            None => RulePack::built_in_sources(),
            Some(folder) => RulePack::read_folder(folder).map_err(|error| unreadable(&error))?,
        };
        if let (Some(folder), []) = (&self.folder, sources.as_slice()) {
            let what = format!("`{}` holds no rule files", folder.display());
            return Err(UsageError::new(what, "rule files end in `.toml`").into());
        }
        let (rules, problems) = match RulePack::from_sources(&sources) {
            Err(problems) => (None, problems),
            // Only what is well formed can be tried out.
            Ok(own) => (Some(own.rules().len()), examples(&self, &sources, &own)?),
        };
        let mut page = Page::new(usize::MAX);
        for problem in &problems {
            show(&mut page, problem);
        }
        printer.page(&page)?;
        match rules {
            Some(rules) if problems.is_empty() => {
                let files = count(sources.len(), "file");
                printer.note(&format!("{} in {files} checked, no mistakes", count(rules, "rule")));
                Ok(Exit::Done)
            }
            _ => {
                printer.error(&format!("{} in rule files", count(problems.len(), "mistake")), None);
                Ok(Exit::Failed)
            }
        }
    }
}

/// The rules of a folder are tried out together with the built-in ones, as a scan uses them.
fn examples(check: &Check, sources: &[Source], own: &RulePack) -> anyhow::Result<Vec<Problem>> {
    let pack = RulePack::load(check.folder.as_deref()).map_err(|error| unreadable(&error))?;
    let broken = muster_code::check_examples(&pack).into_iter();
    let mut problems: Vec<Problem> = broken
        .filter(|broken| own.find(&pack.rule(broken.rule).id.0).is_some())
        .map(|BrokenExample { rule, example, what }| {
            let (file, line) = pack.origin(rule);
            let source = sources.iter().find(|source| source.file == file);
            let line = source.and_then(|source| source.example_line(line, example)).unwrap_or(line);
            Problem {
                file: file.to_owned(),
                line,
                rule: Some(pack.rule(rule).id.0.clone()),
                what: format!("example {}: {what}", example + 1),
                instead: "correct the example or the site that it shows; `muster rules test FILE --names` shows the names that patterns see".to_owned(),
            }
        })
        .collect();
    problems.sort();
    Ok(problems)
}

fn unreadable(error: &LoadError) -> UsageError {
    UsageError::new(error.to_string(), "give a folder of rule files, as in `muster rules check my-rules`")
}

fn show(page: &mut Page, problem: &Problem) {
    let mut line = Line::new().with(Tone::Dim, format!("{}:{}: ", problem.file, problem.line));
    if let Some(rule) = &problem.rule {
        line = line.plain("rule `").with(Tone::Strong, rule).plain("`: ");
    }
    page.push(line.plain(&problem.what));
    page.push(Line::new().with(Tone::Strong, "  help:").plain(" ").plain(&problem.instead));
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
