//! Keys of AI providers that stand in files: what the system of their unit acts under, if there is one.

use asmm_model::{Evidence, Fact, Identity, IdentityKind, Observation, Place, Scope};

use super::criteria::Reasons;
use crate::keys::Key;
use crate::role::role_of;
use muster_rules::RulePack;

/// A key as an identity of a scope, and as a reason if the scope is a system that may use it.
pub(super) fn observe(
    rules: &RulePack,
    scope: &Scope,
    key: &Key,
    of_system: bool,
    out: &mut Vec<Observation>,
) {
    let role = role_of(&key.path);
    let evidence =
        Evidence::at(Place::line(&*key.path, key.line), role).by(rules.rule(key.rule).id.0.clone());
    let name = key.name(rules).to_owned();
    let mut put = |fact| out.push(Observation { scope: scope.clone(), fact });
    // Keys in tests and in documentation are found, and say nothing about what runs.
    if of_system && role.is_own() {
        let mut reasons = Reasons::new(rules.heuristics());
        reasons.add("uses-credential", &evidence, &format!("`{name}`, in place"));
        for (criterion, evidence) in reasons.into_all() {
            put(Fact::Criterion { criterion, evidence });
        }
    }
    put(Fact::Identity(Identity {
        kind: IdentityKind::ApiKey,
        name,
        privilege: None,
        may_ask: None,
        arn: None,
        fingerprint: key.fingerprint.clone(),
        assumed_by: Vec::new(),
        shared_with: Vec::new(),
        inferred: false,
        evidence: vec![evidence],
    }));
}
