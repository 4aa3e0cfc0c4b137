//! One system: what it is, why the test decides so, and everything that this rests on.

use std::collections::BTreeSet;

use asmm_model::autonomy::Ternary;
use asmm_model::{Owner, System, Verdict};

use super::super::{table, words};
use super::criteria::{self, Links, Question, Settling};
use super::parts::{self, Part};
use super::text::{Prose, Shown, Text};

/// Suggested owners.
const OWNERS: usize = 20;
/// Characters of an anchor that come from the inventory.
const SLUG: usize = 64;

/// A name for each system that links to it can use: unique in the page, and made of letters, digits and hyphens.
pub(crate) fn anchors(systems: &[&System]) -> Vec<String> {
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
pub(crate) struct Badge {
    /// Its class of style.
    pub(crate) class: &'static str,
    /// Its word.
    pub(crate) word: &'static str,
}

impl Badge {
    /// Of a verdict.
    pub(crate) fn of(verdict: Verdict) -> Self {
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
pub(crate) struct Section {
    /// What links to it use.
    pub(crate) anchor: String,
    pub(crate) name: Text,
    pub(crate) id: Text,
    pub(crate) badge: Badge,
    /// A level, or a range of them, in words.
    pub(crate) level: String,
    /// How sure the verdict is; empty where it is open.
    pub(crate) sure: String,
    pub(crate) why: Prose,
    pub(crate) oversight: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) role: &'static str,
    pub(crate) root: Text,
    pub(crate) target: Text,
    pub(crate) priority: u32,
    /// What a store remembers of it; nothing where a scan alone tells of it.
    pub(crate) remembered: Option<String>,
    pub(crate) purpose: Option<(Prose, Text)>,
    pub(crate) owners: Shown<Suggestion>,
    pub(crate) settles: Shown<Settling>,
    /// Whether its answers are open at first.
    pub(crate) flagged: bool,
    /// How many questions have which answer.
    pub(crate) answers: String,
    pub(crate) questions: Vec<Question>,
    pub(crate) parts: Vec<Part>,
}

/// Somebody who may own a system.
#[derive(Debug)]
pub(crate) struct Suggestion {
    pub(crate) name: Text,
    pub(crate) source: &'static str,
    pub(crate) place: Text,
}

impl Section {
    /// A system of a target under its anchor.
    pub(crate) fn new(target: Option<&str>, system: &System, anchor: String, links: Links<'_>) -> Self {
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
            target: Text::short(target.unwrap_or_default()),
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
            questions: Question::all(system, links),
            parts: parts::all(system),
        }
    }
}
