//! Controls of workloads: whether their pods meet the restricted profile, and whether a policy limits where they connect to.

use asmm_model::{Control, ControlKind, Evidence, EvidenceClass, Fact};
use serde_json::Value;

use super::{Out, seen};
use crate::cluster::{STAND_IN, key};
use crate::object::Object;
use crate::pod::Workload;
use crate::policy::{self, Answer};
use crate::restricted::{self, Broken};
use crate::selector;
use crate::template::Pods;

/// Rules that are named where they are not met.
const MAX_BROKEN: usize = 3;

const NO_PODS: &str = "whatever carries it out makes its pods: what these may do is not seen";
const NOT_ALL: &str =
    "no policy that was seen limits where its pods may connect to, and not all policies were seen";

impl Out<'_> {
    /// The controls of what an object of the scope of a system runs.
    pub(super) fn controls(&mut self, object: &Object) {
        let pods = Workload::of(object).map_or_else(Vec::new, |workload| workload.pods());
        let (in_place, evidence) = self.pod_security(object, &pods);
        self.control(object, ControlKind::PodSecurity, in_place, evidence);
        let (in_place, evidence) = self.egress(object, &pods);
        self.control(object, ControlKind::Egress, in_place, evidence);
    }

    fn control(&mut self, object: &Object, kind: ControlKind, in_place: Option<bool>, evidence: Evidence) {
        let control = Control { kind, name: self.place(object), in_place, evidence: vec![evidence] };
        self.put(object, Fact::Control(control));
    }

    /// Whether pods meet the restricted profile. What an operator makes of a template is not what the template says, and
    /// pods that were seen beside it are not all: these may break the profile, and never show that it is met.
    fn pod_security(&self, object: &Object, pods: &[Pods<'_>]) -> (Option<bool>, Evidence) {
        let is_seen = |of: &&Pods<'_>| of.is_whole || object.annotations.contains_key(STAND_IN);
        let outcomes: Vec<_> =
            pods.iter().filter(is_seen).map(|of| restricted::outcome(of.spec, &of.annotations)).collect();
        let place = self.place(object);
        let says = |note: String| seen(&place, EvidenceClass::Config).noting(note);
        let broken: Vec<Broken> = outcomes.iter().flat_map(|outcome| outcome.broken.clone()).collect();
        if !broken.is_empty() {
            return (Some(false), says(not_met(&broken)));
        }
        let added = self.cluster.pods.get(&key(object)).into_iter().flat_map(|pods| &pods.added);
        let of_added = added.filter_map(Pods::of_kubernetes);
        let broken: Vec<Broken> =
            of_added.flat_map(|of| restricted::outcome(of.spec, &of.annotations).broken).collect();
        if !broken.is_empty() {
            let evidence = seen(&format!("{place}#pods"), EvidenceClass::Config);
            return (
                Some(false),
                evidence.noting(format!("something adds to its pods: {}", not_met(&broken))),
            );
        }
        if pods.is_empty() || !pods.iter().all(|of| of.is_whole) {
            return (None, says(NO_PODS.to_owned()));
        }
        let meets = selector::all(outcomes.iter().map(restricted::Outcome::meets));
        let note = match meets {
            Some(_) => "meets the restricted profile of the Pod Security Standards",
            None => {
                "its template cannot be read to the end: whether it meets the restricted profile is not known"
            }
        };
        (meets, says(note.to_owned()))
    }

    /// Whether policies limit where pods may connect to. That none does is said only where all of them were seen.
    fn egress(&self, object: &Object, pods: &[Pods<'_>]) -> (Option<bool>, Evidence) {
        let place = self.place(object);
        let says = |note: &str| seen(&place, EvidenceClass::Config).noting(note);
        if pods.is_empty() {
            return (
                None,
                says("whatever carries it out makes its pods: which policies select them is not seen"),
            );
        }
        let answer = self.limit(object, pods);
        match (answer.limits, answer.by) {
            (Some(true), Some(policy)) => {
                // Most networks do not apply policies to what is a node to them.
                let is_node =
                    |of: &Pods<'_>| of.spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
                if pods.iter().any(is_node) {
                    return (
                        None,
                        says("it has the network of its node: whether a policy binds it is not known"),
                    );
                }
                let note = format!("limits where the pods of `{}` may connect to", object.name);
                (Some(true), seen(&self.place(policy), EvidenceClass::Config).noting(note))
            }
            (Some(_), by) if pods.iter().all(|of| of.is_whole) => {
                if !self.cluster.policies.is_in(&object.namespace) {
                    return (None, says(NOT_ALL));
                }
                let note = match by {
                    Some(policy) => format!("`{}` lets its pods connect anywhere", policy.place()),
                    None => "no policy limits where its pods may connect to".to_owned(),
                };
                (Some(false), says(&note))
            }
            (Some(_), _) => (
                None,
                says("whatever carries it out may label its pods: which policies select them is not seen"),
            ),
            (None, Some(policy)) => {
                let note =
                    format!("`{}` is about its pods: whether it limits them is not known", policy.place());
                (None, says(&note))
            }
            (None, None) => (None, says("whether a policy of egress is about its pods is not known")),
        }
    }

    /// What policies come to for all pods of a workload: one kind of them that is not limited is enough to say so.
    pub(super) fn limit(&self, object: &Object, pods: &[Pods<'_>]) -> Answer<'_> {
        let answers: Vec<Answer<'_>> =
            pods.iter().map(|of| policy::limit(&self.policies, &object.namespace, of)).collect();
        let limits = selector::all(answers.iter().map(|answer| answer.limits));
        let by = answers.iter().find(|answer| answer.limits == limits).and_then(|answer| answer.by);
        Answer { limits, by }
    }
}

/// The first rules that are not met, each once, and how many more there are.
fn not_met(broken: &[Broken]) -> String {
    let mut told: Vec<String> = Vec::new();
    for says in broken.iter().map(ToString::to_string) {
        if !told.contains(&says) {
            told.push(says);
        }
    }
    let more = told.len().saturating_sub(MAX_BROKEN);
    told.truncate(MAX_BROKEN);
    let more = match more {
        0 => String::new(),
        1 => "; one rule more is not met".to_owned(),
        more => format!("; {more} rules more are not met"),
    };
    format!("does not meet the restricted profile of the Pod Security Standards: {}{more}", told.join("; "))
}

#[cfg(test)]
mod tests;
