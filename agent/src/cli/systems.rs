//! `muster systems`: the systems that a store knows, as the last scan of each left them.

use clap::Args;

use super::exit::Exit;
use super::printer::Printer;
use super::runs::Form;
use super::store::{FilterOptions, StoreOption};
use crate::page::{Line, Page as Text, Tone};
use crate::store::{Filter, Listed, Page};

/// Systems that are read at once.
const AT_ONCE: i64 = 500;

/// List the systems that the store knows, those that need a look first, first
///
/// Each is as the last scan of its target left it, with what was seen of it elsewhere behind a `+`. A system that is missing is listed
/// only where it is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster systems
  muster systems --verdict agentic --verdict undetermined
  muster systems --presence missing --presence unseen
  muster systems --target payments --format json")]
pub(super) struct Systems {
    #[command(flatten)]
    filter: FilterOptions,
    /// So many at most; by default all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

impl Systems {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let filter = Filter::from(self.filter);
        let limit = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let (listed, more) = self.store.with(async |store| {
            let mut listed: Vec<Listed> = Vec::new();
            let mut page = Page { most: AT_ONCE, ..Page::default() };
            loop {
                let (mut found, next) = store.list(&filter, &page).await?;
                listed.append(&mut found);
                page.after = next;
                if page.after.is_none() || listed.len() > limit {
                    let more = page.after.is_some() || listed.len() > limit;
                    listed.truncate(limit);
                    return Ok((listed, more));
                }
            }
        })?;
        match self.format {
            Form::Json => printer.result(&(serde_json::to_string_pretty(&listed)? + "\n"))?,
            Form::Table => {
                let mut text = Text::new(printer.surface().width);
                for one in &listed {
                    text.wrap(0, 4, &line(one));
                }
                if listed.is_empty() {
                    text.push(Line::new().plain("No system of the store is meant by that."));
                }
                if more {
                    text.push(Line::new().with(Tone::Dim, "… and more (a higher --limit shows them)"));
                }
                printer.page(&text)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn line(one: &Listed) -> Line {
    let tone = match one.verdict.as_str() {
        "agentic" => Tone::Bad,
        "undetermined" => Tone::Open,
        _ => Tone::Good,
    };
    let [low, high] = one.levels();
    let level = if low == high { low.to_string() } else { format!("{low}-{high}") };
    let place = match (one.target.as_str(), one.root.as_str()) {
        (target, "") => target.to_owned(),
        (target, root) => format!("{target} {root}"),
    };
    let parts = one.parts.iter().map(|part| format!(" + {} ({})", part.name, part.target));
    Line::new()
        .with(Tone::Strong, &one.name)
        .plain(": ")
        .with(tone, one.verdict.replace('_', " "))
        .plain(format!(" {level}, {}", one.presence))
        .with(Tone::Dim, format!("  {place}  {}{}", one.id, parts.collect::<String>()))
}
