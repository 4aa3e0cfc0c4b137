//! What is read of a bill of materials; all other fields are passed over while it is parsed.

use serde::Deserialize;

/// Components of one bill that are read.
const MOST: usize = 200_000;
/// Components within components.
const DEEPEST: usize = 24;

/// A bill, by the fields of <https://cyclonedx.org/docs/1.6/json/>.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Bill {
    #[serde(rename = "bomFormat")]
    pub(crate) format: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
    #[serde(default)]
    pub(crate) components: Vec<Component>,
    #[serde(default)]
    compositions: Vec<Composition>,
    /// Whether it says that it does not list everything.
    #[serde(skip)]
    pub(crate) is_partial: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Metadata {
    /// What it is a bill of.
    pub(crate) component: Option<Component>,
    #[serde(default)]
    pub(crate) tools: Tools,
}

/// Who wrote it: a list until 1.4, and a bill within the bill since.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tools {
    List(Vec<Component>),
    Bill {
        #[serde(default)]
        components: Vec<Component>,
    },
    Other(serde::de::IgnoredAny),
}

impl Default for Tools {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Tools {
    /// The names of the programs.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::List(all) | Self::Bill { components: all } => all.as_slice(),
            Self::Other(_) => &[],
        };
        all.iter().map(|tool| tool.name.as_str()).filter(|name| !name.is_empty())
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Component {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) purl: Option<String>,
    #[serde(rename = "externalReferences", default)]
    pub(crate) references: Vec<Reference>,
    #[serde(default)]
    pub(crate) components: Vec<Self>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Reference {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) url: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Composition {
    #[serde(default)]
    aggregate: String,
}

impl Bill {
    /// The same with the components within components in one list, and whether there were more than are read.
    pub(crate) fn flat(mut self) -> (Self, bool) {
        let (mut flat, mut cut) = (Vec::new(), false);
        let mut level = std::mem::take(&mut self.components);
        for depth in 0.. {
            if level.is_empty() {
                break;
            }
            let mut next = Vec::new();
            for mut component in level {
                next.append(&mut component.components);
                flat.push(component);
            }
            cut = flat.len() > MOST || (depth + 1 == DEEPEST && !next.is_empty());
            if cut {
                flat.truncate(MOST);
                break;
            }
            level = next;
        }
        self.components = flat;
        let partial = |one: &Composition| one.aggregate.starts_with("incomplete");
        self.is_partial = self.compositions.iter().any(partial);
        (self, cut)
    }
}

/// The ecosystem and the name of a package URL: `pypi` and `openai`, `npm` and `@ai-sdk/openai`, `maven` and `group:name`.
pub(crate) fn package(purl: &str) -> Option<(String, String)> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split(['?', '#']).next()?;
    let (ecosystem, path) = rest.split_once('/')?;
    let path = path.rsplit_once('@').filter(|(name, _)| !name.is_empty() && !name.ends_with('/'));
    let path = path.map_or_else(|| rest.split_once('/').map(|(_, path)| path), |(path, _)| Some(path))?;
    let path = path.replace("%40", "@").replace("%2F", "/").replace("%2f", "/");
    let name = match ecosystem {
        "maven" => path.replacen('/', ":", 1),
        "pypi" => path.to_lowercase().replace(['_', '.'], "-"),
        "npm" | "composer" => path.to_lowercase(),
        _ => path,
    };
    (!name.is_empty()).then(|| (ecosystem.to_lowercase(), name))
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn packages_have_the_names_that_rules_know() {
        for (purl, expected) in [
            ("pkg:pypi/OpenAI@1.40.0", Some(("pypi", "openai"))),
            ("pkg:pypi/langchain_core", Some(("pypi", "langchain-core"))),
            ("pkg:npm/%40ai-sdk/openai@2.0.0?x=1", Some(("npm", "@ai-sdk/openai"))),
            ("pkg:npm/@ai-sdk/openai", Some(("npm", "@ai-sdk/openai"))),
            ("pkg:maven/dev.langchain4j/langchain4j@1.0", Some(("maven", "dev.langchain4j:langchain4j"))),
            ("pkg:golang/github.com/openai/openai-go@v1", Some(("golang", "github.com/openai/openai-go"))),
            ("pkg:pypi/", None),
            ("openai", None),
        ] {
            let found = package(purl);
            let found = found.as_ref().map(|(ecosystem, name)| (ecosystem.as_str(), name.as_str()));
            assert_eq!(found, expected, "{purl}");
        }
    }
}
