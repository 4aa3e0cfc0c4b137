//! Metrics: of a small organisation, and of single systems that stand at the edges of a definition.

use std::fmt::Write as _;

use asmm_model::assessment::{AgenticScope, DecisionState, Known, Measured, Structure, Survey, Tally};
use asmm_model::{
    Component, ComponentKind, Deployment, DeploymentKind, Evidence, Identity, IdentityKind, Incomplete,
    Level, Place, Privilege, Role, System, SystemId, Verdict,
};

use crate::organisation::{self, agent, confirmed, identity, key, names, role, system, uses, waiting};

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
        (Some(0), _) => "?".to_owned(),
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
fn policies_of_egress() {
    let mut running = agent("a", 3, None);
    running.locations = vec![Deployment::seen(DeploymentKind::K8s, "shop/ai/deployment/a")];
    let seen = |all| Known { egress_policies_seen: all, ..waiting() };
    let policy = Evidence::at(Place::locator("shop/ai/networkpolicy/out"), Role::Production);
    let limited = System {
        components: vec![Component::named(
            ComponentKind::AgentFramework,
            "kagent",
            Role::Production,
            vec![policy],
        )],
        ..running.clone()
    };
    let mut several = limited.clone();
    several.locations.push(Deployment::seen(DeploymentKind::K8s, "shop/ai/cronjob/a"));
    let mut account = agent("a", 3, None);
    account.locations.push(Deployment::seen(DeploymentKind::K8s, "shop/ai/serviceaccount/a"));
    let table = [
        (&running, None, "?"),
        (&running, Some(false), "?"),
        (&running, Some(true), "0/1"),
        (&limited, None, "1/1"),
        (&several, Some(true), "?"),
        (&account, Some(true), "-"),
    ];
    for (system, all, expected) in table {
        assert_eq!(of_one("M14", system, &seen(all)), expected, "{:?}, {all:?}", system.locations);
    }
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
    tally.add_component(&uses(ComponentKind::Mcp, "server"));
    let measured = tally.finish(Structure::working(), &organisation::survey());
    let keys = &measured.measures["M12"];
    assert_eq!((keys.num, keys.counted.len(), keys.others.len()), (3, 2, 1));
    assert_eq!(measured.measures["M10"].unknown, 1);
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
