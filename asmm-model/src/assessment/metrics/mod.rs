//! Metrics: what systems, decisions and sources come to, folded one system at a time.

mod controls;
mod identities;
mod people;
mod places;
mod program;
mod unmeasured;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{AgenticScope, Fraction, Known, MetricKind, Quantity, Structure, Survey, Test};
use crate::{Component, DeploymentKind, Identity, Incomplete, Level, System, SystemId, Verdict};
use places::Places;

pub use unmeasured::why as why_unmeasured;

/// What one metric, or one fact, comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measure {
    /// How many are counted.
    pub num: u64,
    /// Of how many, where it is a share.
    pub den: Option<u64>,
    /// How many could not be told; they are in neither number.
    pub unknown: u64,
    /// Of how many it is known at all: the denominator of a share, and what was looked at for a count.
    pub known: u64,
    /// The median, where it is one.
    pub days: Option<Fraction>,
    /// How many of those that count were decided for many systems together.
    pub in_bulk: u64,
    /// What is behind the number: ids of systems, or names of sources and repositories; sorted.
    pub counted: Vec<String>,
    /// What is in the denominator and not counted; sorted. A system with several models may stand in both lists.
    pub others: Vec<String>,
    /// What could not be told; sorted.
    pub unclear: Vec<String>,
    /// Where it was seen: the first [`PLACES`] places in alphabetical order.
    pub places: Vec<String>,
    /// Why it cannot be told, where nothing of it can, and what would have to be seen.
    pub why: Option<&'static str>,
    /// When the facts were observed: the oldest scan of the sources that it draws on.
    pub observed_at: Option<Timestamp>,
}

/// Places that a metric lists.
pub const PLACES: usize = 20;

impl Measure {
    /// The share, of 1; `None` of nothing.
    pub fn share(&self) -> Option<Fraction> {
        Fraction::share(self.num, self.den?)
    }

    /// The number that a test compares, where it is known. A count of nothing that was looked at is not known to be zero.
    pub fn value(&self, test: &Test) -> Option<Fraction> {
        match test.quantity {
            Quantity::Share => self.share(),
            Quantity::Count => (self.known > 0 || self.num > 0).then(|| Fraction::whole(self.num)),
            Quantity::Days => self.days,
        }
    }

    /// The share of its subjects of which it is known; `None` where there are none.
    pub fn known_share(&self) -> Option<Fraction> {
        Fraction::share(self.known, self.known.checked_add(self.unknown)?)
    }
}

/// One system of the assessment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopedSystem {
    /// Its id.
    pub id: SystemId,
    /// What it is called.
    pub name: String,
    /// Who answers for it, where anybody is named.
    pub owner: Option<String>,
    /// The verdict of the person who decided, or of the test.
    pub verdict: Verdict,
    /// Lowest and highest level.
    pub level: [Level; 2],
    /// Confidence in the verdict of the test, in thousandths.
    pub confidence: Option<u16>,
    /// How far its review has come.
    pub state: super::DecisionState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// What all systems and the survey come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The metrics and facts of the structure, by id.
    pub measures: BTreeMap<String, Measure>,
    /// The systems in scope, by id.
    pub systems: Vec<ScopedSystem>,
    /// Ids of the systems in scope that nobody has decided about, or whose verdict is open.
    pub undecided: Vec<SystemId>,
    /// Whether agentic areas apply.
    pub agentic: AgenticScope,
}

/// One system with what is known of it, as metrics see it.
struct Seen<'s> {
    system: &'s System,
    known: &'s Known,
    verdict: Verdict,
}

impl Seen<'_> {
    fn target(&self) -> Option<&str> {
        self.system.target.as_deref().or(self.known.target.as_deref())
    }

    fn is_agentic(&self) -> bool {
        self.verdict == Verdict::Agentic
    }

    fn has_code(&self) -> bool {
        let is_code = |kind| kind == DeploymentKind::Repo;
        self.system.locations.iter().any(|place| is_code(place.kind) && place.strength.is_none())
    }

    /// Whether all of its code was read, so that what was not found is not there.
    fn is_read(&self) -> bool {
        self.has_code() && !self.system.incomplete.contains(&Incomplete::Parts)
    }
}

/// What a metric finds in one system.
#[derive(Default)]
struct Finding<'s> {
    num: u64,
    rest: u64,
    unknown: u64,
    places: Vec<&'s crate::Place>,
}

impl<'s> Finding<'s> {
    /// The system is none of those that the metric is about.
    fn none() -> Self {
        Self::default()
    }

    fn unknown() -> Self {
        Self { unknown: 1, ..Self::default() }
    }

    fn of(counts: bool, places: impl IntoIterator<Item = &'s crate::Place>) -> Self {
        let places = places.into_iter().collect();
        Self { num: u64::from(counts), rest: u64::from(!counts), unknown: 0, places }
    }

    /// As told, where anything is.
    fn if_told(told: Option<bool>) -> Self {
        told.map_or_else(Self::unknown, |counts| Self::of(counts, []))
    }
}

type Judge = for<'s> fn(&Seen<'s>) -> Finding<'s>;

/// What a metric looks at in each system in scope: one line each.
const JUDGES: [(&str, Judge); 21] = [
    ("M01", people::owner),
    ("M03", people::undeclared),
    ("M04", people::purpose),
    ("M06", identities::static_credentials),
    ("M08", identities::overprivileged),
    ("M09", controls::unapproved),
    ("M10", controls::mcp),
    ("M11", controls::pinned),
    ("M13", controls::traced),
    ("M14", controls::egress),
    ("M15", controls::restricted),
    ("M17", controls::guarded),
    ("M18", controls::limited),
    ("M19", controls::prepared),
    ("M20", controls::restorable),
    ("M21", people::confirmed),
    ("M22", controls::tools),
    ("admin_agents", identities::admins),
    ("unapproved_autonomy", people::unapproved_autonomy),
    ("approved_autonomy", people::approved_autonomy),
    ("M12", identities::keys),
];

/// What one metric has so far. Systems are kept by their number, since there may be very many.
#[derive(Default)]
struct Count {
    num: u64,
    rest: u64,
    unknown: u64,
    in_bulk: u64,
    counted: Vec<u32>,
    others: Vec<u32>,
    unclear: Vec<u32>,
    places: Places,
}

impl Count {
    fn add(&mut self, system: u32, target: Option<&str>, finding: &Finding<'_>) {
        self.num = self.num.saturating_add(finding.num);
        self.rest = self.rest.saturating_add(finding.rest);
        self.unknown = self.unknown.saturating_add(finding.unknown);
        for (many, list) in [
            (finding.num, &mut self.counted),
            (finding.rest, &mut self.others),
            (finding.unknown, &mut self.unclear),
        ] {
            if many > 0 {
                list.push(system);
            }
        }
        for place in &finding.places {
            self.places.add(target, place);
        }
    }
}

/// Folds systems into metrics, one at a time and in any order.
#[derive(Default)]
pub struct Tally {
    ids: Vec<SystemId>,
    counts: BTreeMap<&'static str, Count>,
    systems: Vec<ScopedSystem>,
    undecided: Vec<SystemId>,
    repositories: BTreeMap<String, Option<bool>>,
    providers: BTreeSet<String>,
    keys: BTreeSet<String>,
    principals: identities::Principals,
    waits: people::Waits,
    scope: people::Reviewed,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one system. Where people corrected answers of its Autonomy Test, the system is to be given with these answers.
    pub fn add(&mut self, system: &System, known: &Known) {
        let Ok(number) = u32::try_from(self.ids.len()) else { return };
        self.ids.push(system.id.clone());
        let seen = Seen { system, known, verdict: known.verdict.unwrap_or(system.verdict) };
        self.count("M02", number, &seen, &people::reviewed(&seen));
        self.waits.add(number, &seen);
        if !known.is_in_scope() || seen.verdict == Verdict::NotAi {
            return;
        }
        self.scope.add(&seen);
        self.list(&seen);
        for (id, judge) in JUDGES {
            self.count(id, number, &seen, &judge(&seen));
        }
        let key = |identity| identities::key_of(identity, seen.target());
        self.keys.extend(system.identities.iter().filter_map(key));
        self.principals.add(number, &seen);
        let (evaluated, places) = controls::evaluated(&seen);
        let tests = self.counts.entry("M16").or_default();
        for place in places {
            tests.places.add(seen.target(), place);
        }
        for repository in controls::repositories(system) {
            let told = self.repositories.entry(repository.to_owned()).or_insert(evaluated);
            *told = evaluated_in(*told, evaluated);
        }
        self.providers.extend(controls::providers(system).map(str::to_owned));
    }

    /// Adds an identity that belongs to no system; its target is asked for where its places do not name it.
    pub fn add_identity(&mut self, identity: &Identity, target: Option<&str>) {
        self.keys.extend(identities::key_of(identity, target));
        let places = identities::key_places(identity);
        let count = self.counts.entry("M12").or_default();
        places.for_each(|place| count.places.add(target, place));
    }

    /// Adds a component that belongs to no system.
    pub fn add_component(&mut self, component: &Component) {
        let mut found = Finding::none();
        controls::server(component, &mut found);
        let count = self.counts.entry("M10").or_default();
        count.num = count.num.saturating_add(found.num);
        count.rest = count.rest.saturating_add(found.rest);
        count.unknown = count.unknown.saturating_add(found.unknown);
        found.places.iter().for_each(|place| count.places.add(None, place));
    }

    fn count(&mut self, id: &'static str, number: u32, seen: &Seen<'_>, finding: &Finding<'_>) {
        let count = self.counts.entry(id).or_default();
        count.add(number, seen.target(), finding);
        if finding.num > 0 && seen.known.in_bulk && people::IN_BULK.contains(&id) {
            count.in_bulk = count.in_bulk.saturating_add(1);
        }
    }

    fn list(&mut self, seen: &Seen<'_>) {
        let (system, known) = (seen.system, seen.known);
        if !known.state.is_decided() || seen.verdict == Verdict::Undetermined {
            self.undecided.push(system.id.clone());
        }
        self.systems.push(ScopedSystem {
            id: system.id.clone(),
            name: system.name.clone(),
            owner: known.owner.clone(),
            verdict: seen.verdict,
            level: system.level,
            confidence: people::thousandths(system.confidence),
            state: known.state,
            decided_by: known.decided_by.clone(),
            decided_at: known.decided_at,
        });
    }

    /// What it all comes to, for the metrics and facts of a structure.
    pub fn finish(mut self, structure: &Structure, survey: &Survey) -> Measured {
        let mut measures: BTreeMap<String, Measure> = BTreeMap::new();
        let definitions = structure.metrics.iter().chain(&structure.facts);
        for definition in definitions {
            let mut measure = self.measure(&definition.id, survey);
            if definition.kind == MetricKind::Share {
                // Also of what nothing is known of, a share is one.
                measure.den = Some(measure.den.unwrap_or(measure.known));
            } else {
                measure.den = None;
            }
            measure.observed_at = match definition.sources.as_slice() {
                [] => survey.sources.iter().filter_map(|source| source.at).max(),
                kinds => survey.observed_at(kinds),
            };
            measures.insert(definition.id.clone(), measure);
        }
        self.systems.sort_unstable();
        self.undecided.sort_unstable();
        let agentic = self.scope.agentic(survey);
        Measured { measures, systems: self.systems, undecided: self.undecided, agentic }
    }

    fn measure(&self, id: &str, survey: &Survey) -> Measure {
        if let Some(why) = unmeasured::why(id) {
            return self.unmeasured(why);
        }
        match id {
            "M05" => program::scanned(survey),
            "M07" => self.principals.dedicated(&self.ids),
            "M12" => self.plain_keys(),
            "M16" => self.evaluated(),
            "M23" => program::agreements(&self.providers, survey),
            "M24" => self.waits.median(&self.ids),
            "register" => program::number(u64::from(survey.register)),
            "scheduled_scans" => program::number(survey.scheduled_scans),
            "ai_repositories" => Measure {
                counted: self.repositories.keys().cloned().collect(),
                ..program::number(self.repositories.len() as u64)
            },
            _ => self.counted(id),
        }
    }

    fn counted(&self, id: &str) -> Measure {
        let nothing = Count::default();
        let count = self.counts.get(id).unwrap_or(&nothing);
        let known = count.num.saturating_add(count.rest);
        Measure {
            num: count.num,
            unknown: count.unknown,
            known,
            in_bulk: count.in_bulk,
            counted: listed(&self.ids, &count.counted),
            others: listed(&self.ids, &count.others),
            unclear: listed(&self.ids, &count.unclear),
            places: count.places.list(),
            ..Measure::default()
        }
    }

    /// Of keys those are counted that differ, and not the systems that have them.
    fn plain_keys(&self) -> Measure {
        Measure { num: self.keys.len() as u64, ..self.counted("M12") }
    }

    /// Of every system it is not known.
    fn unmeasured(&self, why: &'static str) -> Measure {
        let mut unclear: Vec<String> =
            self.systems.iter().map(|system| system.id.as_str().to_owned()).collect();
        unclear.sort_unstable();
        Measure { unknown: unclear.len() as u64, unclear, why: Some(why), ..Measure::default() }
    }

    /// Repositories, not systems: whether what models answer is tested in their CI.
    fn evaluated(&self) -> Measure {
        let those = |answer| {
            let named = self.repositories.iter().filter(|(_, told)| **told == answer);
            named.map(|(repository, _)| repository.clone()).collect::<Vec<_>>()
        };
        let (counted, others, unclear) = (those(Some(true)), those(Some(false)), those(None));
        let (num, rest, unknown) = (counted.len() as u64, others.len() as u64, unclear.len() as u64);
        let places = self.counts.get("M16").map(|tests| tests.places.list()).unwrap_or_default();
        Measure {
            num,
            places,
            known: num.saturating_add(rest),
            unknown,
            counted,
            others,
            unclear,
            ..Measure::default()
        }
    }
}

/// What two systems of one repository say of its CI: what one of them shows is there; what one could not tell may be.
fn evaluated_in(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn listed(ids: &[SystemId], numbers: &[u32]) -> Vec<String> {
    let id = |number: &u32| ids.get(usize::try_from(*number).ok()?).map(|id| id.as_str().to_owned());
    let mut listed: Vec<String> = numbers.iter().filter_map(id).collect();
    listed.sort_unstable();
    listed.dedup();
    listed
}
