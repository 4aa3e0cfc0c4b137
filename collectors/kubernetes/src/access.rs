//! What service accounts may do: the rules that bindings give them, and what these amount to.
//!
//! Tiers of power follow the good practices of Kubernetes for RBAC and the attacks that KubeHound describes.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Privilege;
use serde_json::Value;

use crate::object::Object;

/// What an account may do that matters, the most powerful last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Power {
    Reads,
    Changes,
    ReadsCredentials,
    RunsCode,
    TakesOver,
}

impl Power {
    /// As the inventory ranks it. Whoever runs code in a namespace acts under every account of it, and whoever reads its
    /// secrets under every key in it; what these may do is theirs, and is told with them.
    pub(crate) fn privilege(self) -> Privilege {
        match self {
            Self::Reads | Self::ReadsCredentials => Privilege::Read,
            Self::Changes | Self::RunsCode => Privilege::Write,
            Self::TakesOver => Privilege::Admin,
        }
    }

    /// What it is, to a person.
    pub(crate) fn says(self) -> &'static str {
        match self {
            Self::Reads => "may read objects",
            Self::Changes => "may change or stop what runs",
            Self::ReadsCredentials => "may read secrets",
            Self::RunsCode => "may run code in pods of others or of its own making",
            Self::TakesOver => "may give itself any right",
        }
    }
}

/// One right: what, where and by which binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    pub(crate) power: Power,
    /// `create pods/exec`.
    pub(crate) what: String,
    /// Empty for the whole cluster.
    pub(crate) namespace: String,
    /// Place of the binding.
    pub(crate) binding: String,
    pub(crate) role: String,
}

/// Everything that bindings give.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// Rules of roles by kind, namespace and name.
    roles: BTreeMap<(String, String, String), Vec<Value>>,
    /// By `NAMESPACE/NAME` of an account, or by the name of a group.
    rights: BTreeMap<String, BTreeSet<Right>>,
    /// Roles that bindings name and that were not seen, by who is bound.
    unseen: BTreeMap<String, BTreeSet<String>>,
    /// Whether any binding was seen at all: without one nothing can be said.
    pub(crate) is_known: bool,
}

/// Rights of one account that are kept.
const MAX_RIGHTS: usize = 500;

impl Access {
    /// Reads roles and bindings of all objects.
    pub(crate) fn of(objects: &[Object]) -> Self {
        let mut access = Self::default();
        let ours = objects.iter().filter(|object| object.group == "rbac.authorization.k8s.io");
        for role in ours.clone().filter(|object| ["Role", "ClusterRole"].contains(&object.kind.as_str())) {
            let mut rules = role.at("/rules").and_then(Value::as_array).cloned().unwrap_or_default();
            // A controller fills such a role from others; in manifests it is empty still.
            if rules.is_empty() {
                rules = aggregated(role, objects);
            }
            let namespace = if role.kind == "Role" { role.namespace.clone() } else { String::new() };
            access.roles.insert((role.kind.clone(), namespace, role.name.clone()), rules);
        }
        for binding in ours.filter(|object| object.kind.ends_with("Binding")) {
            access.is_known = true;
            access.bind(binding);
        }
        access
    }

    fn bind(&mut self, binding: &Object) {
        let Some(role) = binding.text("/roleRef/name") else { return };
        let kind = binding.text("/roleRef/kind").unwrap_or("ClusterRole");
        let is_cluster = binding.kind == "ClusterRoleBinding";
        let of_role = if kind == "Role" { binding.namespace.clone() } else { String::new() };
        let namespace = if is_cluster { String::new() } else { binding.namespace.clone() };
        let rules =
            self.roles.get(&(kind.to_owned(), of_role, role.to_owned())).cloned().or_else(|| built_in(role));
        let subjects = binding.at("/subjects").and_then(Value::as_array).cloned().unwrap_or_default();
        for subject in &subjects {
            let text = |key: &str| subject.get(key).and_then(Value::as_str);
            let Some(name) = text("name") else { continue };
            let who = match text("kind") {
                Some("ServiceAccount") => {
                    format!("{}/{name}", text("namespace").unwrap_or(&binding.namespace))
                }
                // An account may be written as a user.
                Some("User") => {
                    match name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
                        Some((namespace, name)) => format!("{namespace}/{name}"),
                        None => continue,
                    }
                }
                Some("Group") => name.to_owned(),
                _ => continue,
            };
            let Some(rules) = &rules else {
                self.unseen.entry(who).or_default().insert(format!("{kind} {role}"));
                continue;
            };
            let rights = self.rights.entry(who).or_default();
            for (power, what) in rules.iter().flat_map(powers) {
                if rights.len() < MAX_RIGHTS {
                    rights.insert(Right {
                        power,
                        what,
                        namespace: namespace.clone(),
                        binding: binding.place(),
                        role: role.to_owned(),
                    });
                }
            }
        }
    }

    /// The groups that every account of a namespace is in.
    fn groups(namespace: &str) -> [String; 3] {
        [
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".to_owned(),
        ]
    }

    /// What an account may do, by its own bindings and those of its groups.
    pub(crate) fn rights(&self, namespace: &str, account: &str) -> Vec<&Right> {
        let own = std::iter::once(format!("{namespace}/{account}")).chain(Self::groups(namespace));
        let mut rights: Vec<&Right> = own.filter_map(|who| self.rights.get(&who)).flatten().collect();
        rights.sort_by(|a, b| b.power.cmp(&a.power).then_with(|| a.cmp(b)));
        rights
    }

    /// Roles that are bound to it and were not seen.
    pub(crate) fn unseen(&self, namespace: &str, account: &str) -> Vec<&str> {
        let own = std::iter::once(format!("{namespace}/{account}")).chain(Self::groups(namespace));
        own.filter_map(|who| self.unseen.get(&who)).flatten().map(String::as_str).collect()
    }

    /// The most that an account may do: known only where its bindings and the roles behind them are.
    pub(crate) fn privilege(&self, namespace: &str, account: &str) -> Privilege {
        let most = self.rights(namespace, account).iter().map(|right| right.power.privilege()).max();
        let is_whole = self.is_known && self.unseen(namespace, account).is_empty();
        match most {
            Some(Privilege::Admin) => Privilege::Admin,
            most if is_whole => most.unwrap_or(Privilege::None),
            _ => Privilege::Unknown,
        }
    }
}

/// The rules of the roles that another is put together from, by their labels.
fn aggregated(role: &Object, objects: &[Object]) -> Vec<Value> {
    let selectors = role.at("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
    let selectors: Vec<&serde_json::Map<String, Value>> = selectors
        .into_iter()
        .flatten()
        .filter_map(|selector| selector.get("matchLabels")?.as_object())
        .collect();
    let is_part = |other: &&Object| {
        let has =
            |(key, value): (&String, &Value)| other.labels.get(key).map(String::as_str) == value.as_str();
        other.kind == "ClusterRole"
            && other.name != role.name
            && selectors.iter().any(|labels| !labels.is_empty() && labels.iter().all(has))
    };
    let rules = objects.iter().filter(is_part).filter_map(|other| other.at("/rules")?.as_array());
    rules.flatten().cloned().collect()
}

/// The rules of roles that every cluster has, where an export left them out.
fn built_in(role: &str) -> Option<Vec<Value>> {
    let rule = |verbs: &[&str], resources: &[&str]| serde_json::json!({"apiGroups": ["*"], "verbs": verbs, "resources": resources});
    match role {
        "cluster-admin" => Some(vec![rule(&["*"], &["*"])]),
        "admin" => Some(vec![
            rule(
                &["create", "update", "patch", "delete", "get", "list"],
                &["pods", "deployments", "secrets", "configmaps", "pods/exec"],
            ),
            rule(&["create", "update", "patch"], &["roles", "rolebindings"]),
        ]),
        "edit" => Some(vec![rule(
            &["create", "update", "patch", "delete", "get", "list"],
            &["pods", "deployments", "secrets", "configmaps", "pods/exec"],
        )]),
        "view" => Some(vec![rule(&["get", "list", "watch"], &["pods", "deployments", "configmaps"])]),
        _ => None,
    }
}

/// Kinds whose objects run what they say.
const RUNS: [&str; 22] = [
    "pods",
    "deployments",
    "daemonsets",
    "statefulsets",
    "replicasets",
    "replicationcontrollers",
    "jobs",
    "cronjobs",
    "workflows",
    "cronworkflows",
    "pipelineruns",
    "taskruns",
    "rayjobs",
    "rayclusters",
    "sandboxes",
    "trainjobs",
    "agents",
    "mcpservers",
    "services.serving.knative.dev",
    "pods/exec",
    "pods/attach",
    "pods/ephemeralcontainers",
];
/// Kinds whose objects give rights.
const GIVES: [&str; 8] = [
    "rolebindings",
    "clusterrolebindings",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "certificatesigningrequests/approval",
    "nodes/proxy",
    "serviceaccounts/token",
    "persistentvolumes",
];
const CHANGES: [&str; 4] = ["create", "update", "patch", "*"];

/// What one rule of a role amounts to, each with the verb and the resource that say so.
fn powers(rule: &Value) -> Vec<(Power, String)> {
    let texts = |key: &str| -> Vec<String> {
        let list = rule.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
    };
    let (verbs, resources) = (texts("verbs"), texts("resources"));
    let mut found = Vec::new();
    for resource in &resources {
        let base = resource.split('/').next().unwrap_or(resource);
        for verb in &verbs {
            let changes = CHANGES.contains(&verb.as_str());
            let any = resource == "*";
            // To create a review is to ask what one may do oneself, which everybody may: nothing is kept of it.
            if resource.ends_with("reviews") && verb != "*" {
                continue;
            }
            let power = if (any && verb == "*")
                || ["escalate", "bind", "impersonate", "approve", "sign"].contains(&verb.as_str())
                || changes && (any || GIVES.contains(&resource.as_str()))
            {
                Power::TakesOver
            } else if changes && RUNS.contains(&resource.as_str())
                // To read from these is to run something: a connection is opened by it.
                || ["pods/exec", "pods/attach", "pods/proxy", "services/proxy", "pods/portforward"].contains(&resource.as_str())
            {
                Power::RunsCode
            } else if ["get", "list", "watch", "*"].contains(&verb.as_str())
                && (base == "secrets" || any || resource == "pods/log")
            {
                Power::ReadsCredentials
            } else if changes || ["delete", "deletecollection"].contains(&verb.as_str()) {
                Power::Changes
            } else {
                Power::Reads
            };
            found.push((power, format!("{verb} {resource}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(documents: Value) -> Access {
        Access::of(&Object::all(documents))
    }

    fn role(kind: &str, name: &str, verbs: &[&str], resources: &[&str]) -> Value {
        json!({"kind": kind, "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name, "namespace": "ai"},
               "rules": [{"apiGroups": [""], "verbs": verbs, "resources": resources}]})
    }

    fn binding(kind: &str, role: &str, subject: &Value) -> Value {
        json!({"kind": kind, "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "b", "namespace": "ai"},
               "roleRef": {"kind": if kind == "RoleBinding" { "Role" } else { "ClusterRole" }, "name": role}, "subjects": [subject]})
    }

    #[test]
    fn what_verbs_amount_to() {
        let table: &[(&[&str], &[&str], Power)] = &[
            (&["*"], &["*"], Power::TakesOver),
            (&["create"], &["rolebindings"], Power::TakesOver),
            (&["bind"], &["clusterroles"], Power::TakesOver),
            (&["impersonate"], &["users"], Power::TakesOver),
            (&["create"], &["serviceaccounts/token"], Power::TakesOver),
            (&["create"], &["pods"], Power::RunsCode),
            (&["get"], &["pods/exec"], Power::RunsCode),
            (&["patch"], &["deployments"], Power::RunsCode),
            (&["create"], &["agents"], Power::RunsCode),
            (&["get"], &["secrets"], Power::ReadsCredentials),
            (&["list"], &["*"], Power::ReadsCredentials),
            (&["delete"], &["pods"], Power::Changes),
            (&["update"], &["configmaps"], Power::Changes),
            (&["list"], &["pods"], Power::Reads),
            (&["create", "list"], &["selfsubjectaccessreviews", "pods"], Power::RunsCode),
        ];
        for (verbs, resources, expected) in table {
            let access = access(json!([
                role("Role", "r", verbs, resources),
                binding(
                    "RoleBinding",
                    "r",
                    &json!({"kind": "ServiceAccount", "name": "bot", "namespace": "ai"})
                ),
            ]));
            let rights = access.rights("ai", "bot");
            assert_eq!(rights[0].power, *expected, "{verbs:?} {resources:?}");
            assert_eq!(rights[0].namespace, "ai");
        }
    }

    #[test]
    fn a_role_that_is_put_together_from_others_has_their_rules() {
        let mut part = role("ClusterRole", "part", &["create"], &["pods"]);
        part["metadata"]["labels"] = json!({"to": "whole"});
        let whole = json!({"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "whole"},
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to": "whole"}}]}, "rules": null});
        let bound = binding(
            "ClusterRoleBinding",
            "whole",
            &json!({"kind": "ServiceAccount", "name": "bot", "namespace": "ai"}),
        );
        assert_eq!(access(json!([part, whole, bound])).privilege("ai", "bot"), Privilege::Write);
    }

    #[test]
    fn what_everybody_may_is_no_right() {
        let access = access(json!([
            role("Role", "r", &["create"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            binding("RoleBinding", "r", &json!({"kind": "Group", "name": "system:authenticated"})),
        ]));
        assert_eq!(access.privilege("ai", "bot"), Privilege::None);
    }

    #[test]
    fn groups_and_roles_that_are_not_seen_count() {
        let access = access(json!([
            role("ClusterRole", "reads", &["list"], &["pods"]),
            binding(
                "ClusterRoleBinding",
                "reads",
                &json!({"kind": "Group", "name": "system:serviceaccounts:ai"})
            ),
            binding(
                "ClusterRoleBinding",
                "gone",
                &json!({"kind": "User", "name": "system:serviceaccount:ai:other"})
            ),
            binding(
                "ClusterRoleBinding",
                "cluster-admin",
                &json!({"kind": "ServiceAccount", "name": "root", "namespace": "ai"})
            ),
        ]));
        assert_eq!(access.privilege("ai", "bot"), Privilege::Read);
        assert_eq!(access.privilege("ai", "other"), Privilege::Unknown);
        assert_eq!(access.unseen("ai", "other"), ["ClusterRole gone"]);
        assert_eq!(access.privilege("ai", "root"), Privilege::Admin);
        assert_eq!(access.privilege("else", "where"), Privilege::None);
        assert_eq!(Access::default().privilege("ai", "bot"), Privilege::Unknown, "no binding was seen");
    }
}
