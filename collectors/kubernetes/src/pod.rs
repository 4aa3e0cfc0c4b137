//! What templates of pods run: images, names of variables, commands, accelerators, and the account that they act under.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::Object;
use crate::template::Pods;

/// A workload with every template of pods in it: most have one, a cluster of Ray or a workflow has several.
#[derive(Debug, Clone)]
pub(crate) struct Workload<'o> {
    pub(crate) object: &'o Object,
    templates: Vec<Template<'o>>,
}

/// The specification of pods, and the labels that they will have.
#[derive(Debug, Clone, Copy)]
struct Template<'o> {
    spec: &'o Value,
    labels: Option<&'o Value>,
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

/// Kinds that carry out what another object says.
pub(crate) const CARRIERS: [&str; 7] =
    ["ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"];
/// Kinds that hold a template for others to use: nothing runs because of them.
const TEMPLATES: [&str; 10] = [
    "ClusterStorageContainer",
    "PodTemplate",
    "ServingRuntime",
    "ClusterServingRuntime",
    "LLMInferenceServiceConfig",
    "BackendRuntime",
    "TrainingRuntime",
    "ClusterTrainingRuntime",
    "SandboxTemplate",
    "AgentTemplate",
];
/// Where a specification holds containers.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "steps"];
/// Where it holds one alone.
const CONTAINER: [&str; 2] = ["container", "script"];
/// Values inside each other that are looked through for templates.
const MAX_DEPTH: usize = 14;
/// Templates of one object.
const MAX_TEMPLATES: usize = 64;
/// Models and accelerators are mounted and named there.
const MODEL_MOUNTS: [&str; 7] = [
    "/models",
    "/mnt/models",
    "/root/.cache/huggingface",
    "/root/.ollama",
    "/hf_cache",
    "/weights",
    "/checkpoints",
];

impl<'o> Workload<'o> {
    /// The workload that an object is; what another workload made is told by that one.
    pub(crate) fn of(object: &'o Object) -> Option<Self> {
        if object.owners.iter().any(|(kind, _)| CARRIERS.contains(&kind.as_str())) {
            return None;
        }
        Self::whoever_made_it(object)
    }

    /// The same, also of what another workload made.
    pub(crate) fn whoever_made_it(object: &'o Object) -> Option<Self> {
        if TEMPLATES.contains(&object.kind.as_str()) {
            return None;
        }
        let mut templates = Vec::new();
        find(&object.body, None, 0, &mut templates);
        (!templates.is_empty()).then_some(Self { object, templates })
    }

    /// The pods that it has, one for each of its templates.
    pub(crate) fn pods(&self) -> Vec<Pods<'o>> {
        Pods::of_kubernetes(self.object).map_or_else(
            || {
                self.templates
                    .iter()
                    .map(|template| Pods::of_an_operator(template.spec, template.labels))
                    .collect()
            },
            |pods| vec![pods],
        )
    }

    fn specs(&self) -> impl Iterator<Item = &'o Value> {
        self.templates.iter().map(|template| template.spec)
    }

    /// Every container, those that run before and beside the others as well.
    fn containers(&self) -> impl Iterator<Item = &'o Value> {
        self.specs().flat_map(containers)
    }

    /// The value of a label of its pods.
    pub(crate) fn label(&self, key: &str) -> Option<String> {
        let of = |template: &Template<'_>| Some(template.labels?.get(key)?.as_str()?.to_owned());
        let own = || self.object.labels.get(key).filter(|_| self.object.kind == "Pod").cloned();
        self.templates.iter().find_map(of).or_else(own)
    }

    /// The service accounts that its pods act under; `default` where none is named.
    pub(crate) fn accounts(&self) -> Vec<&'o str> {
        let of = |spec: &'o Value| {
            let named =
                ["serviceAccountName", "serviceAccount"].into_iter().find_map(|key| spec.get(key)?.as_str());
            named.filter(|name| !name.is_empty()).unwrap_or("default")
        };
        let mut accounts: Vec<&str> = self.specs().map(of).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Whether a token of the account is put into its pods.
    pub(crate) fn has_token(&self) -> bool {
        self.specs()
            .any(|spec| spec.get("automountServiceAccountToken").and_then(Value::as_bool) != Some(false))
    }

    /// Who tokens of the account are for, where that is not the cluster itself.
    pub(crate) fn audiences(&self) -> Vec<&'o str> {
        let sources =
            self.volumes().filter_map(|volume| volume.get("projected")?.get("sources")?.as_array()).flatten();
        let mut found: Vec<&str> = sources
            .filter_map(|source| source.get("serviceAccountToken")?.get("audience")?.as_str())
            .collect();
        found.retain(|audience| !audience.is_empty() && !audience.contains("kubernetes.default.svc"));
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(crate) fn images(&self) -> impl Iterator<Item = &'o str> {
        self.containers().filter_map(|container| container.get("image")?.as_str())
    }

    /// References of images that are mounted as volumes: models come that way.
    pub(crate) fn mounted_images(&self) -> Vec<&'o str> {
        self.volumes().filter_map(|volume| volume.pointer("/image/reference")?.as_str()).collect()
    }

    /// What each container runs: the command and its arguments, each a word or a text with several.
    pub(crate) fn commands(&self) -> Vec<Vec<&'o str>> {
        let of = |container: &'o Value| -> Vec<&'o str> {
            let lists =
                ["command", "args"].into_iter().filter_map(|key| container.get(key)?.as_array()).flatten();
            let script = container.get("source").or_else(|| container.get("script"));
            lists.chain(script).filter_map(Value::as_str).collect()
        };
        self.containers().map(of).filter(|words| !words.is_empty()).collect()
    }

    /// Models that the arguments of a server name, each with the option.
    pub(crate) fn served_models(&self) -> Vec<(&'o str, &'static str)> {
        const OPTIONS: [&str; 8] = [
            "--model",
            "--model-id",
            "--model-path",
            "--model_path",
            "--model-name",
            "--served-model-name",
            "-hf",
            "--hf-repo",
        ];
        let is_name = |name: &&str| {
            let is = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
            // What looks like a key is no name of a model.
            name.len() > 2
                && name.len() <= 120
                && name.chars().all(is)
                && !name.starts_with(['-', '/'])
                && !name.starts_with("sk-")
        };
        let mut found = Vec::new();
        for words in self.commands() {
            let words: Vec<&str> = words.iter().flat_map(|text| text.split_whitespace()).collect();
            // `vllm serve MODEL`
            let serve = words
                .iter()
                .position(|word| *word == "serve")
                .filter(|at| *at > 0 && words[at - 1].ends_with("vllm"));
            found.extend(
                serve
                    .and_then(|at| words.get(at + 1))
                    .filter(|name| is_name(name))
                    .map(|name| (*name, "vllm serve")),
            );
            for (at, word) in words.iter().enumerate() {
                let (option, value) = match word.split_once('=') {
                    Some((option, value)) => (option, Some(value)),
                    None => (*word, words.get(at + 1).copied()),
                };
                if let (Some(option), Some(name)) =
                    (OPTIONS.iter().find(|known| **known == option), value.filter(|name| is_name(name)))
                {
                    found.push((name, option));
                }
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(name, _)| *name);
        found
    }

    /// The option that lets a server answer with calls of tools.
    pub(crate) fn answers_with_calls(&self) -> Option<&'static str> {
        const OPTIONS: [&str; 3] = ["--enable-auto-tool-choice", "--tool-call-parser", "--jinja"];
        let commands = self.commands();
        let mut words = commands.iter().flatten().flat_map(|text| text.split_whitespace());
        words.find_map(|word| OPTIONS.iter().find(|option| word.split('=').next() == Some(*option)).copied())
    }

    pub(crate) fn variables(&self) -> Vec<Variable<'o>> {
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

    /// Secrets of which every key becomes a variable: which, is not seen.
    pub(crate) fn whole_secrets(&self) -> Vec<&'o str> {
        let all = self.containers().filter_map(|container| container.get("envFrom")?.as_array()).flatten();
        let mut found: Vec<&str> = all.filter_map(|from| from.pointer("/secretRef/name")?.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Accelerators that it asks for, as `nvidia.com/gpu`, and by what else it is put on a machine with one.
    pub(crate) fn accelerators(&self) -> Vec<&'o str> {
        const VENDORS: [&str; 16] = [
            "nvidia.com/",
            "amd.com/gpu",
            "gpu.intel.com/",
            "habana.ai/",
            "google.com/tpu",
            "aws.amazon.com/neuron",
            "huawei.com/ascend",
            "cambricon.com/",
            "qualcomm.com/qaic",
            "aliyun.com/gpu",
            "volcano.sh/vgpu",
            "metax-tech.com/gpu",
            "hygon.com/dcu",
            "furiosa.ai/",
            "rebellions.ai/",
            "tenstorrent.com/",
        ];
        const MACHINES: [&str; 4] = [
            "nvidia.com/gpu.product",
            "cloud.google.com/gke-accelerator",
            "cloud.google.com/gke-tpu-accelerator",
            "k8s.amazonaws.com/accelerator",
        ];
        let asked = self.containers().flat_map(|container| {
            ["limits", "requests"]
                .into_iter()
                .filter_map(|key| container.get("resources")?.get(key)?.as_object())
        });
        let is_vendor =
            |name: &&str| VENDORS.iter().any(|vendor| name.to_ascii_lowercase().starts_with(vendor));
        let mut names: Vec<&str> =
            asked.flat_map(|map| map.keys().map(String::as_str)).filter(is_vendor).collect();
        for spec in self.specs() {
            let machine =
                spec.get("nodeSelector").and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
            names.extend(machine.map(String::as_str).filter(|name| MACHINES.contains(name)));
            names.extend(
                spec.get("runtimeClassName").and_then(Value::as_str).filter(|name| *name == "nvidia"),
            );
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Names of claims of devices, and of templates of such claims.
    pub(crate) fn device_claims(&self) -> Vec<&'o str> {
        let all = self.specs().filter_map(|spec| spec.get("resourceClaims")?.as_array()).flatten();
        all.filter_map(|claim| {
            ["resourceClaimTemplateName", "resourceClaimName"]
                .iter()
                .find_map(|key| claim.get(*key)?.as_str())
        })
        .collect()
    }

    /// Where it has files of models.
    pub(crate) fn model_mounts(&self) -> Vec<&'o str> {
        let mounts =
            self.containers().filter_map(|container| container.get("volumeMounts")?.as_array()).flatten();
        let mut found: Vec<&str> = mounts
            .filter_map(|mount| mount.get("mountPath")?.as_str())
            .filter(|path| MODEL_MOUNTS.iter().any(|known| path.trim_end_matches('/').starts_with(known)))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn volumes(&self) -> impl Iterator<Item = &'o Value> {
        self.specs().filter_map(|spec| spec.get("volumes")?.as_array()).flatten()
    }

    /// Claims of volumes that outlive its pods.
    pub(crate) fn claims(&self) -> Vec<&'o str> {
        let own =
            self.volumes().filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str());
        let templates = self.object.at("/spec/volumeClaimTemplates").and_then(Value::as_array);
        let made =
            templates.into_iter().flatten().filter_map(|claim| claim.pointer("/metadata/name")?.as_str());
        own.chain(made).collect()
    }

    /// When it runs by itself, and whether that is switched off for now.
    pub(crate) fn schedule(&self) -> Option<(&'o str, bool)> {
        let when = self.object.text("/spec/schedule").or_else(|| {
            // Workflows may have several.
            self.object.at("/spec/schedules")?.as_array()?.first()?.as_str()
        })?;
        let suspended = self.object.at("/spec/suspend").and_then(Value::as_bool) == Some(true);
        Some((when, suspended))
    }

    /// Why none of it runs for now.
    pub(crate) fn rests(&self) -> Option<&'static str> {
        let spec = |path: &str| self.object.at(path);
        if ["/spec/replicas", "/spec/predictor/minReplicas"].iter().any(|path| spec(path) == Some(&0.into()))
        {
            Some("it is scaled to no pod for now")
        } else if spec("/spec/suspend").and_then(Value::as_bool) == Some(true)
            || self.object.text("/spec/operatingMode") == Some("Suspended")
        {
            Some("it is suspended for now")
        } else {
            None
        }
    }
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    let many = CONTAINERS.into_iter().filter_map(|key| spec.get(key)?.as_array()).flatten();
    let one = CONTAINER.into_iter().filter_map(|key| spec.get(key)).filter(|value| value.is_object());
    many.chain(one)
}

/// Finds every value that holds containers, with the labels that stand beside it.
fn find<'o>(value: &'o Value, labels: Option<&'o Value>, depth: usize, found: &mut Vec<Template<'o>>) {
    if depth > MAX_DEPTH || found.len() >= MAX_TEMPLATES {
        return;
    }
    match value {
        Value::Object(map) => {
            let has_image = |container: &Value| container.get("image").is_some_and(Value::is_string);
            if containers(value).any(has_image) {
                found.push(Template { spec: value, labels });
                return;
            }
            let beside = map.get("metadata").and_then(|metadata| metadata.get("labels"));
            for (key, inner) in map {
                find(inner, if key == "spec" { beside.or(labels) } else { None }, depth + 1, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, None, depth + 1, found)),
        _ => {}
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

/// Digests of images that a pod runs, by the image as its specification names it.
pub(crate) fn digests(pod: &Object) -> BTreeMap<String, String> {
    let lists = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let all = lists.iter().filter_map(|path| pod.at(path)?.as_array()).flatten();
    all.filter_map(|status| {
        let digest = status.get("imageID")?.as_str()?.rsplit('@').next()?;
        let is_digest = digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64);
        is_digest.then(|| Some((status.get("image")?.as_str()?.to_owned(), digest.to_owned())))?
    })
    .collect()
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
            "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "bot"}}, "spec": {
                "serviceAccountName": "bot",
                "initContainers": [{"image": "busybox"}],
                "containers": [{"image": "acme/bot", "command": ["sh", "-c", "claude -p x"], "env": [
                    {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "openai"}}}],
                    "envFrom": [{"secretRef": {"name": "all"}}],
                    "volumeMounts": [{"mountPath": "/root/.cache/huggingface/hub"}],
                    "resources": {"limits": {"nvidia.com/gpu": 1, "cpu": 2}}}],
                "resourceClaims": [{"name": "x", "resourceClaimTemplateName": "gpu"}],
                "volumes": [{"persistentVolumeClaim": {"claimName": "state"}},
                    {"projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com"}}]}}],
            }}}},
        }})).remove(0);
        let workload = Workload::of(&object).unwrap();
        assert_eq!((workload.accounts(), workload.has_token()), (vec!["bot"], true));
        assert_eq!(
            (workload.schedule(), workload.rests()),
            (Some(("0 2 * * *", true)), Some("it is suspended for now"))
        );
        assert_eq!(workload.images().collect::<Vec<_>>(), ["busybox", "acme/bot"]);
        assert_eq!(workload.variables()[0].secret, Some(("keys", "openai")));
        assert_eq!((workload.accelerators(), workload.claims()), (vec!["nvidia.com/gpu"], vec!["state"]));
        assert_eq!(
            (workload.device_claims(), workload.audiences()),
            (vec!["gpu"], vec!["sts.amazonaws.com"])
        );
        assert_eq!(workload.model_mounts(), ["/root/.cache/huggingface/hub"]);
        assert_eq!(
            (workload.commands(), workload.whole_secrets()),
            (vec![vec!["sh", "-c", "claude -p x"]], vec!["all"])
        );
        assert_eq!(workload.label("app"), Some("bot".to_owned()));
    }

    #[test]
    fn a_server_says_which_model_it_serves() {
        let object = Object::all(json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"containers": [
            {"image": "a", "command": ["sh", "-c", "vllm serve Qwen/Qwen3-8B --served-model-name qwen --api-key sk-secret"]},
            {"image": "b", "args": ["--model=meta-llama/Llama-3.1-8B", "--enable-auto-tool-choice", "--model", "/models/mine", "--model", "sk-secret"]}]}}))
        .remove(0);
        let workload = Workload::of(&object).unwrap();
        assert_eq!(
            workload.served_models(),
            [
                ("Qwen/Qwen3-8B", "vllm serve"),
                ("meta-llama/Llama-3.1-8B", "--model"),
                ("qwen", "--served-model-name"),
            ]
        );
        assert_eq!(workload.answers_with_calls(), Some("--enable-auto-tool-choice"));
    }

    #[test]
    fn templates_are_found_wherever_an_operator_keeps_them() {
        let images = |body: Value| {
            let object = Object::all(body).remove(0);
            Workload::of(&object).map(|workload| workload.images().map(str::to_owned).collect::<Vec<_>>())
        };
        let ray = json!({"kind": "RayCluster", "apiVersion": "ray.io/v1", "metadata": {"name": "r"}, "spec": {
            "headGroupSpec": {"template": {"spec": {"containers": [{"image": "a"}]}}},
            "workerGroupSpecs": [{"template": {"spec": {"containers": [{"image": "b"}]}}}]}});
        assert_eq!(images(ray), Some(vec!["a".to_owned(), "b".to_owned()]));
        let argo = json!({"kind": "CronWorkflow", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "w"}, "spec": {
            "workflowSpec": {"templates": [{"container": {"image": "c"}}, {"script": {"image": "d", "source": "claude -p"}}]}}});
        assert_eq!(images(argo), Some(vec!["c".to_owned(), "d".to_owned()]));
        let runtime = json!({"kind": "ServingRuntime", "apiVersion": "serving.kserve.io/v1alpha1", "metadata": {"name": "s"}, "spec": {"containers": [{"image": "e"}]}});
        assert_eq!(images(runtime), None);
    }
}
