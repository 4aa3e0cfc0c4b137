//! Holds what is declared against what was seen. Pure: the order of entries and of systems changes nothing.
//!
//! What a person decided comes first, then marks that name one system, then names where something else agrees. What could mean several
//! systems is a question and never a guess.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::{
    Declared, Inventory, JoinStrength, Lifecycle, MarkKind, MatchedBy, Question, Reason, Recognised,
    Register, Sighted, System, Unseen, Verdict,
};

use super::known::Known;
use super::names;
use super::unseen::Ground;

/// Systems that a question names.
const ASKED: usize = 10;
/// Pairs of entries and systems by one mark or one name that are looked at.
const PAIRS: usize = 20_000;
/// Other entries that are named beside one.
const OTHERS: usize = 5;

/// What a person decided of an entry and a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    /// The id of the entry.
    pub(crate) declared: String,
    /// The id of the system, as it is now.
    pub(crate) system: String,
    /// Whether the entry is the system.
    pub(crate) is: bool,
    /// Why, as a sentence without a full stop.
    pub(crate) says: String,
}

/// What is known of the scan beside its inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The repository that a target is, by the name of the target, where it is known without any system in it.
    pub(crate) repositories: BTreeMap<String, String>,
    /// Targets that are a folder of a repository, with that folder: what is not in them may be in the rest.
    pub(crate) parts: BTreeMap<String, String>,
}

/// Systems by their place in the list, with the reasons that each is meant.
type Meant = BTreeMap<usize, Vec<Reason>>;

/// What came of one entry.
#[derive(Debug, Default, Clone)]
struct Found {
    /// The systems that it is.
    is: Meant,
    /// The systems that it may be.
    may_be: Meant,
    by_person: bool,
    /// Whether there is something in its place that is not this entry.
    others: bool,
}

/// How many systems each of so many entries may be: what has one mark or one name a thousand times over is no question any more.
fn most(entries: usize) -> usize {
    (PAIRS / entries.max(1)).clamp(1, 5 * ASKED)
}

/// Holds entries against the systems of an inventory.
pub(crate) fn matched(
    mut entries: Vec<Declared>,
    inventory: &Inventory,
    decided: &[Decided],
    seen: &Seen,
) -> Register {
    entries.sort();
    let mut systems: Vec<&System> = inventory.systems.iter().collect();
    systems.sort_by(|a, b| a.order(b));
    let below = |system: &System| {
        inventory.target_of(system).and_then(|target| seen.parts.get(target)).map(String::as_str)
    };
    let known = Known::of(&systems, &below);
    let matching = Matching {
        entries: &entries,
        systems: &systems,
        known: &known,
        decided: Decisions::of(decided, &known),
    };
    let mut found = vec![Found::default(); entries.len()];
    matching.people(&mut found);
    matching.marks(&mut found);
    matching.names(&mut found);
    matching.told(found, &Ground::of(inventory, seen))
}

/// What people decided, by the place of the system in the list.
struct Decisions {
    /// By the id of an entry: the systems that it is, and those among them that are not there.
    is: BTreeMap<String, Vec<(Option<usize>, String)>>,
    is_not: BTreeSet<(String, usize)>,
}

impl Decisions {
    fn of(decided: &[Decided], known: &Known) -> Self {
        let mut all = Self { is: BTreeMap::new(), is_not: BTreeSet::new() };
        for one in decided {
            let at = known.system(&one.system);
            match (one.is, at) {
                (true, at) => all.is.entry(one.declared.clone()).or_default().push((at, one.says.clone())),
                (false, Some(at)) => {
                    all.is_not.insert((one.declared.clone(), at));
                }
                (false, None) => {}
            }
        }
        all
    }
}

struct Matching<'m> {
    entries: &'m [Declared],
    systems: &'m [&'m System],
    known: &'m Known,
    decided: Decisions,
}

impl Matching<'_> {
    fn is_excluded(&self, entry: usize, system: usize) -> bool {
        self.decided.is_not.contains(&(self.entries[entry].id.clone(), system))
    }

    /// What people decided.
    fn people(&self, found: &mut [Found]) {
        for (entry, found) in self.entries.iter().zip(found) {
            for (system, says) in self.decided.is.get(&entry.id).into_iter().flatten() {
                found.by_person = true;
                if let Some(system) = system {
                    let reason = Reason {
                        says: says.clone(),
                        strength: JoinStrength::Strong,
                        places: vec![entry.place.clone()],
                    };
                    found.is.entry(*system).or_default().push(reason);
                }
            }
        }
    }

    /// What entries name: each mark on its own. First what is of one system, whoever names it; then what several may share.
    fn marks(&self, found: &mut [Found]) {
        let mut shared: BTreeMap<(MarkKind, Vec<usize>), BTreeMap<usize, &str>> = BTreeMap::new();
        for (at, entry) in
            self.entries.iter().enumerate().filter(|(at, _)| !found[*at].by_person).collect::<Vec<_>>()
        {
            for mark in &entry.marks {
                let (systems, is_sure) = self.known.named(mark.kind, &mark.value);
                if systems.is_empty() {
                    continue;
                }
                if !is_sure {
                    shared.entry((mark.kind, systems)).or_default().insert(at, &mark.value);
                    continue;
                }
                for system in systems {
                    let reason = self.because(at, system, (mark.kind, &mark.value), JoinStrength::Strong, "");
                    self.put(&mut found[at], at, system, reason);
                }
            }
        }
        let taken: BTreeSet<usize> = found.iter().flat_map(|found| found.is.keys().copied()).collect();
        for ((kind, systems), entries) in &mut shared {
            entries.retain(|at, _| found[*at].is.is_empty());
            self.meet(*kind, systems, entries, taken.clone(), found);
        }
        for found in found.iter_mut().filter(|found| !found.is.is_empty()) {
            found.may_be.clear();
        }
    }

    fn because(
        &self,
        entry: usize,
        system: usize,
        (kind, value): (MarkKind, &str),
        strength: JoinStrength,
        more: &str,
    ) -> Reason {
        let says = format!("the register names the {} `{value}`{more}", kind.title());
        let own = self.known.place(kind, system);
        Reason {
            says,
            strength,
            places: std::iter::once(self.entries[entry].place.clone()).chain(own).collect(),
        }
    }

    fn put(&self, found: &mut Found, entry: usize, system: usize, reason: Reason) {
        if self.is_excluded(entry, system) {
            found.others = true;
            return;
        }
        let list = if reason.strength == JoinStrength::Weak { &mut found.may_be } else { &mut found.is };
        list.entry(system).or_default().push(reason);
    }

    /// Entries and systems that have one mark. Where it tells each of them apart, they are one; otherwise somebody has to say.
    /// `taken` are systems that something surer speaks of.
    fn meet(
        &self,
        kind: MarkKind,
        systems: &[usize],
        entries: &BTreeMap<usize, &str>,
        mut taken: BTreeSet<usize>,
        found: &mut [Found],
    ) {
        let mut left: Vec<(usize, &str)> = Vec::new();
        for (entry, value) in entries {
            let own = names::telling(&self.entries[*entry].name);
            let is_called = |at: &usize| own.is_some() && self.known.name(*at) == own.as_deref();
            let called: Vec<usize> = systems
                .iter()
                .copied()
                .filter(|at| is_called(at) && !self.is_excluded(*entry, *at))
                .collect();
            let [only] = called.as_slice() else {
                left.push((*entry, value));
                continue;
            };
            taken.insert(*only);
            let more =
                if systems.len() > 1 { ", and of the systems there this one has its name" } else { "" };
            let reason = self.because(*entry, *only, (kind, value), JoinStrength::Strong, more);
            self.put(&mut found[*entry], *entry, *only, reason);
        }
        let rest: Vec<usize> = systems.iter().copied().filter(|at| !taken.contains(at)).collect();
        let different: BTreeSet<&str> = left.iter().map(|(at, _)| self.entries[*at].name.as_str()).collect();
        let is_clear = systems.len() == 1 && rest.len() == 1 && different.len() == 1;
        let (strength, more) = if is_clear {
            (JoinStrength::Strong, "")
        } else {
            (JoinStrength::Weak, ", which does not tell which system of several or which entry")
        };
        let most = most(left.len());
        for (entry, value) in left {
            found[entry].others |= rest.is_empty();
            for system in rest.iter().take(most) {
                let reason = self.because(entry, *system, (kind, value), strength, more);
                self.put(&mut found[entry], entry, *system, reason);
            }
        }
    }

    /// What has one name, where nothing surer was found of either. A name alone is a question; with the owner, it is an answer.
    fn names(&self, found: &mut [Found]) {
        let taken: BTreeSet<usize> = found.iter().flat_map(|found| found.is.keys().copied()).collect();
        let mut entries: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let is_open = found[at].is.is_empty() && found[at].may_be.is_empty() && !found[at].by_person;
            if let Some(name) = names::telling(&entry.name).filter(|_| is_open) {
                entries.entry(name).or_default().push(at);
            }
        }
        for (name, entries) in entries {
            let called = self.known.called(&name);
            let systems: Vec<usize> = called.iter().copied().filter(|at| !taken.contains(at)).collect();
            for entry in &entries {
                let declared = &self.entries[*entry];
                let systems = systems.iter().copied().take(most(entries.len()));
                for system in systems.filter(|at| !self.is_excluded(*entry, *at)) {
                    let one = self.systems[system];
                    let clear =
                        entries.len() == 1 && called.len() == 1 && !self.known.is_elsewhere(declared, system);
                    let agrees = names::owner_agrees(declared.owner.as_deref(), one);
                    let strength = if clear && agrees { JoinStrength::Medium } else { JoinStrength::Weak };
                    let owner = if agrees { " and has its owner" } else { "" };
                    let own = |seen: &&str| names::telling(seen).as_ref() == Some(&name);
                    let parts = one.joins.iter().map(|part| part.name.as_str());
                    let seen = std::iter::once(one.name.as_str()).chain(parts).find(own).unwrap_or(&one.name);
                    let says = format!("what was seen is called `{seen}`{owner}");
                    let reason = Reason { says, strength, places: vec![declared.place.clone()] };
                    self.put(&mut found[*entry], *entry, system, reason);
                }
            }
        }
    }

    fn sighted(&self, meant: &Meant) -> Vec<Sighted> {
        let one = |(at, because): (&usize, &Vec<Reason>)| {
            let mut because = because.clone();
            because.sort();
            because.dedup();
            Sighted { because, ..self.plain(*at) }
        };
        meant.iter().map(one).collect()
    }

    fn plain(&self, at: usize) -> Sighted {
        let system = self.systems[at];
        Sighted {
            system: system.id.clone(),
            name: system.name.clone(),
            verdict: system.verdict,
            because: Vec::new(),
        }
    }

    /// The lists, each entry and each system in one of them.
    fn told(&self, found: Vec<Found>, ground: &Ground<'_>) -> Register {
        let mut declared_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (entry, found) in found.iter().enumerate() {
            for system in found.is.keys() {
                declared_by.entry(*system).or_default().push(entry);
            }
        }
        let mut asked: BTreeSet<usize> = BTreeSet::new();
        let mut register = Register::default();
        for (at, mut found) in found.into_iter().enumerate() {
            let declared = self.entries[at].clone();
            if !found.is.is_empty() {
                let remarks = self.remarks(at, &found.is, &declared_by);
                let by = if found.by_person { MatchedBy::Person } else { MatchedBy::Rules };
                register.seen.push(Recognised { declared, systems: self.sighted(&found.is), by, remarks });
                continue;
            }
            let may_be = found.may_be.len();
            found.may_be.retain(|system, _| !declared_by.contains_key(system));
            if found.may_be.is_empty() {
                let why = ground.why(&declared, found.others || may_be > 0);
                register.unseen.push(Unseen { declared, why });
                continue;
            }
            asked.extend(found.may_be.keys());
            let mut systems = self.sighted(&found.may_be);
            let more = u64::try_from(systems.len().saturating_sub(ASKED)).unwrap_or(u64::MAX);
            systems.truncate(ASKED);
            register.questions.push(Question { declared, systems, more });
        }
        let is_shadow = |at: &usize| !declared_by.contains_key(at) && !asked.contains(at);
        register.shadow = (0..self.systems.len()).filter(is_shadow).map(|at| self.plain(at)).collect();
        register
    }

    /// What a reader should know of an entry that was seen.
    fn remarks(&self, entry: usize, is: &Meant, declared_by: &BTreeMap<usize, Vec<usize>>) -> Vec<String> {
        let declared = &self.entries[entry];
        let mut remarks = Vec::new();
        match declared.lifecycle {
            Lifecycle::Retired => remarks.push("it is declared as retired, and is still there".to_owned()),
            Lifecycle::Planned => remarks.push("it is declared as planned, and is there already".to_owned()),
            Lifecycle::Active | Lifecycle::Unknown => {}
        }
        let any = |verdict| is.keys().any(|at| self.systems[*at].verdict == verdict);
        match declared.agentic {
            Some(false) if any(Verdict::Agentic) => {
                remarks.push("it is declared as not agentic, and the test says that it is".to_owned());
            }
            Some(true) if is.keys().all(|at| !self.systems[*at].is_flagged()) => {
                remarks.push("it is declared as agentic, and the test says that it is not".to_owned());
            }
            _ => {}
        }
        if is.len() > 1 {
            remarks.push(format!("{} systems are this entry", is.len()));
        }
        let others = is.keys().filter_map(|at| declared_by.get(at));
        let mut others: Vec<usize> =
            others.flat_map(|all| all.iter().copied().filter(|at| *at != entry).take(OTHERS + 1)).collect();
        others.sort_unstable();
        others.dedup();
        if !others.is_empty() {
            let named = others.iter().take(OTHERS).map(|at| format!("`{}`", self.entries[*at].id));
            let more = if others.len() > OTHERS { " and more" } else { "" };
            remarks
                .push(format!("other entries are the same: {}{more}", named.collect::<Vec<_>>().join(", ")));
        }
        remarks
    }
}
