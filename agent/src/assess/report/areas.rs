//! Every area: what people said of it, and the evidence that they had.

use asmm_model::assessment::{
    Area, AreaScore, Bearing, Domain, Hint, HintKind, SeedArea, SeedEvidence, reading,
};

use super::table::{Cell, Table};
use super::{Assessment, day, paragraphs};
use crate::assess::Held;
use crate::export::{Badge, Prose, Text};

/// Names that stand beside a number.
const NAMED: usize = 8;

/// The areas of a domain.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: Text,
    pub(super) areas: Vec<Told>,
}

/// One area.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) id: Text,
    pub(super) title: Text,
    pub(super) question: Text,
    pub(super) badge: Badge,
    /// The level in words, or what stands in its place.
    pub(super) level: Text,
    /// Who said it, and on which day.
    pub(super) by: Option<(Text, Text)>,
    /// Which level each test reaches, where that was said.
    pub(super) tests: Text,
    /// Hints that the score lies outside of.
    pub(super) outside: Vec<Prose>,
    pub(super) reason: Vec<Text>,
    /// The other hints.
    pub(super) hints: Vec<Prose>,
    pub(super) withheld: Vec<Prose>,
    pub(super) changes: Vec<Text>,
    pub(super) evidence: Option<Table>,
    pub(super) maps: Text,
}

/// All areas, by domain, in the order of the structure.
pub(super) fn groups(assessment: &Assessment) -> Vec<Group> {
    let told = |area: &Area| Told::of(assessment, area);
    let group = |domain: &Domain| Group {
        title: Text::short(&domain.title),
        areas: domain.areas.iter().map(told).collect(),
    };
    assessment.structure.domains.iter().map(group).collect()
}

impl Told {
    fn of(assessment: &Assessment, area: &Area) -> Self {
        let seed = assessment.seed_of(&area.id);
        let held = assessment.areas.get(&area.id);
        let (class, level) = level(assessment, seed, held);
        let said = held.map(|held| &held.given);
        let score = match said.map(|given| given.score) {
            Some(AreaScore::Scored(score)) => Some(score),
            _ => None,
        };
        let tests: Vec<String> = said
            .into_iter()
            .flat_map(|given| &given.tests)
            .map(|(test, reached)| {
                let title = assessment.structure.tests.iter().find(|one| one.id == *test);
                format!("{} {}", title.map_or(test.as_str(), |test| &test.title), reached.level())
            })
            .collect();
        let outside: Vec<&Hint> =
            seed.zip(score).map(|(seed, score)| seed.outside(score)).unwrap_or_default();
        let changes = assessment.changed.get(&area.id).into_iter().flatten();
        Self {
            id: Text::short(&area.id),
            title: Text::short(&area.title),
            question: Text::long(&area.question),
            badge: Badge { class, word: "" },
            level: Text::short(&level),
            by: said.map(|given| (Text::short(&given.by), Text::short(day(&given.at)))),
            tests: Text::long(&tests.join(", ")),
            outside: outside.iter().map(|one| hint(one)).collect(),
            reason: said.map(|given| paragraphs(&given.reason)).unwrap_or_default(),
            hints: (seed.into_iter().flat_map(|seed| &seed.hints))
                .filter(|one| !outside.contains(one))
                .map(hint)
                .collect(),
            withheld: (seed.into_iter().flat_map(|seed| &seed.withheld))
                .map(|one| Prose::new(&format!("`{}` says nothing: {}", one.rule, one.why)))
                .collect(),
            changes: changes.map(|change| Text::long(&change.to_string())).collect(),
            evidence: seed.and_then(|seed| table(assessment, seed)),
            maps: Text::long(&maps(area)),
        }
    }
}

fn level(assessment: &Assessment, seed: Option<&SeedArea>, held: Option<&Held>) -> (&'static str, String) {
    if seed.is_some_and(|seed| !seed.applicable) {
        return ("clear", "does not apply: no system in scope is agentic".to_owned());
    }
    match held.map(|held| held.given.score) {
        Some(AreaScore::Scored(score)) => {
            let name = assessment.structure.level_name(score.level()).unwrap_or_default();
            ("clear", format!("level {} {name}", score.level()))
        }
        Some(AreaScore::NotApplicable) => ("clear", "does not apply".to_owned()),
        Some(AreaScore::NotAssessed) => ("open", "not assessed: a score was taken back".to_owned()),
        None => ("open", "not assessed".to_owned()),
    }
}

fn hint(hint: &Hint) -> Prose {
    let side = match hint.kind {
        HintKind::Ceiling => "At most",
        HintKind::Floor => "At least",
    };
    let mut said = format!("{side} {}: {} (rule `{}`", hint.level, hint.why, hint.rule);
    if hint.small_sample {
        said.push_str(", a small sample");
    }
    if hint.conflicting {
        said.push_str(", against another hint");
    }
    Prose::new(&format!("{said})"))
}

fn table(assessment: &Assessment, seed: &SeedArea) -> Option<Table> {
    let row = |piece: &SeedEvidence| {
        let metric = assessment.structure.metric(&piece.metric);
        let definition = metric.map_or(piece.metric.as_str(), |metric| &metric.definition);
        let said = match &piece.why {
            Some(why) => format!("not known: {why}"),
            None => reading(piece),
        };
        let stands = match piece.supports {
            Bearing::Supports => "for it",
            Bearing::Contradicts => "against it",
            Bearing::Neutral => "",
        };
        let observed = piece.observed_at.as_deref().map_or("never", day);
        vec![
            Cell::text(&piece.metric),
            Cell::Text(Text::long(definition)),
            Cell::Text(Text::long(&said)),
            Cell::text(stands),
            Cell::Text(names(assessment, &piece.systems)),
            Cell::text(observed),
        ]
    };
    let rows: Vec<Vec<Cell>> = seed.evidence.iter().map(row).collect();
    (!rows.is_empty()).then_some(Table {
        caption: "Evidence",
        class: "evidence-table",
        heads: &["Metric", "What it is", "Reading", "Stands", "Counted", "Observed"],
        rows,
        more: 0,
    })
}

fn names(assessment: &Assessment, ids: &[String]) -> Text {
    let named: Vec<String> =
        ids.iter().take(NAMED).map(|id| Text::up_to(assessment.name_of(id), 60).to_string()).collect();
    let more = ids.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Text::long(&(named.join(", ") + &more))
}

fn maps(area: &Area) -> String {
    let maps = &area.maps;
    let all = [
        ("NIST CSF 2.0", &maps.nist_csf_2_0),
        ("NIST AI RMF 1.0", &maps.nist_ai_rmf_1_0),
        ("ISO/IEC 42001", &maps.iso_42001),
        ("EU AI Act", &maps.eu_ai_act),
        ("OWASP agentic", &maps.owasp_agentic_2026),
    ];
    let said = all
        .into_iter()
        .filter(|(_, of)| !of.is_empty())
        .map(|(name, of)| format!("{name} {}", of.join(", ")));
    said.collect::<Vec<_>>().join("; ")
}
