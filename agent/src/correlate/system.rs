//! One system from the facts of its scope: its parts, its answers, and what the Autonomy Test makes of them.

use asmm_model::autonomy::{Circumstances, combine, decide, priority};
use asmm_model::{Criteria, DeploymentKind, Hitl, Incomplete, Privilege, Scope, System, SystemId};

use super::missing::Known;
use super::{Facts, Nature, merge};

/// Keys that one system lists; what has more of them is a platform for many.
const KEYS: usize = 200;

/// Builds the system of a scope.
pub(super) fn build(scope: Scope, nature: Nature, facts: Facts, several: bool) -> System {
    let Scope { target, root, name } = scope;
    let components = merge::components(facts.components);
    let identities = merge::identities(facts.identities);
    let models = merge::models(facts.models);
    let tools = merge::tools(facts.tools);
    let triggers = merge::triggers(facts.triggers);
    let controls = merge::controls(facts.controls);
    let owners = merge::owners(facts.owners);

    let mut keys = facts.keys;
    keys.sort();
    keys.dedup();
    keys.truncate(KEYS);
    let incomplete = [
        (!nature.complete).then_some(Incomplete::Parts),
        (!nature.tools_complete).then_some(Incomplete::Tools),
    ];

    let known = Known {
        nature,
        components: &components,
        models: &models,
        tools: &tools,
        triggers: &triggers,
        in_cloud: facts
            .deployments
            .iter()
            .any(|at| matches!(at.kind, DeploymentKind::Aws | DeploymentKind::K8s))
            && !facts.deployments.iter().any(|at| at.kind == DeploymentKind::Repo && at.strength.is_none()),
    };
    let mut evidence = facts.criteria;
    let criteria = Criteria::from_fn(|criterion| {
        let evidence = evidence.remove(&criterion).unwrap_or_default();
        let missing = known.missing(criterion, &evidence);
        combine(evidence, missing)
    });
    let decision = decide(&criteria);
    let circumstances = Circumstances {
        privilege: identities.iter().filter_map(|i| i.privilege).max().unwrap_or(Privilege::Unknown),
        owned: owners.iter().any(|owner| owner.source.assigns()),
        // No source that is read today says who can reach a system.
        exposed: false,
    };
    System {
        id: SystemId::derive(nature.kind, &root, &name),
        kind: nature.kind,
        target: several.then_some(target),
        role: nature.role,
        purpose: facts.purposes.into_iter().min(),
        claims: merge::claims(facts.claims),
        owners,
        hitl: Hitl::from_tools(&tools, nature.tools_complete),
        priority: priority(&criteria, &decision, circumstances),
        verdict: decision.verdict,
        level: decision.level,
        confidence: decision.confidence,
        settles: decision.settles,
        criteria,
        components,
        identities,
        tools,
        models,
        triggers,
        controls,
        locations: facts.deployments.into_iter().collect(),
        keys,
        joins: Vec::new(),
        incomplete: incomplete.into_iter().flatten().collect(),
        remembered: None,
        root,
        name,
    }
}
