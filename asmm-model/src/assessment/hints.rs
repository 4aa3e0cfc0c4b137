//! Hints: ceilings and floors that measured facts set for areas, each with its rule, its numbers and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Area, Fraction, HintKind, Measure, Measured, MetricKind, Rule, Structure, Survey, Test};
use crate::autonomy::Ternary;

/// What measured facts say of the level of an area. It bounds no score: a person may score outside of it, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Hint {
    /// From which side it bounds.
    pub kind: HintKind,
    /// The level that it bounds by.
    #[schemars(range(min = 1, max = 5))]
    pub level: u8,
    /// The rule that gives it.
    pub rule: String,
    /// Why, with the numbers, as a sentence without a full stop.
    pub why: String,
    /// Whether a share that it rests on is of very few.
    pub small_sample: bool,
    /// Whether hints of the area contradict each other: a ceiling is below a floor. Both are shown; nothing is reconciled.
    pub conflicting: bool,
    /// Ids of the evidence that it rests on.
    pub evidence: Vec<String>,
}

/// A rule whose condition holds and that gives no hint all the same, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// The rule.
    pub rule: String,
    /// Why it gives none, as a sentence without a full stop.
    pub why: String,
}

/// What the rules say of one area. The evidence of a hint is named by the ids of metrics.
pub(super) struct Hinted {
    pub(super) hints: Vec<Hint>,
    pub(super) withheld: Vec<Withheld>,
}

/// Applies the rules of an area, in their order.
pub(super) fn hint(structure: &Structure, area: &Area, measured: &Measured, survey: &Survey) -> Hinted {
    let mut hinted = Hinted { hints: Vec::new(), withheld: Vec::new() };
    let value = |test: &Test| measured.measures.get(&test.name)?.value(test);
    for rule in structure.rules_of(&area.id) {
        if rule.when.holds(value) != Ternary::Yes {
            continue;
        }
        let decisive = rule.when.decisive(value);
        if let Some(why) = (rule.kind == HintKind::Floor)
            .then(|| unfounded(structure, &decisive, measured, survey))
            .flatten()
        {
            hinted.withheld.push(Withheld { rule: rule.id.clone(), why });
            continue;
        }
        hinted.hints.push(hint_of(structure, rule, &decisive, measured));
    }
    mark_conflicts(&mut hinted.hints);
    hinted
}

fn hint_of(structure: &Structure, rule: &Rule, decisive: &[&Test], measured: &Measured) -> Hint {
    let mut evidence: Vec<String> = Vec::new();
    for test in decisive {
        if !evidence.contains(&test.name) {
            evidence.push(test.name.clone());
        }
    }
    let measures = evidence.iter().filter_map(|id| Some((structure.metric(id)?, measured.measures.get(id)?)));
    let (mut says, mut small_sample) = (Vec::new(), false);
    for (definition, measure) in measures {
        says.push(told(&definition.says, measure));
        let of = if definition.kind == MetricKind::Count { None } else { Some(measure.known) };
        small_sample |= of.is_some_and(|of| of < structure.limits.small_sample);
    }
    Hint {
        kind: rule.kind,
        level: rule.level,
        rule: rule.id.clone(),
        why: says.join(", and "),
        small_sample,
        conflicting: false,
        evidence,
    }
}

/// The sentence of a metric with its numbers.
pub(super) fn told(says: &str, measure: &Measure) -> String {
    let days = measure.days.map(Fraction::short).unwrap_or_default();
    let den = measure.den.unwrap_or(measure.known).to_string();
    says.replace("{num}", &measure.num.to_string()).replace("{den}", &den).replace("{days}", &days)
}

/// Why a floor may not rest on these tests: too little of a type of source was scanned, or too little of the subjects is known.
fn unfounded(
    structure: &Structure,
    decisive: &[&Test],
    measured: &Measured,
    survey: &Survey,
) -> Option<String> {
    let limits = &structure.limits;
    for test in decisive {
        let definition = structure.metric(&test.name)?;
        let declared = definition.sources.iter().filter_map(|kind| Some((kind, survey.coverage_of(*kind)?)));
        let declared: Vec<_> = declared.collect();
        if !definition.sources.is_empty() && declared.is_empty() {
            return Some(format!("no source is declared that {} could be seen in", test.name));
        }
        for (kind, coverage) in declared {
            if coverage < limits.floor_coverage {
                let (kind, share, needed) = (kind.name(), percent(coverage), percent(limits.floor_coverage));
                let id = &test.name;
                return Some(format!(
                    "{share} of the sources of type `{kind}` were scanned wholly and lately, and {id} needs {needed}"
                ));
            }
        }
        let known = measured.measures.get(&test.name).and_then(Measure::known_share);
        if let Some(known) = known.filter(|known| *known < limits.floor_known) {
            let (share, needed) = (percent(known), percent(limits.floor_known));
            return Some(format!("{} is known of {share} only, and a floor needs {needed}", test.name));
        }
    }
    None
}

fn percent(share: Fraction) -> String {
    let hundred = share.times(Fraction::whole(100)).unwrap_or(share);
    format!("{} %", hundred.short())
}

fn mark_conflicts(hints: &mut [Hint]) {
    let of = |kind: HintKind| {
        let levels = hints.iter().filter(move |hint| hint.kind == kind).map(|hint| hint.level);
        levels.collect::<Vec<u8>>()
    };
    let lowest = of(HintKind::Ceiling).into_iter().min();
    let highest = of(HintKind::Floor).into_iter().max();
    let Some((ceiling, floor)) = lowest.zip(highest).filter(|(ceiling, floor)| ceiling < floor) else {
        return;
    };
    for hint in hints {
        hint.conflicting = match hint.kind {
            HintKind::Ceiling => hint.level < floor,
            HintKind::Floor => hint.level > ceiling,
        };
    }
}
