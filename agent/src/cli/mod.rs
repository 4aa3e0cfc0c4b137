//! The command line: one file per command, and the only part that prints.

mod access;
mod assess;
mod audit;
mod backup;
mod cache;
mod compare;
mod completions;
mod config;
mod decide;
mod diff;
mod doctor;
mod document;
mod environment;
mod evidence;
mod exit;
mod explain;
mod export;
mod init;
mod man;
pub(crate) mod nearest;
pub(crate) mod output;
mod printer;
mod progress;
mod provider;
mod register;
mod restore;
mod review;
mod rules;
mod run;
mod runs;
mod scan;
mod schema;
mod serve;
mod sources;
mod store;
mod systems;

use std::io;
use std::process::ExitCode;

use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand};

use exit::Exit;
use printer::Printer;

use crate::store::StoreError;

/// Finds the AI systems of an organisation in its code, and says which of them are agentic.
#[derive(Debug, Parser)]
#[command(name = "muster", version, max_term_width = 100, after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  muster scan .                          what is agentic here, and why
  muster scan . --format json            the same as a document for programs
  muster explain --inventory i.json      the argument about one system, with its code
  muster diff old.json new.json          what changed between two scans
  muster rules explain uses-openai       what a rule finds, and why that counts";

/// Options of every command.
#[derive(Debug, Args)]
struct Global {
    /// When to use colours; NO_COLOR and CLICOLOR are respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    color: ColorChoice,
    /// Print results and errors only: no progress, no notes
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Scan),
    Run(run::Run),
    Explain(explain::Explain),
    Diff(diff::Diff),
    Runs(runs::Runs),
    Systems(systems::Systems),
    Register(register::Register),
    Export(export::Export),
    Review(review::Reviews),
    Merge(decide::Merge),
    Split(decide::Split),
    Decisions(decide::Decisions),
    Undo(decide::Undo),
    Assess(assess::Assess),
    Audit(audit::Audit),
    Evidence(evidence::Evidence),
    Serve(serve::Serve),
    Access(access::Access),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Rules(rules::Rules),
    Cache(cache::CacheCommand),
    Init(init::Init),
    Config(config::Configuration),
    Doctor(doctor::Doctor),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

/// A mistake of the user, with what to write instead.
#[derive(Debug)]
pub(crate) struct UsageError {
    what: String,
    help: Option<String>,
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for UsageError {}

impl UsageError {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: Some(help.into()) }
    }
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let (printer, result) = match Cli::try_parse() {
        Ok(cli) => {
            let mut printer = Printer::new(cli.global.color, cli.global.quiet);
            let result = run(cli.command, &mut printer);
            (printer, result)
        }
        Err(error) => {
            let mut printer = Printer::new(ColorChoice::Auto, false);
            let result = printer.clap(&error);
            (printer, result)
        }
    };
    finish(printer, result).into()
}

fn run(command: Command, printer: &mut Printer) -> anyhow::Result<Exit> {
    match command {
        Command::Scan(scan) => scan.run(printer),
        Command::Run(run) => run.run(printer),
        Command::Explain(explain) => explain.run(printer),
        Command::Diff(diff) => diff.run(printer),
        Command::Runs(runs) => runs.run(printer),
        Command::Systems(systems) => systems.run(printer),
        Command::Register(register) => register.run(printer),
        Command::Export(export) => export.run(printer),
        Command::Review(review) => review.run(printer),
        Command::Merge(merge) => merge.run(printer),
        Command::Split(split) => split.run(printer),
        Command::Decisions(decisions) => decisions.run(printer),
        Command::Undo(undo) => undo.run(printer),
        Command::Assess(assess) => assess.run(printer),
        Command::Audit(audit) => audit.run(printer),
        Command::Evidence(evidence) => evidence.run(printer),
        Command::Serve(serve) => serve.run(printer),
        Command::Access(access) => access.run(printer),
        Command::Backup(backup) => backup.run(printer),
        Command::Restore(restore) => restore.run(printer),
        Command::Rules(rules) => rules.run(printer),
        Command::Cache(cache) => cache.run(printer),
        Command::Init(init) => init.run(printer),
        Command::Config(config) => config.run(printer),
        Command::Doctor(doctor) => doctor.run(printer),
        Command::Schema(schema) => schema.run(printer),
        Command::Completions(completions) => completions.run(printer),
        Command::Man(man) => man.run(printer),
    }
}

fn finish(mut printer: Printer, result: anyhow::Result<Exit>) -> Exit {
    let error = match result {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    if let Some(error) = error.downcast_ref::<io::Error>()
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        // Whoever read the output has seen enough.
        return Exit::Done;
    }
    if let Some(usage) = error.downcast_ref::<UsageError>() {
        printer.error(&usage.what, usage.help.as_deref());
        return Exit::Usage;
    }
    printer.error(&format!("{error:#}"), None);
    if error.downcast_ref::<StoreError>().is_some_and(StoreError::is_a_mistake) {
        return Exit::Usage;
    }
    Exit::Failed
}

/// The command as a whole, for what is generated from it.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_holds_together() {
        super::command().debug_assert();
    }
}
