//! What is said of the controls of workloads, by how much of the cluster was seen.

use std::collections::BTreeSet;

use muster_rules::RulePack;
use serde_json::json;

use super::*;
use crate::cluster::Cluster;
use crate::observe::{Of, observe};
use crate::policy::Listed;

/// A pod that asks a model.
fn asking(context: &Value) -> Value {
    json!({"containers": [{"name": "bot", "image": "acme/bot", "securityContext": context, "env": [
        {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "ai", "key": "key"}}}]}]})
}

fn restricted_pod() -> Value {
    asking(
        &json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}),
    )
}

fn deployment(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

fn policy(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

/// Every control that is told: whose, of what kind, whether it is in place, where that was seen, and what is said of it.
fn told(objects: &[Value], listed: Listed) -> Vec<String> {
    let pack = RulePack::built_in();
    let mut cluster = Cluster::of(&pack, Object::all(json!(objects)));
    cluster.policies = listed;
    let of = Of { target: "k8s:", part: "prod" };
    let (observations, _) = observe(&pack, of, &cluster);
    let mut places = BTreeSet::new();
    let mut controls = Vec::new();
    for one in observations {
        match one.fact {
            Fact::Deployment(deployment) => {
                places.insert(deployment.reference);
            }
            Fact::Control(control) => {
                assert!(places.contains(&control.name), "{} is where no system is", control.name);
                let [evidence] = control.evidence.as_slice() else { panic!("{control:?}") };
                let in_place = control.in_place.map_or("unknown".to_owned(), |is| is.to_string());
                controls.push(format!(
                    "{} {} {in_place} at {}: {}",
                    control.name,
                    control.kind.name(),
                    evidence.place.locator.as_deref().unwrap_or_default(),
                    evidence.note.as_deref().unwrap_or_default(),
                ));
            }
            _ => {}
        }
    }
    controls
}

#[test]
fn the_controls_of_every_workload_of_a_system_are_told() {
    let mut on_node = restricted_pod();
    on_node["hostNetwork"] = true.into();
    let objects = [
        deployment("open", "bot", &asking(&Value::Null)),
        deployment("bound", "bot", &restricted_pod()),
        deployment("bound", "opened", &restricted_pod()),
        deployment("bound", "node", &on_node),
        deployment("bound", "web", &json!({"containers": [{"name": "a", "image": "nginx"}]})),
        policy("bound", "deny", &json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
        policy("bound", "open", &json!({"podSelector": {"matchLabels": {"app": "opened"}}, "egress": [{}]})),
        policy("other", "deny", &json!({"podSelector": {}, "policyTypes": ["Egress"]})),
    ];
    let meets = "meets the restricted profile of the Pod Security Standards";
    let told_of = |open: &str, opened: &str| {
        let broken = "does not meet the restricted profile of the Pod Security Standards";
        vec![
            format!("prod/bound/deployment/bot pod-security true at prod/bound/deployment/bot: {meets}"),
            "prod/bound/deployment/bot egress true at prod/bound/networkpolicy/deny: limits where the pods of `bot` may connect to".to_owned(),
            format!("prod/bound/deployment/node pod-security false at prod/bound/deployment/node: {broken}: shares the network of its node: hostNetwork is true"),
            "prod/bound/deployment/node egress unknown at prod/bound/deployment/node: it has the network of its node: whether a policy binds it is not known".to_owned(),
            format!("prod/bound/deployment/opened pod-security true at prod/bound/deployment/opened: {meets}"),
            format!("prod/bound/deployment/opened egress {opened}"),
            format!("prod/open/deployment/bot pod-security false at prod/open/deployment/bot: {broken}: gaining privileges is not ruled out: allowPrivilegeEscalation is not false (`bot`); keeps capabilities of root: capabilities.drop does not name ALL (`bot`); running as root is not ruled out: runAsNonRoot is not set (`bot`); one rule more is not met"),
            format!("prod/open/deployment/bot egress {open}"),
        ]
    };
    let no = |place: &str| format!("false at prod/{place}: no policy limits where its pods may connect to");
    let opened =
        "false at prod/bound/deployment/opened: `bound/networkpolicy/open` lets its pods connect anywhere";
    let unknown = |place: &str| {
        format!(
            "unknown at prod/{place}: no policy that was seen limits where its pods may connect to, and not all policies were seen"
        )
    };
    assert_eq!(told(&objects, Listed::Everywhere), told_of(&no("open/deployment/bot"), opened));
    let bound = BTreeSet::from(["bound".to_owned()]);
    assert_eq!(told(&objects, Listed::In(bound)), told_of(&unknown("open/deployment/bot"), opened));
    assert_eq!(
        told(&objects, Listed::Nowhere),
        told_of(&unknown("open/deployment/bot"), &unknown("bound/deployment/opened"))
    );
}

#[test]
fn of_what_an_operator_makes_only_what_was_seen_is_said() {
    let agent = json!({"apiVersion": "kagent.dev/v1alpha2", "kind": "Agent", "metadata": {"name": "sre", "namespace": "ai"}, "spec": {"declarative": {}}});
    let ray = json!({"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "models", "namespace": "ai"}, "spec": {"headGroupSpec": {
        "template": {"spec": {"containers": [{"name": "a", "image": "vllm/vllm-openai:v0.9"}]}}}}});
    let security = "whatever carries it out makes its pods: what these may do is not seen";
    assert_eq!(
        told(&[agent.clone(), ray.clone()], Listed::Everywhere),
        [
            format!("prod/ai/agent/sre pod-security unknown at prod/ai/agent/sre: {security}"),
            "prod/ai/agent/sre egress unknown at prod/ai/agent/sre: whatever carries it out makes its pods: which policies select them is not seen".to_owned(),
            format!("prod/ai/raycluster/models pod-security unknown at prod/ai/raycluster/models: {security}"),
            "prod/ai/raycluster/models egress unknown at prod/ai/raycluster/models: whatever carries it out may label its pods: which policies select them is not seen".to_owned(),
        ]
    );
    let deny = policy("ai", "deny", &json!({"policyTypes": ["Egress"]}));
    let told = told(&[agent, ray, deny], Listed::Nowhere);
    assert_eq!(
        told[3],
        "prod/ai/raycluster/models egress true at prod/ai/networkpolicy/deny: limits where the pods of `models` may connect to"
    );
    assert!(told[1].starts_with("prod/ai/agent/sre egress unknown"), "{told:?}");
}

#[test]
fn pods_that_were_seen_may_break_what_their_template_meets() {
    let pod = |owner: (&str, &str), spec: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p-1", "namespace": "ai",
            "ownerReferences": [{"kind": owner.0, "name": owner.1}]}, "spec": spec})
    };
    let mut added = restricted_pod();
    added["initContainers"] =
        json!([{"name": "added", "image": "qdrant/qdrant:v1", "securityContext": {"privileged": true}}]);
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "bot", "namespace": "ai"}, "spec": {"template": {"spec": restricted_pod()}}});
    let of_set = told(&[set, pod(("StatefulSet", "bot"), added)], Listed::Nowhere);
    assert!(
        of_set[0].starts_with("prod/ai/statefulset/bot pod-security false at prod/ai/statefulset/bot#pods: something adds to its pods: does not meet the restricted profile of the Pod Security Standards: runs privileged: privileged is true (`added`);"),
        "{of_set:?}"
    );
    // A pod stands for what made it, which was not seen: others may be otherwise.
    let stands_for = |spec| told(&[pod(("Crew", "bots"), spec)], Listed::Nowhere).remove(0);
    assert_eq!(
        stands_for(restricted_pod()),
        "prod/ai/crew/bots pod-security unknown at prod/ai/crew/bots: whatever carries it out makes its pods: what these may do is not seen"
    );
    assert!(stands_for(asking(&Value::Null)).starts_with("prod/ai/crew/bots pod-security false"));
    let of_odd = told(&[deployment("ai", "bot", &asking(&json!("restricted")))], Listed::Nowhere);
    assert_eq!(
        of_odd[0],
        "prod/ai/deployment/bot pod-security unknown at prod/ai/deployment/bot: its template cannot be read to the end: whether it meets the restricted profile is not known"
    );
}
