//! `muster merge`, `split`, `decisions` and `undo`: which systems are one, as people decide it.

use clap::Args;

use super::environment;
use super::exit::Exit;
use super::printer::Printer;
use super::runs::Form;
use super::store::StoreOption;
use crate::clock;
use crate::page::{Line, Page, Tone};
use crate::store::{Decision, DecisionKind, StoreError};

/// Who decides, and why.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// Who decides; by default the user of this machine
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why, in a sentence
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) reason: String,
}

impl Who {
    /// The name of who decides; empty where nobody is known, which no decision takes.
    pub(super) fn name(&self) -> String {
        name(self.by.clone())
    }
}

/// The user of this machine, as the audit log calls them.
pub(super) fn whoever() -> String {
    name(None)
}

fn name(by: Option<String>) -> String {
    by.or_else(environment::user).unwrap_or_default()
}

/// Say that a system is a part of another one
///
/// From now on both are one system, whose verdict rests on all that is known of either. It keeps the id of the first; the second is
/// listed among its parts, with who decided that. Later runs respect it. `muster undo` takes it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster merge refunds refunds-worker
  muster merge sys-1f0c29a4 sys-88d0a3b1 --by ada --reason 'the queue worker of the same agent'")]
pub(super) struct Merge {
    #[command(flatten)]
    two: Two,
}

/// Say that a system is no part of another one
///
/// Whatever keys say, both are systems of their own from now on. Later runs respect it. `muster undo` takes it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster split refunds lead-hunter
  muster split sys-1f0c29a4 sys-88d0a3b1 --reason 'only the base image is the same'")]
pub(super) struct Split {
    #[command(flatten)]
    two: Two,
}

#[derive(Debug, Args)]
struct Two {
    /// The system that the other one is joined with: its id or its name
    #[arg(value_name = "SYSTEM")]
    whole: String,
    /// What is a part of it, or is not: its id or its name
    #[arg(value_name = "PART")]
    part: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

/// List what people decided
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster decisions
  muster decisions --all --format json      # with those that were undone or replaced")]
pub(super) struct Decisions {
    /// Those that do not hold any more as well
    #[arg(long)]
    all: bool,
    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

/// Take a decision back
///
/// It stays in the history; what held before it holds again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster undo 3
  muster undo 3 --by ada")]
pub(super) struct Undo {
    /// The number of the decision, as `muster decisions` shows it
    #[arg(value_name = "NUMBER")]
    number: i64,
    /// Who takes it back; by default the user of this machine
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    store: StoreOption,
}

impl Merge {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.two.decide(DecisionKind::One, printer)
    }
}

impl Split {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.two.decide(DecisionKind::Apart, printer)
    }
}

impl Two {
    fn decide(self, kind: DecisionKind, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { whole, part, who, store } = self;
        let by = who.name();
        let decision = store.with(async |store| {
            let (whole, part) = (store.system_named(&whole).await?, store.system_named(&part).await?);
            if kind == DecisionKind::One
                && let Some(other) = store.belongs(&whole, &part).await?
            {
                let what = format!(
                    "`{whole}` is a part of `{part}` already, by decision {other}; `muster undo {other}` takes that back"
                );
                return Err(StoreError::Decision(what));
            }
            store.decide(kind, &whole, &part, &by, &clock::now(), &who.reason).await
        })?;
        printer.page(&list(std::slice::from_ref(&decision), printer.surface().width))?;
        printer.note(&format!("`muster undo {}` takes it back", decision.id));
        Ok(Exit::Done)
    }
}

impl Decisions {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let decisions = self.store.with(async |store| store.decisions(&[], self.all).await)?;
        match self.format {
            Form::Json => printer.result(&(serde_json::to_string_pretty(&decisions)? + "\n"))?,
            Form::Table => printer.page(&list(&decisions, printer.surface().width))?,
        }
        Ok(Exit::Done)
    }
}

impl Undo {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let by = name(self.by);
        let undone = self.store.with(async |store| store.undo(self.number, &by, &clock::now()).await)?;
        printer.page(&list(std::slice::from_ref(&undone), printer.surface().width))?;
        Ok(Exit::Done)
    }
}

/// One line for each decision.
fn list(decisions: &[Decision], width: usize) -> Page {
    let mut page = Page::new(width);
    if decisions.is_empty() {
        page.push(Line::new().plain("Nothing is decided."));
    }
    for decision in decisions {
        let Decision { subject, object, .. } = decision;
        let what = match decision.kind {
            DecisionKind::One => format!("{object} is a part of {subject}"),
            DecisionKind::Apart => format!("{object} is no part of {subject}"),
            DecisionKind::Declared => format!("{object} is what `{subject}` of the register declares"),
            DecisionKind::NotDeclared => format!("{object} is not what `{subject}` of the register declares"),
        };
        let day = decision.at.get(..10).unwrap_or(&decision.at);
        let mut line = Line::new().plain(format!("{:>4}  ", decision.id)).plain(what);
        line = line.with(Tone::Dim, format!("  {} on {day}", decision.by));
        if !decision.reason.is_empty() {
            line = line.with(Tone::Dim, format!(": {}", decision.reason));
        }
        if let (Some(at), Some(by)) = (&decision.undone_at, &decision.undone_by) {
            line = line.with(Tone::Dim, format!("; undone by {by} on {}", at.get(..10).unwrap_or(at)));
        }
        page.push(line);
    }
    page
}
