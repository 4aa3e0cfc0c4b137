//! Which kinds a server knows: from its aggregated lists, or group by group where it has none.

use std::collections::{BTreeMap, BTreeSet};

use asmm_model::Gap;
use kube::core::Version;
use muster_collect::url::encoded;
use serde::Deserialize;

use crate::refusal::Refusal;
use crate::server::{JSON, Server};

/// A kind that can be listed, in the most stable version that the server has of it. The preferred version of a group is
/// not enough: it leaves out kinds that only another version has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    pub(crate) group: String,
    /// Plural name, as it stands in paths.
    pub(crate) resource: String,
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) namespaced: bool,
}

impl Kind {
    /// The path of its list, in one namespace or in all.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let base = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let within =
            if namespace.is_empty() { String::new() } else { format!("namespaces/{}/", encoded(namespace)) };
        format!("{base}/{}/{within}{}", self.version, self.resource)
    }

    /// `apps/v1`, as objects have it.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// What a server knows, and which groups did not answer.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Sorted by group and plural name.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) gaps: Vec<Gap>,
    /// Groups of which some kinds may not be known, because what serves them did not answer.
    pub(crate) silent: BTreeSet<String>,
}

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// The form of `/api` and `/apis` where all is in one answer.
#[derive(Debug, Deserialize)]
struct Aggregated {
    items: Vec<AggregatedGroup>,
}

#[derive(Debug, Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: Name,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Debug, Default, Deserialize)]
struct Name {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
    #[serde(default)]
    freshness: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ResponseKind {
    kind: String,
}

/// The form of `/apis` where each group is asked for itself.
#[derive(Debug, Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Debug, Deserialize)]
struct GroupVersion {
    version: String,
}

#[derive(Debug, Deserialize)]
struct Resources {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    name: String,
    #[serde(default)]
    namespaced: bool,
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
}

/// Groups of the API of one server, and versions of one group, that are asked about.
const MAX_VERSIONS: usize = 2_000;

/// Asks a server for everything that it can list.
///
/// # Errors
/// It does not answer at all.
pub(crate) async fn of(server: &Server) -> Result<Known, Refusal> {
    let mut found = Found::default();
    for (path, is_core) in [("/api", true), ("/apis", false)] {
        let answer = server.get(path, AGGREGATED).await?;
        if let Ok(all) = serde_json::from_slice::<Aggregated>(&answer) {
            found.add_aggregated(all);
        } else if is_core {
            found.ask(server, "", "v1").await;
        } else {
            // A server without aggregated lists answers in the old form, and one that is asked for no form it knows may not
            // answer at all.
            let groups: Groups = serde_json::from_slice(&answer)
                .map_err(|error| Refusal::Unreadable(format!("no list of groups: {error}")))?;
            for group in groups.groups {
                for version in group.versions {
                    found.ask(server, &group.name, &version.version).await;
                }
            }
        }
    }
    Ok(found.finish())
}

#[derive(Debug, Default)]
struct Found {
    kinds: BTreeMap<(String, String), Kind>,
    gaps: Vec<Gap>,
    silent: BTreeSet<String>,
    asked: usize,
}

impl Found {
    fn add_aggregated(&mut self, all: Aggregated) {
        for group in all.items {
            for version in group.versions {
                // What stands behind such a group did not answer the server itself.
                if version.freshness == "Stale" && version.resources.is_empty() {
                    self.gap(
                        &group.metadata.name,
                        &version.version,
                        &Refusal::Failed("what serves it does not answer".to_owned()),
                    );
                }
                for resource in version.resources {
                    let lists = resource.verbs.iter().any(|verb| verb == "list");
                    let Some(kind) = resource.response_kind.filter(|_| lists) else { continue };
                    self.add(Kind {
                        group: group.metadata.name.clone(),
                        resource: resource.resource,
                        version: version.version.clone(),
                        name: kind.kind,
                        namespaced: resource.scope == "Namespaced",
                    });
                }
            }
        }
    }

    async fn ask(&mut self, server: &Server, group: &str, version: &str) {
        self.asked += 1;
        if self.asked > MAX_VERSIONS {
            self.silent.insert(group.to_owned());
            return;
        }
        let path = if group.is_empty() {
            format!("/api/{}", encoded(version))
        } else {
            format!("/apis/{}/{}", encoded(group), encoded(version))
        };
        let answer = match server.get(&path, JSON).await {
            Ok(answer) => answer,
            Err(refusal) => return self.gap(group, version, &refusal),
        };
        match serde_json::from_slice::<Resources>(&answer) {
            Ok(all) => {
                for resource in all.resources {
                    let lists = resource.verbs.iter().any(|verb| verb == "list");
                    if lists && !resource.name.contains('/') {
                        self.add(Kind {
                            group: group.to_owned(),
                            resource: resource.name,
                            version: version.to_owned(),
                            name: resource.kind,
                            namespaced: resource.namespaced,
                        });
                    }
                }
            }
            Err(error) => {
                self.gap(group, version, &Refusal::Unreadable(format!("no list of kinds: {error}")));
            }
        }
    }

    fn gap(&mut self, group: &str, version: &str, refusal: &Refusal) {
        self.silent.insert(group.to_owned());
        let what = format!("kinds of {group}/{version}");
        self.gaps.push(Gap::new(what, refusal.reason()).because(refusal.to_string()));
    }

    fn add(&mut self, kind: Kind) {
        let stability = |version: &str| Version::parse(version).priority();
        let key = (kind.group.clone(), kind.resource.clone());
        match self.kinds.get(&key) {
            Some(known) if stability(&known.version) >= stability(&kind.version) => {}
            _ => {
                self.kinds.insert(key, kind);
            }
        }
    }

    fn finish(self) -> Known {
        Known { kinds: self.kinds.into_values().collect(), gaps: self.gaps, silent: self.silent }
    }
}

/// Words that are about AI by themselves, and words that are only beside one of these.
const STRONG: [&str; 18] = [
    "llm",
    "llms",
    "mcp",
    "prompt",
    "prompts",
    "rag",
    "a2a",
    "copilot",
    "inference",
    "embedding",
    "embeddings",
    "genai",
    "gpt",
    "chatbot",
    "openai",
    "langchain",
    "langgraph",
    "vllm",
];
const WEAK: [&str; 14] = [
    "ai",
    "agent",
    "agents",
    "agentic",
    "model",
    "models",
    "tool",
    "tools",
    "sandbox",
    "assistant",
    "ml",
    "chat",
    "neural",
    "vector",
];

/// Whether a kind that no rule knows sounds like AI. New operators come every month.
pub(crate) fn sounds_like_ai(group: &str, kind: &str) -> bool {
    // What belongs to Kubernetes itself is known.
    if !group.contains('.') || group.ends_with(".k8s.io") && !group.contains(".x-k8s.io") {
        return false;
    }
    let words: BTreeSet<String> = words(group).chain(words(kind)).collect();
    let count = |of: &[&str]| of.iter().filter(|word| words.contains(**word)).count();
    let weak: BTreeSet<&str> =
        WEAK.iter().filter(|word| words.contains(**word)).map(|word| word.trim_end_matches('s')).collect();
    count(&STRONG) * 2 + weak.len() >= 2
}

/// `toolhive.stacklok.dev` and `MCPServerEntry` in words.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut all = vec![String::new()];
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before_lower = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let after_lower = at > 0 && chars[at - 1].is_ascii_lowercase();
        if !c.is_ascii_alphanumeric() {
            all.push(String::new());
            continue;
        }
        // `MCPServer`: the last capital before small letters begins a word.
        if c.is_ascii_uppercase()
            && at > 0
            && (after_lower || before_lower && chars[at - 1].is_ascii_uppercase())
        {
            all.push(String::new());
        }
        if let Some(word) = all.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    all.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/server/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn every_kind_of_a_current_server_is_known_in_its_most_stable_version() {
        let mut found = Found::default();
        found.add_aggregated(serde_json::from_slice(&response("api-aggregated")).unwrap());
        found.add_aggregated(serde_json::from_slice(&response("apis-aggregated")).unwrap());
        let known = found.finish();
        assert_eq!(known.gaps, []);
        let of = |group: &str, kind: &str| {
            let kind = known.kinds.iter().find(|known| known.group == group && known.name == kind);
            kind.map(|kind| (kind.version.as_str(), kind.path("")))
        };
        assert_eq!(of("", "Pod"), Some(("v1", "/api/v1/pods".to_owned())));
        // The preferred version of kagent knows neither of these.
        assert_eq!(
            of("kagent.dev", "MCPServer"),
            Some(("v1alpha1", "/apis/kagent.dev/v1alpha1/mcpservers".to_owned()))
        );
        assert!(of("kagent.dev", "Agent").is_some());
        assert_eq!(of("serving.kserve.io", "InferenceService").map(|(version, _)| version), Some("v1beta1"));
        assert_eq!(of("", "Binding"), None, "what cannot be listed");
    }

    #[test]
    fn the_old_form_is_told_from_the_new() {
        assert!(serde_json::from_slice::<Aggregated>(&response("apis")).is_err());
        let groups: Groups = serde_json::from_slice(&response("apis")).unwrap();
        assert!(groups.groups.iter().any(|group| group.name == "kagent.dev" && group.versions.len() == 3));
    }

    #[test]
    fn kinds_that_sound_like_ai() {
        for (group, kind) in [
            ("llm.acme.example", "Gateway"),
            ("agents.acme.ai", "Agent"),
            ("acme.example", "MCPRoute"),
            ("x.example", "PromptTemplate"),
            ("acme.example", "ModelTool"),
        ] {
            assert!(sounds_like_ai(group, kind), "{group}/{kind}");
        }
        for (group, kind) in [
            ("datadoghq.com", "DatadogAgent"),
            ("agent.k8s.elastic.co", "Agent"),
            ("resource.k8s.io", "DeviceClass"),
            ("app.terraform.io", "Workspace"),
            ("stork.libopenstorage.org", "StorageCluster"),
            ("apps", "Deployment"),
            ("fragment.example", "Fragment"),
        ] {
            assert!(!sounds_like_ai(group, kind), "{group}/{kind}");
        }
        assert_eq!(words("MCPServerEntry").collect::<Vec<_>>(), ["mcp", "server", "entry"]);
    }
}
