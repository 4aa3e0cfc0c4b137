//! Service accounts of Kubernetes, the roles that are bound to them, and the workloads that run under them.

use std::sync::Arc;

use asmm_model::{Claim, IdentityKind};
use muster_rules::RulePack;

use super::{Declaration, Known, Part, credential};
use crate::document::Node;
use crate::document::template::HOLE;
use crate::infrastructure::Format;
use crate::program::parent;
use crate::starters::{pod, pod_commands};

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 4] =
    ["ServiceAccount", "serviceAccount", "rbac.authorization.k8s.io", "containers"];

/// What rules call the type of an object: its kind, behind the group where that is not one of Kubernetes itself.
pub(crate) fn kind_of(object: &Node) -> Option<String> {
    const OWN: [&str; 6] =
        ["apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io"];
    let kind = object.text_at(&["kind"])?;
    let group = object.text_at(&["apiVersion"])?.split_once('/').map_or("", |(group, _)| group);
    Some(if group.is_empty() || OWN.contains(&group) { kind.to_owned() } else { format!("{group}/{kind}") })
}

pub(super) fn declarations(pack: &RulePack, object: &Node, path: &Arc<str>) -> Vec<Declaration> {
    declaration(pack, object, path).into_iter().collect()
}

fn declaration(pack: &RulePack, object: &Node, path: &Arc<str>) -> Option<Declaration> {
    let kind = kind_of(object)?;
    let name = object.text_at(&["metadata", "name"])?;
    let space = object.text_at(&["metadata", "namespace"]).unwrap_or_default();
    let line = object.entry("kind").map_or(object.line, |entry| entry.line);
    let mut found = Declaration {
        format: Format::Kubernetes,
        part: Part::Policy,
        address: address(&kind, space, name),
        name: shown(name, path).to_owned(),
        path: Arc::clone(path),
        line,
        refers: Vec::new(),
        speaks: None,
        runs: Vec::new(),
        stands_for: Vec::new(),
        known: Vec::new(),
        kind,
    };
    match found.kind.as_str() {
        "ServiceAccount" => {
            found.part = Part::Principal(IdentityKind::ServiceAccount);
            found.stands_for = stands_for(object);
        }
        "Role" => {}
        "ClusterRole" => found.address = address("ClusterRole", "", name),
        "RoleBinding" | "ClusterRoleBinding" => {
            found.part = Part::Grant;
            let role = object.get("roleRef")?;
            let role_kind = role.text_at(&["kind"]).unwrap_or("ClusterRole");
            let of_role = if role_kind == "Role" { space } else { "" };
            found.refers.push(address(role_kind, of_role, role.text_at(&["name"])?));
            for subject in object.items_at(&["subjects"]) {
                if subject.text_at(&["kind"]) == Some("ServiceAccount")
                    && let Some(name) = subject.text_at(&["name"])
                {
                    let space = subject.text_at(&["namespace"]).unwrap_or(space);
                    found.refers.push(address("ServiceAccount", space, name));
                }
            }
        }
        _ => {
            let pod = pod(object)?;
            found.part = Part::Workload;
            let account = ["serviceAccountName", "serviceAccount"].iter().find_map(|key| pod.entry(key));
            if let Some((account, name)) = account.and_then(|account| Some((account, account.node.text()?))) {
                found.line = account.line;
                found.refers.push(address("ServiceAccount", space, name));
            }
            found.known = vec![known(&found.kind, space, name, line)];
            found.known.extend(secrets(pod).map(|(secret, line)| known("Secret", space, secret, line)));
            found.runs = pod_commands(pod, parent(path));
            found.speaks = ["initContainers", "containers"]
                .iter()
                .flat_map(|key| pod.items_at(&[key]))
                .flat_map(|container| container.items_at(&["env"]))
                .find_map(|variable| credential(pack, variable.get("name")?));
        }
    }
    Some(found)
}

/// What an object is known by in its cluster.
fn known(kind: &str, space: &str, name: &str, line: u32) -> Known {
    let space = if space.is_empty() { "-" } else { space };
    let kind = kind.rsplit('/').next().unwrap_or(kind).to_ascii_lowercase();
    (Claim::Declares, format!("k8s/{space}/{kind}/{name}"), line)
}

/// The secrets that fill variables of a pod, each with its line.
fn secrets(pod: &Node) -> impl Iterator<Item = (&str, u32)> {
    let containers = ["initContainers", "containers"].into_iter().flat_map(|key| pod.items_at(&[key]));
    let variables = containers.flat_map(|container| container.items_at(&["env"]));
    let named = variables.filter_map(|variable| variable.at(&["valueFrom", "secretKeyRef"])?.entry("name"));
    named.filter_map(|name| Some((name.node.text()?, name.line)))
}

/// The same of an object that a rule knows by its type.
pub(crate) fn object(kind: &str, body: &Node) -> Option<(String, u32)> {
    let name = body.at(&["metadata"])?.entry("name")?;
    let text = name.node.text().filter(|text| !text.contains(HOLE))?;
    let space = body.text_at(&["metadata", "namespace"]).filter(|space| !space.contains(HOLE));
    let (_, value, line) = known(kind, space.unwrap_or_default(), text, name.line);
    Some((value, line))
}

/// A name as it is told: what a template completes goes by its chart.
fn shown<'n>(name: &'n str, path: &'n str) -> &'n str {
    if !name.contains(HOLE) {
        return name;
    }
    let chart = parent(path).split("/templates").next().unwrap_or_default();
    chart.rsplit('/').next().filter(|chart| !chart.is_empty()).unwrap_or("chart")
}

/// What names of other documents lead to: a name in a namespace, or in the one that the document does not say.
fn address(kind: &str, space: &str, name: &str) -> String {
    format!("{kind}/{space}/{name}")
}

/// Principals of a cloud that an account is exchanged for, by the annotations of the clouds.
fn stands_for(object: &Node) -> Vec<(IdentityKind, String, u32)> {
    const KEYS: [(&str, IdentityKind); 2] = [
        ("eks.amazonaws.com/role-arn", IdentityKind::CloudRole),
        ("iam.gke.io/gcp-service-account", IdentityKind::ServiceAccount),
    ];
    let annotations = object.entries_at(&["metadata", "annotations"]).iter();
    let known = annotations.filter_map(|annotation| {
        let (_, identity) = KEYS.iter().find(|(key, _)| *key == annotation.key)?;
        let value = annotation.node.text()?;
        let is_known = !value.is_empty() && value.len() <= super::LONGEST;
        is_known.then(|| (*identity, value.to_owned(), annotation.line))
    });
    known.collect()
}
