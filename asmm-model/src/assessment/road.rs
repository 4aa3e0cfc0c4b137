//! The road to a target: what each area needs, what stands in the way, and what it would bring.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    AgenticScope, AreaScore, Better, Fraction, HintKind, MetricDefinition, Quantity, RollUp, Rule, Score,
    Scores, Seed, SeedArea, SeedMetric, Structure, Test, roll_up,
};

/// Where an organisation wants to be. What nothing is said about goes one band up from where its domain is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// By the id of an area; before what is said of its domain.
    pub areas: BTreeMap<String, Score>,
    /// By the id of a domain.
    pub domains: BTreeMap<String, Score>,
}

/// What has to be done for the targets, in the order of what it brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Road {
    /// The areas below their target: those that lift the overall band first, then those that add most to the overall score, then those
    /// that touch the fewest systems, then by id.
    pub steps: Vec<Step>,
    /// Areas that apply and that nobody assessed: whether they are below the target is not known.
    pub unassessed: Vec<String>,
}

/// One area below its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RoadStep")]
pub struct Step {
    /// The area.
    pub area: String,
    /// What it is called.
    pub title: String,
    /// Its domain.
    pub domain: String,
    /// Its score.
    pub from: Score,
    /// Its target.
    pub to: Score,
    /// What the target level needs; all of it.
    pub needs: Vec<Need>,
    /// Ceilings below the target.
    pub barriers: Vec<Barrier>,
    /// Everything that stands in the way: ids of systems, or names of sources and repositories.
    pub systems: Vec<String>,
    /// How much the overall score would gain if this area alone reached its target.
    pub gain: Fraction,
    /// How many bands the overall rating would gain.
    pub gain_bands: u8,
    /// The band that its domain would have then.
    pub domain_band: Option<u8>,
    /// The band that the overall rating would have then.
    pub overall_band: Option<u8>,
}

/// One test of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Need {
    /// The id of the test.
    pub test: String,
    /// What it is called.
    pub title: String,
    /// What the level needs.
    pub needs: String,
    /// What evidence would show it done.
    pub shown_by: String,
}

/// A ceiling below the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Barrier {
    /// The rule.
    pub rule: String,
    /// The level that it holds the area at.
    pub level: u8,
    /// Why.
    pub why: String,
    /// What would lift it, as a sentence with the number that its threshold asks for.
    pub lifted: String,
    /// What the next scan would have to show, in the language of conditions: `M07 >= 50%`.
    pub shown_by: String,
    /// What stands in the way: ids of systems, or names of sources and repositories.
    pub systems: Vec<String>,
}

/// The road from scores to targets, by what a seed says. Areas that do not apply are not on it.
pub fn road(structure: &Structure, seed: &Seed, scores: &Scores, targets: &Targets) -> Road {
    let agentic = seed.scope.agentic_scope;
    let now = roll_up(structure, scores, agentic);
    let mut road = Road { steps: Vec::new(), unassessed: Vec::new() };
    for (domain, rating) in structure.domains.iter().zip(&now.domains) {
        let band_up = rating.band.and_then(Score::new).map(Score::up);
        for area in &domain.areas {
            if area.agentic_only && agentic == AgenticScope::NotApplicable {
                continue;
            }
            let from = match scores.get(&area.id).copied().unwrap_or_default() {
                AreaScore::NotApplicable => continue,
                AreaScore::NotAssessed => {
                    road.unassessed.push(area.id.clone());
                    continue;
                }
                AreaScore::Scored(score) => score,
            };
            let target = targets.areas.get(&area.id).or_else(|| targets.domains.get(&domain.id)).copied();
            let Some(to) = target.or(band_up).filter(|to| *to > from) else { continue };
            let mut reached = scores.clone();
            reached.insert(area.id.clone(), AreaScore::Scored(to));
            let then = roll_up(structure, &reached, agentic);
            let seeded = seed.areas.iter().find(|one| one.id == area.id);
            let barriers = seeded.map(|seeded| barriers(structure, seed, seeded, to)).unwrap_or_default();
            let systems: BTreeSet<String> =
                barriers.iter().flat_map(|barrier| barrier.systems.iter().cloned()).collect();
            road.steps.push(Step {
                area: area.id.clone(),
                title: area.title.clone(),
                domain: domain.id.clone(),
                from,
                to,
                needs: needs(structure, to),
                barriers,
                systems: systems.into_iter().collect(),
                gain: gain(&now, &then),
                gain_bands: bands(&then).saturating_sub(bands(&now)),
                domain_band: then.domains.iter().find(|one| one.id == domain.id).and_then(|one| one.band),
                overall_band: then.overall.band,
            });
        }
    }
    road.steps.sort_by_key(|step| {
        (Reverse(step.gain_bands), Reverse(step.gain), step.systems.len(), step.area.clone())
    });
    road
}

fn bands(rolled: &RollUp) -> u8 {
    rolled.overall.band.unwrap_or(0)
}

fn gain(now: &RollUp, then: &RollUp) -> Fraction {
    let scores = then.overall.score.zip(now.overall.score);
    scores.and_then(|(then, now)| then.minus(now)).unwrap_or(Fraction::ZERO)
}

/// What the working structure asks of a level: Written, Coverage, Enforced, Measured.
fn needs(structure: &Structure, level: Score) -> Vec<Need> {
    let tests = structure.tests.iter();
    let of_level = tests.filter_map(|test| {
        let (_, needs) = test.levels.iter().find(|(of, _)| *of == level.level())?;
        Some(Need {
            test: test.id.clone(),
            title: test.title.clone(),
            needs: needs.clone(),
            shown_by: test.shown_by.clone(),
        })
    });
    of_level.collect()
}

fn barriers(structure: &Structure, seed: &Seed, area: &SeedArea, to: Score) -> Vec<Barrier> {
    let below = |hint: &&super::Hint| hint.kind == HintKind::Ceiling && hint.level < to.level();
    let ceilings = area.hints.iter().filter(below);
    let barrier = |hint: &super::Hint| {
        let rule = structure.rule(&hint.rule)?;
        let value = |test: &Test| seed.metrics.get(&test.name)?.value(test);
        let mut systems: BTreeSet<String> = BTreeSet::new();
        for test in rule.when.decisive(value) {
            systems.extend(in_the_way(structure, area, test));
        }
        let holding = rule.when.holding(value);
        Some(Barrier {
            rule: rule.id.clone(),
            level: rule.level,
            why: hint.why.clone(),
            lifted: lifted(structure, seed, rule, &holding),
            shown_by: undone(&holding),
            systems: systems.into_iter().collect(),
        })
    };
    ceilings.filter_map(barrier).collect()
}

/// Of a metric that should be low, what counts; of one that should be high, what does not; of a median, what still waits.
fn in_the_way(structure: &Structure, area: &SeedArea, test: &Test) -> Vec<String> {
    let piece = area.evidence.iter().find(|piece| piece.metric == test.name);
    let Some((piece, definition)) = piece.zip(structure.metric(&test.name)) else { return Vec::new() };
    match (test.quantity, definition.better) {
        (Quantity::Days, _) => piece.unclear.clone(),
        (_, Better::Lower) => piece.systems.clone(),
        (_, Better::Higher) => piece.others.clone(),
        (_, Better::Neither) => Vec::new(),
    }
}

/// What a condition is broken by: in every alternative that holds, one test.
fn undone(holding: &[&[Test]]) -> String {
    let one = |test: &Test| test.turned().to_string();
    let all = holding.iter().map(|tests| tests.iter().map(one).collect::<Vec<_>>().join(" or "));
    all.collect::<Vec<_>>().join(" and ")
}

fn lifted(structure: &Structure, seed: &Seed, rule: &Rule, holding: &[&[Test]]) -> String {
    let mut parts = Vec::new();
    for tests in holding {
        let ways: Vec<String> = tests.iter().filter_map(|test| way(structure, seed, test)).collect();
        if ways.is_empty() {
            let (level, area, id) = (rule.level, &rule.area, &rule.id);
            return format!(
                "The ceiling of {level} on {area} (rule {id}) is lifted when a scan shows {}",
                undone(holding)
            );
        }
        parts.push(ways.join(" or "));
    }
    let (level, area, id) = (rule.level, &rule.area, &rule.id);
    format!("If {}, the ceiling of {level} on {area} (rule {id}) is lifted", parts.join(" and "))
}

/// What breaks one test: so many subjects that become better, or a median that falls.
fn way(structure: &Structure, seed: &Seed, test: &Test) -> Option<String> {
    let definition = structure.metric(&test.name)?;
    let metric = seed.metrics.get(&test.name)?;
    if test.quantity == Quantity::Days {
        return Some(format!("the median falls to {} days", test.with.short()));
    }
    let remedy = definition.remedy.as_ref()?;
    let needed = needed(definition, metric, test)?;
    Some(if needed == 1 { format!("1 {}", remedy.one) } else { format!("{needed} {}", remedy.many) })
}

/// The least number of subjects that have to become better for a test to hold no more; `None` where no number is enough.
fn needed(definition: &MetricDefinition, metric: &SeedMetric, test: &Test) -> Option<u64> {
    let most = match definition.better {
        Better::Lower => metric.num,
        Better::Higher => metric.den.map_or(u64::MAX, |den| den.saturating_sub(metric.num)),
        Better::Neither => return None,
    };
    let after = |better: u64| {
        let num = match definition.better {
            Better::Lower => metric.num.saturating_sub(better),
            Better::Higher | Better::Neither => metric.num.saturating_add(better),
        };
        SeedMetric { num, known: metric.known.max(1), ..metric.clone() }.value(test)
    };
    let is_broken = |better: u64| after(better).is_some_and(|value| !test.comparison.holds(value, test.with));
    // What is enough stays enough, so the least is found by halving.
    let (mut low, mut high) = (0, most);
    if !is_broken(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_broken(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::assessment::{Condition, MetricKind, Subject};

    fn definition(better: Better) -> MetricDefinition {
        MetricDefinition {
            id: "M01".to_owned(),
            name: String::new(),
            definition: String::new(),
            kind: MetricKind::Share,
            numerator: String::new(),
            denominator: Some(String::new()),
            better,
            subject: Subject::System,
            sources: Vec::new(),
            says: String::new(),
            remedy: None,
        }
    }

    proptest! {
        #[test]
        fn the_number_that_a_sentence_names_is_the_least_that_is_enough(
            den in 1..30_u64, num in 0..30_u64, percent in 0..=100_u8,
            better in select(&[(Better::Higher, "<"), (Better::Higher, "<="), (Better::Lower, ">"), (Better::Lower, ">="), (Better::Higher, "=")][..]),
        ) {
            let num = num.min(den);
            let (better, sign) = better;
            let condition = Condition::read(&format!("M01 {sign} {percent}%")).unwrap();
            let metric = |num: u64| SeedMetric { num, den: Some(den), unknown: 0, known: den, days: None, why: None };
            let test = &condition.any[0][0];
            let holds = |num: u64| condition.holds(|test| metric(num).value(test)) == crate::autonomy::Ternary::Yes;
            prop_assume!(holds(num));
            let moved = |by: u64| if better == Better::Lower { num.checked_sub(by) } else { Some(num + by).filter(|n| *n <= den) };
            let least = (1..=den).find(|by| moved(*by).is_some_and(|num| !holds(num)));
            prop_assert_eq!(needed(&definition(better), &metric(num), test), least);
        }
    }

    #[test]
    fn a_count_is_mended_one_by_one() {
        let needed = |better, text: &str, num| {
            let condition = Condition::read(text).unwrap();
            let metric = SeedMetric { num, den: None, unknown: 0, known: 1, days: None, why: None };
            needed(&definition(better), &metric, &condition.any[0][0])
        };
        assert_eq!(needed(Better::Lower, "M12 > 5", 9), Some(4));
        assert_eq!(needed(Better::Lower, "M12 > 0", 9), Some(9));
        assert_eq!(needed(Better::Higher, "no register", 0), Some(1));
        assert_eq!(needed(Better::Neither, "M12 > 5", 9), None);
    }

    #[test]
    fn every_way_out_of_a_rule_is_told() {
        let structure = Structure::working();
        let metric =
            |num, den| SeedMetric { num, den: Some(den), unknown: 0, known: den, days: None, why: None };
        let days = SeedMetric { days: Some(Fraction::whole(95)), den: None, ..metric(4, 4) };
        let metrics = [
            ("M09", metric(6, 7)),
            ("M18", metric(1, 7)),
            ("M11", metric(1, 4)),
            ("M15", metric(0, 4)),
            ("M24", days),
            ("M07", metric(0, 12)),
        ];
        let metrics: BTreeMap<String, SeedMetric> =
            metrics.map(|(id, metric)| (id.to_owned(), metric)).into();
        let told = ["PR-A2.c1", "PR-3.c1", "DE-3.c1", "PR-A1.c2"].map(|id| {
            let rule = structure.rule(id).unwrap();
            let holding = rule.when.holding(|test: &Test| metrics.get(&test.name)?.value(test));
            let seed = Seed { metrics: metrics.clone(), ..empty(structure) };
            format!("{}: {}", lifted(structure, &seed, rule, &holding), undone(&holding))
        });
        insta::assert_snapshot!(told.join("\n"));
    }

    fn empty(structure: &Structure) -> Seed {
        let survey = crate::assessment::Survey {
            now: jiff::Timestamp::UNIX_EPOCH,
            sources: Vec::new(),
            fresh_hours: 0,
            scheduled_scans: 0,
            register: false,
            agreements: None,
            scan_ids: Vec::new(),
            tool: String::new(),
        };
        crate::assessment::seed(
            structure,
            &crate::assessment::Tally::new().finish(structure, &survey),
            &survey,
        )
    }
}
