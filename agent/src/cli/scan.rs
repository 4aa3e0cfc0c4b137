//! `muster scan`: looks for AI systems and reports them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use muster_collect::Stop;

use super::UsageError;
use super::compare::{Compare, Comparison};
use super::exit::{self, Exit, Findings};
use super::output::OutputFile;
use super::printer::Printer;
use super::sources::SourceOptions;
use super::{environment, store};
use crate::clock;
use crate::correlate;
use crate::export::{Format, write_json};
use crate::scan::{self, Asking, Found, Outcome, Plan, PlanError, Settings};
use crate::store::{Place, RunState, Store, StoreError};

/// Find the AI systems in one or more targets, and say which are agentic
///
/// Reads the files of each target without running anything, and puts what it finds to the Autonomy Test. Results go to
/// standard output, messages and progress to standard error.
#[derive(Debug, Args)]
#[command(after_help = help())]
pub(super) struct Scan {
    /// What to scan: folders and bare repositories, other repositories as git+URL, all repositories below a folder as repos:PATH, those of an organisation as github:OWNER or gitlab:GROUP, what a file lists as @FILE, accounts of AWS as aws: or aws:PROFILE, clusters as k8s: or k8s:CONTEXT, and what was saved
    /// of either, as aws-export:PATH and k8s-export:PATH, and bills of materials, as cyclonedx:PATH
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// How to write the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// Write the result to a file instead of standard output; an old one is replaced as a whole
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Add the rules of a folder to the built-in ones; a rule with the id of a built-in one replaces it
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// End with code 10 when agentic or undetermined systems are found; with --diff or --since, when something is worse than
    /// before
    #[arg(long)]
    exit_code: bool,
    /// End with code 4 when something that was meant to be seen could not be
    #[arg(long)]
    strict_coverage: bool,
    /// How many threads work at once; by default one for each processor
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Neither use nor keep what an earlier scan saw: everything is read
    #[arg(long)]
    no_cache: bool,
    /// Keep the result in a store as well: a file, or postgres://USER@HOST/DATABASE with the password in PGPASSWORD
    #[arg(long, value_name = "PLACE")]
    store: Option<String>,
    /// What the target is known by in the store, where it is scanned in another place each time, as in CI
    #[arg(long = "as", value_name = "NAME", requires = "store")]
    known_as: Option<String>,
    /// Hold what a file declares against what is found: a table, JSON, entities of Backstage or use cases of the OMB; may be
    /// given several times
    #[arg(long, value_name = "FILE")]
    register: Vec<PathBuf>,
    #[command(flatten)]
    comparison: Comparison,
    #[command(flatten)]
    sources: SourceOptions,
}

fn help() -> String {
    format!(
        "\
Examples:
  muster scan .
  muster scan services/refunds services/mail
  muster scan mirrors/shop.git --git-branch release   # a bare repository, without a work tree
  muster scan git+https://github.com/acme/shop        # fetched into a cache; git+ssh://… as well
  muster scan repos:mirrors --repos-include 'acme/*'  # every repository below a folder, each by itself
  muster scan github:acme gitlab:acme/tools           # all of an organisation, and of a group
  muster scan @targets.txt                            # one target on each line
  muster scan . --format json --output inventory.json
  muster scan . --exit-code --strict-coverage   # in CI
  muster scan . --diff origin/main --format markdown --exit-code   # what a pull request changes
  muster scan . --since v1.2.0                  # what is otherwise than in a commit
  muster scan . --register systems.csv          # what is declared, and what is not
  muster scan . --store muster.db               # and remember it: see `muster diff` and `muster systems`
  muster scan . aws-export:details.json         # with the identities of an account
  muster scan aws:audit --aws-regions eu-west-1
  muster scan k8s-export:objects.json           # what `kubectl get -o json` printed
  muster scan aws: --aws-organization-role muster-read --aws-external-id ID
  muster scan k8s:prod --k8s-namespaces shop,ai
  muster scan . cyclonedx:bom.json              # with what another tool listed
  muster scan k8s: --k8s-all-contexts --k8s-allow-exec

Environment:
  MUSTER_GIT_TOKEN         A token for servers of git, or several as HOST=TOKEN, separated by spaces
  MUSTER_GITHUB_TOKEN      The token for github: targets; MUSTER_GITLAB_TOKEN is that for gitlab:
  MUSTER_GITHUB_APP_KEY    The private key of the app that --github-app-id names
  MUSTER_FINGERPRINT_KEY   A secret of at least 16 bytes; with it, keys that are found in place get a fingerprint

{}",
        exit::TABLE
    )
}

impl Scan {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let environment = Arc::new(environment::handed_on());
        let asking = Asking {
            options: self.sources.0.clone(),
            environment: Arc::clone(&environment),
            progress: printer.progress(),
            stop: Stop::new(),
        };
        let plan = Plan::of(&self.targets, &asking)
            .map_err(|PlanError { what, help }| UsageError { what, help: Some(help) })?;
        // Its bar is taken away before anything is said.
        drop(asking);
        if self.known_as.is_some() && plan.len() > 1 {
            let what = "one name cannot stand for several targets";
            return Err(UsageError::new(what, "scan each of them with its own `--as NAME`").into());
        }
        let earlier = self.comparison.earlier(&plan, &self.sources.0, self.format)?;
        let store = self.store.as_deref().map(Place::named).transpose()?;
        let output = self.output.as_deref().map(OutputFile::at).transpose()?;
        let rules = super::rules::for_scan(self.rules.as_deref())?;
        let mut books = Vec::new();
        for path in &self.register {
            books.push((path.display().to_string(), super::register::book(path, None)?));
        }
        for note in &plan.notes {
            printer.note(note);
        }
        let cache = if self.no_cache { None } else { super::cache::of_scan(store.as_ref(), printer) };
        let settings = Settings {
            rules: Arc::new(rules),
            progress: printer.progress(),
            fingerprints: environment::fingerprint_key()?,
            threads: self.threads.map_or_else(processors, NonZeroUsize::get),
            options: self.sources.0.clone(),
            environment,
            started_at: clock::now(),
            stop: Stop::new(),
            cache,
        };
        let mut outcome = scan::run(&plan, settings.clone())?;
        // What is kept is what each target showed; people are told what that comes to.
        let kept = store.is_some().then(|| outcome.found.clone());
        let decided = store.as_ref().map(decided).transpose()?.unwrap_or_default();
        outcome.found = outcome.found.joined(&decided)?;
        if !books.is_empty() {
            outcome.found.register = Some(super::register::of_scan(books, &plan, &outcome.found.whole()?));
        }
        for note in &outcome.notes {
            printer.note(note);
        }
        if let Some(summary) = outcome.summary() {
            printer.note(&summary);
        }
        let compare = match &earlier {
            Some(earlier) if !outcome.all_failed() => {
                let options = earlier.options(&settings.options);
                let mut before = scan::run(&plan, Settings { options, ..settings })?;
                before.found = before.found.joined(&decided)?;
                Some(earlier.compare(before, &outcome)?)
            }
            _ => None,
        };
        if let Some(note) = compare.as_ref().and_then(Compare::note) {
            printer.note(&note);
        }
        let exit = Exit::of(self.findings(&outcome, compare.as_ref()));
        for failure in &outcome.failures {
            let message = failure.to_string();
            if exit == Exit::Failed { printer.error(&message, None) } else { printer.warning(&message) }
        }
        // An empty inventory would say that there is no AI where nothing was looked at.
        // A report of nothing has nothing to add to the error below; a document is there to be read by a program.
        let says_nothing = exit == Exit::Nothing
            && self.format == Format::Table
            && output.is_none()
            && outcome.found.coverage.iter().all(|coverage| coverage.skipped.is_empty());
        if exit != Exit::Failed && !says_nothing {
            let surface = if output.is_some() { printer.file_surface() } else { printer.surface() };
            let text = match &compare {
                Some(compare) => Some(compare.write(&outcome, self.format, surface)?),
                None if self.format == Format::Json => None,
                None => Some(self.format.write(&outcome.found.whole()?, surface)?),
            };
            if let Some(text) = text {
                printer.result_to(output, &text)?;
            } else {
                printer.result_with(output, &mut |out| write_json(&outcome.found, out))?;
            }
        }
        if let Some((store, found)) = store.zip(kept) {
            let state = if outcome.all_failed() { RunState::Failed } else { RunState::Done };
            keep(&store, self.known_as.as_deref(), &plan, found, state)?;
        }
        if exit == Exit::Nothing {
            let help = "check that the target is the right folder, and that its files may be read";
            printer.error("nothing to scan: no target holds anything that could be read", Some(help));
        }
        Ok(exit)
    }

    fn findings(&self, outcome: &Outcome, compare: Option<&Compare>) -> Findings {
        let is_flagged = match compare {
            Some(compare) => compare.difference.is_worse(),
            None => outcome.found.systems().iter().any(|system| system.is_flagged),
        };
        let before = compare.map(|compare| &compare.before);
        Findings {
            all_failed: outcome.all_failed(),
            saw_nothing: outcome.saw_nothing() && before.is_none_or(Outcome::saw_nothing),
            flagged: self.exit_code && is_flagged,
            gaps: self.strict_coverage && !(outcome.is_complete() && before.is_none_or(Outcome::is_complete)),
        }
    }
}

/// What people decided, as far as there is a store already.
fn decided(place: &Place) -> anyhow::Result<correlate::Decided> {
    store::block_on(async {
        match Store::existing(place).await {
            Err(StoreError::Absent(_)) => Ok(correlate::Decided::default()),
            Err(error) => Err(error.into()),
            Ok(store) => {
                let decided = store.decided_of_scans().await;
                store.close().await;
                Ok(decided?)
            }
        }
    })
}

/// Records the result in a store, a run of its own.
fn keep(place: &Place, name: Option<&str>, plan: &Plan, found: Found, state: RunState) -> anyhow::Result<()> {
    let scan = found.scan.clone();
    let seen = found.each(|target| {
        let place = plan.place_of(target);
        (name.map_or_else(|| place.clone(), str::to_owned), place)
    });
    store::block_on(async {
        let store = Store::open(place).await?;
        let kept = store.record_scan(&scan, seen, state, &clock::now()).await;
        store.close().await;
        kept?;
        Ok(())
    })
}

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use asmm_model::{Gap, GapReason};
    use clap::Parser;

    use super::*;
    use crate::sample;
    use crate::scan::Failure;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        scan: Scan,
    }

    /// The exit code of a scan with these options that found these systems, and whether it saw everything.
    fn exit(options: &[&str], samples: Vec<sample::Sample>, complete: bool) -> u8 {
        let scan = Line::parse_from([&["muster", "."], options].concat()).scan;
        let observations = samples.into_iter().flat_map(sample::Sample::observations).collect();
        let mut inventory = sample::inventory(observations);
        inventory.coverage[0].skipped = vec![Gap::new("dist", GapReason::Generated)];
        if !complete {
            inventory.coverage[0].skipped.push(Gap::new("secret", GapReason::Denied));
        }
        let (failures, notes, took) = (Vec::new(), Vec::new(), Vec::new());
        let found = Found::packed(inventory).unwrap();
        Exit::of(scan.findings(&Outcome { found, failures, notes, took }, None)) as u8
    }

    #[test]
    fn a_target_that_failed_is_named_once() {
        let message = |why: &str| Failure { target: "src/gone".to_owned(), why: why.to_owned() }.to_string();
        assert_eq!(message("src/gone does not exist; check it"), "`src/gone` does not exist; check it");
        assert_eq!(message("src/gone-too is odd"), "`src/gone` could not be scanned: src/gone-too is odd");
        assert_eq!(message("it broke"), "`src/gone` could not be scanned: it broke");
    }

    #[test]
    fn findings_and_gaps_are_exit_codes_when_they_are_asked_for() {
        let (flags, gaps) = ("--exit-code", "--strict-coverage");
        let (agentic, open, not) = (sample::refunds, sample::desk, sample::summaries);
        assert_eq!(exit(&[], vec![agentic(".")], false), 0);
        assert_eq!(exit(&[flags], vec![agentic(".")], false), 10);
        assert_eq!(exit(&[flags], vec![open(".")], true), 10);
        assert_eq!(exit(&[flags], vec![not(".")], false), 0);
        assert_eq!(exit(&[gaps], vec![agentic(".")], false), 4);
        assert_eq!(exit(&[gaps], vec![agentic(".")], true), 0, "what is generated hides nothing");
        assert_eq!(exit(&[flags, gaps], vec![agentic(".")], false), 10);
        assert_eq!(exit(&[flags, gaps], vec![not(".")], false), 4);
        assert_eq!(exit(&[flags, gaps], vec![], true), 0);
    }
}
