//! Models that the settings of frameworks name: those of Spring AI, LangChain4j and its extension of Quarkus.

use std::sync::Arc;

use crate::document::{Node, ReadError, Value, reading};
use crate::starters::has_extension;

/// Models of one file that are kept.
const MOST: usize = 100;
/// Tables within tables.
const MAX_DEPTH: usize = 16;

/// A model that a setting names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConfiguredModel {
    pub(crate) path: Arc<str>,
    pub(crate) line: u32,
    pub(crate) name: String,
    /// The setting.
    pub(crate) key: String,
}

/// The models that a file of settings names. Files that speak of none of the frameworks are not parsed.
pub(crate) fn models(path: &Arc<str>, bytes: &[u8]) -> Result<Vec<ConfiguredModel>, ReadError> {
    let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    let speaks = has(b"langchain4j") || has(b"spring.ai.") || (has(b"spring:") && has(b"ai:"));
    let is_yaml = has_extension(path, &["yml", "yaml"]);
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut put = |key: &str, line: u32, value: &str| {
        let Some(name) = named(key, value).filter(|_| found.len() < MOST) else { return };
        found.push(ConfiguredModel {
            path: Arc::clone(path),
            line,
            name: name.to_owned(),
            key: key.to_owned(),
        });
    };
    if speaks && has_extension(path, &["properties"]) {
        for (line, content) in (1_u32..).zip(text.lines()) {
            let content = content.trim();
            if let Some((key, value)) =
                content.split_once(['=', ':']).filter(|_| !content.starts_with(['#', '!']))
            {
                put(key.trim(), line, value.trim());
            }
        }
    } else if speaks && is_yaml {
        for document in reading::yaml_all(text)? {
            walk(&document, "", 0, &mut put);
        }
    }
    Ok(found)
}

fn walk(node: &Node, above: &str, depth: usize, put: &mut dyn FnMut(&str, u32, &str)) {
    if depth > MAX_DEPTH {
        return;
    }
    for entry in node.entries() {
        let key = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
        match &entry.node.value {
            Value::Text(text) => put(&key, entry.line, text),
            Value::Table(_) => walk(&entry.node, &key, depth + 1, put),
            _ => {}
        }
    }
}

/// The model that a setting of that key names: as it stands, or as what holds where a variable is not set.
fn named<'v>(key: &str, value: &'v str) -> Option<&'v str> {
    // Quarkus has profiles in front of a key.
    let key = key.strip_prefix('%').and_then(|rest| rest.split_once('.')).map_or(key, |(_, rest)| rest);
    let last = key.rsplit('.').next().unwrap_or(key).trim_matches('"');
    let fits = if key.starts_with("spring.ai.") {
        last == "model" && key.matches('.').count() >= 3
    } else if key.starts_with("langchain4j.") || key.starts_with("quarkus.langchain4j.") {
        matches!(last, "model-name" | "modelName" | "model-id" | "modelId")
    } else {
        false
    };
    let value = value.trim().trim_matches(['"', '\'']);
    let value = match value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some(variable) => variable.split_once(':').map(|(_, default)| default)?,
        None => value,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '/' | '@');
    let is_name = !value.is_empty() && value.len() <= 100 && value.chars().all(is_plain);
    (fits && is_name).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<(u32, String)> {
        let found = models(&path.into(), text.as_bytes()).unwrap();
        found.into_iter().map(|model| (model.line, model.name)).collect()
    }

    #[test]
    fn models_are_named_by_keys_of_the_frameworks() {
        let properties = "# spring.ai.openai.chat.options.model=no\nspring.ai.openai.chat.options.model=gpt-4o\nspring.ai.model.chat=openai\nlangchain4j.open-ai.chat-model.model-name = ${MODEL:gpt-4o-mini}\n%prod.quarkus.langchain4j.ollama.chat-model.model-id=llama3:8b\nquarkus.langchain4j.timeout=60s\ncar.model=panda\nlangchain4j.x.model-name=${MODEL}\n";
        let expected = [(2, "gpt-4o"), (4, "gpt-4o-mini"), (5, "llama3:8b")].map(|(l, n)| (l, n.to_owned()));
        assert_eq!(told("src/main/resources/application.properties", properties), expected);
        let yaml = "spring:\n  ai:\n    anthropic:\n      chat:\n        options:\n          model: claude-sonnet-4-5\n          temperature: 0.1\ncar:\n  model: panda\n";
        assert_eq!(told("application.yml", yaml), [(6, "claude-sonnet-4-5".to_owned())]);
        assert_eq!(told("application.yml", "car:\n  model: panda\n"), []);
    }
}
