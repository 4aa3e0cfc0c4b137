//! `muster assess show`: where an assessment stands, and the evidence of one area.

use asmm_model::assessment::{
    AgenticScope, Area, AreaScore, Bearing, DomainRating, Fraction, HintKind, Seed, SeedArea, SeedEvidence,
    Structure, reading,
};
use clap::Args;
use serde_json::json;

use crate::assess::{Assessment, Held};
use crate::cli::exit::Exit;
use crate::cli::printer::Printer;
use crate::cli::runs::Form;
use crate::cli::store::StoreOption;
use crate::page::{Column, Cut, Entry, Line, Page, Span, Tone};
use crate::store::Said;

/// Systems that are named behind a number; `--format json` names all.
const NAMED: usize = 5;

/// Show where an assessment stands, or the evidence of one area
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The assessment
    #[arg(value_name = "NAME")]
    name: String,
    /// An area, such as PR-A1
    #[arg(value_name = "AREA")]
    area: Option<String>,
    /// The form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    store: StoreOption,
}

impl Show {
    pub(super) fn run(self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let Self { name, area, format, store } = self;
        let area = area.as_deref();
        let (assessment, said) = store.with(async |store| {
            let said = match area {
                Some(area) => store.said(&name, area).await?,
                None => Vec::new(),
            };
            Ok((store.assessment(&name).await?, said))
        })?;
        if let Some(area) = area {
            anyhow::ensure!(
                assessment.seed_of(area).is_some(),
                "`{area}` is no area of the structure; `muster assess show {name}` lists them"
            );
        }
        if format == Form::Json {
            let all = match area {
                Some(area) => json!({"area": assessment.seed_of(area), "said": said,
                    "changed": assessment.changed.get(area)}),
                None => json!({"assessment": assessment.head, "seed": assessment.seeded.number,
                    "agentic_scope": assessment.agentic(), "rating": assessment.rating(),
                    "areas": assessment.areas, "changed": assessment.changed}),
            };
            printer.result(&(serde_json::to_string_pretty(&all)? + "\n"))?;
            return Ok(Exit::Done);
        }
        let mut page = Page::new(printer.surface().width);
        match area {
            Some(area) => self::area(&assessment, area, &said, &mut page),
            None => overview(&assessment, &mut page),
        }
        printer.page(&page)?;
        Ok(Exit::Done)
    }
}

/// An assessment as a whole.
pub(super) fn overview(assessment: &Assessment, page: &mut Page) {
    let Assessment { head, structure, seeded, .. } = assessment;
    let standing = match &head.signed {
        Some(signed) => (Tone::Good, format!("signed by {} on {}", signed.by, day(&signed.at))),
        None => (Tone::Open, "open".to_owned()),
    };
    page.wrap(0, 2, &Line::new().with(Tone::Strong, &head.name).plain(", ").with(standing.0, standing.1));
    let evidence = format!("evidence of {} (seed {})", day(&seeded.at), seeded.number);
    page.wrap(
        0,
        2,
        &Line::new().with(
            Tone::Dim,
            format!(
                "{} {}, a working structure of this tool, not the publisher's; {evidence}",
                structure.id, structure.version
            ),
        ),
    );
    page.wrap(0, 2, &agentic(&seeded.seed));
    page.gap();
    ratings(assessment, page);
    page.gap();
    let columns = [
        Column::whole("Area"),
        Column::cut("", Cut::End),
        Column::whole("Level"),
        Column::whole("Hints"),
        Column::cut("", Cut::End),
    ];
    let rows = structure.areas().map(|area| row(assessment, area)).collect::<Vec<_>>();
    page.table(0, &columns, &rows);
}

fn agentic(seed: &Seed) -> Line {
    let scope = &seed.scope;
    let undecided = scope.undecided.len();
    let said = match scope.agentic_scope {
        AgenticScope::InScope => "agentic areas are in scope".to_owned(),
        AgenticScope::NotApplicable => {
            "agentic areas do not apply: every system was reviewed, and none is agentic".to_owned()
        }
        AgenticScope::Provisional => {
            format!("agentic areas are provisional until {undecided} undecided systems are reviewed")
        }
        AgenticScope::Unknown => {
            "whether agentic areas apply is not known: too little was scanned or reviewed".to_owned()
        }
    };
    let tone = if scope.agentic_scope.is_decided() { Tone::Plain } else { Tone::Open };
    Line::new()
        .plain(format!("{} systems in scope, {undecided} of them undecided; ", scope.systems.len()))
        .with(tone, said)
}

fn row(assessment: &Assessment, area: &Area) -> Vec<Span> {
    let seed = assessment.seed_of(&area.id);
    let held = assessment.areas.get(&area.id);
    let (tone, level) = match held.map(|held| held.given.score) {
        _ if seed.is_some_and(|seed| !seed.applicable) => (Tone::Dim, "n/a".to_owned()),
        Some(AreaScore::Scored(score)) => (Tone::Strong, score.level().to_string()),
        Some(AreaScore::NotApplicable) => (Tone::Dim, "n/a".to_owned()),
        Some(AreaScore::NotAssessed) | None => (Tone::Open, "-".to_owned()),
    };
    let mut marks = Vec::new();
    if assessment.changed.contains_key(&area.id) {
        marks.push("its evidence changed");
    }
    if held.is_some_and(|held| held.given.outside) {
        marks.push("outside of the hints");
    }
    if seed.is_some_and(|seed| seed.hints.iter().any(|hint| hint.conflicting)) {
        marks.push("conflicting evidence");
    }
    vec![
        Span::new(Tone::Plain, &area.id),
        Span::new(Tone::Plain, &area.title),
        Span::new(tone, level),
        Span::new(Tone::Dim, seed.map(hints).unwrap_or_default()),
        Span::new(Tone::Open, marks.join(", ")),
    ]
}

/// The lowest ceiling and the highest floor.
fn hints(area: &SeedArea) -> String {
    let of = |kind: HintKind| area.hints.iter().filter(move |hint| hint.kind == kind).map(|hint| hint.level);
    let most = of(HintKind::Ceiling).min().map(|level| format!("≤{level}"));
    let least = of(HintKind::Floor).max().map(|level| format!("≥{level}"));
    [least, most].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What the scores come to, by domain and overall.
pub(super) fn ratings(assessment: &Assessment, page: &mut Page) {
    let rating = assessment.rating();
    let columns = [
        Column::whole("Domain"),
        Column::number("Score"),
        Column::number("Range"),
        Column::whole("Band"),
        Column::number("Coverage"),
        Column::cut("", Cut::End),
    ];
    let number = |of: Option<Fraction>| of.map_or_else(|| "-".to_owned(), |of| of.to_string());
    let band = |band: Option<u8>| match band {
        Some(level) => format!("{level} {}", assessment.structure.level_name(level).unwrap_or_default()),
        None => "-".to_owned(),
    };
    let range = |low: Option<Fraction>, high: Option<Fraction>| match (low, high) {
        (Some(low), Some(high)) => format!("{low}-{high}"),
        _ => "-".to_owned(),
    };
    let capped = |by: &[String]| match by {
        [] => String::new(),
        by => format!("capped by {}", by.join(", ")),
    };
    let row = |domain: &DomainRating| {
        let title = assessment.structure.domain(&domain.id).map(|domain| domain.title.as_str());
        vec![
            Span::new(Tone::Strong, title.unwrap_or(&domain.id)),
            Span::new(Tone::Plain, number(domain.score)),
            Span::new(Tone::Dim, range(domain.low, domain.high)),
            Span::new(Tone::Plain, band(domain.band)),
            Span::new(Tone::Plain, format!("{}/{}", domain.assessed, domain.applicable)),
            Span::new(Tone::Open, capped(&domain.capped_by)),
        ]
    };
    let mut rows: Vec<Vec<Span>> = rating.domains.iter().map(row).collect();
    let overall = &rating.overall;
    rows.push(vec![
        Span::new(Tone::Strong, "Overall"),
        Span::new(Tone::Strong, number(overall.score)),
        Span::new(Tone::Dim, range(overall.low, overall.high)),
        Span::new(Tone::Strong, band(overall.band)),
        Span::default(),
        Span::new(Tone::Open, capped(&overall.capped_by)),
    ]);
    page.table(0, &columns, &rows);
    if !overall.is_final() {
        let why: Vec<String> = overall.provisional.iter().map(ToString::to_string).collect();
        page.wrap(0, 2, &Line::new().with(Tone::Open, "Provisional").plain(format!(": {}.", why.join("; "))));
    }
}

/// What holds for an area.
pub(super) fn score(assessment: &Assessment, id: &str, page: &mut Page) {
    let title = assessment.structure.area(id).map(|(_, area)| area.title.as_str()).unwrap_or_default();
    let mut line = Line::new().with(Tone::Strong, id).plain(format!(" {title}: "));
    line = match assessment.areas.get(id) {
        Some(held) => line.and(said(&assessment.structure, held)),
        None => line.with(Tone::Open, "not assessed"),
    };
    page.wrap(0, 2, &line);
}

fn said(structure: &Structure, held: &Held) -> Line {
    let given = &held.given;
    let what = match given.score {
        AreaScore::Scored(score) => {
            let name = structure.level_name(score.level()).unwrap_or_default();
            Line::new().with(Tone::Strong, format!("{} {name}", score.level()))
        }
        AreaScore::NotApplicable => Line::new().plain("does not apply"),
        AreaScore::NotAssessed => Line::new().with(Tone::Open, "not assessed, taken back"),
    };
    let mut line = what.with(Tone::Dim, format!("  {} on {}", given.by, day(&given.at)));
    if given.outside {
        line = line.with(Tone::Open, "  outside of the hints");
    }
    if !given.reason.is_empty() {
        line = line.plain(format!("  {}", given.reason));
    }
    line
}

fn area(assessment: &Assessment, id: &str, history: &[Said], page: &mut Page) {
    let (Some((domain, area)), Some(seed)) = (assessment.structure.area(id), assessment.seed_of(id)) else {
        return;
    };
    score(assessment, id, page);
    page.wrap(0, 2, &Line::new().plain(&area.question));
    page.wrap(0, 2, &Line::new().with(Tone::Dim, mapped(area, &domain.title)));
    for change in assessment.changed.get(id).into_iter().flatten() {
        page.wrap(0, 2, &Line::new().with(Tone::Open, "since it was scored: ").plain(change.to_string()));
    }
    evidence(assessment, seed, page);
    page.gap();
    page.push(Line::new().with(Tone::Strong, "What each level needs"));
    let columns = [Column::whole(""), Column::whole("")];
    for level in 2..=5 {
        let name = assessment.structure.level_name(level).unwrap_or_default();
        let needs = |test: &asmm_model::assessment::LevelTest| {
            let needs = test.levels.iter().find(|(of, _)| *of == level)?;
            Some(format!("{}: {}", test.title.to_lowercase(), needs.1))
        };
        let needs: Vec<String> = assessment.structure.tests.iter().filter_map(needs).collect();
        let entry = Entry {
            heads: vec![Span::new(Tone::Strong, level.to_string()), Span::new(Tone::Plain, name)],
            text: Line::new().plain(needs.join("; ")),
            place: Span::default(),
        };
        page.entries(2, &columns, &[entry]);
    }
    if history.len() > 1 {
        page.gap();
        page.push(Line::new().with(Tone::Strong, "What was said before"));
        for said in &history[1..] {
            let held = Held { revision: said.revision, given: said.given.clone() };
            page.wrap(2, 4, &self::said(&assessment.structure, &held));
        }
    }
}

fn mapped(area: &Area, domain: &str) -> String {
    let maps = &area.maps;
    let mut said = vec![format!("{domain}; NIST CSF 2.0 {}", maps.nist_csf_2_0.join(", "))];
    for (name, of) in [
        ("NIST AI RMF 1.0", &maps.nist_ai_rmf_1_0),
        ("ISO/IEC 42001", &maps.iso_42001),
        ("EU AI Act", &maps.eu_ai_act),
        ("OWASP agentic", &maps.owasp_agentic_2026),
    ] {
        if !of.is_empty() {
            said.push(format!("{name} {}", of.join(", ")));
        }
    }
    said.join("; ")
}

fn evidence(assessment: &Assessment, seed: &SeedArea, page: &mut Page) {
    page.gap();
    page.push(Line::new().with(Tone::Strong, "Evidence"));
    if seed.evidence.is_empty() {
        page.wrap(2, 2, &Line::new().plain("No scan says anything of it: people and documents do."));
    }
    for piece in &seed.evidence {
        page.wrap(2, 6, &metric(assessment, piece));
        for locator in piece.locators.iter().take(NAMED) {
            page.wrap(6, 8, &Line::new().with(Tone::Dim, locator));
        }
    }
    for hint in &seed.hints {
        let (tone, side) = match hint.kind {
            HintKind::Ceiling => (Tone::Bad, "at most"),
            HintKind::Floor => (Tone::Good, "at least"),
        };
        let mut line = Line::new()
            .with(tone, format!("{side} {}", hint.level))
            .plain(format!(": {}", hint.why))
            .with(Tone::Dim, format!("  {}", hint.rule));
        if hint.small_sample {
            line = line.with(Tone::Open, "  small sample");
        }
        if hint.conflicting {
            line = line.with(Tone::Open, "  conflicting evidence");
        }
        page.wrap(2, 6, &line);
    }
    for withheld in &seed.withheld {
        page.wrap(
            2,
            6,
            &Line::new().with(Tone::Dim, format!("{} says nothing: {}", withheld.rule, withheld.why)),
        );
    }
}

fn metric(assessment: &Assessment, piece: &SeedEvidence) -> Line {
    let definition = assessment.structure.metric(&piece.metric);
    let title = definition.map_or(piece.metric.as_str(), |metric| metric.definition.as_str());
    let tone = match piece.supports {
        Bearing::Supports => Tone::Good,
        Bearing::Contradicts => Tone::Bad,
        Bearing::Neutral => Tone::Plain,
    };
    let mut line =
        Line::new().with(Tone::Strong, &piece.metric).plain(format!(" {title}: ")).with(tone, reading(piece));
    if let Some(why) = &piece.why {
        return line.with(Tone::Open, format!("  not known: {why}"));
    }
    let names = |names: &[String]| {
        let more = names.len().saturating_sub(NAMED);
        let named: Vec<&str> = names.iter().take(NAMED).map(|id| assessment.name_of(id)).collect();
        let mut told = named.join(", ");
        if more > 0 {
            told = format!("{told} and {more} more");
        }
        told
    };
    for (says, of) in [("counted", &piece.systems), ("not", &piece.others), ("unknown", &piece.unclear)] {
        if !of.is_empty() {
            line = line.with(Tone::Dim, format!("  {says}: {}", names(of)));
        }
    }
    line
}

/// What is known now, before anybody scores it.
pub(super) fn seed(seed: &Seed, page: &mut Page) {
    page.wrap(0, 2, &agentic(seed));
    page.gap();
    let rows: Vec<Vec<Span>> = (seed.areas.iter())
        .map(|area| {
            let told: Vec<String> =
                area.evidence.iter().map(|piece| format!("{} {}", piece.metric, reading(piece))).collect();
            vec![
                Span::new(Tone::Plain, &area.id),
                Span::new(Tone::Plain, &area.title),
                Span::new(Tone::Strong, hints(area)),
                Span::new(Tone::Dim, told.join("  ")),
            ]
        })
        .collect();
    let columns = [
        Column::whole("Area"),
        Column::cut("", Cut::End),
        Column::whole("Hints"),
        Column::cut("Evidence", Cut::End),
    ];
    page.table(0, &columns, &rows);
}

fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}
