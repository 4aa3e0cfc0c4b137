//! `muster register confirm` and `reject`: what a person says of an entry and a system.

use clap::Args;

use super::super::decide::Who;
use super::super::exit::Exit;
use super::super::printer::Printer;
use super::super::store::StoreOption;
use crate::clock;
use crate::page::{Line, Page};
use crate::store::{Decision, DecisionKind};

/// Say that an entry is a system
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster register confirm AI-007 refunds
  muster register confirm AI-007 sys-0b26a83431a10f86 --by ann --reason 'its owner says so'")]
pub(super) struct Confirm {
    #[command(flatten)]
    pair: Pair,
}

/// Say that an entry is not a system
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster register reject AI-007 refunds --reason 'another team'")]
pub(super) struct Reject {
    #[command(flatten)]
    pair: Pair,
}

#[derive(Debug, Args)]
struct Pair {
    /// The id of the entry, or its name
    #[arg(value_name = "DECLARED")]
    declared: String,
    /// The id of the system, or its name
    #[arg(value_name = "SYSTEM")]
    system: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

impl Confirm {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.pair.decide(DecisionKind::Declared, printer)
    }
}

impl Reject {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.pair.decide(DecisionKind::NotDeclared, printer)
    }
}

impl Pair {
    fn decide(self, kind: DecisionKind, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { declared, system, who, store } = self;
        let by = who.name();
        let decided = store.with(async |store| {
            let entry = store.entry_named(&declared).await?;
            let system = store.system_named(&system).await?;
            store.decide(kind, &entry, &system, &by, &clock::now(), &who.reason).await
        })?;
        let is = if kind == DecisionKind::Declared { "is" } else { "is not" };
        let says = format!("`{}` {is} `{}`", decided.subject, decided.object);
        tell(
            printer,
            &decided,
            &format!("{says}, says {}; `muster undo {}` takes it back", decided.by, decided.id),
        )
    }
}

fn tell(printer: &mut Printer, decision: &Decision, says: &str) -> anyhow::Result<Exit> {
    let mut page = Page::new(printer.surface().width);
    page.wrap(0, 2, &Line::new().plain(format!("Decision {}: {says}.", decision.id)));
    printer.page(&page)?;
    Ok(Exit::Done)
}
