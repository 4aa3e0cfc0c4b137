//! The sections of a picture: what starts a system, who is asked, what it holds, where it was seen, what it acts under, and
//! what it may call.

use asmm_model::autonomy::Ternary;
use asmm_model::{
    Component, ComponentKind, Criterion, Deployment, Effect, Identity, Incomplete, Inventory, Join,
    Privilege, System, SystemId, Tool,
};

use super::card::reason;
use super::{Kind, Look, More, Node, Section, places, said, shown};
use crate::export::{Text, table};
use crate::page::Cut;

/// Boxes of one kind.
const SHOWN: usize = 12;
/// Other systems that the inventory lists of one identity at most.
const LISTED: usize = 10;

/// All sections that have something to say, from top to bottom in each column.
pub(super) fn all(system: &System, inventory: &Inventory) -> Vec<Section> {
    let of = |kinds: &[ComponentKind]| -> Vec<&Component> {
        system.components.iter().filter(|one| kinds.contains(&one.kind)).collect()
    };
    let guards = of(&[ComponentKind::Guardrail]).into_iter().map(|one| component(one, "guards the system"));
    let holds = of(&[ComponentKind::VectorDb, ComponentKind::Dataset, ComponentKind::Prompt]);
    let speaks = of(&[ComponentKind::Mcp]).into_iter().map(|one| component(one, "speaks the protocol"));
    let mut sections = vec![
        section(Kind::Starts, "Started by", starts(system)),
        section(Kind::Asks, "Asked before a change", vec![asked(system)]),
        section(Kind::Guards, "Guardrails", guards.collect()),
        section(
            Kind::Holds,
            "Data and prompts",
            holds.into_iter().map(|one| component(one, "uses it")).collect(),
        ),
        section(Kind::Seen, "Seen as", seen(system)),
        acts(system),
    ];
    sections.extend(calls(system));
    sections.push(section(Kind::Speaks, "MCP", speaks.collect()));
    sections.push(section(Kind::Others, "Other systems under its identities", others(system, inventory)));
    sections.retain(|section| !section.nodes.is_empty());
    sections
}

fn section(kind: Kind, head: &'static str, nodes: Vec<Node>) -> Section {
    let all = nodes.len();
    shown_of(kind, head, nodes, all)
}

/// The first of so many.
fn shown_of(kind: Kind, head: &'static str, mut nodes: Vec<Node>, all: usize) -> Section {
    nodes.truncate(SHOWN);
    let more = more(all.saturating_sub(nodes.len()), "The inventory lists all of them.");
    Section { kind, head, nodes, more }
}

fn more(count: usize, title: &str) -> Option<More> {
    (count > 0).then(|| More { text: format!("… and {count} more"), title: title.to_owned() })
}

/// What stands for a list without entries: the answer to the question that they would answer.
fn stand_in(system: &System, criterion: Criterion, none: &str, unlisted: &str) -> Node {
    let answer = &system.criteria[criterion];
    let node = match answer.ternary() {
        Ternary::No => Node { line: None, ..Node::new(none, "", "") },
        Ternary::Yes => {
            Node::new(unlisted, "which is not listed", "the inventory does not say which").unseen()
        }
        Ternary::Unknown => Node::new("unknown", "none was seen", "unknown").unseen(),
    };
    node.saying(&format!("{} {}", criterion.id(), criterion.question())).saying(&reason(answer))
}

fn starts(system: &System) -> Vec<Node> {
    if system.triggers.is_empty() {
        return vec![stand_in(system, Criterion::C5, "a person's turn", "starts without a person")];
    }
    let trigger = |trigger: &asmm_model::Trigger| {
        let kind = trigger.kind.name();
        let name = if trigger.value.is_empty() { kind } else { &trigger.value };
        let runs = shown(&table::runs(trigger));
        let detail = match (trigger.value.is_empty(), runs.is_empty()) {
            (true, _) => runs,
            (false, true) => kind.to_owned(),
            (false, false) => format!("{kind}, {runs}"),
        };
        let places = places([&trigger.place].into_iter());
        Node::new(name, detail, &format!("a {kind} trigger starts the system")).saying(&places)
    };
    system.triggers.iter().map(trigger).collect()
}

/// Where nobody can be asked, since nothing is changed.
const NOTHING: &str = "nothing to ask about";

/// Who is asked before something is changed.
fn asked(system: &System) -> Node {
    let (name, look) = match table::approval(system) {
        "-" => (NOTHING, Look::Plain),
        "nobody" => ("nobody", Look::Changes),
        "some" => ("a person, of some changes", Look::Plain),
        "every step" => ("a person, of every change", Look::Plain),
        _ => ("unknown", Look::Unknown),
    };
    let says = table::approval_sentence(system);
    let gated = system.tools.iter().filter(|tool| tool.effect != Effect::Read).count();
    let detail = match gated {
        0 => String::new(),
        count => format!("{count} of {} may change something", tools(system.tools.len())),
    };
    let criterion = Criterion::C4;
    let line = (name != NOTHING).then(|| says.to_owned());
    Node { line, open: look == Look::Unknown, ..Node::new(name, detail, "") }
        .looking(look)
        .saying(says)
        .saying(&format!("{} {}", criterion.id(), criterion.question()))
        .saying(&reason(&system.criteria[criterion]))
}

fn tools(count: usize) -> String {
    if count == 1 { "1 tool".to_owned() } else { format!("{count} tools") }
}

fn component(one: &Component, line: &str) -> Node {
    let detail = match (one.kind, one.tools.len()) {
        (ComponentKind::Mcp, 0) => {
            one.access.map_or_else(|| "a server or a client".to_owned(), |access| access.title().to_owned())
        }
        (kind, 0) => kind.name().to_owned(),
        (_, count) => format!("a server of {}", tools(count)),
    };
    Node::new(&one.name, detail, line).at(&one.evidence)
}

/// Where it was seen: each place that it lives in, and each part that was joined with it.
fn seen(system: &System) -> Vec<Node> {
    let joined = |place: &&Deployment| !system.joins.iter().any(|join| join.root == place.reference);
    let places = system.locations.iter().filter(joined).map(|place| {
        let kind = match place.kind {
            asmm_model::DeploymentKind::Repo => "code",
            asmm_model::DeploymentKind::Aws => "in AWS",
            asmm_model::DeploymentKind::K8s => "in Kubernetes",
            asmm_model::DeploymentKind::Gcp => "in Google Cloud",
            asmm_model::DeploymentKind::Azure => "in Azure",
            asmm_model::DeploymentKind::Ci => "in CI",
        };
        let (says, look) = match place.strength {
            None => ("seen there", Look::Plain),
            Some(asmm_model::JoinStrength::Strong) => ("strong link", Look::Plain),
            Some(asmm_model::JoinStrength::Medium) => ("medium link", Look::Plain),
            // A name alone is no more than a guess.
            Some(asmm_model::JoinStrength::Weak) => ("weak link", Look::Unknown),
        };
        let mut node = Node::new(&place.reference, format!("{kind}, {says}"), says).looking(look);
        node.cut = Cut::Start;
        node
    });
    places.chain(system.joins.iter().map(part)).collect()
}

fn part(join: &Join) -> Node {
    let what = match (join.target.as_deref().and_then(|target| target.split_once(':')), join.root.as_str()) {
        (_, arn) if arn.starts_with("arn:") && arn.contains(":role/") => "role",
        (_, arn) if arn.starts_with("arn:") && arn.contains(":user/") => "user",
        (_, arn) if arn.starts_with("arn:") => "resource",
        (Some(("k8s" | "k8s-export", _)), _) => "workload",
        _ => "code",
    };
    let target = join.target.as_deref().map(|target| format!(" in {target}")).unwrap_or_default();
    let because: Vec<String> = join.because.iter().take(SHOWN).map(|reason| said(&reason.says)).collect();
    let why = format!("it {}", because.join("; and "));
    let node = Node::new(&join.name, shown(&format!("{what}{target}")), &Text::long(&why).to_string());
    let at = places(join.because.iter().flat_map(|reason| &reason.places).collect::<Vec<_>>().into_iter());
    node.saying(&join.root).saying(join.id.as_str()).saying(&format!("{why}: {at}"))
}

/// The identities that are drawn, in their order: what may do most comes first.
pub(super) fn identities(system: &System) -> Vec<&Identity> {
    let mut all: Vec<&Identity> = system.identities.iter().collect();
    all.sort_by_key(|identity| std::cmp::Reverse(identity.privilege.unwrap_or(Privilege::Unknown)));
    all.truncate(SHOWN);
    all
}

fn acts(system: &System) -> Section {
    if system.identities.is_empty() {
        let node = stand_in(system, Criterion::C6, "no identity of its own", "an identity of its own");
        return section(Kind::Acts, "Identities", vec![node]);
    }
    let nodes = identities(system).into_iter().map(identity).collect();
    shown_of(Kind::Acts, "Identities", nodes, system.identities.len())
}

fn identity(identity: &Identity) -> Node {
    let privilege = identity.privilege.map_or("not evaluated", Privilege::name);
    let look = match identity.privilege {
        None | Some(Privilege::Unknown) => Look::Unknown,
        Some(Privilege::Write | Privilege::Admin) => Look::Changes,
        Some(Privilege::None | Privilege::Read) => Look::Plain,
    };
    let detail = format!("{}, privilege {privilege}", identity.kind.title());
    let mut node = Node::new(&identity.name, detail, "the system acts under it").looking(look);
    if let Some(arn) = &identity.arn {
        node = node.saying(arn);
    }
    if identity.inferred {
        node = node.saying("No line names it: it is the variable that the SDK reads by default.");
    }
    if !identity.assumed_by.is_empty() {
        let by = identity.assumed_by.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        node = node.saying(&format!("Who may become it: {by}"));
    }
    node.at(&identity.evidence)
}

/// The tools that are drawn, in their order: what changes most, with the fewest questions asked, first.
pub(super) fn called(system: &System) -> Vec<&Tool> {
    let mut all: Vec<&Tool> = system.tools.iter().collect();
    all.sort_by_key(|tool| std::cmp::Reverse((tool.effect, tool.gate)));
    all.truncate(SHOWN);
    all
}

/// The tools under what they do to the world; what is not drawn of them stands below the last.
fn calls(system: &System) -> Vec<Section> {
    let drawn = called(system);
    let of = |head, fits: &dyn Fn(Effect) -> bool| {
        let nodes = drawn.iter().filter(|tool| fits(tool.effect)).map(|tool| call(tool)).collect();
        Section { kind: Kind::Calls, head, nodes, more: None }
    };
    let mut sections = vec![
        of("Tools that change something", &Effect::changes_state),
        of("Tools whose effect is unknown", &|effect| effect == Effect::Unknown),
        of("Tools that only read", &|effect| effect == Effect::Read),
    ];
    sections.retain(|section| !section.nodes.is_empty());
    let open = system.incomplete.contains(&Incomplete::Tools).then(|| {
        let name = if system.tools.is_empty() { "unknown" } else { "more tools: unknown" };
        Node::new(name, "the list was not seen to its end", "which others it may call is not known")
            .unseen()
            .saying("Their list could not be followed to its end.")
    });
    if sections.is_empty() {
        let node = open.unwrap_or_else(|| {
            stand_in(system, Criterion::C3, "no tool", "changes something, by no tool that is listed")
        });
        return vec![Section { kind: Kind::Calls, head: "Tools", nodes: vec![node], more: None }];
    }
    let hidden = |effect: fn(Effect) -> bool| {
        let all = system.tools.iter().filter(|tool| effect(tool.effect)).count();
        all - drawn.iter().filter(|tool| effect(tool.effect)).count()
    };
    let counts = [
        (hidden(Effect::changes_state), "change something"),
        (hidden(|effect| effect == Effect::Unknown), "do what is not known"),
        (hidden(|effect| effect == Effect::Read), "only read"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let title = format!("Of those that are not drawn, {}. The inventory lists all.", counts.join(", "));
    if let Some(last) = sections.last_mut() {
        last.nodes.extend(open);
        last.more = more(system.tools.len() - drawn.len(), &title);
    }
    sections
}

fn call(tool: &Tool) -> Node {
    let asked = table::approval_of(tool);
    let asked = if asked == "-" { String::new() } else { format!(", {asked}") };
    let look = match tool.effect {
        Effect::Unknown => Look::Unknown,
        effect if effect.changes_state() => Look::Changes,
        _ => Look::Plain,
    };
    let effect = if look == Look::Unknown { "effect unknown" } else { tool.effect.name() };
    let node = Node::new(&tool.name, format!("{effect}{asked}"), "the model may call it").looking(look);
    node.at(&tool.evidence)
}

/// Other systems under the identities that are drawn, each once.
pub(super) fn sharing(system: &System) -> Vec<&SystemId> {
    let mut all: Vec<&SystemId> = Vec::new();
    for other in identities(system).into_iter().flat_map(|identity| &identity.shared_with) {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

fn others(system: &System, inventory: &Inventory) -> Vec<Node> {
    let open = system.identities.iter().any(|identity| identity.shared_with.len() >= LISTED);
    let node = |id: &SystemId| {
        let mut node = match inventory.systems.iter().find(|other| other.id == *id) {
            Some(other) => Node::new(&other.name, table::verdict(other.verdict), "")
                .saying(id.as_str())
                .saying(&format!("in {}", table::root(other))),
            None => Node::new(id.as_str(), "not in this inventory", "").looking(Look::Unknown),
        };
        node.line = None;
        node
    };
    let mut nodes: Vec<Node> = sharing(system).into_iter().map(node).collect();
    if open {
        let mut more = Node::new("more systems: unknown", format!("{LISTED} are listed at most"), "");
        more.line = None;
        nodes.push(more.looking(Look::Unknown));
    }
    nodes
}
