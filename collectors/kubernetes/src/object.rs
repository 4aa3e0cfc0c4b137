//! One object of a cluster, without what no scan needs: values of variables are dropped here, before anything else sees
//! them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::STAND_IN;
use crate::provenance;

/// Objects of one list that are read; a million pods have few templates.
const MAX_ITEMS: usize = 200_000;
/// Lists inside each other.
const MAX_DEPTH: usize = 3;

/// An object as a cluster, or a manifest, holds it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    /// `apps` of `apps/v1`; empty for the kinds of the core.
    pub(crate) group: String,
    pub(crate) kind: String,
    /// Empty for what belongs to no namespace, and for what does not say.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// What made it, by kind and name.
    pub(crate) owners: Vec<(String, String)>,
    /// Everything else, as it was.
    pub(crate) body: Value,
}

/// Annotations that hold whole objects, with every value in them.
const COPIES: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    // Ours: a manifest does not get to say it.
    STAND_IN,
];

impl Object {
    /// The objects that a document holds: one, or those of a list. What is no object of a cluster is none.
    pub(crate) fn all(document: Value) -> Vec<Self> {
        let mut found = Vec::new();
        collect(document, "", 0, &mut found);
        found
    }

    fn of(mut value: Value, list: &str) -> Option<Self> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        // Items of a list of one kind may leave out what the list says.
        let kind = text(&value, "kind").or_else(|| Some(list.strip_suffix("List")?.to_owned()))?;
        let version = text(&value, "apiVersion").unwrap_or_default();
        let metadata = value.as_object_mut().and_then(|map| map.remove("metadata"));
        let Some(Value::Object(mut metadata)) = metadata else { return None };
        let mut named = |key: &str| match metadata.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let name = named("name").or_else(|| named("generateName"))?;
        let namespace = named("namespace").unwrap_or_default();
        let mut texts = |key: &str| -> BTreeMap<String, String> {
            let Some(Value::Object(map)) = metadata.remove(key) else { return BTreeMap::new() };
            let pairs = map.into_iter().filter(|(key, _)| !COPIES.contains(&key.as_str()));
            let text = |(key, value)| if let Value::String(text) = value { Some((key, text)) } else { None };
            pairs.filter_map(text).collect()
        };
        let (labels, annotations) = (texts("labels"), texts("annotations"));
        let owners = metadata.get("ownerReferences").and_then(Value::as_array);
        let owner = |owner: &Value| Some((text(owner, "kind")?, text(owner, "name")?));
        let object = Self {
            group: version.split_once('/').map_or("", |(group, _)| group).to_owned(),
            kind,
            namespace,
            name,
            labels,
            annotations,
            owners: owners.into_iter().flatten().filter_map(owner).collect(),
            body: Value::Null,
        };
        // Contents of secrets and settings are never looked at.
        if object.group.is_empty() && ["Secret", "ConfigMap"].contains(&object.kind.as_str()) {
            return Some(object);
        }
        forget_values(&mut value, 0);
        Some(Self { body: value, ..object })
    }

    /// What a rule calls its type: `Deployment`, `kagent.dev/Agent`.
    pub(crate) fn kind_for_rules(&self) -> String {
        const OWN: [&str; 6] =
            ["apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io"];
        if self.group.is_empty() || OWN.contains(&self.group.as_str()) {
            self.kind.clone()
        } else {
            format!("{}/{}", self.group, self.kind)
        }
    }

    /// `NAMESPACE/KIND/NAME`, which tells where in its cluster it is.
    pub(crate) fn place(&self) -> String {
        let namespace = if self.namespace.is_empty() { "-" } else { &self.namespace };
        format!("{namespace}/{}/{}", self.kind.to_ascii_lowercase(), self.name)
    }

    /// What stands at a path of its body.
    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        self.body.pointer(path)
    }

    /// The text at a path of its body.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }
}

fn collect(document: Value, list: &str, depth: usize, found: &mut Vec<Object>) {
    if found.len() >= MAX_ITEMS {
        return;
    }
    match document {
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                collect(item, list, depth + 1, found);
            }
        }
        Value::Object(mut map) => {
            let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
            match map.remove("items") {
                Some(items @ Value::Array(_)) if kind.ends_with("List") || kind.is_empty() => {
                    collect(items, &kind, depth + 1, found);
                }
                Some(other) => {
                    map.insert("items".to_owned(), other);
                    found.extend(Object::of(Value::Object(map), list));
                }
                None => found.extend(Object::of(Value::Object(map), list)),
            }
        }
        _ => {}
    }
}

/// Variables that name an identity of a cloud, which is no secret.
pub(crate) const IDENTITIES: [&str; 2] = ["AWS_ROLE_ARN", "AZURE_CLIENT_ID"];

/// Variables whose values say which model is used, and where: no secrets.
fn may_be_kept(name: &str) -> bool {
    if provenance::VARIABLES.contains(&name) || IDENTITIES.contains(&name) {
        return true;
    }
    let name = name.to_ascii_uppercase();
    let about = ["MODEL", "BASE_URL", "API_BASE", "ENDPOINT", "_HOST"];
    let secret = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH"];
    about.iter().any(|word| name.contains(word)) && !secret.iter().any(|word| name.contains(word))
}

/// Drops the value of every variable, in containers and in the fields of operators that are called `env`, but for model
/// ids and addresses, of which the part that may hold a password is cut off.
fn forget_values(value: &mut Value, depth: usize) {
    if depth > 64 {
        *value = Value::Null;
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| forget_values(item, depth + 1)),
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), &mut *inner) {
                    // Dapr calls the settings of a component so.
                    ("env" | "metadata", Value::Array(variables)) => {
                        variables.iter_mut().for_each(forget_variable);
                    }
                    ("env" | "environment" | "environmentVariables", Value::Object(variables)) => {
                        for (name, value) in variables.iter_mut() {
                            *value = kept(name, value);
                        }
                    }
                    ("data" | "stringData" | "binaryData", Value::Object(contents)) => {
                        contents.values_mut().for_each(|value| *value = Value::Null);
                    }
                    _ => forget_values(inner, depth + 1),
                }
            }
        }
        _ => {}
    }
}

fn forget_variable(variable: &mut Value) {
    let Value::Object(map) = variable else {
        *variable = Value::Null;
        return;
    };
    let name = map.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(value) = map.get_mut("value") {
        *value = kept(&name, value);
    }
}

fn kept(name: &str, value: &Value) -> Value {
    match value.as_str().filter(|_| may_be_kept(name)) {
        Some(text) => Value::from(address_without_secrets(text)),
        None => Value::Null,
    }
}

/// An address, or another name of a place, without what may be a password: what stands before an @ or behind a ?.
pub(crate) fn address_without_secrets(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    let Some((scheme, rest)) = text.split_once("://") else {
        // `me:password@host`; `git@host:path` has no password.
        return match text.rsplit_once('@') {
            Some((before, host)) if before.contains(':') => host.to_owned(),
            _ => text.to_owned(),
        };
    };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or(host);
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_opened_and_values_are_dropped() {
        let list = json!({"kind": "PodList", "apiVersion": "v1", "items": [
            {"metadata": {"name": "a", "namespace": "n", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "SECRET"}},
             "spec": {"containers": [{"env": [
                {"name": "OPENAI_API_KEY", "value": "SECRET"},
                {"name": "OPENAI_BASE_URL", "value": "https://me:SECRET@proxy/v1?key=SECRET"},
                {"name": "MODEL", "value": "gpt-4o"}, "SECRET",
             ]}]}},
            {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": {"a": "SECRET"}},
            {"kind": "MCPServer", "apiVersion": "kagent.dev/v1alpha1", "metadata": {"name": "m"}, "spec": {"deployment": {"env": {"TOKEN": "SECRET"}}}},
            {"kind": "Component", "apiVersion": "dapr.io/v1alpha1", "metadata": {"name": "d"}, "spec": {"metadata": [{"name": "key", "value": "SECRET"}, {"name": "model", "value": "gpt-4o"}]}},
            7, {"kind": "NoName"},
        ]});
        let objects = Object::all(json!([list]));
        let shown = format!("{objects:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
        let places: Vec<String> = objects.iter().map(Object::place).collect();
        assert_eq!(places, ["n/pod/a", "-/secret/s", "-/mcpserver/m", "-/component/d"]);
        assert_eq!(objects[0].text("/spec/containers/0/env/1/value"), Some("https://proxy/v1"));
        assert_eq!(objects[0].text("/spec/containers/0/env/2/value"), Some("gpt-4o"));
        assert_eq!(objects[2].kind_for_rules(), "kagent.dev/MCPServer");
    }
}
