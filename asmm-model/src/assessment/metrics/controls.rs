//! Metrics of controls that code, clusters and clouds show: approvals, pinned models, tracing, guardrails, policies of egress.

use super::{Finding, Seen};
use crate::autonomy::Ternary;
use crate::{Component, ComponentKind, DeploymentKind, EvidenceClass, Incomplete, Place, Supports, System};

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

/// Kinds of objects of a cluster that say where pods may connect to.
const EGRESS_POLICIES: [&str; 5] = [
    "ciliumclusterwidenetworkpolicy",
    "ciliumnetworkpolicy",
    "egressfirewall",
    "fqdnnetworkpolicy",
    "networkpolicy",
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

/// M10: how servers of the Model Context Protocol authenticate is not in the inventory; how many there are is.
pub(super) fn mcp<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let servers = seen.system.components.iter();
    let servers = servers.filter(|component| component.kind == ComponentKind::Mcp && component.role.is_own());
    Finding { unknown: servers.count() as u64, ..Finding::none() }
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

/// M14: a policy says where the pods of an agent may connect to. Of a system of several workloads it is not seen which of them it selects.
pub(super) fn egress<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let workloads = workloads(seen.system);
    if !seen.is_agentic() || workloads == 0 {
        return Finding::none();
    }
    let evidence = seen.system.components.iter().flat_map(|component| &component.evidence);
    let places = evidence.map(|evidence| &evidence.place).filter(|place| is_egress_policy(place));
    let places: Vec<&Place> = places.collect();
    match (places.is_empty(), seen.known.egress_policies_seen) {
        (false, _) if workloads == 1 => Finding::of(true, places),
        (true, Some(true)) => Finding { rest: workloads, ..Finding::none() },
        _ => Finding { unknown: workloads, ..Finding::none() },
    }
}

/// `…/KIND/NAME`, with a path of the object after `#`.
fn kind_of(reference: &str) -> Option<&str> {
    let object = reference.split('#').next()?;
    object.rsplit('/').nth(1)
}

fn is_egress_policy(place: &Place) -> bool {
    let kind = place.locator.as_deref().and_then(kind_of);
    kind.is_some_and(|kind| EGRESS_POLICIES.contains(&kind))
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

/// M23: agreements with providers are on no record; how many providers a system names is.
pub(super) fn endpoints<'s>(seen: &Seen<'s>) -> Finding<'s> {
    let mut providers: Vec<&str> =
        seen.system.models.iter().filter_map(|model| model.provider.as_deref()).collect();
    let sdks = seen.system.components.iter();
    let sdks =
        sdks.filter(|component| component.kind == ComponentKind::ProviderSdk && component.role.is_own());
    providers.extend(sdks.map(|component| component.name.as_str()));
    providers.sort_unstable();
    providers.dedup();
    Finding { unknown: providers.len() as u64, ..Finding::none() }
}

/// The repositories that hold its code.
pub(super) fn repositories(system: &System) -> impl Iterator<Item = &str> {
    let places = system.locations.iter();
    let places = places.filter(|place| place.kind == DeploymentKind::Repo && place.strength.is_none());
    places.map(|place| place.reference.as_str())
}
