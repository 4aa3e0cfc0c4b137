//! What another tool found: bills of materials that k8s-aibom writes as objects, one for each workload. They are claims.

use serde_json::Value;

use crate::object::{Object, address_without_secrets};

/// What one of them says.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    /// The runtime that it recognised, with its version where it names one.
    pub(crate) runtime: Option<String>,
    pub(crate) models: Vec<String>,
}

/// Models of one of them that are told.
const MAX_MODELS: usize = 50;

const KIND: &str = "aibom.k8saibom.dev/AIBOM";

/// What an object says that is such a bill of materials.
pub(crate) fn told(object: &Object) -> Option<Told> {
    if object.kind_for_rules() != KIND {
        return None;
    }
    let text = |path: &str| object.text(path).filter(|text| !text.is_empty());
    let version = text("/status/summary/runtime/version").map(|version| format!(" {version}"));
    let runtime =
        text("/status/summary/runtime/name").map(|name| name.to_owned() + &version.unwrap_or_default());
    let models = object.at("/status/summary/models").and_then(Value::as_array);
    let named = models.into_iter().flatten().filter_map(|model| model.get("identity")?.as_str());
    let models =
        named.filter(|name| !name.is_empty()).take(MAX_MODELS).map(address_without_secrets).collect();
    Some(Told { runtime, models })
}

/// The workload that it is about, in its own namespace, among objects in the order of [`crate::cluster::Cluster::finish`]. None
/// where that is not among them.
pub(crate) fn workload<'o>(object: &Object, objects: &'o [Object]) -> Option<&'o Object> {
    let [version, kind, name] =
        ["apiVersion", "kind", "name"].map(|part| object.text(&format!("/spec/workloadRef/{part}")));
    let group = version.unwrap_or_default().split_once('/').map_or("", |(group, _)| group);
    let sought = (object.namespace.as_str(), kind?, name?, group);
    let of = |other: &'o Object| {
        (other.namespace.as_str(), other.kind.as_str(), other.name.as_str(), other.group.as_str())
    };
    objects.binary_search_by(|other| of(other).cmp(&sought)).ok().map(|at| &objects[at])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bill_of_materials_is_about_a_workload_of_its_namespace() {
        let of = |namespace: &str| json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "llama", "namespace": namespace}});
        let bom = |status: Value| {
            json!({
                "kind": "AIBOM", "apiVersion": "aibom.k8saibom.dev/v1beta1", "metadata": {"name": "deployment-llama", "namespace": "ai"},
                "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}}, "status": status,
            })
        };
        let full = bom(json!({"summary": {
            "runtime": {"name": "vllm", "version": "0.9.1"},
            "models": [{"identity": "s3://me:hunter2@models/llama"}, {"identity": ""}, {"source": "env_var"}],
        }}));
        let objects =
            Object::all(json!({"kind": "List", "apiVersion": "v1", "items": [full, of("ai"), of("web")]}));
        let [bill, ai, _] = &objects[..] else { panic!("three objects") };
        let models = vec!["s3://models/llama".to_owned()];
        assert_eq!(told(bill), Some(Told { runtime: Some("vllm 0.9.1".to_owned()), models }));
        assert_eq!(workload(bill, &objects), Some(ai));
        assert_eq!(workload(bill, &objects[2..]), None);
        assert_eq!(told(ai), None);
        let bare = Object::all(bom(Value::Null)).remove(0);
        assert_eq!(told(&bare), Some(Told { runtime: None, models: Vec::new() }));
    }
}
