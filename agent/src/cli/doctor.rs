//! `muster doctor`: says before a scan whether a source can be read, and what each missing permission hides.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use muster_collect::{Context, Diagnosis, PermissionState, Stop, Target};
use muster_rules::RulePack;

use super::UsageError;
use super::exit::Exit;
use super::printer::Printer;
use super::sources::SourceOptions;
use crate::collectors;

/// Check that a source can be read: which permissions are there, and what each missing one hides
///
/// Asks the source everything that a scan would ask, once and in one place, and changes nothing.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Doctor {
    /// What would be scanned: `aws` or aws:PROFILE, `k8s` or k8s:CONTEXT
    #[arg(value_name = "TARGET")]
    target: String,
    /// Print the policy that grants the least that a scan needs, and ask nothing
    #[arg(long)]
    policy: bool,
    /// Print every request that a scan may send and what it keeps of the answers, as JSON, and ask nothing
    #[arg(long, conflicts_with = "policy")]
    requests: bool,
    #[command(flatten)]
    sources: SourceOptions,
}

const HELP: &str = "\
Examples:
  muster doctor aws
  muster doctor aws:audit --aws-regions eu-west-1
  muster doctor aws --policy > policy.json
  muster doctor aws --requests                  # what a scan asks, and what it keeps
  muster doctor k8s
  muster doctor k8s:prod --k8s-namespaces shop,ai
  muster doctor k8s --policy | kubectl apply -f -

Exit codes:
  0  every permission is there, or could not be found out
  1  the source cannot be asked
  2  the command line is wrong
  4  a permission is missing";

impl Doctor {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let given = if self.target.contains(':') || self.target.contains('/') {
            self.target.clone()
        } else {
            format!("{}:", self.target)
        };
        let mistake = |what: String| {
            UsageError::new(what, "sources with permissions are `aws`, aws:PROFILE, `k8s` and k8s:CONTEXT")
        };
        let target = Target::parse(&given).map_err(|error| mistake(error.to_string()))?;
        let Some(collector) =
            collectors::reading(target.source).filter(|collector| collector.policy().is_some())
        else {
            return Err(mistake(format!("there is nothing to check about `{}`", self.target)).into());
        };
        if let (true, Some(policy)) = (self.policy, collector.policy()) {
            printer.result(&policy)?;
            return Ok(Exit::Done);
        }
        if let (true, Some(requests)) = (self.requests, collector.requests()) {
            printer.result(&requests)?;
            return Ok(Exit::Done);
        }
        let cx = Context {
            stop: Stop::new(),
            progress: printer.progress(),
            options: Arc::new(self.sources.0),
            ..Context::new(Arc::new(RulePack::built_in()))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let found = runtime.block_on(collector.check(&target, &cx))?;
        let source = given.split(':').next().unwrap_or(&given);
        printer.result(&shown(&found, source))?;
        let is_missing = |state: &PermissionState| *state == PermissionState::Missing;
        let any = found.permissions.iter().any(|permission| is_missing(&permission.state));
        Ok(if any { Exit::Gaps } else { Exit::Done })
    }
}

fn shown(found: &Diagnosis, source: &str) -> String {
    let mut text = format!("{}\n", found.about.join(", "));
    let width = found.permissions.iter().map(|permission| permission.name.len()).max().unwrap_or(0);
    let mut counts = [0_usize; 3];
    for permission in &found.permissions {
        let (index, state, detail) = match &permission.state {
            PermissionState::Granted => (0, "granted", String::new()),
            PermissionState::Missing => (1, "MISSING", format!("hides {}", permission.hides)),
            PermissionState::Unknown(why) => (2, "unknown", why.clone()),
        };
        counts[index] += 1;
        let line = format!("  {state}  {:width$}  {detail}", permission.name);
        text.push_str(&crate::page::visible(line.trim_end()));
        text.push('\n');
    }
    let [granted, missing, unknown] = counts;
    let _ = writeln!(
        text,
        "{granted} permissions are there, {missing} are missing, {unknown} could not be found out."
    );
    if missing > 0 {
        let _ = writeln!(text, "`muster doctor {source} --policy` prints a policy that grants all of them.");
    }
    text
}
