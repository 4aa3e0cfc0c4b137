//! Correlation as a whole: what becomes a system, what stays loose, and that order and doubles never show.

use std::collections::BTreeSet;

use asmm_model::{
    ComponentKind, Criterion, Effect, Gate, Hitl, Level, Observation, Place, Role, Supports, System,
    SystemId, SystemKind, Verdict,
};
use proptest::prelude::*;

use super::correlate;
use crate::sample::{self, Sample};

#[test]
fn a_scope_becomes_a_system_with_its_verdict() {
    let found = correlate(sample::observations("."), false);
    let told: Vec<_> = found
        .systems
        .iter()
        .map(|s| (s.name.as_str(), s.verdict, s.level, s.hitl, s.priority, s.confidence))
        .collect();
    let level = |low, high| [Level(low), Level(high)];
    assert_eq!(
        told,
        [
            ("refunds", Verdict::Agentic, level(4, 5), Hitl::None, 195, Some(0.85)),
            ("desk", Verdict::Undetermined, level(1, 5), Hitl::Unknown, 185, None),
            ("summaries", Verdict::NotAgentic, level(0, 0), Hitl::None, 10, Some(0.85)),
        ]
    );
    let loose: Vec<&str> = found.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(loose, ["claude-code"]);
}

#[test]
fn an_open_question_says_what_would_settle_it() {
    let desk = correlate(sample::desk(".").observations(), false).systems.remove(0);
    let settles: Vec<(Criterion, &str)> =
        desk.settles.iter().map(|m| (m.criterion, m.what.as_str())).collect();
    assert_eq!(
        settles,
        [
            (
                Criterion::C3,
                "What the tool `search_orders` does: its body at desk/tools.ts:12 could not be followed."
            ),
            (
                Criterion::C3,
                "Which further tools the model can call: their list could not be followed to its end."
            ),
        ]
    );
}

#[test]
fn loose_components_of_a_target_are_gathered() {
    let loose = |root: &str| {
        let place = Place::line(format!("{root}/requirements.txt"), 1);
        Sample::new(".", root, root).component(ComponentKind::ProviderSdk, "openai", Some("1.0"), place)
    };
    let observations = [loose("a").observations(), loose("b").observations()].concat();
    let found = correlate(observations, false);
    assert_eq!((found.systems.len(), found.components.len()), (0, 1));
    let places: Vec<String> = found.components[0].evidence.iter().map(|e| e.place.to_string()).collect();
    assert_eq!(places, ["a/requirements.txt:1", "b/requirements.txt:1"]);
}

#[test]
fn servers_of_a_target_stay_apart() {
    let server = |root: &str, tools: &[&str]| {
        let place = Place::line(format!("{root}/server.py"), 1);
        let manifest = Place::line(format!("{root}/requirements.txt"), 1);
        let mut sample = Sample::new(".", root, root)
            .component(ComponentKind::Mcp, "mcp", Some("1.0"), manifest)
            .component(ComponentKind::Mcp, "mcp", None, place);
        sample.offer(tools);
        sample.observations()
    };
    let all = [server("a", &["find"]), server("b", &["find", "close"]), server("c", &[])].concat();
    let found = correlate(all, false);
    let shown: Vec<(Option<&str>, Vec<&str>)> = (found.components.iter())
        .map(|c| (c.package.as_deref(), c.tools.iter().map(|t| t.name.as_str()).collect()))
        .collect();
    let package = Some("mcp");
    assert_eq!(shown, [(package, vec![]), (package, vec!["find"]), (package, vec!["close", "find"])]);
}

/// Every `target` in the JSON of a system or a component.
fn targets(value: &serde_json::Value, places: &mut Vec<Option<String>>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| targets(item, places)),
        serde_json::Value::Object(fields) => {
            if fields.contains_key("path") || fields.contains_key("locator") {
                places.push(fields.get("target").and_then(|t| t.as_str()).map(str::to_owned));
            }
            fields.values().for_each(|field| targets(field, places));
        }
        _ => {}
    }
}

#[test]
fn with_several_targets_everything_says_which_one_it_is_from() {
    let observations = [sample::observations("shop"), sample::observations("bank")].concat();
    let found = correlate(observations.clone(), true);
    assert_eq!((found.systems.len(), found.components.len()), (6, 2));
    for system in &found.systems {
        let mut places = Vec::new();
        targets(&serde_json::to_value(system).unwrap(), &mut places);
        assert!(!places.is_empty() && places.iter().all(|target| *target == system.target), "{places:?}");
    }
    // The same roots and names in both targets: ids are told apart, and the first target keeps the plain ones.
    let ids: BTreeSet<&SystemId> = found.systems.iter().map(|s| &s.id).collect();
    assert_eq!(ids.len(), 6);
    let bank: Vec<&System> = found.systems.iter().filter(|s| s.target.as_deref() == Some("bank")).collect();
    assert!(bank.iter().all(|s| s.id == SystemId::derive(s.kind, &s.root, &s.name)));

    let alone = correlate(sample::observations("shop"), false);
    let text = serde_json::to_string(&(&alone.systems, &alone.components)).unwrap();
    assert!(!text.contains("\"target\""));
}

#[test]
fn two_statements_about_one_scope_are_one_system() {
    let stated =
        Sample::new(".", "a", "a").system(SystemKind::Pipeline, true).system(SystemKind::Agent, false);
    let found = correlate(stated.observations(), false);
    assert_eq!(found.systems.len(), 1);
    assert_eq!(found.systems[0].kind, SystemKind::Agent);
    assert_eq!(found.systems[0].hitl, Hitl::Unknown, "one of them did not see every tool");
}

#[test]
fn what_waits_for_a_person_follows_from_the_tools() {
    let at = |line| Place::line("a.py", line);
    let gated = Sample::new(".", "a", "a")
        .system(SystemKind::Agent, true)
        .tool("pay", Effect::Pay, Gate::Each, at(1))
        .tool("look", Effect::Read, Gate::None, at(2));
    let hitl = |sample: Sample| correlate(sample.observations(), false).systems[0].hitl;
    assert_eq!(hitl(gated.clone()), Hitl::EveryStep);
    assert_eq!(hitl(gated.tool("send", Effect::Send, Gate::None, at(3))), Hitl::Some);
}

/// Observations in which names, places and versions meet often.
fn observation() -> impl Strategy<Value = Observation> {
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let place = (word(&["a.py", "b.py"]), 1..3_u32).prop_map(|(path, line)| Place::line(path, line));
    let kind = prop::sample::select(&[SystemKind::Agent, SystemKind::Pipeline, SystemKind::Serving][..]);
    let effect = prop::sample::select(&[Effect::Read, Effect::Unknown, Effect::Pay, Effect::Execute][..]);
    let gate = prop::sample::select(&[Gate::Each, Gate::Some, Gate::None, Gate::Unknown][..]);
    let supports = prop::sample::select(&[Supports::Yes, Supports::No][..]);
    let criterion = prop::sample::select(&Criterion::ALL[..]);
    let version = prop::option::of(word(&["1.0", ">=1", "2.0"]));
    let purl = prop::option::of(word(&["pkg:pypi/x@1.0", "pkg:pypi/x@2.0", "pkg:npm/x@1.0"]));
    (
        (word(&["shop", "bank"]), word(&["", "svc"]), word(&["x", "y"])),
        (0..6_u8, any::<bool>(), 0..=20_u8),
        (place, kind, effect, gate, supports, criterion, version, purl),
    )
        .prop_map(|((target, root, name), (which, flag, weight), parts)| {
            let (place, kind, effect, gate, supports, criterion, version, purl) = parts;
            let base = Sample::new(target, root, "unit");
            let sample = match which {
                0 => base.system(kind, flag),
                1 => base.component(ComponentKind::ProviderSdk, name, version, place),
                2 => base.tool(name, effect, gate, place),
                3 => base.says(criterion, supports, f64::from(weight) / 20.0, name, place),
                4 => base.identity(name, flag, place),
                _ => base.model(name, if flag { "openai" } else { "azure" }, flag, place),
            };
            let mut observation = sample.observations().remove(0);
            if let asmm_model::Fact::Component(component) = &mut observation.fact {
                component.purl = purl.map(str::to_owned);
                component.direct = Some(flag);
                component.role = if flag { Role::Production } else { Role::Test };
            }
            observation
        })
}

fn bytes(observations: Vec<Observation>) -> String {
    let found = correlate(observations, true);
    serde_json::to_string(&(found.systems, found.components)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_and_doubles_change_not_a_byte(
        (plain, mixed) in prop::collection::vec(observation(), 0..40).prop_flat_map(|plain| {
            // Each of them once or twice, in any order.
            let doubled = prop::sample::subsequence(plain.clone(), 0..=plain.len())
                .prop_map({ let plain = plain.clone(); move |again| [plain.clone(), again].concat() });
            (Just(plain), doubled.prop_shuffle())
        })
    ) {
        prop_assert_eq!(bytes(plain), bytes(mixed));
    }

    #[test]
    fn ids_are_unique_and_no_system_lacks_ai(observations in prop::collection::vec(observation(), 0..40)) {
        let systems = correlate(observations, true).systems;
        let ids: BTreeSet<&SystemId> = systems.iter().map(|s| &s.id).collect();
        prop_assert_eq!(ids.len(), systems.len());
        prop_assert!(systems.iter().all(|s| s.verdict != Verdict::NotAi));
        prop_assert!(systems.is_sorted_by_key(|s| std::cmp::Reverse(s.priority)));
    }
}
