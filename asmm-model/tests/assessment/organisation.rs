//! Builders of systems, and a small organisation to assess.

use asmm_model::assessment::{
    DecisionState, Known, Measured, Source, SourceKind, SourceStatus, Structure, Survey, Tally,
};
use asmm_model::autonomy::{Basis, Open};
use asmm_model::{
    Answer, Component, ComponentKind, Criteria, Deployment, DeploymentKind, Evidence, EvidenceClass,
    Fingerprint, Hitl, Identity, IdentityKind, Level, Model, Place, Privilege, Role, Supports, System,
    SystemId, SystemKind, Verdict,
};

/// A moment of a day of November 2026.
pub(crate) fn day(day: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_793_491_200 + (day - 1) * 86_400).expect("a day of November")
}

/// A pipeline in a repository of its own, read completely, that calls a model and nothing else.
pub(crate) fn system(name: &str) -> System {
    System {
        id: SystemId::known(format!("sys-{name}")),
        name: name.to_owned(),
        kind: SystemKind::Pipeline,
        target: Some(name.to_owned()),
        root: String::new(),
        role: Role::Production,
        purpose: None,
        claims: Vec::new(),
        owners: Vec::new(),
        verdict: Verdict::NotAgentic,
        level: [Level(0), Level(0)],
        confidence: Some(0.85),
        hitl: Hitl::None,
        priority: 0,
        settles: Vec::new(),
        criteria: Criteria::default(),
        components: Vec::new(),
        identities: Vec::new(),
        tools: Vec::new(),
        models: Vec::new(),
        triggers: Vec::new(),
        controls: Vec::new(),
        locations: vec![Deployment::seen(DeploymentKind::Repo, name)],
        keys: Vec::new(),
        joins: Vec::new(),
        incomplete: Vec::new(),
        remembered: None,
    }
}

/// An agent of a level; C4 says whether something runs that nobody approves.
pub(crate) fn agent(name: &str, level: u8, c4: Option<bool>) -> System {
    let mut agent = system(name);
    agent.kind = SystemKind::Agent;
    agent.verdict = Verdict::Agentic;
    agent.level = [Level(level), Level(level)];
    agent.criteria.c4 = answer(c4);
    agent
}

/// An answer with one piece of evidence.
pub(crate) fn answer(yes: Option<bool>) -> Answer {
    let evidence =
        |supports| vec![Evidence::at(Place::line("agent.py", 20), Role::Production).weighing(supports, 0.8)];
    let basis =
        |supports| Basis { confidence: 0.8, conflicting: false, evidence: evidence(supports), more: 0 };
    match yes {
        Some(true) => Answer::Yes(basis(Supports::Yes)),
        Some(false) => Answer::No(basis(Supports::No)),
        None => Answer::Unknown(Open::default()),
    }
}

/// A component that code uses.
pub(crate) fn uses(kind: ComponentKind, name: &str) -> Component {
    let evidence = Evidence::at(Place::line("main.py", 3), Role::Production).of(EvidenceClass::Ast);
    Component::named(kind, name, Role::Production, vec![evidence])
}

/// A component that a manifest names.
pub(crate) fn names(kind: ComponentKind, name: &str) -> Component {
    let evidence =
        Evidence::at(Place::line("pyproject.toml", 8), Role::Production).of(EvidenceClass::Manifest);
    Component::named(kind, name, Role::Production, vec![evidence])
}

/// An identity that stands at a line.
pub(crate) fn identity(kind: IdentityKind, name: &str) -> Identity {
    Identity::named(kind, name, vec![Evidence::at(Place::line("main.py", 9), Role::Production)])
}

/// A role of the cloud with a privilege.
pub(crate) fn role(name: &str, privilege: Privilege) -> Identity {
    let arn = Some(format!("arn:aws:iam::111111111111:role/{name}"));
    Identity { arn, privilege: Some(privilege), ..identity(IdentityKind::CloudRole, name) }
}

/// A key in clear text.
pub(crate) fn key(fingerprint: Option<u8>) -> Identity {
    let fingerprint = fingerprint.map(|byte| Fingerprint::from_bytes([byte; 8]));
    Identity { fingerprint, ..identity(IdentityKind::ApiKey, "OPENAI_API_KEY") }
}

/// A model, by name.
pub(crate) fn model(name: &str, pinned: bool) -> Model {
    let evidence = vec![Evidence::at(Place::line("main.py", 12), Role::Production)];
    Model { name: name.to_owned(), provider: Some("openai".to_owned()), pinned, evidence }
}

/// Confirmed by ann on a day, and first seen on the first.
pub(crate) fn confirmed(on: i64) -> Known {
    Known {
        state: DecisionState::Confirmed,
        decided_by: Some("ann".to_owned()),
        decided_at: Some(day(on)),
        owner: Some("shop".to_owned()),
        owner_confirmed: true,
        first_seen: Some(day(1)),
        first_decided_at: Some(day(on)),
        ..Known::default()
    }
}

/// Seen on the first, and waiting.
pub(crate) fn waiting() -> Known {
    Known { first_seen: Some(day(1)), ..Known::default() }
}

/// A source that was scanned wholly on a day.
pub(crate) fn source(name: &str, kind: SourceKind, on: i64) -> Source {
    Source {
        name: name.to_owned(),
        kind,
        status: SourceStatus::Ok,
        at: Some(day(on)),
        last_success: Some(day(on)),
    }
}

/// Two sources, of which one is of yesterday and the other was hidden in part.
pub(crate) fn survey() -> Survey {
    let hidden = Source {
        status: SourceStatus::Partial,
        at: Some(day(27)),
        ..source("k8s:shop", SourceKind::Kubernetes, 20)
    };
    Survey {
        now: day(28),
        sources: vec![source("github:shop", SourceKind::Code, 27), hidden],
        fresh_hours: 48,
        scheduled_scans: 4,
        register: false,
        agreements: None,
        scan_ids: vec!["scan-2".to_owned(), "scan-1".to_owned()],
        tool: "muster 0.1.0".to_owned(),
    }
}

/// Two agents under one role, one with a role of its own, a workload without a verdict, a pipeline, and one that was rejected.
pub(crate) fn organisation() -> Vec<(System, Known)> {
    let mut refunds = agent("refunds", 4, Some(true));
    refunds.identities = vec![role("shared", Privilege::Admin)];
    refunds.models = vec![model("gpt-4o", false)];
    refunds.components = vec![uses(ComponentKind::Observability, "langfuse")];
    let mut triage = agent("triage", 3, Some(true));
    triage.identities = vec![role("shared", Privilege::Admin), key(None)];
    triage.models = vec![model("gpt-4o", false), model("gpt-4o-2024-08-06", true)];
    let mut mail = agent("mail", 2, Some(false));
    mail.identities = vec![role("mail", Privilege::Write)];
    mail.components = vec![uses(ComponentKind::Guardrail, "lakera")];
    let mut desk = system("desk");
    desk.verdict = Verdict::Undetermined;
    desk.level = [Level(0), Level(5)];
    desk.confidence = None;
    desk.locations = vec![Deployment::seen(DeploymentKind::K8s, "shop/deployment/desk")];
    let mut summaries = system("summaries");
    summaries.identities = vec![identity(IdentityKind::EnvCredential, "OPENAI_API_KEY")];
    let rejected = Known { state: DecisionState::Rejected, ..confirmed(3) };
    vec![
        (refunds, confirmed(4)),
        (triage, Known { in_bulk: true, approval: Some(false), ..confirmed(6) }),
        (mail, waiting()),
        (desk, waiting()),
        (summaries, Known { owner_confirmed: false, ..confirmed(4) }),
        (agent("sample", 3, Some(true)), rejected),
    ]
}

/// What systems come to.
pub(crate) fn measured(systems: &[(System, Known)], survey: &Survey) -> Measured {
    let mut tally = Tally::new();
    for (system, known) in systems {
        tally.add(system, known);
    }
    tally.finish(Structure::working(), survey)
}
