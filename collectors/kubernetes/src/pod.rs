//! What a template of pods runs: images, names of variables, commands, accelerators, and the account it acts under.

use serde_json::Value;

use crate::object::Object;

/// A workload with the specification of its pods.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload<'o> {
    pub(crate) object: &'o Object,
    spec: &'o Value,
}

/// A variable of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variable<'o> {
    pub(crate) name: &'o str,
    /// Name and key of the secret that fills it.
    pub(crate) secret: Option<(&'o str, &'o str)>,
    /// What it is set to, of the few that are kept.
    pub(crate) value: Option<&'o str>,
}

/// Where objects have the specification of their pods.
const PLACES: [&str; 5] = [
    "/spec/jobTemplate/spec/template/spec",
    "/spec/template/spec",
    "/spec/podTemplate/spec",
    "/spec/workflowSpec/podSpec",
    "/spec",
];
/// Kinds that only carry out what another object says.
const CARRIERS: [&str; 7] =
    ["ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"];

impl<'o> Workload<'o> {
    /// The workload that an object is; what another workload made is told by that one.
    pub(crate) fn of(object: &'o Object) -> Option<Self> {
        if object.owners.iter().any(|(kind, _)| CARRIERS.contains(&kind.as_str())) {
            return None;
        }
        let spec = PLACES
            .iter()
            .find_map(|place| object.at(place).filter(|spec| spec.get("containers").is_some()))?;
        Some(Self { object, spec })
    }

    /// Every container, those that run before and beside the others as well.
    fn containers(self) -> impl Iterator<Item = &'o Value> {
        ["initContainers", "containers"]
            .into_iter()
            .filter_map(move |key| self.spec.get(key)?.as_array())
            .flatten()
    }

    /// The service account that its pods act under; `default` where none is named.
    pub(crate) fn account(self) -> &'o str {
        let named =
            ["serviceAccountName", "serviceAccount"].into_iter().find_map(|key| self.spec.get(key)?.as_str());
        named.filter(|name| !name.is_empty()).unwrap_or("default")
    }

    /// Whether a token of the account is put into its pods.
    pub(crate) fn has_token(self) -> bool {
        self.spec.get("automountServiceAccountToken").and_then(Value::as_bool) != Some(false)
    }

    pub(crate) fn images(self) -> impl Iterator<Item = &'o str> {
        self.containers().filter_map(|container| container.get("image")?.as_str())
    }

    pub(crate) fn variables(self) -> Vec<Variable<'o>> {
        let each = |variable: &'o Value| {
            let secret = variable.pointer("/valueFrom/secretKeyRef");
            Some(Variable {
                name: variable.get("name")?.as_str()?,
                secret: secret
                    .and_then(|secret| Some((secret.get("name")?.as_str()?, secret.get("key")?.as_str()?))),
                value: variable.get("value").and_then(Value::as_str),
            })
        };
        let all = self.containers().filter_map(|container| container.get("env")?.as_array()).flatten();
        let mut variables: Vec<Variable<'_>> = all.filter_map(each).collect();
        variables.sort();
        variables.dedup();
        variables
    }

    /// Accelerators that it asks for, as `nvidia.com/gpu`.
    pub(crate) fn accelerators(self) -> Vec<&'o str> {
        const VENDORS: [&str; 9] = [
            "nvidia.com/",
            "amd.com/gpu",
            "gpu.intel.com/",
            "habana.ai/",
            "google.com/tpu",
            "aws.amazon.com/neuron",
            "huawei.com/ascend",
            "qualcomm.com/qaic",
            "tenstorrent.com/",
        ];
        let asked = self.containers().flat_map(|container| {
            ["/resources/limits", "/resources/requests"]
                .into_iter()
                .filter_map(|path| container.pointer(path)?.as_object())
        });
        let mut names: Vec<&str> = asked
            .flat_map(|map| map.keys().map(String::as_str))
            .filter(|name| VENDORS.iter().any(|vendor| name.to_ascii_lowercase().starts_with(vendor)))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Claims of volumes that outlive its pods.
    pub(crate) fn claims(self) -> Vec<&'o str> {
        let volumes = self.spec.get("volumes").and_then(Value::as_array).into_iter().flatten();
        volumes.filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str()).collect()
    }

    /// When it runs by itself, and whether that is switched off for now.
    pub(crate) fn schedule(self) -> Option<(&'o str, bool)> {
        let when = self.object.text("/spec/schedule")?;
        let suspended = self.object.at("/spec/suspend").and_then(Value::as_bool) == Some(true);
        Some((when, suspended))
    }
}

/// The repository of an image, without its registry, tag and digest: `vllm/vllm-openai` of
/// `mirror.example:5000/docker-hub/vllm/vllm-openai:v1@sha256:…` is one of the endings that are tried.
pub(crate) fn repositories(image: &str) -> Vec<String> {
    let image = image.split('@').next().unwrap_or(image);
    // A colon behind the last slash begins a tag; one before it belongs to a port.
    let (path, last) = image.rsplit_once('/').map_or(("", image), |(path, last)| (path, last));
    let last = last.split(':').next().unwrap_or(last);
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.push(last);
    // The whole first, with its registry as rules may name it, and then what mirrors put a path in front of.
    (0..parts.len()).map(|from| parts[from..].join("/").to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_known_behind_any_mirror() {
        assert_eq!(
            repositories("mirror.example:5000/docker-hub/vllm/vllm-openai:v0.9@sha256:aa"),
            [
                "mirror.example:5000/docker-hub/vllm/vllm-openai",
                "docker-hub/vllm/vllm-openai",
                "vllm/vllm-openai",
                "vllm-openai"
            ]
        );
        assert_eq!(repositories("qdrant"), ["qdrant"]);
    }

    #[test]
    fn a_template_tells_what_its_pods_run() {
        let object = Object::all(json!({"kind": "CronJob", "apiVersion": "batch/v1", "metadata": {"name": "n", "namespace": "a"}, "spec": {
            "schedule": "0 2 * * *", "suspend": true,
            "jobTemplate": {"spec": {"template": {"spec": {
                "serviceAccountName": "bot",
                "initContainers": [{"image": "busybox"}],
                "containers": [{"image": "acme/bot", "command": ["sh", "-c", "claude -p x"], "env": [
                    {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "openai"}}}],
                    "resources": {"limits": {"nvidia.com/gpu": 1, "cpu": 2}}}],
                "volumes": [{"persistentVolumeClaim": {"claimName": "state"}}],
            }}}},
        }})).remove(0);
        let workload = Workload::of(&object).unwrap();
        assert_eq!((workload.account(), workload.has_token()), ("bot", true));
        assert_eq!(workload.schedule(), Some(("0 2 * * *", true)));
        assert_eq!(workload.images().collect::<Vec<_>>(), ["busybox", "acme/bot"]);
        assert_eq!(workload.variables()[0].secret, Some(("keys", "openai")));
        assert_eq!((workload.accelerators(), workload.claims()), (vec!["nvidia.com/gpu"], vec!["state"]));
    }
}
