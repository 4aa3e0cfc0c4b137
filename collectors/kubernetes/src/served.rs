//! Models that operators serve, and servers of tools that they run, as their objects declare them.

use serde_json::Value;

use crate::object::{Object, address_without_secrets};

/// A model that an object serves, or sends requests on to.
#[derive(Debug, PartialEq)]
pub(crate) struct Served {
    pub(crate) model: String,
    pub(crate) provider: Option<String>,
    /// Where in the object it stands.
    pub(crate) path: &'static str,
}

/// Where objects name the model that they serve.
const MODELS: [(&str, &[&str]); 22] = [
    (
        "serving.kserve.io/InferenceService",
        &["/spec/predictor/model/storageUri", "/spec/predictor/model/storage/path"],
    ),
    ("serving.kserve.io/LLMInferenceService", &["/spec/model/name", "/spec/model/uri"]),
    ("serving.kserve.io/TrainedModel", &["/spec/model/storageUri"]),
    ("serving.kserve.io/LocalModelCache", &["/spec/sourceModelUri"]),
    ("kaito.sh/Workspace", &["/inference/preset/name", "/tuning/preset/name"]),
    ("kaito.sh/InferenceSet", &["/spec/template/inference/preset/name"]),
    ("kaito.sh/RAGEngine", &["/spec/inferenceService/url", "/spec/embedding/local/modelID"]),
    ("airunway.ai/ModelDeployment", &["/spec/model/id"]),
    ("apps.nvidia.com/NIMService", &["/spec/image/repository"]),
    ("apps.nvidia.com/NIMCache", &["/spec/source/ngc/modelPuller"]),
    ("kubeai.org/Model", &["/spec/url"]),
    ("ollama.ayaka.io/Model", &["/spec/image"]),
    ("mlops.seldon.io/Model", &["/spec/storageUri"]),
    ("machinelearning.seldon.io/SeldonDeployment", &["/spec/predictors/0/graph/modelUri"]),
    ("production-stack.vllm.ai/VLLMRuntime", &["/spec/model/modelURL", "/spec/model/name"]),
    ("inference.llmaz.io/Playground", &["/spec/modelClaim/modelName"]),
    ("llmaz.io/OpenModel", &["/spec/source/modelHub/modelID", "/spec/source/uri"]),
    ("ome.io/InferenceService", &["/spec/model/name", "/spec/predictor/model/baseModel"]),
    ("model.aibrix.ai/ModelAdapter", &["/spec/artifactURL", "/spec/baseModel"]),
    ("kagent.dev/ModelConfig", &["/spec/model"]),
    ("ark.mckinsey.com/Model", &["/spec/model/value", "/spec/model"]),
    ("core.k8sgpt.ai/K8sGPT", &["/spec/ai/model"]),
];

/// Where they name the provider.
const PROVIDERS: [&str; 4] = ["/spec/provider", "/spec/ai/backend", "/spec/schema/name", "/spec/type"];

/// Kinds whose objects serve models themselves: each is a system.
const SERVING: [&str; 15] = [
    "serving.kserve.io/InferenceService",
    "serving.kserve.io/LLMInferenceService",
    "kaito.sh/Workspace",
    "kaito.sh/InferenceSet",
    "kaito.sh/RAGEngine",
    "airunway.ai/ModelDeployment",
    "apps.nvidia.com/NIMService",
    "kubeai.org/Model",
    "ollama.ayaka.io/Model",
    "mlops.seldon.io/Model",
    "machinelearning.seldon.io/SeldonDeployment",
    "production-stack.vllm.ai/VLLMRuntime",
    "inference.llmaz.io/Playground",
    "ome.io/InferenceService",
    "nvidia.com/DynamoGraphDeployment",
];

/// Whether an object serves a model itself.
pub(crate) fn serves(object: &Object) -> bool {
    SERVING.contains(&object.kind_for_rules().as_str())
}

/// The model that an object names.
pub(crate) fn model(object: &Object) -> Option<Served> {
    let kind = object.kind_for_rules();
    if kind == "dapr.io/Component" {
        return conversation(object);
    }
    let (_, paths) = MODELS.iter().find(|(known, _)| *known == kind)?;
    let found = paths.iter().find_map(|path| {
        let name = object.text(path).filter(|name| !name.is_empty())?;
        Some((address_without_secrets(name), *path))
    });
    // The older form has a field for each framework.
    let of_framework = || {
        let predictor =
            object.at("/spec/predictor").filter(|_| kind.ends_with("/InferenceService"))?.as_object()?;
        let address = predictor.values().find_map(|framework| framework.get("storageUri")?.as_str())?;
        Some((address_without_secrets(address), "/spec/predictor"))
    };
    let (model, path) = found.or_else(of_framework)?;
    Some(Served { model, provider: provider(object), path })
}

/// The provider that an object names, as it names it.
pub(crate) fn provider(object: &Object) -> Option<String> {
    let name = PROVIDERS.iter().find_map(|path| object.text(path))?;
    (name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .then(|| name.to_ascii_lowercase())
}

/// A component of Dapr that is a language model.
fn conversation(object: &Object) -> Option<Served> {
    let provider = object.text("/spec/type")?.strip_prefix("conversation.")?;
    let settings = object.at("/spec/metadata").and_then(Value::as_array)?;
    let model = settings.iter().find(|setting| setting.get("name").and_then(Value::as_str) == Some("model"));
    let model = model.and_then(|setting| setting.get("value")?.as_str()).unwrap_or("its default model");
    Some(Served { model: model.to_owned(), provider: Some(provider.to_owned()), path: "/spec/metadata" })
}

/// A server of tools that an operator runs.
#[derive(Debug, PartialEq)]
pub(crate) struct ToolServer<'o> {
    pub(crate) image: Option<&'o str>,
    /// The service account of its pods, where it names one.
    pub(crate) account: Option<&'o str>,
}

/// The server of tools that an object is.
pub(crate) fn tool_server(object: &Object) -> Option<ToolServer<'_>> {
    let (image, account) = match object.kind_for_rules().as_str() {
        "kagent.dev/MCPServer" => ("/spec/deployment/image", "/spec/deployment/serviceAccountName"),
        "toolhive.stacklok.dev/MCPServer" | "toolhive.stacklok.dev/VirtualMCPServer" => {
            ("/spec/image", "/spec/serviceAccount")
        }
        _ => return None,
    };
    Some(ToolServer { image: object.text(image), account: object.text(account) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_are_read_where_each_operator_names_them() {
        let model_of =
            |body: Value| model(&Object::all(body).remove(0)).map(|served| (served.model, served.provider));
        let kserve = json!({"kind": "InferenceService", "apiVersion": "serving.kserve.io/v1beta1", "metadata": {"name": "a"},
            "spec": {"predictor": {"model": {"modelFormat": {"name": "huggingface"}, "storageUri": "s3://me:SECRET@bucket/llama?token=SECRET"}}}});
        assert_eq!(model_of(kserve), Some(("s3://bucket/llama".to_owned(), None)));
        let older = json!({"kind": "InferenceService", "apiVersion": "serving.kserve.io/v1beta1", "metadata": {"name": "a"},
            "spec": {"predictor": {"minReplicas": 1, "sklearn": {"storageUri": "gs://bucket/iris"}}}});
        assert_eq!(model_of(older), Some(("gs://bucket/iris".to_owned(), None)));
        let kaito = json!({"kind": "Workspace", "apiVersion": "kaito.sh/v1beta1", "metadata": {"name": "a"}, "inference": {"preset": {"name": "phi-4"}}});
        assert_eq!(model_of(kaito), Some(("phi-4".to_owned(), None)));
        let dapr = json!({"kind": "Component", "apiVersion": "dapr.io/v1alpha1", "metadata": {"name": "a"},
            "spec": {"type": "conversation.openai", "metadata": [{"name": "key", "value": "SECRET"}, {"name": "model", "value": "gpt-4o"}]}});
        assert_eq!(model_of(dapr), Some(("gpt-4o".to_owned(), Some("openai".to_owned()))));
        let redis = json!({"kind": "Component", "apiVersion": "dapr.io/v1alpha1", "metadata": {"name": "a"}, "spec": {"type": "state.redis"}});
        assert_eq!(model_of(redis), None);
    }
}
