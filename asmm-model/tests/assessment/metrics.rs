//! Metrics: of a small organisation, and of single systems that stand at the edges of a definition.

use std::fmt::Write as _;

use asmm_model::assessment::{AgenticScope, DecisionState, Known, Measured, Structure, Survey, Tally};
use asmm_model::{
    Access, Component, ComponentKind, Control, ControlKind, Deployment, DeploymentKind, Evidence, Identity,
    IdentityKind, Incomplete, Level, Place, Privilege, Role, System, SystemId, Verdict,
};

use crate::organisation::{self, agent, confirmed, identity, key, model, names, role, system, uses, waiting};

/// One line for each metric: its number, and what is behind it.
fn told(measured: &Measured) -> String {
    let names =
        |ids: &[String]| ids.iter().map(|id| id.trim_start_matches("sys-")).collect::<Vec<_>>().join(" ");
    let mut told = String::new();
    for (id, measure) in &measured.measures {
        let number = match (measure.den, measure.days) {
            (_, Some(days)) => format!("{days} days of {}", measure.num),
            (Some(den), None) => format!("{}/{den}", measure.num),
            (None, None) => measure.num.to_string(),
        };
        let _ = write!(told, "{id:<20} {number:<14} {} unknown", measure.unknown);
        for (word, ids) in
            [("counted", &measure.counted), ("others", &measure.others), ("unclear", &measure.unclear)]
        {
            if !ids.is_empty() {
                let _ = write!(told, "; {word}: {}", names(ids));
            }
        }
        let _ = writeln!(told, "{}", if measure.why.is_some() { "; cannot be told" } else { "" });
    }
    told
}

#[test]
fn metrics_of_a_small_organisation() {
    let measured = organisation::measured(&organisation::organisation(), &organisation::survey());
    insta::assert_snapshot!(told(&measured));
    assert_eq!(measured.agentic, AgenticScope::InScope);
    assert_eq!(measured.measures["M21"].in_bulk, 1);
    assert_eq!(measured.measures["M11"].places, ["refunds: main.py:12", "triage: main.py:12"]);
}

/// What one metric comes to for one system: `1/1`, `0/1`, `?` where it cannot be told, `-` where it is not about it.
fn of_one(id: &str, system: &System, known: &Known) -> String {
    let measured = organisation::measured(&[(system.clone(), known.clone())], &organisation::survey());
    let measure = &measured.measures[id];
    match (measure.den, measure.unknown) {
        (Some(0), 0) => "-".to_owned(),
        (Some(0), 1) => "?".to_owned(),
        (Some(0), unknown) => format!("{unknown}?"),
        (Some(den), unknown) if unknown > 0 => format!("{}/{den}+{unknown}?", measure.num),
        (Some(den), _) => format!("{}/{den}", measure.num),
        (None, _) => measure.num.to_string(),
    }
}

#[test]
fn what_is_not_seen_is_never_a_no() {
    let known = waiting();
    let read = system("a");
    let mut in_part = read.clone();
    in_part.incomplete = vec![Incomplete::Parts];
    let mut running = read.clone();
    running.locations = vec![Deployment::seen(DeploymentKind::K8s, "shop/deployment/a")];
    for id in ["M13", "M17"] {
        let kind = if id == "M13" { ComponentKind::Observability } else { ComponentKind::Guardrail };
        let with = |component| System { components: vec![component], ..read.clone() };
        assert_eq!(of_one(id, &read, &known), "0/1");
        assert_eq!(of_one(id, &in_part, &known), "?");
        assert_eq!(of_one(id, &running, &known), "?");
        assert_eq!(of_one(id, &with(uses(kind, "x")), &known), "1/1");
        // A manifest that names it does not show that it is used, nor that nothing is.
        assert_eq!(of_one(id, &with(names(kind, "x")), &known), "?");
        let comes_along = Component { direct: Some(false), ..names(kind, "x") };
        assert_eq!(of_one(id, &with(comes_along), &known), "0/1");
    }
    let evaluated = System { components: vec![uses(ComponentKind::Observability, "ragas")], ..read.clone() };
    assert_eq!(of_one("M13", &evaluated, &known), "0/1");
    assert_eq!(of_one("M12", &read, &known), "0");
    assert_eq!(of_one("M11", &read, &known), "?");
}

#[test]
fn kinds_of_credentials() {
    let known = waiting();
    let with = |identities: Vec<Identity>| System { identities, ..system("a") };
    let env = |name: &str| identity(IdentityKind::EnvCredential, name);
    let inferred = Identity { inferred: true, ..env("OPENAI_API_KEY") };
    let table = [
        (vec![], "?"),
        (vec![env("OPENAI_API_KEY")], "1/1"),
        (vec![env("SHOP_TOKEN")], "?"),
        (vec![inferred], "?"),
        (vec![key(None), role("a", Privilege::Read)], "1/1"),
        (vec![identity(IdentityKind::CloudUser, "a")], "1/1"),
        (vec![role("a", Privilege::Read)], "0/1"),
        (
            vec![identity(IdentityKind::WorkflowToken, "a"), identity(IdentityKind::ServiceAccount, "b")],
            "0/1",
        ),
        (vec![role("a", Privilege::Read), identity(IdentityKind::SecretRef, "b")], "?"),
    ];
    for (identities, expected) in table {
        assert_eq!(of_one("M06", &with(identities.clone()), &known), expected, "{identities:?}");
    }
}

#[test]
fn identities_of_agents() {
    let known = waiting();
    let with = |identities: Vec<Identity>| System { identities, ..agent("a", 3, None) };
    let account = |arn: &str| Identity {
        arn: Some(arn.to_owned()),
        ..identity(IdentityKind::ServiceAccount, "account")
    };
    let shared = Identity { shared_with: vec![SystemId::known("sys-b")], ..role("a", Privilege::Read) };
    // Identities, an identity of its own, too many rights.
    let table = [
        (vec![], "?", "?"),
        (vec![identity(IdentityKind::EnvCredential, "KEY")], "?", "?"),
        (vec![role("a", Privilege::Write)], "1/1", "0/1"),
        (vec![role("a", Privilege::Admin)], "1/1", "1/1"),
        (vec![role("a", Privilege::Unknown)], "1/1", "?"),
        (vec![role("a", Privilege::Read), role("b", Privilege::Unknown)], "1/1", "?"),
        (vec![role("a", Privilege::Unknown), role("b", Privilege::Admin)], "1/1", "1/1"),
        (vec![shared], "0/1", "0/1"),
        (vec![account("shop/ai/a")], "1/1", "?"),
        (vec![account("shop/ai/default")], "0/1", "?"),
        (vec![identity(IdentityKind::CloudRole, "by-name")], "?", "?"),
    ];
    for (identities, own, admin) in table {
        let system = with(identities.clone());
        let found = (of_one("M07", &system, &known), of_one("M08", &system, &known));
        assert_eq!(found, (own.to_owned(), admin.to_owned()), "{identities:?}");
    }
    let pipeline = System { identities: vec![role("a", Privilege::Admin)], ..system("a") };
    assert_eq!(of_one("M08", &pipeline, &known), "-");
    // A role that a pipeline uses as well is not the agent's own.
    let both = [(with(vec![role("a", Privilege::Read)]), waiting()), (pipeline, waiting())];
    let measured = organisation::measured(&both, &organisation::survey());
    assert_eq!((measured.measures["M07"].num, measured.measures["M07"].den), (0, Some(1)));
}

#[test]
fn controls_of_workloads() {
    let mut running = agent("a", 3, None);
    running.locations = vec![Deployment::seen(DeploymentKind::K8s, "shop/ai/deployment/a")];
    let mut several = running.clone();
    several.locations.push(Deployment::seen(DeploymentKind::K8s, "shop/ai/cronjob/a"));
    let mut account = agent("a", 3, None);
    account.locations.push(Deployment::seen(DeploymentKind::K8s, "shop/ai/serviceaccount/a"));
    let (yes, no) = (Some(true), Some(false));
    let table: [(&System, &[Option<bool>], &str); 8] = [
        (&running, &[], "?"),
        (&running, &[None], "?"),
        (&running, &[no], "0/1"),
        (&running, &[yes], "1/1"),
        (&several, &[yes], "1/1+1?"),
        (&several, &[yes, no], "1/2"),
        (&several, &[None, None], "2?"),
        (&account, &[], "-"),
    ];
    for (system, answers, expected) in table {
        for (metric, kind) in [("M14", ControlKind::Egress), ("M15", ControlKind::PodSecurity)] {
            let mut system = system.clone();
            for (at, in_place) in answers.iter().enumerate() {
                let evidence =
                    vec![Evidence::at(Place::locator("shop/ai/networkpolicy/out"), Role::Production)];
                system.controls.push(Control { kind, name: at.to_string(), in_place: *in_place, evidence });
            }
            assert_eq!(of_one(metric, &system, &waiting()), expected, "{metric}, {answers:?}");
        }
    }
    let pipeline = System { locations: running.locations, ..system("a") };
    assert_eq!(of_one("M14", &pipeline, &waiting()), "-");
    assert_eq!(of_one("M15", &pipeline, &waiting()), "?");
}

#[test]
fn controls_that_are_found_or_not() {
    let control = |kind, in_place| Control { kind, name: "a".to_owned(), in_place, evidence: Vec::new() };
    let with = |system: System, controls: Vec<Control>| System { controls, ..system };
    let stateful = || {
        let mut stateful = agent("a", 3, None);
        stateful.components.push(uses(ComponentKind::VectorDb, "chroma"));
        stateful
    };
    let hidden = || System { incomplete: vec![Incomplete::Parts], ..stateful() };
    let table = [
        ("M18", ControlKind::Limit, ["1/1", "0/1", "?", "-"]),
        ("M19", ControlKind::IncidentPlan, ["1/1", "0/1", "?", "0/1"]),
        ("M20", ControlKind::Recovery, ["1/1", "0/1", "?", "-"]),
        ("M16", ControlKind::Evaluation, ["1/1", "0/1", "?", "0/1"]),
    ];
    for (metric, kind, [found, not_found, unclear, pipeline]) in table {
        let there = || vec![control(kind, Some(true))];
        assert_eq!(of_one(metric, &with(stateful(), there()), &waiting()), found, "{metric}");
        assert_eq!(of_one(metric, &with(hidden(), there()), &waiting()), found, "{metric}");
        assert_eq!(of_one(metric, &stateful(), &waiting()), not_found, "{metric}");
        let off = vec![control(kind, Some(false))];
        assert_eq!(of_one(metric, &with(stateful(), off), &waiting()), not_found, "{metric}");
        assert_eq!(of_one(metric, &hidden(), &waiting()), unclear, "{metric}");
        assert_eq!(of_one(metric, &system("a"), &waiting()), pipeline, "{metric}");
    }
    // What keeps no state has none to bring back.
    assert_eq!(of_one("M20", &agent("a", 3, None), &waiting()), "-");
}

#[test]
fn repositories_are_counted_once() {
    let control = Control {
        kind: ControlKind::Evaluation,
        name: "promptfoo".to_owned(),
        in_place: Some(true),
        evidence: Vec::new(),
    };
    let tested = (System { controls: vec![control], ..system("a") }, waiting());
    let beside = || System { locations: tested.0.locations.clone(), ..system("b") };
    let other = (beside(), waiting());
    let hidden = (System { incomplete: vec![Incomplete::Parts], ..beside() }, waiting());
    let measured = |systems: &[(System, Known)]| {
        let measure = organisation::measured(systems, &organisation::survey()).measures["M16"].clone();
        (measure.num, measure.den, measure.unknown)
    };
    assert_eq!(measured(&[tested.clone(), other.clone()]), (1, Some(1), 0));
    assert_eq!(measured(&[hidden.clone(), tested.clone()]), (1, Some(1), 0));
    assert_eq!(measured(&[other, hidden]), (0, Some(0), 1));
}

#[test]
fn servers_that_anybody_may_use() {
    let server = |access| {
        let mut server = uses(ComponentKind::Mcp, "search");
        server.access = access;
        System { components: vec![server], ..agent("a", 3, None) }
    };
    for (access, expected) in [
        (Some(Access::Open), "1/1"),
        (Some(Access::Key), "0/1"),
        (Some(Access::Login), "0/1"),
        (Some(Access::Remote), "?"),
        (Some(Access::Local), "-"),
        (None, "-"),
    ] {
        assert_eq!(of_one("M10", &server(access), &waiting()), expected, "{access:?}");
    }
}

#[test]
fn agreements_with_providers() {
    let mut asks = agent("a", 3, None);
    asks.components.push(uses(ComponentKind::ProviderSdk, "openai"));
    asks.components.push(uses(ComponentKind::ProviderSdk, "ollama"));
    let mut named = model("claude", true);
    named.provider = Some("anthropic".to_owned());
    asks.models.push(named);
    let measured = |agreements: Option<&[&str]>| {
        let agreements = agreements.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let survey = Survey { agreements, ..organisation::survey() };
        let systems = [(asks.clone(), waiting()), (asks.clone(), waiting())];
        organisation::measured(&systems, &survey).measures["M23"].clone()
    };
    let nothing = measured(None);
    assert_eq!((nothing.num, nothing.den, nothing.unknown), (0, Some(0), 2));
    let some = measured(Some(&["openai", "cohere"]));
    assert_eq!((some.num, some.den, some.unknown), (1, Some(2), 0));
    assert_eq!((some.counted, some.others), (vec!["openai".to_owned()], vec!["anthropic".to_owned()]));
}

#[test]
fn decisions_and_records() {
    let flagged = agent("a", 3, Some(true));
    let maybe = System { level: [Level(1), Level(4)], ..flagged.clone() };
    let state = |state| Known { state, ..confirmed(4) };
    let recorded = |purpose, data_classes| Known { purpose, data_classes, ..waiting() };
    let approved = |approval| Known { approval, ..confirmed(4) };
    let table = [
        ("M02", &flagged, state(DecisionState::Confirmed), "1/1"),
        ("M02", &flagged, state(DecisionState::Rejected), "1/1"),
        ("M02", &flagged, state(DecisionState::Deferred), "0/1"),
        ("M02", &flagged, state(DecisionState::Retired), "-"),
        ("M02", &system("a"), waiting(), "-"),
        ("M21", &flagged, state(DecisionState::Rejected), "-"),
        ("M03", &flagged, Known { declared: Some(false), ..waiting() }, "1/1"),
        ("M03", &flagged, waiting(), "?"),
        ("M04", &flagged, recorded(Some(true), Some(true)), "1/1"),
        ("M04", &flagged, recorded(Some(true), None), "?"),
        ("M04", &flagged, recorded(Some(false), None), "0/1"),
        ("unapproved_autonomy", &flagged, approved(Some(false)), "1/1"),
        ("unapproved_autonomy", &flagged, approved(Some(true)), "0/1"),
        ("unapproved_autonomy", &flagged, approved(None), "?"),
        ("unapproved_autonomy", &maybe, approved(Some(false)), "?"),
        ("unapproved_autonomy", &flagged, waiting(), "-"),
        ("approved_autonomy", &flagged, approved(Some(true)), "1/1"),
        ("approved_autonomy", &maybe, waiting(), "?"),
        ("approved_autonomy", &system("a"), waiting(), "-"),
        ("M09", &agent("a", 3, Some(false)), waiting(), "0/1"),
        ("M09", &agent("a", 3, None), waiting(), "?"),
        ("M09", &flagged, Known { verdict: Some(Verdict::NotAgentic), ..confirmed(2) }, "-"),
        ("M09", &system("a"), Known { verdict: Some(Verdict::Agentic), ..confirmed(2) }, "?"),
    ];
    for (id, system, known, expected) in table {
        assert_eq!(of_one(id, system, &known), expected, "{id} of {known:?}");
    }
}

#[test]
fn keys_are_told_apart_by_their_fingerprints() {
    let with = |name: &str, keys: Vec<Identity>| (System { identities: keys, ..system(name) }, waiting());
    let systems =
        [with("a", vec![key(Some(1)), key(Some(2))]), with("b", vec![key(Some(1))]), with("c", vec![])];
    let mut tally = Tally::new();
    for (system, known) in &systems {
        tally.add(system, known);
    }
    tally.add_identity(&key(Some(2)), None);
    tally.add_identity(&key(Some(3)), None);
    let mut test = key(Some(4));
    test.evidence[0].role = Role::Test;
    tally.add_identity(&test, None);
    for access in [Access::Open, Access::Key, Access::Remote] {
        let server = Component { access: Some(access), ..uses(ComponentKind::Mcp, "server") };
        tally.add_component(&server);
    }
    let measured = tally.finish(Structure::working(), &organisation::survey());
    let keys = &measured.measures["M12"];
    assert_eq!((keys.num, keys.counted.len(), keys.others.len()), (3, 2, 1));
    let servers = &measured.measures["M10"];
    assert_eq!((servers.num, servers.den, servers.unknown), (1, Some(2), 1));
    assert_eq!(servers.places, ["main.py:3"]);
}

#[test]
fn when_agentic_areas_apply() {
    let scope =
        |systems: &[(System, Known)], survey: &Survey| organisation::measured(systems, survey).agentic;
    let survey = organisation::survey();
    let unscanned = Survey { sources: Vec::new(), ..survey.clone() };
    let decided = confirmed(4);
    let open = System { verdict: Verdict::Undetermined, ..agent("a", 3, None) };
    let table: &[(&[(System, Known)], AgenticScope)] = &[
        (&[(agent("a", 3, None), decided.clone())], AgenticScope::InScope),
        (&[(agent("a", 3, None), waiting())], AgenticScope::Provisional),
        (&[(open.clone(), waiting())], AgenticScope::Provisional),
        // Somebody confirmed that it is there, and nobody knows yet what it does.
        (&[(open, decided.clone())], AgenticScope::Provisional),
        (&[(system("a"), decided.clone())], AgenticScope::NotApplicable),
        (&[(system("a"), decided.clone()), (system("b"), waiting())], AgenticScope::Unknown),
        (&[], AgenticScope::NotApplicable),
        (
            &[(agent("a", 3, None), Known { state: DecisionState::Rejected, ..decided })],
            AgenticScope::NotApplicable,
        ),
    ];
    for (systems, expected) in table {
        assert_eq!(scope(systems, &survey), *expected, "{systems:?}");
    }
    assert_eq!(scope(&[], &unscanned), AgenticScope::Unknown);
    assert_eq!(scope(&[(agent("a", 3, None), waiting())], &unscanned), AgenticScope::Unknown);
}

#[test]
fn the_median_wait_is_exact() {
    let wait = |days: i64| (system(&days.to_string()), confirmed(1 + days));
    let days = |waits: &[i64]| {
        let systems: Vec<(System, Known)> = waits.iter().map(|days| wait(*days)).collect();
        organisation::measured(&systems, &organisation::survey()).measures["M24"]
            .days
            .map(|days| days.to_string())
    };
    assert_eq!(days(&[]), None);
    assert_eq!(days(&[9]).as_deref(), Some("9.00"));
    assert_eq!(days(&[9, 2]).as_deref(), Some("5.50"));
    assert_eq!(days(&[9, 2, 0]).as_deref(), Some("2.00"));
    assert_eq!(days(&[-3]).as_deref(), Some("0.00"));
}

#[test]
fn keys_without_fingerprints_are_told_apart_by_where_they_stand() {
    let lone = |name: &str| {
        let mut system = system(name);
        system.target = None;
        System { identities: vec![key(None)], ..system }
    };
    let within = |target: &str| Known { target: Some(target.to_owned()), ..waiting() };
    let mut tally = Tally::new();
    tally.add(&lone("a"), &within("a"));
    tally.add(&lone("b"), &within("b"));
    tally.add_identity(&key(None), Some("b"));
    tally.add_identity(&key(None), Some("c"));
    let measured = tally.finish(Structure::working(), &organisation::survey());
    let keys = &measured.measures["M12"];
    assert_eq!((keys.num, keys.places.join(" ")), (3, "a: main.py:9 b: main.py:9 c: main.py:9".to_owned()));
}

#[test]
fn a_metric_that_nobody_heard_of_is_not_zero() {
    let measured = organisation::measured(&organisation::organisation(), &organisation::survey());
    let unheard = "this version does not know how to measure it";
    assert!(measured.measures.values().all(|measure| measure.why != Some(unheard)));

    let text = Structure::working_text().replace("\"M01\"", "\"M99\"").replace("M01 ", "M99 ");
    let other = Structure::read(&text).unwrap();
    let survey = organisation::survey();
    let mut tally = Tally::new();
    tally.add(&system("a"), &confirmed(4));
    let measured = tally.finish(&other, &survey);
    let measure = &measured.measures["M99"];
    assert_eq!((measure.why, measure.share(), measure.unknown), (Some(unheard), None, 1));
}
