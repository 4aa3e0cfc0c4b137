//! The table of kinds that a scan lists, and what comes from it: the role that grants the least, and the requests.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;

/// One row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Of the API; empty for the core.
    pub(crate) group: String,
    /// Plural names, or `*`.
    pub(crate) resources: Vec<String>,
    /// Whether names, labels and owners are enough.
    #[serde(default)]
    pub(crate) names: bool,
    /// What stays unknown without it.
    pub(crate) hides: String,
}

impl Row {
    /// Whether the row is about a kind.
    pub(crate) fn is_about(&self, group: &str, resource: &str) -> bool {
        self.group == group && self.resources.iter().any(|of| of == "*" || of == resource)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    list: Vec<Row>,
}

/// All rows, in the order in which they are listed. A table that is broken has none, which a test would see.
pub(crate) static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    toml::from_str(include_str!("../kinds.toml")).map_or_else(|_| Vec::new(), |table: Table| table.list)
});

/// `deployments.apps`, as the command line of Kubernetes calls a kind.
pub(crate) fn called(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

/// The least that a scan needs, as a role of a cluster: every group by its name, and to list alone.
pub(crate) fn role() -> String {
    let mut text = String::from(
        "# What a scan with Muster lists; `muster doctor k8s --policy` prints it. Secrets and ConfigMaps are not in it.\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: muster\nrules:\n",
    );
    let mut done = BTreeSet::new();
    for row in TABLE.iter().filter(|row| done.insert(&row.group)) {
        let of_group = TABLE.iter().filter(|other| other.group == row.group);
        let resources: Vec<String> =
            of_group.flat_map(|row| &row.resources).map(|resource| format!("\"{resource}\"")).collect();
        let _ = write!(
            text,
            "  - apiGroups: [\"{}\"]\n    resources: [{}]\n    verbs: [\"list\"]\n",
            row.group,
            resources.join(", ")
        );
    }
    text
}

/// Every list that a scan may ask for.
pub(crate) fn requests() -> String {
    let rows = TABLE.iter().flat_map(|row| {
        row.resources.iter().map(move |resource| {
            json!({
                "verb": "list",
                "group": row.group,
                "resource": resource,
                "keeps": if row.names { "names, labels, annotations and owners" } else { "the specification, without values of variables" },
                "hides": row.hides,
            })
        })
    });
    let mut all: Vec<_> = rows.collect();
    all.push(
        json!({"verb": "get", "path": "/version, /api, /apis", "keeps": "versions and kinds of the API"}),
    );
    format!("{:#}\n", json!({"requests": all}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_pods_last_and_no_contents_of_secrets() {
        assert!(TABLE.len() > 60, "{}", TABLE.len());
        let names: Vec<String> = TABLE
            .iter()
            .flat_map(|row| row.resources.iter().map(|resource| called(&row.group, resource)))
            .collect();
        assert_eq!(names.last().map(String::as_str), Some("pods"));
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "a kind is listed twice");
        for never in ["secrets", "configmaps", "*", "*.*"] {
            assert!(!names.iter().any(|name| name == never), "{never}");
        }
        assert!(TABLE.iter().all(|row| !row.hides.is_empty()));
    }

    #[test]
    fn the_role_lists_every_kind_and_nothing_else() {
        let role: serde_json::Value = serde_saphyr::from_str(&role()).unwrap();
        for rule in role["rules"].as_array().unwrap() {
            assert_eq!(rule["verbs"], json!(["list"]));
            assert_ne!(rule["apiGroups"], json!(["*"]));
        }
        for row in TABLE.iter() {
            let rules = role["rules"].as_array().unwrap();
            let rule = rules.iter().find(|rule| rule["apiGroups"] == json!([row.group])).unwrap();
            for resource in &row.resources {
                assert!(rule["resources"].as_array().unwrap().contains(&json!(resource)), "{resource}");
            }
        }
    }
}
