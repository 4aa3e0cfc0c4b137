//! What was seen of each system, and what was not.

use asmm_model::{Answer, Coverage, Criterion, Evidence, Identity, Inventory, Privilege, System, Tool};

use super::super::{table, words};
use super::document::{Actor, Observation, Origin, Piece, Prop, Subject, uuid};
use super::subject;
use crate::page::visible;

/// Who saw it, and when: the same for all of one scan.
struct Scan<'a> {
    tool: &'a str,
    collected: &'a str,
}

impl Scan<'_> {
    fn observation(&self, name: &[&str], title: &str, description: &str) -> Observation {
        Observation {
            uuid: uuid(&[&["observation"], name].concat()),
            title: visible(title).into_owned(),
            description: visible(description).into_owned(),
            props: Vec::new(),
            methods: ["EXAMINE"],
            types: ["discovery"],
            origins: vec![Origin { actors: vec![Actor { kind: "tool", actor_uuid: self.tool.to_owned() }] }],
            subjects: Vec::new(),
            relevant_evidence: Vec::new(),
            collected: self.collected.to_owned(),
        }
    }
}

/// In the order of the systems, and then of the targets.
pub(super) fn all(inventory: &Inventory, tool: &str) -> Vec<Observation> {
    let scan = Scan { tool, collected: &inventory.scan.started_at };
    let mut all = Vec::new();
    for system in &inventory.systems {
        let about = subject(system);
        let mut seen = vec![verdict(&scan, &about, system)];
        let answers = system.criteria.iter().filter(|(_, answer)| !answer.evidence().is_empty());
        seen.extend(answers.map(|(criterion, answer)| self::answer(&scan, &about, criterion, answer)));
        seen.extend(system.tools.iter().enumerate().map(|(at, it)| self::tool(&scan, &about, at, it)));
        seen.extend(system.identities.iter().enumerate().map(|(at, it)| identity(&scan, &about, at, it)));
        for observation in &mut seen {
            observation.subjects = vec![Subject { subject_uuid: about.clone(), kind: "inventory-item" }];
        }
        all.extend(seen);
    }
    all.extend(inventory.identities.iter().enumerate().map(|(at, it)| identity(&scan, "no system", at, it)));
    all.extend(inventory.coverage.iter().map(|coverage| hidden(&scan, coverage)));
    all
}

fn verdict(scan: &Scan, about: &str, system: &System) -> Observation {
    let title = format!("Autonomy Test: {}", table::verdict(system.verdict));
    let mut observation = scan.observation(&[about, "verdict"], &title, &table::why(system));
    let settles: Vec<String> = system
        .settles
        .iter()
        .map(|missing| format!("{}: {}", missing.criterion.id(), missing.what))
        .collect();
    observation.props = Prop::list(settles.iter().map(|fact| ("settled-by", fact.as_str())));
    observation.relevant_evidence = words::deciding(system).into_iter().map(piece).collect();
    observation
}

fn answer(scan: &Scan, about: &str, criterion: Criterion, answer: &Answer) -> Observation {
    let word = words::answer(answer);
    let title = format!("{} {}: {word}", criterion.id(), criterion.name());
    let description = format!("{} {word}", criterion.question());
    let mut observation = scan.observation(&[about, criterion.id()], &title, &description);
    let confidence = answer.confidence().map(|confidence| confidence.to_string()).unwrap_or_default();
    let conflicting = if answer.is_conflicting() { "true" } else { "" };
    observation.props =
        Prop::list([("answer", word), ("confidence", &confidence), ("conflicting", conflicting)]);
    observation.relevant_evidence = answer.evidence().iter().map(piece).collect();
    observation
}

fn tool(scan: &Scan, about: &str, at: usize, tool: &Tool) -> Observation {
    let (effect, gate) = (tool.effect.name(), tool.gate.name());
    let description =
        format!("The model can call {}: effect {effect}, approval of calls: {gate}.", tool.name);
    let name = [about, "tool", &at.to_string(), &tool.name];
    let mut observation = scan.observation(&name, &format!("Tool {}", tool.name), &description);
    observation.props = Prop::list([("effect", effect), ("approval", gate)]);
    observation.relevant_evidence = tool.evidence.iter().map(piece).collect();
    observation
}

fn identity(scan: &Scan, about: &str, at: usize, identity: &Identity) -> Observation {
    let kind = words::named(identity.kind);
    let privilege = identity.privilege.map_or("unknown", Privilege::name);
    let description =
        format!("{} is an identity of the kind {kind}; its privilege is {privilege}.", identity.name);
    let name = [about, "identity", &at.to_string(), &identity.name];
    let mut observation = scan.observation(&name, &format!("Identity {}", identity.name), &description);
    observation.props = Prop::list([
        ("kind", kind.as_str()),
        ("privilege", privilege),
        ("arn", identity.arn.as_deref().unwrap_or_default()),
    ]);
    observation.relevant_evidence = identity.evidence.iter().map(piece).collect();
    observation
}

/// How much of a target was seen, so that nobody takes what is not here for what is not there.
fn hidden(scan: &Scan, coverage: &Coverage) -> Observation {
    let gaps: u64 = coverage.skipped.iter().filter(|gap| gap.why.hides()).map(|gap| gap.count).sum();
    let description =
        format!("{} files or objects of {} were read; {gaps} stayed hidden.", coverage.seen, coverage.target);
    let title = if coverage.is_complete() { "Coverage is complete" } else { "Coverage has gaps" };
    let mut observation = scan.observation(&["coverage", &coverage.target], title, &description);
    let skipped = coverage.skipped.iter().map(|gap| {
        let detail = gap.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        let text = format!("{} ({}, {}){detail}", gap.what, gap.why.name(), gap.count);
        Piece { href: None, description: visible(&text).into_owned(), props: Vec::new() }
    });
    observation.relevant_evidence = skipped.collect();
    observation
}

fn piece(evidence: &Evidence) -> Piece {
    let place = &evidence.place;
    // A path is relative to its target, and only that one is at hand.
    let href = place.path.as_deref().map(|path| {
        let line = place.line.map(|line| format!("#L{line}")).unwrap_or_default();
        format!("{}{line}", words::uri(path))
    });
    let note = evidence.note.as_deref().or(evidence.rule.as_deref()).unwrap_or("seen here");
    let supports = evidence.supports.map(words::named).unwrap_or_default();
    let weight = evidence.weight.map(|weight| weight.to_string()).unwrap_or_default();
    Piece {
        href,
        description: visible(&format!("{}: {note}", table::from_start(place))).into_owned(),
        props: Prop::list([
            ("rule", evidence.rule.as_deref().unwrap_or_default()),
            ("supports", supports.as_str()),
            ("weight", &weight),
        ]),
    }
}
