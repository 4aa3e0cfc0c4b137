//! Policies that limit where pods may connect to: which pods each is about, and what it leaves open.

use std::collections::BTreeSet;

use asmm_model::{CoveredKind, Seen};
use serde_json::{Map, Value};

use crate::discovery::Known;
use crate::egress::calico;
use crate::kinds::called;
use crate::object::Object;
use crate::selector::{Label, all, any, selects};
use crate::template::Pods;

/// Kinds of policies that are listed, by group and plural name.
const KINDS: [(&str, &str); 9] = [
    ("networking.k8s.io", "networkpolicies"),
    ("cilium.io", "ciliumnetworkpolicies"),
    ("cilium.io", "ciliumclusterwidenetworkpolicies"),
    ("networking.gke.io", "fqdnnetworkpolicies"),
    ("projectcalico.org", "networkpolicies"),
    ("projectcalico.org", "globalnetworkpolicies"),
    ("crd.antrea.io", "networkpolicies"),
    ("crd.antrea.io", "clusternetworkpolicies"),
    ("k8s.ovn.org", "egressfirewalls"),
];
/// Groups that hold what another group has listed: where Calico stores its policies, and what Antrea computes of its own.
const COPIES: [(&str, &str); 2] =
    [("crd.projectcalico.org", "projectcalico.org"), ("controlplane.antrea.io", "crd.antrea.io")];

/// Where in a cluster every policy was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Nobody says so: manifests and saved objects are what somebody chose to save, and a list of policies among them may
    /// be of one namespace, or of one kind.
    #[default]
    Nowhere,
    Everywhere,
    In(BTreeSet<String>),
}

impl Listed {
    /// How much of the policies of a server was seen, by how its lists went. A kind that it does not know has none; one
    /// that cannot be listed, that was read in part, or that only some other list would show, may have any.
    pub(crate) fn of(known: &Known, covered: &[CoveredKind]) -> Self {
        // What serves metrics alone serves no policies.
        if known.silent.iter().any(|group| !group.ends_with("metrics.k8s.io")) {
            return Self::Nowhere;
        }
        if known
            .kinds
            .iter()
            .any(|kind| is_policy(&kind.resource) && !is_read(known, &kind.group, &kind.resource))
        {
            return Self::Nowhere;
        }
        let mut listed = Self::Everywhere;
        for (group, resource) in KINDS {
            listed = listed.and(&called(group, resource), covered);
        }
        listed
    }

    /// The same, as far as one kind more was seen.
    fn and(self, kind: &str, covered: &[CoveredKind]) -> Self {
        let is_seen =
            |one: &&CoveredKind| one.kind == kind && matches!(one.state, Seen::Complete | Seen::Absent);
        let within: BTreeSet<String> = covered.iter().filter(is_seen).map(|one| one.within.clone()).collect();
        match self {
            listed if within.contains("") => listed,
            _ if within.is_empty() => Self::Nowhere,
            Self::Everywhere => Self::In(within),
            Self::In(known) => Self::In(known.intersection(&within).cloned().collect()),
            Self::Nowhere => Self::Nowhere,
        }
    }

    /// Whether no policy about pods of a namespace was missed.
    pub(crate) fn is_in(&self, namespace: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Everywhere => true,
            Self::In(namespaces) => namespaces.contains(namespace),
        }
    }
}

/// Whether objects of a kind limit where pods may connect to, by its name: such kinds are many, and new ones come.
fn is_policy(resource: &str) -> bool {
    let ends = ["networkpolicies", "egressfirewalls"];
    // What is staged is not enforced.
    ends.iter().any(|end| resource.ends_with(end)) && !resource.starts_with("staged")
}

fn is_read(known: &Known, group: &str, resource: &str) -> bool {
    let is_listed = |group: &str| KINDS.iter().any(|(of, kind)| *of == group && *kind == resource);
    let original = COPIES.iter().find(|(copy, _)| *copy == group).map(|(_, original)| *original);
    is_listed(group) || original.is_some_and(|of| known.kinds.iter().any(|kind| kind.group == of))
}

/// What a policy does to the pods that it selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Only what policies allow is left to them.
    Restricts,
    /// Takes something from them, whatever else is allowed.
    Denies,
    /// Allows everything: where allowances add up, nothing is restricted.
    Opens,
    /// Restricts them, unless a policy that comes before it allows more.
    RestrictsInTurn,
    /// Allows everything, unless a policy that comes before it says otherwise. Which comes first is not looked at.
    OpensInTurn,
    /// It cannot be read.
    Unknown,
}

/// A policy of egress, for certain pods.
#[derive(Debug, Clone, Copy)]
struct Policy<'o> {
    object: &'o Object,
    /// Nothing where it cannot be told.
    selects: Option<bool>,
    effect: Effect,
}

/// Whether policies limit where pods may connect to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer<'o> {
    /// Nothing where it cannot be told from the policies that were seen.
    pub(crate) limits: Option<bool>,
    /// The policy that says so: that limits them, or that opens everything again.
    pub(crate) by: Option<&'o Object>,
}

/// Policies of egress among the objects of a cluster.
pub(crate) fn among(objects: &[Object]) -> Vec<&Object> {
    let is_one = |object: &&Object| {
        matches!(
            (object.group.as_str(), object.kind.as_str()),
            ("networking.k8s.io", "NetworkPolicy")
                | ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy")
                | ("networking.gke.io", "FQDNNetworkPolicy")
                | ("projectcalico.org" | "crd.projectcalico.org", "NetworkPolicy" | "GlobalNetworkPolicy")
                | ("crd.antrea.io", "NetworkPolicy" | "ClusterNetworkPolicy")
                | ("k8s.ovn.org", "EgressFirewall")
        )
    };
    objects.iter().filter(is_one).collect()
}

/// What those policies come to for pods of a namespace.
pub(crate) fn limit<'o>(policies: &[&'o Object], namespace: &str, pods: &Pods<'_>) -> Answer<'o> {
    let policies: Vec<Policy<'_>> =
        policies.iter().flat_map(|object| effects(object, namespace, pods)).collect();
    let surely = |effect: Effect| {
        policies.iter().find(|of| of.effect == effect && of.selects == Some(true)).map(|of| of.object)
    };
    let maybe = |effect: Effect| policies.iter().any(|of| of.effect == effect && of.selects != Some(false));
    let any_of = |effects: &[Effect]| effects.iter().any(|effect| maybe(*effect));
    if let Some(policy) = surely(Effect::Denies) {
        return Answer { limits: (!maybe(Effect::OpensInTurn)).then_some(true), by: Some(policy) };
    }
    let is_unsure = any_of(&[Effect::Denies, Effect::RestrictsInTurn, Effect::Unknown]);
    if let Some(policy) = surely(Effect::Opens) {
        return Answer { limits: (!is_unsure).then_some(false), by: Some(policy) };
    }
    if let Some(policy) = surely(Effect::Restricts).or_else(|| surely(Effect::RestrictsInTurn)) {
        let may_be_opened = any_of(&[Effect::Opens, Effect::OpensInTurn, Effect::Unknown]);
        return Answer { limits: (!may_be_opened).then_some(true), by: Some(policy) };
    }
    if is_unsure || maybe(Effect::Restricts) {
        return Answer { limits: None, by: None };
    }
    Answer { limits: Some(false), by: surely(Effect::OpensInTurn) }
}

/// What one object does to pods; several rules of Cilium are several policies.
fn effects<'o>(object: &'o Object, namespace: &str, pods: &Pods<'_>) -> Vec<Policy<'o>> {
    // Manifests that name no namespace are applied to one together.
    if object.namespace != namespace && !is_of_cluster(&object.kind) {
        return Vec::new();
    }
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let label = |key: &str| pods.label(key);
    let one = |selects: Option<bool>, effect: Option<Effect>| {
        effect.map(|effect| Policy { object, selects, effect }).into_iter().collect()
    };
    match (object.group.as_str(), object.kind.as_str()) {
        _ if !spec.is_object() && !spec.is_null() => one(None, Some(Effect::Unknown)),
        ("networking.k8s.io", _) => one(selects(spec.get("podSelector"), &label), of_kubernetes(spec)),
        ("cilium.io", _) => {
            let more = object.at("/specs").and_then(Value::as_array).into_iter().flatten();
            let all = std::iter::once(spec).chain(more);
            all.filter_map(|spec| of_cilium(object, spec, namespace, pods)).collect()
        }
        // What it does not name is denied, unless policies of Kubernetes allow it.
        ("networking.gke.io", _) => one(selects(spec.get("podSelector"), &label), Some(Effect::Restricts)),
        ("projectcalico.org" | "crd.projectcalico.org", _) => {
            one(calico_selects(spec, namespace, pods), of_calico(spec))
        }
        ("crd.antrea.io", _) => one(
            antrea_selects(spec, namespace, pods),
            in_order(spec, "action", &["Drop", "Reject"], &["name", "enableLogging", "logLabel"]),
        ),
        // It is about all pods of its namespace.
        _ => one(Some(true), in_order(spec, "type", &["Deny"], &[])),
    }
}

fn is_of_cluster(kind: &str) -> bool {
    ["CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "ClusterNetworkPolicy"].contains(&kind)
}

/// A list of a policy; nothing where it is no list. One that is not there is empty.
fn list<'v>(of: &'v Value, key: &str) -> Option<&'v [Value]> {
    match of.get(key) {
        None | Some(Value::Null) => Some(&[]),
        Some(value) => value.as_array().map(Vec::as_slice),
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    value.is_none_or(|value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    })
}

/// Whether addresses are all that there are. Whoever may reach every address outside may reach every model there.
fn is_everywhere(cidr: Option<&Value>) -> bool {
    cidr.and_then(Value::as_str).is_some_and(|cidr| ["0.0.0.0/0", "::/0"].contains(&cidr))
}

fn is_whole_block(block: &Value) -> bool {
    is_everywhere(block.get("cidr")) && is_empty(block.get("except"))
}

/// What a policy of Kubernetes does, where it is one of egress: it says so, or says nothing of what it is and has rules of
/// egress (<https://kubernetes.io/docs/concepts/services-networking/network-policies/>).
fn of_kubernetes(spec: &Value) -> Option<Effect> {
    let (Some(types), Some(rules)) = (list(spec, "policyTypes"), list(spec, "egress")) else {
        return Some(Effect::Unknown);
    };
    let is_of_egress =
        if types.is_empty() { !rules.is_empty() } else { types.iter().any(|of| of == "Egress") };
    if !is_of_egress {
        return None;
    }
    Some(of_rules(rules, |rule| {
        let peers = list(rule, "to")?;
        let is_any = |peer: &Value| peer.get("ipBlock").is_some_and(is_whole_block);
        Some(list(rule, "ports")?.is_empty() && (peers.is_empty() || peers.iter().any(is_any)))
    }))
}

/// What rules that add up do: one that opens everything leaves nothing restricted.
fn of_rules(rules: &[Value], opens: impl Fn(&Value) -> Option<bool>) -> Effect {
    let is_rule = |rule: &Value| rule.is_object() || rule.is_null();
    match any(rules.iter().map(|rule| if is_rule(rule) { opens(rule) } else { None })) {
        Some(true) => Effect::Opens,
        Some(false) => Effect::Restricts,
        None => Effect::Unknown,
    }
}

/// One rule of Cilium. What is not allowed is denied as soon as there are rules of egress, unless it says otherwise
/// (<https://docs.cilium.io/en/stable/security/policy/intro/>).
fn of_cilium<'o>(object: &'o Object, spec: &Value, namespace: &str, pods: &Pods<'_>) -> Option<Policy<'o>> {
    // A rule with the other selector is about nodes.
    let selector = spec.get("endpointSelector").filter(|selector| !selector.is_null())?;
    let selects = selects(Some(selector), &|key| {
        let key = ["k8s:", "any:"].iter().find_map(|from| key.strip_prefix(from)).unwrap_or(key);
        match key {
            "io.kubernetes.pod.namespace" => Label::Is(namespace),
            // Its own words, and labels from elsewhere.
            _ if key.contains(':') || key.starts_with("io.cilium.") => Label::Unknown,
            _ => pods.label(key),
        }
    });
    let effect = match (list(spec, "egress"), list(spec, "egressDeny")) {
        (Some(_), Some([_, ..])) => Effect::Denies,
        (Some([]), Some([])) => return None,
        (Some(rules), Some([])) => {
            let is_default_kept =
                spec.pointer("/enableDefaultDeny/egress").and_then(Value::as_bool) != Some(false);
            match of_rules(rules, opens_in_cilium) {
                Effect::Restricts if !is_default_kept => return None,
                effect => effect,
            }
        }
        _ => Effect::Unknown,
    };
    Some(Policy { object, selects, effect })
}

fn opens_in_cilium(rule: &Value) -> Option<bool> {
    let is_narrowed = !list(rule, "toPorts")?.is_empty() || !list(rule, "icmps")?.is_empty();
    let entities = list(rule, "toEntities")?.iter().any(|entity| entity == "all" || entity == "world");
    let addresses = list(rule, "toCIDR")?.iter().any(|cidr| is_everywhere(Some(cidr)));
    let sets = list(rule, "toCIDRSet")?.iter().any(is_whole_block);
    let names =
        list(rule, "toFQDNs")?.iter().any(|name| name.get("matchPattern").is_some_and(|of| of == "*"));
    // A rule that names nothing allows nothing: the other way round than with Kubernetes.
    Some(!is_narrowed && (entities || addresses || sets || names))
}

/// What a policy of Calico does, where it is one of egress: what its rules do not say of the pods that it selects is denied
/// (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy>).
fn of_calico(spec: &Value) -> Option<Effect> {
    let (Some(types), Some(rules)) = (list(spec, "types"), list(spec, "egress")) else {
        return Some(Effect::Unknown);
    };
    let is_of_egress =
        if types.is_empty() { !rules.is_empty() } else { types.iter().any(|of| of == "Egress") };
    if !is_of_egress {
        return None;
    }
    for rule in rules {
        let opens = has_only(rule, &["action", "metadata", "destination"]) && {
            let destination = rule.get("destination");
            let nets = destination.and_then(|of| of.get("nets")).and_then(Value::as_array);
            is_empty(destination)
                || nets.is_some_and(|nets| nets.iter().any(|net| is_everywhere(Some(net))))
                    && destination.is_some_and(|of| has_only(of, &["nets"]))
        };
        match rule.get("action").and_then(Value::as_str) {
            Some("Deny") => return Some(Effect::RestrictsInTurn),
            Some("Allow") if opens => return Some(Effect::OpensInTurn),
            Some("Allow" | "Log") => {}
            // Passes on to the next tier, which is not known.
            _ => return Some(Effect::Unknown),
        }
    }
    Some(Effect::RestrictsInTurn)
}

fn calico_selects(spec: &Value, namespace: &str, pods: &Pods<'_>) -> Option<bool> {
    let text = |key: &str| spec.get(key).map_or(Some(""), Value::as_str).map(str::trim);
    let selector = match text("selector")? {
        "" | "all()" => Some(true),
        selector => calico(selector).and_then(|labels| {
            all(labels.iter().map(|(key, asked)| match pods.label(key) {
                _ if key == "projectcalico.org/namespace" => Some(asked == namespace),
                _ if key.starts_with("projectcalico.org/") => None,
                Label::Is(value) => Some(value == asked),
                Label::Absent => Some(false),
                Label::Unknown => None,
            }))
        }),
    };
    let others = ["namespaceSelector", "serviceAccountSelector"]
        .into_iter()
        .map(|key| text(key).filter(|text| ["", "all()"].contains(text)).map(|_| true));
    all(std::iter::once(selector).chain(others))
}

/// What rules do of which the first that fits decides, and which deny nothing that they do not name: those of Antrea and of
/// OVN. `besides` are fields that say nothing of what is allowed.
fn in_order(spec: &Value, action: &str, denying: &[&str], besides: &[&str]) -> Option<Effect> {
    let Some(rules) = list(spec, "egress") else { return Some(Effect::Unknown) };
    for rule in rules {
        match rule.get(action).and_then(Value::as_str) {
            Some(does) if denying.contains(&does) => return Some(Effect::Denies),
            Some("Allow") => {
                let fields: Vec<&str> = [action, "to"].into_iter().chain(besides.iter().copied()).collect();
                if has_only(rule, &fields) && is_anywhere(rule.get("to")) {
                    return Some(Effect::OpensInTurn);
                }
            }
            Some("Pass") => {}
            _ => return Some(Effect::Unknown),
        }
    }
    None
}

/// Whether a rule of Antrea or OVN is about every destination.
fn is_anywhere(to: Option<&Value>) -> bool {
    let is_any = |peer: &Value| peer.get("ipBlock").is_some_and(is_whole_block);
    match to {
        Some(Value::Array(peers)) => peers.is_empty() || peers.iter().any(is_any),
        to => is_empty(to) || is_everywhere(to.and_then(|to| to.get("cidrSelector"))),
    }
}

fn antrea_selects(spec: &Value, namespace: &str, pods: &Pods<'_>) -> Option<bool> {
    // Rules may say it themselves: which of them do is not told apart.
    let applied = list(spec, "appliedTo").filter(|applied| !applied.is_empty())?;
    any(applied.iter().map(|to| {
        let of_namespace = |key: &str| match key {
            "kubernetes.io/metadata.name" => Label::Is(namespace),
            _ => Label::Unknown,
        };
        let asks = |key: &str| to.get(key).is_some_and(|selector| !selector.is_null());
        if !(asks("podSelector") || asks("namespaceSelector"))
            || !has_only(to, &["podSelector", "namespaceSelector"])
        {
            return None;
        }
        all([
            selects(to.get("podSelector"), &|key| pods.label(key)),
            selects(to.get("namespaceSelector"), &of_namespace),
        ]
        .into_iter())
    }))
}

/// Whether nothing stands in an object but these fields.
fn has_only(object: &Value, fields: &[&str]) -> bool {
    let others = |map: &Map<String, Value>| {
        map.iter().any(|(key, value)| !fields.contains(&key.as_str()) && !is_empty(Some(value)))
    };
    object.as_object().is_some_and(|map| !others(map))
}

#[cfg(test)]
mod tests;
