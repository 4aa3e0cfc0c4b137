//! `muster review`: what people decide of the systems that were found.

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, System, Verdict};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::json;

use super::decide::Who;
use super::exit::Exit;
use super::printer::Printer;
use super::runs::Form;
use super::store::{FilterOptions, StoreOption};
use crate::clock;
use crate::page::{Line, Page, Tone};
use crate::review::{Act, Fingerprint, Owned, Rejection, Review, Standing, corrected};
use crate::store::{Filter, Listed, Page as Part, Reviewed};

/// Systems that are read at once.
const AT_ONCE: i64 = 500;

/// Decide of systems: confirm, correct, reject, defer
///
/// What was found stays as it was found; what people decide is kept beside it, and every later scan respects it. A decision is opened
/// again only when something that it rests on is otherwise, when its day is over, or when what was gone is back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster review list
  muster review show refunds
  muster review own refunds payments-team
  muster review confirm refunds --by ada
  muster review correct refunds C4 no --reason 'the payment service asks a person, see its runbook'
  muster review reject mini-demo --as test-or-sample --reason 'an example of the documentation' --until 2027-03-01
  muster review approve mini-demo --by bob
  muster review defer batch --until 2027-01-15 --reason 'the team is on leave'

A rejection of an agentic system that may reach L3 needs a second person: `reject` proposes it, and somebody else approves it.")]
pub(super) struct Reviews {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List what is to be reviewed, what needs a look first, first
    List(List),
    /// Show what is decided of a system, and what it rests on
    Show {
        /// The system: its id or its name
        system: String,
        /// The form of the result
        #[arg(long, value_enum, default_value_t)]
        format: Form,
        #[command(flatten)]
        store: StoreOption,
    },
    /// Say who looks at a system; by default you
    Assign {
        #[command(flatten)]
        of: Of,
        /// Who looks at it
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
    },
    /// Say who answers for a system
    Own {
        #[command(flatten)]
        of: Of,
        /// A person or a team; `unknown` where nobody knows
        #[arg(value_name = "OWNER")]
        owner: String,
    },
    /// Answer a criterion otherwise than the evidence does
    Correct {
        #[command(flatten)]
        of: Of,
        /// The criterion, C1 to C10
        #[arg(value_name = "CRITERION", value_parser = criterion)]
        criterion: Criterion,
        /// What it is; `clear` takes a correction back
        #[arg(value_name = "ANSWER", value_enum)]
        answer: Said,
    },
    /// Say that a system is what it is said to be
    Confirm {
        #[command(flatten)]
        of: Of,
        /// The verdict, where it is not the one that the answers come to
        #[arg(long, value_name = "VERDICT", value_parser = verdict)]
        verdict: Option<Verdict>,
        /// It is none of what is assessed
        #[arg(long)]
        out_of_scope: bool,
        /// Who answers for it, where that was not said: a person or a team; `unknown` where nobody knows
        #[arg(long, value_name = "OWNER")]
        owner: Option<String>,
    },
    /// Say that a system is none of those that are meant
    Reject {
        #[command(flatten)]
        of: Of,
        /// Why
        #[arg(long = "as", value_name = "WHAT", value_enum)]
        why: Why,
        /// The system that it is a duplicate of: its id or its name
        #[arg(long, value_name = "SYSTEM", required_if_eq("why", "duplicate-of"))]
        duplicate_of: Option<String>,
        /// The day from which it does not hold any more; of what is a sample or out of scope, in 180 days where none is given
        #[arg(long, value_name = "DAY")]
        until: Option<Date>,
    },
    /// Agree with a rejection that waits for a second person
    Approve(Of),
    /// Take back a rejection that waits for a second person
    Withdraw(Of),
    /// Decide later
    Defer {
        #[command(flatten)]
        of: Of,
        /// The day from which it needs a look again, within 90 days
        #[arg(long, value_name = "DAY")]
        until: Date,
    },
    /// Say that a confirmed system is gone
    Retire(Of),
    /// Open what is decided again
    Reopen(Of),
    /// Put a system where it belongs, whatever was decided: for administrators
    Amend {
        #[command(flatten)]
        of: Of,
        /// Where it belongs
        #[arg(long, value_name = "STANDING", value_enum)]
        to: Standing,
    },
}

/// Of which system something is decided, by whom, and why.
#[derive(Debug, Args)]
struct Of {
    /// The system: its id or its name
    #[arg(value_name = "SYSTEM")]
    system: String,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    store: StoreOption,
}

/// What is listed.
#[derive(Debug, Args)]
struct List {
    /// Only what stands so; may be given several times. Without it, what needs review or is in review
    #[arg(long, value_name = "STANDING", value_enum)]
    standing: Vec<Standing>,
    #[command(flatten)]
    filter: FilterOptions,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

impl ValueEnum for Standing {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Said {
    Yes,
    No,
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Why {
    /// There is no AI in it
    NotAi,
    /// What was found does not mean what it was taken for
    FalsePositive,
    /// It is there to test or to show something
    TestOrSample,
    /// It is another system that is listed
    DuplicateOf,
    /// It is outside of what is assessed
    OutOfScope,
}

impl Reviews {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        match self.what {
            What::List(list) => list.run(printer),
            What::Show { system, format, store } => show(&store, &system, format, printer),
            What::Assign { of, to } => {
                let to = to.unwrap_or_else(|| of.who.name());
                of.act(Act::Assign(to), printer)
            }
            What::Own { of, owner } => of.act(Act::Own(Owned::named(owner)), printer),
            What::Correct { of, criterion, answer } => {
                let answer = match answer {
                    Said::Yes => Some(true),
                    Said::No => Some(false),
                    Said::Clear => None,
                };
                of.act(Act::Correct(criterion, answer), printer)
            }
            What::Confirm { of, verdict, out_of_scope, owner } => {
                let owner = owner.map(Owned::named);
                of.act(Act::Confirm { verdict, in_scope: !out_of_scope, owner }, printer)
            }
            What::Reject { of, why, duplicate_of, until } => {
                let other = match duplicate_of.filter(|_| why == Why::DuplicateOf) {
                    Some(other) => of.store.with(async |store| store.system_named(&other).await)?,
                    None => String::new(),
                };
                let rejection = match why {
                    Why::NotAi => Rejection::NotAi,
                    Why::FalsePositive => Rejection::FalsePositive,
                    Why::TestOrSample => Rejection::TestOrSample,
                    Why::DuplicateOf => Rejection::DuplicateOf(other),
                    Why::OutOfScope => Rejection::OutOfScope,
                };
                of.act(Act::Reject(rejection, until), printer)
            }
            What::Approve(of) => of.act(Act::Approve, printer),
            What::Withdraw(of) => of.act(Act::Withdraw, printer),
            What::Defer { of, until } => of.act(Act::Defer(until), printer),
            What::Retire(of) => of.act(Act::Retire, printer),
            What::Reopen(of) => of.act(Act::Reopen, printer),
            What::Amend { of, to } => of.act(Act::Amend(to), printer),
        }
    }
}

impl Of {
    fn act(self, act: Act, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { system, who, store } = self;
        let (at, today) = clock::day();
        let (name, reviewed) = store.with(async |store| {
            store.expire((&at, today)).await?;
            let id = store.system_named(&system).await?;
            let reviewed = store.act(&id, act, &who.name(), &who.reason, (&at, today), None).await?;
            Ok((store.reviewed(&id).await?.0.name, reviewed))
        })?;
        let mut page = Page::new(printer.surface().width);
        page.wrap(0, 2, &standing_line(&name, &reviewed.review));
        printer.page(&page)?;
        if let Some(proposed) = &reviewed.review.proposed {
            let help = format!(
                "the rejection by {} waits for a second person: `muster review approve`",
                proposed.by
            );
            printer.note(&help);
        }
        Ok(Exit::Done)
    }
}

impl List {
    fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let mut standings = self.standing;
        if standings.is_empty() {
            standings = vec![Standing::NeedsReview, Standing::InReview];
        }
        let filter = Filter { standings, ..Filter::from(self.filter) };
        let (at, today) = clock::day();
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (listed, reviews, more) = self.store.with(async |store| {
            store.expire((&at, today)).await?;
            let mut listed: Vec<Listed> = Vec::new();
            let mut page = Part { most: AT_ONCE.min(i64::from(self.limit)), ..Part::default() };
            loop {
                let (mut found, next) = store.list(&filter, &page).await?;
                listed.append(&mut found);
                page.after = next;
                if page.after.is_none() || listed.len() >= limit {
                    let more = page.after.is_some() || listed.len() > limit;
                    listed.truncate(limit);
                    return Ok((listed, store.reviews().await?, more));
                }
            }
        })?;
        if self.format == Form::Json {
            let all: Vec<_> = listed
                .iter()
                .map(|one| json!({"system": one, "review": reviews.get(&one.id).map(|of| &of.review)}))
                .collect();
            printer.result(&(serde_json::to_string_pretty(&all)? + "\n"))?;
            return Ok(Exit::Done);
        }
        let mut page = Page::new(printer.surface().width);
        for one in &listed {
            page.wrap(0, 4, &line(one, reviews.get(&one.id).map(|of| &of.review)));
        }
        if listed.is_empty() {
            page.push(Line::new().plain(
                "Nothing stands so. `muster review list --standing confirmed` lists what is decided.",
            ));
        }
        if more {
            page.push(Line::new().with(Tone::Dim, "… and more (a higher --limit shows them)"));
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

fn line(one: &Listed, review: Option<&Review>) -> Line {
    let [low, high] = one.levels();
    let level = if low == high { low.to_string() } else { format!("{low}-{high}") };
    let standing = one.standing.unwrap_or_default();
    let mut line = Line::new()
        .with(Tone::Strong, &one.name)
        .plain(format!(": {} {level}, ", one.verdict.replace('_', " ")))
        .with(tone(standing), standing.name());
    if let Some(review) = review {
        if let Some(assignee) = &review.assignee {
            line = line.plain(format!(" by {assignee}"));
        }
        if let Some(until) = &review.until {
            line = line.plain(format!(" until {until}"));
        }
        if !review.reopened.is_empty() {
            line = line.with(Tone::Open, format!("  {}", review.reopened.join("; ")));
        }
    }
    line.with(Tone::Dim, format!("  {} {}  {}", one.target, one.root, one.id))
}

fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::NeedsReview => Tone::Bad,
        Standing::InReview | Standing::Deferred => Tone::Open,
        Standing::Confirmed | Standing::Rejected | Standing::Retired => Tone::Good,
    }
}

fn standing_line(name: &str, review: &Review) -> Line {
    let mut line =
        Line::new().with(Tone::Strong, name).plain(": ").with(tone(review.standing), review.standing.name());
    let mut said = Vec::new();
    if let Some(verdict) = review.verdict {
        said.push(format!(
            "{}{}",
            verdict.name().replace('_', " "),
            if review.in_scope == Some(false) { ", out of scope" } else { "" }
        ));
    }
    if let Some(rejection) = &review.rejection {
        said.push(rejection.name().to_owned());
    }
    if let Some(proposed) = &review.proposed {
        said.push(format!("rejection as {} proposed by {}", proposed.rejection.name(), proposed.by));
    }
    if let Some(until) = &review.until {
        said.push(format!("until {until}"));
    }
    match &review.owner {
        Some(Owned::By(owner)) => said.push(format!("owner {owner}")),
        Some(Owned::Unknown) => said.push("no owner is known".to_owned()),
        None => {}
    }
    if let Some(assignee) = &review.assignee {
        said.push(format!("looked at by {assignee}"));
    }
    if !said.is_empty() {
        line = line.plain(format!(", {}", said.join(", ")));
    }
    if !review.by.is_empty() {
        line =
            line.with(Tone::Dim, format!("  {} on {}", review.by, review.at.get(..10).unwrap_or(&review.at)));
    }
    line
}

fn show(store: &StoreOption, system: &str, format: Form, printer: &mut Printer) -> anyhow::Result<Exit> {
    let (at, today) = clock::day();
    let (system, presence, Reviewed { revision, review }) = store.with(async |store| {
        store.expire((&at, today)).await?;
        let id = store.system_named(system).await?;
        store.reviewed(&id).await
    })?;
    if format == Form::Json {
        let all =
            json!({"id": system.id, "presence": presence.name(), "revision": revision, "review": review});
        printer.result(&(serde_json::to_string_pretty(&all)? + "\n"))?;
        return Ok(Exit::Done);
    }
    let mut page = Page::new(printer.surface().width);
    page.wrap(0, 2, &standing_line(&system.name, &review));
    page.wrap(2, 4, &Line::new().with(Tone::Dim, format!("{}, {}", system.id.as_str(), presence.name())));
    for why in &review.reopened {
        page.wrap(2, 4, &Line::new().with(Tone::Open, format!("opened again: {why}")));
    }
    if let Some(before) = &review.before {
        page.wrap(2, 4, &standing_line("before", before));
    }
    if !review.reason.is_empty() {
        page.wrap(2, 4, &Line::new().plain(review.reason.clone()));
    }
    answers(&system, &review, &mut page);
    if let Some(then) = &review.fingerprint {
        for part in then.changed(&Fingerprint::of(&system)) {
            page.wrap(2, 4, &Line::new().with(Tone::Open, format!("since it was decided, {part}")));
        }
    }
    printer.page(&page)?;
    Ok(Exit::Done)
}

/// The ten answers as they are found, and as they are corrected.
fn answers(system: &System, review: &Review, page: &mut Page) {
    for (criterion, answer) in system.criteria.iter() {
        let found = answer.ternary();
        let mut line =
            Line::new().plain(format!("{:<4}{:<16}{:<8}", criterion.id(), criterion.name(), found.name()));
        if let Some(correction) = review.corrections.get(&criterion) {
            let said = if correction.answer { Ternary::Yes } else { Ternary::No };
            line = line
                .with(Tone::Strong, format!("corrected to {}", said.name()))
                .with(Tone::Dim, format!(" by {}: {}", correction.by, correction.reason));
        }
        page.wrap(2, 6, &line);
        for claimed in system.claims.iter().filter(|claimed| claimed.criterion == criterion) {
            let said = if claimed.answer { "yes" } else { "no" };
            let line = Line::new()
                .with(Tone::Open, format!("claimed to be {said}"))
                .plain(format!(": {}", claimed.because))
                .with(Tone::Dim, format!("  {}", claimed.place));
            page.wrap(6, 8, &line);
        }
    }
    let decision = corrected(&system.criteria, &review.corrections);
    let [low, high] = decision.level;
    let text = format!("The answers come to {}, {low} to {high}.", decision.verdict.name().replace('_', " "));
    page.wrap(2, 4, &Line::new().plain(text));
}

fn criterion(text: &str) -> Result<Criterion, String> {
    let is = |criterion: &Criterion| criterion.id().eq_ignore_ascii_case(text);
    Criterion::ALL.into_iter().find(is).ok_or_else(|| "a criterion is one of C1 to C10".to_owned())
}

fn verdict(text: &str) -> Result<Verdict, String> {
    let all = [Verdict::Agentic, Verdict::NotAgentic, Verdict::NotAi];
    let is = |verdict: &Verdict| verdict.name().replace('_', "-") == text.replace('_', "-");
    all.into_iter().find(is).ok_or_else(|| "a person decides for agentic, not_agentic or not_ai".to_owned())
}
