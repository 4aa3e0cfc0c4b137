//! Hosts outside that policies let workloads reach: of Cilium, Istio, GKE, Calico, Antrea, OVN and gateways.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::Object;

/// A host that something may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Egress {
    pub(crate) host: String,
    /// Labels of the pods that are meant; nothing where the policy does not tell pods from each other.
    pub(crate) pods: Option<BTreeMap<String, String>>,
    /// Of these pods; empty for all.
    pub(crate) namespace: String,
    /// Place of the policy.
    pub(crate) place: String,
}

impl Egress {
    /// Whether it is about pods with these labels.
    pub(crate) fn is_about(&self, namespace: &str, labels: &dyn Fn(&str) -> Option<String>) -> bool {
        let Some(pods) = &self.pods else { return false };
        (self.namespace.is_empty() || self.namespace == namespace)
            && pods.iter().all(|(key, value)| labels(key).as_ref() == Some(value))
    }
}

/// Hosts of one policy.
const MAX_HOSTS: usize = 1_000;

/// The hosts that an object opens; none where it is no such policy.
pub(crate) fn of(object: &Object) -> Vec<Egress> {
    let spec = object.at("/spec").unwrap_or(&Value::Null);
    let (selector, hosts) = match (object.group.as_str(), object.kind.as_str()) {
        ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
            let all = items(&object.body, "/specs").chain(object.at("/spec"));
            return all.flat_map(|spec| of_cilium(object, spec)).take(MAX_HOSTS).collect();
        }
        ("networking.gke.io", "FQDNNetworkPolicy") => {
            (labels(spec, "/podSelector"), below(spec, "/egress", "/matches", &["/name", "/pattern"]))
        }
        ("projectcalico.org" | "crd.projectcalico.org", _) => (
            spec.get("selector").and_then(Value::as_str).and_then(calico),
            items(spec, "/egress")
                .filter(|rule| text(rule, "/action") == Some("Allow"))
                .flat_map(|rule| items(rule, "/destination/domains"))
                .filter_map(Value::as_str)
                .collect(),
        ),
        ("crd.antrea.io", _) => (
            items(spec, "/appliedTo").find_map(|applied| labels(applied, "/podSelector")),
            below(spec, "/egress", "/to", &["/fqdn"]),
        ),
        ("k8s.ovn.org", "EgressFirewall") => (
            None,
            items(spec, "/egress")
                .filter(|rule| text(rule, "/type") == Some("Allow"))
                .filter_map(|rule| text(rule, "/to/dnsName"))
                .collect(),
        ),
        ("networking.istio.io", "ServiceEntry") => {
            (None, items(spec, "/hosts").filter_map(Value::as_str).collect())
        }
        ("gateway.envoyproxy.io", "Backend") => (
            None,
            items(spec, "/endpoints").filter_map(|endpoint| text(endpoint, "/fqdn/hostname")).collect(),
        ),
        ("dapr.io", "HTTPEndpoint") => (None, text(spec, "/baseUrl").and_then(host_of).into_iter().collect()),
        ("", "Service") if text(spec, "/type") == Some("ExternalName") => {
            (None, text(spec, "/externalName").into_iter().collect())
        }
        _ => return Vec::new(),
    };
    let hosts: Vec<&str> = hosts;
    hosts.into_iter().take(MAX_HOSTS).map(|host| egress(object, host, selector.clone())).collect()
}

fn egress(object: &Object, host: &str, pods: Option<BTreeMap<String, String>>) -> Egress {
    Egress { host: host.to_owned(), pods, namespace: object.namespace.clone(), place: object.place() }
}

fn of_cilium(object: &Object, spec: &Value) -> Vec<Egress> {
    let selector = labels(spec, "/endpointSelector").map(|labels| {
        // Labels may say where they come from.
        let plain = |(key, value): (String, String)| {
            let key =
                ["k8s:", "any:"].iter().find_map(|from| key.strip_prefix(from)).unwrap_or(&key).to_owned();
            (key, value)
        };
        labels.into_iter().map(plain).collect::<BTreeMap<_, _>>()
    });
    let hosts = below(spec, "/egress", "/toFQDNs", &["/matchName", "/matchPattern"]);
    hosts.into_iter().map(|host| egress(object, host, selector.clone())).collect()
}

/// The host of an address.
pub(crate) fn host_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    Some(host.split(':').next().unwrap_or(host)).filter(|host| !host.is_empty())
}

/// Labels that a selector asks for; nothing where it asks for none, or for more than labels.
fn labels(value: &Value, path: &str) -> Option<BTreeMap<String, String>> {
    let selector = value.pointer(path)?;
    if selector.get("matchExpressions").is_some() {
        return None;
    }
    let map = selector.get("matchLabels")?.as_object()?;
    let labels: BTreeMap<String, String> =
        map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    (!labels.is_empty() && labels.len() == map.len()).then_some(labels)
}

/// `app == 'bot' && tier == "back"` of Calico; nothing where it says more than that.
pub(crate) fn calico(selector: &str) -> Option<BTreeMap<String, String>> {
    let pair = |part: &str| {
        let (key, value) = part.split_once("==")?;
        let (key, value) = (key.trim(), value.trim().trim_matches(['\'', '"']));
        let is_plain = !key.is_empty() && !key.contains(['!', '(', ' ', '|']) && !value.contains(['(', '|']);
        is_plain.then(|| (key.to_owned(), value.to_owned()))
    };
    selector.split("&&").map(pair).collect()
}

fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    value.pointer(path)?.as_str()
}

fn items<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

fn below<'v>(spec: &'v Value, rules: &str, to: &str, names: &[&str]) -> Vec<&'v str> {
    let all = items(spec, rules).flat_map(|rule| items(rule, to));
    all.filter_map(|peer| names.iter().find_map(|name| text(peer, name))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_policy_tells_its_hosts_and_whom_it_is_about() {
        let documents = json!([
            {"kind": "CiliumNetworkPolicy", "apiVersion": "cilium.io/v2", "metadata": {"name": "a", "namespace": "n"}, "spec": {
                "endpointSelector": {"matchLabels": {"k8s:app": "bot"}}, "egress": [{"toFQDNs": [{"matchName": "api.openai.com"}, {"matchPattern": "*.anthropic.com"}]}]}},
            {"kind": "ServiceEntry", "apiVersion": "networking.istio.io/v1", "metadata": {"name": "b", "namespace": "n"}, "spec": {"hosts": ["api.groq.com"]}},
            {"kind": "FQDNNetworkPolicy", "apiVersion": "networking.gke.io/v1alpha1", "metadata": {"name": "c", "namespace": "n"}, "spec": {
                "podSelector": {"matchLabels": {"app": "bot"}}, "egress": [{"matches": [{"name": "api.x.ai"}]}]}},
            {"kind": "NetworkPolicy", "apiVersion": "projectcalico.org/v3", "metadata": {"name": "d", "namespace": "n"}, "spec": {
                "selector": "app == 'bot' && tier == \"x\"", "egress": [{"action": "Allow", "destination": {"domains": ["api.cohere.com"]}}, {"action": "Deny", "destination": {"domains": ["no.example"]}}]}},
            {"kind": "NetworkPolicy", "apiVersion": "crd.antrea.io/v1beta1", "metadata": {"name": "e", "namespace": "n"}, "spec": {
                "appliedTo": [{"podSelector": {"matchLabels": {"app": "bot"}}}], "egress": [{"to": [{"fqdn": "api.mistral.ai"}]}]}},
            {"kind": "EgressFirewall", "apiVersion": "k8s.ovn.org/v1", "metadata": {"name": "f", "namespace": "n"}, "spec": {"egress": [{"type": "Allow", "to": {"dnsName": "api.deepseek.com"}}]}},
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "g", "namespace": "n"}, "spec": {"type": "ExternalName", "externalName": "openrouter.ai"}},
            {"kind": "HTTPEndpoint", "apiVersion": "dapr.io/v1alpha1", "metadata": {"name": "h", "namespace": "n"}, "spec": {"baseUrl": "https://me:pass@api.openai.com:443/v1"}},
            {"kind": "NetworkPolicy", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "i", "namespace": "n"}, "spec": {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}},
        ]);
        let objects = Object::all(documents);
        let found: Vec<String> = objects
            .iter()
            .flat_map(of)
            .map(|egress| {
                format!(
                    "{} {} {:?}",
                    egress.place,
                    egress.host,
                    egress.pods.map(|pods| pods.into_iter().collect::<Vec<_>>())
                )
            })
            .collect();
        let bot = "Some([(\"app\", \"bot\")])";
        assert_eq!(
            found,
            [
                format!("n/ciliumnetworkpolicy/a api.openai.com {bot}"),
                format!("n/ciliumnetworkpolicy/a *.anthropic.com {bot}"),
                "n/serviceentry/b api.groq.com None".to_owned(),
                format!("n/fqdnnetworkpolicy/c api.x.ai {bot}"),
                "n/networkpolicy/d api.cohere.com Some([(\"app\", \"bot\"), (\"tier\", \"x\")])".to_owned(),
                format!("n/networkpolicy/e api.mistral.ai {bot}"),
                "n/egressfirewall/f api.deepseek.com None".to_owned(),
                "n/service/g openrouter.ai None".to_owned(),
                "n/httpendpoint/h api.openai.com None".to_owned(),
            ]
        );
        let cilium = &of(&objects[0])[0];
        assert!(cilium.is_about("n", &|key| (key == "app").then(|| "bot".to_owned())));
        assert!(!cilium.is_about("other", &|key| (key == "app").then(|| "bot".to_owned())));
        assert!(!cilium.is_about("n", &|_| None));
    }
}
