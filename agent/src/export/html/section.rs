//! One system: what it is, why the test decides so, and everything that this rests on.

use std::collections::BTreeSet;

use asmm_model::autonomy::Ternary;
use asmm_model::{Inventory, Owner, System, Verdict};

use super::super::{table, words};
use super::criteria::{self, Question, Settling};
use super::parts::{self, Part};
use super::text::{Prose, Shown, Text};

/// Suggested owners.
const OWNERS: usize = 20;
/// Characters of an anchor that come from the inventory.
const SLUG: usize = 64;

/// A name for each system that links to it can use: unique in the page, and made of letters, digits and hyphens.
pub(super) fn anchors(systems: &[&System]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let anchor = |(at, system): (usize, &&System)| {
        let id = system.id.as_str();
        let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        // So that an address stays valid in the next scan, an id in the form of ours is kept.
        if id.starts_with("sys-") && id.len() <= SLUG && id.chars().all(plain) && taken.insert(id.to_owned())
        {
            return id.to_owned();
        }
        let slug: String = id.chars().filter(|c| plain(*c)).take(SLUG).collect();
        // No id of the page and none of the form above begins like this, and the number tells these apart.
        format!("system-{}-{slug}", at + 1)
    };
    systems.iter().enumerate().map(anchor).collect()
}

/// How a verdict is shown: the same everywhere in the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Badge {
    /// Its class of style.
    pub(super) class: &'static str,
    /// Its word.
    pub(super) word: &'static str,
}

impl Badge {
    /// Of a verdict.
    pub(super) fn of(verdict: Verdict) -> Self {
        let class = match verdict {
            Verdict::Agentic => "agentic",
            Verdict::Undetermined => "open",
            Verdict::NotAgentic | Verdict::NotAi => "clear",
        };
        Self { class, word: table::verdict(verdict) }
    }
}

/// A system in full.
#[derive(Debug)]
pub(super) struct Section {
    /// What links to it use.
    pub(super) anchor: String,
    pub(super) name: Text,
    pub(super) id: Text,
    pub(super) badge: Badge,
    /// A level, or a range of them, in words.
    pub(super) level: String,
    /// How sure the verdict is; empty where it is open.
    pub(super) sure: String,
    pub(super) why: Prose,
    pub(super) oversight: &'static str,
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) root: Text,
    pub(super) target: Text,
    pub(super) priority: u32,
    /// What a store remembers of it; nothing where a scan alone tells of it.
    pub(super) remembered: Option<String>,
    pub(super) purpose: Option<(Prose, Text)>,
    pub(super) owners: Shown<Suggestion>,
    pub(super) settles: Shown<Settling>,
    /// Whether its answers are open at first.
    pub(super) flagged: bool,
    /// How many questions have which answer.
    pub(super) answers: String,
    pub(super) questions: Vec<Question>,
    pub(super) parts: Vec<Part>,
}

/// Somebody who may own a system.
#[derive(Debug)]
pub(super) struct Suggestion {
    pub(super) name: Text,
    pub(super) source: &'static str,
    pub(super) place: Text,
}

impl Section {
    /// A system under its anchor.
    pub(super) fn new(inventory: &Inventory, system: &System, anchor: String) -> Self {
        let given = |wanted| {
            let answers = system.criteria.iter().filter(|(_, answer)| answer.ternary() == wanted);
            answers.count()
        };
        let (yes, no, open) = (given(Ternary::Yes), given(Ternary::No), given(Ternary::Unknown));
        let purpose = system.purpose.as_ref();
        Self {
            anchor,
            name: Text::short(&system.name),
            id: Text::short(system.id.as_str()),
            badge: Badge::of(system.verdict),
            level: table::in_words(system.level),
            sure: system.confidence.map(|sure| table::percent(Some(sure))).unwrap_or_default(),
            why: Prose::new(&table::why(system)),
            oversight: parts::oversight(system),
            kind: system.kind.name(),
            role: system.role.name(),
            root: Text::short(&table::root(system)),
            target: Text::short(inventory.target_of(system).unwrap_or_default()),
            priority: system.priority,
            remembered: words::remembered(system),
            purpose: purpose.map(|purpose| (Prose::new(&purpose.text), Text::place(&purpose.place))),
            owners: Shown::of(system.owners.iter(), OWNERS, |owner: &Owner| Suggestion {
                name: Text::short(&owner.name),
                source: owner.source.title(),
                place: Text::place(&owner.place),
            }),
            settles: criteria::settling(&system.settles),
            flagged: system.is_flagged(),
            answers: format!("{yes} yes, {no} no, {open} unknown"),
            questions: Question::all(system),
            parts: parts::all(system),
        }
    }
}
