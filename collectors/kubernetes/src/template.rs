//! The pods that come of a template: what they may do, and the labels by which policies select them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::Object;
use crate::selector::Label;

/// Pods that a workload has, as one of its templates says.
#[derive(Debug, Clone)]
pub(crate) struct Pods<'o> {
    pub(crate) spec: &'o Value,
    pub(crate) annotations: Vec<(&'o str, &'o str)>,
    /// Values that are no text are not told.
    labels: BTreeMap<&'o str, Option<&'o str>>,
    /// Whether the template is of a kind of Kubernetes itself, which changes nothing of it but its labels. An operator may
    /// add whatever it likes.
    pub(crate) is_whole: bool,
    is_pod: bool,
}

/// Labels that Kubernetes gives pods which it makes.
const GIVEN: [&str; 11] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/cronjob-scheduled-timestamp",
    "job-name",
    "controller-uid",
];

impl<'o> Pods<'o> {
    /// The pods of a kind of Kubernetes itself, from where such a kind has its template.
    pub(crate) fn of_kubernetes(object: &'o Object) -> Option<Self> {
        let path = match (object.group.as_str(), object.kind.as_str()) {
            ("", "Pod") => {
                let texts = |map: &'o BTreeMap<String, String>| {
                    map.iter().map(|(key, value)| (key.as_str(), value.as_str()))
                };
                return Some(Self {
                    spec: object.at("/spec")?,
                    annotations: texts(&object.annotations).collect(),
                    labels: texts(&object.labels).map(|(key, value)| (key, Some(value))).collect(),
                    is_whole: true,
                    is_pod: true,
                });
            }
            ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("", "ReplicationController")
            | ("batch", "Job") => "/spec/template",
            ("batch", "CronJob") => "/spec/jobTemplate/spec/template",
            _ => return None,
        };
        let template = object.at(path)?;
        let annotations = template.pointer("/metadata/annotations").and_then(Value::as_object);
        let annotations = annotations.into_iter().flatten();
        Some(Self {
            spec: template.get("spec")?,
            annotations: annotations
                .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
                .collect(),
            labels: texts(template.pointer("/metadata/labels")),
            is_whole: true,
            is_pod: false,
        })
    }

    /// The pods of a template that is found in an object of an operator, with the labels that stand beside it.
    pub(crate) fn of_an_operator(spec: &'o Value, labels: Option<&'o Value>) -> Self {
        Self { spec, annotations: Vec::new(), labels: texts(labels), is_whole: false, is_pod: false }
    }

    /// What is known of a label of theirs.
    pub(crate) fn label(&self, key: &str) -> Label<'o> {
        match self.labels.get(key) {
            Some(Some(value)) => Label::Is(value),
            None if self.is_pod => Label::Absent,
            None if self.is_whole && !GIVEN.contains(&key) => Label::Absent,
            Some(None) | None => Label::Unknown,
        }
    }
}

fn texts(labels: Option<&Value>) -> BTreeMap<&str, Option<&str>> {
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    labels.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_kubernetes_has_its_template_in_its_place() {
        let template = json!({"metadata": {"labels": {"app": "bot", "odd": 1}, "annotations": {"a": "b"}}, "spec": {"containers": []}});
        let told = |version: &str, kind: &str, spec: Value| {
            let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "n", "labels": {"app": "own"}}, "spec": spec});
            let object = Object::all(object).remove(0);
            Pods::of_kubernetes(&object).map(|pods| {
                assert!(pods.is_whole && pods.spec.get("containers").is_some());
                let label = |key| match pods.label(key) {
                    Label::Is(value) => value.to_owned(),
                    other => format!("{other:?}"),
                };
                ["app", "odd", "none", "pod-template-hash"].map(label).join(" ")
            })
        };
        let of_template = Some("bot Unknown Absent Unknown".to_owned());
        for (version, kind) in [
            ("apps/v1", "Deployment"),
            ("extensions/v1beta1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("apps/v1", "ReplicaSet"),
            ("v1", "ReplicationController"),
            ("batch/v1", "Job"),
        ] {
            assert_eq!(told(version, kind, json!({"template": template})), of_template, "{kind}");
            assert_eq!(told(version, kind, json!({"containers": []})), None, "{kind}");
        }
        let schedule = json!({"jobTemplate": {"spec": {"template": template}}});
        assert_eq!(told("batch/v1", "CronJob", schedule), of_template);
        // All labels of a pod are its own.
        let pod = told("v1", "Pod", json!({"containers": []}));
        assert_eq!(pod.as_deref(), Some("own Absent Absent Absent"));
        assert_eq!(told("ray.io/v1", "Deployment", json!({"template": template})), None);
    }

    #[test]
    fn an_operator_may_add_labels() {
        let (spec, labels) = (json!({}), json!({"app": "bot"}));
        let pods = Pods::of_an_operator(&spec, Some(&labels));
        assert_eq!((pods.label("app"), pods.label("none")), (Label::Is("bot"), Label::Unknown));
        assert!(!pods.is_whole);
    }
}
