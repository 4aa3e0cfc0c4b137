//! What policies of each maker say of the pods of a bot.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::discovery::Kind;
use crate::pod::Workload;

fn bot() -> Object {
    Object::all(json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "bot", "namespace": "n"}, "spec": {
        "template": {"metadata": {"labels": {"app": "bot", "tier": "back"}}, "spec": {"containers": [{"image": "a"}]}}}}))
    .remove(0)
}

fn policy(version: &str, kind: &str, namespace: &str, spec: &Value) -> Value {
    json!({"kind": kind, "apiVersion": version, "metadata": {"name": "p", "namespace": namespace}, "spec": spec})
}

/// What policies come to for the pods of the bot, and whether one is named.
fn told(policies: &[Value]) -> (Option<bool>, bool) {
    let (bot, objects) = (bot(), Object::all(json!(policies)));
    let pods = Workload::of(&bot).unwrap().pods().remove(0);
    let answer = limit(&among(&objects), "n", &pods);
    (answer.limits, answer.by.is_some())
}

fn kubernetes(spec: &Value) -> Value {
    policy("networking.k8s.io/v1", "NetworkPolicy", "n", spec)
}

fn cilium(spec: &Value) -> Value {
    policy("cilium.io/v2", "CiliumNetworkPolicy", "n", spec)
}

fn calico(spec: &Value) -> Value {
    policy("projectcalico.org/v3", "NetworkPolicy", "n", spec)
}

const YES: (Option<bool>, bool) = (Some(true), true);
const NO: (Option<bool>, bool) = (Some(false), false);
/// A policy opens everything again.
const OPENED: (Option<bool>, bool) = (Some(false), true);
const UNKNOWN: (Option<bool>, bool) = (None, false);

#[test]
fn policies_of_kubernetes() {
    let dns = json!([{"ports": [{"port": 53}]}]);
    for (spec, expected, why) in [
        (json!({"podSelector": {}, "policyTypes": ["Egress"]}), YES, "nothing is allowed"),
        (json!({"policyTypes": ["Ingress", "Egress"], "egress": dns}), YES, "no selector selects all"),
        (json!({"podSelector": {}, "egress": dns}), YES, "rules of egress alone make it one"),
        (json!({"podSelector": {}, "policyTypes": [], "egress": dns}), YES, "no type is none given"),
        (json!({"podSelector": {}, "egress": []}), NO, "no rules, and no type"),
        (json!({"podSelector": {}, "policyTypes": ["Ingress"], "egress": dns}), NO, "it is not of egress"),
        (json!({"podSelector": {}}), NO, "it is of ingress"),
        (
            json!({"podSelector": {"matchLabels": {"app": "bot"}}, "policyTypes": ["Egress"]}),
            YES,
            "the label is its",
        ),
        (
            json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]}),
            NO,
            "another label",
        ),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["bot", "web"]}, {"key": "tier", "operator": "Exists"}]}, "policyTypes": ["Egress"]}),
            YES,
            "expressions select it",
        ),
        (
            json!({"podSelector": {"matchLabels": {"app": "bot"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, "policyTypes": ["Egress"]}),
            NO,
            "an expression leaves it out",
        ),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "pod-template-hash", "operator": "DoesNotExist"}]}, "policyTypes": ["Egress"]}),
            UNKNOWN,
            "a label that Kubernetes adds",
        ),
        (json!({"podSelector": {}, "egress": [{}]}), OPENED, "everything is allowed"),
        (json!({"podSelector": {}, "egress": [{"to": [], "ports": []}]}), OPENED, "so it is, said otherwise"),
        (json!({"podSelector": {}, "egress": [null]}), OPENED, "and so"),
        (
            json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}),
            OPENED,
            "every address",
        ),
        (
            json!({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}]}),
            YES,
            "but for some",
        ),
        (json!({"podSelector": {}, "egress": [{"to": [{"namespaceSelector": {}}]}]}), YES, "nothing outside"),
        (json!({"podSelector": {}, "egress": "all"}), UNKNOWN, "no list"),
        (json!({"podSelector": {}, "egress": ["all"]}), UNKNOWN, "no rule"),
        (json!({"podSelector": "app=bot", "policyTypes": ["Egress"]}), UNKNOWN, "no selector"),
        (json!("all"), UNKNOWN, "no specification"),
    ] {
        assert_eq!(told(&[kubernetes(&spec)]), expected, "{why}: {spec}");
    }
    let elsewhere = policy("networking.k8s.io/v1", "NetworkPolicy", "m", &json!({"policyTypes": ["Egress"]}));
    assert_eq!(told(&[elsewhere]), NO, "of another namespace");
    let unnamed = policy("example.org/v1", "NetworkPolicy", "n", &json!({"policyTypes": ["Egress"]}));
    assert_eq!(told(&[unnamed]), NO, "of nobody that is known");
}

#[test]
fn what_policies_allow_adds_up() {
    let deny = kubernetes(&json!({"policyTypes": ["Egress"]}));
    let open = kubernetes(&json!({"podSelector": {"matchLabels": {"app": "bot"}}, "egress": [{}]}));
    let for_others = kubernetes(&json!({"podSelector": {"matchLabels": {"app": "web"}}, "egress": [{}]}));
    let perhaps = kubernetes(
        &json!({"podSelector": {"matchExpressions": [{"key": "controller-uid", "operator": "Exists"}]}, "egress": [{}]}),
    );
    assert_eq!(told(&[deny.clone(), open.clone()]), OPENED);
    assert_eq!(told(&[deny.clone(), for_others]), YES);
    assert_eq!(told(&[deny.clone(), perhaps]), (None, true));
    let cilium_opens = cilium(&json!({"endpointSelector": {}, "egress": [{"toEntities": ["all"]}]}));
    assert_eq!(told(&[deny.clone(), cilium_opens]), OPENED);
    let denied = cilium(&json!({"endpointSelector": {}, "egressDeny": [{"toEntities": ["world"]}]}));
    assert_eq!(told(&[open.clone(), denied]), YES);
    let drop = policy(
        "crd.antrea.io/v1beta1",
        "NetworkPolicy",
        "n",
        &json!({"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Drop"}]}),
    );
    assert_eq!(told(&[open.clone(), drop.clone()]), YES);
    // Which of them comes first is not known.
    let of_calico = calico(&json!({"types": ["Egress"]}));
    assert_eq!(told(&[open.clone(), of_calico.clone()]), (None, true));
    assert_eq!(told(&[of_calico, calico(&json!({"egress": [{"action": "Allow"}]}))]), (None, true));
    assert_eq!(told(&[drop, calico(&json!({"egress": [{"action": "Allow"}]}))]), (None, true));
    assert_eq!(told(&[deny, calico(&json!({"egress": [{"action": "Allow"}]}))]), (None, true));
}

#[test]
fn policies_of_cilium() {
    let names = json!([{"toFQDNs": [{"matchName": "api.openai.com"}]}]);
    for (spec, expected) in [
        (json!({"endpointSelector": {}, "egress": names}), YES),
        (json!({"endpointSelector": {"matchLabels": {"k8s:app": "bot"}}, "egress": names}), YES),
        (json!({"endpointSelector": {"matchLabels": {"any:app": "web"}}, "egress": names}), NO),
        (
            json!({"endpointSelector": {"matchExpressions": [{"key": "k8s:app", "operator": "NotIn", "values": ["bot"]}]}, "egress": names}),
            NO,
        ),
        (
            json!({"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "n"}}, "egress": names}),
            YES,
        ),
        (
            json!({"endpointSelector": {"matchLabels": {"io.cilium.k8s.policy.serviceaccount": "a"}}, "egress": names}),
            UNKNOWN,
        ),
        (json!({"endpointSelector": {"matchLabels": {"reserved:init": ""}}, "egress": names}), UNKNOWN),
        (json!({"nodeSelector": {}, "egress": names}), NO),
        // Nothing is named, so nothing is allowed.
        (json!({"endpointSelector": {}, "egress": [{}]}), YES),
        (json!({"endpointSelector": {}, "egress": []}), NO),
        (json!({"endpointSelector": {}, "ingress": [{}]}), NO),
        (json!({"endpointSelector": {}, "egress": [{"toEntities": ["world"]}]}), OPENED),
        (
            json!({"endpointSelector": {}, "egress": [{"toEntities": ["world"], "toPorts": [{"ports": []}]}]}),
            YES,
        ),
        (json!({"endpointSelector": {}, "egress": [{"toCIDR": ["0.0.0.0/0"]}]}), OPENED),
        (
            json!({"endpointSelector": {}, "egress": [{"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}]}),
            YES,
        ),
        (json!({"endpointSelector": {}, "egress": [{"toFQDNs": [{"matchPattern": "*"}]}]}), OPENED),
        (json!({"endpointSelector": {}, "enableDefaultDeny": {"egress": false}, "egress": names}), NO),
        (
            json!({"endpointSelector": {}, "enableDefaultDeny": {"egress": false}, "egressDeny": [{"toEntities": ["world"]}]}),
            YES,
        ),
        (json!({"endpointSelector": {}, "egress": {}}), UNKNOWN),
    ] {
        assert_eq!(told(&[cilium(&spec)]), expected, "{spec}");
        let mut of_cluster = policy("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", &spec);
        assert_eq!(told(&[of_cluster.clone()]), expected, "{spec}");
        let several = of_cluster["spec"].take();
        of_cluster["specs"] = json!([{"endpointSelector": {}, "ingress": []}, several]);
        assert_eq!(told(&[of_cluster]), expected, "{spec}");
    }
}

#[test]
fn policies_of_calico() {
    let hosts = json!([{"action": "Allow", "destination": {"domains": ["api.openai.com"]}}]);
    for (spec, expected) in [
        (json!({"egress": hosts}), YES),
        (json!({"selector": "all()", "types": ["Egress"]}), YES),
        (json!({"selector": "app == 'bot' && tier == \"back\"", "egress": hosts}), YES),
        (json!({"selector": "app == 'web'", "egress": hosts}), NO),
        (json!({"selector": "projectcalico.org/namespace == 'm'", "egress": hosts}), NO),
        (json!({"selector": "has(app)", "egress": hosts}), UNKNOWN),
        (json!({"serviceAccountSelector": "a == 'b'", "egress": hosts}), UNKNOWN),
        (json!({"types": ["Ingress"], "egress": hosts}), NO),
        (json!({"egress": [{"action": "Allow"}]}), OPENED),
        (json!({"egress": [{"action": "Allow", "destination": {"nets": ["0.0.0.0/0"]}}]}), OPENED),
        (json!({"egress": [{"action": "Allow", "protocol": "TCP"}]}), YES),
        (
            json!({"egress": [{"action": "Deny", "destination": {"nets": ["10.0.0.0/8"]}}, {"action": "Allow"}]}),
            YES,
        ),
        (json!({"egress": [{"action": "Pass"}]}), UNKNOWN),
    ] {
        assert_eq!(told(&[calico(&spec)]), expected, "{spec}");
    }
    let global = |spec: &Value| policy("projectcalico.org/v3", "GlobalNetworkPolicy", "", spec);
    assert_eq!(told(&[global(&json!({"egress": hosts}))]), YES);
    assert_eq!(told(&[global(&json!({"namespaceSelector": "a == 'b'", "egress": hosts}))]), UNKNOWN);
    let staged = policy("projectcalico.org/v3", "StagedNetworkPolicy", "n", &json!({"egress": hosts}));
    assert_eq!(told(&[staged]), NO);
}

#[test]
fn policies_of_others() {
    let antrea = |spec: &Value| policy("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", spec);
    let drop = json!([{"action": "Allow", "to": [{"fqdn": "api.openai.com"}]}, {"action": "Drop"}]);
    for (spec, expected) in [
        (json!({"appliedTo": [{"podSelector": {"matchLabels": {"app": "bot"}}}], "egress": drop}), YES),
        (json!({"appliedTo": [{"podSelector": {"matchLabels": {"app": "web"}}}], "egress": drop}), NO),
        (
            json!({"appliedTo": [{"podSelector": {"matchLabels": {"app": "web"}}}, {"podSelector": {}}], "egress": drop}),
            YES,
        ),
        (
            json!({"appliedTo": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "n"}}}], "egress": drop}),
            YES,
        ),
        (
            json!({"appliedTo": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}], "egress": drop}),
            UNKNOWN,
        ),
        (json!({"appliedTo": [{"group": "bots"}], "egress": drop}), UNKNOWN),
        (json!({"egress": drop}), UNKNOWN),
        // It denies only what it says.
        (
            json!({"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Allow", "to": [{"fqdn": "api.openai.com"}]}]}),
            NO,
        ),
        (
            json!({"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Allow"}, {"action": "Drop"}]}),
            OPENED,
        ),
    ] {
        assert_eq!(told(&[antrea(&spec)]), expected, "{spec}");
    }
    let firewall = |rules: Value| policy("k8s.ovn.org/v1", "EgressFirewall", "n", &json!({"egress": rules}));
    let deny = json!({"type": "Deny", "to": {"cidrSelector": "0.0.0.0/0"}});
    assert_eq!(told(&[firewall(json!([{"type": "Allow", "to": {"dnsName": "api.openai.com"}}, deny]))]), YES);
    assert_eq!(
        told(&[firewall(json!([{"type": "Allow", "to": {"cidrSelector": "0.0.0.0/0"}}, deny]))]),
        OPENED
    );
    let names = json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "egress": [{"matches": [{"name": "api.x.ai"}]}]});
    assert_eq!(told(&[policy("networking.gke.io/v1alpha1", "FQDNNetworkPolicy", "n", &names)]), YES);
}

#[test]
fn pods_of_an_operator_may_have_more_labels() {
    let object = Object::all(json!({"kind": "RayCluster", "apiVersion": "ray.io/v1", "metadata": {"name": "r", "namespace": "n"},
        "spec": {"headGroupSpec": {"template": {"metadata": {"labels": {"app": "bot"}}, "spec": {"containers": [{"image": "a"}]}}}}}))
    .remove(0);
    let pods = Workload::of(&object).unwrap().pods().remove(0);
    let limits = |selector: Value| {
        let objects = Object::all(kubernetes(&json!({"podSelector": selector, "policyTypes": ["Egress"]})));
        limit(&among(&objects), "n", &pods).limits
    };
    assert_eq!(limits(json!({"matchLabels": {"app": "bot"}})), Some(true));
    assert_eq!(limits(json!({"matchLabels": {"app": "web"}})), Some(false));
    assert_eq!(limits(json!({"matchLabels": {"ray.io/cluster": "r"}})), None);
}

fn known(kinds: &[(&str, &str)], silent: &[&str]) -> Known {
    let kind = |(group, resource): &(&str, &str)| Kind {
        group: (*group).to_owned(),
        resource: (*resource).to_owned(),
        version: "v1".to_owned(),
        name: "Policy".to_owned(),
        namespaced: true,
    };
    Known {
        kinds: kinds.iter().map(kind).collect(),
        silent: silent.iter().map(|group| (*group).to_owned()).collect(),
        ..Known::default()
    }
}

/// Every kind of policies as it is covered, with other words for some of them.
fn covered(but: &[(&str, &str, Seen)]) -> Vec<CoveredKind> {
    let one = |kind: &str, within: &str, state| CoveredKind {
        part: String::new(),
        kind: kind.to_owned(),
        within: within.to_owned(),
        state,
        seen: 0,
    };
    let mut all: Vec<CoveredKind> =
        but.iter().map(|(kind, within, state)| one(kind, within, *state)).collect();
    for (group, resource) in KINDS {
        let kind = called(group, resource);
        if !but.iter().any(|(of, ..)| *of == kind) {
            let state = if group == "networking.k8s.io" { Seen::Complete } else { Seen::Absent };
            all.push(one(&kind, "", state));
        }
    }
    all
}

#[test]
fn policies_are_all_known_where_every_kind_of_them_was_listed() {
    let in_namespaces = |of: &[&str]| Listed::In(of.iter().map(|name| (*name).to_owned()).collect());
    let plain = [("networking.k8s.io", "networkpolicies")];
    let of = |but: &[(&str, &str, Seen)]| Listed::of(&known(&plain, &[]), &covered(but));
    assert_eq!(of(&[]), Listed::Everywhere);
    let policies = "networkpolicies.networking.k8s.io";
    assert_eq!(of(&[(policies, "", Seen::Forbidden)]), Listed::Nowhere);
    assert_eq!(of(&[(policies, "", Seen::Truncated)]), Listed::Nowhere);
    let some =
        [(policies, "n", Seen::Complete), (policies, "m", Seen::Truncated), (policies, "o", Seen::Complete)];
    assert_eq!(of(&some), in_namespaces(&["n", "o"]));
    let cilium = ("ciliumnetworkpolicies.cilium.io", "n", Seen::Complete);
    assert_eq!(of(&[some[0], some[2], cilium]), in_namespaces(&["n"]));
    assert_eq!(of(&[("ciliumclusterwidenetworkpolicies.cilium.io", "", Seen::Forbidden)]), Listed::Nowhere);
    assert_eq!(Listed::of(&known(&plain, &[]), &[]), Listed::Nowhere, "nothing was listed at all");

    let with = |kinds: &[(&str, &str)], silent: &[&str]| Listed::of(&known(kinds, silent), &covered(&[]));
    let calico = ("crd.projectcalico.org", "globalnetworkpolicies");
    assert_eq!(with(&[plain[0], calico], &[]), Listed::Nowhere, "policies that are not read");
    let served = ("projectcalico.org", "globalnetworkpolicies");
    assert_eq!(with(&[plain[0], calico, served], &[]), Listed::Everywhere, "the same once more");
    let admin = ("policy.networking.k8s.io", "adminnetworkpolicies");
    assert_eq!(with(&[plain[0], admin], &[]), Listed::Nowhere);
    assert_eq!(with(&[plain[0], ("projectcalico.org", "stagednetworkpolicies")], &[]), Listed::Everywhere);
    assert_eq!(with(&plain, &["projectcalico.org"]), Listed::Nowhere, "what serves them does not answer");
    assert_eq!(with(&plain, &["metrics.k8s.io"]), Listed::Everywhere);

    assert!(in_namespaces(&["n"]).is_in("n") && !in_namespaces(&["n"]).is_in("m"));
    assert!(Listed::Everywhere.is_in("n") && !Listed::Nowhere.is_in("n"));
    assert_eq!(Listed::default(), Listed::Nowhere);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        proptest::bool::ANY.prop_map(Value::from),
        "[a-z]{0,2}|Egress|Allow|Deny|Drop|Pass|bot|app|In|all|0.0.0.0/0".prop_map(Value::from),
    ];
    let key = "podSelector|endpointSelector|appliedTo|matchLabels|matchExpressions|policyTypes|types|egress|egressDeny|to|action|type|ipBlock|cidr|toEntities|app";
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands in a policy of Kubernetes, one more that allows everything is never a reason to say that pods are limited.
    #[test]
    fn one_that_opens_everything_never_limits(spec in any_value(), of in 0..3usize) {
        let makers = [kubernetes, cilium, calico];
        let open = kubernetes(&json!({"podSelector": {}, "egress": [{}]}));
        let before = told(&[makers[of](&spec)]).0;
        let after = told(&[makers[of](&spec), open]).0;
        prop_assert!(after != Some(true) || before == Some(true), "{spec}");
    }

    /// What is said does not hang on the order in which policies came.
    #[test]
    fn the_order_of_policies_says_nothing(one in any_value(), other in any_value()) {
        for maker in [kubernetes, cilium, calico] {
            let (one, other) = (maker(&one), maker(&other));
            prop_assert_eq!(told(&[one.clone(), other.clone()]).0, told(&[other, one]).0);
        }
    }
}
