//! What is otherwise about a system than it was, in the terms in which it is decided about.
//!
//! Lines, versions, counts of evidence and confidence are left out: a refactoring changes them, and nothing has to be decided
//! again because of it.

use std::collections::BTreeMap;

use asmm_model::autonomy::Ternary;
use asmm_model::{Criterion, DeploymentKind, Effect, Gate, Hitl, Identity, Privilege, System, Tool, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a change asks for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Weight {
    /// The system can do less than before, or more is known of it.
    Better,
    /// Neither.
    Other,
    /// The system can do more than before, with fewer people asked, or less is known of it.
    Worse,
}

/// What a change means to those who want to be told of some changes only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Signal {
    /// The verdict is nearer to agentic than it was.
    VerdictRaised,
    /// The highest level that it may have is higher than it was.
    LevelRaised,
    /// People were asked before, and fewer are asked now, or it cannot be seen any more that they are.
    GateLost,
    /// A tool is new and may change state, or changes state and was not known to.
    ToolGained,
    /// It acts under an identity that it did not have, or one that may do more than it could.
    PrivilegeRaised,
}

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Change {
    /// How much it asks for a look.
    pub(crate) weight: Weight,
    /// What it is of: `verdict`, `C4`, `tool send_refund`, …
    pub(crate) what: String,
    /// What it was before; empty where it was not there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) before: String,
    /// What it is now; empty where it is not there any more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) after: String,
    /// What it means; empty for most: these are the changes that somebody may want to hear of at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) signals: Vec<Signal>,
}

/// Everything that is otherwise, in a fixed order.
pub(crate) fn between(old: &System, new: &System) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut put = |weight, signals: &[Option<Signal>], what: &str, before: String, after: String| {
        if before != after {
            let signals = signals.iter().flatten().copied().collect();
            changes.push(Change { weight, what: what.to_owned(), before, after, signals });
        }
    };
    let raised = |weight, signal| (weight == Weight::Worse).then_some(signal);
    let verdicts = (old.verdict, new.verdict);
    let weight = ranked(standing(old.verdict), standing(new.verdict));
    let signal = raised(weight, Signal::VerdictRaised);
    put(weight, &[signal], "verdict", verdicts.0.name().into(), verdicts.1.name().into());
    let weight = ranked(old.level[1], new.level[1]);
    put(weight, &[raised(weight, Signal::LevelRaised)], "level", levels(old), levels(new));
    for criterion in Criterion::ALL {
        let (before, after) = (old.criteria[criterion].ternary(), new.criteria[criterion].ternary());
        // Every criterion is asked so that `yes` is the riskier answer.
        put(
            ranked(risk(before), risk(after)),
            &[],
            criterion.id(),
            before.name().into(),
            after.name().into(),
        );
    }
    let weight = ranked(asked(old.hitl), asked(new.hitl));
    // Where nobody was known to be asked, no gate can be lost.
    let signal = raised(weight, Signal::GateLost).filter(|_| asked(old.hitl) < asked(Hitl::Unknown));
    put(weight, &[signal], "approval", old.hitl.name().into(), new.hitl.name().into());
    for (name, before, after) in both(&old.tools, &new.tools, |tool| tool.name.clone()) {
        let weight = match (before, after) {
            (Some(before), Some(after)) => ranked(power(before), power(after)),
            (None, Some(tool)) if tool.effect.changes_state() => Weight::Worse,
            (Some(_), None) => Weight::Better,
            _ => Weight::Other,
        };
        let signals = [loses_gate(before, after), gains_power(before, after)];
        put(weight, &signals, &format!("tool {name}"), said(before, tool), said(after, tool));
    }
    let of_identity = |identity: &Identity| format!("{} {}", identity.kind.title(), identity.name);
    for (name, before, after) in both(&old.identities, &new.identities, of_identity) {
        let rank = |identity: Option<&Identity>| identity.and_then(|identity| identity.privilege).map(reach);
        let weight = match (before, after) {
            (None, Some(_)) => Weight::Worse,
            (Some(_), None) => Weight::Better,
            _ => ranked(rank(before), rank(after)),
        };
        let privilege = |identity: &Identity| identity.privilege.map_or("there", Privilege::name).to_owned();
        // A new identity that may only read is worth a line of the report, but no call.
        let harmless = |one: &Identity| matches!(one.privilege, Some(Privilege::None | Privilege::Read));
        let signal = raised(weight, Signal::PrivilegeRaised).filter(|_| !after.is_some_and(harmless));
        put(weight, &[signal], &name, said(before, privilege), said(after, privilege));
    }
    let providers = |system: &System| list(system.models.iter().filter_map(|model| model.provider.clone()));
    put(Weight::Other, &[], "model providers", providers(old), providers(new));
    let triggers = |system: &System| {
        list(
            system
                .triggers
                .iter()
                .filter(|trigger| trigger.kind.self_starting())
                .map(|t| t.kind.name().to_owned()),
        )
    };
    let (before, after) = (triggers(old), triggers(new));
    put(ranked(before.len(), after.len()), &[], "started by", before, after);
    // The folder or repository that was scanned is the same, whatever it was called on the command line.
    let places = |system: &System| {
        let deployed = system.locations.iter().filter(|place| place.kind != DeploymentKind::Repo);
        list(deployed.map(|place| place.reference.clone()))
    };
    put(Weight::Other, &[], "places", places(old), places(new));
    put(Weight::Other, &[], "name", old.name.clone(), new.name.clone());
    put(Weight::Other, &[], "root", old.root.clone(), new.root.clone());
    changes
}

fn ranked<T: Copy + PartialOrd>(before: T, after: T) -> Weight {
    if after > before {
        Weight::Worse
    } else if after < before {
        Weight::Better
    } else {
        Weight::Other
    }
}

fn standing(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotAi => 0,
        Verdict::NotAgentic => 1,
        Verdict::Undetermined => 2,
        Verdict::Agentic => 3,
    }
}

fn levels(system: &System) -> String {
    let [low, high] = system.level.map(|level| level.to_string());
    if low == high { low } else { format!("{low}-{high}") }
}

fn risk(answer: Ternary) -> u8 {
    match answer {
        Ternary::No => 0,
        Ternary::Unknown => 1,
        Ternary::Yes => 2,
    }
}

/// The fewer are asked, the higher.
fn asked(hitl: Hitl) -> u8 {
    match hitl {
        Hitl::EveryStep => 0,
        Hitl::Some => 1,
        Hitl::Unknown => 2,
        Hitl::None => 3,
    }
}

/// What a tool can do, and who is asked before.
fn power(tool: &Tool) -> (bool, u8) {
    (tool.effect.changes_state(), open(tool.gate))
}

/// The fewer calls wait for a person, the higher.
fn open(gate: Gate) -> u8 {
    match gate {
        Gate::Each => 0,
        Gate::Some => 1,
        Gate::Unknown => 2,
        Gate::None => 3,
    }
}

/// A tool that only reads needs nobody to be asked, and one that nobody was known to be asked about has nothing to lose.
fn loses_gate(before: Option<&Tool>, after: Option<&Tool>) -> Option<Signal> {
    let (before, after) = (before?, after?);
    let had = open(before.gate) < open(Gate::Unknown);
    (had && open(after.gate) > open(before.gate) && after.effect != Effect::Read).then_some(Signal::GateLost)
}

/// A new tool whose effect could not be followed may change something, and is told; one that was there already is told
/// only where it certainly does.
fn gains_power(before: Option<&Tool>, after: Option<&Tool>) -> Option<Signal> {
    let after = after?;
    let gains = match before {
        None => after.effect != Effect::Read,
        Some(before) => after.effect.changes_state() && !before.effect.changes_state(),
    };
    gains.then_some(Signal::ToolGained)
}

fn reach(privilege: Privilege) -> u8 {
    match privilege {
        Privilege::None => 0,
        Privilege::Read => 1,
        Privilege::Unknown => 2,
        Privilege::Write => 3,
        Privilege::Admin => 4,
    }
}

fn tool(tool: &Tool) -> String {
    format!("{}, approval: {}", tool.effect.name(), tool.gate.name())
}

fn said<T>(one: Option<&T>, show: impl Fn(&T) -> String) -> String {
    one.map(show).unwrap_or_default()
}

/// What both lists have, by name.
fn both<'i, T>(
    old: &'i [T],
    new: &'i [T],
    name: impl Fn(&T) -> String,
) -> Vec<(String, Option<&'i T>, Option<&'i T>)> {
    let mut all: BTreeMap<String, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for one in old {
        all.entry(name(one)).or_default().0 = Some(one);
    }
    for one in new {
        all.entry(name(one)).or_default().1 = Some(one);
    }
    all.into_iter().map(|(name, (before, after))| (name, before, after)).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    items.dedup();
    items.join(", ")
}
