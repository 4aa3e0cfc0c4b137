//! The system itself: what it is, what the test says about it, and the models that it calls.

use asmm_model::autonomy::Ternary;
use asmm_model::{Answer, Component, ComponentKind, Criterion, Incomplete, Supports, System, Verdict};

use super::{Look, Node, said, shown};
use crate::export::{Text, table};
use crate::page::Cut;

/// Models that are drawn.
const MODELS: usize = 6;

/// The box in the middle.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) verdict: Verdict,
    /// How sure the verdict is; empty where it is open.
    pub(super) sure: String,
    /// Lines of our own words.
    pub(super) words: Vec<String>,
    /// Lines that name things: where it is, what it is made with.
    pub(super) names: Vec<(String, Cut)>,
    pub(super) answers: Vec<Said>,
    /// How its models are called.
    pub(super) calls: &'static str,
    pub(super) models: Vec<Node>,
    /// What could not be seen of it.
    pub(super) open: Vec<Node>,
    pub(super) title: String,
    /// All of it in sentences, for who does not see the picture.
    pub(super) told: String,
}

/// The answer to one question of the test.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) name: &'static str,
    pub(super) answer: Ternary,
    pub(super) title: String,
}

impl Card {
    pub(super) fn of(system: &System, differs: bool) -> Self {
        let name = if system.name.is_empty() { shown(system.id.as_str()) } else { shown(&system.name) };
        let sure = system.confidence.map(|c| format!("{} sure", table::percent(Some(c)))).unwrap_or_default();
        let asked = match table::approval(system) {
            "-" => "nothing to ask about",
            word => word,
        };
        let kind = format!("{}, {} code", system.kind.name(), system.role.name());
        let (verdict, level) = (table::verdict(system.verdict), table::in_words(system.level));
        let mut names = vec![(format!("in {}", Text::short(&table::root(system))), Cut::Start)];
        names.extend(made_with(&system.components).map(|with| (with, Cut::End)));
        let deciding = [Criterion::C1, Criterion::C2, Criterion::C3, Criterion::C4];
        let mut open = Vec::new();
        if differs {
            let node = unknown("contradicts itself", "its answers come to another verdict");
            open.push(node.saying(
                "The inventory gives another verdict than the one that its answers come to, which is shown.",
            ));
        }
        if system.incomplete.contains(&Incomplete::Parts) {
            let node = unknown("more parts: unknown", "not all of it could be seen");
            open.push(node.saying(
                "A file could not be read, or what runs there is seen from outside only: it may be made of more than is drawn.",
            ));
        }
        let comma = if sure.is_empty() { "" } else { ", " };
        Self {
            title: format!("{name}: {verdict}{comma}{sure}, {level}\n{}\n{}", system.id.as_str(), names[0].0),
            told: format!(
                "{name} is {verdict}{comma}{sure}, {level}: {kind}. {} Approval: {}.",
                said(&table::why(system)),
                table::approval_sentence(system)
            ),
            name,
            verdict: system.verdict,
            sure,
            words: vec![level, kind, format!("approval: {asked}")],
            names,
            answers: deciding
                .into_iter()
                .map(|criterion| answered(criterion, &system.criteria[criterion]))
                .collect(),
            calls: match system.criteria[Criterion::C2].ternary() {
                Ternary::Yes => "Calls in a loop",
                Ternary::No => "Calls without a loop",
                Ternary::Unknown => "Calls; in a loop: unknown",
            },
            models: models(system),
            open,
        }
    }
}

fn unknown(name: &str, detail: &str) -> Node {
    Node::new(name, detail, "").looking(Look::Unknown)
}

fn answered(criterion: Criterion, answer: &Answer) -> Said {
    let ternary = answer.ternary();
    let title =
        format!("{} {}: {}\n{}", criterion.id(), criterion.name(), criterion.question(), reason(answer));
    Said { name: criterion.name(), answer: ternary, title }
}

/// The answer with the best that speaks for it, or with what would settle it.
pub(super) fn reason(answer: &Answer) -> String {
    let wanted = match answer.ternary() {
        Ternary::Yes => Some(Supports::Yes),
        Ternary::No => Some(Supports::No),
        Ternary::Unknown => None,
    };
    let name = answer.ternary().name();
    if let Some(piece) = answer.evidence().iter().find(|piece| wanted.is_some() && piece.supports == wanted) {
        let note = piece.note.as_deref().map(|note| format!("{}, ", said(note))).unwrap_or_default();
        return format!("{name}: {note}{}", Text::place(&piece.place));
    }
    match answer.missing().first() {
        Some(missing) => format!("{name}: {}", said(&missing.what)),
        None => name.to_owned(),
    }
}

/// The software that it is made with, each name once.
fn made_with(components: &[Component]) -> Option<String> {
    use ComponentKind::{AgentFramework, CodingAgentConfig, LowCode, ProviderSdk, Serving};
    let made = |kind| matches!(kind, AgentFramework | CodingAgentConfig | LowCode | ProviderSdk | Serving);
    let mut all: Vec<(ComponentKind, &str)> = components
        .iter()
        .filter(|one| made(one.kind) && one.direct != Some(false))
        .map(|one| (one.kind, one.name.as_str()))
        .collect();
    // What decides how it runs says more than what it talks to.
    all.sort_by_key(|(kind, name)| (*kind == ProviderSdk, *kind, *name));
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in all {
        if names.len() < MODELS && !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| shown(&format!("with {}", names.join(", "))))
}

fn models(system: &System) -> Vec<Node> {
    let files = system.components.iter().filter(|one| one.kind == ComponentKind::ModelFile);
    let called = system.models.iter().map(|model| {
        let provider = model.provider.as_deref().unwrap_or("provider unknown");
        let pinned = if model.pinned { "pinned" } else { "not pinned" };
        Node::new(&model.name, format!("{}, {pinned}", shown(provider)), "").at(&model.evidence)
    });
    let kept = files.map(|file| Node::new(&file.name, file.kind.name(), "").at(&file.evidence));
    let mut all: Vec<Node> = called.chain(kept).collect();
    if all.is_empty() {
        let node = unknown("which model: unknown", "no name of one was seen");
        return vec![node.saying("The inventory names no model that it calls.")];
    }
    if let Some(more) = all.len().checked_sub(MODELS).filter(|more| *more > 0) {
        all.truncate(MODELS);
        let node = Node::new(&format!("… and {more} more"), "the inventory lists all", "");
        all.push(node);
    }
    all
}
