//! Holds the claims of a case against an inventory, and shows both side by side.

use std::fmt::Write as _;

use asmm_model::{Answer, Component, Evidence, Identity, Inventory, Key, Model, System, Tool, Trigger};

use super::claim::{At, Claim, Claims, SystemClaim, Written};

/// Pieces of evidence shown behind an answer.
const SHOWN: usize = 4;

/// One claim beside what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) holds: bool,
    pub(super) expected: String,
    /// What the inventory has of that kind, one thing per line.
    pub(super) found: Vec<String>,
}

/// Every claim, in the order of the case.
pub(super) fn hold(claims: &Claims, inventory: &Inventory) -> Vec<Row> {
    let mut rows = Vec::new();
    let listed: Vec<String> = inventory.systems.iter().map(system).collect();
    if claims.none {
        rows.push(Row { holds: listed.is_empty(), expected: "no systems".to_owned(), found: listed.clone() });
    }
    let everything = View::of_all(inventory);
    rows.extend(claims.whole.iter().map(|claim| everything.row(claim)));
    let mut left: Vec<&System> = inventory.systems.iter().collect();
    for (written, about) in &claims.systems {
        let found = left.iter().position(|system| is_meant(&written.what, system));
        let Some(at) = found else {
            rows.push(Row { holds: false, expected: written.text.clone(), found: listed.clone() });
            rows.extend(about.iter().map(|claim| Row {
                holds: false,
                expected: format!("  {}", claim.text),
                found: Vec::new(),
            }));
            continue;
        };
        let system = left.remove(at);
        rows.push(whole(written, system));
        let view = View::of_one(inventory, system);
        rows.extend(about.iter().map(|claim| {
            let row = view.row(claim);
            Row { expected: format!("  {}", row.expected), ..row }
        }));
    }
    if !claims.systems.is_empty() && !left.is_empty() {
        let found = left.iter().map(|left| system(left)).collect();
        rows.push(Row { holds: false, expected: "no further systems".to_owned(), found });
    }
    rows
}

/// Whether a claim is about this system. One that gives neither name nor root is about any.
fn is_meant(claim: &SystemClaim, system: &System) -> bool {
    claim.name.as_ref().is_none_or(|name| *name == system.name)
        && claim.root.as_ref().is_none_or(|root| *root == system.root)
}

fn whole(written: &Written<SystemClaim>, found: &System) -> Row {
    let claim = &written.what;
    let holds = claim.verdict.is_none_or(|verdict| verdict == found.verdict)
        && claim.level.is_none_or(|level| level == found.level.map(|level| level.0))
        && claim.kind.is_none_or(|kind| kind == found.kind)
        && claim.hitl.is_none_or(|hitl| hitl == found.hitl)
        && claim.role.is_none_or(|role| role == found.role);
    Row { holds, expected: written.text.clone(), found: vec![system(found)] }
}

/// The part of an inventory that a claim is about.
struct View<'a> {
    inventory: &'a Inventory,
    system: Option<&'a System>,
    systems: Vec<&'a System>,
    components: Vec<&'a Component>,
}

impl<'a> View<'a> {
    fn of_all(inventory: &'a Inventory) -> Self {
        let systems: Vec<&System> = inventory.systems.iter().collect();
        let components =
            systems.iter().flat_map(|system| &system.components).chain(&inventory.components).collect();
        Self { inventory, system: None, systems, components }
    }

    fn of_one(inventory: &'a Inventory, system: &'a System) -> Self {
        let components = system.components.iter().collect();
        Self { inventory, system: Some(system), systems: vec![system], components }
    }

    fn all<T>(&self, of: fn(&System) -> &Vec<T>) -> Vec<&'a T> {
        self.systems.iter().flat_map(|system| of(system)).collect()
    }

    /// The tools that servers among the components offer.
    fn offered(&self) -> Vec<&'a Tool> {
        self.components.iter().flat_map(|component| &component.tools).collect()
    }

    fn row(&self, written: &Written<Claim>) -> Row {
        let (holds, found) = match &written.what {
            Claim::Criterion { criterion, negated, answer, by, at } => match self.system {
                None => (false, vec!["say of which system this is".to_owned()]),
                Some(system) => {
                    let found = &system.criteria[*criterion];
                    let has = |evidence: &Evidence| {
                        by.as_ref().is_none_or(|by| evidence.rule.as_ref() == Some(by))
                            && at.as_ref().is_none_or(|at| is_at(evidence, at))
                    };
                    let shown = by.is_none() && at.is_none() || found.evidence().iter().any(has);
                    let holds = (found.ternary() == *answer) != *negated && shown;
                    (holds, answered(criterion.id(), found))
                }
            },
            Claim::Settles(criterion) => {
                let missing = self.systems.iter().flat_map(|system| &system.settles);
                let holds = missing.clone().any(|missing| missing.criterion == *criterion);
                let found = missing.map(|m| format!("settles {}: {}", m.criterion.id(), m.what)).collect();
                (holds, found)
            }
            Claim::Tools(expected) => {
                let tools = self.all(|system| &system.tools);
                let mut names: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
                names.sort();
                (names == *expected, tools.into_iter().map(tool).collect())
            }
            Claim::Tool { name, effect, gate, at } => self.any(
                |system| &system.tools,
                |tool| {
                    tool.name == *name
                        && tool.effect == *effect
                        && gate.is_none_or(|gate| gate == tool.gate)
                        && among(&tool.evidence, at.as_ref())
                },
                tool,
            ),
            Claim::NoTool(name) => self.none(|system| &system.tools, |tool| tool.name == *name, tool),
            Claim::Trigger { kind, value, at } => self.any(
                |system| &system.triggers,
                |trigger| {
                    let placed = |at: &At| {
                        trigger.place.path.as_ref() == Some(&at.path)
                            && (at.line.is_none() || trigger.place.line == at.line)
                    };
                    trigger.kind == *kind
                        && value.as_ref().is_none_or(|value| *value == trigger.value)
                        && at.as_ref().is_none_or(placed)
                },
                trigger,
            ),
            Claim::NoTrigger(kind) => self.none(
                |system| &system.triggers,
                // A person's turn is no trigger that would be missed.
                |trigger| kind.map_or(trigger.kind.self_starting(), |kind| kind == trigger.kind),
                trigger,
            ),
            Claim::Identity { kind, name, inferred, at } => self.any(
                |system| &system.identities,
                |identity| {
                    identity.kind == *kind
                        && identity.name == *name
                        && inferred.is_none_or(|inferred| inferred == identity.inferred)
                        && among(&identity.evidence, at.as_ref())
                },
                identity,
            ),
            Claim::NoIdentity(name) => self.none(
                |system| &system.identities,
                |identity| name.as_ref().is_none_or(|name| *name == identity.name),
                identity,
            ),
            Claim::Known { claim, value, strength, at } => self.any(
                |system| &system.keys,
                |key| {
                    let placed = |at: &At| {
                        key.place.path.as_ref() == Some(&at.path)
                            && (at.line.is_none() || key.place.line == at.line)
                    };
                    key.claim == *claim
                        && key.value == *value
                        && strength.is_none_or(|strength| strength == key.strength)
                        && at.as_ref().is_none_or(placed)
                },
                key,
            ),
            Claim::NotKnown(value) => self.none(
                |system| &system.keys,
                |key| value.as_ref().is_none_or(|value| *value == key.value),
                key,
            ),
            Claim::Offers(expected) => {
                let offered = self.offered();
                let mut names: Vec<String> = offered.iter().map(|tool| tool.name.clone()).collect();
                names.sort();
                (names == *expected, offered.into_iter().map(offer).collect())
            }
            Claim::Offer { name, effect, gate, at } => {
                let offered = self.offered();
                let holds = offered.iter().any(|tool| {
                    tool.name == *name
                        && tool.effect == *effect
                        && gate.is_none_or(|gate| gate == tool.gate)
                        && among(&tool.evidence, at.as_ref())
                });
                (holds, offered.into_iter().map(offer).collect())
            }
            Claim::Component { kind, name, role, access, version, note, at } => {
                let says = |evidence: &Evidence| note.is_none() || evidence.note == *note;
                let holds = self.components.iter().any(|component| {
                    component.kind == *kind
                        && component.name == *name
                        && role.is_none_or(|role| role == component.role)
                        && access.is_none_or(|access| Some(access) == component.access)
                        && version.as_ref().is_none_or(|version| component.version.as_ref() == Some(version))
                        && component.evidence.iter().any(says)
                        && among(&component.evidence, at.as_ref())
                });
                (holds, self.components.iter().map(|found| component(found)).collect())
            }
            Claim::NoComponent(name) => {
                let found: Vec<String> = self
                    .components
                    .iter()
                    .filter(|component| name.as_ref().is_none_or(|name| *name == component.name))
                    .map(|found| component(found))
                    .collect();
                (found.is_empty(), found)
            }
            Claim::Model { name, provider, pinned } => self.any(
                |system| &system.models,
                |model| {
                    model.name == *name
                        && provider.as_ref().is_none_or(|provider| model.provider.as_ref() == Some(provider))
                        && pinned.is_none_or(|pinned| pinned == model.pinned)
                },
                model,
            ),
            Claim::NoModel(name) => self.none(
                |system| &system.models,
                |model| name.as_ref().is_none_or(|name| *name == model.name),
                model,
            ),
            Claim::Gap { path, why } => {
                let gaps = self.inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
                let holds = gaps.clone().any(|gap| gap.what == *path && gap.why == *why);
                (holds, gaps.map(|gap| format!("gap {} {}", gap.what, gap.why.name())).collect())
            }
            Claim::NoGaps => {
                let gaps = self.inventory.coverage.iter().flat_map(|coverage| &coverage.skipped);
                let hiding = gaps.filter(|gap| gap.why.hides());
                let found: Vec<String> =
                    hiding.map(|gap| format!("gap {} {}", gap.what, gap.why.name())).collect();
                (found.is_empty(), found)
            }
        };
        Row { holds, expected: written.text.clone(), found }
    }

    fn any<T>(
        &self,
        of: fn(&System) -> &Vec<T>,
        is: impl Fn(&T) -> bool,
        show: fn(&T) -> String,
    ) -> (bool, Vec<String>) {
        let all = self.all(of);
        (all.iter().any(|thing| is(thing)), all.into_iter().map(show).collect())
    }

    fn none<T>(
        &self,
        of: fn(&System) -> &Vec<T>,
        is: impl Fn(&T) -> bool,
        show: fn(&T) -> String,
    ) -> (bool, Vec<String>) {
        let found: Vec<String> = self.all(of).into_iter().filter(|thing| is(thing)).map(show).collect();
        (found.is_empty(), found)
    }
}

fn among(evidence: &[Evidence], at: Option<&At>) -> bool {
    at.is_none_or(|at| evidence.iter().any(|piece| is_at(piece, at)))
}

fn is_at(evidence: &Evidence, at: &At) -> bool {
    evidence.place.path.as_ref() == Some(&at.path) && (at.line.is_none() || evidence.place.line == at.line)
}

fn places(evidence: &[Evidence]) -> String {
    let mut places = String::new();
    for (at, piece) in evidence.iter().enumerate() {
        if at == SHOWN {
            let _ = write!(places, " and {} more", evidence.len() - SHOWN);
            break;
        }
        let separator = if at == 0 { " at " } else { ", " };
        let _ = write!(places, "{separator}{}", piece.place);
    }
    places
}

fn system(system: &System) -> String {
    let [low, high] = system.level;
    let level = if low == high { low.to_string() } else { format!("{low}-{high}") };
    format!(
        "system {} at {}: {} {level} kind {} hitl {} role {}",
        system.name,
        if system.root.is_empty() { "." } else { &system.root },
        system.verdict.name(),
        system.kind.name(),
        system.hitl.name(),
        system.role.name()
    )
}

fn answered(id: &str, answer: &Answer) -> Vec<String> {
    let confidence = answer.confidence().map_or(String::new(), |confidence| format!(" ({confidence})"));
    let conflict = if answer.is_conflicting() { ", conflicting" } else { "" };
    let mut lines = vec![format!("{id} {}{confidence}{conflict}", answer.ternary().name())];
    for piece in answer.evidence().iter().take(SHOWN) {
        let side =
            piece.supports.map_or("-", |side| if side == asmm_model::Supports::Yes { "yes" } else { "no" });
        let rule = piece.rule.as_deref().unwrap_or("-");
        lines.push(format!("  {side} {} {rule} {}", piece.weight.unwrap_or(0.0), piece.place));
    }
    lines.extend(answer.missing().iter().take(SHOWN).map(|missing| format!("  missing: {}", missing.what)));
    lines
}

fn tool(tool: &Tool) -> String {
    let Tool { name, effect, gate, evidence } = tool;
    format!("tool {name}: {} gate {}{}", effect.name(), gate.name(), places(evidence))
}

fn offer(found: &Tool) -> String {
    tool(found).replacen("tool", "offers", 1)
}

fn trigger(trigger: &Trigger) -> String {
    let runs = trigger.runs.as_ref().map_or(String::new(), |runs| format!(" runs {runs}"));
    format!("trigger {} \"{}\" at {}{runs}", trigger.kind.name(), trigger.value, trigger.place)
}

fn identity(identity: &Identity) -> String {
    let kind = serde_json::to_value(identity.kind).unwrap_or_default();
    let inferred = if identity.inferred { "inferred" } else { "stated" };
    format!(
        "identity {} {} {inferred}{}",
        kind.as_str().unwrap_or_default(),
        identity.name,
        places(&identity.evidence)
    )
}

fn key(key: &Key) -> String {
    let claim = serde_json::to_value(key.claim).unwrap_or_default();
    format!(
        "known {} {} {} at {}",
        claim.as_str().unwrap_or_default(),
        key.value,
        key.strength.name(),
        key.place
    )
}

fn component(component: &Component) -> String {
    let version = component.version.as_ref().map_or(String::new(), |version| format!(" version {version}"));
    let access = component.access.map_or(String::new(), |access| format!(" access {}", access.name()));
    let mut notes: Vec<&str> = component.evidence.iter().filter_map(|e| e.note.as_deref()).collect();
    notes.sort_unstable();
    notes.dedup();
    let notes = notes.iter().fold(String::new(), |all, note| format!("{all} noted \"{note}\""));
    format!(
        "component {} {} role {}{access}{version}{notes}{}",
        component.kind.name(),
        component.name,
        component.role.name(),
        places(&component.evidence)
    )
}

fn model(model: &Model) -> String {
    let provider = model.provider.as_ref().map_or(String::new(), |provider| format!(" provider {provider}"));
    let pinned = if model.pinned { "pinned" } else { "floating" };
    format!("model {}{provider} {pinned}{}", model.name, places(&model.evidence))
}

/// The rows as two columns; what does not hold is marked.
pub(super) fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.expected.chars().count()).max().unwrap_or(0).clamp(24, 70);
    let mut table = format!("      {:width$} | found\n      {:-<width$}-+-{:-<40}\n", "expected", "", "");
    for row in rows {
        let mark = if row.holds { "ok    " } else { "FAIL  " };
        let nothing = ["nothing".to_owned()];
        let found = match (row.holds, row.found.is_empty()) {
            // What holds needs no explanation.
            (true, _) => &row.found[..row.found.len().min(1)],
            (false, true) => &nothing[..],
            (false, false) => &row.found[..],
        };
        let first = found.first().map_or("", String::as_str);
        let _ = writeln!(table, "{mark}{:width$} | {first}", row.expected);
        for line in found.iter().skip(1) {
            let _ = writeln!(table, "      {:width$} | {line}", "");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use asmm_model::autonomy::Basis;
    use asmm_model::{Criteria, Criterion, Level, SystemId, SystemKind, Verdict};
    use serde_json::json;

    use super::super::case::Laid;
    use super::super::claim::parse;
    use super::super::markdown::Block;
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
        serde_json::from_value(value).expect("it is one")
    }

    /// An inventory with an agent that pays and a pipeline.
    fn inventory() -> Inventory {
        let place = json!([{"rule": "r", "path": "app.py", "line": 2}]);
        let system = |name: &str, kind, verdict, level| System {
            id: SystemId::derive(kind, name, name),
            name: name.to_owned(),
            kind,
            target: None,
            root: name.to_owned(),
            role: asmm_model::Role::Production,
            purpose: None,
            claims: Vec::new(),
            owners: Vec::new(),
            verdict,
            level: [Level(level), Level(level)],
            confidence: None,
            hitl: asmm_model::Hitl::None,
            priority: 0,
            settles: Vec::new(),
            criteria: Criteria::from_fn(|criterion| match criterion {
                Criterion::C1 => Answer::Yes(Basis {
                    confidence: 0.9,
                    conflicting: false,
                    evidence: read(place.clone()),
                    more: 0,
                }),
                _ => Answer::default(),
            }),
            components: Vec::new(),
            identities: Vec::new(),
            tools: Vec::new(),
            models: Vec::new(),
            triggers: Vec::new(),
            controls: Vec::new(),
            locations: Vec::new(),
            keys: Vec::new(),
            joins: Vec::new(),
            incomplete: Vec::new(),
            remembered: None,
        };
        let mut agent = system("desk", SystemKind::Agent, Verdict::Agentic, 4);
        agent.tools = vec![read(json!({"name": "send", "effect": "pay", "gate": "none", "evidence": place}))];
        agent.triggers =
            vec![read(json!({"kind": "schedule", "value": "0 2 * * *", "path": "app.py", "line": 1}))];
        agent.identities =
            vec![read(json!({"kind": "env-credential", "name": "KEY", "inferred": true, "evidence": place}))];
        agent.keys = vec![read(json!({
            "claim": "builds-image", "value": "ghcr.io/acme/desk", "strength": "medium",
            "place": {"path": "app.py", "line": 2},
        }))];
        agent.models =
            vec![read(json!({"name": "gpt", "provider": "openai", "pinned": false, "evidence": place}))];
        agent.components = vec![read(json!({"kind": "provider-sdk", "name": "openai", "evidence": place}))];
        let pipeline = system("digest", SystemKind::Pipeline, Verdict::NotAgentic, 0);
        read(json!({
            "schema": "muster.inventory/1",
            "scan": {"id": "", "started_at": "", "tool": "", "rules": "", "targets": []},
            "coverage": [{"target": "app", "seen": 1, "skipped": [{"what": "big.py", "why": "too-large"}]}],
            "systems": [agent, pipeline],
            "components": [{
                "kind": "mcp", "name": "mcp", "version": "1", "role": "test",
                "evidence": [{"rule": "r", "path": "app.py", "line": 1, "note": "server"}],
                "tools": [{"name": "lock", "effect": "write", "gate": "unknown", "evidence": place}],
            }],
        }))
    }

    /// Whether each claim holds.
    fn held(text: &str) -> Vec<bool> {
        let files = [Laid { path: "app.py".to_owned(), text: "a\nb\n".to_owned() }];
        let block = Block { info: "expect", line: 0, lines: text.lines().collect() };
        let mut claims = Claims::default();
        let mut wrong = |line, what| panic!("{line}: {what}");
        parse(&block, &files, &|_| true, &mut claims, &mut wrong);
        hold(&claims, &inventory()).iter().map(|row| row.holds).collect()
    }

    const REST: &str = "system digest:";

    #[test]
    fn what_is_so_holds() {
        let claims = [
            "gap big.py too-large",
            "component mcp mcp role test version 1 noted server; no component langchain",
            "offers lock; offers lock: write gate unknown at app.py \"b\"",
            "system desk at desk: agentic L4 kind agent hitl none role production",
            "C1 yes; C1 not no; C1 yes by r at app.py:2; C2 unknown; C2 not yes",
            "tools send; tool send: pay gate none at app.py \"b\"; no tool find",
            "trigger schedule; trigger schedule \"0 2 * * *\" at app.py:1; no trigger webhook",
            "identity env-credential KEY inferred; no identity TOKEN",
            "model gpt provider openai floating; no model claude",
            "known builds-image ghcr.io/acme/desk medium at app.py:2; no known ghcr.io/acme/other",
            "component provider-sdk openai at app.py",
            "system digest: not_agentic L0 kind pipeline",
            "no tools; no offers; no triggers; no identities; no models; no components; no known",
        ];
        let held = held(&claims.join("\n"));
        assert_eq!(held, vec![true; 32], "one row for each claim");
    }

    #[test]
    fn what_is_not_so_does_not_hold() {
        let offers = ["no offers", "offers lock, open", "offers lock: read", "offers lock: write gate each"];
        let noted = "component mcp mcp noted client";
        for claim in [offers.as_slice(), &[noted]].concat() {
            assert_eq!(held(&format!("{claim}\nsystem desk:\n{REST}")), [false, true, true], "{claim}");
        }
        for claim in ["no gaps", "gap big.py denied", "gap other.py too-large", "no components", "C1 yes"] {
            assert_eq!(held(&format!("{claim}\nsystem desk:\n{REST}")), [false, true, true], "{claim}");
        }
        for system in
            ["desk: undetermined", "desk: L3", "desk: L4-L5", "desk: kind pipeline", "desk: role test"]
        {
            assert_eq!(held(&format!("system {system}\n{REST}")), [false, true], "{system}");
        }
        for claim in [
            "C1 no",
            "C1 not yes",
            "C1 yes by other",
            "C1 yes at app.py:1",
            "C2 no",
            "C2 not unknown",
            "settles C3",
            "tools send, find",
            "no tools",
            "no tool send",
            "tool send: send",
            "tool send: pay gate each",
            "tool send: pay at app.py:1",
            "no triggers",
            "no trigger schedule",
            "trigger schedule \"1 2 * * *\"",
            "trigger schedule at app.py:2",
            "identity env-credential KEY stated",
            "no identity KEY",
            "no known",
            "no known ghcr.io/acme/desk",
            "known builds-image ghcr.io/acme/desk strong",
            "known pins-digest ghcr.io/acme/desk",
            "known builds-image ghcr.io/acme/desk at app.py:1",
            "model gpt pinned",
            "model gpt provider azure",
            "no models",
            "component provider-sdk openai version 1",
            "component mcp mcp",
            "no component openai",
        ] {
            assert_eq!(held(&format!("system desk:\n{claim}\n{REST}")), [true, false, true], "{claim}");
        }
    }

    #[test]
    fn a_case_names_every_system_or_none() {
        assert_eq!(held("no systems"), [false]);
        assert_eq!(held("system desk:"), [true, false], "and there is another");
        assert_eq!(held("system desk:\nsystem digest:\nsystem:"), [true, true, false], "and no third");
        assert_eq!(held("system at desk:\nsystem at digest:"), [true, true]);
        assert_eq!(held("no component langchain"), [true], "nothing is said about systems");
        assert_eq!(held("system ghost:\nC1 yes\nno tools"), [false, false, false, false]);
    }

    #[test]
    fn a_table_marks_what_fails_and_shows_all_that_was_found_instead() {
        let row = |holds, expected: &str, found: &[&str]| Row {
            holds,
            expected: expected.to_owned(),
            found: found.iter().map(|f| (*f).to_owned()).collect(),
        };
        let rows = [
            row(true, "C1 yes", &["C1 yes (0.9)", "  why"]),
            row(false, "C2 no", &["C2 yes", "  why"]),
            row(false, "no gaps", &[]),
        ];
        let expected = "      expected                 | found
      -------------------------+-----------------------------------------
ok    C1 yes                   | C1 yes (0.9)
FAIL  C2 no                    | C2 yes
                               |   why
FAIL  no gaps                  | nothing
";
        assert_eq!(table(&rows), expected);
    }
}
