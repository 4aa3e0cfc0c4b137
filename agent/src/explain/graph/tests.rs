//! Whole pictures of hand-made systems, and what holds for every picture.

use asmm_model::{
    Claim, Component, ComponentKind, Criterion, Deployment, DeploymentKind, Effect, Evidence, EvidenceClass,
    Fact, Gate, Identity, IdentityKind, Inventory, Join, JoinStrength, Key, Model, Place, Privilege, Reason,
    Role, Supports, SystemId, SystemKind, Tool, Trigger, TriggerKind,
};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::layout::{Frame, Picture};
use super::lines::Line;
use super::svg::STYLE;
use super::*;
use crate::correlate::{self, Decided};
use crate::sample::{self, Sample};

fn inventory(samples: Vec<Sample>) -> Inventory {
    let found = correlate::correlate(samples.into_iter().flat_map(Sample::observations), true);
    correlate::joined(
        Inventory { systems: found.systems, identities: found.identities, ..sample::inventory(Vec::new()) },
        &Decided::default(),
    )
}

/// The picture without its style, which is looked at in a browser.
fn drawn(inventory: &Inventory, name: &str) -> String {
    let system = inventory.systems.iter().find(|system| system.name == name).unwrap();
    let text = svg(system, inventory);
    text.replace(STYLE, "…")
}

/// An agent whose code, workload and role are one system, beside one that acts under the same role.
fn joined() -> Inventory {
    const ROLE: &str = "arn:aws:iam::111111111111:role/refunds-role";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:pay-refund";
    let strong = |claim, value: &str, place| {
        Fact::Key(Key { claim, value: value.to_owned(), strength: JoinStrength::Strong, place })
    };
    let image = |claim, place| strong(claim, "ghcr.io/acme/refunds", place);
    let identity = |kind, name: &str, arn: &str, privilege, by: &[&str], at: &[&str]| {
        let evidence =
            |at: &&str| Evidence::at(Place::locator(*at), Role::Production).of(EvidenceClass::Cloud);
        Fact::Identity(Identity {
            arn: Some(arn.to_owned()),
            privilege,
            assumed_by: by.iter().map(|by| (*by).to_owned()).collect(),
            ..Identity::named(kind, name, at.iter().map(evidence).collect())
        })
    };
    let workload = |name: &str| {
        let place = format!("pay/deployment/{name}");
        Sample::new("k8s:prod", &place, name)
            .system(SystemKind::Pipeline, false)
            .fact(Fact::Deployment(Deployment::seen(DeploymentKind::K8s, &place)))
            .fact(identity(
                IdentityKind::ServiceAccount,
                &format!("pay/{name}"),
                &format!("prod/pay/serviceaccount/{name}"),
                None,
                &[],
                &[&place],
            ))
    };
    let account = "prod/pay/serviceaccount/payer";
    let code = sample::refunds("shop")
        .tool("lookup", Effect::Unknown, Gate::Unknown, Place::line("services/refunds/tools.py", 31))
        .tool("close_case", Effect::Write, Gate::Each, Place::line("services/refunds/tools.py", 44))
        .tool("pay-refund", Effect::Write, Gate::None, Place::locator(FUNCTION))
        .component(ComponentKind::VectorDb, "qdrant", None, Place::line("services/refunds/store.py", 8))
        .component(ComponentKind::Guardrail, "llm-guard", None, Place::line("services/refunds/agent.py", 61))
        .component(ComponentKind::Mcp, "mcp", None, Place::line("services/refunds/mcp.json", 2))
        .fact(image(Claim::BuildsImage, Place::line("services/refunds/Dockerfile", 1)));
    let role = Sample::new("aws-export:acme", ROLE, "refunds-role")
        .system(SystemKind::Pipeline, false)
        .says(Criterion::C6, Supports::Yes, 0.95, "a role of its own", Place::locator(ROLE))
        .fact(Fact::Deployment(Deployment::seen(DeploymentKind::Aws, ROLE)))
        .fact(identity(
            IdentityKind::CloudRole,
            "refunds-role",
            ROLE,
            Some(Privilege::Write),
            &[&format!("k8s:{account}")],
            &[ROLE, FUNCTION],
        ));
    let under =
        identity(IdentityKind::CloudRole, "refunds-role", ROLE, None, &[], &["pay/deployment/mailer"]);
    inventory(vec![
        code,
        workload("payer").fact(image(Claim::RunsImage, Place::locator("pay/deployment/payer"))),
        workload("mailer").fact(under),
        role,
    ])
}

#[test]
fn an_agent_that_acts_alone() {
    let inventory = sample::inventory(sample::observations("."));
    insta::assert_snapshot!(drawn(&inventory, "refunds"));
}

#[test]
fn what_could_not_be_seen_is_drawn_as_unknown() {
    let inventory = sample::inventory(sample::observations("."));
    insta::assert_snapshot!(drawn(&inventory, "desk"));
}

#[test]
fn a_pipeline_without_tools() {
    let inventory = sample::inventory(sample::observations("."));
    insta::assert_snapshot!(drawn(&inventory, "summaries"));
}

/// An agent with so many tools, triggers and identities, and nothing else.
fn many(count: usize) -> Inventory {
    let at = |line| Place::line("a.py", u32::try_from(line).unwrap_or(1));
    let mut sample = Sample::new(".", "a", "many").system(SystemKind::Agent, true);
    for n in 1..=count {
        let effect = if n % 3 == 0 { Effect::Write } else { Effect::Read };
        sample = sample.tool(&format!("tool_{n}"), effect, Gate::None, at(n));
        sample = sample.identity(&format!("KEY_{n}"), false, at(n)).model(
            &format!("model-{n}"),
            "own",
            false,
            at(n),
        );
    }
    sample::inventory(sample.observations())
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let inventory = many(200);
    let text = drawn(&inventory, "many");
    let cut: Vec<&str> = text.lines().filter(|line| line.contains(" more</text>")).collect();
    insta::assert_snapshot!(cut.join("\n"));
}

#[test]
fn parts_of_several_targets_meet() {
    let inventory = joined();
    insta::assert_snapshot!(drawn(&inventory, "refunds"));
}

/// A part of each kind, so often and of such names.
fn made(text: &str, counts: &[usize; 7]) -> System {
    let mut system = many(1).systems.remove(0);
    let at = || Place::locator(text);
    let evidence = || vec![Evidence::at(at(), Role::Production).noting(text)];
    let [triggers, tools, identities, joins, data, models, guards] = *counts;
    system.name = text.to_owned();
    system.root = text.to_owned();
    system.triggers = (0..triggers).map(|n| trigger(if n % 2 == 0 { text } else { "" }, at())).collect();
    system.tools = (0..tools)
        .map(|n| Tool { effect: EFFECTS[n % 4], evidence: evidence(), ..Tool::clone(&system.tools[0]) })
        .map(|tool| Tool { name: text.to_owned(), ..tool })
        .collect();
    system.identities = (0..identities)
        .map(|n| Identity {
            arn: Some(format!("{text}{n}")),
            assumed_by: vec![format!("k8s:{text}{}", n + 1)],
            shared_with: (0..n % 3).map(|other| SystemId::known(format!("{text}{other}"))).collect(),
            privilege: [None, Some(Privilege::Write), Some(Privilege::Read)][n % 3],
            ..Identity::named(IdentityKind::ServiceAccount, text, evidence())
        })
        .collect();
    system.joins = (0..joins)
        .map(|n| Join {
            id: SystemId::known(text),
            name: text.to_owned(),
            target: Some(text.to_owned()),
            root: format!("{text}{n}"),
            because: vec![Reason {
                says: text.to_owned(),
                strength: JoinStrength::Strong,
                places: vec![at()],
            }],
        })
        .collect();
    let component = |kind| Component::named(kind, text, Role::Production, evidence());
    let data = (0..data).map(|_| component(ComponentKind::Prompt));
    system.components = data.chain((0..guards).map(|_| component(ComponentKind::Guardrail))).collect();
    system.models = (0..models)
        .map(|_| Model { name: text.to_owned(), provider: None, pinned: false, evidence: evidence() })
        .collect();
    system
}

const EFFECTS: [Effect; 4] = [Effect::Read, Effect::Write, Effect::Unknown, Effect::Execute];

fn trigger(value: &str, place: Place) -> Trigger {
    Trigger {
        kind: TriggerKind::Schedule,
        value: value.to_owned(),
        place,
        runs: Some(value.to_owned()),
        evidence: Vec::new(),
    }
}

/// Reads a document to its end: what is no XML is an error.
fn elements(text: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader::from_str(text);
    let (mut names, mut depth) = (Vec::new(), 0);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => {
                names.push(tag.name().as_ref().to_owned());
                depth += 1;
            }
            Event::Empty(tag) => names.push(tag.name().as_ref().to_owned()),
            Event::End(_) => depth -= 1,
            Event::Eof => return if depth == 0 { Ok(names) } else { Err("it ends too early".to_owned()) },
            Event::Text(_) | Event::GeneralRef(_) => {}
            other => return Err(format!("{other:?} has no place in it")),
        }
    }
}

/// All boxes with a border, but for those within the card.
fn boxes(picture: &Picture<'_>) -> Vec<Frame> {
    picture.sections.iter().flat_map(|placed| placed.nodes.clone()).chain([picture.places.frame]).collect()
}

fn inside(inner: Frame, outer: Frame) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

/// The first two that overlap.
fn overlapping(frames: &[Frame]) -> Option<(Frame, Frame)> {
    let apart =
        |a: &Frame, b: &Frame| a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
    let pairs = frames.iter().enumerate().flat_map(|(at, a)| frames[at + 1..].iter().map(move |b| (*a, *b)));
    pairs.into_iter().find(|(a, b)| !apart(a, b))
}

/// Whether a level piece of a line crosses the upright piece of another, or both turn in one lane at one height.
fn crosses(level: &Line, upright: &Line) -> bool {
    let within = |value: i32, a: i32, b: i32| value > a.min(b) && value < a.max(b);
    let met = |y: i32, x: i32| within(upright.lane, x, level.lane) && within(y, upright.from.1, upright.to.1);
    let same = level.lane == upright.lane
        && (within(level.to.1, upright.from.1, upright.to.1)
            || within(level.from.1, upright.from.1, upright.to.1));
    met(level.from.1, level.from.0) || met(level.to.1, level.to.0) || same
}

fn hold(system: &System) -> Result<(), TestCaseError> {
    let inventory = many(1);
    let graph = Graph::of(system, &inventory);
    let picture = layout::laid_out(&graph);
    let whole = Frame { x: 0, y: 0, width: picture.width, height: picture.height };
    let all = boxes(&picture);
    prop_assert_eq!(overlapping(&all), None);
    prop_assert!(all.iter().all(|one| inside(*one, whole)));
    let places = &picture.places;
    let within: Vec<Frame> =
        [&places.answers, &places.models, &places.open].into_iter().flatten().copied().collect();
    prop_assert_eq!(overlapping(&within), None);
    prop_assert!(within.iter().all(|one| inside(*one, places.frame)));
    for line in &picture.lines {
        let lane = Frame {
            x: line.lane - 1,
            y: line.from.1.min(line.to.1),
            width: 2,
            height: (line.from.1 - line.to.1).abs(),
        };
        let gutter = inside(lane, whole) && all.iter().all(|one| overlapping(&[*one, lane]).is_none());
        prop_assert!(gutter, "a line runs through a box: {line:?}");
    }
    let own: Vec<&Line> = picture.lines.iter().filter(|line| !line.tie).collect();
    for (a, b) in own.iter().flat_map(|a| own.iter().map(move |b| (a, b))).filter(|(a, b)| a.from != b.from) {
        prop_assert!(!crosses(a, b), "{a:?} crosses {b:?}");
    }
    let text = svg::written(&picture, true);
    let names = elements(&text).map_err(TestCaseError::fail)?;
    let known = ["circle", "desc", "g", "path", "rect", "style", "svg", "text", "title"];
    prop_assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
    let odd = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    prop_assert_eq!(text.chars().find(|c| odd(*c)), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_picture_is_a_document_in_which_nothing_overlaps(
        text in any::<String>(),
        counts in prop::array::uniform7(0..16_usize),
    ) {
        hold(&made(&text, &counts))?;
    }
}

#[test]
fn hostile_names_are_text() {
    let markup = "</title><script>alert(1)</script><!-- ]]>&\u{0}\u{1b}[2J\u{202e}\u{2066}\u{fffe}\u{ffff}";
    hold(&made(markup, &[2, 3, 3, 2, 1, 1, 1])).unwrap();
    hold(&made(&"\u{301}".repeat(20_000), &[2, 3, 3, 2, 1, 1, 1])).unwrap();
    let huge = svg(&made(&"ä&".repeat(20_000), &[40; 7]), &many(1));
    assert!(huge.len() < 1_000_000, "it is {} bytes long", huge.len());
    // That the test above can fail at all.
    assert!(
        elements("<svg><g></svg>").is_err()
            && elements("<svg>").is_err()
            && elements("<svg><!-- --></svg>").is_err()
    );
}

#[test]
fn no_secret_of_a_sentence_is_drawn() {
    let key = "sk-proj-CANARYq7Rk2vXz9LmW4tYb8";
    let mut system = made("a", &[0, 0, 0, 1, 0, 0, 0]);
    system.joins[0].because[0].says = format!("has the key {key}");
    let evidence = Evidence::at(Place::line("a.py", 2), Role::Production)
        .weighing(Supports::Yes, 0.9)
        .noting(format!("loops with {key}"));
    system.criteria[Criterion::C2] = asmm_model::Answer::Yes(asmm_model::autonomy::Basis {
        confidence: 0.9,
        conflicting: false,
        evidence: vec![evidence],
        more: 0,
    });
    let text = svg(&system, &many(1));
    assert!(text.contains("loops with [masked]") && !text.contains("CANARY"), "{text}");
}

#[test]
fn what_acts_under_an_identity_meets_it() {
    let inventory = joined();
    let system = inventory.systems.iter().find(|system| system.name == "refunds").unwrap();
    let graph = Graph::of(system, &inventory);
    let named = |(section, node): ties::At| graph.sections[section].nodes[node].name.as_str();
    let met: Vec<String> = graph
        .ties
        .iter()
        .map(|tie| format!("{} – {}: {}", named(tie.from), named(tie.to), tie.says))
        .collect();
    insta::assert_snapshot!(met.join("\n"));
}
