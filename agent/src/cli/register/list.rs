//! `muster register list`: the lists, for people, programs and spreadsheets.

use asmm_model::{Declared, MatchedBy, Register, Sighted};
use clap::{Args, ValueEnum};

use super::super::UsageError;
use super::super::exit::Exit;
use super::super::printer::Printer;
use super::super::store::StoreOption;
use crate::export::{lines, table};
use crate::page::{Page, visible};
use crate::register;

/// Print the lists
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster register
  muster register list --format json")]
pub(super) struct List {
    /// The form of the lists
    #[arg(long, value_enum, default_value_t)]
    format: ListForm,
    #[command(flatten)]
    store: StoreOption,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ListForm {
    /// Lists for people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// A line for each entry and each system, for spreadsheets
    Csv,
}

const HEAD: [&str; 12] = [
    "list",
    "id",
    "name",
    "owner",
    "lifecycle",
    "agentic",
    "place",
    "system",
    "system_name",
    "verdict",
    "by",
    "why",
];

impl List {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let lists = self.store.with(async |store| register::of_store(store).await)?;
        let Some(lists) = lists else {
            let help = "take one in with `muster register import FILE`";
            return Err(UsageError::new("the store holds no register", help).into());
        };
        match self.format {
            ListForm::Table => {
                let mut page = Page::new(printer.surface().width);
                table::register::lists(&mut page, &lists, usize::MAX);
                printer.page(&page)?;
            }
            ListForm::Json => printer.result(&(serde_json::to_string_pretty(&lists)? + "\n"))?,
            ListForm::Csv => printer.result(&sheet(&lists)?)?,
        }
        Ok(Exit::Done)
    }
}

fn sheet(lists: &Register) -> anyhow::Result<String> {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for one in &lists.seen {
        let by = if one.by == MatchedBy::Person { "person" } else { "rules" };
        rows.extend(
            one.systems.iter().map(|system| row("seen", Some(&one.declared), Some(system), by, None)),
        );
    }
    for one in &lists.questions {
        rows.extend(
            one.systems.iter().map(|system| row("question", Some(&one.declared), Some(system), "", None)),
        );
    }
    rows.extend(lists.shadow.iter().map(|system| row("shadow", None, Some(system), "", None)));
    rows.extend(
        lists.unseen.iter().map(|one| row("unseen", Some(&one.declared), None, "", Some(one.why.says()))),
    );
    lines(rows)
}

fn row(
    list: &str,
    declared: Option<&Declared>,
    system: Option<&Sighted>,
    by: &str,
    why: Option<&str>,
) -> Vec<String> {
    let of = |text: Option<&str>| visible(text.unwrap_or_default()).into_owned();
    let agentic = declared.and_then(|one| one.agentic).map(|agentic| if agentic { "yes" } else { "no" });
    let place = declared.map(|one| one.place.to_string());
    let because = system.map(|one| table::register::why(std::slice::from_ref(one)));
    vec![
        list.to_owned(),
        of(declared.map(|one| one.id.as_str())),
        of(declared.map(|one| one.name.as_str())),
        of(declared.and_then(|one| one.owner.as_deref())),
        of(declared.map(|one| one.lifecycle.name())),
        of(agentic),
        of(place.as_deref()),
        of(system.map(|one| one.system.as_str())),
        of(system.map(|one| one.name.as_str())),
        of(system.map(|one| one.verdict.name())),
        by.to_owned(),
        of(why.or(because.as_deref())),
    ]
}
