//! `muster assess compare`: two assessments side by side.

use asmm_model::assessment::{AreaScore, Fraction, compare};
use clap::Args;
use serde_json::json;

use crate::assess::Assessment;
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::cli::runs::Form;
use crate::cli::store::StoreOption;
use crate::page::{Column, Cut, Line, Page, Span, Tone};

/// Hold two assessments against each other: scores, ratings, and what is otherwise in the evidence
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster assess compare 2026-q3 2026-q4")]
pub(super) struct Compare {
    /// The earlier assessment
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The later one
    #[arg(value_name = "AFTER")]
    after: String,
    /// The form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

impl Compare {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let (before, after) = self.store.with(async |store| {
            Ok((store.assessment(&self.before).await?, store.assessment(&self.after).await?))
        })?;
        if self.format == Form::Json {
            let side =
                |of: &Assessment| json!({"name": of.head.name, "rating": of.rating(), "scores": of.scores()});
            let all = json!({"before": side(&before), "after": side(&after),
                "evidence": compare(&before.seeded.seed, &after.seeded.seed)});
            printer.result(&(serde_json::to_string_pretty(&all)? + "\n"))?;
            return Ok(Exit::Done);
        }
        let mut page = Page::new(printer.surface().width);
        told(&before, &after, &mut page);
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

fn told(before: &Assessment, after: &Assessment, page: &mut Page) {
    let columns =
        [Column::whole(""), Column::number("Before"), Column::number("After"), Column::number("Change")];
    let row = |name: &str, then: Option<Fraction>, now: Option<Fraction>| {
        let shown = |of: Option<Fraction>| of.map_or_else(|| "-".to_owned(), |of| of.to_string());
        let change = then.zip(now).and_then(|(then, now)| now.minus(then));
        let (tone, change) = match change {
            None => (Tone::Dim, "-".to_owned()),
            Some(change) if change.numerator() > 0 => (Tone::Good, format!("+{change}")),
            Some(change) if change.numerator() < 0 => (Tone::Bad, change.to_string()),
            Some(change) => (Tone::Dim, change.to_string()),
        };
        vec![
            Span::new(Tone::Strong, name),
            Span::new(Tone::Plain, shown(then)),
            Span::new(Tone::Plain, shown(now)),
            Span::new(tone, change),
        ]
    };
    let (then, now) = (before.rating(), after.rating());
    let mut rows: Vec<Vec<Span>> = Vec::new();
    for domain in &now.domains {
        let old = then.domains.iter().find(|one| one.id == domain.id).and_then(|one| one.score);
        let title = after.structure.domain(&domain.id).map_or(domain.id.as_str(), |one| one.title.as_str());
        rows.push(row(title, old, domain.score));
    }
    rows.push(row("Overall", then.overall.score, now.overall.score));
    page.table(0, &columns, &rows);
    page.gap();
    let seeds = compare(&before.seeded.seed, &after.seeded.seed);
    if seeds.structure {
        page.wrap(
            0,
            2,
            &Line::new()
                .with(Tone::Open, "They were made by different structures: areas may mean something else."),
        );
    }
    let level = |of: &Assessment, area: &str| match of.areas.get(area).map(|held| held.given.score) {
        Some(AreaScore::Scored(score)) => score.level().to_string(),
        Some(AreaScore::NotApplicable) => "n/a".to_owned(),
        Some(AreaScore::NotAssessed) | None => "-".to_owned(),
    };
    let mut rows = Vec::new();
    for area in after.structure.areas() {
        let [old, new] = [before, after].map(|of| level(of, &area.id));
        let changes = seeds.areas.iter().find(|one| one.area == area.id);
        let first = changes.and_then(|one| one.changes.first()).map(ToString::to_string).unwrap_or_default();
        let more = changes.map_or(0, |one| one.changes.len().saturating_sub(1));
        let told = if more > 0 { format!("{first}, and {more} more") } else { first };
        if old != new || !told.is_empty() {
            rows.push(vec![
                Span::new(Tone::Strong, &area.id),
                Span::new(Tone::Plain, format!("{old} → {new}")),
                Span::new(Tone::Dim, told),
            ]);
        }
    }
    if rows.is_empty() {
        page.push(Line::new().plain("No area is otherwise."));
        return;
    }
    page.table(0, &[Column::whole("Area"), Column::whole("Level"), Column::cut("Evidence", Cut::End)], &rows);
}
