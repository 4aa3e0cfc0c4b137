//! Service accounts of Kubernetes, the roles that are bound to them, and the workloads that run under them.

use std::sync::Arc;

use asmm_model::IdentityKind;
use muster_rules::RulePack;

use super::{Declaration, Part, credential};
use crate::document::Node;
use crate::document::template::HOLE;
use crate::infrastructure::Format;
use crate::program::parent;
use crate::starters::pod_commands;

/// One of these stands in every file that is read here.
pub(super) const MARKS: [&str; 3] = ["ServiceAccount", "serviceAccount", "rbac.authorization.k8s.io"];

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
            let account = ["serviceAccountName", "serviceAccount"].iter().find_map(|key| pod.entry(key))?;
            found.part = Part::Workload;
            found.line = account.line;
            found.refers.push(address("ServiceAccount", space, account.node.text()?));
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

/// The specification of the pods that a workload runs.
fn pod(object: &Node) -> Option<&Node> {
    let places: [&[&str]; 3] =
        [&["spec", "jobTemplate", "spec", "template", "spec"], &["spec", "template", "spec"], &["spec"]];
    places.iter().find_map(|place| object.at(place).filter(|spec| spec.get("containers").is_some()))
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
        let name =
            value.rsplit('/').next().filter(|name| !name.is_empty() && name.len() <= super::LONGEST)?;
        Some((*identity, name.to_owned(), annotation.line))
    });
    known.collect()
}
