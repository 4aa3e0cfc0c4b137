//! Components: the SDKs, frameworks, models and stores that a system is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Access, Evidence, Place, Role, Tool};

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// Client library of a model provider.
    ProviderSdk,
    /// A library that builds agents.
    AgentFramework,
    /// A Model Context Protocol server or client.
    Mcp,
    /// Vector store, embedding index or agent memory store.
    VectorDb,
    /// A model, by name.
    Model,
    /// A prompt or instruction file.
    Prompt,
    /// Configuration of a coding agent.
    CodingAgentConfig,
    /// Model weights in a file.
    ModelFile,
    /// Tracing and evaluation of models.
    Observability,
    /// Infrastructure as code that declares AI services.
    Iac,
    /// An environment variable that carries a model credential.
    ApiKeyEnv,
    /// Software that serves models.
    Serving,
    /// Input and output guardrails.
    Guardrail,
    /// A low-code workflow.
    LowCode,
    /// A dataset.
    Dataset,
}

impl ComponentKind {
    /// The name used in the inventory.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProviderSdk => "provider-sdk",
            Self::AgentFramework => "agent-framework",
            Self::Mcp => "mcp",
            Self::VectorDb => "vector-db",
            Self::Model => "model",
            Self::Prompt => "prompt",
            Self::CodingAgentConfig => "coding-agent-config",
            Self::ModelFile => "model-file",
            Self::Observability => "observability",
            Self::Iac => "iac",
            Self::ApiKeyEnv => "api-key-env",
            Self::Serving => "serving",
            Self::Guardrail => "guardrail",
            Self::LowCode => "low-code",
            Self::Dataset => "dataset",
        }
    }
}

/// One component, with every place that shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// What it is.
    pub kind: ComponentKind,
    /// The rule's canonical short name (`openai`, `langgraph`).
    pub name: String,
    /// Package that brings it, as its manifest names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Version or requirement, from the most exact source at hand (a lock file before a manifest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Whether the project asks for it itself (`true`) or gets it through another package (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<bool>,
    /// Role of the code that uses it: the most productive one among its evidence.
    #[serde(default)]
    pub role: Role,
    /// For a server of the Model Context Protocol: the tools that it offers to whoever connects. Only a gate of its
    /// own is known: whether the other side asks a person is not seen from here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// For a server of the Model Context Protocol: how it is reached, where that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Where it was seen.
    pub evidence: Vec<Evidence>,
}

impl Component {
    /// A component that no package brings.
    pub fn named(kind: ComponentKind, name: impl Into<String>, role: Role, evidence: Vec<Evidence>) -> Self {
        Self {
            kind,
            name: name.into(),
            package: None,
            version: None,
            purl: None,
            direct: None,
            role,
            tools: Vec::new(),
            access: None,
            evidence,
        }
    }

    /// Every place that it names.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        let tools = self.tools.iter_mut().flat_map(|tool| &mut tool.evidence);
        self.evidence.iter_mut().chain(tools).map(|evidence| &mut evidence.place)
    }
}

/// A model that a system calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// Model id as the code names it.
    pub name: String,
    /// Who serves it, where the code says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Whether the name fixes one dated version.
    pub pinned: bool,
    /// Where it is named.
    pub evidence: Vec<Evidence>,
}
