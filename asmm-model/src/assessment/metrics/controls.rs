//! Metrics of controls that code, clusters and clouds show: approvals, pinned models, tracing, guardrails, policies of egress.

use super::{Finding, Seen};
use crate::autonomy::Ternary;
use crate::{
    Access, Component, ComponentKind, ControlKind, DeploymentKind, EvidenceClass, Incomplete, Place,
    Supports, System,
};

/// Components of observability that evaluate models and record nothing of what runs.
const EVALUATION: [&str; 9] = [
    "answer-evaluation",
    "deepeval",
    "model-attack",
    "model-benchmark",
    "model-evaluation",
    "promptfoo",
    "ragas",
    "red-teaming",
    // Records the training of models.
    "wandb",
];

/// Providers whose models run where the caller runs: nothing is sent to anybody.
const LOCAL_PROVIDERS: [&str; 13] = [
    "docker-model-runner",
    "foundry-local",
    "gpu-hosting",
    "inference-engine",
    "llama-cpp",
    "lm-studio",
    "local-models",
    "model-server",
    "model-serving",
    "ollama",
    "on-device-inference",
    "tokeniser",
    "vllm",
];

/// M09: changes something that nobody approves.
pub(super) fn unapproved<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.is_agentic() {
        return Finding::none();
    }
    let answer = &seen.system.criteria.c4;
    let for_yes = answer.evidence().iter().filter(|evidence| evidence.supports == Some(Supports::Yes));
    match answer.ternary() {
        Ternary::Yes => Finding::of(true, for_yes.map(|evidence| &evidence.place)),
        Ternary::No => Finding::of(false, []),
        Ternary::Unknown => Finding::unknown(),
    }
}

/// M10: servers of the Model Context Protocol over a network that anybody may use.
pub(super) fn mcp<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let mut found = Finding::none();
    seen.system.components.iter().for_each(|component| server(component, &mut found));
    found
}

/// Adds a component to what is known of servers, where it is one that is not on the machine of whoever uses it.
pub(super) fn server<'s>(component: &'s Component, found: &mut Finding<'s>) {
    // What an account or a cluster runs as such a server is known by its type there.
    let is_server = component.kind == ComponentKind::Mcp || component.access.is_some();
    if !is_server || !component.role.is_own() {
        return;
    }
    match component.access {
        Some(Access::Open) => {
            found.num = found.num.saturating_add(1);
            found.places.extend(component.evidence.iter().map(|evidence| &evidence.place));
        }
        Some(Access::Key | Access::Login) => found.rest = found.rest.saturating_add(1),
        Some(Access::Remote) => found.unknown = found.unknown.saturating_add(1),
        // A server that this code is, by whatever way it may be reached; a library or a client is none.
        None if !component.tools.is_empty() => found.unknown = found.unknown.saturating_add(1),
        Some(Access::Local) | None => {}
    }
}

/// M11: references to models that fix a version. Shows where those are that do not.
pub(super) fn pinned<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let models = &seen.system.models;
    if models.is_empty() {
        return Finding::unknown();
    }
    let loose = || models.iter().filter(|model| !model.pinned);
    let rest = loose().count();
    Finding {
        num: (models.len() - rest) as u64,
        rest: rest as u64,
        unknown: 0,
        places: loose().flat_map(|model| &model.evidence).map(|evidence| &evidence.place).collect(),
    }
}

/// M13: model calls are traced.
pub(super) fn traced<'s>(seen: &Seen<'s>) -> Finding<'s> {
    in_use(seen, |component| {
        component.kind == ComponentKind::Observability && !EVALUATION.contains(&component.name.as_str())
    })
}

/// M17: what goes in or comes out is checked.
pub(super) fn guarded<'s>(seen: &Seen<'s>) -> Finding<'s> {
    in_use(seen, |component| component.kind == ComponentKind::Guardrail)
}

/// Whether components of a kind are used. A package that a manifest names is not one that is used, and where it is named but not seen
/// in use nothing is said; nor is where not all code was read. What only comes along with another package is not asked for by anybody.
fn in_use<'s>(seen: &Seen<'s>, is_meant: impl Fn(&Component) -> bool) -> Finding<'s> {
    let meant =
        || seen.system.components.iter().filter(|component| component.role.is_own() && is_meant(component));
    let used = meant().flat_map(|component| &component.evidence);
    let used =
        used.filter(|evidence| evidence.class != Some(EvidenceClass::Manifest) && evidence.role.is_own());
    let used: Vec<&Place> = used.map(|evidence| &evidence.place).collect();
    let is_named = meant().any(|component| component.direct != Some(false));
    match (used.is_empty(), !is_named && seen.is_read()) {
        (false, _) => Finding::of(true, used),
        (true, true) => Finding::of(false, []),
        (true, false) => Finding::unknown(),
    }
}

/// M14: a policy says where the pods of an agent may connect to.
pub(super) fn egress<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.is_agentic() {
        return Finding::none();
    }
    of_workloads(seen, ControlKind::Egress, true)
}

/// M15: pods meet the restricted profile. Shows where those are that do not.
pub(super) fn restricted<'s>(seen: &Seen<'s>) -> Finding<'s> {
    of_workloads(seen, ControlKind::PodSecurity, false)
}

/// A control of every workload of a system; of those without one it is not known. Shows the places of those that have it, or that lack it.
fn of_workloads<'s>(seen: &Seen<'s>, kind: ControlKind, shown: bool) -> Finding<'s> {
    let controls = || seen.system.controls.iter().filter(|control| control.kind == kind);
    let many = |answer| controls().filter(|control| control.in_place == answer).count() as u64;
    let (num, rest) = (many(Some(true)), many(Some(false)));
    let told = num.saturating_add(rest);
    let shown = controls().filter(|control| control.in_place == Some(shown));
    Finding {
        num,
        rest,
        unknown: workloads(seen.system).saturating_sub(told),
        places: shown.flat_map(|control| &control.evidence).map(|evidence| &evidence.place).collect(),
    }
}

/// M18: something ends the work of an agent.
pub(super) fn limited<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.is_agentic() {
        return Finding::none();
    }
    found(seen, ControlKind::Limit)
}

/// M19: it is written what to do, or whom to call, when something goes wrong.
pub(super) fn prepared<'s>(seen: &Seen<'s>) -> Finding<'s> {
    found(seen, ControlKind::IncidentPlan)
}

/// M20: the state of an agent that keeps any can be brought back.
pub(super) fn restorable<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let is_store =
        |component: &Component| component.kind == ComponentKind::VectorDb && component.role.is_own();
    let found = found(seen, ControlKind::Recovery);
    let keeps_state = found.num > 0
        || seen.system.components.iter().any(is_store)
        || seen.system.criteria.c6.ternary() == Ternary::Yes;
    if seen.is_agentic() && keeps_state { found } else { Finding::none() }
}

/// M16: what models answer is tested in the CI of its repository; `None` where not all was read.
pub(super) fn evaluated<'s>(seen: &Seen<'s>) -> (Option<bool>, Vec<&'s Place>) {
    let found = found(seen, ControlKind::Evaluation);
    ((found.unknown == 0).then_some(found.num > 0), found.places)
}

/// Whether a control was found; where not all code was read, that none was found says nothing.
fn found<'s>(seen: &Seen<'s>, kind: ControlKind) -> Finding<'s> {
    let controls = seen.system.controls.iter().filter(|control| control.kind == kind);
    let controls: Vec<_> = controls.filter(|control| control.in_place != Some(false)).collect();
    let evidence = controls.iter().flat_map(|control| &control.evidence);
    match (controls.is_empty(), seen.is_read()) {
        (false, _) => Finding::of(true, evidence.map(|evidence| &evidence.place)),
        (true, true) => Finding::of(false, []),
        (true, false) => Finding::unknown(),
    }
}

/// `…/KIND/NAME`, with a path of the object after `#`.
fn kind_of(reference: &str) -> Option<&str> {
    let object = reference.split('#').next()?;
    object.rsplit('/').nth(1)
}

/// How many places in clusters it runs at: accounts of clusters, which roles name, are none.
fn workloads(system: &System) -> u64 {
    let places = system.locations.iter().filter(|place| place.kind == DeploymentKind::K8s);
    let mut places: Vec<&str> = places.map(|place| place.reference.as_str()).collect();
    places.retain(|reference| kind_of(reference) != Some("serviceaccount"));
    places.sort_unstable();
    places.dedup();
    places.len() as u64
}

/// M22: its tools are listed to the end.
pub(super) fn tools<'s>(seen: &Seen<'s>) -> Finding<'s> {
    if !seen.is_agentic() {
        return Finding::none();
    }
    Finding::of(!seen.system.incomplete.contains(&Incomplete::Tools), [])
}

/// M23: the providers that a system sends to: those of its models and of its SDKs.
pub(super) fn providers(system: &System) -> impl Iterator<Item = &str> {
    let models = system.models.iter().filter_map(|model| model.provider.as_deref());
    let sdks = system.components.iter();
    let sdks =
        sdks.filter(|component| component.kind == ComponentKind::ProviderSdk && component.role.is_own());
    let sdks = sdks.map(|component| component.name.as_str());
    models.chain(sdks).filter(|provider| !LOCAL_PROVIDERS.contains(provider))
}

/// The repositories that hold its code.
pub(super) fn repositories(system: &System) -> impl Iterator<Item = &str> {
    let places = system.locations.iter();
    let places = places.filter(|place| place.kind == DeploymentKind::Repo && place.strength.is_none());
    places.map(|place| place.reference.as_str())
}
