//! A glance at a page of pods: most are as the one before, and need not be read in full.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;

use crate::page::ListMetadata;

/// What of a pod tells whether it has to be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Glance<'t> {
    pub(crate) namespace: Cow<'t, str>,
    /// Kind and name of what made it.
    pub(crate) owner: Option<(Cow<'t, str>, Cow<'t, str>)>,
    /// The label by which a deployment tells its pods.
    pub(crate) template_hash: Option<Cow<'t, str>>,
    /// Two pods of one owner with the same print show the same.
    pub(crate) print: u64,
}

/// The pods of a page, in its order, and where the next one begins; nothing where it is not of the form that it should have.
pub(crate) fn at(page: &[u8]) -> Option<(Vec<Glance<'_>>, Option<String>)> {
    let page: Page<'_> = serde_json::from_slice(page).ok()?;
    Some((page.items?.into_iter().map(Pod::glance).collect(), page.metadata.unwrap_or_default().next()))
}

#[derive(Deserialize)]
struct Page<'t> {
    metadata: Option<ListMetadata>,
    #[serde(borrow)]
    items: Option<Vec<Pod<'t>>>,
}

/// A text that is copied only where it has to be.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[derive(Deserialize)]
struct Pod<'t> {
    #[serde(borrow)]
    metadata: Metadata<'t>,
    #[serde(borrow)]
    spec: Option<Spec<'t>>,
    #[serde(borrow)]
    status: Option<Status<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'t> {
    #[serde(borrow)]
    namespace: Option<Text<'t>>,
    #[serde(borrow)]
    labels: Option<Labels<'t>>,
    #[serde(borrow)]
    owner_references: Option<Vec<Owner<'t>>>,
}

#[derive(Deserialize)]
struct Labels<'t> {
    #[serde(borrow, rename = "pod-template-hash")]
    template_hash: Option<Text<'t>>,
}

#[derive(Deserialize)]
struct Owner<'t> {
    #[serde(borrow)]
    kind: Text<'t>,
    #[serde(borrow)]
    name: Text<'t>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct Spec<'t> {
    #[serde(borrow)]
    service_account_name: Option<Text<'t>>,
    #[serde(borrow)]
    init_containers: Option<Vec<Container<'t>>>,
    #[serde(borrow)]
    containers: Option<Vec<Container<'t>>>,
    #[serde(borrow)]
    volumes: Option<Vec<Volume<'t>>>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct Container<'t> {
    #[serde(borrow)]
    image: Option<Text<'t>>,
    #[serde(borrow)]
    command: Option<Vec<Text<'t>>>,
    #[serde(borrow)]
    args: Option<Vec<Text<'t>>>,
    #[serde(borrow)]
    env: Option<Vec<Variable<'t>>>,
    #[serde(borrow)]
    env_from: Option<Vec<From<'t>>>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct Variable<'t> {
    #[serde(borrow)]
    name: Option<Text<'t>>,
    #[serde(borrow)]
    value_from: Option<From<'t>>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct From<'t> {
    #[serde(borrow)]
    secret_key_ref: Option<Secret<'t>>,
    #[serde(borrow)]
    secret_ref: Option<Secret<'t>>,
}

#[derive(Deserialize, Hash)]
struct Secret<'t> {
    #[serde(borrow)]
    name: Option<Text<'t>>,
    #[serde(borrow)]
    key: Option<Text<'t>>,
}

#[derive(Deserialize, Hash)]
struct Volume<'t> {
    #[serde(borrow)]
    projected: Option<Projected<'t>>,
}

#[derive(Deserialize, Hash)]
struct Projected<'t> {
    #[serde(borrow)]
    sources: Option<Vec<Source<'t>>>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct Source<'t> {
    #[serde(borrow)]
    service_account_token: Option<Token<'t>>,
}

#[derive(Deserialize, Hash)]
struct Token<'t> {
    #[serde(borrow)]
    audience: Option<Text<'t>>,
}

#[derive(Deserialize, Hash)]
#[serde(rename_all = "camelCase")]
struct Status<'t> {
    #[serde(borrow)]
    container_statuses: Option<Vec<Running<'t>>>,
}

#[derive(Deserialize, Hash)]
struct Running<'t> {
    #[serde(borrow, rename = "imageID")]
    digest: Option<Text<'t>>,
}

impl<'t> Pod<'t> {
    fn glance(self) -> Glance<'t> {
        let mut hasher = DefaultHasher::new();
        (&self.spec, &self.status).hash(&mut hasher);
        let Metadata { namespace, labels, owner_references } = self.metadata;
        let owner = owner_references.and_then(|owners| owners.into_iter().next());
        Glance {
            namespace: namespace.map_or(Cow::Borrowed(""), |namespace| namespace.0),
            owner: owner.map(|owner| (owner.kind.0, owner.name.0)),
            template_hash: labels.and_then(|labels| labels.template_hash).map(|hash| hash.0),
            print: hasher.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut pod = json!({"metadata": {"name": name, "namespace": "n", "labels": {"pod-template-hash": "5f"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "a-5f", "uid": name}]},
            "spec": {"nodeName": name, "containers": [{"image": "a", "env": [{"name": "X", "value": "\u{e9}\n"}]}],
                "volumes": [{"name": format!("kube-api-access-{name}"), "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]},
            "status": {"podIP": name}});
        change(&mut pod);
        pod
    }

    #[test]
    fn pods_of_one_template_look_alike_and_others_do_not() {
        let page = json!({"metadata": {"continue": "more"}, "items": [
            pod("a", |_| {}),
            pod("b", |_| {}),
            pod("c", |pod| pod["spec"]["containers"][0]["env"][0]["name"] = "OPENAI_API_KEY".into()),
            pod("d", |pod| pod["spec"]["containers"][0]["image"] = "b".into()),
            pod("e", |pod| pod["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"] = "sts".into()),
            pod("f", |pod| pod["status"]["containerStatuses"] = json!([{"imageID": "x@sha256:1"}])),
            pod("g", |pod| pod["metadata"]["ownerReferences"] = Value::Null),
        ]})
        .to_string();
        let (all, next) = at(page.as_bytes()).unwrap();
        assert_eq!(next.as_deref(), Some("more"));
        assert_eq!(all[0], all[1]);
        assert_eq!(all[0].owner, Some(("ReplicaSet".into(), "a-5f".into())));
        for other in 2..6 {
            assert_ne!(all[0].print, all[other].print, "{other}");
        }
        assert_eq!(all[6].owner, None);
        assert_eq!(at(b"{\"items\": 3}"), None);
        assert_eq!(at(b"{\"items\": [{\"metadata\": {\"namespace\": 3}}]}"), None);
    }
}
