//! What must be true of a structure as a whole: ids that exist, that are used once, and numbers that can be added up.

use std::collections::BTreeMap;

use super::nist::{AI_RMF, CSF};
use super::reader::{Faults, listed, shown};
use super::{MetricKind, Quantity, Structure, Weight};

/// The functions of the NIST CSF 2.0, which are the domains of the ASMM.
const DOMAINS: [&str; 6] = ["GV", "ID", "PR", "DE", "RS", "RC"];

pub(super) fn check(structure: &Structure, faults: &mut Faults) {
    scale(structure, faults);
    domains(structure, faults);
    ids(structure, faults);
    let metrics: Vec<&str> = structure.metrics.iter().map(|metric| metric.id.as_str()).collect();
    let areas: Vec<&str> = structure.areas().map(|area| area.id.as_str()).collect();
    for (d, domain) in structure.domains.iter().enumerate() {
        for (a, area) in domain.areas.iter().enumerate() {
            let at = format!("/domains/{d}/areas/{a}");
            for (m, metric) in area.metrics.iter().enumerate() {
                let place = format!("{at}/metrics/{m}");
                known(place, metric, &metrics, "a metric of the structure", faults);
            }
            for (m, id) in area.maps.nist_csf_2_0.iter().enumerate() {
                known(
                    format!("{at}/maps/nist_csf_2_0/{m}"),
                    id,
                    &CSF,
                    "a subcategory of the NIST CSF 2.0",
                    faults,
                );
            }
            for (m, id) in area.maps.nist_ai_rmf_1_0.iter().enumerate() {
                let what = "a subcategory of the NIST AI RMF 1.0";
                known(format!("{at}/maps/nist_ai_rmf_1_0/{m}"), id, &AI_RMF, what, faults);
            }
        }
    }
    let measured: Vec<&str> =
        metrics.iter().copied().chain(structure.facts.iter().map(|fact| fact.id.as_str())).collect();
    for (r, rule) in structure.rules.iter().enumerate() {
        known(format!("/hints/{r}/area"), &rule.area, &areas, "an area of the structure", faults);
        for test in rule.when.tests() {
            let place = format!("/hints/{r}/when");
            known(place.clone(), &test.name, &measured, "a metric or a fact of the structure", faults);
            let kind = structure.metric(&test.name).map(|metric| metric.kind);
            let right = match (kind, test.quantity) {
                (Some(MetricKind::Count), Quantity::Share | Quantity::Days) => {
                    "compare a count: without `%` and `days`"
                }
                (Some(MetricKind::MedianDays), Quantity::Share | Quantity::Count) => {
                    "compare days, such as `30 days`"
                }
                (Some(MetricKind::Share), Quantity::Days) => "compare a share, such as `50%`, or a count",
                _ => continue,
            };
            faults.add(
                place,
                format!("`{test}` compares `{}` with a number of another kind", test.name),
                right,
            );
        }
    }
}

fn scale(structure: &Structure, faults: &mut Faults) {
    let levels: Vec<u8> = structure.scale.iter().map(|one| one.level).collect();
    if levels != [1, 2, 3, 4, 5] {
        faults.add(
            "/scale",
            "the levels of the scale are not 1 to 5 in order",
            "list each of the five levels once",
        );
    }
    for (t, test) in structure.tests.iter().enumerate() {
        let mut levels: Vec<u8> = test.levels.iter().map(|(level, _)| *level).collect();
        levels.dedup();
        if levels != [2, 3, 4, 5] {
            let wrong = "the levels of the test are not 2 to 5 in order";
            faults.add(
                format!("/tests/{t}/levels"),
                wrong,
                "say once what it needs for each of the levels 2 to 5",
            );
        }
    }
}

fn domains(structure: &Structure, faults: &mut Faults) {
    let found: Vec<&str> = structure.domains.iter().map(|domain| domain.id.as_str()).collect();
    let missing: Vec<&str> = DOMAINS.into_iter().filter(|id| !found.contains(id)).collect();
    if !missing.is_empty() {
        let right = format!("the six domains are {}", listed(&DOMAINS));
        faults.add("/domains", format!("the domains {} are missing", listed(&missing)), right);
    }
    for (d, domain) in structure.domains.iter().enumerate() {
        known(format!("/domains/{d}/id"), &domain.id, &DOMAINS, "one of the six domains", faults);
        if domain.areas.is_empty() || domain.areas.len() > Weight::AREAS {
            let wrong = format!("the domain has {} areas", domain.areas.len());
            faults.add(format!("/domains/{d}/areas"), wrong, format!("give it 1 to {} areas", Weight::AREAS));
        }
    }
}

/// Every id is used once among its like; facts and metrics share their names.
fn ids(structure: &Structure, faults: &mut Faults) {
    let mut seen: BTreeMap<(&str, &str), String> = BTreeMap::new();
    let domains = structure.domains.iter().enumerate();
    let domains = domains.map(|(d, domain)| ("domain", domain.id.as_str(), format!("/domains/{d}/id")));
    let areas = structure.domains.iter().enumerate().flat_map(|(d, domain)| {
        let place = move |a| format!("/domains/{d}/areas/{a}/id");
        domain.areas.iter().enumerate().map(move |(a, area)| ("area", area.id.as_str(), place(a)))
    });
    let metrics = structure.metrics.iter().enumerate();
    let metrics = metrics.map(|(m, metric)| ("metric", metric.id.as_str(), format!("/metrics/{m}/id")));
    let facts = structure.facts.iter().enumerate();
    let facts = facts.map(|(f, fact)| ("metric", fact.id.as_str(), format!("/facts/{f}/id")));
    let rules = structure.rules.iter().enumerate();
    let rules = rules.map(|(r, rule)| ("rule", rule.id.as_str(), format!("/hints/{r}/id")));
    let tests = structure.tests.iter().enumerate();
    let tests = tests.map(|(t, test)| ("test", test.id.as_str(), format!("/tests/{t}/id")));
    for (kind, id, at) in domains.chain(areas).chain(metrics).chain(facts).chain(rules).chain(tests) {
        let is_id = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !id.chars().all(is_id) || id.len() > 60 {
            let wrong = format!("`{}` is no id", shown(id));
            faults.add(&at, wrong, "use letters, digits, `-`, `_` and `.`, 60 at most");
        }
        if let Some(first) = seen.get(&(kind, id)) {
            faults.add(
                &at,
                format!("the id `{}` is used already at {first}", shown(id)),
                "give it another one",
            );
        } else {
            seen.insert((kind, id), at);
        }
    }
}

fn known<S: AsRef<str>>(at: String, id: &str, ids: &[S], what: &str, faults: &mut Faults) {
    if ids.iter().any(|one| one.as_ref() == id) {
        return;
    }
    let nearest = ids.iter().map(|one| (distance(one.as_ref(), id), one.as_ref())).min();
    // What shares less than half of its letters is not what was meant.
    let nearest = nearest.filter(|(distance, near)| distance * 2 <= near.len());
    let right = nearest.map_or_else(
        || "nothing is named like it".to_owned(),
        |(_, near)| format!("the nearest is `{near}`"),
    );
    faults.add(at, format!("`{}` is not {what}", shown(id)), right);
}

/// How many letters differ, of what may have been meant.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(60).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (l, a) in left.chars().enumerate() {
        let mut before = row.clone();
        before[0] = l + 1;
        for (r, b) in right.iter().enumerate() {
            before[r + 1] = (row[r] + usize::from(a != *b)).min(row[r + 1] + 1).min(before[r] + 1);
        }
        row = before;
    }
    row.last().copied().unwrap_or(0)
}
